"""A library as a widget: a wall of posters with search and filters, and the clip that is chosen with its player."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import traitlets

from hailuo_widgets.engine.loop import LoopThread
from hailuo_widgets.errors import HailuoError
from hailuo_widgets.store.clip import Clip
from hailuo_widgets.views._assets import asset
from hailuo_widgets.views.clip_wall import ClipWall
from hailuo_widgets.views.outputs import in_kernel
from hailuo_widgets.views.place import needs_view
from hailuo_widgets.views.placed import Placed
from hailuo_widgets.views.promoting import final_message, refused, standing
from hailuo_widgets.views.studio_beside import StudioBeside
from hailuo_widgets.views.studio_messages import problem_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.store.clip_filter import ClipFilter
    from hailuo_widgets.store.library import Library


class Clips(Protocol):
    """Clips of a library: what `hailuo_widgets.library()` gives."""

    @property
    def library(self) -> Library:
        """Whose clips."""

    @property
    def wanted(self) -> ClipFilter:
        """Which of them."""

    def _repr_html_(self) -> str: ...


class ClipGrid(Placed):
    """A wall of posters.

    However many clips there are, the browser is told only of those that it looks at. What is saved with the notebook is
    a table of the newest clips.

    Args:
        clips: `hailuo_widgets.library()`, searched and filtered or whole.

    Attributes:
        value: The clip that was chosen last, None before that.
        below: The studio that opens under it.
    """

    _esm = asset(
        "dom.js", "placed.js", "player.js", "marks.js", "clip_wall.js", "clip_actions.js", "final_row.js",
        "clip_grid.js",
    )  # fmt: skip
    _css = asset("base.css", "ring.css", "player.css", "prompt_editor.css", "clip_wall.css", "studio.css")

    value = traitlets.Any(None, allow_none=True)

    def __init__(self, clips: Clips) -> None:
        super().__init__()
        self._clips = clips
        self._wall = ClipWall(lambda: clips.library, clips.wanted)
        self._finals: dict[str, Job] = {}
        self.below = StudioBeside()
        self.on_msg(self._receive)

    def _receive(self, _widget: object, content: Any, _buffers: Sequence[Any]) -> None:
        if isinstance(content, dict):
            if content.get("type") == "mark":
                try:
                    self._wall.mark(content)
                except HailuoError as error:
                    self.send({"type": "problem", **problem_of(error)})
                    return
            background().post(self._take(content))

    async def _take(self, content: dict[str, Any]) -> None:
        try:
            reply = await self._wall.answer(content)
            if content.get("type") == "clip":
                self.value = self._wall.find(str(content.get("id")))
            if content.get("type") in ("studio", "extend"):
                await self._open_studio(str(content.get("id")), extend=content["type"] == "extend")
            if content.get("type") in ("clip", "promote", "final"):
                await self._final(str(content.get("type")), self._wall.find(str(content.get("id"))))
        except HailuoError as error:
            if content.get("type") == "promote":
                self.send({"type": "final", "id": str(content.get("id")), **final_message(refused(error))})
                return
            reply = {"type": "problem", **problem_of(error)}, []
        if reply is not None:
            self.send(*reply)

    async def _final(self, what: str, draft: Clip | None) -> None:
        """Whether a clip can be made again in 2K and for how much; begins it, or sends the clip that became of it."""
        if draft is None:
            return
        if what == "promote" and draft.id not in self._finals:
            job = await asyncio.to_thread(draft.promote, show=False)
            self._finals[draft.id] = job
            job.observe(lambda _: background().post(self._final("news", draft)))
        final = await asyncio.to_thread(standing, draft, self._finals.get(draft.id), self._clips.library)
        if final.offer:
            self._finals.pop(draft.id, None)  # it has failed, and may be begun again
        self.send({"type": "final", "id": draft.id, **final_message(final)})
        if what == "final" and final.clip is not None:
            film = await asyncio.to_thread(final.clip.path.read_bytes)
            self.send({"type": "finalclip", "id": draft.id}, [film])

    async def _open_studio(self, clip_id: str, *, extend: bool) -> None:
        clip = self._wall.find(clip_id)
        if clip is not None and Clip.session is not None:
            self.send(await self.below.open(Clip.session(), clip, extend=extend))

    def _ipython_display_(self) -> None:
        if not in_kernel():
            print(repr(self._clips))  # noqa: T201  # a terminal shows the table
        elif needs_view():
            self.publish_view()
        else:
            self.publish(self.as_html(self._clips._repr_html_()), repr(self._clips))  # IPython's own name


@cache
def background() -> LoopThread:
    """The thread that answers what parts ask which belong to no session."""
    return LoopThread()
