"""Work for one thread: tasks that were queued while it was busy are done as one batch."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

T = TypeVar("T")

MOST_AT_ONCE = 100
"""So that a bunch holds a database for a moment only."""


@dataclass(slots=True)
class _WorkItem(Generic[T]):
    work: Callable[[], T]
    reads: bool
    loop: asyncio.AbstractEventLoop
    waiter: asyncio.Future[None] | None = None
    over: bool = False
    """Whether the loop has heard of it."""
    result: T | None = None
    error: BaseException | None = None

    def do(self) -> None:
        try:
            self.result = self.work()
        except BaseException as error:  # noqa: BLE001  # whatever it is, it belongs to the one who asked
            self.error = error

    def outcome(self) -> T:
        """What came of it.

        Raises:
            BaseException: Whatever the work raised.
        """
        error, self.error = self.error, None  # it holds this frame, which must not hold it
        if error is None:
            return self.result  # type: ignore[return-value]
        try:
            raise error
        finally:
            del error


class BatchExecutor:
    """Runs tasks on its own thread, one after the other.

    Args:
        together: Makes one transaction of what is done inside; told whether nothing is written. Where it fails, or any
            part of it does, nothing of it has happened, and each piece is done again by itself.
        name: The thread's.
        in_vain: Whether an error says that each piece by itself would fail in the same way, after as long a wait.
    """

    def __init__(
        self,
        together: Callable[[bool], AbstractContextManager[None]],
        name: str,
        in_vain: Callable[[BaseException], bool] = lambda _error: False,
    ) -> None:
        self._together = together
        self._in_vain = in_vain
        self._waiting: deque[_WorkItem[Any]] = deque()
        self._lock = threading.Lock()
        self._busy = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def do(self, work: Callable[[], T], *, reads: bool = False) -> T:
        """Run it, and wait for it even if cancelled, so that the journal says what happened.

        Args:
            work: May be done a second time, where the first time was undone.
            reads: Whether it writes nothing.
        """
        loop = asyncio.get_running_loop()
        item = _WorkItem(work, reads, loop)
        with self._lock:
            self._waiting.append(item)
            idle, self._busy = not self._busy, True
        if idle:
            try:
                self._thread.submit(self._work)
            except RuntimeError:  # the interpreter is ending and starts no threads; what is known still has to be kept
                self._work()
        while not item.over:
            item.waiter = loop.create_future()
            with suppress(asyncio.CancelledError):  # who needs to know of it compares `cancellations`
                await item.waiter
        return item.outcome()

    def close(self) -> None:
        """End the thread once the current work is done."""
        self._thread.shutdown(wait=True)

    def _work(self) -> None:
        while bunch := self._next():
            if len(bunch) == 1 or not self._all(bunch):
                for item in bunch:
                    item.do()
            for loop in {item.loop for item in bunch}:
                with suppress(RuntimeError):  # it has ended, and with it whoever asked
                    loop.call_soon_threadsafe(_answer, [item for item in bunch if item.loop is loop])

    def _next(self) -> list[_WorkItem[Any]]:
        with self._lock:
            bunch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
            self._busy = bool(bunch)
        return bunch

    def _all(self, bunch: Sequence[_WorkItem[Any]]) -> bool:
        """Whether all of it was done, and is durable."""
        try:
            with self._together(all(item.reads for item in bunch)):
                for item in bunch:
                    item.result = item.work()
        except BaseException as error:  # noqa: BLE001  # each will say it for itself
            if not self._in_vain(error):
                return False
            for item in bunch:
                item.result, item.error = None, copy(error)
        return True


def _answer(bunch: Sequence[_WorkItem[Any]]) -> None:
    for item in bunch:
        item.over = True
        if item.waiter is not None and not item.waiter.done():
            item.waiter.set_result(None)
