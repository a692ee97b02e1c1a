"""One vendor's queue: jobs wait here for their turn, fairly between the groups, within the vendor's limits."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from hailuo_widgets.engine.poller import MOMENT, Poller, Watch
from hailuo_widgets.engine.rate_limiter import Outcome, RateLimiter
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import AuthenticationError, NetworkError, Problem, RefusedError, VendorError
from hailuo_widgets.net.client import certainly_not_taken
from hailuo_widgets.spec.catalog import CLIPS, Price

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from decimal import Decimal

    from hailuo_widgets.clock import Clock
    from hailuo_widgets.engine.budget import Budget
    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.job_group import JobGroup
    from hailuo_widgets.engine.limits import Limits
    from hailuo_widgets.engine.poller import JobKind
    from hailuo_widgets.engine.polling import Durations
    from hailuo_widgets.net.client import AsyncHailuo
    from hailuo_widgets.providers import Task, TaskState

LEFT_ALONE_SECONDS = 180.0
"""For how long a task that is not watched any more is counted as in flight at the vendor."""

_numbers = itertools.count()


@dataclass(order=True)
class Ticket:
    """A job's place in the queue. It keeps its place when the vendor answers with a 429."""

    number: int = field(default_factory=lambda: next(_numbers))
    job: Job | None = field(default=None, compare=False)
    turn: asyncio.Future[None] | None = field(default=None, compare=False)

    def say(self, why: str) -> None:
        """Tell the job why it is waiting."""
        if self.job is not None and self.job.note != why:
            self.job.move(JobState.PLANNED, note=why)


