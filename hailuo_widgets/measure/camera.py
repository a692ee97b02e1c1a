"""What the camera did in one shot: its steps, and a move for each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hailuo_widgets.measure.background import Fit, basis, fit, misfit, prior
from hailuo_widgets.measure.depth import REACH, TRUSTED
from hailuo_widgets.measure.moves import Move, move
from hailuo_widgets.measure.steps import Part, parts, shaken, tremble

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hailuo_widgets.measure.field import Field

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Step:
    """A move and the pairs in which it was made."""

    start: int
    stop: int
    move: Move


def bridged(motion: Floats, trust: Floats, odd: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Motion and trust with odd pairs, such as those at a flash, filled in from their neighbours."""
    if not odd.any() or odd.all():
        return motion, trust
    good = np.flatnonzero(~odd)
    motion, trust = motion.copy(), trust.copy()
    for pair in np.flatnonzero(odd):
        where = int(np.searchsorted(good, pair))
        before, after = good[max(0, where - 1)], good[min(len(good) - 1, where)]
        share = 0.5 if before == after else (pair - before) / (after - before)
        motion[pair] = (1 - share) * motion[before] + share * motion[after]
        trust[pair] = np.minimum(trust[before], trust[after])
    return motion, trust


@dataclass(frozen=True, slots=True)
class Shot:
    """What the motion of one shot comes to.

    Attributes:
        steps: In order.
        own: (K,) how fast things move by themselves, widths a second, for each pair.
        tremble: (K,) widths a second.
    """

    steps: list[Step]
    own: Floats
    tremble: Floats


def shot_of(field: Field) -> Shot:
    """The camera's steps in one shot, and what moves besides."""
    motion, trust, places, rate = field.motion, field.trust, field.places, field.rate
    if len(motion) < 2:
        return Shot([], np.zeros(len(motion)), np.zeros(len(motion)))
    model = fit(motion, trust * prior(places), places)
    rest, _ = misfit(basis(places), motion, model.rates)
    weight = np.where(trust > TRUSTED, trust, 0.0)
    own = (weight * np.hypot(rest[..., 0], rest[..., 1])).sum(1) / (weight.sum(1) + 1e-9)
    way = _way(model, trust)
    shakes = shaken(motion, trust, places, rate)
    shaking = tremble(shakes, rate)
    if float(np.median(shaking)) > 0.004:
        field = replace(field, motion=motion - shakes[:, None])
    found: list[Step] = []
    turned = (False, False)
    for part in parts(way, shaking, rate):
        each = _named(part, field, shaking, turned)
        if found and found[-1].move.commands and found[-1].move.commands == each.move.commands:
            found[-1] = replace(each, start=found[-1].start)
        else:
            found.append(each)
        kin = each.move.families or ()
        turned = (
            turned[0] or any(name.startswith("Pan") for name in kin),
            turned[1] or any(name.startswith("Tilt") for name in kin),
        )
    return Shot(_doubtful(found), own, shaking)


def _named(part: Part, field: Field, shaking: Floats, turned: tuple[bool, bool]) -> Step:
    """The move of one stretch, checked against its two halves."""

    def look(span: slice, *, still: bool) -> Move:
        return move(field.part(span), float(np.median(shaking[span])), still=still, turned=turned)

    inner = _inner(part, len(field.motion))
    whole = look(inner, still=part.still)
    if not whole.families or part.still or inner.stop - inner.start < 2 * round(0.9 * field.rate):
        return Step(part.start, part.stop, whole)
    middle = (inner.start + inner.stop) // 2
    halves = [look(half, still=False) for half in (slice(inner.start, middle), slice(middle, inner.stop))]
    if any(half.families not in {None, whole.families} for half in halves):
        whole = replace(whole, commands=None, families=None, reason="it changes on the way")
    elif whole.commands and any(half.commands not in {None, whole.commands} for half in halves):
        whole = replace(whole, commands=None, reason="its two halves look different")
    return Step(part.start, part.stop, whole)


def _doubtful(found: list[Step]) -> list[Step]:
    """Where one step can't be made out, a short one beside it is no more certain."""
    if all(each.move.families for each in found):
        return found
    whole = found[-1].stop - found[0].start
    return [
        replace(
            each, move=replace(each.move, commands=None, families=None, reason="too short beside what can't be told")
        )
        if each.move.families and each.stop - each.start < 0.35 * whole and each.move.parallax > 0.1
        else each
        for each in found
    ]


def _inner(part: Part, count: int) -> slice:
    """The pairs that surely belong to a part: the one at a change lies half in the other."""
    trim = 1 if part.stop - part.start > 5 else 0
    return slice(part.start + trim * (part.start > 0), part.stop - trim * (part.stop < count))


def _way(model: Fit, trust: Floats) -> Floats:
    """(K, 3) the camera's way: the background's motion, bridged where nothing could be followed."""
    scale = np.array([1, 1, REACH])
    rates, support = model.rates, model.support
    dark = (trust.mean(1) < 0.02) | (support < 0.15)
    way = rates[:, :3] * scale
    if dark.any() and not dark.all():
        at = np.arange(len(way))
        way = np.stack([np.interp(at, at[~dark], way[~dark, axis]) for axis in range(3)], 1)
    return np.asarray(way)
