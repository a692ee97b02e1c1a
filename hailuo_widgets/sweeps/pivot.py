"""A sweep's cells as tables of two axes: one table for each way to choose on the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hailuo_widgets.sweeps.public_label import public_label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hailuo_widgets.sweeps.axes import Axis
    from hailuo_widgets.sweeps.cells import Cell
    from hailuo_widgets.sweeps.sweep import Sweep


STRIP = 5
"""Cells beside each other where there is one row only; more begin a new line."""


@dataclass(slots=True)
class Sheet:
    """One table.

    Attributes:
        title: What is chosen on the axes that are neither rows nor columns; `""` where there are none.
        rows: The rows' labels by index; those that are empty are left out.
        columns: The columns' labels by index.
        places: Row and column → the cell.
    """

    title: str
    rows: dict[int, str] = field(default_factory=dict)
    columns: dict[int, str] = field(default_factory=dict)
    places: dict[tuple[int, int], Cell] = field(default_factory=dict)


def sheets(sweep: Sweep) -> list[Sheet]:
    """The tables of a sweep, in the order of its cells. Axes that go together with the rows stand beside them."""
    axes = {axis.name: (place, axis) for place, axis in enumerate(sweep.axes)}
    rows = [axes[name] for name in _together(sweep, sweep.rows)]
    columns = [axes[name] for name in _together(sweep, sweep.columns)]
    others = [each for each in axes.values() if each not in rows and each not in columns]
    found: dict[tuple[int, ...], Sheet] = {}
    for cell in sweep.cells:
        key = tuple(cell.at[place] for place, _ in others)
        if key not in found:
            found[key] = Sheet(", ".join(f"{axis.name}: {_label(axis, cell.at[place])}" for place, axis in others))
        sheet = found[key]
        row, column = (cell.at[side[0][0]] if side else 0 for side in (rows, columns))
        sheet.rows[row] = ", ".join(_label(axis, cell.at[place]) for place, axis in rows)
        sheet.columns[column] = ", ".join(_label(axis, cell.at[place]) for place, axis in columns)
        sheet.places[row, column] = cell
    for sheet in found.values():
        sheet.rows, sheet.columns = dict(sorted(sheet.rows.items())), dict(sorted(sheet.columns.items()))
    return [part for sheet in found.values() for part in _wrapped(sheet)]


def _wrapped(sheet: Sheet) -> Iterator[Sheet]:
    """A long strip as several ones below each other."""
    if len(sheet.rows) > 1 or len(sheet.columns) <= STRIP:
        yield sheet
        return
    columns = list(sheet.columns.items())
    for start in range(0, len(columns), STRIP):
        part = dict(columns[start : start + STRIP])
        places = {place: cell for place, cell in sheet.places.items() if place[1] in part}
        yield Sheet("" if start else sheet.title, sheet.rows, part, places)


def _together(sweep: Sweep, name: str) -> tuple[str, ...]:
    if not name:
        return ()
    group = next((each for each in sweep.zipped if name in each), ())
    return (name, *(each for each in group if each != name))


def _label(axis: Axis, index: int) -> str:
    return public_label(axis.values[index])
