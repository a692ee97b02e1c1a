"""The clips: drawn in the background, one at a time a core, kept in a folder of their own."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import threading
import uuid
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hailuo_widgets.errors import HailuoError

from .images import decode_data_url
from .sound import add_sound
from .tasks import DrawOrder

if TYPE_CHECKING:
    from hailuo_widgets.sketch.worker import Drawing

log = logging.getLogger(__name__)

Draw = Callable[[DrawOrder], Awaitable[Path | bytes]]
"""Makes the mp4 of an order: a file that the simulator may keep, or the bytes."""

FPS = 24
"""Of every vendor's clips."""

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def temporary_folder(owner: object) -> Path:
    """A folder that goes when its owner does."""
    folder = Path(tempfile.mkdtemp(prefix="hailuo-simulator-"))
    weakref.finalize(owner, shutil.rmtree, folder, ignore_errors=True)
    return folder


def _picture(reference: str | None) -> bytes | None:
    """The bytes of a frame: of a data URL, or from a loopback server. Nothing else is fetched."""
    if reference is None:
        return None
    if reference.startswith("data:"):
        return decode_data_url(reference)
    if urlsplit(reference).hostname in _LOOPBACK:
        import httpx

        try:
            answer = httpx.get(reference, timeout=5, trust_env=False)
        except httpx.HTTPError:
            return None
        return answer.content if answer.is_success else None
    return None


