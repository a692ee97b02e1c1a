"""Which frames of a file are shown, and when: what an edit list leaves out is not there, what comes late is counted.

The number that a file states is that of the frames that it holds, or of its first fragment alone.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

_SAME_MOMENT = 0.001
"""Seconds. Times in files are rounded to a tick."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The frames that a player shows.

    Attributes:
        times: When each is shown, in ticks of `base`, ascending.
        keys: Times from which decoding can start, ascending.
        end: When the last one ends, in ticks.
        base: One tick in seconds.
        zero: The tick at which a player's clock starts.
        decoded: When the first and the last frame are decoded, in ticks; frames that others need are decoded early.
    """

    times: tuple[int, ...]
    keys: tuple[int, ...]
    end: int
    base: Fraction
    zero: int
    decoded: tuple[int, int]

    @property
    def duration(self) -> float:
        """From the first frame to the end of the last one, in seconds."""
        return float((self.end - self.times[0]) * self.base) if self.times else 0.0

    def index_at(self, seconds: float) -> int:
        """Which frame is on the screen at a moment of a player's clock; the first before all, the last after all."""
        ticks = self.zero + (seconds + _SAME_MOMENT) / float(self.base)
        return max(0, min(len(self.times), bisect_right(self.times, ticks)) - 1)

    def spread(self, count: int) -> list[int]:
        """`count` frames, evenly spread in time, the first and the last one included."""
        first, last = self.times[0], self.times[-1]
        moments = [first + (last - first) * index / max(1, count - 1) for index in range(count)]
        tolerance = _SAME_MOMENT / float(self.base)
        return [max(0, bisect_right(self.times, each + tolerance) - 1) for each in moments]


def read(container: InputContainer, stream: VideoStream) -> Timeline:
    """Go through all packets of a stream, without decoding one. The container's position is at the end afterwards."""
    shown: list[tuple[int, int]] = []
    keys: list[int] = []
    decoded: list[int] = []
    for packet in container.demux(stream):
        time = packet.dts if packet.pts is None else packet.pts
        if time is None or not packet.size:
            continue
        decoded.append(time if packet.dts is None else packet.dts)
        if packet.is_keyframe:
            keys.append(time)
        if not packet.is_discard:  # decoded for the sake of those that follow, never shown
            shown.append((time, packet.duration or 0))
    shown.sort()
    base = stream.time_base or Fraction(1, 1000)
    times = tuple(time for time, _ in shown)
    step = shown[-1][1] if shown else 0
    if shown and not step and stream.average_rate:
        step = round(1 / (stream.average_rate * base))
    return Timeline(
        times,
        tuple(sorted(keys)),
        (times[-1] if times else 0) + step,
        base,
        round(_zero(container) / base),
        (decoded[0], decoded[-1]) if decoded else (0, 0),
    )


def _zero(container: InputContainer) -> Fraction:
    """When a player's clock starts, in seconds of the file's own time.

    An mp4's clock starts at 0 even where its picture comes later, as in browsers; that of a broadcast stream starts
    with what comes first.
    """
    starts = [
        each.start_time * each.time_base
        for each in (*container.streams.video, *container.streams.audio)
        if each.start_time is not None and each.time_base is not None
    ]
    first = min(starts, default=Fraction(0))
    return first if container.format.name == "mpegts" else min(Fraction(0), first)


def decode(
    container: InputContainer, stream: VideoStream, timeline: Timeline, indices: Sequence[int]
) -> Iterator[tuple[int, VideoFrame]]:
    """The frames at some places of a timeline, each with its place; those that can't be decoded are left out.

    Args:
        container: The file.
        stream: Its picture.
        timeline: As `read` returned it.
        indices: Places in `timeline.times`, in any order.
    """
    wanted = sorted(set(indices))
    spans = [(_key_before(timeline, each), each) for each in wanted]
    one_by_one = sum(_frames_between(timeline, key, index) for key, index in spans)
    at_once = _frames_between(timeline, spans[0][0], spans[-1][1]) if spans else 0
    if at_once <= one_by_one:
        yield from _pass(container, stream, timeline, wanted)
    else:
        for index in wanted:
            yield from _pass(container, stream, timeline, [index])


def _key_before(timeline: Timeline, index: int) -> int:
    at = bisect_right(timeline.keys, timeline.times[index]) - 1
    return timeline.keys[at] if at >= 0 else timeline.times[0]


def _frames_between(timeline: Timeline, time: int, index: int) -> int:
    return index + 1 - min(index, bisect_right(timeline.times, time - 1))


def _pass(
    container: InputContainer, stream: VideoStream, timeline: Timeline, wanted: list[int]
) -> Iterator[tuple[int, VideoFrame]]:
    """Decode once from before the first wanted frame to the last one."""
    places = {timeline.times[index]: index for index in wanted}
    container.seek(timeline.times[wanted[0]], stream=stream)
    sought = True
    frames = container.decode(stream)
    while (frame := next(frames, None)) is not None:
        time = frame.dts if frame.pts is None else frame.pts
        if time is None:
            continue
        if sought and time > timeline.times[wanted[0]]:
            # A broken index led past it.
            container.seek(min(0, timeline.times[0]), stream=stream)
            frames, sought = container.decode(stream), False
            continue
        sought = False
        if time in places:
            yield places.pop(time), frame
            if not places:
                return
