from __future__ import annotations

import pytest

import hailuo_widgets as hw
from hailuo_widgets.errors import UsageError
from hailuo_widgets.measure.moves import FAMILIES
from hailuo_widgets.sketch.camera_path import camera_at
from hailuo_widgets.sketch.disobey import REVERSE, disobeyed
from hailuo_widgets.spec.camera import CameraCommand

NAMES = [command.en for command in CameraCommand]


@pytest.mark.parametrize("name", NAMES)
def test_another_move_is_of_another_family_and_a_real_command(name):
    for seed in range(20):
        [(other,)] = disobeyed(((name,),), "another", seed)
        assert other in NAMES
        assert FAMILIES[other] != FAMILIES[name]


def test_the_reverse_goes_the_other_way_and_back():
    assert disobeyed((("Pan left", "Pedestal up"), ("Push in",)), "reverse") == (
        ("Pan right", "Pedestal down"),
        ("Pull out",),
    )
    assert all(REVERSE[REVERSE[name]] == name for name in REVERSE)
    assert set(REVERSE) <= set(NAMES)


def test_none_stands_still_for_each_step():
    assert disobeyed((("Pan left",), ("Push in",)), "none") == (("Static shot",), ("Static shot",))
    assert disobeyed((), "another") == (("Static shot",),)


def test_half_as_far_is_the_same_move_at_half_the_amount():
    assert disobeyed((("Pan left",), ("Push in",)), "half") == (("Pan left",), ("Push in",))
    whole, half = (camera_at((("Pan left", "Pedestal up"),), 1, reach=reach) for reach in (1, 0.5))
    assert (half.yaw, half.y) == (whole.yaw / 2, whole.y / 2)


def test_a_sketch_obeys_unless_it_is_told_not_to(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("hailuo_widgets.sketch_file.render", lambda of, path: drawn.append((of.moves, of.reach)))
    assert hw.sketch("A fox, [Pan left] then [Push in]", tmp_path / "fox.mp4") == tmp_path / "fox.mp4"
    hw.sketch("A fox, [Pan left]", tmp_path / "fox.mp4", obey=False, how="reverse")
    hw.sketch("A fox, [Static shot]", tmp_path / "fox.mp4", obey=False, how="none")
    hw.sketch("A fox, [Pan left]", tmp_path / "fox.mp4", obey=False, how="half")
    hw.sketch("A fox, [Static shot]", tmp_path / "fox.mp4", obey=False, how="half")
    assert drawn[:2] == [((("Pan left",), ("Push in",)), 1), ((("Pan right",),), 1)]
    assert drawn[3] == ((("Pan left",),), 0.5)
    assert all(moves != (("Static shot",),) for moves, reach in drawn[2::2])
    with pytest.raises(UsageError, match="no camera command"):
        hw.sketch("A fox", obey=False)
    with pytest.raises(UsageError, match="sideways"):
        hw.sketch("A fox, [Pan left]", obey=False, how="sideways")
