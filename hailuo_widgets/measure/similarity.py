"""How alike two pictures are: structure and colour, after one is laid over the other."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from hailuo_widgets.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]
    Floats = NDArray[np.float64]

_SIDE = 320
"""Pixels of the longer side at which pictures are compared: what resampling and the codec change is finer."""

MAX_PIXELS = 80_000_000


@dataclass(frozen=True, slots=True)
class Match:
    """How well a frame of a clip agrees with a picture.

    Attributes:
        ssim: Mean structural similarity of the brightness, 1 for the same picture, around 0 for unrelated ones. Wang et
            al., IEEE TIP 2004: Gaussian window of 1.5 pixels, K1 0.01, K2 0.03; at 320 pixels on the longer side.
        delta_e: Mean colour difference ΔE*ab (CIE 1976), about 2.3 being just noticeable. Clips are read as they are
            tagged, or else as a browser would; pictures as sRGB.
        shift: How far the picture had to be moved to lie on the frame, in % of the frame's width.
        scale: By how much it had to be enlarged, 1 for not at all.
    """

    ssim: float
    delta_e: float
    shift: float
    scale: float


def read(picture: bytes | str | Path) -> Grey:
    """A picture file as (h, w, 3) RGB, turned as its EXIF says, transparent parts on white.

    Raises:
        UsageError: It can't be read as a picture, or is far too large.
    """
    try:
        data = picture if isinstance(picture, bytes) else Path(picture).read_bytes()
        with Image.open(io.BytesIO(data)) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise UsageError(
                    f"The picture has {opened.width} × {opened.height} pixels; at most 80 million can be compared."
                )
            turned = ImageOps.exif_transpose(opened).convert("RGBA")
            white = Image.new("RGBA", turned.size, "white")
            return np.asarray(Image.alpha_composite(white, turned).convert("RGB"))
    except UnidentifiedImageError as error:
        raise UsageError("The picture to compare with can't be read: it is not a picture.") from error
    except (OSError, ValueError, SyntaxError, TypeError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"The picture to compare with can't be read: {reason}.") from error


def ssim(one: NDArray[Any], two: NDArray[Any]) -> float:
    """Mean structural similarity of two grey pictures of one size."""
    a, b = one.astype(np.float32), two.astype(np.float32)
    first, second = (0.01 * 255) ** 2, (0.03 * 255) ** 2

    def blur(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5), np.float32)

    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b, both = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2, blur(a * b) - mean_a * mean_b
    each = ((2 * mean_a * mean_b + first) * (2 * both + second)) / (
        (mean_a**2 + mean_b**2 + first) * (var_a + var_b + second)
    )
    return float(each.mean())


def match(frame: Grey, picture: Grey) -> Match:
    """Lay a picture over a frame and compare.

    Args:
        frame: (h, w, 3) RGB.
        picture: (h, w, 3) RGB of any size; cropped around its middle to the frame's shape, as vendors do.
    """
    height, width = frame.shape[:2]
    scale = _SIDE / max(height, width)
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    here = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    rows, columns = picture.shape[:2]
    wide = min(columns, round(rows * width / height))
    tall = min(rows, round(columns * height / width))
    left, top = (columns - wide) // 2, (rows - tall) // 2
    there = cv2.resize(picture[top : top + tall, left : left + wide], size, interpolation=cv2.INTER_AREA)
    warp = _registered(cv2.cvtColor(here, cv2.COLOR_RGB2GRAY), cv2.cvtColor(there, cv2.COLOR_RGB2GRAY))
    laid = cv2.warpAffine(
        there, warp, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    inner = (slice(size[1] // 20, -(size[1] // 20) or None), slice(size[0] // 20, -(size[0] // 20) or None))
    lab_here, lab_there = (
        cv2.cvtColor(each[inner].astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for each in (here, laid)
    )
    grey_here, grey_there = (
        cv2.cvtColor(np.ascontiguousarray(each[inner]), cv2.COLOR_RGB2GRAY) for each in (here, laid)
    )
    grown = float(np.sqrt(abs(np.linalg.det(warp[:, :2].astype(np.float64)))))
    middle = warp @ np.array([size[0] / 2, size[1] / 2, 1.0])
    moved = float(np.hypot(middle[0] - size[0] / 2, middle[1] - size[1] / 2))
    return Match(
        ssim(grey_here, grey_there),
        float(np.sqrt(((lab_here - lab_there) ** 2).sum(2)).mean()),
        100 * moved / size[0],
        1 / max(grown, 1e-6),
    )


def _registered(frame: NDArray[Any], picture: NDArray[Any]) -> NDArray[np.float32]:
    """The affine map from the frame's pixels to the picture's, by enhanced correlation (Evangelidis, PAMI 2008)."""
    identity = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4)
    try:
        _, warp = cv2.findTransformECC(frame, picture, identity.copy(), cv2.MOTION_AFFINE, stop)
    except cv2.error:  # it does not converge where the pictures have nothing in common
        return identity
    linear = warp[:, :2].astype(np.float64)
    straight = np.abs(linear - np.eye(2)).max() < 0.25 and np.abs(warp[:, 2]).max() < 0.2 * frame.shape[1]
    return warp.astype(np.float32) if straight else identity
