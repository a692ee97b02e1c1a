"""What a sweep needs of the kernel that it lives in. The session is one; a script could bring another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from pathlib import Path

    from hailuo_widgets.clock import Clock
    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.job_group import JobGroup
    from hailuo_widgets.engine.limits import Limits
    from hailuo_widgets.engine.rewriting import Rewriting
    from hailuo_widgets.judge.judging import Judging
    from hailuo_widgets.measure.measuring import Measuring
    from hailuo_widgets.media.probe import VideoInfo
    from hailuo_widgets.settings import Settings
    from hailuo_widgets.spec.catalog import ModelSpec
    from hailuo_widgets.spec.request import VideoRequest
    from hailuo_widgets.store.library import Library
    from hailuo_widgets.sweeps.order import Key
    from hailuo_widgets.sweeps.promotion import Promotion
    from hailuo_widgets.sweeps.sweep import Sweep


class FilmProgress(Protocol):
    """What is told how a film gets on."""

    def __call__(self, done: float) -> None:
        """So much is done, 0 to 1."""
        ...

    def finished(self, info: VideoInfo) -> None:
        """It is there."""
        ...

    def failed(self) -> None:
        """It will not be there."""
        ...


class Host(Protocol):
    """Settings, library and engine, as far as a sweep is concerned.

    Attributes:
        settings: Which provider and model is asked where none is named.
        clock: Tells when a sweep was kept.
        folder: What relative paths are taken from.
    """

    settings: Settings
    clock: Clock
    folder: Path

    def has_library(self) -> bool:
        """Whether there is a library yet; looking for one makes none."""
        ...

    def library(self) -> Library:
        """The library; it is created if there is none."""
        ...

    def under_way(self, key: Key) -> Job | None:
        """The job that makes a clip now, or None in this kernel."""
        ...

    def rewrite(self, request: VideoRequest, provider: str | None = None, *, fresh: bool = False) -> Rewriting:
        """Ask for a prompt as the model would like to read it."""
        ...

    def launch(self, jobs: Sequence[Job], group: JobGroup) -> None:
        """Begin jobs that belong together, in that order."""
        ...

    def planned(self, currency: str) -> Decimal:
        """What jobs that were begun will cost, as far as the journal doesn't know of them yet."""
        ...

    def limits_of(self, row: ModelSpec) -> Limits:
        """A vendor's limits."""
        ...

    def show(self, what: Job | Promotion) -> None:
        """Show a job or finals beside their drafts under the cell that runs now; does nothing outside a notebook."""
        ...

    def arena(self, judging: Judging, voter: str, *, seats: int = 2) -> object:
        """What shows clips beside each other and takes votes; a notebook shows it as a cell's last value."""
        ...

    def ballot(self, judging: Judging, folder: str | Path, votes: int) -> Path:
        """Write a page that takes votes without Python or a server."""
        ...

    def film_progress(self, path: Path) -> FilmProgress | None:
        """A bar under the cell that runs now, and the film in its place at the end; None outside a notebook."""
        ...

    def show_measuring(self, measuring: Measuring) -> None:
        """Show how far the measuring of clips has come, under the cell that runs now; only in a notebook.

        Raises:
            NotImplementedError: Outside one, where IPython shows its repr then.
        """
        ...

    def mime(self, what: Sweep) -> tuple[str, str]:
        """What marimo shows of a sweep that ends a cell."""
        ...

    def show_sweep(self, sweep: Sweep, *, live: bool = False) -> None:
        """Show a sweep under the cell that runs now, live also after its end; outside a notebook this does nothing."""
        ...
