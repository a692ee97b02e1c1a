"""A sweep's clips are measured, in the background."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from hailuo_widgets.errors import UsageError
from hailuo_widgets.measure.effects import LESS, MeasuredEffects, check
from hailuo_widgets.measure.kept import kept
from hailuo_widgets.measure.measuring import Measuring
from hailuo_widgets.measure.obedience_table import ObedienceTable
from hailuo_widgets.measure.ordered import obeyed
from hailuo_widgets.measure.stored import steps_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from hailuo_widgets.measure.record import Measured
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.sweeps.host import Host
    from hailuo_widgets.sweeps.sweep import Sweep

_LOOK_AGAIN = 1.0
"""Seconds between two looks for clips that have arrived meanwhile."""

_CLICKED = 2.0
"""Seconds that a click on *Run* may take until the sweep has started: the cell after it may run first."""


def known(sweep: Sweep, host: Host) -> dict[str, Measured]:
    """What is kept of a sweep's clips, by their ids. Nothing is measured."""
    clips = sweep.clips()
    return kept(host.library().journal, clips) if clips else {}


def obedience(sweep: Sweep, host: Host) -> ObedienceTable:
    """How often its camera commands were carried out, as far as its clips are measured."""
    found, asked = known(sweep, host), [(clip, steps_of(clip.prompt)) for clip in sweep.clips()]
    told = [(steps, clip.model, found[clip.id]) for clip, steps in asked if clip.id in found]
    return ObedienceTable(told, sum(bool(steps) and clip.id not in found for clip, steps in asked))


def effects(sweep: Sweep, host: Host, measure: str) -> MeasuredEffects:
    """What each value of each axis adds to a measure, as far as its clips are measured."""
    check(measure)
    found = known(sweep, host)
    clips, numbers = [], sweep.replicates()
    for cell in sweep.cells:
        at = {
            axis.name: axis.values[place].label
            for axis, place in zip(sweep.axes, cell.at, strict=True)
            if len(axis.values) > 1
        }
        for replicate in numbers[cell.index]:
            clip = sweep.clip(cell.index, replicate) if cell.wanted else None
            if clip is not None and clip.id in found:
                clips.append((at, value_of(measure, clip, found[clip.id])))
    return MeasuredEffects(measure, clips)


def value_of(measure: str, clip: Clip, measured: Measured) -> float | None:
    """A clip's figure; None where it can't be told."""
    if measured.error:
        return None
    if measure == "obeyed":
        steps = steps_of(clip.prompt)
        did = obeyed(steps, measured) if steps else None
        return None if did is None else float(did)
    if measure == "cuts":
        return float(len(measured.cuts))
    value: float | None = getattr(measured, measure)
    return value


def program(measure: str) -> Callable[[Clip, Clip], int | str | None]:
    """What votes by a measure: for the clip with less of it where less is better (`LESS`), else for that with more."""
    check(measure)

    def by_measure(one: Clip, other: Clip) -> int | str | None:
        values = [value_of(measure, clip, clip.measured) for clip in (one, other)]
        if values[0] is None or values[1] is None:
            return "skip"
        if values[0] == values[1]:
            return None
        return int((values[1] > values[0]) != (measure in LESS))

    return by_measure


def measuring(sweep: Sweep, host: Host, executor: Executor | None = None) -> Measuring:
    """Begin to measure a sweep's clips, those that arrive meanwhile included; one that is to be run is waited for."""
    ran = threading.Event()

    def look(sweep: Sweep) -> None:
        if sweep.started:
            ran.set()
            forget()

    forget = sweep.observe(look)
    if sweep.started or sweep.plan.clips <= sweep.plan.free:
        ran.set()
        forget()

    def under_way() -> Callable[[], object] | None:
        if not ran.is_set():
            return partial(ran.wait, _LOOK_AGAIN)
        job = next((job for job in sweep.jobs if not job.done), None)
        return None if job is None else partial(job.wait, _LOOK_AGAIN)

    def missing() -> int:
        return sum(not job.done for job in sweep.jobs) if ran.is_set() else sweep.plan.clips - sweep.plan.free

    def check_start() -> None:
        if not ran.wait(_CLICKED):
            raise UsageError("This sweep hasn't started.", hint="Press Run in its plan, or call `.run()`.")

    return Measuring(
        sweep.clips,
        lambda: host.library().journal,
        host.clock,
        executor=executor,
        tell=lambda clip, measured: sweep.tell_measured(clip.id, measured),
        under_way=under_way,
        missing=missing,
        check_start=check_start,
        show=host.show_measuring,
    )
