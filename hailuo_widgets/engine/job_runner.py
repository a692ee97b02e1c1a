"""The walk of one clip, from the request to the file. Every step is written down before the next one is taken."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import TYPE_CHECKING, Any

from hailuo_widgets.client import ATTEMPTS
from hailuo_widgets.engine.job import sent_before
from hailuo_widgets.engine.polling import Durations
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.engine.vendor_queue import Ticket, waits_again
from hailuo_widgets.errors import (
    CancelledError,
    Charged,
    HailuoError,
    NetworkError,
    UncertainError,
    VendorError,
    VendorFaultError,
)
from hailuo_widgets.providers import Phase, Task, TaskState
from hailuo_widgets.waiting import cancellations, to_its_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from hailuo_widgets.client import AsyncHailuo
    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.job_group import JobGroup
    from hailuo_widgets.engine.poller import JobKind
    from hailuo_widgets.engine.records import Records
    from hailuo_widgets.engine.vendor_queue import VendorQueue
    from hailuo_widgets.spec.catalog import ModelSpec


class _Claimed(Enum):
    """What became of the wish to send a job's request."""

    NEW = "send it"
    DONE = "it is there, or it was sent before"
    BUSY = "another kernel makes it"


_NOT_NOW = "the vendor says “not now”; waits for its turn"

_STATES = {Phase.QUEUED: JobState.QUEUED, Phase.RUNNING: JobState.RUNNING}
_FORWARD = (JobState.QUEUED, JobState.RUNNING)  # a vendor that says “queued” again does not send the job back


async def run_job(
    job: Job, queue_of: Callable[[ModelSpec], VendorQueue], records: Records, group: JobGroup, *, missing: bool = False
) -> None:
    """Take a job to its end. Never raises; how it ended stands in the job and in the journal.

    Args:
        job: In the state `planned`: a new one, or, with a task, one that was resumed.
        queue_of: Gives the queue of a model's vendor; called only where a clip has to be bought or fetched.
        records: The library.
        group: What it belongs to.
        missing: Whether it is known that the library has no clip that answers it.
    """
    await JobRunner(job, queue_of, records, group).run(missing=missing)


