"""A cell as it is written: a template, and under the line `---` the fields, what goes together and what is left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec.words import near
from hailuo_widgets.sweeps import fields
from hailuo_widgets.sweeps.caret import mistake
from hailuo_widgets.sweeps.template import (
    Choices,
    Reference,
    Text,
    Value,
    bind,
    check_ends,
    check_once,
    choices,
    parse,
    parse_value,
    put_in,
    references,
    render,
    twice,
    with_names,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hailuo_widgets.sweeps.template import Template

ZIP, SKIP, SHOW, DESIGN = "zip", "skip", "show", "design"
WORDS = (*fields.FIELDS, ZIP, SKIP, SHOW, DESIGN)
"""What a line of a header can begin with, beside the names that the template asks for."""

_RULE = re.compile(r"(?m)^[ \t]*---[ \t]*$\n?")
DASH = r"[-\u2010-\u2015\u2212\uff0d]"
"""Those too that keyboards and word processors make of it; a pattern."""

_NEARLY_RULE = re.compile(
    rf"(?m)^[ \t]*(?P<dashes>{DASH}(?:[ \t]*{DASH})*)[ \t]*\n(?:[ \t]*\n)*[ \t]*(?P<name>[^\s:|]+)[ \t]*:"
)
_LINE = re.compile(r"[ \t]*(?P<name>[^\s:|]+)[ \t]*:(?P<value>.*)")
_GOES_ON = re.compile(r"[ \t]*\|")
_CONDITION = re.compile(r"""\s*(?P<name>[^\s=]+)\s*=\s*(?P<value>"[^"]*"|'[^']*'|[^\s"']+)\s*""")
_WORD = re.compile(r"[^\s,]+")
_PAIR = re.compile(r"\s*(?P<rows>[^\s×]+)\s*(?:(?:×|\bx\s)\s*(?P<columns>[^\s×]+)\s*)?")


@dataclass(frozen=True, slots=True)
class Written:
    """A cell, read.

    Attributes:
        prompt: Its template, variables put in.
        fields: What its header sets or varies, by name.
        zipped: Axes that go together.
        skip: Conditions by axis; a cell for which all of one line hold is left out.
        show: Which axes are rows and columns, as far as that is said.
        design: Which cells are made, `""` for all of them.
    """

    prompt: Template
    fields: Mapping[str, Template] = field(default_factory=dict)
    zipped: tuple[tuple[str, ...], ...] = ()
    skip: tuple[Mapping[str, str], ...] = ()
    show: tuple[str, ...] = ()
    design: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    """`name: value` with its places in the cell."""

    name: str
    at: int
    start: int
    end: int


def read(cell: str, namespace: Mapping[str, Any]) -> Written:
    """Read a cell.

    Args:
        cell: Its text, without the magic's line.
        namespace: The notebook's variables.

    Raises:
        UsageError: At a mistake, with a caret under it and what was probably meant.
    """
    rule = _RULE.search(cell)
    template = parse(cell[: rule.start()] if rule else cell)
    lines = tuple(_lines(cell, rule.end())) if rule else ()
    wanted = {each.name for each in references(template)} | {each.name for each in choices(template)}
    if rule is None:
        _check_dashes(cell, wanted)
    set_here = tuple(_known(cell, lines, wanted))
    values = {line.name: parse_value(cell, line.start, line.end) for line in set_here}
    inside = {each.name for options in values.values() for option in options for each in choices(option)}
    template = with_names(template, {*values, *inside})
    everything = (template, *(option for options in values.values() for option in options))
    check_once(cell, everything)
    for each in (each for nodes in everything for each in choices(nodes)):
        if each.name in values:
            raise twice(cell, each)
    axes = {*values, *inside, *(each.name for each in choices(template))}
    prompt = bind(template, cell, axes, namespace)
    axes |= {each.name for each in choices(prompt)}
    found = {line.name: _field(cell, line, values[line.name], axes, namespace) for line in set_here}
    check_ends(cell, prompt, found)
    words = {name: nodes for name, nodes in found.items() if name not in fields.FIELDS}
    prompt = put_in(prompt, words)
    set_or_varied = {name: put_in(nodes, words) for name, nodes in found.items() if name in fields.FIELDS}
    varied = {each.name for nodes in (prompt, *set_or_varied.values()) for each in choices(nodes)}
    return Written(
        prompt,
        set_or_varied,
        tuple(_zipped(cell, line, varied) for line in lines if line.name == ZIP),
        tuple(_skipped(cell, line, varied) for line in lines if line.name == SKIP),
        next((_shown(cell, line, varied) for line in lines if line.name == SHOW), ()),
        next((_design(cell, line) for line in lines if line.name == DESIGN and DESIGN not in wanted), ""),
    )


def _check_dashes(cell: str, wanted: set[str]) -> None:
    """Refuse a cell that looks as if a header was meant: its lines would be sent as part of the prompt."""
    for found in _NEARLY_RULE.finditer(cell):
        if fields.canonical(found["name"]) in {*WORDS, *wanted}:
            raise mistake(
                cell,
                found.start("dashes"),
                "Three dashes, `---`, separate the prompt from the settings.",
                "If these lines belong to the prompt, put a line --- below them.",
            )


def _lines(cell: str, start: int) -> Iterator[_Line]:
    """The lines of a header; one that begins with `|` goes on with the one above it."""
    latest: _Line | None = None
    for line in re.compile(r".*\n?").finditer(cell, start):
        text, at = line.group().rstrip("\n"), line.start()
        if not text.strip():
            continue
        if latest is not None and _GOES_ON.match(text):
            latest = replace(latest, end=at + len(text))
            continue
        if latest is not None:
            yield latest
        if not (found := _LINE.fullmatch(text)):
            at += len(text) - len(text.lstrip())
            raise mistake(cell, at, "This line names no field.", "It should read field: a | b.")
        name = fields.canonical(found["name"])
        latest = _Line(name, at + found.start("name"), at + found.start("value"), at + len(text))
    if latest is not None:
        yield latest


