"""`AsyncHailuo`: drives one provider over HTTP. Usable in a plain script, with no notebook around.

```python
async with AsyncHailuo("sketch") as client:
    task = await client.submit("A red fox trots across fresh snow [Pan left]")
    async for state in client.watch(task):
        print(state.word, state.progress)
    await client.download(state, Path("fox.mp4"))
```
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from hailuo_widgets.clock import Clock, SystemClock
from hailuo_widgets.errors import (
    Charged,
    DownloadError,
    NetworkError,
    RateLimitError,
    TimedOutError,
    UncertainError,
    VendorError,
)
from hailuo_widgets.keys import choose_provider, require_key
from hailuo_widgets.net.download import AddressError, Downloaded, download
from hailuo_widgets.net.reply import NoReply
from hailuo_widgets.net.transport import Transport
from hailuo_widgets.providers import Task, TaskState, provider
from hailuo_widgets.providers.patience import Patience
from hailuo_widgets.settings import Settings, checked_base_url
from hailuo_widgets.spec.catalog import catalog
from hailuo_widgets.spec.quote import Quote, quote
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.waiting import cancellations, to_its_end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    import httpx
    from pydantic import SecretStr

    from hailuo_widgets.providers import Flow, Remains

T = TypeVar("T")

ATTEMPTS = 5
"""How often a call that costs nothing is made before its failure is reported."""

ADDRESS_SECONDS = 180.0
"""For how long new addresses of one clip are asked for. A vendor's storage can lag minutes behind its answers."""

CANCEL_SECONDS = 10.0
"""How long a vendor that says nothing is asked to cancel a task."""

WATCH_REFUSED_SECONDS = 60.0
"""Seconds for which `watch` puts up with refusals: a script that runs it sees the error, and can begin again."""

LONGEST_PAUSE = 30.0
"""Seconds of the longest pause between two attempts, where the vendor asks for none."""

LONGEST_RETRY_AFTER = 120.0
"""Seconds; a vendor that asks for a longer pause in `Retry-After` is asked again after this one."""


@dataclass
class _Payment:
    """How far a flow is that pays: a vendor may want a call before the one that does, or after it.

    Attributes:
        left: Whether the paying call is about to leave this machine, or has left it.
        taken: Whether it was answered, and the flow went on.
        refusal: What was raised instead of letting it leave.
    """

    left: bool = False
    taken: bool = False
    refusal: Exception | None = None


class _NotSentError(Exception):
    """The caller did not let the paying call leave."""


