"""The ranking as a picture: an SVG for pages and papers, and HTML for notebooks, whose sanitizer takes an SVG apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hailuo_widgets.judge.words import in_one_line
from hailuo_widgets.markup import attribute, clean, content
from hailuo_widgets.table import bar

if TYPE_CHECKING:
    from hailuo_widgets.judge.study import Chance, Study

_TOP, _FOOT = 30, 34
_SHORT_NAME = 25
_MOST_ROWS = 40

# Colours come from JupyterLab where there is one; otherwise they follow the system's light or dark scheme.
_STYLE = (
    ".hw-rank{font:13px var(--jp-ui-font-family,system-ui,sans-serif);"
    "--hw-ink:var(--jp-ui-font-color1,#1f2328);--hw-dim:var(--jp-ui-font-color2,#59636e);"
    "--hw-line:var(--jp-border-color1,#c8ced5);--hw-mark:var(--jp-brand-color1,#1a6fb5);max-width:100%;height:auto}"
    "@media(prefers-color-scheme:dark){.hw-rank{--hw-ink:var(--jp-ui-font-color1,#e6e9ec);"
    "--hw-dim:var(--jp-ui-font-color2,#a0a8b1);--hw-line:var(--jp-border-color1,#4a525b);"
    "--hw-mark:var(--jp-brand-color1,#64b1f0)}}"
    ".hw-rank text{fill:var(--hw-ink);font-variant-numeric:tabular-nums}.hw-rank .dim{fill:var(--hw-dim)}"
    ".hw-rank line{stroke:var(--hw-line)}.hw-rank .span{stroke:var(--hw-mark);stroke-width:3;stroke-linecap:round}"
    ".hw-rank circle{fill:var(--hw-mark)}"
)


@dataclass(frozen=True)
class _Shape:
    """Where the picture has what: widths, the height of a row, and in it the name's and the line's heights."""

    width: int
    left: int
    right: int
    row: int
    name: int
    line: int
    most: int

    def place(self, probability: float) -> float:
        return round(self.left + (self.right - self.left) * probability, 1)


_BESIDE = _Shape(width=640, left=190, right=470, row=34, name=21, line=17, most=_SHORT_NAME)
_ABOVE = _Shape(width=520, left=12, right=340, row=48, name=16, line=32, most=70)
"""For long names: each above its line, so that it is whole."""


def ranking_svg(study: Study) -> str:
    """The ranking as a static SVG: one row a cell with its strength, its 90% interval and its chance of being the best.

    Args:
        study: What is shown.

    Returns:
        One `<svg>` element, at most 640 units wide and as high as its rows need; long names are above their lines.
        Nothing in it is loaded or executed, and names of cells are text. Beyond 40 cells the rest is counted.
    """
    rows = study.ranking[:_MOST_ROWS]
    hidden = len(study.ranking) - len(rows)
    shape = _ABOVE if any(len(in_one_line(row.cell)) > _SHORT_NAME for row in rows) else _BESIDE
    bottom = _TOP + shape.row * len(rows)
    height = bottom + _FOOT + (18 if hidden else 0)
    spoken = "; ".join(
        f"{place}. {clean(str(row.cell))[:60]}: {row.strength}, {row.best:.0%} chance of being the best"
        for place, row in enumerate(rows, 1)
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="hw-rank" viewBox="0 0 {shape.width} {height}" '
        f'width="{shape.width}" role="img" aria-label="{attribute(f"Ranking. {study.sentence} {spoken}")}">'
        f'<style>{_STYLE}</style><text class="dim" x="{shape.left}" y="16">wins against the others</text>'
        f'<text class="dim" x="{shape.width - 8}" y="16" text-anchor="end">best</text>'
    )
    parts = [head]
    for tick in (0, 25, 50, 75, 100):
        x = shape.place(tick / 100)
        dash = "" if tick == 50 else ' stroke-dasharray="1 4"'
        parts.append(
            f'<line x1="{x}" x2="{x}" y1="{_TOP - 6}" y2="{bottom}"{dash}/>'
            f'<text class="dim" x="{x}" y="{bottom + 18}" text-anchor="middle">{tick}%</text>'
        )
    for index, row in enumerate(rows):
        parts.append(_row(in_one_line(row.cell), row.strength, row.best, _TOP + shape.row * index, shape))
    if hidden:
        parts.append(f'<text class="dim" x="0" y="{height - 4}">and {hidden} more cells</text>')
    return "".join([*parts, "</svg>"])


_CELL = "padding:5px 14px 5px 0;border:0;text-align:left;vertical-align:middle;font-variant-numeric:tabular-nums"


def ranking_html(study: Study) -> str:
    """The ranking as a table with a bar for each interval: inline styles only, so it stays in an untrusted notebook.

    Args:
        study: What is shown. Beyond 40 cells the rest is counted.
    """
    rows = study.ranking[:_MOST_ROWS]
    head = "".join(
        f"<th style='{_CELL};font-weight:500;opacity:.7'>{text}</th>"
        for text in ("Cell", "Wins against the others", "", "Best")
    )
    body = "".join(
        f"<tr><td style='{_CELL}'><bdi>{content(in_one_line(row.cell)[:80])}</bdi></td>"
        f"<td style='{_CELL}'>{bar(row.strength.low, row.strength.probability, row.strength.high)}</td>"
        f"<td style='{_CELL};white-space:nowrap'>{row.strength}</td><td style='{_CELL}'>{row.best:.0%}</td></tr>"
        for row in rows
    )
    hidden = len(study.ranking) - len(rows)
    more = f"<div style='opacity:.7'>and {hidden} more cells</div>" if hidden else ""
    return (
        "<div style='font-size:13px;line-height:1.45;overflow-x:auto'><table style='border-collapse:collapse;margin:0'>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}</div>"
    )


def _row(name: str, strength: Chance, best: float, top: float, shape: _Shape) -> str:
    short = name if len(name) <= shape.most else name[: shape.most - 1] + "…"
    low, middle, high = (shape.place(each) for each in (strength.low, strength.probability, strength.high))
    y = top + shape.line
    return (
        f'<g><title>{attribute(name)}: {strength}</title><text x="0" y="{top + shape.name:g}">{attribute(short)}</text>'
        f'<line class="span" x1="{low}" x2="{high}" y1="{y:g}" y2="{y:g}"/><circle cx="{middle}" cy="{y:g}" r="5.5"/>'
        f'<text x="{shape.right + 14}" y="{y + 4:g}">{strength}</text>'
        f'<text x="{shape.width - 8}" y="{y + 4:g}" text-anchor="end">{best:.0%}</text></g>'
    )
