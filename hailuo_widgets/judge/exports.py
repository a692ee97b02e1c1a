"""Votes for other programs: records, and preference pairs as a folder that Hugging Face's `datasets` reads."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from hailuo_widgets.disk import writing
from hailuo_widgets.errors import UsageError
from hailuo_widgets.judge.votes import standing
from hailuo_widgets.tabular import json_lines, storable

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping
    from pathlib import Path

    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.store.vote import Vote

COLUMNS = (
    "id", "voter", "source", "question", "clips", "cells", "answer", "seconds", "repeats", "chosen", "probability",
    "created",
)  # fmt: skip
"""Of a record."""


def records(votes: Iterable[Vote], cells: Mapping[Hashable, str]) -> list[dict[str, Any]]:
    """A record a vote."""
    return [
        {
            "id": each.id,
            "voter": each.voter,
            "source": each.source,
            "question": each.question,
            "clips": list(each.clips),
            "cells": [cells[clip] for clip in each.clips],
            "answer": str(each.answer),
            "seconds": each.seconds,
            "repeats": each.repeats,
            "chosen": each.chosen,
            "probability": each.probability,
            "created": each.created,
        }
        for each in votes
    ]


def to_json(records: list[dict[str, Any]], path: Path) -> Path:
    """Write records into a file.

    Raises:
        LibraryError: If the disk refuses it.
    """
    with writing(path):
        path.write_text(json.dumps(storable(records), ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def preferences(votes: Iterable[Vote], clips: Mapping[str, Clip]) -> list[dict[str, str]]:
    """People's votes as pairs of a chosen and a rejected clip; a vote on four clips is three pairs."""
    pairs = [
        (vote, clips[vote.clips[vote.answer]], clips[other])
        for vote in standing(votes)
        if vote.source != "program" and isinstance(vote.answer, int)
        for seat, other in enumerate(vote.clips)
        if seat != vote.answer
    ]
    return [
        {
            "chosen": chosen.id,
            "rejected": rejected.id,
            "chosen_prompt": chosen.prompt,
            "rejected_prompt": rejected.prompt,
            "chosen_path": str(chosen.path),
            "rejected_path": str(rejected.path),
            "voter": vote.voter,
            "question": vote.question,
        }
        for vote, chosen, rejected in pairs
    ]


def to_preferences(pairs: list[dict[str, str]], clips: Mapping[str, Clip], folder: Path) -> Path:
    """Write preference pairs, and their clips named by their hash, into a new folder.

    `datasets.load_dataset(folder)` has the columns `chosen` and `rejected` as videos.

    Raises:
        UsageError: If there are no pairs, the folder is not empty, or a clip's file is gone.
        LibraryError: If the disk refuses it.
    """
    if not pairs:
        raise UsageError("There are no preferences yet.", hint="Compare clips with .judge(); ties are not exported.")
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"“{folder}” is not empty.", hint="Name a new folder.")
    used = {clip: clips[clip] for pair in pairs for clip in (pair["chosen"], pair["rejected"])}
    if not all(clip.path.is_file() for clip in used.values()):
        raise UsageError("A clip's file is gone.", hint="Run the sweep again.")
    files = {name: f"clips/{clip.sha256}.mp4" for name, clip in used.items()}
    lines = [
        {
            "chosen_file_name": files[pair["chosen"]],
            "rejected_file_name": files[pair["rejected"]],
            **{name: pair[name] for name in ("chosen_prompt", "rejected_prompt", "voter", "question")},
            "chosen_model": used[pair["chosen"]].model,
            "rejected_model": used[pair["rejected"]].model,
        }
        for pair in pairs
    ]
    with writing(folder / "metadata.jsonl"):
        (folder / "clips").mkdir(parents=True, exist_ok=True)
        for name, file in files.items():
            shutil.copyfile(used[name].path, folder / file)
        (folder / "metadata.jsonl").write_text(json_lines(lines), encoding="utf-8")
    return folder
