"""Budgets that count clips, and budgets that begin again every day."""

from __future__ import annotations

from decimal import Decimal

import pytest

import hailuo_widgets as hw
from hailuo_widgets.engine.budget import Budget
from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec.catalog import CLIPS, FREE, UNPUBLISHED, Price
from support.vendor import submits

SECONDS = 30
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
