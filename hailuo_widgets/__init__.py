"""Hailuo video generation in the notebook: `%%hailuo`, live cards, sweeps, and a small async client.

Everything is loaded when it is first used: `import hailuo_widgets` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module

from hailuo_widgets._version import __version__

TYPE_CHECKING = False  # typing's own costs 8 ms, and a bare import of this package is to cost next to nothing
if TYPE_CHECKING:
    from typing import Any

    from IPython.core.interactiveshell import InteractiveShell

    from hailuo_widgets.api import allow_nested_loops as allow_nested_loops
    from hailuo_widgets.api import configure as configure
    from hailuo_widgets.api import generate as generate
    from hailuo_widgets.api import job as job
    from hailuo_widgets.api import jobs as jobs
    from hailuo_widgets.api import join as join
    from hailuo_widgets.api import judge as judge
    from hailuo_widgets.api import library as library
    from hailuo_widgets.api import resume as resume
    from hailuo_widgets.api import rewrite as rewrite
    from hailuo_widgets.api import studio as studio
    from hailuo_widgets.api import sweep as sweep
    from hailuo_widgets.commands import command as command
    from hailuo_widgets.engine.job import Job as Job
    from hailuo_widgets.engine.state import JobState as JobState
    from hailuo_widgets.errors import HailuoError as HailuoError
    from hailuo_widgets.from_cell import cell as cell
    from hailuo_widgets.measure.run import measure as measure
    from hailuo_widgets.net.client import AsyncHailuo as AsyncHailuo
    from hailuo_widgets.sketch_file import sketch as sketch
    from hailuo_widgets.spec.camera import CameraCommand as CameraCommand
    from hailuo_widgets.spec.media import Media as Media
    from hailuo_widgets.spec.request import VideoRequest as VideoRequest
    from hailuo_widgets.store.clip import Clip as Clip

_HOMES = {
    "AsyncHailuo": "net.client",
    "CameraCommand": "spec.camera",
    "Clip": "store.clip",
    "HailuoError": "errors",
    "Job": "engine.job",
    "JobState": "engine.state",
    "Media": "spec.media",
    "VideoRequest": "spec.request",
    "allow_nested_loops": "api",
    "cell": "from_cell",
    "command": "commands",
    "configure": "api",
    "generate": "api",
    "job": "api",
    "jobs": "api",
    "join": "api",
    "library": "api",
    "resume": "api",
    "rewrite": "api",
    "studio": "api",
    "sweep": "api",
}

__all__ = ["__version__", "load_ipython_extension", "measure", "sketch", "widgets", *_HOMES]  # noqa: PLE0604  # the names are strings


def __getattr__(name: str) -> Any:
    if name == "widgets":
        return import_module(f"{__name__}.views")
    if name == "judge":  # a package that can be called
        return import_module(f"{__name__}.judge")
    if name in ("measure", "sketch"):  # packages that can be called
        return import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value  # so that the next look-up is Python's own
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register `%%hailuo` and `%hailuo`: what `%load_ext hailuo_widgets` calls."""
    from hailuo_widgets.magics import register

    register(shell)
    _report_unfinished_clips()


def _report_unfinished_clips() -> None:
    from hailuo_widgets.store.peek import left_open, usual_folder

    folder = usual_folder()
    if folder is not None and (number := left_open(folder)):
        what = "1 unfinished clip" if number == 1 else f"{number} unfinished clips"
        print(f"hailuo_widgets: {what} from an earlier session. Run `%hailuo resume` to continue.")  # noqa: T201  # one line
