"""What the camera did in one shot: its steps, and a move for each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hailuo_widgets.measure.background import Fit, basis, fit, misfit, prior
from hailuo_widgets.measure.depth import DIFFERENT, REACH, TRUSTED
from hailuo_widgets.measure.moves import STEADY, TRAVELS, Move, move
from hailuo_widgets.measure.steps import Part, breaks, parts, shaken, smoothed, tremble

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hailuo_widgets.measure.field import Field

    Floats = NDArray[np.float64]

ALONE = 0.8
"""Seconds of one move that are needed to tell it from another of its family."""


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
        own: (K,) how fast things move by themselves, widths a second, for each pair; NaN where nothing can be followed.
        tremble: (K,) widths a second; NaN likewise.
    """

    steps: list[Step]
    own: Floats
    tremble: Floats


def shot_of(field: Field) -> Shot:
    """The camera's steps in one shot, and what moves besides."""
    motion, trust, places, rate = field.motion, field.trust, field.places, field.rate
    if len(motion) < 2:
        return Shot([], np.full(len(motion), np.nan), np.full(len(motion), np.nan))
    model = fit(motion, trust * prior(places), places)
    rest, _ = misfit(basis(places), motion, model.rates)
    weight = np.where(trust > TRUSTED, trust, 0.0)
    seen = weight.any(1)
    own = (weight * np.hypot(rest[..., 0], rest[..., 1])).sum(1) / (weight.sum(1) + 1e-9)
    own = np.where(seen, own, np.nan)
    way = _way(model, trust)
    shakes = shaken(motion, trust, places, rate)
    shaking = tremble(shakes, rate)
    if float(np.median(shaking)) > 0.004:
        field = replace(field, motion=motion - shakes[:, None])
    found: list[Step] = []
    turned = (False, False)
    _, far = misfit(basis(places), motion, model.rates)
    unlike = (weight * (far > DIFFERENT)).sum(1) / (weight.sum(1) + 1e-9)
    pieces = [piece for part in parts(way, shaking, rate) for piece in _pieces(part, field, way, unlike, shaking)]
    for part, broken in pieces:
        each = _named(part, field, shaking, turned, broken=broken)
        if found and found[-1].move.commands and found[-1].move.commands == each.move.commands:
            found[-1] = replace(each, start=found[-1].start)
        else:
            found.append(each)
        kin = each.move.families or ()
        turned = (
            turned[0] or any(name.startswith("Pan") for name in kin),
            turned[1] or any(name.startswith("Tilt") for name in kin),
        )
    return Shot(_doubtful(_one_or_two(_beside_a_shake(found, rate))), own, np.where(seen, shaking, np.nan))


def _named(part: Part, field: Field, shaking: Floats, turned: tuple[bool, bool], *, broken: bool) -> Step:
    """The move of one stretch, checked against its two halves; where its pace breaks, they must not contradict it."""

    def look(span: slice, *, still: bool) -> Move:
        return move(field.part(span), float(np.median(shaking[span])), still=still, turned=turned)

    inner = _inner(part, len(field.motion))
    whole = look(inner, still=part.still)
    short = inner.stop - inner.start < 2 * round((0.6 if whole.tentative else 0.9) * field.rate)
    if not whole.families or (part.still and not whole.tentative) or short:
        if whole.tentative:
            whole = replace(whole, commands=None, families=None, reason="the picture moves in too many ways at once")
        return Step(part.start, part.stop, whole)
    middle = (inner.start + inner.stop) // 2
    halves = [look(half, still=False) for half in (slice(inner.start, middle), slice(middle, inner.stop))]
    if any(half.families not in {None, whole.families} and half.tentative <= whole.tentative for half in halves):
        whole = replace(whole, commands=None, families=None, reason="it changes during the step")
    elif broken and (whole.commands is None or len({each.commands for each in (whole, *halves)} - {None}) > 1):
        whole = replace(whole, commands=None, families=None, reason="it may be two moves of one family")
    elif whole.tentative and any(half.families is None for half in halves):
        whole = replace(whole, commands=None, families=None, reason="the picture moves in too many ways at once")
    elif whole.commands and any(half.commands not in {None, whole.commands} for half in halves):
        whole = replace(whole, commands=None, reason="its two halves look different")
    elif whole.commands and TRAVELS & set(whole.commands) and not any(half.commands for half in halves):
        # Noise adds up to a little parallax over the whole step that neither half has.
        whole = replace(whole, commands=None, reason="neither half of it shows the parallax")
    return Step(part.start, part.stop, whole)


def _pieces(part: Part, field: Field, way: Floats, unlike: Floats, shaking: Floats) -> list[tuple[Part, bool]]:
    """Two moves of one family one after the other, such as a zoom and then a push, are two steps.

    They go the same way, so the path has no bend. Where the pace breaks, or the share of the picture that moves
    otherwise, the two sides are named; two names make two steps, and so does a stop between them. With each part comes
    whether there was such a break.
    """
    span = slice(part.start, part.stop)
    enough = max(3, round(ALONE * field.rate))
    if part.still or part.stop - part.start < 2 * enough or float(np.median(shaking[span])) > STEADY:
        return [(part, False)]
    pace = smoothed(np.sqrt((way[span] ** 2).sum(1)), 3)
    found = breaks(pace, unlike[span], enough)
    for at, stopped in found:
        sides = [Part(part.start, part.start + at, still=False), Part(part.start + at, part.stop, still=False)]
        one, two = (
            move(
                field.part(_inner(side, len(field.motion))),
                float(np.median(shaking[side.start : side.stop])),
                still=False,
            )
            for side in sides
        )
        if one.families is None or one.families != two.families or one.commands == two.commands is not None:
            continue
        # A fit that goes from one plane to another looks like a stop, too, where several moves go on at once.
        if (stopped and len(one.families) == 1) or (one.commands and two.commands):
            return [(side, False) for side in sides]
    return [(part, bool(found))]


def _beside_a_shake(found: list[Step], rate: float) -> list[Step]:
    """A short step beside one that shakes may be a part of the shake, as at a fade, where little of it is seen."""
    if not any(each.move.families and "Shake" in each.move.families for each in found):
        return found
    return [
        replace(each, move=replace(each.move, commands=None, families=None, reason="too short beside a shake"))
        if each.move.families and each.move.families != ("Shake",) and each.stop - each.start < 1.3 * rate
        else each
        for each in found
    ]


def _one_or_two(found: list[Step]) -> list[Step]:
    """Two steps of one family in a row are one move or two; where one has no name, it can't be told which."""
    open_ = {
        index + side
        for index, (one, two) in enumerate(pairwise(found))
        if one.move.families
        and one.move.families == two.move.families
        and not (one.move.commands and two.move.commands)
        for side in (0, 1)
    }
    return [
        replace(each, move=replace(each.move, commands=None, families=None, reason="it may be one move or two"))
        if index in open_
        else each
        for index, each in enumerate(found)
    ]


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
