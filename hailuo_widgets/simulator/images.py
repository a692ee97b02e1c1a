"""What the vendors ask of a picture, and the sizes of what comes out."""

from __future__ import annotations

import base64
import binascii
import io
import re
from dataclasses import dataclass
from typing import Any, Literal

MAX_BYTES = 20 * 1024 * 1024
MIN_SHORT_SIDE = 300
MIN_ASPECT, MAX_ASPECT = 2 / 5, 5 / 2

_DATA_URL = re.compile(r"data:image/(jpeg|jpg|png|webp);base64,(.*)", re.IGNORECASE | re.DOTALL)
_PILLOW_FORMATS = ("JPEG", "PNG", "WEBP")

_TEXT_TO_VIDEO = {"512P": (912, 512), "720P": (1280, 720), "768P": (1366, 768), "1080P": (1920, 1080)}
_SHORT_SIDE = {"480P": 480, "512P": 512, "720P": 720, "768P": 768, "1080P": 1080, "2K": 1440}


@dataclass(frozen=True)
class ImageProblem:
    """What is wrong with a picture: where it is, its format, its weight, its size in pixels or its shape."""

    kind: Literal["reference", "format", "bytes", "size"]
    text: str


def decode_data_url(value: str) -> bytes | None:
    """The bytes of an image's data URL, or None if it is not one."""
    match = _DATA_URL.fullmatch(value)
    if match is None:
        return None
    try:
        return base64.b64decode(match[2], validate=True)
    except binascii.Error:
        return None


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a JPEG, PNG or WebP; None for anything else."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=_PILLOW_FORMATS) as image:
            return image.size
    except (OSError, Image.DecompressionBombError, ValueError):
        return None


def check_image(value: Any, *, data_urls: bool = True) -> ImageProblem | None:
    """Whether a vendor would take this picture; of a URL only that it is one.

    JPG/JPEG/PNG/WebP, at most 20 MB, short side over 300 px, shape between 2:5 and 5:2 (UCloud, Hailuo-2.3-I2V;
    EvoLink, Hailuo 02 API; MiniMax, video generation).
    """
    if not isinstance(value, str) or not value:
        return ImageProblem("reference", "must be a URL")
    if re.match(r"https?://[^\s/]+", value):
        return None
    if not data_urls or not value.startswith("data:"):
        return ImageProblem("reference", "must be a URL" + (" or a data URL" if data_urls else ""))
    data = decode_data_url(value)
    if data is None:
        return ImageProblem("format", "must be data:image/jpeg|png|webp;base64,…")
    if len(data) > MAX_BYTES:
        return ImageProblem("bytes", "must not exceed 20MB")
    size = image_size(data)
    if size is None:
        return ImageProblem("format", "must be JPG, JPEG, PNG or WebP")
    if min(size) <= MIN_SHORT_SIDE:
        return ImageProblem("size", "short side must be greater than 300 pixels")
    if not MIN_ASPECT <= size[0] / size[1] <= MAX_ASPECT:
        return ImageProblem("size", "aspect ratio must be between 2:5 and 5:2")
    return None


def _even(length: float) -> int:
    return 2 * round(length / 2)


def clip_size(resolution: str, first_frame: str | None = None, ratio: str | None = None) -> tuple[int, int]:
    """Width and height of the clip in pixels, both even.

    It takes the ratio asked for, else the shape of the first frame where it can be seen, else 16:9. The resolution
    names the short side.
    """
    shape: float | None = None
    if ratio and re.fullmatch(r"\d+:\d+", ratio):
        across, down = map(int, ratio.split(":"))
        shape = across / down
    elif first_frame and (data := decode_data_url(first_frame)) and (size := image_size(data)):
        shape = size[0] / size[1]
    if shape is None and resolution in _TEXT_TO_VIDEO:
        return _TEXT_TO_VIDEO[resolution]
    shape = shape or 16 / 9
    short = _SHORT_SIDE[resolution]
    return (_even(short * shape), short) if shape >= 1 else (short, _even(short / shape))


# MiniMax-H3's sides are multiples of 32. In 768P the area stays between 768×768 and 768×1344 (Video regeneration).
_H3_768P = {
    "21:9": (1536, 672),
    "16:9": (1344, 768),
    "4:3": (1024, 768),
    "1:1": (768, 768),
    "3:4": (768, 1024),
    "9:16": (768, 1344),
}


def h3_size(resolution: str, shape: str | None, ratio: str) -> tuple[tuple[int, int], str]:
    """Width and height of a clip of MiniMax-H3, and its ratio, which a query gives as the actual one.

    Args:
        resolution: `480P`, `768P` or `2K`.
        shape: The picture that decides where the ratio is `adaptive`.
        ratio: As asked for, or a draft's own sides.
    """
    wanted = 16 / 9
    if ratio != "adaptive":
        across, down = map(int, ratio.split(":"))
        wanted = across / down
    elif shape and (data := decode_data_url(shape)) and (size := image_size(data)):
        wanted = size[0] / size[1]
    name = min(_H3_768P, key=lambda each: abs(_quotient(each) / wanted - 1))
    if resolution == "768P":
        return _H3_768P[name], name
    short = {"480P": 480, "2K": 1440}[resolution]
    quotient = _quotient(name)
    long = 32 * round(short * max(quotient, 1 / quotient) / 32)
    return ((long, short) if quotient >= 1 else (short, long)), name


def _quotient(name: str) -> float:
    across, down = map(int, name.split(":"))
    return across / down
