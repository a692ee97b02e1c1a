"""Clips one after the other as one film: copied where they are alike, encoded where something changes."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsFloat

import av
import av.error
import numpy as np

from hailuo_widgets.errors import HailuoError, UsageError
from hailuo_widgets.media import timeline, yuv
from hailuo_widgets.media.encode import encode
from hailuo_widgets.media.probe import VideoInfo, opened, probe, unreadable
from hailuo_widgets.media.upright import is_upright

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from av import Packet
    from av.container import InputContainer
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from hailuo_widgets.media.encode import Planes

_RATE = 48_000

MOST_OPEN = 64
"""Clips that are open at the same time."""


@dataclass(frozen=True)
class _Source:
    path: Path
    fps: float
    shown: timeline.Timeline
    alike: tuple[Any, ...]
    """Clips of which this is equal can be copied into one stream."""

    plain: bool
    """Whether all of its packets are shown from time 0 on, upright."""

    there: tuple[InputContainer, VideoStream] | None
    """The clip, where it is still open."""

    @cached_property
    def info(self) -> VideoInfo:
        """What only a decoder knows; nothing is decoded of a clip that is copied."""
        return probe(self.path)


def join(clips: Sequence[str | os.PathLike[str]], path: str | os.PathLike[str], *, fade: float = 0.0) -> VideoInfo:
    """Write clips one after the other into one mp4.

    With cuts between clips of one size, rate and codec, the streams are copied: no picture is changed and it takes no
    time. Else the film is H.264 and AAC at the first clip's size and rate; other shapes get black bars. Sound is kept,
    and silence is added where a clip has none.

    Args:
        clips: Files, at least one.
        path: The film; what is there is replaced when it is complete.
        fade: Seconds of cross-fade between two clips; 0 for cuts.

    Returns:
        The facts about the film.

    Raises:
        UsageError: If there are no clips, or a fade is longer than one of them.
        UnreadableVideoError: If a clip can't be decoded.
        HailuoError: If the film can't be written.
    """
    target = Path(path)
    if not clips:
        raise UsageError("There is nothing to join.", hint="Give at least one clip.")
    still_open = ExitStack()
    try:
        # The first is opened once more, for the sound before its first picture, which is kept.
        held = [still_open if 0 < at <= MOST_OPEN else None for at in range(len(clips))]
        _join([_looked_into(Path(each), its) for each, its in zip(clips, held, strict=True)], target, fade)
    finally:
        still_open.close()  # an error that passed through would be taken for a clip's
    return probe(target)


def _join(sources: Sequence[_Source], target: Path, fade: float) -> None:
    first = sources[0]
    if not isinstance(fade, SupportsFloat) or not 0 <= fade < 1e6:
        raise UsageError(f"A fade can't last {fade!r:.40} s.", hint="Give seconds, or 0 for cuts.")
    counts = [yuv.ticks(each.shown, first.fps) for each in sources]
    overlap = round(fade * first.fps)
    short = [each for each, count in zip(sources, counts, strict=True) if count < 2 * overlap]
    if len(sources) > 1 and short:
        raise UsageError(
            f"“{short[0].path.name}” lasts {short[0].shown.duration:.1f} s, too short for fades of {fade:g} s.",
            hint="A clip lasts at least as long as the two fades at its ends.",
        )
    part = target.with_name(f".{target.name}.part")
    try:
        if not overlap and all(each.plain and each.alike == first.alike for each in sources) and _in_turn(sources):
            _copy(sources, part)
        else:
            _encode(sources, counts, overlap, part)
        part.replace(target)
    except (av.error.FFmpegError, OSError) as error:
        raise HailuoError(
            f"The film “{target.name}” can't be written: {error}.",
            hint="Check that its folder exists, is writable and has space left.",
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _looked_into(path: Path, still_open: ExitStack | None) -> _Source:
    """What is known of a clip without decoding it. It may stay open: opening it again would take longest."""
    with ExitStack() as opening:
        container, stream = opening.enter_context(opened(path))
        shown = timeline.read(container, stream)
        if not shown.times:
            raise unreadable(path, "it contains no picture")
        stated = float(stream.average_rate or stream.guessed_rate or 0)
        fps = stated or (len(shown.times) / shown.duration if shown.duration else 0.0)
        codec = stream.codec_context
        sound = container.streams.audio[0].codec_context if container.streams.audio else None
        alike = (
            *(codec.codec.canonical_name, codec.width, codec.height, codec.pix_fmt, bytes(codec.extradata or b"")),
            *(stream.sample_aspect_ratio, round(fps, 3), stream.time_base),
            sound and (sound.codec.canonical_name, sound.sample_rate, sound.layout.name, bytes(sound.extradata or b"")),
        )
        whole = stream.frames in {0, len(shown.times)} and shown.times[0] == 0
        plain = whole and codec.codec.canonical_name in {"h264", "hevc", "av1"} and is_upright(path)
        if still_open is not None:
            still_open.push(opening.pop_all())
        return _Source(path, fps, shown, alike, plain, None if still_open is None else (container, stream))


# --- copied -----------------------------------------------------------------------------------------------------------


def _in_turn(sources: Sequence[_Source]) -> bool:
    """Whether each clip's frames are decoded after those of the clip before, as an mp4 demands.

    They aren't where frames are unevenly spaced: the first are decoded early by as much as they are apart.
    """
    at, before = Fraction(0), None
    for source in sources:
        begin, last = (at + tick * source.shown.base for tick in source.shown.decoded)
        if before is not None and begin <= before:
            return False
        at, before = at + (source.shown.end - source.shown.times[0]) * source.shown.base, last
    return True


def _copy(sources: Sequence[_Source], path: Path) -> None:
    with ExitStack() as stack:
        out = stack.enter_context(av.open(f"file:{path}", "w", format="mp4", options={"movflags": "+faststart"}))
        with opened(sources[0].path) as (container, stream):
            # opaque: else an encoder of the decoder's name is looked for, and AV1's decoder (libdav1d) has none.
            picture = out.add_stream_from_template(stream, opaque=True)
            heard = container.streams.audio[0] if container.streams.audio else None
            sound = out.add_stream_from_template(heard, opaque=True) if heard else None
        out.start_encoding()  # here, so that what the disk refuses is not taken for a fault of a clip
        at = Fraction(0)
        for source in sources:
            with _from_its_start(source) as (container, stream):
                for packet in _packets(container, stream, at, source.shown):
                    packet.stream = picture if packet.stream is stream else sound
                    out.mux(packet)
            at += (source.shown.end - source.shown.times[0]) * source.shown.base


def _from_its_start(source: _Source) -> AbstractContextManager[tuple[InputContainer, VideoStream]]:
    """A clip whose packets can be read again; what sounds before its first picture may be left out."""
    if source.there is None:
        return opened(source.path)
    source.there[0].seek(0)
    return nullcontext(source.there)


def _packets(
    container: InputContainer, stream: VideoStream, at: Fraction, shown: timeline.Timeline
) -> Iterator[Packet[Any]]:
    """A clip's packets, later by `at` seconds."""
    end = shown.end * shown.base
    for packet in container.demux([stream, *container.streams.audio[:1]]):
        if packet.dts is None or packet.pts is None:
            continue
        # The sound's run-in before 0, and what lasts longer than the picture, would overlap with a neighbour.
        if packet.stream is not stream and ((packet.pts < 0 and at) or packet.pts * packet.time_base >= end):
            continue
        shift = round(at / packet.time_base)
        packet.pts += shift
        packet.dts += shift
        yield packet


