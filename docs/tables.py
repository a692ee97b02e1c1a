# ruff: noqa: INP001  # a hook of MkDocs, not a package
"""Fills `<!-- table: NAME -->` and `<!-- example: FILE -->` in a page from the code, which is always up to date."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from hailuo_widgets import errors
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import HailuoError
from hailuo_widgets.magics import HailuoMagics
from hailuo_widgets.providers import names
from hailuo_widgets.spec import camera_h3
from hailuo_widgets.spec.camera import CameraCommand
from hailuo_widgets.spec.catalog import catalog

if TYPE_CHECKING:
    from collections.abc import Iterable

_ROOT = Path(__file__).parent.parent
_TABLE = re.compile(r"<!-- table: (\w+) -->")
_EXAMPLE = re.compile(r"<!-- example: (\S+) -->")


def on_page_markdown(markdown: str, **_: object) -> str:
    """MkDocs calls this for each page."""
    markdown = _EXAMPLE.sub(lambda mark: f"```python\n{(_ROOT / mark[1]).read_text('utf-8')}```", markdown)
    return _TABLE.sub(lambda mark: _TABLES[mark[1]](), markdown)


def _options() -> str:
    parser = HailuoMagics.hailuo_cell.parser
    rows = []
    for action in parser._actions:  # noqa: SLF001  # argparse shows its actions nowhere else
        if isinstance(action, argparse._HelpAction):  # noqa: SLF001
            continue
        takes = action.nargs != 0 and bool(action.option_strings)
        value = "/".join(action.choices or [action.dest.upper()]) if takes else ""
        written = ", ".join(action.option_strings) or action.dest.upper()
        rows.append((f"`{f'{written} {value}'.strip()}`", (action.help or "") % {}))
    return _table(("Option", "Meaning"), rows)


def _commands() -> str:
    lines = (line.strip() for line in (HailuoMagics.hailuo_line.__doc__ or "").splitlines())
    pairs = (re.split(r" {2,}", line, maxsplit=1) for line in lines if line.startswith("%hailuo"))
    return _table(("Command", "What it shows or does"), [(f"`{command}`", what) for command, what in pairs])


def _providers() -> str:
    rows = []
    for name in names():
        offer = catalog().offer(name)
        models = tuple(dict.fromkeys(row.model for row in catalog().find(name)))
        key = f"`{offer.key}`" if offer.key else "none needed"
        address = f"`{offer.hosts[0]}`" if offer.key else "in this process"
        rows.append((f"`{name}`", offer.title, key, address, ", ".join(models)))
    return _table(("Provider", "Vendor", "Key", "Base URL", "Models"), rows)


def _camera() -> str:
    rows = [(f"`[{each.en}]`", f"`[{each.zh}]`", camera_h3.MOVES[each]) for each in CameraCommand]
    rows += [(f"`[{_written(name)}]`", "", said) for name, said in camera_h3.MORE.items()]
    return _table(("English", "Chinese", "In words, for MiniMax-H3"), rows)


def _written(name: str) -> str:
    return name.upper() if len(name) == 3 else name.capitalize()  # POV


def _states() -> str:
    source = _docs_of_members(JobState)
    rows = [(f"`{state}`", "yes" if state.final else "", source[state.name]) for state in JobState]
    return _table(("State", "Final", "Meaning"), rows)


def _errors() -> str:
    rows = []
    for name, kind in vars(errors).items():
        if not (isinstance(kind, type) and issubclass(kind, HailuoError)):
            continue
        meaning = " ".join((kind.__doc__ or "").strip().partition("\n\n")[0].split())
        if issubclass(kind, errors.VendorError) and kind is not errors.VendorError:
            charged, again = kind.default_charged.value, "yes" if kind.default_retryable else "no"
        else:
            charged = again = ""
        rows.append((f"`{name}`", meaning, charged, again))
    return _table(("Error", "Meaning", "Charged", "Can trying again help"), rows)


def _docs_of_members(kind: type) -> dict[str, str]:
    """The text that stands under each member in the source: Python keeps it nowhere."""
    from inspect import getsource

    return dict(re.findall(r'    (\w+) = .*\n    """(.+)"""', getsource(kind)))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


_TABLES = {
    "options": _options,
    "commands": _commands,
    "providers": _providers,
    "camera": _camera,
    "states": _states,
    "errors": _errors,
}
