"""One session a kernel: its settings, its library, the loop behind it. What a notebook calls ends up here."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from contextlib import contextmanager, suppress
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hailuo_widgets.clock import Clock, SystemClock
from hailuo_widgets.engine.job import Job, WaitInterrupted, new_id, sent_before
from hailuo_widgets.engine.job_group import JobGroup
from hailuo_widgets.engine.limits import Limits, limits_of
from hailuo_widgets.engine.loop import LoopThread
from hailuo_widgets.engine.observers import Observers
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.engine.verdict import verdict
from hailuo_widgets.errors import HailuoError, Problem, RefusedError, UsageError
from hailuo_widgets.keys import EMBEDDED, choose_provider, require_key
from hailuo_widgets.paths import user_path
from hailuo_widgets.providers import Task
from hailuo_widgets.providers import provider as wire
from hailuo_widgets.settings import Settings
from hailuo_widgets.spec.catalog import catalog
from hailuo_widgets.spec.quote import Quote, quote
from hailuo_widgets.spec.words import did_you_mean
from hailuo_widgets.store import peek
from hailuo_widgets.store.clip import Clip
from hailuo_widgets.store.recall import quote_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from hailuo_widgets.engine.records import Records
    from hailuo_widgets.engine.rewriting import Rewriting
    from hailuo_widgets.engine.scheduler import Scheduler
    from hailuo_widgets.judge.judging import Judging
    from hailuo_widgets.measure.measuring import Measuring
    from hailuo_widgets.net.client import AsyncHailuo
    from hailuo_widgets.providers import Remains, TaskState
    from hailuo_widgets.spec.catalog import ModelSpec
    from hailuo_widgets.spec.request import VideoRequest
    from hailuo_widgets.store.library import Library
    from hailuo_widgets.sweeps.definition import Definition
    from hailuo_widgets.sweeps.judged import Next
    from hailuo_widgets.sweeps.promotion import Promotion
    from hailuo_widgets.sweeps.sweep import Sweep
    from hailuo_widgets.views.arena import Arena
    from hailuo_widgets.views.progress import FilmProgress

_log = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0
REMAINS_SECONDS = 5.0
REWRITER = "MiniMax-H3"
"""The model whose prompts are rewritten where none is named: the only one there is."""

_AS_WRITTEN = "Nothing was sent. To send the prompt unchanged, pass as_written=True."


class Session:
    """Settings, library and engine of one kernel.

    Args:
        settings: From the environment, where none are given.
        folder: What relative paths are taken from: where the kernel started, which is beside the notebook.

    Attributes:
        measures: Told the id of each clip that is measured by `clip.measured`, once it is kept.
    """

    def __init__(self, settings: Settings | None = None, folder: Path | None = None) -> None:
        self.settings = settings or Settings.load()
        self.folder = folder or Path.cwd()
        self.loop = LoopThread()
        self.clock: Clock = SystemClock()
        self._jobs: list[Job] = []
        self._groups: list[tuple[JobGroup, Sequence[Job]]] = []
        self._shown: tuple[str, set[str]] = ("", set())
        self._lock = threading.Lock()
        self._opening = threading.Lock()
        self._libraries: dict[Path, Library] = {}
        self._others: dict[Path, Library] = {}
        self._clients: dict[tuple[str, str, float], AsyncHailuo] = {}
        self._records: dict[Path, Records] = {}
        self.measures: Observers[str] = Observers()
        self._scheduler: Scheduler | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._after_fork)

    def quote(self, request: VideoRequest, provider: str | None = None) -> tuple[Quote, str]:
        """What would be sent and what it costs, and why it is this provider. Nothing is sent.

        Raises:
            RefusedError: With every problem at once.
            UsageError: If there is no such provider.
        """
        name, reason = (provider, "") if provider else choose_provider(self.settings)
        return quote(self._with_model(request), name), reason

    def missing(self, request: VideoRequest, provider: str | None = None) -> Quote | None:
        """The quote of a clip that would be generated now; None if the library has it, or it is under way.

        Raises:
            RefusedError: With every problem at once.
            UsageError: If there is no such provider.
        """
        order, _ = (None if provider else self._same_words(request)) or self.quote(request, provider)
        known = self._clip(order, 0) is not None or self.under_way((order.digest, 0)) is not None
        return None if known else order

    def start(
        self,
        request: VideoRequest,
        provider: str | None = None,
        *,
        name: str = "",
        fresh: bool = False,
        replicate: int = 0,
        as_written: bool = True,
        replaces: str | None = None,
        show: bool = False,
    ) -> Job:
        """Begin a job. Returns at once; the work goes on behind it.

        The same request while it is under way is the same job: nothing is bought twice.

        Args:
            request: What is wanted.
            provider: Who makes it; None for the one that the settings choose.
            name: Names the job.
            fresh: Ask again, even where the library has the clip already.
            replicate: Which clip of the same request.
            as_written: Whether a slip in a camera command is sent as it is; otherwise it is refused.
            replaces: The id of an unconfirmed job that is closed as soon as this one is about to be sent.
            show: Whether it is shown under the cell that runs now.

        Raises:
            RefusedError: If the vendor would not accept the request. Nothing was sent.
            AuthenticationError: If the provider needs a key and none is set.
        """
        recalled = None if provider or fresh else self._same_words(request)
        order, reason = recalled or self.quote(request, provider)
        clip = None if fresh else self._clip(order, replicate)
        if clip is None:  # what is there already needs no key
            if order.slips and not as_written and (fresh or self.under_way((order.digest, replicate)) is None):
                *others, last = order.slips
                problems = [Problem("prompt", str(slip)) for slip in others]
                raise RefusedError([*problems, Problem("prompt", str(last), hint=_AS_WRITTEN)])
            require_key(order.row.provider, self.settings)
        job = Job(
            new_id(self.clock.now()),
            order,
            name=name,
            replicate=replicate,
            reason=reason,
            fresh=fresh,
            replaces=replaces,
        )
        if clip is not None:
            job.move(JobState.STORED, clip=clip, cached=True, task_id=clip.task_id)
            with self._lock:
                self._jobs.append(job)
            if show:
                self.show(job)
            return job
        with self._or_ended([job]):
            with self._lock:
                records = self._record_keeper()
                if (under_way := records.in_progress.enter(job)) is job:
                    self._jobs.append(job)
                    self._remember(group := JobGroup(name), [job])
            if show:  # first: a cell would wait longer for it while the loop's thread loads what a job needs
                self.show(under_way)
            if under_way is job:
                self._begin([job], records, group)
        return under_way

    def promote(self, clip: Clip, *, name: str = "", **pictures: Any) -> Job:
        """Make a draft again in 2K; as `Clip.promote`, with no card."""
        request = self.final_of(clip, **pictures)
        return self.start(request, clip.provider, name=name)

    def rewrite(self, request: VideoRequest, provider: str | None = None, *, fresh: bool = False) -> Rewriting:
        """Ask for a prompt as the model would like to read it; one that the library has costs nothing.

        Args:
            request: The prompt and what goes with it; its `rewrite` is set here.
            provider: Who rewrites it; None for the one that the settings choose.
            fresh: Ask again, even where the library has the answer.

        Raises:
            RefusedError: If the vendor would not accept the request. Nothing was sent.
            AuthenticationError: If the provider needs a key and none is set.
        """
        from hailuo_widgets.engine.rewriting import Rewriting

        order = self._quote_of_rewriting(request, provider)
        found = None if fresh else self._rewritten(order)
        if found is None:
            return Rewriting(self.start(order.written, order.row.provider, fresh=fresh))
        job = Job(found[0], order)
        job.move(JobState.STORED, cached=True, prompt=found[1])
        return Rewriting(job)

    def is_rewritten(self, request: VideoRequest, provider: str | None = None) -> bool:
        """Whether the library has the answer to `rewrite`.

        Raises:
            RefusedError: If the vendor would not accept the request.
        """
        return self._rewritten(self._quote_of_rewriting(request, provider)) is not None

    def _quote_of_rewriting(self, request: VideoRequest, provider: str | None) -> Quote:
        wanted = request.model_copy(update={"rewrite": True, "model": request.model or REWRITER})
        return self.quote(wanted, provider)[0]

    def _rewritten(self, order: Quote) -> tuple[str, str] | None:
        return self.library().journal.rewritten(order.digest) if self.has_library() else None

    def final_of(self, clip: Clip, **pictures: Any) -> VideoRequest:
        """The request that makes a draft again in 2K. Nothing is sent.

        Raises:
            RefusedError: If the clip can't be promoted.
        """
        from hailuo_widgets.store.draft import final_of

        # The clip's own library may be another one than the session's by now.
        return final_of(clip, clip.path.parent.parent, pictures)

    def plan(self, definition: Definition, budget: str | float | Decimal | None = None) -> Sweep:
        """A sweep that is planned, not run.

        Raises:
            UsageError: At a mistake in the definition or the budget.
        """
        from hailuo_widgets.sweeps.layout import Layout
        from hailuo_widgets.sweeps.sweep import Sweep

        return Sweep(self, Layout.of(definition, self), budget)

    def under_way(self, key: tuple[str, int]) -> Job | None:
        """The job that makes a clip now, by the request's digest and the replicate; None if there is none."""
        records = self._records.get(self.library_folder)
        return None if records is None else records.in_progress.get(key)

    def launch(self, jobs: Sequence[Job], group: JobGroup) -> None:
        """Begin jobs that belong together, in that order. Returns at once.

        Each waits for its turn: within its vendor's limits and the group's budget, fairly between the groups. One whose
        clip is being made already waits for that clip; nothing is sent for it.

        Args:
            jobs: New ones. The caller has asked the library for their clips, and found none.
            group: What they belong to.
        """
        with self._or_ended(jobs):
            with self._lock:
                self._jobs.extend(jobs)
                self._remember(group, jobs)
                records = self._record_keeper()
                for job in jobs:
                    records.in_progress.enter(job)
            self._begin(jobs, records, group)

    @contextmanager
    def _or_ended(self, jobs: Sequence[Job]) -> Iterator[None]:
        """Give jobs to the loop. An interrupt in between ends them: they would never start, and block others."""
        try:
            yield
        except BaseException:
            with suppress(TimeoutError):
                self.loop.post(_end_unless_begun(jobs)).result(CLOSE_SECONDS)
            raise

    def _remember(self, group: JobGroup, jobs: Sequence[Job]) -> None:
        self._groups = [each for each in self._groups if not all(job.done for job in each[1])]
        self._groups.append((group, jobs))

    def planned(self, currency: str) -> Decimal:
        """What jobs of this kernel will take of a budget that were begun and are not in the journal yet."""
        with self._lock:
            groups = list(self._groups)
        return sum((group.still_takes(jobs, currency) for group, jobs in groups), Decimal(0))

    def limits_of(self, row: ModelSpec) -> Limits:
        """What a vendor takes, as far as the catalogue and the settings know."""
        return limits_of(row, self.settings)

    def resume(self) -> list[Job]:
        """Continue unfinished jobs, of this kernel or of one that is gone, and those that wait for a decision.

        Returns:
            The jobs: those with a task go on, one that may have been charged ends at once as `uncertain`. A job that
            another kernel still watches is not among them.

        Raises:
            LibraryError: If the library can't be used.
        """
        if not self.has_library():
            return []
        records = self._record_keeper()
        with self._lock:
            here = {job.id for job in self._jobs if not job.done}
            known = {job.id: job.task_id for job in self._jobs if job.task_id is not None}
        found = []
        for row in self.library().journal.open_jobs():
            if row.id in here:
                continue
            if row.task_id is None and row.id in known:  # the disk had refused to keep it
                self.library().journal.move(row.id, "abandoned", self.clock.now(), task_id=known[row.id])
            try:
                order = quote_of(row)
            except RefusedError as error:
                _log.warning("The job %s stays open; this release can't read it: %s", row.id, error.message)
                continue
            claim = self.library().journal.take_up(row.id, records.owner, self.clock.now())
            if claim is None or claim.kind == "busy":
                continue
            job = Job(row.id, order, name=row.name, replicate=row.replicate, reason="Resumed", created=row.created)
            with self._or_ended([job]):
                with self._lock:
                    self._jobs.append(job)
                    if claim.kind == "open":
                        job.task_id = claim.task_id
                        records.in_progress.enter(job)
                if claim.kind == "open":
                    self._begin([job], records, JobGroup(job.name))
                else:
                    job.move(JobState.UNCERTAIN, error=sent_before(job))
            found.append(job)
        return found

    def candidates(self, job: Job) -> list[TaskState]:
        """The vendor's tasks that an uncertain job may have become, where the vendor lists tasks; asks the vendor.

        Those that are another job's of this library are left out. None of them is taken without a person's word.

        Raises:
            VendorError: If the vendor could not be asked.
        """
        row = job.quote.row
        if not wire(row.provider).can_find(row.model):
            return []
        journal = self.library().journal
        sent = [at for state, at in journal.history(job.id) if state == JobState.SUBMITTING]
        since = sent[-1] if sent else job.created

        async def ask() -> list[TaskState]:
            return await self._connect(row.provider).candidates(job.quote, since)

        found = self.loop.post(ask()).result()
        known = journal.known_tasks(each.task.id for each in found)
        return [each for each in found if each.task.id not in known]

    def remains(self, provider: str) -> tuple[Remains, ...]:
        """What is left of the plan at a vendor, where it tells; asks the vendor, for some seconds at most.

        Raises:
            HailuoError: If the vendor could not be asked.
        """

        async def ask() -> tuple[Remains, ...]:
            async with asyncio.timeout(REMAINS_SECONDS):
                return await self._connect(provider).remains()

        try:
            return self.loop.post(ask()).result()
        except TimeoutError:
            raise HailuoError("it did not answer.") from None

    def adopt(self, job_id: str, task_id: str) -> Job:
        """Continue an uncertain job with the task that a person recognized as its own.

        Raises:
            UsageError: If there is no such uncertain job, or the task does not fit it or is another job's.
            VendorError: If the vendor could not be asked.
        """
        row = self.library().journal.job(job_id) if self.has_library() else None
        if row is None or row.state != JobState.UNCERTAIN:
            raise UsageError(f"There is no uncertain job “{job_id:.60}”.", hint="%hailuo resume lists them.")
        job = Job(row.id, quote_of(row), name=row.name, replicate=row.replicate, reason="Adopted", created=row.created)
        fitting = [each.task.id for each in self.candidates(job)]
        if task_id not in fitting:
            listed = f"Those that fit: {', '.join(fitting)}." if fitting else "No task of the vendor's list fits it."
            raise UsageError(f"“{task_id:.60}” is no task that {job_id} may have become.", hint=listed)
        records = self._record_keeper()
        if not self.library().journal.adopt(job_id, task_id, records.owner, self.clock.now()):
            raise UsageError(f"{job_id} or that task was decided about meanwhile.", hint="%hailuo resume lists them.")
        job.task_id = task_id
        with self._or_ended([job]):
            with self._lock:
                self._jobs.append(job)
                records.in_progress.enter(job)
            self._begin([job], records, JobGroup(job.name))
        return job

    def forget(self, job_id: str) -> Quote:
        """Close a job that is uncertain or open by a person's decision: the same request may then be sent again.

        Returns:
            What it had ordered.

        Raises:
            UsageError: If no such id exists to decide about.
        """
        row = self.library().journal.job(job_id) if self.has_library() else None
        if row is None or not self.library().journal.decide(job_id, self.clock.now()):
            raise _no_open_job(job_id)
        return quote_of(row)

    def buy_again(self, job_id: str) -> Job:
        """Send the request of an uncertain job once more; that job is closed when the new one is about to be sent.

        Raises:
            UsageError: If no such id exists, or its pictures are known by their hash only.
            RefusedError: If the vendor would not accept the request any more. Nothing was sent or closed.
            AuthenticationError: If the provider needs a key and none is set.
        """
        row = self.library().journal.job(job_id) if self.has_library() else None
        if row is None or row.state not in (*peek.OPEN_STATES, JobState.UNCERTAIN):
            raise _no_open_job(job_id)
        order = quote_of(row)
        if any(media.known_sha256 for media in order.written.media().values()):
            raise UsageError(
                "The library does not have the pictures of that request.",
                hint=f"%hailuo resume --forget {job_id}, and run its cell again.",
            )
        # The same of its like again: the first may be there already, and would be all that comes back.
        job = self.start(order.written, order.row.provider, replicate=row.replicate, replaces=job_id)
        if job.cached:  # its clip is there, so nothing is about to be sent
            self.forget(job_id)
        return job

    def has_library(self) -> bool:
        """Whether there is a library yet; looking for one makes none."""
        return self._must_open or peek.exists(self.library_folder)

    @property
    def _must_open(self) -> bool:
        """Whether a look into the library's own file is not enough to know what is there."""
        return self.settings.library_url is not None or bool(self.settings.shared_library)

    def _same_words(self, request: VideoRequest) -> tuple[Quote, str] | None:
        """A real clip of the same words, where there would only be a sketch: what its author paid for comes first."""
        if choose_provider(self.settings)[0] != EMBEDDED:
            return None
        words = self._with_model(request).digest()
        # Where the journal is a file, a look into it spares loading the database's toolkit for nothing.
        if not self._must_open and not peek.has_words(self.library_folder, words, EMBEDDED):
            return None
        row = next(iter(self.library().journal.same_words([words], EMBEDDED)), None)
        if row is None or self.library().find(row.digest) is None:
            return None
        return quote_of(row), f"the library has these words as a clip by {row.provider}"

    def _clip(self, order: Quote, replicate: int) -> Clip | None:
        """The clip that answers a request already."""
        if not self._must_open and not peek.has_clip(self.library_folder, order.digest, replicate):
            return None
        return self.library().find(order.digest, replicate)

    def _with_model(self, request: VideoRequest) -> VideoRequest:
        if request.model is None and self.settings.model:
            return request.model_copy(update={"model": self.settings.model})
        return request

    def show(self, what: Job | Clip | Quote | Promotion | Rewriting) -> None:
        """Show a job, a clip, a quote or finals under the cell that runs now; outside a notebook this does nothing.

        A clip that was made of a draft is shown beside it.
        """
        from hailuo_widgets.views import outputs

        if not outputs.in_kernel():
            return
        from hailuo_widgets.engine.rewriting import Rewriting
        from hailuo_widgets.views import live

        if isinstance(what, (Job, Rewriting)):
            cell = _cell_that_runs()
            shown = self._shown[1] if cell == self._shown[0] else set()
            self._shown = (cell, {*shown, _job_of(what).id})
        if isinstance(what, Job) and what.quote.request.rewrite:
            what = Rewriting(what)
        if isinstance(what, Rewriting):
            from hailuo_widgets.views import rewritten

            rewritten.show(what)
        elif isinstance(what, Job):
            row = what.quote.row
            cancellable = wire(row.provider).can_cancel(Task("", row.model))
            wait = self.settings.unattended_wait
            live.show(
                what,
                self.folder,
                self.loop,
                cancellable=cancellable,
                unattended_wait=wait,
                measures=self.measures,
            )
        elif isinstance(what, Quote):
            live.show_quote(what)
        elif isinstance(what, Clip):
            live.show_clip(what, self.folder)
        else:
            live.show_finals(what, self.folder)

    def has_shown(self, what: object) -> bool:
        """Whether the cell that runs now shows a job's card already: one that ends with the job needs no second."""
        from hailuo_widgets.engine.rewriting import Rewriting

        if not isinstance(what, (Job, Rewriting)) or not (cell := _cell_that_runs()):
            return False
        return cell == self._shown[0] and _job_of(what).id in self._shown[1]

    def show_waited_for(self, what: Job | Sweep) -> None:
        """Show what a cell has waited for once more, where later versions of the first output are not seen."""
        from hailuo_widgets.views import outputs
        from hailuo_widgets.views.front_end import FrontEnd, front_end

        if outputs.in_kernel() and front_end() is FrontEnd.SERVER:
            if isinstance(what, Job):
                self.show(what)
            else:
                self.show_sweep(what)

    def show_next(self, step: Next) -> None:
        """Show what would settle a study, with the button that generates it; outside a notebook this does nothing."""
        from hailuo_widgets.views import outputs

        if outputs.in_kernel():
            from hailuo_widgets.views import next_step

            next_step.show(step)

    def arena(self, judging: Judging, voter: str, *, seats: int = 2) -> Arena:
        """What shows clips beside each other and takes votes; a notebook shows it as a cell's last value."""
        from hailuo_widgets.views.arena import Arena

        return Arena(judging, voter, seats=seats, folder=self.folder)

    def ballot(self, judging: Judging, folder: str | Path, votes: int) -> Path:
        """Write a page that takes votes without Python or a server."""
        from hailuo_widgets.views import ballot

        return ballot.write(judging, self.folder / user_path(folder), votes=votes)

    def film_progress(self, path: Path) -> FilmProgress | None:
        """A bar under the cell that runs now, and the film in its place at the end; None outside a notebook."""
        from hailuo_widgets.views import outputs

        if not outputs.in_kernel():
            return None
        from hailuo_widgets.views.progress import FilmProgress

        return FilmProgress(path, self.folder)

    def show_measuring(self, measuring: Measuring) -> None:
        """Show how far the measuring of clips has come, under the cell that runs now; only in a notebook.

        Raises:
            NotImplementedError: Outside one, where IPython shows its repr then.
        """
        from hailuo_widgets.views import outputs

        if not outputs.in_kernel():
            raise NotImplementedError
        from hailuo_widgets.views.progress import MeasuringProgress

        MeasuringProgress(measuring)

    def show_sweep(self, sweep: Sweep, *, live: bool = False) -> None:
        """Show a sweep under the cell that runs now; outside a notebook this does nothing.

        Args:
            sweep: Which one.
            live: Whether it is the live grid also where everything has ended.
        """
        from hailuo_widgets.views import outputs

        if outputs.in_kernel():
            from hailuo_widgets.views import live_grid

            live_grid.show(sweep, self, self.loop, live=live)

    def mime(self, what: Job | Clip | Sweep) -> tuple[str, str]:
        """What marimo shows of a job, a clip or a sweep that ends a cell."""
        from hailuo_widgets.views import in_marimo

        return in_marimo.mime(what, self)

    def show_refusal(self, request: VideoRequest, provider: str | None, error: HailuoError) -> None:
        """Show why a request was turned down here; outside a notebook the error says it."""
        from hailuo_widgets.views import live, outputs

        if outputs.in_kernel():
            name, reason = (provider, "") if provider else choose_provider(self.settings)
            live.show_refusal(request, name, reason, error)

    def jobs(self) -> list[Job]:
        """The jobs of this kernel, newest first."""
        with self._lock:
            return self._jobs[::-1]

    def job(self, name: str) -> Job:
        """The newest job of that name, id or task id.

        Raises:
            UsageError: If there is no such one.
        """
        jobs = self.jobs()
        for job in jobs:
            if name in (job.name, job.id, job.task_id):
                return job
        known = [job.name or job.id for job in jobs]
        hint = did_you_mean(name, known) if known else "There are no jobs in this kernel yet."
        raise UsageError(f"There is no job “{name}”.", hint=hint)

    @property
    def library_folder(self) -> Path:
        """Where the library is, or will be: the folder from the settings, or else the nearest one, upwards."""
        if self.settings.library == peek.LIBRARY:
            return peek.nearest(self.folder.resolve()).resolve()
        return (self.folder / Path(self.settings.library).expanduser()).resolve()

    def library(self, folder: Path | None = None) -> Library:
        """The library in a folder, by default the one that the settings name."""
        from hailuo_widgets.store.library import Library

        folder = folder or self.library_folder
        with self._opening:
            if folder not in self._libraries:
                shared = self.settings.shared_library
                below = Library((self.folder / Path(shared).expanduser()).resolve()) if shared else None
                self._libraries[folder] = Library(folder, self.settings.library_url, shared=below)
            return self._libraries[folder]

    def other_library(self, folder: str | os.PathLike[str]) -> Library:
        """Another library, to look into.

        Raises:
            UsageError: If it is not a path, or the folder holds none: looking for one makes none.
            LibraryError: If it can't be used.
        """
        from hailuo_widgets.store.library import Library

        path = (self.folder / user_path(folder)).resolve()
        if path == self.library_folder:
            return self.library()
        if not peek.exists(path):
            raise UsageError(f"“{folder}” holds no library.", hint="Name a library's folder.")
        with self._opening:
            if path not in self._others:
                self._others[path] = Library(path)
            return self._others[path]

    def close(self) -> None:
        """Stop watching everything, let go of connections and files, end the loop. Tasks continue at the vendors.

        A request that was sent and not answered yet has some seconds to be answered first.
        """
        self.loop.finish()
        for client in self._clients.values():  # on the loop that their connections belong to
            self.loop.post(client.aclose()).result(CLOSE_SECONDS)
        self.loop.stop()
        for records in self._records.values():
            records.close()
        for library in (*self._libraries.values(), *self._others.values()):
            library.close()
        self._clients, self._records, self._libraries, self._others, self._scheduler = {}, {}, {}, {}, None

    def _after_fork(self) -> None:
        """After a fork: threads stayed behind in the parent, and connections are the parent's to close."""
        self._left_to_the_parent = (self._clients, self._records, self._libraries, self._others)
        self._clients, self._records, self._libraries, self._others = {}, {}, {}, {}
        self._scheduler = None
        self._lock, self._opening = threading.Lock(), threading.Lock()

    def _begin(self, jobs: Sequence[Job], records: Records, group: JobGroup) -> None:
        """Give jobs to the loop. Each of them ends, even if the loop ends before the job took its first step."""
        self.loop.post(self._run(jobs, records, group)).add_done_callback(partial(_end_with, jobs))

    async def _run(self, jobs: Sequence[Job], records: Records, group: JobGroup) -> None:
        # Loaded here, on the loop's thread: the cell has returned by then.
        from hailuo_widgets.engine.scheduler import Scheduler

        if self._scheduler is None:
            self._scheduler = Scheduler(self._connect, self.clock, self.limits_of, self._key_origin)
        await self._scheduler.run(jobs, records, group)

    def _key_origin(self, provider: str) -> str:
        found = self.settings.key(provider, catalog().offer(provider).key)
        return found.origin if found else ""

    def _connect(self, provider: str) -> AsyncHailuo:
        from hailuo_widgets.net.client import AsyncHailuo

        # What a client is made with may be set again; jobs that are under way keep theirs.
        made_with = (provider, self.settings.base_urls.get(provider, ""), self.settings.sketch_seconds)
        if made_with not in self._clients:
            self._clients[made_with] = AsyncHailuo(provider, settings=self.settings)
        return self._clients[made_with]

    def _record_keeper(self) -> Records:
        from hailuo_widgets.engine.records import Records

        folder = self.library_folder  # a job stays in the library that it began in
        if folder not in self._records:
            self._records[folder] = Records(partial(self.library, folder), self.clock)
        return self._records[folder]


