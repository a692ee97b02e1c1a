"""Parallax: what moves otherwise than the background's plane, and whether a moving camera explains it.

After the motion of one plane is taken away, what is left of a still world points along the camera's own travel (plane
and parallax: Irani and Anandan, PAMI 1998). Things that move by themselves don't follow that rule. They mostly lie in
one piece in the middle of the picture, so only what reaches its sides, or comes in several pieces, is believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from hailuo_widgets.measure.background import SMALLEST, basis, misfit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hailuo_widgets.measure.field import Field

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

DIFFERENT = 1.6
"""From how many tolerances on a patch moves otherwise than the background."""

FINE = 0.003
"""Widths a second: what a mean over half a second is wrong by."""

TRUSTED = 0.12
REACH = 0.35
"""Growth at this distance from the middle, in widths, is what a growth counts for beside a shift."""


@dataclass(frozen=True, slots=True)
class Depth:
    """What the motion says about depth, for one step.

    Attributes:
        coverage: Share of the picture's patches that can be trusted.
        different: Share of them that move otherwise than the background.
        world: Share of them that do so and are not one thing in the middle.
        travel: (3,): how much of the parallax is to the side, up or down, and in or out; sums to 1, zeros without any.
        explained: How much of what is left over points along that travel, 0 to 1.
        rates: (3,): the motion of the patches with parallax, as background plus parallax: right, down, growth.
        opposed: (3,): the share of them that go against the background on each axis.
        steady: How far they keep their direction through the step: 1 always, 0 when they go to and fro.
        beside: (3,): share of the trusted patches that move otherwise along each axis's own parallax.
        island: Share of trusted patches in the largest piece in the middle that moves differently.
        around: Share of the trusted patches outside such pieces that move as the background does.
        held: Share of all patches in a piece in the middle that keeps its place while the background moves.
    """

    coverage: float
    different: float
    world: float
    travel: Floats
    explained: float
    rates: Floats
    opposed: Floats
    steady: float
    beside: Floats
    island: float
    around: float
    held: float


def depth(field: Field, rates: Floats, least: float = FINE) -> Depth:
    """Look for parallax.

    Args:
        field: G pairs, each a mean over a short while.
        rates: (G, 4), the background's.
        least: Widths a second that the motion may be wrong by.
    """
    motion, trust, places, shape = field.motion, field.trust, field.places, field.shape
    design = basis(places)
    rest, far = misfit(design, motion, rates, least)
    good = (trust > TRUSTED) & ~written(motion, rates, shape)[None]
    weight = np.where(good, trust, 0.0)
    total = float(weight.sum()) + 1e-9
    other = good & (far > DIFFERENT)
    seen = good.sum(0)
    often = np.where(seen > 0.3 * len(motion), other.sum(0) / np.maximum(1, seen), 0.0) > 0.5
    islands = _island(often.reshape(shape))
    flat = islands.reshape(-1)[None]
    outside = other & ~flat
    travel, explained, moved, opposed, steady = np.zeros(3), 0.0, np.zeros(3), np.zeros(3), 1.0
    share = float((weight * outside).sum()) / total
    if outside.any():
        travel, explained = _travel(rest[outside], np.broadcast_to(places, rest.shape)[outside], weight[outside])
        moved, opposed, steady = _along(rest, rates, places, weight * outside, travel)
    return Depth(
        coverage=float(good.mean()),
        different=float((weight * other).sum()) / total,
        world=share,
        travel=travel,
        explained=explained,
        rates=moved,
        opposed=opposed,
        steady=steady,
        beside=_beside(rest, places, weight * other) / total,
        island=float((weight * (other & flat)).sum()) / total,
        around=float((weight * (far <= DIFFERENT) * ~flat).sum() / ((weight * ~flat).sum() + 1e-9)),
        held=_held(motion, good, np.maximum(speed_of(rates), np.hypot(moved[0], moved[1])), shape),
    )


def _island(marked: Flags) -> Flags:
    """The marked patches that are one thing in the middle: pieces that reach neither side, unless they lie apart."""
    number, labels, stats, middles = cv2.connectedComponentsWithStats(marked.astype(np.uint8), connectivity=8)
    inner: list[int] = []
    for label in range(1, number):
        left, wide = stats[label, cv2.CC_STAT_LEFT], stats[label, cv2.CC_STAT_WIDTH]
        if left > 0 and left + wide < marked.shape[1]:
            inner.append(label)
    solid = [middles[label][0] for label in inner if stats[label, cv2.CC_STAT_AREA] >= 5]
    if len(solid) > 1 and max(solid) - min(solid) > 0.4 * marked.shape[1]:
        return np.zeros_like(marked)
    return np.isin(labels, inner)


AXES = ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2))


def _travel(rest: Floats, places: Floats, weight: Floats) -> tuple[Floats, float]:
    """The simplest direction of travel that the leftover motions point along, as three shares, and how well."""
    x, y = places[:, 0], places[:, 1]
    size = np.hypot(rest[:, 0], rest[:, 1])
    # The leftover is parallel to (-Tx + x Tz, -Ty + y Tz): their cross product is zero, and linear in T.
    lines = np.stack([rest[:, 1], -rest[:, 0], (rest[:, 0] * y - rest[:, 1] * x) / REACH], 1)
    square = (lines * (weight / (size + SMALLEST))[:, None]).T @ lines
    found: list[tuple[Floats, float]] = []
    for axes in AXES:
        best = np.zeros(3)
        best[list(axes)] = np.linalg.eigh(square[np.ix_(axes, axes)])[1][:, 0]
        ray = np.stack([-best[0] + x * best[2] / REACH, -best[1] + y * best[2] / REACH], 1)
        long = np.hypot(ray[:, 0], ray[:, 1]) + 1e-9
        cosine = np.abs((rest * ray).sum(1)) / (long * size + 1e-12)
        # Within 25°; near the point of escape there is no direction to speak of.
        fits = (cosine > 0.906) | (long < 0.12)
        found.append((best / np.abs(best).sum(), float((weight * fits).sum() / (weight.sum() + 1e-12))))
    top = max(share for _, share in found)
    return next((travel, share) for travel, share in found if share > min(0.9 * top, top - 0.04))


def _along(rest: Floats, rates: Floats, places: Floats, weight: Floats, travel: Floats) -> tuple[Floats, Floats, float]:
    """How the patches with parallax move on each axis, which part of them against the background, and how steadily."""
    tx, ty, tz = travel[0], travel[1], travel[2] / REACH
    ray = np.stack([-tx + places[:, 0] * tz, -ty + places[:, 1] * tz], 1)
    size = (ray**2).sum(1)
    much = (rest * ray).sum(2) / np.maximum(size, 0.02 * size.max() + 1e-12)
    total = weight.sum() + 1e-12
    each = np.stack([rates[:, :1] - much * tx, rates[:, 1:2] - much * ty, rates[:, 2:3] + much * tz], -1)
    mean = np.array([(weight * each[..., axis]).sum() / total for axis in range(3)])
    way = np.sign(rates[:, :3].sum(0))
    least = np.array([SMALLEST, SMALLEST, SMALLEST / REACH])
    against = np.array([(weight * (each[..., axis] * way[axis] < -least[axis])).sum() / total for axis in range(3)])
    main = int(np.abs(travel).argmax())
    moment = (weight * each[..., main]).sum(1)
    return mean, against, float(abs(moment.sum()) / (np.abs(moment).sum() + 1e-12))


def _beside(rest: Floats, places: Floats, weight: Floats) -> Floats:
    """The weight of what differs along each axis's own parallax: to the side, up and down, from the middle."""
    across, along = np.abs(rest[..., 0]), np.abs(rest[..., 1])
    far = np.hypot(places[:, 0], places[:, 1]) + 1e-9
    radial = np.abs((rest * places / far[:, None]).sum(2))
    size = np.hypot(across, along) + 1e-12
    return np.array([float((weight * (part > 0.7 * size)).sum()) for part in (across, along, radial)])


