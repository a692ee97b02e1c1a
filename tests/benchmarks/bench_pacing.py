"""200 jobs within limits that is unknown: how near to the least possible time. `python tests/benchmarks/bench_pacing.py`.

The vendor is the simulator, both sides are on one clock that jumps, so an hour takes seconds and each run is the same.
Journal, dispatcher, gate and poller are the real ones. Tasks take 45 to 75 s. No limit is known beforehand.

The bound is what nobody can beat who knows everything, sends in no time and is told of every end at once:

- five in flight: the work of all tasks, shared by five, and no less than the longest task;
- twenty submissions in any minute: the task that is submitted as the k-th can't begin before minute ⌊(k − 1) / 20⌋;
- twenty requests in any minute: each job takes a submission and, where a question asks for one task, at least one
  question; the last of these requests can't leave before its minute;
- both: the larger of the two.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent))  # the tests' simulated vendor

from hailuo_widgets.simulator import Faults
from hailuo_widgets.simulator.limits import Limit
from support.many import Varied, world
from support.simulation import simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from support.many import World

JOBS = 200
MOST_REFUSALS = 15
BATCH, SINGLE = "acedata", "ppio"


def five_at_once(durations: Sequence[float]) -> float:
    return max(sum(durations) / 5, *durations)


def twenty_submits(durations: Sequence[float]) -> float:
    return max(60 * (k // 20) + seconds for k, seconds in enumerate(durations))


def twenty_requests(durations: Sequence[float]) -> float:
    return max(60 * ((2 * len(durations) - 1) // 20), twenty_submits(durations))


def both(durations: Sequence[float]) -> float:
    return max(five_at_once(durations), twenty_submits(durations))


ModelSpec = tuple[str, str, "Callable[[], Limit]", "Callable[[Sequence[float]], float]", float, float]
ROWS: tuple[ModelSpec, ...] = (
    ("5 in flight", BATCH, lambda: Limit(in_flight=5), five_at_once, 1.03, 0),
    ("5 in flight", SINGLE, lambda: Limit(in_flight=5), five_at_once, 1.03, 0),
    ("20 submits a minute, Retry-After", BATCH, lambda: Limit(20, retry_after=True), twenty_submits, 1.01, 0),
    ("20 submits a minute, Retry-After", SINGLE, lambda: Limit(20, retry_after=True), twenty_submits, 1.01, 0),
    ("20 submits a minute", BATCH, lambda: Limit(20), twenty_submits, 1.08, 0),
    ("20 submits a minute", SINGLE, lambda: Limit(20), twenty_submits, 1.08, 0),
    ("20 requests a minute", SINGLE, lambda: Limit(20, submits_only=False), twenty_requests, 1.10, 0),
    # Questions hardly count in the bound here; a user wants to see clips before the last one is submitted all the same.
    ("20 requests a minute", BATCH, lambda: Limit(20, submits_only=False), twenty_submits, 1.10, 0),
    ("5 in flight, 20 submits, 10% fail", BATCH, lambda: Limit(20, in_flight=5), both, 1.10, 0.1),
    ("5 in flight, 20 submits, 10% fail", SINGLE, lambda: Limit(20, in_flight=5), both, 1.10, 0.1),
)


async def run(provider: str, limit: Limit, failing: float) -> tuple[World, float, list[str]]:
    faults = Faults.random(9, failing, {"fail_internal"})
    async with world(provider, timing=Varied(seed=7), limits={provider: limit}, faults=faults) as here:
        jobs = [here.job(f"A red fox, number {number}") for number in range(JOBS)]
        begun = here.clock.now()
        await here.run(jobs)
        return here, max(here.known.values()) - begun, [job.state.value for job in jobs]


def main() -> int:
    head = f"{'limits, unknown to us':<36}{'wire':<9}{'makespan':>10}{'bound':>8}{'ratio':>8}{'target':>8}{'429s':>6}{'late':>7}  done"
    print(f"{JOBS} jobs of 45 to 75 s; late: median seconds between done and known; at most {MOST_REFUSALS} refusals\n")
    print(head)
    missed = 0
    for name, provider, limit, bound, target, failing in ROWS:
        here, makespan, states = simulate(run(provider, limit(), failing))
        least = bound([task.timing.total for task in here.sim.tasks.values()])
        ratio, done = makespan / least, states.count("stored") + (states.count("failed") if failing else 0)
        good = done == JOBS and here.refused <= MOST_REFUSALS and ratio <= target
        missed += not good
        wire = "batch" if provider == BATCH else "single"
        print(
            f"{name:<36}{wire:<9}{makespan:>9.0f}s{least:>7.0f}s{ratio:>8.3f}{target:>8}{here.refused:>6}"
            f"{statistics.median(here.noticed()):>6.1f}s  {done} of {JOBS}{'' if good else '   MISSED'}"
        )
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
