"""The notebooks that ship with the package, opened in JupyterLab or run without a browser."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.resources import files
from pathlib import Path

from hailuo_widgets.errors import UsageError
from hailuo_widgets.jupyterlab import open_lab
from hailuo_widgets.keys import EMBEDDED
from hailuo_widgets.spec.words import did_you_mean

NOTEBOOKS = (
    "quickstart",
    "sweep",
    "teaching_camera_language",
    "which_prompt_is_better",
    "h3_draft_to_final",
    "does_the_camera_obey",
)
"""Those that ship, the first one first."""

CELL_SECONDS = 600


def demo(folder: str, name: str = NOTEBOOKS[0], *, execute: bool, browser: bool = True, port: int | None = None) -> int:
    """Copy the notebooks into a folder and open one, or run it there. Its clips are sketches, even where a key is set.

    Args:
        folder: Made where it is missing. A copy that is there already is kept: it may have been worked in.
        name: Which of `NOTEBOOKS`.
        execute: Whether to run it without a browser.
        browser: Whether to open it in a browser; else its address is printed.
        port: JupyterLab's port, or the next free one after it.

    Returns:
        An exit status: 1 where a cell failed.

    Raises:
        UsageError: If there is no such notebook, or what the demo needs is not installed.
    """
    if name not in NOTEBOOKS:
        raise UsageError(f"There is no notebook “{name}”.", hint=did_you_mean(name, NOTEBOOKS))
    target = Path(folder).resolve()
    target.mkdir(parents=True, exist_ok=True)
    if execute:
        copy = target / f"{name}-executed.ipynb"
        shutil.copyfile(_source(name), copy)
        return _execute(copy)
    for each in NOTEBOOKS:
        if not (target / f"{each}.ipynb").exists():
            shutil.copyfile(_source(each), target / f"{each}.ipynb")
    _require("jupyterlab")
    return open_lab(target / f"{name}.ipynb", _environment(), browser=browser, port=port)


def _environment() -> dict[str, str]:
    """To look around must cost nothing, whatever keys are set."""
    return {**os.environ, "HAILUO_PROVIDER": EMBEDDED}


def _source(name: str) -> Path:
    shipped = Path(str(files("hailuo_widgets").joinpath("notebooks", f"{name}.ipynb")))
    checkout = Path(__file__).parent.parent / "notebooks" / f"{name}.ipynb"  # an editable install holds no copy
    return shipped if shipped.is_file() else checkout


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
