"""Making a picture fit the vendors' rules: turned upright, cropped, enlarged, converted. Nothing is done unasked."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hailuo_widgets.errors import HailuoError, UsageError
from hailuo_widgets.spec.check import PICTURE_ASPECT, PICTURE_MAX_BYTES, PICTURE_MIN_SIDE, PICTURE_TYPES
from hailuo_widgets.spec.media import Media

if TYPE_CHECKING:
    from PIL.Image import Image

SHORT_SIDE = PICTURE_MIN_SIDE + 20
"""Pixels that a picture which is too small is enlarged to: over the limit, and even."""

MOST_ENLARGED = 6
"""Times. What is smaller still shows nothing that a clip could begin with."""

MOST_PIXELS = 60_000_000


@dataclass(frozen=True, slots=True)
class Mended:
    """A picture that fits.

    Attributes:
        media: The picture.
        steps: What was done to it, for people, each a few words.
        crop: `"x"` or `"y"`, the side of which something was cut off; `""` where nothing was.
    """

    media: Media
    steps: tuple[str, ...]
    crop: str = ""


def mend(media: Media, at: float = 0.5) -> Mended:
    """Make a picture fit: JPG, PNG or WebP, at most 20 MB, short side over 300 px, aspect between 2:5 and 5:2.

    Args:
        media: The picture's bytes.
        at: Which part of it is kept where something has to be cut off: 0 the left or upper end, 1 the other one.

    Raises:
        UsageError: If it can't be helped: no picture, or one that is far too small.
    """
    from hailuo_widgets.media import pictures

    if media.data is None:
        raise UsageError("Only local pictures can be changed.", hint="Drop the file itself.")
    picture = _opened(media.data)
    steps: list[str] = []
    crop = ""
    width, height = picture.size
    narrow, wide = PICTURE_ASPECT
    if not narrow <= width / height <= wide:
        box, crop, steps = _cropped(width, height, min(1.0, max(0.0, at)))
        picture = picture.crop(box)
    if min(picture.size) <= PICTURE_MIN_SIDE:
        factor = SHORT_SIDE / min(picture.size)
        if factor > MOST_ENLARGED:
            raise UsageError(
                f"The picture is {width}×{height} px, far too small to be enlarged.", hint="Use a larger picture."
            )
        size = tuple(round(side * factor) for side in picture.size)
        steps.append(f"enlarged from {picture.width}×{picture.height} to {size[0]}×{size[1]} px, which adds no detail")
        picture = picture.resize((size[0], size[1]), 1)  # Lanczos
    if not steps and media.mime in PICTURE_TYPES and len(media.data) <= PICTURE_MAX_BYTES:
        return Mended(media, ())
    data, kind = pictures.encode(picture, PICTURE_MAX_BYTES)
    if media.mime not in PICTURE_TYPES:
        steps.append(f"converted to {kind}")
    elif len(media.data) > PICTURE_MAX_BYTES:
        steps.append(f"re-encoded as {kind}, {len(data) / 1e6:.1f} MB")
    stem = media.name.rpartition(".")[0] or media.name or "picture"
    return Mended(Media(data=data, name=f"{stem}.{kind.lower()}"), tuple(steps), crop)


def thumbnail(media: Media, side: int = 480) -> bytes:
    """A small JPEG of a picture, `b""` where it can't be opened."""
    if media.data is None:
        return b""
    try:
        picture = _opened(media.data)
    except UsageError:
        return b""
    picture.thumbnail((side, side))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.getvalue()


def aspect(width: int, height: int) -> str:
    """Width to height as people say it: `16:9` where it is within one per cent of it, else `1.37:1`."""
    for across, down in _COMMON:
        for one, other in ((across, down), (down, across)):
            if abs(width / height * other / one - 1) < 0.01:
                return f"{one}:{other}"
    return f"{width / height:.2f}:1"


_COMMON = ((1, 1), (16, 9), (4, 3), (3, 2), (21, 9), (2, 1), (5, 4), (5, 2))


def _opened(data: bytes) -> Image:
    """The picture as it is seen, in RGB; what is transparent becomes white."""
    from hailuo_widgets.media import pictures

    try:
        return pictures.decode(data, max_pixels=MOST_PIXELS)
    except pictures.TooManyPixelsError:
        raise UsageError("The picture has too many pixels to be changed here.", hint="Make it smaller first.") from None
    except HailuoError as error:  # a HEIC picture that takes another package
        raise UsageError(error.message, hint=error.hint) from None
    except Exception:  # noqa: BLE001  # a hostile file may raise anything
        raise UsageError("This picture can't be opened.", hint="Use a JPG, PNG or WebP file.") from None


def _cropped(width: int, height: int, at: float) -> tuple[tuple[int, int, int, int], str, list[str]]:
    narrow, wide = PICTURE_ASPECT
    if width / height > wide:
        kept = int(height * wide)
        left = round((width - kept) * at)
        return (left, 0, left + kept, height), "x", [f"cropped from {width}×{height} px to 5:2"]
    kept = int(width / narrow)
    top = round((height - kept) * at)
    return (0, top, width, top + kept), "y", [f"cropped from {width}×{height} px to 2:5"]
