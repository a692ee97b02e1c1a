"""One clip: what it is, beside what was ordered, and the measures that run through it."""

from __future__ import annotations

import io
import json

import cv2
import numpy as np
import pytest
from PIL import Image

from hailuo_widgets.errors import UsageError
from hailuo_widgets.measure.clip import measure_clip
from hailuo_widgets.measure.diversity import diversity
from hailuo_widgets.measure.ordered import Ordered, compare, obeyed
from hailuo_widgets.measure.record import VERSION, Measured
from support.camera_clips import SIZE, clip
from support.planes import Take, World, build, draw, write


def png(picture):
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()


def verdicts(ordered, measured):
    return {each.what: each.ok for each in compare(ordered, measured)}


def still(seed):
    take = Take((("Static shot",),), 2.0)
    return draw(build(World(layers=2, subject=0.0), take, seed, *SIZE), take, 0.0, *SIZE)


def film(tmp_path, pictures, **options):
    write(iter(pictures), tmp_path / "film.mp4", **options)
    return measure_clip(tmp_path / "film.mp4")


def test_what_was_delivered_stands_beside_what_was_ordered():
    measured = measure_clip(clip(("Pan left",)))
    right = Ordered(*SIZE, fps=24, seconds=2.0, frames=48, codec="h264", sound=False, camera=(("Pan left",),))
    assert set(verdicts(right, measured).values()) == {True}
    wrong = Ordered(
        1366, 768, fps=30, seconds=6, frames=144, grid=(17, 5), codec="hevc", sound=True, camera=(("Tilt up",),)
    )
    assert set(verdicts(wrong, measured).values()) == {False}
    assert verdicts(Ordered(aspect=16 / 9), measured) == {"aspect": True}
    assert verdicts(Ordered(lines=SIZE[1]), measured) == {"size": True}
    assert verdicts(Ordered(lines=768), measured) == {"size": False}
    assert compare(Ordered(), measured) == []


def test_a_silent_track_is_no_sound():
    assert measure_clip(clip(("Pan left",), sound="tone")).delivered.silent is False
    quiet = measure_clip(clip(("Pan left",), sound="silent")).delivered
    assert quiet.audio_codec == "aac"
    assert quiet.silent is True


def test_a_move_half_as_far_is_told_where_the_speed_was_ordered():
    whole = measure_clip(clip(("Pan left",)))
    half = measure_clip(clip(take=Take((("Pan left",),), 2.0, ((0.5,),))))
    order = Ordered(camera=(("Pan left",),), speed=whole.steps[0].speed)
    assert verdicts(order, whole) == {"camera": True, "camera speed": True}
    assert verdicts(order, half)["camera speed"] is False
    # Nothing is said of the speed of another move than the ordered one.
    assert verdicts(Ordered(camera=(("Tilt up",),), speed=order.speed), half)["camera speed"] is None


def test_the_first_frame_is_compared_with_the_ordered_picture_though_it_was_cropped():
    measured = measure_clip(
        clip(("Static shot",)), Ordered(first_frame=png(still(3)), last_frame=png(255 - still(9)[::-1]))
    )
    assert measured.first_match["ssim"] > 0.9
    assert measured.first_match["delta_e"] < 4
    assert measured.last_match["delta_e"] > 15
    order = Ordered(first_frame=b"x", last_frame=b"x")
    assert verdicts(order, measured) == {"first frame": True, "last frame": False}
    taller = cv2.copyMakeBorder(still(3), 60, 60, 0, 0, cv2.BORDER_REFLECT)
    assert measure_clip(clip(("Static shot",)), Ordered(first_frame=png(taller))).first_match["ssim"] > 0.9


def test_an_ordered_picture_that_is_none_is_refused_in_one_sentence():
    with pytest.raises(UsageError, match="can't be read"):
        measure_clip(clip(("Static shot",)), Ordered(first_frame=b"no picture"))


def test_black_and_frozen_ends_are_timed(tmp_path):
    moving = [np.roll(still(3), 3 * index, 1) for index in range(24)]
    black = np.zeros_like(moving[0])
    measured = film(tmp_path, [*[black] * 6, *moving, *[moving[-1]] * 12])
    assert measured.delivered.black_head == pytest.approx(0.25, abs=0.05)
    assert measured.delivered.black_tail == 0
    assert measured.delivered.frozen_tail == pytest.approx(0.5, abs=0.1)


