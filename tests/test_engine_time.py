"""Clocks that are set, machines that sleep, processes that stand still: nothing is lost, nothing waits for ever."""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import datetime
from io import BytesIO
from types import SimpleNamespace
from typing import Any, BinaryIO

import pytest
from sqlalchemy import event

import hailuo_widgets as hw
from hailuo_widgets.clock import midnight
from hailuo_widgets.engine import forking
from hailuo_widgets.engine.job import Job, new_id
from hailuo_widgets.engine.job_group import JobGroup
from hailuo_widgets.engine.patient_loop import PatientLoop
from hailuo_widgets.engine.polling import Durations
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.measure import workers as measure_workers
from hailuo_widgets.simulator import Fault
from hailuo_widgets.sketch import worker as sketch_worker
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.store import anchor
from hailuo_widgets.store.library import Library
from hailuo_widgets.views.describe_sweep import head_of
from support.fork import needs_fork
from support.kill import KEY, asked, check, finish, rows, start, vendor
from support.many import world
from support.simulation import simulate
from support.waiting import wait_until

SECONDS = 60
JUMPS = [-3600.0, 1800.0, 864_000.0, -86_400.0, 45.0]


def fleet(here, count):
    return [here.job(f"Fox {number}") for number in range(count)]


@pytest.mark.parametrize("provider", ["minimax", "acedata", "ppio"])
@pytest.mark.parametrize("jump", JUMPS)
def test_a_clock_that_is_set_delays_no_clip(provider, jump):
    async def main():
        async with world(provider) as here:
            jobs, begun = fleet(here, 6), here.clock.monotonic()
            running = asyncio.ensure_future(here.run(jobs[:3]))
            await asyncio.sleep(20)
            here.clock.set_forward(jump)
            await here.run(jobs[3:])
            await running
            assert {job.state for job in jobs} == {"stored"}
            assert here.clock.monotonic() - begun < 20 + 75 + 30
            assert all(40 < took < 90 for took in here.library.journal.recent_seconds(provider, jobs[0].quote.request))

    simulate(main())


@pytest.mark.parametrize("provider", ["minimax", "acedata"])
@pytest.mark.parametrize("before", [0, 3])
def test_after_a_sleep_every_task_is_asked_for_at_once_and_teaches_nothing(provider, before):
    async def main():
        async with world(provider) as here:
            await here.run(fleet(here, before))
            jobs = [here.job(f"Dog {number}") for number in range(3)]
            running = asyncio.ensure_future(here.run(jobs))
            await asyncio.sleep(12)
            here.clock.suspend(26_640)
            woke = here.clock.monotonic()
            await running
            assert {job.state for job in jobs} == {"stored"}
            assert here.clock.monotonic() - woke < 30
            known = here.library.journal.recent_seconds(provider, jobs[0].quote.request)
            assert len(known) == before
            begun = here.clock.monotonic()
            await here.run([here.job("The next one")])
            assert here.clock.monotonic() - begun < 75 + 15

    simulate(main())


@pytest.mark.parametrize("wrong", [26_640.0, -5.0, 0.0, math.nan, math.inf, 1e9])
def test_what_can_not_be_true_is_not_learned(wrong):
    durations = Durations([wrong, 60.0])
    durations.learn(wrong)
    assert durations.typical == 60.0


def test_a_lesson_that_later_tasks_contradict_is_forgotten():
    slept = Durations([3000.0])
    slept.learn(65.0)
    assert slept.spread.longest < 200
    set_back = Durations([0.01])
    for took in (60.0, 62.0):
        set_back.learn(took)
    assert set_back.spread.shortest > 20


def test_a_wrong_lesson_leaves_no_task_unasked_for_long():
    async def main():
        async with world("acedata") as here:
            job = here.job("A fox")
            running = asyncio.ensure_future(here.run([job]))
            await asyncio.sleep(0.5)
            for durations in here.vendor_queue.durations.values():
                durations._known.extend([7000.0] * 20)
                durations._spread = None
            begun = here.clock.monotonic()
            await running
            assert job.state == "stored"
            assert here.clock.monotonic() - begun < 310

    simulate(main())


