"""From numbers to words: which camera commands explain one step's motion, or why none can be named."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hailuo_widgets.measure.background import basis, fit, misfit, prior
from hailuo_widgets.measure.depth import FINE, REACH, TRUSTED, Depth, depth
from hailuo_widgets.measure.field import Field

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
TRAVELS = frozenset(travel for _, travel in _WORDS.values())
"""Commands with which the camera goes somewhere, instead of turning or zooming."""

MAYBE = "something moves, but it can't be told whether that is the camera"

HELD, FOLLOWED, FILLS = 0.005, 0.04, 0.45
"""Shares of the frame: what keeps its place up to the first is chance, from the second on it is a subject that is
followed, and from the third on a subject fills the frame."""
AROUND = 0.75
"""Share of what is visible around it that must move as one, for the camera's move to be read from there."""

OPPOSED = 0.12
"""Share of the parallax that may go against the background, as it does where something walks there or is followed."""

SPARSE = 0.3
"""Share of the patches that must be trusted to call a shot static: a dark sea looks the same from everywhere."""
STILL = 0.0018
"""Widths a second up to which a camera counts as standing."""
MOVES = 0.0035
"""Widths a second from which on it surely moves."""
PRESENT, ABSENT = 0.20, 0.10
"""An axis belongs to a move if it has this share of the strongest one, and not below the second; between is open."""
FIRM = 3.0
"""Standard errors from which on a small second move is not noise."""
GOES_ON, AGREES = 5.0, 0.45
"""Standard errors of the background's motion, and the share of the picture that follows it, from which on it is known
although much of the picture moves in a way that no camera explains."""
SHAKES, STEADY = 0.012, 0.006
"""Tremble in widths a second (root of the mean square) from which a camera shakes, and up to which it does not."""
SEEN = 0.018
"""Widths a second from which parallax would be seen, were there any."""
PARALLAX, FLAT = 0.12, 0.02
"""Share of the trusted patches that must show parallax, and the share up to which there is no parallax."""
PARALLAX_OF_GROWTH = 0.06
"""The same for travel in or out, which the middle of the picture can't show."""
LAGS = 0.45
"""How fast the patches with parallax must be beside the background. Where flow loses track, it answers too little
motion, and that looks like a plane far behind; a real one that is so much slower than the background is rare."""


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
        tentative: So much of the picture moves otherwise that the names hold only if both halves of the step say so.
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
    tentative: bool = False


def move(field: Field, trembles: float, *, still: bool, turned: tuple[bool, bool] = (False, False)) -> Move:
    """Name the move of one step.

    Args:
        field: The motion, its tremble taken away.
        trembles: The step's median tremble, widths a second.
        still: The background only trembles.
        turned: Whether the camera had turned to the side, and up or down, before: what it goes towards may lie off the
            middle then.
    """
    grouped = _grouped(field, trembles)
    model = fit(grouped.motion, grouped.trust * prior(field.places), field.places)
    speed = float(np.abs(model.rates[:, :2]).mean(0).max())
    keystones = tuple(
        _keystone(grouped, model.rates, axis) if abs(model.rates[:, axis].mean()) > max(0.01, 0.3 * speed) else 0.0
        for axis in (0, 1)
    )
    if any(keystones):
        grouped = _straightened(grouped, model.rates, (keystones[0], keystones[1]))
        model = fit(grouped.motion, grouped.trust * prior(field.places), field.places)
    seen = depth(grouped, model.rates, FINE + (0.25 * trembles if trembles > STEADY else 0.0))
    main = np.average(model.rates, axis=0, weights=model.support + 1e-6)
    found = _evidence(main[:3] * [1, 1, REACH], seen, float(model.support.mean()), trembles, _firm(model.rates))
    turns = (keystones[0] > 0, keystones[1] > 0)
    commands, families, reason = _words(found, grouped, turns, still=still, turned=turned)
    return Move(
        commands,
        families,
        reason,
        float(main[0] * 100),
        float(main[1] * 100),
        float(main[2] * REACH * 100),
        float(np.degrees(main[3])),
        trembles * 100,
        seen.world,
        families is not None and _tentative(found, len(families) > 1),
    )


