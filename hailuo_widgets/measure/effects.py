"""What each value of a sweep's axes adds to a measure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, variance
from typing import TYPE_CHECKING

from hailuo_widgets.errors import UsageError
from hailuo_widgets.measure.obedience import wilson
from hailuo_widgets.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

UNITS = {
    "motion": "% of the width a second",
    "jitter": "% of the width a second",
    "flicker": "% of full brightness",
    "sharpness": "0 to 1",
    "brightness": "%",
    "loop": "SSIM",
    "cuts": "cuts",
    "obeyed": "share",
}
"""The measures that have effects and can vote, each with its unit."""

LESS = {"flicker", "jitter", "cuts"}
"""Measures of which less is better, where they vote."""

_LEAST = 3
"""Clips that are needed on either side for an interval."""


def check(measure: str) -> str:
    """The name of a measure as it is in `UNITS`.

    Raises:
        UsageError: There is no such measure.
    """
    if measure not in UNITS:
        raise UsageError(f"There is no measure {measure!r}.", hint=f"Available: {', '.join(UNITS)}.")
    return measure


@dataclass(frozen=True, slots=True)
class MeasuredEffect:
    """One value of one axis.

    Attributes:
        axis: The axis.
        value: The value.
        clips: Measured clips that have it.
        mean: Their mean.
        difference: That mean less the mean of the clips with another value of the axis.
        low, high: 95% interval of the difference (Welch, Biometrika 1947; of `obeyed`, a share, Newcombe, Statistics in
            Medicine 1998, method 10). None with fewer than three clips on either side, and where the clips of each side
            measure the same: nothing tells how much they vary.
    """

    axis: str
    value: str
    clips: int
    mean: float
    difference: float
    low: float | None
    high: float | None


class MeasuredEffects:
    """What each value of each axis adds to a measure; iterates over `MeasuredEffect`s.

    Args:
        measure: One of `UNITS`.
        clips: For each clip its values on the axes and its measure, None where it is not measured.
    """

    def __init__(self, measure: str, clips: Iterable[tuple[Mapping[str, str], float | None]]) -> None:
        self.measure = check(measure)
        told = [(at, value) for at, value in clips if value is not None]
        self._effects = [each for axis in dict.fromkeys(name for at, _ in told for name in at)
                         for each in _of_axis(axis, told, _newcombe if measure == "obeyed" else _welch)]  # fmt: skip
        self._measured = len(told)

    def __iter__(self) -> Iterator[MeasuredEffect]:
        return iter(self._effects)

    def __len__(self) -> int:
        return len(self._effects)

    def __getitem__(self, place: int) -> MeasuredEffect:
        return self._effects[place]

    @property
    def table(self) -> Table:
        """The figures as text."""
        rows = tuple(
            (
                each.axis,
                each.value,
                str(each.clips),
                f"{each.mean:.3g}",
                f"{each.difference:+.3g}",
                "" if each.low is None or each.high is None else f"{each.low:+.3g} to {each.high:+.3g}",
            )
            for each in self
        )
        if not self._measured:
            caption = "No clip is measured: .measure() does it."
        else:
            caption = "" if rows else "No axis varies among the measured clips, so there are no effects."
        mean = f"Mean {self.measure}, {UNITS[self.measure]}"
        return Table(("Axis", "Value", "Clips", mean, "Against the axis's other values", "95% interval"), rows, caption)

    def __repr__(self) -> str:
        return str(self.table)

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


Interval = tuple[float, float] | None


def _of_axis(
    axis: str,
    clips: Sequence[tuple[Mapping[str, str], float]],
    interval: Callable[[Sequence[float], Sequence[float]], Interval],
) -> list[MeasuredEffect]:
    groups: dict[str, list[float]] = {}
    for at, value in clips:
        if axis in at:
            groups.setdefault(at[axis], []).append(value)
    if len(groups) < 2:
        return []
    found = []
    for name, mine in groups.items():
        others = [value for other, values in groups.items() if other != name for value in values]
        difference = fmean(mine) - fmean(others)
        enough = min(len(mine), len(others)) >= _LEAST
        low, high = (interval(mine, others) if enough else None) or (None, None)
        found.append(MeasuredEffect(axis, name, len(mine), fmean(mine), difference, low, high))
    return found


def _welch(one: Sequence[float], other: Sequence[float]) -> Interval:
    """Welch's 95% interval of the difference of two means."""
    parts = [variance(each) / len(each) for each in (one, other)]
    if not sum(parts):
        return None
    freedom = sum(parts) ** 2 / sum(part**2 / (len(each) - 1) for part, each in zip(parts, (one, other), strict=True))
    difference, half = fmean(one) - fmean(other), _student(freedom) * math.sqrt(sum(parts))
    return difference - half, difference + half


def _newcombe(one: Sequence[float], other: Sequence[float]) -> Interval:
    """Newcombe's 95% interval of the difference of two shares, by the score intervals of both."""
    shares = fmean(one), fmean(other)
    (low, high), (low_other, high_other) = (wilson(round(sum(each)), len(each)) for each in (one, other))
    difference = shares[0] - shares[1]
    down = math.hypot(shares[0] - low, high_other - shares[1])
    up = math.hypot(high - shares[0], shares[1] - low_other)
    return difference - down, difference + up


def _student(freedom: float, z: float = 1.959964) -> float:
    """The 97.5% quantile of Student's t (Abramowitz and Stegun, 26.7.5), within 1% from two degrees of freedom on."""
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom ** (power + 1) for power, term in enumerate(terms))
