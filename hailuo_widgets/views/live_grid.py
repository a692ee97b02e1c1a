"""A sweep under its cell: a live grid while it is planned, runs and is looked at; then static HTML that stays."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict, deque
from contextlib import suppress
from dataclasses import replace
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

from hailuo_widgets.engine import forecast
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import HailuoError, TimedOutError
from hailuo_widgets.measure.kept import kept
from hailuo_widgets.store.clip import Clip
from hailuo_widgets.views import unattended
from hailuo_widgets.views.describe import clip_view
from hailuo_widgets.views.describe_sweep import STARRED, detail_of, grid_of, head_of, places_of, take_of
from hailuo_widgets.views.outputs import Output, publish
from hailuo_widgets.views.place import needs_view
from hailuo_widgets.views.promoting import refused, standing
from hailuo_widgets.views.static_grid import fitting, grid_html, grid_text
from hailuo_widgets.views.studio_beside import StudioBeside
from hailuo_widgets.views.throttle import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator

    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.loop import LoopThread
    from hailuo_widgets.measure.record import Measured
    from hailuo_widgets.store.sidecar import MarksPart
    from hailuo_widgets.sweeps.host import Host
    from hailuo_widgets.sweeps.sweep import Sweep
    from hailuo_widgets.views.card import ClipView, Moved
    from hailuo_widgets.views.grid_view import Action, GridItem, GridView, HeadView, Place
    from hailuo_widgets.views.sweep_grid import Ask, SweepGrid

_log = logging.getLogger(__name__)

KEPT_EVERY = 20.0
"""Seconds between two versions of what stays in the notebook, while there is something new."""

PAUSE = 0.004
"""Seconds between two clips of such a version."""

JUDGED = 2.0
"""The same after the end, when clips are only rated and noted, and before the first clip, when it costs very little."""

HOLD = 60.0
"""Where a live view would be saved as such: seconds without a touch after the end until the table takes its place."""

FORECAST_EVERY = 2.0
"""Seconds between two estimates of the time that is left."""

POSTERS_AT_ONCE = 24
FRAMES = 8
FRAME_WIDTH = 240
"""Of a contact sheet: how many pictures there are and how wide each is, in pixels."""


def show(sweep: Sweep, host: Host, loop: LoopThread, *, live: bool = False) -> None:
    """Show a sweep under the cell that runs now.

    Args:
        sweep: Which one.
        host: The kernel's session.
        loop: The thread that moves the jobs, and from here on the only one that writes to the grid.
        live: Whether it is the live grid also where everything has ended and a view of it can't be saved.
    """
    output = Output()
    marks, measured = _marks(host, sweep.clips()), _known(host, sweep.clips())
    view = grid_of(sweep, marks, head_of(sweep, None), measured)
    if not output.front_end.has_page:
        work = _Work(sweep)

        def now() -> dict[str, Any]:
            return _static(sweep, host, grid_of(sweep, marks, head_of(sweep, None), measured))

        unattended.show(work, output, now, host.settings.unattended_wait)
        return
    if needs_view() and sweep.done and not live:
        publish(_static(sweep, host, view))
        return
    from hailuo_widgets.views.sweep_grid import SweepGrid

    grid = SweepGrid(view)
    follower = _Follower(sweep, host, grid, output, marks=marks, measured=measured)
    grid.on_ask(partial(follower.heard, loop))
    if needs_view():
        bundle = grid._repr_mimebundle_()
        data: dict[str, Any] = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        output.show({**data, **_in_words(view)})
    else:
        grid.publish(grid.as_html(""), "")
        # What is read where there is no kernel: the cells in words, until there are clips to show.
        kept = _static(sweep, host, view) if sweep.done else _in_words(view)
        output.show(_beside(grid, kept))
    loop.call(partial(follower.start, loop, wanted=live))


def show_in(place: str, sweep: Sweep, host: Host, loop: LoopThread) -> Callable[[], None]:
    """Show a sweep live in an element of another view. Nothing of it is saved with the notebook.

    Args:
        place: The class of the element.
        sweep: Which one.
        host: The kernel's session.
        loop: The thread that moves the jobs.

    Returns:
        Takes the grid away.
    """
    from hailuo_widgets.views.sweep_grid import SweepGrid

    marks, measured = _marks(host, sweep.clips()), _known(host, sweep.clips())
    grid = SweepGrid(grid_of(sweep, marks, head_of(sweep, None), measured), place=place)
    follower = _Follower(sweep, host, grid, None, marks=marks, measured=measured)
    grid.on_ask(partial(follower.heard, loop))
    loop.call(partial(follower.start, loop, wanted=True))
    return lambda: loop.call(follower.close)


class _Work:
    """A sweep, as something that a cell can wait for."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep

    @property
    def done(self) -> bool:
        """Whether it has ended, or waits for a person who would run it."""
        return self._sweep.done or not self._sweep.started

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended."""
        with suppress(TimedOutError):
            if not self.done:
                self._sweep.result(timeout)
        return self.done


class _Follower:
    """Carries a sweep's changes to its grid and answers what is asked there. Lives on the loop's thread."""

    def __init__(
        self,
        sweep: Sweep,
        host: Host,
        grid: SweepGrid,
        output: Output | None,
        *,
        marks: dict[str, MarksPart],
        measured: dict[str, Measured],
    ) -> None:
        self._sweep = sweep
        self._host = host
        self._grid = grid
        self._output = output
        self._marks = marks
        self._measured = measured
        self._just_measured: set[str] = set()
        self._places = places_of(sweep)
        self._pace = Pace(self._send_changes, self._send_posters, self._send_next)
        self._changed: set[Place] = set()
        self._sent: dict[Place, GridItem] = {}
        self._head: HeadView | None = None
        self._message = ""
        self._acted = False
        self._left: tuple[float, float | None] = (-FORECAST_EVERY, None)
        self._wanted: set[Place] = set()
        self._posters: dict[Place, bytes] = {}
        self._queue: deque[Callable[[], None]] = deque()
        self._watched: set[Job] = set()
        self._studio = StudioBeside()
        self._finals: dict[str, Job] = {}
        self._forget: list[Callable[[], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._working = asyncio.Lock()
        self._touched: float | None = None
        self._keeping: asyncio.TimerHandle | None = None
        self._kept_at = -KEPT_EVERY
        self._kept_pictures = False
        self._kept_the_end = False
        self._closed = False

    def start(self, loop: LoopThread, *, wanted: bool) -> None:
        if wanted:  # by a person, whose browser will ask in a moment
            self._touched = asyncio.get_running_loop().time()
        self._forget.append(self._sweep.observe(lambda _: loop.call(self._sweep_changed)))
        self._forget.append(self._sweep.observe_measured(lambda news: loop.call(partial(self._clip_measured, *news))))
        self._sweep_changed()  # it may have moved, or even ended, before it was observed

    # --- news -------------------------------------------------------------------------------------------------------

    def _sweep_changed(self) -> None:
        """Planned, started, paused, ended: anything may be different."""
        if self._closed:
            return
        for job in self._sweep.jobs:
            if job not in self._watched:
                self._watched.add(job)
                self._forget.append(job.observe(self._job_changed))
        for places in self._places.values():
            self._changed.update(places)
        self._pace.wake()
        if self._sweep.done:
            self._say(self._show_whole)
            if self._touched is not None:  # someone has waited for this moment
                self._touched = asyncio.get_running_loop().time()
        self._keep_soon()

    def _job_changed(self, job: Job) -> None:
        self._changed.update(self._places.get((job.quote.digest, job.replicate), ()))
        if job.cached and job.done:
            self._do(self._learn_marks([job.clip]))
        self._pace.wake()
        self._keep_soon()

    def _clip_measured(self, clip_id: str, measured: Measured) -> None:
        if self._closed:
            return
        self._measured[clip_id] = measured
        self._just_measured.add(clip_id)
        self._pace.wake()
        self._keep_soon()

    def _send_changes(self) -> bool:
        takes = {}
        if self._just_measured:
            for places in self._places.values():
                if (clip := self._sweep.clip(*places[0])) is not None and clip.id in self._just_measured:
                    self._changed.update(places)
            self._just_measured.clear()
        for place in self._changed:
            take = take_of(self._sweep, place, self._marks, self._measured)
            if self._sent.get(place) != replace(take, elapsed=0.0):  # a view counts on by itself
                takes[place] = take
                self._sent[place] = replace(take, elapsed=0.0)
                if take.clip is not None and place in self._wanted:
                    self._do(self._fetch_posters([place]))
        self._changed.clear()
        head = head_of(self._sweep, self._time_left(), self._message)
        still = replace(head, elapsed=0.0, left=None)
        if not takes and not self._acted and self._head == still:
            return False
        self._head, self._acted = still, False
        self._grid.change(takes, head)
        return True

    def _time_left(self) -> float | None:
        """An estimate; made again only now and then, because it goes through all orders."""
        now = asyncio.get_running_loop().time()
        if now - self._left[0] >= FORECAST_EVERY:
            self._left = (now, _time_left(self._sweep, self._host))
        return self._left[1]

    def _send_posters(self) -> bool:
        ready = dict(list(self._posters.items())[:POSTERS_AT_ONCE])
        for place in ready:
            del self._posters[place]
        if ready:
            self._grid.send_posters(ready)
        return bool(ready)

    def _send_next(self) -> bool:
        if not self._queue:
            return False
        self._queue.popleft()()
        return True

    def _say(self, message: Callable[[], None]) -> None:
        self._queue.append(message)
        self._pace.wake()

    def _show_whole(self) -> None:
        self._changed.clear()
        view = self._view()
        self._sent = {place: replace(take, elapsed=0.0) for place, take in view.takes.items()}
        self._head, self._acted = replace(view.head, elapsed=0.0, left=None), False
        self._grid.show(view)

    def _view(self) -> GridView:
        head = head_of(self._sweep, self._time_left(), self._message)
        return grid_of(self._sweep, self._marks, head, self._measured)

    # --- what is asked ----------------------------------------------------------------------------------------------

    def heard(self, loop: LoopThread, ask: Ask) -> None:
        """Do what a view asks for, on the loop. What people say of a clip is kept at once, before the next cell runs.

        Called on the kernel's thread: a cell that promotes the best clips must know the rating that was given last.
        """
        if ask.mark is not None and not self._closed:
            try:
                self._mark(ask.places[0], *ask.mark)
            except HailuoError as error:
                loop.call(self._refuse, error.message)
        loop.call(self.hear, ask)

    def hear(self, ask: Ask) -> None:
        """Do what a view of the grid asks for."""
        if self._closed:
            return
        self._touched = asyncio.get_running_loop().time()
        if ask.what == "whole":
            self._wanted.clear()
            self._say(self._show_whole)
        elif ask.what == "look":
            there = [place for place in ask.places if self._sweep.clip(*place) is not None]
            self._wanted.update(ask.places)
            for start in range(0, len(there), POSTERS_AT_ONCE):
                self._do(self._fetch_posters(there[start : start + POSTERS_AT_ONCE]))
        elif ask.what == "clip":
            self._do(self._fetch_clip(ask.places[0]))
        elif ask.what == "sheet":
            self._do(self._fetch_sheet(ask.places[0]))
        elif ask.what == "detail":
            detail = detail_of(self._sweep, ask.places[0], self._marks, self._host.folder, self._measured)
            self._say(lambda: self._grid.send_detail(ask.places[0], detail))
            self._do(self._tell_final(ask.places[0]))
        elif ask.what == "promote":
            self._do(self._promote(ask.places[0]))
        elif ask.what in ("studio", "extend"):
            self._do(self._open_studio(ask.places[0], extend=ask.what == "extend"))
        elif ask.what == "final":
            self._do(self._fetch_final(ask.places[0]))
        elif ask.action is not None:
            self._do(self._act(ask.action))
        elif ask.mark is not None:
            clip = self._sweep.clip(*ask.places[0])
            self._do(self._learn_marks([clip] if clip is not None else []))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("The grid of the sweep “%s” could not do that.", self._sweep.name, exc_info=error)

    async def _fetch_posters(self, places: list[Place]) -> None:
        clips = {place: clip for place in places if (clip := self._sweep.clip(*place)) is not None}

        def read() -> dict[Place, bytes]:
            return {place: poster for place, clip in clips.items() if (poster := _poster(clip))}

        async with self._working:
            self._posters |= await asyncio.to_thread(read)
        self._wanted.difference_update(places)
        self._pace.wake()

    async def _fetch_clip(self, place: Place) -> None:
        clip = self._sweep.clip(*place)
        job = self._sweep.job(*place)
        seen = clip or (job.clip if job is not None else None)  # what is seen can be asked for; its file may be gone
        name = f"“{seen.path.name}”" if seen is not None else "The clip"
        why = f"{name} can't be read: its file is gone. Run the sweep again to make it again."
        if clip is None:
            self._say(lambda: self._grid.send_missing(place, why))
            return
        try:
            data = await asyncio.to_thread(clip.path.read_bytes)
        except OSError as error:
            why = f"{name} can't be read: {error.strerror}. Run the sweep again to make it again."
            self._say(lambda: self._grid.send_missing(place, why))
            return
        self._say(lambda: self._grid.send_clip(place, data))

    async def _fetch_sheet(self, place: Place) -> None:
        clip = self._sweep.clip(*place)
        if clip is None:
            return
        from hailuo_widgets.media.frames import contact_sheet

        try:
            async with self._working:
                sheet = await asyncio.to_thread(contact_sheet, clip.path, count=FRAMES, width=FRAME_WIDTH)
        except (OSError, HailuoError):  # the poster stays where it is
            return
        self._say(lambda: self._grid.send_sheet(place, sheet, FRAMES))

    async def _tell_final(self, place: Place) -> None:
        """Whether a clip can be made again in 2K and for how much, or how far that is."""
        clip = self._sweep.clip(*place)
        if clip is None:
            return
        final = await asyncio.to_thread(standing, clip, self._finals.get(clip.id), self._host.library())
        self._say(lambda: self._grid.send_final(place, final))

    async def _promote(self, place: Place) -> None:
        """Make a draft again in 2K, within the sweep's budget."""
        clip = self._sweep.clip(*place)
        if clip is None:
            return
        try:
            promotion = await asyncio.to_thread(lambda: self._sweep.promote([clip]).run(show=False))
        except HailuoError as error:
            why = refused(error)
            self._say(lambda: self._grid.send_final(place, why))
            return

        def moved(_job: Job) -> None:
            self._do(self._tell_final(place))
            self._changed_head()

        for job in promotion.jobs:
            self._finals[clip.id] = job
            self._forget.append(job.observe(moved))
        await self._tell_final(place)

    async def _open_studio(self, place: Place, *, extend: bool) -> None:
        clip = self._sweep.clip(*place)
        if clip is None or Clip.session is None:
            return
        try:
            message = await self._studio.open(Clip.session(), clip, extend=extend)
        except HailuoError as error:
            message = {"type": "studio", "place": "", "why": f"{error}"}
        self._say(lambda: self._grid.send_studio(message))

    def _changed_head(self) -> None:
        self._acted = True
        self._pace.wake()

    async def _fetch_final(self, place: Place) -> None:
        clip = self._sweep.clip(*place)
        if clip is None:
            return
        final = await asyncio.to_thread(standing, clip, self._finals.get(clip.id), self._host.library())
        if final.clip is not None:
            try:
                data = await asyncio.to_thread(final.clip.path.read_bytes)
            except OSError:
                data = b""
            self._say(lambda: self._grid.send_final_clip(place, data))

    async def _act(self, action: Action) -> None:
        sweep, self._message = self._sweep, ""
        if action == "cancel" and not sweep.started:
            await self._settle()
            return
        acts: dict[Action, Callable[[], object]] = {
            "run": sweep.run,
            "cheapest": lambda: sweep.run(cheapest_first=True),
            "pause": sweep.pause,
            "resume": sweep.resume,
            "retry": sweep.retry,
            "cancel": sweep.cancel,
        }
        try:
            await asyncio.to_thread(acts[action])
        except HailuoError as error:
            self._message = " ".join(filter(None, (error.message, error.hint)))
        self._acted = True  # the buttons wait for an answer, whether anything has changed or not
        self._pace.wake()

    def _mark(self, place: Place, name: str, value: int | bool | str) -> None:
        """Keep a rating, a star or a note in the library.

        Raises:
            HailuoError: If the library can't be used.
        """
        clip = self._sweep.clip(*place)
        if clip is None:
            return
        library = self._host.library()
        if name == "rating":
            library.mark(clip.id, rating=value or None)
        elif name == "starred":
            library.tag(clip.id, **{"add" if value else "remove": (STARRED,)})
        else:
            library.mark(clip.id, note=value)

    def _refuse(self, message: str) -> None:
        self._message, self._acted = message, True

    async def _learn_marks(self, clips: Iterable[Clip]) -> None:
        """What people say of clips may have changed, in every cell that shows them."""
        ids = {clip.id for clip in clips}
        for clip_id in ids:
            self._marks.pop(clip_id, None)
        self._marks |= await asyncio.to_thread(_marks, self._host, clips)
        for places in self._places.values():
            shown = self._sweep.clip(*places[0])
            if shown is not None and shown.id in ids:
                self._changed.update(places)
        self._pace.wake()
        self._keep_soon()

    # --- what stays in the notebook ------------------------------------------------------------------------------

    def _keep_soon(self) -> None:
        """Bring what stays in the notebook up to date: at once where all has ended, else now and then."""
        if self._output is None:
            return
        loop, done = asyncio.get_running_loop(), self._sweep.done
        if needs_view():
            if not done:
                return
            wait = self._hold_on()
        elif done:
            wait = JUDGED if self._kept_the_end else 0.0
        else:
            wait = max(0.0, self._kept_at + (KEPT_EVERY if self._kept_pictures else JUDGED) - loop.time())
        if self._keeping is not None:
            if self._keeping.when() <= loop.time() + wait:
                return
            self._keeping.cancel()
        self._keeping = loop.call_later(wait, self._keep)

    def _keep(self) -> None:
        self._keeping = None
        if self._closed:
            return
        if not needs_view():
            self._do(self._put_beside())
        elif self._sweep.done:  # it may have been asked for again meanwhile
            if self._hold_on() > 0:
                self._keep_soon()
            else:
                self._do(self._settle())

    def _hold_on(self) -> float:
        """Seconds to wait for someone who looks; none where no browser has ever asked for anything."""
        if self._touched is None:
            return 0.0
        return max(0.0, self._touched + HOLD - asyncio.get_running_loop().time())

    async def _put_beside(self) -> None:
        """The table in the output beside the grid, which is what is saved."""
        self._kept_at, self._kept_the_end = asyncio.get_running_loop().time(), self._sweep.done
        view = self._view()
        self._kept_pictures = any(take.clip for take in view.takes.values())
        async with self._working:
            data = await asyncio.to_thread(_static, self._sweep, self._host, view, pause=PAUSE)
        if not self._closed and self._output is not None:
            self._output.replace(_beside(self._grid, data))

    async def _settle(self) -> None:
        """The table for good; the grid goes."""
        self._stop()
        if self._output is not None:
            self._output.replace(await asyncio.to_thread(_static, self._sweep, self._host, self._view()))
        self._grid.close()

    def close(self) -> None:
        """Take the grid away."""
        if not self._closed:
            self._stop()
            self._grid.close()

    def _stop(self) -> None:
        self._closed = True
        self._pace.stop()
        for forget in self._forget:
            forget()


