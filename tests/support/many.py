"""Many jobs at one vendor on a clock that jumps: the simulator in this process, the real journal, the real dispatcher."""

from __future__ import annotations

import atexit
import random
import shutil
import tempfile
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from hailuo_widgets.engine.job import Job, new_id
from hailuo_widgets.engine.job_group import JobGroup
from hailuo_widgets.engine.limits import Limits
from hailuo_widgets.engine.records import Records
from hailuo_widgets.engine.scheduler import Scheduler
from hailuo_widgets.net.client import AsyncHailuo
from hailuo_widgets.simulator import Simulator, Timing
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.store.library import Library
from support.simulation import LoopClock
from support.vendor import KEY, NOWHERE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from hailuo_widgets.engine.vendor_queue import VendorQueue
    from hailuo_widgets.simulator.tasks import SimTask
    from hailuo_widgets.spec.catalog import ModelSpec

PROMPT = "A red fox trots across fresh snow"


@cache
def tiny_clip() -> Path:
    """An mp4 that is looked into quickly."""
    import av

    from hailuo_widgets.media.encode import encode

    path = Path(tempfile.mkdtemp()) / "tiny.mp4"
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    frames = [av.VideoFrame(64, 48, "yuv420p") for _ in range(6)]
    encode(frames, path, width=64, height=48, fps=6, preset="ultrafast")
    return path


class Varied:
    """Tasks of 45 to 75 seconds, the same ones in each run."""

    def __init__(self, shortest: float = 45.0, longest: float = 75.0, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._range = (shortest, longest)

    def __call__(self, task: SimTask) -> Timing:
        return Timing(0.0, 2.0, self._random.uniform(*self._range) - 2.0)


@dataclass
class World:
    """One vendor and one kernel.

    Attributes:
        known: When each task was known here to be done, by its id.
    """

    sim: Simulator
    provider: str
    clock: LoopClock
    dispatcher: Scheduler
    records: Records
    library: Library
    known: dict[str, float] = field(default_factory=dict)

    def job(self, prompt: str, **fields: Any) -> Job:
        return Job(new_id(self.clock.now()), quote(VideoRequest.of(prompt=prompt, **fields), self.provider))

    async def run(self, jobs: Sequence[Job], group: JobGroup | None = None) -> None:
        """All of them, to their ends."""
        group = group or JobGroup()

        def note(job: Job) -> None:
            if job.task_id and (job.state == "downloading" or job.done):
                self.known.setdefault(job.task_id, self.clock.now())

        for job in jobs:
            job.observe(note)
        await self.dispatcher.run(jobs, self.records, group)

    @property
    def vendor_queue(self) -> VendorQueue:
        """The vendor's, once there was something to submit."""
        [vendor_queue] = self.dispatcher._queues.values()
        return vendor_queue

    @property
    def refused(self) -> int:
        """How many requests were refused for their rate."""
        return sum(entry.status == 429 for entry in self.sim.log)

    @property
    def requests(self) -> Counter[str]:
        return Counter(entry.where for entry in self.sim.log if entry.where != "download")

    def noticed(self) -> list[float]:
        """Seconds between done and known, of each task that succeeded, smallest first."""
        return sorted(
            at - (self.sim.tasks[task].created + self.sim.tasks[task].timing.total) for task, at in self.known.items()
        )


@asynccontextmanager
async def world(
    provider: str,
    *,
    folder: Path | None = None,
    known: Callable[[ModelSpec], Limits] = lambda _row: Limits(),
    front: Callable[[Any], Any] = lambda app: app,
    **options: Any,
) -> AsyncIterator[World]:
    """A vendor that makes the same clip for everybody, and a kernel with a library.

    Args:
        provider: Whose wire they speak.
        folder: The library's, to be kept; by default it is thrown away.
        known: What our side knows of the vendor's limits.
        front: Wraps the simulator's app: a gateway in front of it.
        options: The simulator's.
    """
    clock = LoopClock()

    async def draw(_order: Any) -> Path:
        return tiny_clip()

    sim = Simulator(**{"keys": {KEY}, "draw": draw, "clock": clock, "timing": Varied(), **options})
    client = AsyncHailuo(
        provider, key=KEY, base_url=NOWHERE, transport=httpx.ASGITransport(front(sim.app)), clock=clock
    )
    with tempfile.TemporaryDirectory() as temporary:
        library = Library(folder or Path(temporary))
        records = Records(lambda: library, clock)
        try:
            yield World(sim, provider, clock, Scheduler(lambda _name: client, clock, known), records, library)
        finally:
            records.close()
            library.close()
            await client.aclose()
            await sim.aclose()
