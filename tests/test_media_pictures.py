"""What is sent, cropped, shown small and sketched is the picture that a person sees."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from hailuo_widgets.errors import UsageError
from hailuo_widgets.media import pictures
from hailuo_widgets.sketch.picture import decode
from hailuo_widgets.spec.fit_picture import mend, thumbnail
from hailuo_widgets.spec.media import Media

RED, BLUE = (220, 30, 30), (30, 30, 220)

# How Pillow has to store a picture that is upright when each EXIF orientation is obeyed.
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def upright(width=400, height=640):
    """Red above, blue below, a white corner on the upper left."""
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(BLUE, (0, height // 2, width, height))
    picture.paste("white", (0, 0, width // 4, height // 4))
    return picture


def looks_upright(picture, width=400, height=640):
    seen = picture.convert("RGB")
    assert seen.size == (width, height)
    for place, colour in (((5, 5), (255, 255, 255)), ((width - 5, 5), RED), ((5, height - 5), BLUE)):
        assert seen.getpixel(place) == pytest.approx(colour, abs=12)


def file_of(picture, kind="JPEG", **options):
    out = io.BytesIO()
    picture.save(out, kind, **({"quality": 95} if kind == "JPEG" else {}), **options)
    return out.getvalue()


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return upright().transpose(STORED[orientation]), exif


def sent(media):
    """The picture in a request's body, read by a program that heeds no notes."""
    wire = Media.of(media).to_wire()
    return Image.open(io.BytesIO(base64.b64decode(wire.partition(",")[2])))


def every_way(data):
    """What becomes of a picture file wherever it goes."""
    yield "sent", sent(data)
    yield "sent from Pillow", sent(Image.open(io.BytesIO(data)))
    yield "thumbnail", Image.open(io.BytesIO(thumbnail(Media(data=data), side=640)))
    yield "sketched", decode(data, "The first frame")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", STORED)
def test_a_photo_is_sent_upright_whichever_way_it_is_given(orientation, kind, tmp_path):
    picture, exif = turned(orientation)
    path = tmp_path / "photo"
    path.write_bytes(file_of(picture, kind, exif=exif))
    for given in (path, path.read_bytes(), Image.open(path)):
        looks_upright(sent(given))
    assert not sent(path).getexif()
    looks_upright(decode(path.read_bytes(), "The first frame"))
    looks_upright(Image.open(io.BytesIO(thumbnail(Media.of(path), side=640))))


def test_a_photo_that_was_made_smaller_in_pillow_is_still_sent_upright():
    picture, exif = turned(6)
    photo = Image.open(io.BytesIO(file_of(picture, exif=exif)))
    assert photo.info["exif"]
    looks_upright(sent(photo.resize((320, 200))), 200, 320)


def test_the_identity_of_a_photo_is_that_of_its_file(tmp_path):
    picture, exif = turned(6)
    data = file_of(picture, exif=exif)
    assert Media.of(data).canonical() == f"sha256:{hashlib.sha256(data).hexdigest()}"


def test_a_plain_picture_is_sent_byte_for_byte():
    for kind in ("JPEG", "PNG", "WEBP"):
        data = file_of(upright(), kind, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
        assert base64.b64decode(Media.of(data).to_wire().partition(",")[2]) == data


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "LA", "PA", "RGBX", "RGBa", "La"]
)
def test_every_mode_of_pillow_is_sent(mode):
    plain = upright().convert("L").convert("RGB") if mode in {"1", "L", "I", "F", "LA", "La"} else upright()
    match mode:
        case "LAB":
            to_lab = ImageCms.buildTransform(
                ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
            )
            given = ImageCms.applyTransform(plain, to_lab)
        case "RGBa":
            given = plain.convert("RGBA").convert("RGBa")
        case "La":
            given = plain.convert("LA").convert("La")
        case "P":
            given = plain.quantize(64)
        case "PA":
            given = plain.quantize(64).convert("PA")
        case "1":
            given = plain.convert("1")
            plain = given.convert("RGB")
        case _:
            given = plain.convert(mode)
    assert given.mode == mode
    received = sent(given)
    assert received.format == "PNG"
    assert received.mode in {"1", "L", "LA", "P", "PA", "RGB", "RGBA"}
    difference = np.abs(np.asarray(received.convert("RGB"), int) - np.asarray(plain, int))
    assert difference.mean() < 8


def ramp():
    return np.tile(np.linspace(0, 1, 400), (320, 1))


