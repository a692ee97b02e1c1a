"""Libraries that come from elsewhere, were moved, damaged, deleted or can't be written to."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import hailuo_widgets as hw
from hailuo_widgets.clip_query import ClipQuery
from hailuo_widgets.errors import LibraryError, UsageError
from hailuo_widgets.media.probe import UnreadableVideoError
from hailuo_widgets.simulator import Timing
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.store.library import Library
from support.session import session
from support.waiting import wait_until

REQUEST = VideoRequest.of(prompt="A fox", duration=6, resolution="768P", model="MiniMax-Hailuo-2.3")
SECONDS = 60
SECRET = b"the content of a private file"


@pytest.fixture
def here():
    with session() as made:
        yield made


def made(here, request=REQUEST):
    return here.start(request, "minimax").result(SECONDS)


def change(here, statement, *values):
    here.library().close()
    here._libraries.clear()
    with closing(sqlite3.connect(here.library_folder / "library.sqlite")) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(statement, values)
        connection.commit()


def linked(path, target):
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def test_a_poster_that_is_a_link_is_never_read(here, tmp_path):
    clip = made(here)
    (tmp_path / "secret").write_bytes(SECRET)
    linked(clip.poster_path, tmp_path / "secret")
    with pytest.raises(LibraryError, match="not a plain file"):
        clip.poster()


def test_a_clip_that_is_a_link_answers_no_request_and_is_named_by_verify(here, tmp_path):
    clip = made(here)
    (tmp_path / "secret").write_bytes(SECRET)
    linked(clip.path, tmp_path / "secret")
    assert here.library().find_many([(here.quote(REQUEST, "minimax")[0].digest, 0)]) == {}
    assert [(each.id, each.what) for each in here.library().verify()] == [(clip.id, "unreadable: it is a link")]


@pytest.mark.parametrize("which", ["path", "poster_path", "sidecar"])
def test_an_export_copies_no_links_target(here, tmp_path, which):
    clip = made(here)
    (tmp_path / "secret").write_bytes(SECRET)
    linked(clip.path.with_suffix(".json") if which == "sidecar" else getattr(clip, which), tmp_path / "secret")
    ClipQuery(here.library(), here.clock).export(tmp_path / "mailed")
    assert all(SECRET not in each.read_bytes() for each in (tmp_path / "mailed").rglob("*") if each.is_file())


@pytest.mark.parametrize("folder", ["clips", "frames", "pictures"])
def test_a_library_whose_folder_leads_elsewhere_is_not_opened(tmp_path, folder):
    library, outside = tmp_path / "library", tmp_path / "outside"
    library.mkdir()
    outside.mkdir()
    (library / folder).symlink_to(outside)
    with pytest.raises(LibraryError, match="points outside the library"):
        Library(library)


def test_a_library_that_is_itself_reached_by_a_link_opens(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "library").symlink_to(tmp_path / "disk")
    Library(tmp_path / "library").close()


@pytest.mark.parametrize("name", ["library.sqlite", "library.sqlite-wal", "library.sqlite-journal"])
def test_a_journal_that_leads_elsewhere_is_not_opened_and_what_it_leads_to_is_not_written(tmp_path, name):
    library, others = tmp_path / "library", tmp_path / "places.sqlite"
    library.mkdir()
    with closing(sqlite3.connect(others)) as connection:
        connection.execute("CREATE TABLE places (address)")
    before = others.read_bytes()
    (library / name).symlink_to(others)
    with pytest.raises(LibraryError, match="points outside the library"):
        Library(library)
    assert others.read_bytes() == before


def test_a_journal_with_two_names_is_not_opened_under_either(here, tmp_path):
    made(here)
    here.library().close()
    here._libraries.clear()
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "library.sqlite").hardlink_to(here.library_folder / "library.sqlite")
    for folder in (tmp_path / "copy", here.library_folder):
        with pytest.raises(LibraryError, match="hard link") as caught:
            Library(folder)
        assert "cp -r" in caught.value.hint
    shutil.rmtree(tmp_path / "copy")
    Library(here.library_folder).close()


def test_nothing_is_written_through_a_link(here, tmp_path):
    clip, private = made(here), tmp_path / "private"
    private.write_bytes(SECRET)
    beside = clip.path.with_suffix(".json")
    (beside.parent / f"{beside.name}.part").symlink_to(private)
    linked(beside, private)
    here.library().mark(clip.id, rating=5)
    linked(clip.poster_path, tmp_path / "new")
    with pytest.raises(LibraryError, match="not a plain file"):
        clip.poster()
    assert private.read_bytes() == SECRET
    assert not (tmp_path / "new").exists()
    assert json.loads(beside.read_text("utf-8"))["marks"]["rating"] == 5
    assert not beside.is_symlink()
    assert not list(here.library_folder.rglob("*.part"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_in_the_place_of_a_clip_is_not_read(here):
    clip = made(here)
    clip.path.unlink()
    clip.poster_path.unlink()
    os.mkfifo(clip.path)
    assert [(each.id, each.what) for each in here.library().verify()] == [(clip.id, "unreadable: it is not a file")]
    for read in (clip.poster, clip.last_frame):
        with pytest.raises(UnreadableVideoError, match="it is not a file"):
            read()


def test_a_picture_that_is_a_link_is_not_taken_for_a_request(here, tmp_path):
    from hailuo_widgets.store import pictures

    picture = tmp_path / "real.png"
    picture.write_bytes(SECRET)
    digest = hashlib.sha256(SECRET).hexdigest()
    folder = tmp_path / "library" / "pictures"
    folder.mkdir(parents=True)
    (folder / f"{digest[:24]}.png").symlink_to(picture)
    assert pictures.find(tmp_path / "library", digest) is None


BAD = {
    "broken JSON": "UPDATE requests SET effective = '{' WHERE prompt = 'A fox'",
    "a price that is a word": "UPDATE requests SET price = 'dear' WHERE prompt = 'A fox'",
    "a width that is a word": "UPDATE clips SET width = 'wide' WHERE rowid = 1",
    "a negative length": "UPDATE clips SET duration = -5 WHERE rowid = 1",
    "a list for parameters": "UPDATE requests SET effective = '[1]' WHERE prompt = 'A fox'",
    "bytes for a prompt": "UPDATE requests SET prompt = x'ff00' WHERE prompt = 'A fox'",
    "a path that leads out": "UPDATE clips SET path = '../../etc/passwd' WHERE rowid = 1",
}


@pytest.mark.parametrize("statement", BAD.values(), ids=BAD)
def test_every_reader_survives_a_bad_row_and_verify_names_it(here, statement):
    bad = made(here)
    good = made(here, REQUEST.model_copy(update={"prompt": "A panda"}))
    change(here, statement)
    clips = ClipQuery(here.library(), here.clock)
    assert [clip.id for clip in clips] == [good.id]
    assert [clip.id for clip in clips.search("panda")] == [good.id]
    assert good.id in str(clips.df["id"].tolist())
    assert clips.prune() is not None
    assert [(each.id, each.what) for each in clips.verify()] == [(bad.id, "its row in the journal can't be read")]
    assert here.resume() == []


def test_an_implausible_duration_teaches_nothing(here):
    made(here)
    change(here, "UPDATE transitions SET detail = ? WHERE state = 'downloading'", json.dumps({"took": -5}))
    order = here.quote(REQUEST, "minimax")[0]
    assert here.library().journal.recent_seconds("minimax", order.request) == []


def test_a_rating_out_of_range_is_as_if_nothing_were_said(here):
    clip = made(here)
    here.library().mark(clip.id, rating=3)
    change(here, "UPDATE marks SET rating = 9")
    assert here.library().journal.marked([clip.id]) == {}


def test_a_journal_that_is_gone_is_made_again_from_the_sidecars_and_nothing_is_paid_twice(here, caplog):
    clip = made(here)
    here.library().close()
    here._libraries.clear()
    here._records.clear()
    for each in here.library_folder.glob("library.sqlite*"):
        each.unlink()
    again = here.start(REQUEST, "minimax")
    assert again.result(SECONDS).sha256 == clip.sha256
    assert again.cached
    assert "was missing; it was made again from the 1 clips" in caplog.text


def test_a_journal_deleted_under_a_kernel_is_put_back_with_all_that_it_holds(here):
    clip = made(here)
    journal = here.library().journal
    for each in here.library_folder.glob("library.sqlite*"):
        each.unlink()
    assert here.start(REQUEST, "minimax").result(SECONDS).id == clip.id
    other = made(here, REQUEST.model_copy(update={"prompt": "A panda"}))
    assert journal.job(other.id).state == "stored"
    with closing(sqlite3.connect(here.library_folder / "library.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM clips").fetchone() == (2,)


@pytest.mark.parametrize("place", ["a new library", "a journal of an hour ago", "an empty file"])
def test_a_journal_that_is_replaced_during_a_job_costs_no_second_clip(tmp_path, place):
    with session(timing=Timing(1, 2, 1e9)) as here:
        folder = here.library().folder
        earlier = tmp_path / "earlier.sqlite"
        with closing(sqlite3.connect(folder / "library.sqlite")) as one, closing(sqlite3.connect(earlier)) as two:
            one.backup(two)
        job = here.start(REQUEST, "minimax")
        wait_until(lambda: job.state == "running", SECONDS, lambda: repr(job))
        if place == "a new library":
            shutil.move(folder, tmp_path / "moved")
            Library(folder).close()
        else:
            for each in folder.glob("library.sqlite*"):
                each.unlink()
            (folder / "library.sqlite").write_bytes(earlier.read_bytes() if "hour" in place else b"")
        for task in here.simulator.tasks.values():
            task.timing = Timing(0, 0, 0)
        assert job.result(SECONDS).path.is_file()
        again = here.start(REQUEST, "minimax")
        assert (again.result(SECONDS).id, again.cached) == (job.id, True)
        assert len(here.simulator.tasks) == 1
        assert [state for state, _ in here.library().journal.history(job.id)][:2] == ["submitting", "queued"]


@pytest.mark.parametrize("known", ["nothing", "that it was running"])
@pytest.mark.parametrize("open_meanwhile", [False, True])
def test_a_journal_put_back_from_a_backup_learns_of_the_clips_made_since(here, tmp_path, known, open_meanwhile):
    journal, backup = here.library().folder / "library.sqlite", tmp_path / "backup.sqlite"
    clip = made(here)
    with closing(sqlite3.connect(journal)) as one, closing(sqlite3.connect(backup)) as two:
        one.backup(two)
        for table in ("clips", *(("transitions", "jobs", "requests") if known == "nothing" else ())):
            two.execute(f"DELETE FROM {table}")
        two.execute("UPDATE jobs SET state = 'running'")
        two.commit()
    if not open_meanwhile:
        here.library().close()
        here._libraries.clear()
        here._records.clear()
    for each in journal.parent.glob("library.sqlite*"):
        each.unlink()
    shutil.copyfile(backup, journal)
    again = here.start(REQUEST, "minimax")
    assert (again.result(SECONDS).id, again.cached) == (clip.id, True)
    assert len(here.simulator.tasks) == 1


def test_a_clip_that_was_deleted_does_not_come_back_with_the_file_that_is_left_of_it(here):
    clip = made(here)
    kept = clip.path.read_bytes(), clip.path.with_suffix(".json").read_bytes()
    here.library().delete([clip], [], here.clock.now())
    clip.path.write_bytes(kept[0])
    clip.path.with_suffix(".json").write_bytes(kept[1])
    library = Library(here.library_folder)
    assert library.clips() == []
    library.close()


def test_a_folder_that_was_moved_is_said_and_not_made_again(here, tmp_path):
    made(here)
    moved = tmp_path / "moved"
    shutil.move(here.library_folder, moved)
    with pytest.raises(LibraryError, match="was moved or deleted"):
        here.library().journal.clips()
    assert not here.library_folder.exists()
    library = Library(moved)
    assert len(library.clips()) == 1
    library.close()


READ_ONLY = """
import os, sys
from pathlib import Path
from hailuo_widgets.store.library import Library

