"""The measuring of many stored clips on a thread of its own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from hailuo_widgets.engine.job import WaitInterrupted
from hailuo_widgets.errors import TimedOutError
from hailuo_widgets.measure.stored import measure_stored

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from hailuo_widgets.clock import Clock
    from hailuo_widgets.measure.record import Measured
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.store.journal import Journal


class Measuring:
    """The measuring of clips in the background, those that arrive meanwhile included.

    Args:
        clips: Gives the clips that are there.
        journal: Gives the journal of their library.
        clock: Tells when they were measured.
        executor: See `run.measure`.
        tell: Called with each clip and its measures, on the measuring thread.
        under_way: Gives what waits a moment for clips that are under way, None where none is.
        missing: Gives how many clips are still to come.
        show: Shows it as a cell's last value.
        check_start: Raises where what it waits for hasn't started, so that nothing waits for it in vain.

    Attributes:
        measured: What is there so far, by the clips' ids; a clip that can't be measured is among it with its `error`.
    """

    def __init__(
        self,
        clips: Callable[[], list[Clip]],
        journal: Callable[[], Journal],
        clock: Clock,
        *,
        executor: Executor | None = None,
        tell: Callable[[Clip, Measured], None] = lambda *_: None,
        under_way: Callable[[], Callable[[], object] | None] = lambda: None,
        missing: Callable[[], int] = lambda: 0,
        check_start: Callable[[], None] = lambda: None,
        show: Callable[[Measuring], None] | None = None,
    ) -> None:
        self.measured: dict[str, Measured] = {}
        self._clips, self._journal, self._clock, self._executor = clips, journal, clock, executor
        self._tell, self._under_way, self._missing, self._check_start = tell, under_way, missing, check_start
        self._show = show
        self._stopped = threading.Event()
        self._observers: list[Callable[[], None]] = []
        self._error: Exception | None = None
        self._ended = False
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
            WaitInterrupted: If the waiting was interrupted; it goes on.
            UsageError: If the extra `measure` is not installed, or if the sweep hasn't been run.
            LibraryError: If the library can't be read.
            Exception: Whatever the executor raised.
        """
        if not self.done:
            self._check_start()
        try:
            self._thread.join(timeout)
        except KeyboardInterrupt:
            raise WaitInterrupted(f"Stopped waiting; the measuring goes on: {self!r}. .stop() ends it.") from None
        if self._thread.is_alive():
            raise TimedOutError(f"After {timeout:g} s {self!r}.", hint="It goes on; wait again with .result().")
        if self._error is not None:
            raise self._error
        return self.measured

    def _run(self) -> None:
        try:
            while self._some() and self._wanted() and threading.main_thread().is_alive():
                pass
        except Exception as error:  # noqa: BLE001  # it belongs to who waits for the result
            self._error = error
        finally:
            self._changed(last=True)

    def _some(self) -> bool:
        """Measure what is there; whether there may be more."""
        wait = self._under_way()  # asked first: a clip that arrives meanwhile is found here, or by the next round
        clips = [clip for clip in self._clips() if clip.id not in self.measured]
        if not clips:
            if wait is not None:
                wait()
            return wait is not None
        for clip, measured in measure_stored(
            clips, self._journal(), self._clock, executor=self._executor, wanted=self._wanted
        ):
            self.measured[clip.id] = measured
            self._tell(clip, measured)
            self._changed()
        return True

    def _wanted(self) -> bool:
        return not self._stopped.is_set()

    def observe(self, callback: Callable[[], None]) -> None:
        """Call back when a clip has been measured and at the end, on the measuring thread; now if it has ended."""
        self._observers.append(callback)
        if self._ended:
            callback()

    def _changed(self, *, last: bool = False) -> None:
        self._ended = last
        for each in tuple(self._observers):
            each()

    @property
    def going(self) -> bool:
        """Whether it still measures, or waits for clips."""
        return not (self._ended or self.done)

    @property
    def total(self) -> int:
        """How many clips there are and are still to come."""
        return len(self._clips()) + (self._missing() if self.going else 0)

    def _ipython_display_(self) -> None:
        if self._show is None:
            raise NotImplementedError  # IPython shows the repr
        self._show(self)

    def __repr__(self) -> str:
        count, clips = len(self.measured), self.total
        failed = sum(each.error is not None for each in tuple(self.measured.values()))
        more = f", {failed} can't be measured" if failed else ""
        if self._error is not None:
            return f"<not measured: {self._error}>"
        return f"<{count} of {clips} clips measured{more}{' so far' if self.going else ''}>"
