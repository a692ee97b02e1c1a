"""Notebooks that a program executes: no page, no buttons, and no one waiting for what comes after the last cell.

A cell then waits for its own clips before it ends, so the file that the program saves has them. What is still open
after `unattended_wait` seconds is said in the file, with the way to continue.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from hailuo_widgets.engine.job import WaitInterrupted
from hailuo_widgets.views.front_end import FrontEnd
from hailuo_widgets.views.outputs import at_cell_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from hailuo_widgets.views.outputs import Output


class Work(Protocol):
    """A job or a sweep."""

    @property
    def done(self) -> bool:
        """Whether it has ended."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, at most so many seconds."""


def show(work: Work, output: Output, data: Callable[[], dict[str, Any]], seconds: float) -> None:
    """Show a job or a sweep as HTML, now and again when its cell ends, which waits for it.

    An engine's output is shown once, at the end: its client sees no later version.

    Args:
        work: What is waited for.
        output: Where it is shown.
        data: What is shown of it at the moment of the call.
        seconds: The most that the cell waits, from now on.
    """
    once = output.front_end is FrontEnd.ENGINE
    if not once:
        output.show(data())
    until = time.monotonic() + seconds

    def finish() -> None:
        with suppress(WaitInterrupted):
            work.wait(max(0.0, until - time.monotonic()))
        if once:
            output.show(data())
        else:
            output.replace(data())
        if not work.done:
            at_next_cell_end(work, output, data)

    at_cell_end(finish)


def at_next_cell_end(work: Work, output: Output, data: Callable[[], dict[str, Any]]) -> None:
    """Bring an output up to date after a later cell, without waiting for it."""
    if not output.front_end.shows_updates:
        return

    def look() -> None:
        if work.done:
            output.replace(data())
        else:
            at_next_cell_end(work, output, data)

    at_cell_end(look)
