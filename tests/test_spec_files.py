"""What goes in: told by its content, and held to the rules of the row that takes it, with both sides of each edge."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from hailuo_widgets.errors import RefusedError
from hailuo_widgets.spec import base_video, file_rules
from hailuo_widgets.spec.media import Media
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest
from support.h3_server import takes
from support.media_files import box, draft, ffmpeg, heic, sound, video
from support.pictures import picture_file

URL = "https://example.com/a.jpg"
MB = 1024 * 1024


# --- what it is -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("media")


TONE = ("-f", "lavfi", "-i", "sine=d=3")
SOUNDS = {
    "a.m4a": ("audio/mp4", TONE),
    "a.mp4": ("audio/mp4", TONE),
    "a.aac": ("audio/aac", TONE),
    "a.flac": ("audio/flac", TONE),
    "a.mp3": ("audio/mpeg", TONE),
    "bare.mp3": ("audio/mpeg", (*TONE, "-id3v2_version", "0", "-write_xing", "0")),
    "a.mp2": ("audio/mpeg", TONE),
    "a.wav": ("audio/wav", TONE),
    "a.ogg": ("audio/ogg", (*TONE, "-c:a", "libvorbis")),
    "a.aiff": ("audio/aiff", TONE),
    "a.w64.wav": ("audio/wav", (*TONE, "-rf64", "always")),
}
PICTURES = ("-f", "lavfi", "-i", "testsrc=s=320x240:r=24:d=1", "-pix_fmt", "yuv420p")
VIDEOS = {
    "v.mp4": "video/mp4",
    "v.mov": "video/quicktime",
    "v.webm": "video/webm",
    "v.mkv": "video/x-matroska",
    "v.avi": "video/x-msvideo",
    "v.ts": "video/mp2t",
}


@pytest.mark.parametrize("name", SOUNDS)
def test_a_sound_is_what_it_is_and_never_a_video(folder, name):
    kind, options = SOUNDS[name]
    media = Media(data=ffmpeg(folder / name, *options))
    assert (media.mime, media.kind) == (kind, "audio")
    assert media.to_wire().startswith(f"data:{kind};base64,")
    assert 2.9 < media.facts.seconds < 3.2


@pytest.mark.parametrize("name", VIDEOS)
def test_a_video_is_what_it_is(folder, name):
    media = Media(data=ffmpeg(folder / name, *PICTURES))
    assert (media.mime, media.kind) == (VIDEOS[name], "video")


def test_a_tag_may_stand_before_any_sound(folder):
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, 0, 20]) + bytes(20)
    assert Media(data=tag + ffmpeg(folder / "t.flac", *TONE)).mime == "audio/flac"
    assert Media(data=tag + ffmpeg(folder / "t.aac", *TONE)).mime == "audio/aac"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (heic(400, 400), "image/heic"),
        (heic(400, 400, b"heix"), "image/heic"),
        (box(b"ftyp", b"mif1", b"\0\0\0\0", b"mif1", b"heic"), "image/heic"),
        (box(b"ftyp", b"mif1", b"\0\0\0\0", b"mif1"), "image/heif"),
        (box(b"ftyp", b"mif1", b"\0\0\0\0", b"avif"), "image/avif"),
        (b"II*\x00" + bytes(20), "image/tiff"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"),
        (b"%PDF-1.7", "application/pdf"),
        (b"\xff\xfe<\x00h\x00", ""),  # text in UTF-16 begins like a frame of sound
        (b"RIFF\x10\x00\x00\x00ACON", ""),
        (b"", ""),
        (b"ID3", "audio/mpeg"),
    ],
)
def test_other_kinds(data, kind):
    assert Media(data=data).mime == kind


def test_an_avif_picture_is_one():
    data = picture_file(400, 400, "AVIF")
    media = Media(data=data)
    assert (media.mime, media.kind, media.size) == ("image/avif", "image", (400, 400))


def test_the_size_of_a_heic_picture_is_its_largest_box():
    assert Media(data=heic(4032, 3024) + box(b"ispe", b"\0\0\0\0", struct.pack(">II", 512, 512))).size == (4032, 3024)


# --- what is taken ----------------------------------------------------------------------------------------------------


def problems(provider="minimax", **fields):
    try:
        quote(VideoRequest.of(**{"prompt": "A fox", "model": "MiniMax-H3", **fields}), provider)
    except RefusedError as error:
        return " ".join(map(str, error.problems))
    return ""


def check_both(said, **fields):
    """The program says this much of a request (nothing where it is fine), and the simulated vendor agrees with it."""
    found = problems(**fields)
    assert said in found
    assert bool(said) == bool(found)
    request = VideoRequest.of(**{"prompt": "A fox", "model": "MiniMax-H3", **fields})
    assert takes("minimax", request) == (not said)


def padded(data, size):
    return data + bytes(size - len(data))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (picture_file(256, 256), ""),
        (picture_file(255, 400), "at least 256"),
        (picture_file(5760, 2304), ""),
        (picture_file(5761, 2400), "at most 5,760"),
        (picture_file(400, 1000), ""),
        (picture_file(400, 1001), "too narrow"),
        (picture_file(1000, 400), ""),
        (picture_file(1001, 400), "too wide"),
        (padded(picture_file(), 30 * MB), ""),
        (padded(picture_file(), 30 * MB + 1), "30.0 MB large"),
        (heic(256, 640), ""),
        (heic(400, 400, b"mif1"), ""),
        (picture_file(400, 400, "AVIF"), "an AVIF picture, and no JPG, PNG, WebP, HEIC or HEIF"),
        (picture_file(400, 400, "GIF"), "a GIF, and no JPG"),
        (picture_file(400, 400, "WEBP"), ""),
    ],
)
@pytest.mark.parametrize("field", ["first_frame", "last_frame", "references"])
def test_pictures_of_h3(field, data, said):
    check_both(said, **{field: (data,) if field == "references" else data})


def test_a_heic_picture_that_is_too_small():
    assert "at least 256" in problems(first_frame=heic(255, 600))  # the simulator can't open one


def test_v1_keeps_its_own_rules():
    v1 = {"model": "MiniMax-Hailuo-02"}
    assert problems(**v1, first_frame=picture_file(301, 301)) == ""
    assert "over 300" in problems(**v1, first_frame=picture_file(300, 600))
    assert problems(**v1, first_frame=padded(picture_file(), 20 * MB)) == ""
    assert "20.0 MB large" in problems(**v1, first_frame=padded(picture_file(), 20 * MB + 1))
    assert "a HEIC picture, and no JPG, PNG or WebP" in problems(**v1, first_frame=heic(600, 600))


@pytest.mark.parametrize(
    ("seconds", "fps", "said"),
    [
        (2, "24", ""),
        ("1.9", "24", "2 to 15 s"),
        (15, "24", ""),
        ("15.2", "24", "2 to 15 s"),
        (2, "24000/1001", ""),
        (2, "23.9", "23.976 to 60"),
        (2, "60", ""),
        (2, "60.1", "23.976 to 60"),
    ],
)
def test_seconds_and_rates_of_a_reference_video(tmp_path, seconds, fps, said):
    check_both(said, references=(video(tmp_path / "a.mp4", seconds, fps=fps), URL))


def test_other_rules_of_a_reference_video(tmp_path):
    check_both("WebM", references=(ffmpeg(tmp_path / "a.webm", *PICTURES), URL))
    old = ffmpeg(tmp_path / "b.mp4", "-f", "lavfi", "-i", "testsrc=s=320x240:r=24:d=2", "-c:v", "mpeg4")
    check_both("encoded as mpeg4", references=(old, URL))
    good = video(tmp_path / "c.mov", 2)
    check_both("", references=(good, URL))
    # 50 MB are more than 64 MB in base64: as a data URL such a video can't be sent, whatever the rule says.
    heavy = good + box(b"free")
    assert "50.0 MB large" not in problems(references=(padded(heavy, 50 * MB), URL))
    assert "at most 64 MB" in problems(references=(padded(heavy, 50 * MB), URL))
    assert "50.0 MB large" in problems(references=(padded(heavy, 50 * MB + 1), URL))
    assert "damaged" in problems(references=(good[:60], URL))
    check_both("", references=(video(tmp_path / "d.mp4", 7.5), video(tmp_path / "e.mp4", 7.5)))
    check_both("together", references=(video(tmp_path / "d.mp4", 8), video(tmp_path / "e.mp4", 7.5)))


def test_a_reference_video_may_be_hevc(tmp_path):
    check_both(
        "", references=(video(tmp_path / "a.mp4", 2, codec=("-c:v", "libx265", "-x265-params", "log-level=0")), URL)
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [((2,), ""), ((1.9,), "2 to 15 s"), ((15,), ""), ((15.2,), "2 to 15 s"), ((8, 7), ""), ((8, 8), "together")],
)
def test_seconds_of_reference_sounds(seconds, said):
    check_both(said, references=(URL, *(sound(each) for each in seconds)))


def test_other_rules_of_a_reference_sound(tmp_path):
    check_both("", references=(URL, ffmpeg(tmp_path / "a.mp3", *TONE)))
    check_both("an M4A sound, and no WAV or MP3", references=(URL, ffmpeg(tmp_path / "a.m4a", *TONE)))
    check_both("a FLAC sound", references=(URL, ffmpeg(tmp_path / "a.flac", *TONE)))
    check_both("", references=(URL, sound(15, 1024 * 1024 - 4)))
    check_both("15.0 MB large", references=(URL, sound(15, 1024 * 1024)))


def test_counts_and_combinations():
    assert "A sound can't be the only reference" in problems(references=(sound(3),))
    assert problems(references=(sound(3), URL)) == ""
    assert problems(last_frame=URL) == ""
    assert problems(references=(URL,) * 9) == ""
    assert "at most 9" in problems(references=(URL,) * 10)
    assert problems(references=(*(URL,) * 9, *("https://x.example/a.mp4",) * 3)) == ""
    assert "at most 12" in problems(references=(*(URL,) * 9, *("https://x.example/a.mp4",) * 3, sound(3)))
    assert "only accepts pictures by URL" in problems("ppio", references=(picture_file(),))
    assert "prompt_expansion_mode" in problems(prompt_expansion_mode="quality", ratio="16:9")
    both = {"model": "MiniMax-H3-Max", "prompt_expansion_mode": "quality", "ratio": "16:9"}
    assert problems(**both) == ""
    assert "set the same" in problems(**both, prompt_optimizer=True)
    assert "Allowed: disabled, balanced, quality" in problems(**{**both, "prompt_expansion_mode": "best"})


def test_addresses_come_with_the_rules_of_their_row():
    (note,) = quote(VideoRequest.of(prompt="A fox", model="MiniMax-H3", first_frame=URL), "minimax").notes
    assert file_rules.H3_PICTURE.words in note


# --- drafts -----------------------------------------------------------------------------------------------------------


def wrong(data):
    return " ".join(each.message for each in base_video.problems(Media(data=data)))


def test_a_draft_as_it_came_is_taken(tmp_path):
    for frames in (107, 124, 362):
        data = draft(tmp_path / "a.mp4", frames)
        assert wrong(data) == ""
        assert takes("minimax", VideoRequest.of(prompt="A fox", model="MiniMax-H3", base_video=data))
        order = quote(VideoRequest.of(prompt="A fox", model="MiniMax-H3", base_video=data), "minimax")
        assert (order.request.duration, order.request.resolution) == (frames // 24, "2K")
    assert wrong(draft(tmp_path / "b.mp4", size="768x768")) == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"frames": 106}, "106 frames"),
        ({"frames": 123}, "123 frames"),
        ({"frames": 125}, "125 frames"),
        ({"frames": 379}, "379 frames"),
        ({"fps": 25}, "25 frames a second"),
        ({"with_sound": False}, "no sound"),
        ({"size": "1366x768"}, "1366×768"),
        ({"size": "736x768"}, "px in all"),
        ({"size": "1376x768"}, "px in all"),
    ],
)
def test_a_draft_that_was_changed_is_not(tmp_path, changes, said):
    data = draft(tmp_path / "a.mp4", **changes)
    assert said in wrong(data)
    assert not takes("minimax", VideoRequest.of(prompt="A fox", model="MiniMax-H3", base_video=data))


def test_a_draft_that_is_no_video():
    assert "can't be opened" in wrong(picture_file())
    assert "can't be opened" in wrong(b"nothing")
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, "GIF")
    assert "can't be opened" in wrong(buffer.getvalue())
