"""A second renderer, unlike the sketch's: textured planes at several depths before a true perspective camera.

It exists to give clips whose camera is known, so that what `hailuo_widgets.measure` says can be checked. World axes: x to
the right, y down, z away from the viewer; a plane at depth Z is parallel to the picture of the camera at rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Plane:
    """A picture that hangs in the world.

    Attributes:
        picture: (h, w, 3), RGB.
        alpha: (h, w), 0 to 255.
        left, top: World coordinates of its upper left corner.
        scale: World units a pixel.
        z: Depth.
        sway: How far it goes from side to side by itself, in world units, and how often in a second.
        walk: World units a second to the right.
        follows: It keeps its place before the camera, as the subject of a tracking shot does.
    """

    picture: Picture
    alpha: Picture
    left: float
    top: float
    scale: float
    z: float
    sway: tuple[float, float] = (0.0, 1.0)
    walk: float = 0.0
    follows: bool = False


@dataclass(frozen=True)
class Take:
    """One shot with everything that makes it easy or hard.

    Attributes:
        steps: Commands, as `Measured.camera` gives them.
        seconds: Its length.
        amounts: For each step and command how far it goes, 1 being usual.
        lens: Focal length in widths of the frame; 0.87 sees 60°.
        flat: Turning shifts the picture, as a very long lens does, instead of turning it in perspective.
        ease: 0 for an even pace, 1 for a soft start and end of each step.
        grain: Standard deviation of the noise, in grey levels of 8 bits.
        light: What the picture is multiplied with.
        fade_in, fade_out: Seconds.
        flashes: (first frame, number of frames, strength).
        letterbox: Share of the height that is black, both bars together.
    """

    steps: tuple[tuple[str, ...], ...]
    seconds: float = 4.0
    amounts: tuple[tuple[float, ...], ...] = ()
    lens: float = 1.0
    flat: bool = False
    ease: float = 0.6
    grain: float = 0.0
    light: float = 1.0
    fade_in: float = 0.0
    fade_out: float = 0.0
    flashes: tuple[tuple[int, int, float], ...] = ()
    letterbox: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Eye:
    """The camera at one moment; angles in radians."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    zoom: float = 1.0
    follow: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)


FULL = {
    "Truck left": ("x", -1.6),
    "Truck right": ("x", 1.6),
    "Pedestal up": ("y", -1.0),
    "Pedestal down": ("y", 1.0),
    "Push in": ("z", 1.3),
    "Pull out": ("z", -1.3),
    "Pan left": ("yaw", -0.24),
    "Pan right": ("yaw", 0.24),
    "Tilt up": ("pitch", 0.15),
    "Tilt down": ("pitch", -0.15),
}
ZOOM = {"Zoom in": 1.45, "Zoom out": 1 / 1.45}


def eye_at(take: Take, t: float) -> Eye:
    """The camera at a moment, 0 at the first frame and 1 at the last."""
    state: dict[str, float] = dict.fromkeys(("x", "y", "z", "yaw", "pitch", "roll", "follow"), 0.0)
    zoom, number = 1.0, max(1, len(take.steps))
    for index, step in enumerate(take.steps):
        local = min(1.0, max(0.0, t * number - index))
        soft = local * local * (3 - 2 * local)
        done = take.ease * soft + (1 - take.ease) * local
        # A dolly goes where the camera looks: what an earlier step turned, turns the way of this one.
        turned = dict(state)
        for which, name in enumerate(step):
            amount = take.amounts[index][which] if take.amounts else 1.0
            if name in FULL:
                axis, size = FULL[name]
                if axis in "xyz":
                    _travel(state, axis, size * amount * done, turned)
                else:
                    state[axis] += size * amount * done
            elif name in ZOOM:
                zoom *= ZOOM[name] ** (amount * done)
            elif name == "Tracking shot":
                state["x"] += 2.4 * amount * done
                state["follow"] += 2.4 * amount * done
            elif name == "Shake" and 0 < t * number - index < 1:
                lot = np.random.default_rng(take.seed + 17)
                seconds = local * take.seconds / number
                strength = amount * min(1.0, 5 * local, 5 * (1 - local))
                for axis, size in (("yaw", 0.010), ("pitch", 0.009), ("roll", 0.006), ("x", 0.02), ("y", 0.02)):
                    for rate in (1.3, 2.9, 4.7):
                        state[axis] += (
                            size
                            * strength
                            * 0.6
                            * math.sin(math.tau * (rate * lot.uniform(0.8, 1.25) * seconds + lot.uniform()))
                        )
    return Eye(**state, zoom=zoom)  # type: ignore[arg-type]


