"""From votes to the posterior of clips' strengths under the hypotheses that matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hailuo_widgets.judge.laplace import Likelihood, Posterior, mode, posterior
from hailuo_widgets.judge.prior import RATER_SPREAD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hailuo_widgets.judge.cells import Cells
    from hailuo_widgets.judge.prior import Spreads
    from hailuo_widgets.judge.records import Record

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]

_FEW = 40
"""Up to so many clips every hypothesis is worked out; beyond, those that may explain the votes."""
_NEGLIGIBLE = 1e-5
_UNLIKELY = 4.0
"""With many clips a hypothesis is left out where its probability is less than exp(-4) of the best one's."""
_ROUGHLY = 1.0
"""When the first search ends: another one starts from where it ended."""


@dataclass(frozen=True, slots=True)
class Solution:
    """What was worked out.

    Attributes:
        hypotheses: Numbers of the hypotheses about the spreads that matter.
        posterior: Of clips and seats, under each of them.
        weights: Their probabilities.
        differ: How many times better “the cells differ” explains the votes than “the cells are the same” does.
        slopes: How strongly each rater's votes follow the strengths.
    """

    hypotheses: Ints
    posterior: Posterior
    weights: Floats
    differ: float
    slopes: Floats


def solve(record: Record, model: Cells, spreads: Spreads) -> Solution:
    """Work out the posterior.

    Args:
        record: The votes.
        model: How clips hang together.
        spreads: The hypotheses.
    """
    # A tie counts half for both, and varies less than a coin does: a vote tells more where there are ties.
    weight = 1 / (1 - min(record.ties / (record.votes + 4), 0.5))
    slopes = np.ones(len(record.raters))
    likelihood = Likelihood(record.ballots, len(record.clips), weight, slopes)
    which = np.arange(len(spreads.cells))
    start = None
    many = len(record.clips) > _FEW
    if many or len(slopes) > 1:
        nearest = np.abs(np.log(spreads.cells)) + np.abs(np.log(spreads.clips))
        middle = model.clip_prior(likelihood.seats, which[[int(nearest.argmin())]])
        start, _, _ = mode(likelihood, middle, _odds(record, likelihood.size), enough=_ROUGHLY)
        if len(slopes) > 1:
            slopes = _slopes(record, start[0], weight)
            likelihood = Likelihood(record.ballots, len(record.clips), weight, slopes)
            start, _, _ = mode(likelihood, middle, start)
    if start is not None and many:
        which = _promising(likelihood, model, spreads, start)
    if start is not None:
        start = np.repeat(start, len(which), axis=0)
    found = posterior(likelihood, model.clip_prior(likelihood.seats, which), start)
    weights = _normalised(found.evidence + spreads.weights[which])
    verdicts = _normalised(found.evidence + spreads.verdicts[which])
    same = float(verdicts[spreads.same[which]].sum())
    keep = weights > _NEGLIGIBLE
    found = Posterior(found.mode[keep], found.covariance[keep], found.evidence[keep])
    weights = weights[keep]
    return Solution(which[keep], found, weights / weights.sum(), (1 - same) / max(same, 1e-300), slopes)


def _odds(record: Record, size: int) -> Floats:
    """Where to begin: the odds of each clip's votes to be won."""
    clips = len(record.clips)
    won = np.zeros(clips)
    for ballots in record.ballots:
        won += np.bincount(ballots.clips.ravel(), ballots.scores.ravel(), clips)
    start = np.zeros((1, size))
    start[0, :clips] = np.log((won + 1) / (record.seen - won + 1))
    return start


def _promising(likelihood: Likelihood, model: Cells, spreads: Spreads, start: Floats) -> Ints:
    """The hypotheses that matter.

    With many clips one hypothesis costs a thousand times more than with few, and most are hopeless. They are compared
    as if each clip had been measured by itself: with the strength and the precision that one mode gives it.
    """
    clips = len(model.cell_of)
    gradient, curvature = likelihood.derivatives(start)
    precision = np.diagonal(curvature[0])[:clips] + 1e-6
    evidence = model.evidence(start[0, :clips] + gradient[0, :clips] / precision, 1 / precision)
    score = evidence + np.maximum(spreads.weights, spreads.verdicts)
    return np.flatnonzero(score > score.max() - _UNLIKELY)


def _slopes(record: Record, x: Floats, weight: float) -> Floats:
    """How strongly each rater's votes follow the strengths that all of them found together; 1 on average."""
    logs = np.zeros(len(record.raters))
    for _ in range(20):
        first = -logs / RATER_SPREAD**2
        second = np.full(len(logs), 1 / RATER_SPREAD**2)
        for ballots in record.ballots:
            eta = x[ballots.clips] * np.exp(logs[ballots.raters])[:, None]
            p = np.exp(eta - eta.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            scores = ballots.scores * weight
            total = scores.sum(axis=1)
            mean = (p * eta).sum(axis=1)
            first += np.bincount(ballots.raters, (scores * eta).sum(axis=1) - total * mean, len(logs))
            second += np.bincount(ballots.raters, total * ((p * eta**2).sum(axis=1) - mean**2), len(logs))
        step = np.clip(first / second, -0.5, 0.5)
        logs += step
        if np.abs(step).max() < 1e-4:
            break
    return np.asarray(np.exp(logs - logs.mean()))


def _normalised(logs: Floats) -> Floats:
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())
