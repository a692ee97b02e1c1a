"""What MiniMax-H3 asks of the files that go in (MiniMax v2, Create video generation task; APIMart, MiniMax-H3)."""

from __future__ import annotations

import base64
import binascii
import io
import math
import re
from typing import TYPE_CHECKING

from .exchange import invalid

if TYPE_CHECKING:
    from hailuo_widgets.media.facts import Facts

_DATA_URL = re.compile(r"data:([a-z]+/[a-z0-9.+-]+);base64,(.*)", re.IGNORECASE | re.DOTALL)
_WEB = re.compile(r"https?://[^\s/]+")
_TYPES = {
    "image_url": {"image/jpeg", "image/jpg", "image/png", "image/webp", "image/heic", "image/heif"},
    "video_url": {"video/mp4", "video/quicktime"},
    "audio_url": {"audio/wav", "audio/x-wav", "audio/mpeg", "audio/mp3"},
}
_MEBIBYTES = {"image_url": 30, "video_url": 50, "audio_url": 15}
_GRACE = 0.05
"""Seconds by which a file may be longer or shorter than the page says, which speaks in whole ones."""

SECONDS_OF_AN_ADDRESS = 5
"""The simulator fetches nothing: a video on the web is charged as if it had this length."""


class Content:
    """One file of a request's `content`, as far as it can be looked into.

    Attributes:
        kind: `image_url`, `video_url` or `audio_url`.
        seconds: Of a video or a sound whose bytes are here; None for an address.
    """

    def __init__(self, kind: str, data: bytes | None) -> None:
        self.kind = kind
        self.data = data
        self.seconds: float | None = None

    @property
    def charged_seconds(self) -> int:
        """Whole seconds that a reference video is charged as."""
        return SECONDS_OF_AN_ADDRESS if self.seconds is None else math.ceil(self.seconds - 0.001)


def read(kind: str, url: str, uploaded: bytes | None, *, data_urls: bool = True, checked: bool = True) -> Content:
    """A file, checked as far as its bytes are here.

    Args:
        kind: The content item's type.
        url: As the request gave it.
        uploaded: The uploaded file, if `url` is an `mm_file://` address.
        data_urls: Whether the vendor takes them.
        checked: Whether the rules of references hold; a draft has its own.

    Raises:
        Refusal: If it breaks a rule.
    """
    data = uploaded
    if data is None:
        if _WEB.match(url):
            return Content(kind, None)
        match = _DATA_URL.fullmatch(url) if data_urls else None
        if match is None:
            raise invalid(f"{kind}.url must be a URL" + (" or a data URL" if data_urls else ""))
        if match[1].lower() not in _TYPES[kind]:
            raise invalid(f"{kind} does not support {match[1]}")
        try:
            data = base64.b64decode(match[2], validate=True)
        except binascii.Error:
            raise invalid(f"{kind}.url is not valid base64") from None
    if len(data) > _MEBIBYTES[kind] * 1024 * 1024:
        raise invalid(f"{kind} must not exceed {_MEBIBYTES[kind]}MB")
    content = Content(kind, data)
    if not checked:
        return content
    if kind == "image_url":
        _check_picture(data)
    else:
        content.seconds = _check_track(kind, data)
    return content


def _check_picture(data: bytes) -> None:
    from PIL import Image

    if data[4:8] == b"ftyp" and data[8:12] in {b"heic", b"heix", b"mif1", b"msf1", b"hevc"}:
        return  # Pillow opens none of these
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
            width, height = image.size
    except (OSError, ValueError, Image.DecompressionBombError):
        raise invalid("image must be JPG, PNG, WebP, HEIC or HEIF") from None
    if not all(256 <= side <= 5760 for side in (width, height)):
        raise invalid("image sides must be between 256 and 5760 pixels")
    if not 0.4 <= width / height <= 2.5:
        raise invalid("image aspect ratio must be between 0.4 and 2.5")


def facts(data: bytes) -> Facts | None:
    """What a track holds."""
    from hailuo_widgets.media.facts import facts as read_facts

    return read_facts(data)


def _check_track(kind: str, data: bytes) -> float:
    found = facts(data)
    if found is None or (kind == "video_url") != bool(found.video_codec):
        raise invalid(f"{kind} can't be decoded")
    if not 2 - _GRACE <= found.seconds <= 15 + _GRACE:
        raise invalid(f"{kind} must last 2 to 15 seconds")
    if kind == "video_url":
        if found.video_codec not in {"h264", "hevc"}:
            raise invalid("video must be H.264 or HEVC")
        if not 23.97 <= found.fps <= 60.001:
            raise invalid("video must have 23.976 to 60 frames per second")
    return found.seconds


def check_together(contents: list[Content]) -> None:
    """Sums: all videos, all sounds.

    Raises:
        Refusal: If they are too long together.
    """
    for kind in ("video_url", "audio_url"):
        lengths = [each.seconds for each in contents if each.kind == kind and each.seconds is not None]
        if sum(lengths) > 15 + _GRACE * len(lengths):
            raise invalid(f"all {kind} together must not exceed 15 seconds")


def check_base_video(content: Content) -> int:
    """A draft that is made again; the seconds that it was ordered with (MiniMax v2, Video regeneration).

    Raises:
        Refusal: If it isn't one of H3's own 768P clips.
    """
    if content.data is None:
        return SECONDS_OF_AN_ADDRESS
    found = facts(content.data)
    if found is None or not found.video_codec:
        raise invalid("base_video can't be decoded")
    if not found.audio_codec:
        raise invalid("base_video must have an audio track")
    if round(found.fps, 2) != 24:
        raise invalid("base_video must have 24 fps")
    if found.frames not in range(107, 363, 17):
        raise invalid("base_video must have 107 to 362 frames in steps of 17")
    if found.width % 32 or found.height % 32:
        raise invalid("base_video sides must be divisible by 32")
    if not 768 * 768 <= found.width * found.height <= 768 * 1344:
        raise invalid("base_video area must be between 768x768 and 768x1344")
    return found.frames // 24
