"""What the camera did, as it is read from clips whose camera is known."""

from __future__ import annotations

import pytest

from hailuo_widgets.measure.clip import measure_clip
from hailuo_widgets.measure.moves import FAMILIES
from hailuo_widgets.sketch.render import Sketch, render
from hailuo_widgets.spec.camera import CameraCommand
from support.camera_clips import clip
from support.planes import Take, World

TURNS = ("Pan left", "Pan right", "Tilt up", "Tilt down")
TRAVELS = ("Truck left", "Truck right", "Pedestal up", "Pedestal down", "Push in", "Pull out")


def test_every_command_has_a_family():
    assert set(FAMILIES) == {command.en for command in CameraCommand}
    assert len(set(FAMILIES.values())) == 9


@pytest.mark.parametrize("command", [*TURNS, *TRAVELS])
def test_parallax_and_keystone_tell_a_travelling_camera_from_a_turning_one(command):
    measured = measure_clip(clip((command,)))
    assert measured.families == [(FAMILIES[command],)]
    assert measured.camera == [(command,)]


@pytest.mark.parametrize("command", ["Zoom in", "Zoom out"])
def test_a_zoom_is_never_called_a_dolly(command):
    measured = measure_clip(clip((command,)))
    assert measured.families == [(FAMILIES[command],)]
    assert measured.camera in ([(command,)], [None])


def test_a_still_camera_is_static_though_a_subject_moves():
    measured = measure_clip(clip(("Static shot",), world=World(layers=1, subject=0.1, sway=0.1)))
    assert measured.camera == [("Static shot",)]
    assert measured.motion > 0.05


def test_a_shake_is_a_shake_and_a_modifier_of_other_moves():
    assert measure_clip(clip(("Shake",), take=Take((("Shake",),), 3.0, ((0.3,),)))).camera == [("Shake",)]
    both = measure_clip(clip(("Pan left", "Shake"), take=Take((("Pan left", "Shake"),), 3.0, ((1.0, 0.3),))))
    assert both.families == [("Pan left or Truck left", "Shake")]
    assert both.jitter > 1


def test_a_tracked_subject_keeps_its_place_while_the_background_goes_by():
    world = World(layers=1, subject=0.12)
    assert measure_clip(clip(("Tracking shot",), world=world)).camera == [("Tracking shot",)]


def test_a_small_subject_that_keeps_its_place_leaves_open_whether_it_is_followed():
    measured = measure_clip(clip(("Tracking shot",), world=World(subject=0.006)))
    assert measured.camera == [None]
    assert measured.steps[0].reason == "something keeps its place in the frame"


def test_combined_commands_are_all_named():
    [step] = measure_clip(clip(("Pan left", "Pedestal up"))).families
    assert set(step) == {"Pan left or Truck left", "Tilt up or Pedestal up"}


def test_sequential_commands_come_with_the_moment_of_the_change():
    measured = measure_clip(clip(("Pan left",), ("Tilt up",), seconds=4.0))
    assert measured.camera == [("Pan left",), ("Tilt up",)]
    assert measured.steps[1].start == pytest.approx(2.0, abs=0.35)


def test_two_moves_of_one_family_in_a_row_are_two_steps():
    measured = measure_clip(clip(("Truck right",), ("Pan right",), seconds=4.0))
    assert measured.camera == [("Truck right",), ("Pan right",)]
    assert measured.steps[1].start == pytest.approx(2.0, abs=0.35)
    # Where the second can't be made out, it is not one move that is answered.
    assert measure_clip(clip(("Zoom in",), ("Push in",), seconds=4.0)).families != [("Zoom in or Push in",)]


def test_the_size_of_a_move_is_reported():
    # A pan by 0.24 rad with a lens of one width, in two seconds.
    [whole] = measure_clip(clip(("Pan left",))).steps
    [half] = measure_clip(clip(("Pan left",), take=Take((("Pan left",),), 2.0, ((0.5,),)))).steps
    assert whole.right == pytest.approx(12, rel=0.15)
    assert half.right == pytest.approx(whole.right / 2, rel=0.15)


def test_a_picture_without_texture_is_not_guessed_at():
    measured = measure_clip(
        clip(("Pan left",), world=World(layers=0, subject=0.0, rough=0.0), take=Take((("Pan left",),), 2.0, light=0.02))
    )
    assert measured.camera == [None]
    assert measured.steps[0].reason


def test_a_dark_sea_that_looks_the_same_from_everywhere_is_not_called_static(tmp_path):
    path = tmp_path / "sketch.mp4"
    render(Sketch("A ship on the sea at night", (("Truck right",),), width=480, height=270, duration=2.0), path)
    assert ("Static shot",) not in measure_clip(path).families


@pytest.mark.parametrize(
    "take",
    [
        Take((("Truck right",),), 2.0, grain=8.0),
        Take((("Truck right",),), 2.0, light=0.3),
        Take((("Truck right",),), 2.0, letterbox=0.24),
        Take((("Truck right",),), 2.5, fade_in=0.5, fade_out=0.5),
        Take((("Truck right",),), 2.5, flashes=((20, 3, 1.0),)),
    ],
    ids=["grain", "dim", "letterbox", "fades", "flash"],
)
def test_what_spoils_the_picture_does_not_make_it_another_move(take):
    measured = measure_clip(clip(("Truck right",), take=take))
    assert measured.families == [("Pan right or Truck right",)]
    assert measured.camera in ([("Truck right",)], [None])
    assert measured.cuts == []


@pytest.mark.parametrize("command", ["Pan left", "Tilt down", "Zoom in", "Static shot", "Shake"])
def test_the_sketch_speaks_the_same_language(command, tmp_path):
    path = tmp_path / "sketch.mp4"
    render(Sketch("A red fox trots through a forest", ((command,),), width=640, height=360, duration=3.0), path)
    measured = measure_clip(path)
    assert measured.families in ([(FAMILIES[command],)], [None])
    assert measured.camera in ([(command,)], [None])
