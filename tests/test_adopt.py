"""A MiniMax-H3 job whose answer was lost: its task is looked for, shown, and adopted by a person's word alone."""

from __future__ import annotations

import pytest

import hailuo_widgets as hw
from hailuo_widgets import commands
from hailuo_widgets.errors import UncertainError, UsageError
from hailuo_widgets.simulator import Fault
from support.vendor import submits

SECONDS = 60
H3 = {"model": "MiniMax-H3", "duration": 5, "resolution": "768P", "ratio": "16:9", "show": False}
PROMPT = "A red fox trots across fresh snow"


@pytest.fixture
def lost(here, monkeypatch):
    """An uncertain job, and the task that it really became."""
    here.simulator.faults.add(Fault("lost", "submit"))
    job = hw.generate(PROMPT, **H3)
    with pytest.raises(UncertainError):
        job.result(SECONDS)
    [task] = here.simulator.tasks
    return job, task


def test_one_match_is_offered_and_not_taken_by_itself(here, lost):
    job, task = lost
    shown = str(commands.resume())
    assert "One task fits" in shown
    assert f"--adopt {job.id} {task}" in shown
    assert here.library().journal.job(job.id).state == "uncertain"


def test_an_adopted_task_ends_as_the_clip_that_was_paid_for(here, lost):
    job, task = lost
    assert commands.resume("--adopt", job.id, task) is None
    adopted = here.job(job.id)
    assert adopted.result(SECONDS).task_id == task
    assert hw.generate(PROMPT, **H3).cached
    assert submits(here.simulator) == 1
    with pytest.raises(UsageError, match="no uncertain job"):
        commands.resume("--adopt", job.id, task)


def test_two_matches_are_shown_as_two(here, lost):
    job, task = lost

    async def elsewhere():  # the same account, another machine
        return (await here._connect("minimax").submit(job.quote)).task.id

    other = here.loop.post(elsewhere()).result(SECONDS)
    shown = str(commands.resume())
    assert "2 tasks fit" in shown
    assert f"--adopt {job.id} {task}" in shown
    assert f"--adopt {job.id} {other}" in shown


def test_a_task_that_is_another_jobs_is_not_offered(here, lost):
    job, task = lost
    done = hw.generate(PROMPT + " again", **H3).result(SECONDS)
    shown = str(commands.resume())
    assert "One task fits" in shown
    assert done.task_id not in shown
    with pytest.raises(UsageError, match="is no task that"):
        commands.resume("--adopt", job.id, done.task_id)
    assert here.library().journal.job(job.id).task_id is None
    assert not here.library().journal.adopt(job.id, done.task_id, "somebody", here.clock.now())
    assert task not in done.task_id
