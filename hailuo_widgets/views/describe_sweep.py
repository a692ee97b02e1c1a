"""What a grid shows of a sweep."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import Charged, HailuoError, VendorError
from hailuo_widgets.keys import EMBEDDED
from hailuo_widgets.spec.catalog import Price
from hailuo_widgets.views.code import cell_of
from hailuo_widgets.views.describe import parameters_of, spec_of
from hailuo_widgets.views.grid_view import (
    AxisView,
    CellView,
    Detail,
    Footage,
    GridItem,
    GridView,
    HeadView,
    PlanView,
    SeenMove,
)
from hailuo_widgets.views.wording import clock, file_size, shown_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from hailuo_widgets.engine.budget import Budget
    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.measure.record import Measured
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.store.sidecar import MarksPart
    from hailuo_widgets.sweeps.cells import Cell
    from hailuo_widgets.sweeps.plan import Plan
    from hailuo_widgets.sweeps.sweep import Sweep
    from hailuo_widgets.views.grid_view import Action, Phase, Place

_NONE: tuple[SeenMove, ...] = ()

STARRED = "starred"
"""The tag of a clip with a star."""

_SENT = (JobState.SUBMITTING, JobState.QUEUED, JobState.RUNNING, JobState.DOWNLOADING)
_IN_THE_ORDER = ("model", "duration", "resolution")
_MAY_BE_PAID = (JobState.STORED, JobState.UNCERTAIN, JobState.ABANDONED)
_ASK_THE_VENDOR = (JobState.UNCERTAIN, JobState.ABANDONED)
"""Here a person has to look in the vendor's account, and needs the task's id."""
_CHARGED = {Charged.NO: "not charged", Charged.YES: "charged", Charged.UNKNOWN: "may be charged"}


def grid_of(
    sweep: Sweep, marks: Mapping[str, MarksPart], head: HeadView, measured: Mapping[str, Measured] | None = None
) -> GridView:
    """The whole sweep in its current state.

    Args:
        sweep: Which one.
        marks: What people say of its clips, by the clip's id.
        head: What stands above.
        measured: What was measured of its clips, by the clip's id.
    """
    takes = {}
    for cell in sweep.cells:
        if cell.wanted:
            for replicate in range(sweep.repeat):
                take = take_of(sweep, (cell.index, replicate), marks, measured)
                if take != _PLANNED:
                    takes[cell.index, replicate] = take
    return GridView(
        name=sweep.name,
        axes=tuple(AxisView(axis.name, tuple(choice.label for choice in axis.values)) for axis in sweep.axes),
        rows=sweep.rows,
        columns=sweep.columns,
        cells=tuple(map(_cell, sweep.cells)),
        repeat=sweep.repeat,
        takes=takes,
        head=head,
        plan=_plan(sweep),
    )


_PLANNED = GridItem()


def take_of(
    sweep: Sweep, place: Place, marks: Mapping[str, MarksPart], measured: Mapping[str, Measured] | None = None
) -> GridItem:
    """One replicate in its current state."""
    job, clip = sweep.job(*place), sweep.clip(*place)
    said = marks.get(clip.id) if clip is not None else None
    footage = Footage(clip.width, clip.height, clip.fps, clip.duration) if clip else None
    rating, remark = (said.rating or 0, said.note) if said else (0, "")
    starred = said is not None and STARRED in said.tags
    seen = _seen(clip, measured)
    if job is None or (job.state is JobState.PLANNED and clip is not None):
        if clip is None:
            return _PLANNED
        return GridItem("stored", cached=True, clip=footage, rating=rating, starred=starred, remark=remark, **seen)
    return GridItem(
        state=shown_state(job),
        elapsed=job.worked,
        expected=job.expected,
        progress=job.progress,
        note=job.note,
        error=job.error.message if job.error else "",
        charged=_charged(job),
        cached=job.cached,
        clip=footage,
        rating=rating,
        starred=starred,
        remark=remark,
        **seen,
    )


def _seen(clip: Clip | None, measured: Mapping[str, Measured] | None) -> dict[str, Any]:
    """What is measured of a clip, as its item says it."""
    found = measured.get(clip.id) if measured and clip is not None else None
    if clip is None or found is None:
        return {}
    from hailuo_widgets.measure.stored import steps_of  # NumPy is loaded where it is needed
    from hailuo_widgets.views.measured_badge import marked

    return marked(steps_of(clip.prompt), found)


def head_of(sweep: Sweep, left: float | None, message: str = "") -> HeadView:
    """The part above the cells.

    Args:
        sweep: Which one.
        left: Seconds that it will probably still take.
        message: Anything else that concerns the whole sweep.
    """
    phase = _phase(sweep)
    spans = [job.span for job in sweep.jobs]
    begun = [began for began, _ in spans]
    now = max((ended or began for began, ended in spans), default=0.0) if phase == "done" else time.monotonic()
    return HeadView(
        phase=phase,
        money=(*_money(sweep), *_further(sweep)),
        elapsed=now - min(begun) if begun else 0.0,
        left=left if phase == "running" else None,
        halted=tuple(sweep.group.halted.items()) if sweep.group and phase != "done" else (),
        message=message,
        can=_can(sweep, phase),
    )


def detail_of(
    sweep: Sweep,
    place: Place,
    marks: Mapping[str, MarksPart],
    folder: Path,
    measured: Mapping[str, Measured] | None = None,
) -> Detail:
    """All details of one replicate."""
    cell, job, clip = sweep.cells[place[0]], sweep.job(*place), sweep.clip(*place)
    facts: list[tuple[str, str]] = []
    if cell.quote is not None:
        row = cell.quote.row
        facts += [("Model", row.model), ("Provider", row.provider)]
        facts += [("Settings", f"{row.mode.value} · {spec_of(cell.quote)}"), ("Price", str(cell.quote.price))]
    if clip is not None:
        if job is not None and job.worked and job.done and not job.cached:
            facts.append(("Took", clock(job.worked)))
        facts += [
            ("Delivered", f"{clip.width}×{clip.height} · {clip.fps:.4g} fps · {clip.duration:.1f} s"),
            ("File", f"{_relative(clip, folder)} · {file_size(clip.size)}"),
        ]
    task = ("Task", (job.task_id if job is not None else clip.task_id if clip is not None else None) or "")
    more: list[tuple[str, str]] = []
    if job is not None and job.state in _ASK_THE_VENDOR:
        facts.append(task)
    else:
        more.append(task)
    if cell.quote is not None:
        more += [(name, value) for name, value in parameters_of(cell.quote) if name not in _IN_THE_ORDER]
    error = job.error if job is not None else None
    said = marks.get(clip.id) if clip is not None else None
    asked, camera = "", _NONE
    if clip is not None and (found := (measured or {}).get(clip.id)) is not None:
        from hailuo_widgets.measure.stored import steps_of  # NumPy is loaded where it is needed
        from hailuo_widgets.views.measured_badge import asked_in_words, badge_text, figures, moves

        steps = steps_of(clip.prompt)
        asked, camera = asked_in_words(steps), moves(found)
        facts.append(("Camera", badge_text(steps, found)))
        more += figures(found)
    return Detail(
        prompt=cell.prompt,
        facts=tuple((name, value) for name, value in facts if value),
        error=error.message if error else cell.problem,
        hint=error.hint if error else "",
        remark=said.note if said else "",
        more=tuple((name, value) for name, value in more if value),
        file=_relative(clip, folder) if clip is not None else "",
        cell=cell_of(cell.quote) if cell.quote is not None else "",
        asked=asked,
        camera=camera,
    )


def places_of(sweep: Sweep) -> dict[tuple[str, int], list[Place]]:
    """Where each clip is shown: cells that ask for the same thing share their clips."""
    places: dict[tuple[str, int], list[Place]] = defaultdict(list)
    for cell in sweep.cells:
        if cell.wanted:
            for replicate in range(sweep.repeat):
                places[cell.digest, replicate].append((cell.index, replicate))
    return places


def _cell(cell: Cell) -> CellView:
    return CellView(
        at=cell.at,
        price=str(cell.quote.price) if cell.quote else "",
        problem="" if cell.skipped else cell.problem,
        skipped=cell.skipped,
        sketch=cell.quote is not None and cell.quote.row.provider == EMBEDDED,
    )


def _plan(sweep: Sweep) -> PlanView:
    plan = sweep.plan
    return PlanView(tuple(plan.facts), plan.notes, _at_most(plan, sweep.budget) if plan.price else "")


def _at_most(plan: Plan, budget: Budget | None) -> str:
    """What a run will cost; the budget's rest where that ends it earlier."""
    if budget is None or plan.price.get(budget.currency, Decimal(0)) <= budget.left:
        return plan.cost
    return f"at most {Price(budget.left, budget.currency)}"


