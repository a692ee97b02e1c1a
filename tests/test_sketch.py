from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import hailuo_widgets
from hailuo_widgets.errors import Charged, HailuoError, UsageError, VendorError
from hailuo_widgets.media.encode import planes_of
from hailuo_widgets.sketch.caption import Caption
from hailuo_widgets.sketch.picture import UnusablePictureError
from hailuo_widgets.sketch.render import Sketch, painter, render, render_in_subprocess
from hailuo_widgets.sketch.words import read

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SMALL = {"width": 320, "height": 180}
PANDA = "A fluffy panda in sunglasses dances on a snowy summit at sunrise"


def photo(seed: int = 1, size: tuple[int, int] = (480, 300), kind: str = "PNG") -> bytes:
    """A smooth colourful picture with something in every corner."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (6, 9, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC)
    out = io.BytesIO()
    coarse.save(out, kind)
    return out.getvalue()


def painted(sketch: Sketch, index: int) -> NDArray[np.uint8]:
    """One frame's luma, as painted."""
    frame = av.VideoFrame(sketch.width, sketch.height, "yuv420p")
    planes = planes_of(frame)
    painter(sketch)(planes, index)
    return planes[0].copy()


def decoded(path: Path) -> list[NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize(
    ("sketch", "size", "frames"),
    [
        (Sketch(PANDA, duration=2.0, **SMALL), (320, 180), 48),
        (Sketch("odd sizes", width=321, height=181, duration=1.01), (322, 182), 24),
        (Sketch("another rate", width=160, height=90, duration=2.5, fps=25), (160, 90), 62),
        (Sketch("one frame", width=64, height=64, duration=0.01), (64, 64), 1),
    ],
)
def test_a_sketch_is_the_file_that_was_asked_for(
    tmp_path: Path, sketch: Sketch, size: tuple[int, int], frames: int
) -> None:
    path = tmp_path / "clip.mp4"
    info = render(sketch, path)
    assert (info.width, info.height, info.frames, info.fps) == (*size, frames, sketch.fps)
    assert info.duration == pytest.approx(frames / sketch.fps, abs=0.002)
    assert (info.video_codec, info.pixel_format, info.audio_codec) == ("h264", "yuv420p", None)
    assert info.size == path.stat().st_size
    data = path.read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (1, 1, 1, 1)
        packets = [packet for packet in container.demux(video=0) if packet.size]
        keys = [index for index, packet in enumerate(packets) if packet.is_keyframe]
    assert keys == list(range(0, frames, sketch.fps))
    assert len(decoded(path)) == frames


def test_the_same_sketch_gives_the_same_bytes_in_this_process_and_in_another(tmp_path: Path) -> None:
    sketch = Sketch("rain over a neon city 夜", (("Shake",), ("Zoom in", "Pan left")), duration=1.5, **SMALL)
    paths = [tmp_path / f"{index}.mp4" for index in range(3)]
    render(sketch, paths[0])
    render(sketch, paths[1])
    render_in_subprocess(sketch, paths[2])
    assert len({path.read_bytes() for path in paths}) == 1


def test_different_prompts_look_clearly_different() -> None:
    prompts = [
        PANDA,
        "a sailing boat on the sea at sunset",
        "a car in the city at night",
        "hello",
        "夜晚的森林",
        "沙漠",
        "",
    ]
    frames = [painted(Sketch(prompt, **SMALL), 0).astype(int) for prompt in prompts]
    for index, one in enumerate(frames):
        for other in frames[index + 1 :]:
            assert np.abs(one - other).mean() > 8


def test_a_camera_command_in_the_prompt_does_not_change_the_place() -> None:
    plain = painted(Sketch("x", palette_seed=PANDA, **SMALL), 0)
    assert np.array_equal(plain, painted(Sketch("x", palette_seed=f"{PANDA} [Truck left]", **SMALL), 0))


@pytest.mark.parametrize(
    ("prompt", "place", "light", "subject"),
    [
        (PANDA, "mountains", "sunrise", "panda"),
        ("A cat in the city at night [Truck left]", "city", "night", "cat"),
        ("黄昏的海边,一艘帆船", "sea", "sunset", "boat"),
        ("雪山日出", "mountains", "sunrise", None),
        ("沙漠里的狐狸", "desert", None, "fox"),
        ("education of a caterpillar", None, None, None),
    ],
)
def test_words_steer_the_scene(prompt: str, place: str | None, light: str | None, subject: str | None) -> None:
    reading = read(prompt)
    assert place in {None, reading.place}
    assert light in {None, reading.light}
    assert subject in {None, reading.subject}


def shift_of(before: NDArray[np.uint8], after: NDArray[np.uint8], reach: int) -> int:
    """By how many columns a strip of picture went to the right."""
    middle = before[:, reach:-reach].astype(int)
    costs = [
        np.abs(after[:, reach + by : after.shape[1] - reach + by].astype(int) - middle).mean()
        for by in range(-reach, reach + 1)
    ]
    return int(np.argmin(costs)) - reach


@pytest.mark.parametrize(("command", "direction", "parallax"), [("Truck left", 1, True), ("Pan right", -1, False)])
def test_pixels_of_near_and_far_layers_follow_the_camera(command: str, direction: int, parallax: bool) -> None:
    sketch = Sketch("empty mountains on a clear day", ((command,),), duration=6, width=640, height=360)
    before, after = painted(sketch, 0), painted(sketch, 48)
    far, near = (shift_of(before[rows], after[rows], 120) for rows in (slice(130, 200), slice(265, 325)))
    assert near * direction > 2
    if parallax:
        assert abs(far) * 3 < abs(near)
    else:
        assert far * direction > 2


def test_a_still_camera_still_makes_a_video(tmp_path: Path) -> None:
    for moves in ((), (("Static shot",),)):
        path = tmp_path / "still.mp4"
        render(Sketch("a quiet meadow", moves, duration=2.0, **SMALL), path)
        frames = decoded(path)
        difference = np.abs(frames[0].astype(int) - frames[-1].astype(int))
        assert difference.max() > 12
        assert difference.mean() < 6


HOSTILE = [
    "<script>alert('x')</script>" * 20,
    "\u202eright to left\u202c שלום مرحبا",
    "🐼🏔️👩‍👩‍👧‍👦" * 30,
    "一只可爱的熊猫" * 290,
    "\x00\x1b[31m\n\r\t\ud800",
    "%s {0} \\ \u0300\u0301",
    "",
    " " * 500,
    "W" * 2000,
]


@pytest.mark.parametrize("prompt", HOSTILE)
def test_any_prompt_can_be_drawn(tmp_path: Path, prompt: str) -> None:
    info = render(Sketch(prompt, (("Truck left",),), width=160, height=90, duration=0.2), tmp_path / "clip.mp4")
    assert info.frames == 5


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=300))
def test_the_line_at_the_bottom_takes_any_text_and_stays_in_its_rows(prompt: str) -> None:
    frame = av.VideoFrame(320, 180, "yuv420p")
    planes = planes_of(frame)
    for plane in planes:
        plane[...] = 128
    caption = Caption(prompt, (("Pan left",), ("Push in", "Zoom out", "Tracking shot")), 320, 180)
    caption.paint(planes, 0.9)
    assert (planes[0][: -caption.rows] == 128).all()
    assert planes[0][-caption.rows :].std() > 5
    read(prompt)


