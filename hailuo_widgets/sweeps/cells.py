"""From a definition to its cells: each with its prompt, its request and what that costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import HailuoError, UsageError
from hailuo_widgets.spec import camera
from hailuo_widgets.spec.media import Media
from hailuo_widgets.spec.quote import Quote, find_row, quote_of_row
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.spec.words import did_you_mean
from hailuo_widgets.sweeps import fields as known
from hailuo_widgets.sweeps.axes import NOT_CHOSEN, Axis, AxisValue
from hailuo_widgets.sweeps.template import (
    NO_WORDS,
    Choices,
    Reference,
    Value,
    references,
    render,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hailuo_widgets.spec.catalog import ModelSpec
    from hailuo_widgets.sweeps.definition import Definition
    from hailuo_widgets.sweeps.template import Node, Template

MOST_CELLS = 10_000


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination of a sweep's choices.

    Attributes:
        index: Its place in the sweep.
        at: The index of its choice on each axis.
        prompt: Its prompt, as it is written.
        written: What it asks for, None where that can't be a request.
        quote: What would be sent and what it costs, None where it may not be sent.
        problem: Why it may not be sent, `""` where it may.
        skipped: Whether the definition leaves it out.
        digest: Of the effective request; two cells with the same one are the same clip.
        as_rewritten: Whether its prompt is to be sent as the vendor rewrites it.
        asked: Who is to rewrite it, where that is still to be done; `""` else.
    """

    index: int
    at: tuple[int, ...]
    prompt: str
    written: VideoRequest | None
    quote: Quote | None
    problem: str = ""
    skipped: bool = False
    digest: str = ""
    as_rewritten: bool = False
    asked: str = ""

    @property
    def wanted(self) -> bool:
        """Whether it is to have clips."""
        return self.quote is not None and not self.skipped


def expand(
    definition: Definition, provider: str, model: str | None
) -> tuple[tuple[Axis, ...], tuple[Cell, ...], dict[str, str]]:
    """Every cell of a definition, in the order of its axes: the last one varies fastest.

    Choices inside of a choice count only where that one is taken: `{x = a {y = 1 | 2} | b}` makes three cells.

    Args:
        definition: What was requested.
        provider: Who is asked where the definition names no provider.
        model: Which model, where the definition names none; None for the provider's preferred one.

    Returns:
        The axes, the cells, and where each local picture was read, by its SHA-256.

    Raises:
        UsageError: If axes that go together have different lengths, a condition names no value of its axis, or there
            are too many cells.
    """
    defined = definition.axes
    mates = _mates(definition, defined)
    picks: list[dict[str, int]] = []
    for picked in _picks((definition.prompt, *definition.fields.values()), defined, mates):
        if len(picks) == MOST_CELLS:
            raise UsageError(f"There are more than {MOST_CELLS:,} cells.", hint="Leave out an axis or some choices.")
        picks.append(picked)
    axes = tuple(_axis(name, node, any(name not in picked for picked in picks)) for name, node in defined.items())
    conditions = [_condition(line, axes) for line in definition.skip]
    requests = _Requests(definition)
    pin = bool(axes) and "prompt_optimizer" not in definition.fields  # a vendor's rewriting would be a hidden treatment
    cells = []
    for index, picked in enumerate(picks):
        at = tuple(picked.get(axis.name, len(axis.values) - 1) for axis in axes)
        skipped = any(all(at[axis] in wanted for axis, wanted in each.items()) for each in conditions)
        if definition.leave_out is not None and not skipped:
            skipped = _left_out(definition, {axis.name: axis.values[i].value for axis, i in zip(axes, at, strict=True)})
        prompt, written, quote, problem = requests.prompt(picked), None, None, ""
        as_rewritten = False
        try:
            prompt, values = requests.ask(picked)
            asked = values.pop("provider", provider)
            as_rewritten = values.pop(known.PROMPT_AS, known.MINE) == known.REWRITTEN
            written = VideoRequest.of(prompt=prompt, **{"model": model, **values})
            row = requests.row(written, asked)
            if pin and "prompt_optimizer" in row.parameters:
                written = written.model_copy(update={"prompt_optimizer": False})
            quote = quote_of_row(written, row)
        except HailuoError as error:
            problem = str(error)
        digest = quote.digest if quote else ""
        cells.append(Cell(index, at, prompt, written, quote, problem, skipped, digest, as_rewritten))
    return axes, _designed(tuple(cells), definition.design), requests.pictures()


