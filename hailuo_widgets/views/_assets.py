"""The front end's files, joined.

anywidget loads one ES module and one style sheet a widget, from a Blob URL, so neither can import another file. The
files import each other as modules do, for the type checker and for the reader; what a view needs is put together here,
when its class is defined, in an order in which a name is there before it is used.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from pathlib import Path

_STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^import [^;]*? from "\./[\w.]+";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def joined(*names: str) -> str:
    """The named files of `static/`, one after the other, as a single module or style sheet."""
    text = "\n".join((_STATIC / name).read_text(encoding="utf-8") for name in names)
    return _EXPORT.sub("", _IMPORT.sub("", text))


def asset(*names: str) -> str | Path:
    """What a widget's `_esm` or `_css` is: the joined files.

    With `ANYWIDGET_HMR=1` it is a file, which is written again whenever one of them changes: anywidget watches it, and
    gives the page what is new.
    """
    if os.environ.get("ANYWIDGET_HMR") != "1":
        return joined(*names)
    file = Path(tempfile.mkdtemp(prefix="hailuo-widgets-")) / names[-1]
    file.write_text(joined(*names), encoding="utf-8")
    threading.Thread(target=_follow, args=(file, names), name="hailuo_widgets-hot-reload", daemon=True).start()
    return file


def _follow(file: Path, names: tuple[str, ...]) -> None:
    from watchfiles import watch

    for _ in watch(_STATIC):
        file.write_text(joined(*names), encoding="utf-8")
