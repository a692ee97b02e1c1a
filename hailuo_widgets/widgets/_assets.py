"""The front end's files, joined.

anywidget loads one ES module and one style sheet a widget, from a Blob URL, so neither can import another file. What
two views share is therefore put together here, when a widget's class is defined.
"""

from __future__ import annotations

from pathlib import Path

_STATIC = Path(__file__).parent / "static"


def joined(*names: str) -> str:
    """The named files of `static/`, one after the other."""
    return "\n".join((_STATIC / name).read_text(encoding="utf-8") for name in names)
