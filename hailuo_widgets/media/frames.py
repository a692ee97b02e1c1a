"""Single pictures out of a video: the poster, the contact sheet, the last frame."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import TYPE_CHECKING

from PIL import Image

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
        at: The moment, in seconds; past the end means the last frame.
        quality: JPEG quality to start from, 1 to 95.
        max_bytes: Quality, and in the end the size in pixels, are lowered until the picture is no bigger.

    Returns:
        A JPEG file.

    Raises:
        UnreadableVideoError: The video can't be decoded.
    """
    with opened(path) as (container, stream):
        frame = _frame_at(container, stream, at) or _last(container, stream)
        if frame is None:
            raise unreadable(path, "no frame of it can be decoded")
        picture = _scaled(frame, width)
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
        moments = _moments(container, stream, count)
        frames = _by_seeking(container, stream, moments) if moments else None
        if frames is None:
            frames = _by_decoding(container, stream, count)
        if not frames:
            raise unreadable(path, "no frame of it can be decoded")
        cells = [_scaled(frame, width, enlarge=True) for frame in frames]
    sheet = Image.new("RGB", (count * width, cells[0].height))
    for index in range(count):
        sheet.paste(cells[min(index, len(cells) - 1)], (index * width, 0))
    return _jpeg(sheet, 82)


def last_frame(path: Path | str) -> bytes:
    """The very last frame, lossless, as the first frame of a clip that goes on from here.

    Args:
        path: The video.

    Returns:
        A PNG file of the video's own size.

    Raises:
        UnreadableVideoError: The video can't be decoded.
    """
    with opened(path) as (container, stream):
        frame = _last(container, stream)
        if frame is None:
            raise unreadable(path, "no frame of it can be decoded")
        out = io.BytesIO()
        frame.to_image().save(out, "PNG", compress_level=3)
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


def _scaled(frame: VideoFrame, width: int, *, enlarge: bool = False) -> Image.Image:
    width = width if enlarge else min(width, frame.width)
    height = max(1, round(frame.height * width / frame.width))
    picture: Image.Image = frame.to_image(width=width, height=height, interpolation="AREA")
    return picture


def _frame_at(container: InputContainer, stream: VideoStream, at: float) -> VideoFrame | None:
    """The first frame that is shown at or after a moment; None past the end."""
    container.seek(_ticks(stream, max(0.0, at)), stream=stream)
    half = 0.5 / float(stream.average_rate or 24)
    for frame in container.decode(stream):
        if frame.time is None or frame.time >= at - half:
            return frame
    return None


def _last(container: InputContainer, stream: VideoStream) -> VideoFrame | None:
    frame = None
    # A backward seek lands on the last keyframe at or before the target; a broken index may land past everything.
    for target in (stream.duration or 0, 0):
        container.seek(target, stream=stream)
        for frame in container.decode(stream):  # noqa: B007  # the last one is what is wanted
            pass
        if frame is not None:
            break
    return frame


def _ticks(stream: VideoStream, seconds: float) -> int:
    return int(seconds / float(stream.time_base or 1)) + (stream.start_time or 0)


def _moments(container: InputContainer, stream: VideoStream, count: int) -> list[float]:
    """Evenly spread moments in seconds, where seeking pays: a keyframe at least every second or so; else none.

    Without close keyframes each seek decodes almost everything before it, which costs more than one pass.
    """
    duration = float((stream.duration or 0) * (stream.time_base or 0))
    rate = float(stream.average_rate or 0)
    if not duration or not rate or duration * rate <= count * 4:
        return []
    keys = [
        float(p.pts * (stream.time_base or 0)) for p in container.demux(stream) if p.is_keyframe and p.pts is not None
    ]
    if not keys or any(after - before > 1.1 for before, after in pairwise([*keys, duration])):
        return []
    last = duration - 1 / rate
    return [last * index / max(1, count - 1) for index in range(count)]


def _by_seeking(container: InputContainer, stream: VideoStream, moments: list[float]) -> list[VideoFrame] | None:
    frames = [_frame_at(container, stream, each) for each in moments]
    return [frame for frame in frames if frame is not None] if all(frames) else None


def _by_decoding(container: InputContainer, stream: VideoStream, count: int) -> list[VideoFrame]:
    container.seek(0, stream=stream)
    total = stream.frames or sum(1 for packet in container.demux(stream) if packet.size)
    container.seek(0, stream=stream)
    wanted = {round(index * (total - 1) / max(1, count - 1)) for index in range(count)}
    return [frame for index, frame in enumerate(container.decode(stream)) if index in wanted]
