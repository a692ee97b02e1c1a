"""How often models do what a camera command asks, as a table and a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hailuo_widgets.markup import content
from hailuo_widgets.measure.obedience import as_svg, obedience
from hailuo_widgets.table import Table, bar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hailuo_widgets.measure.obedience import Obedience, Record

_COLUMNS = ("Command", "Model", "Ordered", "Seen", "Something else", "Can't tell", "Share", "95% interval", "Speed")
_CELL = "padding:4px 24px 4px 0;border:0;text-align:left;vertical-align:middle;background:transparent"


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
        """The picture for a page or a paper, see `obedience.as_svg`."""
        return as_svg(self.cells)

    def __repr__(self) -> str:
        return str(self.table)

    def _repr_html_(self) -> str:
        return self.table._repr_html_() + (_picture(self.cells) if self.cells else "")


def _picture(cells: list[Obedience]) -> str:
    """A row for each command, a column for each model, in HTML: an untrusted notebook takes an SVG apart."""
    commands = list(dict.fromkeys(each.command for each in cells))
    models = list(dict.fromkeys(each.model for each in cells))
    found = {(each.command, each.model): each for each in cells}
    head = "<td></td>" + "".join(f"<th style='{_CELL};font-weight:600'>{content(model)}</th>" for model in models)
    body = "".join(
        f"<tr><th scope='row' style='{_CELL};font-weight:400;white-space:nowrap'>{content(command)}</th>"
        + "".join(f"<td style='{_CELL}'>{_point(found.get((command, model)))}</td>" for model in models)
        + "</tr>"
        for command in commands
    )
    return (
        "<div style='margin-top:12px;font-size:13px;line-height:1.45;overflow-x:auto'>"
        "<table aria-label='Camera commands carried out' style='border-collapse:collapse;margin:0'>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _point(cell: Obedience | None) -> str:
    if cell is None:
        return ""
    if cell.share is None:
        return f"<span style='opacity:.7'>can't tell ({cell.untold})</span>"
    untold = f" <span style='opacity:.7'>+{cell.untold} ?</span>" if cell.untold else ""
    line = bar(cell.low, cell.share, cell.high, width=100)
    return (
        f"<div style='display:flex;align-items:center;gap:8px;white-space:nowrap'>{line}"
        f"<span>{cell.seen}/{cell.seen + cell.other}{untold}</span></div>"
    )
