"""A budget: the most that a group of jobs may cost, however many of them run at once."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import TYPE_CHECKING

from hailuo_widgets.clock import midnight
from hailuo_widgets.spec.catalog import CLIPS
from hailuo_widgets.store.day_limit import DayLimit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hailuo_widgets.spec.catalog import Price


class Budget:
    """An amount that is never exceeded: `spent + reserved <= amount` at every moment. Thread-safe.

    Money is set aside before a request is sent and settled when its job has ended.

    Args:
        amount: The most that may be spent.
        currency: ISO 4217, or `"clips"` for a number of clips, whatever they cost.
        by_day: The most that may be spent in a day, by all kernels that use the library; None for no such limit.

    Raises:
        ValueError: If the amount is negative or no number.
    """

    def __init__(self, amount: Decimal, currency: str, by_day: Decimal | None = None) -> None:
        if not amount.is_finite() or amount < 0:
            raise ValueError(f"A budget is an amount of money, not {amount}.")
        self.amount = amount
        self.currency = currency
        self.by_day = by_day
        self._lock = threading.Lock()
        self._reserved: dict[str, Decimal] = {}
        self._spent = Decimal(0)

    def cost_of(self, price: Price) -> Decimal | None:
        """What a clip of that price takes of it; None where no price is published. What is free takes nothing."""
        return Decimal(price.amount != 0) if self.currency == CLIPS else price.amount

    def day(self, price: Price, at: float) -> DayLimit | None:
        """What the journal holds a request to, right before it is sent: other kernels may have bought meanwhile.

        Args:
            price: The request's.
            at: Now, in seconds since the epoch.

        Returns:
            None where the budget isn't by day, or the request takes nothing of it.
        """
        cost = self.cost_of(price)
        return DayLimit(midnight(at), self.currency, self.by_day, cost) if self.by_day is not None and cost else None

    def reserve(self, job_id: str, price: Decimal) -> bool:
        """Reserve a price.

        Args:
            job_id: Whose it is; what is set aside for it already stays as it is.
            price: In the budget's currency.

        Returns:
            Whether there was enough left.
        """
        with self._lock:
            if job_id in self._reserved:
                return True
            if self._spent + sum(self._reserved.values()) + price > self.amount:
                return False
            self._reserved[job_id] = price
            return True

    def settle(self, job_id: str, charged: bool | None, amount: Decimal | None = None) -> None:
        """Settle the money that was reserved for a job.

        Args:
            job_id: Whose; a job without a reservation changes nothing.
            charged: Whether the vendor took it; None where it is unknown, which counts as taken.
            amount: What the vendor charged by its own word; None for what was set aside.
        """
        with self._lock:
            price = self._reserved.pop(job_id, None)
            if price is not None and charged is not False:
                self._spent += price if amount is None or self.currency == CLIPS else amount

    @property
    def spent(self) -> Decimal:
        """What was charged, and what may have been."""
        return self._spent

    @property
    def reserved(self) -> Decimal:
        """The amount reserved for jobs that have not ended."""
        with self._lock:
            return sum(self._reserved.values(), Decimal(0))

    @property
    def left(self) -> Decimal:
        """The amount that can still be reserved."""
        with self._lock:
            return self.amount - self._spent - sum(self._reserved.values(), Decimal(0))

    def still_for(self, job_ids: Iterable[str]) -> Decimal:
        """The amount that these jobs can take at most: what is left, and what is reserved for them."""
        with self._lock:
            others = sum(self._reserved.values()) - sum(self._reserved.get(each, Decimal(0)) for each in job_ids)
            return max(Decimal(0), self.amount - self._spent - others)

    def __repr__(self) -> str:
        return f"<{self.spent} {self.currency} spent, {self.reserved} reserved, {self.left} left of {self.amount}>"
