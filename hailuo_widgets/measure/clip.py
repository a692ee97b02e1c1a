"""All measures of one file."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hailuo_widgets.measure import series, similarity
from hailuo_widgets.measure.camera import bridged, shot_of
from hailuo_widgets.measure.cuts import cuts, flashes
from hailuo_widgets.measure.field import Field
from hailuo_widgets.measure.record import Delivered, Measured, SeenStep
from hailuo_widgets.measure.trace import Trace, trace
from hailuo_widgets.media.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hailuo_widgets.measure.ordered import Ordered

    Floats = NDArray[np.float64]


def measure_clip(path: Path | str, ordered: Ordered | None = None, *, threads: int | None = None) -> Measured:
    """Measure one file. It is decoded once.

    Args:
        path: The file.
        ordered: Its first and last frame are compared with the clip's.
        threads: For decoding; None leaves it to FFmpeg.

    Raises:
        UnreadableVideoError: The file is missing, broken, or holds no picture.
        UsageError: An ordered picture can't be read.
    """
    info = probe(path)
    seen = trace(path, threads=threads)
    found = cuts(seen.thumbs, seen.fps)
    steps, own, trembles = _steps(seen, found)
    dark, frozen = series.dark_ends(seen.thumbs, seen.fps), series.frozen_ends(seen.thumbs, seen.fps)
    sharp, softest = series.sharpness(seen)
    light, _ = series.light_and_spread(seen.thumbs)
    count = len(seen.thumbs)
    return Measured(
        file=Path(path).name,
        camera=[each.commands for each in steps],
        families=[each.families for each in steps],
        cuts=found,
        steps=steps,
        delivered=Delivered(
            info.width, info.height, round(info.fps, 4), count, round(info.duration, 4),
            info.video_codec, info.audio_codec, seen.loudest, *dark, *frozen, 100 * seen.bars[0], 100 * seen.bars[1],
        ),
        motion=_percent(own, np.mean),
        jitter=_percent(trembles, np.median),
        flicker=series.flicker(seen.thumbs, seen.fps, found) if count > 1 else None,
        sharpness=sharp,
        softest=softest,
        brightness=float(light.mean()) * 100 / 255,
        black=100 * float(seen.clipped[:, 0].mean()),
        white=100 * float(seen.clipped[:, 1].mean()),
        loop=series.loop(seen.thumbs) if count > 1 else None,
        first_match=_match(seen, ordered.first_frame if ordered else None, last=False),
        last_match=_match(seen, ordered.last_frame if ordered else None, last=True),
        look=series.look(seen.thumbs),
    )  # fmt: skip


def _percent(values: Floats, middle: Callable[[Floats], Any]) -> float | None:
    """The middle of those that can be told, in %; None where there are none."""
    told = values[~np.isnan(values)]
    return 100 * float(middle(told)) if len(told) else None


def _match(seen: Trace, picture: bytes | str | Path | None, *, last: bool) -> dict[str, float] | None:
    if picture is None:
        return None
    return asdict(similarity.match(seen.last if last else seen.first, similarity.read(picture)))


def _steps(seen: Trace, found: list[int]) -> tuple[list[SeenStep], Floats, Floats]:
    """The camera's steps, shot by shot; how much moves by itself and how the camera trembles, for each pair."""
    bounds = [0, *found, len(seen.thumbs)]
    _, spread = series.light_and_spread(seen.thumbs)
    # In a flash, or in the dark of a fade, there is nothing to follow.
    faint = np.asarray((spread < 0.3 * np.median(spread)) | (spread < 3))
    odd_frames = np.asarray(flashes(seen.thumbs, seen.fps) | faint)
    steps: list[SeenStep] = []
    own: list[Floats] = []
    trembles: list[Floats] = []
    for number, (start, stop) in enumerate(pairwise(bounds)):
        inside = np.flatnonzero((seen.pairs[:, 0] >= start) & (seen.pairs[:, 1] < stop))
        pairs = seen.pairs[inside]
        motion, trust = bridged(seen.motion[inside], seen.trust[inside], np.asarray(odd_frames[pairs].any(axis=1)))
        shot = shot_of(Field(motion, trust, seen.places, seen.shape, seen.rate))
        own.append(shot.own)
        trembles.append(shot.tremble)
        if not shot.steps:
            steps.append(
                SeenStep(start / seen.fps, stop / seen.fps, number, None, None, "too short a shot", *[0.0] * 6)
            )
        for each in shot.steps:
            begins = start if each is shot.steps[0] else int(pairs[each.start, 0])
            ends = stop if each is shot.steps[-1] else int(pairs[each.stop - 1, 1])
            steps.append(
                SeenStep(
                    begins / seen.fps, ends / seen.fps, number,
                    each.move.commands, each.move.families, each.move.reason,
                    each.move.right, each.move.down, each.move.growth,
                    each.move.roll, each.move.tremble, each.move.parallax,
                )
            )  # fmt: skip
    return steps, np.concatenate(own), np.concatenate(trembles)
