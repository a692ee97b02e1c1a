"""How different the replicates of one request are. Needs no OpenCV: it reads what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

_PIXELS = 4 * 9 * 16


def diversity(looks: Iterable[list[int] | None]) -> float | None:
    """How different the replicates of one request are: mean over all pairs of 1 - correlation of their pictures.

    Args:
        looks: `Measured.look` of each; one that is no look is left out.

    Returns:
        0 for the same picture, about 1 for unrelated ones; None for fewer than two.
    """
    found = [each for each in looks if each is not None and len(each) == _PIXELS]
    if len(found) < 2:
        return None
    frames = np.array(found, np.float64).reshape(len(found), 4, -1)
    frames -= frames.mean(2, keepdims=True)
    frames[np.ptp(frames, axis=2) < 1e-9] = 1.0  # pictures without any detail are alike, and unlike all others
    frames /= np.linalg.norm(frames, axis=2, keepdims=True)
    alike = np.einsum("aft,bft->ab", frames, frames) / 4
    upper = np.triu_indices(len(found), 1)
    return float(1 - alike[upper].mean())
