"""What came of a sweep: records, a data frame, files, a page that can be mailed, and one picture."""

from __future__ import annotations

import base64
import csv
import io
import re
import sys
from decimal import Decimal

import pytest
from PIL import Image

import hailuo_widgets as hw
from hailuo_widgets.errors import HailuoError, LibraryError, UsageError
from hailuo_widgets.media.probe import VideoInfo
from hailuo_widgets.simulator import Fault
from hailuo_widgets.sweeps.export.film import _places
from hailuo_widgets.sweeps.pivot import sheets
from hailuo_widgets.views import progress
from hailuo_widgets.views.describe_sweep import grid_of, head_of
from hailuo_widgets.views.outputs import Output
from hailuo_widgets.views.static_grid import grid_html
from support.html import Seen

SECONDS = 60
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> $x$ \x1b[31m \u202e &"


@pytest.fixture
def fox(here):
    here.simulator.faults.add(Fault("fail_output", "submit", times=1))
    made = hw.sweep(
        "A red fox {gait} {where} {state}",
        name="fox",
        gait=["trots", "leaps"],
        where=["in snow", HOSTILE],
        state=["", "calmly"],
        camera=["Pan left", None],
        duration=[6, 10],
        resolution=["768P", "1080P"],
        zip=[("where", "state")],
        skip={"camera": "Pan left", "gait": "leaps"},
        repeat=2,
    )
    made.run().result(SECONDS)
    return made


def test_a_record_says_everything_of_a_clip(here, fox):
    here.library().mark(fox.clips()[0].id, rating=4, note="good")
    records = fox.records
    by_state = {state: [each for each in records if each["state"] == state] for state in {r["state"] for r in records}}
    assert {state: len(some) for state, some in by_state.items()} == {
        "stored": 35,
        "failed": 1,
        "not possible": 6,
        "skipped": 8,
    }
    first = next(each for each in records if each["rating"] == 4)
    assert first["note"] == "good"
    assert (first["price"], first["currency"], first["provider"]) == (Decimal("0.28"), "USD", "minimax")
    assert (first["gait"], first["camera"], first["duration"], first["resolution"]) == ("trots", "Pan left", 6, "768P")
    assert (first["axis.state"], first["prompt_optimizer"]) == ("", False)
    assert first["started"] < first["ended"]
    assert first["seconds"] >= 0
    assert first["path"].endswith(".mp4")
    assert first["task_id"]
    [failed] = by_state["failed"]
    assert failed["error"]
    assert failed["path"] is None
    assert all("6 s only" in each["error"] for each in by_state["not possible"])
    assert [list(each) for each in records] == [list(records[0])] * len(records)


def test_as_a_data_frame_and_in_files(fox, tmp_path, monkeypatch):
    import pandas as pd

    frame = fox.df
    assert len(frame) == len(fox.records)
    assert frame.price.sum() == pytest.approx(float(sum(each["price"] or 0 for each in fox.records)))
    assert str(frame.started.dtype).startswith("datetime64")
    back = pd.read_parquet(fox.to_parquet(tmp_path / "fox.parquet"))
    assert list(back.columns) == list(frame.columns)
    assert back.state.tolist() == frame.state.tolist()
    with fox.to_csv(tmp_path / "fox.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["state"] for row in rows] == frame.state.tolist()
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match="needs pandas"):
        _ = fox.df
    assert fox.records


def test_the_page_plays_on_its_own_and_runs_nothing(fox, tmp_path):
    folder = tmp_path / "for you"
    folder.mkdir()
    path = fox.to_html(folder / "my fox.html")
    text = path.read_text("utf-8")
    page = Seen(text)
    names = [tag for tag, _ in page.elements]
    assert "script" not in names
    assert "img" not in names
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    videos = page.every("video")
    assert len(videos) == 35
    for video in videos:
        assert video["poster"].startswith("data:image/jpeg;base64,")
        assert (folder / re.sub("%20", " ", video["src"])).is_file()
    assert not re.search(r"""(?:src|href)=["'](?:https?:|/|file:)""", text)
    assert str(tmp_path) not in text
    assert "\x1b" not in text
    for words in ("Not possible", "6 s only", "Skipped", "Failed", "trots", "&lt;script&gt;"):
        assert words in text


@pytest.mark.parametrize("way", ["to_html", "to_csv", "to_parquet", "contact_sheet"])
def test_what_can_not_be_written_is_said_in_a_sentence(way, here, tmp_path):
    made = hw.sweep("A {fox | dog}").run()
    made.result(SECONDS)
    write = getattr(made, way)
    with pytest.raises(LibraryError, match=r"nowhere.fox\.png” can't be written: .*Make the folder first") as missing:
        write(tmp_path / "nowhere" / "fox.png")
    assert "resumed" not in str(missing.value)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(LibraryError, match=r"folder\.png” can't be written: .*directory") as in_the_way:
        write(tmp_path / "folder.png")
    assert "Make the folder" not in str(in_the_way.value)
    assert write(tmp_path / "fox.png")


def test_a_clip_whose_file_is_gone_has_a_remark_in_its_place(here, tmp_path):
    made = hw.sweep("A {fox | dog}", name="fox").run()
    made.result(SECONDS)[0].path.unlink()
    page = Seen(made.to_html(tmp_path / "fox.html").read_text("utf-8"))
    assert len(page.every("video")) == 1
    assert "File gone" in page.text
    assert "run the sweep again to generate it again" in page.text
    assert len(list((tmp_path / "fox_clips").iterdir())) == 1
    assert [(each["state"], each["path"] is None) for each in made.records] == [("file gone", True), ("stored", False)]
    assert made.contact_sheet(tmp_path / "fox.png")


def test_an_axis_never_takes_the_place_of_what_was_sent(here):
    made = hw.sweep("A {prompt = p | q} in {duration = six | ten} {gait}", resolution=[None, "1080P"], gait="runs")
    assert {(each["prompt"], each["axis.prompt"]) for each in made.records} >= {("A p in six runs", "p")}
    assert {(each["duration"], each["axis.duration"]) for each in made.records} == {(6, "six"), (6, "ten")}
    sent = {(each["resolution"], each["axis.resolution"]) for each in made.records}
    assert sent == {("768P", None), ("1080P", "1080P")}


def test_an_axis_that_says_what_was_sent_needs_no_column_of_its_own(here):
    made = hw.sweep("A fox {gait = runs | sleeps}", duration=[6, 10], resolution=["768P", "1080P"])
    assert not [name for name in made.records[0] if name.startswith("axis.")]
    assert {(each["duration"], each["resolution"]) for each in made.records if each["state"] == "not possible"} == {
        (10, "1080P")
    }
    assert {each["gait"] for each in made.records} == {"runs", "sleeps"}


def test_the_contact_sheet_has_a_poster_for_each_clip(fox, tmp_path):
    shown = fox.contact_sheet(tmp_path / "fox.png", width=200)
    assert shown.getpixel((2, 2))[3] == 0  # the notebook's own background, light or dark
    picture = shown.convert("RGB")
    with Image.open(tmp_path / "fox.png") as kept:
        assert kept.format == "PNG"
        assert kept.size == picture.size
        assert kept.getpixel((2, 2)) == (255, 255, 255)
    poster = Image.open(io.BytesIO(fox.clips()[0].poster())).convert("RGB").resize((1, 1)).getpixel((0, 0))
    small = picture.resize((picture.width // 4, picture.height // 4))
    near = sum(
        all(abs(a - b) < 90 for a, b in zip(small.getpixel((x, y)), poster, strict=True))
        for x in range(small.width)
        for y in range(small.height)
    )
    assert near > 100
    assert fox.contact_sheet(width=20).width < picture.width
    assert fox.contact_sheet(width=200, at=99).size == picture.size
    huge = hw.sweep("{a = 1..40} {b = 1..40}", provider="sketch").contact_sheet(width=900)
    assert max(huge.size) <= 16_000


def test_a_long_strip_is_several_short_ones(here):
    made = hw.sweep("A fox {1..12}")
    assert [len(sheet.columns) for sheet in sheets(made)] == [5, 5, 2]
    assert sorted(cell.index for sheet in sheets(made) for cell in sheet.places.values()) == list(range(12))
    assert grid_html(grid_of(made, {}, head_of(made, None)), {}).count("<table") == 3
    assert [len(sheet.columns) for sheet in sheets(hw.sweep("A {a | b} fox {1..12}"))] == [12]


def test_axes_that_go_together_stand_beside_each_other(here):
    made = hw.sweep("{a = 1 | 2} {b = x | y} {c = u | v}", zip=[("a", "b")], show=("a", "c"))
    [sheet] = sheets(made)
    assert list(sheet.rows.values()) == ["1, x", "2, y"]
    assert list(sheet.columns.values()) == ["u", "v"]


def test_half_a_character_is_not_sent_and_breaks_nothing(here, tmp_path):
    made = hw.sweep("A fox {x}", x=["\ud800", "runs"], name="fox")
    assert "is broken" in made.cells[0].problem
    assert len(made.run().result(SECONDS)) == 1
    assert made.to_html(tmp_path / "fox.html").is_file()
    assert made.to_csv(tmp_path / "fox.csv").is_file()
    assert made.to_parquet(tmp_path / "fox.parquet").is_file()
    assert made.contact_sheet().size[0] > 300
    assert hw.sweep.load("fox").cells[0].problem


def test_before_it_ran_it_says_what_is_planned(here):
    made = hw.sweep("A {fox | dog}")
    assert [record["state"] for record in made.records] == ["planned", "planned"]
    assert made.contact_sheet().size[0] > 300


def test_the_film_shows_every_cell_in_its_place(here, tmp_path):
    made = hw.sweep("A {fox | dog} {gait = trots | sleeps}", name="fox", repeat=2).run()
    made.result(SECONDS)
    done = []
    info = made.video(tmp_path / "fox.mp4", size="720p", progress=done.append)
    assert (info.width, info.height, info.video_codec, info.pixel_format) == (1280, 720, "h264", "yuv420p")
    assert info.duration == pytest.approx(made.clips()[0].duration, abs=0.1)
    assert done == sorted(done)
    assert done[-1] == 1
    cells, columns = _places(made)
    assert columns == 4  # two gaits, two clips each
    assert [each.label for each in cells[:4]] == [f"fox · {gait} #{n}" for gait in ("trots", "sleeps") for n in (1, 2)]
    assert len(cells) == 8
    assert all(each.path for each in cells)


def test_a_film_says_what_it_needs(here, tmp_path):
    made = hw.sweep("A {fox | dog}")
    with pytest.raises(UsageError, match="no clip to show"):
        made.video(tmp_path / "fox.mp4")
    made.run().result(SECONDS)
    with pytest.raises(UsageError, match=r"size “8K”.*\n?.*720p, 1080p, 4K"):
        made.video(tmp_path / "fox.mp4", size="8K")
    with pytest.raises(HailuoError, match="can't be written"):
        made.video(tmp_path / "nowhere" / "fox.mp4", size="720p")
    assert list(tmp_path.glob("*.mp4")) == []


def test_a_film_shows_its_progress_and_then_itself(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(Output, "show", lambda _, data: shown.append((data, False)))
    monkeypatch.setattr(Output, "replace", lambda _, data: shown.append((data, True)))
    film = progress.FilmProgress(tmp_path / "my <fox>.mp4", tmp_path)
    film(0.5)  # too soon after the first to be sent
    film.finished(VideoInfo(1920, 1080, 24, 144, 6.0, "h264", None, "yuv420p", "mp4", 1_200_000))
    assert [update for _, update in shown] == [False, True]
    assert Seen(shown[0][0]["text/html"]).every("progress")[0]["value"] == "0.00"
    assert Seen(shown[1][0]["text/html"]).every("video")[0]["src"] == "my%20%3Cfox%3E.mp4"
    assert shown[1][0]["text/plain"] == "my <fox>.mp4 · 1920×1080 · 6.0 s · 1.2\xa0MB"


def test_a_single_page_holds_its_clips_and_says_when_that_is_too_much(here, tmp_path):
    made = hw.sweep("A {fox | dog}", name="fox").run()
    clips = made.result(SECONDS)
    page = Seen(made.to_html(tmp_path / "fox.html", single=True).read_text("utf-8"))
    inside = [base64.b64decode(each["src"].removeprefix("data:video/mp4;base64,")) for each in page.every("video")]
    assert inside == [clip.path.read_bytes() for clip in clips]
    with pytest.raises(UsageError, match=r"2 clips would have \d+ MB, more than 0.01 MB.*\n?.*most_mb=\d+"):
        made.to_html(tmp_path / "large.html", single=True, most_mb=0.01)
    assert sorted(each.name for each in tmp_path.glob("*.html")) == ["fox.html"]
    assert not (tmp_path / "fox_clips").exists()
