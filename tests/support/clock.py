"""A clock whose waiting takes no time: what is waited for is done by the time that it is."""

from __future__ import annotations

import asyncio

START = 1_757_169_743.0


class VirtualClock:
    """Seconds since 1970 that move on by being slept; for our side, and called for the simulator's."""

    def __init__(self, now: float = START) -> None:
        self.time = now
        self.naps: list[float] = []

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def __call__(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.time += seconds
        await asyncio.sleep(0.001)  # drawings and disks are real, and want their turn
