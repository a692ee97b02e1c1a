"""The process that draws a sketch: a request as JSON on stdin, the file's facts as JSON on stdout.

Run as `python -I -S -c …` by `run`, never by hand.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hailuo_widgets.errors import HailuoError

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


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Carry out one request in a child process.

    Args:
        request: `{"sketch": …, "path": …}`.

    Returns:
        The facts about the file.

    Raises:
        HailuoError: The child failed; the message is the last line that it wrote.
    """
    request = {**request, "path": str(Path(request["path"]).resolve())}
    child = subprocess.run(  # noqa: S603  # our own interpreter, our own words, no shell
        [sys.executable, "-I", "-S", "-c", _START, _ROOT],
        input=json.dumps(request).encode("ascii"),
        capture_output=True,
        check=False,
        env={name: os.environ[name] for name in _KEPT if name in os.environ} | {"OPENBLAS_NUM_THREADS": "1"},
    )
    if child.returncode:
        lines = child.stderr.decode("utf-8", "replace").strip().splitlines()
        raise HailuoError(lines[-1] if lines else f"The sketch's process ended with code {child.returncode}.")
    answer: dict[str, Any] = json.loads(child.stdout)
    return answer


def main() -> int:
    """Draw the sketch that stdin asks for; the exit code."""
    from hailuo_widgets.sketch.render import Sketch, render

    if hasattr(os, "nice"):
        os.nice(_NICE)
    request = json.loads(sys.stdin.buffer.read())
    try:
        info = render(Sketch.from_json(request["sketch"]), request["path"])
    except HailuoError as error:
        sys.stderr.write(str(error).replace("\n", " ") + "\n")
        return 1
    sys.stdout.write(json.dumps(asdict(info)))
    return 0
