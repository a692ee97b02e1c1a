"""Whether the judge is honest, and how fast it is.

Simulated voters, who see one seat a little better than the other and call one vote in seven a tie. Parts:

    honesty   coverage of the 90% intervals, verdicts, power; beside it Bradley-Terry on votes as if independent
    votes     votes needed to name the best of 12 clips: chosen pairs beside random ones
    money     the best of 8 cells at equal spending: the next dollar beside equal replicates, judged by chosen and by
              random pairs
    speed     fit beside evalica and choix; the next pair
    ballots   200 files of 30 votes, checked and added
    press     from a key press to the next pair on screen, in Chromium, with clips of 3 MB

The full honesty campaign (1,000 studies a line, a look after every vote) takes hours of CPU time; `--studies` makes it
smaller, `--workers` spreads it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
import zlib
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: matrices this small gain nothing from threads

import numpy as np

from hailuo_widgets.clock import SystemClock
from hailuo_widgets.judge import ballot, fit
from hailuo_widgets.judge.judging import Judging
from hailuo_widgets.store.journal import Journal
from hailuo_widgets.views.arena import Arena

sys.path.insert(0, str(Path(__file__).parents[1]))  # for `support`

SIGMAS = (0.0, 0.5, 1.0, 2.0)
CLIPS = (1, 2, 4)
VOTES = (20, 60, 150, 400)
CELLS = (3, 4, 6)
TIES = 1 / 7
SEAT = 0.2
LOOKS = 200
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(41)


def expit(x):
    return 1 / (1 + np.exp(-x))


class World:
    """Cells, clips and a voter that are simulated."""

    def __init__(self, seed, cells, clips, sigma, spread):
        self.rng = np.random.default_rng(seed)
        self.sigma = sigma
        self.truth = self.rng.normal(size=cells) * spread
        self.cells = {}
        self.strength = {}
        for cell in range(cells):
            for _ in range(clips):
                self.add(cell)

    def add(self, cell):
        clip = f"clip{len(self.cells)}"
        self.cells[clip] = cell
        self.strength[clip] = self.truth[cell] + self.rng.normal() * self.sigma
        return clip

    def pair(self):
        """Two clips of different cells, at random."""
        clips = list(self.cells)
        while True:
            one, two = self.rng.choice(len(clips), 2, replace=False)
            if self.cells[clips[one]] != self.cells[clips[two]]:
                return clips[one], clips[two]

    def vote(self, pair):
        one, two = pair
        if self.rng.random() < TIES:
            return pair, None
        return pair, int(self.rng.random() > expit(self.strength[one] - self.strength[two] + SEAT))

    def chance(self, one, two):
        """How often a new clip of one cell beats a new clip of another, a tie counting half."""
        gap = self.truth[one] - self.truth[two] + np.sqrt(2) * self.sigma * NODES
        return (1 - TIES) * float(expit(gap) @ WEIGHTS) / float(WEIGHTS.sum()) + TIES / 2


def plain(votes, cells):
    """Bradley-Terry over cells on votes as if independent: estimates and covariance."""
    size = max(cells.values()) + 1
    won, met = np.zeros((size, size)), np.zeros((size, size))
    for (one, two), answer in votes:
        a, b = cells[one], cells[two]
        met[a, b] += 1
        met[b, a] += 1
        won[a, b] += 0.5 if answer is None else answer == 0
        won[b, a] += 0.5 if answer is None else answer == 1
    x = np.zeros(size)
    for _ in range(30):
        p = expit(x[:, None] - x[None, :])
        w = met * p * (1 - p)
        curvature = np.diag(w.sum(axis=1)) - w + 1e-3 * np.eye(size)
        step = np.linalg.solve(curvature, (won - met * p).sum(axis=1) - 1e-3 * x)
        x += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-6:
            break
    return x, np.linalg.inv(curvature)


def different(job):
    """One study with differences: what was covered and said at its end, by ours and by the plain way."""
    seed, clips, sigma, count = job
    world = World(seed, CELLS[seed % len(CELLS)], clips, sigma, 1.0)
    votes = [world.vote(world.pair()) for _ in range(count)]
    study = fit(votes, cells=world.cells)
    x, covariance = plain(votes, world.cells)
    tally = defaultdict(int)
    for one, two in combinations(range(len(world.truth)), 2):
        truth = world.chance(one, two)
        _, low, high = study.beats(one, two)
        verdict = study.verdict(one, two)
        right = verdict == ("better" if truth > 0.5 else "worse")
        big = abs(truth - 0.5) >= 0.15
        tally["pairs"] += 1
        tally["covered"] += low <= truth <= high
        tally["big"] += big
        tally["named"] += big and right
        tally["wrong"] += verdict in {"better", "worse"} and not right
        tally["equal"] += verdict == "equal"
        tally["equal wrong"] += verdict == "equal" and abs(truth - 0.5) > study.margin
        gap = x[one] - x[two]
        error = 1.645 * np.sqrt(covariance[one, one] + covariance[two, two] - 2 * covariance[one, two])
        tally["plain covered"] += expit(gap - error) <= truth <= expit(gap + error)
    return (clips, sigma, count), dict(tally)


def same(job):
    """One study without differences, looked at after every vote."""
    seed, clips, sigma, every = job
    world = World(seed, CELLS[seed % len(CELLS)], clips, sigma, 0.0)
    votes = []
    tally = defaultdict(int)
    pairs = list(combinations(range(len(world.truth)), 2))
    for look in range(1, LOOKS + 1):
        votes.append(world.vote(world.pair()))
        if look % every and look != LOOKS:
            continue
        study = fit(votes, cells=world.cells)
        named = any(study.verdict(*pair) in {"better", "worse"} for pair in pairs)
        x, covariance = plain(votes, world.cells)
        ours = [
            abs(x[a] - x[b]) / np.sqrt(covariance[a, a] + covariance[b, b] - 2 * covariance[a, b]) for a, b in pairs
        ]
        tally["ever"] |= named
        tally["plain ever"] |= max(ours) > 1.645
        tally["end"] = named
    tally["studies"] = 1
    return (clips, sigma), dict(tally)


def gather(pool, work, jobs):
    lines = defaultdict(lambda: defaultdict(int))
    for key, tally in pool.map(work, jobs, chunksize=4):
        for name, count in tally.items():
            lines[key][name] += count
    return lines


def share(lines, top, bottom, keep=lambda key: True):
    chosen = [line for key, line in lines.items() if keep(key)]
    return sum(line[top] for line in chosen) / max(1, sum(line[bottom] for line in chosen))


def honesty(options):
    studies = options.studies
    with ProcessPoolExecutor(options.workers) as pool:
        jobs = [(s, c, g, v) for c in CLIPS for g in SIGMAS for v in VOTES for s in range(studies)]
        lines = gather(pool, different, jobs)
        print(f"With differences (sd 1 between 3, 4 or 6 cells), {studies} studies a line")
        print("clips  sigma  votes  covered  plain  named>=15  wrong  equal (wrong)")
        for (clips, sigma, votes), line in lines.items():
            print(
                f"{clips:5} {sigma:6} {votes:6} {line['covered'] / line['pairs']:8.1%} "
                f"{line['plain covered'] / line['pairs']:6.1%} {line['named'] / max(1, line['big']):9.1%} "
                f"{line['wrong'] / line['pairs']:7.1%} {line['equal']:6} ({line['equal wrong']})"
            )
        worst = min(line["covered"] / line["pairs"] for line in lines.values())
        print(f"coverage {share(lines, 'covered', 'pairs'):.1%}, worst line {worst:.1%}; ", end="")
        print(f"plain {share(lines, 'plain covered', 'pairs'):.1%}")
        for clips in CLIPS:
            print(
                f"power with {clips} clips a cell: {share(lines, 'named', 'big', lambda key, c=clips: key[0] == c):.2f}"
            )
        print(f"“equal” wrong: {share(lines, 'equal wrong', 'equal'):.1%} of {sum(x['equal'] for x in lines.values())}")
        print(f"“better” or “worse” wrong: {share(lines, 'wrong', 'pairs'):.2%} of all pairs\n")
        nulls = [(s, c, g, options.every) for c in CLIPS for g in SIGMAS for s in range(options.nulls or studies)]
        lines = gather(pool, same, nulls)
        print(
            f"Without differences, {options.nulls or studies} studies a line, a look every {options.every} votes to {LOOKS}"
        )
        print("clips  sigma  ever named  at the end  plain ever")
        for (clips, sigma), line in lines.items():
            print(
                f"{clips:5} {sigma:6} {line['ever'] / line['studies']:11.1%} {line['end'] / line['studies']:11.1%} "
                f"{line['plain ever'] / line['studies']:11.1%}"
            )
        print(
            f"ever {share(lines, 'ever', 'studies'):.1%}, at the end {share(lines, 'end', 'studies'):.1%}; "
            f"plain ever {share(lines, 'plain ever', 'studies'):.1%}"
        )


def searched(job):
    """Whether the best of 12 clips is named after 30 and after 100 votes on pairs that are chosen, or random."""
    seed, chosen = job
    world = World(seed, 12, 1, 0.0, 2.0)
    generator = np.random.default_rng(seed)
    votes = []
    tally = {"studies": 1}
    for count in range(1, 101):
        pair = fit(votes, world.cells).next_pair(generator).clips if chosen else world.pair()
        votes.append(world.vote(pair))
        if count in {30, 100}:
            best = fit(votes, world.cells).best
            tally[count] = max(best, key=best.get) == int(world.truth.argmax())
    return ("chosen" if chosen else "random",), tally


def votes_needed(options):
    with ProcessPoolExecutor(options.workers) as pool:
        lines = gather(pool, searched, [(seed, chosen) for chosen in (True, False) for seed in range(options.studies)])
    print(f"The best of 12 clips with strengths of sd 2 is named, {options.studies} studies a line")
    print("pairs    after 30 votes  after 100")
    for (pairs,), line in lines.items():
        print(f"{pairs}  {line[30] / line['studies']:14.2f}  {line[100] / line['studies']:9.2f}")


ROUND = 2
"""Clips that are bought at a time."""


def leaders(study):
    """The cells most likely the best: what is bought where the advice is that no clip is worth it."""
    return sorted(study.best, key=study.best.get)[-ROUND:]


def spent(job):
    """Whether the best of 8 cells is named after 24 clips and 8 votes a clip, bought in rounds or equally."""
    seed, way, sigma, spread = job
    world = World(seed, 8, 1, sigma, spread)
    generator = np.random.default_rng(seed)
    votes = []

    def judge():
        while len(votes) < 8 * len(world.cells):
            chosen = way != "equal, random pairs"
            votes.append(world.vote(fit(votes, world.cells).next_pair(generator).clips if chosen else world.pair()))

    if way != "next dollar":
        for _ in range(2):
            for cell in range(8):
                world.add(cell)
    judge()
    while len(world.cells) < 24:
        study = fit(votes, world.cells)
        advice = study.next(ROUND, lambda _: 1.0)
        for cell, count in (advice.clips or dict.fromkeys(leaders(study), 1)).items():
            for _ in range(count):
                world.add(cell)
        judge()
    best = fit(votes, world.cells).best
    named = max(best, key=best.get) == int(world.truth.argmax())
    return (sigma, spread, way), {"named": named, "studies": 1}


WAYS = ("next dollar", "equal, chosen pairs", "equal, random pairs")


def money(options):
    worlds = [(sigma, spread) for sigma in (1.0, 2.0) for spread in (0.5, 1.0)]
    jobs = [(s, way, *world) for s in range(options.studies) for world in worlds for way in WAYS]
    with ProcessPoolExecutor(options.workers) as pool:
        lines = gather(pool, spent, jobs)
    print(f"The best of 8 cells is named after 24 clips and 192 votes, {options.studies} studies a line")
    print("sigma  spread  next dollar  equal, chosen pairs  ratio  equal, random pairs  ratio")

    def row(start, keep):
        ours, chosen, random = (
            share(lines, "named", "studies", lambda key, w=way: keep(key) and key[2] == w) for way in WAYS
        )
        print(
            f"{start:13} {ours:12.2f} {chosen:20.2f} {ours / max(chosen, 1e-9):6.2f} {random:20.2f} "
            f"{ours / max(random, 1e-9):6.2f}"
        )

    for sigma, spread in worlds:
        row(f"{sigma:5} {spread:7}", lambda key, world=(sigma, spread): key[:2] == world)
    row("all", lambda key: True)


def side_by_side(calls, rounds=9):
    """Least CPU seconds of each call, taken in turns."""
    least = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.process_time()
            call()
            least[name] = min(least[name], time.process_time() - start)
    return least


def speed(_options):
    import choix
    import evalica

    world = World(1, 20, 10, 0.5, 1.0)
    votes = [world.vote(world.pair()) for _ in range(20_000)]
    xs, ys = [pair[0] for pair, _ in votes], [pair[1] for pair, _ in votes]
    kinds = {0: evalica.Winner.X, 1: evalica.Winner.Y, None: evalica.Winner.Draw}
    winners = [kinds[answer] for _, answer in votes]
    number = {clip: index for index, clip in enumerate(world.cells)}
    decided = [(number[pair[answer]], number[pair[1 - answer]]) for pair, answer in votes if answer is not None]
    point = lambda: evalica.bradley_terry(xs, ys, winners)  # noqa: E731
    took = side_by_side(
        {
            "judge.fit with covariance": lambda: fit(votes, world.cells),
            "evalica.bradley_terry, a point": point,
            "choix.opt_pairwise, a point": lambda: choix.opt_pairwise(200, decided, alpha=0.1),
        },
        rounds=5,
    )
    print("200 clips, 20,000 votes (least CPU time)")
    for name, seconds in took.items():
        print(f"{name:32} {seconds * 1e3:8.1f} ms")
    ours, theirs = took["judge.fit with covariance"], took["evalica.bradley_terry, a point"]
    print(
        f"fit / evalica's point fit: {ours / theirs:.1f}; fit / 200 fits as in its bootstrap: 1/{200 * theirs / ours:.0f}"
    )
    study = fit(votes[:1000], world.cells)
    small = World(2, 25, 4, 1.0, 1.0)
    hundred = fit([small.vote(small.pair()) for _ in range(400)], small.cells)
    few = World(3, 4, 4, 1.0, 1.0)
    some = [few.vote(few.pair()) for _ in range(200)]
    generator = np.random.default_rng(0)
    took = side_by_side(
        {
            "next pair of 100 clips": lambda: hundred.next_pair(generator),
            "next pair of 200 clips": lambda: study.next_pair(generator),
            "fit of 16 clips, 200 votes": lambda: fit(some, few.cells),
        }
    )
    for name, seconds in took.items():
        print(f"{name:32} {seconds * 1e3:8.1f} ms")


def ballots(_options):
    """Reading 200 ballots of 30 votes, from files to the journal."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal = Journal(f"sqlite:///{folder / 'library.sqlite'}")
        key = journal.ballot_key()
        clips = [f"clip{number}" for number in range(12)]
        about = ("a ballot", "better")
        pairs = [ballot.sign(key, about, pair, "telling", 0.9)._asdict() for pair in list(combinations(clips, 2))[:30]]
        for number in range(200):
            answers = [{**pair, "answer": 0, "seconds": 1.5, "at": 1e9 + place} for place, pair in enumerate(pairs)]
            votes = {"ballot": about[0], "question": about[1], "sheet": str(number), "voter": f"Voter {number}"}
            text = json.dumps({**votes, "answers": answers})
            file = {
                "format": ballot.FORMAT,
                "version": 1,
                "checksum": f"{zlib.crc32(text.encode()):08x}",
                "votes": text,
            }
            (folder / f"votes-{number}.json").write_text(json.dumps(file))
        start, used = time.perf_counter(), time.process_time()
        found, refused = ballot.read(ballot.find((folder / "votes-*.json",)), key, set(clips), 2e9)
        new = journal.cast(found)
        took, used = time.perf_counter() - start, time.process_time() - used
        print(f"200 ballots: {new} votes added, {len(refused)} files refused, {took:.2f} s ({used:.2f} s of CPU time)")
        journal.close()


