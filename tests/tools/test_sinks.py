"""Experiment trackers, each the real package with a local store: what was sent is read back."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path

import pytest

import hailuo_widgets as hw
from hailuo_widgets.errors import UsageError


def foxes(_one, other):
    """Which of two clips shows a fox."""
    return int("fox" in other.prompt)


@pytest.fixture
def fox(here):
    made = hw.sweep(
        "A red {animal = fox | dog} 跑", name="fox", camera=["[Pan left]", None], callback_url="https://x.test/k"
    )
    made.run().result(60)
    here.library().mark(made.clips()[0].id, rating=5)
    made.judge(by=foxes, votes=4)
    return made


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_trackio_keeps_every_clip_and_vote(fox, tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "store"))
    import trackio
    from trackio import utils

    for module in (utils, trackio.sqlite_storage, trackio.media.utils):
        if hasattr(module, "TRACKIO_DIR"):
            monkeypatch.setattr(module, "TRACKIO_DIR", tmp_path / "store")
        if hasattr(module, "MEDIA_DIR"):
            monkeypatch.setattr(module, "MEDIA_DIR", tmp_path / "store" / "media")
    own = trackio.init("mine", embed=False, auto_log_cpu=False)
    sent = fox.to("trackio", project="films")
    assert repr(sent) == "<4 clips and 4 votes sent to trackio; show them with: trackio show --project films>"
    trackio.log({"loss": 1.0})  # the notebook's own run goes on
    own.finish()
    assert [row["loss"] for row in trackio.SQLiteStorage.get_logs("mine", own.name)] == [1.0]
    *rows, last = trackio.SQLiteStorage.get_logs("films", "fox")
    assert [row["prompt"] for row in rows] == [clip.prompt for clip in fox.clips()]
    assert [row["rating"] for row in rows] == [5, None, None, None]
    media = tmp_path / "store" / "media"
    assert [digest(media / row["clip"]["file_path"]) for row in rows] == [clip.sha256 for clip in fox.clips()]
    assert len(last["vote_table"]["_value"]) == 4
    assert "x.test" not in json.dumps([rows, last])


def test_mlflow_has_a_run_for_every_clip(fox, tmp_path):
    import mlflow

    address = f"sqlite:///{tmp_path / 'mlflow.db'}"
    fox.to("mlflow", tracking_uri=address, experiment="films")
    client = mlflow.MlflowClient(tracking_uri=address)
    experiment = client.get_experiment_by_name("films").experiment_id
    runs = client.search_runs([experiment], filter_string="tags.`mlflow.parentRunId` != ''", order_by=["start_time"])
    assert sorted(run.data.params["prompt"] for run in runs) == sorted(clip.prompt for clip in fox.clips())
    assert [run.data.metrics["rating"] for run in runs if "rating" in run.data.metrics] == [5]
    assert {run.data.params["animal"] for run in runs} == {"fox", "dog"}
    for run in runs:
        [clip] = [each for each in client.list_artifacts(run.info.run_id) if each.path.endswith(".mp4")]
        kept = mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/{clip.path}", tracking_uri=address)
        assert digest(kept)[:32] == run.data.tags["file"].removesuffix(".mp4")
    [whole] = client.search_runs([experiment], filter_string="attributes.run_name = 'fox'")
    assert whole.data.params["model"] == "MiniMax-Hailuo-2.3"
    votes = client.load_table(experiment, "votes.json", run_ids=[whole.info.run_id])
    assert len(votes) == 4
    with pytest.raises(UsageError, match="MLflow: The filesystem tracking backend"):
        fox.to("mlflow", tracking_uri=str(tmp_path / "folder"))


def records(path):
    """The history of an offline run: W&B's package has no reader for its own file, which is a log of LevelDB's format."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, place, whole = Path(path).read_bytes(), 7, b""
    while place + 7 <= len(data):
        if 32768 - place % 32768 < 7:
            place += 32768 - place % 32768
            continue
        length, kind = int.from_bytes(data[place + 4 : place + 6], "little"), data[place + 6]
        whole = (b"" if kind in (1, 2) else whole) + data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):
            record = Record()
            record.ParseFromString(whole)
            if record.WhichOneof("record_type") == "history":
                yield {
                    item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in record.history.item
                }


def test_wandb_offline_has_clips_and_votes_in_the_runs_folder(fox, tmp_path, monkeypatch):
    for name in ("WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "wandb"))
    monkeypatch.setenv("WANDB_SILENT", "true")
    import wandb

    (tmp_path / "wandb").mkdir()
    own = wandb.init(mode="offline", project="mine")
    fox.to("wandb", project="films", mode="offline")
    own.log({"loss": 1.0})  # the notebook's own run goes on
    own.finish()
    [folder] = {path.parents[3] for path in tmp_path.rglob("media/videos/*.mp4")}
    [log] = folder.glob("*.wandb")
    rows = [row for row in records(log) if "clip" in row or "clip.path" in row]
    assert [row["prompt"] for row in rows] == [clip.prompt for clip in fox.clips()]
    videos = [row.get("clip") or {"path": row["clip.path"]} for row in rows]
    assert [digest(folder / "files" / each["path"]) for each in videos] == [clip.sha256 for clip in fox.clips()]
    [table] = [json.loads(path.read_text("utf-8")) for path in folder.rglob("*.table.json")]
    assert len(table["data"]) == 4


def test_a_sink_of_ones_own_takes_everything_and_is_closed_after_an_error(fox):
    class Mine:
        def __init__(self, breaks=False):
            self.seen, self.breaks = [], breaks

        def sweep(self, sweep):
            self.seen.append(sweep.axes["animal"])

        def clip(self, clip):
            self.seen.append(clip.facts["prompt"])
            if self.breaks:
                raise OSError("full")

        def vote(self, vote):
            self.seen.append(vote.question)

        def close(self, *, failed):
            self.seen.append(failed)

    mine = Mine()
    fox.to(mine)
    assert mine.seen == [["fox", "dog"], *(clip.prompt for clip in fox.clips()), *["better"] * 4, False]
    broken = Mine(breaks=True)
    with contextlib.suppress(OSError):
        fox.to(broken)
    assert broken.seen[-1] is True
