"""Many jobs at one vendor on a clock that jumps: in turn, within limits and budgets, asked for when it pays to."""

from __future__ import annotations

import asyncio
import random
import statistics
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hailuo_widgets.engine.budget import Budget
from hailuo_widgets.engine.job import Job
from hailuo_widgets.engine.job_group import JobGroup
from hailuo_widgets.engine.limits import Limits
from hailuo_widgets.engine.records import Records
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import InvalidRequestError, LibraryError, NotFoundError, VendorFaultError
from hailuo_widgets.simulator import Fault, Faults, Timing
from hailuo_widgets.simulator.limits import Limit
from support.many import PROMPT, Varied, world
from support.simulation import simulate

if TYPE_CHECKING:
    from pathlib import Path

PRICE = Decimal("0.28")


def fleet(here, count: int, name: str = "fox", **fields) -> list[Job]:
    return [here.job(f"{PROMPT}, {name} {number}", **fields) for number in range(count)]


def states(jobs: list[Job]) -> Counter[str]:
    return Counter(job.state.value for job in jobs)


async def until(check) -> None:
    async with asyncio.timeout(10_000):
        while not check():  # noqa: ASYNC110 - on this clock it costs nothing
            await asyncio.sleep(0.25)


# --- limits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "limit", "least"),
    [
        ("acedata", Limit(in_flight=5), 40 * 60 / 5),
        ("ppio", Limit(per_minute=10, retry_after=True), 3 * 60 + 45),
        ("ppio", Limit(per_minute=10), 3 * 60 + 45),
        ("minimax", Limit(per_minute=20, submits_only=False), 5 * 60),
        ("modelverse", Limit(per_minute=20, in_flight=5), 40 * 60 / 5),
    ],
)
def test_all_get_through_limits_that_nobody_knows(provider, limit, least):
    async def main():
        async with world(provider, limits={provider: limit}) as here:
            jobs = fleet(here, 40)
            begun = here.clock.now()
            await here.run(jobs)
            assert states(jobs) == {"stored": 40}
            assert len(here.sim.tasks) == 40
            assert here.refused <= 15
            assert here.clock.now() - begun < least * 1.3 + 60

    simulate(main())


def test_limits_that_are_known_are_kept_without_a_single_refusal():
    async def main():
        limits = {"acedata": Limit(per_minute=6, in_flight=4)}
        async with world("acedata", limits=limits, known=lambda _row: Limits(6, 4)) as here:
            jobs = fleet(here, 20)
            await here.run(jobs)
            assert (states(jobs), here.refused) == ({"stored": 20}, 0)

    simulate(main())


def test_limits_hold_across_groups_which_take_turns():
    async def main():
        async with world("acedata", known=lambda _row: Limits(tasks_in_flight=2)) as here:
            order: list[str] = []
            large, small = fleet(here, 8, "large"), fleet(here, 3, "small")
            for job in (*large, *small):
                job.observe(lambda each: order.append(each.quote.written.prompt) if each.task_id else None)
            await asyncio.gather(here.run(large, JobGroup("large")), here.run(small, JobGroup("small")))
            names = [prompt.split(", ")[1] for prompt in dict.fromkeys(order)]
            assert [name for name in names if "large" in name] == [f"large {n}" for n in range(8)]
            assert [name for name in names if "small" in name] == [f"small {n}" for n in range(3)]
            assert sum("small" in name for name in names[:7]) == 3
            assert states([*large, *small]) == {"stored": 11}

    simulate(main())


def test_clips_come_while_others_still_wait_where_every_request_counts():
    async def main():
        async with world("ppio", limits={"ppio": Limit(10, submits_only=False)}) as here:
            jobs = fleet(here, 40)
            await here.run(jobs)
            assert states(jobs) == {"stored": 40}
            first = min(here.known.values())
            last_submit = max(task.created for task in here.sim.tasks.values())
            assert sum(at < last_submit for at in here.known.values()) > 20
            assert first < last_submit - 200

    simulate(main())


def test_a_limit_can_be_set_while_jobs_wait():
    async def main():
        known = [Limits(tasks_in_flight=1)]
        async with world("acedata", known=lambda _row: known[0]) as here:
            jobs = fleet(here, 6)
            running = asyncio.ensure_future(here.run(jobs))
            await until(lambda: len(here.sim.tasks) == 2)
            known[0] = Limits(tasks_in_flight=4)
            await here.run([here.job("one more")])
            await running
            vendor_queue = here.vendor_queue
            assert vendor_queue.limiter.limits == known[0]
            ends = sorted(here.known.values())
            assert ends[-1] - ends[1] < 4 * 75

    simulate(main())


