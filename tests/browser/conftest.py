"""One server of each kind for the whole run, one Chromium for each file of tests, a notebook page for each test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect, sync_playwright

from support.chromium import chromium_flags, find_chromium
from support.jupyter_server import JupyterServer
from support.notebook_page import NotebookPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

HERE = Path(__file__).parent

# A sketch takes half a second to draw, and ten on a machine with much else to do.
expect.set_options(timeout=60_000)


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here shares one browser, so under xdist it stays in one worker."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def chromium_path(request: pytest.FixtureRequest) -> str:
    terminal = request.config.get_terminal_writer()

    def say(line: str) -> None:
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            terminal.line()
            terminal.line(line)

    with sync_playwright() as playwright:
        return find_chromium(playwright, say)


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    """Not for the whole run: while it lives, Playwright occupies the thread's event loop, and tests of our own loop fail."""
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium_path, args=chromium_flags()) as browser,
    ):
        yield browser


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    with JupyterServer("lab", tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="session")
def notebook7(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    with JupyterServer("notebook", tmp_path_factory.mktemp("notebook7")) as server:
        yield server


@pytest.fixture(params=["lab", "notebook7"])
def server(request: pytest.FixtureRequest) -> JupyterServer:
    """Each of the two front ends in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def open_notebook(chromium: Browser) -> Iterator[Callable[..., NotebookPage]]:
    """Opens a notebook made of the given code cells, or an existing one, and closes it after the test."""
    pages: list[NotebookPage] = []

    def open_it(server: JupyterServer, path: str, cells: list[str] | None = None) -> NotebookPage:
        if cells is not None:
            notebook = nbformat.v4.new_notebook(
                cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
                metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
            )
            file = server.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(notebook, file)
        pages.append(NotebookPage(chromium, server, path))
        return pages[-1]

    yield open_it
    for page in pages:
        page.close()
