"""What is assumed about spreads before any vote, and the rule for saying “better”.

Strengths have no unit but the vote itself: one unit is the difference at which 73% of votes agree. Two spreads are
unknown: between cells, and between the clips of one cell. They are written as their total and the share of cells in
it, on a grid over which every answer is averaged: with few clips a cell, one estimated pair of spreads would claim to
know what the votes can't tell. With one clip a cell only the total is visible, and the prior alone splits it.

The weights were set with simulated studies (`tests/benchmarks/bench_judge.py`): intervals that cover what they say
whether cells and clips vary little or much. Verdicts weigh the same grid more sceptically, because a study is looked
at after every vote and over all its pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_TOTALS = np.array([0.3, 0.6, 1.0, 1.6, 2.5, 4.0])
_TOTAL_WEIGHTS = np.array([0.45, 0.8, 1.0, 1.4, 1.5, 1.1])
_SHARES = np.array([0.03, 0.35, 0.6, 0.8, 0.95])
_SHARE_WEIGHTS = np.array([0.6, 1.0, 1.3, 1.5, 1.5])
_SCEPTICAL_SHARE_WEIGHTS = np.array([2.0, 1.0, 1.0, 1.0, 1.0])
_ADDITIVE = np.array([0.1, 0.6, 0.95])
"""How much of the spread between cells the axes' values explain by addition, where axes are given."""

SEAT_SPREAD = 0.3
"""Standard deviation of what a seat adds, in units of strength."""

RATER_SPREAD = 0.5
"""Standard deviation of the logarithm of a rater's consistency."""

_DOUBT = (0.05, 0.05, 0.05, 0.045, 0.04)
"""How much doubt “better” may leave, by the clips of the cell that has fewer: with few, the weights do the rest."""

MARGIN = 0.1
"""Two cells are practically equal where a new clip of one wins 40% to 60% of the time."""


@dataclass(frozen=True, slots=True)
class Spreads:
    """The grid: one row a hypothesis about the spreads.

    Attributes:
        cells: Standard deviation between cells.
        clips: Standard deviation between the clips of a cell.
        additive: Share of the variance between cells that axis effects explain; 0 where no axes are given.
        weights: Logarithms of the prior weights for estimates.
        sceptical: The same for verdicts.
        shape: Of the grid: totals, shares of cells, shares of axes. Neighbours in it are alike.
    """

    cells: Floats
    clips: Floats
    additive: Floats
    weights: Floats
    sceptical: Floats
    shape: tuple[int, int, int]


def spreads(axes: bool) -> Spreads:
    """The grid of hypotheses, with the axes' share in it where a study has axes."""
    additive = _ADDITIVE if axes else np.zeros(1)
    total, share, added = (each.ravel() for each in np.meshgrid(_TOTALS, _SHARES, additive, indexing="ij"))
    shape = (len(_TOTALS), len(_SHARES), len(additive))
    by_total = np.log(_TOTAL_WEIGHTS)[:, None, None]
    weights = np.broadcast_to(by_total + np.log(_SHARE_WEIGHTS)[:, None], shape).ravel()
    sceptical = np.broadcast_to(np.log(_SCEPTICAL_SHARE_WEIGHTS)[:, None], shape).ravel()
    return Spreads(total * np.sqrt(share), total * np.sqrt(1 - share), added, weights, sceptical, shape)


def certainty(clips: int, cells: int) -> float:
    """How probable a difference has to be under the sceptical weights to be called better or worse.

    Args:
        clips: Of the cell that has fewer.
        cells: In the study: the more pairs of them there are, the sooner one looks different by chance.
    """
    pairs = max(cells * (cells - 1) / 2, 6)
    return 1 - _DOUBT[min(clips, len(_DOUBT) - 1)] * float((6 / pairs) ** 0.75)
