"""What can go wrong, as a client sees it: faults, limits, result files, callbacks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from hailuo_widgets.simulator import Fault, Faults, Limit, Timing
from support.simulated import KEY, Bench, eventually
from test_simulator_vendors import ACE_EXAMPLES, EVO_EXAMPLE, PPIO_EXAMPLE, UCLOUD_EXAMPLE

MINIMAX = {"model": "MiniMax-Hailuo-02", "prompt": "A mouse"}
H3 = {
    "model": "MiniMax-H3",
    "content": [{"type": "text", "text": "A mouse"}],
    "resolution": "768P",
    "duration": 4,
    "ratio": "16:9",
}
SUBMITS = {
    "minimax": ("/v1/video_generation", MINIMAX),
    "minimax-v2": ("/v2/video_generation", H3),
    "acedata": ("/hailuo/videos", {**ACE_EXAMPLES[0], "async": True}),
    "ppio": ("/v3/async/minimax-hailuo-02", PPIO_EXAMPLE),
    "modelverse": ("/v1/tasks/submit", UCLOUD_EXAMPLE),
    "evolink": ("/v1/videos/generations", EVO_EXAMPLE),
}


async def submit(bench: Bench, vendor: str) -> httpx.Response:
    path, body = SUBMITS[vendor]
    return await bench.post(path, body)


async def poll(bench: Bench, vendor: str, task_id: str) -> httpx.Response:
    if vendor == "acedata":
        return await bench.post("/hailuo/tasks", {"id": task_id})
    path = {
        "minimax": "/v1/query/video_generation?task_id=",
        "minimax-v2": "/v2/query/video_generation/",
        "ppio": "/v3/async/task-result?task_id=",
        "modelverse": "/v1/tasks/status?task_id=",
        "evolink": "/v1/tasks/",
    }[vendor]
    return await bench.get(path + task_id)


async def submitted(bench: Bench, vendor: str = "minimax") -> str:
    await submit(bench, vendor)
    return bench.sim.log[-1].task_id or ""


async def clip_url(bench: Bench) -> str:
    task_id = await submitted(bench, "evolink")
    await bench.finish()
    return (await poll(bench, "evolink", task_id)).json()["results"][0]


def verdict(answer: httpx.Response) -> tuple[int, Any]:
    """The HTTP status and the vendor's own code."""
    body = answer.json()
    error = body.get("error") or {}
    code = body.get("base_resp", {}).get("status_code") or body.get("reason") or error.get("code") or error.get("type")
    return answer.status_code, code


REFUSALS = {
    "minimax": {
        "rate_limited": (200, 1002),
        "no_balance": (200, 1008),
        "refused_input": (200, 1026),
        "bad_key": (200, 2049),
    },
    "minimax-v2": {
        "rate_limited": (429, "rate_limit_error"),
        "no_balance": (402, "insufficient_balance_error"),
        "refused_input": (422, "unprocessable_entity_error"),
        "bad_key": (401, "authorized_error"),
        "server_error": (500, "server_error"),
    },
    "acedata": {
        "rate_limited": (429, "too_many_requests"),
        "no_balance": (403, "used_up"),
        "refused_input": (403, "forbidden"),
        "bad_key": (401, "invalid_token"),
        "server_error": (500, "api_error"),
    },
    "ppio": {
        "rate_limited": (429, "RATE_LIMIT_EXCEEDED"),
        "no_balance": (400, "BILLING_BALANCE_NOT_ENOUGH"),
        "refused_input": (400, "ILLEGAL_PROMPT"),
        "bad_key": (403, "INVALID_API_KEY"),
        "server_error": (500, "CREATE_TASK_FAILED"),
    },
    "modelverse": {
        "rate_limited": (429, "rate_limit"),
        "no_balance": (403, "forbidden"),
        "refused_input": (400, "sensitive_check_error"),
        "bad_key": (401, "auth_error"),
        "server_error": (500, "internal_error"),
    },
    "evolink": {
        "rate_limited": (429, "rate_limit_exceeded"),
        "no_balance": (402, "insufficient_quota"),
        "refused_input": (400, "content_policy_violation"),
        "bad_key": (401, "unauthorized"),
        "server_error": (500, "internal_error"),
    },
}


