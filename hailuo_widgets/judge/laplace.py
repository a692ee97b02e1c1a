"""The posterior of clips' strengths under every hypothesis about their spreads at once.

For given spreads the strengths are normal before the votes, and a vote is logistic (Luce's choice rule where more than
two clips compete). The log posterior is concave; its mode is found by Newton's method and its curvature there is the
inverse covariance (Laplace's approximation), which also gives how well each hypothesis explains the votes. All
hypotheses are one batch of small matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hailuo_widgets.judge.normal import expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hailuo_widgets.judge.records import Ballots

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]

_ROUNDS = 40
_HALVINGS = 12
_ENOUGH = 1e-5


@dataclass(frozen=True, slots=True)
class Prior:
    """Normal priors, one for each hypothesis.

    Attributes:
        precision: Inverse covariance of strengths and seats; shape (hypotheses, size, size).
        log_determinant: Of `precision`.
    """

    precision: Floats
    log_determinant: Floats

    def __getitem__(self, which: Ints) -> Prior:
        return Prior(self.precision[which], self.log_determinant[which])


class Likelihood:
    """Log likelihood of the votes, with its derivatives, for many vectors of strengths at once.

    A vector holds the strengths of all clips, then what each seat adds.
    """

    def __init__(self, ballots: tuple[Ballots, ...], clips: int, weight: float, slopes: Floats) -> None:
        """Lay out the votes.

        Args:
            ballots: The votes.
            clips: Number of clips.
            weight: Of one vote; above 1 where ties make votes vary less than a coin does.
            slopes: How strongly each rater's votes follow the strengths; 1 is usual.
        """
        self.clips = clips
        self.seats = max([2, *(each.clips.shape[1] for each in ballots)])
        self.size = clips + self.seats
        self._tables = [_Table(each, clips, weight, slopes) for each in ballots]

    def value(self, x: Floats) -> Floats:
        """Log likelihood; shape (hypotheses,)."""
        total = np.zeros(len(x))
        for table in self._tables:
            total += table.value(x, self.clips)
        return total

    def derivatives(self, x: Floats) -> tuple[Floats, Floats]:
        """Gradient, and the negative of the matrix of second derivatives."""
        gradient = np.zeros(x.shape)
        curvature = np.zeros((*x.shape, x.shape[1]))
        for table in self._tables:
            table.add(x, self.clips, gradient, curvature)
        return gradient, curvature


class _Table:
    """Votes that compare equally many clips."""

    def __init__(self, ballots: Ballots, clips: int, weight: float, slopes: Floats) -> None:
        self.shown = ballots.clips
        self.count = ballots.clips.shape[1]
        self.scores = ballots.scores * weight
        self.totals = self.scores.sum(axis=1)
        self.slopes = slopes[ballots.raters]
        self.alike = bool(np.all(self.slopes == 1))
        self.seats = [_Sums.by(column) for column in self.shown.T]
        self.duels: list[tuple[int, int, _Sums]] = []
        for one in range(self.count):
            for other in range(one + 1, self.count):
                self.duels.append((one, other, _Sums.by(self.shown[:, one] * clips + self.shown[:, other])))

    def gap(self, x: Floats, clips: int) -> Floats:
        """By how much the first of two seats leads."""
        across = np.take(x, self.shown[:, 0], axis=1)
        across -= np.take(x, self.shown[:, 1], axis=1)
        if not self.alike:
            across *= self.slopes
        across += (x[:, clips] - x[:, clips + 1])[:, None]
        return across

    def eta(self, x: Floats, clips: int) -> Floats:
        strengths = x[:, self.shown]
        if not self.alike:
            strengths *= self.slopes[:, None]
        strengths += x[:, None, clips : clips + self.count]
        return strengths

    def value(self, x: Floats, clips: int) -> Floats:
        if self.count == 2:
            gap = self.gap(x, clips)
            softplus = np.maximum(gap, 0) + np.log1p(np.exp(-np.abs(gap)))
            return np.asarray(gap @ self.scores[:, 0] - softplus @ self.totals)
        eta = self.eta(x, clips)
        top = eta.max(axis=-1, keepdims=True)
        norm = np.log(np.exp(eta - top).sum(axis=-1)) + top[..., 0]
        return np.asarray((eta * self.scores).sum(axis=(1, 2)) - norm @ self.totals)

    def add(self, x: Floats, clips: int, gradient: Floats, curvature: Floats) -> None:
        if self.count == 2:
            first = expit(self.gap(x, clips))
            shares = [first, 1 - first]
        else:
            eta = self.eta(x, clips)
            p = np.exp(eta - eta.max(axis=-1, keepdims=True))
            p /= p.sum(axis=-1, keepdims=True)
            shares = list(p.transpose(2, 0, 1))
        slopes = self.slopes
        for seat, p in enumerate(shares):
            rest = self.scores[:, seat] - self.totals * p
            gradient[:, clips + seat] += rest.sum(axis=1)
            sums = self.seats[seat]
            gradient[:, sums.keys] += sums(rest * slopes)
        diagonal = np.arange(clips)
        for one, other, sums in self.duels:
            weight = self.totals * shares[one] * shares[other]
            dense = np.zeros((len(x), clips, clips))
            flat = dense.reshape(len(x), -1)
            flat[:, sums.keys] = sums(weight * slopes)
            rows, columns = dense.sum(axis=2), dense.sum(axis=1)
            a, b, both = clips + one, clips + other, weight.sum(axis=1)
            for seat, sign in ((a, 1), (b, -1)):
                mixed = sign * (rows - columns)
                curvature[:, :clips, seat] += mixed
                curvature[:, seat, :clips] += mixed
                curvature[:, seat, seat] += both
            curvature[:, a, b] -= both
            curvature[:, b, a] -= both
            if not self.alike:
                flat[:, sums.keys] = sums(weight * slopes**2)
                rows, columns = dense.sum(axis=2), dense.sum(axis=1)
            block = curvature[:, :clips, :clips]
            block -= dense
            block -= dense.transpose(0, 2, 1)
            block[:, diagonal, diagonal] += rows + columns


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums over the votes that have the same key.

    Attributes:
        keys: The keys, ascending.
        order: Sorts the votes by key; None where they are in order and no two have the same.
        starts: Where each key begins in that order.
    """

    keys: Ints
    order: Ints | None
    starts: Ints

    @classmethod
    def by(cls, keys: Ints) -> _Sums:
        if np.all(keys[1:] > keys[:-1]):
            return cls(keys, None, keys[:0])
        order = keys.argsort(kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(keys[order]) != 0])
        return cls(keys[order][starts], order, starts)

    def __call__(self, values: Floats) -> Floats:
        """Of each row; shape (rows, votes) to (rows, keys)."""
        if self.order is None:
            return values
        return np.asarray(np.add.reduceat(values[:, self.order], self.starts, axis=1))


