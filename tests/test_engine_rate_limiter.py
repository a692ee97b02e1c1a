"""What may leave for a vendor: known limits are kept, unknown ones found out, and every job gets through."""

from __future__ import annotations

import heapq
import math
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_widgets.engine.limits import Limits
from hailuo_widgets.engine.rate_limiter import AT_ONCE, LONGEST_RETRY_AFTER, Outcome, RateLimiter
from hailuo_widgets.simulator.limits import Limit

START = 1_000_000.0


@dataclass
class Play:
    """Jobs, a gate and a vendor; questions every few seconds. No loop, no sockets: events in order."""

    limiter: RateLimiter
    limit: Limit
    jobs: int
    seed: int = 0
    delay: float = 0.0
    every: float = 5.0
    now: float = START
    refused: int = 0
    sent: list[float] = field(default_factory=list)
    most_flying: int = 0
    events: list[tuple[float, int, str, object]] = field(default_factory=list)

    def at(self, when: float, what: str, which: object = None) -> None:
        heapq.heappush(self.events, (when, len(self.sent) + random.getrandbits(40), what, which))

    def run(self, until: float = START + 1e6) -> float:
        chance, waiting, ends, count = random.Random(self.seed), self.jobs, {}, 0
        self.at(self.now, "look")
        self.at(self.now + self.every, "ask")
        while waiting or ends or self.limiter._submitting:
            self.now, _, what, which = heapq.heappop(self.events)
            assert self.now < until, "it takes for ever"
            if what == "end":
                self.limiter.ended(str(which))
                del ends[which]
            elif what == "ask":
                if ends and self.limiter.ask_wait(self.now) == 0:
                    self.limiter.ask(self.now)
                    wait = self.limit.admit(self.now, 0, submit=False)
                    self.refused += wait is not None
                    after = wait if self.limit.retry_after else None
                    self.limiter.asked(self.now, refused=wait is not None, retry_after=after)
                self.at(self.now + self.every, "ask")
            elif what == "arrives":
                wait = self.limit.admit(self.now, len(ends), submit=True)
                outcome = Outcome.TAKEN if wait is None else Outcome.REFUSED
                if wait is None:
                    count += 1
                    ends[count] = self.now + chance.uniform(45, 75)
                    self.at(ends[count] + chance.uniform(0, 0.5), "end", count)
                    self.sent.append(self.now)
                    self.most_flying = max(self.most_flying, len(ends))
                else:
                    self.refused += 1
                self.at(self.now + self.delay, "answer", (outcome, wait, count))
            elif what == "answer":
                outcome, wait, number = which
                self.limiter.submitted(self.now, outcome, wait if self.limit.retry_after else None)
                if outcome is Outcome.TAKEN:
                    if number in ends:
                        self.limiter.began(str(number))
                else:
                    waiting += 1
            while waiting and (pause := self.limiter.submit_wait(self.now)) <= 0:
                self.limiter.leave(self.now)
                waiting -= 1
                self.at(self.now + self.delay, "arrives")
            if waiting and pause < math.inf:
                self.at(self.now + max(pause, 0.001), "look")
        return self.now - START


limits = st.builds(
    Limit,
    per_minute=st.one_of(st.none(), st.integers(2, 40)),
    submits_only=st.just(True),
    in_flight=st.one_of(st.none(), st.integers(1, 30)),
    retry_after=st.booleans(),
)


@given(limits, st.integers(0, 10**6), st.sampled_from([0.0, 0.2]))
def test_known_limits_are_kept(limit, seed, delay):
    play = Play(RateLimiter(Limits(limit.per_minute, limit.in_flight)), limit, 40, seed, delay)
    play.run()
    assert play.refused == 0
    assert play.most_flying <= (limit.in_flight or 40)
    if limit.per_minute:
        assert all(
            after - before >= 60 for before, after in zip(play.sent, play.sent[limit.per_minute :], strict=False)
        )


@given(limits, st.integers(0, 10**6), st.sampled_from([0.0, 0.2]))
def test_unknown_limits_are_found_and_every_job_gets_through(limit, seed, delay):
    known = Play(RateLimiter(Limits(limit.per_minute, limit.in_flight)), limit, 60, seed, delay).run()
    limit._times.clear()
    play = Play(RateLimiter(Limits()), limit, 60, seed, delay)
    unknown = play.run()
    assert len(play.sent) == 60
    assert play.refused <= 30
    assert unknown <= known * 1.25 + 70


def test_where_every_request_counts_questions_get_their_share():
    limit = Limit(20, submits_only=False)
    limiter = RateLimiter(Limits())
    limiter.asks_to_come = 12
    play = Play(limiter, limit, 60, every=5.0)
    play.run()
    assert limiter.seconds_a_request > 0
    first_minutes = [sum(START + 60 * m <= at < START + 60 * (m + 1) for at in play.sent) for m in range(2, 5)]
    assert max(first_minutes) <= 12
    assert min(first_minutes) >= 5
    assert play.refused <= 15


