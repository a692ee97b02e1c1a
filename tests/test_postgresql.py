"""The journal on PostgreSQL: the same code, a real server, the same promises."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, make_url

from hailuo_widgets.clip_query import ClipQuery
from hailuo_widgets.errors import LibraryError, UsageError
from hailuo_widgets.settings import Settings
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import Mode, VideoRequest
from hailuo_widgets.store import lifecycle, owner
from hailuo_widgets.store.journal import Journal
from hailuo_widgets.store.schema import VERSION
from hailuo_widgets.store.vote import Vote
from support.kill import JOBS, asked, check, die_and_resume, finish, rounds, start, vendor
from support.older_journals import back_to
from support.postgres import server
from support.session import session

pytestmark = pytest.mark.xdist_group("postgresql")

SECONDS = 60
CLIP = {
    **dict.fromkeys(("size", "width", "height", "fps", "frames", "duration"), 1),
    "path": "clips/a.mp4", "sha256": "0" * 64, "codec": "h264",
}  # fmt: skip
WHOLE_RUN = 1.5
"""Seconds; deaths are spread over them."""


@pytest.fixture(scope="module")
def running():
    with server() as url:
        yield url


@pytest.fixture
def database(running, request):
    """A database of the test's own."""
    return made(running, f"test_{abs(hash(request.node.name))}")


