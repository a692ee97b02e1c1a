"""Imports point one way, and loading the package loads next to nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import hailuo_widgets

ROOT = Path(hailuo_widgets.__file__).parent
PACKAGE = "hailuo_widgets"

# Higher ones may import lower ones, and their own kind. What is not named here stands on its own.
RANKS = {
    "cli": 9,
    "demo": 8,
    "jupyterlab": 7,
    "magics": 8,
    "commands": 8,
    "completion": 8,
    "offers": 8,
    "from_cell": 8,
    "without_magics": 8,
    "handout": 8,
    "self_contained": 8,
    "notebook_file": 3,
    "command_line": 7,
    "first_line": 7,
    "raw_cell": 7,
    "api": 7,
    "session": 6,
    "clip_query": 6,
    "sketch_file": 1,
    "views": 5,
    "measure": 4,
    "sweeps": 4,
    "engine": 3,
    "judge": 3,
    "store": 2,
    "net": 2,
    "disk": 2,
    "keys": 2,
    "settings": 2,
    "keychain": 2,
    "markup": 2,
    "table": 2,
    "tabular": 2,
    "redact": 2,
    "testing": 2,
    "waiting": 2,
    "clock": 2,
    "providers": 1,
    "spec": 0,
}
OF_JUPYTER = {"IPython", "ipywidgets", "anywidget", "jupyter_client", "ipykernel", "traitlets", "nbformat"}
FOR_ALL = {"errors", "_version", "media", "paths", "sketch", ""}


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, path: Path) -> set[str]:
    """Full names of all that a module imports, wherever in it, for types only or not."""
    here = [PACKAGE, *name.split(".")] if name else [PACKAGE]
    package = here if path.name == "__init__.py" else here[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])
            base = base if node.level else node.module or ""
            found |= {base, *(f"{base}.{each.name}" for each in node.names)}
    return found


def rooms(name: str, path: Path) -> set[str]:
    """Which rooms of the package a module reaches into."""
    known = modules()
    ours = {each.removeprefix(f"{PACKAGE}.") for each in imports(name, path) if each.startswith(f"{PACKAGE}.")}
    return {each.split(".")[0] for each in ours if each in known}


@pytest.mark.parametrize("name", [name for name in modules() if name])
def test_imports_point_one_way(name):
    room = name.split(".")[0]
    reached = rooms(name, modules()[name]) - FOR_ALL - {room}
    if room == "errors":
        assert not rooms(name, modules()[name])
    elif room == "media":
        assert not rooms(name, modules()[name]) - {"errors", "media"}
    elif room == "sketch":
        assert not rooms(name, modules()[name]) - {"errors", "media", "sketch"}
    elif room == "simulator":
        assert reached <= {"spec"}
        # It has the vendors' rules from their pages and not from us; what a prompt shows is one reading for all drawings.
        assert {each for each in imports(name, modules()[name]) if ".spec" in each and each.count(".") == 2} <= {
            f"{PACKAGE}.spec.camera",
            f"{PACKAGE}.spec.camera_prose",
        }
    elif room in RANKS:
        if name in {"providers.sketch", "cli"}:
            reached -= {"simulator"}
        assert {each for each in reached if RANKS.get(each, 99) > RANKS[room]} == set()


def test_every_room_has_its_place():
    assert {name.split(".")[0] for name in modules()} - FOR_ALL - {"simulator"} <= set(RANKS)


@pytest.mark.parametrize("name", [name for name in modules() if RANKS.get(name.split(".")[0], 0) <= 3 and name])
def test_the_engine_and_all_below_know_nothing_of_jupyter(name):
    assert {each.split(".")[0] for each in imports(name, modules()[name])} & OF_JUPYTER == set()


def test_only_sketch_reaches_the_simulator():
    assert [
        name for name in modules() if name.startswith("providers") and "simulator" in rooms(name, modules()[name])
    ] == ["providers.sketch"]


HEAVY = (
    "httpx",
    "pydantic",
    "ipywidgets",
    "anywidget",
    "IPython",
    "av",
    "numpy",
    "PIL",
    "sqlalchemy",
    "starlette",
    "asyncio",
)


def loaded_by(code: str) -> set[str]:
    shown = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT.parent,
    )
    return set(shown.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    found = loaded_by("import hailuo_widgets")
    assert found & set(HEAVY) == set()
    assert {name for name in found if name.startswith(PACKAGE)} == {PACKAGE, f"{PACKAGE}._version"}


def test_the_command_line_loads_nothing_heavy_for_its_help():
    assert loaded_by("import hailuo_widgets.cli as cli; cli._parser()") & set(HEAVY) == set()


def test_loading_the_extension_loads_no_http_and_no_models():
    code = "from IPython.core.interactiveshell import InteractiveShell as S; S().run_line_magic('load_ext', 'hailuo_widgets')"
    heavy = {"httpx", "pydantic", "ipywidgets", "anywidget", "av", "numpy", "sqlalchemy", "starlette"}
    assert loaded_by(code) & heavy == set()


def test_every_name_that_is_offered_is_there():
    for name in hailuo_widgets.__all__:
        assert getattr(hailuo_widgets, name) is not None
    assert set(hailuo_widgets.__all__) <= set(dir(hailuo_widgets))
    with pytest.raises(AttributeError, match="no attribute 'genrate'"):
        _ = hailuo_widgets.genrate
