"""One poller per vendor: it checks all of its tasks, in batches if the vendor reports many at once."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hailuo_widgets.engine import polling
from hailuo_widgets.engine.polling import PRICE, Durations, Spread, interval
from hailuo_widgets.errors import AuthenticationError, BalanceError, NotFoundError, RateLimitError, VendorError
from hailuo_widgets.keys import EMBEDDED
from hailuo_widgets.net.client import backoff
from hailuo_widgets.providers import Phase, TaskState
from hailuo_widgets.providers.patience import RETENTION_SECONDS, Patience
from hailuo_widgets.spec.catalog import catalog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from hailuo_widgets.clock import Clock
    from hailuo_widgets.engine.rate_limiter import RateLimiter
    from hailuo_widgets.net.client import AsyncHailuo
    from hailuo_widgets.providers import Task

JobKind = tuple[str, int | None, str | None]
"""Model, duration, resolution: tasks that are alike in these take about as long."""

FIRST_LOOK = 0.08
"""After this share of the usual time a task is asked for once: is it at work, or was it turned down?"""

QUICK = 0.5
"""Seconds; where that look would come sooner, the task is done before anybody has read what it told."""

SHORTEST_PAUSE = 1 / 300
"""Between two questions for a task, in shares of how long it has run."""

MOMENT = 0.001
"""Seconds that are not worth waiting for."""

DEAR = 30.0
"""How many times its cost a question has to be worth while jobs wait that the same request could send."""

LATE = 0.05
"""In shares of how long a task has run: one that is asked for so late tells nothing of how long its like take."""

LONGEST_UNASKED = 300.0
"""Seconds for which a task is left unasked at most, whatever its like took: vendors name one to five minutes, and what
was learned may be wrong."""

LOOKS_UP = 20.0
"""Seconds between two looks at whether the machine slept."""

SLEPT = 5.0
"""Seconds by which the time of day moved further than the monotonic clock: the machine slept, or its clock was set."""

ENOUGH = 12
"""The number of tasks in a batch that are watched closely, as representatives of the rest."""

TIMES_UNCLEAR, TIMES_BROKEN = 2, 5
"""How often a question for many tasks may be answered with nothing of use, and with HTTP 5xx, before each task is asked
for by itself."""

TIMES_MISSING = 3
"""How often a vendor may leave a task out of an answer before it is asked for by itself."""


@dataclass(eq=False, slots=True)
class Watch:
    """One task that is being watched.

    Attributes:
        task: Which one.
        began: When it did, by the monotonic clock.
        kind: What it is like.
        whole: Whether it has been watched since it began, so that it tells how long its like take.
    """

    task: Task
    began: float
    kind: JobKind
    whole: bool = True
    ran: float = 0.0
    """Seconds after its begin at which it was last seen running."""
    looked: bool = False
    overdue: bool = False
    """Whether to ask at once: it was resumed, or the machine slept since it was last asked for."""
    asking: bool = False
    alone: bool = False
    missing: int = 0
    failures: int = 0
    patience: Patience = field(default_factory=Patience)
    not_before: float = 0.0
    word: Spread | None = None
    """How long it will take by what the vendor says of it."""
    seen: tuple[float, float] | None = None
    """Progress, and when it was first said."""
    late: float = 0.0
    """Seconds by which it is asked for later than it should be, because other requests went first."""
    plan: tuple[Spread, float, float] | None = None
    """When to ask next, by what that was reckoned."""
    took: float | None = None
    """Seconds from its begin to its end, as far as that can be told."""
    state: TaskState | None = None
    error: Exception | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def states(self) -> AsyncIterator[TaskState]:
        """What is learned of it, until it has ended.

        Raises:
            VendorError: If it can't be asked for.
        """
        while True:
            await self.changed.wait()
            self.changed.clear()
            if self.error is not None:
                raise self.error
            state = self.state
            assert state is not None
            yield state  # while this is looked at, the end may be learned: that comes with the next turn
            if state.phase.final:
                return

    def tell(self, state: TaskState) -> None:
        """Pass on what was learned."""
        self.state = state
        self.changed.set()

    def fail(self, error: Exception) -> None:
        """Pass on that it can't be asked for."""
        self.error = error
        self.changed.set()


def _say(watch: Watch, error: VendorError) -> None:
    """Show that a question was refused, and that the task is asked for again."""
    known = watch.state or TaskState(watch.task, Phase.QUEUED)
    word = "no such task" if isinstance(error, NotFoundError) else error.message
    if known.word != word:
        watch.tell(replace(known, word=word))


