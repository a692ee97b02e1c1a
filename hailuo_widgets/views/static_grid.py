"""The grid that stays in a saved notebook: a table that outlives the kernel, and a plain-text twin.

What the sanitizers of JupyterLab and GitHub leave of HTML is told in `static_card.py`. The axes that are neither rows
nor columns make one table for each of their combinations. Each clip is its poster with a play button, which opens the
player over it: a browser's own controls would cover half of so small a picture. Nothing is loaded before that, so that
a hundred players are no burden. A link and a state in words stand under each of them, so that the table makes sense
where neither styles nor players survive.
"""

from __future__ import annotations

import base64
import itertools
import math
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from hailuo_widgets.markup import attribute, clean, content
from hailuo_widgets.sweeps.pivot import STRIP
from hailuo_widgets.views import advice
from hailuo_widgets.views.wording import cell_words, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hailuo_widgets.views.card import ClipView
    from hailuo_widgets.views.grid_view import GridView, Place

OUTPUT_LIMIT = 1_500_000
"""Bytes that 100 cells with their posters may take in the saved notebook."""

_POSTERS_LIMIT = OUTPUT_LIMIT * 2 // 3
_LEAST_POSTER = 1_200

_DOT = {"wait": "#8a929b", "run": "#4f7df0", "ok": "#2f9e66", "warn": "#d08a17", "bad": "#dc4b41", "off": "#8a929b"}
_CARD = (
    "padding:12px;border:1px solid rgba(128,128,128,.28);border-radius:8px;font-size:13px;line-height:1.45;"
    "box-sizing:border-box;overflow-x:auto"
)
_TOP = "display:flex;flex-wrap:wrap;align-items:center;gap:2px 14px;margin-bottom:8px"
_PART = "margin:12px 0 4px"
_TABLE = "border-collapse:separate;border-spacing:0;margin:0;width:auto;table-layout:auto;font-size:12px"
_HEAD = (
    "padding:4px 10px 4px 0;text-align:left;vertical-align:top;border:0;font-weight:600;background:transparent;"
    "min-width:{least}px"
)
_CELL = "padding:4px 10px 8px 0;text-align:left;vertical-align:top;border:0;width:{width}px;min-width:120px"
_PICTURE = "display:block;width:100%;max-width:{width}px;height:auto;border-radius:6px;background:#0c0e10"
_POSTER = "display:block;width:100%;height:auto;border-radius:6px;background:#0c0e10"
_CLIP = "position:relative;margin:0;max-width:{width}px"
_OPENS = "display:block;position:relative;cursor:pointer;list-style:none;margin:0;padding:0"
_OVER = "position:absolute;top:0;left:0;width:100%;height:100%"
_MIDDLE = f"{_OVER};display:flex;align-items:center;justify-content:center"
_PLAY = (
    "width:40px;height:40px;padding-left:3px;border-radius:50%;box-sizing:border-box;text-align:center;color:#fff;"
    "background:rgba(0,0,0,.6);font:18px/40px sans-serif"
)
# In a trusted notebook it plays at once; without the script its own controls are one more click.
_WHEN_OPENED = "this.open?this.lastElementChild.play().catch(Boolean):this.lastElementChild.pause()"
_EMPTY = "padding:14px 8px;border-radius:6px;background:rgba(128,128,128,.09);text-align:center;font-size:11px"
_TAG = (
    "padding:0 4px;border:1px solid rgba(128,128,128,.45);border-radius:4px;font:600 9px/1.4 monospace;"
    "letter-spacing:.08em"
)


def grid_html(view: GridView, clips: Mapping[Place, ClipView], *, explorable: bool = True) -> str:
    """The sweep in its final or current state.

    Args:
        view: The sweep.
        clips: Its clips with their addresses and posters; see `fitting`.
        explorable: Whether `explore()` can show the live grid there.
    """
    drawn = _Drawing(view, clips)
    notes = "".join(f"<div dir='auto' style='margin:6px 0'>{content(note)}</div>" for note in _notes(view))
    tables = "".join(drawn.part(fixed) for fixed in _parts(view))
    again = _again(view) if explorable else ""
    return f"<div style='{_CARD}'>{_top(view)}{notes}{tables}{_files(clips)}{again}</div>"


def grid_text(view: GridView) -> str:
    """The same for a terminal, a diff or a screen with no HTML: what it is, and what came of it."""
    counts = _counts(view)
    head = " · ".join(filter(None, (view.name or "sweep", *counts, *view.head.money)))
    # Zipped and nested axes do not multiply.
    crossed = math.prod(len(axis.values) for axis in view.axes) == len(view.cells)
    lines = [head, (" × " if crossed else ", ").join(f"{axis.name} ({len(axis.values)})" for axis in view.axes)]
    errors = dict.fromkeys(take.error for take in view.takes.values() if take.error)
    lines += [f"  {shorten(' '.join(error.split()), 200)}" for error in list(errors)[:5]]
    return clean("\n".join(line for line in lines if line))


