"""What varies in a sweep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NOT_CHOSEN = "–"
"""How the value of an axis is shown if that axis is inside a choice that was not taken."""


@dataclass(frozen=True, slots=True)
class AxisValue:
    """One value of an axis.

    Attributes:
        label: How it is shown.
        value: The value itself: text, a number, a switch, a picture, or None where the field is left open.
    """

    label: str
    value: Any


@dataclass(frozen=True, slots=True)
class Axis:
    """One thing that varies.

    Attributes:
        name: As the template, the header or a keyword calls it.
        values: What it takes, in order. If the axis is inside another axis's choice, the last value is the
            one of the cells that it does not matter for.
    """

    name: str
    values: tuple[AxisValue, ...]