def speed_of(rates: Floats) -> Floats:
    """(G,): how fast the background shifts, widths a second."""
    return np.asarray(np.hypot(rates[:, 0], rates[:, 1]))


def written(motion: Floats, rates: Floats, shape: tuple[int, int]) -> Flags:
    """(P,): what keeps its place near the upper or lower edge while the background moves: a caption, a watermark."""
    moving = speed_of(rates) > 0.008
    if not moving.any():
        return np.zeros(motion.shape[1], bool)
    still = np.hypot(motion[..., 0], motion[..., 1]) < (0.2 * speed_of(rates) + 0.001)[:, None]
    share = still[moving].mean(0).reshape(shape)
    rows = np.arange(shape[0])
    band = (rows < 0.13 * shape[0]) | (rows >= 0.80 * shape[0])
    return np.asarray(((share > 0.4) & band[:, None]).reshape(-1))


def _held(motion: Floats, good: Flags, speed: Floats, shape: tuple[int, int]) -> float:
    """How much of the picture is one piece in the middle that stays where it is while the background moves along."""
    moving = speed > 0.01
    if not moving.any():
        return 0.0
    still = np.hypot(motion[..., 0], motion[..., 1]) < (0.2 * speed + 0.002)[:, None]
    seen = (good & moving[:, None]).sum(0)
    kept = np.where(seen > 0.4 * moving.sum(), (still & good & moving[:, None]).sum(0) / np.maximum(1, seen), 0.0) > 0.6
    number, _, stats, _ = cv2.connectedComponentsWithStats(kept.reshape(shape).astype(np.uint8), connectivity=8)
    best = 0.0
    for label in range(1, number):
        left, wide, top = (stats[label, each] for each in (cv2.CC_STAT_LEFT, cv2.CC_STAT_WIDTH, cv2.CC_STAT_TOP))
        if left > 1 and left + wide < shape[1] - 1 and top > 0:
            best = max(best, stats[label, cv2.CC_STAT_AREA] / (shape[0] * shape[1]))
    return best
