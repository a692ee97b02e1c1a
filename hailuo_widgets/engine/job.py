"""A job: one clip that was requested, from the cell to the file. Thread-safe, awaitable, interruptible."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hailuo_widgets.engine.observers import Observers
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import HailuoError, TimedOutError, UncertainError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.store.clip import Clip

TICK = 0.1
"""Seconds. Waits go in slices of this length, so that an interrupt is seen at once; a plain wait on a future of another
thread's loop does not see it until the future is done."""


class Job:
    """One clip that was requested.

    Only the loop thread moves it; everybody may read it. Views observe it through plain callbacks; it never knows them.

    Attributes:
        id: Ours; names the clip's file.
        name: The notebook's variable, `""` if it has none.
        quote: What was requested and what it costs.
        replicate: 0 for the first of identical requests, 1 for the second, and so on.
        reason: Why it is this provider.
        expected: Seconds that the vendor will probably take, None where that is not known.
        begun: When it was no longer only planned, None before.
        handed_over: Whether another kernel watches it now.
    """

    def __init__(
        self, job_id: str, quote: Quote, *, name: str = "", replicate: int = 0, reason: str = "", fresh: bool = False
    ) -> None:
        self.id = job_id
        self.name = name
        self.quote = quote
        self.replicate = replicate
        self.reason = reason
        self.fresh = fresh
        self.expected: float | None = None
        self.started = time.time()
        self.begun: float | None = None
        self.ended: float | None = None
        self.state = JobState.PLANNED
        self.task_id: str | None = None
        self.progress: float | None = None
        self.note = ""
        self.cached = False
        self.error: HailuoError | None = None
        self._clip: Clip | None = None
        self._done = threading.Event()
        self._observers: Observers[Job] = Observers()
        self._lock = threading.Lock()
        self._stop: Callable[[], None] | None = None
        self._stop_wanted = False
        self.handed_over = False

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self._done.is_set()

    @property
    def clip(self) -> Clip:
        """The stored clip.

        Raises:
            HailuoError: If the job has not ended, or ended without one.
        """
        if not self.done:
            raise HailuoError(
                f"The clip is not there yet: the job is {self.state}.", hint="Wait for it with .result() or await."
            )
        return self._outcome()

    @property
    def elapsed(self) -> float:
        """Seconds since it was asked for; in all, once it has ended."""
        return (self.ended or time.time()) - self.started

    def result(self, timeout: float | None = None) -> Clip:
        """Wait for the clip. An interrupt ends the waiting, not the job.

        Args:
            timeout: Seconds to wait at most.

        Raises:
            TimedOutError: After `timeout`; the job goes on.
            HailuoError: If the job ended without a clip; says why.
        """
        if not self.wait(timeout):
            raise TimedOutError(
                f"The clip is not there after {timeout:g} s: the job is {self.state}.",
                hint="It goes on; wait again with .result().",
                task_id=self.task_id,
            )
        return self._outcome()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, well or not. An interrupt ends the waiting, not the job.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether it has ended.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._done.wait(TICK):
            if deadline is not None and time.monotonic() >= deadline:
                return False
        return True

    def __await__(self) -> Generator[Any, None, Clip]:
        return self._wait().__await__()

    async def _wait(self) -> Clip:
        await self.ended_well_or_not()
        return self._outcome()

    async def ended_well_or_not(self) -> None:
        """Wait until it has ended, whatever came of it."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()

        def wake(job: Job) -> None:
            if job.done:
                with suppress(RuntimeError):  # the waiting loop may be closed by now
                    loop.call_soon_threadsafe(ended.set)

        forget = self.observe(wake)
        try:
            while not self.done:
                with suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), TICK)
        finally:
            forget()

    def cancel(self) -> None:
        """Stop it: at the vendor where that can be done, else we stop watching and the vendor may still finish it."""
        with self._lock:
            self._stop_wanted = True
            stop = self._stop
        if stop is not None and not self.done:
            stop()

    def hand_over(self) -> None:
        """Stop watching because another kernel does: this one stood still for so long that it seemed gone."""
        with self._lock:
            self.handed_over = True
            stop = self._stop
        if stop is not None and not self.done:
            stop()

    @property
    def stop_wanted(self) -> bool:
        """Whether `cancel` was called."""
        return self._stop_wanted

    def stop_with(self, stop: Callable[[], None]) -> None:
        """Say how the walk is stopped, as its first act; a job that was cancelled before that is stopped at once."""
        with self._lock:
            self._stop = stop
            wanted = self._stop_wanted
        if wanted:
            stop()

    def observe(self, callback: Callable[[Job], None]) -> Callable[[], None]:
        """Call back on the loop thread after every change.

        Returns:
            A function that ends it.
        """
        return self._observers.add(callback)

    def move(
        self, state: JobState, *, error: HailuoError | None = None, clip: Clip | None = None, **changes: Any
    ) -> None:
        """Change it and tell the observers. For the loop thread only."""
        if self.done:
            return
        for name, value in changes.items():
            setattr(self, name, value)
        self.error, self._clip = error, clip
        self.state = state
        if state is JobState.PLANNED:
            self.begun = None
        elif self.begun is None:
            self.begun = time.time()
        if state.final:
            self.ended = time.time()
            self._done.set()
        self._observers.tell(self)

    def _outcome(self) -> Clip:
        if self._clip is not None:
            return self._clip
        if self.error is not None:
            raise self.error.with_traceback(None)
        raise HailuoError(f"There is no clip: the job was {self.state}.", hint=_WAY_OUT.get(self.state, ""))

    def __repr__(self) -> str:
        name = f"{self.name}: " if self.name else ""
        order = self.quote.request
        figures = f"{order.duration} s {order.resolution}" if order.duration else self.quote.row.mode.value
        parts = [f"{self.quote.row.model} on {self.quote.row.provider}", figures, str(self.quote.price)]
        if self.task_id:
            parts.append(f"task {self.task_id}")
        if self._clip is not None:
            parts.append(str(self._clip.path))
        elif self.error is not None:
            parts.append(self.error.message)
        elif self.progress is not None:
            parts.append(f"{self.progress:.0%}")
        return f"<{name}{self.state} after {self.elapsed:.1f} s · {' · '.join(parts)}>"


def new_id(at: float) -> str:
    """A job's id: sorts by time, reads well as a file name, and does not collide between kernels.

    Forty random bits: of 500 jobs in one second, two have the same id once in nine million times.
    """
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime(at)) + "-" + secrets.token_hex(5)


def sent_before(job: Job) -> UncertainError:
    """What to say of a job that an earlier kernel, or an earlier cell, has sent without a clear answer."""
    return UncertainError(
        "It was sent before and no clear answer came back, so it may have been charged.",
        hint=f"It is not sent again by itself. %hailuo resume says where to look and how to decide about {job.id}.",
        provider=job.quote.row.provider,
        request=job.quote.request,
    )


_WAY_OUT = {
    JobState.CANCELLED: "Run the cell again to ask again.",
    JobState.ABANDONED: "The vendor may still finish it.",
}
