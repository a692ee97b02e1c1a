"""An IPython shell without a kernel, with the extension loaded."""

from __future__ import annotations

import atexit
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import InteractiveShell

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def shell() -> Iterator[InteractiveShell]:
    made = InteractiveShell()
    made.run_line_magic("load_ext", "hailuo_widgets")
    try:
        yield made
    finally:
        made.atexit_operations()
        atexit.unregister(made.atexit_operations)  # it can be done once only


def run(made: InteractiveShell, cell: str) -> Any:
    """The value of a cell; what goes wrong in it is raised here."""
    result = made.run_cell(cell)
    if result.error_in_exec or result.error_before_exec:
        raise result.error_in_exec or result.error_before_exec
    return result.result
