"""Clips one after the other, and clips in step: frame by frame what was put in."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

import hailuo_widgets as hw
from hailuo_widgets.errors import HailuoError, UsageError
from hailuo_widgets.media.film import FilmCell, video
from hailuo_widgets.media.frames import poster
from hailuo_widgets.media.probe import UnreadableVideoError, probe
from support.clips import KINDS, MATRICES, ffprobe, frame, grey, source, turned


def levels(path, x=0.25, y=0.25):
    """The grey at one place of every frame, as a player shows them."""
    with av.open(str(path)) as container:
        pictures = [each.to_ndarray(format="rgb24") for each in container.decode(video=0)]
    return [int(each[int(each.shape[0] * y), int(each.shape[1] * x), 1]) for each in pictures]


def packets(path):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def loudness(path, start, end):
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        wave = np.concatenate([each.to_ndarray() for each in container.decode(audio=0)], axis=1)
    return float(np.abs(wave[:, int(start * rate) : int(end * rate)]).mean())


def near(found, wanted, by=4):
    assert len(found) == len(wanted)
    assert np.abs(np.array(found) - np.array(wanted)).max() <= by


@pytest.mark.parametrize("sound", [False, True])
def test_equal_clips_are_copied_without_a_change(tmp_path, sound):
    clips = [source(tmp_path / f"{each}.mp4", frames=20, sound=sound) for each in "abc"]
    info = hw.join(clips, tmp_path / "film.mp4")
    assert packets(tmp_path / "film.mp4") == [each for clip in clips for each in packets(clip)]
    near(levels(tmp_path / "film.mp4"), [grey(each) for each in range(20)] * 3)
    assert (info.frames, info.fps) == (60, 20)
    assert info.duration == pytest.approx(3.0, abs=0.01)
    assert int(ffprobe(tmp_path / "film.mp4")["nb_read_frames"]) == 60
    assert info.audio_codec == ("aac" if sound else None)
    if sound:
        assert min(loudness(tmp_path / "film.mp4", at, at + 0.7) for at in (0.1, 1.1, 2.1)) > 0.05


def test_equal_av1_clips_are_copied_although_their_decoder_has_no_encoder(tmp_path):
    clips = [source(tmp_path / f"{each}.mp4", frames=10, codec="libsvtav1", sound=True) for each in "ab"]
    info = hw.join(clips, tmp_path / "film.mp4")
    assert packets(tmp_path / "film.mp4") == [each for clip in clips for each in packets(clip)]
    assert (info.frames, info.video_codec, info.audio_codec) == (20, "av1", "aac")


def test_clips_of_other_sizes_are_fitted_with_black_bars(tmp_path):
    wide, tall = source(tmp_path / "a.mp4", frames=10), source(tmp_path / "b.mp4", frames=10, width=120, height=240)
    info = hw.join([wide, tall], tmp_path / "film.mp4")
    assert (info.width, info.height, info.frames) == (320, 240, 20)
    near(levels(tmp_path / "film.mp4", x=0.4), [grey(each) for each in range(10)] * 2)
    assert levels(tmp_path / "film.mp4", x=0.05)[10:] == pytest.approx([0] * 10, abs=3)


def test_a_cross_fade_overlaps_two_clips(tmp_path):
    clips = [source(tmp_path / f"{each}.mp4", frames=20, sound=True) for each in "ab"]
    info = hw.join(clips, tmp_path / "film.mp4", fade=0.25)
    assert info.frames == 35
    seen = levels(tmp_path / "film.mp4")
    near(seen[:15] + seen[20:], [grey(each) for each in (*range(15), *range(5, 20))])
    blended = [grey(15 + step) * (1 - (step + 1) / 6) + grey(step) * (step + 1) / 6 for step in range(5)]
    near(seen[15:20], blended, by=5)
    assert info.audio_codec == "aac"
    assert loudness(tmp_path / "film.mp4", 0.2, 1.6) > 0.05


def test_silence_is_put_where_a_clip_has_no_sound(tmp_path):
    clips = [source(tmp_path / "a.mp4", frames=20, sound=True), source(tmp_path / "b.mp4", frames=20)]
    hw.join(clips, tmp_path / "film.mp4")
    assert loudness(tmp_path / "film.mp4", 0.1, 0.9) > 0.05
    assert loudness(tmp_path / "film.mp4", 1.1, 1.9) < 0.005


@pytest.mark.parametrize(
    "kind", ["edit list", "turned right", "wide pixels", "fragments", "starts late", "uneven pace"]
)
def test_clips_are_joined_as_a_player_shows_them(tmp_path, kind):
    odd = KINDS[kind](tmp_path / "odd.mp4")
    shown = probe(odd)
    info = hw.join([odd, odd], tmp_path / "film.mp4")
    assert info.frames == 2 * round(shown.duration * shown.fps)
    first = Image.open(io.BytesIO(poster(tmp_path / "film.mp4", quality=95))).convert("RGB")
    own = Image.open(io.BytesIO(poster(odd, quality=95))).convert("RGB").resize(first.size)
    assert np.abs(np.asarray(first, int) - np.asarray(own, int)).mean() < 6


def test_clips_that_begin_slowly_and_end_fast_are_joined(tmp_path):
    # The first frames are decoded early by as much as they are apart, and so before the last ones of the clip before.
    clip = tmp_path / "a.mp4"
    moments = [*range(0, 1000, 100), *range(1000, 2000, 25)]
    with av.open(str(clip), "w") as out:
        stream = out.add_stream("libx264", rate=20, options={"bf": "2", "b-adapt": "0", "qp": "4"})
        stream.width, stream.height, stream.codec_context.time_base = 128, 64, Fraction(1, 1000)
        for index, moment in enumerate(moments):
            picture = av.VideoFrame.from_ndarray(frame(index, 128, 64))
            picture.pts, picture.time_base = moment, Fraction(1, 1000)
            out.mux(stream.encode(picture))
        out.mux(stream.encode())
    own = levels(clip)
    info = hw.join([clip, clip], tmp_path / "film.mp4")
    assert info.duration == pytest.approx(4, abs=0.05)
    with av.open(str(tmp_path / "film.mp4")) as film:
        times = [each.time for each in film.decode(video=0)]
    seen = [level for at, level in zip(times, levels(tmp_path / "film.mp4"), strict=True) if at > 2.05]
    near([seen[0], seen[-1]], [own[0], own[-1]], by=8)


def test_what_can_not_be_joined_is_one_sentence_and_leaves_nothing(tmp_path):
    clip = source(tmp_path / "a.mp4", frames=10)
    with pytest.raises(UsageError, match="nothing to join"):
        hw.join([], tmp_path / "film.mp4")
    with pytest.raises(UsageError, match=r"lasts 0\.5 s, too short for fades of 1 s"):
        hw.join([clip, clip], tmp_path / "film.mp4", fade=1)
    with pytest.raises(UsageError, match="can't last"):
        hw.join([clip, clip], tmp_path / "film.mp4", fade=-1)
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    with pytest.raises(UnreadableVideoError, match=r"broken\.mp4"):
        hw.join([clip, tmp_path / "broken.mp4"], tmp_path / "film.mp4")
    with pytest.raises(HailuoError, match="can't be written"):
        hw.join([clip], tmp_path / "nowhere" / "film.mp4")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.mp4", "broken.mp4"]


def test_clips_of_the_library_are_joined_by_themselves(tmp_path):
    class Clip:
        path = source(tmp_path / "a.mp4", frames=10)

    assert hw.join([Clip(), str(Clip.path)], tmp_path / "film.mp4").frames == 20


def test_all_cells_of_a_film_are_in_step(tmp_path):
    clips = [source(tmp_path / f"{each}.mp4", frames=20) for each in "abcd"]
    info = video([FilmCell(each) for each in clips], tmp_path / "film.mp4", columns=2, width=640, height=480)
    assert (info.width, info.height, info.frames, info.fps, info.video_codec) == (640, 480, 20, 20, "h264")
    assert info.pixel_format == "yuv420p"
    for x, y in ((0.1, 0.1), (0.6, 0.1), (0.1, 0.6), (0.6, 0.6)):
        near(levels(tmp_path / "film.mp4", x, y), [grey(each) for each in range(20)], by=6)


def test_a_clip_that_ends_early_stays_on_its_last_frame(tmp_path):
    cells = [FilmCell(source(tmp_path / "a.mp4", frames=20)), FilmCell(source(tmp_path / "b.mp4", frames=8))]
    assert video(cells, tmp_path / "film.mp4", columns=2, width=640, height=240).frames == 20
    near(levels(tmp_path / "film.mp4", 0.6, 0.3), [grey(min(each, 7)) for each in range(20)], by=6)


def test_a_film_has_labels_a_title_and_room_for_what_is_missing(tmp_path):
    clip = source(tmp_path / "a.mp4", frames=4)
    done = []
    cells = [FilmCell(clip, "gait: trots"), FilmCell(None, "gait: 跳跃"), FilmCell(clip)]
    video(cells, tmp_path / "film.mp4", title="Foxes", width=960, height=540, progress=done.append)
    picture = Image.open(io.BytesIO(poster(tmp_path / "film.mp4", width=960, quality=95, max_bytes=10**7))).convert("L")
    assert np.asarray(picture)[:30, :200].max() > 180  # the title
    assert done == sorted(done)
    assert done[-1] == 1


def test_turned_clips_are_upright_in_a_film(tmp_path):
    clip = source(tmp_path / "a.mp4", frames=4)
    turned(clip, MATRICES["upside down"])
    video([FilmCell(clip)], tmp_path / "film.mp4", width=640, height=480)
    assert levels(tmp_path / "film.mp4", 0.75, 0.75)[0] == pytest.approx(grey(0), abs=6)


def test_a_film_of_nothing_or_without_room_is_one_sentence(tmp_path):
    with pytest.raises(UsageError, match="no clip to show"):
        video([FilmCell(None)], tmp_path / "film.mp4")
    clip = source(tmp_path / "a.mp4", frames=2)
    with pytest.raises(UsageError, match="don't fit into"):
        video([FilmCell(clip)] * 100, tmp_path / "film.mp4", width=128, height=96)
    with pytest.raises(UsageError, match="can't have"):
        video([FilmCell(clip)], tmp_path / "film.mp4", width=641)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_film_of_a_hundred_clips_takes_no_more_memory_than_promised(tmp_path):
    clip = source(tmp_path / "a.mp4", frames=24, width=1366, height=768)
    code = (
        "import re; from hailuo_widgets.media.film import FilmCell, video\n"
        f"video([FilmCell({str(clip)!r}, str(each)) for each in range(100)], {str(tmp_path / 'film.mp4')!r})\n"
        # Not ru_maxrss, which a new program inherits from the process that started it.
        "print(re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env={**os.environ})
    assert int(done.stdout) * 1024 < 400e6
    assert probe(tmp_path / "film.mp4").frames == 24


def test_the_sources_frames_differ():
    assert len({int(frame(each, 8, 8)[0, 0, 0]) for each in range(60)}) == 60