@pytest.mark.parametrize(
    "given",
    {
        "I;16": lambda: Image.fromarray((ramp() * 65535).astype(np.uint16)),
        "I;16B": lambda: Image.frombytes("I;16B", (400, 320), (ramp() * 65535).astype(">u2").tobytes()),
        "I of 16 bits": lambda: Image.fromarray((ramp() * 65535).astype(np.int32)),
        "I of 8 bits": lambda: Image.fromarray((ramp() * 255).astype(np.int32)),
        "I of 24 bits": lambda: Image.fromarray((ramp() * (2**24 - 1)).astype(np.int32)),
        "F to 1": lambda: Image.fromarray(ramp().astype(np.float32)),
        "F to 255": lambda: Image.fromarray((ramp() * 255).astype(np.float32)),
        "F to 65535": lambda: Image.fromarray((ramp() * 65535).astype(np.float32)),
    }.items(),
    ids=lambda item: item[0],
)
def test_a_picture_of_many_bits_keeps_its_greys(given):
    levels = np.asarray(sent(given[1]()).convert("L"), int)[0]
    assert np.abs(levels - np.linspace(0, 255, 400)).max() <= 2


def test_numbers_that_are_none_are_black():
    picture = np.full((320, 400), 0.5, np.float32)
    picture[0, 0], picture[0, 1], picture[0, 2] = np.nan, np.inf, -3
    seen = np.asarray(sent(Image.fromarray(picture)).convert("L"))
    assert list(seen[0, :4]) == [0, 0, 0, 128]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_16_bit_grey_file_is_grey_everywhere(kind):
    data = file_of(Image.fromarray((ramp() * 65535).astype(np.uint16)), kind)
    media = Media.of(data)
    small = Image.open(io.BytesIO(thumbnail(media, side=400))).convert("L")
    assert np.abs(np.asarray(small, int)[160] - np.linspace(0, 255, 400)).max() <= 4
    if kind == "PNG":
        assert (
            np.abs(np.asarray(decode(data, "The first frame").convert("L"), int)[0] - np.linspace(0, 255, 400)).max()
            <= 2
        )
        assert np.abs(np.asarray(sent(data).convert("L"), int)[0] - np.linspace(0, 255, 400)).max() <= 2
    else:
        fitting = Image.open(io.BytesIO(mend(media).media.data)).convert("L")
        assert np.abs(np.asarray(fitting, int)[0] - np.linspace(0, 255, 400)).max() <= 2


def test_a_16_bit_picture_that_has_to_be_cropped_keeps_its_greys():
    data = file_of(Image.fromarray(np.tile((np.linspace(0, 1, 1200) * 65535).astype(np.uint16), (320, 1))), "PNG")
    fitting = np.asarray(Image.open(io.BytesIO(mend(Media.of(data)).media.data)).convert("L"), int)[0]
    assert fitting.min() < 60
    assert fitting.max() > 190
    assert len(set(fitting)) > 100


def wide_gamut():
    """A profile whose red, green and blue lie far outside sRGB's: those of Adobe RGB with a gamma of 2.2, about."""

    # matrix profile made by hand: littlecms builds none from primaries through Pillow
    def tag(kind, body):
        return kind + b"\0\0\0\0" + body

    def s15(value):
        return round(value * 65536).to_bytes(4, "big", signed=True)

    xyz = {
        b"rXYZ": (0.60974, 0.31111, 0.01947),
        b"gXYZ": (0.20528, 0.62567, 0.06087),
        b"bXYZ": (0.14919, 0.06322, 0.74457),
        b"wtpt": (0.9642, 1.0, 0.8249),
    }
    tags = {name: tag(b"XYZ ", b"".join(map(s15, value))) for name, value in xyz.items()}
    curve = tag(b"curv", (1).to_bytes(4, "big") + round(2.2 * 256).to_bytes(2, "big") + b"\0\0")
    tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    words = b"A wide gamut\0"
    tags[b"desc"] = tag(b"desc", len(words).to_bytes(4, "big") + words + b"\0" * 79)
    tags[b"cprt"] = tag(b"text", b"none\0")
    table, body, at = len(tags).to_bytes(4, "big"), b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + (at + len(body)).to_bytes(4, "big") + len(data).to_bytes(4, "big")
        body += data + b"\0" * (-len(data) % 4)
    size = 128 + len(table) + len(body)
    head = size.to_bytes(4, "big") + b"\0" * 4 + b"\x02\x10\0\0" + b"mntrRGB XYZ " + b"\0" * 12 + b"acsp" + b"\0" * 28
    head += b"".join(map(s15, (0.9642, 1.0, 0.8249)))
    return head.ljust(128, b"\0") + table + body


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_colours_of_a_wide_gamut_are_those_of_srgb_everywhere(kind):
    plain = Image.new("RGB", (400, 320), (120, 170, 60))
    data = file_of(plain, kind, icc_profile=wide_gamut(), **({"lossless": True} if kind == "WEBP" else {}))
    # Adobe RGB 120, 170, 60 by the formulas of the two colour spaces.
    expected = (92, 171, 45)
    for name, picture in every_way(data):
        assert picture.convert("RGB").getpixel((200, 160)) == pytest.approx(expected, abs=6), name
        assert not picture.info.get("icc_profile"), name


