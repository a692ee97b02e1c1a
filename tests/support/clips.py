"""Clips of every kind that a player copes with, made of one source whose frames can be told apart."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from support.chromium import install_debian_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from av.video.stream import VideoStream
    from numpy.typing import NDArray

FPS = 20
RED, GREEN = (200, 40, 40), (40, 160, 60)
_TAGS = {Colorspace.ITU709: 1, Colorspace.ITU601: 6, Colorspace.BT2020: 9}


def grey(index: int) -> int:
    """The level of the upper left quarter of a source's frame, by which it is known."""
    return 20 + 3 * index


def frame(index: int, width: int, height: int) -> NDArray[np.uint8]:
    """Frame `index` as RGB: grey that grows and black on the left, red over green on the right."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = grey(index)
    picture[: height // 2, width // 2 :] = RED
    picture[height // 2 :, width // 2 :] = GREEN
    return picture


@contextmanager
def _same_priority() -> Iterator[None]:
    """SVT-AV1, as root, leaves the thread that calls it at a real-time priority, which all threads after it inherit."""
    if not hasattr(os, "sched_setscheduler"):
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)


@_same_priority()
def source(
    path: Path,
    *,
    width: int = 320,
    height: int = 240,
    frames: int = 60,
    gop: int = 20,
    matrix: Colorspace = Colorspace.ITU709,
    tagged: bool = True,
    full: bool = False,
    codec: str = "libx264",
    sound: bool = False,
) -> Path:
    """Write a clip of `frame(0)`, `frame(1)`, … at 20 frames a second."""
    reach = ColorRange.JPEG if full else ColorRange.MPEG
    with av.open(str(path), "w") as container:
        stream = cast("VideoStream", container.add_stream(codec, rate=FPS))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"g": str(gop), "crf": "4", "bf": "2"} if codec == "libx264" else {"crf": "10"}
        context = stream.codec_context
        if tagged:
            context.colorspace, context.color_primaries, context.color_trc = _TAGS[matrix], _TAGS[matrix], 1
        if tagged or full:
            context.color_range = reach.value
        tone = container.add_stream("aac", rate=44100, layout="mono") if sound else None
        for index in range(frames):
            picture = av.VideoFrame.from_ndarray(frame(index, width, height), format="rgb24").reformat(
                format="yuv420p", dst_colorspace=matrix, dst_color_range=reach
            )
            picture.pts = index
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
        if tone is not None:
            wave = np.sin(np.arange(44100 * frames // FPS) * (2 * np.pi * 440 / 44100)).astype(np.float32)[None] / 4
            noise = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            noise.sample_rate = 44100
            container.mux(tone.encode(noise))
            container.mux(tone.encode(None))
    return path


def ffmpeg(*arguments: object) -> None:
    """Run the command; its message is the error's."""
    done = subprocess.run(
        [_found("ffmpeg"), "-v", "error", "-y", *map(str, arguments)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(done.stderr)


def ffprobe(path: Path) -> dict[str, Any]:
    """What ffprobe says of the default picture of a file: its size as stored, its frames as shown, rotation, aspect."""
    shown = subprocess.run(
        [_found("ffprobe"), "-v", "error", "-count_frames", "-show_streams", "-of", "json", str(path)],
        check=True,
        capture_output=True,
        text=True,
    )
    pictures = [each for each in json.loads(shown.stdout)["streams"] if each["codec_type"] == "video"]
    pictures = [each for each in pictures if not each["disposition"]["attached_pic"]]
    found: dict[str, Any] = next((each for each in pictures if each["disposition"]["default"]), pictures[0])
    return found


@cache
def _found(name: str) -> str:
    """FFmpeg's programs, which media/ is compared with; installed where they are missing."""
    if shutil.which(name) is None:
        install_debian_package("ffmpeg")
    path = shutil.which(name)
    assert path is not None
    return path


def turned(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Write a display matrix into a file, as a phone does: a, b, c, d of x' = a·x + c·y, y' = b·x + d·y."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # version and flags, two times, id, reserved, duration, reserved, layer … volume
    a, b, c, d = (each << 16 for each in matrix)
    numbers = (a, b, 0, c, d, 0, 0, 0, 1 << 30)
    data[at : at + 36] = b"".join(each.to_bytes(4, "big", signed=True) for each in numbers)
    path.write_bytes(data)


MATRICES = {
    "turned right": (0, 1, -1, 0),
    "upside down": (-1, 0, 0, -1),
    "turned left": (0, -1, 1, 0),
    "mirrored": (-1, 0, 0, 1),
    "flipped": (1, 0, 0, -1),
    "mirrored and turned": (0, 1, 1, 0),
    "mirrored and turned left": (0, -1, -1, 0),
}


def _by_ffmpeg(*arguments: object, **options: Any) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        plain = source(path.with_name(f"plain-{path.name}"), **options)
        ffmpeg(*(plain if each == "PLAIN" else each for each in arguments), path)
        return path

    return make


def _turned(name: str) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        turned(source(path), MATRICES[name])
        return path

    return make


KINDS: dict[str, Callable[[Path], Path]] = {
    "plain": source,
    "edit list": _by_ffmpeg("-ss", 0.7, "-i", "PLAIN", "-c", "copy", gop=60),
    "edit list with sound": _by_ffmpeg("-ss", 0.7, "-i", "PLAIN", "-c", "copy", gop=60, sound=True),
    "edit list, both ends": _by_ffmpeg("-ss", 0.7, "-t", 1.2, "-i", "PLAIN", "-c", "copy", gop=60),
    "starts late": _by_ffmpeg("-itsoffset", 0.5, "-i", "PLAIN", "-c", "copy"),
    "starts after its sound": _by_ffmpeg(
        "-itsoffset", 0.5, "-i", "PLAIN", "-i", "PLAIN", "-map", "0:v", "-map", "1:a", "-c", "copy", sound=True
    ),
    "fragments": _by_ffmpeg("-i", "PLAIN", "-c", "copy", "-movflags", "frag_keyframe+empty_moov"),
    "first fragment in its head": _by_ffmpeg("-i", "PLAIN", "-c", "copy", "-movflags", "frag_keyframe"),
    "fragments in dash": _by_ffmpeg("-i", "PLAIN", "-c", "copy", "-movflags", "dash+frag_keyframe+default_base_moof"),
    "wide pixels": _by_ffmpeg("-i", "PLAIN", "-c", "copy", "-bsf:v", "h264_metadata=sample_aspect_ratio=4/3"),
    "tall pixels": _by_ffmpeg("-i", "PLAIN", "-c", "copy", "-bsf:v", "h264_metadata=sample_aspect_ratio=1/2"),
    "wide pixels by the container": _by_ffmpeg("-i", "PLAIN", "-c", "copy", "-aspect", "2:1"),
    "cropped by its stream": _by_ffmpeg(
        "-i", "PLAIN", "-c", "copy", "-bsf:v", "h264_metadata=crop_left=16:crop_right=16:crop_top=8:crop_bottom=8"
    ),
    "uneven pace": _by_ffmpeg(
        "-i", "PLAIN", "-vf", "select='lt(n,20)+eq(mod(n,8),0)'", "-vsync", "vfr", "-bf", 0, "-crf", 4
    ),
    "second picture is the default": _by_ffmpeg(
        "-f", "lavfi", "-i", "color=blue:s=96x64:r=10:d=1", "-i", "PLAIN", "-map", "0", "-map", "1",
        "-c:v:0", "libx264", "-c:v:1", "copy", "-disposition:v:0", 0, "-disposition:v:1", "default",
    ),
    "cover picture first": _by_ffmpeg(
        "-f", "lavfi", "-i", "color=blue:s=96x64:r=1:d=1", "-i", "PLAIN", "-map", "0", "-map", "1",
        "-c:v:0", "mjpeg", "-c:v:1", "copy", "-disposition:v:0", "attached_pic", "-disposition:v:1", "default",
    ),
    **{name: _turned(name) for name in MATRICES},
}  # fmt: skip

# Those whose colours are in question; each is of a height on either side of the limit between SD and HD.
COLOURS: dict[str, Callable[[Path], Path]] = {
    "tagged 709, small": lambda path: source(path, frames=3),
    "tagged 709, large": lambda path: source(path, frames=3, width=1280, height=720),
    "tagged 601, small": lambda path: source(path, frames=3, matrix=Colorspace.ITU601),
    "tagged 601, large": lambda path: source(path, frames=3, width=1280, height=720, matrix=Colorspace.ITU601),
    "untagged, small": lambda path: source(path, frames=3, tagged=False, matrix=Colorspace.ITU601),
    "untagged, large": lambda path: source(path, frames=3, tagged=False, width=1280, height=720),
    "untagged, tall": lambda path: source(path, frames=3, tagged=False, width=720, height=1280),
    "full range": lambda path: source(path, frames=3, full=True),
    "full range, untagged, large": lambda path: source(
        path, frames=3, full=True, tagged=False, width=1280, height=720, matrix=Colorspace.ITU601
    ),
}
