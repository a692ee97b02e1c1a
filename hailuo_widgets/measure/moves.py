"""From numbers to words: which camera commands explain one step's motion, or why none can be named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hailuo_widgets.measure.background import basis, fit, misfit, prior
from hailuo_widgets.measure.depth import FINE, REACH, TRUSTED, Depth, depth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FAMILIES: dict[str, str] = {
    name: family
    for family in (
        "Pan left or Truck left",
        "Pan right or Truck right",
        "Tilt up or Pedestal up",
        "Tilt down or Pedestal down",
        "Zoom in or Push in",
        "Zoom out or Pull out",
        "Shake",
        "Tracking shot",
        "Static shot",
    )
    for name in family.split(" or ")
}
"""Each command's family: the commands that look alike unless parallax tells them apart."""

# For each axis and sign of the picture's motion: turned or zoomed, and moved.
_WORDS = {
    (0, 1): ("Pan left", "Truck left"),
    (0, -1): ("Pan right", "Truck right"),
    (1, 1): ("Tilt up", "Pedestal up"),
    (1, -1): ("Tilt down", "Pedestal down"),
    (2, 1): ("Zoom in", "Push in"),
    (2, -1): ("Zoom out", "Pull out"),
}

STILL = 0.0018
"""Widths a second up to which a camera counts as standing."""
MOVES = 0.0035
"""Widths a second from which on it surely moves."""
PRESENT, ABSENT = 0.20, 0.14
"""An axis belongs to a move if it has this share of the strongest one; below the second it does not; between is open."""
SHAKES, STEADY = 0.012, 0.006
"""Tremble in widths a second (root of the mean square) from which a camera shakes, and up to which it does not."""
SEEN = 0.018
"""Widths a second from which parallax would be seen, were there any."""
PARALLAX, FLAT = 0.08, 0.02
"""Share of the trusted patches that must show parallax, and up to which there is none."""


@dataclass(frozen=True, slots=True)
class Move:
    """What the camera did in one step.

    Attributes:
        commands: English names, None where it can't be told.
        families: Families instead of commands, None where not even those can be told.
        reason: Why something can't be told, `""` where it can.
        right, down, growth: How the picture's contents moved, in % of its width a second; growth at 0.35 widths from
            the middle.
        roll: Degrees a second, clockwise.
        tremble: % of the width a second, root of the mean square.
        parallax: Share of the trusted patches that show it, 0 to 1.
    """

    commands: tuple[str, ...] | None
    families: tuple[str, ...] | None
    reason: str
    right: float
    down: float
    growth: float
    roll: float
    tremble: float
    parallax: float


def move(
    motion: Floats,
    trust: Floats,
    places: Floats,
    shape: tuple[int, int],
    trembles: float,
    rate: float,
    *,
    still: bool,
    turned: tuple[bool, bool] = (False, False),
) -> Move:
    """Name the move of one step.

    Args:
        motion: (K, P, 2), widths a second.
        trust: (K, P).
        places: (P, 2).
        shape: Rows and columns of patches.
        trembles: The step's median tremble, widths a second.
        rate: Pairs a second.
        still: The background only trembles.
        turned: Whether the camera had turned to the side, and up or down, before: what it goes towards may lie off the
            middle then.
    """
    grouped, sure = _grouped(motion, trust, rate, trembles)
    model = fit(grouped, sure * prior(places), places)
    seen = depth(grouped, sure, model.rates, places, shape, FINE + (0.25 * trembles if trembles > STEADY else 0.0))
    main = np.average(model.rates, axis=0, weights=model.support + 1e-6)
    size = main[:3] * [1, 1, REACH]
    words, reason = _words(size, seen, model.support, grouped, sure, places, model.rates, trembles, still, turned)
    commands, families = words
    return Move(
        commands, families, reason,
        float(size[0] * 100), float(size[1] * 100), float(size[2] * 100), float(np.degrees(main[3])),
        trembles * 100, seen.world,
    )  # fmt: skip


