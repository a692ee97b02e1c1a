"""The quickstart notebook, opened in JupyterLab or run without a browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path

from hailuo_widgets.errors import UsageError
from hailuo_widgets.keys import EMBEDDED

NOTEBOOK = "quickstart.ipynb"
EXECUTED = "quickstart-executed.ipynb"
CELL_SECONDS = 600


def demo(folder: str, *, execute: bool) -> int:
    """Copy the quickstart into a folder and open it, or run it there. Its clips are sketches, even where a key is set.

    Args:
        folder: Made where it is missing. A copy that is there already is kept: it may have been worked in.
        execute: Whether to run it without a browser.

    Returns:
        An exit status: 1 where a cell failed.

    Raises:
        UsageError: If what the demo needs is not installed.
    """
    target = Path(folder).resolve()
    target.mkdir(parents=True, exist_ok=True)
    notebook = target / (EXECUTED if execute else NOTEBOOK)
    if execute or not notebook.exists():
        with as_file(_source()) as source:
            shutil.copyfile(source, notebook)
    return _execute(notebook) if execute else _open(notebook)


def _environment() -> dict[str, str]:
    """To look around must cost nothing, whatever keys are set."""
    return {**os.environ, "HAILUO_PROVIDER": EMBEDDED}


def _source() -> Path:
    shipped = files("hailuo_widgets").joinpath("notebooks", NOTEBOOK)
    checkout = Path(__file__).parent.parent / "notebooks" / NOTEBOOK  # an editable install holds no copy
    return Path(str(shipped)) if shipped.is_file() else checkout


def _open(notebook: Path) -> int:
    _require("jupyterlab")
    print(f"Opening {notebook}. Press Ctrl+C here to stop.", flush=True)
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={notebook.parent}", notebook.name]
    try:
        return subprocess.call(command, env=_environment())  # noqa: S603  # our own interpreter and file
    except KeyboardInterrupt:
        return 0


def _execute(notebook: Path) -> int:
    _require("nbclient")
    _require("nbconvert")
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from nbconvert import HTMLExporter

    content = nbformat.read(notebook, as_version=4)
    failed = ""
    try:
        NotebookClient(
            content, timeout=CELL_SECONDS, kernel_name="python3", resources={"metadata": {"path": str(notebook.parent)}}
        ).execute(env=_environment())
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        failed = str(error)
    nbformat.write(content, notebook)
    page = notebook.with_suffix(".html")
    page.write_text(HTMLExporter().from_notebook_node(content)[0], encoding="utf-8")
    clips = sorted((notebook.parent / "hailuo_library" / "clips").glob("*.mp4"))
    for clip in clips:
        print(f"clip: {clip}")
    print(f"page: {page}")
    if failed:
        print(f"A cell failed:\n{failed}", file=sys.stderr)
        return 1
    return 0


def _require(module: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise UsageError(f"The demo needs {module}.", hint='Install it: pip install "hailuo-widgets[demo]".')