def _tentative(found: _Evidence, combined: bool) -> bool:
    """Whether a second look is needed, at each half by itself."""
    unclear = combined and found.agrees < 0.65 and float(found.share[found.share > ABSENT].min()) < 0.5
    return (unclear and not found.shakes) or found.seen.island > FILLS


def _grouped(field: Field, trembles: float) -> Field:
    """Means over about half a second: less noise, and nothing has left its patch by then."""
    count = len(field.motion)
    length = max(1, round((0.5 if trembles < SHAKES else 0.8) * field.rate))
    bounds = np.linspace(0, count, max(min(2, count), count // length) + 1).astype(int)
    pieces = [slice(a, b) for a, b in pairwise(bounds) if b > a]
    weighted = np.stack([(field.motion[each] * field.trust[each][..., None]).sum(0) for each in pieces])
    total = np.stack([field.trust[each].sum(0) for each in pieces])
    trust = np.stack([field.trust[each].mean(0) for each in pieces])
    return Field(weighted / (total[..., None] + 1e-9), trust, field.places, field.shape, field.rate)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What speaks for and against each axis: to the side, up or down, in or out.

    Attributes:
        size: (3,) the background's motion, widths a second.
        seen: What is known of depth.
        agrees: Share of the picture that moves as the background does.
        trembles: Widths a second.
        shakes: The tremble is a shake.
        standing: The background stands.
        parallax: The camera travels.
        moved: (3,) the background's motion, or the nearer planes' where that is larger.
        share: (3,) each beside the strongest, 0 to 1.
        least: (3,) what counts as standing still.
        firm: (3,) the background's mean motion in standard errors.
    """

    size: Floats
    seen: Depth
    agrees: float
    trembles: float
    shakes: bool
    standing: bool
    parallax: bool
    moved: Floats
    share: Floats
    least: Floats
    firm: Floats

    def goes_on(self, motion: Floats) -> bool:
        """Whether the motion on its strongest axis goes on through the step, in enough of the picture."""
        return bool(self.firm[int(np.abs(motion).argmax())] >= GOES_ON) and self.agrees >= AGREES


def _firm(rates: Floats) -> Floats:
    """(3,) how many standard errors the mean motion on each axis is from none: a move goes on, noise comes and goes."""
    way = rates[:, :3]
    return np.asarray(np.abs(way.mean(0)) / (way.std(0) / len(way) ** 0.5 + 1e-9))


def _evidence(size: Floats, seen: Depth, agrees: float, trembles: float, firm: Floats) -> _Evidence:
    speed = float(np.abs(size).max())
    shakes = trembles >= max(SHAKES, 0.16 * speed)
    standing = speed < MOVES
    growing = abs(seen.travel[2]) > 0.6 and abs(size[2]) > 0.8 * speed
    parallax = (
        seen.coverage > 0.2
        and seen.world >= (0.3 if standing else PARALLAX_OF_GROWTH if growing else PARALLAX)
        and seen.explained > (0.85 if standing else 0.7 if seen.world > 0.3 and seen.steady > 0.95 else 0.8)
        and seen.steady > 0.7
    )
    if parallax and not standing:
        # Travel shows in the background, too: what falls or walks across a pan is not the camera's.
        parallax = not ((np.abs(seen.travel) > 0.2) & (np.abs(size) < 0.06 * speed)).any()
    moved = size.copy()
    share = np.abs(size) / max(speed, 1e-9)
    if parallax:
        # Planes with parallax move with the camera, too, and mostly farther.
        beside = seen.rates * [1, 1, REACH]
        moved = np.where((np.abs(beside) > np.abs(moved)) & (np.abs(seen.travel) > 0.15), beside, moved)
        share = np.maximum(0.0 if standing else share, np.abs(moved) / max(1e-9, float(np.abs(moved).max())))
    # A tremble leaves its mark on a mean of shifts, and hardly any on the growth.
    blur = np.array([0.5, 0.5, 0.15]) * (trembles if shakes else 0.0)
    least = np.maximum(STILL, 0.7 * blur)
    share[np.abs(moved) < np.maximum(0.5 * MOVES, 0.7 * blur)] = 0.0
    return _Evidence(size, seen, agrees, trembles, shakes, standing, parallax, moved, share, least, firm)


Words = tuple[tuple[str, ...] | None, tuple[str, ...] | None, str]


def _words(
    found: _Evidence, field: Field, keystones: tuple[bool, bool], *, still: bool, turned: tuple[bool, bool]
) -> Words:
    """The commands, the families, and why one of them is missing."""
    if reason := _incoherent(found):
        return None, None, reason
    strength = np.abs(found.moved)
    if (strength < found.least).all():
        return _still(found)
    # A slow move that goes on through the step is one.
    slow = found.goes_on(strength) and not found.shakes
    if (strength < np.maximum(MOVES, 2 * found.least * found.shakes)).all() and not slow:
        return None, None, "too small a move to be sure of"
    present, reason = _present(found, turned)
    if reason:
        return None, None, reason
    if not found.shakes and found.seen.held > HELD and present[0] and not present[2]:
        if not present[1] and not found.standing and found.seen.held > FOLLOWED:
            return ("Tracking shot",), ("Tracking shot",), ""
        return None, None, "something keeps its place in the frame"
    if not still and found.seen.island > FILLS and found.seen.around < AROUND:
        return None, None, "the subject fills the frame"
    return _named(found, field, keystones, present)


def _incoherent(found: _Evidence) -> str:
    """Why nothing can be said at all, `""` where something can."""
    seen, speed = found.seen, float(np.abs(found.size).max())
    if seen.coverage < 0.07:
        return "too little texture"
    if not found.shakes and found.trembles > max(STEADY, 0.10 * speed):
        return "a tremble too small to count as a shake"
    if found.agrees < (0.2 if found.parallax else 0.4):
        return "the picture moves in too many ways at once"
    if found.parallax and not found.shakes:
        axis = int(np.abs(seen.rates * [1, 1, REACH]).argmax())
        if seen.opposed[axis] > OPPOSED and abs(found.size[axis]) > MOVES:
            return "near and far move against each other"
    # Where the background goes on and on, it is the camera that moves, whatever else does.
    if not found.parallax and seen.world > 0.2 and (speed < 2 * MOVES or not found.goes_on(found.size)):
        return MAYBE
    return ""


def _still(found: _Evidence) -> Words:
    if found.shakes:
        return ("Shake",), ("Shake",), ""
    if found.seen.world > 0.04:
        return None, None, MAYBE
    if found.seen.island > FILLS and found.seen.around < AROUND:
        return None, None, "the subject fills the frame"
    if found.seen.coverage < SPARSE:
        return None, None, "too little texture"
    return ("Static shot",), ("Static shot",), ""


def _present(found: _Evidence, turned: tuple[bool, bool]) -> tuple[NDArray[np.bool_], str]:
    """Which axes belong to the move, and why that can't be said."""
    share = found.share
    plain = found.seen.different < 0.05  # nothing but the background, so its motion is known well
    on = np.full(3, 0.6 * PRESENT if plain else PRESENT)
    # Planes at several depths hide a small move beside a large one.
    off = np.full(3, ABSENT * (0.5 if plain else 0.7 if found.parallax else 1.0))
    if share[2] > PRESENT:
        for axis in (0, 1):
            if turned[axis] and share[axis] < 1:  # the point that a dolly goes towards lies off the middle
                on[axis], off[axis] = 1.0, 0.75
    present = share > on
    # What falls short of a move and does not go on through the step, either, is noise.
    if ((share <= on) & (share > off) & (found.firm > FIRM)).any():
        return present, "a second move, too small to be sure of"
    if found.shakes and found.agrees < (0.65 if present.sum() > 1 and share[present].min() < 0.5 else 0.55):
        return present, "the picture moves in too many ways at once"
    return present, ""


def _named(found: _Evidence, field: Field, keystones: tuple[bool, bool], present: NDArray[np.bool_]) -> Words:
    names: list[str] = []
    kin: list[str] = []
    unsure = ""
    for axis in np.flatnonzero(present).tolist():
        turn, travel = _WORDS[axis, 1 if found.moved[axis] > 0 else -1]
        kin.append(FAMILIES[turn])
        strong = abs(found.moved[axis])
        bent = axis < 2 and keystones[axis]
        turns = bent and found.seen.world < 0.08
        flat = (
            found.seen.beside[axis] <= FLAT
            and found.seen.different < 0.15
            and strong > SEEN
            and _all_over(field.trust, field.places)
        )
        travels, stays = _travels(found.seen, found.size, axis) if found.parallax else (False, flat)
        # Keystone and parallax at once contradict each other, unless something moves by itself.
        if travels and not bent and not _lags(found):
            names.append(travel)
        elif turns or stays:
            names.append(turn)
        else:
            unsure = f"{turn.lower()} or {travel.lower()}: the parallax doesn't show which"
    tail = ("Shake",) if found.shakes else ()
    return (None if unsure else (*names, *tail)), (*kin, *tail), unsure


def _lags(found: _Evidence) -> bool:
    """Whether the patches with parallax move so much less than the background that flow may have lost them."""
    axis = int(np.abs(found.seen.travel).argmax())
    return float(abs((found.seen.rates * [1, 1, REACH])[axis])) < LAGS * float(abs(found.size[axis]))


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
    """Whether the middle, the bottom and the sides all can be trusted: where nothing is seen, no parallax is seen.

    The top is mostly a sky without any texture, and what is near seldom is up there alone.
    """
    good = trust.mean(0) > TRUSTED
    x, y = places[:, 0], places[:, 1] / max(1e-6, float(np.abs(places[:, 1]).max()))
    regions = (np.abs(x) < 0.2, y > 0.4, x < -0.25, x > 0.25)
    return all(good[region].mean() > 0.25 for region in regions)


def _keystone(field: Field, rates: Floats, axis: int) -> float:
    """1/f² of a turning camera, f its focal length in widths, read from the keystone; 0 where there is none.

    A camera that turns moves a point by (1 + x²/f², xy/f²). The second part goes across the move, which no travel to
    the side does at any depth, so it is looked for on all of them at once.
    """
    cross = 1 - axis
    places = field.places
    rest, _ = misfit(basis(places), field.motion, rates)
    bend = places[:, 0] * places[:, 1]
    good = np.where(field.trust > TRUSTED, field.trust, 0.0)
    # The model's own shift, growth and roll are fitted again beside it, on the component across only.
    columns = np.stack([bend, np.ones_like(bend), places[:, cross], places[:, axis]], 1)
    moving = np.flatnonzero(np.abs(rates[:, axis]) >= MOVES)
    if len(moving) < 2:
        return 0.0
    found = []
    for group in moving:
        weights = good[group]
        for _ in range(5):
            normal = (columns * weights[:, None]).T @ columns + np.eye(4) * 1e-5
            solution = np.linalg.solve(normal, (columns * weights[:, None]).T @ rest[group, :, cross])
            off = rest[group, :, cross] - columns @ solution
            weights = good[group] / (1 + (off / 0.004) ** 2) ** 2
        found.append(solution[0] / rates[group, axis])
    kappa = float(np.average(found, weights=np.abs(rates[moving, axis])))
    error = float(np.std(found)) / len(found) ** 0.5
    return kappa if 0.22 < kappa < 3.0 and kappa > 3.5 * error else 0.0


def _straightened(field: Field, rates: Floats, keystones: tuple[float, float]) -> Field:
    """The motion without what turning bends: what is left of a pan is one shift for all depths."""
    x, y = field.places[:, 0], field.places[:, 1]
    bent = (np.stack([x * x, x * y], 1), np.stack([x * y, y * y], 1))
    motion = field.motion
    for axis in (0, 1):
        if keystones[axis]:
            motion = motion - keystones[axis] * rates[:, axis, None, None] * bent[axis]
    return replace(field, motion=motion)
