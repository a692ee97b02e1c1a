"""The library as the loop sees it: journal and files have a thread of their own, so that no fsync holds the loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from hailuo_widgets.waiting import to_its_end

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hailuo_widgets.clock import Clock
    from hailuo_widgets.download import Downloaded
    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.state import JobState
    from hailuo_widgets.library.clip import Clip
    from hailuo_widgets.library.library import Library

T = TypeVar("T")


class Records:
    """A library behind one thread.

    Args:
        open_library: Opens the library; called there, on first use, because it loads a database's driver.
        clock: Tells the times that are written down.
    """

    def __init__(self, open_library: Callable[[], Library], clock: Clock) -> None:
        self._open = open_library
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hailuo_widgets-library")

    async def find(self, job: Job) -> Clip | None:
        """The clip that answers the job's request already."""
        return await self._do(lambda: self._open().find(job.quote.digest, job.replicate))

    async def typical_seconds(self, job: Job) -> float | None:
        """How long such clips took so far; None where there were none."""
        return await self._do(lambda: self._open().journal.typical_seconds(job.quote.row.provider, job.quote.request))

    async def begin(self, job: Job) -> None:
        """Write down that the job is about to be sent; a fresh one gets its number here."""

        def begin() -> None:
            replicate = None if job.fresh else job.replicate
            journal = self._open().journal
            job.replicate = journal.open_job(job.id, job.quote, replicate, job.name, self._clock.now())

        await self._do(begin)

    async def move(
        self, job: Job, state: JobState, *, task_id: str | None = None, detail: dict[str, Any] | None = None
    ) -> None:
        """Write down a state."""
        at = self._clock.now()
        await self._do(lambda: self._open().journal.move(job.id, state.value, at, task_id=task_id, detail=detail))

    async def store(self, job: Job, downloaded: Downloaded) -> Clip:
        """Take a downloaded clip into the library."""
        return await self._do(lambda: self._open().store(job.id, downloaded, self._clock.now()))

    async def clip_path(self, job: Job) -> Path:
        """Where the job's clip goes."""
        return await self._do(lambda: self._open().clip_path(job.id))

    async def _do(self, work: Callable[[], T]) -> T:
        """Have it done, and wait for it even when cancelled: what the journal says is then what happened."""
        try:
            future = self._thread.submit(work)
        except RuntimeError:  # the interpreter is ending and starts no threads; what is known still has to be kept
            return work()
        return await to_its_end(asyncio.wrap_future(future))

    def close(self) -> None:
        """End the thread once what is under way is written."""
        self._thread.shutdown(wait=True)
