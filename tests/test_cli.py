"""The shell's commands, as processes: the simulator on its port, the demo without a browser."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

import hailuo_widgets
from hailuo_widgets.cli import main
from support.waiting import wait_until

ROOT = Path(hailuo_widgets.__file__).parent.parent
KEY = "canary-5b1f0c9e7d"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture
def simulator(tmp_path):
    """A simulator as its users start it: its base URL, and what it has said so far."""
    port, said = free_port(), tmp_path / "said.txt"
    command = [sys.executable, "-m", "hailuo_widgets.cli", "simulator", "--port", str(port), "--key", KEY, "--fast"]
    with said.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=ENVIRONMENT)

    def answers() -> bool:
        try:
            return bool(httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code)
        except httpx.TransportError:
            return False

    try:
        wait_until(answers, 20, said.read_text)
        yield f"http://127.0.0.1:{port}", said.read_text
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
    assert process.returncode in {0, 130, -signal.SIGINT}
    assert "Traceback" not in said.read_text()


def test_the_simulator_serves_whoever_has_its_key(simulator):
    base, said = simulator
    body = {"model": "MiniMax-Hailuo-02", "prompt": "A mouse"}
    for key, code in ((KEY, 0), ("another-key", 2049), ("", 1004)):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        reply = httpx.post(f"{base}/v1/video_generation", json=body, headers=headers, trust_env=False)
        assert reply.json()["base_resp"]["status_code"] == code
    assert httpx.get(f"{base}/v1/tasks/x", trust_env=False).status_code == 401
    lines = wait_until(lambda: (found := said().splitlines()) and len(found) >= 5 and found, 10, said)
    assert base in lines[0]
    assert [line.split()[:2] for line in lines[-4:]] == [["POST", "/v1/video_generation"]] * 3 + [
        ["GET", "/v1/tasks/x"]
    ]
    assert KEY not in said()
    assert "another-key" not in said()


def test_version_and_help(capsys):
    for arguments, expected in ((["--version"], hailuo_widgets.__version__), (["--help"], "simulator")):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 0
        assert expected in capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2


def test_what_is_not_installed_is_named(monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert main(["simulator"]) == 1
    assert "hailuo-widgets[simulator]" in capsys.readouterr().err
    assert main(["demo", "--execute"]) == 1
    assert "hailuo-widgets[demo]" in capsys.readouterr().err


def demo(folder: Path, *cells: str) -> subprocess.CompletedProcess[str]:
    """`demo --execute` with these cells in the quickstart's place."""
    source = folder / "source.ipynb"
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{n}",
                "source": cell,
                "metadata": {},
                "outputs": [],
                "execution_count": None,
            }
            for n, cell in enumerate(cells)
        ],
    }
    source.write_text(json.dumps(notebook))
    code = (
        "import sys, pathlib, hailuo_widgets.demo as demo, hailuo_widgets.cli as cli\n"
        f"demo._source = lambda _name: pathlib.Path({str(source)!r})\n"
        "sys.exit(cli.main(['demo', '--execute', '--folder', 'here']))"
    )
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False
    )


CLIP = """
from pathlib import Path
clips = Path("hailuo_library/clips")
clips.mkdir(parents=True)
(clips / "a.mp4").write_bytes(b"")
print("made it")
"""


def test_the_demo_runs_without_a_browser_and_says_where_everything_is(tmp_path):
    done = demo(tmp_path, CLIP)
    assert done.returncode == 0, done.stderr
    clip, page = re.findall(r"^(?:clip|page): (.+)$", done.stdout, re.MULTILINE)
    assert Path(clip).name == "a.mp4"
    assert "made it" in Path(page).read_text("utf-8")
    assert "made it" in (tmp_path / "here" / "quickstart-executed.ipynb").read_text("utf-8")


@pytest.mark.parametrize("cell", ["1 / 0", "import os; os._exit(1)"])
def test_a_cell_that_fails_fails_the_demo(cell, tmp_path):
    done = demo(tmp_path, "print('before')", cell, "print('after')")
    assert done.returncode == 1
    assert "A cell failed" in done.stderr
    page = re.search(r"^page: (.+)$", done.stdout, re.MULTILINE)
    assert page
    assert "before" in Path(page[1]).read_text("utf-8")


def test_verify_looks_at_the_library_that_a_notebook_here_would_use(monkeypatch, capsys, tmp_path):
    from hailuo_widgets.store.library import Library

    Library(tmp_path / "of the class").close()
    monkeypatch.setenv("HAILUO_LIBRARY", str(tmp_path / "of the class"))
    assert main(["library", "verify"]) == 0
    assert "0 clips" in capsys.readouterr().out
    monkeypatch.delenv("HAILUO_LIBRARY")
    assert main(["library", "verify"]) == 1
    assert "hailuo_library" in capsys.readouterr().err


SKETCHES = """
import hailuo_widgets as hw
jobs = [hw.generate(f"A fox at {hour} o'clock", provider="sketch", show=False) for hour in range(1, 9)]
jobs[0].result()
"""


def test_a_script_that_ends_with_sketches_open_prints_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SKETCHES], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
