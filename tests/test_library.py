"""The library: what was requested and paid for outlives the kernel, the folder's place and the release."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from hailuo_widgets.errors import LibraryError
from hailuo_widgets.net.download import Downloaded
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import Mode, VideoRequest
from hailuo_widgets.store import journal as journal_module
from hailuo_widgets.store import schema
from hailuo_widgets.store.journal import Journal
from hailuo_widgets.store.library import Library
from hailuo_widgets.store.recall import quote_of
from support.older_journals import back_to
from support.session import session
from support.vendor import PROMPT, submits

SECONDS = 60
DATA = Path(__file__).parent / "data"


def final():
    """The request that makes a draft again in 2K: the mode with the longest name."""
    written = VideoRequest.of(prompt=PROMPT, model="MiniMax-H3", duration=5, resolution="2K", ratio="16:9")
    made = quote(written, "minimax")
    return replace(made, row=replace(made.row, mode=Mode.REGENERATION))


def order(prompt: str = PROMPT, provider: str = "minimax", **fields):
    return quote(VideoRequest.of(prompt=prompt, **fields), provider)


@pytest.fixture
def journal(tmp_path):
    made = Journal(f"sqlite:///{tmp_path / 'library.sqlite'}")
    yield made
    made.close()


def bought(journal: Journal, job_id: str, what=None, *, state: str = "queued", took: float = 60.0, at: float = 1000.0):
    journal.open_job(job_id, what or order(), None, "", at)
    journal.move(job_id, state, at + took, task_id=f"task-{job_id}")


def test_a_job_with_its_states(journal):
    assert journal.open_job("a", order(), 0, "fox", 1.0) == 0
    journal.move("a", "queued", 2.0, task_id="42")
    journal.move("a", "failed", 3.0, detail={"error": "VendorError", "message": "no"})
    (row,) = journal.jobs()
    assert (row.id, row.name, row.state, row.task_id, row.replicate) == ("a", "fox", "failed", "42", 0)
    assert (row.provider, row.model, row.prompt) == ("minimax", "MiniMax-Hailuo-2.3", PROMPT)
    assert (row.price, row.currency) == (Decimal("0.28"), "USD")
    assert row.error == {"error": "VendorError", "message": "no"}
    assert journal.history("a") == [("submitting", 1.0), ("queued", 2.0), ("failed", 3.0)]
    assert journal.jobs("queued") == []
    assert journal.history("b") == []


def test_any_prompt_is_kept_as_it_is(journal):
    for number, prompt in enumerate(["'; DROP TABLE jobs; --", "狐狸" * 900, "🦊\u202eabc", 'a"b\\c\n{x}', "%s ?"]):
        journal.open_job(str(number), order(prompt), 0, "", float(number))
        assert journal.jobs()[0].prompt == prompt


def test_replicates_count_up(journal):
    assert [journal.open_job(name, order(), None, "", 1.0) for name in "abc"] == [0, 1, 2]
    assert journal.open_job("d", order("another"), None, "", 1.0) == 0


def test_what_was_spent(journal):
    bought(journal, "a")
    bought(journal, "b", order("b", duration=10), state="stored")
    bought(journal, "c", order("c"), state="refused")
    bought(journal, "d", order("d"), state="failed")
    bought(journal, "e", order("e"), state="uncertain")
    bought(journal, "f", order("f", provider="sketch"), state="stored")
    spent = {each.provider: each for each in journal.spending()}
    assert (spent["minimax"].clips, spent["minimax"].currency) == (3, "USD")
    assert spent["minimax"].amount == pytest.approx(0.28 + 0.56 + 0.28)
    assert (spent["sketch"].amount, spent["sketch"].unknown) == (0, 0)


def test_what_was_paid_for_and_forgotten_was_spent(journal):
    bought(journal, "a", state="abandoned")
    bought(journal, "b", order("b"), state="cancelled")  # by the vendor, who takes nothing for it
    journal.open_job("c", order("c"), None, "", 1.0)  # its kernel died before there was a task
    for job_id in "ac":
        assert journal.decide(job_id, 2000.0)
    (spent,) = journal.spending()
    assert (spent.clips, spent.amount) == (1, pytest.approx(0.28))


def test_how_long_such_a_clip_takes(journal):
    assert journal.typical_seconds("minimax", order().request) is None

    def made(job_id: str, took: float | None, what=None, state: str = "stored") -> None:
        journal.open_job(job_id, what or order(), None, "", float(len(job_id)))
        journal.move(job_id, "downloading", 2_000.0, detail=None if took is None else {"took": took})
        journal.move(job_id, state, 3_000.0)

    for number, took in enumerate((50.0, 60.0, 400.0, None), 1):
        made("x" * number, took)
    made("long", 9.0, order(duration=10))
    made("abandoned", 1.0, state="abandoned")
    assert journal.recent_seconds("minimax", order().request) == [50.0, 60.0, 400.0]
    assert journal.typical_seconds("minimax", order().request) == 60.0
    assert journal.typical_seconds("minimax", order(duration=10).request) == 9.0
    assert journal.typical_seconds("sketch", order().request) is None


# --- the database ---------------------------------------------------------------------------------------------------


def test_a_journal_is_durable_and_in_wal_mode(journal, tmp_path):
    journal.open_job("a", order(), 0, "", 1.0)
    with journal._engine.connect() as connection:
        pragma = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_where_wal_does_not_work_it_does_without(tmp_path):
    # This file layer of SQLite's has no shared memory, as a network file system has none.
    url = f"sqlite:///file:{tmp_path / 'library.sqlite'}?vfs=unix-dotfile&uri=true"
    journal = Journal(url)
    journal.open_job("a", order(), 0, "", 1.0)
    with journal._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
    assert journal.jobs()[0].id == "a"
    journal.close()
    again = Journal(url)
    assert again.jobs()[0].id == "a"
    again.close()


def test_no_warning_comes_with_money(journal, recwarn):
    bought(journal, "a", state="stored")
    journal.jobs()
    journal.spending()
    assert not list(recwarn)


def set_version(path: Path, version: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE about SET value = ? WHERE name = 'schema'", (version,))
    connection.close()


def test_a_newer_releases_journal_is_refused_in_one_sentence(journal, tmp_path):
    set_version(tmp_path / "library.sqlite", str(schema.VERSION + 1))
    with pytest.raises(LibraryError, match="newer release") as caught:
        Journal(f"sqlite:///{tmp_path / 'library.sqlite'}")
    assert "Upgrade" in caught.value.hint


@pytest.mark.parametrize("version", ["rubbish", "0", "-3"])
def test_a_journal_of_no_known_release_is_refused(version, journal, tmp_path):
    set_version(tmp_path / "library.sqlite", version)
    with pytest.raises(LibraryError, match="can't be opened"):
        Journal(f"sqlite:///{tmp_path / 'library.sqlite'}")


@pytest.mark.parametrize("content", [b"this is no database at all" * 100, b"SQLite format 3\0" + bytes(500)])
def test_a_file_that_is_no_journal_is_refused(content, tmp_path):
    (tmp_path / "library.sqlite").write_bytes(content)
    with pytest.raises(LibraryError, match="can't be opened"):
        Library(tmp_path)
    assert (tmp_path / "library.sqlite").read_bytes() == content


def test_a_journal_that_breaks_later_is_told_in_one_sentence(journal, tmp_path):
    journal.open_job("a", order(), 0, "", 1.0)
    with sqlite3.connect(tmp_path / "library.sqlite") as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for name in ("transitions", "jobs"):
            connection.execute(f"DROP TABLE {name}")
    connection.close()
    for act in (journal.jobs, journal.spending, journal.clips, lambda: journal.history("a")):
        with pytest.raises(LibraryError, match="can't be read"):
            act()
    with pytest.raises(LibraryError, match="can't be written") as caught:
        journal.move("a", "queued", 2.0)
    assert "UPDATE" not in str(caught.value)


def test_the_tables_have_not_changed_without_a_new_version():
    """A library of version 1 must open for ever: a change here needs a new VERSION and a migration."""
    columns = {table.name: " ".join(column.name for column in table.columns) for table in schema.metadata.sorted_tables}
    assert schema.VERSION == 5
    assert columns == {
        "about": "name value",
        "leases": "name owner until",
        "requests": "digest written_digest provider model mode prompt written effective price currency created",
        "jobs": "id digest replicate name state task_id error created updated",
        "clips": "job_id digest replicate path sha256 size width height fps frames duration codec created",
        "transitions": "id job_id state at detail",
        "marks": "job_id rating starred note",
        "tags": "job_id tag",
        "sweeps": "name document created updated",
        "votes": "id voter source question clips answer seconds repeats chosen probability created",
        "measures": "sha256 version record created",
    }


def made_of(path: Path) -> tuple[dict[str, list[tuple]], set[tuple]]:
    """Every table's columns, and every index, as SQLite knows them."""
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for name in sorted(names)}
        indices = connection.execute("SELECT tbl_name, name FROM sqlite_master WHERE type = 'index'").fetchall()
    kinds = {name: [(row[1], row[3], row[5]) for row in rows] for name, rows in columns.items()}
    return kinds, set(indices)


