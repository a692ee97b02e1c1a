"""What happens to a prompt outside of this package, said in its cell before anything is sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_STRIPPED = re.compile(r"^(?P<sign>>>>|\.\.\.|In \[\d+\]:)(?: |$)")
_CELL_MARKER = re.compile(r"^# *%%")

_raw = ""


def note(info: object) -> None:
    """Remember the cell that runs now, as it was written: IPython's `pre_run_cell` event."""
    global _raw  # noqa: PLW0603  # a kernel runs one cell at a time
    _raw = str(getattr(info, "raw_cell", None) or "")


def remarks(cell: str) -> list[str]:
    """What to say of the prompt of the cell that runs now, one sentence each.

    Args:
        cell: What stands below `%%hailuo`, as the magic was given it.
    """
    return [*_removed(_raw, cell), *_in_a_text_notebook(cell)]


def _removed(raw: str, cell: str) -> Iterator[str]:
    given = cell.splitlines()
    lines = iter(raw.splitlines())
    if not any(line.split(maxsplit=1)[:1] == ["%%hailuo"] for line in lines):
        return
    for line in lines:  # those below it
        if (found := _STRIPPED.match(line)) and line not in given:
            sign = found["sign"]
            yield f"IPython removed “{sign}” from a line of this prompt. To keep it, put a space before it."
            return


def _in_a_text_notebook(cell: str) -> Iterator[str]:
    odd = next((marks for marks in ('"""', "'''") if cell.count(marks) % 2), None)
    if odd:
        yield f"If jupytext saves this notebook as text, the unpaired {odd} swallows the cells below. Use other marks."
    if marker := next((line for line in cell.splitlines() if _CELL_MARKER.match(line)), None):
        yield f"If jupytext saves this notebook as a script, “{marker[:40]}” begins a new cell. Put a space before it."
