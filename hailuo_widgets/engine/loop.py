"""One daemon thread with its own asyncio loop: the kernel's own loop is blocked while a cell computes."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from hailuo_widgets.engine import forking
from hailuo_widgets.engine.patient_loop import PatientLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

T = TypeVar("T")

FINISH_SECONDS = 10.0
"""How long the end of the process waits for what must not be cut off: a paying call that was sent and not answered."""

_STOP_SECONDS = 2.0


class LoopThread:
    """A loop in a thread, started on first use, forgotten after a fork, stopped at exit. Thread-safe.

    The loop is asyncio's own, whatever loop policy the process has: a program that installs uvloop gets it for its own
    loops only.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: PatientLoop | None = None
        self._thread: threading.Thread | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)
        atexit.register(self.stop)
        _all.add(self)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop; it runs from here on."""
        with self._lock:
            if self._loop is None:
                forking.prepare_for_forks()
                self._loop = PatientLoop()
                self._thread = threading.Thread(target=_run, args=(self._loop,), name=forking.THREAD_NAME, daemon=True)
                self._thread.start()
                _watch_main_thread()
            return self._loop

    def post(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine there, in the caller's context: what a cell prints and shows finds its cell."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def call(self, function: Callable[..., object], *args: Any) -> None:
        """Call a function there, soon."""
        self.loop.call_soon_threadsafe(function, *args)

    def finish(self) -> None:
        """Cancel what was posted and wait for its end, which a paying call puts off until its answer is known."""
        with self._lock:
            loop, thread = self._loop, self._thread
        if loop is None or thread is None or not thread.is_alive():
            return
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(_finish(loop), loop).result(FINISH_SECONDS + _STOP_SECONDS)

    def stop(self) -> None:
        """Do the same, cancel whatever still runs, and end the thread."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None or not thread.is_alive():
            return
        loop.call_soon_threadsafe(loop.stop)
        thread.join(FINISH_SECONDS + _STOP_SECONDS)

    def _forget(self) -> None:
        self._loop = self._thread = None
        self._lock = threading.Lock()  # a fork may copy one that another thread held


_all: weakref.WeakSet[LoopThread] = weakref.WeakSet()
_watched: list[int] = []
"""The process whose main thread is watched."""


def _watch_main_thread() -> None:
    """End what is under way when the program's main thread ends, once a process.

    From then on Python starts no threads, which a job needs, and waits for the program's own threads. One of them that
    waits for a job would wait for ever.
    """
    if _watched != [os.getpid()]:
        _watched[:] = [os.getpid()]
        threading.Thread(target=_finish_all, name="hailuo_widgets-end", daemon=True).start()


def _finish_all() -> None:
    threading.main_thread().join()
    for each in list(_all):
        with suppress(Exception):  # the loop may stop at the same time, and there is no one left to report to
            each.finish()


async def _finish(loop: PatientLoop) -> None:
    """Cancel what was begun from outside the loop; what it has begun itself ends with it, or has to come to its end."""
    # Not who does the same: the main thread's end and the loop's may come together.
    others = [task for task in loop.posted if getattr(task.get_coro(), "cr_code", None) is not _finish.__code__]
    begun = [task for task in others if not task.done()]
    for task in begun:
        task.cancel()
    if begun:
        await asyncio.wait(begun, timeout=FINISH_SECONDS)


def _run(loop: PatientLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        loop.run_until_complete(_finish(loop))
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