class _Drawing:
    """One grid being drawn."""

    def __init__(self, view: GridView, clips: Mapping[Place, ClipView]) -> None:
        self._view = view
        self._clips = clips
        columns = len(view.axes[_axis(view, view.columns)].values) if view.columns else 1
        columns = min(columns, STRIP) if not view.rows else columns
        self._width = 320 if columns <= 3 else 240 if columns <= 5 else 170

    def part(self, fixed: Mapping[int, int]) -> str:
        """The table of one combination of the axes that are neither rows nor columns."""
        view = self._view
        rows, columns = _axis(view, view.rows), _axis(view, view.columns)
        placed = {
            (cell.at[rows] if rows >= 0 else 0, cell.at[columns] if columns >= 0 else 0): index
            for index, cell in enumerate(view.cells)
            if all(cell.at[axis] == value for axis, value in fixed.items())
        }
        if not placed:
            return ""
        across = view.headings(columns) if columns >= 0 else ("",)
        down = view.headings(rows) if rows >= 0 else ("",)
        shown = [row for row in range(len(down)) if any((row, column) in placed for column in range(len(across)))]
        corner = " · ".join(
            f"{content(shorten(view.heading(axis), 60))} {arrow}"
            for axis, arrow in ((rows, "↓"), (columns, "→"))
            if axis >= 0
        )
        above, side = _HEAD.format(least=0), _HEAD.format(least=100)
        first = f"<th style='{side};font-weight:400;opacity:.65'>{corner}</th>" if rows >= 0 else ""
        tables = []
        for some in _strips(len(across)) if rows < 0 else [range(len(across))]:
            head = "".join(
                f"<th scope='col' style='{above}'>{_label(across[each]) if columns >= 0 else ''}</th>" for each in some
            )
            body = "".join(
                "<tr style='background:transparent'>"
                + (f"<th scope='row' style='{side};max-width:160px'>{_label(down[row])}</th>" if rows >= 0 else "")
                + "".join(self._cell(placed.get((row, column))) for column in some)
                + "</tr>"
                for row in shown
            )
            heads = (
                f"<thead><tr style='background:transparent'>{first}{head}</tr></thead>"
                if rows >= 0 or columns >= 0
                else ""
            )
            tables.append(f"<table style='{_TABLE}'>{heads}<tbody>{body}</tbody></table>")
        title = " · ".join(
            f"<span style='opacity:.65'>{content(shorten(view.axes[axis].name, 40))}</span> "
            f"<b>{_label(view.axes[axis].values[value])}</b>"
            for axis, value in fixed.items()
        )
        heading = f"<div style='{_PART}'>{title}</div>" if title else ""
        return heading + "".join(tables)

    def _cell(self, index: int | None) -> str:
        style = _CELL.format(width=self._width)
        if index is None:
            return f"<td style='{style}'></td>"
        return f"<td style='{style}'>{''.join(map(self._take, self._view.places(index)))}</td>"

    def _take(self, place: Place) -> str:
        view = self._view
        cell, take, clip = view.cells[place[0]], view.take(place), self._clips.get(place)
        word, tone = cell_words()[view.state(place)]
        dot = f"<span style='color:{_DOT[tone]}'>●</span>"
        tag = f" <b style='{_TAG}'>SKETCH</b>" if cell.sketch and take.clip and not view.all_sketches() else ""
        state = f"{dot} {word}" if take.state != "stored" or cell.problem or cell.skipped else ""
        judged = " ".join(filter(None, ("★" * take.rating, "starred" if take.starred else "")))
        link = f"<a href='{attribute(clip.src)}'>clip</a>" if clip else ""
        facts = " · ".join(filter(None, (*self._figures(place), content(judged), link)))
        measured = content(shorten(clip.measured, 80)) if clip else ""
        seen = f"<div style='opacity:.8'>{measured}</div>" if measured else ""
        remark = f"<div dir='auto' style='opacity:.8'>{content(shorten(take.remark, 300))}</div>" if take.remark else ""
        why = cell.problem or take.error or take.note
        reason = f"<div dir='auto' style='opacity:.75'>{content(shorten(why, 160))}</div>" if why else ""
        picture = self._picture(place, clip) if clip else f"<div style='{_EMPTY}'>{reason or word}</div>"
        return (
            f"{picture}<div style='margin:2px 0 6px'>{state}{tag} "
            f"<span style='opacity:.7'>{facts}</span>{seen}{remark}</div>"
        )

    def _picture(self, place: Place, clip: ClipView) -> str:
        title = attribute(shorten(", ".join(self._view.labels(place[0])), 120))
        shape = f"src='{attribute(clip.src)}' width='{clip.width}' height='{clip.height}' title='{title}'"
        if not clip.poster:
            style = _PICTURE.format(width=self._width)
            return f"<video {shape} controls loop muted preload='metadata' style='{style}'></video>"
        data = f"data:image/jpeg;base64,{base64.b64encode(clip.poster).decode()}"
        return (
            f"<details style='{_CLIP.format(width=self._width)}' ontoggle='{_WHEN_OPENED}'><summary style='{_OPENS}'>"
            f"<img src='{data}' alt='Play {title}' style='{_POSTER}'>"
            f"<span style='{_MIDDLE}'><span style='{_PLAY}'>▶\ufe0e</span></span></summary>"
            f"<video {shape} controls loop muted preload='none' style='{_OVER};border-radius:6px'></video></details>"
        )

    def _figures(self, place: Place) -> Iterator[str]:
        cell, take = self._view.cells[place[0]], self._view.take(place)
        if place[1] or len(self._view.places(place[0])) > 1:
            yield f"no. {place[1] + 1}"
        if take.clip:
            # Not the time, nor whether it came from the library: the same cell again gives the same output.
            yield content(cell.price)
        elif take.charged:
            yield content(take.charged)
        elif take.state == "planned" and not (cell.problem or cell.skipped):
            yield content(cell.price)


