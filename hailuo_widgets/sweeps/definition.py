"""What a sweep was asked to be: from a cell or from Python, before anything is looked up or priced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec.words import did_you_mean
from hailuo_widgets.sweeps import fields as known
from hailuo_widgets.sweeps.template import (
    Choices,
    bind,
    check_ends,
    check_once,
    choices,
    parse,
    references,
    with_names,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hailuo_widgets.sweeps.header import Written
    from hailuo_widgets.sweeps.template import Template

    Skip = Callable[[Mapping[str, Any]], object] | Mapping[str, Any] | Iterable[Mapping[str, Any]] | None

MOST_REPEATS = 100

_TAKEN = frozenset({"self", "template", "name", "repeat", "zip", "skip", "show", "budget", "design"})
"""What `hailuo_widgets.sweep` calls its own arguments."""


def _as_argument(name: str) -> str:
    if name in _TAKEN:
        return f"“{name}” is taken; give the axis another name."
    return f"Give {name}=[…], or write “{{{{” for a brace."


@dataclass(frozen=True, slots=True)
class Definition:
    """A template with all that varies or is fixed under it.

    Attributes:
        prompt: The prompt's template.
        fields: Each field of the request that is set, and `provider` and `camera`: a value, or an axis.
        zipped: Axes that go together.
        skip: Conditions by axis: a cell for which all of one mapping hold is left out.
        leave_out: Asked for each cell, with the value of each axis: whether it is left out.
        rows: The axis that is shown downwards first, `""` for the first one there is.
        columns: The axis that is shown across first.
        repeat: How many clips each cell is to have.
        name: The notebook's variable, under which it is kept.
        design: Which cells are made, `""` for all of them.
    """

    prompt: Template
    fields: Mapping[str, Template] = field(default_factory=dict)
    zipped: tuple[tuple[str, ...], ...] = ()
    skip: tuple[Mapping[str, Any], ...] = ()
    leave_out: Callable[[Mapping[str, Any]], object] | None = None
    rows: str = ""
    columns: str = ""
    repeat: int = 1
    name: str = ""
    design: str = ""

    @property
    def axes(self) -> dict[str, Choices]:
        """What varies, by name, in the order in which it is written."""
        return {each.name: each for nodes in (self.prompt, *self.fields.values()) for each in choices(nodes)}

    @property
    def derived(self) -> tuple[str, ...]:
        """Fields that hang on an axis without being one: `first_frame: frames/{place}.png`."""
        return tuple(name for name, nodes in self.fields.items() if any(references(nodes)))

    @classmethod
    def of_cell(
        cls, written: Written, *, name: str = "", repeat: int = 1, design: str | None = None, **fixed: Any
    ) -> Definition:
        """From a cell.

        Args:
            written: Its template and header.
            name: The notebook's variable.
            repeat: How many clips each cell is to have.
            design: Which cells are made, as the magic's line says; None where it doesn't.
            fixed: Fields that were set on the magic's line; None for those that were not.

        Raises:
            UsageError: If a field is set on the line and below, or `repeat` is out of range.
        """
        given = {each: value for each, value in fixed.items() if value not in (None, ())}
        for each in given.keys() & written.fields.keys():
            raise UsageError(f"{each} is set both on the line and below ---.", hint="Leave one of them out.")
        if design is not None and written.design:
            raise UsageError("design is set both on the line and below ---.", hint="Leave one of them out.")
        values = {each: (known.value_of(each, value),) for each, value in given.items()}
        rows, columns = (*written.show, "", "")[:2]
        return cls(
            written.prompt,
            {**values, **written.fields},
            written.zipped,
            written.skip,
            rows=rows,
            columns=columns,
            repeat=_checked_repeat(repeat),
            name=name,
            design=written.design if design is None else _checked_design(design),
        )

    @classmethod
    def of_python(
        cls,
        template: str,
        axes: Mapping[str, Any],
        *,
        name: str = "",
        repeat: int = 1,
        zipped: Iterable[Iterable[str]] | Iterable[str] = (),
        skip: Skip = None,
        show: tuple[str, ...] | str = (),
        design: str = "",
        where: Callable[[str], str] = _as_argument,
    ) -> Definition:
        """From Python.

        Args:
            template: The prompt's template.
            axes: Fields of the request and names of the template, each with a value or a list of values.
            name: Under which it is kept.
            repeat: How many clips each cell is to have.
            zipped: Axes that go together; one group of them, or several.
            skip: Cells to be left out: conditions by axis, several such mappings, or a function of the axes' values.
            show: Rows and columns, or the one axis that is shown.
            design: Which cells are made, `""` for all of them.
            where: Says of a name in the template how it is defined.

        Raises:
            UsageError: At an unknown name, an empty list, or a mistake in the template.
        """
        _check_text("template", template)
        given = {known.canonical(each): value for each, value in axes.items()}
        nodes = parse(template)
        check_once(template, (nodes,))
        check_ends(template, nodes, {})
        wanted = {each.name for each in references(nodes)}
        nodes = with_names(nodes, given)
        for twice in given.keys() & {each.name for each in choices(nodes)}:
            raise UsageError(f"“{twice}” is an axis of the template already.", hint=f"Write {{{twice}}} there.")
        for each in given:
            if each not in known.FIELDS and each not in wanted:
                hint = did_you_mean(each, (*known.FIELDS, *wanted))
                raise UsageError(f"There is no field {each}, and no {{{each}}} in the template.", hint=hint)
        fields = {each: known.from_python(each, value) for each, value in given.items() if each in known.FIELDS}
        words = {each: value for each, value in given.items() if each not in known.FIELDS}
        prompt = bind(nodes, template, {*fields, *(each.name for each in choices(nodes))}, words, where)
        _check_text("name", name)
        rows, columns = _shown(show)
        conditions, leave_out = _conditions(skip)
        made = cls(
            prompt,
            fields,
            _groups(zipped),
            conditions,
            leave_out,
            rows,
            columns,
            _checked_repeat(repeat),
            name,
            _checked_design(design),
        )
        for each in (*(one for group in made.zipped for one in group), *(one for line in conditions for one in line)):
            check_axis(each, made.axes)
        for each in filter(None, (made.rows, made.columns)):
            check_axis(each, made.axes)
        return made


def check_axis(name: str, axes: Iterable[str]) -> None:
    """Make sure that there is an axis of that name.

    Raises:
        UsageError: If there is no such one; names those that were probably meant.
    """
    axes = tuple(axes)
    if name not in axes:
        hint = did_you_mean(name, axes) if axes else "Nothing varies here."
        raise UsageError(f"There is no axis “{name}”.", hint=hint)


def _conditions(skip: Skip) -> tuple[tuple[Mapping[str, Any], ...], Callable[[Mapping[str, Any]], object] | None]:
    if skip is None:
        return (), None
    if callable(skip):
        return (), skip
    lines = skip if isinstance(skip, Iterable) and not isinstance(skip, (str, Mapping)) else (skip,)
    conditions = []
    for line in lines:
        if not isinstance(line, Mapping):
            raise UsageError(
                f"skip can't be {line!r:.60}.",
                hint='Give values by axis, {"gait": "trots"}, a list of these, or a function of a cell\'s values.',
            )
        if not line:
            raise UsageError("A condition of skip is empty: every cell would be left out.", hint="Name an axis in it.")
        conditions.append({known.canonical(str(name)): value for name, value in line.items()})
    return tuple(conditions), None


def _groups(zipped: Iterable[Iterable[str]] | Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Axes that go together; names side by side are one group."""
    groups: list[Any] = [zipped] if isinstance(zipped, str) or not isinstance(zipped, Iterable) else list(zipped)
    if groups and all(isinstance(each, str) for each in groups):
        groups = [groups]
    found = []
    for group in groups:
        names = [group] if isinstance(group, str) or not isinstance(group, Iterable) else list(group)
        if len(set(map(str, names))) < 2 or not all(isinstance(each, str) for each in names):
            raise UsageError(
                f"zip takes two different axes or more, not {group!r:.60}.", hint='Write zip=("place", "light").'
            )
        found.append(tuple(map(known.canonical, names)))
    return tuple(found)


def _shown(show: Iterable[str] | str) -> tuple[str, str]:
    """Rows and columns, `""` where none is named."""
    names = [show] if isinstance(show, str) or not isinstance(show, Iterable) else list(show)
    if len(names) > 2 or len(set(map(str, names))) < len(names) or not all(isinstance(each, str) for each in names):
        raise UsageError(
            f"show takes one axis or two different ones, not {names!r:.60}.", hint='Write show=("gait", "place").'
        )
    rows, columns = (*map(known.canonical, names), "", "")[:2]
    return rows, columns


def _check_text(what: str, text: object) -> None:
    if not isinstance(text, str):
        raise UsageError(
            f"A sweep's {what} is text, not {text!r:.60}.", hint='Write hw.sweep("A {red | grey} fox", name="fox").'
        )


def _checked_repeat(repeat: int) -> int:
    if not isinstance(repeat, int) or isinstance(repeat, bool) or not 1 <= repeat <= MOST_REPEATS:
        raise UsageError(f"repeat is a whole number from 1 to {MOST_REPEATS}, not {repeat!r:.40}.")
    return repeat


def _checked_design(design: str) -> str:
    if not design:
        return ""
    from hailuo_widgets.sweeps.designs import parse as design_of

    return str(design_of(design))
