"""A sweep as a film: all its clips in step, in a grid with labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hailuo_widgets.errors import UsageError
from hailuo_widgets.media.film import FilmCell, video
from hailuo_widgets.sweeps.pivot import sheets
from hailuo_widgets.sweeps.public_label import public_label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hailuo_widgets.media.probe import VideoInfo
    from hailuo_widgets.sweeps.cells import Cell
    from hailuo_widgets.sweeps.pivot import Sheet
    from hailuo_widgets.sweeps.sweep import Sweep

SIZES = {"720p": (1280, 720), "1080p": (1920, 1080), "4K": (3840, 2160)}


def film(sweep: Sweep, path: Path, title: str, size: str, progress: Callable[[float], None] | None) -> VideoInfo:
    """Write the film.

    Args:
        sweep: Whose clips.
        path: The file.
        title: A line above the grid, `""` for none.
        size: One of `SIZES`.
        progress: Told how much is done, 0 to 1.

    Raises:
        UsageError: If no clip is there, or at another size.
        HailuoError: If a clip can't be read or the film can't be written.
    """
    if size not in SIZES:
        raise UsageError(f"A film can't have the size “{size}”.", hint=f"Choose one of: {', '.join(SIZES)}.")
    cells, columns = _places(sweep)
    width, height = SIZES[size]
    return video(cells, path, columns=columns, title=title, width=width, height=height, progress=progress)


def _places(sweep: Sweep) -> tuple[list[FilmCell], int]:
    """The film's places row by row, and how many there are in a row; 0 where any number is right."""
    pages = sheets(sweep)
    if not (sweep.rows and sweep.columns):
        return [each for cell in sweep.cells for each in _cells(sweep, cell)], 0
    columns = max(len(page.columns) for page in pages) * sweep.repeat
    return [each for page in pages for row in page.rows for each in _row(sweep, page, row, columns)], columns


def _row(sweep: Sweep, page: Sheet, row: int, columns: int) -> Iterator[FilmCell]:
    filled = 0
    for column in page.columns:
        cell = page.places.get((row, column))
        for each in _cells(sweep, cell) if cell is not None else [FilmCell(None)] * sweep.repeat:
            yield each
            filled += 1
    yield from [FilmCell(None)] * (columns - filled)


def _cells(sweep: Sweep, cell: Cell) -> Iterator[FilmCell]:
    chosen = (axis.values[index] for axis, index in zip(sweep.axes, cell.at, strict=True))  # no data frame's
    values = [public_label(each) for each in chosen]
    label = " · ".join(filter(None, values))
    for number in range(sweep.repeat):
        clip = sweep.clip(cell.index, number) if cell.wanted else None
        yield FilmCell(clip.path if clip else None, f"{label} #{number + 1}" if sweep.repeat > 1 else label)