def _phase(sweep: Sweep) -> Phase:
    if not sweep.started:
        return "plan"
    if sweep.done:
        return "done"
    return "paused" if sweep.group is not None and sweep.group.paused else "running"


def _can(sweep: Sweep, phase: Phase) -> tuple[Action, ...]:
    if phase == "plan":
        return ("run", "cheapest", "cancel") if sweep.plan.to_buy > 1 else ("run", "cancel")
    found: list[Action] = []
    halted = bool(sweep.group and sweep.group.halted)
    if phase == "paused" or (halted and phase == "running"):
        found.append("resume")
    if phase == "running" and not halted:
        found.append("pause")
    if any(not job.done and job.state is JobState.PLANNED for job in sweep.jobs):
        found.append("cancel")
    if any(sweep.can_retry(job) for job in sweep.jobs):
        found.append("retry")
    return tuple(found)


def _money(sweep: Sweep) -> tuple[str, ...]:
    """What is spent and what is set aside: by the budget, and added up from published prices of what is not in it."""
    jobs = sweep.jobs if sweep.budget is None else sweep.joined
    spent = _sum(job for job in jobs if _paid(job))
    reserved = _sum(job for job in jobs if job.state in _SENT)
    limit: tuple[str, ...] = ()
    if (budget := sweep.budget) is not None:
        spent[budget.currency] += budget.spent
        reserved[budget.currency] += budget.reserved
        limit = (f"budget {Price(budget.amount, budget.currency)}".rstrip(),)  # where all is free it has no currency
    parts = [(spent, "spent"), (reserved, "reserved")]
    return (*(f"{_amounts(each)} {word}" for each, word in parts if any(each.values())), *limit)


