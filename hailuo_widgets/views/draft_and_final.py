"""A draft and its final beside each other: HTML that stays in the saved notebook, and a text for terminals."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from hailuo_widgets.markup import attribute, clean, content
from hailuo_widgets.views.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hailuo_widgets.views.card import ClipView

Pair = tuple["ClipView", "ClipView | None", str]
"""The draft, its final (None before it is there), and a line on the final: its state, its price."""

_ROW = (
    "display:flex;flex-wrap:wrap;gap:12px 16px;padding:12px;margin:0 0 10px;border:1px solid rgba(128,128,128,.28);"
    "border-radius:8px;font-size:13px;line-height:1.45;max-width:1100px;box-sizing:border-box"
)
_HALF = "flex:1 1 270px;min-width:0"
_VIDEO = "display:block;width:100%;height:auto;max-height:440px;border-radius:6px;background:#0c0e10"
_EMPTY = (
    "display:flex;align-items:center;justify-content:center;min-height:150px;border-radius:6px;"
    "border:1px dashed rgba(128,128,128,.5)"
)
_HEAD = "margin-bottom:6px"
_SOFT = "opacity:.7"


def html(pairs: Sequence[Pair], prompts: Sequence[str]) -> str:
    """Each pair as a row: the draft on the left, the final on the right, one below the other where it is narrow."""
    return "".join(_row(pair, prompt) for pair, prompt in zip(pairs, prompts, strict=True))


def plain_text(pairs: Iterable[Pair]) -> str:
    """A line for each."""
    lines = (
        f"draft {_label(draft)}: {draft.file} · final 2K: {final.file if final else said}"
        for draft, final, said in pairs
    )
    return clean("\n".join(lines))


def _row(pair: Pair, prompt: str) -> str:
    draft, final, said = pair
    left = f"<div style='{_HALF}'>{_head('Draft', _label(draft), '')}{_player(draft, 'draft')}</div>"
    empty = f"<div style='{_EMPTY}'><span style='{_SOFT}'>{content(said)}</span></div>"
    shown = _player(final, "final") if final else empty
    label = _label(final) if final else "2K"
    right = f"<div style='{_HALF}'>{_head('Final', label, said if final else '')}{shown}</div>"
    words = f"<div dir='auto' style='flex:1 1 100%;overflow-wrap:break-word'>{content(shorten(prompt, 300))}</div>"
    return f"<div style='{_ROW}'>{words}{left}{right}</div>"


def _head(what: str, label: str, said: str) -> str:
    more = f" · {content(said)}" if said else ""
    return f"<div style='{_HEAD}'><b>{what} {content(label)}</b><span style='{_SOFT}'>{more}</span></div>"


def _label(view: ClipView) -> str:
    """What people call the size: 2K from 1,440 lines on, which no draft has."""
    name = "2K" if min(view.width, view.height) > 1080 else "768P"
    return f"{name} · {view.width}×{view.height}"


def _player(view: ClipView, what: str) -> str:
    poster = f" poster='data:image/jpeg;base64,{base64.b64encode(view.poster).decode()}'" if view.poster else ""
    return (
        f"<video src='{attribute(view.src)}' width='{view.width}' height='{view.height}' title='{what}' controls"
        f" preload='{'none' if poster else 'metadata'}'{poster} style='{_VIDEO}'></video>"
    )
