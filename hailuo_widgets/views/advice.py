"""Where a saved notebook looks for its clips. A copy that has them in another place leaves this out."""

from __future__ import annotations

import re

FILE = ", relative to this notebook. If the clip doesn't play, copy it there"
"""What follows the word “File” above a clip's path."""

_BEGINNING = "<div style='margin-top:6px;opacity:.65'>The clips are in "
_END = ", relative to this notebook. If they don't play, copy that folder there.</div>"
_FOLDERS = re.compile(re.escape(_BEGINNING) + ".{0,900}?" + re.escape(_END))


def folders(where: str) -> str:
    """The line under a table of clips; `where` is HTML."""
    return f"{_BEGINNING}{where}{_END}"


def without(page: str) -> str:
    """A card or a table that says nothing of files."""
    return _FOLDERS.sub("", page.replace(FILE, ""))
