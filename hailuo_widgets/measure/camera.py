"""What the camera did in one shot: its steps, and a move for each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hailuo_widgets.measure.background import Fit, fit, misfit, prior, basis
from hailuo_widgets.measure.depth import REACH, TRUSTED, DIFFERENT
from hailuo_widgets.measure.moves import Move, move
from hailuo_widgets.measure.steps import Part, parts, shaken, tremble

if TYPE_CHECKING:
    from numpy.typing import NDArray

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


def steps_of(motion: Floats, trust: Floats, places: Floats, shape: tuple[int, int], rate: float) -> list[Step]:
    """The camera's steps in one shot.

    Args:
        motion: (K, P, 2), widths of the picture a second.
        trust: (K, P), 0 to 1.
        places: (P, 2), widths from the middle.
        shape: Rows and columns of patches.
        rate: Pairs a second.
    """
    model = fit(motion, trust * prior(places), places)
    way = _way(model, motion, trust, places, shape)
    shakes = shaken(motion, trust, places, rate)
    shaking = tremble(shakes, rate)
    if float(np.median(shaking)) > 0.004:
        motion = motion - shakes[:, None]
    found: list[Step] = []
    turned = (False, False)
    for part in parts(way, shaking, rate):
        inner = _inner(part, len(motion))
        trembles = float(np.median(shaking[inner]))
        each = move(motion[inner], trust[inner], places, shape, trembles, rate, still=part.still, turned=turned)
        if each.families and not part.still and inner.stop - inner.start >= 2 * round(0.9 * rate):
            middle = (inner.start + inner.stop) // 2
            halves = [
                move(motion[half], trust[half], places, shape, float(np.median(shaking[half])), rate, still=False, turned=turned)
                for half in (slice(inner.start, middle), slice(middle, inner.stop))
            ]
            if _contradict(each, halves):
                each = replace(each, commands=None, families=None, reason="it changes on the way")
            elif each.commands and any(half.commands and half.commands != each.commands for half in halves):
                each = replace(each, commands=None, reason="its two halves look different")
        if found and found[-1].move.commands and found[-1].move.commands == each.commands:
            found[-1] = Step(found[-1].start, part.stop, each)
        else:
            found.append(Step(part.start, part.stop, each))
        if each.families:
            turned = (
                turned[0] or any(name.startswith("Pan") for name in each.families),
                turned[1] or any(name.startswith("Tilt") for name in each.families),
            )
    return _doubtful(found)


def _contradict(whole: Move, halves: list[Move]) -> bool:
    """Whether a half of a step surely is another move than the whole."""
    return any(half.families is not None and half.families != whole.families for half in halves)


def _doubtful(found: list[Step]) -> list[Step]:
    """Where one step can't be made out, a short one beside it is no more certain."""
    if all(each.move.families for each in found):
        return found
    whole = found[-1].stop - found[0].start
    return [
        replace(each, move=replace(each.move, commands=None, families=None, reason="too short beside what can't be told"))
        if each.move.families and each.stop - each.start < 0.35 * whole and each.move.parallax > 0.1
        else each
        for each in found
    ]


def _inner(part: Part, count: int) -> slice:
    """The pairs that surely belong to a part: the one at a change lies half in the other."""
    trim = 1 if part.stop - part.start > 5 else 0
    return slice(part.start + trim * (part.start > 0), part.stop - trim * (part.stop < count))


def _way(model: Fit, motion: Floats, trust: Floats, places: Floats, shape: tuple[int, int]) -> Floats:
    """(K, 3) the camera's way: the background's motion, or where its nearer planes move more, a mean with theirs."""
    scale = np.array([1, 1, REACH])
    rates, support = model.rates, model.support
    dark = (trust.mean(1) < 0.02) | (support < 0.15)
    way = rates[:, :3] * scale
    if dark.any() and not dark.all():
        at = np.arange(len(way))
        way = np.stack([np.interp(at, at[~dark], way[~dark, axis]) for axis in range(3)], 1)
    return np.asarray(way)
