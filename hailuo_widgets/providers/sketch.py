"""The embedded provider: MiniMax's v1 wire, spoken to a simulator in this process. No key, no port, no network."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from hailuo_widgets.errors import Charged
from hailuo_widgets.providers.base import Flow, HttpCall, Phase, Task, TaskState
from hailuo_widgets.providers.minimax import MiniMax

if TYPE_CHECKING:
    import httpx


KEPT_SECONDS = 7 * 86_400
"""How long a sketch's task is remembered: as long as MiniMax remembers its own (v2, Query a task: 7 days)."""


class SketchProvider(MiniMax):
    """Draws an animatic of the prompt instead of filming it."""

    name = "sketch"

    def transport(self, seconds: float) -> httpx.AsyncBaseTransport:
        """The way to a simulator of its own, whose tasks outlive the process.

        Args:
            seconds: How long a sketch pretends to take; it takes at least as long as the drawing.
        """
        import httpx

        from hailuo_widgets.simulator import FileTaskStore, Simulator, Timing

        timing = Timing(preparing=seconds * 0.05, queueing=seconds * 0.15, running=seconds * 0.8)
        simulator = Simulator(keys=None, timing=timing, store=FileTaskStore(_folder()), seed=None)

        class InProcess(httpx.ASGITransport):
            async def aclose(self) -> None:
                await simulator.aclose()

        return InProcess(simulator.app)

    def poll(self, task: Task) -> Flow[TaskState]:
        """As MiniMax; a sketch that failed was free."""
        state = yield from super().poll(task)
        if state.error is not None:
            state.error.charged = Charged.NO
        return state

    def can_cancel(self, task: Task) -> bool:  # noqa: ARG002  # any of them
        """Always: there is no vendor to tell."""
        return True

    def cancel(self, task: Task) -> Flow[TaskState]:
        """Stop drawing it, by the one route of the simulator that no vendor has."""
        yield HttpCall("DELETE", f"/sketches/{quote(task.id, safe='')}")
        return TaskState(task, Phase.CANCELLED)


def _folder() -> Path:
    """Where the simulator keeps its tasks: prompts, so private."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "hailuo_widgets" / "sketches"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    oldest = time.time() - KEPT_SECONDS
    for file in folder.iterdir():
        with suppress(OSError):  # another kernel may tidy up at the same moment
            if file.stat().st_mtime < oldest:
                file.unlink()
    return folder
