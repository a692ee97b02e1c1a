"""A small table that reads well in a notebook and in a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from unicodedata import east_asian_width

from hailuo_widgets.markup import clean, content

_CELL = "padding:3px 14px 3px 0;text-align:left;vertical-align:top;border:0"
_HEAD = f"{_CELL};font-weight:500;opacity:.65"
_SHORT = 14
_RULE = "border-bottom:1px solid rgba(128,128,128,.25)"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading.

    Attributes:
        columns: Their names.
        rows: As many texts each.
        caption: View, or what to do where there are no rows.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""

    def __str__(self) -> str:
        lines = [[_line(text) for text in row] for row in (self.columns, *self.rows)] if self.rows else []
        widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
        body = [
            "  ".join(text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        return "\n".join([*([clean(self.caption)] if self.caption else []), *body])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        caption = f'<div style="margin:0 0 6px;opacity:.8">{content(self.caption)}</div>' if self.caption else ""
        if not self.rows:
            return caption
        head = "".join(f'<th style="{_HEAD}">{content(column)}</th>' for column in self.columns)
        body = "".join(
            "<tr>" + "".join(f'<td style="{_style(text)}"><bdi>{content(text)}</bdi></td>' for text in row) + "</tr>"
            for row in self.rows
        )
        return (
            f'<div style="font-size:13px;line-height:1.45;overflow-x:auto">{caption}'
            '<table style="border-collapse:collapse;font-variant-numeric:tabular-nums;margin:0">'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )


def _style(text: str) -> str:
    """A name or an interval stays in one line: a narrow page scrolls the table instead."""
    return f"{_CELL};{_RULE}{';white-space:nowrap' if len(text) <= _SHORT else ''}"


def _line(text: str) -> str:
    """Text that a terminal shows in one line, whatever a vendor or another person's library put into it."""
    return " ".join(clean(text).splitlines())


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def bar(low: float, middle: float, high: float, width: int = 160) -> str:
    """A line from 0 to 100%, the interval on it as a bar, and the estimate as a dot, in inline styles only."""
    low, middle, high = (width * each for each in (low, middle, high))
    before, after = max(middle - 4 - low, 0), max(high - middle - 4, 0)
    piece = "display:inline-block;vertical-align:middle;background-color:"
    return (
        f"<div style='width:{width}px;height:14px;line-height:14px;white-space:nowrap;font-size:0;"
        "background-color:rgba(128,128,128,.14);border-radius:3px'>"
        f"<span style='{piece}#2f7fd0;margin-left:{min(low, middle - 4):.0f}px;width:{before:.0f}px;height:3px'></span>"
        f"<span style='{piece}#2f7fd0;width:8px;height:8px;border-radius:4px'></span>"
        f"<span style='{piece}#2f7fd0;width:{after:.0f}px;height:3px'></span></div>"
    )
