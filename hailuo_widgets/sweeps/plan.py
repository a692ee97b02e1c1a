"""What a sweep would buy, before anything is spent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from hailuo_widgets.markup import content
from hailuo_widgets.spec import camera
from hailuo_widgets.spec.catalog import Price
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.sweeps.axes import NOT_CHOSEN
from hailuo_widgets.sweeps.template import NO_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.sweeps.axes import Axis
    from hailuo_widgets.sweeps.cells import Cell

_WARNINGS = 5
"""Warnings about prompts, and reasons why cells are not possible, that are told; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sweep would generate. Clips are counted once, however many cells ask for the same one.

    Attributes:
        cells: All of the grid's, the illegal and skipped ones included.
        replicates: How many clips each cell is to have.
        clips: How many different clips are wanted.
        to_buy: How many of them would be bought.
        free: How many are in the library already.
        under_way: How many are being made, here or in another kernel, or will be resumed.
        uncertain: How many may have been bought before without a clear answer: they are not sent again by themselves.
        illegal: How many cells the vendor would not accept; each says why.
        skipped: How many cells are left out on purpose.
        same: How many cells ask for what another one asks for as well.
        price: Of what would be bought, by currency; exact, as published.
        unknown_prices: How many clips to be bought have no published price; they are not in `price`.
        slips: How many clips to be bought have text in their prompt that looks like a camera command but isn't one.
        seconds: How long it will probably take under the vendors' limits, None where there is nothing to buy.
        library: The library's folder, seen from the notebook, where that is not the one beside it.
        notes: What a person should know before it is run.
    """

    cells: int
    replicates: int
    clips: int = 0
    to_buy: int = 0
    free: int = 0
    under_way: int = 0
    uncertain: int = 0
    illegal: int = 0
    skipped: int = 0
    same: int = 0
    price: Mapping[str, Decimal] = field(default_factory=dict)
    unknown_prices: int = 0
    slips: int = 0
    seconds: float | None = None
    library: str = ""
    notes: tuple[str, ...] = ()

    @property
    def cost(self) -> str:
        """The price in words: `$3.36 + ¥12 + 4 without a published price`."""
        parts = [str(Price(amount, currency)) for currency, amount in sorted(self.price.items()) if amount]
        if self.unknown_prices:
            parts.append(f"{self.unknown_prices} without a published price")
        return " + ".join(parts) or "free"

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Names and values of all of this, as they are shown; what is nothing is left out."""
        counted = ((self.free, "in the library"), (self.under_way, "under way"), (self.uncertain, "uncertain"))
        had = ", ".join(f"{count} {what}" for count, what in counted if count)
        left_out = ((self.illegal, "not possible"), (self.skipped, "skipped"), (self.same, "the same as another"))
        cells = ", ".join((str(self.cells), *(f"{count} {what}" for count, what in left_out if count)))
        facts = [("Cells", cells)]
        if self.replicates > 1:
            facts.append(("Clips a cell", str(self.replicates)))
        facts += [
            ("Clips to buy", str(self.to_buy)),
            ("There already", had),
            ("Price", self.cost if self.to_buy else ""),
        ]
        if self.seconds is not None:
            facts.append(("Time", f"about {_span(self.seconds)}"))
        facts.append(("Library", self.library))
        return [(name, value) for name, value in facts if value]

    def __repr__(self) -> str:
        lines = [" · ".join(f"{name}: {value}" for name, value in self.facts) + " · nothing was sent"]
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        facts = "".join(
            f'<div style="min-width:0"><div style="{_LABEL}">{name}</div>{content(value)}</div>'
            for name, value in self.facts
        )
        notes = "".join(f'<div dir="auto" style="{_NOTE}">{content(note)}</div>' for note in self.notes)
        return f'<div style="{_BOX}"><div style="{_FACTS}">{facts}</div>{notes}</div>'


_BOX = "font-size:13px;line-height:1.45;max-width:1100px"
_FACTS = "display:flex;flex-wrap:wrap;gap:6px 22px"
_LABEL = "font-size:11px;line-height:1.4;opacity:.65"
_NOTE = "margin-top:8px;padding:1px 0 1px 10px;border-left:3px solid #d08a17"


def total(quotes: Iterable[Quote]) -> tuple[dict[str, Decimal], int]:
    """The sum of published prices by currency, and how many have none."""
    price: dict[str, Decimal] = {}
    unknown = 0
    for quote in quotes:
        if quote.price.amount is None:
            unknown += 1
        elif quote.price.amount:
            price[quote.price.currency] = price.get(quote.price.currency, Decimal(0)) + quote.price.amount
    return price, unknown


def not_possible(cells: Sequence[Cell]) -> Iterator[str]:
    """Why cells may not be sent, each reason once, with how many cells it concerns."""
    found = Counter(" ".join(cell.problem.split()) for cell in cells if cell.quote is None and not cell.skipped)
    for problem, count in list(found.items())[:_WARNINGS]:
        yield f"{count} {'cell is' if count == 1 else 'cells are'} not possible: {problem}"
    if len(found) > _WARNINGS:
        yield f"And {len(found) - _WARNINGS} more reasons why cells are not possible."


def warnings(cells: Sequence[Cell]) -> Iterator[str]:
    """What is legal but probably not meant, each once."""
    found = list(dict.fromkeys(line for cell in cells if cell.quote for line in cell.quote.warnings))
    yield from found[:_WARNINGS]
    if len(found) > _WARNINGS:
        yield f"And {len(found) - _WARNINGS} more warnings like these."


def bare_commands(axes: Sequence[Axis], cells: Sequence[Cell]) -> Iterator[str]:
    """Choices that are camera commands, without the brackets that make them one."""
    for place, axis in enumerate(axes):
        words = [value.label for value in axis.values if value.label not in (NO_WORDS, NOT_CHOSEN)]  # no data frame's
        if None in map(camera.command, words):
            continue
        for cell in cells:
            label = axis.values[cell.at[place]].label
            known = camera.command(label)
            shots = camera.parse(cell.prompt).shots
            if known and label in cell.prompt and not any(known in shot.commands for shot in shots):
                yield f"“{label}” is sent as a word: camera commands need brackets, as in [{{a | b}}]."
                break


def mixed_defaults(cells: Sequence[Cell], varied: Iterable[str]) -> Iterator[str]:
    """Where vendors' own defaults differ between cells and the request does not set them: they confound a comparison.

    Args:
        cells: Those that are to have clips.
        varied: The fields that differ on purpose.
    """
    wanted = [cell for cell in cells if cell.wanted]
    for name in VideoRequest.model_fields:
        if name in _NO_DEFAULTS or name in varied:
            continue
        by_value: dict[object, dict[str, None]] = {}
        for cell in wanted:
            assert cell.quote is not None
            order, row = cell.quote.request, cell.quote.row
            if name == "fast_pretreatment" and not order.prompt_optimizer:
                continue  # how a prompt would be rewritten that is not
            by_value.setdefault(getattr(order, name), {})[f"{row.model} on {row.provider}"] = None
        if len(by_value) > 1:
            values = "; ".join(f"{_shown(value)} with {_some(tuple(who))}" for value, who in by_value.items())
            yield f"{name} differs between cells but is not an axis: {values}."


_NO_DEFAULTS = frozenset({"prompt", "model", "first_frame", "last_frame", "subject", "references", "callback_url"})


def _shown(value: object) -> str:
    if value is None:
        return "left to the vendor"
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = seconds / 60
    return f"{round(minutes)} min" if minutes < 90 else f"{minutes / 60:.1f} h"
