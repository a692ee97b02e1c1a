"""Jobs that belong together: they share a budget, can be paused, and stop after repeated failures."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import TYPE_CHECKING

from hailuo_widgets.engine.observers import Observers
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import AuthenticationError, HailuoError, RefusedError, VendorError
from hailuo_widgets.spec.catalog import CLIPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hailuo_widgets.engine.budget import Budget
    from hailuo_widgets.engine.job import Job

FAILURES_IN_A_ROW = 10
"""After so many of the same kind from one provider, a group sends it nothing more until a person says so."""

_FAILED = (JobState.REFUSED, JobState.FAILED, JobState.UNCERTAIN, JobState.ABANDONED)


class JobGroup:
    """Jobs that belong together: a sweep, or one job alone. Thread-safe.

    A provider that refuses the key refuses it for every job, so its remaining jobs end without being sent. Ten failures
    of the same kind in a row halt a provider: its remaining jobs wait until a person continues or cancels them.

    Args:
        name: For people.
        budget: What all of them together may cost.

    Attributes:
        halted: Provider → why nothing more is sent to it. A new dict with every change.
    """

    def __init__(self, name: str = "", budget: Budget | None = None) -> None:
        self.name = name
        self.budget = budget
        self.halted: dict[str, str] = {}
        self._paused = False
        self._in_a_row: dict[str, tuple[str, int]] = {}
        self._no_key: dict[str, AuthenticationError] = {}
        self._observers: Observers[JobGroup] = Observers()
        self._lock = threading.Lock()

    @property
    def paused(self) -> bool:
        """Whether nothing new is sent. Jobs in progress continue."""
        return self._paused

    def pause(self) -> None:
        """Send nothing new until `go_on`."""
        self._paused = True
        self._observers.tell(self)

    def go_on(self) -> None:
        """Send again, to providers that were halted too."""
        with self._lock:
            self._paused = False
            self.halted, self._in_a_row, self._no_key = {}, {}, {}
        self._observers.tell(self)

    def lift(self, provider: str) -> None:
        """Send to a halted provider again."""
        with self._lock:
            self.halted = {name: why for name, why in self.halted.items() if name != provider}
            self._in_a_row.pop(provider, None)
            self._no_key.pop(provider, None)
        self._observers.tell(self)

    def begin(self, providers: Iterable[str]) -> None:
        """More jobs of these providers begin: a key that was refused may have been replaced."""
        with self._lock:
            for provider in providers:
                self._no_key.pop(provider, None)

    def key_refused(self, provider: str, error: AuthenticationError) -> None:
        """A provider has refused the key: its remaining jobs end without being sent."""
        with self._lock:
            self._no_key.setdefault(provider, error)

    def refusal(self, provider: str) -> AuthenticationError | None:
        """What the next job of a provider ends with, because the key was refused; None where it was not."""
        error = self._no_key.get(provider)
        if error is None:
            return None
        return AuthenticationError(
            f"Not sent: {provider} refused the key. {error.message}",
            hint=error.hint,
            provider=provider,
            code=error.code,
            vendor_message=error.vendor_message,
        )

    def ended(self, job: Job) -> None:
        """Take note of how a job ended; ten failures of the same kind in a row halt its provider."""
        provider, error = job.quote.row.provider, job.error
        with self._lock:
            if job.state is JobState.STORED and not job.cached:
                self._in_a_row.pop(provider, None)
            # What the user stopped, and what this side turned down, says nothing of the provider.
            if job.state not in _FAILED or error is None or isinstance(error, RefusedError):
                return
            if isinstance(error, AuthenticationError) and job.state is JobState.REFUSED:
                return  # that ends the others as well
            kind = _kind(error)
            last, count = self._in_a_row.get(provider, ("", 0))
            count = count + 1 if kind == last else 1
            self._in_a_row[provider] = (kind, count)
            if count < FAILURES_IN_A_ROW or provider in self.halted:
                return
            self.halted = {**self.halted, provider: f"{count} in a row failed the same way: {error.message}"}
        self._observers.tell(self)

    def still_takes(self, jobs: Iterable[Job], currency: str) -> Decimal:
        """What those of its jobs that are planned will cost at most, in a currency or in clips."""
        waiting = [job for job in jobs if job.state is JobState.PLANNED]
        if currency == CLIPS:
            wanted = Decimal(sum(job.quote.price.amount != 0 and not job.quote.request.rewrite for job in waiting))
        else:
            prices = (job.quote.price for job in waiting)
            wanted = sum((price.amount or Decimal(0) for price in prices if price.currency == currency), Decimal(0))
        if self.budget is None or self.budget.currency != currency:
            return wanted
        return min(wanted, self.budget.still_for(job.id for job in waiting))

    def observe(self, callback: Callable[[JobGroup], None]) -> Callable[[], None]:
        """Call back after every pause, halt and end of either, on the thread where it happened.

        Returns:
            A function that ends it.
        """
        return self._observers.add(callback)

    def __repr__(self) -> str:
        parts = [self.name or "a group", "paused" if self._paused else ""]
        parts += [f"{provider} halted: {why}" for provider, why in self.halted.items()]
        return f"<{' · '.join(filter(None, parts))}>"


def _kind(error: HailuoError) -> str:
    return error.kind if isinstance(error, VendorError) else type(error).__name__
