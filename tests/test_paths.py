"""Every call that takes a path says in one sentence what is not one, and so for the numbers beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

import hailuo_widgets as hw
from hailuo_widgets.errors import UsageError
from hailuo_widgets.paths import user_path

SECONDS = 60
DOORS = {
    "to_csv": lambda fox, path: fox.to_csv(path),
    "to_parquet": lambda fox, path: fox.to_parquet(path),
    "to_html": lambda fox, path: fox.to_html(path),
    "to_dataset": lambda fox, path: fox.to_dataset(path),
    "to_ballot": lambda fox, path: fox.to_ballot(path),
    "contact_sheet": lambda fox, path: fox.contact_sheet(path),
    "video": lambda fox, path: fox.video(path),
    "votes as JSON": lambda fox, path: fox.judging.about().to_json(path),
    "votes as Parquet": lambda fox, path: fox.judging.about().to_parquet(path),
    "preferences": lambda fox, path: fox.judging.about().to_preferences(path),
    "library": lambda _fox, path: hw.library(path),
    "library's export": lambda _fox, path: hw.library().export(path),
    "library as Parquet": lambda _fox, path: hw.library().to_parquet(path),
    "join": lambda fox, path: hw.join(fox.clips(), path),
    "sketch": lambda _fox, path: hw.sketch("A fox", path),
}
FORMATS = {"contact_sheet": ".png", "video": ".mp4", "join": ".mp4", "sketch": ".mp4"}


@pytest.fixture
def fox(here):
    made = hw.sweep("A fox {runs | sleeps}", name="fox")
    made.run().result(SECONDS)
    return made


def test_what_is_not_a_path_is_said(fox):
    for door, call in DOORS.items():
        for wrong in (3, "", "  ", b"fox", ["fox"]):
            with pytest.raises(UsageError, match="is not a path") as caught:
                call(fox, wrong)
            assert "name of a file or folder" in caught.value.hint, door


@pytest.mark.parametrize("door", FORMATS)
def test_one_format_has_one_ending(fox, tmp_path, door):
    for name in ("fox.txt", "fox"):
        with pytest.raises(UsageError, match=f"“{name}” can't be written") as caught:
            DOORS[door](fox, tmp_path / name)
        assert caught.value.hint == f"Name it “fox{FORMATS[door]}”."
    DOORS[door](fox, tmp_path / f"fox{FORMATS[door].upper()}")
    assert [path.name for path in tmp_path.glob("fox*")] == [f"fox{FORMATS[door].upper()}"]


def test_the_home_folder_may_be_written_as_a_tilde(fox, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert fox.to_csv("~/fox.csv") == tmp_path / "fox.csv"
    assert (tmp_path / "fox.csv").is_file()
    assert user_path(Path("~no-such-user/fox.csv")) == Path("~no-such-user/fox.csv")


def test_what_is_not_a_number_is_said(fox, tmp_path):
    for wrong in ({"at": "y"}, {"at": -1}, {"at": float("nan")}, {"width": "wide"}, {"width": None}):
        [(name, value)] = wrong.items()
        with pytest.raises(UsageError, match=f"“{name}” can't be {value!r}"):
            fox.contact_sheet(**wrong)
    for fade in ("long", None, -1, float("nan")):
        with pytest.raises(UsageError, match=f"A fade can't last {fade!r} s"):
            hw.join(fox.clips(), tmp_path / "film.mp4", fade=fade)


def test_what_is_not_a_sink_is_said(fox):
    for wrong in (3, None, object(), print):
        with pytest.raises(UsageError, match="it has no method “sweep”") as caught:
            fox.to(wrong)
        assert "trackio, mlflow, wandb" in caught.value.hint
    with pytest.raises(UsageError, match="There is no sink “mflow”") as caught:
        fox.to("mflow")
    assert "mlflow" in caught.value.hint