@dataclass(frozen=True, slots=True)
class Posterior:
    """Normal approximations of the posterior, one for each hypothesis.

    Attributes:
        mode: Shape (hypotheses, size).
        covariance: Shape (hypotheses, size, size).
        evidence: Log marginal likelihood of each hypothesis, up to a common constant.
    """

    mode: Floats
    covariance: Floats
    evidence: Floats


def mode(
    likelihood: Likelihood, prior: Prior, start: Floats | None = None, enough: float = _ENOUGH
) -> tuple[Floats, Floats, Floats]:
    """Mode of the log posterior by Newton's method with halved steps.

    Args:
        likelihood: Of the votes.
        prior: Of the strengths.
        start: Where to begin; zeros if None.
        enough: The search ends with a step that raises the log posterior by less than this.

    Returns:
        The modes, the log posterior there, and its curvature there (negated; positive definite).
    """
    x = np.zeros((len(prior.precision), likelihood.size)) if start is None else start.copy()
    value = likelihood.value(x) - 0.5 * np.einsum("gi,gij,gj->g", x, prior.precision, x)
    curvature = prior.precision
    for _ in range(_ROUNDS):
        gradient, curvature = likelihood.derivatives(x)
        gradient -= np.matmul(prior.precision, x[..., None])[..., 0]
        curvature += prior.precision
        step = np.linalg.solve(curvature, gradient[..., None])[..., 0]
        if float((gradient * step).sum(axis=1).max()) < enough:
            x = x + step
            break
        length = np.ones(len(x))
        for _ in range(_HALVINGS):
            ahead = x + length[:, None] * step
            reached = likelihood.value(ahead) - 0.5 * np.einsum("gi,gij,gj->g", ahead, prior.precision, ahead)
            worse = reached < value - 1e-9
            if not worse.any():
                break
            length = np.where(worse, 0.4 * length, length)
        x, value = ahead, reached
    return x, value, curvature


def posterior(likelihood: Likelihood, prior: Prior, start: Floats | None = None) -> Posterior:
    """The posterior under every hypothesis."""
    x, value, curvature = mode(likelihood, prior, start)
    factor = np.linalg.cholesky(curvature)
    log_determinant = 2 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    evidence = value + 0.5 * prior.log_determinant - 0.5 * log_determinant
    return Posterior(x, np.asarray(np.linalg.inv(curvature)), evidence)
