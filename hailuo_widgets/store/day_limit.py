"""A budget by day, as the journal is asked to keep it: several kernels share one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from decimal import Decimal


class DayLimit(NamedTuple):
    """What may be bought in a day, and what one more request takes of it.

    Attributes:
        since: When the day began, in seconds since the epoch.
        currency: ISO 4217, or `"clips"`.
        amount: The most that may be bought in the day.
        cost: What the request takes of it.
    """

    since: float
    currency: str
    amount: Decimal
    cost: Decimal


class DayLimitError(Exception):
    """A day's budget can't pay a request. Nothing was written.

    Attributes:
        left: What is left of it.
    """

    def __init__(self, left: Decimal) -> None:
        super().__init__(left)
        self.left = left
