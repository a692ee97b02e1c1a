"""trackio: a run a sweep, a step a clip, in the local store or where trackio is told to keep it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hailuo_widgets.sweeps.export.sinks.logged_run import LoggedRun

if TYPE_CHECKING:
    from collections.abc import Iterator


def open_sink(**options: Any) -> Trackio:
    """A sink.

    Args:
        options: Those of `trackio.init`: `project`, `space_id` and so on.
    """
    import trackio

    return Trackio(
        trackio, {"project": "hailuo", "embed": False, "auto_log_cpu": False, "auto_log_gpu": False, **options}
    )


class Trackio(LoggedRun):
    """Clips play in trackio's dashboard."""

    def _begin(self, options: dict[str, Any]) -> Any:
        with _own_run_goes_on(self._tracker):
            return super()._begin(options)

    def _finish(self, *, failed: bool) -> None:  # noqa: ARG002  # trackio knows no failed run
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
