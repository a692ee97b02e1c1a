"""When it pays to ask: few questions before a task can be done, many around when it will be."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_widgets.engine import polling
from hailuo_widgets.engine.polling import PRICE, Durations, Spread, between, interval

durations = st.lists(st.floats(0.05, 4000, allow_nan=False), min_size=1, max_size=60)


@given(durations, st.floats(0, 5000), st.floats(0.001, 100))
def test_when_is_where_the_waiting_has_come_to_the_price(known, since, price):
    spread = Spread.of(known)
    at = spread.when(since, price)
    assert at > since
    if at < spread._at[-1] and since < spread.longest:
        assert spread.waiting(since, at) == pytest.approx(price, rel=1e-3, abs=1e-6)


@given(durations, st.floats(0, 5000), st.floats(0, 500), st.floats(0, 500))
def test_the_longer_the_pause_the_longer_the_waiting(known, since, first, more):
    spread = Spread.of(known)
    waiting = spread.waiting(since, since + first)
    assert 0 <= waiting <= first + 1e-6 or since >= spread._at[-1]
    assert waiting <= spread.waiting(since, since + first + more) + 1e-9


@given(durations)
def test_a_spread_holds_what_it_was_made_of(known):
    spread = Spread.of(known)
    assert spread.shortest <= min(known)
    assert max(known) <= spread.longest
    assert spread.share(spread.shortest) == 0
    assert 0.4 < spread.share(spread.longest) < 1
    shares = [spread.share(each) for each in sorted(known)]
    assert shares == sorted(shares)


def questions(spread: Spread, took: float) -> list[float]:
    """When a task of that length is asked for."""
    found = [0.0]
    while found[-1] < took:
        found.append(spread.when(found[-1]))
    return found[1:]


def test_nothing_is_asked_before_it_can_be_done_and_much_around_the_end():
    chance = random.Random(1)
    spread = Spread.of(chance.uniform(45, 75) for _ in range(50))
    tries = [(took, questions(spread, took)) for took in (chance.uniform(45, 75) for _ in range(300))]
    late = sorted(asked[-1] - took for took, asked in tries)
    assert min(asked[0] for _, asked in tries) > 44
    assert sum(len(asked) for _, asked in tries) / len(tries) < 14
    assert late[150] < 0.65


def test_what_takes_far_longer_than_ever_is_asked_for_less_and_less():
    asked = questions(Spread.of([60.0] * 20), 20_000)
    assert len(asked) < 120
    assert asked[-1] - asked[-2] > 300
    assert len(questions(Spread.of([60.0] * 20), 61)) < 12


def test_the_same_duration_each_time():
    spread = Spread.of([2.0] * 50)
    assert 1.9 < spread.shortest <= 2.0
    assert spread.when(0.0) < 2.3


def test_a_vendors_word_is_a_narrow_spread():
    asked = questions(Spread.around(50.0, 0.5), 50.2)
    assert asked[0] > 49.5
    assert len(asked) <= 3
    assert questions(Spread.around(50.0, 0.5), 80)[-1] < 95


def test_only_the_last_durations_count():
    known = Durations()
    assert known.typical is None
    assert known.spread is None
    for _ in range(polling.REMEMBERED):
        known.learn(100.0)
    assert known.typical == 100.0
    for _ in range(polling.REMEMBERED):
        known.learn(20.0)
    assert known.typical == 20.0
    assert known.spread.longest < 30


def test_a_duration_lies_between_running_and_done():
    assert between(58.0, 60.0) == 59.0
    assert 50 < between(3.0, 60.0) < 60
    assert between(0.0, 10.0) < 10


@pytest.mark.parametrize(
    ("tasks", "batch", "most"), [(1, 1, 30), (20, 1, 10 * 20), (20, 50, 10 * 20), (200, 1, 8 * 200)]
)
def test_where_nothing_is_known_the_questions_are_shared(tasks, batch, most):
    at, asked = polling.FIRST_QUESTION, 1
    while at < 60:
        pause = interval(at, tasks, batch)
        assert pause > 0
        at, asked = at + pause, asked + 1
    assert asked <= most
    assert PRICE > 0
