"""A simulator on a clock that only moves when told to, and a client in the same process."""

from __future__ import annotations

import asyncio
import base64
import io
from typing import TYPE_CHECKING, Any

import httpx

from hailuo_widgets.simulator import Simulator, Timing, stock_clip

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

START = 1_757_169_743.0
KEY = "test-key"


async def eventually(check: Callable[[], object], seconds: float = 10) -> None:
    """Wait until something is so; the deadline is only ever reached by a failure."""
    async with asyncio.timeout(seconds):
        while not check():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.002)


class Clock:
    """Seconds since 1970 that stand still."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


class Bench:
    """A simulator with its clock and a client that carries the right key."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        options = {"timing": Timing(10, 10, 40), "draw": stock_clip(), "clock": self.clock, **options}
        self.sim = Simulator(**options)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.sim.app),
            base_url="http://vendor.test",
            headers={"Authorization": f"Bearer {KEY}"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()
        await self.sim.aclose()

    async def drawn(self) -> None:
        """Until all clips are there; the clock stands still meanwhile."""
        async with asyncio.timeout(20):
            for task in list(self.sim.tasks.values()):
                if task.failure is None:
                    await self.sim.studio.clip(task.id, task.order)

    async def finish(self) -> None:
        """Go on to when every task has ended."""
        await self.drawn()
        self.clock.forward(1000)

    async def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        return await self.client.post(path, json=body, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.client.get(path, **options)


def data_url(width: int = 640, height: int = 400, kind: str = "PNG") -> str:
    """A picture of that size as a data URL."""
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(out.getvalue()).decode()}"
