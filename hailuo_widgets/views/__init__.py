"""View: live cards, the static HTML that they settle to, and parts that can be used alone."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hailuo_widgets.views.clip_grid import ClipGrid as ClipGrid
    from hailuo_widgets.views.frame_picker import FramePicker as FramePicker
    from hailuo_widgets.views.player import Player as Player
    from hailuo_widgets.views.prompt_editor import PromptEditor as PromptEditor

_HOMES = {
    "ClipGrid": "clip_grid",
    "FramePicker": "frame_picker",
    "Player": "player",
    "PromptEditor": "prompt_editor",
}

__all__ = [*_HOMES]  # noqa: PLE0604  # the names are strings


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value  # so that the next look-up is Python's own
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
