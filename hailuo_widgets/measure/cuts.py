"""Cuts: frames that begin another shot. A flash, a fade and a fast move are none.

Candidates come from the thumbnails of all frames; each is believed only if no motion leads from the frame before to the
frame after, and if the picture before does not come back within half a second, as it does after a flash.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

from hailuo_widgets.measure.flow import FlowField
from hailuo_widgets.measure.series import light_and_spread, running_median

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]
    Floats = NDArray[np.float64]

_JUMP = 0.16
"""How unlike (1 - correlation) two frames in a row must be to be looked at more closely."""
_STANDS_OUT = 3.0
"""How many times as unlike as its neighbours in time."""
_SAME = 0.55
"""Share of the texture that motion explains, from which on two pictures show the same shot."""
_BACK = 0.5
"""Seconds within which the picture is back after a flash."""
_EMPTY = 3.0
"""Standard deviation, in grey levels, under which a frame shows nothing: black, white or all haze."""


def cuts(thumbs: Grey, fps: float) -> list[int]:
    """The frames that begin a new shot, the first frame not among them.

    Args:
        thumbs: (N, h, w), every frame.
        fps: Frames a second.
    """
    if len(thumbs) < 2:
        return []
    flat = _levelled(thumbs)
    light, spread = light_and_spread(thumbs)
    empty = spread < _EMPTY
    unlike = 1 - (flat[1:] * flat[:-1]).mean(1)
    unlike[empty[1:] | empty[:-1]] = 0
    same = _Same(thumbs)
    off = _off(light, fps)
    odd = _closed(off & _jumps(light) | empty, off)
    found: list[int] = []
    for index in np.flatnonzero(unlike > _JUMP):
        frame = int(index) + 1
        near = unlike[max(0, index - 6) : index + 7]
        if unlike[index] < near.max() or unlike[index] < _STANDS_OUT * np.median(near):
            continue
        if _across_a_flash(frame, odd, flat, same):
            continue
        if not same(frame - 1, frame) and not _comes_back(frame, len(thumbs), round(_BACK * fps), flat, same):
            found.append(frame)
    return sorted({*found, *_behind_nothing(thumbs, empty, odd, flat, same)})


def flashes(thumbs: Grey, fps: float) -> NDArray[np.bool_]:
    """(N,): frames that are much brighter or darker than those around them, for less than half a second."""
    light, _ = light_and_spread(thumbs)
    return np.asarray(_off(light, fps) & _jumps(light))


def _jumps(light: Floats) -> NDArray[np.bool_]:
    """(N,): frames whose brightness differs clearly from the frame before or after."""
    step = np.abs(np.diff(light, prepend=light[:1]))
    return np.asarray(np.maximum(step, np.append(step[1:], 0)) > 2.0)


def _off(light: Floats, fps: float) -> NDArray[np.bool_]:
    """(N,): frames that are brighter or darker than what is usual within half a second."""
    usual = running_median(light, max(2, round(0.45 * fps)))
    return np.asarray(np.abs(light - usual) > np.maximum(5.0, 0.06 * usual))


def _closed(odd: NDArray[np.bool_], off: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """With the frames that stay bright between two flashes, or between the beginning and the end of one."""
    closed = odd.copy()
    inside = np.flatnonzero(odd)
    for one, two in pairwise(inside.tolist()):
        if off[one + 1 : two].all():
            closed[one:two] = True
    return closed


def _levelled(thumbs: Grey) -> Floats:
    """(N, pixels) with mean 0 and deviation 1, and with fine detail blurred, which a move would shift by a pixel."""
    small = np.stack(
        [cv2.resize(cv2.GaussianBlur(each, (0, 0), 2.0), (48, 27), interpolation=cv2.INTER_AREA) for each in thumbs]
    )
    rows = small.reshape(len(thumbs), -1).astype(np.float64)
    rows -= rows.mean(1, keepdims=True)
    return np.asarray(rows / np.maximum(rows.std(1, keepdims=True), 0.5))


class _Same:
    """Whether two frames show the same shot: whether motion explains the texture that they have."""

    def __init__(self, thumbs: Grey) -> None:
        self._thumbs = thumbs
        self._field = FlowField()

    def __call__(self, one: int, two: int) -> bool:
        before, after = (
            cv2.resize(self._thumbs[each], None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR) for each in (one, two)
        )
        there, back = self._field.between(before, after), self._field.between(after, before)
        explained = min(
            float(each.trust.sum() / max(1e-6, each.texture.sum())) if each.texture.mean() > 0.02 else 0.0
            for each in (there, back)
        )
        return explained > _SAME


def _across_a_flash(frame: int, odd: NDArray[np.bool_], flat: Floats, same: _Same) -> bool:
    """Whether a flash lies at `frame`, and the same shot before and after it."""
    if not odd[frame - 1 : frame + 1].any():
        return False
    before = np.flatnonzero(~odd[:frame])
    after = np.flatnonzero(~odd[frame:])
    if not len(before) or not len(after):
        return True  # the clip starts or ends within it
    one, two = int(before[-1]), frame + int(after[0])
    return bool((flat[one] * flat[two]).mean() > 0.8) or same(one, two)


def _comes_back(frame: int, count: int, reach: int, flat: Floats, same: _Same) -> bool:
    """Whether the shot before `frame` goes on soon after it, or went on until shortly before: then it was a flash."""
    for before, after in [(frame - 1, each) for each in range(frame + 1, min(count, frame + reach))] + [
        (each, frame) for each in range(max(0, frame - reach), frame - 1)
    ]:
        likeness = float((flat[before] * flat[after]).mean())
        if likeness > 0.8 or (likeness > 0.5 and same(before, after)):
            return True
    return False


def _behind_nothing(
    thumbs: Grey, empty: NDArray[np.bool_], odd: NDArray[np.bool_], flat: Floats, same: _Same
) -> list[int]:
    """Cuts that a few black or white frames hide: another picture comes after them than was before."""
    light, _ = light_and_spread(thumbs)
    edges = np.flatnonzero(np.diff(empty.astype(np.int8), prepend=0, append=0))
    found = []
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        before, after = int(start) - 1, int(stop)
        while before >= 0 and odd[before]:  # the rest of a flash
            before -= 1
        while after < len(odd) and odd[after]:
            after += 1
        if before >= 0 and after < len(empty):
            likeness = float((flat[before] * flat[after]).mean())
            if likeness < 0.8 and not same(before, after):
                # The cut is where the light jumps: into the black, or out of it.
                into, out = abs(light[start] - light[start - 1]), abs(light[stop] - light[stop - 1])
                found.append(int(start if into > out else stop))
    return found