class VendorQueue:
    """The jobs that wait for one vendor, and its tasks. For the loop's thread only.

    Args:
        client: The vendor's, for one address and key.
        limits: What is known of the vendor's limits.
        clock: Tells the time and waits.
    """

    def __init__(self, client: AsyncHailuo, limits: Limits, clock: Clock, batch: int = 1) -> None:
        self.client = client
        self.limiter = RateLimiter(limits)
        self.durations: dict[JobKind, Durations] = {}
        self._poller = Poller(client, self.limiter, clock, self.durations, self._is_short_of_requests, batch=batch)
        self._clock = clock
        self._queues: OrderedDict[JobGroup, list[Ticket]] = OrderedDict()
        self._said: dict[JobGroup, str] = {}
        self._sending: WeakKeyDictionary[Job, JobGroup] = WeakKeyDictionary()
        self._timer: asyncio.Task[None] | None = None
        self._timer_at = math.inf

    def now(self) -> float:
        """Seconds, by the monotonic clock."""
        return self._clock.monotonic()

    def since(self, created: float) -> float:
        """A time of day in the past, by the monotonic clock; now, where it has not come yet."""
        return self.now() - max(0.0, self._clock.now() - created)

    async def turn(self, job: Job, group: JobGroup, ticket: Ticket) -> None:
        """Wait until the job may be sent. Its price is then set aside, and its request counts as on its way.

        Raises:
            RefusedError: If the group's budget can't pay it.
            AuthenticationError: If the vendor refused the key of another job of the group.
        """
        _check_payable(job, group)
        ticket.job, ticket.turn = job, asyncio.get_running_loop().create_future()
        if group not in self._queues:
            self._queues[group] = []
            self._queues.move_to_end(group, last=False)  # a click does not wait until a sweep has had its turn again
        heapq.heappush(self._queues[group], ticket)
        self.pump()
        if not ticket.turn.done() and group in self._said:
            ticket.say(self._said[group])
        try:
            await ticket.turn
        except asyncio.CancelledError:
            if ticket.turn.done() and not ticket.turn.cancelled() and ticket.turn.exception() is None:
                self.give_back()
            else:
                self._forget(group, ticket)
            raise

    def _is_short_of_requests(self) -> bool:
        """Whether jobs wait that could be sent, if only the vendor took more requests."""
        return bool(self._queues) and not self.limiter.full

    def give_back(self) -> None:
        """Return a turn that is not needed after all."""
        self.limiter.give_back(self.now())
        self.pump()

    async def submit(self, job: Job, before: Callable[[], Awaitable[None]]) -> TaskState:
        """Make the paying call, once. The job has its turn.

        Args:
            job: Which one.
            before: Awaited when the connection is open and nothing has been sent. If it raises, nothing is sent, and
                the turn is given back.

        Raises:
            VendorError: As the client's `submit`; see `waits_again`.
            Exception: Whatever `before` raises.
        """
        outcome, retry_after = Outcome.NEVER_SENT, None
        group = self._sending.pop(job, None)
        asked = allowed = False

        async def leave() -> None:
            nonlocal asked, allowed, outcome
            asked = True
            await before()
            allowed, outcome = True, Outcome.LOST

        try:
            state = await self.client.submit(job.quote, attempts=1, before=leave)
            outcome = Outcome.TAKEN
        except VendorError as error:
            if not asked or allowed:  # or it is what `before` raised
                if group is not None and isinstance(error, AuthenticationError):
                    group.key_refused(self.client.name, error)  # before the next one is let go
                if certainly_not_taken(error):
                    outcome, retry_after = Outcome.REFUSED, error.retry_after
                elif isinstance(error, NetworkError):
                    outcome = Outcome.NEVER_SENT
                elif error.http_status is not None:
                    outcome = Outcome.ANSWERED
            raise
        except asyncio.CancelledError:
            asked = True  # a call that was cancelled while its connection was being opened says nothing of the vendor
            raise
        else:
            return state
        finally:
            if asked and not allowed:
                self.limiter.give_back(self.now())
            else:
                self.limiter.submitted(self.now(), outcome, retry_after)
            if outcome is Outcome.TAKEN:
                self.limiter.began(state.task.id)
            self.pump()

    def watch(self, task: Task, kind: JobKind, began: float | None, *, whole: bool = True) -> Watch:
        """Ask for a task from now on, until `left`. Questions that fail are asked again; they never end it.

        Args:
            task: Which one.
            kind: What it is like.
            began: When the vendor took it, by the monotonic clock, as far as that is known.
            whole: Whether it has been watched since then, so that it tells how long its like take.
        """
        self.limiter.began(task.id)
        if began is None:  # it may be done by now
            spread = self.durations[kind].spread if kind in self.durations else None
            began = self.now() - (spread.shortest if spread else 0.0)
        watch = Watch(task, began, kind, whole=whole, looked=not whole, overdue=not whole)
        self._poller.add(watch)
        return watch

    def left(self, watch: Watch) -> None:
        """Stop watching a task: it has ended, or was detached."""
        self._poller.remove(watch)
        if watch.state is not None and watch.state.phase.final:
            self.ended(watch.task.id)
        else:
            self.leave_alone(watch.task.id)

    def ended(self, task_id: str) -> None:
        """A task has ended at the vendor."""
        self.limiter.ended(task_id)
        self.pump()

    def leave_alone(self, task_id: str) -> None:
        """Stop watching a task that has not ended."""
        self.limiter.left_alone(task_id, self.now() + LEFT_ALONE_SECONDS)
        self.pump()

    def pump(self) -> None:
        """Send all jobs that can be sent now, and schedule the next look."""
        now, wait = self.now(), math.inf
        passed_over: set[JobGroup] = set()
        while group := next((each for each in self._queues if each not in passed_over), None):
            queue = self._queues[group]
            ticket = queue[0]
            assert ticket.job is not None
            assert ticket.turn is not None
            if ticket.turn.done():  # cancelled, and not yet gone
                self._forget(group, ticket)
                continue
            if (refusal := group.refusal(self.client.name)) is not None:
                self._forget(group, ticket)
                ticket.turn.set_exception(refusal)
                continue
            if group.paused or self.client.name in group.halted:
                passed_over.add(group)
                continue
            if (in_time := self.limiter.submit_wait(now)) > 0:
                wait = in_time
                break
            if not _set_aside(ticket.job, group):
                if _beyond(ticket.job, group):
                    self._forget(group, ticket)
                    ticket.turn.set_exception(_too_dear(ticket.job, group))
                else:
                    passed_over.add(group)
                continue
            self._forget(group, ticket)
            if group in self._queues:
                self._queues.move_to_end(group)
            self.limiter.leave(now)
            self._sending[ticket.job] = group
            ticket.turn.set_result(None)
        self._look_again(now + wait)
        self._say_why()

    def _forget(self, group: JobGroup, ticket: Ticket) -> None:
        queue = self._queues.get(group, [])
        if queue and queue[0] is ticket:
            heapq.heappop(queue)
        elif ticket in queue:
            queue.remove(ticket)
            heapq.heapify(queue)
        if not queue:
            self._queues.pop(group, None)
            self._said.pop(group, None)

    def _look_again(self, at: float) -> None:
        if self._timer is not None and not self._timer.done():
            if self._timer_at == at:
                return
            self._timer.cancel()
            self._timer = None
        if at < math.inf:
            self._timer_at = at
            self._timer = asyncio.ensure_future(self._wake(at))

    async def _wake(self, at: float) -> None:
        await self._clock.sleep(max(MOMENT, at - self.now()))
        self._timer = None
        self.pump()

    def _say_why(self) -> None:
        """Tell the jobs of a group why they wait, where that has changed."""
        for group, queue in list(self._queues.items()):
            why = self._why(group, queue[0])
            if self._said.get(group) != why:
                self._said[group] = why
                for ticket in list(queue):
                    ticket.say(why)

    def _why(self, group: JobGroup, first: Ticket) -> str:
        name = self.client.name
        if group.paused:
            return "paused"
        if name in group.halted:
            return f"{name} is halted: {group.halted[name]}"
        if group.budget is not None and group.budget.reserved and _price(first, group.budget) > group.budget.left:
            return "the budget waits for jobs in progress"
        return "waits for its turn"