def test_a_job_is_timed_by_a_clock_that_can_not_be_set(monkeypatch):
    job = Job(new_id(0), quote(VideoRequest.of(prompt="A fox"), "minimax"))
    wall = time.time
    monkeypatch.setattr(time, "time", lambda: wall() - 3600)
    job.move(JobState.QUEUED)
    job.move(JobState.STORED)
    assert 0 <= job.worked <= job.elapsed < SECONDS


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone can't be set here")
@pytest.mark.parametrize(
    ("noon", "hours"),
    [("2026-03-28T12:00+01:00", 12), ("2026-03-29T12:00+02:00", 11), ("2026-10-25T12:00+01:00", 13)],
)
def test_a_day_begins_at_its_own_midnight_when_the_clocks_change(noon, hours, monkeypatch):
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    try:
        at = datetime.fromisoformat(noon).timestamp()
        assert at - midnight(at) == hours * 3600
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("jump", JUMPS)
def test_what_a_sweep_took_does_not_change_when_the_clock_is_set(jump, here, monkeypatch):
    sweep = hw.sweep("A fox {gait = trots | leaps}", name="fox")
    wall = time.time
    sweep.run()
    monkeypatch.setattr(time, "time", lambda: wall() + jump)
    assert 0 <= head_of(sweep, None).elapsed < SECONDS
    sweep.result(SECONDS)
    assert 0 < head_of(sweep, None).elapsed < SECONDS


# --- a process that stands still --------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="there is no SIGSTOP here")
@pytest.mark.parametrize("where", ["submit", "poll", "download"])
def test_an_answer_that_came_while_the_process_stood_still_is_read(tmp_path, where):
    with vendor(faults=[Fault("slow", where, seconds=1.0)]) as there:
        process, pipe = start(tmp_path / "library", there, asked(1), patience=2.0)
        wait_until(lambda: there.books().seen, SECONDS, lambda: "nothing was sent")
        if where != "submit":
            wait_until(lambda: there.books().tasks, SECONDS, lambda: "there is no task")
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(5)  # longer than it would wait for an answer
        os.kill(process.pid, signal.SIGCONT)
        assert finish(process, pipe) == {asked(1)[0]: "stored"}
        check(there, tmp_path / "library", [])


def test_a_timeout_that_is_overdue_after_a_standstill_reads_first():
    def stand_still():
        time.sleep(3)  # as SIGSTOP would, between two turns of the loop

    async def main():
        reading, writing = os.pipe()
        loop = asyncio.get_running_loop()
        found = loop.create_future()
        loop.add_reader(reading, lambda: found.set_result(os.read(reading, 9)))
        loop.call_later(0.1, lambda: (os.write(writing, b"an answer"), stand_still()))
        async with asyncio.timeout(0.5):
            return await found

    with asyncio.Runner(loop_factory=PatientLoop) as runner:
        assert runner.run(main()) == b"an answer"


# --- the end of a process ---------------------------------------------------------------------------------------------

SCRIPT = """
import os, signal, sys, threading, time
import hailuo_widgets as hw
hw.configure(provider="minimax", minimax_base_url=sys.argv[1])
job = hw.generate("A fox", show=False)
while job.state != "submitting":
    time.sleep(0.01)
time.sleep(0.3)
"""
ENDS = [
    "sys.exit()",
    "pass",
    "raise RuntimeError('a bug')",
    "job.cancel()",
    "os.kill(os.getpid(), signal.SIGINT); time.sleep(5)",
    "from hailuo_widgets import session; session.default_session().close(); sys.exit()",
]


@pytest.mark.parametrize("end", ENDS)
def test_a_process_that_ends_during_a_paying_call_keeps_its_answer(tmp_path, end):
    with vendor(faults=[Fault("slow", "submit", seconds=2.0)]) as there:
        environment = {**os.environ, "MINIMAX_API_KEY": KEY, "HAILUO_LIBRARY": str(tmp_path / "library")}
        subprocess.run(
            [sys.executable, "-c", SCRIPT + end, there.url], env=environment, cwd=tmp_path, check=False, timeout=60
        )
        [job] = rows(tmp_path / "library")
        assert (job["state"], list(there.books().tasks)) == ("abandoned", [job["task_id"]])


WAITING = """
import threading
import hailuo_widgets as hw
job = hw.generate("A fox", provider="sketch", show=False)
threading.Thread(target=job.wait).start()
"""


def test_a_thread_that_waits_when_the_script_has_ended_does_not_wait_for_ever(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WAITING],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("", "")


FORK = """
import faulthandler, json, os, signal, sys, time
import hailuo_widgets as hw
job = hw.generate("A fox", show=False)
time.sleep(float(sys.argv[1]))
child = os.fork()
if child == 0:
    signal.alarm(60)
    faulthandler.dump_traceback_later(40)
    other = hw.generate("A whale", show=False)
    other.wait(50)
    os._exit(0 if other.state == "stored" else 3)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
job.wait(50)
print(json.dumps([status, job.state]))
"""


@needs_fork
@pytest.mark.parametrize("moment", [0.0, 0.02, 0.1, 0.25, 0.5])
def test_a_fork_during_the_first_job_leaves_both_processes_working(tmp_path, moment):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK, str(moment)],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert json.loads(done.stdout) == [0, "stored"], done.stderr


