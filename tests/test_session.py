"""`hw.generate` and the session behind it."""

from __future__ import annotations

import asyncio
import os

import pytest

import hailuo_widgets as hw
from hailuo_widgets.errors import AuthenticationError, HailuoError, RefusedError, UsageError
from hailuo_widgets.session import Session
from hailuo_widgets.simulator import Fault
from support.fork import needs_fork
from support.vendor import KEY, PROMPT

SECONDS = 60


def test_generate_is_the_magic_from_python(here):
    job = hw.generate(PROMPT, name="fox", duration=10, provider="minimax")
    assert job.name == "fox"
    assert job.result(SECONDS).duration == 10.0
    assert here.job("fox") is job
    assert hw.generate(PROMPT, duration=10, wait=True).cached


async def test_and_it_can_be_awaited(here):
    job = hw.generate(PROMPT)
    assert (await job).path == job.clip.path
    first, second = await asyncio.gather(hw.generate(f"{PROMPT} a")._wait(), hw.generate(f"{PROMPT} b")._wait())
    assert first.id != second.id


def test_what_is_wrong_is_raised_at_once(here):
    with pytest.raises(RefusedError, match="6 s only"):
        hw.generate(PROMPT, duration=10, resolution="1080P")
    with pytest.raises(RefusedError, match="no field “durration”"):
        hw.generate(PROMPT, durration=10)
    with pytest.raises(RefusedError, match="whole number"):
        hw.generate(PROMPT, duration="10")
    with pytest.raises(UsageError, match="Did you mean minimax"):
        hw.generate(PROMPT, provider="minmax")
    with pytest.raises(AuthenticationError, match="needs a key"):
        hw.generate(PROMPT, provider="evolink", model=None)
    with pytest.raises(UsageError, match="There is no job"):
        here.job("fox")
    assert not here.jobs()


def test_with_wait_a_failure_is_raised(here):
    here.simulator.faults.add(Fault("fail_output", "submit"))
    with pytest.raises(HailuoError):
        hw.generate(PROMPT, wait=True)


def test_the_model_that_is_set_is_used_where_none_is_named(here):
    hw.configure(model="MiniMax-Hailuo-02")
    assert hw.generate(PROMPT).quote.row.model == "MiniMax-Hailuo-02"
    assert hw.generate(PROMPT, model="MiniMax-Hailuo-2.3").quote.row.model == "MiniMax-Hailuo-2.3"
    for job in here.jobs():
        job.result(SECONDS)


def test_configure_takes_no_key(here):
    with pytest.raises(UsageError, match="Don't put a"):
        hw.configure(minimax_api_key=KEY)
    with pytest.raises(UsageError, match="Did you mean provider"):
        hw.configure(provder="sketch")


def test_a_new_address_is_used_from_the_next_job_on(monkeypatch):
    here = Session()
    first = here._connect("sketch")
    assert here._connect("sketch") is first
    here.settings.set("sketch_seconds", 5)
    assert here._connect("sketch") is not first
    here.settings.set("minimax_base_url", "http://127.0.0.1:9")
    here.settings.give_key("minimax", KEY, "a test")
    assert "http://127.0.0.1:9" in repr(here._connect("minimax"))
    here.settings.set("minimax_base_url", "http://127.0.0.1:10")
    assert "http://127.0.0.1:10" in repr(here._connect("minimax"))
    here.close()
    assert not here._clients


@needs_fork
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_can_go_on(here):
    clip = hw.generate(PROMPT).result(SECONDS)
    child = os.fork()
    if child == 0:  # pragma: no cover - the child's
        status = 1
        try:
            again, another = hw.generate(PROMPT), hw.generate(f"{PROMPT} in a child")
            status = 0 if again.result(SECONDS).id == clip.id and another.result(SECONDS).path.is_file() else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(here.library().journal.jobs()) == 2
    assert hw.generate(f"{PROMPT} in a child").result(SECONDS).path.is_file()


def test_nothing_runs_until_it_is_used():
    here = Session()
    assert here.loop._thread is None
    assert not here.library_folder.exists()
    here.close()
    assert here.loop._thread is None