class JobRunner:
    """One job on its way.

    Attributes:
        written: Whether the journal has a row of it.
    """

    def __init__(
        self, job: Job, queue_of: Callable[[ModelSpec], VendorQueue], records: Records, group: JobGroup
    ) -> None:
        self.job = job
        self.queue_of = queue_of
        self.records = records
        self.group = group
        self.vendor_queue: VendorQueue | None = None
        self.paid_as = job.id
        self.bought_at: float | None = None
        self.took: float | None = None
        self.written = job.task_id is not None

    async def run(self, *, missing: bool) -> None:
        """Take the job to its end; `missing` says that the library is known to have no clip that answers it."""
        job, records = self.job, self.records
        try:
            taken_up = job.task_id is not None
            if taken_up:
                records.hold(job, job.id)
            if not (taken_up or missing or job.fresh) and await _answered(job, records):
                return
            self.vendor_queue = vendor_queue = self.queue_of(job.quote.row)
            await _remember(job, vendor_queue, records)
            _raise_if_cancelled()
            bought = None if taken_up else await self._buy(vendor_queue)
            if job.done:
                return
            if bought is None:
                assert job.task_id is not None
                bought = TaskState(Task(job.task_id, job.quote.row.model), Phase.QUEUED)
                job.move(JobState.QUEUED, note="resumed")
            state = await self._follow(vendor_queue, bought, job.started if taken_up else self.bought_at)
            if state.phase is Phase.FAILED:
                error = state.error or VendorFaultError("The vendor failed to make it.")
                await self._end(JobState.FAILED, error)
            elif state.phase is Phase.CANCELLED:
                await self._end(JobState.CANCELLED, CancelledError("The task was cancelled at the vendor."))
            else:
                await self._keep(vendor_queue.client, state)
        except asyncio.CancelledError:
            await self._stop()
        except VendorError as error:
            await self._end(_verdict(job, error), error)
        except HailuoError as error:
            await self._end(JobState.ABANDONED if job.task_id else JobState.REFUSED, error)
        except Exception as error:  # noqa: BLE001  # a mistake of ours must end as a state too, not as a card that waits
            await self._end(_crashed(job), _mistake(error, job))
        finally:
            records.release(job)
            if self.vendor_queue is not None and job.task_id is not None:
                self.vendor_queue.leave_alone(job.task_id)
            if self.group.budget is not None:
                self.group.budget.settle(self.paid_as, self._charged())

    async def _buy(self, vendor_queue: VendorQueue) -> TaskState | None:
        """Buy the clip when its turn comes; None where that is not needed, because it is there or was bought before."""
        job, ticket, tries = self.job, Ticket(), 0
        while True:
            await vendor_queue.turn(job, self.group, ticket)
            try:
                state = await self._claim_and_send(vendor_queue)
            except VendorError as error:
                tries += 1
                if not waits_again(error, tries, ATTEMPTS):
                    raise
                if self.written:
                    # Written down before it waits: a kernel that dies meanwhile has certainly not paid for it.
                    self.records.release(job)
                    await self.records.move(job, JobState.PLANNED, detail={"refused": error.message})
                    job.fresh = False  # it has its number among its like
                job.move(JobState.PLANNED, note=_NOT_NOW)
                _raise_if_cancelled()
                continue
            if state is _Claimed.DONE:
                return None
            if not isinstance(state, TaskState):
                await self.records.pause()
                continue
            # Known to the job even where the disk refuses it: a person may need it then.
            job.task_id, self.bought_at = state.task.id, vendor_queue.now()
            # Durable before anything else is done with it.
            await self.records.move(job, JobState.QUEUED, task_id=state.task.id)
            job.move(JobState.QUEUED, note=_note(state))
            _raise_if_cancelled()
            return state

    async def _claim_and_send(self, vendor_queue: VendorQueue) -> TaskState | _Claimed:
        """Write down that it is about to be sent, and send it, with nothing in between: the way is open before that.

        So a kernel that dies leaves in doubt what was really on its way, and nothing else.
        """
        mine = True
        try:
            async with vendor_queue.client.ready():
                claimed = await self._claim()
                if claimed is not _Claimed.NEW:
                    return claimed
                mine = False  # the lane's own from here on
                return await vendor_queue.submit(self.job)
        except NetworkError:
            if mine:
                mine = False
                vendor_queue.unreached()
            raise
        finally:
            if mine:
                vendor_queue.give_back()

    async def _claim(self) -> _Claimed:
        """Whether the job is ours to go on with: to be sent, or, where it was sent before, to be watched again."""
        job = self.job
        claim = await self.records.claim(job)
        if claim.kind == "new":
            self.written = True
            job.move(JobState.SUBMITTING, note="")
            _raise_if_cancelled()
            return _Claimed.NEW
        if claim.kind == "open":
            self.written = True
            job.id, job.task_id = claim.job_id, claim.task_id
            _raise_if_cancelled()
            return _Claimed.DONE
        if claim.kind == "uncertain":
            job.id = claim.job_id
            raise sent_before(job)
        if claim.kind == "stored" and await _answered(job, self.records):
            return _Claimed.DONE
        job.move(JobState.PLANNED, note="another kernel is making it")
        _raise_if_cancelled()
        return _Claimed.BUSY

    async def _follow(self, vendor_queue: VendorQueue, state: TaskState, began: float | None) -> TaskState:
        job = self.job
        if state.phase.final:
            vendor_queue.ended(state.task.id)
            return state
        watch = vendor_queue.watch(state.task, _kind(job), began, whole=self.bought_at is not None)
        try:
            async for latest in watch.states():
                state = latest
                if state.phase.final:
                    break
                reached = _STATES[state.phase]
                if reached is JobState.RUNNING and job.state is JobState.QUEUED:
                    await self.records.move(job, reached)
                    _raise_if_cancelled()
                job.move(max(job.state, reached, key=_FORWARD.index), progress=state.progress, note=_note(state))
        finally:
            vendor_queue.left(watch)
        self.took = watch.took
        return state

    async def _keep(self, client: AsyncHailuo, state: TaskState) -> None:
        job, records = self.job, self.records
        took = None if self.took is None else {"took": round(self.took, 3)}
        await records.move(job, JobState.DOWNLOADING, detail=took)
        job.move(JobState.DOWNLOADING, progress=None, note="")
        _raise_if_cancelled()
        downloaded = await client.download(state, await records.clip_path(job))
        clip = await records.store(job, downloaded)
        job.move(JobState.STORED, clip=clip, progress=1.0)

    def _charged(self) -> bool | None:
        """Whether the vendor took money for what this walk sent, as far as can be told."""
        job = self.job
        if self.bought_at is None:
            return None if job.state is JobState.UNCERTAIN else False
        if job.state is JobState.FAILED and isinstance(job.error, VendorError):
            return {Charged.YES: True, Charged.NO: False, Charged.UNKNOWN: None}[job.error.charged]
        return True if job.state is JobState.STORED else None

    async def _stop(self) -> None:
        """The user cancelled, or the loop ends. Without a task nothing was bought: `submit` waits for an answer.

        A kernel that is restarted only stops to watch: what was paid for goes on, and can be resumed.
        """
        job, vendor_queue = self.job, self.vendor_queue
        if job.handed_over:
            job.move(JobState.ABANDONED, error=HailuoError("Another kernel on this library watches it now."))
            return
        if job.task_id is None or vendor_queue is None:
            await self._end(JobState.CANCELLED, None)
            return
        if vendor_queue.client.cancellable and job.stop_wanted:
            try:
                # A second cancellation must not end this half-way: the job would have no end.
                answer = await to_its_end(vendor_queue.client.cancel(Task(job.task_id, job.quote.row.model)))
            except VendorError as error:
                await self._end(JobState.ABANDONED, error)
                return
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  # as above
                await self._end(JobState.ABANDONED, _mistake(error, job))
                return
            if answer.phase is Phase.CANCELLED:
                vendor_queue.ended(job.task_id)
                await self._end(JobState.CANCELLED, None)
                return
        await self._end(JobState.ABANDONED, None)

    async def _end(self, state: JobState, error: HailuoError | None) -> None:
        job = self.job
        detail = _detail(error) if error else None
        try:
            if self.written or job.state is not JobState.PLANNED:  # what was never begun is not in the journal
                # Its id may not be on disk yet.
                await self.records.move(job, state, task_id=job.task_id, detail=detail)
        except Exception as broken:  # noqa: BLE001  # the disk, most likely: the job still has to end
            error = error or (broken if isinstance(broken, HailuoError) else _mistake(broken, job))
        if isinstance(error, VendorError):
            error.provider, error.task_id = error.provider or job.quote.row.provider, error.task_id or job.task_id
            error.request = error.request or job.quote.request
        job.move(state, error=error, progress=None, note="")


