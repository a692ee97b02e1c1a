"""What was measured of one clip, as plain values."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from hailuo_widgets.errors import UsageError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

VERSION = 4
"""Rises whenever a measure's meaning or method changes: values of another version are to be measured again."""

Step = tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class SeenStep:
    """One move of the camera.

    Attributes:
        start, stop: Seconds from the beginning of the clip.
        shot: The number of the shot, from 0.
        commands: As in `Measured.camera`.
        families: As in `Measured.families`.
        reason: Why `commands` or `families` is None, in words for a reader; `""` if neither is.
        right, down: How far the background moved in the picture, in % of the picture's width a second. A camera that
            pans left moves it to the right.
        growth: How much it grew, as % of the width a second at 35% of the width from the middle.
        roll: Clockwise turn of the background, degrees a second.
        tremble: Root of the mean square of the background's deviation from its smooth path, % of the width a second.
        parallax: Share of the trusted picture that moves otherwise than the background and is no single thing in the
            middle, 0 to 1.
    """

    start: float
    stop: float
    shot: int
    commands: Step
    families: Step
    reason: str
    right: float
    down: float
    growth: float
    roll: float
    tremble: float
    parallax: float

    @property
    def speed(self) -> float:
        """How fast the background moves, % of the width a second: its shift, or its growth where that is more."""
        return max(math.hypot(self.right, self.down), abs(self.growth))


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the file is.

    Attributes:
        width, height: Pixels, as a player shows it: rotated, with square pixels.
        fps: Frames a second, on average.
        frames: Frames that could be decoded.
        seconds: Length of the picture.
        video_codec, audio_codec: FFmpeg's names; `audio_codec` is None without a sound track.
        loudest: Largest sound sample, 0 to 1; None without a sound track. Below 0.001 (-60 dBFS) it counts as silent.
        black_head, black_tail: Seconds of black at the ends.
        frozen_head, frozen_tail: Seconds at the ends in which no pixel changes by more than the codec's noise.
        bars_top, bars_bottom: Black bars, in % of the height.
    """

    width: int
    height: int
    fps: float
    frames: int
    seconds: float
    video_codec: str
    audio_codec: str | None
    loudest: float | None
    black_head: float
    black_tail: float
    frozen_head: float
    frozen_tail: float
    bars_top: float
    bars_bottom: float

    @property
    def silent(self) -> bool:
        """No sound track, or one in which nothing is to be heard."""
        return self.loudest is None or self.loudest < 0.001


@dataclass(frozen=True, slots=True)
class Measured:
    """The measures of one clip. There is no quality score among them: each has a unit and a meaning of its own.

    Attributes:
        file: The file's name, without its folder.
        camera: What the camera did, step by step through all shots: each step a tuple of English command names as in
            `CameraCommand` (`("Pan left", "Pedestal up")`, `"Shake"` last where it shakes, too), or None where it can't
            be told. An empty list where the clip could not be measured.
        families: The same by family, which can be told more often: `"Pan left or Truck left"`; see `moves.FAMILIES`.
        cuts: The frames that begin a new shot, from 0; the clip's first is not among them.
        steps: The steps with their times, sizes and reasons.
        delivered: What the file is; None where it can't be read.
        motion: How fast things move by themselves, the camera's motion taken away: mean over the trusted picture, % of
            the width a second. Optical flow: DIS, Kroeger et al., ECCV 2016, at 480 pixels and 8 pairs a second. None
            where nothing can be followed: too little texture, or too short a clip.
        jitter: Median over the clip of `SeenStep.tremble`, % of the width a second; None as for `motion`.
        flicker: Unrest of the brightness, % of its full range, see `series.flicker`; None of a single frame.
        sharpness: Median sharpness over the clip's best, 0 to 1, see `series.sharpness`.
        softest: The 10th percentile instead of the median.
        brightness: Mean brightness, % of full range (of the encoded, gamma-corrected signal).
        black, white: % of the pixels that are clipped to black, and to white (within 1%).
        loop: Structural similarity of the last frame and the first, 1 for a perfect loop; None of a single frame.
        first_match, last_match: The ends beside the ordered pictures: `{"ssim", "delta_e", "shift", "scale"}`,
            see `similarity.Match`; None where none was ordered.
        look: Four tiny grey pictures, for `diversity` among replicates.
        error: Why the clip could not be measured, in one sentence; None if it could.
        version: `VERSION` at the time.
    """

    file: str
    camera: list[Step]
    families: list[Step]
    cuts: list[int]
    steps: list[SeenStep]
    delivered: Delivered | None = None
    motion: float | None = None
    jitter: float | None = None
    flicker: float | None = None
    sharpness: float | None = None
    softest: float | None = None
    brightness: float | None = None
    black: float | None = None
    white: float | None = None
    loop: float | None = None
    first_match: dict[str, float] | None = None
    last_match: dict[str, float] | None = None
    look: list[int] | None = field(default=None, repr=False)
    error: str | None = None
    version: int = VERSION

    def to_dict(self) -> dict[str, Any]:
        """The values as JSON can carry them; `from_dict` reads them back, also after `json.dumps` and `json.loads`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The record back from `to_dict`. Keys of later versions are left out.

        Raises:
            UsageError: The data is not what `to_dict` gives.
        """
        from pydantic import ValidationError

        try:
            found: Self = _reader().validate_python(data)
        except (ValidationError, TypeError) as error:
            where = error.errors()[0]["loc"] if isinstance(error, ValidationError) else ()
            wrong = ".".join(map(str, where)) or f"{data!r:.60}"
            raise UsageError(f"These are no measured values: {wrong} is missing or of another kind.") from None
        sizes = found.delivered is None or min(found.delivered.width, found.delivered.height) > 0
        if len(found.camera) != len(found.families) or not sizes:
            raise UsageError("These are no measured values: they contradict each other.")
        return found


@cache
def _reader() -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # loaded where records are read

    return TypeAdapter(Measured)


def failed(file: str, why: str) -> Measured:
    """The record of a clip that could not be measured."""
    return Measured(file, [], [], [], [], error=why)
