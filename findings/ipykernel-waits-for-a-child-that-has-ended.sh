#!/usr/bin/env bash
# Guess: a kernel that is asked to shut down ends its child processes, runs the handlers of `atexit`, and leaves at once.
#
# What happens: it ends the children of its own process group, then waits until none of them is listed any more. A child
# that was ended but that nobody has waited for, such as the idle helper of a library that keeps it for the next call,
# stays listed: the kernel waits, jupyter_client loses its patience and kills it. No handler of `atexit` runs.
# The same helper in a process group of its own ends with its input, and the kernel leaves in time.
#
# What it means: a library that keeps a process (a decoder, a renderer) makes each restart of the kernel slow and
# silently drops what is written at exit. Start such a process with `process_group=0`.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ipykernel==7.4.0 jupyter-client==8.9.1 psutil==7.2.2

venv/bin/python - <<'PY'
import sys
import time
from importlib.metadata import version
from pathlib import Path

from jupyter_client import KernelManager

print(*(f"{name} {version(name)}" for name in ("ipykernel", "jupyter_client", "psutil")))
CELL = """
import atexit, pathlib, subprocess, sys
helper = subprocess.Popen(
    [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, process_group={group}
)
atexit.register(pathlib.Path({mark!r}).touch)
"""


def leave(group):
    """Seconds that a shutdown takes, and whether `atexit` ran."""
    mark = Path(f"mark-{group}").resolve()
    manager = KernelManager()
    manager.kernel_spec.argv[0] = sys.executable
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(60)
    reply = client.execute_interactive(
        CELL.format(group=group, mark=str(mark)), timeout=60, output_hook=lambda message: None
    )
    assert reply["content"]["status"] == "ok", reply["content"]
    begun = time.monotonic()
    manager.shutdown_kernel()
    seconds = time.monotonic() - begun
    client.stop_channels()
    return seconds, mark.exists()


same, own = leave(None), leave(0)
print(f"helper in the kernel's group: {same[0]:.1f} s, atexit ran: {same[1]}")
print(f"helper in a group of its own: {own[0]:.1f} s, atexit ran: {own[1]}")
assert same[0] > 2 * own[0]
assert (same[1], own[1]) == (False, True)
PY