def made(running: str, name: str) -> str:
    engine = create_engine(running, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return make_url(running).set(database=name).render_as_string(hide_password=False)


def test_a_clip_and_what_is_said_of_it(database):
    with session() as here:
        here.settings.set("library_url", database)
        here.start(VideoRequest.of(prompt="A red fox, 狐狸 'x'; --")).result(SECONDS)
        assert not (here.library_folder / "library.sqlite").exists()
        shelf = ClipQuery(here.library(), here.clock)
        shelf.search("FOX").tag("best").rate(5)
        assert len(shelf.filter(tag="best", rating=5, model="MiniMax-Hailuo-2.3")) == 1
        assert "★★★★★" in repr(shelf)
        assert len(shelf.search("x fox best")) == 1
        assert here.library().journal.spending()[0].clips == 1
        assert here.resume() == []
        job = here.start(VideoRequest.of(prompt="A red fox, 狐狸 'x'; --"))
        job.result(SECONDS)
        assert job.cached
        assert shelf.prune(delete=True).caption == "There is nothing to delete."


def test_a_journal_of_each_older_schema_is_brought_up_to_date(database):
    final = quote(VideoRequest.of(prompt="A fox", model="MiniMax-H3", ratio="16:9"), "minimax")
    final = replace(final, row=replace(final.row, mode=Mode.REGENERATION))
    journal = Journal(database)
    journal.open_job("first", final, 0, "", 1.0)
    for version in range(VERSION - 1, 0, -1):
        journal.close()
        engine = create_engine(database)
        with engine.begin() as connection:
            for command in back_to(version, postgresql=True):
                connection.exec_driver_sql(command)
        engine.dispose()
        journal = Journal(database)
        journal.open_job(f"{version}", final, None, "", 2.0)
        assert {job.mode for job in journal.jobs()} == {"regeneration"}
    journal.keep_sweep("camera", {"prompt": "{狐狸|'x'; --}"}, 1.0)
    assert journal.sweep("camera") == {"prompt": "{狐狸|'x'; --}"}
    vote = Vote(id="1", voter="狐狸 'x'; --", clips=("a", "b"), answer="tie", created=1.0)
    assert journal.cast([vote, vote]) == 1
    assert journal.votes() == [vote]
    journal.keep_measures("a", 1, {"cuts": [1]}, 1.0)
    journal.keep_measures("a", 1, {"cuts": [2], "note": "狐狸 'x'; --"}, 2.0)
    assert journal.measures(["a", "b"], 1) == {"a": {"cuts": [2], "note": "狐狸 'x'; --"}}
    journal.close()


@pytest.mark.parametrize("rewrite", [False, True])
def test_what_is_stored_while_it_is_looked_up_is_not_bought_again(database, monkeypatch, rewrite):
    order = quote(VideoRequest.of(prompt="A fox", model="MiniMax-H3", ratio="16:9"), "minimax")
    order = replace(order, request=order.request.model_copy(update={"rewrite": rewrite}))
    first, second = Journal(database), Journal(database)
    first.open_job("first", order, 0, "", 1.0, owner=owner.new())
    first.move("first", "running", 2.0, task_id="1")
    look_up = lifecycle.sent_before

    def slowly(*wanted):
        if first.job("first").state == "running":  # another kernel's last step falls between two questions
            if rewrite:
                first.move("first", "stored", 3.0, detail={"prompt": "A better fox"})
            else:
                first.store_clip("first", CLIP, 3.0)
        return look_up(*wanted)

    monkeypatch.setattr(lifecycle, "sent_before", slowly)
    claim = second.claim("second", order, 0, "", 4.0, owner=owner.new())
    assert (claim.kind, claim.job_id) == ("stored", "first")
    first.close()
    second.close()


def test_what_was_paid_for_and_forgotten_was_spent(database):
    journal = Journal(database)
    for number, state in enumerate(("abandoned", "cancelled", "failed")):
        order = quote(VideoRequest.of(prompt=f"Fox {number}"), "minimax")
        journal.open_job(str(number), order, None, "", 1.0)
        journal.move(str(number), state, 2.0, task_id="1", detail={"error": "x"} if state == "failed" else None)
    assert journal.decide("0", 3.0)
    assert [spent.clips for spent in journal.spending()] == [1]
    assert journal.job("2").error == {"error": "x"}
    journal.close()


def test_a_kernel_that_is_killed_loses_nothing_and_pays_once(running, tmp_path, request):
    for number in rounds(request, range(6), 100):
        # Every other seed dies at a place of its own; few rounds do nothing else.
        seed = number if request.config.getoption("--long") else 10 * number + 1
        folder = tmp_path / str(seed) / "library"
        folder.parent.mkdir()
        die_and_resume(folder, seed, WHOLE_RUN, made(running, f"kill_{seed}"))


def test_four_kernels_on_one_journal_pay_once(database, tmp_path):
    folder = tmp_path / "library"
    with vendor() as there:
        with ThreadPoolExecutor() as pool:
            kernels = list(pool.map(lambda _: start(folder, there, asked(), database=database), range(4)))
            ends = list(pool.map(lambda each: finish(*each), kernels))
        assert [Counter(states.values()) for states in ends] == [{"stored": JOBS}] * 4
        assert len(check(there, folder, [], database)) == JOBS


def test_a_server_that_is_not_there_is_told_in_one_sentence():
    with pytest.raises(LibraryError, match="can't be opened"):
        Journal("postgresql+psycopg://hailuo@127.0.0.1:9/nothing")


@pytest.mark.parametrize(
    ("url", "says"), [("canary", "can't be read"), ("oracle+canary://x", "can't be read"), ("mysql://x", "a driver")]
)
def test_an_unusable_url_is_told_without_repeating_it(url, says):
    with pytest.raises(LibraryError, match=says) as caught:
        Journal(url)
    assert "canary" not in str(caught.value)


def test_a_password_does_not_come_from_a_cell_and_is_not_shown():
    settings = Settings.load({"HAILUO_LIBRARY_URL": "postgresql+psycopg://me:canary@host/db"})
    assert settings.library_url == "postgresql+psycopg://me:canary@host/db"
    assert "canary" not in repr(settings)
    with pytest.raises(UsageError, match="password") as caught:
        settings.set("library_url", "postgresql+psycopg://me:canary@host/db")
    assert "canary" not in str(caught.value)
    settings.set("library_url", "")
    assert settings.library_url is None
