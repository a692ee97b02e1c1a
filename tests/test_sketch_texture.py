"""What the layers of a sketch are made of: tiles that fit, and that go with their layer."""

from __future__ import annotations

import av
import numpy as np
import pytest

from hailuo_widgets.media.encode import planes_of
from hailuo_widgets.sketch.camera_path import camera_at
from hailuo_widgets.sketch.render import Sketch, painter
from hailuo_widgets.sketch.texture import Texture, tile

KINDS = ("clouds", "grass", "leaves", "rock", "snow", "sand", "water", "walls", "paving")
PLACES = ("meadow", "mountains", "sea", "desert", "forest", "city")


def painted(sketch, index):
    frame = av.VideoFrame(sketch.width, sketch.height, "yuv420p")
    planes = planes_of(frame)
    painter(sketch)(planes, index)
    return planes[0].astype(int)


@pytest.mark.parametrize("kind", KINDS)
def test_a_tile_is_the_same_each_time_and_fits_at_its_sides(kind):
    once = tile(Texture(kind, 1.0, 20), 240).astype(int)
    tile.cache_clear()
    assert np.array_equal(once, tile(Texture(kind, 1.0, 20), 240))
    assert once.std() > 2
    for axis in (0, 1):
        inside = np.abs(np.diff(once, axis=axis)).mean(1 - axis)
        seam = np.abs(np.take(once, 0, axis) - np.take(once, -1, axis)).mean()
        assert seam < 4 * inside.mean()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("command", "distance"), [("Truck left", 3.3), ("Pan right", None)])
def test_the_ground_goes_past_as_far_as_the_camera_goes(place, command, distance):
    sketch = Sketch(f"nothing, {place} at noon", ((command,),), width=640, height=360)
    before, after = painted(sketch, 0), painted(sketch, 36)
    camera = camera_at(sketch.moves, 36 / 143)
    wanted = -(camera.x / distance if distance else camera.yaw) * sketch.height
    ground = slice(285, 308)
    middle = slice(420, 560)  # beside the subject
    costs = {
        by: np.abs(after[ground, middle.start + by : middle.stop + by] - before[ground, middle]).mean()
        for by in range(-75, 75)
    }
    assert min(costs, key=lambda by: costs[by]) == pytest.approx(wanted, abs=3)


@pytest.mark.parametrize("light", ["noon", "night"])
@pytest.mark.parametrize("place", PLACES)
def test_marks_are_never_darker_than_black_nor_lighter_than_white(place, light):
    luma = painted(Sketch(f"nothing, {place} at {light}", (("Static shot",),), width=640, height=360), 0)
    assert luma.min() >= 12
    assert luma.max() <= 250
