"""The notebooks that ship: they run from top to bottom without a key, and hold no outputs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from hailuo_widgets.demo import NOTEBOOKS

FOLDER = Path(__file__).parent.parent / "notebooks"
SECONDS = 300


def test_those_that_ship_are_those_that_there_are():
    assert sorted(NOTEBOOKS) == sorted(path.stem for path in FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_they_hold_no_outputs(name):
    notebook = json.loads((FOLDER / f"{name}.ipynb").read_text("utf-8"))
    nbformat.validate(notebook)
    for cell in notebook["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("name", NOTEBOOKS[1:])  # the first one is run by every browser's test
def test_they_run(name, tmp_path, monkeypatch):
    monkeypatch.setenv("HAILUO_PROVIDER", "sketch")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(FOLDER.parent), os.environ.get("PYTHONPATH", "")]))
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    NotebookClient(
        notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    said = json.dumps([cell.get("outputs") for cell in notebook.cells])
    for part in ("planned, not run", "Traceback", "failed"):
        assert part not in said
    least = 4 if name == "h3_draft_to_final" else 9
    assert len(list((tmp_path / "hailuo_library" / "clips").glob("*.mp4"))) >= least
