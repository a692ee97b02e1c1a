"""Outputs of cells: shown once, replaced later by their display id, whichever thread and cell runs then."""

from __future__ import annotations

import sys
from typing import Any

_settled: dict[str, dict[str, str]] = {}
"""What has settled since the last cell ended. It is sent once more then, from that cell: a notebook that is run without
a browser (nbclient, papermill) keeps only messages of the cell that runs."""


def in_kernel() -> bool:
    """Whether this is a Jupyter kernel, where widgets can be shown. Loads nothing to find out."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


def publish(data: dict[str, Any], display_id: str, *, update: bool = False) -> None:
    """Show data under the cell that runs now, or in the place of what was shown under the same display id."""
    from IPython.display import publish_display_data

    publish_display_data(data, transient={"display_id": display_id}, update=update)


def settle(data: dict[str, str], display_id: str) -> None:
    """Put what stays in the place of a live view."""
    publish(data, display_id, update=True)
    _settled[display_id] = data


def republish() -> None:
    """Send what settled behind the cells once more; called at the end of each cell."""
    while _settled:
        display_id, data = _settled.popitem()
        publish(data, display_id, update=True)
