"""`hw.studio()`: the form, the result and the history in one place, for people who prefer clicking."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import traitlets

from hailuo_widgets.spec import options
from hailuo_widgets.views._assets import asset
from hailuo_widgets.views.outputs import Output, in_kernel
from hailuo_widgets.views.place import needs_view
from hailuo_widgets.views.placed import Placed
from hailuo_widgets.views.prompt_editor import PALETTE
from hailuo_widgets.views.studio_controller import StudioController
from hailuo_widgets.views.studio_messages import Host, Result, summary_html, summary_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.spec.request import VideoRequest

_OPENS_HERE = (
    "<span style='opacity:.7'>The studio opens here when its cell is run in a notebook with a kernel: "
    "<code>hw.studio()</code></span>"
)


class Studio(Placed):
    """The studio's widget. Made by `hailuo_widgets.studio()`.

    Only the loop's thread sets its traits; what a front end says is posted there. Saved with a notebook is no state of
    it, but a card for each of its clips.

    Attributes:
        form: What is set up (`FormState` in `static/studio_form.js`).
        analysis: What the prompt means (`Analysis` in `static/prompt_editor.js`).
        results: What was made, newest first (`ResultState` in `static/studio_results.js`).
        commands: The palette.
        prompt: The initial text of the editor.
    """

    _esm = asset(
        "dom.js", "placed.js", "player.js", "prompt_editor.js", "frame_picker.js", "studio_form.js", "marks.js",
        "final_row.js", "clip_actions.js", "studio_results.js", "studio_compare.js", "clip_wall.js", "studio.js",
    )  # fmt: skip
    _css = asset(
        "base.css", "ring.css", "player.css", "prompt_editor.css", "frame_picker.css", "clip_wall.css", "studio.css"
    )

    form = traitlets.Dict().tag(sync=True)
    analysis = traitlets.Dict().tag(sync=True)
    results = traitlets.List(traitlets.Dict()).tag(sync=True)
    commands = traitlets.List(traitlets.Dict()).tag(sync=True)
    prompt = traitlets.Unicode().tag(sync=True)

    def __init__(self, host: Host, request: VideoRequest, provider: str, *, place: str = "") -> None:
        self._host = host
        self._desk = StudioController(host, options.of_request(request, provider), self)
        self._summary: Output | None = None
        super().__init__(place=place, commands=PALETTE, **self._desk.first_state())
        self.on_msg(self._receive)

    @property
    def jobs(self) -> list[Job]:
        """The jobs of this session, newest first."""
        return [each.job for each in self._desk.results if each.job is not None]

    @property
    def request(self) -> VideoRequest:
        """The current request."""
        return self._desk.form.request

    def show(self, **state: Any) -> None:
        """Set what is shown. For the loop's thread only."""
        for name, value in state.items():
            setattr(self, name, value)

    def tell(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """Send something once. For the loop's thread only."""
        self.send(content, buffers or [])

    async def begin_with(self, clip_id: str, *, extend: bool) -> None:
        """Take a clip of the library into the form. For the loop's thread only.

        Raises:
            UsageError: If its request isn't known.
        """
        await self._desk.begin_with(clip_id, extend=extend)

    async def summarise(self, results: list[Result]) -> None:
        """Bring what stays in the notebook up to date."""
        if self._summary is not None:
            html = self.stands_for(await asyncio.to_thread(summary_html, results, self._host.folder))
            self._summary.replace({"text/html": html, "text/plain": summary_text(results)})

    def _receive(self, _widget: object, content: Any, buffers: Sequence[Any]) -> None:
        if isinstance(content, dict):
            self._desk.heard(content, [bytes(each) for each in buffers])

    def _ipython_display_(self) -> None:
        if not in_kernel():
            print(repr(self))  # noqa: T201  # a terminal shows what it is
            return
        if needs_view():
            self.publish_view()
        else:
            self.publish(self.as_html(_OPENS_HERE), "hw.studio()")
        self._summary = Output()
        self._summary.show({"text/html": self.stands_for(""), "text/plain": ""})

    def __repr__(self) -> str:
        return (
            "<The studio is a form in the notebook: run hw.studio() in JupyterLab or another front end with widgets. "
            "Here, %%hailuo and hw.generate() do the same in words.>"
        )
