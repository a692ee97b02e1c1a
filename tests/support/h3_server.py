"""The simulator's MiniMax-H3, asked without a wire in between: tests have thousands of questions."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from hailuo_widgets.errors import RefusedError
from hailuo_widgets.providers import provider
from hailuo_widgets.simulator import Simulator
from hailuo_widgets.simulator.acedata import AceData
from hailuo_widgets.simulator.exchange import Call, LogEntry, Refusal
from hailuo_widgets.simulator.minimax_v2 import MiniMaxV2, PpioH3
from hailuo_widgets.spec.catalog import catalog
from hailuo_widgets.spec.check import check
from hailuo_widgets.spec.quote import find_row, pin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hailuo_widgets.providers import HttpCall
    from hailuo_widgets.spec.request import VideoRequest

SERVERS = {"minimax": MiniMaxV2, "ppio": PpioH3, "acedata": AceData}


class Server:
    """One vendor's side of H3."""

    def __init__(self, sim: Simulator, name: str) -> None:
        self.sim = sim
        self.endpoints = SERVERS[name](sim).endpoints()

    async def takes(self, call: HttpCall) -> bool:
        """Whether it makes a task of a request."""
        handler = next(each.handler for each in self.endpoints if each.path == call.path)
        entry = LogEntry(0.0, "", "POST", call.path, with_key=True, where="submit")
        try:
            await handler(Call("POST", call.json or {}, {}, {}, {}, "http://vendor.test", "owner", None, entry))
        except Refusal:
            return False
        self.sim.tasks.clear()
        return True


@asynccontextmanager
async def server(name: str) -> AsyncIterator[Server]:
    """A vendor's side that draws nothing."""

    async def nothing(_order: object) -> bytes:
        return b""

    sim = Simulator(draw=nothing)
    try:
        yield Server(sim, name)
    finally:
        await sim.aclose()


def program(name: str, request: VideoRequest) -> tuple[HttpCall, bool]:
    """What the program would send to a vendor, and whether it lets it out."""
    try:
        row, offered = find_row(request, name), True
    except RefusedError:  # there is no row for frames beside references
        row, offered = catalog().find(name, request.model)[0], False
    request = pin(request, row)
    return next(provider(name).submit(request, row)), offered and not check(request, row)


def takes(name: str, request: VideoRequest) -> bool:
    """Whether a vendor makes a task of what the program would send, unchecked."""

    async def asked() -> bool:
        async with server(name) as there:
            return await there.takes(program(name, request)[0])

    return asyncio.run(asked())
