"""What to do next: more votes on the clips there are, or more clips, and of which cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hailuo_widgets.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from numpy.typing import NDArray

    from hailuo_widgets.judge.study import Study

    Floats = NDArray[np.float64]

VOTES_A_CLIP = 8
"""How many votes a new clip is expected to get."""

_INFORMATION = 0.2
"""What one vote tells about the difference of two clips that are not far apart: p(1 - p)."""

_VOTES = (10, 20, 40, 80)
_DRAWS = 2000
_MOST_CLIPS = 60
_MOST_FREE = 4
"""So many clips of a cell are made at a time where they cost nothing: sketches."""

_WORTH = 0.02
"""A gain in the chance of naming the best cell below this is not worth an action."""


class Advice(NamedTuple):
    """What would settle a study.

    Attributes:
        now: The chance that the cell named best now is the best.
        votes: How many more votes, free.
        after_votes: The expected chance after them.
        clips: How many more clips of which cells the budget buys best; empty where it buys none, or where those would
            change next to nothing.
        cost: What those clips cost, in the unit of the prices.
        after_clips: The expected chance after these clips were made and voted on.
        sentence: Both in plain words.
    """

    now: float
    votes: int
    after_votes: float
    clips: Mapping[Hashable, int]
    cost: float
    after_clips: float
    sentence: str


def advise(study: Study, budget: float, price: Callable[[Hashable], float]) -> Advice:
    """Compare more votes with more clips by how likely the best cell will then be named.

    Args:
        study: The votes so far.
        budget: What may be spent on new clips.
        price: Of one new clip of a cell, in the same unit.

    Raises:
        UsageError: If there are not two cells, the budget is negative, or a price is negative or not a number.
    """
    if len(study.cells) < 2:
        raise UsageError("There are not two cells to compare.", hint="Add a cell.")
    if not budget >= 0:
        raise UsageError(f"A budget of {budget!r} can't be spent.", hint="Give a budget of 0 or more.")
    prices = np.array([float(price(cell)) for cell in study.cells])
    if not np.all(prices >= 0):
        raise UsageError("A price is negative or unknown.", hint="Give a price of 0 or more for every cell.")
    outlook = _Outlook(study)
    now = max(study.best.values())
    by_votes = {count: outlook.chance(outlook.voted(count)) for count in _VOTES}
    most = max(by_votes.values())
    votes = next(count for count, chance in by_votes.items() if chance >= now + 0.8 * (most - now) or chance == most)
    after_votes = max(now, by_votes[votes])
    bought = outlook.buy(budget, prices)
    after_clips = max(now, outlook.chance(outlook.extended(bought))) if bought.any() else now
    clips = {cell: int(count) for cell, count in zip(study.cells, bought, strict=True) if count}
    cost = float(bought @ prices)
    advice = Advice(now, votes, after_votes, clips, cost, after_clips, "")
    advice = advice._replace(sentence=_sentence(advice))
    # What the sentence calls not worth buying is not offered.
    return advice if after_clips - now >= _WORTH else advice._replace(clips={}, cost=0.0, after_clips=now)


def outlook(study: Study, clips: Mapping[Hashable, int]) -> float:
    """Expected chance that the cell that will be named best is the best, once these clips were made and voted on."""
    found = _Outlook(study)
    bought = np.array([float(clips.get(cell, 0)) for cell in study.cells])
    return max(float(max(study.best.values())), found.chance(found.extended(bought)))


class _Outlook:
    """What the cells' strengths may look like after more was learnt."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.mean, self.covariance = study.moments()
        self.noise = study.clip_variance
        self.normal = np.random.default_rng(2).standard_normal((2, _DRAWS, len(study.cells)))

    def chance(self, after: Floats) -> float:
        """Expected chance that the cell that will be named best is the best, for a covariance after learning."""
        learnt = self.mean + self.normal[0] @ _root(self.covariance - after).T
        truth = learnt + self.normal[1] @ _root(after).T
        return float((learnt.argmax(axis=1) == truth.argmax(axis=1)).mean())

    def leader(self, after: Floats) -> float:
        """Expected strength of the cell that will be named best: smoother than a chance, so clips are bought by it."""
        return float((self.mean + self.normal[0] @ _root(self.covariance - after).T).max(axis=1).mean())

    def voted(self, count: int) -> Floats:
        """Covariance after more votes on the clips there are, most of them on the cells that may be the best."""
        return self.study.after_votes(_INFORMATION * 2 * count)

    def extended(self, clips: Floats) -> Floats:
        """Covariance after more clips of each cell, each with its votes."""
        each = self.noise + 1 / (_INFORMATION * VOTES_A_CLIP)
        identity = np.eye(len(self.mean))
        return np.asarray(np.linalg.solve(identity + self.covariance * (clips / each), self.covariance))

    def buy(self, budget: float, prices: Floats) -> Floats:
        """How many clips of each cell: one after the other, the one that is worth most for its price."""
        bought = np.zeros(len(prices))
        left = budget
        value = self.leader(self.covariance)
        while bought.sum() < _MOST_CLIPS:
            affordable = np.flatnonzero((prices <= left + 1e-9) & ((prices > 0) | (bought < _MOST_FREE)))
            if not len(affordable):
                break
            gains = np.array([self.leader(self.extended(bought + np.eye(len(prices))[cell])) for cell in affordable])
            worth = (gains - value) / np.maximum(prices[affordable], 1e-9)
            cell = affordable[int(worth.argmax())]
            value = float(gains[int(worth.argmax())])
            bought[cell] += 1
            left -= prices[cell]
        return bought


def _root(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(0.5 * (covariance + covariance.T))
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0)))


def _sentence(advice: Advice) -> str:
    count, cells = sum(advice.clips.values()), len(advice.clips)
    more = f"{count} more {'clip' if count == 1 else 'clips'} of {cells} {'cell' if cells == 1 else 'cells'}"
    start = f"The leader is the best with a chance of {advice.now:.0%}."
    if max(advice.after_votes, advice.after_clips) - advice.now < _WORTH:
        nor = more if count else "this budget"
        return f"{start} Neither {advice.votes} more votes nor {nor} would change that much."
    said = f"About {advice.votes} more votes (free): {advice.after_votes:.0%}"
    if not count:
        return f"{start} {said}."
    if advice.after_clips - advice.now < _WORTH:
        return f"{start} {said}; {more} would not change that much."
    return f"{start} {said}; or {more} (${advice.cost:.2f}), with their votes: {advice.after_clips:.0%}."
