"""What a card shows of a job."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote as percent

from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import Charged, HailuoError, Problem, RefusedError, VendorError
from hailuo_widgets.keys import EMBEDDED
from hailuo_widgets.views.card import ClipView, Order, Recipe, Status
from hailuo_widgets.views.wording import shown_state

if TYPE_CHECKING:
    from pathlib import Path

    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.spec.request import VideoRequest
    from hailuo_widgets.store.clip import Clip

_CHARGED = {
    Charged.NO: "nothing was charged",
    Charged.YES: "it was charged",
    Charged.UNKNOWN: "it may have been charged",
}


def order_of(quote: Quote, name: str, reason: str, *, cancellable: bool) -> Order:
    """What was requested."""
    row = quote.row
    return Order(
        name=name,
        prompt=quote.written.prompt,
        provider=row.provider,
        provider_reason=reason,
        model=row.model,
        mode=row.mode.value,
        spec=spec_of(quote),
        price=str(quote.price),
        sketch=row.provider == EMBEDDED,
        warnings=(*quote.warnings, *quote.notes),
        cancel="Cancel" if cancellable else "Stop watching",
    )


def order_of_clip(clip: Clip) -> Order:
    """What was requested, as the library remembers it."""
    figures = (f"{clip.parameters['duration']} s" if clip.parameters.get("duration") else "",)
    return Order(
        name="",
        prompt=clip.prompt,
        provider=clip.provider,
        provider_reason="",
        model=clip.model,
        mode="",
        spec=" · ".join(filter(None, (*figures, str(clip.parameters.get("resolution") or "")))),
        price="",
        sketch=clip.provider == EMBEDDED,
    )


def refused(request: VideoRequest, provider: str, reason: str, error: HailuoError) -> tuple[Order, Status]:
    """What a card shows of a request that was refused here."""
    figures = (f"{request.duration} s" if request.duration else "", request.resolution or "")
    order = Order(
        name="",
        prompt=request.prompt,
        provider=provider,
        provider_reason=reason,
        model=request.model or "",
        mode=request.mode.value,
        spec=" · ".join(figure for figure in figures if figure),
        price="",
        sketch=False,
    )
    first, *others = (
        error.problems if isinstance(error, RefusedError) else (Problem("", error.message, (), error.hint),)
    )
    hint = "\n".join(filter(None, [str(Problem("", "", first.allowed, first.hint)).strip(), *map(str, others)]))
    return order, Status("refused", error=first.message, hint=hint, charged="nothing was sent, nothing was charged")


def spec_of(quote: Quote) -> str:
    """Duration and resolution as a card shows them."""
    request = quote.request
    parts = [f"{request.duration} s" if request.duration else "", request.resolution or "", request.ratio or ""]
    return " · ".join(part for part in parts if part)


def status_of(job: Job) -> Status:
    """How far it has come."""
    error = job.error
    return Status(
        state=shown_state(job),
        task_id=job.task_id or "",
        progress=job.progress,
        elapsed=job.elapsed,
        expected=_expected(job),
        note=job.note,
        error=error.message if error else "",
        hint=error.hint if error else "",
        charged=_charged(job),
    )


def _expected(job: Job) -> float | None:
    """Seconds that it takes in all: what it has waited for its turn, and what the vendor usually takes."""
    if job.expected is None or job.started is None:
        return None
    return job.elapsed - job.worked + job.expected


def clip_view(clip: Clip, folder: Path, *, cached: bool) -> ClipView:
    """The stored clip, with its address relative to the notebook's folder."""
    try:
        poster = clip.poster()
    except (OSError, HailuoError):  # the clip is still worth showing, and its player
        poster = b""
    relative = os.path.relpath(clip.path, folder).replace(os.sep, "/")
    return ClipView(
        src=percent(relative),
        file=relative,
        poster=poster,
        width=clip.width,
        height=clip.height,
        fps=clip.fps,
        duration=clip.duration,
        size=clip.size,
        sha256=clip.sha256,
        cached=cached,
        measured=_measured(clip),
    )


def _measured(clip: Clip) -> str:
    """What is known of its camera; a card is drawn without it where the library can't tell."""
    with suppress(HailuoError):
        if (known := clip.known_measures) is not None:
            from hailuo_widgets.measure.stored import steps_of
            from hailuo_widgets.views.measured_badge import badge_text

            return badge_text(steps_of(clip.prompt), known)
    return ""


def recipe_of(quote: Quote, job: Job | None = None) -> Recipe:
    """How to reproduce a clip, or to make it if there is no job yet."""
    from hailuo_widgets.views.code import cell_of  # a new job's card has no recipe yet

    written, sent = quote.written, quote.request
    replicate = (("replicate", str(job.replicate)),) if job else ()
    return Recipe(
        cell=cell_of(quote, job.name if job else ""),
        parameters=(
            ("provider", quote.row.provider),
            *parameters_of(quote),
            *replicate,
            ("digest", quote.digest),
        ),
        prompt_sent=sent.prompt if sent.prompt != written.prompt else "",
        created=_created(job),
    )


def _created(job: Job | None) -> str:
    """When the clip was stored, or the job was created where there is no clip."""
    if job is None:
        return ""
    at = job.clip.created if job.state is JobState.STORED and job.prompt is None else job.created
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def parameters_of(quote: Quote) -> list[tuple[str, str]]:
    """Every parameter but the prompt, with its effective value."""
    return [(name, _shown(value)) for name, value in quote.request.canonical().items() if name != "prompt"]


def _charged(job: Job) -> str:
    if job.cached:
        return "from the library, nothing was charged"
    if isinstance(job.error, VendorError):
        return _CHARGED[job.error.charged]
    if job.state in (JobState.REFUSED, JobState.CANCELLED) and job.task_id is None:
        return "nothing was sent, nothing was charged"
    return ""


def _shown(value: object) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else str(value)
