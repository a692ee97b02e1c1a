"""A sweep: planned, run, looked at. Thread-safe; nothing is bought before `run`."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from hailuo_widgets.clock import midnight
from hailuo_widgets.disk import writing
from hailuo_widgets.engine import forecast
from hailuo_widgets.engine.job import Job, WaitInterrupted, in_one_line, new_id
from hailuo_widgets.engine.job_group import JobGroup
from hailuo_widgets.engine.observers import Observers
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import HailuoError, TimedOutError, UsageError
from hailuo_widgets.keys import EMBEDDED, require_key
from hailuo_widgets.paths import user_path
from hailuo_widgets.spec.catalog import CLIPS, Price
from hailuo_widgets.spec.words import did_you_mean
from hailuo_widgets.store.peek import LIBRARY
from hailuo_widgets.store.vote import ME, QUESTION
from hailuo_widgets.sweeps import budgets, overview, rewritten
from hailuo_widgets.sweeps.definition import check_axis
from hailuo_widgets.sweeps.export import records
from hailuo_widgets.sweeps.order import cheapest_first as by_price
from hailuo_widgets.sweeps.order import interleaved, keys
from hailuo_widgets.sweeps.persistence import document, keep_pictures, layout
from hailuo_widgets.sweeps.plan import Plan, bare_commands, mixed_defaults, not_possible, total, warnings
from hailuo_widgets.tabular import data_frame, to_parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    import pandas as pd
    from PIL.Image import Image

    from hailuo_widgets.engine.budget import Budget
    from hailuo_widgets.engine.rewriting import Rewriting
    from hailuo_widgets.judge.ballot import Added
    from hailuo_widgets.judge.judging import Program
    from hailuo_widgets.judge.ranking import Effects, Ranking
    from hailuo_widgets.judge.voters import Voters
    from hailuo_widgets.measure.effects import MeasuredEffects
    from hailuo_widgets.measure.measuring import Measuring
    from hailuo_widgets.measure.obedience_table import ObedienceTable
    from hailuo_widgets.measure.record import Measured
    from hailuo_widgets.media.probe import VideoInfo
    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.store.vote import Vote
    from hailuo_widgets.sweeps.export.sinks import Sent, Sink
    from hailuo_widgets.sweeps.host import Host
    from hailuo_widgets.sweeps.judged import Judged, Next
    from hailuo_widgets.sweeps.layout import Layout
    from hailuo_widgets.sweeps.order import Key
    from hailuo_widgets.sweeps.promotion import Promotion
    from hailuo_widgets.table import Table

_OPEN, _UNCERTAIN, _LOST = "open", "uncertain", "lost"
_CAN_BE_TRIED_AGAIN = (JobState.FAILED, JobState.REFUSED, JobState.CANCELLED, JobState.ABANDONED)


class Sweep:
    """Many clips that were asked for together.

    Views observe it through plain callbacks; it never knows them.

    Args:
        host: The kernel's session.
        layout: Its axes and cells.
        budget: The most that it may cost: `6`, `"6 USD"`, `"5 clips"`, `"5 clips/day"`; None for no limit.

    Attributes:
        name: The notebook's variable, under which it is kept; `""` if it has none.
        axes: What varies.
        cells: Every combination, in the order of the axes; the illegal and skipped ones are in it, marked.
        repeat: How many clips each cell is to have.
        rows: The axis that is shown downwards first, `""` for none.
        columns: The axis that is shown across first, `""` for none.
        zipped: Axes that go together.
        design: How the cells that are made were picked; `""` where all of them are.
        started: Whether it was run, in this kernel.
        budget: What it may cost, None for no limit. What is uncertain counts as spent.
        group: Its jobs as the engine sees them, None before it was run.

    Raises:
        UsageError: At a mistake in the budget.
    """

    def __init__(self, host: Host, layout: Layout, budget: str | float | Decimal | None = None) -> None:
        self._host = host
        self._layout = layout
        self.name = layout.name
        self.axes, self.cells, self.repeat = layout.axes, layout.cells, layout.repeat
        self.rows, self.columns, self.zipped = layout.rows, layout.columns, layout.zipped
        self.design = layout.design
        self.started = False
        self._quotes = {cell.digest: cell.quote for cell in self.cells if cell.quote is not None and not cell.skipped}
        self._written_budget = budget
        self.budget = self._budget()
        self.group: JobGroup | None = None
        self._plan: Plan | None = None
        self._advice: tuple[str, ...] = ()
        self._found: dict[Key, Clip] = {}
        self._further: dict[Key, Clip] = {}
        self._jobs: dict[Key, Job] = {}
        self._observers: Observers[Sweep] = Observers()
        self._measure_observers: Observers[tuple[str, Measured]] = Observers()
        self._mine: set[str] = set()
        self._lock = threading.Lock()

    def _budget(self) -> Budget | None:
        currencies = {each.price.currency for each in self._quotes.values() if each.price.amount}
        return budgets.budget(self._written_budget, currencies, self._bought_today)

    def _bought_today(self, currency: str) -> Decimal:
        """What this library has bought since midnight, by local time, and what is about to be bought."""
        about_to_be = self._host.planned(currency)  # first: what is sent meanwhile counts twice rather than not at all
        if not self._host.has_library():
            return about_to_be
        return about_to_be + self._host.library().journal.bought_since(midnight(self._host.clock.now()), currency)

    def _renew_budget(self) -> None:
        """Before a sweep's first run: others may have bought since it was planned, and so may its finals."""
        if self.group is not None or self.budget is None or not budgets.is_by_day(self._written_budget):
            return
        today = self._budget()
        assert today is not None
        self.budget.amount = today.amount + self.budget.spent + self.budget.reserved

    # --- the plan ---------------------------------------------------------------------------------------------------

    @property
    def plan(self) -> Plan:
        """What it would buy, as of the last `explain`."""
        return self._plan or self.explain()

    @property
    def asks(self) -> bool:
        """Whether a person should see the plan first.

        That is so of more than one clip, of a slip in a camera command, and of more money than the settings name.
        """
        plan = self.plan
        if plan.to_buy > 1 or plan.slips:
            return True
        return budgets.above(plan.price, plan.unknown_prices, self._host.settings.confirm_above)

    def advise(self, advice: str) -> None:
        """Say something more in the plan."""
        self._advice = (*self._advice, advice)
        self.explain()

    def explain(self) -> Plan:
        """Look up what is there already and price the rest. Nothing is sent, nothing is written."""
        plan = self._look()
        self._observers.tell(self)
        return plan

    def _look(self) -> Plan:
        wanted = keys(self.cells, self.repeat)
        every, open_now = self._look_up()
        found = {key: every[key] for key in wanted if key in every}
        self._further = {key: clip for key, clip in every.items() if key[1] >= self.repeat}
        quotes = self._quotes
        states = {key: self._state_of(key, open_now) for key in wanted if key not in found}
        to_buy = [key for key, state in states.items() if not state]
        orders = [quotes[key[0]] for key in to_buy]
        price, unknown = total(orders)
        cells = [cell for cell in self.cells if cell.wanted]
        plan = Plan(
            cells=len(self.cells),
            replicates=self.repeat,
            clips=len(wanted),
            to_buy=len(to_buy),
            free=len(found),
            under_way=sum(state == _OPEN for state in states.values()),
            uncertain=sum(state == _UNCERTAIN for state in states.values()),
            illegal=sum(cell.quote is None and not cell.skipped for cell in self.cells),
            skipped=sum(cell.skipped for cell in self.cells),
            same=len(cells) - len(quotes),
            price=price,
            unknown_prices=unknown,
            slips=sum(bool(quote.slips) for quote in orders),
            seconds=self._forecast(orders) if orders else None,
            library=self._library_elsewhere(),
            notes=(
                *self._limits(),
                *not_possible(self.cells),
                *self._shortage(orders),
                *self._lost(states),
                *self._dated(to_buy),
                *mixed_defaults(cells, self._layout.varied),
                *warnings(cells),
                *bare_commands(self.axes, cells),
                *self._advice,
            ),
        )
        self._found, self._plan = found, plan
        return plan

    def _library_elsewhere(self) -> str:
        """The library's folder, relative to the notebook; `""` if it is the default one or doesn't exist yet."""
        if not self._host.has_library():
            return ""
        seen = os.path.relpath(self._host.library().folder, self._host.folder.resolve()).replace(os.sep, "/")
        return "" if seen == LIBRARY else seen

    def _look_up(self, wanted: list[Key] | None = None) -> tuple[dict[Key, Clip], dict[Key, str]]:
        """Clips that are there, those asked for or all of the cells, and the states of open jobs."""
        mine = {key: clip for key, job in list(self._jobs.items()) if (clip := _kept(job)) is not None}
        if not self._host.has_library():
            return mine, {}
        library = self._host.library()
        found = library.find_all(self._quotes) if wanted is None else library.find_many(wanted)
        return {**mine, **found}, {(row.digest, row.replicate): row.state for row in library.journal.open_jobs()}

    def _state_of(self, key: Key, open_now: dict[Key, str]) -> str:
        """Why a clip that is not there is not to be bought; `""` where it is."""
        job = self._jobs.get(key) or self._host.under_way(key)
        if job is not None and not job.done:
            return _OPEN
        if state := open_now.get(key, ""):
            return _UNCERTAIN if state == JobState.UNCERTAIN else _OPEN
        return "" if _at_hand(self._quotes[key[0]]) else _LOST

    def _limits(self) -> Iterator[str]:
        """What a design can't tell."""
        if self.design:
            from hailuo_widgets.sweeps import designs

            with suppress(UsageError):  # one of a newer release
                limits = designs.parse(self.design).limits
                if limits:
                    yield limits

    def _lost(self, states: Mapping[Key, str]) -> Iterator[str]:
        if lost := sum(state == _LOST for state in states.values()):
            yield f"{lost} clips can't be generated any more: the library only has the hashes of their pictures."

    def _dated(self, to_buy: list[Key]) -> Iterator[str]:
        if dated := sum(digest in self._layout.dated for digest, _ in to_buy):
            whose = "1 clip has its price" if dated == 1 else f"{dated} clips have their price"
            yield f"{whose} from the day the sweep was saved: the current catalogue no longer offers this request."

    def _forecast(self, orders: list[Quote]) -> float:
        journal = self._host.library().journal if self._host.has_library() else None
        known: dict[tuple[str, str | None, int | None, str | None], float | None] = {}
        timed = []
        for quote in orders:
            order = quote.request
            like = (quote.row.provider, order.model, order.duration, order.resolution)
            if like not in known:
                known[like] = journal.typical_seconds(quote.row.provider, order) if journal else None
            timed.append((quote, known[like]))
        return forecast.seconds(timed, self._host.limits_of)

    def _shortage(self, orders: list[Quote]) -> Iterator[str]:
        """Whether the budget will pay for it."""
        if self.budget is None:
            return
        unpublished = sum(self.budget.cost_of(quote.price) is None for quote in orders)
        if unpublished:
            yield f"{unpublished} clips have no published price, so they are skipped under a budget."
        costs = [self.budget.cost_of(quote.price) or Decimal(0) for quote in orders]
        left, needed = self.budget.left, sum(costs, Decimal(0))
        if needed > left:
            cost, rest = (str(Price(amount, self.budget.currency)) for amount in (needed, left))
            what = "makes" if self.budget.currency == CLIPS else "costs"
            yield f"It {what} {cost}, and the budget has {rest} left: clips beyond the budget are skipped."

    # --- the run ----------------------------------------------------------------------------------------------------

    def run(self, *, cheapest_first: bool = False) -> Sweep:
        """Buy what is missing. Returns at once; the work goes on behind it.

        Clips that are in the library or under way are not bought again; running it twice buys nothing twice.

        Args:
            cheapest_first: Buy in the order of prices, instead of a clip for every row and column first.

        Raises:
            UsageError: If no cell can be bought.
            AuthenticationError: If a provider needs a key and none is set. Nothing was sent.
        """
        if not any(cell.wanted for cell in self.cells):
            problems = dict.fromkeys(cell.problem for cell in self.cells if cell.problem)
            if rewritten.MISSING in problems:
                raise UsageError("Its prompts aren't rewritten yet. Nothing was sent.", hint=rewritten.how(self.budget))
            reason = next(iter(problems), "Every cell is skipped.")
            raise UsageError("No cell of this sweep can be generated.", hint=reason)
        with self._lock:
            self._renew_budget()
            self._look()
            missing = [key for key in self._in_order(cheapest_first=cheapest_first) if self._missing(key)]
            self._require_keys(missing)
            if self.name:
                self._keep()
            self._launch(missing)
            self.started = True
        self._observers.tell(self)
        return self

    def _keep(self) -> None:
        library, shown = self._host.library(), replace(self._layout, rows=self.rows, columns=self.columns)
        keep_pictures(shown, library.folder)
        library.journal.keep_sweep(self.name, document(shown), self._host.clock.now())

    def retry(self) -> Sweep:
        """Retry what failed, was refused, cancelled or detached; what is unconfirmed needs a person's decision."""
        with self._lock:
            self._look()
            again = [key for key, job in list(self._jobs.items()) if self.can_retry(job) and key not in self._found]
            self._require_keys(again)
            self._launch(again)
        self._observers.tell(self)
        return self

    def run_more(self, wanted: Sequence[Key]) -> Sweep:
        """Generate more clips of cells than `repeat` says, under the sweep's budget. Returns at once.

        Clips that are there or under way are not bought again.

        Args:
            wanted: Digest and replicate of each.

        Raises:
            AuthenticationError: If a provider needs a key and none is set. Nothing was sent.
        """
        with self._lock:
            self._renew_budget()
            found, open_now = self._look_up(list(wanted))
            missing = [key for key in wanted if key not in found and not self._state_of(key, open_now)]
            self._require_keys(missing)
            self._launch(missing)
            self.started = True
        self._observers.tell(self)
        return self

    def pause(self) -> Sweep:
        """Send nothing new. What is under way goes on."""
        if self.group is not None:
            self.group.pause()
        return self

    def resume(self) -> Sweep:
        """Send again, to providers too that were halted after many failures in a row."""
        if self.group is not None:
            self.group.go_on()
        return self

    def cancel(self) -> Sweep:
        """Cancel what has not been sent, and sketches that are being drawn. What was bought goes on to its end.

        Jobs that another sweep or cell began, and this one only joined, are left to it.
        """
        for job in self.jobs:
            free = job.quote.row.provider == EMBEDDED
            if job.id in self._mine and (free or job.state is JobState.PLANNED) and not job.done:
                job.cancel()
        return self

    def can_retry(self, job: Job) -> bool:
        """Whether a job has ended in a way in which it can be asked for again."""
        return job.done and job.state in _CAN_BE_TRIED_AGAIN

    def _in_order(self, *, cheapest_first: bool) -> list[Key]:
        places = {axis.name: place for place, axis in enumerate(self.axes)}
        unique = {cell.digest: cell for cell in reversed(self.cells) if cell.wanted}
        cells = interleaved(
            sorted(unique.values(), key=lambda cell: cell.index), places.get(self.rows), places.get(self.columns)
        )
        return keys(by_price(cells) if cheapest_first else cells, self.repeat)

    def _missing(self, key: Key) -> bool:
        job = self._jobs.get(key)
        if key in self._found or _kept(job) is not None:
            return False
        if job is None or job.state is JobState.STORED:  # its file is gone
            return _at_hand(self._quotes[key[0]])
        return self.can_retry(job)

    def _require_keys(self, missing: list[Key]) -> None:
        for provider in dict.fromkeys(self._quotes[digest].row.provider for digest, _ in missing):
            require_key(provider, self._host.settings)

    def _launch(self, missing: list[Key]) -> None:
        if self.group is None:
            self.group = JobGroup(self.name, self.budget)
            self.group.observe(lambda _: self._observers.tell(self))
        now, mine, before = self._host.clock.now(), [], dict(self._jobs)
        try:
            for key in missing:
                job = self._host.under_way(key)
                if job is None:
                    job = Job(
                        new_id(now), self._quotes[key[0]], name=self.name, replicate=key[1], reason=self._layout.reason
                    )
                    mine.append(job)
                    self._mine.add(job.id)
                self._jobs[key] = job
                job.observe(self._moved)
            self._host.launch(mine, self.group)
        except BaseException:  # an interrupt, most likely: what was not launched would never end
            self._jobs = before
            raise

    def _moved(self, job: Job) -> None:
        if job.done and self.done:
            self._observers.tell(self)

    # --- what came of it --------------------------------------------------------------------------------------------

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs of what was bought in this kernel, in the order of buying; what was there already has none."""
        return tuple(self._jobs.values())

    @property
    def joined(self) -> tuple[Job, ...]:
        """Those of `jobs` that another sweep, cell or kernel began; their money was never part of this budget."""
        return tuple(job for job in self.jobs if job.id not in self._mine)

    @property
    def done(self) -> bool:
        """Whether it was run and everything has ended, well or not."""
        return self.started and all(job.done for job in self.jobs)

    def job_of(self, key: Key) -> Job | None:
        """The job of a clip, by its request's digest and its replicate; None where it was not run."""
        return self._jobs.get(key)

    def job(self, cell: int, replicate: int = 0) -> Job | None:
        """The job of a cell; None where it was not run or needed none."""
        return self._jobs.get((self.cells[cell].digest, replicate))

    def clip(self, cell: int, replicate: int = 0) -> Clip | None:
        """The clip of a cell, from its job or the library; None if there is none or its file is gone."""
        key = (self.cells[cell].digest, replicate)
        if (clip := _kept(self._jobs.get(key))) is not None:
            return clip
        if self._plan is None:  # one that was loaded
            self.explain()
        return _there(self._found.get(key) or self._further.get(key))

    @property
    def further(self) -> int:
        """How many clips are there beyond those that `repeat` asks for."""
        made = (key for key, job in list(self._jobs.items()) if key[1] >= self.repeat and _kept(job) is not None)
        return len({*self._further, *made})

    def places(self) -> list[tuple[int, int]]:
        """The cell and the number of each clip that `repeat` asks for."""
        return [(cell.index, number) for cell in self.cells for number in range(self.repeat)]

    def replicates(self) -> list[tuple[int, ...]]:
        """The numbers of each cell's clips: those that `repeat` asks for, then further ones, there or under way.

        Further clips come from `next`, from an earlier run with a larger `repeat`, or from other cells and sweeps with
        the same request.
        """
        if self._plan is None:
            self.explain()
        further: dict[str, set[int]] = {}
        for digest, number in (*self._further, *list(self._jobs)):
            if number >= self.repeat:
                further.setdefault(digest, set()).add(number)
        asked = tuple(range(self.repeat))
        return [(*asked, *sorted(further.get(cell.digest, ()))) if cell.wanted else asked[:1] for cell in self.cells]

    def clips(self) -> list[Clip]:
        """The clips that are there, in the order of the cells; those beyond `repeat` are among them."""
        numbers = self.replicates()
        every = [self.clip(cell.index, number) for cell in self.cells for number in numbers[cell.index]]
        return list({clip.id: clip for clip in every if clip is not None}.values())

    def result(self, timeout: float | None = None) -> list[Clip]:
        """Wait until everything has ended. What failed raises nothing: `repr`, `records` and the grid say it.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            The clips that are there.

        Raises:
            UsageError: If it was not run.
            TimedOutError: After `timeout`; the sweep goes on.
        """
        self._require_start()
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.done:
            for job in self.jobs:
                try:
                    ended = job.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
                except WaitInterrupted:
                    raise WaitInterrupted("Stopped waiting; the sweep continues.") from None
                if not ended:
                    left = sum(not each.done for each in self.jobs)
                    raise TimedOutError(
                        f"After {timeout:g} s {left} of {len(self.jobs)} clips are not finished.",
                        hint="The sweep continues; wait again with .result().",
                    )
        return self.clips()

    def __await__(self) -> Generator[Any, None, list[Clip]]:
        return self._wait().__await__()

    async def _wait(self) -> list[Clip]:
        self._require_start()
        with in_one_line(lambda: "Stopped waiting; the sweep continues."):
            while not self.done:
                for job in self.jobs:
                    await job.ended_well_or_not()
        return self.clips()

    def _require_start(self) -> None:
        if not self.started:
            raise UsageError("This sweep hasn't started.", hint="Press Run in its plan, or call `.run()`.")

    def rewrite(self, *, beyond_budget: bool = False) -> list[Rewriting]:
        """Ask for the rewritten prompts that `prompt_as: rewritten` still lacks. Each costs about $0.017.

        When they are there, plan the sweep again: run its cell, or `hw.sweep(…)` with the same words.

        Args:
            beyond_budget: Rewrite although the sweep has a budget in money. Vendors charge a rewriting by its tokens,
                which are known afterwards, so no budget can limit it; a budget by day counts it from then on.

        Returns:
            The rewritings, one for each different prompt: `.result()`, `await`; none where nothing is missing.

        Raises:
            UsageError: If the sweep has a budget in money and `beyond_budget` is not set. Nothing was sent.
            AuthenticationError: If the provider needs a key and none is set. Nothing was sent.
        """
        if self.budget is not None and not beyond_budget:
            rewritten.check_budget(self.cells, self.budget)
        return rewritten.ask(self.cells, self._host)

    def promote(self, top: int | Sequence[Clip] = 2, *, budget: str | float | Decimal | None = None) -> Promotion:
        """The best drafts, by rating, then by star, to be made again in 2K (MiniMax-H3). Nothing is sent before `run`.

        Args:
            top: How many at most; clips without a rating or a star are never among them. Or the clips themselves.
            budget: What the finals may cost; None for what is left of the sweep's own budget, where it has one.

        Returns:
            The finals: their price, `.run()`, `.result()`; shown, each is beside its draft.

        Raises:
            UsageError: If nothing is rated or starred, or at a mistake in the budget.
            RefusedError: If one of them is no draft of MiniMax-H3, or is not as it came.
        """
        from hailuo_widgets.sweeps.promotion import Promotion, best

        if isinstance(top, (list, tuple)):
            chosen = list(top)
        else:
            clips = self.clips()
            marks = self._host.library().journal.marked([clip.id for clip in clips]) if clips else {}
            chosen = best(clips, marks, cast("int", top))
        # A group of their own: one that was cancelled or halted for its drafts says nothing of the finals.
        group = JobGroup(self.name, self.budget) if budget is None and self.budget is not None else None
        return Promotion(self._host, chosen, group=group, budget=budget, name=self.name)

    @property
    def records(self) -> list[dict[str, Any]]:
        """One record a clip: every axis and parameter, state, price, times, path, rating, error, and `measured.…`."""
        from hailuo_widgets.sweeps.measured import known

        ids = [clip.id for clip in self.clips()]
        marks = self._host.library().journal.marked(ids) if ids else {}
        return records.records(self, marks, known(self, self._host))

    @property
    def df(self) -> pd.DataFrame:
        """`records` as a data frame.

        Raises:
            UsageError: If pandas is not installed; `records` needs nothing.
        """
        return records.tidy(data_frame(self.records))

    def to_parquet(self, path: str | Path) -> Path:
        """Write the data frame into a Parquet file.

        Raises:
            UsageError: If pandas or pyarrow is not installed.
            LibraryError: If the disk refuses it.
        """
        return to_parquet(self.df, user_path(path))

    def to_csv(self, path: str | Path) -> Path:
        """Write `records` into a CSV file.

        Raises:
            UsageError: If it is not a path.
            LibraryError: If the disk refuses it.
        """
        return records.to_csv(self.records, user_path(path))

    def to_html(self, path: str | Path, *, single: bool = False, most_mb: float = 20) -> Path:
        """Write one page with the posters inside, and copy the clips into `NAME_clips/` beside it.

        Args:
            path: The page.
            single: Put the clips into the page too: one file that plays when mailed.
            most_mb: How large such a file may become, in MB. Mail takes about 25.

        Raises:
            UsageError: If it is not a path, or a single file would be larger: it says how large, nothing is written.
            LibraryError: If the disk refuses it.
        """
        from hailuo_widgets.sweeps.export.page import to_html, to_single_html

        page = user_path(path)
        return to_single_html(self, page, most_mb) if single else to_html(self, page)

    def to_dataset(self, folder: str | Path) -> Path:
        """Write a folder that Hugging Face's `datasets` loads: clips, prompts, parameters, ratings, tags and votes.

        Clips are copied and named by their hashes. Voters are numbered; ids of jobs and tasks, paths and callback
        addresses stay out. A folder that an earlier call wrote is replaced.

        Returns:
            The folder, for `datasets.load_dataset`.

        Raises:
            UsageError: If no clip is there yet, or the folder holds something else.
            LibraryError: If the disk refuses it.
        """
        from hailuo_widgets.sweeps.export.dataset import to_dataset

        return to_dataset(self, user_path(folder), self._votes())

    def to(self, sink: str | Sink, **options: Any) -> Sent:
        """Send clips, prompts, parameters, ratings and votes to an experiment tracker. Each call makes a new run.

        Args:
            sink: `"trackio"`, `"mlflow"`, `"wandb"`, or an object with the methods of `sweeps.export.sinks.Sink`.
            options: For a name: `trackio.init`'s and `wandb.init`'s own (`project`, `mode="offline"` …); for MLflow
                `experiment` and `tracking_uri`.

        Returns:
            How much was sent.

        Raises:
            UsageError: If no clip is there yet, there is no such sink, or its package is missing.
        """
        from hailuo_widgets.sweeps.export import sinks
        from hailuo_widgets.sweeps.export.shared import shared, shared_axes

        clips, votes = shared(self, self._votes())
        if not clips:
            raise UsageError("There is no clip to send.", hint="Run the sweep first.")
        target = sinks.chosen(sink, options)
        first, *others = (clip.facts for clip in clips)
        same = {name: value for name, value in first.items() if all(other[name] == value for other in others)}
        about = sinks.SharedSweep(self.name or "sweep", shared_axes(self), same, len(clips))
        return sinks.send(target, about, clips, votes)

    def _votes(self) -> list[Vote]:
        return self._host.library().journal.votes() if self._host.has_library() else []

    def contact_sheet(self, path: str | Path | None = None, *, width: int = 320, at: float = 0.0) -> Image:
        """A frame of each clip in rows and columns, as one picture.

        Args:
            path: Where to keep it as a PNG, a name that ends in `.png`; None for nowhere.
            width: Of a cell, in pixels.
            at: The moment that is shown, in seconds; past the end means the last frame.

        Returns:
            The picture, which a notebook shows: without a background, so that it is right in light and dark themes. The
            file is dark on white.

        Raises:
            UsageError: If width or moment is not a number, or the name does not end in `.png`.
            LibraryError: If the disk refuses it.
        """
        from hailuo_widgets.sweeps.export.contact_sheet import ON_ANY, ON_PAPER, contact_sheet

        if path is not None:
            target = user_path(path, ".png")
            picture = contact_sheet(self, width, at, ON_PAPER).convert("RGB")
            with writing(target):
                picture.save(target, "PNG")
        return contact_sheet(self, width, at, ON_ANY)

    def video(
        self,
        path: str | Path,
        *,
        title: str | None = None,
        size: str = "1080p",
        progress: Callable[[float], None] | None = None,
    ) -> VideoInfo:
        """Write a film of all clips in step, in rows and columns with their axis values: H.264 that plays everywhere.

        A notebook shows a progress bar, and then the film. The film is silent.

        Args:
            path: The mp4; what is there is replaced when it is complete.
            title: A line above the grid; None for the sweep's name, `""` for none.
            size: `"720p"`, `"1080p"` or `"4K"`.
            progress: Called with how much is done, 0 to 1.

        Returns:
            The facts about the film.

        Raises:
            UsageError: If no clip is there yet, at another size, or if the name does not end in `.mp4`.
            UnreadableVideoError: If a clip can't be decoded.
            HailuoError: If the film can't be written.
        """
        from hailuo_widgets.sweeps.export.film import film

        target = user_path(path, ".mp4")
        bar = self._host.film_progress(target)

        def tell(done: float) -> None:
            for each in (bar, progress):
                if each is not None:
                    each(done)

        try:
            info = film(self, target, self.name if title is None else title, size, tell)
        except BaseException:
            if bar is not None:
                bar.failed()
            raise
        if bar is not None:
            bar.finished(info)
        return info

    # --- what the clips show ------------------------------------------------------------------------------------------

    def measure(self, *, executor: Executor | None = None) -> Measuring:
        """Measure its clips in the background, those that arrive meanwhile too: camera, cuts, motion, flicker ….

        Returns at once. Results are in `records` and `df` as they arrive, as `measured.…`, and kept in the library:
        what is kept is not measured again. It follows a sweep that is running, or is about to be run, to its end; as a
        cell's last value it says how far it is.

        Args:
            executor: Any `concurrent.futures` executor; None for processes of this machine.

        Returns:
            `.result()` waits for it, `.stop()` ends it, `.measured` has what is there so far.
        """
        from hailuo_widgets.sweeps.measured import measuring

        return measuring(self, self._host, executor)

    def obedience(self) -> ObedienceTable:
        """How often each camera command was carried out by each model, as far as the clips are measured.

        Raises:
            LibraryError: If the library can't be used.
        """
        from hailuo_widgets.sweeps.measured import obedience

        return obedience(self, self._host)

    # --- which is better --------------------------------------------------------------------------------------------

    @cached_property
    def judging(self) -> Judged:
        """Votes on its clips, and what they say."""
        from hailuo_widgets.sweeps.judged import Judged

        return Judged(self, self._host)

    def judge(
        self,
        *,
        question: str = QUESTION,
        voter: str = ME,
        seats: int = 2,
        by: Program | str | None = None,
        votes: int = 100,
    ) -> Any:
        """Compare its clips blind, two at a time, by keyboard; or let a program compare them.

        Args:
            question: What is asked: `"better"`, `"follows"` (which does what the prompt says), or a short one of your
                own. Each question is a study of its own.
            voter: Your name, where several people vote; with `by`, the name that the program's votes are kept under,
                where that is not the function's own.
            seats: How many clips are compared at a time: with 4 you pick the best of four.
            by: A function, `(clip, clip)` → 0 or 1 for the better one, None for a tie, `"skip"` for no answer. It votes
                under its own name, apart from people, on pairs that it hasn't judged yet. Or the name of a measure:
                `"flicker"`, `"jitter"` and `"cuts"` vote for less of it, `"motion"`, `"sharpness"`, `"brightness"`,
                `"loop"` and `"obeyed"` for more; clips are measured where they are not yet.
            votes: How many votes a program gives at most.

        Returns:
            The arena, which a notebook shows as a cell's last value; with `by`, the ranking by that program.

        Raises:
            UsageError: If there are not two clips, or at another answer of the program.
            LibraryError: If the library can't be used.
        """
        judging = self.judging.about(question)
        if by is None:
            return self._host.arena(judging, voter, seats=seats)
        if isinstance(by, str):
            from hailuo_widgets.sweeps.measured import program

            return judging.by(program(by), votes=votes, name=by if voter == ME else voter)
        return judging.by(by, votes=votes, name="" if voter == ME else voter)

    def to_ballot(self, folder: str | Path, *, question: str = QUESTION, votes: int = 30) -> Path:
        """Write a page on which people without Python compare its clips: open `index.html`, no server is needed.

        The clips are copied beside it; zip the folder and send it. Each voter sees the pairs in an order of their own,
        saves the votes as a file, and sends that back for `add_votes`.

        Args:
            folder: Where; it is made if it isn't there.
            question: What is asked, as for `judge`.
            votes: How many pairs it asks about, as far as there are so many.

        Returns:
            The page.

        Raises:
            UsageError: If there are not two clips, or the number is out of range.
            LibraryError: If the disk refuses it, or the library can't be used.
        """
        return self._host.ballot(self.judging.about(question), folder, votes)

    def add_votes(self, *files: str | Path) -> Added:
        """Add the votes that people saved on a ballot's page: `fox.add_votes("ballot/votes-*.json")`.

        Adding a file again adds nothing twice. Files that were changed, that are about other clips, or that are no
        votes are refused, each with a sentence, and nothing of them is taken.

        Args:
            files: Names or patterns.

        Returns:
            How many votes are new, of whom, and which files were refused.

        Raises:
            UsageError: If a name fits no file, or every file was refused.
            LibraryError: If the library can't be used.
        """
        return self.judging.about().add_votes(*files)

    @property
    def voters(self) -> Voters:
        """Who voted on “better”: how many votes, how consistent each voter is, and how far they agree.

        Raises:
            UsageError: If there are no clips yet.
            LibraryError: If the library can't be used.
        """
        return self.judging.about().voters

    @property
    def ranking(self) -> Ranking:
        """Its cells, the strongest first, with intervals, chances and a sentence, as people voted on “better”.

        Raises:
            UsageError: If there are no clips yet.
            LibraryError: If the library can't be used.
        """
        return self.judging.about().ranking

    @property
    def effects(self) -> Effects:
        """What each value of each axis adds, with its interval, as people voted on “better”.

        Call it with a measure for the effects on that: `fox.effects(by="flicker")`.

        Raises:
            UsageError: If there are no clips yet.
            LibraryError: If the library can't be used.
        """
        from hailuo_widgets.judge.ranking import Effects

        return Effects(self.judging.about().study(), self._measured_effects)

    def _measured_effects(self, measure: str) -> MeasuredEffects:
        from hailuo_widgets.sweeps.measured import effects

        return effects(self, self._host, measure)

    def next(self, budget: str | float | Decimal, *, question: str = QUESTION) -> Next:
        """What would settle it: more votes (free), or more clips. Nothing is bought before its `run`.

        A notebook shows it with a button that runs it. With `design="halving"` the clips are the next round's: as many
        again of each cell of the better half.

        Args:
            budget: The most that the clips may cost: `2`, or `"2 USD"`.
            question: Which votes count.

        Raises:
            UsageError: If there are not two cells with a price, prices are in several currencies, or at a mistake in
                the budget.
            LibraryError: If the library can't be used.
        """
        return self.judging.next(budget, question)

    def summary(self) -> Table:
        """For every value of every axis: clips, how many are rated, their mean rating, and what they cost."""
        return overview.summary(self)

    def best(self) -> dict[str, Any]:
        """The cell whose clips have the highest mean rating: its axes, prompt, rating, clips and cost.

        Raises:
            UsageError: If no clip is rated yet.
        """
        return overview.best(self)

    # --- views ------------------------------------------------------------------------------------------------------

    def grid(self, rows: str = "", columns: str = "") -> None:
        """Show it as a grid of two of its axes.

        Args:
            rows: The axis downwards; `""` for the one that is shown first.
            columns: The axis across.

        Raises:
            UsageError: If there is no axis of that name.
        """
        for name in filter(None, (rows, columns)):
            check_axis(name, (axis.name for axis in self.axes))
        self.rows, self.columns = rows or self.rows, columns or self.columns
        self._host.show_sweep(self)

    def _mime_(self) -> tuple[str, str]:
        """What marimo, whose own name this is, shows where a sweep ends a cell."""
        return self._host.mime(self)

    def explore(self) -> None:
        """Show the live grid once more, where clips play in step and can be judged."""
        self._host.show_sweep(self, live=True)

    def observe(self, callback: Callable[[Sweep], None]) -> Callable[[], None]:
        """Call back when it is planned, started, paused or has ended, on the thread where that happened.

        Returns:
            A function that ends it.
        """
        return self._observers.add(callback)

    def observe_measured(self, callback: Callable[[tuple[str, Measured]], None]) -> Callable[[], None]:
        """Call back with the id of each clip that is measured from now on and its measures, on the measuring thread.

        Returns:
            A function that ends it.
        """
        return self._measure_observers.add(callback)

    def tell_measured(self, clip_id: str, measured: Measured) -> None:
        """A clip of it has been measured: its views show that."""
        self._measure_observers.tell((clip_id, measured))

    def __repr__(self) -> str:
        name = f"{self.name}: " if self.name else ""
        size = f"{len(self.cells)} cells" + (f" × {self.repeat}" if self.repeat > 1 else "")
        if not self.started:
            return f"<{name}{size} · planned, not run: .run() does it, or --yes in its cell>\n  {self.plan!r}"
        counts: dict[str, int] = {}
        for job in self.jobs:
            state = job.state.label.lower()
            counts[state] = counts.get(state, 0) + 1
        parts = [f"{count} {state}" for state, count in counts.items()]
        if self._found:
            parts.append(f"{len(self._found)} from the library")
        errors = dict.fromkeys(job.error.message for job in self.jobs if isinstance(job.error, HailuoError))
        return "\n".join([f"<{name}{size} · {' · '.join(parts)}>", *(f"  {each}" for each in [*errors][:5])])