def test_why_a_job_waits_is_said():
    async def main():
        async with world("acedata", known=lambda _row: Limits(tasks_in_flight=1)) as here:
            group = JobGroup("foxes", Budget(Decimal(1), "USD"))
            jobs, notes = fleet(here, 3), Counter[str]()
            jobs[2].observe(lambda job: notes.update([job.note]))
            running = asyncio.ensure_future(here.run(jobs))
            await until(lambda: jobs[0].task_id)
            assert jobs[2].note == "waits for its turn"
            assert (jobs[2].state, here.library.journal.job(jobs[2].id)) == ("planned", None)
            await running
            assert notes["waits for its turn"] == 1
            assert jobs[2].note == ""
            assert group.halted == {}

    simulate(main())


# --- “not now” ------------------------------------------------------------------------------------------------------


def test_a_kernel_that_dies_while_a_refused_job_waits_has_not_paid_for_it():
    async def main():
        async with world("acedata", limits={"acedata": Limit(in_flight=1)}) as here:
            first, second = fleet(here, 2)
            running = asyncio.ensure_future(here.run([first, second]))
            await until(lambda: here.refused and second.state == "planned")
            journal = here.library.journal
            row = journal.job(second.id)
            assert (row.state, row.error) == ("planned", None)
            assert journal.history(second.id)[-2:][0][0] == "submitting"
            assert second.id not in {each.id for each in journal.open_jobs()}
            # What another kernel would find: it may send the request itself, and this one then leaves it alone.
            other = Records(lambda: here.library, here.clock)
            theirs = here.job(second.quote.written.prompt)
            assert (await other.claim(theirs)).kind == "new"
            await until(lambda: second.note == "another kernel is making it")
            other.release(theirs)
            await other.move(theirs, JobState.CANCELLED)
            await running
            assert states([first, second]) == {"stored": 2}
            assert len(here.sim.tasks) == 2
            assert [state for state, _ in journal.history(second.id)][-1] == "stored"
            other.close()

    simulate(main())


def test_a_job_that_waits_after_a_refusal_keeps_its_place_and_can_be_cancelled():
    async def main():
        async with world("acedata", limits={"acedata": Limit(in_flight=1)}) as here:
            jobs = fleet(here, 3)
            running = asyncio.ensure_future(here.run(jobs))
            await until(lambda: jobs[1].state == "planned" and here.refused)
            jobs[1].cancel()
            await running
            assert [job.state.value for job in jobs] == ["stored", "cancelled", "stored"]
            refused = [job for job in jobs if "planned" in dict(here.library.journal.history(job.id))]
            assert refused
            if jobs[1] in refused:
                assert here.library.journal.job(jobs[1].id).state == "cancelled"

    simulate(main())


def test_a_vendor_that_can_not_be_reached_ends_the_jobs_and_nothing_was_sent():
    async def main():
        async with world("acedata") as here:
            client = here.dispatcher._connect("acedata")

            async def nobody(_request):
                import httpx

                raise httpx.ConnectError("no route")

            client._transport._inner.handle_async_request = nobody
            jobs = fleet(here, 3)
            await here.run(jobs)
            assert states(jobs) == {"refused": 3}
            assert {job.error.kind for job in jobs} == {"network"}
            assert not here.sim.log

    simulate(main())


# --- money ----------------------------------------------------------------------------------------------------------


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), cents=st.integers(0, 300), limit=st.sampled_from([None, 2, 5]))
def test_a_budget_is_never_exceeded_whatever_happens(seed, cents, limit):
    chance = random.Random(seed)
    kinds = {"fail_output", "fail_internal", "refused_input", "http_429", "http_502", "lost", "no_balance"}

    async def main():
        faults = Faults.random(seed, 0.3, kinds)
        limits = {} if limit is None else {"minimax": Limit(in_flight=limit)}
        async with world("minimax", faults=faults, limits=limits, timing=Varied(5, 60, seed)) as here:
            budget = Budget(Decimal(cents) / 100, "USD")
            group = JobGroup("foxes", budget)
            jobs = fleet(here, 12)

            def check(_job: Job) -> None:
                assert budget.spent + budget.reserved <= budget.amount
                taken = here.sim.billed["minimax"] * PRICE
                assert taken <= budget.spent + budget.reserved

            for job in jobs:
                job.observe(check)
            running = asyncio.ensure_future(here.run(jobs, group))
            while not running.done():
                await asyncio.sleep(chance.uniform(0, 20))
                chance.choice((group.pause, group.go_on, chance.choice(jobs).cancel, group.go_on))()
                if chance.random() < 0.9:
                    group.go_on()
            await running
            assert all(job.done for job in jobs)
            assert budget.reserved == 0
            assert here.sim.billed["minimax"] * PRICE <= budget.spent <= budget.amount

    simulate(main())


