from __future__ import annotations

import math
from itertools import pairwise

import pytest

from hailuo_widgets.sketch.camera_path import Camera, camera_at, most_roll, running
from hailuo_widgets.spec.camera import CameraCommand

NEAR, FAR = (0.1, -0.1, 2.0), (1.5, -1.5, 30.0)

# What a point does on the screen: (direction right, direction down), and whether near points do it more than far ones.
SHIFTS = {
    "Truck left": (1, 0, True),
    "Truck right": (-1, 0, True),
    "Pan left": (1, 0, False),
    "Pan right": (-1, 0, False),
    "Pedestal up": (0, 1, True),
    "Pedestal down": (0, -1, True),
    "Tilt up": (0, 1, False),
    "Tilt down": (0, -1, False),
}
# Whether things grow, and whether near ones grow more than far ones.
SCALES = {"Push in": (True, True), "Pull out": (False, True), "Zoom in": (True, False), "Zoom out": (False, False)}
OTHERS = {"Shake", "Tracking shot", "Static shot"}


def sign(value: float) -> int:
    return 0 if abs(value) < 1e-9 else int(math.copysign(1, value))


def moved(point: tuple[float, float, float], camera: Camera) -> tuple[float, float]:
    before, after = Camera().project(*point), camera.project(*point)
    return after[0] - before[0], after[1] - before[1]


def grown(z: float, camera: Camera) -> float:
    return (camera.project(0.2, 0, z)[0] - camera.project(-0.2, 0, z)[0]) / (
        Camera().project(0.2, 0, z)[0] - Camera().project(-0.2, 0, z)[0]
    )


def test_every_command_is_in_one_of_the_tables() -> None:
    assert {*SHIFTS, *SCALES, *OTHERS} == {command.en for command in CameraCommand}


@pytest.mark.parametrize("command", SHIFTS)
def test_trucks_and_pedestals_have_parallax_pans_and_tilts_have_none(command: str) -> None:
    right, down, parallax = SHIFTS[command]
    camera = camera_at(((command,),), 1.0)
    near, far = moved(NEAR, camera), moved(FAR, camera)
    assert [sign(near[0]), sign(near[1])] == [right, down]
    assert [sign(far[0]), sign(far[1])] == [right, down]
    if parallax:
        assert math.hypot(*near) > 3 * math.hypot(*far)
    else:
        assert near == pytest.approx(far)


@pytest.mark.parametrize("command", SCALES)
def test_a_push_scales_by_distance_a_zoom_scales_all_alike(command: str) -> None:
    grows, parallax = SCALES[command]
    camera = camera_at(((command,),), 1.0)
    near, far = grown(2.0, camera), grown(30.0, camera)
    assert (near > 1) == grows
    assert (far > 1) == grows
    if parallax:
        assert abs(near - 1) > 3 * abs(far - 1)
    else:
        assert near == pytest.approx(far)


def test_a_static_shot_and_no_command_leave_the_camera_where_it_is() -> None:
    for t in (0.0, 0.3, 1.0):
        assert camera_at((("Static shot",),), t) == Camera()
        assert camera_at((), t) == Camera()


def test_shake_trembles_around_its_place_and_the_same_way_every_time() -> None:
    path = [camera_at((("Shake",),), index / 143) for index in range(144)]
    assert path == [camera_at((("Shake",),), index / 143) for index in range(144)]
    turns = sum(sign(b.yaw - a.yaw) != sign(c.yaw - b.yaw) for a, b, c in zip(path, path[1:], path[2:], strict=False))
    assert turns > 10
    assert max(abs(camera.yaw) for camera in path) < 0.03
    assert path[-1].yaw == pytest.approx(0, abs=1e-9)


def test_a_tracking_shot_keeps_the_subject_in_the_middle_while_the_land_goes_by() -> None:
    for t in (0.25, 0.5, 1.0):
        camera = camera_at((("Tracking shot",),), t)
        assert camera.project(camera.follow, 0, 3.2)[0] == pytest.approx(0)
        assert moved(NEAR, camera)[0] < moved(FAR, camera)[0] < 0


