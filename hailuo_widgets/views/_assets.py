"""The front end's files, joined.

anywidget loads one ES module and one style sheet a widget, from a Blob URL, so neither can import another file. The
files import each other as modules do, for the type checker and for the reader; what a view needs is put together here,
when its class is defined, in an order in which a name is there before it is used.
"""

from __future__ import annotations

import re
from pathlib import Path

_STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^import [^;]*? from "\./[\w.]+";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def joined(*names: str) -> str:
    """The named files of `static/`, one after the other, as a single module or style sheet."""
    text = "\n".join((_STATIC / name).read_text(encoding="utf-8") for name in names)
    return _EXPORT.sub("", _IMPORT.sub("", text))
