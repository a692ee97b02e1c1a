"""Whether voters agree: with one another, and each with itself."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable

    from hailuo_widgets.judge.records import Record


class Consistency(NamedTuple):
    """How consistent a voter is.

    Attributes:
        repeats: How many votes were on clips that the voter had judged before.
        same: How many of those had the same answer as the time before.
        shared: How many of its votes were on clips that others judged too.
        agreeing: Share of the others' answers on those clips that are the same; None where there are none.
        outlier: Whether it disagrees with the others more often than chance would: for a person to look at. Its votes
            stay in.
    """

    repeats: int
    same: int
    shared: int
    agreeing: float | None
    outlier: bool


def _by_clips(record: Record) -> dict[frozenset[int], dict[int, list[int | None]]]:
    """Clips → voter → the clips that it picked, in order; None for ties."""
    found: dict[frozenset[int], dict[int, list[int | None]]] = defaultdict(lambda: defaultdict(list))
    for ballots in record.ballots:
        columns = (ballots.shown.tolist(), ballots.answers.tolist(), ballots.voters.tolist())
        for clips, answer, rater in zip(*columns, strict=True):
            found[frozenset(clips)][rater].append(None if answer < 0 else clips[answer])
    return found


def consistency(record: Record) -> dict[Hashable, Consistency]:
    """How far each voter agrees with itself and with the others."""
    counts = [[0, 0, 0, 0.0, 0] for _ in record.raters]
    for by_rater in _by_clips(record).values():
        for rater, answers in by_rater.items():
            mine = counts[rater]
            mine[0] += len(answers) - 1
            mine[1] += sum(one == two for one, two in itertools.pairwise(answers))
            others = [each for other, given in by_rater.items() if other != rater for each in given]
            if others:
                mine[2] += len(answers)
                mine[3] += sum(others.count(each) / len(others) for each in answers)
    found = {}
    for name, (repeats, same, shared, agreeing, _) in zip(record.raters, counts, strict=True):
        share = agreeing / shared if shared else None
        # Three standard errors below the half that tossing a coin would give.
        outlier = share is not None and shared >= 10 and share < 0.5 - 1.5 / shared**0.5
        found[name] = Consistency(int(repeats), int(same), int(shared), share, outlier)
    return found


def alpha(record: Record) -> float | None:
    """Krippendorff's α for nominal answers: 1 is agreement, 0 what chance gives, below 0 is contradiction.

    Each set of clips is a unit, and the clip that a voter picked last (or a tie) its value. Values of different units
    are different clips, so chance is counted by seat: the clips of a unit are ordered, and the first, second, … and a
    tie are the categories.

    Returns:
        None where fewer than two voters judged the same clips.
    """
    pairs: dict[tuple[int, int], float] = defaultdict(float)
    for clips, by_rater in _by_clips(record).items():
        if len(by_rater) < 2:
            continue
        order = {clip: place for place, clip in enumerate(sorted(clips))}
        values = [-1 if answers[-1] is None else order[answers[-1]] for answers in by_rater.values()]
        for one, value in enumerate(values):
            for two, other in enumerate(values):
                if one != two:
                    pairs[value, other] += 1 / (len(values) - 1)
    return krippendorff(pairs)


def krippendorff(pairs: dict[tuple[int, int], float]) -> float | None:
    """Krippendorff's α from the matrix of coincidences.

    Args:
        pairs: How often two values meet, each vote counted once in all.

    Returns:
        None where nothing meets.
    """
    totals: dict[int, float] = defaultdict(float)
    for (value, _), count in pairs.items():
        totals[value] += count
    everything = sum(totals.values())
    if not everything:
        return None
    observed = sum(count for (value, other), count in pairs.items() if value != other) / everything
    expected = (everything**2 - sum(count**2 for count in totals.values())) / (everything * (everything - 1))
    return 1 - observed / expected if expected else 1.0
