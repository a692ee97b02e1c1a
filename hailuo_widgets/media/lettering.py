"""Words in pictures: any text in one line, in whatever fonts the machine has for it."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import ImageFont

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

# Where Linux, macOS and Windows keep fonts that reach beyond Latin. Pillow ships Latin only.
_FONTS = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/Hiragino Sans GB.ttc",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/segoeui.ttf",
)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(maxsize=8)
def fonts(size: int) -> tuple[Font, ...]:
    """The fonts there are, Pillow's own first."""
    found: list[Font] = [ImageFont.load_default(size)]
    for name in _FONTS:
        if Path(name).is_file():
            try:
                found.append(ImageFont.truetype(name, size, layout_engine=ImageFont.Layout.BASIC))
            except OSError:  # a damaged font is a font that isn't there
                continue
    return tuple(found)


def _has(font: Font, character: str) -> bool:
    """Whether a font has a character, and does not draw the box that it uses for missing ones."""
    try:
        drawn, lacking = font.getmask(character), font.getmask("\U0010fffe")
    except (OSError, UnicodeError, ValueError):
        return False
    return character == " " or (bool(drawn.size[0]) and (drawn.size, bytes(drawn)) != (lacking.size, bytes(lacking)))


@lru_cache(maxsize=4096)
def _font_for(character: str, size: int) -> int | None:
    return next((index for index, font in enumerate(fonts(size)) if _has(font, character)), None)


def plain(text: str) -> str:
    """Text on one line, without what is no visible character: controls, surrogates, marks of direction."""
    visible = (
        " " if each.isspace() else each
        for each in text[:400]
        if unicodedata.category(each) not in {"Cc", "Cf", "Cs", "Co", "Cn"} or each.isspace()
    )
    return " ".join("".join(visible).split())


def _runs(text: str, size: int) -> list[tuple[Font, str]]:
    """The text cut into pieces that one font can draw; a stretch that none can draw becomes one ellipsis."""
    runs: list[tuple[Font, str]] = []
    missing = False
    for each in text:
        index = _font_for(each, size)
        if index is None and missing:
            continue
        missing = index is None
        font = fonts(size)[index or 0]
        if runs and runs[-1][0] is font:
            runs[-1] = (font, runs[-1][1] + ("…" if missing else each))
        else:
            runs.append((font, "…" if missing else each))
    return runs


def width(text: str, size: int) -> float:
    """How wide a text will be, in pixels."""
    return sum(font.getlength(piece) for font, piece in _runs(text, size))


def shortened(text: str, size: int, room: float) -> str:
    """The text, with an ellipsis at its end where there is no room for all of it."""
    if width(text, size) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width(text[:middle].rstrip() + "…", size) <= room else (low, middle - 1)
    return text[:low].rstrip() + "…"


def write(draw: ImageDraw, x: float, middle: float, text: str, *, size: int, ink: int | str) -> None:
    """Draw a text on one line.

    Args:
        draw: Where.
        x: Its left edge in pixels.
        middle: The height of its middle.
        text: Plain text.
        size: Of the letters in pixels.
        ink: A level, or a colour's name.
    """
    for font, piece in _runs(text, size):
        if isinstance(font, ImageFont.FreeTypeFont):
            draw.text((x, middle + size * 0.36), piece, fill=ink, font=font, anchor="ls")
        else:
            draw.text((x, middle - size * 0.5), piece, fill=ink, font=font)
        x += font.getlength(piece)
