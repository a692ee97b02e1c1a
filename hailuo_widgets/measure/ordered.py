"""What was ordered, beside what was delivered."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import UsageError
from hailuo_widgets.measure.moves import FAMILIES
from hailuo_widgets.spec.words import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from hailuo_widgets.measure.record import Measured


@dataclass(frozen=True, slots=True)
class Ordered:
    """What a clip was ordered to be. What is None was not ordered, and is not checked.

    Attributes:
        width, height: Pixels.
        aspect: Width over height, where only that was ordered.
        lines: Pixels of the shorter side, where only that was ordered, as with "768P".
        fps: Frames a second.
        frames: Number of frames.
        grid: (step, rest): the number of frames is a multiple of `step` plus `rest`; (17, 5) for MiniMax-H3.
        seconds: Length.
        codec: FFmpeg's name of the video codec.
        sound: Whether there is to be any.
        first_frame, last_frame: Picture files or their bytes.
        camera: The steps of commands, as `Measured.camera` gives them.
        speed: `SeenStep.speed` of the one move that was ordered, % of the width a second. A command doesn't say how
            fast or how far, so this is for those who have a clip that does it right.

    Raises:
        UsageError: `camera` is not made of steps of commands.
    """

    width: int | None = None
    height: int | None = None
    aspect: float | None = None
    lines: int | None = None
    fps: float | None = None
    frames: int | None = None
    grid: tuple[int, int] | None = None
    seconds: float | None = None
    codec: str | None = None
    sound: bool | None = None
    first_frame: bytes | str | Path | None = None
    last_frame: bytes | str | Path | None = None
    camera: tuple[tuple[str, ...], ...] | None = None
    speed: float | None = None

    def __post_init__(self) -> None:
        if self.camera is not None:
            check_steps(self.camera)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that was ordered, and what came.

    Attributes:
        what: Its name, e.g. `"frames"`.
        ordered: As a reader sees it.
        delivered: As a reader sees it.
        ok: Whether it is as ordered; None where that can't be told.
    """

    what: str
    ordered: str
    delivered: str
    ok: bool | None

    def to_dict(self) -> dict[str, Any]:
        """Its values as JSON can carry them."""
        return asdict(self)


SAME_PICTURE = (0.75, 8.0)
"""SSIM at least and ΔE at most of a frame that shows the ordered picture."""
NOT_IT = (0.4, 20.0)
"""SSIM up to which, or ΔE from which on, it surely does not; between the two it is left open."""

SAME_SPEED = 4 / 3
"""How many times as fast or as slow a move may be and still count as ordered."""
OTHER_SPEED = 1.6
"""From here on it is another speed; between the two it is left open. Half as far in the same time is 2."""
_SLOWEST = 1.0
"""% of the width a second below which a speed is not compared: it is little more than noise."""


def compare(ordered: Ordered, measured: Measured) -> list[Difference]:
    """Put order and delivery side by side.

    Args:
        ordered: The order.
        measured: What was measured; nothing is compared where it could not be.

    Returns:
        One entry for each thing ordered, the camera and its speed last.
    """
    got = measured.delivered
    if got is None:
        return []
    found: list[Difference] = []

    def add(what: str, asked: object, came: object, ok: bool | None) -> None:
        found.append(Difference(what, str(asked), str(came), ok))

    if ordered.width and ordered.height:
        asked = (ordered.width, ordered.height)
        add("size", f"{asked[0]} × {asked[1]}", f"{got.width} × {got.height}", (got.width, got.height) == asked)
    if ordered.lines:
        short = min(got.width, got.height)
        # Vendors round the sides to multiples of what their models like.
        add("size", f"{ordered.lines} pixels on the shorter side", f"{got.width} × {got.height}",
            abs(short - ordered.lines) <= 0.03 * ordered.lines)  # fmt: skip
    if ordered.aspect:
        add("aspect", f"{ordered.aspect:.3f}", f"{got.width / got.height:.3f}",
            abs(got.width / got.height / ordered.aspect - 1) < 0.02)  # fmt: skip
    if ordered.fps:
        add("fps", f"{ordered.fps:g}", f"{got.fps:g}", abs(got.fps - ordered.fps) < 0.02 * ordered.fps)
    if ordered.frames:
        add("frames", ordered.frames, got.frames, got.frames == ordered.frames)
    if ordered.grid:
        step, rest = ordered.grid
        add("frames", f"{step}n+{rest}", got.frames, got.frames % step == rest % step)
    if ordered.seconds:
        add("seconds", f"{ordered.seconds:g}", f"{got.seconds:.2f}",
            abs(got.seconds - ordered.seconds) <= max(0.1, 2 / max(1.0, got.fps)))  # fmt: skip
    if ordered.codec:
        add("codec", ordered.codec, got.video_codec, got.video_codec == ordered.codec)
    if ordered.sound is not None:
        heard = "none" if got.audio_codec is None else "silent" if got.silent else "sound"
        add("sound", "sound" if ordered.sound else "none", heard, (not got.silent) == ordered.sound)
    for what, asked_for, match in (
        ("first frame", ordered.first_frame, measured.first_match),
        ("last frame", ordered.last_frame, measured.last_match),
    ):
        if asked_for is not None and match is not None:
            same = match["ssim"] >= SAME_PICTURE[0] and match["delta_e"] <= SAME_PICTURE[1]
            other = match["ssim"] <= NOT_IT[0] or match["delta_e"] >= NOT_IT[1]
            ok = True if same else False if other else None
            add(what, "the picture", f"SSIM {match['ssim']:.2f}, ΔE {match['delta_e']:.1f}", ok)
    if ordered.camera is not None:
        add("camera", said(ordered.camera), said(measured.camera), obeyed(ordered.camera, measured))
    if ordered.speed is not None:
        speeds = ", then ".join(f"{step.speed:.1f}%/s" for step in measured.steps) or "can't tell"
        add("camera speed", f"{ordered.speed:.1f}%/s", speeds, _as_fast(ordered, measured))
    return found


