"""What is assumed about spreads before any vote, and the rule for saying “better”.

Strengths have no unit but the vote itself: one unit is the difference at which 73% of votes agree. Two spreads are
unknown: between cells, and between the clips of one cell. Every answer is averaged over a grid of both: with few clips
a cell, one estimated pair of spreads would claim to know what the votes can't tell. With one clip a cell only their
sum is visible, and the prior alone splits it.

The weights were set with simulated studies (`tests/benchmarks/bench_judge.py`). Estimates weigh the grid so that
intervals cover what they say, whether cells and clips vary little or much. Verdicts give a third of the weight to “the
cells don't differ”, whatever the spread between clips: a lead by luck is then not believed, although a study is looked
at after every vote and over all its pairs.
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
_CELL_WEIGHTS = np.array([0.1, 0.6, 0.9, 1.3, 1.6, 1.8])
_CLIP_WEIGHTS = np.array([0.8, 0.9, 1.0, 1.0, 1.0, 1.0])
_SCEPTICAL_CELL_WEIGHTS = np.array([1.0, 1.0, 1.0, 2.5, 2.5])
_SCEPTICAL_CLIP_WEIGHTS = np.array([5.0, 5.0, 2.5, 2.5, 4.0, 6.0])
"""For verdicts: weights of spreads between cells from the second, and of spreads between clips beside the first."""
_ADDITIVE = np.array([0.1, 0.6, 0.95])
"""How much of the spread between cells the axes' values explain by addition, where axes are given."""

SEAT_SPREAD = 0.3
"""Standard deviation of what a seat adds, in units of strength."""

RATER_SPREAD = 0.5
"""Standard deviation of the logarithm of a rater's consistency."""

_DOUBT = 0.063
"""How much doubt “better” may leave under the sceptical weights."""

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
    """

    cells: Floats
    clips: Floats
    additive: Floats
    weights: Floats
    sceptical: Floats


def spreads(axes: bool) -> Spreads:
    """The grid of hypotheses, with the axes' share in it where a study has axes."""
    additive = _ADDITIVE if axes else np.zeros(1)
    between, within, added = (each.ravel() for each in np.meshgrid(_CELLS, _CLIPS, additive, indexing="ij"))
    weights = np.outer(_CELL_WEIGHTS, _CLIP_WEIGHTS)
    sceptical = np.ones_like(weights) * np.r_[1.0, _SCEPTICAL_CELL_WEIGHTS][:, None]
    sceptical[0] = _SCEPTICAL_CLIP_WEIGHTS
    logs = (np.repeat(np.log(table / table.sum()), len(additive)) for table in (weights, sceptical))
    return Spreads(between, within, added, *logs)


def certainty(cells: int) -> float:
    """How probable a difference has to be under the sceptical weights to be called better or worse.

    Args:
        cells: In the study: the more pairs of them there are, the sooner one looks different by chance.
    """
    pairs = max(cells * (cells - 1) / 2, 6)
    return 1 - _DOUBT * float((6 / pairs) ** 0.12)
