"""Kernels die at any moment; what was paid for arrives nevertheless, once, and is whole.

60 deaths; `--long` makes it 2,000.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.kill import STEPS, check, finish, rows, start, vendor

JOBS = 20
ROUNDS = 60
PLACES = [f"{when} {step}" for step in STEPS for when in ("before", "after")]


def asked(count: int = JOBS) -> list[str]:
    return [f"Fox number {number} trots across fresh snow" for number in range(count)]


def after(moment: float, process) -> None:
    """Kill a process some time after it has begun."""
    process.join(moment)
    process.kill()
    process.join()


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory) -> float:
    """Seconds that a run takes that nobody disturbs; deaths are spread over them."""
    folder = tmp_path_factory.mktemp("whole") / "library"
    with vendor() as (sim, url):
        begun = time.monotonic()
        states = finish(*start(folder, url, asked()))
        seconds = time.monotonic() - begun
        assert Counter(states.values()) == {"stored": JOBS}
        check(sim, folder, [])
    return seconds


def die_and_resume(folder, seed: int, whole_run: float, hit: Counter[str]) -> None:
    chance = random.Random(seed)
    place = f"{PLACES[seed // 2 % len(PLACES)]} {chance.randint(1, JOBS)}" if seed % 2 else ""
    with vendor() as (sim, url):
        process, _ = start(folder, url, asked(), die_at=place)
        after(30 if place else chance.uniform(0, whole_run), process)
        left = rows(folder)
        hit.update({job["state"] for job in left})
        if chance.random() < 1 / 3:  # the one that resumes dies as well
            process, _ = start(folder, url, [], resume=True)
            after(chance.uniform(0, whole_run / 2), process)
        finish(*start(folder, url, [], resume=True))
        check(sim, folder, left)
        if seed % 4 == 0:  # and the notebook is run again from its top
            states = finish(*start(folder, url, asked(), resume=True))
            done = check(sim, folder, left)
            assert Counter(states.values()) == Counter(job["state"] for job in done)
            assert len(done) == JOBS


def test_a_kernel_that_is_killed_loses_nothing_and_pays_once(tmp_path, whole_run, request):
    hit: Counter[str] = Counter()
    for seed in range(2_000 if request.config.getoption("--long") else ROUNDS):
        folder = tmp_path / str(seed) / "library"
        folder.parent.mkdir()
        try:
            die_and_resume(folder, seed, whole_run, hit)
        except BaseException:
            print(f"seed {seed}")
            raise
    assert {"submitting", "queued", "running", "downloading", "stored"} <= set(hit)


@pytest.mark.parametrize("seed", range(3))
def test_four_kernels_on_one_library_pay_once_and_lose_nothing(seed, tmp_path, whole_run):
    chance = random.Random(seed)
    folder = tmp_path / "library"
    with vendor() as (sim, url):
        kernels = [start(folder, url, asked())[0] for _ in range(4)]
        for moment, process in zip(sorted(chance.uniform(0, whole_run) for _ in kernels), kernels, strict=True):
            after(moment / 4, process)
        left = rows(folder)
        with ThreadPoolExecutor() as pool:
            ends = list(pool.map(lambda each: finish(*each), [start(folder, url, [], resume=True) for _ in kernels]))
        taken = Counter(prompt for states in ends for prompt, state in states.items() if state == "stored")
        assert set(taken.values()) <= {1}, "two kernels took up one job"
        check(sim, folder, left)
        with ThreadPoolExecutor() as pool:
            ends = list(pool.map(lambda each: finish(*each), [start(folder, url, asked()) for _ in kernels]))
        done = check(sim, folder, left)
        assert len(done) == JOBS
        expected = {job["prompt"]: job["state"] for job in done}
        assert all(states == expected for states in ends)


def test_ten_identical_requests_of_ten_kernels_are_billed_once(tmp_path):
    with vendor() as (sim, url):
        with ThreadPoolExecutor() as pool:
            kernels = list(pool.map(lambda _: start(tmp_path / "library", url, asked(1)), range(10)))
            ends = list(pool.map(lambda each: finish(*each), kernels))
        assert [list(states.values()) for states in ends] == [["stored"]] * 10
        assert len(sim.tasks) == 1
        check(sim, tmp_path / "library", [])
