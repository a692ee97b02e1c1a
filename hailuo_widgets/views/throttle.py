"""Throttling of a live view: at most one message per interval."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

INTERVAL = 0.15
"""Seconds between two messages of one view: less than seven a second. A server drops what exceeds 1,000 in all."""


class Pace:
    """Sends what is waiting, one message an interval. For the loop's thread only.

    Args:
        sources: Each sends one message if it has one, and says whether it did. The first one has precedence.
    """

    def __init__(self, *sources: Callable[[], bool]) -> None:
        self._sources = sources
        self._timer: asyncio.TimerHandle | None = None
        self._last = -INTERVAL

    def wake(self) -> None:
        """Signal that there may be something to send."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            # Even the first waits a little: what happens together goes out together.
            wait = max(INTERVAL / 4, self._last + INTERVAL - loop.time())
            self._timer = loop.call_later(wait, self._send)

    def stop(self) -> None:
        """Send nothing more."""
        self._sources = ()
        if self._timer is not None:
            self._timer.cancel()

    def _send(self) -> None:
        self._timer = None
        if any(source() for source in self._sources):
            self._last = asyncio.get_running_loop().time()
            self.wake()
