"""How the values of an axis are named in what is given away: no path of this machine, no password, no signature."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hailuo_widgets.spec.media import Media

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hailuo_widgets.sweeps.axes import Axis, AxisValue


def public_label(value: AxisValue) -> str:
    """The label of a value for other people. Pictures go by their files' names, addresses have no query."""
    many = value.value if isinstance(value.value, tuple) else (value.value,)
    if many and all(isinstance(each, Media) for each in many):
        return " + ".join(public_address(each.url) if each.url else str(each) for each in many)
    return public_address(value.label)


def public_text(text: str, axes: Iterable[Axis]) -> str:
    """A sentence about a cell, with the labels that other people may see."""
    for axis in axes:
        for value in axis.values:  # no data frame's
            if value.label in text and (shown := public_label(value)) != value.label:
                text = text.replace(value.label, shown)
    return text


def public_address(text: str) -> str:
    """An address without what may be secret in it: a name with a password, and a query, which may be signed."""
    if not text.startswith(("http://", "https://")):
        return text
    parts = urlsplit(text)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
