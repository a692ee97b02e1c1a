"""The processes that draw sketches: each takes one request after another, as a line of JSON, and answers with a line.

Python and its libraries take longer to start than a small sketch takes to draw, so a process stays for the next one.
Run as `python -I -S -c …` by `run`, never by hand.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from hailuo_widgets.errors import HailuoError

IDLE_SECONDS = 30.0
"""How long a process waits for its next request; then it ends, and its memory is free again."""

_NICE = 10
_ROOT = str(Path(__file__).resolve().parents[2])
# -I keeps the notebook's folder and PYTHON* variables out. -S holds back site-packages until the parent's own copy of
# the package is on the path, so that another, installed copy is not the one that is imported.
_START = (
    "import sys; sys.path.append(sys.argv[1]); import site; site.main(); "
    "from hailuo_widgets.sketch.worker import main; sys.exit(main())"
)
_KEPT = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "HOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""The only variables that the child sees: no key can be among them."""


def cores() -> int:
    """How many cores this process may use: no more sketches are drawn, or clips measured, at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class StoppedError(HailuoError):
    """A drawing was stopped before its end."""


class _Process:
    """One process that draws. Used by one thread at a time; `kill` by any."""

    def __init__(self) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
        self._child = subprocess.Popen(  # noqa: S603  # our own interpreter, our own words, no shell
            [sys.executable, "-I", "-S", "-c", _START, _ROOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={name: os.environ[name] for name in _KEPT if name in os.environ} | {"OPENBLAS_NUM_THREADS": "1"},
            # A kernel that leaves ends the children of its own group and waits until none is left in the table of
            # processes: up to 28 s for one that has ended but was not waited for. This one ends when its input does.
            process_group=None if os.name == "nt" else 0,
        )

    def ask(self, request: bytes) -> bytes:
        """The answer to a request; empty where the process ended instead."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        try:
            self._child.stdin.write(request)
            self._child.stdin.flush()
            return self._child.stdout.readline()
        except (OSError, ValueError):  # it has ended, or was closed
            return b""

    def kill(self) -> None:
        self._child.kill()

    def end(self) -> str:
        """Close it and say why it ended: the last line that it wrote."""
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what was written last can't be delivered any more
                    continue
        code = self._child.wait()
        with self._errors as errors:
            errors.seek(0)
            lines = errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"The sketch's process ended with code {code}."


class Drawing:
    """One request on its way, so that another thread can stop it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._stopped = False

    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    def stop(self) -> None:
        """End it at once: the process that draws it is killed. What was drawn so far stays in its file."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def _held_by(self, process: _Process | None) -> None:
        with self._lock:
            self._process = process
            if process is not None and self._stopped:
                process.kill()


_idle: list[_Process] = []
_busy: set[Drawing] = set()
_left_to_the_parent: list[_Process] = []
_lock = threading.Lock()


def run(request: dict[str, Any], drawing: Drawing | None = None) -> dict[str, Any]:
    """Carry out one request in a process of its own. Safe to call from any thread, several at once.

    Args:
        request: `{"sketch": …, "path": …}`, and with `"part"` two numbers, the frames from which and up to which. With
            `"ahead"` see `render`; by default it is so while each sketch has two cores.
        drawing: By which it can be stopped.

    Returns:
        The facts about the file.

    Raises:
        StoppedError: It was stopped.
        HailuoError: The sketch could not be drawn; the message says why.
    """
    drawing = drawing or Drawing()
    with _lock:
        _busy.add(drawing)
        ahead = 2 * len(_busy) <= cores()
    try:
        return _run({"ahead": ahead, **request}, drawing)
    finally:
        with _lock:
            _busy.discard(drawing)


def _run(request: dict[str, Any], drawing: Drawing) -> dict[str, Any]:
    line = json.dumps({**request, "path": str(Path(request["path"]).resolve())}).encode("ascii") + b"\n"
    while not drawing.stopped():
        with _lock:
            waited, process = (True, _idle.pop()) if _idle else (False, None)
        process = process or _Process()
        drawing._held_by(process)  # noqa: SLF001  # of this module
        answer = process.ask(line)
        drawing._held_by(None)  # noqa: SLF001
        if not answer.endswith(b"\n") or drawing.stopped():
            if drawing.stopped():
                process.kill()
            why = process.end()
            if waited and not drawing.stopped():
                continue  # its time was up when the request came
            if not drawing.stopped():
                raise HailuoError(why)
            break
        with _lock:
            _idle.append(process)
        found: dict[str, Any] = json.loads(answer)
        if "error" in found:
            raise HailuoError(found["error"])
        return found
    raise StoppedError("The sketch was stopped.")


def warm_up(count: int = 1) -> None:
    """Start processes until so many wait, so that the next sketches find them. Returns at once."""
    with _lock:
        while len(_idle) < count:
            _idle.append(_Process())


def _end_all() -> None:
    with _lock:
        ended, _idle[:] = _idle[:], []
    for process in ended:
        process.kill()
        process.end()


def _after_fork() -> None:
    """The processes answer to the parent."""
    global _idle, _lock, _left_to_the_parent
    _left_to_the_parent, _idle, _lock = _idle, [], threading.Lock()
    _busy.clear()


atexit.register(_end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def main() -> int:
    """Draw the sketches that stdin asks for, until it ends or nothing more comes; the exit code."""
    from hailuo_widgets.sketch import caption, paint, picture, scene  # noqa: F401  # loaded before they are needed
    from hailuo_widgets.sketch.render import Sketch, render

    if hasattr(os, "nice"):
        os.nice(_NICE)
    while True:
        patience = threading.Timer(IDLE_SECONDS, os._exit, (0,))
        patience.daemon = True
        patience.start()
        line = sys.stdin.buffer.readline()
        patience.cancel()
        if not line:
            return 0
        request = json.loads(line)
        try:
            part = tuple(request["part"]) if "part" in request else None
            sketch = Sketch.from_json(request["sketch"])
            answer = asdict(render(sketch, request["path"], part=part, ahead=request["ahead"]))
        except HailuoError as error:
            answer = {"error": str(error).replace("\n", " ")}
        except Exception as error:  # noqa: BLE001  # the reason is for the sketch's card, whatever it is
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
