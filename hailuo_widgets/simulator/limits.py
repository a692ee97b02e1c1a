"""How much a vendor takes: requests a minute, tasks in flight."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field


@dataclass
class Limit:
    """What one vendor allows.

    Attributes:
        per_minute: Requests in any 60 seconds; None for no limit.
        submits_only: Whether only submissions count, or polls too.
        in_flight: Tasks that have not ended; None for no limit.
        retry_after: Whether a refusal says when to come back.
    """

    per_minute: int | None = None
    submits_only: bool = True
    in_flight: int | None = None
    retry_after: bool = False
    _times: deque[float] = field(default_factory=deque, repr=False)

    def admit(self, now: float, in_flight: int, *, submit: bool) -> float | None:
        """None where a request may pass, and it is counted; else the seconds to wait."""
        if submit and self.in_flight is not None and in_flight >= self.in_flight:
            return 1.0
        if self.per_minute is None or (self.submits_only and not submit):
            return None
        while self._times and self._times[0] <= now - 60:
            self._times.popleft()
        if len(self._times) >= self.per_minute:
            return math.ceil(self._times[0] + 60 - now)
        self._times.append(now)
        return None
