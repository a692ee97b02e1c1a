"""Optical flow between two pictures, boiled down to one motion for each small patch, and how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]
    Floats = NDArray[np.float32]

PATCH = 16
"""Side of a patch in pixels of the picture that is analysed."""

_STEP = 4
"""Flow is read at every fourth pixel: DIS itself solves for patches that lie four pixels apart."""

_PER = PATCH // _STEP
_NOISE = 9.0
"""Variance, in squared grey levels after normalisation, below which a patch holds no texture to follow."""


@dataclass(frozen=True, slots=True)
class PatchFlow:
    """The motion between two pictures on a grid of patches.

    Attributes:
        motion: (rows, columns, 2), pixels to the right and down.
        trust: (rows, columns), 0 to 1: texture in both directions, times how well the moved picture fits.
        texture: (rows, columns), 0 to 1: the texture alone.
    """

    motion: Floats
    trust: Floats
    texture: Floats


class FlowField:
    """Dense inverse search (Kroeger et al., ECCV 2016), OpenCV's, preset "fast", without its variational refinement.

    The refinement takes half of the time and smooths the motion across the outlines of things. Not for several threads
    at once.
    """

    def __init__(self) -> None:
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._dis.setVariationalRefinementIterations(0)
        self._last: tuple[Grey, _Picture] | None = None

    def between(self, before: Grey, after: Grey) -> PatchFlow:
        """The motion from one picture to the next.

        Args:
            before: 8 bits, (h, w).
            after: The same shape.

        Returns:
            The motion of each whole patch; a rim of less than a patch at the right and the bottom is left out.
        """
        # DIS forgives another brightness but not another contrast, so both get the same (measured: a gain of 0.6 alone
        # makes it answer 13 pixels where nothing moves).
        one = self._last[1] if self._last is not None and self._last[0] is before else _prepared(before)
        two = _prepared(after)
        self._last = (after, two)
        flow = np.asarray(self._dis.calc(one.levelled, two.levelled, None), np.float32)  # type: ignore[call-overload]  # None is documented
        return _patches(one.soft, two.soft, flow)


@dataclass(frozen=True, slots=True)
class _Picture:
    levelled: Grey
    soft: Grey


def _prepared(picture: Grey) -> _Picture:
    levelled = _levelled(picture)
    return _Picture(levelled, np.asarray(cv2.blur(levelled, (3, 3)), np.uint8))


def _levelled(picture: Grey) -> Grey:
    mean, deviation = cv2.meanStdDev(picture)
    gain = min(8.0, 45.0 / max(1.0, float(deviation[0, 0])))
    shift = max(-255.0 * gain, 110.0 - gain * float(mean[0, 0]))
    # A table: convertScaleAbs would mirror what falls below zero.
    table = np.clip(np.arange(256) * np.float32(gain) + np.float32(shift), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table), np.uint8)


def _patches(one: Grey, two: Grey, flow: Floats) -> PatchFlow:
    height, width = one.shape
    rows, columns = height // PATCH, width // PATCH
    grid_y, grid_x = rows * _PER, columns * _PER
    offset = _STEP // 2
    sampled = flow[offset::_STEP, offset::_STEP][:grid_y, :grid_x]
    xs = np.arange(grid_x, dtype=np.float32) * _STEP + offset
    ys = np.arange(grid_y, dtype=np.float32) * _STEP + offset
    here = one[offset::_STEP, offset::_STEP][:grid_y, :grid_x].astype(np.float32)
    there = cv2.remap(
        two, xs[None] + sampled[..., 0], ys[:, None] + sampled[..., 1], cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=0,
    ).astype(np.float32)  # fmt: skip
    inside = (
        (xs[None] + sampled[..., 0] >= 0)
        & (xs[None] + sampled[..., 0] < width)
        & (ys[:, None] + sampled[..., 1] >= 0)
        & (ys[:, None] + sampled[..., 1] < height)
    )

    def mean(values: Floats) -> Floats:
        return np.asarray(cv2.resize(values, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)

    across = np.gradient(here, axis=1)
    along = np.gradient(here, axis=0)
    xx, yy, xy = mean(across * across), mean(along * along), mean(across * along)
    least = 0.5 * (xx + yy - np.sqrt((xx - yy) ** 2 + 4 * xy * xy))
    texture = least / (least + _NOISE)
    wrong = mean((here - there) ** 2)
    spread = mean(here * here) - mean(here) ** 2
    fit = spread / (spread + 4 * wrong + 1.0)
    shown = mean(inside.astype(np.float32))
    blocks = sampled.reshape(rows, _PER, columns, _PER, 2).transpose(0, 2, 4, 1, 3).reshape(rows, columns, 2, -1)
    ordered = np.sort(blocks, axis=3)
    motion = 0.5 * (ordered[..., _PER * _PER // 2 - 1] + ordered[..., _PER * _PER // 2])
    scatter = np.abs(blocks - motion[..., None]).mean((2, 3))
    whole = 1 / (1 + (scatter / (0.3 + 0.06 * np.hypot(motion[..., 0], motion[..., 1]))) ** 2)
    return PatchFlow(
        motion.astype(np.float32),
        (texture * fit * whole * (shown > 0.9)).astype(np.float32),
        texture.astype(np.float32),
    )