def test_a_wide_gamut_picture_that_has_to_be_cropped_is_in_srgb():
    data = file_of(Image.new("RGB", (1200, 320), (120, 170, 60)), "PNG", icc_profile=wide_gamut())
    fitting = Image.open(io.BytesIO(mend(Media.of(data)).media.data))
    assert fitting.convert("RGB").getpixel((5, 5)) == pytest.approx((92, 171, 45), abs=6)


def test_transparency_outlives_a_profile():
    picture = Image.new("RGBA", (400, 320), (120, 170, 60, 100))
    received = sent(file_of(picture, "PNG", icc_profile=wide_gamut()))
    assert received.getpixel((5, 5)) == pytest.approx((92, 171, 45, 100), abs=6)


@pytest.mark.parametrize("profile", [b"no profile", b"\0" * 200, wide_gamut()[:300]])
def test_a_broken_profile_is_passed_over(profile):
    received = sent(file_of(Image.new("RGB", (400, 320), (120, 170, 60)), "PNG", icc_profile=profile))
    assert received.convert("RGB").getpixel((5, 5)) == (120, 170, 60)


def test_a_cmyk_file_is_sent_as_rgb():
    data = file_of(Image.new("CMYK", (400, 320), (0, 255, 255, 0)))
    received = sent(data)
    assert received.mode == "RGB"
    assert received.getpixel((5, 5)) == pytest.approx((255, 0, 0), abs=6)


def test_a_closed_picture_is_said_to_be_closed(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(file_of(upright(), "PNG"))
    picture = Image.open(path)
    picture.close()
    loaded = Image.open(path)
    loaded.load()
    loaded.close()
    with Image.open(path) as left:
        pass
    for each in (picture, loaded, left):
        with pytest.raises(UsageError, match="was closed before it could be read") as caught:
            Media.of(each)
        assert caught.value.hint == "Open it again, or give its path."


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_truncated_picture_is_one_sentence(kind):
    noise = Image.effect_noise((640, 400), 80).convert("RGB")
    data = file_of(noise, kind)
    try:
        picture = Image.open(io.BytesIO(data[: len(data) // 2]))
    except OSError:
        return  # Pillow itself refuses it
    with pytest.raises(UsageError, match=r"^The picture can't be read: .+[^.]\.") as caught:
        Media.of(picture)
    assert caught.value.hint


def test_a_picture_without_pixels_is_one_sentence():
    with pytest.raises(UsageError, match="can't be read"):
        Media.of(Image.new("RGB", (0, 5)))


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "picture.png"
    os.mkfifo(path)
    return path


def in_time(call):
    """What a call raises; a call that waits for ever fails here."""
    raised = []

    def run():
        try:
            call()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    return raised[0]


@pytest.mark.parametrize("link", [False, True])
def test_a_pipe_is_refused_without_waiting_for_it(pipe, tmp_path, link):
    path = pipe
    if link:
        path = tmp_path / "link.png"
        path.symlink_to(pipe)
    error = in_time(lambda: Media.of(path))
    assert isinstance(error, UsageError)
    assert "is a named pipe, not a file" in str(error)
    assert error.hint == "Give the path of a picture file."


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/urandom", "/dev/null", "/dev/tty", "/dev/stdin"])
def test_a_device_is_refused_without_being_read(path):
    if not Path(path).exists():
        pytest.skip(f"{path} is not there")
    error = in_time(lambda: Media.of(path))
    assert isinstance(error, UsageError)
    assert "not a file" in str(error) or "nothing in" in str(error) or "can't be read" in str(error)


def test_a_socket_and_a_folder_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.png")
        with pytest.raises(UsageError, match="is a socket, not a file"):
            Media.of("s.png")
    with pytest.raises(UsageError, match="is a folder, not a file"):
        Media.of(str(tmp_path))


def test_a_huge_file_is_refused_by_its_size(tmp_path):
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(UsageError, match=r"1,099,511,627,776 bytes"):
        Media.of(path)


def test_a_file_without_a_size_is_read_only_as_far_as_allowed():
    """Files in /proc say 0 bytes and hold more."""
    path = Path("/proc/self/status")
    if not path.exists():
        pytest.skip("no /proc")
    assert Media.of(path).data.startswith(b"Name:")


def test_a_loop_of_links_is_one_sentence(tmp_path):
    (tmp_path / "a.png").symlink_to(tmp_path / "a.png")
    with pytest.raises(UsageError, match="can't be read"):
        Media.of(tmp_path / "a.png")


def test_a_picture_with_too_many_pixels_is_sent_as_it_is(monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 1000)
    picture, exif = turned(6)
    data = file_of(picture, exif=exif)
    assert base64.b64decode(Media.of(data).to_wire().partition(",")[2]) == data
