"""A job under its cell: HTML from its first moment, with a live card in it while it runs, then a card that stays."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hailuo_widgets.views import draft_and_final, unattended
from hailuo_widgets.views.card import Status
from hailuo_widgets.views.describe import clip_view, order_of, order_of_clip, recipe_of, refused, status_of
from hailuo_widgets.views.front_end import FrontEnd
from hailuo_widgets.views.outputs import Output, publish
from hailuo_widgets.views.place import in_place, needs_view, new_place
from hailuo_widgets.views.static_card import open_html, plain_text, settled_html

if TYPE_CHECKING:
    from pathlib import Path

    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.loop import LoopThread
    from hailuo_widgets.engine.observers import Observers
    from hailuo_widgets.errors import HailuoError
    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.spec.request import VideoRequest
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.sweeps.promotion import Promotion
    from hailuo_widgets.views.card import Moved, Order
    from hailuo_widgets.views.job_card import JobCard

INTERVAL = 0.3
"""Seconds between two messages of one card: people need no more, and a server drops what exceeds 1,000 a second."""


def show(
    job: Job,
    folder: Path,
    loop: LoopThread,
    *,
    cancellable: bool,
    unattended_wait: float,
    measures: Observers[str],
) -> None:
    """Show a job under the cell that runs now.

    Args:
        job: Which one.
        folder: The notebook's folder, which the clip's address is relative to.
        loop: The thread that moves the job, and from here on the only one that writes to the card.
        cancellable: Whether its vendor can really cancel.
        unattended_wait: The most seconds that the cell waits for it where a program executes the notebook.
        measures: Told the id of each clip that is measured from now on: the card then says what was seen.
    """
    order = order_of(job.quote, job.name, job.reason, cancellable=cancellable)
    output = Output()
    settled = _Settled(job, order, output, folder)
    measures.add(lambda clip_id: loop.call(settled.hear_measured, clip_id))
    if job.done and output.front_end is not FrontEnd.VOILA:  # which serves no file beside the notebook
        output.show(_static(job, order, folder))
        return
    if not output.front_end.has_page:

        def now() -> dict[str, Any]:
            return _static(job, order, folder) if job.done else _open(job, order)

        unattended.show(job, output, now, unattended_wait)
        return
    place = new_place()
    follower = _Follower(job, order, settled, folder, loop)
    data = _open(job, order)
    if needs_view():
        bundle = follower.make_card(place)._repr_mimebundle_()
        output.show({**dict(bundle[0] if isinstance(bundle, tuple) else bundle or {}), **data})
    else:
        # The card follows from the loop's thread: the cell doesn't wait for the widgets' libraries to be loaded.
        output.show({**data, "text/html": in_place(place, data["text/html"])})
        loop.call(follower.make_card, place)
    loop.call(follower.start)


def show_clip(clip: Clip, folder: Path) -> None:
    """Show a clip of the library with its player; one that was made of a draft beside that."""
    order, status = order_of_clip(clip), Status("stored", task_id=clip.task_id)
    view = clip_view(clip, folder, cached=True)
    data = {"text/html": settled_html(order, status, view, None), "text/plain": plain_text(order, status, view)}
    publish(data)
    if clip.parent is not None:
        _publish_pairs([(clip.parent, clip, "")], folder)


def clip_html(clip: Clip, folder: Path, moved: Moved) -> str:
    """The card of a clip of the library, at the address that `moved` gives it."""
    view = moved(clip, clip_view(clip, folder, cached=True))
    return settled_html(order_of_clip(clip), Status("stored", task_id=clip.task_id), view, None)


def job_html(job: Job, folder: Path, moved: Moved) -> str:
    """The card of a job as it is now, its clip at the address that `moved` gives it."""
    order = order_of(job.quote, job.name, job.reason, cancellable=False)
    return _static(job, order, folder, moved)["text/html"]


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
    publish({"text/html": shown, "text/plain": draft_and_final.plain_text(pairs)})


def show_refusal(request: VideoRequest, provider: str, reason: str, error: HailuoError) -> None:
    """Show why a request was refused here."""
    order, status = refused(request, provider, reason, error)
    data = {"text/html": settled_html(order, status, None, None), "text/plain": plain_text(order, status, None)}
    publish(data)
    error.shown = True


def show_quote(quote: Quote) -> None:
    """Show what would be sent."""
    order = order_of(quote, "", "", cancellable=False)
    status = Status("planned", charged="nothing was sent, nothing was charged")
    recipe = recipe_of(quote)
    data = {"text/html": settled_html(order, status, None, recipe), "text/plain": repr(quote)}
    publish(data)


class _Settled:
    """The card that stays, shown again when its clip has been measured. Lives on the loop's thread.

    Attributes:
        card: The live card, where there is one.
    """

    def __init__(self, job: Job, order: Order, output: Output, folder: Path) -> None:
        self.card: JobCard | None = None
        self._job, self._order, self._output, self._folder = job, order, output, folder
        self._one_at_a_time = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def show(self) -> None:
        if self._output.front_end.shows_updates:
            async with self._one_at_a_time:
                self._output.replace(await asyncio.to_thread(_static, self._job, self._order, self._folder))

    def hear_measured(self, clip_id: str) -> None:
        if self._job.state == "stored" and self._job.clip.id == clip_id:
            task = asyncio.ensure_future(self._show_measured())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _show_measured(self) -> None:
        await self.show()
        if self.card is not None and self.card.comm is not None:  # it stays where nothing replaced it
            view = await asyncio.to_thread(clip_view, self._job.clip, self._folder, cached=self._job.cached)
            self.card.send_facts(view)


class _Follower:
    """Carries a job's changes to its card, at most one an interval, the last always. Lives on the loop's thread."""

    _card: JobCard

    def __init__(self, job: Job, order: Order, static: _Settled, folder: Path, loop: LoopThread) -> None:
        self._job = job
        self._order = order
        self._static = static
        self._folder = folder
        self._loop = loop
        self._waiting: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._settled = False

    def make_card(self, place: str) -> JobCard:
        """The live card; comes before everything else, on any thread."""
        from hailuo_widgets.views.job_card import JobCard

        self._card = JobCard.of(self._order, status_of(self._job), place)
        self._card.on_cancel(self._job.cancel)
        self._card.on_ask(lambda what: self._loop.call(self.hear, what))
        self._static.card = self._card
        return self._card

    def start(self) -> None:
        self._job.observe(self._changed)
        self._changed(self._job)  # it may have moved, or even ended, before it was observed

    def hear(self, what: str) -> None:
        """Do what the card asks for: the clip, where the card stays; nothing more, where HTML has replaced it."""
        if what == "clip" and self._job.done:
            self._do(self._send_clip())
        elif what == "replaced" and self._settled:
            self._card.close()

    def _changed(self, job: Job) -> None:
        if job.done:
            if self._waiting is not None:
                self._waiting.cancel()
            if not self._settled:
                self._settled = True
                self._do(self._settle())
        elif self._waiting is None:
            self._waiting = asyncio.get_running_loop().call_later(INTERVAL, self._send)

    def _send(self) -> None:
        self._waiting = None
        if not self._job.done:
            self._card.show(self._order, status_of(self._job))

    def _do(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle(self) -> None:
        """The card that stays; where its place is still there after that, the live card shows the clip itself."""
        await self._static.show()
        if needs_view():
            self._card.close()
        else:
            self._card.show(self._order, status_of(self._job))

    async def _send_clip(self) -> None:
        if self._job.state != "stored":
            return
        view = await asyncio.to_thread(clip_view, self._job.clip, self._folder, cached=self._job.cached)
        try:
            data = await asyncio.to_thread(self._job.clip.path.read_bytes)
        except OSError as error:
            self._card.send_missing(f"“{view.file}” can't be read: {error.strerror}.")
            return
        self._card.send_clip(view, data)


def _open(job: Job, order: Order) -> dict[str, Any]:
    """The job as it is now, for where nothing replaces that."""
    status = status_of(job)
    return {
        "text/html": open_html(order, status, f"%hailuo show {job.name or job.id}"),
        "text/plain": plain_text(order, status, None),
    }


def _static(job: Job, order: Order, folder: Path, moved: Moved | None = None) -> dict[str, str]:
    status = status_of(job)
    recipe = recipe_of(job.quote, job)
    clip = None
    if job.state == "stored":
        from hailuo_widgets.views.promoting import line_of

        clip = clip_view(job.clip, folder, cached=job.cached)
        clip = moved(job.clip, clip) if moved else clip
        recipe = replace(recipe, promote=line_of(job.clip))
    return {
        "text/html": settled_html(order, status, clip, recipe),
        "text/plain": plain_text(order, status, clip),
    }
