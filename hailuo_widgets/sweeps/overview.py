"""Ratings and costs of a sweep, by axis value and by cell; needs no pandas."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec.catalog import Price
from hailuo_widgets.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hailuo_widgets.sweeps.sweep import Sweep


def summary(sweep: Sweep) -> Table:
    """A row a value of each axis: clips, how many are rated, their mean rating, and what they cost."""
    records = _stored(sweep)
    rows = []
    for place, axis in enumerate(sweep.axes):
        for index, value in enumerate(axis.values):
            mine = [each for each in records if sweep.cells[each["cell"]].at[place] == index]
            rated = [each["rating"] for each in mine if each["rating"] is not None]
            mean = f"{sum(rated) / len(rated):.2f}" if rated else "–"
            rows.append((axis.name, value.label, str(len(mine)), str(len(rated)), mean, _cost(mine)))
    caption = "" if rows else "Nothing varies in this sweep."
    return Table(("Axis", "Value", "Clips", "Rated", "Mean rating", "Cost"), tuple(rows), caption)


def best(sweep: Sweep) -> dict[str, Any]:
    """The cell with the highest mean rating; of equal ones the one with more ratings, then the first.

    Raises:
        UsageError: If no clip is rated yet.
    """
    cells: dict[int, list[dict[str, Any]]] = {}
    for each in _stored(sweep):
        cells.setdefault(each["cell"], []).append(each)
    ratings = {cell: [each["rating"] for each in mine if each["rating"] is not None] for cell, mine in cells.items()}
    rated = {cell: some for cell, some in ratings.items() if some}
    if not rated:
        raise UsageError(
            "No clip is rated yet.", hint="Rate clips in the grid (.explore()). What votes say is in .ranking."
        )
    first = max(rated, key=lambda cell: (sum(rated[cell]) / len(rated[cell]), len(rated[cell]), -cell))
    axes = zip(sweep.axes, sweep.cells[first].at, strict=True)
    return {
        "cell": first,
        **{axis.name: axis.values[index].label for axis, index in axes},
        "prompt": sweep.cells[first].prompt,
        "rating": sum(rated[first]) / len(rated[first]),
        "rated": len(rated[first]),
        "clips": len(cells[first]),
        "cost": _cost(cells[first]),
    }


def _stored(sweep: Sweep) -> list[dict[str, Any]]:
    return [each for each in sweep.records if each["state"] == JobState.STORED.value]


def _cost(records: Iterable[dict[str, Any]]) -> str:
    """What clips cost when they were made, by currency."""
    sums: dict[str, Decimal] = {}
    unknown = 0
    for each in records:
        if each["price"] is None:
            unknown += 1
        else:
            sums[each["currency"]] = sums.get(each["currency"], Decimal(0)) + each["price"]
    parts = [str(Price(amount, currency)) for currency, amount in sums.items() if amount]
    parts += [f"{unknown} unpublished"] if unknown else []
    return " + ".join(parts) or "free"
