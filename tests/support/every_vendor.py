"""Every vendor on the other side: one wire a line, a clock that is slept on, and calls that may never be answered."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from hailuo_widgets.net.client import AsyncHailuo
from hailuo_widgets.simulator import Simulator, Timing, stock_clip
from support.clock import VirtualClock
from support.simulated import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

KEY = "test-key"
BASE = "http://127.0.0.1:9"
PROMPT = "A red fox trots across fresh snow [Pan left]"


@dataclass(frozen=True)
class Wire:
    """One way to a clip.

    Attributes:
        label: As a table's column has it.
        provider: Whose.
        fields: The order, beside its prompt.
    """

    label: str
    provider: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def third_call(self) -> bool:
        """Whether the clip's address takes a call of its own."""
        return self.label in {"minimax", "sketch"}


WIRES = (
    Wire("minimax", "minimax"),
    Wire("minimax v2", "minimax", {"model": "MiniMax-H3", "ratio": "16:9"}),
    Wire("evolink", "evolink"),
    Wire("ppio", "ppio"),
    Wire("novita", "novita"),
    Wire("modelverse", "modelverse"),
    Wire("acedata", "acedata"),
    Wire("sketch", "sketch"),
)


class InProcess(httpx.ASGITransport):
    """The way to the simulator. Where it never answers, the client's own deadline passes on the clock."""

    def __init__(self, sim: Simulator, clock: VirtualClock) -> None:
        super().__init__(sim.app)
        self.sim = sim
        self.clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answering = asyncio.ensure_future(super().handle_async_request(request))
        try:
            while not answering.done():
                await asyncio.wait([answering], timeout=0.005)
                if self.sim._hanging and not answering.done():
                    seconds = request.extensions["timeout"]["read"]
                    assert seconds is not None, "this call would be waited for without end"
                    await self.clock.sleep(seconds)
                    raise httpx.ReadTimeout("nothing came", request=request)
            return answering.result()
        finally:
            answering.cancel()
            await asyncio.wait([answering])


@dataclass
class Bench:
    """A simulator and a client of it on one clock."""

    sim: Simulator
    client: AsyncHailuo
    clock: VirtualClock

    @property
    def paid(self) -> int:
        """How often the paying call arrived."""
        return sum(entry.where == "submit" for entry in self.sim.log)

    async def drawn(self) -> None:
        """Until every clip is there: drawing takes real time, in which the clock stands still."""
        await eventually(lambda: not self.sim.studio._drawings, 60)


@asynccontextmanager
async def bench(provider: str, **options: Any) -> AsyncIterator[Bench]:
    """The simulator with stock clips, and a client for that provider in front of it."""
    clock = VirtualClock()
    sim = Simulator(**{"timing": Timing(1, 2, 20), "draw": stock_clip(fps=2), "clock": clock, **options})
    client = AsyncHailuo(provider, key=KEY, base_url=BASE, transport=InProcess(sim, clock), clock=clock)
    try:
        yield Bench(sim, client, clock)
    finally:
        await client.aclose()
        await sim.aclose()