def noise(path):
    """A clip of about 3 MB: 3 s of noise."""
    import av

    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 640, 360, "yuv420p", 8_000_000
        stream.options = {"preset": "ultrafast"}
        for _ in range(72):
            grains = rng.integers(0, 255, (90, 160, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(grains, "rgb24")))
        film.mux(stream.encode())
    return path.stat().st_size


WATCHED = """() => {
  const made = document.createElement.bind(document);
  window.videos = [];
  document.createElement = (name, ...rest) => {
    const element = made(name, ...rest);
    if (name === 'video') window.videos.push(element);
    return element;
  };
}"""

AHEAD = (
    """() => window.videos.filter((video) => video.src && !video.isConnected && video.readyState >= 4).length === 2"""
)

PRESSED = """() => new Promise((done) => {
  const root = document.querySelector('.hw-arena');
  const before = new Set(root.querySelectorAll('video'));
  const start = performance.now();
  const look = () => {
    const now = [...root.querySelectorAll('video')].filter((video) => !before.has(video));
    if (now.length < 2) requestAnimationFrame(look);
    else Promise.all(now.map((video) => new Promise((shown) => video.requestVideoFrameCallback(shown))))
      .then(() => done(performance.now() - start));
  };
  root.dispatchEvent(new KeyboardEvent('keydown', {key: 's', bubbles: true}));
  look();
})"""