def _in_words(view: GridView) -> dict[str, str]:
    return {"text/html": grid_html(view, {}), "text/plain": grid_text(view)}


def _beside(grid: SweepGrid, data: dict[str, str]) -> dict[str, str]:
    return {**data, "text/html": grid.stands_for(data["text/html"])}


def sweep_html(sweep: Sweep, host: Host, moved: Moved) -> str:
    """The table of a sweep as it is now, its clips at the addresses that `moved` gives them."""
    clips = sweep.clips()
    view = grid_of(sweep, _marks(host, clips), head_of(sweep, None), _known(host, clips))
    return _static(sweep, host, view, moved=moved)["text/html"]


def _static(
    sweep: Sweep, host: Host, view: GridView, *, pause: float = 0.0, moved: Moved | None = None
) -> dict[str, str]:
    """What stays in the notebook.

    Args:
        sweep: Which one.
        host: The kernel's session.
        view: The sweep as it stands.
        pause: Seconds between two clips: so many pictures in a row would slow down a cell that computes meanwhile.
        moved: Gives a clip another address than that of its file.
    """

    def views() -> Iterator[tuple[Place, ClipView]]:
        for place, take in view.takes.items():
            clip = sweep.clip(*place)
            if clip is not None:
                seen = clip_view(clip, host.folder, cached=take.cached)
                yield place, moved(clip, seen) if moved else seen

    clips = {}
    for place, clip in fitting(view, views()):
        clips[place] = clip
        if pause:
            time.sleep(pause)
    html = grid_html(view, clips, explorable=moved is None)
    return {"text/html": html, "text/plain": grid_text(view)}