def _travel(state: dict[str, float], axis: str, by: float, turned: dict[str, float]) -> None:
    """Move along one of the camera's own axes."""
    yaw, pitch = turned["yaw"], turned["pitch"]
    way = {
        "x": (math.cos(yaw), 0.0, -math.sin(yaw)),
        "y": (0.0, 1.0, 0.0),
        "z": (math.sin(yaw) * math.cos(pitch), -math.sin(pitch), math.cos(yaw) * math.cos(pitch)),
    }[axis]
    for name, share in zip("xyz", way, strict=True):
        state[name] += by * share


def rectify(take: Take, eye: Eye, width: int, height: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What turns a direction of the world into pixels: the lens and the turned axes."""
    focal = take.lens * width * eye.zoom
    lens = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    if take.flat:
        shift = np.eye(3)
        shift[0, 2], shift[1, 2] = -math.tan(eye.yaw), math.tan(eye.pitch)
        return lens @ shift, np.array([eye.x, eye.y, eye.z])
    cos, sin = math.cos, math.sin
    yaw = np.array([[cos(eye.yaw), 0, -sin(eye.yaw)], [0, 1, 0], [sin(eye.yaw), 0, cos(eye.yaw)]])
    pitch = np.array([[1, 0, 0], [0, cos(eye.pitch), sin(eye.pitch)], [0, -sin(eye.pitch), cos(eye.pitch)]])
    roll = np.array([[cos(eye.roll), -sin(eye.roll), 0], [sin(eye.roll), cos(eye.roll), 0], [0, 0, 1]])
    return lens @ roll @ pitch @ yaw, np.array([eye.x, eye.y, eye.z])


def draw(planes: Sequence[Plane], take: Take, t: float, width: int, height: int) -> Picture:
    """One frame, RGB, before grain and light."""
    eye = eye_at(take, t)
    turn, place = rectify(take, eye, width, height)
    frame = np.zeros((height, width, 3), np.uint8)
    for plane in sorted(planes, key=lambda each: -each.z):
        depth = plane.z - place[2]
        if depth < 0.05:
            continue
        seconds = t * take.seconds
        left = plane.left + plane.sway[0] * math.sin(math.tau * plane.sway[1] * seconds) + plane.walk * seconds
        if plane.follows:
            left += eye.follow
        # A pixel of the plane → world, relative to the camera → pixels of the frame.
        world = np.array(
            [[plane.scale, 0, left - place[0]], [0, plane.scale, plane.top - place[1]], [0, 0, depth]], dtype=np.float64
        )
        _hang(frame, plane, turn @ world)
    return frame


def _hang(frame: Picture, plane: Plane, matrix: NDArray[np.float64]) -> None:
    """Paint a plane into the frame, only where it can be seen."""
    rows, columns = plane.alpha.shape
    corners = matrix @ np.array([[0, columns, columns, 0], [0, 0, rows, rows], [1, 1, 1, 1]], dtype=np.float64)
    x0, y0, x1, y1 = 0, 0, frame.shape[1], frame.shape[0]
    if (corners[2] > 1e-6).all():
        seen = corners[:2] / corners[2]
        x0, y0 = max(x0, math.floor(seen[0].min())), max(y0, math.floor(seen[1].min()))
        x1, y1 = min(x1, math.ceil(seen[0].max())), min(y1, math.ceil(seen[1].max()))
    if x0 >= x1 or y0 >= y1:
        return
    matrix = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1]], dtype=np.float64) @ matrix
    size = (x1 - x0, y1 - y0)
    picture = cv2.warpPerspective(plane.picture, matrix, size, flags=cv2.INTER_LINEAR)
    cover = cv2.warpPerspective(plane.alpha, matrix, size, flags=cv2.INTER_LINEAR)
    np.copyto(frame[y0:y1, x0:x1], picture, where=(cover > 127)[..., None])


def frames(planes: Sequence[Plane], take: Take, width: int, height: int, fps: int) -> Iterator[Picture]:
    """All frames of a take, with grain, light, fades, flashes and bars."""
    lot = np.random.default_rng(take.seed)
    count = max(1, round(take.seconds * fps))
    for index in range(count):
        drawn = draw(planes, take, index / max(1, count - 1), width, height)
        light, second = take.light, index / fps
        if take.fade_in:
            light *= min(1.0, second / take.fade_in)
        if take.fade_out:
            light *= min(1.0, (count - 1 - index) / fps / take.fade_out)
        frame = drawn.astype(np.float32) * np.float32(light)
        for first, number, strength in take.flashes:
            if first <= index < first + number:
                rest = 1 - (index - first) / number
                frame = frame * (1 + 2.5 * strength * rest) + 255 * strength * rest * 0.6
        if take.letterbox:
            bar = round(height * take.letterbox / 2)
            frame[:bar] = frame[height - bar :] = 0
        if take.grain:
            noise = np.float32(take.grain) * lot.standard_normal((height, width, 1), np.float32)
            frame = frame + noise
        yield np.clip(frame, 0, 255).astype(np.uint8)


def write(
    pictures: Iterator[Picture],
    path: Path | str,
    *,
    fps: int = 24,
    crf: int = 23,
    codec: str = "libx264",
    sound: str | None = None,
) -> int:
    """Encode pictures; how many there were.

    Args:
        pictures: RGB, all of one size, sides even.
        path: The file.
        fps: Frames a second.
        crf: Of x264 and x265.
        codec: FFmpeg's encoder.
        sound: None for none, `"silent"`, or `"tone"`.
    """
    count = 0
    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = container.add_stream(codec, rate=fps)
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(crf), "preset": "veryfast", "x265-params": "log-level=none:pools=1"}
        stream.codec_context.thread_count = 1
        audio: Any = container.add_stream("aac", rate=48_000) if sound else None
        if audio:
            audio.layout = "mono"
        for picture in pictures:
            if not count:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = count, Fraction(1, fps)
            container.mux(stream.encode(frame))
            count += 1
        container.mux(stream.encode(None))
        if audio:
            total = round(count / fps * 48_000)
            wave = np.sin(np.arange(total) * (math.tau * 440 / 48_000)) * (0.3 if sound == "tone" else 0.0)
            for start in range(0, total, 1024):
                block = wave[None, start : start + 1024].astype(np.float32)
                sample = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout="mono")
                sample.sample_rate, sample.pts, sample.time_base = 48_000, start, Fraction(1, 48_000)
                container.mux(audio.encode(sample))
            container.mux(audio.encode(None))
    return count


def texture(lot: np.random.Generator, height: int, width: int, *, rough: float = 1.0) -> Picture:
    """A picture as busy as a photograph: blobs of every size (1/f), edges of shapes, two hues.

    Args:
        lot: The seed.
        height, width: Pixels.
        rough: 1 for plenty of detail, towards 0 for mist.
    """
    grey = np.zeros((height, width), np.float32)
    size = 4
    while size < max(height, width):
        grid = lot.normal(0, 1, (max(2, height * size // width + 1), size)).astype(np.float32)
        weight = size**-0.75 if size < 32 else size**-0.75 * rough
        grey += weight * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        size *= 2
    for _ in range(int(60 * rough)):
        centre = (int(lot.integers(width)), int(lot.integers(height)))
        axes = (int(lot.integers(8, 90)), int(lot.integers(6, 60)))
        shade = np.zeros((height, width), np.uint8)
        if lot.uniform() < 0.5:
            cv2.ellipse(shade, centre, axes, float(lot.uniform(0, 180)), 0, 360, 255, -1)
        else:
            cv2.rectangle(shade, centre, (centre[0] + axes[0], centre[1] + axes[1]), 255, -1)
        grey[shade > 0] += float(lot.normal(0, 0.5))
    grey = (grey - grey.mean()) / (grey.std() + 1e-6)
    dark, bright = lot.uniform(10, 110, 3), lot.uniform(120, 245, 3)
    share = np.clip(0.5 + grey[..., None] * 0.25, 0, 1)
    mixed: Picture = (dark + (bright - dark) * share).astype(np.uint8)
    return mixed


def outline(lot: np.random.Generator, height: int, width: int) -> Picture:
    """Coverage of a compact thing: an ellipse with a ragged rim."""
    angle = np.linspace(0, math.tau, 40, endpoint=False)
    radius = 1 + 0.18 * np.interp(angle, np.linspace(0, math.tau, 9), [*(r := lot.normal(0, 1, 8)), r[0]])
    points = np.stack(
        [width / 2 + width * 0.42 * radius * np.cos(angle), height / 2 + height * 0.42 * radius * np.sin(angle)], 1
    )
    alpha = np.zeros((height, width), np.uint8)
    cv2.fillPoly(alpha, [points.astype(np.int32)], 255, lineType=cv2.LINE_AA)
    return alpha


def ground(lot: np.random.Generator, height: int, width: int) -> Picture:
    """Coverage of a strip with a ragged upper edge."""
    edge = np.interp(np.arange(width), np.linspace(0, width, 14), lot.uniform(0.05, 0.55, 14)) * height
    alpha: Picture = ((np.arange(height)[:, None] > edge[None]) * 255).astype(np.uint8)
    return alpha


@dataclass(frozen=True)
class World:
    """What a take is made of.

    Attributes:
        layers: How many planes besides the backdrop and the subject.
        subject: Share of the frame that the subject covers, 0 for none.
        sway: How far the subject moves from side to side, in its own widths.
        walk: The subject walks, in widths of the frame a second.
        rough: Of the textures.
        photos: Pictures to use in place of made ones.
        backdrop: Depth of the last plane.
    """

    layers: int = 2
    subject: float = 0.12
    sway: float = 0.0
    walk: float = 0.0
    rough: float = 1.0
    backdrop: float = 10.0
    photos: tuple[Picture, ...] = field(default=(), repr=False)


def build(world: World, take: Take, seed: int, width: int, height: int) -> list[Plane]:
    """Hang the planes: a backdrop that fills the view wherever the camera goes, strips and pillars, a subject."""
    lot = np.random.default_rng(seed)

    def skin(rows: int, columns: int) -> Picture:
        if world.photos:
            photo = world.photos[int(lot.integers(len(world.photos)))]
            if lot.uniform() < 0.5:
                photo = photo[:, ::-1]
            # Mirrored at its borders, so that it covers any size without a seam that stands out.
            scale = max(0.75, min(2.0, rows / photo.shape[0]))
            big = cv2.resize(
                photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
            )
            again_y, again_x = math.ceil(rows / big.shape[0]), math.ceil(columns / big.shape[1])
            row = np.concatenate([big if k % 2 == 0 else big[:, ::-1] for k in range(again_x)], 1)
            whole = np.concatenate([row if k % 2 == 0 else row[::-1] for k in range(again_y)], 0)
            return np.ascontiguousarray(whole[:rows, :columns])
        return texture(lot, rows, columns, rough=world.rough)

    aspect = height / width
    planes = []
    # The backdrop: as much as the camera may ever see of it, about one texture pixel a pixel of the frame.
    z = world.backdrop
    span = z / take.lens * 2.1 + 6
    rows = round(width * 1.6 * aspect * 1.25)
    columns = round(width * 1.6)
    planes.append(
        Plane(
            skin(rows, columns),
            np.full((rows, columns), 255, np.uint8),
            -span / 2,
            -span * rows / columns / 2,
            span / columns,
            z,
        )
    )
    for index in range(world.layers):
        z = float(np.interp((index + 0.5) / world.layers, [0, 1], [world.backdrop * 0.6, 2.6])) * float(
            lot.uniform(0.9, 1.1)
        )
        view = z / take.lens
        if lot.uniform() < 0.65:
            span, tall = view * 1.6 + 5, view * aspect * float(lot.uniform(0.45, 0.75))
            columns = round(width * 1.4)
            rows = max(8, round(columns * tall / span))
            planes.append(
                Plane(
                    skin(rows, columns),
                    ground(lot, rows, columns),
                    -span / 2,
                    view * aspect * 0.5 - tall * 0.72,
                    span / columns,
                    z,
                )
            )
        else:
            wide, tall = view * float(lot.uniform(0.14, 0.26)), view * aspect * 0.9
            columns = round(width * 0.22)
            rows = round(columns * tall / wide)
            for middle in (-0.38, 0.36):
                place = view * (middle + float(lot.uniform(-0.06, 0.06)))
                planes.append(
                    Plane(
                        skin(rows, columns),
                        outline(lot, rows, columns),
                        place - wide / 2,
                        -tall * 0.45,
                        wide / columns,
                        z,
                    )
                )
    if world.subject:
        z = 3.0
        view = z / take.lens
        tall = math.sqrt(world.subject / 0.55 * view * view * aspect * 1.3)
        wide = tall / 1.3
        columns = round(width * wide / view)
        rows = round(columns * 1.3)
        tracked = any("Tracking shot" in step for step in take.steps)
        planes.append(
            Plane(
                skin(rows, columns),
                outline(lot, rows, columns),
                -wide / 2 + view * float(lot.uniform(-0.08, 0.08)),
                -tall / 2 + view * aspect * 0.08,
                wide / columns,
                z,
                (world.sway * wide, float(lot.uniform(0.4, 1.2))),
                world.walk * view,
                tracked,
            )
        )
    return planes


def render(
    take: Take,
    path: Path | str,
    *,
    world: World | None = None,
    seed: int = 0,
    size: tuple[int, int] = (854, 480),
    fps: int = 24,
    crf: int = 23,
    codec: str = "libx264",
    sound: str | None = None,
) -> int:
    """Render one shot to a file; the number of its frames."""
    world = world or World()
    planes = build(world, take, seed, *size)
    return write(frames(planes, replace(take, seed=seed), *size, fps), path, fps=fps, crf=crf, codec=codec, sound=sound)
