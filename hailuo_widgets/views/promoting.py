"""A draft's final as the front end shows it: the button with its price, its progress, and the clip when it is done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import HailuoError
from hailuo_widgets.markup import clean
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.store.draft import final_of, is_draft

if TYPE_CHECKING:
    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.store.library import Library


@dataclass(frozen=True, slots=True)
class FinalView:
    """A draft's final, planned, in progress or done.

    Attributes:
        offer: What the button says, with the price; `""` where there is nothing to buy.
        said: How it stands, and what it costs or has cost.
        problem: Why a draft can't be promoted, or what went wrong.
        clip: The final, None before it is there.
    """

    offer: str = ""
    said: str = ""
    problem: str = ""
    clip: Clip | None = None


def standing(draft: Clip, job: Job | None, library: Library) -> FinalView:
    """How a draft's final stands: by the job that makes it, or as the library knows. May read the draft's file."""
    if job is None:
        return planned(draft, library)
    view = started(job)
    if not job.done or view.clip is not None:
        return view
    return replace(view, offer=planned(draft, library).offer)


def planned(draft: Clip, library: Library) -> FinalView:
    """What promoting a clip would do; empty for one that is no draft. Reads the clip's file."""
    if not is_draft(draft):
        return FinalView()
    try:
        order = _order(draft)
        made = library.find(order.digest)
    except HailuoError as error:
        return refused(error)
    if made is not None:
        return FinalView(said="2K in the library", clip=made)
    return FinalView(offer=f"Promote to 2K · {order.price}")


def line_of(draft: Clip) -> str:
    """The line that makes a draft again in 2K, with its price; `""` for a clip that is no draft."""
    if not is_draft(draft):
        return ""
    try:
        price = _order(draft).price
    except HailuoError:
        return ""
    return f"%hailuo promote {draft.id}  # in 2K, {price}"


def started(job: Job) -> FinalView:
    """How far the final is that a job makes."""
    price = job.charged if job.charged is not None and job.charged.amount is not None else job.quote.price
    return FinalView(
        said=f"2K · {job.label} · {'no cost' if job.cached else price}",
        problem=_whole(job.error) if job.error is not None else "",
        clip=job.clip if job.state == "stored" else None,
    )


def refused(error: HailuoError) -> FinalView:
    """Why a draft can't be made again."""
    return FinalView(problem=_whole(error))


def final_message(view: FinalView) -> dict[str, Any]:
    """The same as the front end reads it (`Final` in `static/final_row.js`)."""
    texts = {"offer": view.offer, "said": view.said, "problem": view.problem}
    return {**{name: clean(text) for name, text in texts.items()}, "ready": view.clip is not None}


def _order(draft: Clip) -> Quote:
    return quote(final_of(draft, draft.path.parent.parent), draft.provider)


def _whole(error: HailuoError) -> str:
    return " ".join(filter(None, (error.message, error.hint)))