class SketchDraw:
    """Draws orders with the sketch renderer: one a core at once, in subprocesses of low priority."""

    def __init__(self) -> None:
        from hailuo_widgets.sketch.worker import cores

        self._at_once = cores()
        self._turns: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            weakref.WeakKeyDictionary()
        )

    @cached_property
    def _folder(self) -> Path:
        return temporary_folder(self)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._at_once, thread_name_prefix="hailuo-sketch")

    async def __call__(self, order: DrawOrder) -> Path:
        """Draw an order into a new file."""
        loop = asyncio.get_running_loop()
        # Orders wait here and not in the pool, which at exit would first draw all that it has been given.
        async with self._turns.setdefault(loop, asyncio.Semaphore(self._at_once)):
            from hailuo_widgets.sketch.worker import Drawing

            drawing = Drawing()
            try:
                made = loop.run_in_executor(self._pool, self._draw, order, drawing)
            except RuntimeError:  # the interpreter ends, which is no failure of the drawing
                raise asyncio.CancelledError from None
            try:
                return await made
            except asyncio.CancelledError:
                drawing.stop()
                raise

    def _draw(self, order: DrawOrder, drawing: Drawing) -> Path:
        from hailuo_widgets.sketch.render import Sketch, render_in_subprocess
        from hailuo_widgets.spec.camera_prose import ordered

        path = self._folder / f"{uuid.uuid4().hex}.mp4"
        moves, shares = ordered(order.prompt, prose=order.prose)
        sketch = Sketch(
            prompt=order.prompt,
            moves=moves,
            width=order.width,
            height=order.height,
            duration=order.frames / FPS if order.frames else order.duration,
            first_frame=_picture(order.first_frame),
            last_frame=_picture(order.last_frame),
            shares=shares,
        )
        render_in_subprocess(sketch, path, drawing)
        return _with_sound(path) if order.sound else path

    def close(self) -> None:
        """Start nothing more; what is being drawn finishes in its own time."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _with_sound(silent: Path) -> Path:
    path = silent.with_name(f"{silent.stem}-sound.mp4")
    add_sound(silent, path)
    silent.unlink()
    return path


_stock_lock = threading.Lock()


@cache
def _stock_path(width: int, height: int, frames: int, fps: int, *, sound: bool) -> Path:
    """A clip of one grey picture, encoded once a process for each size, duration and rate."""
    import av
    import numpy as np

    path = temporary_folder(_stock_path) / f"{width}x{height}-{frames}-{fps}.mp4"
    frame = av.VideoFrame.from_ndarray(np.full((height * 3 // 2, width), 128, np.uint8), format="yuv420p")
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "g": str(fps)})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(frames):
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return _with_sound(path) if sound else path


def stock_clip(fps: int = 24) -> Draw:
    """A drawer for load tests: one plain clip a size and duration, right in all that a probe can see.

    Args:
        fps: Frames a second; fewer than the vendors' 24 are encoded sooner.
    """

    def encode(order: DrawOrder) -> Path:
        with _stock_lock:
            # MiniMax-H3's own number of frames makes sense at its own rate only.
            frames = order.frames if order.frames and fps == FPS else fps * order.duration
            return _stock_path(order.width, order.height, frames, fps, sound=order.sound)

    async def draw(order: DrawOrder) -> Path:
        return await asyncio.to_thread(encode, order)

    return draw


class Studio:
    """Draws what is ordered and knows what is done.

    Works on whatever loop calls it: a drawing that went down with its loop is begun again when someone asks for it.
    """

    def __init__(self, draw: Draw, clock: Callable[[], float]) -> None:
        self._draw = draw
        self._clock = clock
        self._drawings: dict[str, asyncio.Task[None]] = {}
        self._clips: dict[str, tuple[Path, float]] = {}
        self._broken: dict[str, str] = {}

    @cached_property
    def _folder(self) -> Path:
        return temporary_folder(self)

    def begin(self, name: str, order: DrawOrder) -> None:
        """Start to draw, unless that has been done or is being done."""
        if name in self._clips or name in self._broken:
            return
        drawing = self._drawings.get(name)
        if drawing is None or drawing.done() or drawing.get_loop().is_closed():
            self._drawings[name] = asyncio.get_running_loop().create_task(self._work(name, order))

    async def _work(self, name: str, order: DrawOrder) -> None:
        try:
            made = await self._draw(order)
            if isinstance(made, bytes):
                path = self._folder / f"{uuid.uuid4().hex}.mp4"
                await asyncio.to_thread(path.write_bytes, made)
                made = path
            self._clips[name] = (made, self._clock())
        except HailuoError as error:  # the task's answer says it
            log.info("The clip of task %s could not be drawn: %s", name, error)
            self._broken[name] = str(error)
        except Exception as error:
            log.exception("The clip of task %s could not be drawn.", name)
            self._broken[name] = f"{type(error).__name__}: {error}"
        finally:
            self._drawings.pop(name, None)

    def drawn_at(self, name: str) -> float | None:
        """When the clip was done, by the simulator's clock; None while it is not."""
        clip = self._clips.get(name)
        return clip[1] if clip else None

    def broken(self, name: str) -> str | None:
        """Why the drawing went wrong; None where it did not."""
        return self._broken.get(name)

    async def clip(self, name: str, order: DrawOrder) -> Path | None:
        """The clip's file, drawn now if need be; None where it can't be drawn."""
        if not order.drawn:
            return None
        # An asyncio.Event would belong to one loop; the caller may be on another than the drawing.
        while name not in self._clips and name not in self._broken:
            self.begin(name, order)
            await asyncio.sleep(0.01)
        return self._clips[name][0] if name in self._clips else None

    def forget(self, name: str) -> None:
        """Let go of a task's clip; a shared stock clip's file stays."""
        drawing = self._drawings.pop(name, None)
        if drawing and not drawing.get_loop().is_closed():
            drawing.cancel()
        self._clips.pop(name, None)

    async def aclose(self) -> None:
        """Stop drawing."""
        loop = asyncio.get_running_loop()
        mine = [each for each in self._drawings.values() if each.get_loop() is loop]
        for drawing in mine:
            drawing.cancel()
        await asyncio.gather(*mine, return_exceptions=True)
        self._drawings.clear()
        if isinstance(self._draw, SketchDraw):
            self._draw.close()
