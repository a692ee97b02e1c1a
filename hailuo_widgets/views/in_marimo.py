"""Jobs, clips and sweeps as marimo shows them. It asks the object itself, and serves no file beside a notebook."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from hailuo_widgets.engine.job import Job
from hailuo_widgets.store.clip import Clip
from hailuo_widgets.views import advice, live, live_grid

if TYPE_CHECKING:
    from hailuo_widgets.sweeps.host import Host
    from hailuo_widgets.sweeps.sweep import Sweep
    from hailuo_widgets.views.card import ClipView

_SOURCE = re.compile(r"""\bsrc=(['"])(?P<address>.+?)\1""")


def mime(what: Job | Clip | Sweep, host: Host) -> tuple[str, str]:
    """What marimo's `_mime_` returns: the card or the table as it is now, its clips as files that marimo serves.

    Args:
        what: What ends a cell.
        host: The kernel's session.
    """
    if isinstance(what, Clip):
        shown = live.clip_html(what, host.folder, _served)
    elif isinstance(what, Job):
        shown = live.job_html(what, host.folder, _served)
    else:
        shown = live_grid.sweep_html(what, host, _served)
    return "text/html", advice.without(shown)


def _served(clip: Clip, view: ClipView) -> ClipView:
    """A clip at the address that marimo gives its file; as it was, where the file is gone."""
    marimo = sys.modules.get("marimo")
    if marimo is None or not clip.path.is_file():
        return view
    found = _SOURCE.search(marimo.video(clip.path).text)
    return replace(view, src=found["address"]) if found else view
