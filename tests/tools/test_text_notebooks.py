"""Prompts in tools that read a notebook's cells: what docs/pages/tools.md says of them."""

from __future__ import annotations

import json
import subprocess
import sys

import jupytext
import nbformat
import pytest

from hailuo_widgets.cli import main

PROMPTS = ('He says """hello.', "A\n# %%\nb", "A\n```\nb", "A fox?", "  two\n\n\n  three", "it's '''so")


def notebook(*cells):
    made = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    made.cells = [nbformat.v4.new_code_cell(text) for text in cells]
    return made


@pytest.mark.parametrize("prompt", PROMPTS)
def test_myst_markdown_keeps_every_prompt(prompt):
    before = notebook("x = 1", f"%%hailuo a\n{prompt}", "y = 2")
    after = jupytext.reads(jupytext.writes(before, fmt="md:myst"), fmt="md:myst")
    assert [cell.source for cell in after.cells] == [cell.source for cell in before.cells]


def test_black_leaves_the_cells_alone(tmp_path):
    path = tmp_path / "nb.ipynb"
    cells = ["x=1", *(f"%%hailuo a\n{prompt}" for prompt in PROMPTS)]
    nbformat.write(notebook(*cells), path)
    subprocess.run([sys.executable, "-m", "black", "-q", str(path)], check=True)
    assert [cell.source for cell in nbformat.read(path, 4).cells] == ["x = 1", *cells[1:]]


def test_a_converted_notebook_runs_in_marimo(tmp_path):
    path = tmp_path / "nb.ipynb"
    cells = (
        "import hailuo_widgets as hw\n%load_ext hailuo_widgets\nhw.configure(sketch_seconds=0.1)",
        "who = 'A red fox'",
        "%%hailuo fox -p sketch --wait\n{who} trots.\n[Pan left]",
        "%%hailuo both -p sketch --yes --wait\nA {animal = dog | cat} runs.",
        "__import__('pathlib').Path('seen.json').write_text(__import__('json').dumps([fox.clip.prompt, len(both.clips())]))",
    )
    nbformat.write(notebook(*cells), path)
    assert main(["convert", str(path)]) == 0
    marimo = [sys.executable, "-m", "marimo", "convert", "nb-plain.ipynb", "-o", "nb.py"]
    subprocess.run(marimo, cwd=tmp_path, check=True, capture_output=True)
    subprocess.run([sys.executable, "nb.py"], cwd=tmp_path, check=True, capture_output=True)
    assert json.loads((tmp_path / "seen.json").read_text("utf-8")) == ["A red fox trots.\n[Pan left]", 2]
