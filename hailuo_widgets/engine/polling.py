"""When to check a task: rarely before it can be done, often around the time when it will be.

A question is worth its price when a finished task would otherwise have waited too long for it. So what is reckoned up
is the expected waiting: for a task that was last seen running at `since`, the seconds that it will on average have been
done by `until`. It is nothing as long as the task can't be done, and grows quickly where most of its like are done.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

PRICE = 0.042
"""Seconds of expected waiting that make a question worthwhile."""

REMEMBERED = 50
"""How many of the last durations count: vendors become faster and slower."""

DOUBT = 2.0
"""How much dearer a question is where but one duration is known, and so where it leads is little known."""

OVERDUE = 1.05
"""By what the seconds grow from question to question for a task that takes longer than any before."""

FIRST_QUESTION = 1.0
"""Seconds after its begin when a task is asked for of whose like nothing is known."""

LONGEST = 7200.0
"""Seconds; no vendor works on a clip for longer, so a longer time says something else."""

CONTRADICTED = 2.0
"""A task that took less than this part of the shortest that is known shows that the others were measured wrongly."""

FAR_TOO_SHORT = 10.0
"""A time is forgotten that is shorter than this part of the median."""

_QUANTILES = 4
_TAIL = (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 8.0)


class Spread:
    """How long tasks of one kind take: a distribution, piecewise linear.

    Args:
        knots: Seconds with the share of tasks that are done by then, both rising, from 0 to nearly 1.

    Attributes:
        shortest: Seconds before which none is done.
        longest: Seconds after which hardly any runs.
        doubt: How much dearer a question is because little is known.
    """

    def __init__(self, knots: Sequence[tuple[float, float]]) -> None:
        self._at = [seconds for seconds, _ in knots]
        self._done = [share for _, share in knots]
        self._waited = [0.0]
        for (before, done_before), (after, done_after) in pairwise(knots):
            self._waited.append(self._waited[-1] + (after - before) * (done_before + done_after) / 2)
        self.shortest = self._at[0]
        self.doubt = 1.0
        self.longest = self._at[-len(_TAIL) - 1]

    @classmethod
    def of(cls, durations: Iterable[float]) -> Spread:
        """From how long such tasks took. Below the shortest and above the longest there is room for others."""
        known = sorted(durations)
        count, low, high = len(known), known[0], known[-1]
        room = max((high - low) / count, 0.3 * median(known) / count, 0.002 * high)
        last = count / (count + 1)
        steps = min(count, _QUANTILES)
        inner = [
            (_quantile(known, step / steps if steps > 1 else 0.5), last * (0.5 + step * (count - 1) / steps) / count)
            for step in (range(steps + 1) if steps > 1 else (0,))
        ]
        spread = cls(_rising([(max(0.0, low - room), 0.0), *inner, (high + room, last), *_tail(high + room, 1 - last)]))
        spread.doubt = 1 + DOUBT / count
        return spread

    @classmethod
    def around(cls, seconds: float, error: float) -> Spread:
        """From someone's word that it will be done by then, give or take an error."""
        low, high = max(0.0, seconds - error), seconds + error
        return cls(_rising([(low, 0.0), (high, 0.9), *((high + error * each, 1 - 0.1 / each**3) for each in _TAIL)]))

    def share(self, seconds: float) -> float:
        """The share of tasks that are done by then."""
        index = bisect_right(self._at, seconds)
        if index == 0:
            return 0.0
        if index == len(self._at):
            return self._done[-1]
        before, after = self._at[index - 1], self._at[index]
        done_before, done_after = self._done[index - 1], self._done[index]
        return done_before + (done_after - done_before) * (seconds - before) / (after - before)

    def waiting(self, since: float, until: float) -> float:
        """Seconds that a task, known to run at `since`, will on average have been done by `until`.

        Beyond all that was ever seen it is as if questions were asked at growing intervals.
        """
        if until <= self.shortest or until <= since:
            return 0.0
        if since >= self._at[-1]:
            return PRICE * ((until - since) / (0.1 * since)) ** 2
        done = self.share(since)
        more = self._area(until) - self._area(since) - done * (until - since)
        return max(0.0, more / (1.0 - done))

    def when(self, since: float, price: float = PRICE) -> float:
        """Seconds after its begin when it pays to ask for a task that ran at `since`."""
        at = self._when(since, price)
        return max(at, since * OVERDUE) if since > self.longest * OVERDUE**4 else at

    def _when(self, since: float, price: float) -> float:
        if since >= self._at[-1]:
            return since * (1.0 + 0.1 * math.sqrt(price / PRICE))
        done = self.share(since)
        missing = price * (1.0 - done)  # of the area between the share of finished tasks and what it was at `since`
        at, share = since, done
        for index in range(bisect_right(self._at, since), len(self._at)):
            width, rise = self._at[index] - at, self._done[index] - share
            area = width * (share - done + rise / 2)
            if area >= missing:
                slope, height = rise / width, share - done
                return at + 2 * missing / (height + math.sqrt(height * height + 2 * slope * missing))
            missing -= area
            at, share = self._at[index], self._done[index]
        return at + missing / max(share - done, 1e-9)

    def _area(self, seconds: float) -> float:
        index = bisect_right(self._at, seconds)
        if index == 0:
            return 0.0
        before, done = self._at[index - 1], self._done[index - 1]
        return self._waited[index - 1] + (seconds - before) * (done + self.share(seconds)) / 2


