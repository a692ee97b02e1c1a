#!/usr/bin/env bash
# Guess: black formats Python in notebooks and leaves a cell that is not Python as it is: the body of an unknown cell magic,
# such as a prompt, above all.
#
# What happens: `%%time` and `%%capture` count as Python, so the lines under them are formatted, a second cell magic
# included. If the prompt under it is one line that ends in "?", IPython reads that as a request for help on its last
# word, and black writes the request back: "Who is it?" becomes "?it". The exit status is 0, "1 file reformatted". ruff's
# formatter leaves the same cells alone.
#
# What it means: timing a generation with %%time and formatting on save, or in a pre-commit hook, loses the prompt. Put
# the time elsewhere, or format notebooks with ruff.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  'black[jupyter]==26.10.1' ipython==9.18.1 tokenize-rt==6.2.0 ruff==0.17.6 nbformat==5.11.1

venv/bin/python - <<'PY'
import subprocess
from importlib.metadata import version

import nbformat

print("black", version("black"), "ruff", version("ruff"), "IPython", version("ipython"))
CELLS = ["%%prompt fox\nWho is it?", "%%time\n%%prompt fox\nWho is it?", "%%capture\n%%prompt\nA fox trots, doesn't it?"]


def formatted(*command):
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    metadata = {"language_info": {"name": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), "prompts.ipynb")
    subprocess.run([f"venv/bin/{command[0]}", *command[1:], "prompts.ipynb"], check=True)
    after = [cell.source for cell in nbformat.read("prompts.ipynb", 4).cells]
    for source, result in zip(CELLS, after):
        print(f"{command[0]}: {source!r} -> {'unchanged' if source == result else repr(result)}")
    return after


assert formatted("ruff", "format", "--quiet") == CELLS
assert formatted("black", "--quiet") == [CELLS[0], "%%time\n%%prompt fox\n?it", "%%capture\n%%prompt\n?it"]
print("Two prompts are gone, with exit status 0.")
PY
