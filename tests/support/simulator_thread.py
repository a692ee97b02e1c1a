"""A simulator on a port of this machine, in a thread of the test's process, so that a test can say what goes wrong."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hailuo_widgets.simulator import Simulator
from hailuo_widgets.simulator.drawing import SketchDraw
from support.vendor import on_a_socket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hailuo_widgets.simulator.drawing import Draw
    from hailuo_widgets.simulator.tasks import DrawOrder


def small_sketches() -> Draw:
    """Draws sketches of a few pixels: real clips that differ, soon made and soon decoded."""
    full_size = SketchDraw()

    async def draw(order: DrawOrder) -> Path:
        return await full_size(replace(order, width=480, height=270))

    return draw


@contextmanager
def served(**options: Any) -> Iterator[tuple[Simulator, str]]:
    """The simulator and its base URL."""
    loop = asyncio.new_event_loop()
    simulator = Simulator(**options)
    up, down = threading.Event(), asyncio.Event()
    urls: list[str] = []

    async def run() -> None:
        async with on_a_socket(simulator.app) as url:
            urls.append(url)
            up.set()
            await down.wait()
        await simulator.aclose()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    if not up.wait(30):
        raise RuntimeError("the simulator did not start")
    try:
        yield simulator, urls[0]
    finally:
        loop.call_soon_threadsafe(down.set)
        thread.join(30)
        loop.close()