def _as_fast(ordered: Ordered, measured: Measured) -> bool | None:
    """Whether the one move that was ordered is as fast as ordered; None where that move is not what was seen."""
    if not ordered.speed or ordered.speed < _SLOWEST or len(measured.steps) != 1 or measured.families[0] is None:
        return None
    if ordered.camera is not None and [_kin(frozenset(step)) for step in ordered.camera] != [
        frozenset(measured.families[0])
    ]:
        return None
    ratio = measured.steps[0].speed / ordered.speed
    ratio = max(ratio, 1 / max(ratio, 1e-6))
    return True if ratio <= SAME_SPEED else False if ratio >= OTHER_SPEED else None


def check_steps(steps: object) -> None:
    """Steps of camera commands: a command that is spelt otherwise would count as disobeyed by every clip.

    Raises:
        UsageError: They are something else.
    """
    hint = 'Write (("Pan left", "Pedestal up"), ("Push in",)): a tuple of steps, each a tuple of commands.'
    if not isinstance(steps, (tuple, list)):
        raise UsageError(f"{steps!r:.60} is not a tuple of camera steps.", hint=hint)
    for step in steps:
        if step is not None and not isinstance(step, (tuple, list)):
            raise UsageError(f"{step!r:.60} is not a camera step.", hint=hint)
        for name in step or ():
            if name not in FAMILIES:
                raise UsageError(f"{name!r:.60} is not a camera command.", hint=did_you_mean(str(name), FAMILIES))


def obeyed(ordered: tuple[tuple[str, ...], ...] | list[tuple[str, ...]], measured: Measured) -> bool | None:
    """Whether the camera did what was ordered, by what can be told.

    Args:
        ordered: Steps of commands.
        measured: What was seen.

    Returns:
        True where all commands agree; False where something else was seen, by family or by command; None where it can't
        be told, as with "pan left or truck left" for an ordered pan, with one move where two of one family were ordered
        in a row, or with a truck where a tracking shot was ordered.
    """
    check_steps(ordered)
    if measured.error or not measured.families or any(each is None for each in measured.families):
        return None
    asked = [frozenset(step) for step in ordered if step]
    kin, seen_kin = [_kin(step) for step in asked], [frozenset(each or ()) for each in measured.families]
    if kin != seen_kin:
        return None if _may_be(kin, seen_kin) else False
    for step, seen in zip(asked, measured.camera, strict=True):
        if seen is not None and frozenset(seen) != step:
            return False
    return True if all(seen is not None for seen in measured.camera) else None


_FOLLOWS = frozenset({"Tracking shot"})
_ACROSS = (frozenset({FAMILIES["Pan left"]}), frozenset({FAMILIES["Pan right"]}))


def _may_be(asked: list[frozenset[str]], seen: list[frozenset[str]]) -> bool:
    """Whether the difference is one that pictures don't always show.

    Two moves of one family, one after the other, look like one; and a camera that follows a subject trucks or pans.
    """
    one, other = [each for each, _ in groupby(asked)], [each for each, _ in groupby(seen)]
    return len(one) == len(other) and all(
        a == b or (a == _FOLLOWS and b in _ACROSS) or (b == _FOLLOWS and a in _ACROSS)
        for a, b in zip(one, other, strict=True)
    )


def _kin(step: frozenset[str]) -> frozenset[str]:
    return frozenset(FAMILIES.get(name, name) for name in step)


def said(steps: tuple[tuple[str, ...], ...] | list[tuple[str, ...] | None]) -> str:
    """Steps as one line: "Pan left + Pedestal up, then Push in"."""
    return ", then ".join("can't tell" if step is None else " + ".join(step) for step in steps) or "can't tell"
