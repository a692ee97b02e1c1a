"""Budgets that are never exceeded, groups that pause and stop at a row of failures."""

from __future__ import annotations

import threading
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_widgets import errors
from hailuo_widgets.engine.budget import Budget
from hailuo_widgets.engine.forecast import seconds
from hailuo_widgets.engine.job import Job, new_id
from hailuo_widgets.engine.job_group import FAILURES_IN_A_ROW, JobGroup
from hailuo_widgets.engine.limits import Limits
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.simulator import Fault
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.sweeps.definition import Definition
from hailuo_widgets.views.describe import status_of
from support.session import session
from support.vendor import PROMPT, submits
from support.waiting import wait_until

SECONDS = 60


def ordered(here, prompt: str, provider: str = "minimax", replicate: int = 0, **fields) -> Job:
    order = quote(VideoRequest.of(prompt=prompt, **fields), provider)
    return Job(new_id(here.clock.now()), order, replicate=replicate)


def several(here, count: int, **fields) -> list[Job]:
    return [ordered(here, f"{PROMPT} {number}", **fields) for number in range(count)]


def ended(jobs: list[Job]) -> list[str]:
    for job in jobs:
        wait_until(lambda job=job: job.done, SECONDS, lambda job=job: repr(job))
    return [job.state.value for job in jobs]


# --- money ----------------------------------------------------------------------------------------------------------


@given(
    amount=st.decimals(0, 20, places=2),
    steps=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["reserve", True, False, None]), st.decimals(0, 9))),
)
def test_a_budget_is_never_exceeded(amount, steps):
    budget = Budget(amount, "USD")
    for number, step, price in steps:
        if step == "reserve":
            before = budget.left
            reserved = budget.reserve(str(number), price)
            assert reserved or price > before
        else:
            budget.settle(str(number), step)
        assert budget.spent + budget.reserved <= budget.amount
        assert budget.left == budget.amount - budget.spent - budget.reserved
        assert budget.left >= 0


