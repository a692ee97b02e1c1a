"""How long refused questions about a task are put up with: by time, never by their number.

One refused question says little: a replica lags behind, a gateway is being restarted, a key is being changed. So a task
that may have been paid for is given up only when nothing but refusals has come for long enough.
"""

from __future__ import annotations

from hailuo_widgets.errors import NotFoundError, VendorError

REFUSED_SECONDS = 600.0
"""Seconds for which a vendor may go on refusing questions (a key, a balance)."""

RETENTION_SECONDS = 86_400.0
"""Seconds for which a vendor is taken to remember a task, where it publishes nothing. Ours."""

LONGEST_PAUSE = 300.0
"""Seconds between two questions that are refused."""


class Patience:
    """With one task.

    Args:
        refused: Seconds for which refusals are put up with.
        retention: Seconds after its begin for which the vendor must know the task; until then, “no such task” is
            taken for a mistake. 0 for as long as `refused`.
    """

    def __init__(self, refused: float = REFUSED_SECONDS, retention: float = 0.0) -> None:
        self._refused = refused
        self._retention = retention
        self._since: float | None = None

    def answered(self) -> None:
        """A question was answered, or failed in a way that says nothing about the task."""
        self._since = None

    def ends(self, error: VendorError, now: float, began: float) -> bool:
        """Whether a refused question was one too many.

        Args:
            error: The refusal.
            now: Seconds, on whatever clock.
            began: When the task began, on the same clock.
        """
        if self._since is None:
            self._since = now
        lasted = now - self._since >= self._refused
        return lasted and (not isinstance(error, NotFoundError) or now - began >= self._retention)

    def pause(self, now: float) -> float:
        """Seconds until it is worth asking again: a fifth of how long the refusals have lasted."""
        return 0.0 if self._since is None else min((now - self._since) / 5, LONGEST_PAUSE)
