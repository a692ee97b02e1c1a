"""A sweep as other people's tools get it: complete, of one type a column, and with nothing private in it."""

from __future__ import annotations

import json

import pytest

import hailuo_widgets as hw
from hailuo_widgets.errors import LibraryError, UsageError
from hailuo_widgets.store.vote import Vote

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
