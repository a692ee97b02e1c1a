"""The disk refuses at any step of the way: a clear error, nothing bought twice, and the task arrives once there is room."""

from __future__ import annotations

import errno
import os
from fnmatch import fnmatch
from pathlib import Path

import pytest

from hailuo_widgets.errors import HailuoError
from hailuo_widgets.spec.request import VideoRequest
from support.session import session
from support.sqlite_disk import NAME, SqliteDisk
from support.vendor import PROMPT, submits

SECONDS = 60
REQUEST = VideoRequest.of(prompt=PROMPT)


class Disk:
    """Refuses the calls of one kind on files whose name ends in one way, from the given one on."""

    def __init__(self, monkeypatch, code: int, call: str, pattern: str, after: int = 0):
        self.left, self.code, self.pattern, self.refused = after, code, pattern, 0
        real_open, real_fsync, real_replace = Path.open, os.fsync, Path.replace
        disk = self

        class File:
            def __init__(self, inner):
                self.inner = inner

            def write(self, data):
                disk.refuse()
                return self.inner.write(data)

            def __getattr__(self, name):
                return getattr(self.inner, name)

            def __enter__(self):
                return self

            def __exit__(self, *_):
                self.inner.close()

        def opened(path, mode="r", *args, **options):
            if not fnmatch(path.name, pattern) or "r" in mode:
                return real_open(path, mode, *args, **options)
            if call == "open":
                disk.refuse()
            file = real_open(path, mode, *args, **options)
            return File(file) if call == "write" else file

        def synced(handle):
            if call == "fsync" and fnmatch(str(Path(f"/proc/self/fd/{handle}").readlink()), pattern):
                disk.refuse()
            real_fsync(handle)

        def replaced(path, target):
            if call == "replace" and fnmatch(path.name, pattern):
                disk.refuse()
            return real_replace(path, target)

        monkeypatch.setattr(Path, "open", opened)
        monkeypatch.setattr(os, "fsync", synced)
        monkeypatch.setattr(Path, "replace", replaced)

    def refuse(self):
        if self.left:
            self.left -= 1
            return
        self.refused += 1
        raise OSError(self.code, os.strerror(self.code))


@pytest.mark.parametrize("pattern", ["*.mp4*.part", "*.json*.part"])
@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO], ids=["ENOSPC", "EROFS", "EIO"])
def test_a_file_that_can_not_be_written_leaves_the_task_to_be_taken_up(code, call, pattern, monkeypatch):
    with session() as here, monkeypatch.context() as patches:
        disk = Disk(patches, code, call, pattern)
        job = here.start(REQUEST)
        with pytest.raises(HailuoError, match="can't be written") as caught:
            job.result(SECONDS)
        assert disk.refused
        assert os.strerror(code) in str(caught.value)
        assert caught.value.hint
        assert job.state == "abandoned"
        assert here.library().clips() == []
        assert not list(here.library_folder.rglob("*.part"))
        patches.undo()
        (again,) = here.resume()
        clip = again.result(SECONDS)
        assert clip.path.with_suffix(".json").is_file()
        assert here.library().verify() == []
        assert submits(here.simulator) == 1


STEPS = ("claim", "queued", "running", "downloading", "store_clip")


@pytest.mark.parametrize("step", STEPS)
def test_a_journal_that_is_full_pays_once_and_loses_nothing(step, monkeypatch):
    with session() as here:
        journal = here.library().journal
        real_move, real_claim, real_store = journal.move, journal.claim, journal.store_clip

        def full(pages: int) -> None:
            # Every connection of the pool is asked: SQLite itself then says that the disk is full.
            with journal._engine.connect() as connection:
                used = connection.exec_driver_sql("PRAGMA page_count").scalar()
                connection.exec_driver_sql(f"PRAGMA max_page_count = {pages or used}")

        def stuffed(act, *args, **options):
            with journal._engine.connect() as connection:
                connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS ballast (data BLOB)")
                connection.commit()
            full(0)
            try:
                with journal._write() as connection:
                    connection.exec_driver_sql("INSERT INTO ballast VALUES (zeroblob(1000000))")
            finally:
                full(1_000_000_000)
            return act(*args, **options)

        def move(job_id, state, *args, **options):
            if state == step:
                return stuffed(real_move, job_id, state, *args, **options)
            return real_move(job_id, state, *args, **options)

        monkeypatch.setattr(journal, "move", move)
        if step == "claim":
            monkeypatch.setattr(journal, "claim", lambda *args, **options: stuffed(real_claim, *args, **options))
        if step == "store_clip":
            monkeypatch.setattr(journal, "store_clip", lambda *args: stuffed(real_store, *args))
        job = here.start(REQUEST)
        with pytest.raises(HailuoError, match="full"):
            job.result(SECONDS)
        monkeypatch.undo()
        assert submits(here.simulator) == (0 if step == "claim" else 1)
        for each in here.resume():
            if each.task_id:
                each.result(SECONDS)
        again = here.start(REQUEST)
        again.result(SECONDS)
        assert submits(here.simulator) == 1
        assert len(here.library().clips()) == 1


