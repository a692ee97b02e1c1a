"""What vendors ask of the files that go in: one set of rules a generation of models, each with its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hailuo_widgets.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hailuo_widgets.spec.media import Media, MediaKind

MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileRule:
    """What a vendor takes of one kind of file. 0 and empty mean that it sets no such limit.

    Attributes:
        types: Media type → its name for people.
        max_bytes: Of one file.
        least_side: Pixels that each side has at least.
        most_side: Pixels that each side has at most.
        aspect: Width to height, smallest and largest.
        seconds: Shortest and longest file.
        total_seconds: All files of the kind together.
        fps: Smallest and largest frame rate.
        codecs: FFmpeg's names.
        words: All of it in one line.
    """

    types: dict[str, str]
    max_bytes: int
    words: str
    least_side: int = 0
    most_side: int = 0
    aspect: tuple[float, float] = (0.0, 0.0)
    seconds: tuple[float, float] = (0.0, 0.0)
    total_seconds: float = 0.0
    fps: tuple[float, float] = (0.0, 0.0)
    codecs: tuple[str, ...] = ()


V1_PICTURE = FileRule(
    {"image/jpeg": "JPG", "image/png": "PNG", "image/webp": "WebP"},
    20 * MB,
    "JPG, PNG or WebP, at most 20 MB, short side over 300 px, aspect between 2:5 and 5:2",
    least_side=301,
    aspect=(2 / 5, 5 / 2),
)
"""The same on three vendors' pages.

Sources: MiniMax, Video Generation API, first_frame_image; UCloud Modelverse, Hailuo-2.3-I2V; EvoLink, Hailuo 02 API.
"""

H3_PICTURE = FileRule(
    {**V1_PICTURE.types, "image/heic": "HEIC", "image/heif": "HEIF"},
    30 * MB,
    "JPG, PNG, WebP, HEIC or HEIF, at most 30 MB, sides from 256 to 5,760 px, aspect between 2:5 and 5:2",
    least_side=256,
    most_side=5760,
    aspect=(0.4, 2.5),
)
"""Source: MiniMax v2, Create video generation task: image_url."""

H3_VIDEO = FileRule(
    {"video/mp4": "MP4", "video/quicktime": "MOV"},
    50 * MB,
    "MP4 or MOV with H.264 or HEVC, at most 50 MB, 2 to 15 s each and at most 15 s together, 23.976 to 60 fps",
    seconds=(2, 15),
    total_seconds=15,
    fps=(23.976, 60),
    codecs=("h264", "hevc"),
)
"""Source: APIMart, MiniMax-H3 (2026-08-22): MiniMax's own page gives the counts only."""

H3_AUDIO = FileRule(
    {"audio/wav": "WAV", "audio/mpeg": "MP3"},
    15 * MB,
    "WAV or MP3, at most 15 MB, 2 to 15 s each and at most 15 s together",
    seconds=(2, 15),
    total_seconds=15,
)
"""Source: as H3_VIDEO."""

RULES: dict[str, dict[MediaKind, FileRule]] = {
    "v1": {"image": V1_PICTURE},
    "h3": {"image": H3_PICTURE, "video": H3_VIDEO, "audio": H3_AUDIO},
}
"""By the word that a catalogue's row has under `files`."""

SLACK = 0.05
"""Seconds: an encoder rounds the end of a track to whole frames. A reference of 15.04 s is one of 15 s."""

FPS_SLACK = 0.001
"""24000/1001 is 23.97602…, and containers round."""


def problems(name: str, media: Media, rule: FileRule, source: str) -> Iterator[Problem]:
    """What a vendor would find wrong with one file whose bytes are at hand."""
    assert media.data is not None
    if media.mime not in rule.types:
        yield Problem(
            name,
            f"{name} ({media}) is {_article(media)}, and no {_or(list(rule.types.values()))}.",
            tuple(rule.types.values()),
            _CONVERT if media.kind == "image" else "Convert it first.",
            source,
        )
        return
    if len(media.data) > rule.max_bytes:
        yield Problem(
            name,
            f"{name} ({media}) is {len(media.data) / MB:.1f} MB large.",
            (f"at most {rule.max_bytes // MB} MB",),
            source=source,
        )
    yield from (_of_a_picture if media.kind == "image" else _of_a_track)(name, media, rule, source)