def waits_again(error: VendorError, tries: int, most: int) -> bool:
    """Whether a paying call may be made again: the vendor said “not now”, or it never got there, and not too often."""
    return certainly_not_taken(error) or (isinstance(error, NetworkError) and tries < most)


def _price(ticket: Ticket, budget: Budget) -> Decimal:
    assert ticket.job is not None
    amount = budget.cost_of(ticket.job.quote.price)
    assert amount is not None
    return amount


def _set_aside(job: Job, group: JobGroup) -> bool:
    amount = None if group.budget is None else group.budget.cost_of(job.quote.price)
    return group.budget is None or amount is None or group.budget.reserve(job.id, amount)


def _beyond(job: Job, group: JobGroup) -> bool:
    """Whether the budget can't pay a job even if everything that is set aside comes back."""
    assert group.budget is not None
    return group.budget.spent + (group.budget.cost_of(job.quote.price) or 0) > group.budget.amount


def _too_dear(job: Job, group: JobGroup) -> RefusedError:
    assert group.budget is not None
    budget = group.budget
    left = budget.amount - budget.spent
    if budget.currency == CLIPS:
        message = f"The budget is {Price(budget.amount, CLIPS)}, and {left} of them are left."
        hint = "Nothing was sent. Give a larger budget, or run it again when there are clips left."
        return RefusedError([Problem("budget", message, (), hint)])
    rest, whole = Price(left, budget.currency) if left else "nothing", Price(budget.amount, budget.currency)
    message = f"It costs {job.quote.price}, and {rest} of the budget of {whole} is left."
    return RefusedError([Problem("budget", message, (), "Nothing was sent. Increase the budget and run it again.")])


def too_dear_today(budget: Budget, left: Decimal) -> RefusedError:
    """The error of a job that a budget by day can't pay, because this or another kernel has bought so much today."""
    assert budget.by_day is not None
    rest, whole = Price(left, budget.currency) if left else "nothing", Price(budget.by_day, budget.currency)
    message = f"The budget is {whole} a day, and {rest} of it is left today."
    hint = "Nothing was sent. Give a larger budget, or run it again tomorrow."
    return RefusedError([Problem("budget", message, (), hint)])


def _check_payable(job: Job, group: JobGroup) -> None:
    price, budget = job.quote.price, group.budget
    if budget is None or price.amount == 0 or budget.currency == CLIPS:
        return
    if price.amount is None:
        message = f"{job.quote.row.provider} publishes no price for it, so it can't run under a budget."
        raise RefusedError([Problem("budget", message, (), "Nothing was sent. Run it without a budget.")])
    if price.currency != budget.currency:
        message = f"It is priced in {price.currency}, but the budget is in {budget.currency}."
        raise RefusedError([Problem("budget", message, (), "Nothing was sent. Give it a separate budget.")])
