"""What would settle a study, with the button that generates its clips."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import traitlets

from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import HailuoError
from hailuo_widgets.markup import clean
from hailuo_widgets.views._assets import asset
from hailuo_widgets.views.clip_grid import background
from hailuo_widgets.views.place import needs_view
from hailuo_widgets.views.placed import Placed
from hailuo_widgets.views.studio_messages import problem_of

if TYPE_CHECKING:
    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.sweeps.judged import Next


class NextStep(Placed):
    """A plan for more clips. Its button buys them, once.

    Attributes:
        offer: The sentence, how many clips of which cell, and what they cost.
    """

    _esm = asset("dom.js", "placed.js", "next_step.js")
    _css = asset("base.css", "next_step.css")

    offer = traitlets.Dict().tag(sync=True)

    def __init__(self, step: Next) -> None:
        rows = [[count, clean(str(cell))] for cell, count in step.clips.items()]
        super().__init__(offer={"sentence": clean(step.sentence), "rows": rows, "cost": clean(str(step.cost))})
        self._step = step
        self._observed: set[str] = set()
        self.on_msg(self._receive)

    def _receive(self, _widget: object, content: Any, _buffers: object) -> None:
        if isinstance(content, dict) and content.get("type") in ("run", "look"):
            background().post(self._take(content["type"] == "run"))

    async def _take(self, run: bool) -> None:
        try:
            if run:
                await asyncio.to_thread(self._step.run)
        except HailuoError as error:
            self.send({"type": "problem", **problem_of(error)})
            return
        for job in self._step.jobs:
            if job.id not in self._observed:
                self._observed.add(job.id)
                job.observe(self._changed)
        self._tell()

    def _changed(self, _job: Job) -> None:
        background().call(self._tell)

    def _tell(self) -> None:
        jobs = self._step.jobs
        wanted = sum(self._step.clips.values())
        done = sum(job.state is JobState.STORED for job in jobs)
        ended = sum(job.done for job in jobs)
        text = ""
        if jobs:
            text = f"{done} of {wanted} clips done"
            if ended > done:
                text += f", {ended - done} ended without a clip"
            text += ". Run .judge() again to compare them." if ended == len(jobs) else " …"
        self.send({"type": "status", "text": text, "begun": bool(jobs)})


def show(step: Next) -> None:
    """Show it under the cell that runs now."""
    view = NextStep(step)
    if needs_view():
        view.publish_view()
    else:
        view.publish(view.as_html(step._repr_html_()), repr(step))
