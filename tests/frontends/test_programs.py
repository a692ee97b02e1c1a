"""Programs that execute a notebook: the file that they save has the clips."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LOAD = "%load_ext hailuo_widgets"
CELLS = [LOAD, "%%hailuo panda\nA panda dances", "%%hailuo fox --yes\nA fox {trots | runs}"]

PROGRAMS = {
    "papermill": ("papermill", "in.ipynb", "out.ipynb"),
    "nbmake": ("pytest", "-p", "no:cacheprovider", "--nbmake", "--overwrite", "in.ipynb"),
    "jupyter execute": ("jupyter", "execute", "in.ipynb", "--output=out"),
    "nbconvert": ("nbconvert", "--to=notebook", "--execute", "in.ipynb", "--output=out.ipynb"),
}


def run(python: str, folder: Path, *command: str) -> str:
    """Run a module in a folder that is its home too; what it printed."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # where `jupyter-execute` is
    env = {**os.environ, "HOME": str(folder), "JUPYTER_PATH": f"{sys.prefix}/share/jupyter", "PATH": path}
    done = subprocess.run(
        [python, "-m", *command], cwd=folder, env=env, check=False, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_saved_file_has_the_clips_and_is_the_same_when_it_is_run_again(
    program, python_with, write_notebook, outputs, tmp_path
):
    source = write_notebook(tmp_path / "in.ipynb", CELLS)
    result = source if program == "nbmake" else tmp_path / "out.ipynb"
    seen = []
    for _ in range(2):
        run(python_with("programs"), tmp_path, *PROGRAMS[program])
        seen.append(outputs(result))
    _, [panda], [fox] = seen[0]
    assert panda["data"]["text/html"].count("<video") == 1
    assert fox["data"]["text/html"].count("<video") == 2
    assert seen[1] == seen[0]


def test_what_is_not_finished_in_time_is_said_in_the_file(python_with, write_notebook, outputs, tmp_path):
    late = f"{LOAD}\n%hailuo config sketch_seconds=300 unattended_wait=0.1"
    write_notebook(tmp_path / "in.ipynb", [late, CELLS[1]])
    run(python_with("programs"), tmp_path, *PROGRAMS["papermill"])
    [panda] = outputs(tmp_path / "out.ipynb")[1]
    for text in ("A panda dances", "%hailuo show panda", "%hailuo resume"):
        assert text in panda["data"]["text/html"]


def test_an_engine_of_ipyparallel_shows_a_card_without_a_widget(python_with, tmp_path):
    script = tmp_path / "engines.py"
    script.write_text(
        "import ipyparallel as ipp, json, os\n"
        "with ipp.Cluster(n=1) as cluster:\n"
        "    view = cluster[:]\n"
        "    done = view.execute('%load_ext hailuo_widgets', silent=False); done.get()\n"
        "    done = view.execute('%%hailuo panda\\nA panda dances', silent=False); done.get(); done.wait_for_output(60)\n"
        "    shown = [each['data'] for each in done.outputs[0] if 'data' in each]\n"
        "    open('shown.json', 'w').write(json.dumps(shown))\n"
    )
    env = {**os.environ, "HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path / "ipython")}
    done = subprocess.run(
        [python_with("programs"), "engines.py"],
        cwd=tmp_path, env=env, check=False, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    shown = (tmp_path / "shown.json").read_text()
    assert shown.count("<video") == 1
    assert "widget" not in shown


def test_ipython_waits_for_the_clips_of_a_notebook_and_prints_their_paths(write_notebook, tmp_path):
    write_notebook(tmp_path / "in.ipynb", CELLS)
    printed = run(sys.executable, tmp_path, "IPython", "in.ipynb").splitlines()
    assert [line.partition(": ")[0] for line in printed] == ["panda", "fox", "fox"]
    assert {line.partition(": ")[2] for line in printed} == {
        str(each) for each in (tmp_path / "hailuo_library" / "clips").glob("*.mp4")
    }
