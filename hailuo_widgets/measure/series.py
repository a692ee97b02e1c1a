"""Measures that run through a clip: light, flicker, sharpness, what is black or frozen at its ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from hailuo_widgets.measure.similarity import ssim

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hailuo_widgets.measure.trace import Trace

    Floats = NDArray[np.float64]
    Grey = NDArray[np.uint8]

_BLACK_MEAN, _BLACK_SPREAD = 8.0, 6.0
_FROZEN = 0.35
"""Mean absolute difference in grey levels under which two frames in a row are the same but for the codec's noise."""


def running_median(values: Floats, reach: int) -> Floats:
    """(N,): the median of each value and its neighbours up to `reach` to both sides, fewer at the ends."""
    count = len(values)
    if count <= 2 * reach:
        return np.array([np.median(values[max(0, at - reach) : at + reach + 1]) for at in range(count)])
    inner = np.median(np.lib.stride_tricks.sliding_window_view(values, 2 * reach + 1), axis=1)
    head = [np.median(values[: at + reach + 1]) for at in range(reach)]
    tail = [np.median(values[at - reach :]) for at in range(count - reach, count)]
    return np.concatenate([head, inner, tail])


def light_and_spread(thumbs: Grey) -> tuple[Floats, Floats]:
    """(N,) mean and standard deviation of each picture, in grey levels."""
    found = np.array([cv2.meanStdDev(each) for each in thumbs]).reshape(len(thumbs), 2)
    return found[:, 0], found[:, 1]


def flicker(thumbs: Grey, fps: float, odd: list[int]) -> float:
    """Flicker of the brightness, in % of its full range.

    The root mean square of what is left of each frame's mean brightness when a running median over a quarter of a
    second is taken away: slow changes are no flicker. `odd` are frames (cuts) to leave out. The definition is ours.
    """
    light = light_and_spread(thumbs)[0] * (100 / 255)
    reach = max(1, round(fps / 8))
    usual = running_median(light, reach)
    kept = np.ones(len(light), bool)
    for cut in odd:
        kept[max(0, cut - reach) : cut + reach] = False
    return float(np.sqrt(((light - usual)[kept] ** 2).mean())) if kept.any() else 0.0


def sharpness(seen: Trace) -> tuple[float, float]:
    """Sharpness relative to the clip: the median and the 10th percentile over its frames.

    Of the Laplacian's variance, divided by the clip's own 95th percentile. 1 means even; a low second value means that
    some of it is soft.

    Variance of the Laplacian: Pech-Pacheco et al., ICPR 2000. It is divided by the picture's variance, so a fade is not
    taken for a blur; clips of different content can't be compared by it.
    """
    best = float(np.quantile(seen.detail, 0.95)) if len(seen.detail) else 0.0
    if best <= 0:
        return 1.0, 1.0
    return float(min(1.0, np.median(seen.detail) / best)), float(min(1.0, np.quantile(seen.detail, 0.1) / best))


def dark_ends(thumbs: Grey, fps: float) -> tuple[float, float]:
    """Seconds of black at the head and at the tail."""
    light, spread = light_and_spread(thumbs)
    black = (light < _BLACK_MEAN) & (spread < _BLACK_SPREAD)
    return _run(black) / fps, _run(black[::-1]) / fps


def frozen_ends(thumbs: Grey, fps: float) -> tuple[float, float]:
    """Seconds at the head and at the tail in which the picture does not change at all."""
    if len(thumbs) < 2:
        return 0.0, 0.0
    change = np.abs(np.diff(thumbs.astype(np.int16), axis=0)).mean((1, 2))
    still = change < _FROZEN
    return _run(still) / fps, _run(still[::-1]) / fps


def _run(flags: NDArray[np.bool_]) -> int:
    return len(flags) if flags.all() else int(np.argmin(flags))


def loop(thumbs: Grey) -> float:
    """How well the clip loops: structural similarity of its last frame and its first, 1 for a perfect loop."""
    return ssim(thumbs[-1], thumbs[0])


def look(thumbs: Grey) -> list[int]:
    """Four frames at 16 × 9 grey levels: what `diversity` compares."""
    at = np.linspace(0, len(thumbs) - 1, 4).round().astype(int)
    return [
        int(value) for each in at for value in cv2.resize(thumbs[each], (16, 9), interpolation=cv2.INTER_AREA).ravel()
    ]
