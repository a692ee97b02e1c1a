"""A sweep's clips are measured, in the background."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from hailuo_widgets.errors import TimedOutError
from hailuo_widgets.measure.kept import kept
from hailuo_widgets.measure.obedience_table import ObedienceTable
from hailuo_widgets.measure.stored import measure_stored, steps_of

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from hailuo_widgets.measure.record import Measured
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.sweeps.host import Host
    from hailuo_widgets.sweeps.sweep import Sweep

_LOOK_AGAIN = 1.0
"""Seconds between two looks for clips that have arrived meanwhile."""


def known(sweep: Sweep, host: Host) -> dict[str, Measured]:
    """What is kept of a sweep's clips, by their ids. Nothing is measured."""
    clips = sweep.clips()
    return kept(host.library().journal, clips) if clips else {}


def obedience(sweep: Sweep, host: Host) -> ObedienceTable:
    """How often its camera commands were carried out, as far as its clips are measured."""
    found, asked = known(sweep, host), [(clip, steps_of(clip.prompt)) for clip in sweep.clips()]
    told = [(steps, clip.model, found[clip.id]) for clip, steps in asked if clip.id in found]
    return ObedienceTable(told, sum(bool(steps) and clip.id not in found for clip, steps in asked))


class Measuring:
    """The measuring of a sweep's clips on a thread of its own, those that arrive meanwhile included.

    Attributes:
        measured: What is there so far, by the clips' ids; a clip that can't be measured is among it with its `error`.
    """

    def __init__(self, sweep: Sweep, host: Host, executor: Executor | None = None) -> None:
        self.measured: dict[str, Measured] = {}
        self._sweep, self._host, self._executor = sweep, host, executor
        self._stopped = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="hailuo-measuring", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether everything is measured, or it was stopped."""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """End it after the clips that are being measured. They are kept, and `measure()` goes on from there."""
        self._stopped.set()

    def result(self, timeout: float | None = None) -> dict[str, Measured]:
        """Wait until everything is measured.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            `measured`.

        Raises:
            TimedOutError: After `timeout`; it goes on.
            UsageError: If the extra `measure` is not installed.
            LibraryError: If the library can't be read.
            Exception: Whatever the executor raised.
        """
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise TimedOutError(f"After {timeout:g} s {self!r}.", hint="It goes on; wait again with .result().")
        if self._error is not None:
            raise self._error
        return self.measured

    def _run(self) -> None:
        try:
            while self._some() and not self._stopped.is_set() and threading.main_thread().is_alive():
                pass
        except Exception as error:  # noqa: BLE001  # it belongs to who waits for the result
            self._error = error

    def _some(self) -> bool:
        """Measure what is there; whether there may be more."""
        open_jobs = [job for job in self._sweep.jobs if not job.done]
        clips = [clip for clip in self._sweep.clips() if clip.id not in self.measured]
        if clips:
            self._measure(clips)
        elif open_jobs:
            open_jobs[0].wait(_LOOK_AGAIN)
        return bool(clips or open_jobs)

    def _measure(self, clips: list[Clip]) -> None:
        library = self._host.library()
        found = measure_stored(
            clips,
            library.journal,
            self._host.clock,
            executor=self._executor,
            wanted=lambda: not self._stopped.is_set(),
        )
        for clip, measured in found:
            self.measured[clip.id] = measured
            self._sweep.tell_measured(clip.id, measured)

    def __repr__(self) -> str:
        count, clips = len(self.measured), len(self._sweep.clips())
        failed = sum(each.error is not None for each in self.measured.values())
        more = f", {failed} can't be measured" if failed else ""
        if self._error is not None:
            return f"<not measured: {self._error}>"
        return f"<{count} of {clips} clips measured{more}{'' if self.done else ' so far'}>"
