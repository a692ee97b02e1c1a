"""Painting a scene as a camera sees it, straight into the Y, U and V planes of a frame.

Outlines are projected column by column and only their edge is blended; what lies below is a gradient of whole rows.
So a frame costs about as much as copying it a few times, at any scale and at any fraction of a pixel, and nothing is
ever converted from RGB.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import as_strided

from hailuo_widgets.sketch.scene import Points, Ridge, Scene, Sky, Sprite
from hailuo_widgets.sketch.terrain import PERIOD
from hailuo_widgets.sketch.texture import tile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hailuo_widgets.media.encode import Planes
    from hailuo_widgets.sketch.camera_path import Camera

    Floats = NDArray[np.float32]
    Bytes = NDArray[np.uint8]
    Canvas = tuple[Bytes, Bytes]
    """Y, and U and V in one array of half the size."""
    Sample = tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.int16], NDArray[np.int16]]
    """Y, U and V of a sprite, and how far each pixel of Y, and of U and V, is covered."""

_ONE = 128
"""Full coverage: 255 × 128 still fits 16 bits."""

_NONE, _ALL, _FAR = np.int16(0), np.int16(_ONE), np.int16(2000)
_NEAR_ENOUGH = 240
"""So many rows can be counted in eighths of a pixel and multiplied by a slope within 16 bits."""

_SAMPLES = 96
"""How many sprites, each at one size and place within a pixel, are kept for the frames to come."""

_SMALL = 64_000
"""Up to so many pixels a sprite is kept: all of them in 30 MB."""

_ABOVE = 0.02
"""In frame heights."""

_FAR_AWAY, _LARGE = 4.0, 600
"""From which distance on, and in frames of more than so many rows, marks are pale enough to be drawn coarsely."""

_PARTS = 8
_WORTH = 30_000
"""An edge is painted in parts where that spares so many pixels: about as many as cost what a part costs by itself."""


@dataclass(frozen=True, slots=True)
class View:
    """How one distance is seen: u' = focal × (u × grow − x), v' = focal × (v × grow + y)."""

    grow: float
    x: float
    y: float
    focal: float

    @classmethod
    def at(cls, camera: Camera, z: float) -> View:
        """The view of what is `z` away from the camera at rest."""
        depth = z - camera.z
        return cls(z / depth, camera.x / depth + camera.yaw, camera.y / depth + camera.pitch, camera.focal)


def _blend(target: Bytes, colour: NDArray[np.int16] | Bytes, cover: NDArray[np.int16]) -> None:
    """Lay a colour over a part of a plane; `cover` runs from 0 to `_ONE`."""
    # Said, because NumPy 1 takes a single colour and a plane of bytes for bytes.
    step = np.subtract(colour, target, dtype=np.int16)
    step *= cover
    step >>= 7
    step += target
    target[...] = step


def _sampled(item: Sprite, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Sample:
    """A sprite's pixels at some of its rows and columns; nothing where they lie outside it."""
    for place, size in zip((rows, columns), item.alpha.shape, strict=True):
        place[(place < 0) | (place >= size)] = 0  # its empty border
    cover = item.alpha.take(rows, 0)[:, columns].astype(np.int16)
    coarse = np.ascontiguousarray(cover[::2, ::2])
    if not isinstance(item.planes, tuple):
        return item.planes[0].astype(np.int16), item.planes[1:, None, None].astype(np.int16), cover, coarse
    luma, chroma = item.planes
    return (
        luma.take(rows, 0)[:, columns].astype(np.int16),
        chroma.take(rows[::2], 1)[:, :, columns[::2]].astype(np.int16),
        cover,
        coarse,
    )


