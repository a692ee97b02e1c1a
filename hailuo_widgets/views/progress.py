"""A bar under the cell that runs now, for what it waits for; then what it has made, with a player."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING
from urllib.parse import quote as percent

from hailuo_widgets.markup import attribute, content
from hailuo_widgets.views.outputs import Output
from hailuo_widgets.views.throttle import INTERVAL
from hailuo_widgets.views.wording import file_size

if TYPE_CHECKING:
    from pathlib import Path

    from hailuo_widgets.measure.measuring import Measuring
    from hailuo_widgets.media.probe import VideoInfo

_LINE = "display:flex;align-items:center;gap:10px;font-size:13px;line-height:1.45;padding:2px 0"
_BAR = "width:260px;max-width:50%"
_VIDEO = "display:block;width:100%;max-width:960px;height:auto;border-radius:6px;background:#0c0e10"
_UNDER = "font-size:12px;opacity:.75;padding:4px 1px 0"


class FilmProgress:
    """A film under the cell that makes it. Say how much is done by calling it with 0 to 1.

    Args:
        path: The film.
        folder: The notebook's, which the player's path is relative to.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self._path, self._folder = path, folder
        self._output = Output()
        self._next, self._shown = 0.0, False
        self(0.0)

    def __call__(self, done: float) -> None:
        """Show how much is done."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + INTERVAL
        name = self._path.name
        bar = f"<progress value='{done:.2f}' max='1' style='{_BAR}'></progress>"
        self._publish(f"<div style='{_LINE}'>{bar}<bdi>{content(name)}</bdi>{done:.0%}</div>", f"{name}: {done:.0%}")

    def finished(self, info: VideoInfo) -> None:
        """Show the film."""
        source = percent(os.path.relpath(self._path, self._folder).replace(os.sep, "/"))
        facts = f"{info.width}×{info.height} · {info.duration:.1f} s · {file_size(info.size)}"
        video = (
            f"<video src='{attribute(source)}' controls loop playsinline preload='metadata' style='{_VIDEO}'></video>"
        )
        name = f"<a href='{attribute(source)}'><bdi>{content(self._path.name)}</bdi></a>"
        self._publish(f"{video}<div style='{_UNDER}'>{name} · {facts}</div>", f"{self._path.name} · {facts}", last=True)

    def failed(self) -> None:
        """Take the bar away: the error says what happened."""
        if self._shown:
            self._publish("", "")

    def _publish(self, html: str, text: str, *, last: bool = False) -> None:
        """Show it; where later versions of an output are not seen, the last one alone."""
        data = {"text/html": html, "text/plain": text}
        if self._shown:
            self._output.replace(data)
        elif last or self._output.front_end.shows_updates:
            self._output.show(data)
            self._shown = True


class MeasuringProgress:
    """How far the measuring of clips has come, under the cell that asks for it: “3 of 24 clips measured so far”.

    Args:
        measuring: What is measured; clips that arrive meanwhile count, too.
    """

    def __init__(self, measuring: Measuring) -> None:
        self._measuring = measuring
        self._output = Output()
        self._output.show(self._data())
        measuring.observe(self._changed)

    def _changed(self) -> None:
        self._output.replace(self._data())

    def _data(self) -> dict[str, str]:
        text = repr(self._measuring).strip("<>")
        done, total = len(self._measuring.measured), max(1, self._measuring.total)
        bar = f"<progress value='{done}' max='{total}' style='{_BAR}'></progress>" if self._measuring.going else ""
        return {"text/html": f"<div style='{_LINE}'>{bar}<span>{content(text)}</span></div>", "text/plain": text}
