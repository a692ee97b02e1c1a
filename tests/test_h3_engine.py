"""MiniMax-H3 through the engine: many tasks a question, what was charged beside what was set aside, lost answers."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import httpx
import pytest

from hailuo_widgets.engine.budget import Budget
from hailuo_widgets.engine.job_group import JobGroup
from hailuo_widgets.errors import UncertainError
from hailuo_widgets.net.client import AsyncHailuo
from hailuo_widgets.providers import names
from hailuo_widgets.providers.minimax import MiniMax
from hailuo_widgets.settings import checked_base_url
from hailuo_widgets.simulator import Fault
from hailuo_widgets.spec.catalog import catalog
from support.every_vendor import KEY, PROMPT, WIRES, bench
from support.many import Varied, world
from support.simulation import simulate

VIDEO = "https://example.com/b.mp4"


def states(jobs):
    return Counter(job.state.value for job in jobs)


def test_one_question_asks_for_many_tasks_of_h3(monkeypatch):
    async def main():
        async with world("minimax", timing=Varied()) as here:
            jobs = [here.job(f"{PROMPT} {each}", model="MiniMax-H3", ratio="16:9") for each in range(40)]
            await here.run(jobs)
            assert states(jobs) == {"stored": 40}
            noticed = here.noticed()
            asked = {entry.path for entry in here.sim.log if entry.where == "poll"}
            return here.requests["poll"], noticed[len(noticed) // 2], asked

    many, lag, asked = simulate(main())
    assert asked == {"/v2/query/video_generation"}
    monkeypatch.setattr(MiniMax, "batch_of", lambda *_: 1)
    single, single_lag, _ = simulate(main())
    print(f"{many} questions for pages, {single} for single tasks; seconds until known: {lag:.2f}, {single_lag:.2f}")
    assert many * 2 <= single
    assert lag <= single_lag


def test_what_was_set_aside_and_what_was_charged_are_both_kept():
    async def main():
        async with world("minimax") as here:
            job = here.job(PROMPT, model="MiniMax-H3", references=(VIDEO,))
            budget = Budget(Decimal(3), "USD")
            await here.run([job], JobGroup(budget=budget))
            assert states([job]) == {"stored": 1}
            # 6 s of output and 15 s of input at most; the vendor says that the video had 5 s.
            assert job.quote.price.amount == Decimal("1.68")
            assert job.charged.amount == Decimal("0.88")
            assert (budget.spent, budget.reserved) == (Decimal("0.88"), 0)

    simulate(main())


async def test_a_request_whose_answer_was_lost_is_found_in_the_list():
    fields = {"model": "MiniMax-H3", "ratio": "16:9"}
    async with bench("minimax") as table:
        order = table.client.quote(PROMPT, **fields)
        table.sim.faults.add(Fault("lost", "submit"))
        sent = table.clock.now()
        with pytest.raises(UncertainError):
            await table.client.submit(order)
        [lost] = table.sim.tasks
        await table.client.submit(PROMPT, **fields, duration=9)
        [found] = await table.client.candidates(order, sent)
        assert found.task.id == lost
        await table.client.submit(order)
        assert len(await table.client.candidates(order, sent)) == 2
        assert await table.client.candidates(order, sent - 7200) == []


# --- addresses with a path --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.label)
async def test_a_base_url_may_have_a_path(wire):
    seen = []

    def answer(request):
        seen.append(request.url.path)
        return httpx.Response(200, json={"task_id": "t1", "id": "t1", "output": {"task_id": "t1"}})

    base = "https://reseller.example.com/hailuo/"
    transport = httpx.MockTransport(answer)
    async with AsyncHailuo(wire.provider, key=KEY, base_url=base, transport=transport) as client:
        state = await client.submit(PROMPT, **wire.fields)
        await client.status(state.task)
    assert len(seen) == 2
    assert all(path.startswith("/hailuo/") and "//" not in path for path in seen)


@pytest.mark.parametrize("name", names())
def test_the_catalogues_own_addresses_are_good_base_urls(name):
    for host in catalog().offer(name).hosts:
        assert checked_base_url(f"{host}/some/path/") == f"{host}/some/path"


async def test_a_rewritten_prompt_comes_back():
    async with bench("minimax") as table:
        task = await table.client.submit(PROMPT, model="MiniMax-H3", rewrite=True)
        state = [state async for state in table.client.watch(task, timeout=300)][-1]
        assert PROMPT.split(" [")[0] in state.prompt
        assert state.url is None
