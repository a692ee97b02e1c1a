"""The normal distribution function, so that SciPy need not be installed, and averages over new clips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def cdf(x: Floats) -> Floats:
    """Probability that a standard normal variable is below x (absolute error < 1e-7; Abramowitz and Stegun 26.2.17)."""
    size = np.abs(x)
    t = 1 / (1 + 0.2316419 * size)
    poly = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    tail = np.exp(-0.5 * size * size) * 0.3989422804014327 * poly
    return np.asarray(np.where(x < 0, tail, 1 - tail))


def expit(x: Floats) -> Floats:
    """The logistic function."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def stretch(variance: Any) -> Any:
    """By how much a normal variance flattens a logistic curve (MacKay's approximation; error < 0.02)."""
    return np.sqrt(1 + np.pi / 8 * variance)


def quantile(level: float, weights: Floats, means: Floats, deviations: Floats) -> Floats:
    """Quantile of mixtures of normal distributions.

    Args:
        level: Between 0 and 1.
        weights: Of the components, summing to 1; shape (components,).
        means: Shape (components, mixtures).
        deviations: Like `means`, positive.

    Returns:
        One value a mixture.
    """
    low = (means - 9 * deviations).min(axis=0)
    high = (means + 9 * deviations).max(axis=0)
    for _ in range(34):
        middle = 0.5 * (low + high)
        below = weights @ cdf((middle - means) / deviations) < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(0.5 * (low + high))
