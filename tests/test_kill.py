"""Kernels die at any moment; what was paid for arrives nevertheless, once, and is whole.

A death at each place and as many at random moments; `--long` makes it 2,000.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from hailuo_widgets.simulator import Fault
from hailuo_widgets.simulator.faults import KINDS
from support.kill import (
    JOBS,
    PLACES,
    PROXIED_HOST,
    after,
    asked,
    check,
    die_and_resume,
    finish,
    rounds,
    rows,
    stand_still,
    start,
    vendor,
)
from support.net import certificate


@contextmanager
def told(seed: int):
    """Say which round it was that failed."""
    try:
        yield
    except BaseException:
        print(f"seed {seed}")
        raise


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory) -> float:
    """Seconds that a run takes that nobody disturbs; deaths are spread over them."""
    folder = tmp_path_factory.mktemp("whole") / "library"
    with vendor() as there:
        begun = time.monotonic()
        states = finish(*start(folder, there, asked()))
        seconds = time.monotonic() - begun
        assert Counter(states.values()) == {"stored": JOBS}
        check(there, folder, [])
    return seconds


def test_a_kernel_that_is_killed_loses_nothing_and_pays_once(tmp_path, whole_run, request):
    hit: set[str] = set()
    fired: set[str] = set()
    every_place, moments = range(1, 2 * len(PLACES), 2), range(0, 2 * len(PLACES), 8)
    seeds = rounds(request, [*every_place, *moments], 2_000)
    for seed in seeds:
        folder = tmp_path / str(seed) / "library"
        folder.parent.mkdir()
        with told(seed):
            states, place = die_and_resume(folder, seed, whole_run)
        hit |= states
        fired.add(place)
    if len(seeds) >= len(every_place) + len(moments):
        assert hit >= {"submitting", "queued", "running", "downloading", "stored"}
        assert fired == {"", *PLACES}


def test_a_kernel_that_is_killed_behind_a_proxy_loses_nothing_and_pays_once(tmp_path, whole_run, request):
    file = certificate(tmp_path, PROXIED_HOST)
    hit: set[str] = set()
    seeds = rounds(request, range(1, 2 * len(PLACES), 3), 2_000)  # every third place, and random moments
    for seed in seeds:
        folder = tmp_path / str(seed) / "library"
        folder.parent.mkdir()
        with told(seed):
            states, _ = die_and_resume(folder, seed, 1.5 * whole_run, certificate=file)
        hit |= states
    assert hit >= {"submitting", "running", "downloading"}


def test_four_kernels_on_one_library_pay_once_and_lose_nothing(tmp_path, whole_run, request):
    for seed in rounds(request, range(3), 100):
        with told(seed):
            four_kernels(tmp_path / str(seed), seed, whole_run)


def four_kernels(folder, seed, whole_run):
    chance = random.Random(seed)
    folder.mkdir()
    folder /= "library"
    with vendor() as there:
        kernels = [start(folder, there, asked())[0] for _ in range(4)]
        for moment, process in zip(sorted(chance.uniform(0, whole_run) for _ in kernels), kernels, strict=True):
            after(moment / 4, process)
        left = [rows(folder)] * 4
        with ThreadPoolExecutor() as pool:
            started = [start(folder, there, [], resume=True) for _ in kernels]
            ends = list(pool.map(lambda each: finish(*each), started))
        taken = Counter(prompt for states in ends for prompt, state in states.items() if state == "stored")
        assert set(taken.values()) <= {1}, "two kernels took up one job"
        check(there, folder, left)
        with ThreadPoolExecutor() as pool:
            started = [start(folder, there, asked()) for _ in kernels]
            ends = list(pool.map(lambda each: finish(*each), started))
        done = check(there, folder, left)
        assert len(done) == JOBS
        expected = {job["prompt"]: job["state"] for job in done}
        assert all(states == expected for states in ends)


def test_ten_identical_requests_of_ten_kernels_are_billed_once(tmp_path):
    with vendor() as there:
        with ThreadPoolExecutor() as pool:
            kernels = list(pool.map(lambda _: start(tmp_path / "library", there, asked(1)), range(10)))
            ends = list(pool.map(lambda each: finish(*each), kernels))
        assert [list(states.values()) for states in ends] == [["stored"]] * 10
        assert list(there.books().billed.values()) == [1]
        check(there, tmp_path / "library", [])


# --- drafts, finals and rewritten prompts -------------------------------------------------------------------------------

DRAFTS = 3


@pytest.fixture(scope="module")
def whole_h3_run(tmp_path_factory) -> float:
    """Seconds that it takes to rewrite, draft and finish when nothing disturbs it."""
    folder = tmp_path_factory.mktemp("whole") / "library"
    with vendor() as there:
        begun = time.monotonic()
        states = finish(*start(folder, there, asked(DRAFTS), finish_drafts=True))
        seconds = time.monotonic() - begun
        assert Counter(states.values()) == {"stored": 3 * DRAFTS}
        check(there, folder, [])
    return seconds


def test_rewriting_drafting_and_finishing_survive_a_kill_and_are_paid_once(tmp_path, whole_h3_run, request):
    """A death at any moment, then everything is resumed and the notebook is run again from its top."""
    hit: set[str] = set()
    for seed in rounds(request, range(4), 500):
        folder = tmp_path / str(seed) / "library"
        folder.parent.mkdir()
        with told(seed):
            hit |= kill_and_finish(folder, seed, whole_h3_run)
    assert hit & {"submitting", "queued", "running", "downloading", "stored"}


def test_three_kernels_that_do_the_same_pay_for_it_once(tmp_path):
    with vendor() as there:
        with ThreadPoolExecutor() as pool:
            kernels = list(
                pool.map(lambda _: start(tmp_path / "library", there, asked(1), finish_drafts=True), range(3))
            )
            ends = list(pool.map(lambda each: finish(*each), kernels))
        assert [set(states.values()) for states in ends] == [{"stored"}] * 3
        assert list(there.books().billed.values()) == [1, 1, 1]
        check(there, tmp_path / "library", [])


def kill_and_finish(folder, seed, whole_h3_run):
    chance = random.Random(seed)
    with vendor() as there:
        after(chance.uniform(0, whole_h3_run), start(folder, there, asked(DRAFTS), finish_drafts=True)[0])
        left = rows(folder)
        states = finish(*start(folder, there, asked(DRAFTS), resume=True, finish_drafts=True))
        done = check(there, folder, [left])
        doubtful = {job["prompt"] for job in done if job["state"] == "uncertain"}
        # Without its draft there is no final; everything else is there.
        lost = sum(name.endswith(" · 768P") for name in doubtful)
        assert len(done) == 3 * DRAFTS - lost
        assert {name for name, state in states.items() if state != "stored"} == doubtful
    return {job["state"] for job in left}


# --- clocks that are set, processes that stand still, gateways that err --------------------------------------------------

GATEWAY = [("http_502", "poll"), ("html", "poll"), ("http_502", "file"), ("drop", "poll"), ("http_502", "download")]


def test_clock_jumps_standstills_and_gateway_errors_lose_nothing_and_pay_once(tmp_path, whole_run, request):
    for seed in rounds(request, range(6), 500):
        with told(seed):
            jump_stand_and_die(tmp_path / str(seed), seed, whole_run)


def jump_stand_and_die(folder, seed, whole_run):
    chance = random.Random(seed)
    folder.mkdir()
    folder /= "library"
    kind, where = GATEWAY[seed % len(GATEWAY)]

    def jump():
        return chance.uniform(0, whole_run), chance.choice([-3600.0, 1800.0, 864_000.0, -86_400.0, 90.0])

    with vendor(faults=[Fault(kind, where, times=chance.choice([1, 3]))]) as there:
        process, _ = start(folder, there, asked(), jump=jump())
        stand_still(process, chance.uniform(0, whole_run), chance.choice([0.3, 2.5]))
        if chance.random() < 2 / 3:
            after(chance.uniform(0, whole_run), process)
        else:
            process.join()
        left = rows(folder)
        process, pipe = start(folder, there, asked(), resume=True, jump=jump())
        stand_still(process, chance.uniform(0, whole_run), 0.5)
        states = finish(process, pipe)
        check(there, folder, [left], faulty=True)
        assert set(states.values()) <= {"stored", "uncertain"}
        doubtful = {job["prompt"] for job in left if job["state"] in ("submitting", "uncertain")}
        assert {prompt for prompt, state in states.items() if state == "uncertain"} <= doubtful


# --- a vendor that errs, and a kernel that dies -----------------------------------------------------------------------

FAULTS = [(where, kind) for where, kinds in KINDS.items() for kind in kinds]
FEW = 8
CLIPS = 4
PATIENCE = 2.0
"""Seconds, where a vendor does not answer on purpose."""


def test_whatever_the_vendor_does_a_request_is_billed_once(tmp_path, request):
    """Each fault, then a death at some moment, then the notebook is run again, twice."""
    for seed in rounds(request, range(FEW), 10 * len(FAULTS)):
        with told(seed):
            err_and_die(tmp_path / str(seed), seed)


def err_and_die(folder, seed):
    # Few rounds are spread over all faults; many go through them one after the other.
    where, kind = FAULTS[(seed * (len(FAULTS) // FEW) + seed // FEW) % len(FAULTS)]
    print(kind, "at", where)
    chance = random.Random(seed)
    folder.mkdir()
    folder /= "library"
    with vendor(faults=[Fault(kind, where, times=chance.choice([1, 2]), seconds=0.05)]) as there:
        after(chance.uniform(0, 1.5), start(folder, there, asked(CLIPS), patience=PATIENCE)[0])
        left = rows(folder)
        for _ in range(2):  # the first of them may be the one that meets the fault
            states = finish(*start(folder, there, asked(CLIPS), resume=True, patience=PATIENCE))
        check(there, folder, [left], faulty=True)
        books = there.books()
        for prompt, state in states.items():
            if state == "stored":
                assert books.billed[prompt] == 1, (prompt, state)
            else:
                assert state == "uncertain", (prompt, state)
                assert books.billed.get(prompt, 0) <= 1
                assert books.seen.count(prompt) <= 1
