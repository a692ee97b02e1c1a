"""The folder that `to_dataset` writes, loaded back by Hugging Face's own library."""

from __future__ import annotations

import hashlib
from pathlib import Path

import datasets
import pytest

import hailuo_widgets as hw


def foxes(_one, other):
    """Which of two clips shows a fox."""
    return int("fox" in other.prompt)


@pytest.fixture
def fox(here):
    # A word that the loader would take for a split in a file's name, and an axis that is called as its own column.
    made = hw.sweep("A {video = fox | dog} on a test {what = train | 3}", name="fox")
    made.run().result(60)
    here.library().mark(made.clips()[0].id, rating=5)
    return made


def test_the_library_loads_every_clip_with_its_columns(fox, tmp_path):
    folder = fox.to_dataset(tmp_path / "fox")
    rows = datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert len(rows) == len(fox.clips()) == 4
    files = [Path(each["path"]) for each in rows.cast_column("video", datasets.Video(decode=False))["video"]]
    assert [hashlib.sha256(each.read_bytes()).hexdigest() for each in files] == [each.sha256 for each in fox.clips()]
    assert rows["prompt"][:1] == ["A fox on a test train"]
    assert set(rows["axis.video"]) == {"fox", "dog"}
    assert set(rows["what"]) == {"train", "3"}
    assert rows["rating"][0] == 5
    assert {str(each.dtype) for each in (rows.features["duration"], rows.features["price"])} == {"int64", "float64"}


def test_votes_are_loaded_as_a_data_set_of_their_own(fox, tmp_path):
    fox.judge(by=foxes, votes=6)
    folder = fox.to_dataset(tmp_path / "fox")
    votes = datasets.load_dataset(
        "json", data_files=str(folder / "votes.jsonl"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert len(votes) == 6
    names = {path.name for path in (folder / "train").glob("*.mp4")}
    assert {clip for seats in votes["clips"] for clip in seats} <= names
    assert set(votes["answer"]) <= names


def test_preference_pairs_are_loaded_with_both_clips(fox, tmp_path):
    judging = fox.judging.about()
    one, two, three = list(judging.clips)[:3]
    judging.cast((one, two), 1)
    judging.cast((two, three), 0)
    folder = judging.to_preferences(tmp_path / "pairs")
    rows = datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert set(rows.features) >= {"chosen", "rejected", "chosen_prompt", "voter"}
    assert list(rows["voter"]) == ["me", "me"]