def fitting(view: GridView, clips: Iterable[tuple[Place, ClipView]]) -> Iterator[tuple[Place, ClipView]]:
    """The clips with posters so small that the whole grid keeps within its limit, one by one: each takes a moment."""
    places = sum(len(view.places(cell)) for cell in range(len(view.cells)))
    room = max(_LEAST_POSTER, _POSTERS_LIMIT * 3 // 4 // max(1, places))
    for place, clip in clips:
        yield place, clip if len(clip.poster) <= room else replace(clip, poster=_smaller(clip.poster, room))


@lru_cache(maxsize=512)  # the same table is drawn again while more clips arrive
def _smaller(poster: bytes, room: int) -> bytes:
    from hailuo_widgets.media.frames import shrunk

    return shrunk(poster, max_bytes=room)


def _strips(width: int) -> Iterator[range]:
    """One long row as several short ones."""
    for start in range(0, width, STRIP):
        yield range(start, min(start + STRIP, width))


def _axis(view: GridView, name: str) -> int:
    return next((index for index, axis in enumerate(view.axes) if name and axis.name == name), -1)


def _parts(view: GridView) -> Iterator[dict[int, int]]:
    """Every combination of the axes that are neither rows nor columns and do not go together with one of them."""
    shown = {_axis(view, view.rows), _axis(view, view.columns)}
    groups = [group for group in view.together() if not shown & set(group)]
    values = [sorted({tuple(cell.at[axis] for axis in group) for cell in view.cells}) for group in groups]
    for combination in itertools.product(*values):
        yield {
            axis: value
            for group, chosen in zip(groups, combination, strict=True)
            for axis, value in zip(group, chosen, strict=True)
        }


def _counts(view: GridView) -> list[str]:
    words = cell_words()
    states = [view.state(place) for cell in range(len(view.cells)) for place in view.places(cell)]
    return [f"{count} {words[state].word.lower()}" for state in words if (count := states.count(state))]


def _top(view: GridView) -> str:
    name = f"<b style='font-size:15px'><bdi>{content(shorten(view.name or 'Sweep', 80))}</bdi></b>"
    words = cell_words()
    states = [view.state(place) for cell in range(len(view.cells)) for place in view.places(cell)]
    counts = " ".join(
        f"<span><span style='color:{_DOT[words[state].tone]}'>●</span> {count} {words[state].word.lower()}</span>"
        for state in words
        if (count := states.count(state))
    )
    said = " · ".join(map(content, view.head.money))
    sketches = view.all_sketches() and any(take.clip for take in view.takes.values())
    counts += f" <b style='{_TAG}'>SKETCH</b>" if sketches else ""
    return f"<div style='{_TOP}'>{name} {counts} <span style='opacity:.7'>{said}</span></div>"


def _notes(view: GridView) -> Iterator[str]:
    if view.head.phase == "plan":
        yield " · ".join(f"{name}: {value}" for name, value in view.plan.facts) + " · nothing was sent"
        yield from view.plan.notes
    if view.head.phase in ("running", "paused"):
        yield "Saved while it ran. Run its cell again for the rest: what was sent is not bought twice."
    if view.head.message:
        yield view.head.message


def _files(clips: Mapping[Place, ClipView]) -> str:
    """Where the clips are looked for: a notebook may be mailed without them, and a player can't say what it lacks."""
    if not clips:
        return ""
    folders = sorted({clip.file.rpartition("/")[0] or "." for clip in clips.values()})
    where = ", ".join(f"<code>{content(shorten(folder, 120))}</code>" for folder in folders[:3])
    return advice.folders(where)


def _again(view: GridView) -> str:
    if view.head.phase != "done" or not view.name.isidentifier():
        return ""
    return (
        "<div style='margin-top:6px;opacity:.65'>To play them in step, compare and rate them: "
        f"<code>{content(view.name)}.explore()</code></div>"
    )


def _label(text: str) -> str:
    return f"<bdi>{content(shorten(text or '—', 160))}</bdi>"
