"""Weights & Biases: a run a sweep, a step a clip; online or offline, as W&B is set."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hailuo_widgets.sweeps.export.shared import SharedClip, SharedVote
    from hailuo_widgets.sweeps.export.sinks import SharedSweep


def open_sink(**options: Any) -> WeightsAndBiases:
    """A sink.

    Args:
        options: Those of `wandb.init`: `project`, `entity`, `mode="offline"` and so on.
    """
    import wandb

    return WeightsAndBiases(wandb, options)


class WeightsAndBiases:
    """Clips are logged by themselves and not in a table: of an offline run's tables W&B keeps clips elsewhere."""

    def __init__(self, wandb: Any, options: dict[str, Any]) -> None:
        self._wandb = wandb
        # A notebook's own run goes on beside it; its code and what it prints are not sent.
        settings = wandb.Settings(console="off", save_code=False)
        self._options = {"project": "hailuo", "reinit": "create_new", "settings": settings, **options}
        self._run: Any = None
        self._step = 0
        self._votes: list[SharedVote] = []

    def sweep(self, sweep: SharedSweep) -> None:
        """Begin a run."""
        config = {**sweep.same, "axes": sweep.axes}
        self._run = self._wandb.init(**{"name": sweep.name, "config": config, **self._options})

    def clip(self, clip: SharedClip) -> None:
        """Log a clip, and beside it what is known of it."""
        video = self._wandb.Video(str(clip.path), caption=clip.facts["prompt"])
        self._run.log({"clip": video, "file": clip.name, **clip.facts}, step=self._step)
        self._step += 1

    def vote(self, vote: SharedVote) -> None:
        """Keep a vote for the table."""
        self._votes.append(vote)

    def close(self, *, failed: bool) -> None:
        """Log the votes and finish the run."""
        if self._run is None:
            return
        if self._votes and not failed:
            rows = [{**asdict(vote), "clips": " ".join(vote.clips)} for vote in self._votes]
            table = self._wandb.Table(columns=list(rows[0]), data=[list(row.values()) for row in rows])
            self._run.log({"vote_table": table}, step=self._step)
        self._run.finish(exit_code=int(failed))

    def __str__(self) -> str:
        return f"W&B, project “{self._options['project']}”"
