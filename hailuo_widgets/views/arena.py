"""The arena: two clips side by side, blind, and a vote by one key."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets

from hailuo_widgets.errors import HailuoError, UsageError
from hailuo_widgets.judge.judging import MOST_SEATS, voter_name
from hailuo_widgets.judge.picture import ranking_html, ranking_svg
from hailuo_widgets.markup import attribute, content
from hailuo_widgets.store.vote import ME
from hailuo_widgets.views._assets import asset
from hailuo_widgets.views.clip_grid import background
from hailuo_widgets.views.describe import clip_view
from hailuo_widgets.views.outputs import Output, in_kernel
from hailuo_widgets.views.place import needs_view
from hailuo_widgets.views.placed import Placed
from hailuo_widgets.views.studio_messages import problem_of
from hailuo_widgets.views.wording import question_as_shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hailuo_widgets.judge.judging import Judging, Shown
    from hailuo_widgets.judge.study import Study
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.store.vote import Answer

_READY = 2
"""Pairs that the browser has: the one that is watched, and the next one."""

_LONGEST = 3600.0
"""Seconds; a vote that took longer was interrupted, so nothing is said of its time."""


class Arena(Placed):
    """Clips beside each other, without names, and votes by keyboard.

    Each vote is in the library before the next pair counts. What is saved with the notebook is the ranking as it was
    when it was last shown, with its sentence and the clips of the first and the last cell.

    Args:
        judging: Which clips, and what is asked.
        voter: Who votes.
        seats: How many clips are compared at a time, 2 to 4.
        folder: What paths in the saved notebook are relative to.

    Attributes:
        asked: The question, as it is shown.
    """

    _esm = asset("dom.js", "placed.js", "player.js", "comparison.js", "arena.js")
    _css = asset("base.css", "player.css", "arena.css")

    asked = traitlets.Unicode().tag(sync=True)

    def __init__(self, judging: Judging, voter: str = ME, *, seats: int = 2, folder: Path | None = None) -> None:
        if type(seats) is not int or not 2 <= seats <= MOST_SEATS:
            raise UsageError(f"{seats!r:.20} clips can't be compared at a time.", hint="Write seats=2, 3 or 4.")
        super().__init__(asked=question_as_shown(judging.question, min(seats, len(judging.clips))))
        self.judging, self.voter = judging, voter_name(voter)
        self._seats = min(seats, len(judging.clips))
        self._folder = folder or Path.cwd()
        self._pairs: dict[int, Shown] = {}
        self._number = 0
        self._output: Output | None = None
        self.on_msg(self._receive)

    def _receive(self, _widget: object, content: Any, _buffers: Sequence[Any]) -> None:
        if isinstance(content, dict):
            background().post(self._take(content))

    async def _take(self, content: dict[str, Any]) -> None:
        try:
            await asyncio.to_thread(self._answer, content)
        except HailuoError as error:
            self.send({"type": "problem", **problem_of(error)})

    def _answer(self, content: dict[str, Any]) -> None:
        match content.get("type"):
            case "look":
                self._pairs.clear()
                self._tell()
                self._fill()
            case "vote":
                self._vote(content)
            case "undo":
                self._undo()
            case "reveal":
                self._reveal()

    def _vote(self, content: dict[str, Any]) -> None:
        number = content.get("number")
        shown = self._pairs.get(number) if isinstance(number, int) else None
        if shown is None:  # a second press of the same key
            return
        answer: Answer = content.get("answer")  # type: ignore[assignment]  # checked where it is kept
        if answer == "undo":
            raise UsageError("A vote can't be an undo.", hint="Press u.")
        seconds = content.get("seconds")
        took = float(seconds) if isinstance(seconds, (int, float)) and 0 <= seconds <= _LONGEST else None
        self.judging.cast(shown.clips, answer, voter=self.voter, shown=shown, seconds=took)
        del self._pairs[int(number)]  # type: ignore[arg-type]  # it was found by it
        self._tell()
        self._fill()

    def _undo(self) -> None:
        vote = self.judging.undo(self.voter)
        if vote is not None:
            self._send_pair(self.judging.again(vote), first=True)
        self._tell()

    def _fill(self) -> None:
        while len(self._pairs) < _READY:
            self._send_pair(self.judging.next_pair(self.voter, ahead=list(self._pairs.values()), seats=self._seats))

    def _send_pair(self, shown: Shown, *, first: bool = False) -> None:
        clips = [self.judging.clips[clip] for clip in shown.clips]
        try:
            films = [clip.path.read_bytes() for clip in clips]
        except OSError as error:
            raise UsageError(f"A clip's file can't be read: {error.strerror}.", hint="Run the sweep again.") from None
        self._number += 1
        self._pairs[self._number] = shown
        self.send({"type": "pair", "number": self._number, "first": first}, films)

    def _tell(self) -> None:
        mine = self.judging.count(self.voter)
        study = self.judging.study()
        # Nothing is known where every cell has the same chance of being the best.
        chance = 1 / max(len(study.cells), 2)
        sure = (max(study.best.values()) - chance) / (1 - chance) if study.record.votes else 0.0
        self.send({"type": "status", "votes": mine, "sure": round(max(0.0, float(sure)), 3)})

    def _reveal(self) -> None:
        study = self.judging.study()
        self.send({"type": "result", "sentences": self._sentences(study), "picture": ranking_svg(study)})
        if self._output is not None:
            self._output.replace({"text/html": self.as_html(self._result(study)), "text/plain": repr(self)})

    def _sentences(self, study: Study) -> list[str]:
        """The answer, and how far several voters agree."""
        voters = self.judging.voters
        return [study.sentence, voters.sentence] if len(voters) > 1 else [study.sentence]

    def _result(self, study: Study | None = None) -> str:
        """What stays: the sentences, the ranking, and a clip of the first and of the last cell."""
        study = study or self.judging.study()
        if not study.record.votes:
            return "<p>No votes yet. Run this cell to compare the clips.</p>"
        places = study.ranking
        found = [(label, self._clip_of(study, place)) for label, place in (("First", places[0]), ("Last", places[-1]))]
        lines = "".join(f"<p style='margin:0 0 8px'>{content(line)}</p>" for line in self._sentences(study))
        films = "".join(self._film(label, clip) for label, clip in found if clip is not None)
        return (
            f"{lines}{ranking_html(study)}"
            f"<div style='display:flex;flex-wrap:wrap;gap:12px;margin-top:10px'>{films}</div>"
        )

    def _clip_of(self, study: Study, place: Any) -> Clip | None:
        """The clip of a cell that won most often."""
        wins: dict[str, float] = {clip: 0.0 for clip, cell in self.judging.cells.items() if cell == place.cell}  # type: ignore[misc]  # ids are texts
        names = study.record.clips
        for ballots in study.record.ballots:
            for clips, answer in zip(ballots.shown.tolist(), ballots.answers.tolist(), strict=True):
                if answer >= 0 and str(names[clips[answer]]) in wins:
                    wins[str(names[clips[answer]])] += 1
        return self.judging.clips[max(wins, key=lambda clip: wins[clip])] if wins else None

    def _film(self, label: str, clip: Clip) -> str:
        view = clip_view(clip, self._folder, cached=True)
        poster = f" poster='data:image/jpeg;base64,{base64.b64encode(view.poster).decode()}'" if view.poster else ""
        name = f"{label}: {self.judging.cells[clip.id]}"
        return (
            f"<figure style='margin:0;flex:1 1 240px;max-width:420px'><video src='{attribute(view.src)}' controls "
            f"muted title='{attribute(name)}' preload='{'none' if poster else 'metadata'}'{poster} "
            "style='display:block;width:100%;border-radius:6px;background:#0c0e10'></video>"
            f"<figcaption style='margin-top:4px;font-size:12px'>{content(name)}</figcaption></figure>"
        )

    def _ipython_display_(self) -> None:
        if not in_kernel():
            print(repr(self))  # noqa: T201  # a terminal shows what the votes say
        elif needs_view():
            self.publish_view()
        else:
            self._output = Output()
            self._output.show({"text/html": self.as_html(self._result()), "text/plain": repr(self)})

    def __repr__(self) -> str:
        return f"<Arena: {self.judging!r}>"
