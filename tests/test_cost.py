"""What was spent, by the vendor's own word where it gave one, and what is left of a plan."""

from __future__ import annotations

import json

import pytest

import hailuo_widgets as hw
from hailuo_widgets import commands
from hailuo_widgets.providers import HttpReply, Remains
from hailuo_widgets.providers.minimax import MiniMax
from support.simulated import data_url
from support.vendor import KEY

SECONDS = 60
H3 = {"model": "MiniMax-H3", "duration": 5, "resolution": "768P", "show": False}


pytestmark = pytest.mark.usefixtures("here")


def test_a_charge_counts_and_the_estimate_is_shown_beside_it(here):
    draft = hw.generate("A red fox", first_frame=data_url(), **H3).result(SECONDS)
    assert commands.cost().rows == (("minimax", "1", "$0.40", "$0.40", ""),)
    draft.promote(show=False).result(SECONDS)  # $0.25 to $0.50, and $0.25 by its usage
    hw.generate("A grey fox", model="MiniMax-Hailuo-2.3", show=False).result(SECONDS)  # no usage: its price
    assert commands.cost().rows == (("minimax", "3", "$0.93", "$1.18", ""),)
    hw.rewrite("A red fox", show=False).result(SECONDS)  # no price before it
    [row] = commands.cost().rows
    assert (row[1], row[3], row[4]) == ("3", "$1.18", "")
    assert row[2].startswith("$0.9")
    assert row[2] != "$0.93"


def test_a_step_that_holds_anything_else_is_no_charge(here):
    hw.generate("A red fox", ratio="16:9", **H3).result(SECONDS)
    journal = here.library().journal
    for detail in ({"charged": "unknown"}, {"charged": [1]}, {"charged": "-3"}, {"charged": "nan"}, ["charged"]):
        journal.move(here.jobs()[0].id, "stored", 5.0, detail=detail)
    assert commands.cost().rows == (("minimax", "1", "$0.40", "$0.40", ""),)


def test_what_is_left_of_a_plan_is_said(here):
    assert commands.cost().caption == "Nothing was spent yet."  # a key without a plan
    here.simulator.plans[KEY] = 5
    assert "Left of your plan at MiniMax: general 100%, video 5 of 5 until " in commands.cost().caption
    hw.generate("A grey fox", model="MiniMax-Hailuo-2.3", show=False).result(SECONDS)
    assert "video 4 of 5" in commands.cost().caption
    here.simulator.plans[KEY] = 1
    assert "video 0 of 1" in commands.cost().caption


def test_a_vendor_that_can_not_say_it_does_not_hide_the_costs(here):
    hw.generate("A grey fox", model="MiniMax-Hailuo-2.3", show=False).result(SECONDS)
    here.simulator.keys = frozenset({"another"})
    table = commands.cost()
    assert table.rows == (("minimax", "1", "$0.28", "$0.28", ""),)


def said(**row):
    flow = MiniMax().remains()
    next(flow)
    answer = {"model_remains": [row], "base_resp": {"status_code": 0}}
    try:
        flow.send(HttpReply(200, json.dumps(answer).encode()))
    except StopIteration as end:
        return end.value


VIDEO = {"model_name": "video", "end_time": 1_764_374_400_000, "current_interval_status": 1}


@pytest.mark.parametrize(
    ("row", "left"),
    [
        ({"current_interval_total_count": 3, "current_interval_usage_count": 2}, (2, 3, None)),
        (
            {
                "current_interval_total_count": 3,
                "current_interval_usage_count": 1,  # here what was used
                "current_interval_remaining_percent": 67,
            },
            (2, 3, 67),
        ),
        ({"current_interval_total_count": 0, "current_interval_remaining_percent": 58}, (None, None, 58)),
    ],
)
def test_both_meanings_of_the_count_are_read_by_the_percentage(row, left):
    assert said(**VIDEO, **row) == (Remains("video", *left, until=1_764_374_400.0),)


def test_a_model_that_is_not_in_the_plan_is_left_out():
    assert said(model_name="video", current_interval_total_count=0, current_interval_status=3) == ()
    assert said(model_name=["video"]) == ()
