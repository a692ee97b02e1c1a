"""A job under its cell: a live card while it runs, static HTML once it has ended, so that what was seen stays seen."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hailuo_widgets.views import draft_and_final
from hailuo_widgets.views.card import Status
from hailuo_widgets.views.describe import clip_view, order_of, order_of_clip, recipe_of, refused, status_of
from hailuo_widgets.views.outputs import publish, settle
from hailuo_widgets.views.promoting import line_of
from hailuo_widgets.views.static_card import plain_text, settled_html

if TYPE_CHECKING:
    from pathlib import Path

    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.loop import LoopThread
    from hailuo_widgets.errors import HailuoError
    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.spec.request import VideoRequest
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.sweeps.promotion import Promotion
    from hailuo_widgets.views.card import Order

INTERVAL = 0.3
"""Seconds between two messages of one card: people need no more, and a server drops what exceeds 1,000 a second."""


def show(job: Job, folder: Path, loop: LoopThread, *, cancellable: bool) -> None:
    """Show a job under the cell that runs now.

    Args:
        job: Which one.
        folder: The notebook's folder, which the clip's address is relative to.
        loop: The thread that moves the job, and from here on the only one that writes to the card.
        cancellable: Whether its vendor can really cancel.
    """
    order = order_of(job.quote, job.name, job.reason, cancellable=cancellable)
    display_id = secrets.token_hex(16)
    if job.done:
        publish(_static(job, order, folder), display_id)
        return
    from hailuo_widgets.views.job_card import JobCard

    card = JobCard.of(order, status_of(job))
    card.on_cancel(job.cancel)
    bundle = card._repr_mimebundle_()
    data: dict[str, Any] = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
    data["text/plain"] = repr(job)
    publish(data, display_id)
    loop.call(_Follower(job, order, card, display_id, folder).start)


def show_clip(clip: Clip, folder: Path) -> None:
    """Show a clip of the library with its player; one that was made of a draft beside that."""
    order, status = order_of_clip(clip), Status("stored", task_id=clip.task_id)
    view = clip_view(clip, folder, cached=True)
    data = {"text/html": settled_html(order, status, view, None), "text/plain": plain_text(order, status, view)}
    publish(data, secrets.token_hex(16))
    if clip.parent is not None:
        _publish_pairs([(clip.parent, clip, "")], folder)


def show_finals(promotion: Promotion, folder: Path) -> None:
    """Show drafts with their finals, as far as those are there."""
    _publish_pairs([(final.draft, final.clip, final.said) for final in promotion.finals], folder)


def _publish_pairs(clips: list[tuple[Clip, Clip | None, str]], folder: Path) -> None:
    pairs = [
        (
            clip_view(draft, folder, cached=True),
            None if final is None else clip_view(final, folder, cached=True),
            said,
        )
        for draft, final, said in clips
    ]
    shown = draft_and_final.html(pairs, [draft.prompt for draft, *_ in clips])
    publish({"text/html": shown, "text/plain": draft_and_final.plain_text(pairs)}, secrets.token_hex(16))


def show_refusal(request: VideoRequest, provider: str, reason: str, error: HailuoError) -> None:
    """Show why a request was refused here."""
    order, status = refused(request, provider, reason, error)
    data = {"text/html": settled_html(order, status, None, None), "text/plain": plain_text(order, status, None)}
    publish(data, secrets.token_hex(16))
    error.shown = True


def show_quote(quote: Quote) -> None:
    """Show what would be sent."""
    order = order_of(quote, "", "", cancellable=False)
    status = Status("planned", charged="nothing was sent, nothing was charged")
    recipe = recipe_of(quote)
    data = {"text/html": settled_html(order, status, None, recipe), "text/plain": repr(quote)}
    publish(data, secrets.token_hex(16))


class _Follower:
    """Carries a job's changes to its card, at most one an interval, the last always. Lives on the loop's thread."""

    def __init__(self, job: Job, order: Order, card: Any, display_id: str, folder: Path) -> None:
        self._job = job
        self._order = order
        self._card = card
        self._display_id = display_id
        self._folder = folder
        self._waiting: asyncio.TimerHandle | None = None
        self._settling: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._job.observe(self._changed)
        self._changed(self._job)  # it may have moved, or even ended, before it was observed

    def _changed(self, job: Job) -> None:
        loop = asyncio.get_running_loop()
        if job.done:
            if self._settling is None:
                if self._waiting is not None:
                    self._waiting.cancel()
                self._settling = loop.create_task(self._settle())
        elif self._waiting is None:
            self._waiting = loop.call_later(INTERVAL, self._send)

    def _send(self) -> None:
        self._waiting = None
        if not self._job.done:
            self._card.show(self._order, status_of(self._job))

    async def _settle(self) -> None:
        bundle = await asyncio.to_thread(_static, self._job, self._order, self._folder)
        settle(bundle, self._display_id)
        self._card.close()


def _static(job: Job, order: Order, folder: Path) -> dict[str, str]:
    status = status_of(job)
    recipe = recipe_of(job.quote, job)
    clip = None
    if job.state == "stored":
        clip = clip_view(job.clip, folder, cached=job.cached)
        recipe = replace(recipe, promote=line_of(job.clip))
    return {
        "text/html": settled_html(order, status, clip, recipe),
        "text/plain": plain_text(order, status, clip),
    }