async def _answered(job: Job, records: Records) -> bool:
    clip = await records.find(job)
    if clip is not None:
        job.move(JobState.STORED, clip=clip, cached=True, task_id=clip.task_id, note="")
    return clip is not None


async def _remember(job: Job, vendor_queue: VendorQueue, records: Records) -> None:
    """Ask the library, once for each kind, how long such tasks took so far."""
    kind = _kind(job)
    if kind not in vendor_queue.durations:
        known = await records.recent_seconds(job)
        vendor_queue.durations.setdefault(kind, Durations(known))
    job.expected = vendor_queue.durations[kind].typical


def _kind(job: Job) -> JobKind:
    order = job.quote.request
    return job.quote.row.model, order.duration, order.resolution


def _raise_if_cancelled() -> None:
    # Buying and writing hold a cancellation back until they are done.
    if cancellations():
        raise asyncio.CancelledError


def _verdict(job: Job, error: VendorError) -> JobState:
    """The state that an error means, for a person with money at stake."""
    if isinstance(error, UncertainError) or (job.task_id is None and error.charged is Charged.UNKNOWN):
        return JobState.UNCERTAIN
    # With a task there is something to resume: it is the question or the download that failed, not the task.
    return JobState.REFUSED if job.task_id is None else JobState.ABANDONED


def _crashed(job: Job) -> JobState:
    if job.task_id is not None:
        return JobState.ABANDONED
    return JobState.REFUSED if job.state is JobState.PLANNED else JobState.UNCERTAIN


def _mistake(error: BaseException, job: Job) -> HailuoError:
    """A mistake of ours, as an end that a person can read."""
    wrapped = HailuoError(
        f"Something broke here: {type(error).__name__}: {error}", hint=_AFTER_A_CRASH[bool(job.task_id)]
    )
    wrapped.__cause__ = error
    return wrapped


_AFTER_A_CRASH = {True: "Run `%hailuo resume` to continue the task.", False: "Please report it."}


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
    """The vendor's own word, where it says more than ours: one that is unknown is shown, never taken for an end."""
    usual = state.word.removeprefix("TASK_STATUS_").casefold() in _USUAL
    return "" if usual else f"the vendor says “{state.word}”"
