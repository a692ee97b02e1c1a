"""When the next request may be sent to a vendor, by its limits as published, as set, and as learned from 429s.

Three things can be behind a refusal (HTTP 429): too many tasks in flight, too many submissions a minute, too many
requests of any kind a minute. Which of them it is, the vendor seldom says. So a refusal leaves suspects, each with the
level at which it happened; what the vendor takes later at or above such a level clears that suspect, and the last one
left is the limit. A learned limit is tried from time to time, one request above it, and rises where that is taken.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hailuo_widgets.engine.limits import Limits

MINUTE = 60.0

MARGIN = 0.05
"""Seconds that are added to a vendor's minute: its clock and ours don't tick at the same moment."""

DOUBT = 3.0
"""Seconds: what was taken so long before a minute is over may have left the vendor's count already."""

UNNOTICED = 5.0
"""Seconds for which a task may have ended unnoticed, so that one more was taken than the limit seems to allow."""

FIRST_TRY = 4.0
"""Seconds after which a limit that is only suspected is tried; three times as long after each refusal."""

FIRST_RAISE = 120.0
"""Seconds after which a limit that was learned is tried from above; twice as long after each refusal."""

LONGEST_RAISE = 3600.0

LONGEST_REST = 15.0
"""Seconds of the longest rest after refusals that nothing of ours explains, and where the vendor can't be reached."""

NOT_BY_TASKS = 2.0
"""Seconds; a vendor that asks for a longer pause counts requests: it can't know when a task will end."""

LONGEST_RETRY_AFTER = 120.0
"""Seconds; a vendor that asks for a longer pause is tried again after this one."""

FIRST_AT_ONCE = 2.0
AT_ONCE = 16.0
"""Paying calls that wait for their answers at once: two at first, one more for each three that were taken, up to this.
So where a vendor has a limit that is unknown, no more than a third of it runs into it."""

ASKED_AT_ONCE = 8


class LimitKind(Enum):
    """The quantities that a vendor may limit."""

    IN_FLIGHT = "tasks in flight"
    SUBMITS = "submissions a minute"
    ALL = "requests a minute"


class Outcome(Enum):
    """The outcome of a paying call."""

    TAKEN = "taken"
    ANSWERED = "answered"
    """Not with a task, but it was not refused for its rate."""
    LOST = "lost"
    """There was no answer; it may have arrived."""
    NEVER_SENT = "never sent"
    """The vendor could not be reached."""
    REFUSED = "refused"
    """For its rate: the vendor certainly did not take it."""


@dataclass
class _Cap:
    """A limit that was learned, or is suspected: at that level the vendor refused."""

    level: int
    pause: float
    next_try: float


