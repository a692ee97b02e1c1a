"""What MiniMax-H3 is told of the camera, read back: so sketches and the simulator do what was ordered."""

from __future__ import annotations

import pytest

from hailuo_widgets.sketch.camera_path import Camera, camera_at
from hailuo_widgets.spec.camera import CameraCommand
from hailuo_widgets.spec.camera_h3 import HOW, MORE, prose
from hailuo_widgets.spec.camera_prose import ordered, read
from support.simulated import Bench

NAMES = [*(each.en for each in CameraCommand), *(name if name == "pov" else name.capitalize() for name in MORE)]


@pytest.mark.parametrize("name", NAMES)
def test_every_move_that_is_written_is_read_back(name):
    wanted = name.replace("pov", "POV")
    assert read(f"A fox [{name}] trots").steps == ((wanted,),)
    assert read(prose(f"A fox [{name}] trots")) == read(f"A fox [{name}] trots")
    if name not in {"Static shot", "Shake"}:
        assert camera_at(((wanted,),), 0.7) != Camera()


@pytest.mark.parametrize("how", HOW)
def test_amplitude_and_speed_are_read_back(how):
    said = {"slowly": "slow", "quickly": "fast"}.get(how, how)
    for written in (f"[{how} push in]", f"[Push in, {how}]"):
        assert read(prose(written)).steps == ((f"Push in ({said})",),)


@pytest.mark.parametrize(
    ("prompt", "steps"),
    [
        ("[Pan left,Tilt up] and [Shake]", (("Pan left", "Tilt up"), ("Shake",))),
        ("The camera slowly pans left, then pushes in.", (("Pan left (slow)",), ("Push in",))),
        ("The camera pulls back while the camera tilts down quickly.", (("Pull out", "Tilt down (fast)"),)),
        ("Camera: static, then a small, slow push toward the subject.", (("Static shot",), ("Push in (small, slow)",))),
        ("POV shot of a road", (("POV",),)),
        ("A red truck left. A dog rolls left, static on the radio.", ()),  # no sentence is about the camera
        ("A fox [sic] (left)", ()),
        ("", ()),
    ],
)
def test_plain_words_are_read(prompt, steps):
    assert read(prompt).steps == steps


def test_the_shots_of_a_list_last_as_long_as_they_say():
    listed = "[Shot 1 0–4 s] A fox. [slow push in]\n[Shot 2 4–5 s] It stops.\n[Shot 3 5–6 s] [Arc left][Roll right]"
    assert read(listed) == (
        (("Push in (slow)",), ("Static shot",), ("Arc left",), ("Roll right",)),
        (4.0, 1.0, 0.5, 0.5),
    )
    assert read("[Shot 1] [Pan left] [Shot 2] [Pan right]").shares == ()


def test_other_models_know_the_fifteen_commands_alone():
    assert ordered("The camera pans left. [Arc left] [Push in]", prose=False).steps == (("Push in",),)


async def test_the_simulator_draws_what_minimax_h3_is_told():
    drawn = []

    async def draw(order):
        drawn.append(order)
        return b""

    async with Bench(draw=draw) as bench:
        body = {"resolution": "768P", "duration": 5, "ratio": "16:9", "model": "MiniMax-H3"}
        content = [{"type": "text", "text": prose("A fox [Arc left, slow]")}]
        await bench.post("/v2/video_generation", {**body, "content": content})
        await bench.drawn()
        old = {"model": "MiniMax-Hailuo-02", "prompt": "A fox. The camera pans left."}
        await bench.post("/v1/video_generation", old)
        await bench.drawn()
    h3, hailuo = (ordered(each.prompt, prose=each.prose).steps for each in drawn)
    assert (h3, hailuo) == ((("Arc left (slow)",),), ())
