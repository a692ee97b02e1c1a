"""A prompt that the vendor rewrites (H3-Context-IR): waits like a job, and ends with text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import HailuoError, TimedOutError
from hailuo_widgets.markup import clean
from hailuo_widgets.spec.catalog import Price

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from hailuo_widgets.engine.job import Job


class Rewriting:
    """A prompt and its rewritten form. Thread-safe, awaitable; the work is an ordinary job.

    Args:
        job: What asks for it, or has asked.

    Attributes:
        before: The prompt as it was written.
        job: Its job: state, task, `charged`, `cancel()`.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.before = job.quote.written.prompt

    @property
    def done(self) -> bool:
        """Whether it has ended, successfully or not."""
        return self.job.done

    @property
    def prompt(self) -> str:
        """The rewritten prompt.

        Raises:
            HailuoError: If it is not there, or ended without one; says why.
        """
        if self.job.prompt is not None:
            return self.job.prompt
        if self.job.error is not None:
            raise self.job.error.with_traceback(None)
        raise HailuoError(f"There is no rewritten prompt. State: {self.job.label}.", hint="Wait for it with .result().")

    @property
    def price(self) -> str:
        """The charge, once the vendor has reported it; before that, the rates."""
        if self.job.cached:
            return "from the library, at no cost"
        if self.job.charged is not None and self.job.charged.amount is not None:
            return str(self.job.charged)
        rates, currency = self.job.quote.row.token_prices, self.job.quote.row.currency
        if not rates:
            return str(self.job.quote.price)
        read, written = (str(Price(rates[name], currency)) for name in ("input", "output"))
        return f"{read} a million tokens in, {written} a million out"

    def result(self, timeout: float | None = None) -> str:
        """Wait for the rewritten prompt. An interrupt stops the wait, not the job.

        Args:
            timeout: Seconds to wait at most.

        Raises:
            TimedOutError: After `timeout`; the job continues.
            HailuoError: If it ended without a prompt; says why.
        """
        if not self.job.wait(timeout):
            raise TimedOutError(
                f"There is no rewritten prompt after {timeout:g} s. State: {self.job.label}.",
                hint="The job continues; wait again with .result().",
                task_id=self.job.task_id,
            )
        return self.prompt

    def __await__(self) -> Generator[Any, None, str]:
        return self._wait().__await__()

    async def _wait(self) -> str:
        await self.job.ended_well_or_not()
        return self.prompt

    def __repr__(self) -> str:
        words = f"\n{clean(self.job.prompt)}" if self.job.state is JobState.STORED and self.job.prompt else ""
        return f"<rewritten prompt · {self.job.label} · {self.price}>{words}"
