"""Scheduling: every job of a session passes through here, so that together they stay within each vendor's limits."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from hailuo_widgets.engine.job_runner import run_job
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.engine.vendor_queue import VendorQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hailuo_widgets.clock import Clock
    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.job_group import JobGroup
    from hailuo_widgets.engine.limits import LimitsOf
    from hailuo_widgets.engine.records import Records
    from hailuo_widgets.net.client import AsyncHailuo
    from hailuo_widgets.spec.catalog import ModelSpec


class Scheduler:
    """Runs jobs in turn, within limits and budgets. One per session; for the loop's thread only.

    Args:
        connect: Gives the client for a provider; the same one for the same address and key.
        clock: Tells the time and waits.
        limits_of: The vendor's limits, by the catalogue and the settings.
        key_origin: Where a provider's key comes from, for its errors; `""` where it needs none.
    """

    def __init__(
        self,
        connect: Callable[[str], AsyncHailuo],
        clock: Clock,
        limits_of: LimitsOf,
        key_origin: Callable[[str], str] = lambda _provider: "",
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._limits_of = limits_of
        self._key_origin = key_origin
        self._queues: dict[tuple[AsyncHailuo, int | None, int | None, int], VendorQueue] = {}
        self._groups: dict[JobGroup, tuple[int, Callable[[], None]]] = {}

    async def run(self, jobs: Sequence[Job], records: Records, group: JobGroup) -> None:
        """Run jobs to their ends, each in its turn. Never raises; the results are in the jobs and in the journal.

        Whether the library has a clip already is for the caller to ask; a claim asks once more, right before a request
        is sent.

        Args:
            jobs: In the state `planned`, in the order in which they go; those with a task are resumed.
            records: The library.
            group: What they belong to.
        """
        group.begin({job.quote.row.provider for job in jobs})
        running = [asyncio.ensure_future(self._run(job, records, group)) for job in jobs]
        loop = asyncio.get_running_loop()
        for job, its_run in zip(jobs, running, strict=True):
            job.stop_with(partial(_stop, loop, job, its_run))
        await asyncio.gather(*running, return_exceptions=True)

    async def _run(self, job: Job, records: Records, group: JobGroup) -> None:
        self._enter(group)
        try:
            while (other := records.in_progress.enter(job)) is not job:
                job.move(JobState.PLANNED, note="the same clip is already being made")
                try:
                    await _end_of(other)
                except asyncio.CancelledError:
                    job.move(JobState.CANCELLED, note="")
                    return
                if other.state is JobState.STORED:
                    clip = None if other.prompt is not None else other.clip
                    job.move(
                        JobState.STORED, clip=clip, prompt=other.prompt, cached=True, task_id=other.task_id, note=""
                    )
                    return
            await run_job(job, self._queue_for, records, group, self._key_origin)
        finally:
            records.in_progress.leave(job)
            group.ended(job)
            self._leave(group)
            self._pump()

    def _queue_for(self, row: ModelSpec) -> VendorQueue:
        """The queue of a model: a vendor's models that it limits in the same way share one."""
        client = self._connect(row.provider)
        batch = client.batch_of(row.model)
        key = (client, row.requests_per_minute, row.tasks_in_flight, batch)
        if key not in self._queues:
            self._queues[key] = VendorQueue(client, self._limits_of(row), self._clock, batch)
        vendor_queue = self._queues[key]
        vendor_queue.limiter.limits = self._limits_of(row)  # the user may have changed it
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


def _stop(loop: asyncio.AbstractEventLoop, job: Job, its_run: asyncio.Future[None]) -> None:
    def stop() -> None:
        if job.state is JobState.SUBMITTING:
            job.move(JobState.SUBMITTING, note="cancelling; waiting for the vendor's answer")
        its_run.cancel()

    with suppress(RuntimeError):  # the loop has ended, and the run with it
        loop.call_soon_threadsafe(stop)


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
