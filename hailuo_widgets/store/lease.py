"""When a lease is over: by how long it was seen unchanged, because the clocks of two machines need not agree.

A holder renews its lease every quarter of its time. So a lease that did not change while this process waited for its
whole time, by its own monotonic clock, is not renewed any more, whatever the time of day is here or there.
"""

from __future__ import annotations

from time import monotonic

from hailuo_widgets.store import owner as owners

SKEW = 600.0
"""Seconds by which the clocks of two machines may differ. A lease that ended longer ago is over at first sight."""

_seen: dict[str, tuple[str, float, float]] = {}
"""By lease: its holder, its end, and when it was first seen so, by the monotonic clock."""


def over(name: str, holder: str, until: float, at: float) -> bool:
    """Whether a lease held by another kernel may be taken.

    Args:
        name: The lease's.
        holder: Whose it is.
        until: When it ends, by the holder's clock.
        at: Now, by ours.
    """
    if owners.gone(holder):
        return True
    if at >= until + SKEW and not owners.here(holder):
        return True
    now = monotonic()
    known = _seen.get(name)
    if known is None or known[:2] != (holder, until):
        _seen[name] = (holder, until, now)
        return False
    if now - known[2] < owners.SECONDS:
        return False
    del _seen[name]
    return True
