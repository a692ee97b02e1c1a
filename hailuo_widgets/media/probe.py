"""What a player shows of a video file: size, length, rate, codecs."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error
from av.stream import Disposition

from hailuo_widgets.errors import HailuoError
from hailuo_widgets.media import display, timeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

_ONLY_THIS_FILE = {"protocol_whitelist": "file", "format_whitelist": "mov,matroska,webm,avi,mpegts"}


class UnreadableVideoError(HailuoError):
    """The file is missing, broken, or holds no picture that can be decoded."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The facts about a video file.

    Attributes:
        width: Width in pixels as it is shown: upright, with square pixels.
        height: Height in pixels as it is shown.
        fps: Frames a second, on average.
        frames: Number of frames that are shown; what an edit list leaves out is not counted.
        duration: Length of the picture in seconds, from the first frame that is shown to the end of the last.
        video_codec: FFmpeg's name of the video codec, e.g. `"h264"` or `"av1"`, whichever decoder reads it.
        audio_codec: FFmpeg's name of the first audio stream's codec, None for a silent clip.
        pixel_format: FFmpeg's name, e.g. `"yuv420p"`.
        container: FFmpeg's name of the container, e.g. `"mov,mp4,m4a,3gp,3g2,mj2"`.
        size: Size of the file in bytes.
    """

    width: int
    height: int
    fps: float
    frames: int
    duration: float
    video_codec: str
    audio_codec: str | None
    pixel_format: str
    container: str
    size: int


def unreadable(path: Path | str, why: object) -> UnreadableVideoError:
    """The one sentence that every reader of videos gives."""
    return UnreadableVideoError(
        f"“{Path(path).name}” can't be read as a video: {why}.",
        hint="It may be cut off or not a video at all; fetch it again.",
    )


@contextmanager
def opened(path: Path | str) -> Iterator[tuple[InputContainer, VideoStream]]:
    """A video's container and the picture stream that a player shows, closed at the end.

    Of several it is the one that is marked as default, else the first; a cover picture is not taken for one.

    Args:
        path: The file.

    Yields:
        The container and the stream; whatever FFmpeg raises inside the block becomes `UnreadableVideoError`.

    Raises:
        UnreadableVideoError: The file is missing, broken, or holds no picture.
    """
    if Path(path).exists() and not Path(path).is_file():  # reading a pipe would wait for ever
        raise unreadable(path, "it is not a file")
    try:
        # "file:" keeps FFmpeg from reading a name as an address, the lists keep a playlist that calls itself
        # mp4 from opening anything else.
        with av.open(f"file:{Path(path)}", "r", options=_ONLY_THIS_FILE) as container:
            moving = [each for each in container.streams.video if not each.disposition & Disposition.attached_pic]
            if not moving:
                raise unreadable(path, "it contains no picture")
            for each in (*container.streams.video, *container.streams.audio):
                # A decoder's threads would have to be joined when it is collected, which may be in the child of a fork,
                # where they don't exist: it would wait for ever.
                each.codec_context.thread_count = 1
            yield container, next((each for each in moving if each.disposition & Disposition.default), moving[0])
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise unreadable(path, getattr(error, "strerror", None) or error) from error


def probe(path: Path | str) -> VideoInfo:
    """Read the facts about a video file.

    Args:
        path: The file.

    Returns:
        Its facts, counted from its packets: what the container states is of all that it holds, or of one fragment.

    Raises:
        UnreadableVideoError: The file is missing, broken, or holds no picture.
    """
    with opened(path) as (container, stream):
        shown = timeline.read(container, stream)
        codec = stream.codec_context
        if not (shown.times and codec.width and codec.height):
            raise unreadable(path, "it contains no picture")
        # A decoder may crop less than the stream says, and players show what it gives.
        first = _first(container, stream)
        width, height = (codec.width, codec.height) if first is None else (first.width, first.height)
        turned = None if first is None else display.turn(first)
        width, height = display.shown_size(width, height, stream.sample_aspect_ratio, turned)
        frames, stated = len(shown.times), float(stream.average_rate or stream.guessed_rate or 0)
        duration = shown.duration or (frames / stated if stated else 0.0)
        return VideoInfo(
            width=width,
            height=height,
            fps=stated or (frames / duration if duration else 0.0),
            frames=frames,
            duration=duration,
            video_codec=codec.codec.canonical_name,
            audio_codec=container.streams.audio[0].codec_context.codec.canonical_name
            if container.streams.audio
            else None,
            pixel_format=codec.pix_fmt or "",
            container=container.format.name,
            size=Path(path).stat().st_size,
        )


def _first(container: InputContainer, stream: VideoStream) -> VideoFrame | None:
    """The first frame: the decoder says how large it is, and how it is turned."""
    container.seek(0, stream=stream)
    try:
        return next(container.decode(stream), None)
    except av.error.FFmpegError:  # what can't be decoded is still counted and measured
        return None