@pytest.mark.parametrize(
    ("vendor", "kind", "expected"),
    [(vendor, kind, expected) for vendor, table in REFUSALS.items() for kind, expected in table.items()],
)
async def test_refusals_in_each_vendors_own_form(vendor, kind, expected):
    async with Bench() as bench:
        bench.sim.faults.add(Fault(kind, "submit", vendor=vendor, retry_after=7))
        answer = await submit(bench, vendor)
        assert verdict(answer) == expected
        assert answer.headers["Retry-After"] == "7"
        assert not bench.sim.tasks
        assert (await submit(bench, vendor)).status_code == 200


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_gateways_page(status):
    async with Bench() as bench:
        task_id = await submitted(bench)
        bench.sim.faults.add(Fault(f"http_{status}", times=2))
        for _ in range(2):
            answer = await poll(bench, "minimax", task_id)
            assert answer.status_code == status
            assert answer.headers["content-type"].startswith("text/html")
            assert "Retry-After" not in answer.headers
        assert (await poll(bench, "minimax", task_id)).json()["status"] == "Preparing"


async def test_an_html_page_with_status_200():
    async with Bench() as bench:
        bench.sim.faults.add(Fault("html"))
        answer = await poll(bench, "ppio", "x")
        assert answer.status_code == 200
        assert answer.text.startswith("<html>")


async def test_a_body_that_ends_in_the_middle():
    async with Bench() as bench:
        task_id = await submitted(bench)
        bench.sim.faults.add(Fault("cut"))
        answer = await poll(bench, "minimax", task_id)
        assert len(answer.content) < int(answer.headers["content-length"])
        with pytest.raises(json.JSONDecodeError):
            answer.json()


@pytest.mark.parametrize("vendor", SUBMITS)
async def test_json_that_no_page_describes(vendor):
    async with Bench() as bench:
        task_id = await submitted(bench, vendor)
        good = (await poll(bench, vendor, task_id)).json()
        bench.sim.faults.add(Fault("wrong_types"), Fault("missing_keys"), Fault("unknown_status"))
        for kind in ("wrong_types", "missing_keys", "unknown_status"):
            answer = await poll(bench, vendor, task_id)
            assert answer.status_code == 200
            assert answer.json() != good
            if kind == "unknown_status":
                assert "reticulating_splines" in answer.text.lower()
        assert (await poll(bench, vendor, task_id)).json() == good


async def test_a_hanging_request_ends_with_the_client_or_with_the_simulator():
    async with Bench() as bench:
        bench.sim.faults.add(Fault("hang", times=2))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await poll(bench, "minimax", "1")
        hanging = asyncio.create_task(poll(bench, "minimax", "1"))
        await eventually(lambda: len(bench.sim.log) == 2)
        await bench.sim.aclose()
        with pytest.raises(httpx.RemoteProtocolError):
            await hanging


async def test_a_slow_answer_is_an_answer():
    async with Bench() as bench:
        task_id = await submitted(bench)
        bench.sim.faults.add(Fault("slow", seconds=0.01))
        assert (await poll(bench, "minimax", task_id)).status_code == 200
        assert [fault.kind for fault in bench.sim.faults.happened] == ["slow"]


async def test_a_dropped_connection_costs_nothing():
    async with Bench() as bench:
        bench.sim.faults.add(Fault("drop", "submit"))
        with pytest.raises(httpx.RemoteProtocolError):
            await submit(bench, "ppio")
        assert not bench.sim.tasks
        assert [entry.status for entry in bench.sim.log] == [0]


