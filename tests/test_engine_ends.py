"""Rare turns of a job's walk, each of which once left it without an end, or the next one without a turn."""

from __future__ import annotations

import asyncio
import sqlite3
import threading

import pytest

from hailuo_widgets.engine.budget import Budget
from hailuo_widgets.engine.job import Job, new_id
from hailuo_widgets.engine.job_group import JobGroup
from hailuo_widgets.engine.records import Records
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.engine.vendor_queue import VendorQueue
from hailuo_widgets.errors import RateLimitError
from hailuo_widgets.simulator import Timing
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.store import lease, owner
from support.session import session
from support.vendor import PROMPT, submits
from support.waiting import wait_until

SECONDS = 60
NEVER = Timing(1e9, 1e9, 20)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def jobs(here, count):
    orders = [quote(VideoRequest.of(prompt=f"{PROMPT} {number}"), "minimax") for number in range(count)]
    return [Job(new_id(here.clock.now()), order) for order in orders]


def left_by_another(here, order, holder):
    """A task at the vendor, in the journal as another kernel's."""

    async def buy():
        return (await here._connect("minimax").submit(order.written)).task.id

    journal, task_id = here.library().journal, here.loop.post(buy()).result(SECONDS)
    journal.open_job("old", order, 0, "", here.clock.now(), owner=holder)
    journal.move("old", "queued", here.clock.now(), task_id=task_id)


def test_a_refusal_beside_a_turn_that_is_given_back_leaves_the_lane_open(monkeypatch):
    with session() as here:
        first, second = jobs(here, 2)
        client, records = here._connect("minimax"), here._record_keeper()
        submit, refused = client.submit, asyncio.Event()

        async def claim(job, budget):
            claimed = await Records.claim(records, job, budget)
            if job is second:
                await refused.wait()
                job.cancel()
                await asyncio.sleep(SECONDS)  # the cancellation comes here
            return claimed

        async def slow_down(order, **options):
            client.submit = submit
            asyncio.get_running_loop().call_later(0, refused.set)
            raise RateLimitError("slow down", http_status=429)

        records.claim, client.submit = claim, slow_down
        here.launch([first, second], JobGroup())
        assert second.wait(SECONDS)
        assert first.result(SECONDS)
        assert here.start(VideoRequest.of(prompt="another")).result(SECONDS)


def test_a_session_that_ends_while_it_looks_into_the_library_buys_nothing_more():
    with session() as here:
        asked, go_on = threading.Event(), threading.Event()
        records = here._record_keeper()
        open_library = records._open

        def opening():
            asked.set()
            assert go_on.wait(SECONDS)
            return open_library()

        records._open = opening
        many = jobs(here, 4)
        here.launch(many, JobGroup())
        assert asked.wait(SECONDS)
        loop, ending = here.loop.loop, threading.Thread(target=here.loop.stop)
        ending.start()
        heard = threading.Event()
        wait_until(lambda: _stopping(loop, heard), SECONDS, lambda: "the loop was not told to stop")
        go_on.set()
        assert [job.wait(SECONDS) for job in many] == [True] * 4
        assert submits(here.simulator) == 0
        assert [job.state for job in many] == [JobState.CANCELLED] * 4


def _stopping(loop, heard):
    loop.call_soon_threadsafe(lambda: heard.set() if any(task.cancelling() for task in asyncio.all_tasks(loop)) else 0)
    return heard.wait(0.05)


@pytest.mark.parametrize("times", [1, 2])
def test_a_job_ends_however_often_it_is_cancelled_and_whatever_the_vendor_makes_of_it(times):
    with session(timing=NEVER) as here:
        client, begun, go_on = here._connect("minimax"), threading.Event(), asyncio.Event()

        async def cancel(_task):
            begun.set()
            await go_on.wait()
            raise RuntimeError("a provider that breaks")

        client.cancel, client.can_cancel = cancel, lambda _task: True
        job = here.start(VideoRequest.of(prompt=PROMPT))
        wait_until(lambda: job.task_id, SECONDS, lambda: repr(job))
        for _ in range(times):
            job.cancel()
            assert begun.wait(SECONDS)
        here.loop.loop.call_soon_threadsafe(go_on.set)
        assert job.wait(SECONDS)
        assert job.state is JobState.ABANDONED
        assert "a provider that breaks" in job.error.message


