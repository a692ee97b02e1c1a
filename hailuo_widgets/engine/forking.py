"""Forks: what a child inherits must not make it wait for threads that only its parent has.

A busy thread may hold a lock: Python's import locks and those of cached properties, SQLite's for the whole process and
what it has recorded of locks on a file, what a library initializes once. The child inherits them locked, and they stay
locked. A fork therefore waits until the engine's threads, and any others that run this package's code, are idle. From
the check that finds them idle until the fork, no other thread gets the interpreter.

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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

THREAD_NAME = "hailuo_widgets"
"""Begins the name of every thread of the engine."""

LONGEST_WAIT = 10.0
"""Seconds; then the fork goes on, even if a thread is still busy."""

_CHECK_EVERY = 0.002
_HOLD_SECONDS = 0.5
"""Seconds for which the other threads leave the interpreter to the one that forks: much longer than a check takes."""

_IMPORT_SYSTEM = "<frozen importlib._bootstrap>"
_PACKAGE = __name__.partition(".")[0] + "."
_IDLE = {
    "concurrent.futures.thread._worker",
    "selectors.select",
    "socket.readinto",
    "ssl.read",
    "subprocess._try_wait",
    "threading._wait_for_tstate_lock",
    "threading.join",
    "threading.wait",
    f"{_PACKAGE}measure.workers.ask",
    f"{_PACKAGE}sketch.worker.ask",
}
"""Where a thread is idle: it waits for work, for another thread, or for an answer."""


@cache
def prepare_for_forks() -> None:
    """Make forks safe from now on. Called before the first thread of the engine starts; more calls do nothing."""
    if hasattr(os, "register_at_fork"):
        interval = sys.getswitchinterval()

        def restore() -> None:
            sys.setswitchinterval(interval)

        def wait() -> None:
            nonlocal interval
            if (now := sys.getswitchinterval()) != _HOLD_SECONDS:  # another thread may be forking
                interval = now
            _wait(interval)

        os.register_at_fork(before=wait, after_in_parent=restore, after_in_child=restore)
        os.register_at_fork(after_in_child=_in_child)


def _in_child() -> None:
    gc.freeze()
    if _is_importing(sys._getframe()):  # noqa: SLF001
        return  # the fork is part of an import, whose locks are its own
    # The wait is limited: another thread may still be importing. Its locks would never be released, and what it had
    # half loaded would be taken for whole: the child loads such a module again.
    _bootstrap._module_locks.clear()  # type: ignore[attr-defined]  # noqa: SLF001
    _bootstrap._blocking_on.clear()  # type: ignore[attr-defined]  # noqa: SLF001
    for name, module in list(sys.modules.items()):
        if getattr(getattr(module, "__spec__", None), "_initializing", False):
            del sys.modules[name]


def _wait(interval: float) -> None:
    """Wait until the others are idle, and keep them so.

    Args:
        interval: The usual switch interval, in seconds: how long a thread keeps the interpreter if another wants it.
    """
    end = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < end:
        if not _others_are_busy():
            sys.setswitchinterval(_HOLD_SECONDS)
            # A thread that asked for the interpreter before gets it now; one that asks from now on waits longer.
            time.sleep(interval + _CHECK_EVERY)
            if not _others_are_busy():
                return
            sys.setswitchinterval(interval)
        time.sleep(_CHECK_EVERY)


def _others_are_busy() -> bool:
    """Whether another thread is importing, or runs this package's code and is not idle."""
    here = threading.get_ident()
    frames = [frame for ident, frame in sys._current_frames().items() if ident != here]  # noqa: SLF001
    return any(_is_importing(frame) or _is_ours_and_busy(frame) for frame in frames)


def _is_importing(frame: FrameType | None) -> bool:
    return any(each.f_code.co_filename == _IMPORT_SYSTEM for each in _stack(frame))


def _is_ours_and_busy(frame: FrameType) -> bool:
    names = [f"{each.f_globals.get('__name__')}.{each.f_code.co_name}" for each in _stack(frame)]
    # A pool holds a lock of the whole process while it starts a thread, and the fork itself would wait for that lock.
    if names[0] in _IDLE and "threading.start" not in names:
        return False
    return any(each.startswith(_PACKAGE) for each in names)


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