def _grouped(motion: Floats, trust: Floats, rate: float, trembles: float) -> tuple[Floats, Floats]:
    """Means over about half a second: less noise, and nothing has left its patch by then."""
    length = max(1, round((0.5 if trembles < SHAKES else 0.8) * rate))
    bounds = np.linspace(0, len(motion), max(1, len(motion) // length) + 1).astype(int)
    pieces = [slice(a, b) for a, b in zip(bounds[:-1], bounds[1:], strict=True) if b > a]
    total = np.stack([trust[each].sum(0) for each in pieces])
    grouped = np.stack([(motion[each] * trust[each][..., None]).sum(0) for each in pieces]) / (total[..., None] + 1e-9)
    return grouped, np.stack([trust[each].mean(0) for each in pieces])


Words = tuple[tuple[str, ...] | None, tuple[str, ...] | None]


def _words(
    size: Floats, seen: Depth, support: Floats, motion: Floats, trust: Floats, places: Floats, rates: Floats,
    trembles: float, still: bool, turned: tuple[bool, bool],
) -> tuple[Words, str]:  # fmt: skip
    nothing: Words = (None, None)
    if seen.coverage < 0.07:
        return nothing, "too little texture"
    agrees = float(support.mean())
    speed = float(np.abs(size).max())
    if max(STEADY, 0.10 * speed) < trembles < max(SHAKES, 0.16 * speed):
        return nothing, "a tremble too small to call it a shake"
    shakes = trembles >= max(SHAKES, 0.16 * speed)
    standing = speed < MOVES
    parallax = seen.coverage > 0.2 and seen.world >= (0.3 if standing else PARALLAX) and seen.explained > (0.85 if standing else 0.8) and seen.steady > 0.7
    if parallax and not standing:
        # Travel shows in the background, too: what falls or walks across a pan is not the camera's.
        strange = (np.abs(seen.travel) > 0.2) & (np.abs(size) < 0.06 * speed)
        parallax = not strange.any()
    if agrees < (0.2 if parallax else 0.4):
        return nothing, "the picture moves in too many ways at once"
    # Planes with parallax move with the camera, too, and mostly farther.
    moved = size.copy()
    share = np.abs(size) / max(speed, 1e-9)
    if parallax:
        beside = seen.rates * [1, 1, REACH]
        axis = int(np.abs(beside).argmax())
        if not shakes and seen.opposed[axis] > 0.3 and abs(size[axis]) > MOVES:
            return nothing, "near and far move against each other"
        moved = np.where((np.abs(beside) > np.abs(moved)) & (np.abs(seen.travel) > 0.15), beside, moved)
        share = np.maximum(share if not standing else 0.0, np.abs(moved) / max(1e-9, float(np.abs(moved).max())))
    if not parallax and seen.world > 0.2:
        return nothing, "something moves, and it can't be told whether that is the camera"
    # A tremble leaves its mark on a mean of shifts, and hardly any on the growth.
    blur = np.array([0.5, 0.5, 0.15]) * (trembles if shakes else 0.0)
    strength = np.abs(moved)
    strongest = float(strength.max())
    if (strength < np.maximum(STILL, 0.7 * blur)).all():
        if seen.world > 0.04 and not shakes:
            return nothing, "something moves, and it can't be told whether that is the camera"
        if seen.island > 0.45:
            return nothing, "the subject fills the frame"
        one = ("Shake",) if shakes else ("Static shot",)
        return (one, one), ""
    if (strength < np.maximum(MOVES, 1.4 * blur)).all():
        return nothing, "too small a move to be sure of"
    share[strength < np.maximum(0.5 * MOVES, 0.7 * blur)] = 0.0
    plain = seen.different < 0.05  # nothing but the background, so its motion is known well
    on, off = np.full(3, 0.6 * PRESENT if plain else PRESENT), np.full(3, 0.5 * ABSENT if plain else ABSENT)
    if share[2] > PRESENT:
        for axis in (0, 1):
            if turned[axis] and share[axis] < 1:  # the point that a dolly goes towards lies off the middle
                on[axis], off[axis] = 1.0, 0.75
    present, open_ = share > on, (share <= on) & (share > off)
    if open_.any():
        return nothing, "a second move, too small to be sure of"
    if shakes and not still and agrees < 0.55:
        return nothing, "the picture moves in too many ways at once"
    if present.sum() > 1 and agrees < 0.65 and share[present].min() < 0.5:
        return nothing, "the picture moves in too many ways at once"
    if not shakes and seen.held > 0.01 and present[0] and not present[2]:
        if not present[1] and not standing:
            return ((("Tracking shot",), ("Tracking shot",))), ""
        return nothing, "something keeps its place in the frame"
    if not still and seen.island > 0.45:
        return nothing, "the subject fills the frame"
    names: list[str] = []
    kin: list[str] = []
    unsure = ""
    for axis in range(3):
        if not present[axis]:
            continue
        words = _WORDS[axis, 1 if moved[axis] > 0 else -1]
        kin.append(FAMILIES[words[0]])
        turns = axis < 2 and seen.world < 0.05 and strength[axis] > 0.01 and _turns(motion, trust, rates, places, axis)
        flat = (
            seen.beside[axis] <= FLAT
            and seen.different < 0.15
            and strength[axis] > SEEN
            and _all_over(trust, places)
        )
        travels, stays = _travels(seen, size, axis) if parallax else (False, flat)
        if travels and not turns:
            names.append(words[1])
        elif turns or stays:
            names.append(words[0])
        else:
            unsure = f"{words[0].lower()} or {words[1].lower()}: the parallax does not tell"
    tail = ("Shake",) if shakes else ()
    return ((None if unsure else (*names, *tail)), (*kin, *tail)), unsure


def _travels(seen: Depth, size: Floats, axis: int) -> tuple[bool, bool]:
    """Whether the parallax says that the camera travels along an axis, and whether it says that it does not.

    Where it travels along two axes, the parallax has them in the proportion in which the background has them.
    """
    travel = np.abs(seen.travel)
    first = int(travel.argmax())
    if axis == first:
        return True, False
    whole = abs(size[axis]) / max(1e-9, abs(size[first]))
    part = travel[axis] / travel[first] / max(1e-9, whole)
    return part > 0.6 and travel[axis] > 0.1, part < 0.22 and whole > (0.6 if axis == 2 else 0.25)


def _all_over(trust: Floats, places: Floats) -> bool:
    """Whether the middle, the bottom and the sides all can be trusted: where nothing is seen, no parallax is seen."""
    good = trust.mean(0) > TRUSTED
    x, y = places[:, 0], places[:, 1] / max(1e-6, float(np.abs(places[:, 1]).max()))
    regions = (np.abs(x) < 0.2, y > 0.4, x < -0.25, x > 0.25, y < -0.3)
    return all(good[region].mean() > 0.25 for region in regions)


def _turns(motion: Floats, trust: Floats, rates: Floats, places: Floats, axis: int) -> bool:
    """Whether a shift has the keystone of a turning camera: it bends lines across it, which no travel to the side does.

    A camera of focal length f that turns moves a point by (1 + x²/f², xy/f²): the second part is looked for, on all
    depths at once.
    """
    cross = 1 - axis
    rest, _ = misfit(basis(places), motion, rates)
    bend = places[:, 0] * places[:, 1]
    good = np.where(trust > TRUSTED, trust, 0.0)
    # The model's own shift, growth and roll are fitted again beside it, on the component across only.
    columns = np.stack([bend, np.ones_like(bend), places[:, cross], places[:, axis]], 1)
    found, sizes = [], []
    for group in range(len(motion)):
        if abs(rates[group, axis]) < MOVES:
            continue
        weights = good[group].copy()
        value = rest[group, :, cross]
        solution = np.zeros(4)
        for _ in range(5):
            normal = (columns * weights[:, None]).T @ columns + np.eye(4) * 1e-5
            solution = np.linalg.solve(normal, (columns * weights[:, None]).T @ value)
            off = value - columns @ solution
            weights = good[group] / (1 + (off / 0.004) ** 2) ** 2
        found.append(solution[0] / rates[group, axis])
        sizes.append(abs(rates[group, axis]))
    if len(found) < 2:
        return False
    kappa = float(np.average(found, weights=sizes))
    error = float(np.std(found)) / len(found) ** 0.5
    return 0.22 < kappa < 3.0 and kappa > 3.5 * error
