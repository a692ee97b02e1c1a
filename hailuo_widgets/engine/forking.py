"""Forks: what a child inherits must not make it wait for threads that only its parent has.

Python's import locks are per module and survive a fork: a child that imports a module which another thread of the
parent was loading at that moment waits for ever. The engine loads its libraries on its own threads, behind the first
cell, so a fork waits for the moment until they are loaded.

SQLite has a lock for the whole process, which it holds for a moment while it opens or closes a journal. A child that
was forked in that moment could never open its own, so a fork waits for who reads or writes the library too.

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
from importlib import _bootstrap
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

THREAD_NAME = "hailuo_widgets"
"""Begins the name of every thread of the engine."""

LONGEST_WAIT = 10.0
"""Seconds; then the fork goes on whatever is being loaded."""

_LOOK_EVERY = 0.002
_IMPORT_SYSTEM = "<frozen importlib._bootstrap>"
_STORE = str(Path(__file__).parents[1] / "store") + os.sep
_DATABASE = f"{os.sep}sqlalchemy{os.sep}"


@cache
def prepare_for_forks() -> None:
    """Make forks safe from now on. Called before the first thread of the engine starts; more calls do nothing."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_wait, after_in_child=_in_child)


def _in_child() -> None:
    gc.freeze()
    if _is_importing(sys._getframe()):  # noqa: SLF001
        return  # the fork is part of an import, whose locks are its own
    # Another thread may have begun an import between the last look and the fork. Its locks would never be released, and
    # what it had half loaded would be taken for whole: the child loads such a module again.
    _bootstrap._module_locks.clear()  # type: ignore[attr-defined]  # noqa: SLF001
    _bootstrap._blocking_on.clear()  # type: ignore[attr-defined]  # noqa: SLF001
    for name, module in list(sys.modules.items()):
        if getattr(getattr(module, "__spec__", None), "_initializing", False):
            del sys.modules[name]


def _wait() -> None:
    end = time.monotonic() + LONGEST_WAIT
    while _others_are_busy() and time.monotonic() < end:
        time.sleep(_LOOK_EVERY)


def _others_are_busy() -> bool:
    """Whether another thread is importing, or in the library: the engine's own, or one of a pool that works for it."""
    here = threading.get_ident()
    frames = [frame for ident, frame in sys._current_frames().items() if ident != here]  # noqa: SLF001
    return any(_is_importing(frame) or _is_in_the_library(frame) for frame in frames)


def _is_importing(frame: FrameType | None) -> bool:
    return any(each.f_code.co_filename == _IMPORT_SYSTEM for each in _stack(frame))


def _is_in_the_library(frame: FrameType | None) -> bool:
    """Whether a thread is in the journal's database; to look through files may take minutes, and does no harm."""
    files = [each.f_code.co_filename for each in _stack(frame)]
    return any(_DATABASE in each for each in files) and any(each.startswith(_STORE) for each in files)


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
