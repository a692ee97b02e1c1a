"""Executors of clusters, each the real package with two workers: they measure what processes of this machine measure."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace

import pytest

import hailuo_widgets as hw
from support.camera_clips import clip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    broken = tmp_path_factory.mktemp("clips") / "broken.mp4"
    broken.write_bytes(b"no clip")
    return [clip(("Pan left",)), broken, clip(("Tilt up",))]


def check(files, executor):
    seen = []
    results = hw.measure(files, executor=executor, progress=lambda done, total, _: seen.append((done, total)))
    assert [each.camera for each in results] == [[("Pan left",)], [], [("Tilt up",)]]
    assert "can't be read" in results[1].error
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert replace(results[0], look=None) == replace(hw.measure(files[0])[0], look=None)


def test_dask_measures(files):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        check(files, client.get_executor())


def test_ray_measures(files, monkeypatch):
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # or it writes a token into the home folder
    import ray

    class RayExecutor(Executor):  # as in docs/pages/measure.md
        def submit(self, function, /, *args, **options):
            return ray.remote(function).remote(*args, **options).future()

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        check(files, RayExecutor())
    finally:
        ray.shutdown()
