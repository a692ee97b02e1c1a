#!/usr/bin/env bash
# Guess: what a thread prints or displays in xeus-python lands in a cell, as in ipykernel: in the one that started the thread,
# or the one that runs now; and an update of a display by its id finds its place.
#
# What happens: each such message has an empty parent header, also while the cell that started the thread still runs, and nbclient
# drops it: the display stays "queued", the printed line is nowhere. A task on the kernel's loop that was started the
# same way has its parent.
#
# What it means: a library that works in a thread and shows its progress (most that download or wait for a clip) seems to hang in
# this kernel, and a notebook executed with it stores the first state. Work in a task, or show the result from a cell.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  xeus-python==0.19.0 xeus-python-shell==0.8.1 ipython==9.18.1 ipykernel==7.4.0 nbclient==0.11.0 nbformat==5.11.1

export JUPYTER_PATH="$work/venv/share/jupyter" JUPYTER_DATA_DIR="$work/data" IPYTHONDIR="$work/ipython"
PATH="$work/venv/bin:$PATH" venv/bin/python - 2>kernels.log <<'PY' || { cat kernels.log >&2; exit 1; }
from importlib.metadata import version

import nbformat
from nbclient import NotebookClient

print("xeus-python", version("xeus-python"), "ipykernel", version("ipykernel"), "nbclient", version("nbclient"))
BEGIN = """
import asyncio, threading
from IPython.display import HTML, display
shown = display(HTML("queued"), display_id="clip")
def finish():
    shown.update(HTML("stored"))
    print("done")
"""
THREAD = "work = threading.Thread(target=finish)\nwork.start()\nwork.join()"
TASK = "async def task():\n    finish()\nawait asyncio.ensure_future(task())"


def outputs(kernel, how):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(BEGIN + how)])
    NotebookClient(notebook, kernel_name=kernel, timeout=120).execute()
    cell = [output.get("text") or output["data"]["text/html"] for output in notebook.cells[0].outputs]
    found = " ".join("".join(cell).replace("stored", "stored ").replace("queued", "queued ").split())
    print(f"{kernel}, {'thread' if how == THREAD else 'task'}: {found}")
    return found


assert outputs("python3", THREAD) == outputs("python3", TASK) == "stored done"
assert outputs("xpython", TASK) == "stored done"
assert outputs("xpython", THREAD) == "queued"
print("In xeus-python the thread's output is lost, while its cell is still running.")
PY
