"""An asyncio loop that reads what has arrived before it gives up on it, after the process stood still.

A process stands still when it is stopped (SIGSTOP, a debugger, a suspended virtual machine) or while something holds
the interpreter. When it continues, every timeout is overdue, and the answers that were waited for are in the sockets.
asyncio runs overdue timers in the same turn in which it notices the answers, so the answers would be thrown away.
"""

from __future__ import annotations

import asyncio
import selectors
import time
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

STOOD_STILL = 2.0
"""Seconds: a turn of the loop that takes so much longer than it should is a standstill."""

LOOK_SECONDS = 1.0
"""How long timers are held back after a standstill, so that what has arrived is read first."""


class PatientLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop, whose time stands still for a moment after the process did.

    Attributes:
        posted: Tasks that were begun from outside, not by another task of this loop.
    """

    def __init__(self) -> None:
        self._held_at = self._held_until = 0.0
        self.posted: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        super().__init__(_Selector(self))

    def time(self) -> float:
        """The loop's time: monotonic, and held for `LOOK_SECONDS` after a standstill."""
        now = time.monotonic()
        return self._held_at if now < self._held_until else now

    @property
    def held(self) -> float:
        """Seconds for which its time is still held."""
        return max(0.0, self._held_until - time.monotonic())

    def hold(self, at: float) -> None:
        """Hold the time at a moment, so that timers after it wait."""
        if not self.held:
            self._held_at = at
        self._held_until = time.monotonic() + LOOK_SECONDS

    def create_task(
        self, coro: Generator[Any, None, Any] | Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Task[Any]:
        """As asyncio's; remembers what was begun from outside."""
        task: asyncio.Task[Any] = super().create_task(coro, **options)
        if asyncio.current_task(self) is None:
            self.posted.add(task)
        return task


class _Selector(selectors.DefaultSelector):
    """Notices when a turn took much longer than it was to take."""

    def __init__(self, loop: PatientLoop) -> None:
        super().__init__()
        self._loop = loop
        self._left = time.monotonic()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        entered = time.monotonic()
        if entered - self._left > STOOD_STILL:
            self._loop.hold(self._left)
        if (held := self._loop.held) > 0:
            timeout = held if timeout is None else min(timeout, held)
        found = super().select(timeout)
        self._left = time.monotonic()
        if timeout is not None and self._left - entered > timeout + STOOD_STILL:
            self._loop.hold(entered)
        return found
