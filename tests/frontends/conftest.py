"""Software that runs or shows notebooks; `nox -s frontends` installs it and says where."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from playwright.sync_api import sync_playwright

from support.chromium import chromium_flags, find_chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.fixture
def python_with() -> Callable[[str], str]:
    """The interpreter that has one of noxfile.py's SHOWN_BY."""

    def find(name: str) -> str:
        found = os.environ.get(f"FRONTENDS_{name.upper()}")
        assert found, "These tests need software of their own: run `nox -s frontends`."
        return found

    return find


@pytest.fixture
def write_notebook() -> Callable[..., Path]:
    """Writes a notebook of code cells."""

    def write(path: Path, cells: list[str]) -> Path:
        made = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        nbformat.write(made, path)
        return path

    return write


@pytest.fixture
def outputs() -> Callable[[Path], list[list[dict[str, Any]]]]:
    """What a saved notebook holds: the outputs of each cell. No widget may be among them."""

    def read(path: Path) -> list[list[dict[str, Any]]]:
        saved = nbformat.read(path, as_version=4)
        assert "widgets" not in saved.metadata
        found = [cell.outputs for cell in saved.cells]
        assert all("widget" not in mime for cell in found for output in cell for mime in output.get("data", {}))
        return found

    return read


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=find_chromium(playwright, print), args=chromium_flags()) as browser,
    ):
        yield browser
