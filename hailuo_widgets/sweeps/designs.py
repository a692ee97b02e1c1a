"""Which cells of a sweep to make: all of them, or fewer that still answer the question.

A design picks among the cells that remain after `skip`, zipped axes and nested choices, so what it picks is always a
cell of the sweep. The pairwise design is greedy over those cells. Libraries for covering arrays want the constraints
restated as predicates over unfinished rows: on 200 random grids with constraints allpairspy 2.5.1 left out pairs that
were possible in 93. covertable 3.2.0 covered all of them, but given a sweep's rules as one predicate over all axes it
made 30% more cells than this does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np

from hailuo_widgets.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.intp]
    Kind = Literal["full", "pairs", "one-at-a-time", "sample", "halving"]

_ALLOWED = "Write full, pairs, one-at-a-time, halving, or sample and a number: sample 20."


@dataclass(frozen=True, slots=True)
class Design:
    """How cells are picked.

    Attributes:
        kind: `full` (every cell), `pairs` (every two values of two axes meet in some cell), `one-at-a-time` (the first
            cell, and one for each other value of each axis), `sample` (some cells, balanced over the values) or
            `halving` (every cell at first; after votes, more clips of those that can still win).
        count: How many cells a sample has; None for the other kinds.
    """

    kind: Kind = "full"
    count: int | None = None

    def __str__(self) -> str:
        return self.kind if self.count is None else f"{self.kind} {self.count}"

    @property
    def limits(self) -> str:
        """What clips of this design can't tell, in one sentence; empty for a full design."""
        return {
            "full": "",
            "pairs": "Every two values meet, but not every three: this design can't tell how three axes interact, and "
            "it tells how two interact only if the others matter little.",
            "one-at-a-time": "Each value is compared with the first cell only: this design can't tell how axes "
            "interact.",
            "sample": "Cells were drawn at random: this design tells what each value adds, and can't tell most "
            "interactions.",
            "halving": "One round at a time: after each, vote, and .next(budget) plans more clips of the better half. "
            "Cells that are stopped early are compared with few clips.",
        }[self.kind]


def parse(text: str) -> Design:
    """Read a design as it is written in a sweep's header.

    Args:
        text: `full`, `pairs`, `one-at-a-time`, `halving` or `sample N`.

    Raises:
        UsageError: If it is something else, or the sample is not a positive whole number.
    """
    words = " ".join(str(text).lower().split())
    kinds: tuple[Kind, ...] = ("full", "pairs", "one-at-a-time", "halving")
    for kind in kinds:
        if words == kind:
            return Design(kind)
    if match := re.fullmatch(r"sample (\d{1,6})", words):
        if count := int(match[1]):
            return Design("sample", count)
        raise UsageError("A sample needs at least one cell.", hint=_ALLOWED)
    raise UsageError(f"There is no design “{str(text)[:40]}”.", hint=_ALLOWED)


def choose(cells: Sequence[tuple[int, ...]], design: Design, *, seed: int = 0) -> tuple[int, ...]:
    """Pick the cells of a design.

    Args:
        cells: For each cell that may be made, the index of its value on each axis.
        design: How to pick.
        seed: Of the draw, for a sample.

    Returns:
        Positions in `cells`, ascending.
    """
    if not cells or not cells[0] or design.kind in {"full", "halving"}:
        return tuple(range(len(cells)))
    values = np.asarray(cells, dtype=np.intp)
    if design.kind == "pairs":
        picked = _pairs(values)
    elif design.kind == "one-at-a-time":
        picked = _one_at_a_time(values)
    else:
        assert design.count is not None
        picked = _sample(values, design.count, seed)
    return tuple(sorted(picked))


def _pairs(values: Ints) -> list[int]:
    """Again and again the cell in which the most pairs meet that have not met yet."""
    columns = [_numbered(values[:, [axis, other]]) for axis, other in combinations(range(values.shape[1]), 2)]
    if not columns:
        columns = [_numbered(values)]
    starts = np.cumsum([0, *(column.max() + 1 for column in columns)])
    pairs = np.stack(columns, axis=1) + starts[:-1]
    missing = np.ones(starts[-1], dtype=bool)
    picked = []
    while missing.any():
        best = int(missing[pairs].sum(axis=1).argmax())
        picked.append(best)
        missing[pairs[best]] = False
    return picked


def _one_at_a_time(values: Ints) -> list[int]:
    """The first cell, and for every other value the cell that has it and differs least from the first."""
    differences = (values != values[0]).sum(axis=1)
    picked = {0}
    for axis in range(values.shape[1]):
        for value in np.unique(values[:, axis]):
            having = np.flatnonzero(values[:, axis] == value)
            picked.add(int(having[differences[having].argmin()]))
    return list(picked)


def _sample(values: Ints, count: int, seed: int) -> list[int]:
    """Cells at random, each time among those whose values were used least."""
    columns = [_numbered(values[:, [axis]]) for axis in range(values.shape[1])]
    used = [np.zeros(column.max() + 1) for column in columns]
    order = np.random.default_rng(seed).permutation(len(values))
    left = np.ones(len(values), dtype=bool)
    picked = []
    for _ in range(min(count, len(values))):
        load = sum(seen[column] for seen, column in zip(used, columns, strict=True))
        best = int(order[np.where(left, load, np.inf)[order].argmin()])
        picked.append(best)
        left[best] = False
        for seen, column in zip(used, columns, strict=True):
            seen[column[best]] += 1
    return picked


def _numbered(rows: Ints) -> Ints:
    """The rows as numbers from 0, equal ones with the same number."""
    return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
