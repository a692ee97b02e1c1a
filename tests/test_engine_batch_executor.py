"""Steps of many jobs at once: few transactions, each answered once it is durable, none undone by another one's failure."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

import pytest

from hailuo_widgets.engine.batch_executor import MOST_AT_ONCE, BatchExecutor
from hailuo_widgets.errors import LibraryError
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.store.journal import Journal


class Ledger:
    """What was done, and in which transaction; a transaction that fails leaves nothing."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.transactions: list[bool] = []
        self.refuse_commits = 0

    @contextmanager
    def together(self, reads: bool):
        before = list(self.kept)
        try:
            yield
            self.commit()
        except BaseException:
            self.kept = before
            raise
        self.transactions.append(reads)

    def commit(self) -> None:
        if self.refuse_commits:
            self.refuse_commits -= 1
            raise LibraryError("disk full")

    def write(self, what: str) -> str:
        self.kept.append(what)
        return what


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def executor(ledger):
    made = BatchExecutor(ledger.together, "a test's")
    yield made
    made.close()


async def behind_a_busy_thread(executor: BatchExecutor, *works, **options):
    """Ask for everything while the thread is busy, so that it gathers."""
    busy, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        busy.set()
        go_on.wait(10)

    first = asyncio.ensure_future(executor.do(hold))
    await asyncio.to_thread(busy.wait, 10)
    asked = [asyncio.ensure_future(executor.do(work, **options)) for work in works]
    await asyncio.sleep(0)
    go_on.set()
    await first
    return await asyncio.gather(*asked, return_exceptions=True)


async def test_what_has_gathered_is_one_transaction(ledger, executor):
    works = [lambda number=number: ledger.write(str(number)) for number in range(MOST_AT_ONCE + 20)]
    answers = await behind_a_busy_thread(executor, *works)
    assert answers == ledger.kept == [str(number) for number in range(MOST_AT_ONCE + 20)]
    assert ledger.transactions == [False, False]


async def test_questions_alone_write_nothing(ledger, executor):
    assert await behind_a_busy_thread(executor, lambda: 1, lambda: 2, reads=True) == [1, 2]
    assert ledger.transactions == [True]


async def test_one_that_fails_fails_alone(ledger, executor):
    def broken() -> None:
        raise LibraryError("no such job")

    answers = await behind_a_busy_thread(executor, lambda: ledger.write("a"), broken, lambda: ledger.write("b"))
    assert [answers[0], str(answers[1]), answers[2]] == ["a", "no such job", "b"]
    assert ledger.kept == ["a", "b"]


async def test_a_transaction_that_can_not_be_ended_is_done_piece_by_piece(ledger, executor):
    ledger.refuse_commits = 1
    assert await behind_a_busy_thread(executor, lambda: ledger.write("a"), lambda: ledger.write("b")) == ["a", "b"]
    assert ledger.kept == ["a", "b"]
    assert ledger.transactions == []


async def test_nothing_is_answered_before_it_is_durable(ledger, executor):
    durable = []

    @contextmanager
    def slow(reads: bool):
        with ledger.together(reads):
            yield
        assert not any(answer.done() for answer in durable)

    executor._together = slow
    loop = asyncio.get_running_loop()
    real = loop.create_future

    def noted():
        durable.append(real())
        return durable[-1]

    loop.create_future = noted
    try:
        await behind_a_busy_thread(executor, lambda: ledger.write("a"), lambda: ledger.write("b"))
    finally:
        del loop.create_future
    assert ledger.transactions == [False]


async def test_the_interpreters_end_loses_nothing(ledger, executor):
    executor.close()
    assert await executor.do(lambda: ledger.write("a")) == "a"
    assert ledger.kept == ["a"]


async def test_a_loop_that_has_ended_is_not_answered(ledger, executor):
    elsewhere, go_on = asyncio.new_event_loop(), threading.Event()

    async def ask() -> None:
        asking = asyncio.ensure_future(executor.do(lambda: (go_on.wait(10), ledger.write("a"))))
        await asyncio.wait({asking}, timeout=0)

    def run() -> None:
        elsewhere.run_until_complete(ask())
        for task in asyncio.all_tasks(elsewhere):
            task.cancel()
        elsewhere.close()

    await asyncio.to_thread(run)
    go_on.set()
    assert await executor.do(lambda: ledger.write("b")) == "b"
    assert ledger.kept == ["a", "b"]


# --- with a journal ---------------------------------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path):
    made = Journal(f"sqlite:///{tmp_path / 'library.sqlite'}")
    yield made
    made.close()


def order(prompt: str):
    return quote(VideoRequest.of(prompt=prompt), "minimax")


def test_a_journals_transaction_is_whole_or_not_at_all(journal):
    def broken() -> None:
        with journal.together():
            journal.open_job("a", order("a"), 0, "", 1.0)
            assert journal.job("a").state == "submitting"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert journal.job("a") is None
    with journal.together():
        journal.open_job("a", order("a"), 0, "", 1.0)
        journal.move("a", "queued", 2.0, task_id="1")
    assert journal.job("a").task_id == "1"


def test_another_thread_does_not_see_what_is_not_durable(journal):
    with journal.together():
        journal.open_job("a", order("a"), 0, "", 1.0)
        seen = []
        thread = threading.Thread(target=lambda: seen.append(journal.job("a")))
        thread.start()
        thread.join()
        assert seen == [None]
    assert journal.job("a") is not None


async def test_identical_requests_at_once_become_one_job(journal):
    executor = BatchExecutor(lambda reads: journal.together(reads=reads), "a test's")
    same = order("A fox")
    works = [
        lambda number=number: journal.claim(str(number), same, 0, "", 1.0, owner=f"kernel {number}").kind
        for number in range(10)
    ]
    kinds = await behind_a_busy_thread(executor, *works)
    executor.close()
    assert sorted(kinds) == ["busy"] * 9 + ["new"]