def test_the_first_releases_journal_becomes_one_as_it_is_made_now(tmp_path):
    old, new = tmp_path / "old.sqlite", tmp_path / "new.sqlite"
    shutil.copy(DATA / "library-v1.sqlite", old)
    was = Journal(f"sqlite:///{old}")
    assert was.jobs()
    was.keep_sweep("camera", {"prompt": "A fox"}, 1.0)
    was.close()
    Journal(f"sqlite:///{new}").close()
    assert made_of(old) == made_of(new)


@pytest.mark.parametrize("version", range(1, schema.VERSION))
def test_a_journal_of_each_older_version_is_brought_up_to_date(version, tmp_path):
    old, new = tmp_path / "old.sqlite", tmp_path / "new.sqlite"
    Journal(f"sqlite:///{new}").close()
    shutil.copy(new, old)
    now = Journal(f"sqlite:///{old}")
    now.open_job("a", final(), 0, "", 1.0)
    now.close()
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(";".join(back_to(version)))
    was = Journal(f"sqlite:///{old}")
    [job] = was.jobs()
    assert (job.id, job.mode) == ("a", "regeneration")
    was.keep_measures("00" * 32, 1, {"cuts": [5]}, 1.0)
    assert was.measures(["00" * 32], 1) == {"00" * 32: {"cuts": [5]}}
    assert was.votes() == []
    assert was.sweeps() == []
    was.close()
    assert made_of(old) == made_of(new)


