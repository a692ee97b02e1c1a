"""Budgets that count clips, and budgets that begin again every day."""

from __future__ import annotations

from argparse import Namespace
from decimal import Decimal

import pytest

import hailuo_widgets as hw
from hailuo_widgets.engine.budget import Budget
from hailuo_widgets.engine.job import Job
from hailuo_widgets.engine.job_group import JobGroup
from hailuo_widgets.errors import UsageError
from hailuo_widgets.magics import _check_price
from hailuo_widgets.spec.catalog import CLIPS, FREE, UNPUBLISHED, Price
from hailuo_widgets.spec.request import VideoRequest
from support.session import session
from support.vendor import submits

SECONDS = 60
DRAFT = {"model": "MiniMax-H3", "duration": 5, "resolution": "768P", "ratio": "16:9"}
FIVE = "A {red | grey | white | black | brown} fox"


def stored(made):
    made.run().result(SECONDS)
    return [job.state.value for job in made.jobs].count("stored")


def test_a_budget_in_clips_is_never_exceeded(here):
    made = hw.sweep(FIVE, budget="3 clips")
    assert any("5 clips" in note and "3 clips left" in note for note in made.plan.notes)
    assert stored(made) == 3
    assert submits(here.simulator) == 3
    refused = [job.error.message for job in made.jobs if job.state == "refused"]
    assert len(refused) == 2
    assert all("The budget is 3 clips, and 0 of them are left." in each for each in refused)
    assert made.budget.left == 0


def test_a_budget_by_day_counts_what_was_bought_today_and_begins_again_tomorrow(here):
    assert stored(hw.sweep("A {cat | dog}")) == 2
    assert stored(hw.sweep(FIVE, budget="5 clips/day")) == 3
    again = hw.sweep(FIVE, budget="5 clips per day")
    assert again.plan.to_buy == 2
    assert stored(again) == 0
    here.clock.time += 86_400
    assert stored(hw.sweep(FIVE, budget="5 clips a day")) == 2
    assert submits(here.simulator) == 7


def test_a_rewritten_prompt_is_no_clip(here):
    hw.rewrite("A fox", show=False).result(SECONDS)
    hw.rewrite("A dog", show=False)
    assert stored(hw.sweep("A {cat | dog}", budget="2 clips/day")) == 2


def test_sweeps_that_begin_together_share_a_budget_by_day(here):
    made = [hw.sweep(each, budget="3 clips/day").run() for each in (FIVE, FIVE.replace("fox", "dog"), FIVE)]
    for each in made:
        each.result(SECONDS)
    assert submits(here.simulator) == 3


def test_kernels_that_begin_together_share_a_budget_by_day(here, monkeypatch):
    """What another kernel has planned is in no journal yet: the budget is checked again when a request is written down."""
    first = hw.sweep(FIVE, budget="3 clips/day")
    first.group = JobGroup("", first.budget)
    first.pause().run()
    with session(transport=here.transport) as other:
        other.clock = here.clock
        monkeypatch.setattr("hailuo_widgets.session.default_session", lambda: other)
        assert stored(hw.sweep(FIVE.replace("fox", "dog"), budget="3 clips/day")) == 3
    first.resume().result(SECONDS)
    assert submits(here.simulator) == 3
    errors = {job.error.message for job in first.jobs}
    assert [each.partition(". ")[0] for each in errors] == [
        "The budget is 3 clips a day, and nothing of it is left today"
    ]
    here.clock.time += 86_400
    assert len(first.retry().result(SECONDS)) == 3


def test_what_a_group_still_takes_is_within_its_budget(here):
    order = here.quote(VideoRequest.of(prompt="A fox"))[0]
    jobs = [Job(str(number), order) for number in range(3)]
    group = JobGroup("", Budget(Decimal(2), CLIPS))
    group.budget.reserve("0", Decimal(1))
    group.budget.reserve("in the journal", Decimal(1))
    assert [group.still_takes(jobs, each) for each in (CLIPS, "USD", "CNY")] == [1, Decimal("0.84"), 0]
    assert JobGroup().still_takes(jobs, CLIPS) == 3


def test_a_fresh_clip_has_a_budget_in_clips_too(here):
    order = here.quote(VideoRequest.of(prompt="A fox"))[0]
    with pytest.raises(UsageError, match="the budget is 0 clips"):
        _check_price(order, Namespace(budget="0 clips", yes=True), {})
    _check_price(order, Namespace(budget="1 clip", yes=True), {})


def test_finals_and_clips_share_a_budget_by_day(here):
    made = hw.sweep("A {red | grey} fox", budget="3 clips/day", **DRAFT)
    drafts = made.run().result(SECONDS)
    later = hw.sweep("A {red | grey | blue} fox", name="later", budget="3 clips/day", **DRAFT)
    finals = later.promote(drafts)
    later.run().result(SECONDS)
    finals.run(show=False).result(SECONDS)
    assert submits(here.simulator) == 3


def test_what_was_bought_between_plan_and_run_counts(here):
    made = hw.sweep("A {cat | dog}", budget="2 clips/day")
    hw.generate("A horse", show=False).result(SECONDS)
    assert stored(made) == 1


def test_money_may_be_by_day_too(here):
    assert stored(hw.sweep("A {cat | dog}")) == 2  # $0.28 each
    assert stored(hw.sweep(FIVE, budget="1 USD/day")) == 1


@pytest.mark.parametrize("written", ["5 clips/week", "clips", "-1 clips", "1.5 clips", "5 clips/day/day", "day"])
def test_what_is_no_budget_is_refused(here, written):
    with pytest.raises(UsageError, match="budget should be"):
        hw.sweep(FIVE, budget=written)


def test_clips_count_whatever_they_cost_and_what_is_free_takes_nothing():
    budget = Budget(Decimal(1), CLIPS)
    assert [budget.cost_of(price) for price in (Price(Decimal(9), "USD"), UNPUBLISHED, FREE)] == [1, 1, 0]
    assert budget.reserve("a", Decimal(1))
    budget.settle("a", charged=True, amount=Decimal("0.25"))
    assert (budget.spent, budget.left) == (1, 0)
    assert [str(Price(Decimal(each), CLIPS)) for each in (0, 1, 5)] == ["0 clips", "1 clip", "5 clips"]
