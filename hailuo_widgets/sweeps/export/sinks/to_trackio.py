"""trackio: a run a sweep, a step a clip, in the local store or where trackio is told to keep it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hailuo_widgets.sweeps.export.shared import SharedClip, SharedVote
    from hailuo_widgets.sweeps.export.sinks import SharedSweep


def open_sink(**options: Any) -> Trackio:
    """A sink.

    Args:
        options: Those of `trackio.init`: `project`, `space_id` and so on.
    """
    import trackio

    return Trackio(trackio, options)


class Trackio:
    """Clips play in trackio's dashboard; votes are a table of the last step."""

    def __init__(self, trackio: Any, options: dict[str, Any]) -> None:
        self._trackio = trackio
        self._options = {"project": "hailuo", "embed": False, "auto_log_cpu": False, "auto_log_gpu": False, **options}
        self._run: Any = None
        self._step = 0
        self._votes: list[SharedVote] = []

    def sweep(self, sweep: SharedSweep) -> None:
        """Begin a run."""
        config = {**sweep.same, "axes": sweep.axes}
        with _own_run_goes_on(self._trackio):
            self._run = self._trackio.init(**{"name": sweep.name, "config": config, **self._options})

    def clip(self, clip: SharedClip) -> None:
        """Log a clip, and beside it what is known of it."""
        video = self._trackio.Video(str(clip.path), caption=clip.facts["prompt"])
        self._run.log({"clip": video, "file": clip.name, **clip.facts}, step=self._step)
        self._step += 1

    def vote(self, vote: SharedVote) -> None:
        """Keep a vote for the table."""
        self._votes.append(vote)

    def close(self, *, failed: bool) -> None:
        """Log the votes and wait until everything is written."""
        if self._run is None:
            return
        if self._votes and not failed:
            rows = [{**asdict(vote), "clips": " ".join(vote.clips)} for vote in self._votes]
            self._run.log(
                {"vote_table": self._trackio.Table(columns=list(rows[0]), data=[list(row.values()) for row in rows])},
                step=self._step,
            )
        self._run.finish()

    def __str__(self) -> str:
        return f"trackio; show them with: trackio show --project {self._options['project']}"


@contextmanager
def _own_run_goes_on(trackio: Any) -> Iterator[None]:
    """`init` would finish the run that the notebook has, and put its own in its place."""
    names = [name for name in vars(trackio.context_vars) if name.startswith("current_")]
    places = [getattr(trackio.context_vars, name) for name in names]
    own, config = [place.get() for place in places], trackio.config
    trackio.context_vars.current_run.set(None)
    try:
        yield
    finally:
        for place, value in zip(places, own, strict=True):
            place.set(value)
        trackio.config = config
