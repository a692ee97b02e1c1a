"""An exported notebook in the tools that make pages of it: each clip plays in Chromium in the result."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import nbconvert
import pytest
from playwright.sync_api import sync_playwright

from hailuo_widgets.cli import main
from support.chromium import chromium_flags, find_chromium

CELLS = (
    "import hailuo_widgets as hw\n%load_ext hailuo_widgets\nhw.configure(sketch_seconds=0.1)",
    "%%hailuo panda -p sketch -d 6 --wait\nA red panda eats bamboo.\n[Pan left]",
    "%%hailuo both -p sketch --yes --wait --budget 1\nA {animal = fox | dog} runs.",
    "pass",
)
CLIPS = 3
PLAYED = """async () => {
  const clips = [...document.querySelectorAll('video')];
  for (const clip of clips) { clip.muted = true; await clip.play(); }
  return clips.filter(clip => clip.videoWidth > 0 && !clip.error).length;
}"""


def code(text, number):
    return {
        "cell_type": "code",
        "source": text,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "id": f"c{number}",
    }


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A notebook that was run, exported in both ways: `inside.ipynb` and `beside.ipynb`."""
    folder = tmp_path_factory.mktemp("exported")
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    title = {"cell_type": "markdown", "source": "# Foxes", "metadata": {}, "id": "title"}
    cells = [title, *(code(text, number) for number, text in enumerate(CELLS))]
    whole = {"cells": cells, "metadata": spec, "nbformat": 4, "nbformat_minor": 5}
    (folder / "run.ipynb").write_text(json.dumps(whole), "utf-8")
    tool(folder, "nbconvert", "--to", "notebook", "--execute", "--inplace", "run.ipynb")
    assert main(["export", str(folder / "run.ipynb"), "-o", str(folder / "inside.ipynb")]) == 0
    assert main(["export", str(folder / "run.ipynb"), "-o", str(folder / "beside.ipynb"), "--inside", "0"]) == 0
    shutil.rmtree(folder / "hailuo_library")
    (folder / "run.ipynb").unlink()
    return folder


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=find_chromium(playwright, print), args=[*chromium_flags(), "--headless=new"]
        )
        yield made
        made.close()


def tool(folder, module, *arguments):
    # Its templates are in the environment that it was installed into, which may be one below this one.
    share = Path(nbconvert.__file__).parents[4] / "share" / "jupyter"
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env={**os.environ, "JUPYTER_PATH": str(share)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def played(browser, folder, page):
    """How many clips of a page play, as a server gives it."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        view = browser.new_page()
        view.goto(f"http://127.0.0.1:{server.server_port}/{page}", wait_until="domcontentloaded")
        return view.evaluate(PLAYED)
    finally:
        view.close()
        server.shutdown()


@pytest.mark.parametrize("name", ["inside", "beside"])
def test_nbconvert(exported, browser, name):
    assert "relative to this notebook" not in (exported / f"{name}.ipynb").read_text("utf-8")
    tool(exported, "nbconvert", "--to", "html", f"{name}.ipynb")
    assert played(browser, exported, f"{name}.html") == CLIPS


@pytest.mark.parametrize("urls", ["true", "false"])
def test_mkdocs_jupyter(exported, browser, tmp_path, urls):
    shutil.copytree(exported, tmp_path / "docs")
    (tmp_path / "mkdocs.yml").write_text(
        f"site_name: Foxes\nplugins: [mkdocs-jupyter]\nuse_directory_urls: {urls}\nnav: [inside.ipynb]\n"
    )
    tool(tmp_path, "mkdocs", "build", "--quiet")
    page = "inside/index.html" if urls == "true" else "inside.html"
    assert played(browser, tmp_path / "site", page) == CLIPS


@pytest.mark.parametrize("name", ["inside", "beside"])
def test_myst_nb(exported, browser, tmp_path, name):
    (tmp_path / "source").mkdir()
    shutil.copyfile(exported / f"{name}.ipynb", tmp_path / "source" / f"{name}.ipynb")
    shutil.copytree(exported / "beside_clips", tmp_path / "extra" / "beside_clips")
    (tmp_path / "source" / "conf.py").write_text(
        f"extensions = ['myst_nb']\nnb_execution_mode = 'off'\nroot_doc = '{name}'\nhtml_extra_path = ['../extra']\n"
    )
    tool(tmp_path, "sphinx", "-q", "-b", "html", "source", "built")
    assert played(browser, tmp_path / "built", f"{name}.html") == CLIPS
