"""Time, as something that can be handed over: everything that waits takes a `Clock`, so that tests can simulate one."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


def midnight(at: float) -> float:
    """When the day of a moment began, by local time; both in seconds since the epoch."""
    moment = datetime.fromtimestamp(at, UTC).astimezone()
    # Without its offset: on the two days of a year when the clocks change, midnight had another one.
    return moment.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None).timestamp()


class Clock(Protocol):
    """Two times, and a way to wait.

    Whatever is waited for or measured uses `monotonic`: the time of day is set by hand, by NTP and by daylight saving,
    and a wait that is measured with it ends too early, too late or never. `now` is for what is shown and stored.
    """

    def now(self) -> float:
        """The time of day: seconds since the epoch. It may jump, forwards and back."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment in the past; never goes back, and does not jump when the clock is set."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long, by `monotonic`."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        """The time of day: seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment in the past."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await asyncio.sleep(seconds)
