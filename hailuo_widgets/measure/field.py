"""The motion of patches through a stretch of a clip: what the camera is read from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Field:
    """K pairs of pictures, P patches.

    Attributes:
        motion: (K, P, 2), widths of the picture a second, to the right and down.
        trust: (K, P), 0 to 1.
        places: (P, 2), widths from the middle, right and down.
        shape: Rows and columns of the patches.
        rate: Pairs a second.
    """

    motion: Floats
    trust: Floats
    places: Floats
    shape: tuple[int, int]
    rate: float

    def part(self, span: slice) -> Field:
        """Some of its pairs."""
        return replace(self, motion=self.motion[span], trust=self.trust[span])