def _known(cell: str, lines: Iterable[_Line], wanted: set[str]) -> Iterator[_Line]:
    """The lines that set or vary something, once it is sure that each line is one that may be."""
    seen: set[str] = set()
    for line in lines:
        if line.name == "prompt":
            raise mistake(cell, line.at, "The prompt goes above the line.", "Put choices into it: {name = a | b}.")
        if line.name not in WORDS and line.name not in wanted:
            close = near(line.name, (*WORDS, *filter(None, wanted)))
            hint = f"Did you mean {' or '.join(close)}?" if close else f"Available: {', '.join(WORDS)}."
            raise mistake(cell, line.at, f"There is no field “{line.name}”.", hint)
        if line.name in (ZIP, SKIP):
            continue
        if line.name in seen:
            raise mistake(cell, line.at, f"“{line.name}” is set twice.", "Put all its choices on one line: a | b.")
        seen.add(line.name)
        if line.name != SHOW and (line.name != DESIGN or DESIGN in wanted):  # “{design}” is an axis
            yield line


def _field(
    cell: str, line: _Line, options: tuple[Template, ...], axes: set[str], namespace: Mapping[str, Any]
) -> Template:
    """A field's value, or its choices as an axis."""
    is_field = line.name in fields.FIELDS
    several: list[Template] = []
    for option in options:
        bound = bind(option, cell, axes, namespace)
        of_variable = _of_variable(option, bound)
        text = _text(bound)
        if not is_field or (text is None and of_variable is None):
            # Words for the prompt; or it hangs on another axis, and is read for each cell.
            several += of_variable or (bound,)
            continue
        at = cell.find(text, line.start, line.end) if text else -1
        try:
            if of_variable is not None:
                for node in of_variable:
                    [value] = node
                    assert isinstance(value, Value)
                    several.append((fields.value_of(line.name, value.value),))
            else:
                several += fields.from_text(line.name, text or "")
        except UsageError as error:
            raise mistake(cell, at if at >= 0 else line.at, error.message, error.hint) from None
    return several[0] if len(several) == 1 else (Choices(line.name, tuple(several), line.at),)


def _of_variable(option: Template, bound: Template) -> tuple[Template, ...] | None:
    """The values of a variable that stands alone; a list of them is as many choices."""
    if len(option) != 1 or not isinstance(option[0], Reference):
        return None
    if isinstance(bound[0], Choices):
        return bound[0].options
    return (bound,) if isinstance(bound[0], Value) else None


def _text(nodes: Template) -> str | None:
    """What it reads, where it is the same in every cell."""
    return render(nodes, lambda _: ()) if all(isinstance(node, (Text, Value)) for node in nodes) else None


def _zipped(cell: str, line: _Line, axes: set[str]) -> tuple[str, ...]:
    names = []
    for word in _WORD.finditer(cell, line.start, line.end):
        names.append(fields.canonical(word.group()))
        _check(cell, word.start(), names[-1], axes)
    if len(set(names)) < 2:
        raise mistake(cell, line.at, "zip needs at least two axes.", "Write zip: place light.")
    return tuple(names)


def _skipped(cell: str, line: _Line, axes: set[str]) -> dict[str, str]:
    conditions: dict[str, str] = {}
    at = line.start
    while at < line.end and cell[at : line.end].strip():
        found = _CONDITION.match(cell, at, line.end)
        if found is None:
            at += len(cell[at : line.end]) - len(cell[at : line.end].lstrip())
            raise mistake(
                cell, at, "This is not a condition.", 'It should read axis=value; in quotes if it has spaces: a="b c".'
            )
        name = fields.canonical(found["name"])
        _check(cell, found.start("name"), name, axes)
        value = found["value"]
        conditions[name] = value[1:-1] if value[0] in "\"'" else value
        at = found.end()
    if not conditions:
        raise mistake(cell, line.at, "skip needs a condition.", "It should read skip: axis=value.")
    return conditions


def _shown(cell: str, line: _Line, axes: set[str]) -> tuple[str, ...]:
    found = _PAIR.fullmatch(cell, line.start, line.end)
    if found is None:
        raise mistake(cell, line.at, "show takes one or two axes.", "Write show: ROWS × COLUMNS.")
    names = []
    for group in ("rows", "columns"):
        if found[group]:
            names.append(fields.canonical(found[group]))
            _check(cell, found.start(group), names[-1], axes)
    if len(set(names)) < len(names):
        at = found.start("columns")
        raise mistake(cell, at, f"“{names[0]}” can't be rows and columns.", "Write show: ROWS × COLUMNS.")
    return tuple(names)


def _design(cell: str, line: _Line) -> str:
    from hailuo_widgets.sweeps.designs import parse as design  # it needs NumPy, which a header without it doesn't

    text = cell[line.start : line.end]
    try:
        return str(design(text.strip()))
    except UsageError as error:
        at = line.start + len(text) - len(text.lstrip())
        raise mistake(cell, at, error.message, error.hint) from None


def _check(cell: str, at: int, name: str, axes: set[str]) -> None:
    if name not in axes:
        close = near(name, axes)
        there = f"Available: {', '.join(sorted(axes))}." if axes else "Nothing varies here."
        raise mistake(
            cell, at, f"There is no axis “{name[:40]}”.", f"Did you mean {' or '.join(close)}?" if close else there
        )
