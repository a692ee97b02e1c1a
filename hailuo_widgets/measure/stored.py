"""Clips of a library: what each was ordered to be, and measures that its journal keeps."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import LibraryError
from hailuo_widgets.measure.kept import kept
from hailuo_widgets.measure.ordered import Ordered, compare, obeyed, said
from hailuo_widgets.measure.record import VERSION
from hailuo_widgets.measure.run import measure_each
from hailuo_widgets.spec.camera import parse
from hailuo_widgets.store.pictures import find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor

    from hailuo_widgets.clock import Clock
    from hailuo_widgets.measure.record import Measured
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.store.journal import Journal

LINES = {"480P": 480, "512P": 512, "720P": 720, "768P": 768, "1080P": 1080, "2K": 1440}
"""What a resolution's name says of the shorter side, in pixels."""

COLUMNS = ("camera", "families", "obeyed", "differences", "speed", "cuts", "motion", "jitter", "flicker", "sharpness",
           "brightness", "loop", "diversity", "error")  # fmt: skip
"""What records say of a measured clip, each as `measured.NAME`."""


_COMPUTED = ("obeyed", "differences", "speed", "diversity")


def steps_of(prompt: str) -> tuple[tuple[str, ...], ...]:
    """The camera's moves that a prompt orders, in English; the same one twice in a row is one move."""
    every = (tuple(command.en for command in shot.commands) for shot in parse(prompt).shots)
    return tuple(step for step, _ in groupby(every))


def ordered_of(clip: Clip) -> Ordered:
    """What a clip was ordered to be, as far as its request says it: camera, seconds, size, first and last frame.

    Hailuo's models make 24 frames a second, and MiniMax-H3's clips have sound.

    Pictures are compared where the library kept them. MiniMax-H3 is checked on its number of frames, 17n+5, and not on
    seconds: it rounds them.
    """
    asked = clip.parameters
    rounds = clip.model == "MiniMax-H3" and clip.provider != "sketch"
    return Ordered(
        lines=LINES.get(str(asked.get("resolution") or "").upper()),
        fps=24 if clip.model.startswith(("MiniMax-Hailuo", "MiniMax-H3")) else None,
        sound=True if rounds else None,
        aspect=_aspect(asked.get("ratio")),
        grid=(17, 5) if rounds else None,
        seconds=None if rounds else _seconds(asked.get("duration")),
        first_frame=_picture(clip, "first_frame"),
        last_frame=_picture(clip, "last_frame"),
        camera=steps_of(clip.prompt) or None,
    )


def measure_stored(
    clips: Sequence[Clip],
    journal: Journal,
    clock: Clock,
    *,
    executor: Executor | None = None,
    wanted: Callable[[], bool] = lambda: True,
) -> Iterator[tuple[Clip, Measured]]:
    """Measure clips that are not measured yet, keep each record in the journal, and give it when it is ready.

    Args:
        clips: Of one library; those that are kept come first.
        journal: The library's. Where it can't be written, the records are given all the same.
        clock: Tells when it was measured.
        executor: See `run.measure`.
        wanted: Asked now and then; False ends it.

    Raises:
        UsageError: If the extra `measure` is not installed.
        LibraryError: If the journal can't be read.
    """
    known = kept(journal, clips)
    same: dict[str, list[Clip]] = {}
    for clip in clips:
        if clip.id in known:
            yield clip, known[clip.id]
        else:
            same.setdefault(clip.sha256, []).append(clip)
    missing = [each[0] for each in same.values()]
    if not missing or not wanted():
        return
    for index, measured in measure_each(
        [clip.path for clip in missing], ordered=map(ordered_of, missing), executor=executor
    ):
        if measured.error is None:  # memory may be there another time
            with suppress(LibraryError):
                journal.keep_measures(missing[index].sha256, VERSION, measured.to_dict(), clock.now())
        for clip in same[missing[index].sha256]:
            yield clip, replace(measured, file=clip.path.name)
        if not wanted() or not threading.main_thread().is_alive():
            return


def columns(clip: Clip | None, measured: Measured | None, diversity: float | None = None) -> dict[str, Any]:
    """What a record says of a clip: plain values, all None where it is not measured.

    Args:
        clip: Which one.
        measured: What was measured of it.
        diversity: How different the replicates of its request are, see `diversity.diversity`.

    `camera` and `families` are one line each; `obeyed` is None where it can't be told or nothing was ordered;
    `differences` has what is not as ordered; `speed` is that of a camera that made one move; units as in `Measured`.
    """
    if clip is None or measured is None:
        return {f"measured.{name}": None for name in COLUMNS}
    ordered = ordered_of(clip)
    wrong = [each for each in compare(ordered, measured) if each.ok is False]
    values = {name: getattr(measured, name) for name in COLUMNS if name not in _COMPUTED}
    values |= {
        "camera": said(measured.camera),
        "families": said(measured.families),
        "cuts": None if measured.error else len(measured.cuts),
        "obeyed": None if ordered.camera is None else obeyed(ordered.camera, measured),
        "differences": "; ".join(f"{each.what}: {each.delivered} instead of {each.ordered}" for each in wrong),
        "speed": measured.steps[0].speed if len(measured.steps) == 1 else None,
        "diversity": diversity,
    }
    return {f"measured.{name}": values[name] for name in COLUMNS}


def _seconds(duration: Any) -> float | None:
    """A library may come from anywhere, so its requests may hold anything."""
    return duration if isinstance(duration, (int, float)) and not isinstance(duration, bool) else None


def _aspect(ratio: Any) -> float | None:
    wide, _, high = str(ratio or "").partition(":")
    try:
        return float(wide) / float(high)
    except (ValueError, ZeroDivisionError):  # "adaptive"
        return None


def _picture(clip: Clip, name: str) -> bytes | None:
    kind, _, sha256 = str(clip.parameters.get(name, "")).partition(":")
    media = find(clip.path.parent.parent, sha256) if kind == "sha256" else None
    return None if media is None else media.data
