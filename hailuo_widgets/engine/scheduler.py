"""Who goes when: every job of a session passes here, so that all of them together keep to each vendor's limits."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from hailuo_widgets.engine.job_runner import run_job
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.engine.vendor_queue import VendorQueue
from hailuo_widgets.errors import HailuoError
from hailuo_widgets.waiting import cancellations

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hailuo_widgets.client import AsyncHailuo
    from hailuo_widgets.clock import Clock
    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.job_group import JobGroup
    from hailuo_widgets.engine.limits import LimitsOf
    from hailuo_widgets.engine.records import Records
    from hailuo_widgets.spec.catalog import ModelSpec


class Scheduler:
    """Runs jobs to their ends: in turn, within limits and budgets. One a session; for the loop's thread only.

    Args:
        connect: Gives the client for a provider; the same one for the same address and key.
        clock: Tells the time and waits.
        limits_of: What a vendor takes, by the catalogue and the settings.
    """

    def __init__(self, connect: Callable[[str], AsyncHailuo], clock: Clock, limits_of: LimitsOf) -> None:
        self._connect = connect
        self._clock = clock
        self._limits_of = limits_of
        self._queues: dict[tuple[AsyncHailuo, int | None, int | None], VendorQueue] = {}
        self._groups: dict[JobGroup, tuple[int, Callable[[], None]]] = {}
        self._under_way: dict[tuple[Records, str, int], Job] = {}

    async def run(self, jobs: Sequence[Job], records: Records, group: JobGroup) -> None:
        """Take jobs to their ends, each in its turn. Never raises; how they ended stands in them and in the journal.

        Args:
            jobs: In the state `planned`, in the order in which they go; those with a task were resumed.
            records: The library.
            group: What they belong to.
        """
        missing: set[Job] = set()
        if len(jobs) > 1:  # one look for all of them; where that fails, each will say so
            with suppress(HailuoError):
                found = await records.find_many(jobs)
                missing = {job for job in jobs if job not in found}
        running = [asyncio.ensure_future(self._run(job, records, group, missing=job in missing)) for job in jobs]
        loop = asyncio.get_running_loop()
        for job, its_run in zip(jobs, running, strict=True):
            job.stop_with(partial(_stop, loop, its_run))
        if cancellations():  # held back while the library was asked: the loop ends, and nothing more is bought
            for its_run in running:
                loop.call_soon(its_run.cancel)  # once it has begun: one that never does would never end its job
        await asyncio.gather(*running, return_exceptions=True)

    async def _run(self, job: Job, records: Records, group: JobGroup, *, missing: bool) -> None:
        self._enter(group)
        key = (records, job.quote.digest, job.replicate)
        try:
            while not job.fresh and (other := self._under_way.get(key)) is not None:
                job.move(JobState.PLANNED, note="the same clip is being made")
                missing = False
                try:
                    await _end_of(other)
                except asyncio.CancelledError:
                    break  # the walk heeds it, and ends the job
            if not job.fresh:
                self._under_way.setdefault(key, job)
            await run_job(job, self._queue_for, records, group, missing=missing)
        finally:
            if self._under_way.get(key) is job:
                del self._under_way[key]
            group.ended(job)
            self._leave(group)
            self._pump()

    def _queue_for(self, row: ModelSpec) -> VendorQueue:
        """The lane of a model: a vendor's models that it limits in the same way share one."""
        client = self._connect(row.provider)
        key = (client, row.requests_per_minute, row.tasks_in_flight)
        if key not in self._queues:
            self._queues[key] = VendorQueue(client, self._limits_of(row), self._clock)
        vendor_queue = self._queues[key]
        vendor_queue.limiter.limits = self._limits_of(row)  # the user may have set it again
        return vendor_queue

    def _enter(self, group: JobGroup) -> None:
        count, forget = self._groups.get(group, (0, None))
        if forget is None:
            loop = asyncio.get_running_loop()

            def changed(_group: JobGroup) -> None:
                with suppress(RuntimeError):  # the loop may be closed by now
                    loop.call_soon_threadsafe(self._pump)

            forget = group.observe(changed)
        self._groups[group] = (count + 1, forget)

    def _leave(self, group: JobGroup) -> None:
        count, forget = self._groups.pop(group)
        if count > 1:
            self._groups[group] = (count - 1, forget)
        else:
            forget()

    def _pump(self) -> None:
        for vendor_queue in list(self._queues.values()):
            vendor_queue.pump()


def _stop(loop: asyncio.AbstractEventLoop, run_job: asyncio.Future[None]) -> None:
    with suppress(RuntimeError):  # the loop has ended, and the walk with it
        loop.call_soon_threadsafe(run_job.cancel)


async def _end_of(job: Job) -> None:
    ended = asyncio.get_running_loop().create_future()

    def look(each: Job) -> None:
        if each.done and not ended.done():
            ended.set_result(None)

    forget = job.observe(look)
    try:
        look(job)
        await ended
    finally:
        forget()
