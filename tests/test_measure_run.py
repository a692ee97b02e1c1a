"""Many clips, on this machine's processes or on any executor."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import hailuo_widgets as hw
from hailuo_widgets.engine.job import WaitInterrupted
from hailuo_widgets.errors import UsageError
from hailuo_widgets.measure.moves import FAMILIES
from hailuo_widgets.measure.obedience import as_svg, obedience, wilson
from hailuo_widgets.measure.obedience_table import ObedienceTable
from hailuo_widgets.measure.ordered import Ordered
from hailuo_widgets.measure.record import Measured, SeenStep
from hailuo_widgets.measure.workers import Workers
from support.camera_clips import clip


def test_wrong_files_are_records_with_an_error_and_end_nothing(tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip(("Pan left",)).read_bytes()[:3000])
    seen = []
    results = hw.measure(
        [broken, clip(("Pan left",)), tmp_path / "none.mp4", clip(("Tilt up",))],
        progress=lambda done, total, measured: seen.append((done, total, measured.file)),
    )
    assert [each.camera for each in results] == [[], [("Pan left",)], [], [("Tilt up",)]]
    assert "can't be read" in results[0].error
    assert "can't be read" in results[2].error
    assert [each.error for each in results[1::2]] == [None, None]
    assert [each[:2] for each in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_any_executor_will_do_and_stays_open():
    with ThreadPoolExecutor(2) as executor:
        [one, other] = hw.measure([clip(("Pan left",)), clip(("Static shot",))], executor=executor)
        assert executor.submit(int, "3").result() == 3
    assert (one.camera, other.camera) == ([("Pan left",)], [("Static shot",)])


def test_a_worker_that_dies_costs_its_clip_only():
    with Workers(1) as workers:
        first = workers.submit(str(clip(("Pan left",))), None)
        assert first.result()["error"] is None
        workers._children[0]._process.kill()
        assert "ended its process" in workers.submit(str(clip(("Pan left",))), None).result()["error"]
        assert workers.submit(str(clip(("Pan left",))), None).result()["error"] is None


def test_a_script_without_a_main_guard_can_measure():
    paths = [str(clip(("Pan left",))), str(clip(("Static shot",)))]
    code = f"import hailuo_widgets as hw; print([m.camera for m in hw.measure({paths!r})])"
    root = Path(hw.__file__).parent.parent
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[[('Pan left',)], [('Static shot',)]]"


def test_orders_reach_the_workers(tmp_path):
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"no picture")
    results = hw.measure([clip(("Pan left",))] * 2, ordered=[Ordered(first_frame=picture), None])
    assert "picture to compare with" in results[0].error
    assert results[1].error is None


def test_as_many_orders_as_clips_are_asked_for():
    with pytest.raises(UsageError, match="2 clips and 1 orders"):
        hw.measure(["a.mp4", "b.mp4"], ordered=[None])


def test_one_order_may_be_given_for_one_file(tmp_path):
    [measured] = hw.measure(clip(("Pan left",)), ordered=Ordered(first_frame=tmp_path / "none.png"))
    assert measured.error == "The picture to compare with can't be read: No such file or directory."


def test_what_cannot_be_measured_is_refused_in_a_sentence():
    good = clip(("Pan left",))
    for wrong in (3, None, b"fox.mp4", "", [good, None], [[good]]):
        with pytest.raises(UsageError, match="is neither a file nor a clip"):
            hw.measure(wrong)
    for options, sentence in (
        ({"ordered": "Pan left"}, "'P' is not an Ordered"),
        ({"ordered": 3}, "3 is not an Ordered"),
        ({"executor": 4}, "4 is not an executor"),
        ({"progress": 3}, "progress is a function, not 3"),
    ):
        with pytest.raises(UsageError, match=sentence):
            hw.measure(good, **options)
    with ThreadPoolExecutor(1) as closed:
        pass
    with pytest.raises(UsageError, match="The executor accepts no clips: cannot schedule"):
        hw.measure(good, executor=closed)


def test_a_misspelt_command_is_refused_instead_of_disobeyed():
    measured = Measured("fox.mp4", [("Pan left",)], [("Pan left or Truck left",)], [], [])
    for steps, sentence in (
        ("Pan left", "'Pan left' is not a tuple of camera steps"),
        (("Pan left",), "'Pan left' is not a camera step"),
        ((("Pan lfet",),), "'Pan lfet' is not a camera command"),
    ):
        with pytest.raises(UsageError, match=sentence) as caught:
            Ordered(camera=steps)
        assert "Pan left" in caught.value.hint
        with pytest.raises(UsageError, match=sentence):
            obedience([(steps, "m", measured)])
    assert Ordered(camera=measured.camera).camera == [("Pan left",)]
    with pytest.raises(UsageError, match="no measured values: 3 is"):
        Measured.from_dict(3)


def test_an_interrupt_is_one_line(monkeypatch):
    def interrupted(_files, **_options):
        yield 0, Measured("one.mp4", [], [], [], [])
        raise KeyboardInterrupt

    monkeypatch.setattr("hailuo_widgets.measure.run.measure_each", interrupted)
    with pytest.raises(WaitInterrupted, match="Stopped after 1 of 2 clips") as caught:
        hw.measure(["one.mp4", "two.mp4"])
    assert len(caught.value._render_traceback_()) == 1


def test_nothing_to_measure_is_no_error():
    assert hw.measure([]) == []


def seen(*names):
    return Measured("x.mp4", [names], [tuple(FAMILIES[name] for name in names)], [], [])


def test_obedience_counts_what_cannot_be_told_apart():
    untold = Measured("x.mp4", [None], [None], [], [])
    order = (("Pan left",),)
    records = [(order, "H2", seen("Pan left"))] * 3 + [
        (order, "H2", seen("Pan right")),
        (order, "H2", untold),
        (order, "H3", untold),
    ]
    records.append((order, "H3", Measured("x.mp4", [], [], [], [], error="broken")))
    one, other = obedience(records)
    assert (one.command, one.model, one.ordered, one.seen, one.other, one.untold) == ("Pan left", "H2", 5, 3, 1, 1)
    assert one.share == 0.75
    assert (round(one.low, 3), round(one.high, 3)) == (0.301, 0.954)  # Wilson, as statsmodels gives it
    assert (other.ordered, other.share, other.low, other.high) == (1, None, 0.0, 1.0)
    assert wilson(0, 0) == (0.0, 1.0)


def test_obedience_is_listed_command_by_command():
    clips = [("Pan left", "a"), ("Tilt up", "b"), ("Pan left", "b"), ("Tilt up", "a")]
    cells = obedience([(((command,),), model, seen(command)) for command, model in clips])
    assert [(each.command, each.model) for each in cells] == [
        ("Pan left", "a"),
        ("Pan left", "b"),
        ("Tilt up", "a"),
        ("Tilt up", "b"),
    ]


def test_obedience_has_the_speed_of_what_was_seen():
    def at(speed):
        step = SeenStep(0, 2, 0, ("Pan left",), (FAMILIES["Pan left"],), "", speed, 0.0, 1.0, 0.0, 0.0, 0.0)
        return Measured("x.mp4", [("Pan left",)], [(FAMILIES["Pan left"],)], [], [step])

    order = (("Pan left",),)
    [cell] = table = ObedienceTable([(order, "H2", at(speed)) for speed in (8.0, -4.0, 6.0)])
    assert cell.speed == 6.0
    assert "6.0%/s" in repr(table)


def test_the_picture_says_its_figures_and_keeps_hostile_names_as_text():
    cells = obedience([((("Pan left",),), "<script>", seen("Pan left"))])
    picture = as_svg(cells)
    assert "<script>" not in picture
    assert "seen in 1 of 1" in picture
    assert picture.startswith("<svg ")