@pytest.fixture(scope="module")
def sqlite_disk():
    return SqliteDisk()


@pytest.fixture
def here(sqlite_disk, tmp_path):
    """A session whose journal lies on that disk."""
    with session() as made:
        made.settings.set("library_url", f"sqlite:///file:{tmp_path / 'journal.sqlite'}?vfs={NAME}&uri=true")
        made.library()  # before anything is refused
        yield made
        sqlite_disk.relent()


REFUSALS = [(call, name) for call in ("write", "sync") for name in ("ENOSPC", "EROFS", "EIO")]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(("call", "code"), REFUSALS)
def test_a_journal_whose_disk_refuses_pays_once_and_loses_nothing(call, code, step, here, sqlite_disk):
    journal, monkeypatch = here.library().journal, pytest.MonkeyPatch()
    for name, place in (("claim", 99), ("move", 1), ("store_clip", 99)):
        real = getattr(journal, name)

        def reached(*args, real=real, name=name, place=place, **options):
            if step in (name, *args[place : place + 1]):
                sqlite_disk.refuse(call, getattr(errno, code))
            return real(*args, **options)

        monkeypatch.setattr(journal, name, reached)
    job = here.start(REQUEST)
    with pytest.raises(HailuoError, match=r"can't be (written|read)") as caught:
        job.result(SECONDS)
    assert sqlite_disk.refused
    assert caught.value.hint
    assert job.state == ("refused" if step == "claim" else "abandoned")
    assert submits(here.simulator) == (0 if step == "claim" else 1)
    sqlite_disk.relent()
    monkeypatch.undo()
    for each in here.resume():
        if each.task_id:
            each.result(SECONDS)
    here.start(REQUEST).result(SECONDS)
    assert submits(here.simulator) == 1
    assert len(here.library().clips()) == 1
    assert here.library().verify() == []
    assert not list(here.library_folder.rglob("*.part"))


def test_a_journal_on_a_disk_that_fails_can_be_read_and_says_why_it_is_not_written(here, sqlite_disk):
    here.start(REQUEST).result(SECONDS)
    for call in ("write", "sync"):
        sqlite_disk.refuse(call, errno.EIO)
        again = here.start(REQUEST)
        assert again.result(SECONDS)
        assert again.cached
        with pytest.raises(HailuoError, match="disk I/O error"):
            here.start(VideoRequest.of(prompt="Another")).result(SECONDS)
        sqlite_disk.relent()


@pytest.mark.parametrize("then", ["resume", "the cell again"])
def test_a_task_id_that_no_disk_took_is_kept_by_the_kernel(then, monkeypatch):
    from hailuo_widgets.errors import LibraryError

    with session() as here:
        journal = here.library().journal

        def full(*_args, **_options):
            raise LibraryError("The library's journal can't be written: disk full.")

        monkeypatch.setattr(journal, "move", full)
        job = here.start(REQUEST)
        with pytest.raises(HailuoError, match="disk full"):
            job.result(SECONDS)
        assert job.task_id
        monkeypatch.undo()
        again = here.resume()[0] if then == "resume" else here.start(REQUEST)
        assert again.result(SECONDS).task_id == job.task_id
        assert submits(here.simulator) == 1


def test_a_path_that_is_too_long_is_said_before_anything_is_paid(tmp_path):
    with session() as here:
        here.settings.set("library", str(tmp_path / ("x" * 300)))
        with pytest.raises(HailuoError, match="can't be made") as caught:
            here.start(REQUEST).result(SECONDS)
        assert "library=" in caught.value.hint
        assert submits(here.simulator) == 0
