#!/usr/bin/env bash
# Guess: a notebook that jupytext writes as a script or as Markdown and reads back has the same cells: the body of a cell
# magic is commented out in a script, and stands in a fence of its own in Markdown, so that its text can't matter.
#
# What happens: the reader looks for Python strings in it all the same. One ''' or """ in a prompt, with no second one,
# opens a string for it, and every cell after that, Markdown cells too, becomes part of the prompt's cell. It is so for
# py:percent, py:light, Markdown and R Markdown.
#
# What it means: a paired notebook loses its later cells at the next load, and running the prompt's cell sends their
# text, too, to a video model that bills for it. Use other quotation marks in prompts of paired notebooks.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jupytext==1.19.6 nbformat==5.11.1

venv/bin/python - <<'PY'
import jupytext
import nbformat.v4 as v4

print("jupytext", jupytext.__version__)


def back(prompt, form):
    cells = [v4.new_code_cell(f"%%prompt fox\n{prompt}"), v4.new_code_cell("b = 2"), v4.new_markdown_cell("The end.")]
    notebook = v4.new_notebook(cells=cells)
    text = jupytext.writes(notebook, form)
    after = [cell.source for cell in jupytext.reads(text, form).cells]
    return [cell.source for cell in cells], after


for form in ("py:percent", "py:light", "md", "Rmd"):
    before, after = back("A sign reads 'open'.", form)
    assert before == after, after
    for mark in ("'''", '"""'):
        before, after = back(f"A sign reads {mark}open.", form)
        print(f"{form}: {len(before)} cells written, {len(after)} read: {after}")
        assert len(after) == 1 and "b = 2" in after[0] and "The end." in after[0]
print("The cells after the prompt are in the prompt.")
PY
