"""When one move of the camera ends and the next begins."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STILL = 0.0018
"""Widths a second: slower is standing still."""

_SHORTEST = 0.55
"""Seconds that a step lasts at least."""

_TURN = 0.10
"""By which share of the whole way a split must shorten the detour, to be a change of direction."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of pairs, from `start` up to `stop`, in which the camera does one thing.

    Attributes:
        start: The first pair.
        stop: One past the last.
        still: Nothing but a tremble, if that.
    """

    start: int
    stop: int
    still: bool


def smoothed(values: Floats, width: int) -> Floats:
    """A running mean along the first axis; near the ends over what there is, evenly to both sides."""
    width = max(1, min(width | 1, len(values) if len(values) % 2 else len(values) - 1))
    half = width // 2
    sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, 0)])
    at = np.arange(len(values))
    reach = np.minimum(np.minimum(at, len(values) - 1 - at), half)
    return np.asarray((sums[at + reach + 1] - sums[at - reach]) / (2 * reach + 1).reshape(-1, *[1] * (values.ndim - 1)))


def shaken(motion: Floats, trust: Floats, places: Floats, rate: float) -> Floats:
    """(K, 2): what all patches do at once beside their path, widths a second: the camera's tremble.

    Each patch is compared with its own course, so planes at different depths don't look like a tremble.

    Args:
        motion: (K, P, 2), widths a second.
        trust: (K, P).
        places: (P, 2), widths from the middle.
        rate: Pairs a second.
    """
    course = smoothed(smoothed(motion, round(0.4 * rate)), round(0.4 * rate))
    rest = motion - course
    # Where the course bends, a running mean cuts the corner: the smooth part of the rest belongs to the course.
    rest = rest - smoothed(rest, round(0.5 * rate))
    out = np.zeros((len(motion), 2))
    rim = np.abs(places[:, 0]) > 0.34
    for pair in range(len(motion)):
        good = trust[pair] > 0.3 * np.quantile(trust[pair], 0.95)
        if good.any():
            out[pair] = np.median(rest[pair, good], 0)
        if (good & rim).sum() > 5:
            # A subject that sways and fills half the picture does not move the rim.
            sides = np.median(rest[pair, good & rim], 0)
            out[pair] = np.where(
                sides * out[pair] > 0, np.sign(sides) * np.minimum(np.abs(sides), np.abs(out[pair])), 0
            )
    return out


def tremble(shakes: Floats, rate: float) -> Floats:
    """(K,): the size of the tremble about each pair, widths a second: root of the mean square over a second or so."""
    square = (shakes**2).sum(1)
    # A single odd pair (a flash, a cut off frame) is no tremble.
    near = max(1, round(0.6 * rate))
    usual = np.array([np.median(square[max(0, at - near) : at + near + 1]) for at in range(len(square))])
    square = np.minimum(square, 6 * usual + 1e-12)
    return np.asarray(np.sqrt(smoothed(square, round(1.2 * rate))))


def parts(way: Floats, shaking: Floats, rate: float) -> list[Part]:
    """Cut a shot into stretches.

    Args:
        way: (K, 3), right, down and growth at `depth.REACH`, all in widths a second.
        shaking: (K,), see `tremble`.
        rate: Pairs a second.
    """
    count = len(way)
    calm = smoothed(way, round((0.5 if float(np.median(shaking)) < 0.006 else 1.1) * rate))
    speed = np.hypot(np.hypot(calm[:, 0], calm[:, 1]), calm[:, 2])
    peak = float(np.quantile(speed, 0.9)) if count else 0.0
    least = np.maximum(max(STILL, 0.05 * peak), 0.45 * smoothed(shaking, round(rate)))
    if STILL < peak < 6 * STILL:
        least[:] = 0.5 * STILL  # a slow move starts and ends too slowly to be seen
    enough = max(round(_SHORTEST * rate), round(0.18 * count), 2)
    still = _runs(speed < least, enough)
    found: list[Part] = []
    at = 0
    for start, stop in [*still, (count, count)]:
        if start > at:
            found += [
                Part(*each, still=False)
                for turn in _turns(calm[at:start], rate, at)
                for each in _one_after_the_other(calm, turn, enough)
            ]
        if stop > start:
            found.append(Part(start, stop, still=True))
        at = stop
    return _joined(found, enough)


def _runs(flags: NDArray[np.bool_], least: int) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= least]


def _joined(found: list[Part], enough: int) -> list[Part]:
    """Stretches too short to be a step go to the neighbour that moves, or to the longer one."""
    found = list(found)
    while len(found) > 1:
        short = [index for index, each in enumerate(found) if each.stop - each.start < enough]
        if not short:
            break
        index = min(short, key=lambda each: found[each].stop - found[each].start)
        sides = [each for each in (index - 1, index + 1) if 0 <= each < len(found)]
        side = max(sides, key=lambda each: (not found[each].still, found[each].stop - found[each].start))
        low, high = sorted((index, side))
        found[low : high + 1] = [Part(found[low].start, found[high].stop, still=found[side].still)]
    return found


def _one_after_the_other(calm: Floats, turn: tuple[int, int], enough: int) -> list[tuple[int, int]]:
    """Two moves of which one is over when the other begins are two steps, however small one is beside the other."""
    start, stop = turn
    done = np.cumsum(np.abs(calm[start:stop]), 0)
    total = done[-1]
    strong = [axis for axis in range(3) if total[axis] > max(0.07 * total.max(), 0.002 * (stop - start))]
    best, where = 0.0, 0
    for one in strong:
        for two in strong:
            apart = done[:, one] / total[one] - done[:, two] / total[two]
            if apart.max() > best:
                best, where = float(apart.max()), int(apart.argmax()) + 1
    if best > 0.6 and enough <= where <= stop - start - enough:
        return [(start, start + where), (start + where, stop)]
    return [turn]


def _turns(calm: Floats, rate: float, offset: int) -> list[tuple[int, int]]:
    """The best split into stretches that each go one way: within one, the path is as long as its ends are apart."""
    count = len(calm)
    shortest = max(2, round(_SHORTEST * rate))
    sums = np.concatenate([np.zeros((1, 3)), np.cumsum(calm, 0)])
    lengths = np.concatenate([[0.0], np.cumsum(np.sqrt((calm**2).sum(1)))])
    price = _TURN * lengths[-1] + 0.004 * rate
    net = np.sqrt(((sums[None] - sums[:, None]) ** 2).sum(2))
    detour = lengths[None] - lengths[:, None] - net
    best = np.full(count + 1, np.inf)
    came = np.zeros(count + 1, int)
    best[0] = -price
    for stop in range(1, count + 1):
        starts = np.arange(0, stop - shortest + 1) if stop >= shortest else np.array([0])
        costs = best[starts] + detour[starts, stop] + price
        came[stop], best[stop] = starts[int(costs.argmin())], costs.min()
    bounds = [count]
    while bounds[-1] > 0:
        bounds.append(int(came[bounds[-1]]))
    bounds.reverse()
    return [(a + offset, b + offset) for a, b in pairwise(bounds)]


def breaks(pace: Floats, unlike: Floats, enough: int) -> list[tuple[int, bool]]:
    """Where a move that goes one way may be two: (its place, whether the camera all but stops there).

    Args:
        pace: (K,), how fast it goes, 0 or more.
        unlike: (K,), the share of the picture that moves otherwise than the background, 0 to 1.
        enough: Pairs that there must be on either side.
    """
    count = len(pace)
    places = np.arange(enough, count - enough + 1)
    if not len(places):
        return []
    found: list[tuple[int, bool]] = []
    crest = np.minimum(np.maximum.accumulate(pace)[places - 1], np.maximum.accumulate(pace[::-1])[::-1][places - 1])
    dip = pace[np.minimum(places, count - 1)] / np.maximum(crest, 1e-9)
    if dip.min() < 0.6:
        found.append((int(places[dip.argmin()]), bool(dip.min() < 0.45)))
    # A jump is more than the pace changes just before it and just after.
    level = np.log(np.maximum(pace, 1e-4))
    near = [[np.median(level[max(0, at + low) : at + low + 3]) for low in (-6, -3, 0, 3)] for at in places
            if at + 3 < count]  # fmt: skip
    if near:
        change = np.abs(np.diff(np.array(near), axis=1))
        jump = change[:, 1] - np.maximum(change[:, 0], change[:, 2])
        if jump.max() > 0.25:
            found.append((int(places[jump.argmax()]), False))
    gap = [abs(unlike[:at].mean() - unlike[at:].mean()) for at in places]
    at = int(places[int(np.argmax(gap))])
    if max(gap) > max(0.1, 5 * np.hypot(unlike[:at].std(), unlike[at:].std())):
        found.append((at, False))
    return [each for index, each in enumerate(found) if all(abs(each[0] - other[0]) > 1 for other in found[:index])]
