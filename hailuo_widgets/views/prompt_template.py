"""A prompt as it is typed: plain words, or a template with choices, of which it says how many clips it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec.catalog import Price
from hailuo_widgets.sweeps.cells import expand
from hailuo_widgets.sweeps.definition import Definition
from hailuo_widgets.sweeps.plan import total
from hailuo_widgets.sweeps.template import Text, write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hailuo_widgets.spec.request import VideoRequest

MOST_CELLS = 1000
"""That are counted and priced while the user types."""

_TEMPLATE = frozenset("{}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a text requests.

    Attributes:
        prompt: The prompt; of a template, its first cell's.
        cells: How many clips: 1 where nothing varies.
        price: Of all of them, as it is shown; `""` where nothing varies.
        problem: Why it can't be read, in one sentence.
    """

    prompt: str
    cells: int = 1
    price: str = ""
    problem: str = ""

    @property
    def varies(self) -> bool:
        """Whether it is a sweep."""
        return bool(self.price)


def is_plain(text: str) -> bool:
    """Whether there is nothing in a text but words."""
    return not _TEMPLATE & set(text)


def read(text: str, request: VideoRequest | None = None, provider: str = "sketch") -> Asked:
    """What a text requests.

    Args:
        text: As it is typed; `{{` and `}}` are braces.
        request: The other fields, by which a sweep is priced.
        provider: Who is asked.
    """
    if is_plain(text):
        return Asked(text.strip())
    try:
        definition = Definition.of_python(text, _fixed(request), where=_typed)
        if _choices(definition) > MOST_CELLS:
            return Asked("", MOST_CELLS + 1, " ", f"This asks for more than {MOST_CELLS:,} clips.")
        _axes, cells, _ = expand(definition, provider, request.model if request is not None else None)
    except UsageError as error:
        first, _, _ = error.message.partition("\n")  # what follows is the place, under which a caret stands
        return Asked(text.strip(), problem=f"{first} {error.hint.strip()}".strip())
    if not definition.axes:
        return Asked(cells[0].prompt.strip())
    return Asked(cells[0].prompt.strip(), len(cells), _price([each.quote for each in cells if each.quote]))


def escaped(prompt: str) -> str:
    """A prompt as it is typed so that nothing in it is a template."""
    return write((Text(prompt),))


def notes(asked: Asked, *, priced: bool = True) -> list[tuple[Any, str]]:
    """What an editor shows for it."""
    if asked.problem:
        return [("bad", asked.problem)]
    if asked.varies:
        return [("ok", f"{asked.cells:,} clips" + (f" · {asked.price}" if priced else ""))]
    return []


def _typed(name: str) -> str:
    return f"Write {{{name} = a | b}}, or “{{{{” for a brace."


def _fixed(request: VideoRequest | None) -> Mapping[str, Any]:
    """The fields of a request that a sweep keeps as they are."""
    if request is None:
        return {}
    names = ("duration", "resolution", "ratio", "first_frame", "last_frame", "subject", "references")
    values = {name: getattr(request, name) for name in names}
    if value := values.pop("references"):
        return {**{name: each for name, each in values.items() if each is not None}, "references": (value,)}
    return {name: each for name, each in values.items() if each is not None}


def _choices(definition: Definition) -> int:
    """At most so many cells."""
    cells = 1
    for axis in definition.axes.values():
        cells *= len(axis.options)
    return cells


def _price(quotes: list[Any]) -> str:
    """The sum, `price not published` included where that holds for some."""
    sums, unknown = total(quotes)
    known = [str(Price(amount, currency)) for currency, amount in sums.items()]
    if unknown:
        known.append("price not published" if not sums else f"and {unknown} without a published price")
    return " ".join(known) or "free"
