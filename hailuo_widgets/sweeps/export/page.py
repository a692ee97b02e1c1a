"""A sweep as one page that can be mailed: posters inside, clips beside it or inside, no script."""

from __future__ import annotations

import base64
import math
import shutil
from typing import TYPE_CHECKING
from urllib.parse import quote as percent

from hailuo_widgets.disk import writing
from hailuo_widgets.errors import HailuoError, UsageError
from hailuo_widgets.markup import attribute, content
from hailuo_widgets.store.clip import POSTER_MAX_BYTES
from hailuo_widgets.sweeps.export.records import problem_of, state_of
from hailuo_widgets.sweeps.pivot import sheets
from hailuo_widgets.sweeps.public_label import public_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.sweeps.cells import Cell
    from hailuo_widgets.sweeps.pivot import Sheet
    from hailuo_widgets.sweeps.sweep import Sweep

    Source = Callable[[Clip], str]

_STYLE = """
:root{color-scheme:light dark;--line:color-mix(in srgb,CanvasText 18%,transparent);
--soft:color-mix(in srgb,CanvasText 68%,transparent);--sunken:color-mix(in srgb,CanvasText 5%,transparent)}
*{box-sizing:border-box}
body{margin:0 auto;padding:28px 32px 48px;max-width:1600px;font:14px/1.5 system-ui,sans-serif}
h1{font-size:22px;margin:0 0 2px}h2{font-size:15px;font-weight:600;margin:28px 0 8px}p{margin:0;color:var(--soft)}
.scroll{overflow-x:auto}
table{border-collapse:separate;border-spacing:10px;margin:0 -10px;font-variant-numeric:tabular-nums}
th{font-weight:500;color:var(--soft);text-align:left;font-size:13px}thead th{vertical-align:bottom}
tbody th{max-width:180px;vertical-align:top;padding-top:4px}td{vertical-align:top;width:340px;min-width:200px}
video{display:block;width:100%;aspect-ratio:16/9;border-radius:6px;background:#0c0e10}
.none{display:grid;place-items:center;aspect-ratio:16/9;border-radius:6px;background:var(--sunken);
outline:1px solid var(--line);padding:8px 14px;color:var(--soft);text-align:center;font-size:12px;overflow:hidden}
.facts{display:flex;justify-content:space-between;gap:8px;font-size:12px;color:var(--soft);padding:3px 1px 6px}
details{font-size:12px;color:var(--soft)}summary{cursor:pointer}details p{white-space:pre-wrap;margin:4px 0}
"""


def to_html(sweep: Sweep, path: Path) -> Path:
    """Write the page, and copy the clips into `NAME_clips/` beside it.

    Raises:
        LibraryError: If the disk refuses it.
    """
    folder = path.with_name(f"{path.stem}_clips")
    with writing(path):
        if clips := sweep.clips():
            folder.mkdir(exist_ok=True)
        for clip in clips:
            if clip.path.is_file():  # one that is deleted meanwhile has a remark in its place
                shutil.copyfile(clip.path, folder / clip.path.name)
        path.write_text(
            _page(sweep, lambda clip: f"{percent(folder.name)}/{percent(clip.path.name)}"), encoding="utf-8"
        )
    return path


def to_single_html(sweep: Sweep, path: Path, most_mb: float) -> Path:
    """Write the page with the clips inside.

    Raises:
        UsageError: If it would be larger than `most_mb`; nothing is written then.
        LibraryError: If the disk refuses it.
    """
    clips = sweep.clips()
    size = sum(clip.size * 4 / 3 + POSTER_MAX_BYTES for clip in clips) / 1e6
    if size > most_mb:
        raise UsageError(
            f"One page with {len(clips)} clips would have {size:.0f} MB, more than {most_mb:g} MB.",
            hint=f"Set most_mb={math.ceil(size)}, or leave single out and send the page with its folder.",
        )
    with writing(path):
        path.write_text(_page(sweep, _inside), encoding="utf-8")
    return path


def _inside(clip: Clip) -> str:
    return f"data:video/mp4;base64,{base64.b64encode(clip.path.read_bytes()).decode()}"


def _page(sweep: Sweep, source: Source) -> str:
    title = content(sweep.name or "Sweep")
    clips = len(sweep.clips())
    notes = "".join(f"<p>{content(note)}</p>" for note in sweep.plan.notes)
    body = "".join(_sheet(sweep, sheet, source) for sheet in sheets(sweep))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{attribute(sweep.name or 'Sweep')}</title><style>{_STYLE}</style>"
        f"<h1><bdi>{title}</bdi></h1><p>{clips} clip{'' if clips == 1 else 's'} in {len(sweep.cells)} cells</p>"
        f"{notes}{body}</html>"
    )


def _sheet(sweep: Sweep, sheet: Sheet, source: Source) -> str:
    title = f"<h2><bdi>{content(sheet.title)}</bdi></h2>" if sheet.title else ""
    numbers = sweep.replicates()
    head = "".join(f'<th scope="col"><bdi>{content(label)}</bdi></th>' for label in sheet.columns.values())
    body = "".join(
        f'<tr><th scope="row"><bdi>{content(label)}</bdi></th>'
        + "".join(
            f"<td>{_cell(sweep, sheet.places.get((row, column)), numbers, source)}</td>" for column in sheet.columns
        )
        + "</tr>"
        for row, label in sheet.rows.items()
    )
    table = f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'{title}<div class="scroll">{table}</div>'


def _cell(sweep: Sweep, cell: Cell | None, numbers: list[tuple[int, ...]], source: Source) -> str:
    if cell is None:
        return ""
    shown = [_clip(sweep, cell, number, source) for number in numbers[cell.index]]
    row = cell.quote.row if cell.quote else None
    made_by = f"<p>{content(f'{row.model} on {row.provider}')}</p>" if row else ""
    words = f"<details><summary>Prompt</summary><p dir='auto'>{content(cell.prompt)}</p>{made_by}</details>"
    return "".join(shown) + words


def _clip(sweep: Sweep, cell: Cell, number: int, source: Source) -> str:
    job, clip = sweep.job(cell.index, number), sweep.clip(cell.index, number)
    price = str(cell.quote.price) if cell.quote else ""
    if clip is None:
        why = public_text(problem_of(cell, job, clip), sweep.axes)
        state = state_of(cell, job, clip)
        text = f"<b>{content(state.capitalize())}</b>" + (f"<br>{content(why[:300])}" if why else "")
        return f'<div class="none"><div dir="auto">{text}</div></div><div class="facts"></div>'
    size = f"{clip.width}×{clip.height} · {clip.duration:.1f} s"
    return (
        f'<video src="{attribute(source(clip))}"{_poster(clip)} controls loop playsinline preload="none"></video>'
        f'<div class="facts"><span>{size}</span><span>{content(price)}</span></div>'
    )


def _poster(clip: Clip) -> str:
    try:
        return f' poster="data:image/jpeg;base64,{base64.b64encode(clip.poster()).decode()}"'
    except (OSError, HailuoError):  # the clip is still worth its player
        return ""