def read(folder):
    library = Library(Path(folder))
    [clip] = library.clips()
    return clip.prompt, len(clip.poster()), library.verify()

read(sys.argv[2])  # loads what it needs: the other user may not even read Python's own files
os.setuid(65534)
print(*read(sys.argv[1]))
"""


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="becomes another user, who may not write")
@pytest.mark.parametrize("exported", [False, True], ids=["a journal in WAL mode", "an exported one"])
def test_a_library_that_can_not_be_written_to_can_be_read(here, exported):
    import tempfile

    made(here)
    with tempfile.TemporaryDirectory() as folder:  # pytest's own can't be entered by another user
        Path(folder).chmod(0o755)
        target = Path(folder) / "library"
        if exported:
            ClipQuery(here.library(), here.clock).export(target)
        else:
            shutil.copytree(here.library_folder, target)
        subprocess.run(["chmod", "-R", "a+rX,go-w", target], check=True)
        root = Path(__file__).parent.parent
        run = subprocess.run(
            [sys.executable, "-c", READ_ONLY, target, here.library_folder],
            capture_output=True,
            text=True,
            check=False,
            cwd=root,
        )
        assert run.stderr == ""
        assert run.stdout.startswith("A fox ")
        assert run.stdout.endswith("[]\n")


def test_what_is_exported_is_one_file_that_opens_anywhere(here, tmp_path):
    made(here)
    ClipQuery(here.library(), here.clock).export(tmp_path / "mailed")
    assert [each.name for each in (tmp_path / "mailed").glob("library.sqlite*")] == ["library.sqlite"]
    assert (tmp_path / "mailed" / "library.sqlite").read_bytes()[18:20] == b"\x01\x01"  # not WAL


def test_an_empty_search_has_columns(here):
    frame = ClipQuery(here.library(), here.clock).search("nothing like it").df
    assert {"id", "prompt", "rating", "path"} <= set(frame.columns)
    assert len(frame) == 0


def test_a_note_is_no_formula_in_a_spreadsheet():
    from hailuo_widgets.tabular import spreadsheet_text

    assert spreadsheet_text("=1+1") == "'=1+1"
    assert spreadsheet_text("@here") == "'@here"
    assert spreadsheet_text("a fox") == "a fox"


def test_a_notebook_in_a_subfolder_uses_the_library_above_it(here, tmp_path):
    clip = made(here)
    below = here.folder / "chapter" / "one"
    below.mkdir(parents=True)
    (below / "hailuo_library").mkdir()  # empty: no library yet
    with session() as other:
        other.folder = below
        assert other.library_folder == here.library_folder
        job = other.start(REQUEST, "minimax")
        assert (job.result(SECONDS).id, job.cached) == (clip.id, True)
        from hailuo_widgets.commands import _where

        assert _where(other) == "found in a folder above this one"
    assert _where(here) == ""


def test_a_set_library_is_not_looked_for_above(here, tmp_path):
    made(here)
    with session() as other:
        other.folder = here.folder / "below"
        other.settings.set("library", "mine")
        assert other.library_folder == here.folder / "below" / "mine"


def test_another_library_is_looked_into_and_none_is_made(here, tmp_path, monkeypatch):
    made(here)
    with session() as other:
        other.folder = tmp_path / "mine"
        monkeypatch.setattr("hailuo_widgets.session.default_session", lambda: other)
        assert [clip.prompt for clip in hw.library(here.library_folder).search("fox")] == ["A fox"]
        with pytest.raises(UsageError, match="holds no library"):
            hw.library("nowhere")
        assert not (tmp_path / "mine").exists()


def test_a_shared_library_answers_and_is_not_written_to(here, tmp_path):
    clip = made(here)
    here.close()
    before = sorted((each.name, each.stat().st_mtime_ns) for each in (here.library_folder / "clips").iterdir())
    with session() as other:
        other.folder = tmp_path / "a student's"
        other.settings.set("library", str(tmp_path / "own"))
        other.settings.set("shared_library", str(here.library_folder))
        job = other.start(REQUEST, "minimax")
        assert (job.result(SECONDS).path, job.cached) == (clip.path, True)
        new = made(other, REQUEST.model_copy(update={"prompt": "A panda"}))
        assert new.path.is_relative_to(tmp_path / "own")
    assert before == sorted((each.name, each.stat().st_mtime_ns) for each in (here.library_folder / "clips").iterdir())
