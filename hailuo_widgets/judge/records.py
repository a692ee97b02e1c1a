"""Votes as arrays: checked, numbered, and equal ones counted together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from hailuo_widgets.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]
    Vote = tuple[Sequence[Hashable], int | None]

SEATS = (2, 3, 4)
"""How many clips a vote may compare."""


@dataclass(frozen=True, slots=True)
class Ballots:
    """Votes that compare equally many clips.

    Attributes:
        shown: The clip in each seat, vote by vote; shape (votes, seats).
        answers: The seat that won, -1 for a tie; shape (votes,).
        voters: Number of the voter; shape (votes,).
        clips: The same with equal votes in one row: the clip in each seat; shape (rows, seats).
        scores: How often each seat won, a tie shared out between all; shape (rows, seats).
        raters: Number of the voter; shape (rows,).
    """

    shown: Ints
    answers: Ints
    voters: Ints
    clips: Ints
    scores: Floats
    raters: Ints


@dataclass(frozen=True, slots=True)
class Record:
    """All votes of a study.

    Attributes:
        clips: Names of the clips, those of a cell side by side.
        cells: Names of the cells.
        cell_of: Number of each clip's cell, ascending.
        raters: Names of the voters.
        ballots: The votes by how many clips they compare.
        votes: Number of votes.
        ties: Number of ties among them.
        seen: How many votes each clip was in.
    """

    clips: tuple[Hashable, ...]
    cells: tuple[Hashable, ...]
    cell_of: Ints
    raters: tuple[Hashable, ...]
    ballots: tuple[Ballots, ...]
    votes: int
    ties: int
    seen: Ints


_DENSE = 50_000
"""Votes are counted in a table of all that could be given, as long as it is this small."""


def read(
    votes: Iterable[Vote],
    cells: Mapping[Hashable, Hashable],
    voters: Iterable[Hashable] | None = None,
    others: Iterable[Hashable] = (),
) -> Record:
    """Check votes and number what they name.

    Args:
        votes: Each the clips in their seats, and the winner's seat from 0 or None for a tie.
        cells: Clip → its cell.
        voters: Who gave each vote; None where it was the same person.
        others: Cells that may have no clip yet.

    Raises:
        UsageError: If a vote names a clip without a cell or the same clip twice, has not 2 to 4 seats, or an answer
            that is no seat; or if there is not one voter a vote.
    """
    names = tuple(dict.fromkeys([*cells.values(), *others]))
    number = {name: index for index, name in enumerate(names)}
    clips = tuple(sorted(cells, key=lambda clip: number[cells[clip]]))
    index = {clip: place for place, clip in enumerate(clips)}
    given = list(votes)
    who = list(voters) if voters is not None else [None] * len(given)
    if len(who) != len(given):
        raise UsageError(f"{len(given)} votes have {len(who)} voters.", hint="Give one voter for each vote.")
    raters = {name: place for place, name in enumerate(dict.fromkeys(who))}
    groups = _by_seats(given)
    seen = np.zeros(len(clips), dtype=np.intp)
    ballots = []
    for seats, places in sorted(groups.items()):
        chosen = given if len(places) == len(given) else [given[place] for place in places]
        try:
            flat = map(index.__getitem__, chain.from_iterable(map(itemgetter(0), chosen)))
            shown = np.fromiter(flat, np.intp, seats * len(places)).reshape(-1, seats)
        except KeyError as error:
            raise UsageError(
                f"The clip {str(error.args[0])[:60]!r} was voted on but has no cell.",
                hint="Name its cell in cells={clip: cell}.",
            ) from None
        ordered = np.sort(shown, axis=1)
        if np.any(ordered[:, 1:] == ordered[:, :-1]):
            raise UsageError("A vote compares a clip with itself.", hint="Compare different clips.")
        answers = _answers(list(map(itemgetter(1), chosen)), seats)
        voter = np.zeros(len(places), dtype=np.intp)
        if len(raters) > 1:
            voter[:] = [raters[who[place]] for place in places]
        ballots.append(_ballots(shown, answers, voter))
        seen += np.bincount(shown.ravel(), minlength=len(clips))
    ties = sum(int((each.answers < 0).sum()) for each in ballots)
    cell_of = np.array([number[cells[clip]] for clip in clips], dtype=np.intp)
    return Record(clips, names, cell_of, tuple(raters), tuple(ballots), len(given), ties, seen)


def _by_seats(given: list[Vote]) -> dict[int, Sequence[int]]:
    """Places of the votes by how many clips they compare."""
    try:
        counts = list(map(len, map(itemgetter(0), given)))
    except (TypeError, IndexError):
        raise UsageError("A vote can't be read.", hint="Write each vote as ((clip, clip), answer).") from None
    kinds = set(counts)
    if wrong := kinds - set(SEATS):
        raise UsageError(f"A vote compares {min(wrong)} clips.", hint="Compare 2 to 4 clips.")
    if len(kinds) == 1:
        return {counts[0]: range(len(given))}
    return {kind: [place for place, count in enumerate(counts) if count == kind] for kind in kinds}


def _answers(answers: list[int | None], seats: int) -> Ints:
    allowed = set(range(seats))
    wrong = [each for each in set(answers) - {None} if each not in allowed]
    if bool in set(map(type, answers)):
        wrong.append(True)
    if wrong:
        raise UsageError(
            f"{str(wrong[0])[:20]!r} is not a position from 0 to {seats - 1}.",
            hint=f"Answer with 0 to {seats - 1}, or None for a tie.",
        )
    return np.array([-1 if each is None else each for each in answers], dtype=np.intp)


def _ballots(shown: Ints, answers: Ints, voters: Ints) -> Ballots:
    seats = shown.shape[1]
    outcome = np.vstack([np.eye(seats), np.full(seats, 1 / seats)])[answers]
    # Equal votes in one row: sorted by voter and clips, which fit into one number as long as they are few.
    shape = (int(voters.max()) + 1, *[int(shown.max()) + 1] * seats)
    size = math.prod(shape)
    key = voters
    for column in shown.T:
        key = key * shape[-1] + column
    if size <= _DENSE:
        scores = [np.bincount(key, outcome[:, seat], size) for seat in range(seats)]
        rows = np.flatnonzero(np.sum(scores, axis=0))
        digits = np.unravel_index(rows, shape)
        clips = np.stack(digits[1:], axis=1)
        return Ballots(shown, answers, voters, clips, np.stack([each[rows] for each in scores], axis=1), digits[0])
    if size > np.iinfo(np.intp).max:
        key = np.arange(len(voters))
    order = key.argsort(kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(key[order]) != 0])
    first = order[starts]
    return Ballots(shown, answers, voters, shown[first], np.add.reduceat(outcome[order], starts), voters[first])