def test_a_journal_of_the_last_release_is_read_where_it_can_not_be_changed(tmp_path, monkeypatch):
    path = tmp_path / "library.sqlite"
    now = Journal(f"sqlite:///{path}")
    now.open_job("a", final(), 0, "", 1.0)
    now.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(";".join(["PRAGMA journal_mode = DELETE", *back_to(4)]))
    before = path.read_bytes()
    monkeypatch.setattr(os, "access", lambda *_: False)
    medium = Journal(f"sqlite:///{path}")
    [job] = medium.jobs()
    assert job.mode == "regenera"
    assert quote_of(job).request.resolution == "2K"
    medium.close()
    assert path.read_bytes() == before


def test_measures_are_kept_by_hash_and_version(journal, tmp_path):
    journal.keep_measures("a", 1, {"cuts": [1]}, 1.0)
    journal.keep_measures("a", 1, {"cuts": [2], "note": "狐狸 'x'; --"}, 2.0)
    journal.keep_measures("a", 2, {"cuts": [3]}, 3.0)
    journal.keep_measures("b", 1, {"cuts": []}, 4.0)
    journal.keep_measures("c", 1, {"cuts": []}, 5.0)
    with closing(sqlite3.connect(tmp_path / "library.sqlite")) as connection:
        connection.execute("UPDATE measures SET record = 'no JSON' WHERE sha256 = 'c'")
        connection.commit()
    hashes = ["a", "b", "c", *map(str, range(1200))]
    assert journal.measures(hashes, 1) == {"a": {"cuts": [2], "note": "狐狸 'x'; --"}, "b": {"cuts": []}}
    assert journal.measures(hashes, 2) == {"a": {"cuts": [3]}}


def test_an_older_journal_is_brought_up_to_date(tmp_path, monkeypatch):
    path = tmp_path / "library.sqlite"
    first = Journal(f"sqlite:///{path}")
    first.open_job("a", order(), 0, "", 1.0)
    first.close()
    now = schema.VERSION
    monkeypatch.setattr(schema, "VERSION", now + 1)
    monkeypatch.setitem(
        schema.MIGRATIONS, now, lambda connection: connection.exec_driver_sql("ALTER TABLE jobs ADD COLUMN extra TEXT")
    )
    second = Journal(f"sqlite:///{path}")
    assert second.jobs()[0].id == "a"
    second.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT value FROM about").fetchone() == (str(now + 1),)
        assert connection.execute("SELECT extra FROM jobs").fetchone() == (None,)


def test_sweeps_are_kept_under_their_names(journal):
    assert journal.sweeps() == []
    assert journal.sweep("camera") is None
    document = {"prompt": "A fox {狐狸|'x'; --}", "axes": [{"name": "seed", "values": [1, 2.5, None, True]}]}
    journal.keep_sweep("camera", document, 1.0)
    journal.keep_sweep("light", {}, 2.0)
    journal.keep_sweep("camera", {**document, "repeat": 2}, 3.0)
    assert journal.sweep("camera") == {**document, "repeat": 2}
    assert journal.sweeps() == [("light", 2.0), ("camera", 1.0)]


def test_many_requests_are_answered_at_once(tmp_path):
    library = Library(tmp_path / "library")
    values = dict.fromkeys(("size", "width", "height", "fps", "frames", "duration"), 1)
    orders = [order(f"Fox {number}") for number in range(700)]
    (library.folder / "clips").mkdir()
    for number, each in enumerate(orders[:6]):
        library.journal.open_job(f"job-{number}", each, None, "", 1.0)
        path = library.clip_path(f"job-{number}")
        path.write_bytes(b"clip")
        place = path.relative_to(library.folder).as_posix()
        library.journal.store_clip(f"job-{number}", {**values, "path": place, "sha256": "0" * 64, "codec": "h264"}, 2.0)
    library.clip_path("job-5").unlink()
    keys = [(each.digest, replicate) for each in orders for replicate in (0, 1)]
    found = library.find_many(iter(keys))
    assert found == {(each.digest, 0): library.find(each.digest) for each in orders[:5]}
    assert library.find_many([]) == {}
    library.close()