def _of_a_picture(name: str, media: Media, rule: FileRule, source: str) -> Iterator[Problem]:
    size = media.size
    if size is None:
        yield Problem(name, f"{name} ({media}) is a damaged picture: it can't be opened.", (), "Save it again.", source)
        return
    width, height = size
    if rule.least_side and min(size) < rule.least_side:
        # "over 300 px" is how the vendors say 301.
        wanted = f"over {rule.least_side - 1}" if rule.least_side % 2 else f"at least {rule.least_side}"
        yield Problem(
            name,
            f"{name} is {width}×{height} px; the short side must be {wanted} px.",
            hint="Use a larger picture.",
            source=source,
        )
    if rule.most_side and max(size) > rule.most_side:
        yield Problem(
            name,
            f"{name} is {width}×{height} px; the long side must be at most {rule.most_side:,} px.",
            hint="Make it smaller.",
            source=source,
        )
    if not rule.aspect[0] <= width / height <= rule.aspect[1]:
        yield Problem(
            name,
            f"{name} is {width}×{height} px, too narrow or too wide.",
            ("aspect from 2:5 to 5:2",),
            "Crop it.",
            source,
        )


def _of_a_track(name: str, media: Media, rule: FileRule, source: str) -> Iterator[Problem]:
    facts = media.facts
    if facts is None:
        yield Problem(name, f"{name} ({media}) is damaged: it can't be opened.", (), "Save it again.", source)
        return
    if rule.seconds[1] and not rule.seconds[0] - SLACK <= facts.seconds <= rule.seconds[1] + SLACK:
        allowed = (f"{rule.seconds[0]:g} to {rule.seconds[1]:g} s",)
        yield Problem(name, f"{name} ({media}) lasts {facts.seconds:.2f} s.", allowed, "Cut it.", source)
    if rule.codecs and facts.video_codec not in rule.codecs:
        yield Problem(
            name, f"{name} ({media}) is encoded as {facts.video_codec}.", rule.codecs, "Encode it again.", source
        )
    if rule.fps[1] and not rule.fps[0] - FPS_SLACK <= facts.fps <= rule.fps[1] + FPS_SLACK:
        allowed = (f"{rule.fps[0]:g} to {rule.fps[1]:g}",)
        yield Problem(name, f"{name} ({media}) has {facts.fps:.3f} frames a second.", allowed, "Convert it.", source)


def together(files: Sequence[tuple[str, Media]], rule: FileRule, source: str) -> Iterator[Problem]:
    """What is wrong with several files of one kind together."""
    lengths = [media.facts.seconds for _, media in files if media.facts]
    if rule.total_seconds and len(lengths) > 1 and sum(lengths) > rule.total_seconds + SLACK * len(lengths):
        kind = files[0][1].kind
        what = "The videos" if kind == "video" else "The sounds"
        yield Problem(
            "references",
            f"{what} among the references last {sum(lengths):.2f} s together.",
            (f"at most {rule.total_seconds:g} s",),
            "Cut them, or leave one out.",
            source,
        )


_CONVERT = "The studio converts it, and so does hailuo_widgets.spec.fit_picture.mend(Media.of(file)).media."

_NAMES = {
    "image/heic": "a HEIC picture", "image/heif": "a HEIF picture", "image/avif": "an AVIF picture",
    "image/gif": "a GIF", "image/bmp": "a BMP", "image/tiff": "a TIFF", "image/jxl": "a JPEG XL picture",
    "audio/mp4": "an M4A sound", "audio/aac": "an AAC sound", "audio/flac": "a FLAC sound", "audio/ogg": "an Ogg sound",
    "audio/mpeg": "an MP3 sound", "audio/wav": "a WAV sound", "audio/aiff": "an AIFF sound",
    "video/webm": "a WebM video", "video/x-matroska": "a Matroska video", "video/mp4": "an MP4 video",
    "video/quicktime": "a MOV video", "video/x-msvideo": "an AVI video", "application/pdf": "a PDF",
}  # fmt: skip


def _article(media: Media) -> str:
    return _NAMES.get(media.mime, media.mime or "a file of unknown kind")


def _or(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
