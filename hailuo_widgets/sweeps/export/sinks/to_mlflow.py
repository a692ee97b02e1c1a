"""MLflow: a run a sweep, and below it a run a clip, so that clips can be filtered, sorted and compared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import UsageError
from hailuo_widgets.sweeps.export.shared import vote_rows

if TYPE_CHECKING:
    from hailuo_widgets.sweeps.export.shared import SharedClip, SharedVote
    from hailuo_widgets.sweeps.export.sinks import SharedSweep

_PASSWORD = re.compile(r"//[^/\s]*@")
_NOT_IN_A_NAME = re.compile(r"[^\w\-. ]")


def open_sink(*, experiment: str = "hailuo", tracking_uri: str | None = None) -> MLflow:
    """A sink.

    Args:
        experiment: Made if it is missing.
        tracking_uri: `"sqlite:///mlflow.db"` or a server's address; None for MLflow's own setting.

    Raises:
        UsageError: If MLflow can't use the address.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        client = mlflow.MlflowClient(tracking_uri=tracking_uri)
        found = client.get_experiment_by_name(experiment)
        number = found.experiment_id if found else client.create_experiment(experiment)
    except MlflowException as error:
        reason = _PASSWORD.sub("//", str(error).split(". ")[0])
        raise UsageError(f"MLflow: {reason}.", hint='Give tracking_uri="sqlite:///mlflow.db", for example.') from None
    return MLflow(client, number, experiment)


class MLflow:
    """Parameters are params, numbers metrics, the clip an artifact; the votes are a table of the sweep's run."""

    def __init__(self, client: Any, experiment: str, name: str) -> None:
        self._client, self._experiment, self._name = client, experiment, name
        self._run = ""
        self._votes: list[SharedVote] = []

    def sweep(self, sweep: SharedSweep) -> None:
        """Begin the sweep's run."""
        self._run = self._begin(sweep.name, {})
        for name, value in sweep.same.items():
            self._param(self._run, name, value)
        self._client.log_dict(self._run, sweep.axes, "axes.json")

    def clip(self, clip: SharedClip) -> None:
        """A run with the clip."""
        run = self._begin(clip.facts["prompt"][:80], {"mlflow.parentRunId": self._run})
        for name, value in clip.facts.items():
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if number and name not in ("duration", "cell", "replicate"):
                self._client.log_metric(run, _named(name), value)
            elif value is not None:
                self._param(run, name, value)
        self._client.set_tag(run, "file", clip.name)
        self._client.log_artifact(run, str(clip.path))
        self._client.set_terminated(run)

    def vote(self, vote: SharedVote) -> None:
        """Keep a vote for the table."""
        self._votes.append(vote)

    def close(self, *, failed: bool) -> None:
        """Write the votes and end the sweep's run."""
        if not self._run:
            return
        if self._votes and not failed:
            rows = vote_rows(self._votes)
            self._client.log_table(self._run, {name: [row[name] for row in rows] for name in rows[0]}, "votes.json")
        self._client.set_terminated(self._run, "FAILED" if failed else "FINISHED")

    def _begin(self, name: str, tags: dict[str, str]) -> str:
        made = self._client.create_run(self._experiment, run_name=name, tags=tags)
        return str(made.info.run_id)

    def _param(self, run: str, name: str, value: Any) -> None:
        self._client.log_param(run, _named(name), value)

    def __str__(self) -> str:
        return f"MLflow, experiment “{self._name}”"


def _named(name: str) -> str:
    """MLflow refuses most signs in a name."""
    return _NOT_IN_A_NAME.sub("_", name)
