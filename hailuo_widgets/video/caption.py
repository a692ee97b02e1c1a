"""The line at the bottom of a sketch: the prompt, the running camera command, and the word SKETCH."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hailuo_widgets.video.paint import Planes

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
_SCRIM = 0.42

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(maxsize=8)
def _fonts(size: int) -> tuple[Font, ...]:
    fonts: list[Font] = [ImageFont.load_default(size)]
    for name in _FONTS:
        if Path(name).is_file():
            try:
                fonts.append(ImageFont.truetype(name, size, layout_engine=ImageFont.Layout.BASIC))
            except OSError:  # a damaged font is a font that isn't there
                continue
    return tuple(fonts)


def _has(font: Font, character: str) -> bool:
    """Whether a font draws a character as something else than the box that stands for all it lacks."""
    try:
        drawn, lacking = font.getmask(character), font.getmask("\U0010fffe")
    except (OSError, UnicodeError, ValueError):
        return False
    return character == " " or (bool(drawn.size[0]) and (drawn.size, bytes(drawn)) != (lacking.size, bytes(lacking)))


@lru_cache(maxsize=4096)
def _font_for(character: str, size: int) -> int | None:
    return next((index for index, font in enumerate(_fonts(size)) if _has(font, character)), None)


def _plain(text: str) -> str:
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
        font = _fonts(size)[index or 0]
        if runs and runs[-1][0] is font:
            runs[-1] = (font, runs[-1][1] + ("…" if missing else each))
        else:
            runs.append((font, "…" if missing else each))
    return runs


def _width(text: str, size: int) -> float:
    return sum(font.getlength(piece) for font, piece in _runs(text, size))


def _shortened(text: str, size: int, room: float) -> str:
    if _width(text, size) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _width(text[:middle].rstrip() + "…", size) <= room else (low, middle - 1)
    return text[:low].rstrip() + "…"


class Caption:
    """The line over the bottom of every frame; one picture for each group of camera commands.

    Args:
        prompt: Any text.
        moves: The clip's camera commands, as `Sketch.moves` has them.
        width: Width of the frame in pixels.
        height: Height in pixels.
    """

    def __init__(self, prompt: str, moves: Sequence[Sequence[str]], width: int, height: int) -> None:
        self._size = max(9, round(height * 0.0235))
        self._rows = 2 * round(self._size * 1.7)
        self._prompt = _plain(prompt)
        self._frame = (width, height)
        self._covers = [self._cover(tuple(each)) for each in moves] or [self._cover(())]

    @property
    def rows(self) -> int:
        """How many rows at the bottom it covers, even."""
        return self._rows

    def _cover(self, commands: tuple[str, ...]) -> tuple[NDArray[np.int16], ...]:
        """The planes' share of what is below (0 to 128) and what is added to it, for Y, then the chroma share."""
        width, size = self._frame[0], self._size
        text = Image.new("L", (width, self._rows), 0)
        draw = ImageDraw.Draw(text)
        middle = self._rows * 0.56
        margin = round(size * 1.2)
        right = float(width - margin)
        tag = "SKETCH"
        small = max(8, round(size * 0.72))
        tag_width = _width(tag, small) + small * 0.22 * len(tag)
        draw.rounded_rectangle(
            (right - tag_width - small, middle - small * 0.92, right, middle + small * 0.92),
            small * 0.5,
            outline=150,
            width=max(1, size // 14),
        )
        x = right - tag_width - small * 0.42
        for letter in tag:
            draw.text((x, middle), letter, fill=215, font=_fonts(small)[0], anchor="lm")
            x += _width(letter, small) + small * 0.22
        right -= tag_width + small + size * 0.9
        if commands:
            command = _shortened(_plain(" + ".join(commands)), size, width * 0.4)
            right -= _width(command, size)
            self._write(draw, right, middle, command, 205)
            right -= size * 1.4
        self._write(draw, margin, middle, _shortened(self._prompt, size, max(0.0, right - margin)), 235)
        ink = np.asarray(text, np.float32) / 255
        fade = np.linspace(0, 1, self._rows, dtype=np.float32)[:, None] ** 0.8 * np.float32(_SCRIM)
        keep = (1 - fade) * (1 - ink)
        add = 16 * fade * (1 - ink) + 235 * ink
        chroma = (1 - 0.5 * fade[::2]) * (1 - ink.reshape(self._rows // 2, 2, width // 2, 2).mean((1, 3)))
        return (keep * 128).astype(np.int16), (add + 0.5).astype(np.int16), (chroma * 128).astype(np.int16)

    def _write(self, draw: ImageDraw.ImageDraw, x: float, middle: float, text: str, ink: int) -> None:
        for font, piece in _runs(text, self._size):
            if isinstance(font, ImageFont.FreeTypeFont):
                draw.text((x, middle + self._size * 0.36), piece, fill=ink, font=font, anchor="ls")
            else:
                draw.text((x, middle - self._size * 0.5), piece, fill=ink, font=font)
            x += font.getlength(piece)

    def paint(self, planes: Planes, t: float) -> None:
        """Lay the line over a frame; `t` runs from 0 to 1 and picks the command that is shown."""
        keep, add, chroma = self._covers[min(len(self._covers) - 1, int(t * len(self._covers)))]
        luma = planes[0][-self._rows :]
        mixed = luma * keep
        mixed >>= 7
        mixed += add
        luma[...] = mixed
        for plane in planes[1:]:
            part = plane[-self._rows // 2 :]
            tone = (part.astype(np.int16) - 128) * chroma
            tone >>= 7
            tone += 128
            part[...] = tone