def test_flicker_counts_unrest_and_not_a_slow_change(tmp_path):
    picture = still(3).astype(np.float32)
    unrest = film(
        tmp_path, [np.clip(picture * (1.0 + 0.1 * (index % 2)), 0, 255).astype(np.uint8) for index in range(36)]
    )
    slow = film(tmp_path, [np.clip(picture * (1.0 - 0.01 * index), 0, 255).astype(np.uint8) for index in range(36)])
    assert unrest.flicker > 1
    assert slow.flicker < 0.3


def test_what_nothing_shows_is_none_instead_of_zero(tmp_path):
    smooth = film(tmp_path, [np.full((240, 320, 3), 90, np.uint8)] * 24)
    assert (smooth.motion, smooth.jitter) == (None, None)
    assert smooth.steps[0].reason == "too little texture"
    short = film(tmp_path, [still(3)] * 5)
    assert (short.motion, short.jitter) == (None, None)
    single = film(tmp_path, [still(3)])
    assert (single.motion, single.jitter, single.flicker, single.loop) == (None,) * 4
    assert len(repr(single)) < 1500  # without its tiny pictures


def test_a_soft_stretch_lowers_the_softest_tenth_only(tmp_path):
    sharp = [np.roll(still(3), 2 * index, 1) for index in range(48)]
    soft = [cv2.GaussianBlur(each, (0, 0), 4) if 20 <= index < 32 else each for index, each in enumerate(sharp)]
    measured = film(tmp_path, soft)
    assert measured.softest < 0.5 < measured.sharpness


def test_a_loop_ends_as_it_began(tmp_path):
    there = [np.roll(still(3), 4 * index, 1) for index in range(16)]
    assert film(tmp_path, [*there, *there[::-1]]).loop > 0.95
    assert film(tmp_path, there).loop < 0.8


def test_clipping_is_counted(tmp_path):
    half = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    half[:, : SIZE[0] // 2] = 255
    measured = film(tmp_path, [half] * 12)
    assert measured.white == pytest.approx(50, abs=3)
    assert measured.black == 0


def test_a_record_survives_json():
    measured = measure_clip(clip(("Pan left",)))
    assert measured.version == VERSION
    assert Measured.from_dict(json.loads(json.dumps(measured.to_dict()))) == measured
    with pytest.raises(UsageError, match="no measured values"):
        Measured.from_dict({"file": "x"})


def test_replicates_that_look_alike_are_less_diverse():
    one, other = measure_clip(clip(("Static shot",))).look, measure_clip(clip(("Static shot",), seed=9)).look
    assert diversity([one, one]) == pytest.approx(0, abs=1e-6)
    assert diversity([one, other]) > 0.3
    assert diversity([one]) is None


def test_a_clip_disobeys_only_where_something_else_was_seen():
    pan = measure_clip(clip(("Pan left",)))
    assert obeyed((("Pan left",),), pan) is True
    assert obeyed((("Pan right",),), pan) is False
    assert obeyed((("Truck left",),), pan) is False
    untold = Measured("x.mp4", [None], [("Pan left or Truck left",)], [], [])
    assert obeyed((("Truck left",),), untold) is None
    assert obeyed((("Truck right",),), untold) is False
    assert obeyed((("Pan left",),), Measured("x.mp4", [None], [None], [], [])) is None
    # What a picture doesn't always show is no disobedience: two moves that look alike in a row, a subject followed.
    assert obeyed((("Pan left",), ("Truck left",)), pan) is None
    assert obeyed((("Tracking shot",),), pan) is None
    assert obeyed((("Pan left",), ("Pan right",)), pan) is False


def test_a_turned_clip_is_measured_as_it_is_shown(tmp_path):
    import av

    source, path = clip(("Pan left",)), tmp_path / "turned.mp4"
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    data = bytearray(path.read_bytes())
    # The track's display matrix: a quarter turn, as a phone writes it.
    upright = b"".join(value.to_bytes(4, "big") for value in (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000))
    turned = b"".join(
        value.to_bytes(4, "big", signed=True) for value in (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
    )
    track = data.index(b"tkhd")
    at = data.index(upright, track)
    data[at : at + 36] = turned
    path.write_bytes(data)
    measured = measure_clip(path)
    assert (measured.delivered.width, measured.delivered.height) == SIZE[::-1]
    # What goes to the right lies on its side now, and goes down.
    assert measured.families == [("Tilt up or Pedestal up",)]