def _further(sweep: Sweep) -> tuple[str, ...]:
    """That there are clips which the grid, a cell's clips being as many as `repeat` says, doesn't show."""
    count = sweep.further
    return (f"{count} further {'clip' if count == 1 else 'clips'} in .clips()",) if count else ()


def _paid(job: Job) -> bool:
    if job.cached:
        return False
    if job.state is JobState.FAILED and isinstance(job.error, VendorError):
        return job.error.charged is not Charged.NO
    return job.state in _MAY_BE_PAID


def _sum(jobs: Iterable[Job]) -> defaultdict[str, Decimal]:
    total: defaultdict[str, Decimal] = defaultdict(Decimal)
    for job in jobs:
        price = job.quote.price
        if price.amount:
            total[price.currency] += price.amount
    return total


def _amounts(amounts: Mapping[str, Decimal]) -> str:
    return " + ".join(str(Price(amount, currency)) for currency, amount in sorted(amounts.items()) if amount)


def _charged(job: Job) -> str:
    if isinstance(job.error, VendorError):
        return _CHARGED[job.error.charged]
    if isinstance(job.error, HailuoError) and job.state is JobState.REFUSED:
        return _CHARGED[Charged.NO]
    return ""


def _relative(clip: Clip, folder: Path) -> str:
    return os.path.relpath(clip.path, folder).replace(os.sep, "/")
