"""Cuts: found where they are, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from hailuo_widgets.measure.clip import measure_clip
from hailuo_widgets.measure.cuts import cuts
from hailuo_widgets.measure.trace import trace
from support.camera_clips import clip
from support.planes import Take, World, build, frames, write

SIZE = (320, 180)


def shot(seed, *, seconds=1.5, command="Pan left", **take):
    one = Take(((command,),), seconds, seed=seed, **take)
    return list(frames(build(World(subject=0.1), one, seed, *SIZE), one, *SIZE, 24))


def written(tmp_path, pictures):
    write(iter(pictures), tmp_path / "clip.mp4")
    return tmp_path / "clip.mp4"


@pytest.mark.parametrize("at", [5, 20, 31], ids=["0.2 s after the start", "amid", "0.2 s before the end"])
def test_a_cut_is_found_where_it_is(tmp_path, at):
    pictures = [*shot(1)[:at], *shot(2)[: 36 - at]]
    assert measure_clip(written(tmp_path, pictures)).cuts == [at]


def test_each_shot_has_steps_of_its_own(tmp_path):
    measured = measure_clip(written(tmp_path, [*shot(1, command="Pan left"), *shot(2, command="Tilt up")]))
    assert measured.cuts == [36]
    assert [step.shot for step in measured.steps] == [0, 1]
    assert measured.families == [("Pan left or Truck left",), ("Tilt up or Pedestal up",)]


@pytest.mark.parametrize("length", [1, 3, 5])
def test_a_flash_is_no_cut(tmp_path, length):
    pictures = shot(4)
    for index in range(15, 15 + length):
        pictures[index] = np.clip(pictures[index].astype(np.int16) * 2 + 130, 0, 255).astype(np.uint8)
    assert measure_clip(written(tmp_path, pictures)).cuts == []


def test_fades_and_fast_moves_are_no_cuts(tmp_path):
    assert measure_clip(written(tmp_path, shot(5, fade_in=0.4, fade_out=0.4))).cuts == []
    assert measure_clip(written(tmp_path, shot(6, command="Pan right", amounts=((2.5,),), seconds=1.0))).cuts == []


def test_a_cut_behind_black_frames_is_found_at_the_jump(tmp_path):
    black = [np.zeros((SIZE[1], SIZE[0], 3), np.uint8)] * 6
    found = measure_clip(written(tmp_path, [*shot(7)[:20], *black, *shot(8)[:20]])).cuts
    assert len(found) == 1
    assert found[0] in {20, 26}


def test_a_clip_of_one_frame_has_none():
    assert cuts(trace(clip(("Static shot",))).thumbs[:1], 24.0) == []


def test_two_flashes_one_within_the_other_are_no_cut():
    lot = np.random.default_rng(5)
    picture = np.clip(124 + 32 * np.kron(lot.normal(size=(9, 16)), np.ones((8, 8))), 30, 220)
    flash = {
        18: 240,
        19: 165,
        20: 240,
        21: 160,
        22: 140,
        23: 80,
    }  # the second begins while the first is at its brightest
    thumbs = np.stack([np.clip(picture + flash.get(frame, 0), 0, 255) for frame in range(48)]).astype(np.uint8)
    assert cuts(thumbs, 24.0) == []