def _designed(cells: tuple[Cell, ...], design: str) -> tuple[Cell, ...]:
    """The same cells; those that may be made and that the design leaves out are skipped."""
    if not design:
        return cells
    from hailuo_widgets.sweeps import designs

    possible = [cell for cell in cells if cell.wanted]
    picked = {possible[place].index for place in designs.choose([cell.at for cell in possible], designs.parse(design))}
    return tuple(cell if cell.index in picked or not cell.wanted else replace(cell, skipped=True) for cell in cells)


def _mates(definition: Definition, defined: Mapping[str, Choices]) -> dict[str, tuple[str, ...]]:
    """For each axis that goes together with others, all of them."""
    roots = (definition.prompt, *definition.fields.values())
    top = {node.name for nodes in roots for node in nodes if isinstance(node, (Choices, Reference))}
    mates: dict[str, tuple[str, ...]] = {}
    for group in definition.zipped:
        for name in group:
            if name not in top:
                raise UsageError(
                    f"“{name}” is inside another axis's choice, so it can't be zipped.",
                    hint="Leave it out of zip.",
                )
            if name in mates:
                raise UsageError(f"“{name}” is in zip twice.", hint="Write one zip for all of these axes.")
        lengths = {name: len(defined[name].options) for name in group}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise UsageError(f"Zipped axes need the same number of values: {counts}.", hint="Add or remove choices.")
        mates |= dict.fromkeys(group, group)
    return mates


def _picked(node: Node) -> bool:
    return isinstance(node, (Choices, Reference))


def _picks(
    roots: tuple[Template, ...], defined: Mapping[str, Choices], mates: Mapping[str, tuple[str, ...]]
) -> Iterator[dict[str, int]]:
    """Every way to choose, by what is met on the way: what is inside of a choice that is not taken is not met."""

    def walk(ahead: tuple[Node, ...], picked: dict[str, int]) -> Iterator[dict[str, int]]:
        for place, node in enumerate(ahead):
            if not isinstance(node, (Choices, Reference)) or node.name in picked or node.name not in defined:
                continue
            together = mates.get(node.name, (node.name,))
            for index in range(len(defined[node.name].options)):
                inside = tuple(part for name in together for part in defined[name].options[index] if _picked(part))
                yield from walk((*inside, *ahead[place + 1 :]), {**picked, **dict.fromkeys(together, index)})
            return
        yield picked

    return walk(tuple(node for nodes in roots for node in nodes if _picked(node)), {})


def _axis(name: str, node: Choices, sometimes: bool) -> Axis:
    values = [_choice(name, option) for option in node.options]
    if sometimes:
        values.append(AxisValue(NOT_CHOSEN, None))
    return Axis(name, tuple(values))


def _choice(name: str, option: Template) -> AxisValue:
    if len(option) == 1 and isinstance(option[0], Value):
        value = option[0].value
        label = option[0].label.strip("[]") if name == known.CAMERA else option[0].label
        return AxisValue(label or NO_WORDS, value)
    text = "".join(
        f"{{{each.name}}}" if isinstance(each, (Choices, Reference)) else render((each,), lambda _: ())
        for each in option
    )
    return AxisValue(text or NO_WORDS, text)


