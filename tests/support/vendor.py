"""A vendor on the other side: the simulator in this process or on a socket, with our client in front of it."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn

from hailuo_widgets.net.client import AsyncHailuo
from hailuo_widgets.simulator import Simulator, Timing, stock_clip
from support.clock import VirtualClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.types import ASGIApp

    from hailuo_widgets.net.fetch import Sink
    from hailuo_widgets.net.transport import Transport

KEY = "canary-5b1f0c9e7d"
NOWHERE = "http://127.0.0.1:9"
PROMPT = "A red fox trots across fresh snow [Pan left]"


def simulator(clock: VirtualClock, **options: Any) -> Simulator:
    return Simulator(**{"keys": {KEY}, "timing": Timing(1, 2, 20), "draw": stock_clip(), "clock": clock, **options})


def in_process(sim: Simulator, clock: VirtualClock, **options: Any) -> AsyncHailuo:
    options = {"key": KEY, "base_url": NOWHERE, "transport": httpx.ASGITransport(sim.app), **options}
    return AsyncHailuo("minimax", clock=clock, **options)


@asynccontextmanager
async def minimax(*faults: Any, **options: Any) -> AsyncIterator[tuple[Simulator, AsyncHailuo, VirtualClock]]:
    """The simulator and a client of it on one virtual clock, with faults queued."""
    clock = VirtualClock()
    sim = simulator(clock, **options)
    sim.faults.add(*faults)
    client = in_process(sim, clock)
    try:
        yield sim, client, clock
    finally:
        await client.aclose()
        await sim.aclose()


@asynccontextmanager
async def on_a_socket(app: ASGIApp) -> AsyncIterator[str]:
    """The app's base URL on a free port of this machine."""
    config = uvicorn.Config(app, lifespan="off", log_level="critical", access_log=False, timeout_graceful_shutdown=1)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve(sockets=[listening]))  # `serve` would take over Ctrl-C
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listening.close()


async def fetched(there: Transport, url: str, **options: Any) -> tuple[int, bytes]:
    """A file's status and body."""
    status, pieces = 0, []

    def accept(answered: int, _headers: Mapping[str, str]) -> Sink:
        nonlocal status
        status = answered
        return lambda piece: pieces.append(bytes(piece))

    failure = await there.fetch(url, accept, **options)
    assert failure is None, failure
    return status, b"".join(pieces)


def submits(sim: Simulator) -> int:
    """How often the paying call arrived."""
    return sum(entry.where == "submit" for entry in sim.log)


def polls(sim: Simulator) -> int:
    return sum(entry.where == "poll" for entry in sim.log)