WRITES = 25


def _write_many(folder: str, who: str, barrier) -> None:
    barrier.wait(60)
    library = Library(Path(folder))  # both make it at once
    for number in range(WRITES):
        job_id = f"{who}-{number}"
        library.journal.open_job(job_id, order(), None, who, float(number))
        library.journal.move(job_id, "queued", float(number), task_id=job_id)
    library.close()


def test_two_kernels_may_write_at_once(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(2)
    writers = [spawn.Process(target=_write_many, args=(str(tmp_path), who, barrier)) for who in "ab"]
    for each in writers:
        each.start()
    for each in writers:
        each.join(120)
    assert [each.exitcode for each in writers] == [0, 0]
    library = Library(tmp_path)
    rows = library.journal.jobs(limit=1000)
    assert len(rows) == 2 * WRITES
    assert sorted(row.replicate for row in rows) == list(range(2 * WRITES))
    assert all(row.task_id == row.id for row in rows)
    assert all(len(library.journal.history(row.id)) == 2 for row in rows)
    library.close()


# --- the folder -----------------------------------------------------------------------------------------------------


def test_a_folder_with_odd_signs_works(tmp_path):
    folder = tmp_path / "what? #1 100% 狐狸 & 'co'"
    library = Library(folder)
    library.journal.open_job("a", order(), 0, "", 1.0)
    library.close()
    assert (folder / "library.sqlite").is_file()


def test_a_folder_that_was_moved_still_finds_its_clips(tmp_path):
    with session() as here:
        clip = here.start(VideoRequest.of(prompt=PROMPT)).result(SECONDS)
        before, folder = clip.path.read_bytes(), here.library_folder
    shutil.move(folder, tmp_path / "elsewhere")
    with session() as there:
        there.settings.set("library", str(tmp_path / "elsewhere"))
        job = there.start(VideoRequest.of(prompt=PROMPT))
        moved = job.result(SECONDS)
        assert job.cached
        assert moved.path.is_relative_to(tmp_path / "elsewhere")
        assert moved.path.read_bytes() == before
        assert moved.poster()[:2] == b"\xff\xd8"
        assert submits(there.simulator) == 0
        assert [each.sha256 for each in there.library().clips()] == [clip.sha256]
    raw = (tmp_path / "elsewhere" / "library.sqlite").read_bytes()
    assert str(folder).encode() not in raw


def test_a_poster_that_is_gone_is_made_again():
    with session() as here:
        clip = here.start(VideoRequest.of(prompt=PROMPT)).result(SECONDS)
        shutil.rmtree(clip.poster_path.parent)
        assert clip.poster()[:2] == b"\xff\xd8"


def test_a_poster_that_can_not_be_made_does_not_cost_the_clip(monkeypatch):
    def broken(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hailuo_widgets.media.frames.poster", broken)
    with session() as here:
        assert here.start(VideoRequest.of(prompt=PROMPT)).result(SECONDS).path.is_file()


@pytest.mark.parametrize(
    "path", ["../../../etc/passwd", "/etc/passwd", "C:/x.mp4", "clips\\x.mp4", "clips/../../x", "a\n/../../x"]
)
def test_a_library_from_somewhere_else_names_no_file_outside(path, tmp_path):
    library = Library(tmp_path / "library")
    (tmp_path / "x").write_bytes(b"")
    library.journal.open_job("a", order(), 0, "", 1.0)
    values = dict.fromkeys(("size", "width", "height", "fps", "frames", "duration"), 1)
    library.journal.store_clip("a", {**values, "path": path, "sha256": "0" * 64, "codec": "h264"}, 2.0)
    assert library.find(order().digest) is None
    assert library.clips() == []
    library.close()


def test_a_file_that_is_no_video_is_not_taken_in(tmp_path):
    library = Library(tmp_path)
    library.journal.open_job("a", order(), 0, "", 1.0)
    path = library.clip_path("a")
    path.parent.mkdir()
    path.write_bytes(b"rubbish")
    with pytest.raises(Exception, match="can't be read as a video"):
        library.describe("a", Downloaded(path, 7, "0" * 64), 2.0)
    assert library.find(order().digest) is None
    library.close()


def test_states_of_the_journal_are_the_jobs():
    from hailuo_widgets.engine.state import JobState

    assert {*journal_module.OPEN_STATES, *journal_module.BOUGHT_STATES} <= {state.value for state in JobState}