def _marks(host: Host, clips: Iterable[Clip]) -> dict[str, MarksPart]:
    ids = [clip.id for clip in clips]
    return host.library().journal.marked(ids) if ids else {}


def _known(host: Host, clips: Iterable[Clip]) -> dict[str, Measured]:
    clips = list(clips)
    return kept(host.library().journal, clips) if clips else {}


def _poster(clip: Clip) -> bytes:
    try:
        return clip.poster()
    except (OSError, HailuoError):  # the clip is still worth showing
        return b""


def _time_left(sweep: Sweep, host: Host) -> float | None:
    """Seconds until the last clip is there, as far as can be told: by those of its kind, of now or earlier."""
    known = {_kind(job): job.expected for job in sweep.jobs if job.expected}
    took = defaultdict(list)
    for job in sweep.jobs:
        if job.state is JobState.STORED and not job.cached and job.worked:
            took[_kind(job)].append(job.worked)
    known |= {kind: median(times) for kind, times in took.items()}
    orders = []
    for job in sorted((job for job in sweep.jobs if not job.done), key=lambda job: job.state is JobState.PLANNED):
        expected = known.get(_kind(job))
        if expected is not None:
            expected = max(1.0, expected - job.worked)
        orders.append((job.quote, expected))
    return forecast.seconds(orders, host.limits_of) if orders else None


def _kind(job: Job) -> tuple[str, str | None, int | None, str | None]:
    order = job.quote.request
    return job.quote.row.provider, order.model, order.duration, order.resolution
