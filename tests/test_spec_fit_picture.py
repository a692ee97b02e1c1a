"""What is made of a picture fits every vendor's rules, and nothing is done to one that fits already."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec.check import picture_problems
from hailuo_widgets.spec.fit_picture import aspect, mend, thumbnail
from hailuo_widgets.spec.media import Media


def picture(width, height, kind="PNG", mode="RGB", **options):
    out = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert(mode).save(out, kind, **options)
    return Media(data=out.getvalue(), name=f"fox.{kind.lower()}")


HEIC = Path(__file__).parent / "data" / "gradient.heic"


@pytest.mark.parametrize("data", [HEIC.read_bytes(), picture(640, 400, "AVIF").data], ids=["HEIC", "AVIF"])
def test_a_picture_that_a_vendor_does_not_take_is_converted(data):
    before = Media(data=data, name="fox.heic")
    [problem] = picture_problems("it", before)
    assert "fit_picture.mend" in problem.hint
    mended = mend(before)
    assert mended.steps == ("converted to PNG",)
    assert mended.media.size == before.size == (640, 400)
    assert picture_problems("it", mended.media) == []
    levels = Image.open(io.BytesIO(mended.media.data)).convert("L")
    assert levels.getpixel((320, 0)) < 10
    assert levels.getpixel((320, 399)) > 245


def test_a_heic_of_tiles_says_which_package_it_takes(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    tiles = HEIC.read_bytes().replace(b"hvc1", b"grid", 1)
    with pytest.raises(UsageError, match="grid of tiles") as caught:
        mend(Media(data=tiles))
    assert "pillow-heif" in caught.value.hint


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(60, 1200),
    height=st.integers(60, 1200),
    kind=st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]),
    at=st.floats(0, 1),
)
def test_what_comes_out_fits(width, height, kind, at):
    before = picture(width, height, kind)
    mended = mend(before, at)
    assert picture_problems("it", mended.media) == []
    if not picture_problems("it", before):
        assert mended.media is before
        assert mended.steps == ()
    else:
        assert mended.steps


def test_it_is_said_what_was_done():
    mended = mend(picture(200, 100, "GIF"))
    assert mended.steps == ("enlarged from 200×100 to 640×320 px, which adds no detail", "converted to PNG")
    assert mended.media.name == "fox.png"
    wide = mend(picture(2000, 400))
    assert (wide.crop, wide.media.size, wide.steps) == ("x", (1000, 400), ("cropped from 2000×400 px to 5:2",))
    assert mend(picture(400, 2000)).media.size == (400, 1000)


def test_the_part_that_is_kept_can_be_chosen():
    def column(at):
        return Image.open(io.BytesIO(mend(picture(2000, 400), at).media.data)).convert("L").getpixel((10, 350))

    turned = io.BytesIO()
    Image.linear_gradient("L").resize((2000, 400)).rotate(90, expand=True).save(turned, "PNG")
    tall = Media.of(turned.getvalue())
    upper, lower = (Image.open(io.BytesIO(mend(tall, at).media.data)).convert("L").getpixel((5, 5)) for at in (0, 1))
    assert upper == lower  # the gradient lies across
    assert column(0) == column(1)


def test_a_picture_that_lies_on_its_side_is_turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    mended = mend(picture(200, 100, "JPEG", exif=exif))
    assert mended.media.size == (320, 640)


def test_what_is_transparent_becomes_white():
    out = io.BytesIO()
    Image.new("RGBA", (200, 200), (255, 0, 0, 0)).save(out, "PNG")
    made = Image.open(io.BytesIO(mend(Media.of(out.getvalue())).media.data))
    assert made.mode == "RGB"
    assert made.getpixel((100, 100)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("media", "said"),
    [
        (Media.of(b"no picture"), "This picture can't be opened"),
        (picture(40, 40), "far too small"),
        (Media.of("https://example.com/fox.png"), "Only local pictures"),
    ],
)
def test_what_cannot_be_helped_is_a_sentence(media, said):
    with pytest.raises(UsageError, match=said):
        mend(media)
    if media.data != picture(40, 40).data:
        assert thumbnail(media) == b""


def test_a_thumbnail_is_small():
    assert max(Image.open(io.BytesIO(thumbnail(picture(1600, 900)))).size) == 480


@pytest.mark.parametrize(
    ("size", "shown"),
    [((1366, 768), "16:9"), ((768, 1366), "9:16"), ((500, 500), "1:1"), ((1000, 730), "1.37:1"), ((1000, 400), "5:2")],
)
def test_an_aspect_is_said_as_people_say_it(size, shown):
    assert aspect(*size) == shown