@dataclass
class RateLimiter:
    """Decides what may be sent, from what was sent. It has no clock and never waits: the caller passes the time.

    Attributes:
        limits: What is known beforehand; never exceeded.
    """

    limits: Limits
    _submits: deque[float] = field(default_factory=deque)
    _asks: deque[float] = field(default_factory=deque)
    _watched: set[str] = field(default_factory=set)
    _left: dict[str, float] = field(default_factory=dict)
    _submitting: int = 0
    _asking: int = 0
    _at_once: float = FIRST_AT_ONCE
    _refused: int = 0
    _in_vain: int = 0
    _retry_after: float | None = None
    _not_before: float = 0.0
    _suspects: dict[LimitKind, _Cap] = field(default_factory=dict)
    _caps: dict[LimitKind, _Cap] = field(default_factory=dict)
    _most: dict[LimitKind, int] = field(default_factory=dict)
    _trying: LimitKind | None = None
    _seemed: tuple[float, int] | None = None
    """When so many tasks seemed to be in flight; fewer, where some of them turn out to have ended before."""
    asks_to_come: int = 0
    """Questions that will want to leave within a minute; where all requests count, submissions leave them room."""
    calls_a_task: int = 1
    """Questions that each task needs at least."""

    # --- what is under way ---

    def began(self, task_id: str) -> None:
        """A task is at the vendor."""
        self._left.pop(task_id, None)
        self._watched.add(task_id)

    def ended(self, task_id: str) -> None:
        """A task has ended there, a moment ago or a little earlier."""
        self._watched.discard(task_id)
        self._left.pop(task_id, None)
        if self._seemed is not None:
            self._seemed = (self._seemed[0], self._seemed[1] - 1)

    def left_alone(self, task_id: str, until: float) -> None:
        """A task is detached; the vendor still works on it until then, as far as can be told."""
        if task_id in self._watched:
            self._watched.remove(task_id)
            self._left[task_id] = until

    @property
    def _flying(self) -> int:
        """Tasks in flight, as far as is known."""
        return len(self._watched) + len(self._left)

    @property
    def full(self) -> bool:
        """Whether no more tasks may be in flight."""
        level = self._limit(LimitKind.IN_FLIGHT)
        return level is not None and self._flying + self._submitting >= level

    @property
    def seconds_a_request(self) -> float:
        """What a request costs where the vendor counts every one; 0 where it is not known to count questions."""
        level = self._limit(LimitKind.ALL)
        return 0.0 if level is None else MINUTE / level

    # --- paying calls ---

    def submit_wait(self, now: float) -> float:
        """Seconds until a paying call may leave; infinite where an answer or the end of a task has to come first."""
        self._tidy(now)
        if self._refused or self._submitting >= int(self._at_once) or self._trying is not None:
            return math.inf
        wait = max(0.0, self._not_before - now)
        for kind, level in self._known().items():
            wait = max(wait, self._until_below(kind, level, now))
        for kind, cap in self._caps.items():
            wait = max(wait, min(self._until_below(kind, cap.level, now), cap.next_try - now))
        waits = [self._until_below(kind, cap.level, now) for kind, cap in self._suspects.items()]
        if any(waits):  # not all agree that it would be taken: one at a time, to find out
            tries = min(cap.next_try - now for cap in self._suspects.values())
            wait = max(wait, math.inf if self._submitting else min(*waits, tries))
        return wait

    def leave(self, now: float) -> None:
        """A paying call leaves. Where it is one more than a learned limit, that limit is being tried."""
        for kind, cap in self._caps.items():
            if self._until_below(kind, cap.level, now) > 0:
                self._trying = kind
                cap.next_try = now + cap.pause  # whatever comes of it
        self._submitting += 1

    def give_back(self, now: float) -> None:
        """A paying call was not sent after all."""
        self._submitting -= 1
        self._settled(now)

    def submitted(self, now: float, outcome: Outcome, retry_after: float | None = None) -> None:
        """A paying call was answered.

        Args:
            now: Seconds, by the monotonic clock.
            outcome: How.
            retry_after: Seconds for which the vendor asked.
        """
        self._submitting -= 1
        if outcome is Outcome.REFUSED:
            self._refused += 1
            self._retry_after = max(self._retry_after or 0.0, retry_after or 0.0) or None
        elif outcome is Outcome.NEVER_SENT:
            self._rest(now)
        else:
            self._submits.append(now)  # by its answer: the vendor has counted it before
            if outcome is not Outcome.LOST and not self._refused:
                self._at_once = min(self._at_once + 1 / 3, AT_ONCE)
                self._in_vain = 0
                self._cleared(now, flying=outcome is Outcome.TAKEN)
        self._settled(now)

    # --- questions ---

    def ask_wait(self, now: float) -> float:
        """Seconds until a question may leave; infinite where an answer has to come first."""
        self._tidy(now)
        if self._asking >= ASKED_AT_ONCE:
            return math.inf
        level, cap = self.limits.requests_per_minute, self._caps.get(LimitKind.ALL)
        if cap is None:
            return 0.0
        wait = min(self._until_below(LimitKind.ALL, cap.level, now, reserve=False), cap.next_try - now)
        if level is not None:
            wait = max(wait, self._until_below(LimitKind.ALL, level, now, reserve=False))
        return max(0.0, wait, self._not_before - now)

    def ask(self, now: float) -> None:
        """A status check is sent."""
        cap = self._caps.get(LimitKind.ALL)
        if cap is not None and self._until_below(LimitKind.ALL, cap.level, now, reserve=False) > 0:
            cap.next_try = now + cap.pause  # whatever comes of it
        self._asking += 1

    def asked(self, now: float, *, refused: bool = False, retry_after: float | None = None) -> None:
        """A status check was answered."""
        self._asking -= 1
        if not refused:
            self._asks.append(now)
            self._in_vain = 0
            self._passed(LimitKind.ALL, self._surely(LimitKind.ALL, now), now)
            return
        level, suspect, cap = (
            self._level(LimitKind.ALL),
            self._suspects.get(LimitKind.ALL),
            self._caps.get(LimitKind.ALL),
        )
        self._suspects = {}
        self._caps.pop(LimitKind.SUBMITS, None)
        if level:
            pause = FIRST_TRY
            if cap is not None:
                pause = min(cap.pause * 2, LONGEST_RAISE)
            elif suspect is not None and suspect.level <= level:
                pause = FIRST_RAISE
            self._caps[LimitKind.ALL] = _Cap(level, pause, now + pause)
        self._rest(now, retry_after)

    # --- learning ---

    def _settled(self, now: float) -> None:
        """One paying call less is under way; the last of them leaves time to think about refusals."""
        if not self._submitting:
            if self._refused:
                self._learn(now)
            self._trying = None

    def _learn(self, now: float) -> None:
        """Every paying call is answered, and some were refused: what is behind it?"""
        retry_after, trying = self._retry_after, self._trying
        self._refused, self._retry_after = 0, None
        self._at_once = FIRST_AT_ONCE
        if retry_after is not None:
            self._not_before = now + min(retry_after, LONGEST_RETRY_AFTER)
        if trying is not None and trying in self._caps:
            cap = self._caps[trying]
            cap.pause = min(cap.pause * 2, LONGEST_RAISE)
            cap.next_try = now + cap.pause
            return
        if any(self._level(kind) >= level for kind, level in self._known().items()):
            self._rest(now)
            return
        levels = {
            kind: self._level(kind)
            for kind in LimitKind
            if kind is not LimitKind.SUBMITS or LimitKind.ALL not in self._caps
        }
        suspects = {kind: level for kind, level in levels.items() if level and level >= self._most.get(kind, 0)}
        if not suspects:  # the vendor took more before: its limits have changed, or someone else uses the account
            suspects = {kind: level for kind, level in levels.items() if level}
            self._most = {}
        if not suspects:
            self._rest(now)
            return
        if retry_after is not None and retry_after > NOT_BY_TASKS and len(suspects) > 1:
            suspects.pop(LimitKind.IN_FLIGHT, None)
        previous = self._suspects
        self._suspects = {}
        for kind, level in suspects.items():
            before = previous.get(kind) or self._caps.pop(kind, None)
            pause = FIRST_TRY if before is None else min(before.pause * 3, LONGEST_RAISE)
            self._suspects[kind] = _Cap(level, pause, max(now, self._not_before) + pause)
        self._decide(now)

    def _rest(self, now: float, seconds: float | None = None) -> None:
        """Let nothing leave for a while: as long as the vendor asks for, or longer each time."""
        self._in_vain += 1
        if seconds is None:
            seconds = min(0.5 * 2.0**self._in_vain, LONGEST_REST)
        self._not_before = max(self._not_before, now + min(seconds, LONGEST_RETRY_AFTER))

    def _cleared(self, now: float, *, flying: bool) -> None:
        """One more was taken: what was suspected below that level, it is not."""
        for kind in LimitKind:
            if kind is not LimitKind.IN_FLIGHT:
                self._passed(kind, self._surely(kind, now), now)
            elif flying and (self._seemed is None or self._seemed[1] <= self._flying):
                self._seemed = (now, self._flying + 1)

    def _passed(self, kind: LimitKind, level: int, now: float) -> None:
        """The vendor takes as much as that of what a limit counts."""
        self._most[kind] = max(self._most.get(kind, 0), level)
        if kind in self._caps and level > self._caps[kind].level:
            self._caps[kind] = _Cap(level, FIRST_RAISE, now)
        if kind in self._suspects and level > self._suspects[kind].level:
            del self._suspects[kind]
            self._decide(now)

    def _decide(self, now: float) -> None:
        """One suspect left is the limit. Whether all requests count shows when a question is asked."""
        kinds = set(self._suspects) - {LimitKind.ALL}
        if len(kinds) == 1:
            (kind,) = kinds
            if kind is LimitKind.IN_FLIGHT and self._seemed and self._seemed[1] > self._suspects[kind].level:
                return  # a moment from now it will be known whether so many were taken
            self._caps[kind] = _Cap(self._suspects.pop(kind).level, FIRST_RAISE, now + FIRST_RAISE)
        if not kinds:
            self._suspects.pop(LimitKind.ALL, None)

    # --- counting ---

    def _known(self) -> dict[LimitKind, int]:
        per_minute = LimitKind.ALL if LimitKind.ALL in self._caps else LimitKind.SUBMITS
        found = {per_minute: self.limits.requests_per_minute, LimitKind.IN_FLIGHT: self.limits.tasks_in_flight}
        return {kind: level for kind, level in found.items() if level is not None}

    def _limit(self, kind: LimitKind) -> int | None:
        """What is known and what was learned of a limit; the smaller of the two."""
        levels = [self._known().get(kind), self._caps[kind].level if kind in self._caps else None]
        return min((level for level in levels if level is not None), default=None)

    def _level(self, kind: LimitKind) -> int:
        """How much the vendor has taken, of what that limit counts."""
        if kind is LimitKind.IN_FLIGHT:
            return self._flying
        return len(self._submits) + (len(self._asks) if kind is LimitKind.ALL else 0)

    def _surely(self, kind: LimitKind, now: float) -> int:
        """The same, without what it may not count any more."""
        if kind is LimitKind.IN_FLIGHT:
            return self._flying
        since = now - MINUTE + DOUBT
        doubtful = sum(1 for _ in takewhile(since.__ge__, self._submits))
        if kind is LimitKind.ALL:
            doubtful += sum(1 for _ in takewhile(since.__ge__, self._asks))
        return self._level(kind) - doubtful

    def _until_below(self, kind: LimitKind, level: int, now: float, *, reserve: bool = True) -> float:
        """Seconds until one more would stay within a limit."""
        if kind is LimitKind.IN_FLIGHT:
            over = self._flying + self._submitting - level
            if over < 0:
                return 0.0
            ends = sorted(self._left.values())
            return ends[over] - now if over < len(ends) else math.inf
        if kind is LimitKind.SUBMITS:
            return _until_room(self._submits, self._submitting, level, now)
        wait = _until_room(sorted((*self._submits, *self._asks)), self._submitting + self._asking, level, now)
        if not reserve:
            return wait
        room = max(1, level // (2 + 2 * self.calls_a_task), level - self.asks_to_come)
        return max(wait, _until_room(self._submits, self._submitting, room, now))

    def _tidy(self, now: float) -> None:
        if self._seemed is not None and self._seemed[0] + UNNOTICED <= now:
            seemed, self._seemed = self._seemed[1], None
            self._passed(LimitKind.IN_FLIGHT, seemed, now)
            self._decide(now)
        for times in (self._submits, self._asks):
            while times and times[0] + MINUTE + MARGIN <= now:
                times.popleft()
        for task_id in [task_id for task_id, until in self._left.items() if until <= now]:
            del self._left[task_id]


def _until_room(times: Sequence[float], in_the_air: int, level: int, now: float) -> float:
    over = len(times) + in_the_air - level
    if over < 0:
        return 0.0
    return times[over] + MINUTE + MARGIN - now if over < len(times) else math.inf