def test_the_engine_has_asyncios_own_loop_whatever_policy_is_installed(monkeypatch):
    from hailuo_widgets.engine.loop import LoopThread

    class Another(asyncio.DefaultEventLoopPolicy):
        def new_event_loop(self):
            raise AssertionError("the policy's loop is for the program's own use")

    monkeypatch.setattr(asyncio.events, "_event_loop_policy", Another())
    thread = LoopThread()
    try:
        assert thread.post(asyncio.sleep(0, "done")).result(SECONDS) == "done"
    finally:
        thread.stop()


def test_jobs_of_a_group_end_when_the_loop_does(tmp_path):
    async def main():
        async with world("acedata") as here:
            jobs = fleet(here, 4)
            running = asyncio.ensure_future(here.run(jobs, JobGroup()))
            await asyncio.sleep(10)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            assert all(job.done for job in jobs)

    simulate(main())


@needs_fork
@pytest.mark.parametrize("what", ["reads the library", "opens a library", "works on the loop", "starts a thread"])
def test_a_fork_waits_for_another_thread_that(what, here, tmp_path, monkeypatch):
    here.library()
    reading, gate, forked = threading.Event(), threading.Lock(), threading.Event()
    gate.acquire()

    def held(*_: object, **__: object) -> None:
        reading.set()
        with gate:
            pass

    def fork() -> None:
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        forked.set()

    class Late(threading.Event):
        def set(self) -> None:
            held()
            super().set()

    hw.generate("A fox", show=False).result(SECONDS)  # from the first job on, forks wait
    journal, late = here.library().journal, threading.Thread(daemon=True)
    late._started = Late()
    if what == "reads the library":
        event.listen(journal._engine, "before_cursor_execute", held)
    if what == "opens a library":
        monkeypatch.setattr(anchor, "sqlite3", SimpleNamespace(connect=held))

    def use() -> None:
        if what == "reads the library":
            journal.spending()
        elif what == "opens a library":
            with suppress(AttributeError):  # it is given no connection
                Library(tmp_path / "another")
        elif what == "starts a thread":
            here.loop.call(late.start)
        else:
            here.loop.call(held)

    threading.Thread(target=use, daemon=True).start()
    assert reading.wait(SECONDS)
    threading.Thread(target=fork, daemon=True).start()
    assert not forked.wait(0.2)
    gate.release()
    assert forked.wait(SECONDS)


def ask(worker: Any, process: str, pipe: BinaryIO, request: Any) -> None:
    pipes = SimpleNamespace(stdin=BytesIO(), stdout=pipe)
    worker.ask(SimpleNamespace(**{process: pipes}), request)


@pytest.mark.parametrize(
    ("function", "wait"),
    [
        ("readinto", lambda there, _: there.makefile("rb").read(1)),
        ("read", lambda _, pipe: ssl.SSLSocket.read(SimpleNamespace(_checkClosed=list, _sslobj=pipe), 1)),
        ("_try_wait", lambda there, _: subprocess.Popen([sys.executable, "-c", "input()"], stdin=there).wait()),
        ("ask", lambda _, pipe: ask(sketch_worker._Process, "_child", pipe, b"")),
        ("ask", lambda _, pipe: ask(measure_workers._Child, "_process", pipe, {})),
    ],
    ids=["a vendor", "a vendor behind TLS", "a process", "a sketch", "a measurement"],
)
def test_a_fork_is_not_delayed_by_a_thread_that_waits_for(function, wait, here):
    ours, theirs = socket.socketpair()
    threads: list[int] = []
    with ours, theirs, os.fdopen(os.dup(ours.fileno()), "rb") as pipe:
        here.loop.call(lambda: (threads.append(threading.get_ident()), wait(ours, pipe)))
        wait_until(
            lambda: threads and sys._current_frames()[threads[0]].f_code.co_name == function, SECONDS, lambda: function
        )
        assert not forking._is_ours_and_busy(sys._current_frames()[threads[0]])
        theirs.sendall(b"{}\n")
        here.loop.post(asyncio.sleep(0)).result(SECONDS)


@needs_fork
def test_no_other_thread_runs_between_the_check_and_the_fork(here, monkeypatch):
    hw.generate("A fox", show=False).result(SECONDS)  # from the first job on, forks wait
    steps, at_the_check, over = [0], [], threading.Event()

    def work() -> None:
        while not over.is_set():
            steps[0] += 1

    def check_others() -> bool:
        at_the_check.append(steps[0])
        for _ in range(1_000_000):  # longer than a thread's usual turn
            pass
        return False

    monkeypatch.setattr(forking, "_others_are_busy", check_others)
    turn = sys.getswitchinterval()
    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    pid = os.fork()
    if pid == 0:
        os._exit(0 if (steps[0], sys.getswitchinterval()) == (at_the_check[-1], turn) else 3)
    over.set()
    worker.join(SECONDS)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert sys.getswitchinterval() == turn