def _condition(line: Mapping[str, Any], axes: tuple[Axis, ...]) -> dict[int, frozenset[int]]:
    """A condition as indices: axis → the values for which it holds."""
    found: dict[int, frozenset[int]] = {}
    for place, axis in enumerate(axes):
        if axis.name not in line:
            continue
        wanted = line[axis.name]
        several = wanted if isinstance(wanted, (list, tuple, set, frozenset)) else (wanted,)
        indices = [{i for i, each in enumerate(axis.values) if _same(axis.name, each, one)} for one in several]
        for one, hits in zip(several, indices, strict=True):
            if not hits:
                labels = [each.label for each in axis.values]
                raise UsageError(f"{axis.name} has no value “{str(one)[:60]}”.", hint=did_you_mean(str(one), labels))
        found[place] = frozenset().union(*indices)
    return found


def _same(axis: str, choice: AxisValue, wanted: Any) -> bool:
    if wanted == choice.value or str(wanted) == choice.label:
        return True
    return axis == known.CAMERA and isinstance(wanted, str) and _moves(wanted) == _moves(str(choice.value))


def _moves(commands: str) -> list[object]:
    names = commands.strip().removeprefix("[").removesuffix("]").split(",")
    return [camera.command(name) or name.strip() for name in names]


def _left_out(definition: Definition, values: dict[str, Any]) -> bool:
    assert definition.leave_out is not None
    try:
        return bool(definition.leave_out(values))
    except KeyError as error:
        name = str(error.args[0]) if error.args else ""
        raise UsageError(f"skip asks for “{name[:40]}”.", hint=did_you_mean(name, values)) from None


def single(definition: Definition) -> tuple[str, dict[str, Any]]:
    """Prompt and fields of a definition in which nothing varies.

    Raises:
        UsageError: If a field can't be read.
    """
    return _Requests(definition).ask({})


class _Requests:
    """Makes what cells ask for, and keeps what many of them share."""

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._defined = definition.axes
        self._rows: dict[tuple[str, str | None, str], ModelSpec] = {}
        self._read: dict[tuple[str, str], Any] = {}
        self._places_camera = any(each.name == known.CAMERA for each in references(definition.prompt))

    def ask(self, picked: Mapping[str, int]) -> tuple[str, dict[str, Any]]:
        """Prompt and fields for one way to choose; `provider` is among them where it is said."""
        prompt = self.prompt(picked)
        values = {name: self._value(name, nodes, picked) for name, nodes in self._definition.fields.items()}
        commands = values.pop(known.CAMERA, None)
        if commands and not self._places_camera:
            prompt = f"{prompt} [{commands}]".lstrip()
        return prompt, {name: value for name, value in values.items() if value is not None}

    def pictures(self) -> dict[str, str]:
        """Where each local picture was read, by its SHA-256."""
        read = {text: value for (_, text), value in self._read.items()}
        for nodes in self._definition.fields.values():
            options = (option for node in nodes if isinstance(node, Choices) for option in node.options)
            read |= {each.label: each.value for one in (nodes, *options) for each in one if isinstance(each, Value)}
        files = {path: each for path, each in read.items() if isinstance(each, Media) and each.data and each.name}
        return {each.sha256: path for path, each in files.items() if known.is_file(path)}

    def prompt(self, picked: Mapping[str, int]) -> str:
        """The words alone."""
        return render(self._definition.prompt, self._chosen(picked)).strip()

    def row(self, written: VideoRequest, provider: str) -> ModelSpec:
        """What of a provider's offer answers a request."""
        key = (provider, written.model, written.mode.value)
        if key not in self._rows:
            self._rows[key] = find_row(written, provider)
        return self._rows[key]

    def _chosen(self, picked: Mapping[str, int]) -> Callable[[str], Template]:
        def chosen(name: str) -> Template:
            if name in picked:
                return self._defined[name].options[picked[name]]
            return self._definition.fields.get(name, ())

        return chosen

    def _value(self, name: str, nodes: Template, picked: Mapping[str, int]) -> Any:
        chosen = self._chosen(picked)
        if len(nodes) == 1 and isinstance(nodes[0], (Choices, Reference)):
            nodes = chosen(nodes[0].name)
        if len(nodes) == 1 and isinstance(nodes[0], Value):
            return nodes[0].value
        text = render(nodes, chosen)
        if (name, text) not in self._read:
            self._read[name, text] = known.read(name, text)
        return self._read[name, text]
