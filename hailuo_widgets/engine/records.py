"""The library as the loop sees it: journal and files have a thread of their own, so that no fsync holds the loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from hailuo_widgets.engine.batch_executor import BatchExecutor
from hailuo_widgets.errors import LibraryError
from hailuo_widgets.store import owner
from hailuo_widgets.waiting import to_its_end

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hailuo_widgets.clock import Clock
    from hailuo_widgets.download import Downloaded
    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.state import JobState
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.store.library import Library
    from hailuo_widgets.store.lifecycle import Claim

RENEWED_EVERY = owner.SECONDS / 4
LOOKS_AT_ONCE = 2
"""Clips that are looked into at once. It is work for the processor: more of it would only hold up the loop."""

BUSY_SECONDS = 1.0
"""How long to wait before looking again how far another kernel is."""


class Records:
    """A library behind one thread.

    Args:
        open_library: Opens the library; called there, on first use, because it loads a database's driver.
        clock: Tells the times that are written down.
    """

    def __init__(self, open_library: Callable[[], Library], clock: Clock) -> None:
        self._open = open_library
        self._clock = clock
        self.owner = owner.new()
        self._held: dict[str, Job] = {}
        self._renewing: asyncio.Task[None] | None = None
        self._looks = asyncio.Semaphore(LOOKS_AT_ONCE)
        self._journal = BatchExecutor(
            lambda reads: self._open().journal.together(reads=reads), "hailuo_widgets-library"
        )

    async def find(self, job: Job) -> Clip | None:
        """The clip that answers the job's request already."""
        return await self._journal.do(lambda: self._open().find(job.quote.digest, job.replicate), reads=True)

    async def find_many(self, jobs: Sequence[Job]) -> set[Job]:
        """Those of the jobs whose requests the library can answer already."""
        keys = {job: (job.quote.digest, job.replicate) for job in jobs if not job.fresh}
        found = await self._journal.do(lambda: self._open().find_many(keys.values()), reads=True)
        return {job for job, key in keys.items() if key in found}

    async def recent_seconds(self, job: Job) -> list[float]:
        """How long the vendor took for the last clips like this one."""
        order, provider = job.quote.request, job.quote.row.provider
        return await self._journal.do(lambda: self._open().journal.recent_seconds(provider, order), reads=True)

    async def claim(self, job: Job) -> Claim:
        """Write down that the job is about to be sent, unless the same was sent before; a fresh one gets its number.

        While it is watched here, its lease is renewed, and no other kernel resumes it.
        """

        def claim() -> Claim:
            library, at = self._open(), self._clock.now()
            journal, order = library.journal, job.quote
            if job.fresh:
                job.replicate = journal.open_job(job.id, order, None, job.name, at, owner=self.owner)
                return Claim("new", job.id, job.replicate)
            claimed = journal.claim(job.id, order, job.replicate, job.name, at, owner=self.owner)
            if claimed.kind == "stored" and library.find(order.digest, job.replicate) is None:  # its file is gone
                lost = claimed.job_id
                claimed = journal.claim(job.id, order, job.replicate, job.name, at, owner=self.owner, lost=lost)
            return claimed

        from hailuo_widgets.store.lifecycle import Claim

        claimed = await self._journal.do(claim)
        if claimed.kind in ("new", "open"):
            self.hold(job, claimed.job_id)
        return claimed

    async def pause(self) -> None:
        """Wait until it pays to look again how far another kernel is."""
        await self._clock.sleep(BUSY_SECONDS)

    def hold(self, job: Job, job_id: str) -> None:
        """Keep the lease of a job that was taken, until `release`."""
        self._held[job_id] = job
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.ensure_future(self._renew())

    def release(self, job: Job) -> None:
        """Watch it no more. The lease itself ends with the job's last state."""
        self._held.pop(job.id, None)
        if not self._held and self._renewing is not None:
            self._renewing.cancel()
            self._renewing = None  # it ends only at its next step, and another job may come before that

    async def _renew(self) -> None:
        while self._held:
            await asyncio.sleep(RENEWED_EVERY)
            held = dict(self._held)
            try:
                mine = await self._journal.do(lambda: self._open().journal.renew(self.owner, self._clock.now()))
            except LibraryError:  # what really needs the journal will say so
                continue
            for job_id, job in held.items():
                if job_id not in mine and not job.done and job_id in self._held:
                    job.hand_over()

    async def move(
        self, job: Job, state: JobState, *, task_id: str | None = None, detail: dict[str, Any] | None = None
    ) -> None:
        """Write down a state."""
        at = self._clock.now()
        await self._journal.do(
            lambda: self._open().journal.move(job.id, state.value, at, task_id=task_id, detail=detail)
        )

    async def store(self, job: Job, downloaded: Downloaded) -> Clip:
        """Take a downloaded clip into the library."""
        library, at = await self._journal.do(self._open, reads=True), self._clock.now()

        async def look() -> dict[str, Any]:
            async with self._looks:
                return await asyncio.to_thread(library.describe, job.id, downloaded, at)

        # Looking into a clip takes longer than writing it down, so that does not hold up the others' steps.
        values = await to_its_end(look())
        return await self._journal.do(lambda: library.store(job.id, values, at))

    async def clip_path(self, job: Job) -> Path:
        """Where the job's clip goes."""
        return await self._journal.do(lambda: self._open().clip_path(job.id), reads=True)

    def close(self) -> None:
        """End the thread once what is under way is written."""
        self._journal.close()