def _kept(job: Job | None) -> Clip | None:
    """The clip of a job, as long as its file is there."""
    return _there(job.clip) if job is not None and job.state is JobState.STORED else None


def _there(clip: Clip | None) -> Clip | None:
    return clip if clip is not None and clip.path.is_file() else None


def _at_hand(quote: Quote) -> bool:
    """Whether all pictures of a request can be sent; a library keeps their hashes only."""
    return not any(media.known_sha256 for media in quote.request.media().values())


def load(host: Host, name: str, budget: str | float | Decimal | None = None) -> Sweep:
    """A sweep that was run before, by its name. Its orders are checked and priced again.

    Args:
        host: The kernel's session.
        name: The sweep's.
        budget: What it may cost from now on; the one that it was run with is not kept.

    Raises:
        UsageError: If no such name exists, or at a mistake in the budget.
        LibraryError: If the library can't be used.
    """
    if not isinstance(name, str):
        raise UsageError(f"A sweep is loaded by its name, not by {name!r:.60}.", hint='Write hw.sweep.load("fox").')
    journal = host.library().journal if host.has_library() else None
    kept = journal.sweep(name) if journal else None
    if kept is None:
        known = [each for each, _ in journal.sweeps()] if journal else []
        hint = did_you_mean(name, known) if known else "A sweep is saved under its name when you run it."
        raise UsageError(f"There is no sweep “{name[:60]}” in the library.", hint=hint)
    sweep = Sweep(host, layout(name, kept, host.library().folder), budget)
    sweep.started = sweep.plan.clips == sweep.plan.free  # there is nothing left to run
    return sweep
