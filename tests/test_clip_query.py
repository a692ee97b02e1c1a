"""The library as a person uses it: searched, judged, checked, given away, and made again from its folder."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from pathlib import Path

import pytest

import hailuo_widgets as hw
from hailuo_widgets.cli import main
from hailuo_widgets.clip_query import ClipQuery
from hailuo_widgets.errors import HailuoError, LibraryError, UsageError
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.store.clip_filter import ClipFilter
from hailuo_widgets.store.journal import Journal
from hailuo_widgets.store.library import Library, rebuild
from support.session import session

SECONDS = 60
DATA = Path(__file__).parent / "data"


@pytest.fixture
def here():
    with session() as made:
        yield made


def shelf(here, *prompts: str) -> ClipQuery:
    for prompt in prompts:
        here.start(VideoRequest.of(prompt=prompt)).result(SECONDS)
        here.clock.time += 10
    return ClipQuery(here.library(), here.clock)


def prompts(clips) -> list[str]:
    return [clip.prompt for clip in clips]


def test_the_function_of_the_packages_name():
    assert callable(hw.library)
    assert isinstance(hw.library(), ClipQuery)
    assert repr(hw.library()) == "No clips."


def test_clips_are_found_by_what_stands_in_them(here):
    all_of_them = shelf(here, "A red fox", "A 100% blue fox", "Eine Füchsin, 狐狸")
    assert prompts(all_of_them) == ["Eine Füchsin, 狐狸", "A 100% blue fox", "A red fox"]
    assert len(all_of_them) == 3
    assert prompts(all_of_them.search("FOX")) == ["A 100% blue fox", "A red fox"]
    assert prompts(all_of_them.search("fox red")) == ["A red fox"]
    assert prompts(all_of_them.search("100%")) == ["A 100% blue fox"]
    assert prompts(all_of_them.search("_")) == []
    assert prompts(all_of_them.search("狐狸")) == ["Eine Füchsin, 狐狸"]
    assert len(all_of_them.search("'; DROP TABLE clips; --")) == 0
    assert prompts(all_of_them.filter(provider="sketch")) == []
    assert len(all_of_them.filter(model="minimax-hailuo-2.3", provider="minimax")) == 3
    first = all_of_them[2]
    assert prompts(all_of_them.filter(until="2025-01-01")) == []
    assert len(all_of_them.filter(since="2025-01-01")) == 3
    assert all_of_them[first.id].prompt == "A red fox"
    with pytest.raises(KeyError):
        all_of_them["none"]
    with pytest.raises(UsageError, match="no date"):
        all_of_them.filter(since="yesterday")


def test_what_is_no_text_and_no_rating_is_refused_in_a_sentence(here):
    clips = hw.library()
    for call in (
        lambda: clips.search(3),
        lambda: clips.tag(3),
        lambda: clips.note(3),
        lambda: clips.filter(model=3),
        lambda: clips.filter(tag=("a", 3)),
    ):
        with pytest.raises(UsageError, match="is text, not 3"):
            call()
    for rating in ("4", 9, True, 2.5):
        with pytest.raises(UsageError, match="A rating is a whole number from 1 to 5"):
            clips.filter(rating=rating)
    with pytest.raises(UsageError, match="3 is not a list of clips"):
        hw.join(3, "film.mp4")
    with pytest.raises(UsageError, match="3 is not a clip"):
        hw.join([3], "film.mp4")
    with pytest.raises(HailuoError, match=r"none\.mp4"):
        hw.join("none.mp4", "film.mp4")


def test_tags_ratings_and_notes(here):
    all_of_them = shelf(here, "A red fox", "A blue fox")
    all_of_them.search("red").tag("best", "for the talk").rate(5).note("the snow is right")
    assert prompts(all_of_them.filter(tag="best")) == ["A red fox"]
    assert prompts(all_of_them.filter(tag=("best", "none"))) == []
    assert prompts(all_of_them.filter(rating=4)) == ["A red fox"]
    assert prompts(all_of_them.search("snow")) == ["A red fox"]
    assert prompts(all_of_them.search("talk")) == ["A red fox"]
    assert "★★★★★" in repr(all_of_them)
    assert "for the talk" in all_of_them._repr_html_()
    all_of_them.tag("best", remove=True)
    assert len(all_of_them.filter(tag="best")) == 0
    for wrong in (0, 6, "5", 2.5):
        with pytest.raises(UsageError, match="1 to 5"):
            all_of_them.rate(wrong)
    with pytest.raises(UsageError, match="1 to 80"):
        all_of_them.tag("")


def test_a_note_belongs_to_one_clip_of_several_of_one_request(here):
    first = here.start(VideoRequest.of(prompt="A red fox")).result(SECONDS)
    second = here.start(VideoRequest.of(prompt="A red fox"), fresh=True).result(SECONDS)
    here.library().mark(second.id, note="the snow is right")
    here.library().tag(first.id, ["first"])
    clips = ClipQuery(here.library(), here.clock)
    assert [clip.id for clip in clips.search("snow")] == [second.id]
    assert [clip.id for clip in clips.search("fox first")] == [first.id]
    assert [clip.id for clip in clips.search("snow first")] == []
    assert (len(clips.search("fox")), len(clips.search("fox snow"))) == (2, 1)


def test_few_are_found_among_many_wherever_they_are(here, monkeypatch):
    monkeypatch.setattr("hailuo_widgets.store.journal._RECENT", 2)
    shelf(here, "A red fox", "A red panda", "A blue otter", "A red otter", "A red heron")
    search = here.library().search

    def found(text: str, limit: int) -> list[str]:
        return prompts(search(ClipFilter(words=tuple(text.split())), limit))

    assert found("red", 2) == ["A red heron", "A red otter"]
    assert found("red", 3) == ["A red heron", "A red otter", "A red panda"]
    assert found("red", 9) == ["A red heron", "A red otter", "A red panda", "A red fox"]
    assert found("fox", 2) == ["A red fox"]
    assert found("", 1) == ["A red heron"]
    assert len(found("", 9)) == 5


def test_what_is_shown_of_hostile_words_is_text(here):
    shown = shelf(here, "<script>alert(1)</script> fox")._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_beside_each_clip_is_its_whole_provenance(here):
    (clip,) = shelf(here, "A red fox [Pan left]")
    told = json.loads(clip.path.with_suffix(".json").read_text())
    assert told["request"]["prompt"] == "A red fox [Pan left]"
    assert told["request"]["effective"]["duration"] == 6
    assert (told["request"]["price"], told["request"]["currency"]) == ("0.280000", "USD")
    assert told["job"]["task_id"] == clip.task_id
    assert [state for state, _ in told["job"]["history"]][-1] == "stored"
    assert told["clip"]["sha256"] == clip.sha256


def everything(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    with sqlite3.connect(folder / "library.sqlite") as connection:
        found = {
            table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
            for table in ("requests", "jobs", "clips", "marks", "tags")
        }
        found["transitions"] = connection.execute("SELECT job_id, state, at FROM transitions ORDER BY job_id, at")
        found["transitions"] = found["transitions"].fetchall()
    connection.close()
    return found


def test_a_new_journal_is_made_from_the_folder_alone(tmp_path, capsys):
    with session() as here:
        shelf(here, "A red fox", "A blue fox").search("red").tag("best").rate(4).note("yes")
        folder = here.library_folder
    before = everything(folder)
    (folder / "library.sqlite").unlink()
    assert main(["library", "rebuild", str(folder)]) == 0
    assert "knows 2 clips" in capsys.readouterr().out
    after = everything(folder)
    for table in before:
        if table == "requests":  # a request is as old as its first job that is left
            assert [row[:-1] for row in after[table]] == [row[:-1] for row in before[table]]
        else:
            assert after[table] == before[table], table
    assert main(["library", "verify", str(folder)]) == 0
    with session() as here:
        assert here.start(VideoRequest.of(prompt="A red fox")).result(SECONDS).prompt == "A red fox"
        assert len(here.simulator.tasks) == 0


def test_rebuilding_keeps_the_old_journal_and_refuses_while_jobs_are_open(here, tmp_path):
    shelf(here, "A red fox")
    folder = here.library_folder
    clips, problems, old = rebuild(folder, 1.0)
    assert (clips, problems) == (1, [])
    assert old.is_file()
    library = Library(folder)
    library.journal.open_job("open", here.quote(VideoRequest.of(prompt="x"))[0], 0, "", 1.0)
    library.close()
    with pytest.raises(UsageError, match="open"):
        rebuild(folder, 2.0)
    (folder / "library.sqlite").write_bytes(b"rubbish" * 100)
    for name in ("library.sqlite-wal", "library.sqlite-shm"):
        (folder / name).unlink(missing_ok=True)
    assert rebuild(folder, 3.0)[0] == 1
    with pytest.raises(LibraryError, match="holds no clips"):
        rebuild(tmp_path / "nowhere", 4.0)


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["job"].update(id="../../x"),
        lambda told: told["clip"].update(sha256="x"),
        lambda told: told["request"].update(price="1; DROP TABLE jobs"),
        lambda told: told.update(format=2),
        lambda told: told.pop("clip"),
        lambda told: told["clip"].update(size=1),
    ],
)
def test_a_sidecar_from_somewhere_else_is_checked(change, here):
    (clip,) = shelf(here, "A red fox")
    path = clip.path.with_suffix(".json")
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))
    clips, problems, _ = rebuild(here.library_folder, 1.0)
    assert clips == 0
    assert len(problems) == 1
    assert clip.path.name.removesuffix(".mp4") in problems[0]


def test_files_are_hashed_again(here, capsys):
    all_of_them = shelf(here, "A red fox", "A blue fox", "A green fox")
    assert all_of_them.verify() == []
    _, blue, red = all_of_them
    red.path.unlink()
    with blue.path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff\xff\xff")
    assert {(each.id, each.what) for each in all_of_them.verify()} == {(red.id, "missing"), (blue.id, "changed")}
    assert main(["library", "verify", str(here.library_folder)]) == 1
    assert main(["library", "verify", "nowhere"]) == 1
    assert "holds no library" in capsys.readouterr().err


def test_pruning_says_what_it_would_delete_before_it_does(here):
    all_of_them = shelf(here, "A red fox", "A blue fox")
    stray = here.library_folder / "clips" / "stray.mp4.part"
    stray.write_bytes(b"x")
    assert "stray.mp4.part" in str(all_of_them.prune())
    assert "1 file would be deleted" in str(all_of_them.prune())
    assert stray.exists()
    red = all_of_them.search("red")
    (clip,) = red
    assert "2 files would be deleted" in str(red.prune())
    assert clip.path.exists()
    assert "2 files deleted" in str(red.prune(delete=True))
    left = [clip.path, clip.path.with_suffix(".json"), clip.poster_path, stray]
    assert [path for path in left if path.exists()] == []
    assert prompts(all_of_them) == ["A blue fox"]
    assert here.library().journal.spending()[0].clips == 2
    assert str(all_of_them.prune()) == "There is nothing to delete."


def test_an_exported_library_answers_as_its_own(here, tmp_path):
    all_of_them = shelf(here, "A red fox", "A blue fox")
    all_of_them.search("red").tag("best")
    all_of_them.search("red").export(tmp_path / "mailed")
    with pytest.raises(UsageError, match="own folder"):
        all_of_them.export(here.library_folder)
    there = Library(tmp_path / "mailed")
    given = ClipQuery(there, here.clock)
    assert prompts(given.filter(tag="best")) == ["A red fox"]
    assert given.verify() == []
    there.close()


def test_a_data_frame_where_pandas_is(here, tmp_path, monkeypatch):
    all_of_them = shelf(here, "A red fox")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match="needs pandas"):
        all_of_them.df  # noqa: B018
    monkeypatch.undo()
    pd = pytest.importorskip("pandas")
    frame = all_of_them.df
    assert list(frame["prompt"]) == ["A red fox"]
    assert frame["parameters.duration"][0] == 6
    pytest.importorskip("pyarrow")
    read = pd.read_parquet(all_of_them.to_parquet(tmp_path / "clips.parquet"))
    assert list(read["sha256"]) == list(frame["sha256"])


def test_a_library_of_the_first_schema_opens(tmp_path):
    """The file was written by the first release and is never written again."""
    shutil.copy(DATA / "library-v1.sqlite", tmp_path / "library.sqlite")
    library = Library(tmp_path)
    (clip,) = library.clips()
    assert (clip.id, clip.provider, clip.prompt) == ("20260601-120000-aaaaaa", "minimax", "A red fox")
    assert library.journal.marked([clip.id])[clip.id].tags == ["best"]
    assert {row.id: row.state for row in library.journal.open_jobs()} == {
        "20260601-120100-bbbbbb": "uncertain",
        "20260601-120200-cccccc": "running",
    }
    assert library.journal.spending()[0].clips == 3
    library.close()


def write_first_schema(path: Path) -> None:  # pragma: no cover - how the file above was made
    from hailuo_widgets.spec.quote import quote

    journal = Journal(f"sqlite:///{path}")
    for number, (job_id, state) in enumerate(
        (
            ("20260601-120000-aaaaaa", "stored"),
            ("20260601-120100-bbbbbb", "uncertain"),
            ("20260601-120200-cccccc", "running"),
        )
    ):
        words = f"A {('red', 'blue', 'green')[number]} fox"
        journal.open_job(job_id, quote(VideoRequest.of(prompt=words), "minimax"), 0, "fox", 1000.0 + number)
        if state != "uncertain":
            journal.move(job_id, "queued", 1001.0 + number, task_id=f"task-{number}")
        if state != "stored":
            journal.move(job_id, state, 1002.0 + number)
    figures = {"size": 5, "width": 1366, "height": 768, "fps": 25.0, "frames": 150, "duration": 6.0, "codec": "h264"}
    figures |= {"path": "clips/20260601-120000-aaaaaa.mp4", "sha256": "0" * 64}
    journal.store_clip("20260601-120000-aaaaaa", figures, 1060.0)
    journal.tag("20260601-120000-aaaaaa", ["best"])
    journal.mark("20260601-120000-aaaaaa", rating=5, note="yes")
    journal.close()