def test_the_first_frame_opens_the_clip(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    picture = photo()
    render(Sketch("x", (("Push in",),), first_frame=picture, duration=1.0, **SMALL), path)
    frames = decoded(path)
    wanted = fitted(picture)
    assert difference(frames[0], wanted) < 4
    assert difference(frames[-1], wanted) > 6


@pytest.mark.parametrize("first", [None, photo(2)])
def test_the_last_frame_closes_the_clip(tmp_path: Path, first: bytes | None) -> None:
    path = tmp_path / "clip.mp4"
    last = photo(3, (300, 400), "JPEG")
    render(Sketch("x", (("Truck right",),), first_frame=first, last_frame=last, duration=1.0, **SMALL), path)
    frames = decoded(path)
    assert difference(frames[-1], fitted(last)) < 4
    assert difference(frames[0], fitted(last)) > 12


def fitted(picture: bytes) -> NDArray[np.uint8]:
    from PIL import ImageOps

    image = Image.open(io.BytesIO(picture)).convert("RGB")
    return np.asarray(ImageOps.fit(image, (320, 180), Image.Resampling.LANCZOS))


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean difference above the caption, 0 to 255."""
    return float(np.abs(one[:140].astype(int) - other[:140].astype(int)).mean())


NO_EDGES = ["Truck left", "Pedestal up", "Pull out", "Pan right", "Zoom out", "Tracking shot", "Arc left", "Roll left"]


@pytest.mark.parametrize("command", [*NO_EDGES, "Roll right (large)"])
def test_no_edge_of_the_picture_ever_shows(command: str) -> None:
    white = io.BytesIO()
    Image.new("RGB", (320, 180), "white").save(white, "PNG")
    sketch = Sketch("x", ((command,),) * 3, first_frame=white.getvalue(), duration=2, **SMALL)
    for index in (0, 10, 24, 36, 47):
        assert painted(sketch, index)[:140].min() > 225


@pytest.mark.parametrize("first", [None, photo(2)])
def test_a_camera_that_rolls_begins_upright_and_turns_what_is_seen_the_other_way(first: bytes | None) -> None:
    def frame(move: str, index: int) -> NDArray[np.uint8]:
        sketch = Sketch("mountains at noon", ((move,),), first_frame=first, duration=2, width=320, height=180)
        return painted(sketch, index)

    upright = frame("Static shot", 0)
    assert difference(frame("Roll left", 0), upright) < 2
    ends = {side: Image.fromarray(frame(f"Roll {side}", 47)[:140]) for side in ("left", "right")}
    middle = Image.fromarray(frame("Static shot", 47)[:140])

    def unlike(image: Image.Image, degrees: float) -> float:
        turned, wanted = (
            np.asarray(each, int)[45:95, 110:210] for each in (image.rotate(degrees, center=(160, 90)), middle)
        )
        return float(np.abs(turned - wanted).mean())

    assert unlike(ends["left"], 12) < unlike(ends["left"], -12)  # turned back to the left, it is upright again
    assert unlike(ends["right"], -12) < unlike(ends["right"], 12)


DIRECTIONS = {"Truck left": (0, 1), "Pan right": (0, -1), "Pedestal up": (1, 0), "Tilt down": (-1, 0)}


@pytest.mark.parametrize("command", DIRECTIONS)
def test_a_picture_moves_on_the_screen_as_the_world_would(command: str) -> None:
    down, right = DIRECTIONS[command]
    sketch = Sketch("x", ((command,),), first_frame=photo(4), duration=2, width=320, height=180)
    one, other = (painted(sketch, index)[:140].astype(int) for index in (14, 32))
    shifts = {
        (y, x): np.abs(other[30 + y : 110 + y, 50 + x : 270 + x] - one[30:110, 50:270]).mean()
        for y in range(-20, 21, 2)
        for x in range(-40, 41, 2)
    }
    y, x = min(shifts, key=lambda by: shifts[by])
    assert (y * down + x * right) > 0


BROKEN = [
    b"",
    b"junk",
    photo()[:200],
    b"GIF89a" + bytes(40),
    b"<svg onload='alert(1)'/>",
    b"\xff\xd8\xff\xe0" + bytes(99),
]


@pytest.mark.parametrize("data", BROKEN)
@pytest.mark.parametrize("name", ["first_frame", "last_frame"])
def test_a_broken_picture_is_refused_in_one_sentence(tmp_path: Path, data: bytes, name: str) -> None:
    with pytest.raises(UnusablePictureError, match=f"^The {name.replace('_', ' ')} (is not|can't)"):
        render(Sketch("x", **{name: data}, **SMALL), tmp_path / "clip.mp4")  # type: ignore[arg-type]


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    bomb = io.BytesIO()
    Image.new("1", (8100, 8100)).save(bomb, "PNG")
    with pytest.raises(UnusablePictureError, match="8100 × 8100"):
        render(Sketch("x", first_frame=bomb.getvalue()), tmp_path / "clip.mp4")


@pytest.mark.parametrize("kind", ["LA", "P", "CMYK", "I;16", "RGBA"])
def test_unusual_kinds_of_picture_are_drawn_too(tmp_path: Path, kind: str) -> None:
    out = io.BytesIO()
    Image.new(kind, (70, 50)).save(out, "JPEG" if kind == "CMYK" else "PNG")
    render(Sketch("x", first_frame=out.getvalue(), duration=0.1, **SMALL), tmp_path / "clip.mp4")


@pytest.mark.parametrize(
    "sketch",
    [
        Sketch("x", width=2, height=2),
        Sketch("x", width=100_000),
        Sketch("x", duration=0),
        Sketch("x", duration=float("nan")),
        Sketch("x", duration=1e9),
        Sketch("x", fps=0),
    ],
)
def test_what_cannot_be_drawn_is_refused(tmp_path: Path, sketch: Sketch) -> None:
    with pytest.raises(UsageError):
        render(sketch, tmp_path / "clip.mp4")


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(HailuoError, match=r"can't be written"):
        render(Sketch("x", duration=0.5, **SMALL), tmp_path / "nowhere" / "clip.mp4")


def test_the_worker_never_imports_from_the_folder_it_is_called_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("av", "json", "numpy", "hailuo_widgets"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from the wrong place')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    sketch = Sketch("x", (("Push in",),), first_frame=photo(), duration=0.2, width=160, height=90)
    info = render_in_subprocess(sketch, "clip.mp4")
    assert (info.width, info.frames) == (160, 5)
    assert (tmp_path / "clip.mp4").stat().st_size == info.size


def test_the_worker_is_not_given_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from hailuo_widgets.sketch import worker

    seen: list[dict[str, str]] = []
    start = worker.subprocess.Popen

    def spy(*args: object, **options: object) -> object:
        seen.append(options["env"])  # type: ignore[arg-type]
        return start(*args, **options)  # type: ignore[call-overload]

    worker._end_all()  # none that was started before may be used
    monkeypatch.setattr(worker.subprocess, "Popen", spy)
    monkeypatch.setenv("MINIMAX_API_KEY", "canary")
    render_in_subprocess(Sketch("x", duration=0.1, width=64, height=64), tmp_path / "clip.mp4")
    assert "canary" not in seen[0].values()
    assert "canary" in os.environ.values()


def test_the_workers_failure_is_told_in_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(HailuoError, match=r"^The first frame is not a JPEG, PNG or WebP picture\. Give one"):
        render_in_subprocess(Sketch("x", first_frame=b"junk"), tmp_path / "clip.mp4")


def test_a_sketch_travels_as_json_and_anything_else_is_refused() -> None:
    sketch = Sketch("夜 \ud83d", (("Pan left", "Shake"), ("Push in",)), first_frame=b"\x00\xff", palette_seed="y")
    assert Sketch.from_json(sketch.to_json()) == sketch
    for broken in (
        {},
        {"prompt": "x", "first_frame": "!!"},
        {"prompt": "x", "nonsense": 1},
        {"prompt": "x", "moves": 3},
    ):
        with pytest.raises(UsageError):
            Sketch.from_json(broken)


def test_a_sketch_that_can_not_be_drawn_says_why_and_was_free(monkeypatch: pytest.MonkeyPatch) -> None:
    def render_in_subprocess(*_: object, **__: object) -> None:
        raise HailuoError("The disk is full.")

    monkeypatch.setattr("hailuo_widgets.sketch.render.render_in_subprocess", render_in_subprocess)
    job = hailuo_widgets.generate(PANDA, provider="sketch", show=False)
    with pytest.raises(VendorError, match=r"The sketch could not be drawn. The disk is full\.") as caught:
        job.result()
    assert caught.value.charged is Charged.NO


@pytest.mark.parametrize(
    ("prompt", "subject"),
    [
        ("A lighthouse on a cliff", "lighthouse"),
        ("一座灯塔在海边", "lighthouse"),
        ("A violin in a forest at sunset", "figure"),
        ("A dragon over a city", "figure"),
        ("A steam train crosses a valley", "figure"),
        ("A teapot on a table", "figure"),
        ("一匹马在草原上奔跑", "figure"),
        ("一架无名的钢琴", "figure"),
        ("A fox in a forest", "fox"),
        ("熊猫", "panda"),
    ],
)
def test_a_subject_that_is_not_known_is_a_neutral_figure(prompt, subject):
    assert read(prompt).subject == subject


def test_what_is_known_of_a_prompt_is_drawn_around_a_neutral_figure():
    reading = read("A violin in a forest at sunset in the rain")
    assert (reading.place, reading.light, reading.weather) == ("forest", "sunset", "rain")


@pytest.mark.parametrize("words", ["太阳镜", "墨镜", "太陽鏡", "墨鏡", "太阳眼镜", "sunglasses", "サングラス"])
def test_sunglasses_are_known_by_all_their_names(words):
    assert read(f"panda 熊猫 {words}").sunglasses


def test_the_caption_says_that_the_subject_is_not_drawn():
    plain, noted = (Caption("A violin", (), 640, 360, note=note) for note in ("", "subject not drawn"))
    frames = []
    for each in (plain, noted):
        planes = tuple(np.full(size, 90, np.uint8) for size in ((360, 640), (180, 320), (180, 320)))
        each.paint(planes, 0.0)
        frames.append(planes[0].astype(int))
    assert np.abs(frames[0] - frames[1])[-12:, 320:].max() > 60
    assert np.abs(frames[0] - frames[1])[:, :200].max() == 0
