"""Frames to mp4: H.264 that every browser plays, seeks in one-second steps, and starts before it is fully loaded."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error
import numpy as np

from hailuo_widgets.errors import HailuoError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from numpy.typing import NDArray

Planes = tuple["NDArray[np.uint8]", "NDArray[np.uint8]", "NDArray[np.uint8]"]
"""Y of shape (height, width), U and V of half that size each way."""

_BT709 = 1  # the same number for primaries, transfer and matrix: ITU-T H.273, tables 2 to 4
_LIMITED = 1
_THREADS = 1
"""Fixed for sketches, which are the same bytes everywhere. One leaves a core to the painting."""

_QUANTIZER = 23
"""No eye tells what comes out from the frames as they were painted: 47 dB."""

_IN_FLIGHT = 5


def planes_of(frame: av.VideoFrame) -> Planes:
    """Writable views of a yuv420p frame's three planes."""
    views = []
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        views.append(rows[:, : plane.width])
    return views[0], views[1], views[2]


def encode(
    frames: Iterable[av.VideoFrame],
    path: Path | str,
    *,
    width: int,
    height: int,
    fps: int | Fraction,
    preset: str,
    title: str = "Sketch",
    quantizer: int | None = None,
    sound: Iterable[NDArray[np.float32]] | None = None,
    threads: int = _THREADS,
) -> None:
    """Write frames to an mp4 file, in order.

    Args:
        frames: yuv420p, limited range, BT.709.
        path: The file; what is there is replaced.
        width: Width in pixels, even.
        height: Height in pixels, even.
        fps: Frames a second; rounded, also the distance between keyframes.
        preset: x264's, from `"ultrafast"` to `"placebo"`.
        title: The file's title.
        quantizer: x264's, the same for every frame, which is a quarter faster than one that follows what a frame shows;
            None for that.
        sound: Two channels of 48 kHz between -1 and 1, in pieces of any length; None for a silent film.
        threads: How many encode at once; the file has other bytes with another number of them.
    """
    with av.open(f"file:{Path(path)}", "w", format="mp4", options={"movflags": "+faststart"}) as container:
        container.metadata["title"] = title
        stream = container.add_stream("libx264", rate=fps)
        audio = container.add_stream("aac", rate=48_000, layout="stereo") if sound is not None else None
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.time_base = 1 / Fraction(fps)
        context.thread_count = threads
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = _LIMITED
        # Flat gradients show every block edge: the deblocking filter is what "ultrafast" should not have left out.
        keys = round(fps)
        context.options = {
            "preset": preset,
            **({"crf": "20"} if quantizer is None else {"qp": str(quantizer)}),
            "x264-params": f"keyint={keys}:min-keyint={keys}:scenecut=0:open-gop=0:deblock=1,1",
        }
        for index, frame in enumerate(frames):
            frame.pts, frame.time_base = index, 1 / Fraction(fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if audio is not None and sound is not None:
            _encode_sound(container, audio, sound)


def _encode_sound(container: OutputContainer, stream: AudioStream, sound: Iterable[NDArray[np.float32]]) -> None:
    at = 0
    for piece in sound:
        for start in range(0, piece.shape[1], 48_000):
            part = np.ascontiguousarray(piece[:, start : start + 48_000])
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
            at += part.shape[1]
            container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def encode_while_painting(
    paint: Callable[[Planes, int], None],
    count: int,
    path: Path | str,
    *,
    width: int,
    height: int,
    fps: int,
    preset: str,
    ahead: bool = True,
) -> None:
    """Encode frames as they are painted.

    Args:
        paint: Paints the frame of a given index into its planes; called for one frame at a time, in order.
        count: How many frames.
        path: The file; what is there is replaced.
        width: Width in pixels, even.
        height: Height in pixels, even.
        fps: Frames a second.
        preset: x264's.
        ahead: Whether another thread paints the frames that come next while this one encodes: sooner where a core is
            idle, a fifth more computing time where none is.

    Raises:
        HailuoError: The file can't be written, or FFmpeg was built without x264.
    """

    def painted(frame: av.VideoFrame, index: int) -> av.VideoFrame:
        paint(planes_of(frame), index)
        return frame

    def in_turn() -> Iterator[av.VideoFrame]:
        frame = av.VideoFrame(width, height, "yuv420p")  # x264 copies each picture as it takes it
        return (painted(frame, index) for index in range(count))

    def painted_ahead(pool: ThreadPoolExecutor) -> Iterator[av.VideoFrame]:
        # A few frames go round: fresh memory for each would cost more than the painting.
        coming: deque[Future[av.VideoFrame]] = deque(
            pool.submit(painted, av.VideoFrame(width, height, "yuv420p"), index)
            for index in range(min(_IN_FLIGHT, count))
        )
        for index in range(_IN_FLIGHT, count + _IN_FLIGHT):
            if not coming:
                return
            frame = coming.popleft().result()
            yield frame
            if index < count:
                coming.append(pool.submit(painted, frame, index))

    with ThreadPoolExecutor(1, thread_name_prefix="hailuo-sketch") as pool:
        frames = painted_ahead(pool) if ahead else in_turn()
        try:
            encode(frames, path, width=width, height=height, fps=fps, preset=preset, quantizer=_QUANTIZER)
        except (av.error.FFmpegError, OSError) as error:
            raise HailuoError(
                f"The sketch “{Path(path).name}” can't be written: {error}.",
                hint="Check that its folder exists, is writable and has space left.",
            ) from error
