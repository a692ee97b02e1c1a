"""Forks and imports: a child of a fork must not inherit a module that a thread of ours was just loading.

Python's import locks are per module and survive a fork: a child that imports a module which another thread of the
parent was loading at that moment waits for ever, for a thread that it does not have. The engine loads its libraries on
its own threads, behind the first cell, so a fork waits for the moment until they are loaded.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

THREAD_NAME = "hailuo_widgets"
"""Begins the name of every thread of the engine."""

LONGEST_WAIT = 10.0
"""Seconds; then the fork goes on whatever is being loaded."""

_LOOK_EVERY = 0.002
_IMPORT_SYSTEM = "<frozen importlib._bootstrap>"


@cache
def wait_for_imports() -> None:
    """Make forks wait for the imports of the engine's threads from now on. Called before such a thread starts."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_wait)


def _wait() -> None:
    end = time.monotonic() + LONGEST_WAIT
    while _importing() and time.monotonic() < end:
        time.sleep(_LOOK_EVERY)


def _importing() -> bool:
    """Whether a thread of the engine is in the middle of an import."""
    here = threading.get_ident()
    ours = {
        thread.ident for thread in threading.enumerate() if thread.name.startswith(THREAD_NAME) and thread.ident != here
    }
    if not ours:
        return False
    return any(
        _is_importing(frame)
        for ident, frame in sys._current_frames().items()  # noqa: SLF001
        if ident in ours
    )


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORT_SYSTEM:
            return True
        frame = frame.f_back
    return False
