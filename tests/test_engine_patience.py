"""One refused question ends no job that was paid for; only refusals that last do, and the card says so meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from functools import reduce

import pytest
from starlette.responses import Response

from hailuo_widgets.errors import BalanceError, NotFoundError
from hailuo_widgets.providers.patience import LONGEST_PAUSE, REFUSED_SECONDS, Patience
from hailuo_widgets.simulator import Timing
from hailuo_widgets.spec.catalog import catalog
from support.many import PROMPT, world
from support.simulation import simulate

WIRES = {
    "minimax": {},
    "minimax v2": {"model": "MiniMax-H3", "ratio": "16:9"},
    "acedata": {},
    "ppio": {},
    "novita": {},
    "modelverse": {},
    "evolink": {},
}
ONCE = {
    "2013": (200, {"base_resp": {"status_code": 2013, "status_msg": "invalid task_id"}}),
    "2013 of v2": (400, {"type": "error", "error": {"type": "bad_request_error", "message": "invalid task_id (2013)"}}),
    "1008": (200, {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}),
    "404": (404, {"detail": "Not Found"}),
    "401, a page": (401, b"<html>401</html>"),
    "param_error": (
        400,
        {"error": {"code": "param_error", "message": "task not found", "type": "invalid_request_error"}},
    ),
    "TASK_NOT_FOUND": (404, {"code": 404, "reason": "TASK_NOT_FOUND", "message": "task not found"}),
    "resource_not_found": (404, {"error": {"code": "resource_not_found", "message": "no"}}),
    "null": (200, b"null"),
    "a gateway's 400": (400, {"message": "bad gateway config"}),
    "a gateway's 403": (403, {"message": "forbidden"}),
    "a gateway's 409": (409, {"message": "conflict"}),
    "a gateway's 410": (410, {"message": "gone"}),
}


class Gateway:
    """Stands in front of the simulator, and answers so many questions with something else."""

    def __init__(self, status, body, times, only=""):
        self.status, self.times, self.only = status, times, only
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()

    def __call__(self, app):
        async def front(scope, receive, send):
            path = scope["path"]
            question = path.endswith("/tasks") or (scope["method"] == "GET" and not path.startswith("/files/"))
            if question and self.times and self.only in path:
                self.times -= 1
                await Response(self.body, self.status, media_type="application/json")(scope, receive, send)
                return
            await app(scope, receive, send)

        return front


def states(jobs):
    return Counter(job.state.value for job in jobs)


def fleet(here, count, fields):
    return [here.job(f"{PROMPT} {number}", **fields) for number in range(count)]


@pytest.mark.parametrize("wire", WIRES)
def test_a_question_that_is_refused_once_ends_no_job(wire):
    async def main():
        gateways = [Gateway(*ONCE[kind], 1) for kind in ONCE]
        front = lambda app: reduce(lambda inner, gateway: gateway(inner), gateways, app)  # noqa: E731
        async with world(wire.split()[0], timing=Timing(1, 1, 20), front=front) as here:
            jobs = fleet(here, 2, WIRES[wire])
            await here.run(jobs)
            assert states(jobs) == {"stored": 2}
            assert not any(gateway.times for gateway in gateways)

    simulate(main())


@pytest.mark.parametrize("code", [2013, 1008, 1004, 1000])
def test_a_file_that_is_refused_once_ends_no_job(code):
    async def main():
        gateway = Gateway(200, {"base_resp": {"status_code": code, "status_msg": "no"}}, 2, "/v1/files/retrieve")
        async with world("minimax", timing=Timing(1, 1, 20), front=gateway) as here:
            jobs = fleet(here, 1, {})
            await here.run(jobs)
            assert states(jobs) == {"stored": 1}
            assert gateway.times == 0

    simulate(main())


def test_a_vendor_that_lost_the_key_for_some_minutes_loses_no_clip():
    async def main():
        gateway = Gateway(401, b"<html>401</html>", 10_000)
        async with world("ppio", timing=Timing(1, 1, 20), front=gateway) as here:
            [job] = jobs = fleet(here, 1, {})
            running = asyncio.ensure_future(here.run(jobs))
            await asyncio.sleep(REFUSED_SECONDS / 2)
            assert job.state.value == "queued"
            assert "401" in job.note
            gateway.times = 0
            await running
            assert states(jobs) == {"stored": 1}
            assert job.note == ""

    simulate(main())


def test_refusals_that_last_detach_the_job_and_few_questions_are_asked_meanwhile():
    async def main():
        gateway = Gateway(401, b"", 10_000)
        async with world("ppio", timing=Timing(1, 1, 20), front=gateway) as here:
            jobs, began = fleet(here, 1, {}), here.clock.now()
            await here.run(jobs)
            assert states(jobs) == {"abandoned": 1}
            assert jobs[0].error.kind == "authentication"
            assert REFUSED_SECONDS <= here.clock.now() - began < REFUSED_SECONDS + 2 * LONGEST_PAUSE
            assert 10_000 - gateway.times < 60

    simulate(main())


@pytest.mark.parametrize("wire", ["evolink", "acedata"])
def test_a_task_that_is_not_known_is_asked_for_until_the_vendor_has_surely_forgotten_it(wire, monkeypatch):
    monkeypatch.setattr("hailuo_widgets.engine.poller.RETENTION_SECONDS", 3600.0)

    async def main():
        async with world(wire, timing=Timing(1, 1, 20)) as here:
            jobs, began = fleet(here, 1, WIRES[wire]), here.clock.now()
            running = asyncio.ensure_future(here.run(jobs))
            while not jobs[0].task_id:  # noqa: ASYNC110 - on this clock it costs nothing
                await asyncio.sleep(0.01)
            del here.sim.tasks[jobs[0].task_id]
            await running
            assert states(jobs) == {"abandoned": 1}
            assert jobs[0].error.kind == "not_found"
            assert 3600 <= here.clock.now() - began < 3600 + 2 * LONGEST_PAUSE
            assert here.requests["poll"] < 80

    simulate(main())


def test_minimax_says_how_long_it_knows_a_task():
    assert catalog().offer("minimax").task_retention == 7 * 86_400


# --- the policy by itself ---------------------------------------------------------------------------------------------


def test_it_is_time_that_ends_it_and_not_the_number_of_refusals():
    patience = Patience(refused=600)
    assert not any(patience.ends(BalanceError("no"), now, 0) for now in range(600))
    assert patience.ends(BalanceError("no"), 600, 0)


def test_an_answer_in_between_begins_it_again():
    patience = Patience(refused=600)
    assert not patience.ends(BalanceError("no"), 0, 0)
    patience.answered()
    assert not patience.ends(BalanceError("no"), 700, 0)
    assert patience.ends(BalanceError("no"), 1300, 0)


def test_an_unknown_task_has_the_vendors_retention_and_at_least_some_minutes():
    fresh, old = Patience(600, retention=86_400), Patience(600, retention=86_400)
    assert not any(fresh.ends(NotFoundError("no"), now, 0) for now in range(0, 86_400, 60))
    assert fresh.ends(NotFoundError("no"), 86_400, 0)
    began = -700_000.0  # a task of last week that is resumed today
    assert not old.ends(NotFoundError("no"), 0, began)
    assert old.ends(NotFoundError("no"), 600, began)
