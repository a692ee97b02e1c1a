"""A sweep as one picture: its posters in rows and columns, with the axes' labels."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, SupportsFloat

from PIL import Image, ImageDraw, ImageOps

from hailuo_widgets.errors import HailuoError, UsageError
from hailuo_widgets.media.frames import poster
from hailuo_widgets.media.lettering import plain, shortened, width, write
from hailuo_widgets.sweeps.export.records import state_of
from hailuo_widgets.sweeps.pivot import sheets

if TYPE_CHECKING:
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.sweeps.cells import Cell
    from hailuo_widgets.sweeps.pivot import Sheet
    from hailuo_widgets.sweeps.sweep import Sweep

MOST_PIXELS = 16_000
"""On a side; posters become smaller where they would not fit."""


@dataclass(frozen=True)
class Look:
    """Colours of a contact sheet."""

    paper: str
    ink: str
    soft: str
    sunken: str


ON_PAPER = Look("#ffffff", "#1d2126", "#69727d", "#eef0f3")
"""For a file: dark on white."""

ON_ANY = Look("#77808b00", "#77808b", "#77808b", "#77808b24")
"""For a notebook, whose theme the kernel doesn't know: transparent, and readable on white and on black."""

_TONES = {"failed": "#c4352c", "refused": "#c4352c", "uncertain": "#b26a00", "abandoned": "#b26a00"}
_TITLE, _TEXT, _GAP, _MARGIN = 20, 14, 10, 24
_LINE, _HEADING, _MOST_BESIDE, _SEAM = 2 * _TEXT, 2 * _TITLE + _GAP, 220, 2
_SHAPE = 9 / 16


def contact_sheet(sweep: Sweep, across: int, at: float, look: Look) -> Image.Image:
    """The picture.

    Args:
        sweep: Whose clips.
        across: Width of a cell in pixels.
        at: The moment that is shown, in seconds; past the end means the last frame.
        look: Its colours.

    Raises:
        UsageError: If width or moment is not a number of 0 or more.
    """
    for name, value in (("width", across), ("at", at)):
        if not isinstance(value, SupportsFloat) or not 0 <= value < math.inf:
            raise UsageError(
                f"“{name}” can't be {value!r:.40}.", hint="Give a number: the width in pixels, the moment in seconds."
            )
    return _Drawing(sweep, int(across), at, look).picture


class _Drawing:
    """The picture while it is made, from the top down."""

    def __init__(self, sweep: Sweep, across: int, at: float, look: Look) -> None:
        self._sweep = sweep
        self._look = look
        self._at = at
        pages = sheets(sweep)
        labels = [plain(label) for page in pages for label in page.rows.values()]
        widest = max((width(label, _TEXT) for label in labels), default=0)
        self._beside = min(_MOST_BESIDE, math.ceil(widest) + _GAP) if widest else 0
        columns = max((len(page.columns) for page in pages), default=1)
        rows = sum(len(page.rows) for page in pages)
        self._side = math.ceil(math.sqrt(sweep.repeat))
        lines = math.ceil(sweep.repeat / self._side)
        room = MOST_PIXELS - 2 * _MARGIN - self._beside
        highest = (MOST_PIXELS - 200) / max(1, rows) - _GAP
        most = min(room // columns - _GAP, int(highest / lines / _SHAPE) * self._side)
        wide = max(24, min(across, most) // self._side)
        self._poster = (wide, round(wide * _SHAPE))
        self._across = self._side * (wide + _SEAM) - _SEAM
        self._down = lines * (self._poster[1] + _SEAM) - _SEAM
        heads = sum(_LINE * (bool(page.title) + any(page.columns.values())) + _GAP for page in pages)
        right = 2 * _MARGIN + self._beside + columns * (self._across + _GAP) - _GAP
        size = (max(right, 360), 2 * _MARGIN + _HEADING + heads + rows * (self._down + _GAP))
        self.picture = Image.new("RGBA", size, look.paper)
        self._draw = ImageDraw.Draw(self.picture)
        self._write(_MARGIN, _MARGIN + _TITLE / 2, sweep.name or "Sweep", size[0] - 2 * _MARGIN, size=_TITLE)
        self._write(_MARGIN, _MARGIN + _TITLE * 1.6 + _TEXT / 2, _summary(sweep), size[0] - 2 * _MARGIN, ink=look.soft)
        y = _MARGIN + _HEADING
        for page in pages:
            y = self._page(page, y)

    def _write(self, x: float, middle: float, text: str, room: float, *, size: int = _TEXT, ink: str = "") -> None:
        write(self._draw, x, middle, shortened(plain(text), size, room), size=size, ink=ink or self._look.ink)

    def _page(self, page: Sheet, y: int) -> int:
        """Draw one table; returns where the next one begins."""
        if page.title:
            self._write(_MARGIN, y + _TEXT, page.title, self.picture.width - 2 * _MARGIN)
            y += _LINE
        places = [_MARGIN + self._beside + place * (self._across + _GAP) for place in range(len(page.columns))]
        if any(page.columns.values()):
            for x, label in zip(places, page.columns.values(), strict=True):
                self._write(x, y + _TEXT, label, self._across, ink=self._look.soft)
            y += _LINE
        for row, label in page.rows.items():
            self._write(_MARGIN, y + self._down / 2, label, self._beside - _GAP, ink=self._look.soft)
            for x, column in zip(places, page.columns, strict=True):
                if (cell := page.places.get((row, column))) is not None:
                    self._cell(cell, x, y)
            y += self._down + _GAP
        return y + _GAP

    def _cell(self, cell: Cell, x: int, y: int) -> None:
        """Draw its posters side by side, or the reason why it has none."""
        count = self._sweep.repeat if cell.wanted else 1
        wide, high = self._poster if cell.wanted else (self._across, self._down)
        for number in range(count):
            left, top = x + number % self._side * (wide + _SEAM), y + number // self._side * (high + _SEAM)
            clip = self._sweep.clip(cell.index, number)
            still = _still(clip, (wide, high), self._at) if clip else None
            if still is not None:
                self.picture.paste(still, (left, top))
                continue
            self._draw.rectangle((left, top, left + wide - 1, top + high - 1), fill=self._look.sunken)
            state = state_of(cell, self._sweep.job(cell.index, number), clip)
            word = shortened(state, _TEXT, wide - 8)
            middle = left + (wide - width(word, _TEXT)) / 2
            self._write(middle, top + high / 2, word, wide, ink=_TONES.get(state, self._look.soft))


def _summary(sweep: Sweep) -> str:
    axes = " × ".join(filter(None, (sweep.rows, sweep.columns)))
    clips = len({clip.id for place in sweep.places() if (clip := sweep.clip(*place)) is not None})
    return f"{axes} · {clips} clip{'' if clips == 1 else 's'} in {len(sweep.cells)} cells"


def _still(clip: Clip, size: tuple[int, int], at: float) -> Image.Image | None:
    try:
        data = poster(clip.path, width=size[0], at=at, quality=90, max_bytes=1_000_000) if at else clip.poster()
        with Image.open(io.BytesIO(data)) as still:
            return ImageOps.pad(still.convert("RGB"), size, color="#0c0e10")
    except (OSError, HailuoError):  # a clip that was deleted meanwhile
        return None