def _says_nothing_of_many(error: VendorError, failures: int) -> bool:
    """Whether a host seems not to know the question for many tasks: a gateway may pass on only the one for a task."""
    if error.http_status is None or isinstance(error, (AuthenticationError, BalanceError, RateLimitError)):
        return False
    if not error.retryable:
        return True
    return failures >= (TIMES_UNCLEAR if error.http_status < 500 else TIMES_BROKEN)


def _rested(watch: Watch) -> float:
    """Before that it is not asked for again, however much would speak for it."""
    return watch.began + watch.ran + max(watch.ran * SHORTEST_PAUSE, 0.02)


def _first_look(spread: Spread) -> float:
    """Seconds after its begin when a task is asked for the first time."""
    look = FIRST_LOOK * spread.shortest
    return min(look if look >= QUICK else spread.shortest, LONGEST_UNASKED)


class Poller:
    """Checks a vendor's tasks. For the loop's thread only.

    Args:
        client: The vendor's.
        gate: What the vendor takes.
        clock: Tells the time and waits.
        durations: Of each kind of task.
        jobs_wait: Whether jobs wait to be sent: where the vendor counts questions too, one of them goes without.
        batch: For how many of them one question asks.
    """

    def __init__(
        self,
        client: AsyncHailuo,
        limiter: RateLimiter,
        clock: Clock,
        durations: dict[JobKind, Durations],
        jobs_wait: Callable[[], bool],
        *,
        batch: int = 1,
    ) -> None:
        self._batch = batch
        self.jobs_wait = jobs_wait
        self._client = client
        self._limiter = limiter
        self._clock = clock
        self._durations = durations
        self._watched: dict[Watch, None] = {}  # not by their ids: a vendor may answer two requests with one task
        self._scouted: dict[JobKind, float] = {}
        self._retention = catalog().offer(client.name).task_retention or RETENTION_SECONDS
        self._halfway = 0
        self._asleep_until = math.inf
        self._ahead: float | None = None
        self._changed = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._asking: set[asyncio.Task[None]] = set()

    def add(self, watch: Watch) -> None:
        """Watch a task from now on."""
        self._watched[watch] = None
        watch.patience = Patience(retention=self._retention)
        first = 0.0
        if not watch.looked:
            spread = self._spread(watch)
            first = _first_look(spread) if spread else self._first_question
        if watch.began + first < self._asleep_until:
            self._wake()

    def remove(self, watch: Watch) -> None:
        """Stop watching it."""
        self._watched.pop(watch, None)

    def _wake(self) -> None:
        self._changed.set()
        if self._running is None or self._running.done():
            self._running = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        try:
            await self._look()
        except Exception as error:  # noqa: BLE001  # a mistake of ours must not leave every job waiting
            for watch in self._watched:
                watch.fail(error)

    async def _look(self) -> None:
        while self._watched:
            self._changed.clear()
            self._notice_sleep()
            now = self._clock.monotonic()
            if self._limiter.seconds_a_request:
                self._limiter.asks_to_come = self._to_come(now)
            idle = [watch for watch in self._watched if not watch.asking]
            wait = math.inf
            while idle:
                begun = False
                for at, due in self._questions(idle, now):
                    wait = math.inf if self._halfway else max(at - now, self._limiter.ask_wait(now))
                    if wait > MOMENT:
                        break
                    self._begin(due, late=now - at)
                    begun, wait = True, math.inf
                if not begun:
                    break
                idle = [watch for watch in idle if not watch.asking]
            self._asleep_until = now + wait
            await self._until(wait if wait == math.inf else min(wait, LOOKS_UP))
            self._asleep_until = math.inf
        self._ahead = None

    def _notice_sleep(self) -> None:
        """Ask for everything at once where the machine slept: the vendor did not, and results don't live for ever."""
        ahead = self._clock.now() - self._clock.monotonic()
        if self._ahead is not None and abs(ahead - self._ahead) > SLEPT:
            self._scouted.clear()
            for watch in self._watched:
                watch.overdue, watch.whole = True, False
        self._ahead = ahead

    async def _until(self, seconds: float) -> None:
        """Wait that long, or until something has changed."""
        waits = [asyncio.ensure_future(self._changed.wait())]
        if seconds < math.inf:
            waits.append(asyncio.ensure_future(self._clock.sleep(seconds)))  # type: ignore[arg-type]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    # --- when ---

    def _questions(self, idle: Sequence[Watch], now: float) -> list[tuple[float, list[Watch]]]:
        """The next questions to ask, the soonest first: when, and for which tasks. Not all of them, but the first."""
        price = PRICE + self._limiter.seconds_a_request * (DEAR if self.jobs_wait() else 1.0 / self._batch)
        alone = [watch for watch in idle if watch.alone]
        candidates, batch = (alone, 1) if alone else (idle, self._batch)
        blind: dict[JobKind, list[Watch]] = {}
        overdue: list[Watch] = []
        known: list[tuple[float, Watch, Spread]] = []
        for watch in candidates:
            spread = self._spread(watch)
            if spread is None and watch.overdue:
                overdue.append(watch)
            elif spread is None:
                blind.setdefault(watch.kind, []).append(watch)
            else:
                known.append((max(watch.not_before, self._when(watch, spread, price, batch)), watch, spread))
        known.sort(key=lambda each: each[0])
        if batch == 1:
            found = [(at, [watch]) for at, watch, _ in known]
        else:
            known = known[:batch]
            found = [(self._together(known, now, price), [watch for _, watch, _ in known])] if known else []
        if overdue:
            first = min(overdue, key=lambda watch: watch.not_before)
            others = [watch for watch in overdue if watch is not first and watch.not_before <= now]
            found.append((first.not_before, [first, *others[: batch - 1]]))
        for kind, watches in blind.items():
            # One that was refused rests first; of the others, the one that was not seen for longest.
            watches.sort(key=lambda watch: (max(watch.not_before, now), watch.ran - (now - watch.began)))
            found.append((self._scout_at(kind, watches), watches[:batch]))
        found.sort(key=lambda each: each[0])
        if batch > 1:
            at, due = found[0]  # what is asked for in any case may as well tell of others
            due += [watch for watch in candidates if watch not in due][: batch - len(due)]
            found = [(at, due)]
        return found

    def _when(self, watch: Watch, spread: Spread, price: float, batch: int) -> float:
        """When it pays to ask for one task alone."""
        if watch.overdue:
            return watch.began
        if not watch.looked and price == PRICE and _first_look(spread) < spread.shortest:
            return watch.began + _first_look(spread)
        if watch.plan is None or watch.plan[:2] != (spread, price):
            after = spread.when(watch.ran, price * spread.doubt)
            if batch == 1:  # a late one is not kept waiting for ever, however dear a question is
                after = min(after, spread.longest if watch.ran < spread.longest else 1.25 * watch.ran)
            after = min(after, watch.ran + LONGEST_UNASKED)
            watch.plan = (spread, price, max(watch.began + after, _rested(watch)))
        return watch.plan[2]

    @staticmethod
    def _together(known: Sequence[tuple[float, Watch, Spread]], now: float, price: float) -> float:
        """When it pays to ask for several tasks at once: what they wait adds up."""
        earliest, latest = now, known[0][0]
        ready = [(watch, spread) for _, watch, spread in known if watch.not_before <= now]
        if latest <= now or not ready:
            return latest
        some = ready[:: max(1, len(ready) // ENOUGH)]  # they are much alike
        each = len(ready) / len(some)

        def waiting(at: float) -> float:
            return each * sum(spread.waiting(watch.ran, at - watch.began) / spread.doubt for watch, spread in some)

        if waiting(latest) < price:
            return latest
        if waiting(earliest) >= price:
            latest = earliest
        while latest - earliest > 10 * MOMENT:
            middle = (earliest + latest) / 2
            earliest, latest = (earliest, middle) if waiting(middle) >= price else (middle, latest)
        return max(latest, min(_rested(watch) for watch, _ in ready))

    def _scout_at(self, kind: JobKind, watches: Sequence[Watch]) -> float:
        """When to ask for one of those that nothing is known of."""
        oldest = min(watch.began for watch in watches)
        last = self._scouted.get(kind, -math.inf)
        if last <= oldest:
            at = oldest + self._first_question
        else:
            # A question to the embedded provider costs nothing.
            tasks = 20 if self._client.name == EMBEDDED else len(watches)
            at = last + interval(last - oldest, tasks, self._batch)
        return max(at, min(watch.not_before for watch in watches))

    @property
    def _first_question(self) -> float:
        return 0.1 if self._client.name == EMBEDDED else polling.FIRST_QUESTION

    def _spread(self, watch: Watch) -> Spread | None:
        if watch.word is not None and watch.ran < watch.word.longest:
            return watch.word
        durations = self._durations.get(watch.kind)
        return durations.spread if durations else None

    def _to_come(self, now: float) -> int:
        """How many questions the coming minute will want, at least."""
        soon = 0
        for watch in self._watched:
            spread = self._spread(watch)
            soon += spread is None or watch.began + spread.longest < now + 60
        if self._batch > 1:
            return math.ceil(soon / self._batch) + (soon > 0)
        return soon * self._limiter.calls_a_task

    # --- asking ---

    def _begin(self, due: Sequence[Watch], late: float) -> None:
        for watch in due:
            watch.asking, watch.late, watch.overdue = True, late, False
        self._limiter.ask(self._clock.monotonic())
        for kind in {watch.kind for watch in due}:
            self._scouted[kind] = self._clock.monotonic()
        task = asyncio.ensure_future(self._ask(due))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, due: Sequence[Watch]) -> None:
        calls, refused, retry_after = 1, False, None

        async def another() -> None:
            nonlocal calls
            calls += 1
            self._limiter.asked(self._clock.monotonic())
            self._halfway += 1  # what has begun goes first
            try:
                while (wait := self._limiter.ask_wait(self._clock.monotonic())) > MOMENT:
                    await self._clock.sleep(min(wait, 1.0))
            finally:
                self._halfway -= 1
                self._limiter.ask(self._clock.monotonic())

        asked = self._clock.monotonic()
        try:
            if self._batch > 1 and not due[0].alone:
                states = await self._client.status_many([watch.task for watch in due], attempts=1)
            else:
                states = [await self._client.status(due[0].task, attempts=1, another=another)]
        except VendorError as error:
            refused = isinstance(error, RateLimitError)
            retry_after = error.retry_after
            self._failed(due, error)
        except Exception as error:  # noqa: BLE001  # a provider that breaks must end as a state too
            for watch in due:
                watch.fail(error)
        else:
            self._learn(due, {state.task.id: state for state in states}, asked)
        finally:
            self._limiter.calls_a_task = max(self._limiter.calls_a_task, calls)
            self._limiter.asked(self._clock.monotonic(), refused=refused, retry_after=retry_after)
            for watch in due:
                watch.asking = False
            self._changed.set()

    def _failed(self, due: Sequence[Watch], error: VendorError) -> None:
        now = self._clock.monotonic()
        for watch in due:
            watch.failures += 1
            watch.not_before = now + backoff(watch.failures - 1, error.retry_after)
            if self._batch > 1 and not watch.alone and _says_nothing_of_many(error, watch.failures):
                watch.alone = True  # this host may not know the question for many
                watch.patience.answered()
            elif error.retryable:
                watch.patience.answered()
            elif len(due) > 1 and not isinstance(error, AuthenticationError):
                watch.alone = True  # one task may have spoiled the question for all
            elif watch.patience.ends(error, now, watch.began):
                watch.fail(error)
            else:
                watch.not_before = max(watch.not_before, now + watch.patience.pause(now))
                _say(watch, error)

    def _learn(self, due: Iterable[Watch], states: dict[str, TaskState], asked: float) -> None:
        for watch in due:
            state = states.get(watch.task.id)
            if state is None:
                watch.missing += 1
                watch.alone = watch.missing >= TIMES_MISSING
                watch.not_before = asked + backoff(watch.missing, None)
                continue
            watch.failures = watch.missing = 0
            watch.patience.answered()
            watch.looked = True
            elapsed = asked - watch.began
            if state.phase is Phase.SUCCEEDED and watch.whole:
                self._took(watch, elapsed)
            if state.phase.final:
                self._watched.pop(watch, None)
            else:
                watch.ran, watch.plan = elapsed, None
                self._apply(watch, state, elapsed)
            before = watch.state
            if before is None or (before.phase, before.word, before.progress) != (
                state.phase,
                state.word,
                state.progress,
            ):
                watch.tell(state)

    def _took(self, watch: Watch, elapsed: float) -> None:
        durations = self._durations.setdefault(watch.kind, Durations())
        if watch.late > LATE * elapsed and (durations.spread is not None or watch.ran < elapsed / 2):
            return  # that tells how long it waited, not how long it took
        watch.took = polling.between(watch.ran, elapsed)
        durations.learn(watch.took)

    def _apply(self, watch: Watch, state: TaskState, elapsed: float) -> None:
        """Reckon from what the vendor says of a task's progress when it will be done."""
        progress = state.progress
        if progress and watch.seen is None:
            watch.seen = (elapsed, progress)
        elif progress and watch.seen is not None and progress > watch.seen[1]:
            then, before = watch.seen
            pace = (elapsed - then) / (progress - before)
            # Whole per cents on both sides, and no vendor's progress is quite even.
            error = 0.015 * pace * (1 + (1 - progress) / (progress - before)) + 0.02 * (1 - progress) * pace
            watch.word = Spread.around(elapsed + (1 - progress) * pace, max(error, 0.2))
        elif state.eta and watch.kind not in self._durations:
            watch.word = Spread.around(elapsed + state.eta, max(0.25 * state.eta, 0.5))
