"""The life of one job, from the request to the file. Every step is recorded before the next one."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from enum import Enum
from typing import TYPE_CHECKING, Any

from hailuo_widgets.engine import verdict
from hailuo_widgets.engine.job import sent_before
from hailuo_widgets.engine.polling import Durations
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.engine.vendor_queue import Ticket, too_dear_today, waits_again
from hailuo_widgets.errors import (
    CancelledError,
    Charged,
    HailuoError,
    LibraryError,
    TimedOutError,
    VendorError,
    VendorFaultError,
)
from hailuo_widgets.markup import clean
from hailuo_widgets.net.client import ATTEMPTS
from hailuo_widgets.providers import Phase, Task, TaskState
from hailuo_widgets.spec.pricing import settled
from hailuo_widgets.store.day_limit import DayLimitError
from hailuo_widgets.waiting import cancellations, to_its_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.job_group import JobGroup
    from hailuo_widgets.engine.poller import JobKind
    from hailuo_widgets.engine.records import Records
    from hailuo_widgets.engine.vendor_queue import VendorQueue
    from hailuo_widgets.net.client import AsyncHailuo
    from hailuo_widgets.spec.catalog import ModelSpec

CANCEL_SECONDS = 8.0
"""For how long a vendor may take to cancel a task before we only stop watching it."""

MOST_CHARACTERS = 40_000
"""Of a rewritten prompt: as many as any model takes (MiniMax v2, Video regeneration: text)."""

LOCKED_SECONDS = 60.0
"""For how long a journal may be locked before a request that was not sent is given up."""


class _Claimed(Enum):
    """What became of a claim on a request."""

    NEW = "send it"
    DONE = "it is there, or it was sent before"
    BUSY = "another kernel makes it"


class _NotNeededError(Exception):
    """The request need not be sent, or not now."""

    def __init__(self, claimed: _Claimed) -> None:
        super().__init__(claimed)
        self.claimed = claimed


_NOT_NOW = "the vendor is busy; waiting"

_STATES = {Phase.QUEUED: JobState.QUEUED, Phase.RUNNING: JobState.RUNNING}
_FORWARD = (JobState.QUEUED, JobState.RUNNING)  # a vendor that says “queued” again does not send the job back


async def run_job(
    job: Job,
    queue_of: Callable[[ModelSpec], VendorQueue],
    records: Records,
    group: JobGroup,
    key_origin: Callable[[str], str],
) -> None:
    """Run a job to its end. Never raises; how it ended is in the job and in the journal.

    Args:
        job: In the state `planned`: a new one, or, with a task, one that is resumed.
        queue_of: Gives the queue of a model's vendor.
        records: The library.
        group: What it belongs to.
        key_origin: Where a provider's key comes from.
    """
    await JobRunner(job, queue_of, records, group, key_origin).run()


class JobRunner:
    """One job on its way. For the loop's thread only.

    Attributes:
        written: Whether the journal has a row of it.
    """

    def __init__(
        self,
        job: Job,
        queue_of: Callable[[ModelSpec], VendorQueue],
        records: Records,
        group: JobGroup,
        key_origin: Callable[[str], str],
    ) -> None:
        self.job = job
        self.queue_of = queue_of
        self.records = records
        self.group = group
        self.key_origin = key_origin
        self.vendor_queue: VendorQueue | None = None
        self.paid_as = job.id
        self.bought_at: float | None = None
        self.took: float | None = None
        self.written = job.task_id is not None
        self._lost = False
        self._task: asyncio.Task[object] | None = None

    async def run(self) -> None:
        """Run the job to its end."""
        job, records = self.job, self.records
        self._task = asyncio.current_task()
        try:
            records.call_when_lost(job, self._lease_lost)
            if job.task_id is not None:
                records.hold(job, job.id)
            while True:
                try:
                    await self._run()
                    break
                except asyncio.CancelledError:
                    if not self._lost or not await self._take_back():
                        raise
                    if job.done:
                        break
        except asyncio.CancelledError:
            if not job.done:
                await self._stop()
        except Exception as error:  # noqa: BLE001  # a mistake of ours must end as a state too, not as a card that waits
            await self._end(*verdict.verdict(error, job))
        finally:
            records.release(job)
            if self.vendor_queue is not None and job.task_id is not None:
                self.vendor_queue.leave_alone(job.task_id)
            if self.group.budget is not None:
                amount = job.charged.amount if job.charged is not None else None
                self.group.budget.settle(self.paid_as, self._charged(), amount)

    async def _run(self) -> None:
        job = self.job
        self.vendor_queue = vendor_queue = self.queue_of(job.quote.row)
        await _remember(job, vendor_queue, self.records)
        _raise_if_cancelled()
        bought = None if job.task_id is not None else await self._buy(vendor_queue)
        if job.done:
            return
        began = self.bought_at
        if bought is None:
            assert job.task_id is not None
            bought = TaskState(Task(job.task_id, job.quote.row.model), Phase.QUEUED)
            job.move(JobState.QUEUED, note="resumed")
            began = vendor_queue.since(job.created) if began is None else began
        state = await self._follow(vendor_queue, bought, began)
        if state.phase is Phase.FAILED:
            await self._end(JobState.FAILED, state.error or VendorFaultError("The vendor failed to make the clip."))
        elif state.phase is Phase.CANCELLED:
            await self._end(JobState.CANCELLED, CancelledError("The task was cancelled at the vendor."))
        else:
            await self._keep(vendor_queue.client, state)

    def _lease_lost(self) -> None:
        """Another kernel took the job: this process stood still for so long that it seemed gone."""
        if self._task is not None and not self.job.done:
            self._lost = True
            self._task.cancel()

    async def _take_back(self) -> bool:
        """After a lost lease: go on as soon as the other kernel lets go, or end as it ended there.

        Returns:
            Whether the job is ours again, or has ended; False if it was cancelled meanwhile.
        """
        job, task = self.job, asyncio.current_task()
        assert task is not None
        self._lost = False
        if task.uncancel():  # cancelled for another reason as well
            return False
        while True:
            kind, task_id = await self.records.take_back(job)
            if cancellations():
                return False
            if kind == "open":
                job.task_id = job.task_id or task_id
                return True
            if kind == "busy":
                job.move(job.state, note="another kernel that uses this library is watching it")
                await self.records.pause()
                continue
            if not await self._answered():
                state = JobState.ABANDONED if kind == JobState.STORED else JobState(kind)
                ended = HailuoError("This job ended in another kernel that uses the same library.")
                job.move(state, error=sent_before(job) if state is JobState.UNCERTAIN else ended, note="")
            return True

    async def _buy(self, vendor_queue: VendorQueue) -> TaskState | None:
        """Buy the clip when its turn comes; None where that is not needed, because it is there or was bought before."""
        job, ticket, tries, locked_since = self.job, Ticket(), 0, None
        while True:
            await vendor_queue.turn(job, self.group, ticket)
            try:
                state = await self._claim_and_send(vendor_queue)
            except LibraryError as error:  # nothing was sent
                locked_since = locked_since or vendor_queue.now()
                if not error.busy or vendor_queue.now() - locked_since > LOCKED_SECONDS:
                    raise
                job.move(JobState.PLANNED, note="waiting for the library: another program has locked its journal")
                await self.records.pause()
                _raise_if_cancelled()
                continue
            except VendorError as error:
                tries += 1
                if not waits_again(error, tries, ATTEMPTS):
                    raise
                if self.written:
                    # Written down before it waits: a kernel that dies meanwhile has certainly not paid for it.
                    self.records.release(job)
                    self.records.call_when_lost(job, self._lease_lost)
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
        """Send it, and write down that it is about to be sent when the connection is open and nothing has left.

        So a kernel that dies leaves in doubt what was really on its way, and nothing else.
        """
        try:
            return await vendor_queue.submit(self.job, self._write_down)
        except _NotNeededError as stopped:
            return stopped.claimed

    async def _write_down(self) -> None:
        claimed = await self._claim()
        if claimed is not _Claimed.NEW:
            raise _NotNeededError(claimed)

    async def _claim(self) -> _Claimed:
        """Whether the job is ours to go on with: to be sent, or, where it was sent before, to be watched again."""
        job = self.job
        try:
            claim = await self.records.claim(job, self.group.budget)
        except DayLimitError as error:
            assert self.group.budget is not None
            raise too_dear_today(self.group.budget, error.left) from None
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
        if claim.kind == "stored" and await self._answered():
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
        took: dict[str, Any] | None = None if self.took is None else {"took": round(self.took, 3)}
        if state.usage is not None:
            job.charged = settled(job.quote.request, job.quote.row, state.usage)
            if job.charged.amount is not None:
                charge = {"charged": f"{job.charged.amount:f}", "currency": job.charged.currency}
                took = {**(took or {}), **charge, "usage": asdict(state.usage)}
        if state.prompt is not None:
            words = clean(state.prompt[:MOST_CHARACTERS])  # half a character could be neither kept nor sent
            await records.move(job, JobState.STORED, detail={**(took or {}), "prompt": words})
            job.move(JobState.STORED, prompt=words, progress=1.0, note="")
            return
        await records.move(job, JobState.DOWNLOADING, detail=took)
        job.move(JobState.DOWNLOADING, progress=None, note="")
        _raise_if_cancelled()
        downloaded = await client.download(state, await records.clip_path(job))
        clip = await records.store(job, downloaded)
        job.move(JobState.STORED, clip=clip, progress=1.0)

    async def _answered(self) -> bool:
        """Whether the library has what answers the request; the job then ends with it."""
        if self.job.quote.request.rewrite:
            words = await self.records.rewritten(self.job)
            if words is not None:
                self.job.move(JobState.STORED, prompt=words, cached=True, note="")
            return words is not None
        clip = await self.records.find(self.job)
        if clip is not None:
            self.job.move(JobState.STORED, clip=clip, cached=True, task_id=clip.task_id, note="")
        return clip is not None

    def _charged(self) -> bool | None:
        """Whether the vendor took money for what this run sent, as far as can be told."""
        job = self.job
        if self.bought_at is None:
            return None if job.state is JobState.UNCERTAIN else False
        if job.state is JobState.FAILED and isinstance(job.error, VendorError):
            return {Charged.YES: True, Charged.NO: False, Charged.UNKNOWN: None}[job.error.charged]
        return True if job.state is JobState.STORED else None

    async def _stop(self) -> None:
        """The user cancelled, or the loop ends. Without a task nothing was bought: `submit` waits for an answer.

        A kernel that is restarted only stops watching: what was paid for goes on at the vendor, and can be resumed.
        """
        job, vendor_queue = self.job, self.vendor_queue
        if job.task_id is None or vendor_queue is None:
            await self._end(JobState.CANCELLED, None)
            return
        state, error = JobState.ABANDONED, None
        task = Task(job.task_id, job.quote.row.model)
        if vendor_queue.client.can_cancel(task) and job.stop_wanted:
            try:
                # A second cancellation must not end this half-way: the job would have no end.
                state = await to_its_end(self._cancel(vendor_queue.client, task))
            except (Exception, asyncio.CancelledError) as broken:  # noqa: BLE001  # as above
                state, error = verdict.verdict(broken, job)
        if state is JobState.CANCELLED:
            vendor_queue.ended(job.task_id)
        await self._end(state, error)

    async def _cancel(self, client: AsyncHailuo, task: Task) -> JobState:
        """Cancel at the vendor, which has a few seconds for it: a person waits for the end of the job."""
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                answer = await client.cancel(task)
        except TimeoutError:
            raise TimedOutError(
                f"{self.job.quote.row.provider} did not answer the cancellation within {CANCEL_SECONDS:g} s.",
                hint="It may still finish this clip and charge for it. %hailuo resume fetches it.",
            ) from None
        return JobState.CANCELLED if answer.phase is Phase.CANCELLED else JobState.ABANDONED

    async def _end(self, state: JobState, error: HailuoError | None) -> None:
        job = self.job
        if error is not None:
            verdict.about(error, job, self.key_origin(job.quote.row.provider))
        try:
            if self.written or job.state is not JobState.PLANNED:  # what never began is not in the journal
                # Its id may not be on disk yet.
                detail = verdict.detail(error) if error else None
                await self.records.move(job, state, task_id=job.task_id, detail=detail)
        except Exception as broken:  # noqa: BLE001  # the disk, most likely: the job still has to end
            error = error or verdict.verdict(broken, job)[1]
        job.move(state, error=error, progress=None, note="")


async def _remember(job: Job, vendor_queue: VendorQueue, records: Records) -> None:
    """Ask the library, once for each kind, how long such tasks took so far."""
    kind = _kind(job)
    if kind not in vendor_queue.durations:
        try:
            known = await records.recent_seconds(job)
        except LibraryError as error:
            if not error.busy:
                raise
            known = []  # the claim waits until the journal is free
        vendor_queue.durations.setdefault(kind, Durations(known))
    job.expected = vendor_queue.durations[kind].typical


def _kind(job: Job) -> JobKind:
    order = job.quote.request
    return job.quote.row.model, order.duration, order.resolution


def _raise_if_cancelled() -> None:
    # Buying and writing hold a cancellation back until they are done.
    if cancellations():
        raise asyncio.CancelledError


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
