"""What a video file is: size, length, rate, codecs."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error

from hailuo_widgets.errors import HailuoError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.video.stream import VideoStream

_ONLY_THIS_FILE = {"protocol_whitelist": "file", "format_whitelist": "mov,matroska,webm,avi,mpegts"}


class UnreadableVideoError(HailuoError):
    """The file is missing, broken, or holds no picture that can be decoded."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The facts about a video file.

    Attributes:
        width: Width in pixels.
        height: Height in pixels.
        fps: Frames a second, on average.
        frames: Number of frames, counted where the file does not say.
        duration: Length of the picture in seconds.
        video_codec: FFmpeg's name of the video codec, e.g. `"h264"`.
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
    """A video's container and its first picture stream, closed at the end.

    Args:
        path: The file.

    Yields:
        The container and the stream; whatever FFmpeg raises inside the block becomes `UnreadableVideoError`.

    Raises:
        UnreadableVideoError: The file is missing, broken, or holds no picture.
    """
    try:
        # "file:" keeps FFmpeg from reading a name as an address, the lists keep a playlist that calls itself
        # mp4 from opening anything else.
        with av.open(f"file:{Path(path)}", "r", options=_ONLY_THIS_FILE) as container:
            if not container.streams.video:
                raise unreadable(path, "it holds no picture")
            yield container, container.streams.video[0]
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise unreadable(path, getattr(error, "strerror", None) or error) from error


def probe(path: Path | str) -> VideoInfo:
    """Read the facts about a video file.

    Args:
        path: The file.

    Returns:
        Its facts. Frames and length are counted from the packets where the container does not state them.

    Raises:
        UnreadableVideoError: The file is missing, broken, or holds no picture.
    """
    with opened(path) as (container, stream):
        fps = float(stream.average_rate or stream.guessed_rate or 0)
        frames = stream.frames
        duration = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        if not duration and container.duration:
            duration = container.duration / av.time_base
        codec = stream.codec_context
        if not frames:
            frames = sum(1 for packet in container.demux(stream) if packet.size)
        if not (codec.width and codec.height and frames):
            raise unreadable(path, "it holds no picture")
        return VideoInfo(
            width=codec.width,
            height=codec.height,
            fps=fps,
            frames=frames,
            duration=duration or (frames / fps if fps else 0.0),
            video_codec=codec.name,
            audio_codec=container.streams.audio[0].codec_context.name if container.streams.audio else None,
            pixel_format=codec.pix_fmt or "",
            container=container.format.name,
            size=Path(path).stat().st_size,
        )
