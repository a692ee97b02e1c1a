"""A job: one clip, from the request to the file. Thread-safe, awaitable, interruptible."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, ClassVar

from hailuo_widgets.engine.observers import Observers
from hailuo_widgets.engine.state import NOT_REACHED, JobState
from hailuo_widgets.errors import HailuoError, NetworkError, TimedOutError, UncertainError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from hailuo_widgets.spec.catalog import Price
    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.store.clip import Clip

TICK = 0.1
"""Seconds. Waits go in slices of this length, so that an interrupt is noticed at once; a plain wait for a future of
another thread's loop notices it only when the future is done."""


class WaitInterrupted(KeyboardInterrupt):
    """Ctrl-C, or the kernel's stop button, while a cell waited for a clip. The job continues."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback through the machinery of waiting."""
        return [f"KeyboardInterrupt: {self}"]


@contextmanager
def in_one_line(message: Callable[[], str]) -> Iterator[None]:
    """Have a cancellation that passes through here shown by IPython in one line. It stays what it is for asyncio.

    A cell that awaits is cancelled by ipykernel when the kernel's stop button is pressed.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        vars(error)["_render_traceback_"] = lambda: [f"CancelledError: {message()}"]
        raise


class Job:
    """One clip, from the request to the file.

    Threads: `move` and whatever else changes a job belong to the thread of the engine's loop. Everything else may be
    called from any thread: reading attributes, waiting (`result`, `wait`, `await`), `cancel`, `observe`. An attribute
    that is read may change in the next moment; `done` never goes back to False, and once it is True nothing changes.

    Ownership: the session keeps every job of its kernel. A job knows neither the journal nor the views: the engine
    writes down a state before it moves the job to it, and views observe it through callbacks. A job outlives its
    engine: after a kernel's shutdown it can still be read.

    Errors: `move`, `cancel`, `observe` and the properties raise nothing, except `clip`. An error in an observer is
    logged and changes nothing.

    Args:
        job_id: Ours; see `new_id`.
        quote: The request and its price.
        name: The notebook's variable, `""` if there is none.
        replicate: 0 for the first of identical requests, 1 for the second, and so on.
        reason: Why this provider.
        fresh: Whether to generate again, ignoring the cached clip.
        created: When it was requested, in seconds since the epoch; None for now.
        replaces: The id of an unconfirmed job that a person has decided to send again; it is closed when this one is
            written down.

    Attributes:
        id: Ours; names the clip's file.
        name: The notebook's variable, `""` if it has none.
        quote: The request and its price, as expected.
        charged: What the vendor charged by its own word, once that is known.
        prompt: What came of a request to rewrite a prompt; None before, and for a clip.
        replicate: 0 for the first of identical requests, 1 for the second, and so on.
        reason: Why this provider.
        fresh: Whether to generate again, ignoring the cached clip.
        replaces: The id of the unconfirmed job that it is sent in place of; None for none.
        state: Where it is.
        task_id: The vendor's id of the task; None before there is one.
        progress: From 0 to 1, as the vendor says; None where it says nothing.
        note: What it waits for, or the vendor's own word; `""` for nothing.
        cached: Whether its clip was in the library already.
        error: Why it ended without a clip, or None.
        expected: Seconds that the vendor will probably take, None where that is not known.
        created: When it was requested, in seconds since the epoch.
        started: When it left the state `planned`, in seconds since the epoch; None before.
        ended: When it ended, in seconds since the epoch; None before.
    """

    _mime_: ClassVar[Callable[..., tuple[str, str]] | None] = None
    """marimo's own name for what it shows where a job ends a cell; the session gives it."""

    def __init__(
        self,
        job_id: str,
        quote: Quote,
        *,
        name: str = "",
        replicate: int = 0,
        reason: str = "",
        fresh: bool = False,
        created: float | None = None,
        replaces: str | None = None,
    ) -> None:
        self.id = job_id
        self.name = name
        self.quote = quote
        self.replicate = replicate
        self.reason = reason
        self.fresh = fresh
        self.replaces = replaces
        self.expected: float | None = None
        now = time.time()
        self.created = now if created is None else created
        self.started: float | None = None
        self.ended: float | None = None
        # The times above are for people; what is measured is measured with a clock that can't be set.
        self._created_at = time.monotonic() - max(0.0, now - self.created)
        self._started_at: float | None = None
        self._ended_at: float | None = None
        self.state = JobState.PLANNED
        self.task_id: str | None = None
        self.progress: float | None = None
        self.note = ""
        self.cached = False
        self.charged: Price | None = None
        self.prompt: str | None = None
        self.error: HailuoError | None = None
        self._clip: Clip | None = None
        self._done = threading.Event()
        self._observers: Observers[Job] = Observers()
        self._lock = threading.Lock()
        self._stop: Callable[[], None] | None = None
        self._stop_wanted = False

    @property
    def done(self) -> bool:
        """Whether it has ended, successfully or not."""
        return self._done.is_set()

    @property
    def clip(self) -> Clip:
        """The stored clip.

        Raises:
            HailuoError: If the job has not ended, or ended without one.
        """
        if not self.done:
            raise HailuoError(
                f"There is no clip yet. State: {self.label}.", hint="Wait for it with .result() or await."
            )
        return self._outcome()

    @property
    def elapsed(self) -> float:
        """Seconds since it was requested; in all, once it has ended."""
        return (time.monotonic() if self._ended_at is None else self._ended_at) - self._created_at

    @property
    def span(self) -> tuple[float, float | None]:
        """When it was requested and when it ended, by the monotonic clock; None while it has not."""
        return self._created_at, self._ended_at

    @property
    def worked(self) -> float:
        """Seconds since it left the state `planned`; in all, once it has ended; 0 before."""
        if self._started_at is None:
            return 0.0
        return (time.monotonic() if self._ended_at is None else self._ended_at) - self._started_at

    @property
    def label(self) -> str:
        """The state as shown to users: “Done”, “Detached”, “Unconfirmed” and so on.

        A provider that could not be reached has refused nothing, so such a job is “Not reached”.
        """
        return NOT_REACHED if self.not_reached else self.state.label

    @property
    def not_reached(self) -> bool:
        """Whether it ended because the provider could not be reached: nothing was sent."""
        return self.state is JobState.REFUSED and isinstance(self.error, NetworkError)

    def result(self, timeout: float | None = None) -> Clip:
        """Wait for the clip. An interrupt stops the wait, not the job.

        Args:
            timeout: Seconds to wait at most.

        Raises:
            TimedOutError: After `timeout`; the job continues.
            HailuoError: If the job ended without a clip; says why.
            WaitInterrupted: If the waiting was interrupted; the job continues.
        """
        if not self.wait(timeout):
            raise TimedOutError(
                f"There is no clip after {timeout:g} s. State: {self.label}.",
                hint="The job continues; wait again with .result().",
                task_id=self.task_id,
            )
        return self._outcome()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, successfully or not. An interrupt stops the wait, not the job.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether it has ended.

        Raises:
            WaitInterrupted: If the waiting was interrupted; the job continues.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        interrupted = False
        try:
            while not self._done.wait(TICK):
                if deadline is not None and time.monotonic() >= deadline:
                    return False
        except KeyboardInterrupt:
            interrupted = True
        if interrupted:  # raised out here, so that it does not carry the frames of the waiting
            raise WaitInterrupted(f"Stopped waiting; the job continues. State: {self.label}.")
        return True

    def __await__(self) -> Generator[Any, None, Clip]:
        return self._wait().__await__()

    async def _wait(self) -> Clip:
        with in_one_line(lambda: f"Stopped waiting; the job continues. State: {self.label}."):
            await self.ended_well_or_not()
        return self._outcome()

    async def ended_well_or_not(self) -> None:
        """Wait until it has ended, successfully or not."""
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
        """Stop it. Returns at once.

        A job that was not sent is cancelled. One that was sent is cancelled at the vendor where the vendor can do that;
        elsewhere we stop watching it (`abandoned`), and the vendor may still finish it and charge for it.
        """
        with self._lock:
            self._stop_wanted = True
            stop = self._stop
        if stop is not None and not self.done:
            stop()

    @property
    def stop_wanted(self) -> bool:
        """Whether `cancel` was called."""
        return self._stop_wanted

    @property
    def begun(self) -> bool:
        """Whether the engine has it: it will come to its end by itself."""
        return self._stop is not None

    def stop_with(self, stop: Callable[[], None]) -> None:
        """Set what `cancel` calls; at once, where the job was cancelled before that."""
        with self._lock:
            self._stop = stop
            wanted = self._stop_wanted
        if wanted:
            stop()

    def observe(self, callback: Callable[[Job], None]) -> Callable[[], None]:
        """Call back after every change, on the loop's thread; the callback must not block.

        Returns:
            A function that ends it.
        """
        return self._observers.add(callback)

    def move(
        self, state: JobState, *, error: HailuoError | None = None, clip: Clip | None = None, **changes: Any
    ) -> None:
        """Change it and tell the observers. For the loop's thread only. Does nothing once it has ended."""
        if self.done:
            return
        for name, value in changes.items():
            setattr(self, name, value)
        self.error, self._clip = error, clip
        self.state = state
        if state is JobState.PLANNED:
            self.started = self._started_at = None
        elif self.started is None:
            self.started, self._started_at = time.time(), time.monotonic()
        if state.final:
            self.ended, self._ended_at = time.time(), time.monotonic()
            self._done.set()
        self._observers.tell(self)

    def _outcome(self) -> Clip:
        if self._clip is not None:
            return self._clip
        if self.error is not None:
            raise self.error.with_traceback(None)
        raise HailuoError(f"There is no clip. State: {self.label}.", hint=_WAY_OUT.get(self.state, ""))

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
        return f"<{name}{self.label} after {self.elapsed:.1f} s · {' · '.join(parts)}>"


def new_id(at: float) -> str:
    """A job's id: sorts by time, reads well as a file name, and does not collide between kernels.

    Forty random bits: of 500 jobs in one second, two have the same id once in nine million times.
    """
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime(at)) + "-" + secrets.token_hex(5)


def sent_before(job: Job) -> UncertainError:
    """The error of a job that an earlier kernel, or an earlier cell, sent without getting a clear answer."""
    return UncertainError(
        "This request was sent before and no clear answer came back, so it may have been charged.",
        hint=f"It is not sent again automatically. Run %hailuo resume to decide about {job.id}.",
        provider=job.quote.row.provider,
        request=job.quote.request,
    )


_WAY_OUT = {
    JobState.CANCELLED: "Run the cell again to send it again.",
    JobState.ABANDONED: "The vendor may still finish this clip and charge for it. Run the cell again, or "
    "%hailuo resume, to fetch it. You won't be charged twice.",
}
