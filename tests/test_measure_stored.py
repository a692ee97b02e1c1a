"""Clips of a library and of a sweep: measured once, kept, beside what was ordered, and shown."""

from __future__ import annotations

import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace

import pytest

import hailuo_widgets as hw
from hailuo_widgets import session as session_module
from hailuo_widgets.engine.job import WaitInterrupted
from hailuo_widgets.errors import UsageError
from hailuo_widgets.measure.kept import kept
from hailuo_widgets.measure.record import VERSION, Delivered, Measured, SeenStep, failed
from hailuo_widgets.measure.stored import columns, ordered_of, steps_of
from hailuo_widgets.session import Session
from hailuo_widgets.settings import Settings
from hailuo_widgets.sketch import render as sketches
from hailuo_widgets.store.clip import Clip
from hailuo_widgets.views import progress
from hailuo_widgets.views.card import Recipe, Status
from hailuo_widgets.views.describe import clip_view, order_of_clip
from hailuo_widgets.views.describe_sweep import grid_of, head_of
from hailuo_widgets.views.measured_badge import badge_text
from hailuo_widgets.views.static_card import settled_html
from hailuo_widgets.views.static_grid import grid_html
from support.html import Seen
from support.waiting import wait_until

SECONDS = 120
DELIVERED = Delivered(1280, 720, 24.0, 144, 6.0, "h264", None, None, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def record(*camera, families=None, reason="", **more):
    families = families or [step and tuple(run_family(name) for name in step) for step in camera]
    steps = [
        SeenStep(0.0, 2.0, 0, step, family, reason, 8.0, 0.0, 0.0, 0.0, 0.0, 0.2)
        for step, family in zip(camera, families, strict=True)
    ]
    return Measured("fox.mp4", list(camera), list(families), [], steps, **more)


def run_family(name):
    from hailuo_widgets.measure.moves import FAMILIES

    return FAMILIES[name]


def counted(monkeypatch, broken=()):
    """Measure by looking the answer up instead of decoding; which files were measured."""
    calls = []

    def measure_each(paths, *, ordered=None, executor=None):
        for index, path in enumerate(paths):
            calls.append(path.name)
            yield index, failed(path.name, "It is broken.") if path.stem in broken else record(("Pan left",))

    monkeypatch.setattr("hailuo_widgets.measure.stored.measure_each", measure_each)
    return calls


def sweep():
    return hw.sweep("A red fox", name="fox", camera=["Pan left", "Tilt up", None], provider="sketch")


@contextmanager
def kernel(folder):
    made = Session(Settings(), folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session_module, "default_session", lambda: made)
        yield made
    made.close()


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A folder with a library of three sketches."""
    folder = tmp_path_factory.mktemp("drawn")
    with kernel(folder):
        assert len(sweep().run().result(SECONDS)) == 3
    return folder


@pytest.fixture
def here(drawn, tmp_path):
    """A kernel with a library of three sketches, of which nothing is measured."""
    shutil.copytree(drawn, tmp_path / "notebook")
    with kernel(tmp_path / "notebook") as made:
        yield made


@pytest.fixture
def fox(here):
    return sweep().run()


def test_a_sweep_is_measured_in_the_background_and_its_records_say_it(fox, monkeypatch):
    assert "measured.camera" not in fox.records[0]
    calls = counted(monkeypatch)
    measuring = fox.measure()
    assert len(measuring.result(SECONDS)) == 3
    assert measuring.done
    assert repr(measuring) == "<3 of 3 clips measured>"
    assert [each["measured.camera"] for each in fox.records] == ["Pan left"] * 3
    assert [each["measured.obeyed"] for each in fox.records] == [True, False, None]
    assert fox.records[1]["measured.differences"] == ""
    assert len(fox.df[fox.df["measured.obeyed"] == False]) == 1  # noqa: E712
    assert len(calls) == 3


@pytest.fixture
def slow(tmp_path, monkeypatch):
    """A kernel whose vendor finishes a clip each time that `finish` is released."""
    finish = threading.Semaphore(0)
    render = sketches.render

    def draw(sketch, path, drawing=None):
        finish.acquire()
        return render(replace(sketch, width=64, height=64, duration=0.1), path)

    monkeypatch.setattr(sketches, "render_in_subprocess", draw)
    with kernel(tmp_path):
        try:
            yield finish
        finally:
            for _ in range(50):  # what a failed test left
                finish.release()


def test_a_sweep_that_is_run_is_measured_as_its_clips_arrive(slow, monkeypatch):
    calls = counted(monkeypatch)
    fox = sweep().run()
    measuring = fox.measure()
    assert repr(measuring) == "<0 of 3 clips measured so far>"
    for number in (1, 2):
        slow.release()
        wait_until(lambda number=number: len(measuring.measured) == number, SECONDS, lambda: repr(measuring))
        assert repr(measuring) == f"<{number} of 3 clips measured so far>"
        assert sum(each["measured.camera"] == "Pan left" for each in fox.records) == number
        assert not measuring.done
    slow.release()
    assert len(measuring.result(SECONDS)) == 3
    assert repr(measuring) == "<3 of 3 clips measured>"
    assert len(calls) == 3


def test_a_sweep_may_be_measured_before_it_is_run(slow, monkeypatch):
    calls = counted(monkeypatch)
    monkeypatch.setattr("hailuo_widgets.sweeps.measured._CLICKED", 0)
    fox = sweep()
    measuring = fox.measure()
    assert repr(measuring) == "<0 of 3 clips measured so far>"
    with pytest.raises(UsageError, match="hasn't started"):
        measuring.result(SECONDS)
    fox.run()
    for _ in range(3):
        slow.release()
    assert len(measuring.result(SECONDS)) == 3
    assert len(calls) == 3


def test_measuring_that_is_stopped_leaves_the_sweep_running(slow, monkeypatch):
    calls = counted(monkeypatch)
    fox = sweep().run()
    measuring = fox.measure()
    slow.release()
    wait_until(lambda: measuring.measured, SECONDS, lambda: repr(measuring))
    measuring.stop()
    assert len(measuring.result(SECONDS)) == 1
    assert not fox.done
    slow.release()
    slow.release()
    assert len(fox.result(SECONDS)) == 3
    assert len(calls) == 1
    assert len(fox.measure().result(SECONDS)) == 3
    assert len(calls) == 3


def test_measuring_tells_how_far_it_is_until_its_end(slow, monkeypatch):
    counted(monkeypatch)
    measuring = sweep().run().measure()
    told = []
    measuring.observe(lambda: told.append(repr(measuring)))
    for _ in range(3):
        slow.release()
    measuring.result(SECONDS)
    assert told[-1] == "<3 of 3 clips measured>"
    assert "<1 of 3 clips measured so far>" in told


def test_a_cell_shows_how_far_measuring_is_until_its_end(slow, monkeypatch):
    counted(monkeypatch)
    seen = []

    class Output:
        def show(self, data):
            seen.append(data)

        replace = show

    monkeypatch.setattr(progress, "Output", Output)
    measuring = sweep().run().measure()
    progress.MeasuringProgress(measuring)
    assert "<progress value='0' max='3'" in seen[0]["text/html"]
    for _ in range(3):
        slow.release()
    measuring.result(SECONDS)
    assert seen[0]["text/plain"] == "0 of 3 clips measured so far"
    assert seen[-1]["text/plain"] == "3 of 3 clips measured"
    assert "<progress" not in seen[-1]["text/html"]


def test_nothing_is_measured_twice_unless_the_measures_change(fox, here, monkeypatch):
    calls = counted(monkeypatch)
    fox.measure().result(SECONDS)
    once = len(calls)
    fox.measure().result(SECONDS)
    assert isinstance(fox.clips()[0].measured, Measured)
    assert len(calls) == once
    for name in ("stored", "kept"):
        monkeypatch.setattr(f"hailuo_widgets.measure.{name}.VERSION", VERSION + 1)
    fox.measure().result(SECONDS)
    assert len(calls) == 2 * once


def test_a_broken_clip_ends_nothing_and_is_tried_again(fox, here, monkeypatch):
    broken = fox.clips()[0]
    counted(monkeypatch, broken={broken.id})
    found = fox.measure().result(SECONDS)
    assert found[broken.id].error == "It is broken."
    assert sum(each.error is None for each in found.values()) == 2
    assert broken.id not in kept(here.library().journal, fox.clips())
    counted(monkeypatch)
    assert fox.measure().result(SECONDS)[broken.id].error is None


def test_a_record_that_is_none_is_measured_again(fox, here, monkeypatch):
    counted(monkeypatch)
    clip = fox.clips()[0]
    here.library().journal.keep_measures(clip.sha256, VERSION, {"camera": 7}, 1.0)
    assert clip.measured.camera == [("Pan left",)]


def test_replicates_of_a_cell_say_how_different_they_are(here, monkeypatch):
    fox = hw.sweep("A grey fox", name="pair", repeat=2, provider="sketch").run()
    fox.result(SECONDS)
    looks = {0: [200] + [9] * 575, 1: [9] * 575 + [200]}
    found = {clip.id: record(("Pan left",), look=looks[clip.replicate]) for clip in fox.clips()}
    monkeypatch.setattr("hailuo_widgets.sweeps.measured.known", lambda *_: found)
    monkeypatch.setattr("hailuo_widgets.clip_query.kept", lambda *_: found)
    assert [each["measured.diversity"] for each in fox.records] == pytest.approx([0.5] * 2)
    assert hw.library().df["measured.diversity"].dropna().tolist() == pytest.approx([0.5] * 2)
    assert [each["measured.speed"] for each in fox.records] == [8.0] * 2
    found.pop(fox.clip(0, 1).id)  # one alone is different from nothing
    assert [each["measured.diversity"] for each in fox.records] == [None] * 2


def test_without_opencv_it_says_what_to_install(fox, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(UsageError, match="OpenCV") as caught:
        fox.measure().result(SECONDS)
    assert "hailuo-widgets[measure]" in caught.value.hint


def test_obedience_counts_each_command_and_says_what_is_not_measured(fox, monkeypatch):
    counted(monkeypatch)
    assert "2 clips are not measured: .measure() does it." in repr(fox.obedience())
    fox.measure().result(SECONDS)
    table = fox.obedience()
    assert {each.command: (each.seen, each.other) for each in table} == {"Pan left": (1, 0), "Tilt up": (0, 1)}
    assert "not measured" not in repr(table)
    html = table._repr_html_()
    assert "<svg" not in html  # an untrusted notebook would show its words only
    assert "Camera commands carried out" in html
    assert "<svg" in table.svg
    assert "Something else" in html


def test_measures_are_effects_and_vote(fox, monkeypatch):
    calls = {"Pan left": 1.0, "Tilt up": 3.0}

    def measure_each(paths, *, ordered=None, executor=None):
        for index, order in enumerate(ordered):
            asked = order.camera[0][0] if order.camera else ""
            yield index, record(("Pan left",), flicker=calls.get(asked, 2.0))

    monkeypatch.setattr("hailuo_widgets.measure.stored.measure_each", measure_each)
    fox.measure().result(SECONDS)
    assert [(each.value, each.mean) for each in fox.effects(by="flicker")] == [
        ("Pan left", 1.0),
        ("Tilt up", 3.0),
        ("(none)", 2.0),
    ]
    assert {each.value: each.mean for each in fox.effects(by="obeyed")} == {"Pan left": 1.0, "Tilt up": 0.0}
    ranking = fox.judge(by="flicker")
    assert "Pan left" in str(next(iter(ranking)).cell)
    with pytest.raises(UsageError, match="beauty"):
        fox.effects(by="beauty")


def test_a_real_clip_is_measured_and_kept(fox, here):
    clip = next(each for each in fox.clips() if "Pan left" in each.prompt)
    assert clip.known_measures is None
    measured = clip.measured
    assert measured.error is None
    assert measured.families == [("Pan left or Truck left",)]
    assert clip.known_measures == measured
    assert replace(hw.measure(clip)[0], look=None) == replace(measured, look=None)
    assert columns(clip, measured)["measured.obeyed"] is not False


def test_a_prompts_commands_are_steps_whatever_their_language():
    assert steps_of("[左摇,上升] a fox [Push in] and [Push in]") == (("Pan left", "Pedestal up"), ("Push in",))
    assert steps_of("a fox") == ()


def test_an_h3_clip_is_checked_on_its_frames(fox):
    clip = fox.clips()[0]
    assert ordered_of(clip).seconds == clip.parameters["duration"]
    h3 = ordered_of(replace(clip, model="MiniMax-H3", provider="minimax", parameters={"duration": 5, "ratio": "16:9"}))
    assert (h3.seconds, h3.grid, h3.aspect, h3.sound) == (None, (17, 5), 16 / 9, True)
    assert ordered_of(replace(clip, parameters={"resolution": "768P"})).lines == 768
    assert ordered_of(replace(clip, parameters={"ratio": "adaptive"})).aspect is None


@pytest.mark.parametrize(
    ("asked", "measured", "says"),
    [
        ((("Pan left",),), record(("Pan left",)), "pan left ✓ 8%/s"),
        ((("Pan left",),), record(("Tilt up",)), "asked pan left · seen tilt up"),
        (
            (("Pan left",),),
            record(None, families=[("Pan left or Truck left",)]),
            "asked pan left · seen pan left or truck left",
        ),
        (
            (("Pan left",),),
            record(None, families=[None], reason="a subject fills the frame"),
            "can't tell: a subject fills the frame",
        ),
        ((), record(("Pan left",)), "seen pan left 8%/s"),
        ((("Pan left",),), failed("x.mp4", "It is broken."), "not measured: It is broken."),
    ],
)
def test_a_badge_says_in_a_few_words_what_was_seen(asked, measured, says):
    assert badge_text(asked, measured) == says


def test_a_saved_card_says_what_was_measured(fox, here, tmp_path, monkeypatch):
    counted(monkeypatch)
    clip = next(each for each in fox.clips() if "Tilt up" in each.prompt)
    recipe = Recipe("%%hailuo", (), "", "")

    def text():
        view = clip_view(clip, tmp_path, cached=True)
        return Seen(settled_html(order_of_clip(clip), Status("stored"), view, recipe)).text

    assert "asked tilt up" not in text()
    assert "measured" not in text()
    assert clip.measured
    assert "asked tilt up · seen pan left" in text()
    assert text().count("asked tilt up · seen pan left") == 2
    assert "measured" in text()


def test_a_clip_without_a_session_says_so(fox, monkeypatch):
    monkeypatch.setattr(Clip, "measurer", None)
    assert fox.clips()[0].known_measures is None
    with pytest.raises(UsageError, match="session"):
        _ = fox.clips()[0].measured


def test_a_librarys_data_frame_has_the_measures_of_its_clips(fox, monkeypatch):
    assert "measured.camera" not in hw.library().df
    counted(monkeypatch)
    clip = next(each for each in fox.clips() if "Tilt up" in each.prompt)
    assert clip.measured
    frame = hw.library().df.set_index("id")
    assert frame.loc[clip.id, "measured.camera"] == "Pan left"
    assert frame.loc[clip.id, "measured.obeyed"] == False  # noqa: E712  # NumPy's
    assert frame["measured.camera"].notna().sum() == 1


def test_a_saved_grid_says_what_was_measured(fox, here, monkeypatch):
    counted(monkeypatch)
    fox.measure().result(SECONDS)
    places = [((cell.index, 0), fox.clip(cell.index)) for cell in fox.cells]
    clips = {place: clip_view(clip, here.folder, cached=True) for place, clip in places}
    text = Seen(grid_html(grid_of(fox, {}, head_of(fox, None)), clips)).text
    assert "pan left ✓ 8%/s" in text
    assert "asked tilt up · seen pan left" in text
    assert "seen pan left 8%/s" in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("camera", []),
        ("camera", [[{}]]),
        ("families", 5),
        ("first_match", {"ssim": "x"}),
        ("cuts", "abc"),
        ("motion", "fast"),
        ("delivered", {"width": 1}),
        ("delivered", {**asdict(DELIVERED), "fps": "x"}),
        ("delivered", {**asdict(DELIVERED), "height": 0}),
    ],
)
def test_a_record_of_another_programs_making_is_none(name, value):
    good = record(("Pan left",), delivered=DELIVERED).to_dict()
    assert Measured.from_dict(good).delivered == DELIVERED
    with pytest.raises(UsageError, match="no measured values"):
        Measured.from_dict({**good, name: value})


@pytest.mark.parametrize("wrong", [{"duration": "abc"}, {"duration": [1]}, {"ratio": [1]}, {"ratio": "1:0"}])
def test_a_request_of_another_programs_making_orders_nothing(here, wrong):
    clip = hw.generate("A fox", show=False).result(SECONDS)
    strange = replace(clip, parameters={**clip.parameters, **wrong})
    assert columns(strange, record(("Pan left",), delivered=DELIVERED))["measured.camera"] == "Pan left"


def test_an_interrupted_wait_for_measures_is_one_line(here, monkeypatch):
    def interrupted(_timeout):
        raise KeyboardInterrupt

    measuring = hw.library().measure()
    monkeypatch.setattr(measuring._thread, "join", interrupted)
    with pytest.raises(WaitInterrupted, match="the measuring goes on") as caught:
        measuring.result(SECONDS)
    assert len(caught.value._render_traceback_()) == 1


def test_an_executor_that_takes_nothing_is_told_by_the_result(here):
    fox = hw.sweep("A {red | grey} fox").run()
    fox.result(SECONDS)
    with ThreadPoolExecutor(1) as closed:
        pass
    measuring = fox.measure(executor=closed)
    with pytest.raises(UsageError, match="accepts no clips: cannot schedule new futures after shutdown"):
        measuring.result(SECONDS)
    assert "after shutdown" in repr(measuring)
