"""The background's motion between two pictures: a shift, a change of scale and a roll that most of the rim follows.

Places and rates are in widths of the picture, from its middle, x to the right and y down; rates are per second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SMALLEST = 0.004
"""Widths a second: what flow is wrong by where it is not wrong altogether, at eight pairs a second and 480 pixels."""

RELATIVE = 0.10
"""By which share of its motion a patch may differ from the background and still belong to it."""

_ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Fit:
    """A motion model for each of K pairs of pictures.

    Attributes:
        rates: (K, 4): right, down (widths a second), growth and clockwise roll (1/s, of the picture's contents).
        share: (K, P), 0 to 1: how much each patch belongs to it.
        support: (K,): the part of all trusted patches that belongs to it.
    """

    rates: Floats
    share: Floats
    support: Floats


def basis(places: Floats) -> Floats:
    """(P, 2, 4): what each rate does to each place."""
    x, y = places[:, 0], places[:, 1]
    one, zero = np.ones_like(x), np.zeros_like(x)
    return np.stack([np.stack([one, zero, x, -y], 1), np.stack([zero, one, y, x], 1)], 1)


def prior(places: Floats) -> Floats:
    """How likely a patch belongs to the background before anything is known: subjects are in the middle."""
    x, y = places[:, 0], places[:, 1]
    half = max(1e-6, float(np.abs(y).max()))
    away = np.sqrt((x / 0.30) ** 2 + ((y - 0.15 * half) / (0.80 * half)) ** 2)
    return np.asarray(0.15 + 0.85 * np.clip(away - 0.5, 0, 1))


def least_squares(design: Floats, motion: Floats, weights: Floats) -> Floats:
    """(K, 4) rates by weighted least squares; a little is added to the diagonal, so that no texture means no motion."""
    outer = np.einsum("pdi,pdj->pij", design, design).reshape(design.shape[0], -1)
    normal = (weights @ outer).reshape(-1, 4, 4) + np.diag([1e-4, 1e-4, 1e-3, 1e-3])
    weighted = weights[..., None] * motion
    right = weighted[..., 0] @ design[:, 0] + weighted[..., 1] @ design[:, 1]
    return np.asarray(np.linalg.solve(normal, right[..., None])[..., 0])


def misfit(design: Floats, motion: Floats, rates: Floats, least: float = SMALLEST) -> tuple[Floats, Floats]:
    """(K, P, 2) what is left of the motion, and (K, P) its length in tolerances."""
    model = np.stack([rates @ design[:, 0].T, rates @ design[:, 1].T], -1)
    rest = motion - model
    tolerance = least + RELATIVE * np.hypot(model[..., 0], model[..., 1])
    return rest, np.hypot(rest[..., 0], rest[..., 1]) / tolerance


def fit(motion: Floats, weights: Floats, places: Floats) -> Fit:
    """The motion that most of the background follows, for each pair by itself.

    Args:
        motion: (K, P, 2), widths a second.
        weights: (K, P), how far each patch can be trusted, times `prior`.
        places: (P, 2).
    """
    design = basis(places)
    best = np.zeros((len(motion), 4))
    best_support = np.full(len(motion), -1.0)
    for start in _starts(design, motion, weights):
        rates, support = _refined(design, motion, weights, start, wide=4.0)
        better = support > best_support + 0.02
        best[better], best_support[better] = rates[better], support[better]
    # Where two planes are about as large, each pair by itself would choose now one, now the other: what goes on from
    # its neighbours is preferred.
    rates, support = _refined(design, motion, weights, _running_median(best, best_support), wide=1.5)
    better = support > best_support - 0.12
    best[better], best_support[better] = rates[better], support[better]
    _, far = misfit(design, motion, best)
    return Fit(best, 1 / (1 + far**2) ** 2, best_support)


def _refined(design: Floats, motion: Floats, weights: Floats, rates: Floats, *, wide: float) -> tuple[Floats, Floats]:
    """Rates by iteratively reweighted least squares with a redescending weight, and the share that agrees with them."""
    for turn in range(_ROUNDS):
        _, far = misfit(design, motion, rates)
        width = max(1.0, wide / (1 + turn))
        rates = least_squares(design, motion, weights / (1 + (far / width) ** 2) ** 2)
    _, far = misfit(design, motion, rates)
    return rates, (weights * (far < 1.0)).sum(1) / (weights.sum(1) + 1e-9)


def _running_median(rates: Floats, support: Floats) -> Floats:
    out = rates.copy()
    for pair in range(len(rates)):
        near = slice(max(0, pair - 4), pair + 5)
        sure = support[near] > 0.2
        if sure.any():
            out[pair] = np.median(rates[near][sure], 0)
    return out


def _starts(design: Floats, motion: Floats, weights: Floats) -> list[Floats]:
    plain = least_squares(design, motion, weights)
    median = np.zeros_like(plain)
    for pair in range(len(motion)):
        trusted = weights[pair] > 0.15 * weights[pair].max(initial=0)
        if trusted.any():
            median[pair, :2] = np.median(motion[pair, trusted], 0)
    # The rim of the picture by itself: a subject that fills the middle does not reach it.
    rim = least_squares(design, motion, weights * (np.abs(design[:, 0, 2]) > 0.36))
    return [plain, median, rim, np.zeros_like(plain)]
