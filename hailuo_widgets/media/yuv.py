"""Decoded frames as the planes of a film: upright, at the film's size, in BT.709."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
import numpy as np

from hailuo_widgets.media import display, timeline
from hailuo_widgets.media.encode import planes_of
from hailuo_widgets.media.probe import opened, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL import Image

    from hailuo_widgets.media.encode import Planes

BLACK = (16, 128, 128)


def even(length: float) -> int:
    """The nearest even number of pixels, 2 at least."""
    return max(2, 2 * round(length / 2))


def fitted(width: int, height: int, room: tuple[int, int]) -> tuple[int, int]:
    """The largest even size of a picture's shape that has room."""
    scale = min(room[0] / width, room[1] / height)
    return min(room[0], even(width * scale)), min(room[1], even(height * scale))


def planes(frame: av.VideoFrame, size: tuple[int, int], turned: Image.Transpose | None) -> Planes:
    """A frame as a player shows it, as Y, U and V of an even size; `turned` is its clip's `display.turn`."""
    if turned is not None:
        frame = av.VideoFrame.from_image(display.turned_picture(frame, size, turned))
    source: dict[str, Any] = {} if turned is not None else display.colours(frame)
    made = frame.reformat(
        size[0],
        size[1],
        "yuv420p",
        dst_colorspace="ITU709",
        dst_color_range="MPEG",
        interpolation="AREA",
        **source,
        **display.ONE_THREAD,
    )
    return planes_of(made)


def frames(path: Path, fps: float, size: tuple[int, int], count: int | None = None) -> Iterator[Planes]:
    """What a player shows of a clip at each tick of a film, from the clip's first frame on.

    Args:
        path: The clip.
        fps: Ticks a second.
        size: At which it is wanted, even; its shape is kept only if the size has it.
        count: How many ticks; None for as many as the clip lasts. After its end the last frame stays.

    Yields:
        Y, U and V; the same arrays again while the same frame is on the screen.

    Raises:
        UnreadableVideoError: The clip can't be decoded.
    """
    with opened(path) as (container, stream):
        shown = timeline.read(container, stream)
        wanted = ticks(shown, fps) if count is None else count
        first = shown.times[0] if shown.times else 0
        container.seek(first, stream=stream)
        decoded = (frame for frame in container.decode(stream) if frame.pts is not None and frame.pts >= first)
        current, coming = next(decoded, None), next(decoded, None)
        if current is None:
            raise unreadable(path, "no frame of it can be decoded")
        # Of the first frame only: PyAV keeps a frame whose side data was read until the garbage collector comes.
        turned = display.turn(current)
        made, made_of = planes(current, size, turned), current
        for index in range(wanted):
            # Half a tick of tolerance: the times in a file are rounded, and a frame belongs to its nearest tick.
            now = first + (index + 0.001) / fps / float(shown.base)
            while coming is not None and coming.pts is not None and coming.pts <= now:
                current, coming = coming, next(decoded, None)
            if made_of is not current:
                made, made_of = planes(current, size, turned), current
            yield made


def ticks(shown: timeline.Timeline, fps: float) -> int:
    """How many frames of a film a clip lasts."""
    return max(1, round(shown.duration * fps))


def canvas(size: tuple[int, int]) -> Planes:
    """Black planes of an even size."""
    width, height = size
    return (
        np.full((height, width), BLACK[0], np.uint8),
        np.full((height // 2, width // 2), BLACK[1], np.uint8),
        np.full((height // 2, width // 2), BLACK[2], np.uint8),
    )


def put(target: Planes, part: Planes, left: int, top: int) -> None:
    """Lay a picture over a part of another; `left` and `top` are even."""
    for step, (onto, what) in zip((1, 2, 2), zip(target, part, strict=True), strict=True):
        y, x = top // step, left // step
        onto[y : y + what.shape[0], x : x + what.shape[1]] = what


def mixed(one: Planes, other: Planes, share: float) -> Planes:
    """A dissolve: `share` of the other picture, 0 to 1."""
    weight = round(share * 256)

    def plane(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return ((a.astype(np.uint16) * (256 - weight) + b.astype(np.uint16) * weight + 128) >> 8).astype(np.uint8)

    return plane(one[0], other[0]), plane(one[1], other[1]), plane(one[2], other[2])


def as_frame(source: Planes) -> av.VideoFrame:
    """Planes as a frame that can be encoded."""
    height, width = source[0].shape
    frame = av.VideoFrame(width, height, "yuv420p")
    for onto, what in zip(planes_of(frame), source, strict=True):
        onto[...] = what
    return frame
