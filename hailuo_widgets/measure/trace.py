"""One pass over a clip: everything that the measures need, from each frame once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np
from PIL import Image

from hailuo_widgets.measure.flow import PATCH, FlowField, PatchFlow
from hailuo_widgets.media import display, timeline
from hailuo_widgets.media.probe import opened, unreadable

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]
    Floats = NDArray[np.float64]

WIDTH = 480
"""Pixels that the longer side has where motion is measured."""

PAIRS = 8.0
"""Pairs of pictures a second: every third frame of a film."""

SIDE = 640
"""Pixels of the longer side of the first and the last frame, for comparing them with pictures."""

THUMB = 128
"""Width of the picture that is kept of every frame."""

_FULL_RANGE = np.clip((np.arange(256) - 16.0) * 255 / 219, 0, 255).round().astype(np.uint8)


@dataclass(frozen=True)
class Trace:
    """What is kept of a clip. N frames, K pairs of pictures, P patches.

    Attributes:
        thumbs: (N, h, w) the frames, small, 0 (black) to 255 (white).
        fps: Frames a second.
        bars: (top, bottom), shares of the height that are black bars.
        pairs: (K, 2) the frames that each pair is made of.
        motion: (K, P, 2), widths of the picture a second, to the right and down.
        trust: (K, P), 0 to 1.
        places: (P, 2), widths from the middle, right and down.
        shape: Rows and columns of the patches.
        detail: (M,) fine detail of every looked-at frame: variance of the Laplacian over the variance of the picture.
        looked: (M,) the frames that `detail` was measured at.
        clipped: (N, 2): share of each frame's pixels that are black or white.
        size: Width and height in pixels as shown: pixel shape and rotation applied.
        first, last: The first and last frame, (h, w, 3) RGB, at most `SIDE` pixels on the longer side.
        loudest: Largest sound sample, 0 to 1; None where there is no sound.
    """

    thumbs: Grey
    fps: float
    bars: tuple[float, float]
    pairs: NDArray[np.int64]
    motion: Floats
    trust: Floats
    places: Floats
    shape: tuple[int, int]
    detail: Floats
    looked: NDArray[np.int64]
    clipped: Floats
    size: tuple[int, int]
    first: Grey
    last: Grey
    loudest: float | None

    @property
    def rate(self) -> float:
        """Pairs a second."""
        return self.fps / max(1, int(self.pairs[0, 1] - self.pairs[0, 0])) if len(self.pairs) else PAIRS


def trace(path: Path | str, *, threads: int | None = None) -> Trace:
    """Decode a clip once, as a player shows it.

    Args:
        path: The file.
        threads: For decoding; None leaves it to FFmpeg.

    Raises:
        UnreadableVideoError: The file is missing, broken, or holds no picture.
    """
    cv2.setNumThreads(1)  # one process a core: threads of OpenCV's own would fight over it
    reader = _Reader()
    with opened(path) as (container, stream):
        if threads is None:
            stream.thread_type = "AUTO"  # frames ahead are decoded while this one is measured
        else:
            stream.codec_context.thread_count = threads
        shown = timeline.read(container, stream)
        if not shown.times:
            raise unreadable(path, "it contains no picture")
        fps = (len(shown.times) / shown.duration) if shown.duration else float(stream.average_rate or 24)
        stride = max(1, round(fps / PAIRS))
        audio = container.streams.audio[0] if container.streams.audio else None
        loudest = None if audio is None else 0.0
        container.seek(min(shown.keys, default=shown.times[0]), stream=stream)
        kept = set(shown.times)  # an edit list may leave out others, which have to be decoded all the same
        for packet in container.demux(*([stream] if audio is None else [stream, audio])):
            try:
                decoded = packet.decode()
            except av.error.InvalidDataError:
                continue  # a damaged packet: what else there is can be measured
            for frame in decoded:
                if isinstance(frame, av.VideoFrame):
                    if (frame.dts if frame.pts is None else frame.pts) in kept:
                        reader.take(frame, stride)
                elif loudest is not None and isinstance(frame, av.AudioFrame):
                    loudest = max(loudest, _peak(frame))
        if not reader.thumbs:
            raise unreadable(path, "no frame of it can be decoded")
        aspect = stream.sample_aspect_ratio
    return reader.finished(fps, aspect, loudest)


class _Reader:
    """What is gathered while frames go by."""

    def __init__(self) -> None:
        self.thumbs: list[Grey] = []
        self.clipped: list[tuple[float, float]] = []
        self.detail: list[float] = []
        self.looked: list[int] = []
        self.flows: list[PatchFlow] = []
        self.pairs: list[tuple[int, int]] = []
        self.bars: tuple[int, int] | None = None
        self._field = FlowField()
        self._before: Grey | None = None
        self._first: av.VideoFrame | None = None
        self._last: av.VideoFrame | None = None
        self._turn: Image.Transpose | None = None

    def take(self, frame: av.VideoFrame, stride: int) -> None:
        """Look at the next frame."""
        index = len(self.thumbs)
        luma = _luma(frame)
        if index == 0:
            self._turn = display.turn(frame)
            self._first = frame
        self._last = frame
        small = _small(luma, frame)
        self.thumbs.append(self._upright(small))
        if index % stride:
            return
        self._see(self._upright(_work(luma)), index)

    def _upright(self, picture: Grey) -> Grey:
        return picture if self._turn is None else np.asarray(Image.fromarray(picture).transpose(self._turn))

    def _see(self, picture: Grey, index: int) -> None:
        if self.bars is None or not self.flows:
            self.bars = _bars(picture)
        else:
            found = _bars(
                picture
            )  # a dark start has no rim to find; bars are never larger than they are at their least
            if found[0] < self.bars[0] or found[1] < self.bars[1]:
                self.bars = (min(found[0], self.bars[0]), min(found[1], self.bars[1]))
        _, deviation = cv2.meanStdDev(picture)
        sharp = cv2.Laplacian(picture, cv2.CV_16S, ksize=1)
        _, fine = cv2.meanStdDev(sharp)
        self.detail.append(float(fine[0, 0] ** 2 / max(4.0, deviation[0, 0] ** 2)))
        self.looked.append(index)
        if self._before is not None:
            self.flows.append(self._field.between(self._before, picture))
            self.pairs.append((self.looked[-2], index))
        self._before = picture

    def finished(self, fps: float, aspect: Fraction | None, loudest: float | None) -> Trace:
        """All that was seen."""
        assert self._last is not None
        assert self._first is not None
        assert self._before is not None
        thumbs = np.stack(self.thumbs)
        height, width = self._before.shape
        rows, columns = height // PATCH, width // PATCH
        top, bottom = self.bars or (0, 0)
        ys = np.arange(rows) * PATCH + PATCH / 2
        inside = (ys - PATCH / 2 >= top) & (ys + PATCH / 2 <= height - bottom)
        if inside.sum() < 3:
            inside[:] = True
        kept = np.flatnonzero(inside)
        low, high = int(kept[0]), int(kept[-1]) + 1
        shape = (high - low, columns)
        xs = (np.arange(columns) * PATCH + PATCH / 2) / width - 0.5
        centred = (ys[low:high] - (top + height - bottom) / 2) / width
        times = np.array([(b - a) / fps for a, b in self.pairs])
        motion = np.zeros((len(self.flows), shape[0] * columns, 2))
        trust = np.zeros((len(self.flows), shape[0] * columns))
        for number, flow in enumerate(self.flows):
            motion[number] = flow.motion[low:high].reshape(-1, 2) / width / times[number]
            trust[number] = flow.trust[low:high].reshape(-1)
        size = display.shown_size(self._last.width, self._last.height, aspect, self._turn)
        scale = min(1.0, SIDE / max(size))
        seen = (max(2, round(size[0] * scale)), max(2, round(size[1] * scale)))
        return Trace(
            thumbs=thumbs,
            fps=fps,
            bars=(top / height, bottom / height),
            pairs=np.array(self.pairs, np.int64).reshape(-1, 2),
            motion=motion,
            trust=trust,
            places=np.stack([np.tile(xs, shape[0]), np.repeat(centred, columns)], 1),
            shape=shape,
            detail=np.array(self.detail),
            looked=np.array(self.looked, np.int64),
            clipped=np.stack([(thumbs <= 2).mean((1, 2)), (thumbs >= 253).mean((1, 2))], 1),
            size=size,
            first=np.asarray(display.picture(self._first, seen)),
            last=np.asarray(display.picture(self._last, seen)),
            loudest=loudest,
        )


def _luma(frame: av.VideoFrame) -> Grey:
    """The frame's brightness: a view of its first plane where that holds 8 bits a pixel."""
    if not frame.format.name.startswith(("yuv4", "yuvj4", "gray", "nv12")) or frame.format.components[0].bits != 8:
        frame = frame.reformat(format="gray8")
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def _halved(luma: Grey, width: int) -> Grey:
    """The picture after halving it as long as it is at least twice as wide: OpenCV has a fast way to do just that."""
    while luma.shape[1] >= 2 * width and luma.shape[0] >= 64:
        size = (luma.shape[1] // 2, luma.shape[0] // 2)
        luma = np.asarray(cv2.resize(luma[: 2 * size[1], : 2 * size[0]], size, interpolation=cv2.INTER_AREA), np.uint8)
    return luma


def _small(luma: Grey, frame: av.VideoFrame) -> Grey:
    """The frame at thumbnail size, stretched to the full range."""
    height = max(16, round(luma.shape[0] * THUMB / luma.shape[1]))
    # Every other row is enough for so small a picture.
    rows = luma[::2] if luma.shape[0] >= 4 * height else luma
    small = np.asarray(cv2.resize(_halved(rows, THUMB), (THUMB, height), interpolation=cv2.INTER_AREA), np.uint8)
    if frame.color_range == 2 or frame.format.name.startswith("yuvj"):  # the full range already
        return small
    return np.asarray(cv2.LUT(small, _FULL_RANGE), np.uint8)


def _work(luma: Grey) -> Grey:
    """The frame at the size at which motion is measured."""
    scale = WIDTH / max(luma.shape)
    size = (max(32, round(luma.shape[1] * scale)), max(32, round(luma.shape[0] * scale)))
    return np.asarray(cv2.resize(_halved(luma, size[0]), size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _bars(picture: Grey) -> tuple[int, int]:
    """Rows of black bars above and below."""
    rows = picture[:, ::4].mean(1)
    if rows.max() < 30 or not (rows[0] < 26 or rows[-1] < 26):
        return 0, 0
    spread = picture[:, ::4].std(1)
    dark = (rows < 26) & (spread < 14)
    top = int(np.argmin(dark)) if dark[0] else 0
    bottom = int(np.argmin(dark[::-1])) if dark[-1] else 0
    if top + bottom > 0.6 * len(rows) or min(top, bottom) < 0.5 * max(top, bottom):
        return 0, 0  # a dark sky, not bars
    return top, bottom


def _peak(frame: av.AudioFrame) -> float:
    samples: NDArray[Any] = frame.to_ndarray()
    if samples.dtype.kind == "f":
        return float(np.abs(samples).max(initial=0))
    return float(np.abs(samples.astype(np.float64)).max(initial=0)) / float(np.iinfo(samples.dtype).max)
