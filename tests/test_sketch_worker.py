"""Processes that draw: they stay for the next sketch, can be stopped, and say what went wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import av
import numpy as np
import pytest

from hailuo_widgets.errors import HailuoError
from hailuo_widgets.sketch import worker
from hailuo_widgets.sketch.render import Sketch, preview, render, render_in_subprocess

SMALL = Sketch("A fox", width=160, height=90, duration=0.5)
LONG = Sketch("A fox", width=1920, height=1080, duration=120.0)


@pytest.fixture(autouse=True)
def _none_waits():
    worker._end_all()
    yield
    worker._end_all()


def waiting():
    return [each._child.pid for each in worker._idle]


def test_the_next_sketch_is_drawn_by_the_process_that_waits(tmp_path):
    render_in_subprocess(SMALL, tmp_path / "a.mp4")
    [pid] = waiting()
    render_in_subprocess(SMALL, tmp_path / "b.mp4")
    assert waiting() == [pid]
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_process_that_ended_while_it_waited_is_replaced(tmp_path):
    render_in_subprocess(SMALL, tmp_path / "a.mp4")
    os.kill(waiting()[0], signal.SIGKILL)
    assert render_in_subprocess(SMALL, tmp_path / "b.mp4").frames == 12


def test_a_process_without_work_ends_by_itself(tmp_path):
    code = "from hailuo_widgets.sketch import worker; worker.IDLE_SECONDS = 0.01; worker.main()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as child:
        assert child.wait(60) == 0


def test_stopping_ends_a_drawing_at_once_and_leaves_the_others_alone(tmp_path):
    drawing, ended = worker.Drawing(), []

    def draw():
        try:
            render_in_subprocess(LONG, tmp_path / "long.mp4", drawing)
        except HailuoError as error:
            ended.append(error)

    thread = threading.Thread(target=draw)
    thread.start()
    drawing.stop()
    thread.join(60)
    assert isinstance(ended[0], worker.StoppedError)
    assert waiting() == []
    assert render_in_subprocess(SMALL, tmp_path / "a.mp4").frames == 12


def test_what_was_stopped_before_it_began_starts_no_process(tmp_path):
    drawing = worker.Drawing()
    drawing.stop()
    with pytest.raises(worker.StoppedError):
        render_in_subprocess(SMALL, tmp_path / "a.mp4", drawing)
    assert waiting() == []


def test_a_mistake_keeps_its_reason_and_the_process(tmp_path):
    with pytest.raises(HailuoError, match="can't last"):
        render_in_subprocess(Sketch("A fox", duration=-1), tmp_path / "a.mp4")
    with pytest.raises(HailuoError, match="can't be written"):
        render_in_subprocess(SMALL, tmp_path / "nowhere" / "a.mp4")
    assert len(waiting()) == 1


def test_any_exception_of_the_drawing_is_named(tmp_path, monkeypatch):
    with pytest.raises(HailuoError, match=r"^TypeError: .+"):
        worker.run({"sketch": {**SMALL.to_json(), "fps": "24"}, "path": str(tmp_path / "a.mp4")})


def test_a_process_that_crashes_says_with_which_code(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "_START", "import sys; sys.exit(7)")
    with pytest.raises(HailuoError, match="ended with code 7"):
        render_in_subprocess(SMALL, tmp_path / "a.mp4")


def test_a_child_of_a_fork_has_processes_of_its_own(tmp_path):
    render_in_subprocess(SMALL, tmp_path / "a.mp4")
    code = (
        "import os; from hailuo_widgets.sketch import worker; worker.warm_up(); pid = os.fork()\n"
        "if pid == 0: os._exit(len(worker._idle))\n"
        "assert os.waitpid(pid, 0)[1] == 0; assert len(worker._idle) == 1"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("cores", [1, 2, 4])
def test_a_preview_has_the_frames_of_the_sketch_however_many_cores_draw_it(tmp_path, monkeypatch, cores):
    monkeypatch.setattr(worker, "cores", lambda: cores)
    sketch = Sketch("A fox", (("Truck left",),), width=160, height=90, duration=2.5)
    info = preview(sketch, tmp_path / "p.mp4")
    whole = render(sketch, tmp_path / "w.mp4")
    assert (info.frames, info.duration, info.width) == (whole.frames, whole.duration, whole.width) == (60, 2.5, 160)
    for name in ("p", "w"):
        with av.open(str(tmp_path / f"{name}.mp4")) as container:
            pictures = [each.to_ndarray(format="gray").astype(int) for each in container.decode(video=0)]
        if name == "p":
            drawn = pictures
    assert max(np.abs(one - other).mean() for one, other in zip(drawn, pictures, strict=True)) < 2
