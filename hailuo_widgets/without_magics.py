"""A notebook without our magics: each `%%hailuo` cell as the call that does the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hailuo_widgets import command_line
from hailuo_widgets.errors import HailuoError
from hailuo_widgets.magics import read_cell
from hailuo_widgets.notebook_file import joined, read_notebook, write_notebook
from hailuo_widgets.sweeps.cells import single

if TYPE_CHECKING:
    from pathlib import Path

_IMPORT = "import hailuo_widgets as hw"
_LOAD = re.compile(r"^[ \t]*%(?:load_ext|reload_ext)[ \t]+hailuo_widgets[ \t]*(?:#.*)?$")
_LINE = re.compile(r"^(?P<indent>[ \t]*)(?P<name>[A-Za-z_]\w*[ \t]*=[ \t]*)?%hailuo(?:[ \t]+(?P<words>.*))?$")
_SAID_TWICE = re.compile(r"^import hailuo_widgets(?: as hw)?[ \t]*$")
_FIELDS = (
    "provider",
    "model",
    "duration",
    "resolution",
    "ratio",
    "callback_url",
    "first_frame",
    "last_frame",
    "subject",
)
_SWITCHES = {"optimizer": "prompt_optimizer", "fast_pretreatment": "fast_pretreatment", "watermark": "watermark"}


def convert(source: Path, target: Path) -> list[str]:
    """Write a copy of a notebook in which calls are in the place of `%%hailuo`, `%hailuo` and `%load_ext`.

    Args:
        source: The notebook.
        target: The copy; what is there is replaced.

    Returns:
        A sentence for each cell that could not be converted; it is a comment in the copy.

    Raises:
        UsageError: If the source is no notebook.
        LibraryError: If the disk refuses the copy.
    """
    notebook = read_notebook(source)
    problems, used = [], False
    for number, cell in enumerate(notebook["cells"], 1):
        if cell.get("cell_type") != "code":
            continue
        before = joined(cell.get("source"))
        try:
            after = converted(before)
        except HailuoError as error:
            problems.append(f"Cell {number} was not converted: {error.message.splitlines()[0]}")
            after = "".join(f"# {line}\n" for line in before.splitlines()).rstrip("\n")
        used = used or after != before
        cell["source"] = after
        if after != before:
            cell["outputs"], cell["execution_count"] = [], None
    if used:
        first: dict[str, Any] = {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": _IMPORT,
        }
        if (notebook.get("nbformat", 4), notebook.get("nbformat_minor", 0)) >= (4, 5):
            first["id"] = "hailuo-import"
        code = (number for number, cell in enumerate(notebook["cells"]) if cell.get("cell_type") == "code")
        notebook["cells"].insert(next(code, 0), first)  # below a title
    notebook["cells"] = [
        cell for cell in notebook["cells"] if joined(cell.get("source")).strip() or cell.get("cell_type") != "code"
    ]
    write_notebook(notebook, target)
    return problems


def converted(source: str) -> str:
    """A cell's source without our magics.

    Raises:
        UsageError: If a `%%hailuo` cell can't be read.
    """
    lines = source.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
    if lines[first].split(maxsplit=1)[:1] == ["%%hailuo"]:
        line = lines[first].removeprefix("%%hailuo").strip()
        call = _call(line, "\n".join(lines[first + 1 :]))
        return "\n".join([*(each for each in lines[:first] if each.startswith("#")), call])
    kept = [_plain(line) for line in lines if not _LOAD.match(line) and not _SAID_TWICE.match(line)]
    return source if kept == lines else "\n".join(kept).strip("\n")


def _plain(line: str) -> str:
    """A line with `%hailuo` as the function that it calls."""
    found = _LINE.match(line)
    if found is None:
        return line
    command, *words = command_line.split(found["words"] or "") or ["models"]
    arguments = ", ".join(map(repr, words))
    return f"{found['indent']}{found['name'] or ''}hw.command({command!r}{', ' if arguments else ''}{arguments})"


def _call(line: str, text: str) -> str:
    names = _Names()
    arguments, definition = read_cell(line, text, names)
    varies = definition.axes or arguments.repeat > 1 or arguments.budget
    name = arguments.name
    if (
        varies
        or names.asked
        or arguments.reference
        or arguments.dry_run
        or definition.fields.keys() - _given(arguments)
    ):
        given = "".join(f", {each}={each}" for each in names.asked)
        words = f", {line!r}" if line else ""
        call = f"hw.cell({_literal(text)}{words}{given})"
        hint = f"\n# {name or '_'}.run()  # generates the clips" if varies and not arguments.yes and name else ""
    else:
        options = {each: value for each in _given(arguments) if (value := getattr(arguments, each, None)) is not None}
        options |= {
            field: getattr(arguments, each) == "on" for each, field in _SWITCHES.items() if getattr(arguments, each)
        }
        options |= {each: True for each in ("fresh", "wait") if getattr(arguments, each)}
        options |= {"as_written": True} if arguments.yes else {}
        options |= {"name": name} if name else {}
        said = "".join(f", {each}={value!r}" for each, value in options.items() if each not in _SWITCHES)
        call, hint = f"hw.generate({_literal(single(definition)[0])}{said})", ""
    return f"{name} = {call}{hint}\n{name}" if name else call


def _given(arguments: Any) -> set[str]:
    """The request's fields that the line sets."""
    found = {each for each in _FIELDS if getattr(arguments, each) is not None}
    return found | {field for each, field in _SWITCHES.items() if getattr(arguments, each)}


def _literal(text: str) -> str:
    """A string, line by line where it has several: one in triple quotes changes where a tool indents the cell."""
    lines = text.splitlines(keepends=True)
    if len(lines) < 2:
        return repr(text)
    return "\n    " + "\n    ".join(map(repr, lines))


class _Names(Mapping[str, Any]):
    """A notebook's variables, of which only the names are known. Notes which of them are asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getitem__(self, name: str) -> str:
        if name not in self.asked:
            self.asked.append(name)
        return f"{{{name}}}"

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)

    def __iter__(self) -> Iterator[str]:
        return iter(self.asked)

    def __len__(self) -> int:
        return len(self.asked)
