"""A sweep as other people's tools get it: complete, of one type a column, and with nothing private in it."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import pytest
from PIL import Image

import hailuo_widgets as hw
from hailuo_widgets.errors import LibraryError, UsageError
from hailuo_widgets.store.vote import Vote
from hailuo_widgets.sweeps.export.film import _places
from hailuo_widgets.sweeps.pivot import sheets

SECONDS = 60


@pytest.fixture
def fox(here):
    made = hw.sweep("A {fox | dog} on a test {what = train | 3}", name="fox", callback_url="https://example.com/secret")
    first, second, *_ = made.run().result(SECONDS)
    library = here.library()
    library.mark(first.id, rating=4)
    library.tag(first.id, add=["good"])
    ids = (first.id, second.id)
    library.journal.cast(
        [
            Vote("1", "Ann Other", ids, 0, 1.0),
            Vote("2", "Ann Other", ids, "tie", 2.0),
            Vote("3", "Ann Other", ids, 1, 3.0),
            Vote("4", "Ann Other", ids, "undo", 4.0, repeats="3"),
        ]
    )
    return made


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_dataset_has_every_clip_with_its_prompt_parameters_ratings_and_votes(fox, tmp_path):
    folder = fox.to_dataset(tmp_path / "fox")
    rows = lines(folder / "train" / "metadata.jsonl")
    assert [row["file_name"] for row in rows] == [f"{clip.sha256[:32]}.mp4" for clip in fox.clips()]
    for row, clip in zip(rows, fox.clips(), strict=True):
        assert (folder / "train" / row["file_name"]).read_bytes() == clip.path.read_bytes()
    first, second, *_ = rows
    assert (first["prompt"], first["what"], first["model"], first["duration"], first["price"]) == (
        "A fox on a test train", "train", "MiniMax-Hailuo-2.3", 6, 0.28,
    )  # fmt: skip
    assert (first["rating"], first["tags"], first["votes"], first["won"]) == (4, ["good"], 2, 1)
    assert (second["rating"], second["votes"], second["won"]) == (None, 2, 0)
    votes = lines(folder / "votes.jsonl")
    assert [vote["answer"] for vote in votes] == [first["file_name"], "tie"]
    assert votes[0]["clips"] == [first["file_name"], second["file_name"]]
    assert 'load_dataset("' in (folder / "README.md").read_text("utf-8")


def test_a_dataset_tells_nothing_private(fox, tmp_path):
    folder = fox.to_dataset(tmp_path / "fox")
    text = "".join(path.read_text("utf-8") for path in folder.rglob("*") if path.suffix in {".md", ".jsonl"})
    private = ["Ann Other", "secret", str(tmp_path), *(clip.id for clip in fox.clips())]
    assert [each for each in [*private, *(job.task_id for job in fox.jobs)] if each in text] == []


class Kept:
    """A sink that keeps all it is given."""

    def __init__(self):
        self.text = ""

    def sweep(self, sweep):
        self.text += repr(sweep)

    def clip(self, clip):
        self.text += repr(clip.facts)

    def vote(self, vote):
        self.text += repr(vote)

    def close(self, *, failed):
        assert not failed


@pytest.mark.parametrize("varied", [False, True])
def test_pictures_and_addresses_are_shared_without_paths_passwords_and_signatures(here, tmp_path, varied):
    home = tmp_path / "home of Ann"
    home.mkdir()
    for name in ("one", "two"):
        Image.new("RGB", (800, 600), "red" if name == "one" else "blue").save(home / f"{name}.png")
    pictures = [str(home / "one.png"), "https://ann:secret@example.com/two.png?X-Amz-Signature=secret"]
    calls = ["https://example.com/?token=secret", "https://ann:secret@example.com/"]
    fields = {"first_frame": pictures, "callback_url": calls} if varied else {"first_frame": pictures[1]}
    made = hw.sweep("A fox", **fields)
    made.run().result(SECONDS)
    folder, sink = made.to_dataset(tmp_path / "fox"), Kept()
    made.to(sink)
    for text in ((folder / "train" / "metadata.jsonl").read_text("utf-8"), sink.text):
        assert [each for each in ("secret", "home of Ann", "ann:") if each in text] == []
        assert "https://example.com/two.png" in text
        assert ("one.png" in text) == varied


def test_a_page_a_film_and_a_contact_sheet_name_pictures_without_their_paths(here, tmp_path):
    home = tmp_path / "home of Ann"
    home.mkdir()
    Image.new("RGB", (800, 600), "red").save(home / "one.png")
    Image.new("RGB", (90, 60), "red").save(home / "small.png")
    address = "https://ann:secret@example.com/two.png?X-Amz-Signature=secret"
    made = hw.sweep("A {red | grey} fox", first_frame=[str(home / "one.png"), str(home / "small.png"), address])
    made.run().result(SECONDS)
    page = made.to_html(tmp_path / "fox.html").read_text("utf-8")
    labels = [each.label for each in _places(made)[0]]
    tables = [text for sheet in sheets(made) for text in (sheet.title, *sheet.rows.values(), *sheet.columns.values())]
    for text in (page, str(labels), str(tables)):
        assert [each for each in ("secret", "home of Ann", "ann:") if each in text] == []
        assert "one.png" in text
        assert "https://example.com/two.png" in text


def test_an_address_that_mlflow_refuses_is_shown_without_its_password(fox, monkeypatch):
    class MlflowException(Exception):  # noqa: N818  # its own name
        pass

    def client(tracking_uri):
        raise MlflowException(f"Unsupported URI '{tracking_uri}'. Go away")

    exceptions = SimpleNamespace(MlflowException=MlflowException)
    monkeypatch.setitem(sys.modules, "mlflow", SimpleNamespace(MlflowClient=client, exceptions=exceptions))
    monkeypatch.setitem(sys.modules, "mlflow.exceptions", exceptions)
    with pytest.raises(UsageError, match="Unsupported URI 'db://host/x'") as caught:
        fox.to("mlflow", tracking_uri="db://ann:secret@host/x")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("place", ["train", "train/metadata.jsonl", "votes.jsonl", "README.md"])
def test_a_dataset_is_not_written_through_a_link(fox, tmp_path, place):
    folder = fox.to_dataset(tmp_path / "fox")
    mine = tmp_path / "mine"
    (folder / place).rename(mine)
    before = {path: path.read_bytes() for path in (mine, *mine.rglob("*")) if path.is_file()}
    (folder / place).symlink_to(mine)
    with pytest.raises(UsageError, match="holds something else"):
        fox.to_dataset(folder)
    assert {path: path.read_bytes() for path in before} == before


def test_a_dataset_is_replaced_but_never_another_folder(here, fox, tmp_path):
    folder = fox.to_dataset(tmp_path / "fox")
    hw.sweep.load("fox").clips()[0].path.unlink()
    assert len(lines(fox.to_dataset(folder) / "train" / "metadata.jsonl")) == 3
    (folder / "train" / f"{'a' * 32}.mp4").touch()  # of an earlier call
    fox.to_dataset(folder)
    named = {row["file_name"] for row in lines(folder / "train" / "metadata.jsonl")}
    assert {path.name for path in (folder / "train").glob("*.mp4")} == named
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("words")
    with pytest.raises(UsageError, match="holds something else"):
        fox.to_dataset(tmp_path / "mine")
    with pytest.raises(LibraryError, match="Make the folder first"):
        fox.to_dataset(tmp_path / "nowhere" / "fox")
    with pytest.raises(UsageError, match="no clip to write"):
        hw.sweep("A {cat | cow}").to_dataset(tmp_path / "cats")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
