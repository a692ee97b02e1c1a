"""Forks: what a child inherits must not make it wait for threads that only its parent has.

Python's import locks are per module and survive a fork: a child that imports a module which another thread of the
parent was loading at that moment waits for ever. The engine loads its libraries on its own threads, behind the first
cell, so a fork waits for the moment until they are loaded.

FFmpeg's scaler has threads of its own and joins them when it is freed. One that was garbage at the fork would be freed
by the child's first garbage collection, which would never end: so the child leaves alone what it inherited.
"""

from __future__ import annotations

import gc
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
def prepare_for_forks() -> None:
    """Make forks safe from now on. Called before the first thread of the engine starts; more calls do nothing."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_wait, after_in_child=gc.freeze)


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
