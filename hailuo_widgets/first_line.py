"""`%%hailuo` below the first line of a cell: under a comment it is meant; under code, a sentence says what to do."""

from __future__ import annotations

import ast

from hailuo_widgets.errors import UsageError

_MAGIC = "%%hailuo"


def first_line(lines: list[str]) -> list[str]:
    """Drop what is above and before `%%hailuo`, which IPython wants at a cell's very beginning: comments and blanks.

    An input transformer of IPython's: it is given every cell before it is read, and raises nothing.

    Args:
        lines: The cell's lines, with their ends.

    Returns:
        The lines to run. Where code is above `%%hailuo`, a line that raises `UsageError`.
    """
    lines = [lines[0].removeprefix("\ufeff"), *lines[1:]] if lines else lines
    place = next((n for n, line in enumerate(lines) if line.split(maxsplit=1)[:1] == [_MAGIC]), None)
    if place is None or (place and lines[0].startswith("%%")) or _is_python(lines):
        return lines
    if all(line.lstrip().startswith("#") or not line.strip() for line in lines[:place]):
        # IPython wants it at the line's beginning, and a blank behind its name.
        return [" ".join(lines[place].strip().split(maxsplit=1)) + "\n", *lines[place + 1 :]]
    return [f"__import__({__name__!r}, fromlist=['']).misplaced()\n"]


def misplaced() -> None:
    """Say where `%%hailuo` belongs.

    Raises:
        UsageError: Always.
    """
    raise UsageError(f"{_MAGIC} has to be the first line of its cell.", hint="Move the code above it to another cell.")


def _is_python(lines: list[str]) -> bool:
    """Whether it is Python as it stands: `%%hailuo` is then a part of a text in it."""
    try:
        ast.parse("".join(lines))
    except (SyntaxError, ValueError):
        return False
    return True
