"""A job from the notebook's side: it moves, tells, waits, stops, and is never bought twice."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING

import httpx
import pytest

from hailuo_widgets import errors
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import Charged
from hailuo_widgets.simulator import Fault
from hailuo_widgets.spec.request import VideoRequest
from support.session import session
from support.vendor import KEY, PROMPT, polls, submits
from support.walker import where

if TYPE_CHECKING:
    from hailuo_widgets.engine.job import Job

SECONDS = 60
"""Longer than any of this takes: reached by a failure only."""


def ask(prompt: str = PROMPT, **fields) -> VideoRequest:
    return VideoRequest.of(prompt=prompt, **fields)


class RateLimiter(httpx.AsyncBaseTransport):
    """Holds calls back until it is opened, by a piece of their path."""

    def __init__(self, held: str):
        self.held = held
        self.inner: httpx.AsyncBaseTransport | None = None
        self.reached = threading.Event()
        self.open = threading.Event()

    async def handle_async_request(self, request):
        assert self.inner
        response = await self.inner.handle_async_request(request)
        if self.held in request.url.path:
            self.reached.set()
            while not self.open.is_set():  # noqa: ASYNC110 - it is opened from another thread
                await asyncio.sleep(0.002)
        return response


def gated(here, held: str) -> RateLimiter:
    limiter = RateLimiter(held)
    limiter.inner, here.transport = here.transport, limiter
    return limiter


def test_a_job_goes_through_its_states_in_order_and_tells_each():
    with session() as here:
        seen: list[str] = []
        here.loop.post(asyncio.sleep(0)).result(SECONDS)
        limiter = gated(here, "/v1/video_generation")
        job = here.start(ask(), name="fox")
        job.observe(lambda each: seen.append(each.state.value))
        limiter.open.set()
        clip = job.result(SECONDS)
        assert list(dict.fromkeys(seen))[-4:] == ["queued", "running", "downloading", "stored"]
        assert here.history(job) == ["submitting", "queued", "running", "downloading", "stored"]
        assert (job.state, job.done, job.error, job.progress) == ("stored", True, None, 1.0)
        assert clip.path.is_file()
        assert clip.path == job.clip.path
        assert clip.poster()[:2] == b"\xff\xd8"
        assert job.task_id == clip.task_id == next(iter(here.simulator.tasks))
        assert (clip.provider, clip.prompt, clip.duration) == ("minimax", PROMPT, 6.0)


def test_it_reads_well_in_a_terminal():
    with session() as here:
        job = here.start(ask(), name="fox")
        clip = job.result(SECONDS)
        for text in (repr(job), str(clip)):
            assert "\n" not in text
            assert str(clip.path) in text
        for part in ("fox: Done", "MiniMax-Hailuo-2.3 on minimax", "6 s 768P", "$0.28", f"task {job.task_id}"):
            assert part in repr(job)


def test_the_task_id_is_on_disk_before_the_first_question():
    with session() as here:
        at_poll: list[str | None] = []
        limiter = gated(here, "/v1/query/")
        job = here.start(ask())
        assert limiter.reached.wait(SECONDS)
        assert polls(here.simulator) == 1
        row = here.library().journal.jobs()[0]
        at_poll.append(row.task_id)
        limiter.open.set()
        job.result(SECONDS)
        assert at_poll == [next(iter(here.simulator.tasks))]
        assert row.state == "queued"


def test_it_is_in_the_journal_before_it_is_sent():
    with session() as here:
        limiter = gated(here, "/v1/video_generation")
        job = here.start(ask())
        assert limiter.reached.wait(SECONDS)
        row = here.library().journal.jobs()[0]
        assert (row.id, row.state, row.task_id) == (job.id, "submitting", None)
        limiter.open.set()
        job.result(SECONDS)


def test_an_observer_that_breaks_costs_nothing(caplog):
    with session() as here:
        limiter = gated(here, "/v1/video_generation")
        job = here.start(ask())

        def broken(_job):
            raise RuntimeError("a view")

        job.observe(broken)
        limiter.open.set()
        with caplog.at_level(logging.CRITICAL):
            assert job.result(SECONDS).path.is_file()


def test_an_observer_can_be_forgotten():
    with session() as here:
        limiter = gated(here, "/v1/video_generation")
        job = here.start(ask())
        seen: list[Job] = []
        forget = job.observe(seen.append)
        forget()
        forget()
        limiter.open.set()
        job.result(SECONDS)
        assert not seen


# --- waiting --------------------------------------------------------------------------------------------------------


def test_waiting_ends_after_its_timeout_and_the_job_goes_on():
    with session() as here:
        limiter = gated(here, "/v1/query/")
        job = here.start(ask())
        assert limiter.reached.wait(SECONDS)
        with pytest.raises(errors.TimedOutError, match="Queued") as caught:
            job.result(0.01)
        assert caught.value.task_id == job.task_id
        with pytest.raises(errors.HailuoError, match="no clip yet"):
            _ = job.clip
        limiter.open.set()
        assert job.result(SECONDS)


async def test_await_brings_the_clip_in_several_places_at_once():
    with session() as here:
        job = here.start(ask())
        clips = await asyncio.wait_for(asyncio.gather(*(_await(job) for _ in range(5))), SECONDS)
        assert clips == [job.clip] * 5
        assert await job is job.clip
        assert not job._observers._callbacks


async def _await(job):
    return await job


async def test_await_goes_in_ticks_so_that_an_interrupt_is_seen():
    with session() as here:
        limiter = gated(here, "/v1/query/")
        job = here.start(ask())
        woken = 0
        waiting = asyncio.ensure_future(_await(job))
        loop = asyncio.get_running_loop()

        def count(*_args):
            nonlocal woken
            woken += 1

        original = loop.call_later
        loop.call_later = lambda delay, *args, **kw: (count(), original(delay, *args, **kw))[1]
        try:
            await asyncio.sleep(0.35)
        finally:
            del loop.call_later
        assert woken >= 3
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not job.done
        limiter.open.set()
        assert await job


async def test_awaiting_a_job_that_failed_raises_its_error():
    with session(Fault("refused_input", "submit")) as here:
        job = here.start(ask())
        for _ in range(2):
            with pytest.raises(errors.ContentRefusedError):
                await job
        with pytest.raises(errors.ContentRefusedError):
            job.result(SECONDS)


# --- ends -----------------------------------------------------------------------------------------------------------

ENDS = [
    ("bad_key", "submit", JobState.REFUSED, errors.AuthenticationError, Charged.NO),
    ("no_balance", "submit", JobState.REFUSED, errors.BalanceError, Charged.NO),
    ("refused_input", "submit", JobState.REFUSED, errors.ContentRefusedError, Charged.NO),
    ("lost", "submit", JobState.UNCERTAIN, errors.UncertainError, Charged.UNKNOWN),
    ("http_502", "submit", JobState.UNCERTAIN, errors.UncertainError, Charged.UNKNOWN),
    ("html", "submit", JobState.UNCERTAIN, errors.UncertainError, Charged.UNKNOWN),
    ("fail_internal", "submit", JobState.FAILED, errors.VendorError, Charged.UNKNOWN),
    ("fail_output", "submit", JobState.FAILED, errors.ContentRefusedError, Charged.UNKNOWN),
    ("bad_key", "poll", JobState.ABANDONED, errors.AuthenticationError, None),
    ("wrong_size", "download", JobState.ABANDONED, errors.DownloadError, Charged.YES),
    ("html", "download", JobState.ABANDONED, errors.DownloadError, Charged.YES),
    ("expired", "download", JobState.ABANDONED, errors.DownloadError, Charged.YES),
]


@pytest.mark.parametrize(("fault", "at", "state", "kind", "charged"), ENDS)
def test_every_end_has_its_state_and_its_error(fault, at, state, kind, charged):
    with session(Fault(fault, at, times=99)) as here:
        job = here.start(ask())
        with pytest.raises(kind) as caught:
            job.result(SECONDS)
        error = caught.value
        assert (job.state, job.error) == (state, error)
        assert here.history(job)[-1] == state.value
        assert error.request == job.quote.request
        assert error.task_id == job.task_id
        assert (job.task_id is not None) == (state in {JobState.FAILED, JobState.ABANDONED})
        if charged:
            assert error.charged is charged
        row = here.library().journal.jobs()[0]
        assert row.error["message"] == error.message
        assert submits(here.simulator) == 1
        assert not list(here.library_folder.glob("clips/*"))
        assert error.message in repr(job)
        assert KEY not in repr(job) + repr(error) + repr(row)


@pytest.mark.parametrize("fault", ["rate_limited", "http_429"])
def test_not_now_is_waited_for_however_often_it_is_said(fault):
    with session(Fault(fault, "submit", times=20)) as here:
        notes = []
        limiter = gated(here, "/v1/video_generation")
        job = here.start(ask())
        job.observe(lambda each: notes.append((each.state.value, each.note)))
        limiter.open.set()
        assert job.result(SECONDS).path.is_file()
        assert (submits(here.simulator), here.simulator.billed["minimax"]) == (21, 1)
        assert ("planned", "the vendor is busy; waiting") in notes
        assert here.history(job)[:4] == ["submitting", "planned", "submitting", "planned"]
        assert job.note == ""


@pytest.mark.parametrize(
    ("fault", "at"), [("http_502", "poll"), ("cut", "poll"), ("drop", "file"), ("cut", "download")]
)
def test_what_stumbles_on_the_way_still_ends_in_a_clip(fault, at):
    with session(Fault(fault, at, times=3)) as here:
        assert here.start(ask()).result(SECONDS).path.is_file()
        assert here.simulator.billed["minimax"] == 1


def test_a_mistake_of_ours_ends_as_a_state():
    with session() as here:

        def broken(_name):
            raise KeyError("a mistake")

        here._connect = broken
        job = here.start(ask())
        with pytest.raises(errors.HailuoError, match="Internal error: KeyError"):
            job.result(SECONDS)
        assert job.state is JobState.REFUSED  # nothing had been sent


def test_a_mistake_after_the_task_was_bought_keeps_the_task(monkeypatch):
    with session() as here:
        monkeypatch.setattr("hailuo_widgets.engine.job_runner._note", lambda _state: 1 / 0)
        job = here.start(ask())
        with pytest.raises(errors.HailuoError, match="ZeroDivisionError"):
            job.result(SECONDS)
        assert job.state is JobState.ABANDONED
        assert here.library().journal.jobs()[0].task_id == job.task_id == next(iter(here.simulator.tasks))


def test_a_disk_that_fails_after_the_purchase_does_not_lose_the_task(monkeypatch):
    with session() as here:
        journal = here.library().journal
        move = journal.move

        def full(job_id, state, at, **details):
            if state == "queued":
                raise errors.LibraryError("The library's journal can't be written: the disk is full.")
            return move(job_id, state, at, **details)

        monkeypatch.setattr(journal, "move", full)
        job = here.start(ask())
        with pytest.raises(errors.LibraryError):
            job.result(SECONDS)
        assert job.state is JobState.ABANDONED
        assert job.task_id in here.simulator.tasks
        assert job.task_id in repr(job)


def test_an_unwritable_library_stops_it_before_anything_is_sent(tmp_path):
    (tmp_path / "taken").write_text("")
    with session() as here:
        here.settings.library = str(tmp_path / "taken")
        job = here.start(ask())
        with pytest.raises(errors.LibraryError):
            job.result(SECONDS)
        assert job.state is JobState.REFUSED
        assert not here.simulator.log
        here.settings.library = "hailuo_library"


# --- cancel ---------------------------------------------------------------------------------------------------------


def test_cancelled_before_it_begins_nothing_is_sent():
    with session() as here:
        blocked, go = threading.Event(), threading.Event()
        here.loop.call(lambda: (blocked.set(), go.wait(SECONDS)))
        assert blocked.wait(SECONDS)
        job = here.start(ask())
        job.cancel()
        go.set()
        with pytest.raises(errors.HailuoError, match="Cancelled"):
            job.result(SECONDS)
        assert job.state is JobState.CANCELLED
        assert not here.simulator.log


def test_cancelled_in_the_air_the_answer_is_still_written_down():
    with session() as here:
        limiter = gated(here, "/v1/video_generation")
        job = here.start(ask())
        assert limiter.reached.wait(SECONDS)
        job.cancel()
        job.cancel()
        limiter.open.set()
        with pytest.raises(errors.HailuoError, match="Detached"):
            job.result(SECONDS)
        assert job.task_id in here.simulator.tasks
        assert here.history(job) == ["submitting", "queued", "abandoned"]


def test_cancelled_while_the_vendor_works_we_stop_watching():
    with session() as here:
        limiter = gated(here, "/v1/query/")
        job = here.start(ask())
        assert limiter.reached.wait(SECONDS)
        job.cancel()
        limiter.open.set()
        with pytest.raises(errors.HailuoError, match="Detached") as caught:
            job.result(SECONDS)
        assert "may still finish" in caught.value.hint


@pytest.mark.parametrize(("fault", "at"), [("bad_key", "submit"), ("bad_key", "poll"), ("lost", "submit")])
def test_nothing_that_hangs_on_a_job_leads_to_the_key(fault, at):
    with session(Fault(fault, at, times=99), keys=None) as here:  # the simulator would know its keys
        job = here.start(ask())
        with pytest.raises(errors.VendorError) as caught:
            job.result(SECONDS)
        assert where(caught.value, KEY) is None
        assert where(job, KEY) is None
        assert where(here, KEY) is None


def test_cancelling_what_has_ended_changes_nothing():
    with session() as here:
        job = here.start(ask())
        clip = job.result(SECONDS)
        job.cancel()
        assert (job.state, job.result(0)) == ("stored", clip)


def test_a_kernel_that_ends_leaves_the_tasks_to_the_vendor():
    with session() as here:
        limiter = gated(here, "/v1/query/")
        job = here.start(ask())
        assert limiter.reached.wait(SECONDS)
        here.loop.stop()
        assert job.state is JobState.ABANDONED
        assert here.history(job)[-1] == "abandoned"
        assert here.library().journal.jobs("abandoned")[0].task_id == job.task_id
        assert not next(iter(here.simulator.tasks.values())).state.ended
        limiter.open.set()


def test_a_kernel_that_ends_while_it_pays_is_uncertain():
    with session() as here:
        limiter = gated(here, "/v1/video_generation")
        job = here.start(ask())
        assert limiter.reached.wait(SECONDS)
        here.loop.stop()
        assert job.state is JobState.UNCERTAIN
        assert here.history(job) == ["submitting", "uncertain"]
        limiter.open.set()


# --- once -----------------------------------------------------------------------------------------------------------


def test_ten_identical_at_once_are_one_job_and_one_bill():
    with session() as here:
        barrier = threading.Barrier(10)
        jobs: list[Job] = []

        def run():
            barrier.wait(SECONDS)
            jobs.append(here.start(ask()))

        threads = [threading.Thread(target=run) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        clips = {job.result(SECONDS).sha256 for job in jobs}
        assert (len(jobs), len(set(map(id, jobs))), len(clips)) == (10, 1, 1)
        assert (submits(here.simulator), here.simulator.billed["minimax"]) == (1, 1)


def test_the_same_again_comes_from_the_library_at_no_cost():
    with session() as here:
        first = here.start(ask())
        clip = first.result(SECONDS)
        again = here.start(ask())
        assert again.result(SECONDS) == clip
        assert (again.cached, first.cached, again.task_id) == (True, False, first.task_id)
        assert (submits(here.simulator), here.simulator.billed["minimax"]) == (1, 1)


def test_the_same_with_its_defaults_written_out_is_the_same():
    with session() as here:
        clip = here.start(ask()).result(SECONDS)
        again = here.start(ask(duration=6, resolution="768p", model="minimax-hailuo-2.3"))
        assert again.result(SECONDS) == clip


def test_a_library_that_lost_its_file_asks_again():
    with session() as here:
        here.start(ask()).result(SECONDS).path.unlink()
        again = here.start(ask())
        assert again.result(SECONDS).path.is_file()
        assert not again.cached
        assert submits(here.simulator) == 2


def test_a_fresh_one_is_another_replicate():
    with session() as here:
        here.start(ask()).result(SECONDS)
        fresh = [here.start(ask(), fresh=True) for _ in range(2)]
        assert sorted(job.result(SECONDS).replicate for job in fresh) == [1, 2]
        assert here.start(ask()).result(SECONDS).replicate == 0
        assert submits(here.simulator) == 3


def test_another_prompt_is_another_job():
    with session() as here:
        jobs = [here.start(ask(f"{PROMPT} {number}")) for number in range(3)]
        assert len({job.result(SECONDS).id for job in jobs}) == 3
        assert submits(here.simulator) == 3


def test_after_a_failure_the_cell_can_be_run_again():
    with session(Fault("refused_input", "submit")) as here:
        with pytest.raises(errors.ContentRefusedError):
            here.start(ask()).result(SECONDS)
        assert here.start(ask()).result(SECONDS)


def test_a_job_stays_in_the_library_that_it_began_in(tmp_path):
    with session() as here:
        first = here.library_folder
        limiter = gated(here, "/v1/query/")
        job = here.start(ask())
        assert limiter.reached.wait(SECONDS)
        here.settings.set("library", str(tmp_path / "other"))
        limiter.open.set()
        assert job.result(SECONDS).path.is_relative_to(first)
        assert here.library().journal.jobs() == []


def test_how_long_it_will_take_is_known_from_the_last_time():
    with session() as here:
        first = here.start(ask())
        first.result(SECONDS)
        second = here.start(ask(f"{PROMPT}!"))
        second.result(SECONDS)
        assert first.expected is None
        assert 20 <= second.expected <= 60  # 23 s by the simulator's clock, asked for every few seconds


def test_an_interrupted_wait_is_one_line_in_a_notebook(monkeypatch):
    from hailuo_widgets.engine.job import WaitInterrupted
    from support.shell import run, shell

    with session() as here:
        job = here.start(ask())

        def interrupt(_seconds: float) -> bool:
            raise KeyboardInterrupt

        monkeypatch.setattr(job._done, "wait", interrupt)
        with shell() as notebook:
            notebook.user_ns["job"] = job
            shown = []
            monkeypatch.setattr(notebook, "_showtraceback", lambda _kind, _value, lines: shown.extend(lines))
            with pytest.raises(WaitInterrupted):
                run(notebook, "job.result()")
    assert len(shown) == 1
    assert "the job continues" in shown[0]
