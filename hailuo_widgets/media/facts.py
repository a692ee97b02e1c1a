"""What can be told of a clip or a sound in memory, before it is sent anywhere."""

from __future__ import annotations

import io
from dataclasses import dataclass

import av
import av.error

_FORMATS = {"format_whitelist": "mov,matroska,webm,avi,mpegts,mpeg,wav,mp3,aac,flac,ogg,aiff,caf,amr"}


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts about bytes.

    Attributes:
        seconds: Length of what is played; 0 where it can't be told.
        fps: Frames a second, 0 for a sound.
        frames: Frames as the container counts them, 0 where it doesn't.
        width: Pixels, as stored; 0 for a sound.
        height: Pixels, as stored; 0 for a sound.
        video_codec: FFmpeg's name, `""` for a sound.
        audio_codec: FFmpeg's name of the first audio track's, `""` for a silent clip.
    """

    seconds: float
    fps: float = 0.0
    frames: int = 0
    width: int = 0
    height: int = 0
    video_codec: str = ""
    audio_codec: str = ""


def facts(data: bytes) -> Facts | None:
    """The facts about a clip's or a sound's bytes; None where they can't be read."""
    try:
        with av.open(io.BytesIO(data), "r", options=_FORMATS) as container:
            video = next(iter(container.streams.video), None)
            audio = next(iter(container.streams.audio), None)
            first = video or audio
            if first is None:
                return None
            seconds = float(first.duration * first.time_base) if first.duration and first.time_base else 0.0
            if not seconds and container.duration:
                seconds = container.duration / av.time_base
            sound = audio.codec_context.codec.canonical_name if audio else ""
            if video is None:
                return Facts(seconds, audio_codec=sound)
            codec = video.codec_context
            fps = float(video.average_rate or video.guessed_rate or 0)
            name = codec.codec.canonical_name
            return Facts(seconds, fps, video.frames, codec.width, codec.height, name, sound)
    except (av.error.FFmpegError, OSError, ValueError, OverflowError):
        return None