# --- one by one -----------------------------------------------------------------------------------------------------


def send(limiter: RateLimiter, now: float, outcome: Outcome, task: str = "", retry_after: float | None = None) -> None:
    assert limiter.submit_wait(now) <= 0
    limiter.leave(now)
    limiter.submitted(now, outcome, retry_after)
    if outcome is Outcome.TAKEN:
        limiter.began(task)


def test_nothing_is_in_the_way_where_nothing_is_known():
    limiter = RateLimiter(Limits())
    for number in range(100):
        send(limiter, START, Outcome.TAKEN, str(number))
    assert limiter._flying == 100
    assert not limiter.full


def test_a_few_go_at_once_and_more_as_they_are_taken():
    limiter = RateLimiter(Limits())
    limiter.leave(START)
    limiter.leave(START)
    assert limiter.submit_wait(START) == math.inf
    limiter.submitted(START, Outcome.TAKEN)
    assert limiter.submit_wait(START) == 0
    for _ in range(200):
        limiter.submitted(START, Outcome.TAKEN)
        limiter.leave(START)
    while limiter.submit_wait(START) == 0:
        limiter.leave(START)
    assert limiter._submitting == AT_ONCE


def test_retry_after_is_obeyed_within_reason():
    for asked, waits in ((17.0, 17.0), (1e9, LONGEST_RETRY_AFTER)):
        limiter = RateLimiter(Limits())
        send(limiter, START, Outcome.REFUSED, retry_after=asked)
        assert limiter.submit_wait(START) == pytest.approx(waits)


def test_not_now_out_of_the_blue_is_answered_with_longer_rests_that_end():
    limiter, now, rests = RateLimiter(Limits()), START, []
    for _ in range(8):
        send(limiter, now, Outcome.REFUSED)
        rests.append(limiter.submit_wait(now))
        now += rests[-1]
    assert rests == sorted(rests)
    assert rests[0] <= 1
    assert rests[-1] <= 15
    send(limiter, now, Outcome.TAKEN, "a")
    assert limiter.submit_wait(now) == 0


def test_a_vendor_that_can_not_be_reached_is_tried_again_with_rests():
    limiter = RateLimiter(Limits())
    send(limiter, START, Outcome.NEVER_SENT)
    assert 0 < limiter.submit_wait(START) <= 2
    assert limiter._submits == type(limiter._submits)()


def test_one_refusal_by_mistake_does_not_stop_the_sweep():
    limiter = RateLimiter(Limits())
    send(limiter, START, Outcome.TAKEN, "a")
    send(limiter, START, Outcome.REFUSED)
    wait = limiter.submit_wait(START)
    assert wait <= 4
    send(limiter, START + wait, Outcome.TAKEN, "b")
    for number in range(10):
        send(limiter, START + 20 + number, Outcome.TAKEN, str(number))


def test_what_the_user_says_is_never_exceeded_and_can_be_changed():
    limiter = RateLimiter(Limits(tasks_in_flight=2))
    send(limiter, START, Outcome.TAKEN, "a")
    send(limiter, START, Outcome.TAKEN, "b")
    assert limiter.full
    assert limiter.submit_wait(START + 1e6) == math.inf
    limiter.limits = Limits(tasks_in_flight=3)
    assert limiter.submit_wait(START) == 0
    limiter.limits = Limits(tasks_in_flight=2)
    limiter.ended("a")
    assert limiter.submit_wait(START) == 0


def test_a_task_that_nobody_watches_counts_for_a_while():
    limiter = RateLimiter(Limits(tasks_in_flight=1))
    send(limiter, START, Outcome.TAKEN, "a")
    limiter.left_alone("a", START + 180)
    assert limiter.submit_wait(START) == pytest.approx(180)
    assert limiter.submit_wait(START + 180) == 0
    limiter.left_alone("unknown", START)


def test_a_learned_limit_rises_where_the_vendor_takes_more():
    limit = Limit(in_flight=2)
    limiter = RateLimiter(Limits())
    play = Play(limiter, limit, 30, seed=3)
    play.run()
    assert play.most_flying == 2
    limit.in_flight = 6
    again = Play(limiter, limit, 120, seed=4, now=play.now)
    again.run()
    assert again.most_flying == 6


def test_a_turn_that_is_not_needed_is_given_back():
    limiter = RateLimiter(Limits(tasks_in_flight=1))
    limiter.leave(START)
    assert limiter.submit_wait(START) == math.inf
    limiter.give_back(START)
    assert limiter.submit_wait(START) == 0
