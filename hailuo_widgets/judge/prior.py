"""What is assumed about spreads before any vote, and the rule for saying “better”.

Strengths have no unit but the vote itself: one unit is the difference at which 73% of votes agree. Two spreads are
unknown: between cells, and between the clips of one cell. Every answer is averaged over a grid of both: with few clips
a cell, one estimated pair of spreads would claim to know what the votes can't tell. With one clip a cell only their
sum is visible, and the prior alone splits it.

The weights were set with simulated studies (`tests/benchmarks/bench_judge.py`). Estimates weigh the grid so that
intervals cover what they say, whether cells and clips vary little or much. Verdicts ask first how much better the votes
are explained by “the cells differ” than by “the cells are the same” (a Bayes factor). Where the cells are the same it
rarely becomes large, however often one looks, so a lead by luck is not believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_CELLS = np.array([0.05, 0.25, 0.5, 0.9, 1.4, 2.2])
_CLIPS = np.array([0.07, 0.3, 0.6, 1.0, 1.6, 2.5])
_CELL_WEIGHTS = np.array([0.1, 0.15, 0.3, 1.0, 3.2, 5.5])
_CLIP_WEIGHTS = np.array([3.0, 1.3, 1.0, 0.9, 1.4, 2.6])
_SAME_CLIP_WEIGHTS = np.array([1.5, 1.0, 1.5, 1.5, 5.5, 8.0])
_DIFFERENT_CELL_WEIGHTS = np.array([0.8, 1.0, 1.0, 3.0, 5.5])
"""For verdicts: of spreads between clips where the cells are the same, and of spreads between cells, from the second
on, where they differ. Clips that vary a lot explain most leads by luck, so they weigh most where cells are the same."""
_ADDITIVE = np.array([0.1, 0.6, 0.95])
"""How much of the spread between cells the axes' values explain by addition, where axes are given."""

SEAT_SPREAD = 0.3
"""Standard deviation of what a seat adds, in units of strength."""

RATER_SPREAD = 0.5
"""Standard deviation of the logarithm of a rater's consistency."""

_FACTOR = 6.5
"""The Bayes factor that “better” asks for after 60 votes on 4 cells."""

_MANY_VOTES = 400
_FEW_CELLS, _SOME_CELLS, _MANY_CELLS = 3, 6, 12
"""Where the factor ends to depend on the study's size."""

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
        verdicts: The same for verdicts: half the weight is on “the cells are the same”.
        same: Whether the cells are the same, but for a trifle.
    """

    cells: Floats
    clips: Floats
    additive: Floats
    weights: Floats
    verdicts: Floats
    same: NDArray[np.bool_]


def spreads(axes: bool) -> Spreads:
    """The grid of hypotheses, with the axes' share in it where a study has axes."""
    additive = _ADDITIVE if axes else np.zeros(1)
    between, within, added = (each.ravel() for each in np.meshgrid(_CELLS, _CLIPS, additive, indexing="ij"))
    weights = np.outer(_CELL_WEIGHTS, _CLIP_WEIGHTS)
    same = np.zeros(weights.shape, dtype=bool)
    same[0] = True
    verdicts = np.where(same, _SAME_CLIP_WEIGHTS, np.r_[1.0, _DIFFERENT_CELL_WEIGHTS][:, None])
    for part in (same, ~same):
        verdicts[part] /= verdicts[part].sum()
    of_estimates, of_verdicts = (np.repeat(np.log(table / table.sum()), len(additive)) for table in (weights, verdicts))
    return Spreads(between, within, added, of_estimates, of_verdicts, np.repeat(same, len(additive)))


def needed_factor(votes: int, cells: int) -> float:
    """How many times better “the cells differ” has to explain the votes before one is called better.

    Most false leads come early and with few cells, so there more is asked; and with many cells, of which more pairs can
    look different by chance.

    Args:
        votes: So far; at least one.
        cells: In the study.
    """
    few = 4 / min(max(cells, _FEW_CELLS), _SOME_CELLS)
    many = min(max(cells, _SOME_CELLS), _MANY_CELLS) / _SOME_CELLS
    return float(_FACTOR * (60 / min(votes, _MANY_VOTES)) ** 0.5 * (few * many) ** 2)