@pytest.mark.parametrize("alive", [True, False])
def test_a_cancellation_during_the_claim_of_what_another_kernel_sent_is_heeded(alive):
    with session(timing=NEVER) as here:
        (job,) = jobs(here, 1)
        left_by_another(here, job.quote, owner.new() if alive else "x-1-1-1")
        here.clock.time += 0 if alive else 2 * lease.SKEW
        records = here._record_keeper()

        async def claim(each, budget):
            each.cancel()
            return await Records.claim(records, each, budget)

        records.claim = claim
        here.launch([job], JobGroup())
        assert job.wait(SECONDS)
        assert job.state is (JobState.CANCELLED if alive else JobState.ABANDONED)
        assert submits(here.simulator) == 1


def test_what_was_taken_up_again_keeps_its_lease():
    with session(timing=NEVER) as here:
        (job,) = jobs(here, 1)
        left_by_another(here, job.quote, "x-1-1-1")
        here.clock.time += 2 * lease.SKEW
        (resumed,) = here.resume()
        records = here._record_keeper()
        wait_until(lambda: list(records._held) == ["old"], SECONDS, lambda: repr(resumed))
        assert not records._renewing.done()


def test_the_lease_of_a_job_that_comes_as_another_ends_is_renewed():
    with session() as here:
        records = here._record_keeper()
        first, second = jobs(here, 2)

        async def change():
            records.hold(first, first.id)
            await asyncio.sleep(0)
            records.release(first)
            records.hold(second, second.id)
            for _ in range(3):
                await asyncio.sleep(0)
            renewing = not records._renewing.done()
            records.release(second)
            return renewing

        assert here.loop.post(change()).result(SECONDS)


def test_a_job_that_no_release_like_this_can_read_does_not_keep_the_others_from_being_taken_up(caplog):
    with session(timing=NEVER) as here:
        journal = here.library().journal
        for number, job in enumerate(jobs(here, 2)):
            journal.open_job(f"job-{number}", job.quote, 0, "", here.clock.now() + number)
            journal.move(f"job-{number}", "queued", here.clock.now(), task_id=f"task-{number}")
        with sqlite3.connect(here.library_folder / "library.sqlite") as connection:
            connection.execute(
                "UPDATE requests SET written = json_set(written, '$.of_tomorrow', 1) "
                "WHERE digest = (SELECT digest FROM jobs WHERE id = 'job-0')"
            )
        connection.close()
        assert [job.id for job in here.resume()] == ["job-1"]
        assert "job-0" in caplog.text


def test_a_clip_that_has_come_is_stored_although_its_job_is_cancelled_before_anybody_looked_into_it():
    with session() as here:
        here._record_keeper()._looks = looks = asyncio.Semaphore(0)
        job = here.start(VideoRequest.of(prompt=PROMPT))
        wait_until(here.library().clip_path(job.id).is_file, SECONDS, lambda: repr(job))
        job.cancel()
        here.loop.loop.call_soon_threadsafe(looks.release)
        assert job.result(SECONDS).path.is_file()
        assert here.history(job)[-1] == "stored"


def test_two_requests_that_the_vendor_answers_with_one_task_both_end():
    with session() as here:
        client = here._connect("minimax")
        submit, taken = client.submit, []

        async def one_task(order, before, **options):
            await before()
            if not taken:
                taken.append(asyncio.ensure_future(submit(order, **options)))
            return await asyncio.shield(taken[0])

        client.submit = one_task
        both = jobs(here, 2)
        here.launch(both, JobGroup())
        assert [job.wait(SECONDS) for job in both] == [True, True]
        assert [job.state for job in both] == [JobState.STORED] * 2


def test_nobody_looks_again_and_again_while_a_budget_waits(monkeypatch):
    with session(timing=NEVER) as here:
        both = jobs(here, 2)
        price = both[0].quote.price
        pumped = []
        pump = VendorQueue.pump
        monkeypatch.setattr(VendorQueue, "pump", lambda vendor_queue: (pumped.append(1), pump(vendor_queue)))
        here.launch(both, JobGroup("", Budget(price.amount * 15 / 10, price.currency)))
        wait_until(lambda: any("budget" in job.note for job in both), SECONDS, lambda: repr(both))
        wait_until(lambda: any(job.task_id for job in both), SECONDS, lambda: repr(both))
        vendor_queue = next(iter(here._scheduler._queues.values()))
        assert here.loop.post(_timer(vendor_queue)).result(SECONDS) is None


async def _timer(vendor_queue):
    vendor_queue.pump()
    return None if vendor_queue._timer is None or vendor_queue._timer.done() else vendor_queue._timer_at
