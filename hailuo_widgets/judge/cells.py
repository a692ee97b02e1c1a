"""From clips to cells: the prior that ties them, and what clips' strengths say about cells and axes.

The strength of a clip is what its axes' values add, plus what its cell adds, plus what is its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hailuo_widgets.judge.laplace import Prior
from hailuo_widgets.judge.prior import SEAT_SPREAD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hailuo_widgets.judge.laplace import Posterior
    from hailuo_widgets.judge.prior import Spreads

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Target:
    """Something that is normal together with the cells' strengths, under each hypothesis.

    Attributes:
        with_cells: Covariance with the cells; shape (hypotheses, targets, cells).
        prior: Covariance of its own; shape (hypotheses, targets, targets).
    """

    with_cells: Floats
    prior: Floats


class Cells:
    """How clips hang together, under each hypothesis."""

    def __init__(self, cell_of: Ints, cells: int, hypotheses: Spreads, axes: Floats | None) -> None:
        """Set up the priors.

        Args:
            cell_of: Number of each clip's cell, ascending.
            cells: Number of cells.
            hypotheses: The spreads.
            axes: Which value of an axis each cell has: one column a value, and as many ones in each row as there are
                axes. None where there are no axes.
        """
        self.cell_of = cell_of
        self.member = np.equal.outer(cell_of, np.arange(cells)).astype(float)
        self.replicates = self.member.sum(axis=0)
        self.clip_variance = hypotheses.clips**2
        between, additive = hypotheses.cells**2, hypotheses.additive
        identity = np.eye(cells)
        self.covariance = (between * (1 - additive))[:, None, None] * identity
        self.effects = None
        if axes is not None and axes.size:
            each = between * additive / axes.sum(axis=1).max()
            self.covariance = self.covariance + each[:, None, None] * (axes @ axes.T)
            self.effects = Target(each[:, None, None] * axes.T[None], each[:, None, None] * np.eye(axes.shape[1])[None])
        noise = self.clip_variance[:, None, None]
        gain = np.matmul(self.covariance, np.linalg.inv(noise * identity + self.replicates[:, None] * self.covariance))
        # Woodbury: the inverse covariance of clips is (1 - C gain C') / noise, with C the membership of clips in cells.
        self._unexplained = (identity - self.replicates[:, None] * gain) / noise
        self._gain = gain
        _, excess = np.linalg.slogdet(identity + self.replicates[:, None] * self.covariance / noise)
        self._log_determinant = -len(cell_of) * np.log(self.clip_variance) - excess

    def clip_prior(self, seats: int, which: Ints) -> Prior:
        """Prior of clips and seats for some of the hypotheses."""
        clips = len(self.cell_of)
        precision = np.zeros((len(which), clips + seats, clips + seats))
        noise = self.clip_variance[which, None, None]
        precision[:, :clips, :clips] = self.member @ (self._gain[which] / -noise) @ self.member.T
        diagonal = np.arange(clips)
        precision[:, diagonal, diagonal] += 1 / noise[..., 0]
        diagonal = np.arange(clips, clips + seats)
        precision[:, diagonal, diagonal] = 2 / SEAT_SPREAD**2
        return Prior(precision, self._log_determinant[which] + seats * np.log(2 / SEAT_SPREAD**2))

    def cells(self) -> Target:
        """The cells themselves."""
        return Target(self.covariance, self.covariance)

    def about(self, target: Target, posterior: Posterior, which: Ints) -> tuple[Floats, Floats]:
        """What votes say about a target: its mean and covariance under some of the hypotheses.

        Args:
            target: What is asked about.
            posterior: Of the clips, for these hypotheses.
            which: The hypotheses.
        """
        clips = len(self.cell_of)
        weights = np.matmul(target.with_cells[which], self._unexplained[which])
        sums = posterior.mode[:, :clips] @ self.member
        mean = np.matmul(weights, sums[..., None])[..., 0]
        known = self.member.T @ posterior.covariance[:, :clips, :clips] @ self.member
        once = self.replicates[:, None] * self.covariance[which] * self.replicates
        once = once + self.clip_variance[which, None, None] * np.diag(self.replicates)
        covariance = target.prior[which] - weights @ (once - known) @ weights.transpose(0, 2, 1)
        return mean, 0.5 * (covariance + covariance.transpose(0, 2, 1))

    def weights(self, which: int) -> Floats:
        """What the sums of each cell's clips are multiplied with to get the cells' expected strengths."""
        return np.asarray(self.covariance[which] @ self._unexplained[which])

    def evidence(self, measured: Floats, variance: Floats) -> Floats:
        """Log density of measured strengths of clips under every hypothesis, their errors being independent.

        Args:
            measured: A strength for each clip.
            variance: Of each one's error.
        """
        spread = self.clip_variance[:, None] + variance
        precise = (1 / spread) @ self.member
        sums = (measured / spread) @ self.member
        means = sums / np.maximum(precise, 1e-12)
        within = ((measured - means[:, self.cell_of]) ** 2 / spread).sum(axis=1) + np.log(spread).sum(axis=1)
        some = self.replicates > 0
        # The mean of each cell is measured too; what all of them have in common is not known from votes.
        error = np.where(some, 1 / np.maximum(precise, 1e-12), 1e12)
        between = self.covariance + error[:, :, None] * np.eye(len(some)) + 100.0
        solved = np.linalg.solve(between, np.where(some, means, 0.0)[..., None])[..., 0]
        _, determinant = np.linalg.slogdet(between)
        determinant -= np.log(error).sum(axis=1)
        return np.asarray(-0.5 * (within + (solved * np.where(some, means, 0.0)).sum(axis=1) + determinant))
