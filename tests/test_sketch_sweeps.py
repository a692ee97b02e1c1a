"""A sweep of sketches: as many at once as there are cores, and it can be stopped."""

from __future__ import annotations

import pytest

import hailuo_widgets as hw
from hailuo_widgets import session as session_module
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.session import Session
from hailuo_widgets.settings import Settings
from hailuo_widgets.sketch import worker
from support.waiting import wait_until


def until(check, what):
    wait_until(check, 120, lambda: f"not yet: {what}")


UNDER_WAY = {JobState.SUBMITTING, JobState.QUEUED, JobState.RUNNING}


@pytest.fixture
def here(monkeypatch, tmp_path):
    made = Session(Settings(), tmp_path)
    monkeypatch.setattr(session_module, "default_session", lambda: made)
    yield made
    made.close()


def sweep(count):
    return hw.sweep("A fox in place {n}", n=[f"number {each}" for each in range(count)], provider="sketch")


def under_way(made):
    return [job for job in made.jobs if job.state in UNDER_WAY]


def test_no_more_are_under_way_than_there_are_cores(here):
    made, most = sweep(8), 0
    made.run()
    seen = []
    for job in made.jobs:
        job.observe(lambda _: seen.append(len(under_way(made))))
    made.result(300)
    most = max(seen)
    assert 1 <= most <= worker.cores()
    assert {job.state for job in made.jobs} == {JobState.STORED}


def test_cancel_ends_all_of_them_those_that_are_being_drawn_too(here):
    made = sweep(40)
    made.run()
    until(lambda: under_way(made), "a sketch is under way")
    made.cancel()
    until(lambda: all(job.done for job in made.jobs), "all have ended")
    ends = [job.state for job in made.jobs]
    assert ends.count(JobState.CANCELLED) >= 40 - 2 * worker.cores()
    assert set(ends) <= {JobState.CANCELLED, JobState.STORED}


def test_pause_begins_no_other_sketch(here):
    made = sweep(12)
    made.run()
    until(lambda: under_way(made), "a sketch is under way")
    made.pause()
    begun = sum(job.state is not JobState.PLANNED for job in made.jobs)
    until(lambda: not under_way(made), "those under way have ended")
    # One a core may have passed on its way out while the pause was said.
    assert sum(job.state is not JobState.PLANNED for job in made.jobs) <= begun + worker.cores()
    made.cancel()
    until(lambda: all(job.done for job in made.jobs), "all have ended")
    assert any(job.state is JobState.CANCELLED for job in made.jobs)


def test_a_cancelled_sketch_frees_its_process_and_is_drawn_when_it_is_wanted_again(here):
    job = hw.generate("A fox in the snow", provider="sketch", show=False)
    until(lambda: job.state in UNDER_WAY, "it is under way")
    job.cancel()
    until(lambda: job.done, "it has ended")
    assert job.state in {JobState.CANCELLED, JobState.STORED}
    again = hw.generate("A fox in the snow", provider="sketch", show=False)
    assert again.result(120).path.is_file()
