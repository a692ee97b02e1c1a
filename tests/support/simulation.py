"""A loop on which no time passes but what is waited for: an hour of many tasks at once in a moment, the same each time."""

from __future__ import annotations

import asyncio
import selectors
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from unittest.mock import patch

from support.clock import START

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

T = TypeVar("T")

STUCK_SECONDS = 30.0
"""Real seconds after which nothing is expected to happen any more."""


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Jumps to the next moment at which someone wants to be woken."""

    def __init__(self) -> None:
        self._moment = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self._moment

    def jump(self, seconds: float) -> None:
        self._moment += seconds


class _Jumping(selectors.SelectSelector):
    def __init__(self, loop: SimulatedLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(STUCK_SECONDS if timeout is None else 0)
        if timeout is None and not found:
            raise RuntimeError("everybody waits, and nothing will ever happen")
        if not found and timeout:
            self._loop.jump(timeout)
        return found


class LoopClock:
    """The loop's time, for our side, and called for the simulator's.

    Our machine's time of day can be set (`set_forward`) and our machine can sleep (`suspend`). The simulator's machine
    does neither.
    """

    def __init__(self) -> None:
        self._offset = self._suspended = 0.0

    def now(self) -> float:
        return self() + self._offset

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def set_forward(self, seconds: float) -> None:
        """Set our time of day; a negative number sets it back."""
        self._offset += seconds

    def suspend(self, seconds: float) -> None:
        """Our machine sleeps: its time of day and the vendor's go on, its monotonic clock does not."""
        self._suspended += seconds

    def __call__(self) -> float:
        return START + asyncio.get_running_loop().time() + self._suspended

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def simulate(main: Coroutine[Any, Any, T]) -> T:
    """Run it with no time passing. What goes to threads is done at once, so that nothing depends on their pace."""
    with _no_threads(), asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main)


@contextmanager
def _no_threads() -> Iterator[None]:
    def submit(_pool: ThreadPoolExecutor, work: Callable[..., Any], *args: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **options))
        except BaseException as error:
            future.set_exception(error)
        return future

    async def run_sync(work: Callable[..., Any], *args: Any, **_options: Any) -> Any:
        return work(*args)

    with patch.object(ThreadPoolExecutor, "submit", submit), patch("anyio.to_thread.run_sync", run_sync):
        yield