class Durations:
    """How long recent tasks of one kind took.

    Wrong lessons happen: the machine slept, or a release before this one measured with a clock that was set meanwhile.
    What can't be true is not learned, and what later tasks contradict is forgotten.
    """

    def __init__(self, known: Iterable[float] = ()) -> None:
        self._known: deque[float] = deque(filter(plausible, known), REMEMBERED)
        self._spread: Spread | None = None

    def learn(self, seconds: float) -> None:
        """One more; ignored where it can't be true."""
        if not plausible(seconds):
            return
        if self._known and seconds < min(self._known) / CONTRADICTED:
            self._keep(lambda known: known <= seconds * CONTRADICTED)
        self._known.append(seconds)
        usual = median(self._known)
        self._keep(lambda known: known >= usual / FAR_TOO_SHORT)
        self._spread = None

    def _keep(self, wanted: Callable[[float], bool]) -> None:
        self._known = deque(filter(wanted, self._known), REMEMBERED)

    @property
    def typical(self) -> float | None:
        """The median; None where none is known."""
        return median(self._known) if self._known else None

    @property
    def spread(self) -> Spread | None:
        """Their distribution; None where none is known."""
        if self._spread is None and self._known:
            self._spread = Spread.of(self._known)
        return self._spread


def plausible(seconds: float) -> bool:
    """Whether a task can have taken that long. False for what is no number, too."""
    return 0.0 < seconds <= LONGEST


def between(ran: float, elapsed: float) -> float:
    """How long a task took that was last seen running at `ran`, and done at `elapsed`.

    Where it was not asked for in between, it was hardly done long before anybody expected it.
    """
    return (max(ran, 0.85 * elapsed) + elapsed) / 2


def interval(elapsed: float, tasks: int, batch: int) -> float:
    """Seconds between two status checks if nothing is known about how long such tasks take.

    Whichever task is asked for tells of its like, so that many tasks can be few questions each.

    Args:
        elapsed: Seconds since the oldest of them began.
        tasks: How many there are.
        batch: For how many of them one question asks.
    """
    shared = min(elapsed / 25, 1.0) if batch > 1 else min(elapsed / 10, 10 / tasks)
    return max(min(elapsed / (8 * tasks), 5.0), shared, 1 / tasks if elapsed > 1 else 0.0, 0.02)


def _quantile(known: Sequence[float], share: float) -> float:
    ticket = share * (len(known) - 1)
    index = min(int(ticket), len(known) - 2) if len(known) > 1 else 0
    if len(known) == 1:
        return known[0]
    return known[index] + (known[index + 1] - known[index]) * (ticket - index)


def _tail(high: float, share: float) -> list[tuple[float, float]]:
    return [(high * each, 1 - share / each**3) for each in _TAIL]


def _rising(knots: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Without steps of no width, which equal durations make."""
    found: list[tuple[float, float]] = []
    for at, share in knots:
        if found and at <= found[-1][0] + 1e-6:
            found[-1] = (found[-1][0], max(share, found[-1][1]))
        else:
            found.append((at, max(share, found[-1][1]) if found else share))
    return found
