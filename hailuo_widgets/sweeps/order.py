"""In which order a sweep's clips are bought."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hailuo_widgets.sweeps.cells import Cell

Key = tuple[str, int]
"""A clip: the digest of its request, and its number among identical ones."""


def keys(cells: Iterable[Cell], repeat: int) -> list[Key]:
    """The clips that cells ask for, each once: the first of each cell, then the second of each, and so on."""
    digests = dict.fromkeys(cell.digest for cell in cells if cell.wanted)
    return [(digest, replicate) for replicate in range(repeat) for digest in digests]


def interleaved(cells: Iterable[Cell], rows: int | None, columns: int | None) -> list[Cell]:
    """Cells in an order in which every row and every column gets its first clip early.

    Of a full grid the first max(rows, columns) cells touch each row and each column: they lie on its diagonals.

    Args:
        cells: Which ones.
        rows: The axis that is shown downwards, by its index, or None.
        columns: The axis that is shown across.
    """
    stacks: dict[tuple[int, int], list[Cell]] = {}
    for cell in cells:
        place = (0 if rows is None else cell.at[rows], 0 if columns is None else cell.at[columns])
        stacks.setdefault(place, []).append(cell)
    places = _touching_all(_along_diagonals(stacks))
    deepest = max(map(len, stacks.values()), default=0)
    return [stacks[place][depth] for depth in range(deepest) for place in places if depth < len(stacks[place])]


def _along_diagonals(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    places = list(places)
    height = 1 + max((row for row, _ in places), default=0)
    width = 1 + max((column for _, column in places), default=0)
    if width >= height:
        return sorted(places, key=lambda place: ((place[0] - place[1]) % height, place[1]))
    return sorted(places, key=lambda place: ((place[1] - place[0]) % width, place[0]))


def _touching_all(places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same places, those first that touch a new row and a new column, then those that touch one of them."""
    rows: set[int] = set()
    columns: set[int] = set()
    first: dict[tuple[int, int], None] = {}
    for both in (True, False):
        for row, column in places:
            new = (row not in rows) + (column not in columns)
            if new == 2 or (new and not both):
                first[row, column] = None
                rows.add(row)
                columns.add(column)
    return [*first, *(place for place in places if place not in first)]


def cheapest_first(cells: Sequence[Cell]) -> list[Cell]:
    """Cells by price; those without a published one last. Between currencies they take turns: it is unknown a rate."""

    def amount(cell: Cell) -> Decimal:
        return (cell.quote.price.amount if cell.quote else None) or Decimal(0)

    def rank(cell: Cell) -> tuple[bool, int, Decimal]:
        unpublished = cell.quote is None or cell.quote.price.amount is None
        return unpublished, turns[cell.index], amount(cell)

    seen: Counter[str] = Counter()
    turns: dict[int, int] = {}
    for cell in sorted(cells, key=amount):
        currency = cell.quote.price.currency if cell.quote else ""
        turns[cell.index] = seen[currency] if currency else -1
        seen[currency] += 1
    return sorted(cells, key=rank)