def test_a_budget_holds_under_threads():
    budget, won = Budget(Decimal("1.00"), "USD"), []
    barrier = threading.Barrier(8)

    def reserve(thread: int) -> None:
        barrier.wait(SECONDS)
        won.extend(number for number in range(50) if budget.reserve(f"{thread}-{number}", Decimal("0.07")))

    threads = [threading.Thread(target=reserve, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 14
    assert budget.left == Decimal("0.02")


def test_what_a_budget_is_not():
    for amount in (Decimal(-1), Decimal("NaN"), Decimal("Infinity")):
        with pytest.raises(ValueError, match="amount of money"):
            Budget(amount, "USD")


def test_what_the_budget_can_not_pay_is_refused_and_nothing_more_is_sent():
    with session() as here:
        group = JobGroup("foxes", Budget(Decimal("1.00"), "USD"))
        jobs = several(here, 6)  # $0.28 each
        here.launch(jobs, group)
        assert ended(jobs) == ["stored"] * 3 + ["refused"] * 3
        assert submits(here.simulator) == 3
        assert (group.budget.spent, group.budget.reserved) == (Decimal("0.84"), 0)
        with pytest.raises(errors.RefusedError, match=r"\$0\.28, and \$0\.16 of the budget of \$1\.00 is left"):
            jobs[-1].result(0)
        assert here.history(jobs[-1]) == []
        assert group.halted == {}


def test_what_was_not_charged_is_there_for_the_next():
    with session(Fault("refused_input", "submit", times=2)) as here:
        group = JobGroup(budget=Budget(Decimal("0.30"), "USD"))
        jobs = several(here, 4)
        here.launch(jobs, group)
        assert sorted(ended(jobs)) == ["refused", "refused", "refused", "stored"]
        assert (submits(here.simulator), group.budget.spent) == (3, Decimal("0.28"))


@pytest.mark.parametrize("fault", ["lost", "fail_internal"])
def test_what_may_have_been_charged_counts_as_spent(fault):
    with session(Fault(fault, "submit")) as here:
        group = JobGroup(budget=Budget(Decimal("0.30"), "USD"))
        jobs = several(here, 2)
        here.launch(jobs, group)
        assert ended(jobs)[1] == "refused"
        assert (submits(here.simulator), group.budget.spent) == (1, Decimal("0.28"))


def test_a_budget_holds_no_unpublished_price_and_no_other_currency():
    with session() as here:
        here.settings.give_key("evolink", "another-key", "a test")
        group = JobGroup(budget=Budget(Decimal(9), "CNY"))
        jobs = [ordered(here, PROMPT), ordered(here, PROMPT, "evolink"), ordered(here, PROMPT, "sketch")]
        here.launch(jobs[:2], group)
        assert ended(jobs[:2]) == ["refused", "refused"]
        assert "priced in USD" in jobs[0].error.message
        assert "publishes no price" in jobs[1].error.message
        assert not here.simulator.log


def test_what_is_in_the_library_costs_the_budget_nothing():
    with session() as here:
        here.settings.set("provider", "minimax")
        first = Definition.of_python(PROMPT, {})
        assert here.plan(first).run().result(SECONDS)
        again = here.plan(Definition.of_python(PROMPT, {"prompt_optimizer": [True, False]}), budget="0.01 USD")
        assert len(again.run().result(SECONDS)) == 1
        assert (again.budget.spent, again.budget.reserved) == (0, 0)


# --- pause, halt ----------------------------------------------------------------------------------------------------


def test_nothing_is_sent_while_a_group_is_paused():
    with session() as here:
        group, told = JobGroup("foxes"), []
        group.observe(lambda each: told.append(each.paused))
        group.pause()
        jobs = several(here, 3)
        here.launch(jobs, group)
        wait_until(lambda: all(job.note == "paused" for job in jobs), SECONDS, lambda: repr(jobs))
        alone = here.start(VideoRequest.of(prompt="Another fox"))
        assert alone.result(SECONDS)
        assert [job.state for job in jobs] == [JobState.PLANNED] * 3
        assert submits(here.simulator) == 1
        group.go_on()
        assert ended(jobs) == ["stored"] * 3
        assert told == [True, False]
        assert "foxes" in repr(group)


def test_ten_failures_alike_halt_the_provider_until_a_person_goes_on():
    with session(Fault("no_balance", "submit", times=FAILURES_IN_A_ROW)) as here:
        here.settings.set("minimax_requests_per_minute", 1)  # one by one
        group = JobGroup("foxes")
        jobs = several(here, FAILURES_IN_A_ROW + 5)
        here.launch(jobs, group)
        assert ended(jobs[:FAILURES_IN_A_ROW]) == ["refused"] * FAILURES_IN_A_ROW
        wait_until(lambda: jobs[-1].note.startswith("minimax is halted"), SECONDS, lambda: repr(jobs))
        assert "10 in a row failed the same way" in group.halted["minimax"]
        assert "minimax halted" in repr(group)
        assert FAILURES_IN_A_ROW <= submits(here.simulator) < len(jobs)  # one or two may have been on their way
        assert jobs[-1].state is JobState.PLANNED
        group.go_on()
        assert ended(jobs[FAILURES_IN_A_ROW:]) == ["stored"] * 5
        assert group.halted == {}


def test_one_that_comes_through_ends_the_row_and_lift_ends_the_halt():
    group = JobGroup()
    order = quote(VideoRequest.of(prompt=PROMPT), "minimax")

    def end(state: JobState, error: errors.HailuoError | None = None, clip: object = None) -> None:
        job = Job("x", order)
        job.move(state, error=error, clip=clip)
        group.ended(job)

    for _ in range(2):
        for _ in range(FAILURES_IN_A_ROW - 1):
            end(JobState.REFUSED, errors.BalanceError("No money."))
        end(JobState.STORED)
    for _ in range(FAILURES_IN_A_ROW - 1):
        end(JobState.REFUSED, errors.BalanceError("No money."))
    end(JobState.FAILED, errors.ContentRefusedError("Not this."))
    end(JobState.CANCELLED)
    assert group.halted == {}
    for _ in range(FAILURES_IN_A_ROW):
        end(JobState.REFUSED, errors.BalanceError("No money."))
    assert list(group.halted) == ["minimax"]
    group.lift("minimax")
    assert group.halted == {}


def test_cancelled_while_it_waits_it_was_never_anywhere():
    with session() as here:
        group = JobGroup()
        group.pause()
        jobs = several(here, 2)
        here.launch(jobs, group)
        wait_until(lambda: jobs[1].note == "paused", SECONDS, lambda: repr(jobs))
        jobs[0].cancel()
        group.go_on()
        assert ended(jobs) == ["cancelled", "stored"]
        assert here.history(jobs[0]) == []
        assert submits(here.simulator) == 1


# --- once -----------------------------------------------------------------------------------------------------------


def test_the_same_request_of_two_groups_is_bought_once_and_replicates_are_others():
    with session() as here:
        ours = [ordered(here, PROMPT, replicate=number) for number in (0, 1)]
        theirs = [ordered(here, PROMPT, replicate=number) for number in (0, 1)]
        here.launch(ours, JobGroup())
        here.launch(theirs, JobGroup())
        assert ended([*ours, *theirs]) == ["stored"] * 4
        assert submits(here.simulator) == 2
        assert [job.result(0).sha256 for job in ours] == [job.result(0).sha256 for job in theirs]
        assert here.start(VideoRequest.of(prompt=PROMPT)).result(SECONDS).replicate == 0


def test_five_hundred_ids_of_one_second_are_five_hundred():
    assert len({new_id(1.0) for _ in range(50_000)}) == 50_000


# --- how long it will take ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(), 60.0),
        (Limits(tasks_in_flight=5), 120.0),
        (Limits(requests_per_minute=5), 120.0),
        (Limits(requests_per_minute=4), 180.0),
        (Limits(requests_per_minute=4, tasks_in_flight=2), 300.0),
    ],
)
def test_the_forecast_keeps_to_the_limits(limits, expected):
    order = quote(VideoRequest.of(prompt=PROMPT), "minimax")
    assert seconds([(order, 60.0)] * 10, lambda _row: limits) == expected


def test_the_forecast_of_nothing_and_of_the_unknown():
    order = quote(VideoRequest.of(prompt=PROMPT), "minimax")
    sketch = quote(VideoRequest.of(prompt=PROMPT), "sketch")
    assert seconds([], lambda _row: Limits()) == 0
    assert seconds([(sketch, None)], lambda _row: Limits()) < seconds([(order, None)], lambda _row: Limits())


def test_many_sketches_share_the_machine():
    sketch = quote(VideoRequest.of(prompt=PROMPT), "sketch")
    assert seconds([(sketch, 3.0)], lambda _row: Limits()) == 3.0
    assert seconds([(sketch, 3.0)] * 60, lambda _row: Limits()) > 30


def test_a_card_reckons_from_when_the_vendor_has_it():
    job = Job("x", quote(VideoRequest.of(prompt=PROMPT), "minimax"), created=time.time() - 100)
    job.expected = 60.0
    job.move(JobState.PLANNED, note="waits for its turn")
    assert (status_of(job).expected, status_of(job).note) == (None, "waits for its turn")
    job.move(JobState.SUBMITTING, note="")
    job.move(JobState.PLANNED, note="the vendor says “not now”; waits for its turn")
    assert job.started is None
    job.move(JobState.QUEUED)
    assert status_of(job).expected == pytest.approx(160, abs=5)
