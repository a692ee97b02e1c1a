"""What is said and pictured of a clip is what is shown of it: checked against ffprobe, ffmpeg and the source's frames."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from av.video.reformatter import Colorspace
from PIL import Image

from hailuo_widgets.media.frames import contact_sheet, last_frame, poster
from hailuo_widgets.media.probe import probe
from support.clips import COLOURS, GREEN, KINDS, MATRICES, RED, ffmpeg, ffprobe, frame, grey, source

if TYPE_CHECKING:
    from pathlib import Path

SIDEWAYS = {"turned right", "turned left", "mirrored and turned", "mirrored and turned left"}

# Which of the source's 60 frames come first and last in each; all of them where it is not said.
FIRST_AND_LAST = {
    "edit list": (14, 59),
    "edit list with sound": (14, 59),
    "edit list, both ends": (14, 39),
    "uneven pace": (0, 56),
}


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def level(picture: Image.Image, kind: str = "") -> int:
    """The grey by which a source's frame is known, wherever the picture was turned."""
    width, height = picture.size
    greys = []
    for x in (1, 3):
        for y in (1, 3):
            red, green, blue = picture.getpixel((width * x // 4, height * y // 4))
            if max(red, green, blue) - min(red, green, blue) < 12:
                greys.append(green)
    return max(greys)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def clip(kind: str, tmp_path: Path) -> Path:
    return KINDS[kind](tmp_path / "clip.mp4")


def test_size_frames_and_length_are_those_that_ffprobe_counts(clip, kind):
    info, known = probe(clip), ffprobe(clip)
    width, height = known["width"], known["height"]
    if kind == "cropped by its stream":
        width += 16  # FFmpeg's decoder, which Chromium uses too, leaves what lies to the left
    aspect = Fraction(known.get("sample_aspect_ratio", "1:1").replace(":", "/"))
    if aspect > 1:
        width = round(width * aspect)
    else:
        height = round(height / aspect)
    assert (info.width, info.height) == ((height, width) if kind in SIDEWAYS else (width, height))
    assert info.frames == int(known["nb_read_frames"])
    if kind not in {"uneven pace", "edit list, both ends"}:  # where frames are missing, or the last one's length is
        assert info.duration == pytest.approx(info.frames / 20, abs=0.01)
        assert info.fps == 20


def test_poster_sheet_and_last_frame_begin_and_end_where_the_clip_does(clip, kind):
    first, last = FIRST_AND_LAST.get(kind, (0, 59))
    size = (probe(clip).width, probe(clip).height)
    assert level(opened(poster(clip))) == pytest.approx(grey(first), abs=4)
    assert level(opened(poster(clip, at=99))) == pytest.approx(grey(last), abs=4)
    assert level(opened(last_frame(clip))) == pytest.approx(grey(last), abs=3)
    assert opened(last_frame(clip)).size == size
    sheet = opened(contact_sheet(clip, count=4, width=96))
    assert sheet.size == (4 * 96, round(size[1] * 96 / size[0]))
    cells = [level(sheet.crop((index * 96, 0, index * 96 + 96, sheet.height))) for index in range(4)]
    assert cells[0] == pytest.approx(grey(first), abs=5)
    assert cells[-1] == pytest.approx(grey(last), abs=5)
    assert cells == sorted(set(cells))


@pytest.mark.parametrize("kind", MATRICES, indirect=True)
def test_a_turned_clip_is_turned_as_ffmpeg_turns_it(clip, tmp_path):
    ffmpeg("-i", clip, "-frames:v", 1, "-update", 1, tmp_path / "theirs.png")
    theirs, mine = opened((tmp_path / "theirs.png").read_bytes()), opened(poster(clip, quality=95))
    assert mine.size == theirs.size
    assert np.abs(np.asarray(mine, int) - np.asarray(theirs, int)).mean() < 4


@pytest.mark.parametrize("name", COLOURS)
def test_colours_are_those_that_were_encoded(tmp_path, name):
    picture = opened(last_frame(COLOURS[name](tmp_path / "clip.mp4")))
    width, height = picture.size
    for colour, y in ((RED, 1), (GREEN, 3)):
        assert picture.getpixel((width * 3 // 4, height * y // 4)) == pytest.approx(colour, abs=5)


@pytest.mark.parametrize("matrix", [Colorspace.ITU601, Colorspace.BT2020])
def test_a_stated_matrix_counts_whatever_the_size(tmp_path, matrix):
    path = source(tmp_path / "clip.mp4", frames=2, width=1280, height=720, matrix=matrix)
    assert opened(poster(path, quality=95)).getpixel((360, 67)) == pytest.approx(RED, abs=6)


def test_with_an_uneven_pace_a_poster_shows_what_is_on_the_screen_at_its_moment(tmp_path):
    path = KINDS["uneven pace"](tmp_path / "clip.mp4")  # frames 0 to 19, then 24, 32, 40, 48, 56
    for at, index in ((0.5, 10), (0.98, 19), (1.1, 19), (1.3, 24), (1.59, 24), (1.61, 32)):
        assert level(opened(poster(path, at=at))) == pytest.approx(grey(index), abs=4)


@pytest.mark.parametrize(
    ("encoder", "suffix", "name"),
    [
        ("libsvtav1", "mp4", "av1"),
        ("libx265", "mp4", "hevc"),
        ("libvpx-vp9", "webm", "vp9"),
        ("libx264", "mkv", "h264"),
    ],
)
def test_a_codec_has_the_name_of_its_format(tmp_path, encoder, suffix, name):
    path = source(tmp_path / f"clip.{suffix}", codec=encoder, frames=6)
    assert probe(path).video_codec == name == ffprobe(path)["codec_name"]


def test_opus_has_the_name_of_its_format(tmp_path):
    plain = source(tmp_path / "plain.mp4", sound=True, frames=20)
    ffmpeg("-i", plain, "-c:v", "copy", "-c:a", "libopus", tmp_path / "clip.mp4")
    assert probe(tmp_path / "clip.mp4").audio_codec == "opus"


@pytest.mark.parametrize("suffix", ["ts", "mkv", "mov"])
def test_other_containers_are_read_the_same(tmp_path, suffix):
    plain = source(tmp_path / "plain.mp4", gop=60)
    ffmpeg("-i", plain, "-c", "copy", tmp_path / f"clip.{suffix}")
    path = tmp_path / f"clip.{suffix}"
    assert (probe(path).frames, probe(path).width, probe(path).height) == (60, 320, 240)
    assert level(opened(poster(path, at=1.0))) == pytest.approx(grey(20), abs=4)
    assert level(opened(last_frame(path))) == pytest.approx(grey(59), abs=3)


def test_the_frames_of_a_source_can_be_told_apart():
    assert [level(Image.fromarray(frame(index, 64, 48))) for index in (0, 30, 59)] == [grey(0), grey(30), grey(59)]
