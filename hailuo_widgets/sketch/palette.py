"""Colours: harmonies chosen in OKLCH, delivered as BT.709 limited-range YUV, in which the frames are painted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Björn Ottosson, "A perceptual color space for image processing" (2020): OKLab to linear sRGB.
_TO_LMS = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
)
_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)
# ITU-R BT.709, part 3: luma and colour difference, scaled to 8 bits in limited range.
_TO_YUV = np.array([[0.2126, 0.7152, 0.0722], [-0.114572, -0.385428, 0.5], [0.5, -0.454153, -0.045847]])
_SCALE = np.array([219.0, 224.0, 224.0])
_OFFSET = np.array([16.0, 128.0, 128.0])


def oklch(lightness: float, chroma: float, hue: float) -> Floats:
    """An OKLab colour from lightness (0 to 1), chroma (0 to about 0.2) and hue in degrees."""
    angle = np.deg2rad(hue)
    return np.array([lightness, chroma * np.cos(angle), chroma * np.sin(angle)])


def mix(one: Floats, other: Floats, share: float) -> Floats:
    """Between two OKLab colours: 0 gives the first, 1 the other."""
    return one + (other - one) * share


def gradient(stops: Sequence[tuple[float, Floats]], at: Floats) -> Floats:
    """OKLab colours, shape (n, 3), along a gradient through `stops` = (place, colour) in rising order."""
    places = [place for place, _ in stops]
    colours = np.array([colour for _, colour in stops])
    return np.stack([np.interp(at, places, colours[:, channel]) for channel in range(3)], axis=-1)


def to_srgb(lab: Floats) -> Floats:
    """OKLab colours, shape (…, 3), as sRGB from 0 to 1, colours outside it clipped."""
    linear = np.clip((lab @ _TO_LMS.T) ** 3 @ _TO_RGB.T, 0, 1)
    srgb: Floats = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return srgb


def to_yuv(lab: Floats) -> Floats:
    """OKLab colours, shape (…, 3), as unrounded 8-bit limited-range BT.709 YUV of the same shape."""
    return srgb_to_yuv(to_srgb(lab)).astype(np.float64)


def srgb_to_yuv(srgb: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """SRGB from 0 to 1, shape (…, 3), as unrounded 8-bit limited-range BT.709 YUV."""
    yuv: NDArray[np.floating[Any]] = srgb @ (_TO_YUV.T * _SCALE).astype(srgb.dtype) + _OFFSET.astype(srgb.dtype)
    return yuv


@dataclass(frozen=True, slots=True)
class Light:
    """The light of a time of day, in OKLab.

    Attributes:
        zenith: Colour of the sky's top.
        middle: Half way down.
        horizon: Where it meets the land, and the haze that far things fade into.
        air: What things half way into the distance take on.
        shade: What the nearest things darken to.
        disc: The sun or the moon.
        glow: How strongly the sky lights up around it, 0 to 1.
        stars: Whether stars are out.
        moon: Whether the disc is a moon.
    """

    zenith: Floats
    middle: Floats
    horizon: Floats
    air: Floats
    shade: Floats
    disc: Floats
    glow: float
    stars: bool = False
    moon: bool = False


def light(name: str, turn: float) -> Light:
    """The light of `"sunrise"`, `"day"`, `"sunset"`, `"dusk"` or `"night"`, its hues turned by some degrees."""
    match name:
        case "sunrise":
            return Light(
                oklch(0.58, 0.085, 262 + turn),
                oklch(0.77, 0.085, 10 + turn),
                oklch(0.90, 0.085, 70 + turn / 2),
                oklch(0.66, 0.075, 350 + turn),
                oklch(0.27, 0.055, 285 + turn),
                oklch(0.975, 0.05, 90),
                0.85,
            )
        case "day":
            return Light(
                oklch(0.60, 0.105, 246 + turn / 2),
                oklch(0.77, 0.07, 232 + turn / 2),
                oklch(0.93, 0.03, 195 + turn),
                oklch(0.72, 0.065, 222 + turn),
                oklch(0.34, 0.055, 205 + turn),
                oklch(0.99, 0.03, 100),
                0.5,
            )
        case "sunset":
            return Light(
                oklch(0.36, 0.105, 288 + turn),
                oklch(0.62, 0.15, 22 + turn),
                oklch(0.84, 0.135, 66 + turn / 2),
                oklch(0.50, 0.115, 352 + turn),
                oklch(0.20, 0.05, 310 + turn),
                oklch(0.95, 0.09, 85),
                1.0,
            )
        case "dusk":
            return Light(
                oklch(0.31, 0.085, 270 + turn),
                oklch(0.52, 0.10, 305 + turn),
                oklch(0.76, 0.10, 18 + turn),
                oklch(0.46, 0.095, 322 + turn),
                oklch(0.18, 0.045, 280 + turn),
                oklch(0.95, 0.03, 95),
                0.45,
                stars=True,
                moon=True,
            )
        case _:
            return Light(
                oklch(0.17, 0.05, 268 + turn),
                oklch(0.27, 0.065, 258 + turn),
                oklch(0.44, 0.07, 235 + turn),
                oklch(0.30, 0.06, 248 + turn),
                oklch(0.11, 0.03, 262 + turn),
                oklch(0.94, 0.025, 95),
                0.5,
                stars=True,
                moon=True,
            )
