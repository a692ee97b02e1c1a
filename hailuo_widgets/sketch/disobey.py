"""Moves that a camera makes instead of those it was asked for: sketches that disobey, for lessons and for tests."""

from __future__ import annotations

import random
from typing import Literal

REVERSE = {
    "Truck left": "Truck right",
    "Pan left": "Pan right",
    "Push in": "Pull out",
    "Pedestal up": "Pedestal down",
    "Tilt up": "Tilt down",
    "Zoom in": "Zoom out",
}
REVERSE |= {other: one for one, other in REVERSE.items()}

_AXIS = {
    **dict.fromkeys(("Truck left", "Truck right", "Pan left", "Pan right", "Tracking shot"), "across"),
    **dict.fromkeys(("Pedestal up", "Pedestal down", "Tilt up", "Tilt down"), "upright"),
    **dict.fromkeys(("Push in", "Pull out", "Zoom in", "Zoom out"), "through"),
}

How = Literal["another", "none", "reverse", "half"]

HALF = 0.5
"""How far a camera goes that disobeys by halves, as a share of the usual way."""


def disobeyed(moves: tuple[tuple[str, ...], ...], how: How, seed: int = 0) -> tuple[tuple[str, ...], ...]:
    """The moves of a camera that does not do what it is told.

    Args:
        moves: What was asked for, in English: combined commands in one tuple, sequential ones one after the other.
        how: `"another"` makes a move of another family in each step, `"none"` stands still, `"reverse"` goes the other
            way; what has no reverse stands still. `"half"` makes the same moves, and who draws them goes `HALF` as far.
        seed: Which other move it is.

    Returns:
        As many steps as there were, none of them as asked for except with `"half"`; one still step for no moves.
    """
    if how == "half" and moves:
        return moves
    if how == "none" or not moves:
        return (("Static shot",),) * max(1, len(moves))
    if how == "reverse":
        return tuple(tuple(REVERSE.get(name, "Static shot") for name in step) for step in moves)
    lot = random.Random(seed)  # noqa: S311  # a lesson, no secret
    return tuple((lot.choice(_others(step)),) for step in moves)


def _others(step: tuple[str, ...]) -> list[str]:
    """Moves along axes that the step does not use."""
    used = {_AXIS[name] for name in step if name in _AXIS}
    return [name for name, axis in _AXIS.items() if axis not in used]
