"""Processes of this machine that measure one clip after the other: tasks as JSON lines on stdin, records on stdout.

Not a `ProcessPoolExecutor`: its children import the script that started them again, which a script without
`if __name__ == "__main__"` does not survive, and a file that kills one worker takes the whole pool with it.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hailuo_widgets.measure.record import failed

if TYPE_CHECKING:
    from concurrent.futures import Future

    from hailuo_widgets.measure.ordered import Ordered

_ROOT = str(Path(__file__).resolve().parents[2])
# -I keeps the notebook's folder and PYTHON* variables out. -S holds back site-packages until the parent's own copy of
# the package is on the path, so that another, installed copy is not the one that is imported.
_START = (
    "import sys; sys.path.append(sys.argv[1]); import site; site.main(); "
    "from hailuo_widgets.measure.workers import main; sys.exit(main())"
)
_KEPT = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "HOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""The only variables that a child sees: no key can be among them."""
_NICE = 5


class Workers:
    """A pool of worker processes. Threads only wait for them, so a kernel goes on meanwhile.

    Args:
        count: How many at most; each is started with its first task.
    """

    def __init__(self, count: int) -> None:
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="hailuo-measure")
        self._own = threading.local()
        self._children: list[_Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for child in self._children:
            child.end()
        self._threads.shutdown()

    def submit(self, path: str, ordered: Ordered | None) -> Future[dict[str, Any]]:
        """Have a file measured; the future's result is `Measured.to_dict()`, and never an exception of the file's."""
        return self._threads.submit(self._measure, path, ordered)

    def _measure(self, path: str, ordered: Ordered | None) -> dict[str, Any]:
        child: _Child | None = getattr(self._own, "child", None)
        if child is None:
            child = self._own.child = _Child()
            self._children.append(child)
        answer = child.ask({"path": path, **_pictures(ordered)})
        if answer is None:
            self._own.child = None
            return failed(
                Path(path).name, "Decoding it ended its process: the file is broken, or memory ran out."
            ).to_dict()
        return answer


class _Child:
    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter, our own words, no shell
            [sys.executable, "-I", "-S", "-c", _START, _ROOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _KEPT if name in os.environ} | {"OPENBLAS_NUM_THREADS": "1"},
            process_group=None if os.name == "nt" else 0,  # as sketch/worker.py does, which says why
        )

    def ask(self, task: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to one task; None where the process is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(task).encode("ascii") + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
            answer: dict[str, Any] = json.loads(line)
        except (OSError, ValueError):
            self.end()
            return None
        return answer

    def end(self) -> None:
        """Stop it, whatever it is doing: a measure leaves nothing half done behind."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was not written to a process that is gone
                    pipe.close()


def _pictures(ordered: Ordered | None) -> dict[str, Any]:
    """The pictures of an order as JSON can carry them; nothing else of it is needed to measure."""
    found: dict[str, Any] = {}
    for name in ("first_frame", "last_frame"):
        value = getattr(ordered, name) if ordered is not None else None
        if isinstance(value, bytes):
            found[name] = {"data": base64.b64encode(value).decode("ascii")}
        elif value is not None:
            found[name] = {"path": str(Path(value).absolute())}
    return found


def _unpacked(value: dict[str, str] | None) -> bytes | str | None:
    if value is None:
        return None
    return base64.b64decode(value["data"]) if "data" in value else value["path"]


def main() -> int:
    """Measure what stdin asks for, line by line, until it ends; the exit code."""
    from hailuo_widgets.measure.ordered import Ordered
    from hailuo_widgets.measure.run import measure_file

    if hasattr(os, "nice"):
        os.nice(_NICE)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the records
    for line in sys.stdin.buffer:
        task = json.loads(line)
        order = Ordered(first_frame=_unpacked(task.get("first_frame")), last_frame=_unpacked(task.get("last_frame")))
        out.write(json.dumps(measure_file(task["path"], order, 1)).encode("ascii") + b"\n")
        out.flush()
    return 0
