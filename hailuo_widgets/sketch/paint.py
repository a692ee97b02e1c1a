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

from hailuo_widgets.sketch.scene import Points, Ridge, Scene, Sky, Sprite
from hailuo_widgets.sketch.terrain import PERIOD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hailuo_widgets.media.encode import Planes
    from hailuo_widgets.sketch.camera_path import Camera

    Floats = NDArray[np.float32]
    Bytes = NDArray[np.uint8]

_ONE = 128
"""Full coverage: 255 × 128 still fits 16 bits."""

_NONE, _ALL, _FAR = np.int16(0), np.int16(_ONE), np.int16(2000)


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
        if math.isinf(z):
            return cls(1.0, camera.yaw, camera.pitch, camera.focal)
        depth = z - camera.z
        return cls(z / depth, camera.x / depth + camera.yaw, camera.y / depth + camera.pitch, camera.focal)


def _blend(target: Bytes, colour: NDArray[np.int16], cover: NDArray[np.int16]) -> None:
    """Lay a colour over a part of a plane; `cover` runs from 0 to `_ONE`."""
    # Said, because NumPy 1 takes a single colour and a plane of bytes for bytes.
    step = np.subtract(colour, target, dtype=np.int16)
    step *= cover
    step >>= 7
    step += target
    target[...] = step


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
        self._kept: tuple[tuple[float, float, float], int, list[Bytes]] | None = None
        self._rows = ((np.arange(height) + 0.5 - height / 2) / height).astype(np.float32)

    def paint(self, planes: Planes, camera: Camera, seconds: float) -> None:
        """Paint the scene as seen by `camera` at a moment of the clip."""
        edges = [self._edge(item, camera, seconds) if isinstance(item, Ridge) else None for item in self._scene.items]
        # From far to near, each layer is painted only down to where a nearer one hides all of it.
        stops = [self._height] * (len(edges) + 1)
        for index in range(len(edges) - 1, -1, -1):
            edge = edges[index]
            stops[index] = (
                stops[index + 1] if edge is None else min(stops[index + 1], self._clip(float(edge.max()) + 3))
            )
        self._sky(planes, self._scene.sky, camera, stops[0])
        for item, edge, stop in zip(self._scene.items, edges, stops[1:], strict=True):
            match item:
                case Ridge():
                    assert edge is not None
                    self._ridge(planes, item, View.at(camera, item.z), edge, stop)
                case Sprite():
                    self._sprite(planes, item, camera, seconds)
                case Points():
                    self._points(planes, item, camera, seconds)

    def _clip(self, row: float) -> int:
        """A row rounded up to an even one inside the frame, so that chroma rows never straddle a border."""
        return max(0, min(self._height, 2 * math.ceil(row / 2)))

    def _sky(self, planes: Planes, sky: Sky, camera: Camera, stop: int) -> None:
        # Only turning and zooming change what is infinitely far away; every other move finds the sky of the last frame.
        key = (camera.yaw, camera.pitch, camera.focal)
        kept = self._kept
        if kept is None or kept[0] != key or kept[1] < stop:
            kept = self._kept = (key, stop, self._lit(sky, View.at(camera, math.inf), stop))
        for channel, plane in enumerate(planes):
            rows = stop if channel == 0 else stop // 2
            plane[:rows] = kept[2][channel][:rows]

    def _lit(self, sky: Sky, view: View, stop: int) -> list[Bytes]:
        """The sky down to a row: its gradient, and the light around the disc as products of a column and a row.

        The light changes too slowly for neighbouring columns to differ, so one is worked out for each four.
        """
        rows = self._rows[:stop] / np.float32(view.focal) - np.float32(view.y)
        columns = self._columns[::4] / np.float32(view.focal) + np.float32(view.x)
        place = (rows + np.float32(0.5)) / np.float32(sky.horizon + 0.5)
        u, v = (np.float32(each) for each in sky.at)
        down, down_wide = (np.exp(-(((rows - v) / np.float32(size)) ** 2)) for size in (0.16, 0.30))
        across = np.exp(-(((columns - u) / np.float32(0.18)) ** 2)) * np.float32(0.55 * sky.strength)
        across_wide = np.exp(-(((columns - u) / np.float32(0.75)) ** 2)) * np.float32(0.42 * sky.strength)
        grid = np.linspace(0, 1, len(sky.stops))
        lit = []
        for channel in range(3):
            step = 1 if channel == 0 else 2
            level = np.interp(place[::step], grid, sky.stops[:, channel]).astype(np.float32)
            lift = np.float32(sky.glow[channel]) - level
            light = np.multiply.outer(down[::step] * lift, across)
            light += np.multiply.outer(down_wide[::step] * lift, across_wide)
            light += (level + np.float32(0.5))[:, None]
            # Four equal bytes are one number times 0x01010101, which is far quicker than repeating them.
            wide = (
                light.astype(np.uint32) * np.uint32(0x01010101)
                if channel == 0
                else light.astype(np.uint16) * np.uint16(0x0101)
            )
            lit.append(wide.view(np.uint8)[:, : self._width // step])
        return lit

    def _edge(self, item: Ridge, camera: Camera, seconds: float) -> Floats:
        """The row, in pixels and fractions, of the outline in each column."""
        view = View.at(camera, item.z)
        samples = len(item.outline)
        place = ((self._columns / view.focal + view.x) / view.grow - item.drift * seconds) * np.float32(
            samples / PERIOD
        )
        index = np.floor(place).astype(np.int64)
        part = place - index
        index %= samples
        outline = item.outline
        v = outline[index] * (1 - part) + outline[(index + 1) % samples] * part
        rows: Floats = (v * view.grow + view.y) * np.float32(view.focal * self._height) + np.float32(self._height / 2)
        return rows

    def _ridge(self, planes: Planes, item: Ridge, view: View, edge: Floats, stop: int) -> None:
        top = self._clip(float(edge.min()) - 3)
        if top >= stop:
            return
        rows = (self._rows[top:stop] / view.focal - view.y) / view.grow
        share = np.clip((rows - item.crest) / item.fade, 0, 1)
        colours = (item.top + np.multiply.outer(share, item.base - item.top) + 0.5).astype(np.uint8)
        solid = min(stop, self._clip(float(edge.max()) + 3))
        cover = self._cover(edge, top, solid) if solid > top else None
        coarse = None if cover is None else np.ascontiguousarray(cover[::2, ::2])
        for channel, plane in enumerate(planes):
            step = 1 if channel == 0 else 2
            first, last, end = top // step, solid // step, stop // step
            colour = colours[::step, channel, None]
            if cover is not None and coarse is not None:
                _blend(plane[first:last], colour[: last - first].astype(np.int16), coarse if channel else cover)
            if end > last:
                plane[last:end] = colour[last - first :]

    @staticmethod
    def _cover(edge: Floats, start: int, solid: int) -> NDArray[np.int16]:
        """How far each pixel from row `start` to `solid` lies below the edge, 0 to `_ONE`, in whole-number steps.

        Rows count in eighths of a pixel and slopes in sixteenths, and both are kept so small that products fit 16 bits.
        """
        middles = (np.arange(solid - start, dtype=np.int16) * np.int16(8) + np.int16(4))[:, None]
        cover: NDArray[np.int16] = middles - ((edge - np.float32(start)) * np.float32(8)).astype(np.int16)
        np.clip(cover, -_FAR, _FAR, out=cover)
        # A steep flank covers a pixel more slowly than a level one does.
        slope = np.empty_like(edge)
        slope[1:-1] = edge[2:] - edge[:-2]
        slope[0], slope[-1] = slope[1], slope[-2]
        cover *= np.maximum(np.float32(16) / np.sqrt(slope * slope * np.float32(0.25) + np.float32(1)), 1).astype(
            np.int16
        )
        cover += np.int16(_ONE // 2)
        np.clip(cover, _NONE, _ALL, out=cover)
        return cover

    def _sprite(self, planes: Planes, item: Sprite, camera: Camera, seconds: float) -> None:
        view = View.at(camera, item.z)
        u = item.u + item.drift * seconds + (camera.follow / item.z if item.follows else 0.0)
        v = item.v + item.bob * math.sin(math.tau * item.pace * seconds)
        high = item.height * view.grow * view.focal * self._height
        wide = high * item.alpha.shape[1] / item.alpha.shape[0]
        left = (view.focal * (u * view.grow - view.x)) * self._height + self._width / 2 - wide / 2
        top = (view.focal * (v * view.grow + view.y) + 0.5) * self._height - high / 2
        x0, x1 = (max(0, min(self._width, 2 * math.floor(x / 2))) for x in (left, left + wide + 2))
        y0, y1 = (max(0, min(self._height, 2 * math.floor(y / 2))) for y in (top, top + high + 2))
        if x1 <= x0 or y1 <= y0:
            return
        scale = item.alpha.shape[0] / high
        rows = ((np.arange(y0, y1) + 0.5 - top) * scale).astype(np.intp)
        columns = ((np.arange(x0, x1) + 0.5 - left) * scale).astype(np.intp)
        inside_rows, inside_columns = (
            (rows >= 0) & (rows < item.alpha.shape[0]),
            (columns >= 0) & (columns < item.alpha.shape[1]),
        )
        rows[~inside_rows], columns[~inside_columns] = 0, 0
        # Place 0 is the sprite's empty border, so what lies outside it covers nothing.
        cover = item.alpha.take(rows, 0).take(columns, 1).astype(np.int16)
        for channel, plane in enumerate(planes):
            step = 1 if channel == 0 else 2
            if isinstance(item.planes, tuple):
                colour = item.planes[channel].take(rows[::step], 0).take(columns[::step], 1).astype(np.int16)
            else:
                colour = item.planes.astype(np.int16)[channel]
            _blend(plane[y0 // step : y1 // step, x0 // step : x1 // step], colour, cover[::step, ::step])

    def _points(self, planes: Planes, item: Points, camera: Camera, seconds: float) -> None:
        depth = item.z - np.float32(camera.z)
        far = np.isinf(item.z)
        grow = np.where(far, np.float32(1), item.z / np.where(far, np.float32(1), depth))
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
        # Of a tiny white light nobody sees the hue.
        coloured = float(np.abs(item.colour[1:] - 128).max()) > 9
        for channel, plane in enumerate(planes if coloured else planes[:1]):
            step = 1 if channel == 0 else 2
            across = _taps(px / np.float32(step), half_x / step, plane.shape[1])
            down = _taps(py / np.float32(step), half_y / step, plane.shape[0])
            _splat(plane, across, down, strength, float(item.colour[channel]))


Taps = tuple["NDArray[np.intp]", "Floats"]
"""For each point the pixels that it touches in one direction, and how much of each it covers."""


def _taps(middle: Floats, half: float, limit: int) -> Taps:
    low = np.maximum(middle - np.float32(half), 0)
    high = np.minimum(middle + np.float32(half), np.float32(limit))
    pixel = np.floor(low)[:, None] + np.arange(math.ceil(2 * half) + 1, dtype=np.float32)
    inside = np.minimum(pixel + np.float32(1), high[:, None])
    inside -= np.maximum(pixel, low[:, None])
    return np.minimum(pixel, np.float32(limit - 1)).astype(np.intp), np.maximum(inside, 0)


def _splat(plane: Bytes, across: Taps, down: Taps, strength: Floats, level: float) -> None:
    """Draw boxes of one colour with exact coverage of every pixel that they touch."""
    cover = down[1][:, :, None] * across[1][:, None, :] * strength[:, None, None]
    where = (down[0][:, :, None], across[0][:, None, :])
    under = plane[where].astype(np.float32)
    plane[where] = (under + (np.float32(level) - under) * cover + np.float32(0.5)).astype(np.uint8)