# --- encoded ----------------------------------------------------------------------------------------------------------


def _encode(sources: Sequence[_Source], counts: Sequence[int], overlap: int, path: Path) -> None:
    first = sources[0].info
    size = yuv.even(first.width), yuv.even(first.height)
    rate = Fraction(first.fps).limit_denominator(1001)
    sound = _sound(sources, counts, overlap, float(rate)) if any(each.info.audio_codec for each in sources) else None
    pictures = (yuv.as_frame(each) for each in _pictures(sources, counts, overlap, float(rate), size))
    encode(
        pictures,
        path,
        width=size[0],
        height=size[1],
        fps=rate,
        preset="veryfast",
        title=path.name.removeprefix(".").removesuffix(".part"),
        sound=sound,
    )


def _pictures(
    sources: Sequence[_Source], counts: Sequence[int], overlap: int, fps: float, size: tuple[int, int]
) -> Iterator[Planes]:
    """The film's frames: of each clip its own, and between two of them their dissolve."""
    before: Iterator[Planes] | None = None
    for index, (source, count) in enumerate(zip(sources, counts, strict=True)):
        own = _on_canvas(source, fps, size, count)
        if before is not None:
            for step in range(overlap):
                yield yuv.mixed(next(before), next(own), (step + 1) / (overlap + 1))
        last = index == len(sources) - 1
        rest = count - (overlap if index else 0) - (0 if last else overlap)
        for _ in range(rest):
            yield next(own)
        before = own


def _on_canvas(source: _Source, fps: float, size: tuple[int, int], count: int) -> Iterator[Planes]:
    inner = yuv.fitted(source.info.width, source.info.height, size)
    left, top = ((whole - part) // 4 * 2 for whole, part in zip(size, inner, strict=True))
    for frame in yuv.frames(source.path, fps, inner, count):
        if inner == size:
            yield frame
            continue
        whole = yuv.canvas(size)
        yuv.put(whole, frame, left, top)
        yield whole


def _sound(
    sources: Sequence[_Source], counts: Sequence[int], overlap: int, fps: float
) -> Iterator[NDArray[np.float32]]:
    """The film's sound, clip by clip: 48 kHz, two channels, as long as the pictures to the sample."""
    tail: NDArray[np.float32] | None = None
    over = round(overlap / fps * _RATE)
    played, shown = 0, 0
    for index, (source, count) in enumerate(zip(sources, counts, strict=True)):
        last = index == len(sources) - 1
        shown += count - (0 if last else overlap)
        until = round(shown / fps * _RATE)
        wave = _wave(source, until - played + (0 if last else over))
        if tail is not None:
            rise = np.linspace(0, 1, len(tail[0]), dtype=np.float32)
            wave[:, : len(rise)] = wave[:, : len(rise)] * rise + tail * (1 - rise)
        yield wave[:, : until - played]
        tail = wave[:, until - played :] if over and not last else None
        played = until


def _wave(source: _Source, samples: int) -> NDArray[np.float32]:
    """A clip's sound from its first frame on, cut or filled with silence to a length."""
    wave = np.zeros((2, samples), np.float32)
    if source.info.audio_codec is None:
        return wave
    start = float(source.shown.times[0] * source.shown.base)
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=_RATE)
    with opened(source.path) as (container, _):
        at: int | None = None
        for decoded in [*container.decode(audio=0), None]:
            for frame in resampler.resample(decoded):
                if at is None:
                    at = round(((frame.time or 0.0) - start) * _RATE)
                piece = frame.to_ndarray()
                low, high = max(0, at), min(samples, at + piece.shape[1])
                if high > low:
                    wave[:, low:high] = piece[:, low - at : high - at]
                at += piece.shape[1]
    return wave