@pytest.mark.parametrize("vendor", SUBMITS)
async def test_an_accepted_post_whose_answer_is_lost_is_billed(vendor):
    async with Bench() as bench:
        bench.sim.faults.add(Fault("lost", "submit"), Fault("unanswered", "submit"))
        with pytest.raises(httpx.RemoteProtocolError):
            await submit(bench, vendor)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await submit(bench, vendor)
        assert bench.sim.billed == {vendor: 2}
        assert [entry.task_id for entry in bench.sim.log] == list(bench.sim.tasks)


def test_faults_that_cannot_happen_are_refused():
    with pytest.raises(ValueError, match="cannot happen to a poll"):
        Fault("no_balance", "poll")
    with pytest.raises(ValueError, match="submit, poll, file, download"):
        Fault("drop", "upload")


def test_random_faults_repeat_with_their_seed():
    def series(seed: int) -> list:
        faults = Faults.random(seed, 0.3, kinds=("http_503", "cut"))
        return [fault and fault.kind for fault in (faults.take("poll", "ppio") for _ in range(200))]

    assert series(1) == series(1) != series(2)
    assert set(series(1)) == {None, "http_503", "cut"}
    assert 40 < sum(kind is not None for kind in series(1)) < 80


# --- limits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vendor", SUBMITS)
async def test_submissions_a_minute(vendor):
    async with Bench(limits={vendor: Limit(per_minute=2, retry_after=True)}) as bench:
        assert [(await submit(bench, vendor)).status_code for _ in range(2)] == [200, 200]
        bench.clock.forward(20)
        refused = await submit(bench, vendor)
        assert verdict(refused) == REFUSALS[vendor]["rate_limited"]
        assert refused.headers["Retry-After"] == "40"
        await poll(bench, vendor, next(iter(bench.sim.tasks)))
        bench.clock.forward(40)
        await submit(bench, vendor)
        assert len(bench.sim.tasks) == 3


async def test_requests_a_minute_polls_included():
    async with Bench(limits={"minimax": Limit(per_minute=3, submits_only=False)}) as bench:
        task_id = await submitted(bench)
        codes = [(await poll(bench, "minimax", task_id)).json()["base_resp"]["status_code"] for _ in range(3)]
        assert codes == [0, 0, 1002]
        assert (await submit(bench, "ppio")).status_code == 200


async def test_tasks_in_flight():
    async with Bench(limits={"ppio": Limit(in_flight=1)}) as bench:
        assert [(await submit(bench, "ppio")).status_code for _ in range(2)] == [200, 429]
        await bench.finish()
        assert (await submit(bench, "ppio")).status_code == 200


# --- result files ------------------------------------------------------------------------------------------------


async def test_ranges_and_what_goes_with_them():
    async with Bench() as bench:
        url = await clip_url(bench)
        whole = await bench.get(url)
        size = len(whole.content)
        head = await bench.client.head(url)
        assert (head.status_code, head.headers["content-length"], head.content) == (200, str(size), b"")
        assert head.headers["accept-ranges"] == "bytes"
        part = await bench.get(url, headers={"Range": "bytes=100-"})
        assert (part.status_code, part.headers["content-range"]) == (206, f"bytes 100-{size - 1}/{size}")
        assert part.content == whole.content[100:]
        for validator in (head.headers["etag"], head.headers["last-modified"]):
            same = await bench.get(url, headers={"Range": "bytes=0-9", "If-Range": validator})
            assert (same.status_code, same.content) == (206, whole.content[:10])
        changed = await bench.get(url, headers={"Range": "bytes=0-9", "If-Range": '"another"'})
        assert (changed.status_code, len(changed.content)) == (200, size)
        beyond = await bench.get(url, headers={"Range": f"bytes={size}-"})
        assert beyond.status_code == 416


async def test_result_urls_are_signed_and_need_no_key():
    async with Bench() as bench:
        url = await clip_url(bench)
        del bench.client.headers["Authorization"]
        assert (await bench.get(url)).status_code == 200
        for bad in (url[:-1], url.replace("Expires=1", "Expires=2"), url.partition("?")[0], url.replace("/task", "/x")):
            assert (await bench.get(bad)).status_code in {403, 404}
        assert url.startswith("http://vendor.test/files/")


