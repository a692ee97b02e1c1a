"""Many clips in step as one film: a labelled grid."""

from __future__ import annotations

import gc
import math
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error
import numpy as np
from PIL import Image, ImageDraw

from hailuo_widgets.errors import HailuoError, UsageError
from hailuo_widgets.media import yuv
from hailuo_widgets.media.encode import encode
from hailuo_widgets.media.lettering import plain, shortened, write
from hailuo_widgets.media.probe import VideoInfo, probe

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

    from hailuo_widgets.media.encode import Planes

_AT_ONCE = 2
"""How many threads decode, and then encode: each holds some 40 MB, and a film has at most 400."""

_PAPER = 20
_INK, _QUIET = 232, 150


@dataclass(frozen=True, slots=True)
class FilmCell:
    """One place of the grid.

    Attributes:
        path: Its clip; None for an empty place.
        label: A few words above it.
    """

    path: str | os.PathLike[str] | None
    label: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a cell's picture is, and where its frames are kept until they are needed."""

    left: int
    top: int
    width: int
    height: int
    offsets: tuple[int, ...]

    @property
    def size(self) -> int:
        return self.width * self.height * 3 // 2


def video(
    cells: Sequence[FilmCell],
    path: str | os.PathLike[str],
    *,
    columns: int = 0,
    title: str = "",
    width: int = 1920,
    height: int = 1080,
    progress: Callable[[float], None] | None = None,
) -> VideoInfo:
    """Write clips that play in step, in a grid with labels, into one silent mp4: H.264 that plays everywhere.

    All begin at once; one that ends before the longest stays on its last frame. Two clips are decoded at a time and
    kept small in a temporary file, so memory does not grow with their number.

    Args:
        cells: Row by row.
        path: The film; what is there is replaced when it is complete.
        columns: How many in a row; 0 for as many as make the pictures largest.
        title: A line above the grid.
        width: Of the film in pixels, even: 1920, or 3840 for 4K.
        height: Of the film in pixels, even.
        progress: Told how much is done, 0 to 1.

    Returns:
        The facts about the film. Its rate is that of the fastest clip, at most 60 frames a second.

    Raises:
        UsageError: If there is no clip, or the film's size leaves no room for them.
        UnreadableVideoError: If a clip can't be decoded.
        HailuoError: If the film can't be written.
    """
    known = {index: probe(Path(each.path)) for index, each in enumerate(cells) if each.path is not None}
    if not known:
        raise UsageError("There is no clip to show.", hint="Run the sweep first, or give clips.")
    if width % 2 or height % 2 or not (64 <= width <= 7680 and 64 <= height <= 4320):
        raise UsageError(
            f"A film can't have {width} × {height} pixels.", hint="Give even numbers, for example 1920 × 1080."
        )
    tell = progress or (lambda _: None)
    rate = Fraction(min(60.0, max(info.fps for info in known.values()))).limit_denominator(1001)
    shape = max(info.width / info.height for info in known.values())
    labelled = any(each.label for each in cells)
    layout = _Layout(len(cells), columns, (width, height), shape, titled=bool(title), labelled=labelled)
    paper = layout.paper(cells, title)
    target = Path(path)
    part = target.with_name(f".{target.name}.part")
    try:
        with tempfile.TemporaryFile(prefix="hailuo-film-") as kept:
            keep = _Keep(kept, float(rate))
            places = []
            with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="hailuo-film") as pool:
                paths, rooms = (Path(cells[index].path or "") for index in known), map(layout.room, known)
                for place in pool.map(keep, paths, known.values(), rooms):
                    places.append(place)
                    tell(0.7 * len(places) / len(known))
            frames = _composed(kept, places, paper, tell)
            encode(
                frames,
                part,
                width=width,
                height=height,
                fps=rate,
                preset="veryfast",
                title=title or target.stem,
                threads=_AT_ONCE,
            )
        part.replace(target)
    except (av.error.FFmpegError, OSError) as error:
        raise HailuoError(
            f"The film “{target.name}” can't be written: {error}.",
            hint="Check that its folder exists, is writable and has space left.",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return probe(target)


class _Layout:
    """Where the cells are."""

    def __init__(
        self, cells: int, columns: int, size: tuple[int, int], shape: float, *, titled: bool, labelled: bool
    ) -> None:
        self.width, self.height = width, height = size
        self.gap = max(2, height // 180 * 2)
        self.letters = max(9, height // 54)
        self.head = round(self.letters * 2.6) if titled else self.gap
        candidates = [columns] if columns > 0 else range(1, cells + 1)
        fits = []
        for each in candidates:
            rows = math.ceil(cells / each)
            letters = max(9, min(self.letters, height // (rows * 9)))
            line = yuv.even(letters * 1.9) if labelled else 0
            across = (width - self.gap * (each + 1)) / each
            down = (height - self.head - self.gap * rows) / rows - line
            fits.append((min(across, down * shape), each, line, letters, across, down))
        best, self.columns, self.line, self.label_letters, across, down = max(fits, key=lambda fit: fit[0])
        if best < 16:
            raise UsageError(f"{cells} clips don't fit into {width} × {height} pixels.", hint="Give a larger size.")
        # No higher and no wider than the widest clip, so that each label is at its picture; the grid is in the middle.
        self.across = int(min(across, down * shape) + 0.01) // 2 * 2
        self.down = int(min(down, across / shape) + 0.01) // 2 * 2
        rows = math.ceil(cells / self.columns)
        wide = self.columns * (self.across + self.gap) - self.gap
        high = rows * (self.down + self.line + self.gap) - self.gap
        self.left = max(self.gap, (width - wide) // 2)
        self.top = self.head + max(0, (height - self.head - self.gap - high) // 2)

    def room(self, index: int) -> tuple[int, int, int, int]:
        """Left, top, width and height of a cell's picture."""
        row, column = divmod(index, self.columns)
        left = self.left + column * (self.across + self.gap)
        top = self.top + row * (self.down + self.line + self.gap) + self.line
        return left // 2 * 2, top // 2 * 2, self.across, self.down

    def paper(self, cells: Sequence[FilmCell], title: str) -> Planes:
        """What does not move: the ground, the title and the labels."""
        ground = Image.new("L", (self.width, self.height), _PAPER)
        draw = ImageDraw.Draw(ground)
        if title:
            size = round(self.letters * 1.25)
            text = shortened(plain(title), size, self.width - 2 * self.gap)
            write(draw, self.gap, self.head / 2, text, size=size, ink=_INK)
        for index, cell in enumerate(cells):
            left, top, wide, _ = self.room(index)
            if cell.label:
                text = shortened(plain(cell.label), self.label_letters, wide)
                write(draw, left, top - self.line / 2, text, size=self.label_letters, ink=_INK if cell.path else _QUIET)
        planes = yuv.canvas((self.width, self.height))
        planes[0][...] = np.asarray(ground)
        return planes


class _Keep:
    """Writes clips' frames, at their size in the film, to the end of one file; several threads may call it at once."""

    def __init__(self, kept: BinaryIO, fps: float) -> None:
        self._kept, self._fps = kept, fps
        self._lock = threading.Lock()

    def __call__(self, path: Path, info: VideoInfo, room: tuple[int, int, int, int]) -> _Place:
        left, top, across, down = room
        wide, high = yuv.fitted(info.width, info.height, (across, down))
        offsets = []
        for planes in yuv.frames(path, self._fps, (wide, high)):
            parts = [np.ascontiguousarray(plane).data for plane in planes]
            with self._lock:
                offsets.append(self._kept.seek(0, 2))
                self._kept.writelines(parts)
        gc.collect()  # PyAV's containers and streams refer to each other, and each holds a decoder's pictures
        return _Place(left + (across - wide) // 4 * 2, top + (down - high) // 4 * 2, wide, high, tuple(offsets))


def _composed(
    kept: BinaryIO, places: Sequence[_Place], paper: Planes, tell: Callable[[float], None]
) -> Iterator[av.VideoFrame]:
    page = tuple(plane.copy() for plane in paper)
    count = max(len(each.offsets) for each in places)
    for index in range(count):
        for place in places:
            if index >= len(place.offsets):
                continue  # its last frame stays
            kept.seek(place.offsets[index])
            data = np.frombuffer(kept.read(place.size), np.uint8)
            area = place.width * place.height
            part = (
                data[:area].reshape(place.height, place.width),
                data[area : area + area // 4].reshape(place.height // 2, place.width // 2),
                data[area + area // 4 :].reshape(place.height // 2, place.width // 2),
            )
            yuv.put((page[0], page[1], page[2]), part, place.left, place.top)
        yield yuv.as_frame((page[0], page[1], page[2]))
        tell(0.7 + 0.3 * (index + 1) / count)