def test_combined_commands_are_carried_out_at_once() -> None:
    both = camera_at((("Pan left", "Pedestal up"),), 0.6)
    assert both.yaw == camera_at((("Pan left",),), 0.6).yaw
    assert both.y == camera_at((("Pedestal up",),), 0.6).y


def test_sequential_commands_share_the_time_and_go_on_from_each_other() -> None:
    moves = (("Truck left",), ("Push in",))
    first, middle, second, end = (camera_at(moves, t) for t in (0.25, 0.5, 0.75, 1.0))
    assert first.z == middle.z == 0
    assert 0 > first.x > middle.x == second.x == end.x == camera_at((("Truck left",),), 1.0).x
    assert 0 < second.z < end.z == camera_at((("Push in",),), 1.0).z
    assert [running(moves, t) for t in (0, 0.49, 0.5, 1.0)] == [moves[0], moves[0], moves[1], moves[1]]


@pytest.mark.parametrize(("command", "near"), [("Arc left", 1), ("Arc right", -1)])
def test_an_arc_keeps_the_subject_in_its_place_between_what_is_near_and_what_is_far(command: str, near: int) -> None:
    for t in (0.25, 0.5, 1.0):
        camera = camera_at(((command,),), t)
        assert camera.project(0, 0, 3.2)[0] == pytest.approx(0)
        assert sign(moved(NEAR, camera)[0]) == near
        assert sign(moved(FAR, camera)[0]) == -near


def test_a_roll_turns_the_camera_and_leaves_it_where_it_is() -> None:
    left, right = (camera_at(((f"Roll {side}",),), 1.0) for side in ("left", "right"))
    assert left.roll < 0 < right.roll
    assert Camera(roll=right.roll) == right
    assert most_roll((("Roll left", "Push in"), ("Roll left",))) == pytest.approx(2 * right.roll)
    assert most_roll((("Pan left",),)) == 0
    assert most_roll((("Roll left",),) * 9) == camera_at((("Roll right",),) * 9, 1.0).roll < math.pi / 4


def test_a_walk_goes_forward_and_bobs() -> None:
    path = [camera_at((("POV",),), index / 100) for index in range(101)]
    assert path[-1].z > path[50].z > 0
    assert max(camera.y for camera in path) > 0.01
    assert path[-1].y == pytest.approx(0, abs=1e-9)


def test_amplitude_and_speed_are_as_they_are_ordered() -> None:
    def way(how: str, t: float) -> float:
        return camera_at(((f"Push in{how}",),), t).z

    assert way(" (small)", 1) < way("", 1) < way(" (large)", 1)
    assert way(" (slow)", 1) < way("", 1) == way(" (fast)", 1) == way(" (fast)", 0.5)
    assert way(" (small, slow)", 1) < way(" (small)", 1)


def test_steps_last_as_long_as_their_shares_say() -> None:
    moves = (("Push in",), ("Truck left",))
    at = camera_at(moves, 0.75, shares=(3, 1))
    assert (at.z, at.x) == (camera_at(moves, 1.0).z, 0)
    assert camera_at(moves, 0.8, shares=(3, 1)).x < 0
    assert camera_at(moves, 0.3, shares=(1,)) == camera_at(moves, 0.3)  # of another number of steps


def test_the_path_has_no_jumps() -> None:
    moves = (
        ("Truck left", "Shake"),
        ("Push in (fast)",),
        ("Tilt down", "Zoom in"),
        ("POV",),
        ("Arc left", "Roll left"),
    )
    path = [camera_at(moves, index / 2000) for index in range(2001)]
    for a, b in pairwise(path):
        assert abs(a.roll - b.roll) < 0.02
        assert max(abs(a.x - b.x), abs(a.y - b.y), abs(a.z - b.z), abs(a.yaw - b.yaw), abs(a.pitch - b.pitch)) < 0.02


def test_many_pushes_never_pass_the_nearest_things() -> None:
    assert camera_at((("Push in",),) * 6, 1.0).z < 1.5


def test_an_unknown_name_moves_nothing() -> None:
    assert camera_at((("Fly to the moon",),), 1.0) == Camera()
