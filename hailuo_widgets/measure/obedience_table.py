"""How often models do what a camera command asks, as a table and a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hailuo_widgets.measure.obedience import as_svg, obedience
from hailuo_widgets.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hailuo_widgets.measure.obedience import Obedience, Record

_COLUMNS = ("Command", "Model", "Ordered", "Seen", "Something else", "Can't tell", "Share", "95% interval", "Speed")


class ObedienceTable:
    """One `Obedience` for each command and model; iterates over them. In a notebook, a table with its picture.

    Args:
        records: (steps that were ordered, model, what was measured) of each clip.
        waiting: How many clips with a camera command are not measured.
    """

    def __init__(self, records: Iterable[Record], waiting: int = 0) -> None:
        self.cells = obedience(records)
        self.waiting = waiting

    def __iter__(self) -> Iterator[Obedience]:
        return iter(self.cells)

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def table(self) -> Table:
        """The figures as text."""
        rows = tuple(
            (
                each.command,
                each.model,
                str(each.ordered),
                str(each.seen),
                str(each.other),
                str(each.untold),
                "" if each.share is None else f"{each.share:.0%}",
                "" if each.share is None else f"{each.low:.0%} to {each.high:.0%}",
                "" if each.speed is None else f"{each.speed:.1f}%/s",
            )
            for each in self.cells
        )
        caption = "" if rows else "No measured clip has a camera command in its prompt."
        if self.waiting:
            count = "1 clip is" if self.waiting == 1 else f"{self.waiting} clips are"
            caption = f"{caption} {count} not measured: .measure() does it.".strip()
        return Table(_COLUMNS, rows, caption)

    @property
    def svg(self) -> str:
        """The picture, see `obedience.as_svg`."""
        return as_svg(self.cells)

    def __repr__(self) -> str:
        return str(self.table)

    def _repr_html_(self) -> str:
        return self.table._repr_html_() + (f"<div>{self.svg}</div>" if self.cells else "")
