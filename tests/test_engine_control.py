"""Stopping, interrupting, keys that are refused, journals that are locked, leases that are lost."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time

import httpx
import pytest

import hailuo_widgets as hw
from hailuo_widgets import errors
from hailuo_widgets.engine import job_runner, records
from hailuo_widgets.engine.job import Job, WaitInterrupted, new_id
from hailuo_widgets.engine.job_group import JobGroup
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.simulator import Fault, Timing
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.store import database, lease, owner
from hailuo_widgets.views.describe import order_of, status_of
from hailuo_widgets.views.static_card import plain_text, settled_html
from support.session import session
from support.vendor import PROMPT, submits
from support.waiting import wait_until

SECONDS = 60
NEVER = Timing(1, 2, 1e9)


def jobs(here, count, **fields):
    order = (VideoRequest.of(prompt=f"{PROMPT} {number}", **fields) for number in range(count))
    return [Job(new_id(here.clock.now()), quote(each, "minimax")) for each in order]


def ended(made):
    assert all(job.wait(SECONDS) for job in made)
    return [job.state.value for job in made]


# --- cancelling -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["silent", "broken"])
def test_a_vendor_that_does_not_answer_a_cancellation_is_not_waited_for(answer, monkeypatch):
    monkeypatch.setattr(job_runner, "CANCEL_SECONDS", 0.2)
    with session(timing=NEVER) as here:
        client = here._connect("minimax")
        monkeypatch.setattr(type(client), "can_cancel", lambda _client, _task: True)

        async def cancel(_task):
            if answer == "broken":
                raise errors.NetworkError("MiniMax could not be asked.", charged=errors.Charged.UNKNOWN)
            await asyncio.Event().wait()

        client.cancel = cancel
        job = here.start(VideoRequest.of(prompt=PROMPT))
        wait_until(lambda: job.task_id, SECONDS, lambda: repr(job))
        job.cancel()
        assert ended([job]) == ["abandoned"]
        assert job.label == "Detached"
        assert "resume" in job.error.hint or answer == "broken"


@pytest.mark.parametrize(("fields", "stops"), [({}, False), ({"model": "MiniMax-H3", "ratio": "16:9"}, True)])
def test_a_vendor_that_can_not_cancel_that_task_is_not_asked_to(fields, stops):
    with session(timing=Timing(1e9, 2, 1e9)) as here:
        client, asked = here._connect("minimax"), []
        cancel = client.cancel

        async def asking(task):
            asked.append(task)
            return await cancel(task)

        client.cancel = asking
        job = here.start(VideoRequest.of(prompt=PROMPT, **fields), "minimax")
        wait_until(lambda: job.task_id, SECONDS, lambda: repr(job))
        job.cancel()
        assert ended([job]) == ["cancelled" if stops else "abandoned"]
        assert len(asked) == stops
        assert job.error is None


@pytest.mark.parametrize("what", ["queued here", "paused", "running", "the same clip"])
def test_what_is_cancelled_ends_at_once(what):
    with session(timing=NEVER) as here:
        here.settings.set("minimax_tasks_in_flight", 1)
        group = JobGroup()
        made = jobs(here, 4)
        if what == "paused":
            group.pause()
        here.launch(made, group)
        if what == "paused":
            wait_until(lambda: made[-1].note == "paused", SECONDS, lambda: repr(made))
        else:
            wait_until(lambda: made[0].task_id, SECONDS, lambda: repr(made))
        if what == "the same clip":
            made.append(jobs(here, 1)[0])
            here.launch(made[-1:], JobGroup())
            wait_until(lambda: "same clip" in made[-1].note, SECONDS, lambda: repr(made))
            made[-1].cancel()
            assert ended(made[-1:]) == ["cancelled"]
        for job in made:
            job.cancel()
        states = ended(made)
        assert set(states[1:]) == {"cancelled"}
        assert states[0] == ("cancelled" if what == "paused" else "abandoned")
        assert submits(here.simulator) == (what != "paused")


def test_a_job_ends_when_the_loop_does_before_its_task_took_a_step(here):
    busy = threading.Barrier(2)
    here.loop.call(lambda: (busy.wait(SECONDS), busy.wait(SECONDS)))
    busy.wait(SECONDS)
    job = here.start(VideoRequest.of(prompt=PROMPT))
    asked, soon = threading.Event(), here.loop.loop.call_soon_threadsafe

    def heard(*call, **context):
        handle = soon(*call, **context)
        asked.set()
        return handle

    here.loop.loop.call_soon_threadsafe = heard
    ending = threading.Thread(target=here.loop.finish)
    ending.start()
    assert asked.wait(SECONDS)
    busy.wait(SECONDS)
    ending.join(SECONDS)
    assert ended([job]) == ["cancelled"]
    assert submits(here.simulator) == 0


def test_a_job_whose_engine_can_not_be_loaded_says_so(here, monkeypatch):
    def broken(*_):
        raise ImportError("a library is broken")

    monkeypatch.setattr("hailuo_widgets.engine.scheduler.Scheduler.__init__", broken)
    job = here.start(VideoRequest.of(prompt=PROMPT))
    assert ended([job]) == ["refused"]
    assert "a library is broken" in str(job.error)


@pytest.mark.parametrize("moment", ["planned", "submitting", "running"])
def test_a_cell_that_runs_again_right_after_its_job_was_cancelled_gets_the_clip(moment):
    faults = [Fault("slow", "submit", seconds=0.5)] if moment == "submitting" else []
    with session(*faults, timing=Timing(1, 2, 20)) as here:
        first = here.start(VideoRequest.of(prompt=PROMPT), "minimax")
        wait_until(lambda: moment in {"planned", first.state} or first.done, SECONDS, lambda: repr(first))
        first.cancel()
        again = here.start(VideoRequest.of(prompt=PROMPT), "minimax")
        assert again.result(SECONDS).path.is_file()
        assert again is not first or first.state == "stored"
        assert first.wait(SECONDS)
        assert submits(here.simulator) == 1


# --- keys and hosts ---------------------------------------------------------------------------------------------------


def test_the_first_key_that_is_refused_stops_the_providers_other_jobs():
    with session(Fault("bad_key", "submit", times=99)) as here:
        group, made = JobGroup(), jobs(here, 15)
        here.launch(made, group)
        assert ended(made) == ["refused"] * 15
        assert submits(here.simulator) <= 2
        for job in made:
            assert isinstance(job.error, errors.AuthenticationError)
            assert "came from a test" in job.error.hint
        assert sum("Not sent" in job.error.message for job in made) >= 13


def test_a_key_that_was_replaced_is_tried_again():
    with session(Fault("bad_key", "submit", times=1)) as here:
        group, made = JobGroup(), jobs(here, 1)
        here.launch(made, group)
        assert ended(made) == ["refused"]
        again = jobs(here, 3)
        here.launch(again, group)
        assert ended(again) == ["stored"] * 3


def test_other_providers_go_on_where_one_refuses_its_key():
    group = JobGroup()
    group.key_refused("minimax", errors.AuthenticationError("no"))
    assert group.refusal("minimax")
    assert group.refusal("sketch") is None


def failed(error):
    job = Job(new_id(0), quote(VideoRequest.of(prompt=PROMPT), "minimax"))
    job.move(JobState.REFUSED, error=error)
    return job


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("no route"), httpx.ConnectTimeout("nothing"), httpx.ConnectError("no such name")]
)
def test_a_host_that_is_not_reached_has_refused_nothing(failure):
    def unreachable(_request):
        raise failure

    with session(transport=httpx.MockTransport(unreachable)) as here:
        job = here.start(VideoRequest.of(prompt=PROMPT))
        assert job.wait(SECONDS)
        assert (job.label, job.not_reached) == ("Not reached", True)
        assert "Refused" not in repr(job)
        order, status = order_of(job.quote, "fox", "", cancellable=True), status_of(job)
        for card in (settled_html(order, status, None, None), plain_text(order, status, None)):
            assert "Not reached" in card
            assert "Refused" not in card
        assert isinstance(job.error, errors.NetworkError)


def test_a_refusal_of_the_vendors_is_not_called_unreached():
    job = failed(errors.BalanceError("no money"))
    assert (job.label, job.not_reached) == ("Refused", False)


def test_every_state_has_one_name():
    assert [state.label for state in JobState] == [
        "Planned", "Submitting", "Queued", "Running", "Downloading", "Done", "Refused", "Failed", "Unconfirmed",
        "Detached", "Cancelled",
    ]  # fmt: skip


# --- interrupting -----------------------------------------------------------------------------------------------------


def test_an_interrupt_shows_one_line_and_the_job_continues(monkeypatch):
    job = Job(new_id(0), quote(VideoRequest.of(prompt=PROMPT), "minimax"))

    def interrupted(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(job._done, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        job.result()
    assert isinstance(caught.value, WaitInterrupted)
    [line] = caught.value._render_traceback_()
    assert "job continues" in line
    assert caught.value.__context__ is None
    assert not job.done


@pytest.mark.parametrize("what", ["job", "sweep"])
def test_an_await_that_is_cancelled_is_one_line_and_still_a_cancellation(what, monkeypatch):
    async def main(made):
        waiting = asyncio.ensure_future(_awaiting(made))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await waiting
        [line] = caught.value._render_traceback_()
        assert f"the {what} continues" in line
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await made

    async def _awaiting(it):
        return await it

    with session(timing=NEVER) as here:
        monkeypatch.setattr("hailuo_widgets.session.default_session", lambda: here)
        asyncio.run(main(hw.sweep("A fox {a = 1 | 2}").run() if what == "sweep" else hw.generate(PROMPT, show=False)))
        for job in here.jobs():
            job.cancel()


def test_an_interrupt_of_a_measurement_is_one_line(here, monkeypatch):
    def interrupted(*_args, **_options):
        raise KeyboardInterrupt
        yield

    clip = here.start(VideoRequest.of(prompt=PROMPT)).result(SECONDS)
    monkeypatch.setattr("hailuo_widgets.measure.stored.measure_stored", interrupted)
    with pytest.raises(WaitInterrupted, match="Stopped measuring") as caught:
        _ = clip.measured
    assert len(caught.value._render_traceback_()) == 1


# --- a journal that is locked -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["queued", "running", "downloading", "stored"])
def test_a_locked_journal_ends_no_job_that_was_paid_for(moment, monkeypatch):
    monkeypatch.setattr(database, "BUSY_MS", 50)
    locked = []
    with session() as here:
        library = here.library()
        real, gate = records.Records._patiently, threading.Event()
        states = {"queued": "queued", "running": "running", "downloading": "downloading", "stored": ""}

        async def patiently(self, job, step):
            reached = {"submitting": "queued", "queued": "running", "running": "downloading"}.get(job.state, "")
            if not locked and states[moment] == reached:
                other = sqlite3.connect(library.folder / "library.sqlite", check_same_thread=False)
                other.execute("BEGIN IMMEDIATE")
                locked.append(other)
            return await real(self, job, step)

        monkeypatch.setattr(records.Records, "_patiently", patiently)
        job = here.start(VideoRequest.of(prompt=PROMPT))
        wait_until(lambda: "locked" in job.note or gate.is_set(), SECONDS, lambda: f"{job!r} {job.note}")
        assert not job.done
        locked[0].rollback()
        locked[0].close()
        assert job.result(SECONDS).path.is_file()
        assert here.history(job)[-1] == "stored"


def test_a_locked_journal_delays_what_was_not_sent(monkeypatch):
    monkeypatch.setattr(database, "BUSY_MS", 50)
    monkeypatch.setattr(job_runner, "LOCKED_SECONDS", 1e9)
    with session() as here:
        other = sqlite3.connect(here.library().folder / "library.sqlite", check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        job = here.start(VideoRequest.of(prompt=PROMPT))
        wait_until(lambda: "locked" in job.note, SECONDS, lambda: f"{job!r} {job.note}")
        assert not submits(here.simulator)
        other.rollback()
        other.close()
        assert job.result(SECONDS).path.is_file()
        assert submits(here.simulator) == 1


# --- two kernels on one library ---------------------------------------------------------------------------------------


def lose(here, job):
    """Have the lease of a job taken by somebody else, as if this process had stood still."""
    here.loop.loop.call_soon_threadsafe(here._record_keeper()._lost[job])


def test_an_answer_that_comes_after_the_lease_was_lost_is_followed_up(monkeypatch):
    with session(Fault("slow", "submit", seconds=1.0)) as here:
        here._record_keeper().owner = "another-1-1-abc"  # a process on another machine
        job = here.start(VideoRequest.of(prompt=PROMPT))
        wait_until(lambda: job.state == "submitting", SECONDS, lambda: repr(job))
        monkeypatch.setattr(lease, "SKEW", -1e9)  # the other machine's clock says that the lease is long over
        journal = here.library().journal
        claim = journal.claim("other", job.quote, 0, "", here.clock.now(), owner=owner.new())
        assert claim.kind == "uncertain"
        lose(here, job)
        assert job.result(SECONDS).path.is_file()
        assert here.history(job)[-1] == "stored"
        assert submits(here.simulator) == 1


@pytest.mark.parametrize("other_ends", ["detached", "stored", "failed"])
def test_a_job_that_another_kernel_took_is_followed_and_taken_back(other_ends, monkeypatch):
    monkeypatch.setattr(records, "BUSY_SECONDS", 0.01)
    with session(timing=NEVER) as here:
        job = here.start(VideoRequest.of(prompt=PROMPT))
        wait_until(lambda: job.state == "running", SECONDS, lambda: repr(job))
        journal, other = here.library().journal, owner.new()
        with monkeypatch.context() as patched:
            patched.setattr(lease, "over", lambda *_: True)
            assert journal.take_up(job.id, other, here.clock.now()).kind == "open"
        lose(here, job)
        wait_until(lambda: "another kernel" in job.note, SECONDS, lambda: f"{job!r} {job.note}")
        if other_ends == "detached":
            journal.move(job.id, "abandoned", here.clock.now())
            wait_until(lambda: not job.note, SECONDS, lambda: f"{job!r} {job.note}")
            assert not job.done
            assert here._record_keeper()._held == {job.id: job}
            job.cancel()
            assert ended([job]) == ["abandoned"]
        elif other_ends == "failed":
            journal.move(job.id, "failed", here.clock.now())
            assert ended([job]) == ["failed"]
            assert "another kernel" in job.error.message
        else:
            made = here.start(VideoRequest.of(prompt=f"{PROMPT} in short"))
            made.cancel()
            journal.move(job.id, "stored", here.clock.now())
            assert ended([job]) == ["abandoned"]  # there is no clip behind that word
        assert submits(here.simulator) <= 2


def test_while_the_process_that_sends_it_runs_nobody_else_calls_a_job_unconfirmed(tmp_path, monkeypatch):
    with session(timing=NEVER) as here:
        journal, mine, other = here.library().journal, owner.new(), owner.new()
        [job] = jobs(here, 1)
        journal.open_job("a", job.quote, 0, "", time.time(), owner=mine)
        monkeypatch.setattr(lease, "over", lambda *_: True)
        assert journal.claim("b", job.quote, 0, "", time.time() + 1e6, owner=other).kind == "busy"
        owner.retire(mine)
        assert journal.claim("b", job.quote, 0, "", time.time() + 1e6, owner=other).kind == "uncertain"


@pytest.mark.parametrize("sent", [False, True])
def test_a_second_clip_that_is_being_made_is_waited_for_by_who_wants_that_one(sent, here):
    order = VideoRequest.of(prompt=PROMPT)
    here.start(order).result(SECONDS)
    second = here.start(order, fresh=True)
    if sent:
        wait_until(lambda: second.task_id, SECONDS, lambda: repr(second))
    joined = here.start(order, replicate=1)  # as a sweep with --repeat 2
    assert joined.result(SECONDS).id == second.result(SECONDS).id
    assert joined.cached
    assert here.history(second).count("downloading") == 1
    assert "uncertain" not in here.history(second)
    assert submits(here.simulator) == 2


@pytest.mark.parametrize("ahead", [90.0, -90.0, 3600.0, -3600.0])
def test_a_lease_that_is_renewed_is_never_over_whatever_the_clocks_say(ahead, monkeypatch):
    moment = [0.0]
    monkeypatch.setattr(lease, "monotonic", lambda: moment[0])
    monkeypatch.setattr(lease, "SKEW", 7200.0)
    for _ in range(40):
        moment[0] += owner.SECONDS / 4
        assert not lease.over("job:skew", "far-1-1-abc", moment[0] + owner.SECONDS, moment[0] + ahead)
    until = moment[0] + owner.SECONDS
    moment[0] += owner.SECONDS
    assert lease.over("job:skew", "far-1-1-abc", until, moment[0] + ahead)
