"""A session whose vendor is a simulator in this process, on a clock that waits for nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from hailuo_widgets.net.client import AsyncHailuo
from hailuo_widgets.session import Session
from hailuo_widgets.settings import Settings
from support.clock import VirtualClock
from support.vendor import KEY, NOWHERE, simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hailuo_widgets.simulator import Simulator


class SimulatedSession(Session):
    """MiniMax is the simulator; everything else is as in a kernel."""

    def __init__(self, *faults: Any, transport: Any = None, **options: Any) -> None:
        settings = Settings.load({})
        settings.give_key("minimax", KEY, "a test")
        settings.set("provider", "minimax")
        super().__init__(settings)
        self.clock = clock = VirtualClock()
        self.simulator: Simulator = simulator(clock, **options)
        self.simulator.faults.add(*faults)
        self.transport = transport or httpx.ASGITransport(self.simulator.app)

    def _connect(self, provider: str) -> AsyncHailuo:
        made_with = (provider, "", 0.0)
        if made_with not in self._clients:
            self._clients[made_with] = AsyncHailuo(
                provider, settings=self.settings, base_url=NOWHERE, transport=self.transport, clock=self.clock
            )
        return self._clients[made_with]

    def history(self, job: Any) -> list[str]:
        """What the journal says of a job."""
        return [state for state, _at in self.library().journal.history(job.id)]


@contextmanager
def session(*faults: Any, **options: Any) -> Iterator[SimulatedSession]:
    made = SimulatedSession(*faults, **options)
    try:
        yield made
    finally:
        made.loop.post(made.simulator.aclose()).result(30)
        made.close()
