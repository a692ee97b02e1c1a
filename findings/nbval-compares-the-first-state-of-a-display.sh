#!/usr/bin/env bash
# Guess: `pytest --nbval` compares what a run would store with what is stored. A notebook that was just executed, and gives the
# same each time, passes; a display with an id, updated in its own cell or a later one, is compared as it ends.
#
# What happens: nbval leaves `update_display_data` out ("unhandled iopub msg") and compares the display's first state with the stored
# last one: "queued" against "stored". The cell fails, each time, though nothing has changed.
#
# What it means: every cell whose output goes on while it works (a card of a clip, a progress bar, a handle of display()) fails in
# nbval. Mark such cells with NBVAL_IGNORE_OUTPUT, or compare two files that nbclient wrote.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  nbval==0.11.0 nbclient==0.11.0 nbformat==5.11.1 ipykernel==7.4.0 pytest==9.1.1

export JUPYTER_PATH="$work/venv/share/jupyter" JUPYTER_DATA_DIR="$work/data" IPYTHONDIR="$work/ipython"
venv/bin/python - <<'PY'
import re
import subprocess
import sys
from importlib.metadata import version

import nbformat
from nbclient import NotebookClient

print("nbval", version("nbval"), "nbclient", version("nbclient"), "ipykernel", version("ipykernel"))
notebook = nbformat.v4.new_notebook(
    cells=[
        nbformat.v4.new_code_cell("from IPython.display import HTML, display\nplain = display(HTML('<b>stored</b>'), display_id='plain')"),
        nbformat.v4.new_code_cell("own = display(HTML('<b>queued</b>'), display_id='own')\nown.update(HTML('<b>stored</b>'))"),
        nbformat.v4.new_code_cell("later = display(HTML('<b>queued</b>'), display_id='later')"),
        nbformat.v4.new_code_cell("later.update(HTML('<b>stored</b>'))"),
    ],
    metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
)  # fmt: skip


def execute():
    NotebookClient(notebook).execute()
    return [[output["data"]["text/html"] for output in cell["outputs"]] for cell in notebook.cells]


stored = execute()
print("stored:", stored)
assert stored == execute() == [["<b>stored</b>"], ["<b>stored</b>"], ["<b>stored</b>"], []]
nbformat.write(notebook, "take.ipynb")
run = subprocess.run(
    [sys.executable, "-m", "pytest", "--nbval", "-v", "--color=no", "-p", "no:cacheprovider", "take.ipynb"],
    capture_output=True, text=True,
)  # fmt: skip
verdicts = re.findall(r"^take.+ipynb::Cell (\d) (PASSED|FAILED)", run.stdout, re.M)
print(verdicts)
print(next(line.strip() for line in run.stdout.splitlines() if "'<b>stored</b>' ==" in line))
assert verdicts == [("0", "PASSED"), ("1", "FAILED"), ("2", "FAILED"), ("3", "PASSED")], run.stdout
assert "'<b>stored</b>' == '<b>queued</b>'" in run.stdout
assert "unhandled iopub msg: update_display_data" in run.stdout
print("A notebook that never changes fails where a display was updated.")
PY