# --- questions ------------------------------------------------------------------------------------------------------


def learned(provider: str, folder: Path) -> None:
    """An earlier kernel watches fifty such tasks."""

    async def main():
        async with world(provider, folder=folder, timing=Varied(seed=1)) as here:
            await here.run(fleet(here, 50, "earlier"))

    simulate(main())


@pytest.mark.parametrize(
    ("provider", "late", "requests"), [("acedata", 0.3, 6), ("ppio", 0.5, 8), ("modelverse", 0.8, 19)]
)
def test_with_a_history_it_is_soon_known_that_a_task_is_done(provider, late, requests, tmp_path):
    learned(provider, tmp_path / "library")

    async def main():
        async with world(provider, folder=tmp_path / "library", timing=Varied(seed=2)) as here:
            jobs = fleet(here, 20)
            await here.run(jobs)
            assert statistics.median(here.noticed()) <= late
            assert sum(here.requests.values()) <= requests * 20
            assert all(45 < job.expected < 75 for job in jobs)

    simulate(main())


@pytest.mark.parametrize("provider", ["acedata", "ppio", "modelverse"])
def test_without_a_history_the_first_tasks_tell_of_the_others(provider):
    async def main():
        async with world(provider) as here:
            await here.run(fleet(here, 20))
            assert statistics.median(here.noticed()) <= 1.2
            assert sum(here.requests.values()) <= 25 * 20

    simulate(main())


def test_one_question_asks_for_many():
    async def main():
        async with world("acedata", timing=Timing(0, 0, 10)) as here:
            await here.run(fleet(here, 50))
            assert here.requests["poll"] < 80

    simulate(main())


@pytest.mark.parametrize("provider", ["acedata", "modelverse", "minimax"])
@pytest.mark.parametrize("kind", ["http_502", "html", "cut", "drop", "rate_limited", "wrong_types"])
def test_questions_that_fail_end_nothing(provider, kind):
    async def main():
        async with world(provider, faults=Faults([Fault(kind, "poll", times=12)]), timing=Timing(0, 0, 20)) as here:
            jobs = fleet(here, 4)
            await here.run(jobs)
            assert states(jobs) == {"stored": 4}

    simulate(main())


@pytest.mark.parametrize("provider", ["acedata", "modelverse"])
def test_a_key_that_is_refused_ends_the_watching(provider):
    async def main():
        async with world(provider, faults=Faults([Fault("bad_key", "poll", times=99)])) as here:
            jobs = fleet(here, 3)
            await here.run(jobs)
            assert states(jobs) == {"abandoned": 3}
            assert {job.error.kind for job in jobs} == {"authentication"}

    simulate(main())


@pytest.mark.parametrize("provider", ["acedata", "modelverse"])
def test_a_task_that_the_vendor_forgot_ends_alone(provider, monkeypatch):
    monkeypatch.setattr("hailuo_widgets.engine.poller.RETENTION_SECONDS", 1200.0)

    async def main():
        async with world(provider) as here:
            jobs = fleet(here, 3)
            running = asyncio.ensure_future(here.run(jobs))
            await until(lambda: all(job.task_id for job in jobs))
            del here.sim.tasks[jobs[1].task_id]
            await running
            assert [job.state.value for job in jobs] == ["stored", "abandoned", "stored"]
            assert jobs[1].error.kind == "not_found"

    simulate(main())


def test_one_task_that_spoils_the_question_for_all_is_found():
    async def main():
        async with world("acedata", timing=Timing(0, 0, 20)) as here:
            client = here.dispatcher._connect("acedata")
            ask, jobs = client.status_many, fleet(here, 5)

            async def spoilt(tasks, **options):
                if any(task.id == jobs[3].task_id for task in tasks):
                    raise InvalidRequestError("One of these ids is none.")
                return await ask(tasks, **options)

            client.status_many = spoilt
            await here.run(jobs)
            assert states(jobs) == {"stored": 5}

    simulate(main())


@pytest.mark.parametrize("many", [1, 3])
@pytest.mark.parametrize(
    "refusal",
    [
        NotFoundError("no route matched", http_status=404),
        InvalidRequestError("method not allowed", http_status=405),
        VendorFaultError("The vendor's answer lists no tasks.", http_status=200),
        VendorFaultError("bad gateway", http_status=502),
    ],
    ids=["404", "405", "200", "502"],
)
def test_where_a_gateway_does_not_know_the_question_for_many_each_task_is_asked_for_by_itself(refusal, many):
    async def main():
        async with world("acedata", timing=Timing(0, 0, 20)) as here:
            client = here.dispatcher._connect("acedata")

            async def unknown(_tasks, **_options):
                raise refusal

            client.status_many = unknown
            jobs = fleet(here, many)
            await here.run(jobs)
            assert states(jobs) == {"stored": many}

    simulate(main())


