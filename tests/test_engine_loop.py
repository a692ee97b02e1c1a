"""The loop beside the notebook: it starts when it is needed, survives a fork, and ends with everything on it."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading

import pytest

from hailuo_widgets.engine.loop import LoopThread
from hailuo_widgets.waiting import cancellations, to_its_end
from support.fork import needs_fork

SECONDS = 60


@pytest.fixture
def loop():
    made = LoopThread()
    yield made
    made.stop()


def test_it_starts_with_the_first_work(loop):
    before = threading.active_count()
    LoopThread()
    assert threading.active_count() == before

    async def here():
        return threading.current_thread()

    thread = loop.post(here()).result(SECONDS)
    assert thread.daemon
    assert thread is not threading.current_thread()
    assert loop.post(here()).result(SECONDS) is thread


def test_work_carries_the_context_of_who_asked(loop):
    cell = contextvars.ContextVar("cell", default="none")
    cell.set("this one")

    async def which():
        return cell.get()

    assert loop.post(which()).result(SECONDS) == "this one"


def test_it_stops_with_everything_on_it_and_starts_again(loop):
    ended = threading.Event()

    async def endless():
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    work = loop.post(endless())
    loop.post(asyncio.sleep(0)).result(SECONDS)
    first = loop.loop
    loop.stop()
    loop.stop()
    assert ended.is_set()
    assert work.cancelled()
    assert first.is_closed()
    loop.post(asyncio.sleep(0)).result(SECONDS)
    assert loop.loop is not first


@needs_fork
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_a_loop_of_its_own(loop):
    async def answer():
        return 42

    loop.post(answer()).result(SECONDS)
    parent = loop.loop
    reading, writing = os.pipe()
    loop._lock.acquire()  # as if another thread were just starting something
    child = os.fork()
    if child == 0:  # pragma: no cover - the child's
        good = loop.post(answer()).result(SECONDS) == 42 and loop.loop is not parent
        os.write(writing, b"good" if good else b"bad")
        os._exit(0)
    loop._lock.release()
    os.waitpid(child, 0)
    assert os.read(reading, 10) == b"good"
    os.close(reading)
    os.close(writing)
    assert loop.post(answer()).result(SECONDS) == 42


async def test_work_goes_to_its_end_whatever_happens_to_the_waiting():
    go = asyncio.Event()

    async def work():
        await go.wait()
        return "done"

    async def wait():
        before = cancellations()
        return await to_its_end(work()), cancellations() - before

    waiting = asyncio.create_task(wait())
    for _ in range(3):
        await asyncio.sleep(0)
        waiting.cancel()
    go.set()
    assert await waiting == ("done", 3)


async def test_work_that_fails_says_so():
    async def work():
        raise KeyError("no")

    with pytest.raises(KeyError):
        await to_its_end(work())


async def test_work_that_is_itself_cancelled_ends():
    async def work():
        await asyncio.Event().wait()

    task = asyncio.ensure_future(work())
    asyncio.get_running_loop().call_soon(task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await to_its_end(task)


def test_a_loop_that_two_threads_end_at_once_ends_without_a_word(loop, monkeypatch):
    said: list[object] = []
    monkeypatch.setattr(threading, "excepthook", said.append)
    busy = threading.Barrier(2)
    asked, soon = threading.Semaphore(0), loop.loop.call_soon_threadsafe

    def heard(*call, **context):
        handle = soon(*call, **context)
        asked.release()
        return handle

    loop.call(lambda: (busy.wait(SECONDS), busy.wait(SECONDS)))
    busy.wait(SECONDS)
    monkeypatch.setattr(loop.loop, "call_soon_threadsafe", heard)
    ends = [threading.Thread(target=each) for each in (loop.finish, loop.stop)]
    for each in ends:
        each.start()
        assert asked.acquire(timeout=SECONDS)
    busy.wait(SECONDS)
    for each in ends:
        each.join(SECONDS)
    assert not said
