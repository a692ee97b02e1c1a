"""A vendor's limits, as far as they are known before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hailuo_widgets.keys import EMBEDDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from hailuo_widgets.settings import Settings
    from hailuo_widgets.spec.catalog import ModelSpec


@dataclass(frozen=True, slots=True)
class Limits:
    """A vendor's limits.

    Attributes:
        requests_per_minute: In any 60 seconds; None where that is not known.
        tasks_in_flight: Tasks that have not ended; None where that is not known.
    """

    requests_per_minute: int | None = None
    tasks_in_flight: int | None = None


if TYPE_CHECKING:
    LimitsOf = Callable[[ModelSpec], Limits]


def limits_of(row: ModelSpec, settings: Settings) -> Limits:
    """The limits from the catalogue, or from the user's settings for their own account."""
    per_minute = settings.requests_per_minute.get(row.provider, row.requests_per_minute)
    known = row.tasks_in_flight
    if row.provider == EMBEDDED:  # what can't be drawn at once waits here, where it can be paused and cancelled
        from hailuo_widgets.sketch.worker import cores

        known = cores()
    in_flight = settings.tasks_in_flight.get(row.provider, known)
    return Limits(per_minute or None, in_flight or None)
