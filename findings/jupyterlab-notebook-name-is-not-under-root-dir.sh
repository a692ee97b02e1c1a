#!/usr/bin/env bash
# Guess: `jupyter lab --ServerApp.root_dir=DIR take.ipynb` opens DIR/take.ipynb: DIR is the folder that is served, and names
# in JupyterLab are relative to it.
#
# What happens: the name is looked up in the working folder. If it isn't there, the command ends with status 1 and "No such
# file or directory". If a notebook of that name is there, the server starts, tells its address, finds that the file is
# not under root_dir, and ends with status 1 as well. With the path of the file, DIR/take.ipynb, it opens.
#
# What it means: a script or launcher that sets root_dir must pass the notebook's whole path, and a test must start it from
# another folder than the notebook's.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jupyterlab==4.6.6 jupyter_server==2.21.1

export JUPYTER_CONFIG_DIR="$work/config" JUPYTER_RUNTIME_DIR="$work/runtime" JUPYTER_DATA_DIR="$work/data"
export HOME="$work"
venv/bin/python - <<'PY'
import json
import os
import pathlib
import queue
import re
import subprocess
import sys
import threading
from importlib.metadata import version

print("jupyterlab", version("jupyterlab"), "jupyter_server", version("jupyter_server"))
# A "browser" that keeps the page it is to open, a file that redirects to JupyterLab.
page, browser = pathlib.Path("page").resolve(), pathlib.Path("browser").resolve()
browser.write_text(f'#!/bin/sh\ncp "${{1#file://}}" "{page}.new" && mv "{page}.new" "{page}"\n')
browser.chmod(0o755)
served, here = pathlib.Path("served").resolve(), pathlib.Path("here").resolve()
empty = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
for folder, *names in ((served, "take.ipynb", "both.ipynb"), (here, "both.ipynb")):
    folder.mkdir()
    for name in names:
        (folder / name).write_text(empty)


def start(name):
    """What the command does within two minutes: "opened …", or its exit status and what was wrong."""
    page.unlink(missing_ok=True)
    root = ["--allow-root"] if os.geteuid() == 0 else []
    lab = subprocess.Popen(
        [
            sys.executable, "-m", "jupyterlab", *root, f"--ServerApp.root_dir={served}", "--ServerApp.port=0",
            "--ServerApp.use_redirect_file=True", "--IdentityProvider.token=", f"--ServerApp.browser={browser} %s",
            name,
        ],
        cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    lines = queue.Queue()
    threading.Thread(target=lambda: [lines.put(line) for line in lab.stderr], daemon=True).start()
    critical = []
    try:
        for _ in range(600):
            try:
                line = lines.get(timeout=0.2)
            except queue.Empty:
                line = ""
            if line.startswith("[C "):
                critical.append(line.split("] ", 1)[1].strip().replace(str(here), "HERE"))
            if page.exists():
                return "opened " + re.search(r"/lab[^\s\"?]*", page.read_text())[0]
            if not line and lab.poll() is not None:
                return f"exit {lab.returncode}: {' '.join(critical)}"
    finally:
        lab.terminate()
        lab.wait(60)
    raise AssertionError("it neither opened a page nor ended")


outcomes = {}
for label, name in (
    ("only in root_dir", "take.ipynb"),
    ("in root_dir and here", "both.ipynb"),
    ("whole path", str(served / "take.ipynb")),
):
    outcomes[label] = start(name)
    print(f"{label}: {outcomes[label]}")
assert outcomes["only in root_dir"] == "exit 1: No such file or directory: HERE/take.ipynb"
assert outcomes["in root_dir and here"].startswith("exit 1: `root_dir` and `file_to_run` are incompatible")
assert outcomes["whole path"] == "opened /lab/tree/take.ipynb"
PY
