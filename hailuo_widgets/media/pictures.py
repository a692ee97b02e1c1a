"""Pictures as a person sees them: upright, in sRGB, with 8 bits a channel.

A camera stores a picture as the sensor lay and notes how to turn it; a phone stores Display P3 and adds the profile; a
scan has 16 bits a pixel. Viewers obey all three, most programs that read pixels none.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms, ImageOps

from hailuo_widgets.errors import HailuoError
from hailuo_widgets.media import heic

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_PIXELS = 64_000_000
"""More than any vendor takes, and about what can be decoded without the machine noticing."""

_ORIENTATION = 0x0112  # EXIF
_PLAIN = {"1", "L", "LA", "P", "RGB", "RGBA"}
"""Modes that a PNG can hold and that mean the same to every reader."""

_ALPHA = {"RGBA", "LA", "PA", "La", "RGBa"}


class TooManyPixelsError(HailuoError):
    """A picture is too large to be decoded; the message is its size."""


def is_plain(picture: Image.Image) -> bool:
    """Whether every reader sees a picture as it is meant: upright, in sRGB, 8 bits a channel."""
    return picture.mode in _PLAIN and picture.getexif().get(_ORIENTATION, 1) in {0, 1} and _profile(picture) is None


def as_seen(picture: Image.Image) -> Image.Image:
    """A picture of any mode as a viewer shows it.

    Args:
        picture: Of any mode that Pillow has. Levels of the modes "I" and "F" count as 0 to 1 where they are fractions
            within that, as 0 to 255 where none is larger, as 0 to 65535 where none is larger, else up to their maximum.

    Returns:
        A picture without profile or orientation: "RGBA" where it is transparent somewhere, else "RGB".
    """
    transparent = picture.mode in _ALPHA or "transparency" in picture.info
    profile = _profile(picture)
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I") or upright.mode == "F":
        upright = Image.fromarray(_levels(upright))
    if profile is not None:
        alpha = upright.convert("RGBA").getchannel("A") if transparent else None
        seen = _in_srgb(upright, profile)
        if alpha is not None:
            seen.putalpha(alpha)
        return seen
    if upright.mode in {"La", "RGBa"}:  # premultiplied; the only way out of these modes
        upright = upright.convert(upright.mode.upper())
    seen = upright.convert("RGBA" if transparent else "RGB")
    seen.info = {}
    return seen


def on_white(picture: Image.Image) -> Image.Image:
    """A picture as `as_seen` returns it, "RGB", with white where it is transparent."""
    if picture.mode != "RGBA":
        return picture
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture)
    return white.convert("RGB")


def decode(data: bytes, *, formats: tuple[str, ...] | None = None, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """An encoded picture as a viewer shows it, on white.

    Args:
        data: A file.
        formats: Pillow's names of the formats that are allowed, None for all.
        max_pixels: What has more is not decoded.

    Returns:
        It, mode "RGB".

    Raises:
        TooManyPixelsError: It has more than `max_pixels`.
        PIL.UnidentifiedImageError: It is no picture of these formats.
        Exception: Whatever Pillow's decoders are led to by broken bytes.
    """
    if formats is None and heic.is_heic(data):
        return on_white(as_seen(heic.opened(data, max_pixels)))
    with Image.open(io.BytesIO(data), formats=formats) as picture:
        if picture.width * picture.height > max_pixels:
            raise TooManyPixelsError(f"{picture.width} × {picture.height}")
        return on_white(as_seen(picture))


def encode(picture: Image.Image, max_bytes: int) -> tuple[bytes, str]:
    """A picture as a file.

    Args:
        picture: "RGB" or "RGBA".
        max_bytes: A PNG is written where it takes a quarter of that at most, else the best JPEG that fits.

    Returns:
        The file, and `"PNG"` or `"JPG"`.
    """
    out = io.BytesIO()
    picture.save(out, "PNG")
    if len(out.getvalue()) <= max_bytes // 4:
        return out.getvalue(), "PNG"
    opaque = on_white(picture)
    for quality in (95, 88, 80):
        out = io.BytesIO()
        opaque.save(out, "JPEG", quality=quality)
        if len(out.getvalue()) <= max_bytes:
            break
    return out.getvalue(), "JPG"


def _levels(picture: Image.Image) -> NDArray[np.uint8]:
    """16-bit, 32-bit and floating levels as 8 bits. Pillow's own conversion clips them all to white."""
    levels = np.nan_to_num(np.asarray(picture).astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    most = float(levels.max(initial=0.0))
    if picture.mode.startswith("I;16"):
        whole = 65535.0
    elif picture.mode == "F" and most <= 1:
        whole = 1.0
    else:
        whole = next((each for each in (255.0, 65535.0) if most <= each), most)
    return np.clip(levels * (255 / whole) + 0.5, 0, 255).astype(np.uint8)


def _profile(picture: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """The colour profile; None if it is sRGB, broken or of another kind."""
    data = picture.info.get("icc_profile")
    if not isinstance(data, bytes) or not data:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        kind, name = profile.profile.xcolor_space.strip(), ImageCms.getProfileDescription(profile)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    if kind == "RGB" and "srgb" in name.casefold().replace(" ", ""):
        return None
    fits = {"RGB": picture.mode in {"RGB", "RGBA", "P", "PA", "RGBa"}, "CMYK": picture.mode == "CMYK"}
    grey = picture.mode in {"1", "L", "LA", "La"} or picture.mode.startswith("I")
    return profile if fits.get(kind, kind == "GRAY" and grey) else None


def _in_srgb(picture: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    mode = {"CMYK": "CMYK", "GRAY": "L"}.get(profile.profile.xcolor_space.strip(), "RGB")
    plain = picture if picture.mode == mode else picture.convert(mode)
    try:
        seen = ImageCms.profileToProfile(
            plain,
            profile,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError):  # a profile that can be read and not be used
        seen = None
    seen = plain.convert("RGB") if seen is None else seen
    seen.info = {}
    return seen
