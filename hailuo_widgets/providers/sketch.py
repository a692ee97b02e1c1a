"""The embedded provider: MiniMax's v1 wire, spoken to a simulator in this process. No key, no port, no network."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from hailuo_widgets.providers.minimax import MiniMax

if TYPE_CHECKING:
    import httpx
    from starlette.types import ASGIApp


class Sketch(MiniMax):
    """Draws an animatic of the prompt instead of filming it."""

    name = "sketch"
    cancellable = False

    def transport(self, seconds: float) -> httpx.AsyncBaseTransport:
        """Straight into the simulator, in this process; with 0 seconds a clip is done as soon as it is drawn."""
        import httpx

        return httpx.ASGITransport(_simulator(seconds))


@cache
def _simulator(seconds: float) -> ASGIApp:
    """One for all clients of a process, so that each finds the tasks of the others."""
    from hailuo_widgets.simulator import Simulator, Timing

    return Simulator(keys=None, timing=Timing(preparing=0, queueing=0, running=seconds)).app