def _rise(edge: Floats) -> NDArray[np.int16]:
    """How much of a pixel, in sixteenths, a row of each column covers: a steep flank covers it more slowly."""
    slope = np.empty_like(edge)
    np.subtract(edge[2:], edge[:-2], out=slope[1:-1])
    slope[0], slope[-1] = slope[1], slope[-2]
    slope *= slope
    rise: NDArray[np.int16] = np.maximum(np.float32(16) / np.sqrt(slope * np.float32(0.25) + np.float32(1)), 1).astype(
        np.int16
    )
    return rise


def _cover(edge: Floats, rise: NDArray[np.int16], start: int, solid: int) -> NDArray[np.int16]:
    """How far each pixel from row `start` to `solid` lies below the edge, 0 to `_ONE`, in whole-number steps.

    Rows count in eighths of a pixel and slopes in sixteenths, and both are kept so small that products fit 16 bits.
    """
    count = solid - start
    middles = np.arange(4, count * 8, 8, dtype=np.int16)[:, None]
    # So far outside these rows, a column's edge leaves them wholly covered, or not at all.
    at = np.clip((edge - np.float32(start)) * np.float32(8), -72, count * 8 + 72)
    cover: NDArray[np.int16] = middles - at.astype(np.int16)
    if count > _NEAR_ENOUGH:
        np.clip(cover, -_FAR, _FAR, out=cover)
    cover *= rise
    cover += np.int16(_ONE // 2)
    np.clip(cover, _NONE, _ALL, out=cover)
    return cover


class ScenePainter:
    """Paints one scene at one size.

    Args:
        scene: What there is to see.
        width: Width of the frame in pixels, even.
        height: Height in pixels, even.
    """

    def __init__(self, scene: Scene, width: int, height: int) -> None:
        self._scene = scene
        self._width = width
        self._height = height
        self._columns = ((np.arange(width) + 0.5 - width / 2) / height).astype(np.float32)
        self._kept: tuple[tuple[float, float, float], int, tuple[Bytes, Bytes]] | None = None
        # U and V lie in one array, so that both are painted by one call.
        self._chroma = np.empty((2, height // 2, width // 2), np.uint8)
        self._shades: dict[int, tuple[tuple[float, float, float], Bytes]] = {}
        self._samples: dict[tuple[int, ...], Sample] = {}
        self._tiles: dict[int, tuple[Bytes, int]] = {}
        self._rows = ((np.arange(height) + 0.5 - height / 2) / height).astype(np.float32)

    def paint(self, planes: Planes, camera: Camera, seconds: float) -> None:
        """Paint the scene as seen by `camera` at a moment of the clip; one frame at a time."""
        canvas = (planes[0], self._chroma)
        edges = [self._edge(item, camera, seconds) if isinstance(item, Ridge) else None for item in self._scene.items]
        # From far to near, each layer is painted only down to where a nearer one hides all of it.
        stops = [self._height] * (len(edges) + 1)
        for index in range(len(edges) - 1, -1, -1):
            edge = edges[index]
            stops[index] = (
                stops[index + 1] if edge is None else min(stops[index + 1], self._clip(float(edge.max()) + 3))
            )
        self._sky(canvas, self._scene.sky, camera, stops[0])
        for item, edge, stop in zip(self._scene.items, edges, stops[1:], strict=True):
            match item:
                case Ridge():
                    assert edge is not None
                    self._ridge(canvas, item, View.at(camera, item.z), edge, stop)
                case Sprite():
                    self._sprite(canvas, item, camera, seconds)
                case Points():
                    self._points(canvas, item, camera, seconds)
        planes[1][...], planes[2][...] = self._chroma

    def _clip(self, row: float) -> int:
        """A row rounded up to an even one inside the frame, so that chroma rows never straddle a border."""
        return max(0, min(self._height, 2 * math.ceil(row / 2)))

    def _sky(self, canvas: Canvas, sky: Sky, camera: Camera, stop: int) -> None:
        # Its lights are soft: it is painted again only when it has moved by a 256th of the frame.
        view = View.at(camera, sky.z)
        x, y, scale = (
            round(each * 256) / 256 for each in (view.x / view.grow, view.y / view.grow, view.focal * view.grow)
        )
        kept = self._kept
        if kept is None or kept[0] != (x, y, scale) or kept[1] < stop:
            kept = self._kept = ((x, y, scale), stop, self._lit(sky, View(1.0, x, y, scale), stop))
        luma, chroma = kept[2]
        clouds = self._marks(sky, view, 0, stop)
        np.add(luma[:stop], clouds, out=canvas[0][:stop])
        canvas[1][:, : stop // 2] = chroma[:, : stop // 2]

    def _lit(self, sky: Sky, view: View, stop: int) -> tuple[Bytes, Bytes]:
        """The sky down to a row: its gradient, and the light around the disc as products of a column and a row.

        The light changes too slowly for neighbouring columns to differ, so one is worked out for each four.
        """
        rows = self._rows[:stop] / np.float32(view.focal) - np.float32(view.y)
        columns = self._columns[::4] / np.float32(view.focal) + np.float32(view.x)
        place = (rows + np.float32(0.5)) / np.float32(sky.horizon + 0.5)
        u, v = (np.float32(each) for each in sky.at)
        down, down_wide = (np.exp(-(((rows - v) / np.float32(size)) ** 2)) for size in (0.16, 0.30))
        across = np.stack((
            np.exp(-(((columns - u) / np.float32(0.18)) ** 2)) * np.float32(0.55 * sky.strength),
            np.exp(-(((columns - u) / np.float32(0.75)) ** 2)) * np.float32(0.42 * sky.strength),
            np.ones_like(columns),
        ))  # fmt: skip
        grid = np.linspace(0, 1, len(sky.stops))
        lights = []
        for channel in range(3):
            step = 1 if channel == 0 else 2
            level = np.interp(place[::step], grid, sky.stops[:, channel]).astype(np.float32)
            lift = np.float32(sky.glow[channel]) - level
            parts = (down[::step] * lift, down_wide[::step] * lift, level + np.float32(0.5))
            lights.append(np.stack(parts, 1) @ across)
        # Four equal bytes are one number times 0x01010101, which is far quicker than repeating them.
        luma = (lights[0].astype(np.uint32) * np.uint32(0x01010101)).view(np.uint8)[:, : self._width]
        chroma = np.stack(lights[1:]).astype(np.uint16) * np.uint16(0x0101)
        return luma, chroma.view(np.uint8)[:, :, : self._width // 2]

    def _edge(self, item: Ridge, camera: Camera, seconds: float) -> Floats:
        """The row, in pixels and fractions, of the outline in each column."""
        view = View.at(camera, item.z)
        samples = len(item.outline)
        density = samples / PERIOD
        pace = density / (view.focal * view.grow)
        start = density * (view.x / view.grow - item.drift * seconds)
        # Whole periods are added to keep every place positive: cutting its fraction off then rounds it down.
        start -= math.floor((start + pace * float(self._columns[0])) / samples) * samples
        place = self._columns * np.float32(pace)
        place += np.float32(start)
        index = place.astype(np.int32)
        place -= index.astype(np.float32)
        rows: Floats = item.outline.take(index, mode="wrap")
        index += 1
        place *= item.outline.take(index, mode="wrap") - rows
        rows += place
        scale = view.focal * self._height
        rows *= np.float32(view.grow * scale)
        rows += np.float32(view.y * scale + self._height / 2)
        return rows

    def _ridge(self, canvas: Canvas, item: Ridge, view: View, edge: Floats, stop: int) -> None:
        top = self._clip(float(edge.min()) - 3)
        if top >= stop:
            return
        colours = self._colours(item, view)[top:stop]
        luma, chroma = colours[:, :1], colours[::2, 1:].T[:, :, None]
        wide_luma, wide_chroma = luma.astype(np.int16), chroma.astype(np.int16)
        marks = self._marks(item, view, top, stop) if item.texture else None
        rise = _rise(edge)
        for left, right, first, solid in self._parts(edge, stop):
            fine, rough = canvas[0][:stop, left:right], canvas[1][:, : stop // 2, left // 2 : right // 2]
            if solid > first:
                cover = _cover(edge[left:right], rise[left:right], first, solid)
                coarse = np.ascontiguousarray(cover[::2, ::2])
                whole, half = slice(first - top, solid - top), slice((first - top) // 2, (solid - top) // 2)
                shade = wide_luma[whole] if marks is None else luma[whole] + marks[whole, left:right]
                _blend(fine[first:solid], shade, cover)
                _blend(rough[:, first // 2 : solid // 2], wide_chroma[:, half], coarse)
            if stop > solid:
                if marks is None:
                    fine[solid:] = luma[solid - top :]
                else:  # what is darker wraps around: 200 + 254 is 198 in a byte
                    np.add(luma[solid - top :], marks[solid - top :, left:right], out=fine[solid:])
                rough[:, solid // 2 :] = chroma[:, (solid - top) // 2 :]

    def _marks(self, item: Ridge | Sky, view: View, top: int, stop: int) -> Bytes:
        """The texture of a layer in rows of the frame, as bytes to be added to its brightness."""
        marks, period = self._tile(item)
        scale = view.focal * view.grow
        across = (float(self._columns[0]) + view.focal * view.x) * self._height
        # A tile begins a little above what is seen of the layer at rest, so that its rows seldom have to begin again.
        origin = (item.crest if isinstance(item, Ridge) else -0.5) - _ABOVE
        down = ((float(self._rows[0]) / view.focal - view.y) / view.grow - origin) * self._height
        if abs(scale - 1) < 1e-6:
            # Whole pixels, so that the rows of the frame are rows of the tile.
            left, first = math.floor(across) % period, (math.floor(down) + top) % len(marks)
            seen = marks[:, left : left + self._width]
            if first + stop - top <= len(marks):
                return seen[first : first + stop - top]
            return seen[np.arange(first, first + stop - top) % len(marks)]
        # A few neighbouring pixels at once, which is as many times quicker and can't be seen on soft marks.
        coarse = isinstance(item, Sky) or (item.z > _FAR_AWAY and self._height > _LARGE)
        pixels, kind = (4, np.uint32) if coarse else (2, np.uint16)
        places = (np.arange(0, self._width, pixels, dtype=np.float32) + np.float32(across)) / np.float32(scale)
        columns = np.floor(places).astype(np.intp) % period // pixels
        rows = np.floor(np.arange(top, stop, dtype=np.float32) / np.float32(scale) + np.float32(down)).astype(np.intp)
        grouped = marks.view(kind)
        if scale < 1:
            picked = grouped[rows % len(marks)].take(columns, 1)
        else:  # each row that is shown more than once is picked once
            first, count = int(rows[0]) % len(marks), int(rows[-1] - rows[0]) + 1
            run = slice(first, first + count)
            used = grouped[run] if run.stop <= len(marks) else grouped[np.arange(first, run.stop) % len(marks)]
            once = used.take(columns, 1)
            picked = once.take(rows - rows[0], 0)
        shown: Bytes = picked.view(np.uint8)[:, : self._width]
        return shown

    def _tile(self, item: Ridge | Sky) -> tuple[Bytes, int]:
        """A layer's texture, a whole frame to the right of any place in it, and the pixels after which it repeats."""
        kept = self._tiles.get(id(item))
        if kept is None:
            assert item.texture is not None
            once = tile(item.texture, self._height)
            lights = item.stops[:, 0] if isinstance(item, Sky) else (item.top[0], item.base[0])
            darkest, lightest = float(min(lights)), float(max(lights))
            once = np.clip(once, min(0, math.ceil(16 - darkest)), max(0, math.floor(235 - lightest)))
            period = once.shape[1]
            width = period + -(-self._width // 4) * 4
            wide = np.tile(once, (1, -(-width // period)))[:, :width]
            kept = self._tiles[id(item)] = (np.ascontiguousarray(wide).view(np.uint8), period)
        return kept

    def _colours(self, item: Ridge, view: View) -> Bytes:
        """The colour of a ridge in each row of the frame, (height, 3)."""
        key = (view.focal, view.y, view.grow)
        kept = self._shades.get(id(item))
        if kept is None or kept[0] != key:
            rows = (self._rows / view.focal - view.y) / view.grow
            share = np.clip((rows - item.crest) / item.fade, 0, 1)
            colours = (item.top + np.multiply.outer(share, item.base - item.top) + 0.5).astype(np.uint8)
            kept = self._shades[id(item)] = (key, colours)
        return kept[1]

    def _parts(self, edge: Floats, stop: int) -> list[tuple[int, int, int, int]]:
        """The frame cut where an edge spans fewer rows: the columns of each part, and its rows that are blended."""
        size = max(2, -(-self._width // _PARTS // 2) * 2)
        starts = np.arange(0, self._width, size)
        parts: list[tuple[int, int, int, int]] = []
        lowest, highest = (ufunc.reduceat(edge, starts).tolist() for ufunc in (np.minimum, np.maximum))
        for left, low, high in zip(starts.tolist(), lowest, highest, strict=True):
            right = min(self._width, left + size)
            first, solid = (min(stop, self._clip(row)) for row in (low - 3, high + 3))
            if parts:
                before, _, first_before, solid_before = parts[-1]
                joined = max(solid, solid_before) - min(first, first_before)
                apart = (solid_before - first_before) * (left - before) + (solid - first) * (right - left)
                if joined * (right - before) < apart + _WORTH:
                    parts[-1] = (before, right, min(first, first_before), max(solid, solid_before))
                    continue
            parts.append((left, right, first, solid))
        return parts

    def _sprite(self, canvas: Canvas, item: Sprite, camera: Camera, seconds: float) -> None:
        view = View.at(camera, item.z)
        u = item.u + item.drift * seconds + (camera.follow / item.z if item.follows else 0.0)
        v = item.v + item.bob * math.sin(math.tau * item.pace * seconds)
        high = item.height * view.grow * view.focal * self._height
        wide = high * item.alpha.shape[1] / item.alpha.shape[0]
        # A size and a place are rounded to quarters of a pixel, so that a sprite that neither turns nor comes nearer is
        # sampled a few times in a clip and not once a frame.
        high, wide = (max(4, round(each * 4)) / 4 for each in (high, wide))
        left = (view.focal * (u * view.grow - view.x)) * self._height + self._width / 2 - wide / 2
        top = (view.focal * (v * view.grow + view.y) + 0.5) * self._height - high / 2
        left, top = round(left * 4) / 4, round(top * 4) / 4
        x0, x1 = (max(0, min(self._width, 2 * math.floor(x / 2))) for x in (left, left + wide + 2))
        y0, y1 = (max(0, min(self._height, 2 * math.floor(y / 2))) for y in (top, top + high + 2))
        if x1 <= x0 or y1 <= y0:
            return
        place = (id(item), *(round(each * 4) for each in (high, left - x0, top - y0)), x1 - x0, y1 - y0)
        sample = self._samples.pop(place, None)
        if sample is None:
            scale = item.alpha.shape[0] / high
            rows = ((np.arange(y0, y1) + 0.5 - top) * scale).astype(np.intp)
            columns = ((np.arange(x0, x1) + 0.5 - left) * scale).astype(np.intp)
            sample = _sampled(item, rows, columns)
        if sample[2].size <= _SMALL:
            self._samples[place] = sample  # the newest is the last
        if len(self._samples) > _SAMPLES:
            del self._samples[next(iter(self._samples))]
        luma, chroma, cover, coarse = sample
        _blend(canvas[0][y0:y1, x0:x1], luma, cover)
        _blend(canvas[1][:, y0 // 2 : y1 // 2, x0 // 2 : x1 // 2], chroma, coarse)

    def _points(self, canvas: Canvas, item: Points, camera: Camera, seconds: float) -> None:
        depth = item.z - np.float32(camera.z)
        grow = item.z / depth
        x = (camera.x / depth + camera.yaw).astype(np.float32)
        y = (camera.y / depth + camera.pitch).astype(np.float32)
        u, v = item.u, item.v
        if item.fall:
            u, v = u + np.float32(item.fall[0] * seconds), v + np.float32(item.fall[1] * seconds)
            u = u + np.float32(0.012) * np.sin(np.float32(1.3 * seconds) + item.v * 40)
        u, v = camera.focal * (u * grow - x), camera.focal * (v * grow + y)
        if item.fall:
            u, v = (u + 1.3) % 2.6 - 1.3, (v + 0.65) % 1.3 - 0.65
        seen = np.flatnonzero(
            (np.abs(u) < self._width / self._height / 2 + item.size[0]) & (np.abs(v) < 0.5 + item.size[1])
        )
        if not seen.size:
            return
        strength = item.strength[seen]
        if item.twinkle:
            phase = (item.u * 97 + item.v * 61)[seen]
            strength = strength * (
                1 - np.float32(item.twinkle) * (0.5 + 0.5 * np.sin(phase + np.float32(2.2 * seconds)))
            )
        px = (u[seen] * self._height + self._width / 2).astype(np.float32)
        py = ((v[seen] + 0.5) * self._height).astype(np.float32)
        # Near flakes are larger, as far as the cost of their pixels allows.
        swell = min(2.0, max(0.6, float(grow[seen].mean()))) * camera.focal
        half_x, half_y = (max(0.55, each * self._height * swell) for each in item.size)
        # The hue of a tiny white light can't be seen.
        coloured = float(np.abs(item.colour[1:] - 128).max()) > 9
        for step, planes in ((1, canvas[0][None]), (2, canvas[1])) if coloured else ((1, canvas[0][None]),):
            across = _taps(px / np.float32(step), half_x / step, planes.shape[2])
            down = _taps(py / np.float32(step), half_y / step, planes.shape[1])
            cover = down[1][:, :, None] * across[1][:, None, :] * strength[:, None, None]
            for plane, level in zip(planes, item.colour[step - 1 :], strict=False):
                _splat(plane, across[0], down[0], cover, float(level))


Taps = tuple["NDArray[np.intp]", "Floats"]
"""For each point the pixels that it touches in one direction, and how much of each it covers."""


def _taps(middle: Floats, half: float, limit: int) -> Taps:
    low = np.maximum(middle - np.float32(half), 0)
    high = np.minimum(middle + np.float32(half), np.float32(limit))
    pixel = np.floor(low)[:, None] + np.arange(math.ceil(2 * half) + 1, dtype=np.float32)
    inside = np.minimum(pixel + np.float32(1), high[:, None])
    inside -= np.maximum(pixel, low[:, None])
    return np.minimum(pixel, np.float32(limit - 1)).astype(np.intp), np.maximum(inside, 0)


def _splat(plane: Bytes, across: NDArray[np.intp], down: NDArray[np.intp], cover: Floats, level: float) -> None:
    """Draw boxes of one colour with exact coverage of every pixel that they touch."""
    rows, width = plane.shape
    # By their places in the buffer, pixels are found in half the time.
    pixels = as_strided(plane, ((rows - 1) * plane.strides[0] + width,), (1,))
    where = down[:, :, None] * plane.strides[0] + across[:, None, :]
    step = pixels.take(where).astype(np.float32)
    step += (np.float32(level) - step) * cover
    step += np.float32(0.5)
    pixels[where] = step.astype(np.uint8)
