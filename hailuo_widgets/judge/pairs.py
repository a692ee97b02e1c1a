"""Which two clips to show next: the pair whose vote is expected to help most with the question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from hailuo_widgets.errors import UsageError
from hailuo_widgets.judge.normal import expit

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from hailuo_widgets.judge.study import Study

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]
    Question = Literal["best", "order"]

FLOOR = 0.1
"""Share of pairs that are drawn at random, so that no clip is left out for what it looked like in the beginning."""

_FEWEST_DRAWS, _MOST_DRAWS = 512, 4096
_DRAWN = 40_000
"""So many strengths are drawn in all: with few clips more often, where the first votes depend on it."""

_MOST_CLIPS = 40
"""So many clips, those that may be the best, are compared with one another to find the pair."""

_ALL_CELLS = 0.05
"""How much it counts that a vote tells about all cells, beside the chance that it leads to the best one."""


class Pair(NamedTuple):
    """Two clips to be shown.

    Attributes:
        clips: In their seats.
        probability: With which these two, in any seats, were chosen; to be kept with the vote.
        random: Whether they were drawn at random.
    """

    clips: tuple[Hashable, Hashable]
    probability: float
    random: bool


def next_pair(study: Study, generator: np.random.Generator, *, question: Question = "best") -> Pair:
    """Choose the pair to show next.

    Args:
        study: The votes so far.
        generator: Draws the pair where it is drawn at random, and the seats.
        question: What the vote should tell about: which cell is the best, or the order of all of them.

    Returns:
        The pair. Clips of one cell meet only where there is one cell.

    Raises:
        UsageError: If there are not two clips, or no such question.
    """
    if question not in {"best", "order"}:
        raise UsageError(f"There is no question {question[:40]!r}.", hint="Ask for best or order.")
    record = study.record
    count = len(record.clips)
    if count < 2:
        raise UsageError("There are not two clips to compare.", hint="Add clips.")
    several = len(set(record.cell_of.tolist())) > 1
    possible = _possible(record.cell_of, several)
    random = bool(generator.random() < FLOOR)
    best = _most_telling(study, question, several)
    if random:
        drawn = possible[int(generator.integers(len(possible)))]
        chosen = (int(drawn[0]), int(drawn[1]))
    else:
        chosen = best
    probability = FLOOR / len(possible) + (1 - FLOOR) * (chosen == best)
    seats = chosen if generator.random() < 0.5 else chosen[::-1]
    return Pair((record.clips[seats[0]], record.clips[seats[1]]), probability, random)


def _possible(cell_of: Ints, several: bool) -> Ints:
    """Pairs of clips that may meet, the smaller number first."""
    pairs = np.argwhere(np.triu(np.ones((len(cell_of), len(cell_of)), dtype=bool), 1))
    return pairs[cell_of[pairs[:, 0]] != cell_of[pairs[:, 1]]] if several else pairs


def _most_telling(study: Study, question: Question, several: bool) -> tuple[int, int]:
    """The pair after whose vote the best cell is most likely named, or which tells most about the order."""
    cell_of = study.record.cell_of
    count = min(max(_DRAWN // len(cell_of), _FEWEST_DRAWS), _MOST_DRAWS)
    clips, cells = study.draws(count)
    among = np.arange(len(cell_of))
    if len(among) > _MOST_CLIPS:
        # The clips of the cells that may be the best, judged by the upper end of what they may be; few votes first.
        upper = cells.mean(axis=0) + 1.5 * cells.std(axis=0)
        score = upper[cell_of] if question == "best" else clips.std(axis=0)
        among = np.sort(np.lexsort((study.record.seen, -score))[:_MOST_CLIPS])
    pairs = among[_possible(cell_of[among], several)]
    if not len(pairs):
        pairs = _possible(cell_of, several)
    p = expit(clips[:, pairs[:, 0]] - clips[:, pairs[:, 1]])
    gain = _chance_of_naming(p, cells.argmax(axis=1)) if question == "best" and several else _information(p)
    # Equal gains, as before the first vote: the pair that was seen least.
    seen = study.record.seen[pairs].sum(axis=1)
    one, two = pairs[int(np.lexsort((seen, -np.round(gain, 6)))[0])]
    return int(one), int(two)


def _chance_of_naming(p: Floats, best: Ints) -> Floats:
    """How likely the best cell is named after one more vote on each pair.

    Args:
        p: The chance that the first clip of a pair wins; shape (draws, pairs).
        best: The best cell of each draw.
    """
    winners, best = np.unique(best, return_inverse=True)
    member = np.equal.outer(np.arange(len(winners)), best).astype(float)
    first = member @ p / len(best)  # that a cell is the best and the first clip wins
    second = member.mean(axis=1, keepdims=True) - first
    named = first.max(axis=0) + second.max(axis=0)
    # Where no single vote changes who leads, what the vote tells about all cells decides.
    total = first.sum(axis=0)
    told = (first**2).sum(axis=0) / total + (second**2).sum(axis=0) / (1 - total)
    return np.asarray(named + _ALL_CELLS * told)


def _information(p: Floats) -> Floats:
    """What a vote on each pair is expected to tell about the clips, in nats."""
    return np.asarray(_entropy(p.mean(axis=0)) - _entropy(p).mean(axis=0))


def _entropy(p: Floats) -> Floats:
    """Of a vote, in nats."""
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return np.asarray(-p * np.log(p) - (1 - p) * np.log1p(-p))
