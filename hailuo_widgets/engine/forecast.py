"""How long a set of requests will take under the vendors' limits."""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import TYPE_CHECKING

from hailuo_widgets.keys import EMBEDDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hailuo_widgets.engine.limits import Limits, LimitsOf
    from hailuo_widgets.spec.quote import Quote

TYPICAL = 90.0
"""Seconds that a clip takes where nothing is known of its like: vendors name one to five minutes."""

TYPICAL_SKETCH = 3.0

DRAWING = 0.9
"""Seconds that a sketch keeps two cores busy (6 s at 768P): many of them are drawn one after the other."""

MINUTE = 60.0


def seconds(orders: Sequence[tuple[Quote, float | None]], limits_of: LimitsOf) -> float:
    """The time from the first request to the last clip.

    Args:
        orders: What is bought, in that order, each with the seconds that its like took so far, None for no idea.
        limits_of: What a vendor takes.

    Returns:
        Seconds; 0 for no orders.
    """
    queues: dict[tuple[str, Limits], list[float]] = defaultdict(list)
    for quote, typical in orders:
        usual = TYPICAL_SKETCH if quote.row.provider == EMBEDDED else TYPICAL
        queues[quote.row.provider, limits_of(quote.row)].append(usual if typical is None else typical)
    return max(
        (
            max(_makespan(durations, limits), DRAWING * len(durations) if provider == EMBEDDED else 0.0)
            for (provider, limits), durations in queues.items()
        ),
        default=0.0,
    )


def _makespan(durations: Sequence[float], limits: Limits) -> float:
    sent: list[float] = []
    running: list[float] = []
    now = end = 0.0
    for duration in durations:
        if limits.requests_per_minute and len(sent) >= limits.requests_per_minute:
            now = max(now, sent[-limits.requests_per_minute] + MINUTE)
        if limits.tasks_in_flight and len(running) >= limits.tasks_in_flight:
            now = max(now, heapq.heappop(running))
        sent.append(now)
        heapq.heappush(running, now + duration)
        end = max(end, now + duration)
    return end
