"""The line at the bottom of a sketch: the prompt, the running camera command, and the word SKETCH."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from hailuo_widgets.media.lettering import fonts, plain, shortened, write
from hailuo_widgets.media.lettering import width as width_of
from hailuo_widgets.sketch.camera_path import running_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hailuo_widgets.media.encode import Planes

_SCRIM, _HALO = 0.15, 0.7
"""How dark it gets behind the line, and close around each letter. A darker scrim, which stands still while the ground
moves under it, would spoil the last rows for whoever measures the camera."""


class Caption:
    """The line over the bottom of every frame; one picture for each group of camera commands.

    Args:
        prompt: Any text.
        moves: The clip's camera commands, as `Sketch.moves` has them.
        width: Width of the frame in pixels.
        height: Height in pixels.
        note: What else is to be said of the drawing, in a few words.
        shares: As `Sketch.shares` has them.
    """

    def __init__(
        self,
        prompt: str,
        moves: Sequence[Sequence[str]],
        width: int,
        height: int,
        *,
        note: str = "",
        shares: Sequence[float] = (),
    ) -> None:
        self._shares = shares
        self._size = max(9, round(height * 0.0235))
        self._rows = 2 * round(self._size * 1.7)
        self._prompt = plain(prompt)
        self._note = note
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
        tag_width = width_of(tag, small) + small * 0.22 * len(tag)
        draw.rounded_rectangle(
            (right - tag_width - small, middle - small * 0.92, right, middle + small * 0.92),
            small * 0.5,
            outline=150,
            width=max(1, size // 14),
        )
        x = right - tag_width - small * 0.42
        for letter in tag:
            draw.text((x, middle), letter, fill=215, font=fonts(small)[0], anchor="lm")
            x += width_of(letter, small) + small * 0.22
        right -= tag_width + small + size * 0.9
        if self._note:
            right -= width_of(self._note, size)
            write(draw, right, middle, self._note, size=size, ink=170)
            right -= size * 1.4
        if commands:
            command = shortened(plain(" + ".join(commands)), size, width * 0.4)
            right -= width_of(command, size)
            write(draw, right, middle, command, size=size, ink=205)
            right -= size * 1.4
        write(draw, margin, middle, shortened(self._prompt, size, max(0.0, right - margin)), size=size, ink=235)
        ink = np.asarray(text, np.float32) / 255
        fade = np.linspace(0, 1, self._rows, dtype=np.float32)[:, None] ** 0.8 * np.float32(_SCRIM)
        halo = np.asarray(text.filter(ImageFilter.GaussianBlur(size * 0.28)), np.float32) / 255
        fade = 1 - (1 - fade) * (1 - np.clip(2 * halo, 0, 1) * np.float32(_HALO))
        keep = (1 - fade) * (1 - ink)
        add = 16 * fade * (1 - ink) + 235 * ink
        chroma = (1 - 0.5 * fade[::2, ::2]) * (1 - ink.reshape(self._rows // 2, 2, width // 2, 2).mean((1, 3)))
        return (keep * 128).astype(np.int16), (add + 0.5).astype(np.int16), (chroma * 128).astype(np.int16)

    def paint(self, planes: Planes, t: float) -> None:
        """Lay the line over a frame; `t` runs from 0 to 1 and picks the command that is shown."""
        keep, add, chroma = self._covers[running_step(len(self._covers), t, self._shares)]
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
