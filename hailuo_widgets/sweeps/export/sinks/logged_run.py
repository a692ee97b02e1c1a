"""A tracker's run with steps: each clip is a step, and the votes are a table of the last one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from hailuo_widgets.sweeps.export.shared import vote_rows

if TYPE_CHECKING:
    from hailuo_widgets.sweeps.export.shared import SharedClip, SharedVote
    from hailuo_widgets.sweeps.export.sinks import SharedSweep


class LoggedRun(ABC):
    """A run a sweep, a step a clip.

    Args:
        tracker: The package, with its `Video` and `Table`.
        options: What its `init` gets.
    """

    def __init__(self, tracker: Any, options: dict[str, Any]) -> None:
        self._tracker, self._options = tracker, options
        self._run: Any = None
        self._step = 0
        self._votes: list[SharedVote] = []

    def sweep(self, sweep: SharedSweep) -> None:
        """Begin a run."""
        config = {**sweep.same, "axes": sweep.axes}
        self._run = self._begin({"name": sweep.name, "config": config, **self._options})

    def clip(self, clip: SharedClip) -> None:
        """Log a clip, and beside it what is known of it."""
        video = self._tracker.Video(str(clip.path), caption=clip.facts["prompt"])
        self._run.log({"clip": video, "file": clip.name, **clip.facts}, step=self._step)
        self._step += 1

    def vote(self, vote: SharedVote) -> None:
        """Keep a vote for the table."""
        self._votes.append(vote)

    def close(self, *, failed: bool) -> None:
        """Log the votes and finish the run, which waits until everything is written."""
        if self._run is None:
            return
        if self._votes and not failed:
            rows = vote_rows(self._votes)
            table = self._tracker.Table(columns=list(rows[0]), data=[list(row.values()) for row in rows])
            self._run.log({"vote_table": table}, step=self._step)
        self._finish(failed=failed)

    def _begin(self, options: dict[str, Any]) -> Any:
        return self._tracker.init(**options)

    @abstractmethod
    def _finish(self, *, failed: bool) -> None: ...