async def _end_unless_begun(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if not job.begun:
            job.move(JobState.CANCELLED)


def _end_with(jobs: Sequence[Job], run: Future[None]) -> None:
    error = None if run.cancelled() else run.exception()
    for job in jobs:
        if error is not None:
            state, known = verdict(error, job)
            job.move(state, error=known)
        else:
            job.move(JobState.CANCELLED if job.task_id is None else JobState.ABANDONED)


def _no_open_job(job_id: str) -> UsageError:
    return UsageError(f"There is no open job “{job_id:.60}” to decide about.", hint="%hailuo resume lists them.")


@cache
def default_session() -> Session:
    """This kernel's session."""
    return Session()


def _promote(clip: Clip, *, name: str = "", show: bool = True, **pictures: Any) -> Job:
    session = default_session()
    job = session.promote(clip, name=name, **pictures)
    if show:
        session.show(job)
    return job


Clip.promoter = _promote
Clip.session = default_session


def _measured(clip: Clip, *, compute: bool) -> Any:
    from hailuo_widgets.measure.kept import kept

    session = default_session()
    # The clip's own library may be another one than the session's by now.
    journal = session.library(clip.path.parent.parent).journal
    before = kept(journal, [clip]).get(clip.id)
    if before is not None or not compute:
        return before
    from hailuo_widgets.measure.stored import measure_stored

    try:
        found = next(measured for _, measured in measure_stored([clip], journal, session.clock))
    except KeyboardInterrupt:
        found = None
    if found is None:  # raised out here, so that it does not carry the frames of the measuring
        raise WaitInterrupted("Stopped measuring.")
    session.measures.tell(clip.id)
    return found


Clip.measurer = _measured


def _mime(what: Job | Clip) -> tuple[str, str]:
    return default_session().mime(what)


Job._mime_ = Clip._mime_ = _mime


def _cell_that_runs() -> str:
    from hailuo_widgets.views.front_end import parent_header

    return str(parent_header().get("msg_id", ""))


def _job_of(what: Job | Rewriting) -> Job:
    return what if isinstance(what, Job) else what.job
