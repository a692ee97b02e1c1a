"""Weights & Biases: a run a sweep, a step a clip; online or offline, as W&B is set."""

from __future__ import annotations

from typing import Any

from hailuo_widgets.sweeps.export.sinks.logged_run import LoggedRun


def open_sink(**options: Any) -> WeightsAndBiases:
    """A sink.

    Args:
        options: Those of `wandb.init`: `project`, `entity`, `mode="offline"` and so on.
    """
    import wandb

    # A notebook's own run goes on beside it; its code and what it prints are not sent.
    settings = wandb.Settings(console="off", save_code=False)
    return WeightsAndBiases(wandb, {"project": "hailuo", "reinit": "create_new", "settings": settings, **options})


class WeightsAndBiases(LoggedRun):
    """Clips are logged by themselves and not in a table: of an offline run's tables W&B keeps clips elsewhere."""

    def _finish(self, *, failed: bool) -> None:
        self._run.finish(exit_code=int(failed))

    def __str__(self) -> str:
        return f"W&B, project “{self._options['project']}”"
