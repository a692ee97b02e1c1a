"""Single pictures out of a video, as a player shows them: the poster, the contact sheet, the last frame."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image

from hailuo_widgets.media import display, timeline
from hailuo_widgets.media.probe import opened, unreadable

if TYPE_CHECKING:
    from pathlib import Path

    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream


def poster(path: Path | str, *, width: int = 480, at: float = 0.0, quality: int = 80, max_bytes: int = 20_000) -> bytes:
    """A small JPEG of one moment, made to ride in a saved notebook.

    Args:
        path: The video.
        width: Width in pixels, never more than the video's own; the height follows.
        at: The moment on a player's clock, in seconds; past the end means the last frame.
        quality: JPEG quality to start from, 1 to 95.
        max_bytes: Quality, and in the end the size in pixels, are lowered until the picture is no bigger.

    Returns:
        A JPEG file.

    Raises:
        UnreadableVideoError: The video can't be decoded.
    """
    with opened(path) as (container, stream):
        frame = next(container.decode(stream), None) if at <= 0 else _frame_at(container, stream, at)
        if frame is None:
            raise unreadable(path, "no frame of it can be decoded")
        picture = _scaled(frame, stream, width)
    return _within(picture, quality, max_bytes)


def shrunk(picture: bytes, *, max_bytes: int) -> bytes:
    """A picture again as a JPEG of at most that many bytes, smaller in pixels rather than ugly.

    Args:
        picture: An encoded picture.
        max_bytes: The most that it may have.

    Returns:
        A JPEG file.
    """
    with Image.open(io.BytesIO(picture)) as opened_picture:
        smaller = opened_picture.convert("RGB")
    # The bytes of a JPEG go about with its pixels.
    factor = min(1.0, (max_bytes / len(picture)) ** 0.5)
    smaller.thumbnail((max(32, round(smaller.width * factor)), smaller.height))
    return _within(smaller, 72, max_bytes)


def contact_sheet(path: Path | str, *, count: int = 8, width: int = 160) -> bytes:
    """Frames from the whole clip side by side, evenly spread, the first and the last moment included.

    Args:
        path: The video.
        count: How many frames, at least 1.
        width: Width of each in pixels.

    Returns:
        A JPEG file, `count * width` pixels wide.

    Raises:
        UnreadableVideoError: The video can't be decoded.
    """
    with opened(path) as (container, stream):
        shown = timeline.read(container, stream)
        places = shown.spread(count) if shown.times else []
        found = {
            index: _scaled(frame, stream, width, enlarge=True)
            for index, frame in timeline.decode(container, stream, shown, places)
        }
        if not found:
            raise unreadable(path, "no frame of it can be decoded")
    # A frame that can't be decoded is shown as a player does: the one before it stays.
    cells = [found[max((each for each in found if each <= place), default=min(found))] for place in places]
    sheet = Image.new("RGB", (count * width, cells[0].height))
    for index, cell in enumerate(cells):
        sheet.paste(cell, (index * width, 0))
    return _jpeg(sheet, 82)


def first_frame(path: Path | str) -> bytes:
    """The very first frame, lossless; as `last_frame`.

    Raises:
        UnreadableVideoError: The video can't be decoded.
    """
    return _frame(path, 0.0)


def last_frame(path: Path | str) -> bytes:
    """The very last frame, lossless, as the first frame of a clip that goes on from here.

    Args:
        path: The video.

    Returns:
        A PNG file of the size at which the video is shown.

    Raises:
        UnreadableVideoError: The video can't be decoded.
    """
    return _frame(path, float("inf"))


def _frame(path: Path | str, at: float) -> bytes:
    with opened(path) as (container, stream):
        frame = _frame_at(container, stream, at)
        if frame is None:
            raise unreadable(path, "no frame of it can be decoded")
        out = io.BytesIO()
        display.picture(frame, _size(frame, stream)).save(out, "PNG", compress_level=3)
        return out.getvalue()


def _within(picture: Image.Image, quality: int, max_bytes: int) -> bytes:
    while True:
        for each in range(quality, 20, -12):
            data = _jpeg(picture, each)
            if len(data) <= max_bytes:
                return data
        if picture.width <= 32:
            return data
        picture = picture.resize((picture.width * 3 // 4, max(1, picture.height * 3 // 4)))


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()


def _size(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    return display.shown_size(frame.width, frame.height, stream.sample_aspect_ratio, display.turn(frame))


def _scaled(frame: VideoFrame, stream: VideoStream, width: int, *, enlarge: bool = False) -> Image.Image:
    whole, high = _size(frame, stream)
    width = width if enlarge else min(width, whole)
    return display.picture(frame, (width, max(1, round(high * width / whole))))


def _frame_at(container: InputContainer, stream: VideoStream, at: float) -> VideoFrame | None:
    """The frame that is on the screen at a moment, or the last one before it that can be decoded."""
    shown = timeline.read(container, stream)
    if not shown.times:
        return None
    index = shown.index_at(at)
    frame = next((frame for _, frame in timeline.decode(container, stream, shown, [index])), None)
    if frame is None:
        # The end of the file is damaged, or its times can't be relied on.
        container.seek(0, stream=stream)
        for place, each in enumerate(container.decode(stream)):
            frame = each
            if place == index:
                break
    return frame
