"""Where a sweep's clips go on to: an experiment tracker, or an object of your own with the same four methods."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec.words import did_you_mean

if TYPE_CHECKING:
    from hailuo_widgets.sweeps.export.shared import SharedClip, SharedVote

NAMES = ("trackio", "mlflow", "wandb")


@dataclass(frozen=True, slots=True)
class SharedSweep:
    """A sweep as a sink gets it.

    Attributes:
        name: Its name, `"sweep"` if it has none.
        axes: What varies → the values.
        same: What is the same for all clips: model, duration and so on.
        clips: How many there are.
    """

    name: str
    axes: dict[str, list[str]]
    same: dict[str, Any]
    clips: int


class Sink(Protocol):
    """What clips and votes are given to. `sweep` comes first, `close` last, also after an error."""

    def sweep(self, sweep: SharedSweep) -> None:
        """Begin with a sweep."""
        ...

    def clip(self, clip: SharedClip) -> None:
        """Take a clip with its prompt, parameters, ratings and votes."""
        ...

    def vote(self, vote: SharedVote) -> None:
        """Take a vote; clips come before votes."""
        ...

    def close(self, *, failed: bool) -> None:
        """Finish. `failed` says that an error or an interruption was the reason."""
        ...


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent.

    Attributes:
        clips: How many clips.
        votes: How many votes.
        sink: What took them.
    """

    clips: int
    votes: int
    sink: Sink

    def __repr__(self) -> str:
        counts = [
            f"{self.clips} clip{'' if self.clips == 1 else 's'}",
            f"{self.votes} vote{'' if self.votes == 1 else 's'}",
        ]
        return f"<{' and '.join(counts)} sent to {self.sink}>"


def chosen(sink: str | Sink, options: dict[str, Any]) -> Sink:
    """A sink by its name, or the given one.

    Raises:
        UsageError: If it is neither, its package is missing, or an option is not one of its own.
    """
    if not isinstance(sink, str):
        missing = [each for each in ("sweep", "clip", "vote", "close") if not callable(getattr(sink, each, None))]
        if missing:
            raise UsageError(
                f"{sink!r:.60} can't take clips: it has no method “{missing[0]}”.",
                hint=f"Name one of {', '.join(NAMES)}, or give an object with the methods of a Sink.",
            )
        return sink
    if sink not in NAMES:
        raise UsageError(f"There is no sink “{sink:.40}”.", hint=did_you_mean(sink, NAMES))
    module = import_module(f"hailuo_widgets.sweeps.export.sinks.to_{sink}")
    try:
        made: Sink = module.open_sink(**options)
    except ModuleNotFoundError as error:
        if error.name != sink:
            raise
        raise UsageError(f"{sink} is not installed.", hint=f'%pip install "hailuo-widgets[{sink}]"') from None
    return made


def send(sink: Sink, sweep: SharedSweep, clips: list[SharedClip], votes: list[SharedVote]) -> Sent:
    """Give everything to a sink."""
    failed = True
    try:
        sink.sweep(sweep)
        for clip in clips:
            sink.clip(clip)
        for vote in votes:
            sink.vote(vote)
        failed = False
    finally:
        sink.close(failed=failed)
    return Sent(len(clips), len(votes), sink)
