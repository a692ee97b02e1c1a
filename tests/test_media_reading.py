from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from PIL import Image

from hailuo_widgets.errors import HailuoError
from hailuo_widgets.media.frames import contact_sheet, last_frame, poster
from hailuo_widgets.media.probe import UnreadableVideoError, probe
from hailuo_widgets.sketch.render import Sketch, render

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    render(Sketch("neon city", (("Truck left",),), width=640, height=360, duration=3.0), path)
    return path


def bars(path: Path, *, frames: int = 40, gop: int = 250, audio: bool = False) -> Path:
    """A clip whose frame n is grey of level 4 n + 20: a vendor's kind of file, with rare keyframes."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=20)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.options = {"g": str(gop), "crf": "5"}
        sound = container.add_stream("aac", rate=44100) if audio else None
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), 4 * index + 20, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), format="fltp", layout="mono")
            silence.sample_rate, silence.pts, silence.time_base = 44100, 0, Fraction(1, 44100)
            container.mux(sound.encode(silence))
            container.mux(sound.encode(None))
    return path


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def level(picture: Image.Image) -> float:
    return float(np.asarray(picture.convert("L")).mean())


def test_probe_reads_the_facts(tmp_path: Path) -> None:
    info = probe(bars(tmp_path / "a.mp4", audio=True))
    assert (info.width, info.height, info.frames, info.fps) == (96, 64, 40, 20)
    assert info.duration == pytest.approx(2.0, abs=0.01)
    assert (info.video_codec, info.audio_codec, info.pixel_format) == ("h264", "aac", "yuv420p")
    assert "mp4" in info.container


@pytest.mark.parametrize("maximum", [20_000, 4_000, 900])
def test_a_poster_is_a_jpeg_that_stays_under_its_limit(clip: Path, maximum: int) -> None:
    data = poster(clip, max_bytes=maximum)
    assert len(data) <= maximum
    picture = opened(data)
    assert picture.format == "JPEG"
    assert picture.width / picture.height == pytest.approx(640 / 360, rel=0.05)


def test_a_poster_is_never_larger_than_the_clip(tmp_path: Path) -> None:
    assert opened(poster(bars(tmp_path / "a.mp4"))).size == (96, 64)


@pytest.mark.parametrize("gop", [20, 250])
@pytest.mark.parametrize(("at", "frame"), [(0.0, 0), (1.0, 20), (1.5, 30), (99.0, 39)])
def test_a_poster_shows_its_moment(tmp_path: Path, gop: int, at: float, frame: int) -> None:
    data = poster(bars(tmp_path / "a.mp4", gop=gop), at=at)
    assert level(opened(data)) == pytest.approx(4 * frame + 20, abs=3)


@pytest.mark.parametrize("gop", [20, 250])
def test_a_contact_sheet_spreads_evenly_from_first_to_last(tmp_path: Path, gop: int) -> None:
    sheet = opened(contact_sheet(bars(tmp_path / "a.mp4", gop=gop), count=4, width=60))
    assert sheet.format == "JPEG"
    assert sheet.size == (240, 40)
    for index, frame in enumerate((0, 13, 26, 39)):
        cell = sheet.crop((index * 60 + 8, 4, index * 60 + 52, 36))
        assert level(cell) == pytest.approx(4 * frame + 20, abs=5)


def test_a_contact_sheet_of_fewer_frames_than_cells_is_filled_up(tmp_path: Path) -> None:
    assert opened(contact_sheet(bars(tmp_path / "a.mp4", frames=2), count=5, width=40)).size[0] == 200


def test_the_last_frame_is_the_last_one_lossless(tmp_path: Path) -> None:
    picture = opened(last_frame(bars(tmp_path / "a.mp4")))
    assert (picture.format, picture.size) == ("PNG", (96, 64))
    assert level(picture) == pytest.approx(4 * 39 + 20, abs=2)


@pytest.mark.parametrize("read", [probe, poster, contact_sheet, last_frame])
@pytest.mark.parametrize("kind", ["missing", "empty", "text", "cut", "sound", "playlist"])
def test_what_is_no_video_is_refused_in_one_sentence(tmp_path: Path, clip: Path, read: object, kind: str) -> None:
    path = tmp_path / f"{kind}.mp4"
    match kind:
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("<html>not found</html>")
        case "cut":
            path.write_bytes(clip.read_bytes()[:900])
        case "sound":
            with av.open(str(path), "w") as container:
                stream = container.add_stream("aac", rate=44100)
                frame = av.AudioFrame.from_ndarray(np.zeros((1, 4410), np.float32), format="fltp", layout="mono")
                frame.sample_rate = 44100
                container.mux(stream.encode(frame))
                container.mux(stream.encode(None))
        case "playlist":
            path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:3,\nfile:{clip}\n#EXT-X-ENDLIST\n")
        case _:
            pass
    with pytest.raises(UnreadableVideoError, match=f"^“{kind}.mp4” can't be read as a video: ") as caught:
        read(path)  # type: ignore[operator]
    assert isinstance(caught.value, HailuoError)
    assert str(tmp_path) not in str(caught.value)
