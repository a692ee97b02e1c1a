"""Pictures, clips and sounds, whichever way they are given."""

import base64
import io
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec import media
from hailuo_widgets.spec.media import Media


def encoded(kind, size=(400, 320), **options):
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")]
)
def test_a_picture_is_the_same_however_it_is_given(kind, mime, tmp_path):
    data = encoded(kind)
    path = tmp_path / "misnamed.txt"
    path.write_bytes(data)
    url = f"data:text/plain;base64,{base64.b64encode(data).decode()}"
    given = [Media.of(each) for each in (data, bytearray(data), memoryview(data), path, str(path), url)]
    assert {each.sha256 for each in given} == {given[0].sha256}
    assert {each.mime for each in given} == {mime}
    assert given[0].size == (400, 320)
    assert given[0].kind == "image"
    assert given[0].to_wire() == f"data:{mime};base64,{base64.b64encode(data).decode()}"
    assert given[0].canonical() == f"sha256:{given[0].sha256}"
    assert str(given[3]) == "misnamed.txt"


def test_a_pil_image_becomes_a_png():
    picture = Media.of(Image.new("RGB", (320, 400)))
    assert (picture.mime, picture.size) == ("image/png", (320, 400))


def test_a_file_url_is_a_path(tmp_path):
    path = tmp_path / "a b.png"
    path.write_bytes(encoded("PNG"))
    assert Media.of(path.as_uri()).sha256 == Media.of(path).sha256


def test_a_url_is_not_fetched():
    picture = Media.of("https://example.com/a.jpg?x=1")
    assert picture.to_wire() == picture.canonical() == str(picture) == "https://example.com/a.jpg?x=1"
    assert (picture.data, picture.size, picture.mime, picture.sha256) == (None, None, "", "")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://x/a.MP4?t=1", "video"),
        ("https://x/a.mp3", "audio"),
        ("https://x/a", "image"),
        ("mm_file://7", "image"),
    ],
)
def test_a_url_is_judged_by_its_suffix(url, kind):
    assert Media.of(url).kind == kind


def test_a_picture_that_lies_on_its_side_is_measured_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert Media.of(encoded("JPEG", exif=exif)).size == (320, 400)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("nowhere.png", "can't be read"),
        (Path("nowhere.png"), "can't be read"),
        (".", "is a folder"),
        ("a\0b", "can't be read"),
        (b"", "is empty"),
        ("data:image/png;base64,", "is empty"),
        ("data:image/png,abc", "can't be read"),
        ("data:image/png;base64,abc", "not valid base64"),
        ("data:image/png;base64,§", "not valid base64"),
        (7, "is not a picture"),
        (None, "is not a picture"),
    ],
)
def test_what_is_no_picture_is_said_in_one_sentence(value, words):
    with pytest.raises(UsageError, match=words) as caught:
        Media.of(value)
    assert caught.value.hint


def test_no_more_is_read_than_a_vendor_takes(monkeypatch, tmp_path):
    monkeypatch.setattr(media, "READ_LIMIT", 10)
    (tmp_path / "large.png").write_bytes(b"x" * 11)
    for value in (b"x" * 11, "large.png", f"data:;base64,{base64.b64encode(b'x' * 11).decode()}"):
        with pytest.raises(UsageError, match="64 MiB"):
            Media.of(value)


def test_bytes_are_not_in_the_repr():
    assert "data" not in repr(Media.of(b"secret bytes"))


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_can_be_looked_at(data):
    for start in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP"):
        picture = Media.of(start + data)
        assert picture.kind in {"image", "video", "audio"}
        assert picture.size is None or min(picture.size) > 0


@given(st.text(max_size=50))
def test_any_text_is_a_picture_or_a_usage_error(text):
    with suppress(UsageError):
        Media.of(text)
    with suppress(UsageError):
        assert Media.of(f"https://{text}").kind
