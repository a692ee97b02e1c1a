"""A notebook as it is on the disk: read, and written as Jupyter writes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hailuo_widgets.disk import writing
from hailuo_widgets.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def read_notebook(path: Path) -> dict[str, Any]:
    """A notebook's JSON.

    Raises:
        UsageError: If it is not a notebook, or is older than format 4.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"“{path}” can't be read: {error.strerror}.", hint="Name a notebook, FILE.ipynb.") from None
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("cells"), list):
        raise UsageError(f"“{path}” is no notebook of format 4.", hint="Open and save it in Jupyter first.")
    return found


def write_notebook(notebook: dict[str, Any], path: Path) -> None:
    """Write a notebook's JSON; what is there is replaced.

    Raises:
        LibraryError: If the disk refuses it.
    """
    with writing(path):
        path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", "utf-8")


def joined(text: Any) -> str:
    """A cell's source or an output's text, which may be written as a list of lines."""
    return "".join(text) if isinstance(text, list) else str(text or "")
