"""The walk of one clip, from the request to the file. Every step is written down before the next one is taken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import (
    CancelledError,
    Charged,
    DownloadError,
    HailuoError,
    UncertainError,
    VendorError,
    VendorFaultError,
)
from hailuo_widgets.providers import Phase, Task, TaskState

if TYPE_CHECKING:
    from collections.abc import Callable

    from hailuo_widgets.client import AsyncHailuo
    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.records import Records
    from hailuo_widgets.library.clip import Clip

_STATES = {Phase.QUEUED: JobState.QUEUED, Phase.RUNNING: JobState.RUNNING}
_FORWARD = (JobState.QUEUED, JobState.RUNNING)  # a vendor that says “queued” again does not send the job back


async def walk(job: Job, connect: Callable[[str], AsyncHailuo], records: Records) -> None:
    """Take a job to its end. Never raises; how it ended stands in the job and in the journal.

    Args:
        job: In the state `planned`.
        connect: Gives the client for a provider; called where a clip has to be bought.
        records: The library.
    """
    client: AsyncHailuo | None = None
    try:
        if not job.fresh and (clip := await records.find(job)):
            job.move(JobState.STORED, clip=clip, cached=True, task_id=clip.task_id)
            return
        client = connect(job.quote.row.provider)
        job.expected = await records.typical_seconds(job)
        state = await _buy(job, client, records)
        state = await _follow(job, client, records, state)
        await _keep(job, client, records, state)
    except asyncio.CancelledError:
        await _stop(job, client, records)
    except VendorError as error:
        await _end(job, records, _verdict(job, error), error)
    except HailuoError as error:
        await _end(job, records, JobState.ABANDONED if job.task_id else JobState.REFUSED, error)
    except Exception as error:  # noqa: BLE001  # a mistake of ours must end as a state too, not as a card that waits
        wrapped = HailuoError(
            f"Something broke here: {type(error).__name__}: {error}", hint="The task can be taken up again."
        )
        wrapped.__cause__ = error
        await _end(job, records, JobState.ABANDONED if job.task_id else JobState.UNCERTAIN, wrapped)


async def _buy(job: Job, client: AsyncHailuo, records: Records) -> TaskState:
    job.move(JobState.SUBMITTING)
    await records.begin(job)
    # Shielded: once the paying call is on its way, its answer is wanted, whatever happens to the watching.
    buying = asyncio.ensure_future(client.submit(job.quote))
    try:
        state = await asyncio.shield(buying)
    except asyncio.CancelledError:
        state = await buying
        await _written(job, records, state)
        raise
    await _written(job, records, state)
    return state


async def _written(job: Job, records: Records, state: TaskState) -> None:
    await records.move(job, JobState.QUEUED, task_id=state.task.id)  # durable before anything else is done with it
    job.move(JobState.QUEUED, task_id=state.task.id, note=_note(state))


async def _follow(job: Job, client: AsyncHailuo, records: Records, state: TaskState) -> TaskState:
    if not state.phase.final:
        async for latest in client.watch(state):
            state = latest
            if state.phase.final:
                break
            reached = _STATES[state.phase]
            if reached is JobState.RUNNING and job.state is JobState.QUEUED:
                await records.move(job, reached)
            job.move(max(job.state, reached, key=_FORWARD.index), progress=state.progress, note=_note(state))
    if state.phase is Phase.FAILED:
        raise state.error or VendorFaultError("The vendor failed to make the clip.", task_id=state.task.id)
    if state.phase is Phase.CANCELLED:
        raise CancelledError("The task was cancelled at the vendor.", task_id=state.task.id)
    return state


async def _keep(job: Job, client: AsyncHailuo, records: Records, state: TaskState) -> Clip:
    await records.move(job, JobState.DOWNLOADING)
    job.move(JobState.DOWNLOADING, progress=None, note="")
    downloaded = await client.download(state, records.clip_path(job))
    clip = await records.store(job, downloaded)
    job.move(JobState.STORED, clip=clip, progress=1.0)
    return clip


async def _stop(job: Job, client: AsyncHailuo | None, records: Records) -> None:
    """The user cancelled. Without a task nothing was bought: `_buy` waits for the answer of a call in the air."""
    if job.task_id is None or client is None:
        await _end(job, records, JobState.CANCELLED, None)
        return
    if client.cancellable:
        try:
            answer = await client.cancel(Task(job.task_id, job.quote.row.model))
        except VendorError as error:
            await _end(job, records, JobState.ABANDONED, error)
            return
        if answer.phase is Phase.CANCELLED:
            await _end(job, records, JobState.CANCELLED, None)
            return
    await _end(job, records, JobState.ABANDONED, None)


def _verdict(job: Job, error: VendorError) -> JobState:
    """The state that an error means, for a person with money at stake."""
    if isinstance(error, UncertainError) or (job.task_id is None and error.charged is Charged.UNKNOWN):
        return JobState.UNCERTAIN
    if isinstance(error, CancelledError):
        return JobState.CANCELLED
    if job.task_id is None:
        return JobState.REFUSED
    # With a task there is something to take up again, unless the vendor itself says that it failed.
    if job.state is JobState.DOWNLOADING or isinstance(error, DownloadError):
        return JobState.ABANDONED
    return JobState.FAILED


async def _end(job: Job, records: Records, state: JobState, error: HailuoError | None) -> None:
    detail = _detail(error) if error else None
    try:
        if job.state is not JobState.PLANNED:  # what was never begun is not in the journal
            await records.move(job, state, detail=detail)
    except HailuoError as broken:  # the disk is what failed: the job still has to end
        error = error or broken
    job.move(state, error=error, progress=None)


def _detail(error: HailuoError) -> dict[str, Any]:
    detail: dict[str, Any] = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    if isinstance(error, VendorError):
        detail |= {"http_status": error.http_status, "code": error.code, "charged": error.charged.value}
    return detail


def _note(state: TaskState) -> str:
    return f"the vendor says “{state.word}”" if state.word else ""
