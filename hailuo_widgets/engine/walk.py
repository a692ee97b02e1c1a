"""The walk of one clip, from the request to the file. Every step is written down before the next one is taken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from hailuo_widgets.engine.job import sent_before
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import (
    CancelledError,
    Charged,
    HailuoError,
    UncertainError,
    VendorError,
    VendorFaultError,
)
from hailuo_widgets.providers import Phase, Task, TaskState
from hailuo_widgets.waiting import cancellations

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
        job: In the state `planned`: a new one, or, with a task, one that was taken up again.
        connect: Gives the client for a provider; called where a clip has to be bought or fetched.
        records: The library.
    """
    client: AsyncHailuo | None = None
    try:
        taken_up = job.task_id is not None
        if not taken_up and not job.fresh and await _answered(job, records):
            return
        client = connect(job.quote.row.provider)
        job.expected = await records.typical_seconds(job)
        _heed()
        if not taken_up and not await _claimed(job, records):
            return
        if job.task_id is not None:
            state = TaskState(Task(job.task_id, job.quote.row.model), Phase.QUEUED)
            job.move(JobState.QUEUED, note="taken up again")
        else:
            state = await _buy(job, client, records)
        state = await _follow(job, client, records, state)
        if state.phase is Phase.FAILED:
            await _end(job, records, JobState.FAILED, state.error or VendorFaultError("The vendor failed to make it."))
        elif state.phase is Phase.CANCELLED:
            await _end(job, records, JobState.CANCELLED, CancelledError("The task was cancelled at the vendor."))
        else:
            await _keep(job, client, records, state)
    except asyncio.CancelledError:
        await _stop(job, client, records)
    except VendorError as error:
        await _end(job, records, _verdict(job, error), error)
    except HailuoError as error:
        await _end(job, records, JobState.ABANDONED if job.task_id else JobState.REFUSED, error)
    except Exception as error:  # noqa: BLE001  # a mistake of ours must end as a state too, not as a card that waits
        wrapped = HailuoError(
            f"Something broke here: {type(error).__name__}: {error}", hint=_AFTER_A_CRASH[bool(job.task_id)]
        )
        wrapped.__cause__ = error
        await _end(job, records, _crashed(job), wrapped)
    finally:
        records.release(job)


async def _answered(job: Job, records: Records) -> bool:
    clip = await records.find(job)
    if clip is not None:
        job.move(JobState.STORED, clip=clip, cached=True, task_id=clip.task_id)
    return clip is not None


async def _claimed(job: Job, records: Records) -> bool:
    """Whether the job is ours to go on with: to be sent, or, where it was sent before, to be watched again."""
    while True:
        claim = await records.claim(job)
        if claim.kind == "new":
            job.move(JobState.SUBMITTING)
            _heed()
            return True
        if claim.kind == "open":
            job.id, job.task_id = claim.job_id, claim.task_id
            return True
        if claim.kind == "uncertain":
            job.id = claim.job_id
            raise sent_before(job)
        if claim.kind == "stored" and await _answered(job, records):
            return False
        job.move(JobState.PLANNED, note="another kernel is making it")
        await records.pause()


async def _buy(job: Job, client: AsyncHailuo, records: Records) -> TaskState:
    state = await client.submit(job.quote)
    # Known to the job even where the disk refuses it: a person may need it then.
    job.task_id = state.task.id
    await records.move(job, JobState.QUEUED, task_id=state.task.id)  # durable before anything else is done with it
    job.move(JobState.QUEUED, note=_note(state))
    _heed()
    return state


async def _follow(job: Job, client: AsyncHailuo, records: Records, state: TaskState) -> TaskState:
    if not state.phase.final:
        async for latest in client.watch(state):
            state = latest
            if state.phase.final:
                continue
            reached = _STATES[state.phase]
            if reached is JobState.RUNNING and job.state is JobState.QUEUED:
                await records.move(job, reached)
                _heed()
            job.move(max(job.state, reached, key=_FORWARD.index), progress=state.progress, note=_note(state))
    return state


async def _keep(job: Job, client: AsyncHailuo, records: Records, state: TaskState) -> Clip:
    await records.move(job, JobState.DOWNLOADING)
    job.move(JobState.DOWNLOADING, progress=None, note="")
    _heed()
    downloaded = await client.download(state, await records.clip_path(job))
    clip = await records.store(job, downloaded)
    job.move(JobState.STORED, clip=clip, progress=1.0)
    return clip


def _heed() -> None:
    # Buying and writing hold a cancellation back until they are done.
    if cancellations():
        raise asyncio.CancelledError


async def _stop(job: Job, client: AsyncHailuo | None, records: Records) -> None:
    """The user cancelled, or the loop ends. Without a task nothing was bought: `submit` waits for an answer.

    A kernel that is restarted only stops to watch: what was paid for goes on, and can be taken up again.
    """
    if job.handed_over:
        job.move(JobState.ABANDONED, error=HailuoError("Another kernel on this library watches it now."))
        return
    if job.task_id is None or client is None:
        await _end(job, records, JobState.CANCELLED, None)
        return
    if client.cancellable and job.stop_wanted:
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
    # With a task there is something to take up again: it is the question or the download that failed, not the task.
    return JobState.REFUSED if job.task_id is None else JobState.ABANDONED


def _crashed(job: Job) -> JobState:
    if job.task_id is not None:
        return JobState.ABANDONED
    return JobState.REFUSED if job.state is JobState.PLANNED else JobState.UNCERTAIN


_AFTER_A_CRASH = {True: "The task can be taken up again.", False: "Please report it."}


async def _end(job: Job, records: Records, state: JobState, error: HailuoError | None) -> None:
    detail = _detail(error) if error else None
    try:
        if job.state is not JobState.PLANNED:  # what was never begun is not in the journal
            await records.move(job, state, task_id=job.task_id, detail=detail)  # its id may not be on disk yet
    except HailuoError as broken:  # the disk is what failed: the job still has to end
        error = error or broken
    if isinstance(error, VendorError):
        error.provider, error.task_id = error.provider or job.quote.row.provider, error.task_id or job.task_id
        error.request = error.request or job.quote.request
    job.move(state, error=error, progress=None)


def _detail(error: HailuoError) -> dict[str, Any]:
    detail: dict[str, Any] = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    if isinstance(error, VendorError):
        detail |= {"http_status": error.http_status, "code": error.code, "charged": error.charged.value}
    return detail


_USUAL = {
    "",
    *(phase.value for phase in Phase),
    "preparing",
    "queueing",
    "pending",
    "processing",
    "success",
    "completed",
}


def _note(state: TaskState) -> str:
    """The vendor's own word, where it says more than ours: one that nobody knows is shown, never taken for an end."""
    usual = state.word.removeprefix("TASK_STATUS_").casefold() in _USUAL
    return "" if usual else f"the vendor says “{state.word}”"
