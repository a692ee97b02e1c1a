"""The best drafts of a sweep, to be made again in 2K: planned, run, looked at beside their drafts."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hailuo_widgets.engine.job import Job, new_id
from hailuo_widgets.engine.job_group import JobGroup
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import UsageError
from hailuo_widgets.keys import require_key
from hailuo_widgets.spec.catalog import Price
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.store.clip import Clip
from hailuo_widgets.store.draft import final_of
from hailuo_widgets.sweeps import budgets
from hailuo_widgets.sweeps.plan import total

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.store.sidecar import MarksPart
    from hailuo_widgets.sweeps.host import Host

STARRED = "starred"
"""The tag of a clip with a star."""


@dataclass(frozen=True, slots=True)
class Final:
    """A draft and what becomes of it.

    Attributes:
        draft: The draft.
        quote: The request for its final, and the price.
        clip: The final, None before it is there.
        job: What makes it; None before it is run, and where the final was there already.
    """

    draft: Clip
    quote: Quote
    clip: Clip | None = None
    job: Job | None = None

    @property
    def said(self) -> str:
        """How it stands, and what it costs or has cost."""
        if self.job is None:
            return "In the library" if self.clip else f"{self.quote.price} · planned, not run"
        price = self.job.charged or self.quote.price
        error = f" · {self.job.error.message}" if self.job.error else ""
        return f"{self.job.label} · {price}{error}"


class Promotion:
    """Drafts that are to be made again in 2K. Nothing is sent before `run`. Thread-safe.

    Args:
        host: The kernel's session.
        drafts: Which clips, the best one first.
        group: The sweep's jobs, whose budget these count against; None for a group of their own.
        budget: What all finals may cost, where there is no group; None for no limit.
        name: Of the sweep.

    Raises:
        RefusedError: If one of them can't be promoted.
        UsageError: At a mistake in the budget.
    """

    def __init__(
        self,
        host: Host,
        drafts: Sequence[Clip],
        *,
        group: JobGroup | None = None,
        budget: str | float | Decimal | None = None,
        name: str = "",
    ) -> None:
        hint = "Write promote(top=2), or promote(fox.clips()[:2])."
        for each in drafts:
            if not isinstance(each, Clip):
                raise UsageError(f"{each!r:.60} is not a clip.", hint=hint)
        if not drafts:
            raise UsageError("There is no draft to promote.", hint=hint)
        self._host = host
        self._name = name
        self._orders = [(clip, quote(final_of(clip, clip.path.parent.parent), clip.provider)) for clip in drafts]
        currencies = {order.price.currency for _, order in self._orders if order.price.amount}
        self._group = group or JobGroup(name, budgets.budget(budget, currencies))
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    @property
    def finals(self) -> tuple[Final, ...]:
        """Every draft with its final, as far as that is there."""
        found = self._host.library().find_many((order.digest, 0) for _, order in self._orders)
        finals = []
        for draft, order in self._orders:
            job = self._jobs.get(order.digest)
            made = job.clip if job is not None and job.state is JobState.STORED else found.get((order.digest, 0))
            finals.append(Final(draft, order, made, job))
        return tuple(finals)

    @property
    def cost(self) -> str:
        """What the finals cost that are not there yet; a range counts with its upper end."""
        missing = [final.quote for final in self.finals if final.clip is None]
        price, unpublished = total(missing)
        parts = [str(Price(amount, currency)) for currency, amount in price.items()]
        parts += [f"{unpublished} of unknown price"] if unpublished else []
        return " + ".join(parts) or "nothing"

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs of what was bought, in the order of the drafts."""
        return tuple(self._jobs.values())

    def run(self, *, show: bool = True) -> Promotion:
        """Make the finals that are not there. Returns at once; run twice it buys nothing twice.

        Args:
            show: Whether a card appears for each.

        Raises:
            AuthenticationError: If a provider needs a key and none is set. Nothing was sent.
        """
        with self._lock:
            missing = [final for final in self.finals if final.clip is None]
            missing = [final for final in missing if final.job is None or final.job.done]
            for provider in dict.fromkeys(final.quote.row.provider for final in missing):
                require_key(provider, self._host.settings)
            mine = []
            for final in missing:
                job = self._host.under_way((final.quote.digest, 0))
                if job is None:
                    job = Job(new_id(self._host.clock.now()), final.quote, name=self._name, reason="Best of its sweep")
                    mine.append(job)
                self._jobs[final.quote.digest] = job
            self._host.launch(mine, self._group)
        if show:
            for final in missing:
                self._host.show(self._jobs[final.quote.digest])
        return self

    def result(self, timeout: float | None = None) -> list[Clip]:
        """Wait until every final has ended; those that are there. What failed raises nothing: `repr` says it.

        Args:
            timeout: Seconds to wait for each at most.

        Raises:
            UsageError: If it was not run and something is missing.
        """
        if any(final.clip is None and final.job is None for final in self.finals):
            raise UsageError("These finals haven't been started.", hint="Call `.run()`.")
        for job in self.jobs:
            job.wait(timeout)
        return [final.clip for final in self.finals if final.clip is not None]

    def __len__(self) -> int:
        return len(self._orders)

    def __repr__(self) -> str:
        lines = [f"<{len(self)} drafts to 2K · to pay: {self.cost}>"]
        lines += [f"  {final.draft.id} · {final.said}" for final in self.finals]
        return "\n".join(lines)


def best(clips: Sequence[Clip], marks: Mapping[str, MarksPart], top: int) -> list[Clip]:
    """The clips with the highest ratings, those with a star before those without.

    Args:
        clips: In any order; of equals the first ones are taken.
        marks: What people say of them, by clip.
        top: How many at most.

    Raises:
        UsageError: If `top` is not positive, or no clip has a rating or a star: nothing is bought by chance.
    """
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise UsageError(f"top is how many drafts to promote, 1 or more, not {top!r:.40}.")

    def worth(clip: Clip) -> tuple[int, bool]:
        said = marks.get(clip.id)
        return (0, False) if said is None else (said.rating or 0, STARRED in said.tags)

    judged = [clip for clip in clips if worth(clip) != (0, False)]
    if not judged:
        raise UsageError(
            "No clip of this sweep has a rating or a star, so there is no best one.",
            hint="Rate some in the grid (.explore()), or promote a clip that you choose: clip.promote().",
        )
    return sorted(judged, key=worth, reverse=True)[:top]