@pytest.mark.parametrize(
    ("kind", "status", "mark"),
    [
        ("forbidden", 403, "AccessDenied"),
        ("expired", 403, "expired"),
        ("not_found", 404, "NoSuchKey"),
        ("http_503", 503, "nginx"),
        ("html", 200, "<html>"),
    ],
)
async def test_result_urls_that_fail(kind, status, mark):
    async with Bench() as bench:
        url = await clip_url(bench)
        bench.sim.faults.add(Fault(kind, "download"))
        answer = await bench.get(url)
        assert (answer.status_code, mark in answer.text) == (status, True)
        assert (await bench.get(url)).status_code == 200


async def test_results_that_are_too_short():
    async with Bench() as bench:
        url = await clip_url(bench)
        whole = (await bench.get(url)).content
        bench.sim.faults.add(Fault("cut", "download"), Fault("wrong_size", "download"))
        cut = await bench.get(url)
        assert (cut.headers["content-length"], cut.content) == (str(len(whole)), whole[: len(whole) // 2])
        short = await bench.get(url)
        assert short.headers["content-length"] == str(len(short.content)) == str(len(whole) // 2)


# --- callbacks ---------------------------------------------------------------------------------------------------


class Receiver:
    """A callback address that echoes challenges, or does not."""

    def __init__(self, *, echo: bool = True) -> None:
        self.echo = echo
        self.bodies: list[dict] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.bodies.append(body)
        return httpx.Response(200, json=body if self.echo else {})

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self.answer))


async def news(bench: Bench, receiver: Receiver, enough: int) -> list[dict]:
    await eventually(lambda: len(receiver.bodies) >= enough)
    return receiver.bodies


async def test_minimax_challenges_first_and_speaks_in_lower_case():
    receiver = Receiver()
    async with Bench(callback_client=receiver.client()) as bench:
        await bench.post("/v1/video_generation", {**MINIMAX, "callback_url": "https://example.com/hook"})
        assert list((await news(bench, receiver, 2))[0]) == ["challenge"]
        assert receiver.bodies[1]["status"] == "processing"
        await bench.finish()
        last = (await news(bench, receiver, 3))[-1]
        assert (last["status"], isinstance(last["file_id"], str), last["base_resp"]["status_code"]) == (
            "success",
            True,
            0,
        )
        assert len(receiver.bodies) == 3


async def test_minimax_stays_silent_without_an_echo():
    receiver = Receiver(echo=False)
    async with Bench(callback_client=receiver.client(), timing=Timing(0, 0, 0)) as bench:
        await bench.post("/v1/video_generation", {**MINIMAX, "callback_url": "https://example.com/hook"})
        await bench.finish()
        await news(bench, receiver, 1)
        await asyncio.sleep(0.1)
        assert len(receiver.bodies) == 1


@pytest.mark.parametrize("vendor", ["acedata", "evolink", "minimax-v2"])
async def test_the_others_send_what_a_query_would_answer(vendor):
    receiver = Receiver()
    async with Bench(callback_client=receiver.client()) as bench:
        path, body = SUBMITS[vendor]
        answer = await bench.post(path, {**body, "callback_url": "https://example.com/hook"})
        assert answer.status_code == 200
        await bench.finish()
        if vendor == "minimax-v2":
            assert "challenge" in (await news(bench, receiver, 2))[0]
        await eventually(lambda: any("/files/" in str(each) for each in receiver.bodies))
        last = receiver.bodies[-1]
        if vendor == "acedata":
            assert (last["success"], last["task_id"]) == (True, answer.json()["task_id"])
        elif vendor == "evolink":
            assert last == (await poll(bench, vendor, answer.json()["id"])).json()
        else:
            assert last["task"]["status"] == "succeeded"


async def test_no_path_is_a_plain_404():
    async with Bench() as bench:
        answer = await bench.get("/v9/nothing")
        assert answer.status_code == 404
        assert "/v9/nothing" in answer.json()["error"]["message"]
        assert KEY not in repr(bench.sim.log)