def press(_options):
    """From a key press to the first frame of both next clips, while the kernel has sent the next pair already."""
    from playwright.sync_api import sync_playwright

    from support.chromium import chromium_flags, find_chromium
    from support.widget_page import widget_page

    with tempfile.TemporaryDirectory() as name:
        paths = [Path(name) / f"{number}.mp4" for number in range(4)]
        size = noise(paths[0])
        for path in paths[1:]:
            shutil.copyfile(paths[0], path)
        clips = {path.stem: SimpleNamespace(id=path.stem, path=path) for path in paths}
        journal = Journal(f"sqlite:///{Path(name) / 'library.sqlite'}")
        judging = Judging(journal, SystemClock(), clips, {each: str(int(each) % 2) for each in clips})
        with (
            sync_playwright() as playwright,
            playwright.chromium.launch(
                executable_path=find_chromium(playwright, print), args=chromium_flags()
            ) as browser,
            widget_page(browser, {"width": 1000, "height": 800}) as host,
        ):
            host.page.set_default_timeout(120_000)
            host.page.evaluate(WATCHED)
            arena = Arena(judging)
            host.mount(arena, place=arena.place)
            took = []
            for _ in range(9):
                host.page.wait_for_function(
                    "() => document.querySelectorAll('.hw-arena video').length === 2 &&"
                    " [...document.querySelectorAll('.hw-arena video')].every((video) => video.readyState >= 2)"
                )
                host.page.wait_for_function(AHEAD)  # a person looks at them while the next pair comes
                took.append(host.page.evaluate(PRESSED))
        took.sort()
        print(
            f"Key press to the next pair, clips of {size / 1e6:.1f} MB: "
            f"median {took[len(took) // 2]:.0f} ms, least {took[0]:.0f}, most {took[-1]:.0f}"
        )


PARTS = {
    "honesty": honesty,
    "votes": votes_needed,
    "money": money,
    "speed": speed,
    "ballots": ballots,
    "press": press,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--studies", type=int, default=1000, help="studies a line")
    parser.add_argument("--nulls", type=int, default=0, help="studies a line without differences; as --studies if 0")
    parser.add_argument("--every", type=int, default=1, help="votes between two looks at a study without differences")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    for part in options.parts:
        PARTS[part](options)


if __name__ == "__main__":
    sys.exit(main())