def test_a_provider_that_breaks_ends_as_a_state():
    async def main():
        async with world("acedata") as here:
            client = here.dispatcher._connect("acedata")

            async def broken(_tasks, **_options):
                raise KeyError("a mistake")

            client.status_many = broken
            jobs = fleet(here, 2)
            await here.run(jobs)
            assert states(jobs) == {"abandoned": 2}
            assert "KeyError" in jobs[0].error.message

    simulate(main())


def test_tasks_that_are_taken_up_are_asked_for_at_once_and_teach_nothing():
    async def main():
        async with world("acedata") as here:
            jobs = fleet(here, 3)
            running = asyncio.ensure_future(here.run(jobs))
            await until(lambda: all(job.task_id for job in jobs))
            for job in jobs:
                job.cancel()
            await running
            await asyncio.sleep(4000)
            again = [Job(job.id, job.quote) for job in jobs]
            for job, before in zip(again, jobs, strict=True):
                job.task_id, job.created = before.task_id, here.clock.now() - 4000
            begun = here.clock.now()
            await here.run(again)
            assert states(again) == {"stored": 3}
            assert here.clock.now() - begun < 5
            assert here.library.journal.recent_seconds("acedata", again[0].quote.request) == []

    simulate(main())


def test_an_answer_in_two_steps_waits_for_room_between_them():
    async def main():
        async with world("minimax", limits={"minimax": Limit(3, submits_only=False)}) as here:
            jobs = fleet(here, 4)
            await here.run(jobs)
            assert states(jobs) == {"stored": 4}
            assert here.requests["file"] <= 8

    simulate(main())


# --- what is left behind --------------------------------------------------------------------------------------------


def test_a_job_that_is_cancelled_in_its_turn_takes_nobody_elses():
    async def main():
        async with world("acedata", known=lambda _row: Limits(tasks_in_flight=1)) as here:
            jobs, loop = fleet(here, 4), asyncio.get_running_loop()
            running = asyncio.ensure_future(here.run(jobs))
            await until(lambda: jobs[0].task_id)
            vendor_queue = here.vendor_queue
            vendor_queue.limiter.limits = Limits(tasks_in_flight=2)
            jobs[1].cancel()
            loop.call_soon(vendor_queue.pump)  # while its cancellation is on its way
            await running
            assert [job.state.value for job in jobs] == ["stored", "cancelled", "stored", "stored"]
            assert (vendor_queue.limiter._submitting, vendor_queue.limiter._flying) == (0, 0)

    simulate(main())


def test_what_breaks_off_is_counted_as_under_way_for_a_while_only():
    async def main():
        async with world("acedata") as here:
            jobs = fleet(here, 3)
            move = here.library.journal.move

            def full(job_id, state, *args, **options):
                if state == "queued" and job_id == jobs[0].id:
                    raise LibraryError("The disk is full.")
                return move(job_id, state, *args, **options)

            here.library.journal.move = full
            running = asyncio.ensure_future(here.run(jobs))
            await until(lambda: jobs[0].done and jobs[1].task_id)
            jobs[1].cancel()
            await running
            vendor_queue = here.vendor_queue
            assert [job.state.value for job in jobs] == ["abandoned", "abandoned", "stored"]
            assert vendor_queue.limiter._flying == 2
            await asyncio.sleep(200)
            assert vendor_queue.limiter.submit_wait(here.clock.now()) == 0
            assert vendor_queue.limiter._flying == 0

    simulate(main())


def test_a_task_that_was_cancelled_at_the_vendor_makes_room_at_once():
    async def main():
        async with world("minimax", known=lambda _row: Limits(tasks_in_flight=1)) as here:
            jobs = fleet(here, 2, model="MiniMax-H3", ratio="16:9")
            running = asyncio.ensure_future(here.run(jobs))
            await until(lambda: jobs[0].task_id)
            jobs[0].cancel()
            await until(lambda: jobs[0].done)
            await until(lambda: jobs[1].task_id)
            cancelled = jobs[0].state == "cancelled"
            vendor_queue = here.vendor_queue
            assert vendor_queue.limiter._flying == 1
            await running
            assert (cancelled, jobs[1].state) == (True, "stored")

    simulate(main())
