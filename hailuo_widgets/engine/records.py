"""The library as the loop sees it: journal and files have a thread of their own, so that no fsync blocks the loop."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from hailuo_widgets.engine.batch_executor import BatchExecutor
from hailuo_widgets.engine.in_progress import InProgress
from hailuo_widgets.errors import LibraryError
from hailuo_widgets.store import owner
from hailuo_widgets.waiting import to_its_end

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hailuo_widgets.clock import Clock
    from hailuo_widgets.engine.budget import Budget
    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.state import JobState
    from hailuo_widgets.net.download import Downloaded
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.store.library import Library
    from hailuo_widgets.store.lifecycle import Claim

T = TypeVar("T")

RENEWED_EVERY = owner.SECONDS / 4
LOOKS_AT_ONCE = 2
"""Clips that are looked into at once. It is work for the processor: more of it would only hold up the loop."""

BUSY_SECONDS = 1.0
"""How long to wait before looking again how far another kernel is, or whether a locked journal is free."""

PATIENCE = 900.0
"""Seconds for which a journal may be locked before a step of a job that was sent is given up."""


class Records:
    """A library behind one thread.

    Threads: everything here is for the loop's thread, except `in_progress`. The library itself is used on the thread
    behind it only, and clips are looked into on worker threads.

    Ownership: it opens the library on first use, in its own thread, and does not close it. It holds the leases of the
    jobs given to `hold` and renews them until `release`.

    Errors: what reads or writes raises `LibraryError` where the library can't be used. While the journal is locked,
    `move` and `store` try again for `PATIENCE` seconds: what was paid for is not dropped because a backup runs.
    A cancellation never interrupts a step that has begun; compare `waiting.cancellations`.

    Args:
        open_library: Opens the library; called there, on first use, because it loads a database's driver.
        clock: Tells the times that are written down.

    Attributes:
        owner: By this name it holds leases.
        in_progress: What this kernel is making in this library.
    """

    def __init__(self, open_library: Callable[[], Library], clock: Clock) -> None:
        self._open = open_library
        self._clock = clock
        self.owner = owner.new()
        self.in_progress = InProgress()
        self._held: dict[str, Job] = {}
        self._running: set[str] = set()
        self._lost: dict[Job, Callable[[], object]] = {}
        self._unwritten: dict[str, str] = {}
        """Tasks of jobs whose disk refused to keep them."""
        self._renewing: asyncio.Task[None] | None = None
        self._looks = asyncio.Semaphore(LOOKS_AT_ONCE)
        self._journal = BatchExecutor(
            lambda reads: self._open().journal.together(reads=reads),
            "hailuo_widgets-journal",
            lambda error: isinstance(error, LibraryError) and error.busy,
        )

    async def find(self, job: Job) -> Clip | None:
        """The clip that answers the job's request already."""
        return await self._journal.do(lambda: self._open().find(job.quote.digest, job.replicate), reads=True)

    async def rewritten(self, job: Job) -> str | None:
        """The prompt that answers the job's request to rewrite one already."""
        found = await self._journal.do(lambda: self._open().journal.rewritten(job.quote.digest), reads=True)
        return None if found is None else found[1]

    async def recent_seconds(self, job: Job) -> list[float]:
        """How long the vendor took for the last clips like this one."""
        request, provider = job.quote.request, job.quote.row.provider
        return await self._journal.do(lambda: self._open().journal.recent_seconds(provider, request), reads=True)

    def call_when_lost(self, job: Job, lost: Callable[[], object]) -> None:
        """Call back, on the loop, if another kernel takes the job's lease while it is held; until `release`."""
        self._lost[job] = lost

    async def claim(self, job: Job, budget: Budget | None = None) -> Claim:
        """Write down that the job is about to be sent, unless the same was sent before; a fresh one gets its number.

        While it is watched here, its lease is renewed, and no other kernel resumes it.

        Args:
            job: Which one.
            budget: What it belongs to; one by day is shared with the other kernels that use the library.

        Raises:
            DayLimitError: If it would have to be sent, and the day's budget can't pay it.
        """

        def claim() -> Claim:
            library, at = self._open(), self._clock.now()
            journal, quote = library.journal, job.quote
            keep_pictures(library.folder, quote)
            day = budget.day(quote.price, at) if budget is not None else None
            if job.fresh:
                job.replicate = journal.open_job(job.id, quote, None, job.name, at, owner=self.owner, day=day)
                return Claim("new", job.id, job.replicate)
            ask = partial(journal.claim, job.id, quote, job.replicate, job.name, at, owner=self.owner, day=day)
            claimed = ask(running=self._running, replaces=job.replaces)
            if quote.request.rewrite:  # its answer is in the journal, and no file
                return claimed
            if claimed.kind == "uncertain" and (task_id := self._unwritten.get(claimed.job_id)) is not None:
                journal.move(claimed.job_id, "abandoned", at, task_id=task_id)
                claimed = ask(running=self._running)
            if claimed.kind == "stored" and library.find(quote.digest, job.replicate) is None:  # its file is gone
                claimed = ask(running=self._running, lost=claimed.job_id)
            return claimed

        from hailuo_widgets.store.draft import keep_pictures
        from hailuo_widgets.store.lifecycle import Claim

        self._running.add(job.id)
        claimed = await self._journal.do(claim)
        if claimed.kind in ("new", "open"):
            self.hold(job, claimed.job_id)
        return claimed

    async def take_back(self, job: Job) -> tuple[str, str | None]:
        """Take a job whose lease another kernel took, if that kernel has let go of it.

        Returns:
            `"open"` if it is ours again, `"busy"` if the other kernel is at it, else the job's state in the journal;
            and the vendor's id of its task.
        """

        def take() -> tuple[str, str | None]:
            journal = self._open().journal
            claim = journal.take_up(job.id, self.owner, self._clock.now())
            if claim is not None:
                return claim.kind, claim.task_id
            row = journal.job(job.id)
            return ("cancelled", None) if row is None else (row.state, row.task_id)

        kind, task_id = await self._patiently(job, take)
        if kind == "open":
            self.hold(job, job.id)
        return kind, task_id

    async def pause(self) -> None:
        """Wait until it pays to look again how far another kernel is, or whether the journal is free."""
        await self._clock.sleep(BUSY_SECONDS)

    def hold(self, job: Job, job_id: str) -> None:
        """Renew the lease of a job that was taken, until `release`."""
        self._held[job_id] = job
        self._running.add(job_id)
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.ensure_future(self._renew())

    def release(self, job: Job) -> None:
        """Stop renewing it. The lease itself ends with the job's final state."""
        self._held.pop(job.id, None)
        self._running.discard(job.id)
        self._lost.pop(job, None)
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
                if job_id not in mine and not job.done and self._held.pop(job_id, None) is not None:
                    self._lost.get(job, lambda: None)()

    async def move(
        self, job: Job, state: JobState, *, task_id: str | None = None, detail: dict[str, Any] | None = None
    ) -> None:
        """Write down a state, durably."""
        at = self._clock.now()
        if task_id is not None:
            self._unwritten[job.id] = task_id
        await self._patiently(
            job, lambda: self._open().journal.move(job.id, state.value, at, task_id=task_id, detail=detail)
        )
        self._unwritten.pop(job.id, None)

    async def store(self, job: Job, downloaded: Downloaded) -> Clip:
        """Take a downloaded clip into the library."""
        library, at = await self._journal.do(self._open, reads=True), self._clock.now()

        async def look() -> dict[str, Any]:
            async with self._looks:
                return await asyncio.to_thread(library.describe, job.id, downloaded, at)

        # Looking into a clip takes longer than writing it down, so that does not hold up the others' steps.
        values = await to_its_end(look())
        return await self._patiently(job, lambda: library.store(job.id, values, at))

    async def clip_path(self, job: Job) -> Path:
        """Where the job's clip goes."""
        return await self._journal.do(lambda: self._open().clip_path(job.id), reads=True)

    def close(self) -> None:
        """End the thread once pending writes are done."""
        self._journal.close()
        owner.retire(self.owner)

    async def _patiently(self, job: Job, step: Callable[[], T]) -> T:
        """Do a step of a job that may have been paid for, again and again while the journal is locked."""
        began = self._clock.monotonic()
        while True:
            try:
                return await self._journal.do(step)
            except LibraryError as error:
                if not error.busy or self._clock.monotonic() - began >= PATIENCE:
                    raise
                job.move(job.state, note=_LOCKED)
                try:
                    await to_its_end(self._clock.sleep(BUSY_SECONDS))
                except asyncio.CancelledError:  # the loop ends, and the sleep with it
                    raise error from None


_LOCKED = "waiting for the library: another program has locked its journal"