class AsyncHailuo:
    """A client for one provider.

    Args:
        name: The provider; None picks the first whose key is set, else `sketch`.
        key: The provider's key; without it the environment and `.env` are asked.
        base_url: Another address for the same wire: a gateway, or the simulator.
        settings: Where keys and addresses come from, if not from the environment.
        transport: Another httpx transport.
        clock: Tells the time and waits.

    Raises:
        UsageError: If there is no such provider.
        AuthenticationError: If it needs a key and none is set.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        key: str | SecretStr | None = None,
        base_url: str | None = None,
        settings: Settings | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        settings = settings or Settings.load()
        self.name = name or choose_provider(settings)[0]
        self.clock: Clock = clock or SystemClock()
        self._provider = provider(self.name)
        offer = catalog().offer(self.name)
        base = checked_base_url(base_url) if base_url else settings.base_urls.get(self.name, "")
        if key is not None:
            settings = settings.with_key(self.name, key)
        self._settings = settings
        require_key(self.name, settings)
        if transport is None and not base:
            transport = self._provider.transport(settings.sketch_seconds)
        wire = self._provider

        def headers() -> dict[str, str]:
            # Looked up for each call and kept nowhere: no attribute, repr or traceback of the client holds the key.
            found = settings.key(offer.name, offer.key)
            return wire.headers(found.secret.get_secret_value() if found else "")

        self._transport = Transport(base or offer.hosts[0], headers, transport, lambda: settings.client_cert)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection. Tasks go on at the vendor."""
        await self._transport.aclose()

    def __repr__(self) -> str:
        return f"AsyncHailuo({self.name!r}, base_url={self._transport.base_url!r})"

    @property
    def batch(self) -> int:
        """For how many tasks one status call can ask."""
        return self._provider.batch

    def batch_of(self, model: str) -> int:
        """For how many tasks of a model one status call can ask."""
        return self._provider.batch_of(model)

    async def candidates(self, order: Quote, since: float) -> list[TaskState]:
        """The tasks that a request may have become whose answer was lost, where the vendor can list tasks.

        None of them may be it: they are like it in all that the vendor's list says. A person decides.

        Args:
            order: What was sent.
            since: When, in seconds since the epoch.

        Raises:
            VendorError: If the vendor could not be asked.
        """
        return await self._ask(lambda: self._provider.candidates(order.request, order.row, since), None)

    async def remains(self) -> tuple[Remains, ...]:
        """What is left of the account's plan; nothing where the vendor does not tell, or there is no plan.

        Raises:
            VendorError: If the vendor could not be asked.
        """
        return await self._ask(self._provider.remains, None, attempts=1)

    @property
    def cancellable(self) -> bool:
        """Whether the vendor can really cancel a task."""
        return self._provider.cancellable

    def can_cancel(self, task: Task | TaskState | str) -> bool:
        """Whether the vendor can really cancel this task: MiniMax can those of H3 only."""
        return self._provider.can_cancel(_task(task))

    def quote(self, request: VideoRequest | str, **fields: Any) -> Quote:
        """What would be sent, and its price. Nothing is sent.

        Raises:
            RefusedError: If the vendor would not accept it, with every reason at once.
        """
        if isinstance(request, str):
            request = VideoRequest.of(prompt=request, **fields)
        return quote(request, self.name)

    async def submit(
        self,
        request: VideoRequest | Quote | str,
        *,
        attempts: int = ATTEMPTS,
        before: Callable[[], Awaitable[None]] | None = None,
        **fields: Any,
    ) -> TaskState:
        """Buy a clip. The paying call leaves this machine once; again only where it certainly did not arrive.

        Cancelled while that call is on its way, it still waits for the answer and returns the task: what may have been
        paid for is not lost. Cancelled before, or between two attempts, it ends at once.

        Args:
            request: What to make: a prompt, a request, or a quote.
            attempts: How often the call is made at most, where it certainly was not taken; 1 to decide that yourself.
            before: Awaited before each attempt, when the connection is open and nothing has been sent: the place to
                write down what is about to be bought. If it raises, nothing is sent.
            fields: With a prompt: more fields of `VideoRequest`.

        Raises:
            Exception: Whatever `before` raises.
            RefusedError: If the catalogue says that the vendor would not accept it; nothing was sent.
            UncertainError: If it was sent and no clear answer came back.
            VendorError: If the vendor turned it down.
        """
        order = request if isinstance(request, Quote) else self.quote(request, **fields)
        return await self._pay(lambda: self._provider.submit(order.request, order.row), order, attempts, before)

    async def status(
        self,
        task: Task | TaskState | str,
        *,
        attempts: int = ATTEMPTS,
        another: Callable[[], Awaitable[None]] | None = None,
    ) -> TaskState:
        """Ask how a task stands. Asked again by itself where the question fails.

        Args:
            task: Which one.
            attempts: How often it is asked at most.
            another: Awaited before each further call, where the vendor wants more than one (MiniMax's for the address).

        Raises:
            VendorError: If it still fails after that.
        """
        wanted = _task(task)
        state = await self._ask(lambda: self._provider.poll(wanted), wanted, attempts, another)
        if state.error is not None:
            self._about(state.error, wanted)
        return state

    async def status_many(self, tasks: Sequence[Task], *, attempts: int = ATTEMPTS) -> list[TaskState]:
        """Ask for up to `batch` tasks in one call; a task that the vendor doesn't know is left out."""
        return await self._ask(lambda: self._provider.poll_many(tasks), None, attempts)

    async def cancel(self, task: Task | TaskState | str) -> TaskState:
        """Cancel a task at the vendor, where it can do that.

        Raises:
            TimedOutError: If the vendor says nothing for 10 s. It may have cancelled the task all the same.
            VendorError: If it could not be asked.
        """
        wanted = _task(task)
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                return await self._ask(lambda: self._provider.cancel(wanted), wanted)
        except TimeoutError:
            pass
        message = f"{self._host} did not answer within {CANCEL_SECONDS:g} s when asked to cancel."
        raise self._about(TimedOutError(message, hint="The task may continue and be charged."), wanted)

    async def watch(
        self,
        task: Task | TaskState | str,
        *,
        interval: float | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # the clock may be a simulated one
    ) -> AsyncIterator[TaskState]:
        """Yield a task's states until it has ended. Questions that fail are asked again; they never end the task.

        A refusal (no such task, a wrong key) is raised once nothing else has come for a minute.

        Args:
            task: Which one.
            interval: Seconds between questions; by default few at first, then every 5 s.
            timeout: Seconds after which to give up watching.

        Raises:
            TimedOutError: After `timeout`; it carries the task, which goes on.
            VendorError: If the vendor goes on saying that there is no such task, or that the key is wrong.
        """
        wanted, started = _task(task), self.clock.monotonic()
        patience = Patience(WATCH_REFUSED_SECONDS)
        while True:
            try:
                state = await self.status(wanted)
            except VendorError as error:
                if not error.retryable and patience.ends(error, self.clock.monotonic(), started):
                    raise
            else:
                patience.answered()
                yield state
                if state.phase.final:
                    return
            elapsed = self.clock.monotonic() - started
            if timeout is not None and elapsed >= timeout:
                raise self._about(
                    TimedOutError(f"The task is not done after {timeout:g} s.", hint="It goes on."), wanted
                )
            await self.clock.sleep(
                pause(elapsed, local=not catalog().offer(self.name).key) if interval is None else interval
            )

    async def download(self, state: TaskState, path: Path | str) -> Downloaded:
        """Fetch a finished task's clip. Where its address has expired, a new one is asked for.

        For some minutes neither an address that doesn't work nor a question that is refused ends it: the clip has been
        paid for.

        Raises:
            VendorError: If the vendor goes on refusing to give an address.
            DownloadError: If it can't be had; nothing is left under the name.
            LibraryError: If the disk refuses it.
        """
        until, attempt = self.clock.monotonic() + ADDRESS_SECONDS, 0
        try:
            while True:
                try:
                    if state.url is None:
                        state = await self.status(state.task)
                    if state.url is not None:
                        return await download(self._transport, state.url, Path(path), clock=self.clock)
                    # Once it had one, an answer that says nothing clear is asked for again, like any other.
                    if not attempt or state.phase.final or self.clock.monotonic() >= until:
                        raise DownloadError("The task has no clip.", hint=f"The vendor says: {state.word}.")
                except VendorError as error:
                    again = isinstance(error, AddressError) or not isinstance(error, DownloadError)
                    if not again or self.clock.monotonic() >= until:
                        raise
                await self.clock.sleep(backoff(attempt, None))
                attempt += 1
                state = replace(state, url=None)
        except VendorError as error:
            raise self._about(error, state.task) from None

    async def _pay(
        self,
        flow: Callable[[], Flow[T]],
        order: Quote,
        attempts: int,
        before: Callable[[], Awaitable[None]] | None,
    ) -> T:
        problem: VendorError
        cancelled = cancellations()
        for attempt in range(attempts):
            payment = _Payment()
            outcome = await self._sent(flow(), payment, before, attempt + 1)
            if payment.refusal is not None:
                raise payment.refusal
            if not isinstance(outcome, (NoReply, VendorError)):
                return outcome
            if payment.taken:
                problem = UncertainError(
                    "The request was accepted, but the next step failed: "
                    f"{outcome.reason if isinstance(outcome, NoReply) else outcome.message}",
                    hint="It was probably charged: look at the vendor's console before you send it again.",
                )
                break
            if isinstance(outcome, VendorError):
                problem = outcome
                if not payment.left:  # what comes before it costs nothing
                    problem.charged = Charged.NO
                if not certainly_not_taken(problem):
                    break
            elif outcome.sent and payment.left:
                problem = UncertainError(
                    f"The request was sent, but {outcome.reason}.",
                    hint="It may have been charged: look at the vendor's console before you send it again.",
                )
                break
            else:
                problem = self._unreachable(outcome)
            if cancellations() > cancelled:
                raise asyncio.CancelledError
            if attempt + 1 < attempts:
                await self.clock.sleep(backoff(attempt, problem.retry_after))
        if problem.charged is Charged.UNKNOWN and not isinstance(problem, UncertainError):
            problem = UncertainError(
                f"The vendor answered, but not clearly: {problem.message}",
                hint="It may have been charged: look at the vendor's console before you send it again.",
                http_status=problem.http_status,
                code=problem.code,
                vendor_message=problem.vendor_message,
            )
        raise self._about(problem, None, order.request)

    async def _sent(
        self, flow: Flow[T], payment: _Payment, before: Callable[[], Awaitable[None]] | None, attempt: int
    ) -> T | NoReply | VendorError:
        async def leave() -> None:
            try:
                if before is not None:
                    await before()
            except Exception as error:  # noqa: BLE001  # the caller's own; raised again where nothing else is caught
                payment.refusal = error
            if payment.refusal is not None:
                raise _NotSentError
            payment.left = True

        try:
            return await to_its_end(self._run(flow, attempt, payment=payment, leave=leave), lambda: payment.left)
        except _NotSentError:
            return NoReply("it was not let go", sent=False)
        except asyncio.CancelledError:
            if not payment.left:
                raise
            return NoReply("this program ended before the answer arrived", sent=True)

    async def _ask(
        self,
        flow: Callable[[], Flow[T]],
        task: Task | None,
        attempts: int = ATTEMPTS,
        another: Callable[[], Awaitable[None]] | None = None,
    ) -> T:
        problem: VendorError
        for attempt in range(attempts):
            outcome = await self._run(flow(), attempt + 1, another)
            if not isinstance(outcome, (NoReply, VendorError)):
                return outcome
            if isinstance(outcome, NoReply):
                kind = TimedOutError if outcome.timed_out else NetworkError
                problem = kind(f"{self._host} could not be asked: {outcome.reason}.", charged=Charged.UNKNOWN)
            else:
                problem = outcome
            if not problem.retryable or attempt + 1 == attempts:
                break
            await self.clock.sleep(backoff(attempt, problem.retry_after))
        if problem.charged is Charged.NO:  # the question cost nothing; what it is about may have been paid for
            problem.charged = Charged.UNKNOWN
        raise self._about(problem, task)

    async def _run(
        self,
        flow: Flow[T],
        attempt: int,
        another: Callable[[], Awaitable[None]] | None = None,
        *,
        payment: _Payment | None = None,
        leave: Callable[[], Awaitable[None]] | None = None,
    ) -> T | NoReply | VendorError:
        """Drive a flow to its end. Errors are returned, so that no frame of the wire hangs on a traceback."""
        try:
            call = next(flow)
            while True:
                reply = await self._transport.send(call, before=leave if call.paying else None, attempt=attempt)
                if isinstance(reply, NoReply):
                    flow.close()
                    return reply
                call = flow.send(reply)
                if payment is not None:
                    payment.taken = payment.left  # or the flow would not go on
                if another is not None:
                    await another()
        except StopIteration as stop:
            result: T = stop.value
            return result
        except VendorError as error:
            return error.with_traceback(None)

    def _about(self, error: VendorError, task: Task | None, request: object | None = None) -> VendorError:
        error.provider = self.name
        error.task_id = error.task_id or (task.id if task else None)
        error.request = error.request or request
        return error.with_traceback(None)

    def _unreachable(self, outcome: NoReply) -> NetworkError:
        return NetworkError(f"{self._host} could not be reached: {outcome.reason}.", hint="Nothing was sent.")

    @property
    def _host(self) -> str:
        return catalog().offer(self.name).title


def certainly_not_taken(problem: VendorError) -> bool:
    """Whether a paying call may be sent again: HTTP 429, and MiniMax's 1002, which comes with HTTP 200."""
    return isinstance(problem, RateLimitError) and (problem.http_status == 429 or problem.code == "1002")


def pause(elapsed: float, *, local: bool) -> float:
    """Seconds until the next question, by how long a task has run: a clip takes minutes, a sketch about a second."""
    if local:
        return min(0.1 + elapsed / 10, 1.0)
    return 2.0 if elapsed < 10 else 5.0


def _task(task: Task | TaskState | str) -> Task:
    if isinstance(task, TaskState):
        return task.task
    return Task(task) if isinstance(task, str) else task


def backoff(attempt: int, asked: float | None) -> float:
    """Capped and jittered, so that many clients don't come back at the same moment."""
    if asked is not None:
        return min(asked, LONGEST_RETRY_AFTER) + random.uniform(0, 0.25)  # noqa: S311  # jitter, no secret
    return min(0.5 * 2.0**attempt, LONGEST_PAUSE) * random.uniform(0.5, 1.0)  # noqa: S311  # jitter, no secret
