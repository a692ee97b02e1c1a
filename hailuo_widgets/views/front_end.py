"""Who runs the cell that runs now, and so what becomes of its outputs.

A page shows an output and all its later versions. A server that runs the cells itself, and a page that is written
once, see no later version. A program that executes a notebook sees those that come while a cell runs.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import sys
from enum import Enum, auto
from pathlib import Path
from typing import Any

_BY_JUPYTER_CLIENT = re.compile(r"_\d+_\d+$")
"""How jupyter_client's request ids end; front ends in a browser write UUIDs."""


class FrontEnd(Enum):
    """What is on the other side of the kernel."""

    PAGE = auto()
    """A page that shows later versions of an output: JupyterLab, Notebook 7, VS Code, Colab."""
    SERVER = auto()
    """A page whose server runs the cells (jupyter-server-documents, -nbmodel). No later version is seen."""
    VOILA = auto()
    """A page that is written when its cells have ended. No later version is seen."""
    PROGRAM = auto()
    """nbclient, papermill, nbconvert: no page, no buttons. Later versions are seen while a cell runs."""
    ENGINE = auto()
    """An engine of ipyparallel: no page, and no later version is seen."""

    @property
    def has_page(self) -> bool:
        """Whether a widget can be shown, and pressed."""
        return self not in (FrontEnd.PROGRAM, FrontEnd.ENGINE)

    @property
    def shows_updates(self) -> bool:
        """Whether an output is replaced by a later version with its display id."""
        return self in (FrontEnd.PAGE, FrontEnd.PROGRAM)


def front_end() -> FrontEnd:
    """Of the cell that runs now."""
    if "ipyparallel.engine.kernel" in sys.modules:
        return FrontEnd.ENGINE
    if os.environ.get("SERVER_SOFTWARE", "").startswith("voila/"):
        return FrontEnd.VOILA
    request = _request()
    if _cell_id(request):
        return FrontEnd.PAGE
    if _of_a_server():
        by_a_server = _BY_JUPYTER_CLIENT.search(str(request.get("header", {}).get("msg_id", "")))
        return FrontEnd.SERVER if by_a_server else FrontEnd.PAGE
    return FrontEnd.PROGRAM if request.get("content", {}).get("allow_stdin") is False else FrontEnd.PAGE


def parent_header() -> dict[str, Any]:
    """The header of the request that runs now, which its outputs answer."""
    header: dict[str, Any] = _request().get("header", {})
    return header


def output_name() -> str:
    """A name for the next output of the cell that runs now, which no other output in any open notebook has.

    It is the same when the cell is run again, so that running a notebook again doesn't change its file. A copy of a
    notebook has the same cells: on one kernel with it, the first one to ask has the name, by its connection.
    """
    request = _request()
    number = _next_number(str(request.get("header", {}).get("msg_id", "")))
    cell = _cell_id(request)
    if not cell:
        if front_end().has_page and front_end() is not FrontEnd.VOILA:
            return secrets.token_hex(8)  # nothing tells this cell from others of the page
        cell = f"[{_execution_count()}]"
    notebook = Path(os.environ.get("JPY_SESSION_NAME", "")).name  # as the kernel was started: the same for both
    named = f"{notebook}\n{cell}\n{number}"
    connection = str(request.get("header", {}).get("session", ""))
    if _connections.setdefault(named, connection) != connection:
        named += f"\n{connection}"
    return hashlib.sha256(named.encode()).hexdigest()[:16]


_connections: dict[str, str] = {}
"""Which front end's connection has run which cell first."""


def shell() -> Any:
    """IPython's shell, None outside of it. Loads nothing to find out."""
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None


def _request() -> dict[str, Any]:
    """The message that runs the cell, {} where that can't be told."""
    kernel = getattr(shell(), "kernel", None)
    get_parent = getattr(kernel, "get_parent", None)
    if get_parent is None:
        return {}
    try:
        found = get_parent("shell")
    except TypeError:  # xeus-python's takes no channel
        found = get_parent()
    return found if isinstance(found, dict) else {}


def _cell_id(request: dict[str, Any]) -> str:
    return str((request.get("metadata") or {}).get("cellId") or "")


def _execution_count() -> int:
    return int(getattr(shell(), "execution_count", 0))


_last: tuple[str, int] = ("", 0)


def _next_number(request: str) -> int:
    global _last  # noqa: PLW0603  # one kernel, one cell at a time
    _last = (request, _last[1] + 1) if _last[0] == request else (request, 1)
    return _last[1]


def _of_a_server() -> bool:
    """Whether a Jupyter server started this kernel for a notebook; a program that runs in a notebook inherits that."""
    name = os.environ.get("JPY_SESSION_NAME")
    if not name:
        return False
    import psutil  # ipykernel needs it too

    try:
        inherited = psutil.Process(os.getppid()).environ().get("JPY_SESSION_NAME")
    except (OSError, psutil.Error):
        return True
    return bool(inherited != name)
