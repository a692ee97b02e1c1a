"""AceData, PPIO, Modelverse and EvoLink: the examples of their pages replayed, and every rule and error body."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest

from hailuo_widgets.simulator import Fault
from support.simulated import KEY, START, Bench, data_url, eventually

PICTURE = "https://example.com/landscape.jpg"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


async def bare(bench: Bench, method: str, path: str, authorization: str | None) -> httpx.Response:
    """A request with just this Authorization header."""
    headers = {} if authorization is None else {"Authorization": authorization}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(bench.sim.app), base_url="http://vendor.test") as client:
        return await client.request(method, path, headers=headers, json={} if method == "POST" else None)


# --- AceData -----------------------------------------------------------------------------------------------------

ACE_EXAMPLES = [
    {"action": "generate", "prompt": "a dolphin jumping through ocean waves at golden hour", "model": "minimax-t2v"},
    {"action": "generate", "prompt": "黄昏时分海豚跃过海浪", "model": "minimax-t2v"},
    {"action": "generate", "prompt": "a time-lapse of flowers blooming in a meadow", "model": "minimax-t2v"},
    {
        "action": "generate",
        "prompt": "gentle wind blows through the scene",
        "model": "minimax-i2v",
        "first_image_url": PICTURE,
    },
    {
        "action": "generate",
        "prompt": "camera slowly zooms in while leaves fall gently",
        "model": "minimax-i2v-director",
        "first_image_url": "https://example.com/scene.jpg",
    },
]


@pytest.mark.parametrize("example", ACE_EXAMPLES)
async def test_acedatas_examples_polled(example):
    async with Bench() as bench:
        answer = await bench.post("/hailuo/videos", {**example, "async": True})
        assert list(answer.json()) == ["task_id"]
        task_id = answer.json()["task_id"]
        assert UUID.fullmatch(task_id)
        pending = (await bench.post("/hailuo/tasks", {"id": task_id})).json()
        assert "response" not in pending
        assert pending["request"] == {**example, "async": True}
        assert isinstance(pending["created_at"], float)
        await bench.finish()
        task = (await bench.post("/hailuo/tasks", {"action": "retrieve", "id": task_id})).json()
        assert task["finished_at"] == START + 60
        assert task["response"]["success"] is True
        clip = task["response"]["data"][0]
        assert (clip["state"], clip["first_image_url"]) == ("succeeded", example.get("first_image_url"))
        assert len(clip["id"]) == 26
        assert (await bench.get(clip["video_url"])).status_code == 200


async def test_acedata_holds_the_connection_open_until_the_clip_is_there():
    async with Bench() as bench:
        held = asyncio.create_task(bench.post("/hailuo/videos", ACE_EXAMPLES[0]))
        await eventually(lambda: bench.sim.tasks)
        assert bench.sim.log[0].status == 0
        await bench.finish()
        body = (await held).json()
        assert list(body) == ["success", "task_id", "trace_id", "data"]
        assert list(body["data"][0]) == ["id", "model", "prompt", "video_url", "state"]
        assert [entry.status for entry in bench.sim.log] == [200]


async def test_acedatas_failures():
    async with Bench() as bench:
        bench.sim.faults.add(Fault("fail_internal", "submit"))
        task_id = (await bench.post("/hailuo/videos", {**ACE_EXAMPLES[0], "async": True})).json()["task_id"]
        await bench.finish()
        task = (await bench.post("/hailuo/tasks", {"id": task_id})).json()
        assert task["response"]["success"] is False
        assert task["response"]["error"]["code"] == "api_error"
        assert "finished_at" not in task
        bench.sim.faults.add(Fault("fail_input", "submit"))
        held = asyncio.create_task(bench.post("/hailuo/videos", ACE_EXAMPLES[0]))
        await eventually(lambda: len(bench.sim.tasks) == 2)
        await bench.finish()
        assert ((await held).status_code, (await held).json()["success"]) == (403, False)


async def test_acedata_answers_null_for_an_unknown_task_and_leaves_it_out_of_a_batch():
    async with Bench() as bench:
        answer = await bench.post("/hailuo/tasks", {"action": "retrieve", "id": "nobody"})
        assert (answer.status_code, answer.content) == (200, b"null")
        ids = [(await bench.post("/hailuo/videos", {**each, "async": True})).json()["task_id"] for each in ACE_EXAMPLES]
        batch = (await bench.post("/hailuo/tasks", {"action": "retrieve_batch", "ids": [*ids, "nobody"]})).json()
        assert ([each["id"] for each in batch["items"]], batch["count"]) == (ids, 5)
        listed = (await bench.post("/hailuo/tasks", {"action": "retrieve_batch", "limit": 2, "offset": 1})).json()
        assert listed["count"] == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("videos", {}),
        ("videos", {"action": "extend", "prompt": "x"}),
        ("videos", {"action": "generate"}),
        ("videos", {"action": "generate", "prompt": "x", "model": "minimax-hailuo-02"}),
        ("videos", {"action": "generate", "prompt": "x", "model": "minimax-i2v"}),
        ("videos", {"action": "generate", "prompt": "x", "model": "minimax-i2v", "first_image_url": data_url()}),
        ("videos", {"action": "generate", "prompt": "x", "async": "yes"}),
        ("tasks", {"action": "retrieve"}),
        ("tasks", {"action": "retrieve_batch", "ids": "a,b"}),
        ("tasks", {"action": "remove", "id": "a"}),
    ],
)
async def test_what_acedata_refuses(path, body):
    async with Bench() as bench:
        answer = await bench.post(f"/hailuo/{path}", body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")
        assert UUID.fullmatch(answer.json()["trace_id"])
        assert not bench.sim.tasks


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [(None, 400, "no_token"), ("Bearer nope", 401, "invalid_token"), (KEY, 400, "no_token")],
)
async def test_acedatas_keys(header, status, code):
    async with Bench() as bench:
        answer = await bare(bench, "POST", "/hailuo/videos", header)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


# --- PPIO --------------------------------------------------------------------------------------------------------

PPIO_EXAMPLE = {
    "image_url": "https://static.ppinfra.com/docs/assets/minimax-hailuo-video-02-input-image.jpg",
    "prompt": "戴着太阳镜的毛茸茸的熊猫在日出时的雪山顶上跳舞,左移运镜",
    "duration": 6,
    "resolution": "768P",
    "enable_prompt_expansion": True,
}


async def ppio_result(bench: Bench, task_id: str) -> dict:
    return (await bench.get("/v3/async/task-result", params={"task_id": task_id})).json()


async def test_ppios_example():
    async with Bench() as bench:
        answer = await bench.post("/v3/async/minimax-hailuo-02", PPIO_EXAMPLE)
        assert (answer.status_code, list(answer.json())) == (200, ["task_id"])
        task_id = answer.json()["task_id"]
        await bench.drawn()
        queued = await ppio_result(bench, task_id)
        assert (queued["task"]["status"], queued["videos"]) == ("TASK_STATUS_QUEUED", [])
        bench.clock.forward(40)
        running = (await ppio_result(bench, task_id))["task"]
        assert (running["status"], running["progress_percent"]) == ("TASK_STATUS_PROCESSING", 50)
        bench.clock.forward(40)
        done = await ppio_result(bench, task_id)
        assert done["task"] == {
            "task_id": task_id,
            "task_type": "MINIMAX_HAILUO_02_6S_768P",
            "status": "TASK_STATUS_SUCCEED",
            "reason": "",
            "eta": 0,
            "progress_percent": 0,
        }
        assert done["extra"] == {}
        video = done["videos"][0]
        assert list(video) == ["video_url", "video_url_ttl", "video_type", "nsfw_detection_result"]
        assert (video["video_url_ttl"], video["video_type"]) == ("3600", "mp4")
        bench.clock.forward(3599)
        assert (await bench.get(video["video_url"])).status_code == 200
        bench.clock.forward(1)
        assert (await bench.get(video["video_url"])).status_code == 403
        again = (await ppio_result(bench, task_id))["videos"][0]["video_url"]
        assert (await bench.get(again)).status_code == 200


@pytest.mark.parametrize(
    ("route", "fields", "task_type"),
    [
        ("minimax-hailuo-02", {}, "MINIMAX_HAILUO_02_6S_768P"),
        ("minimax-hailuo-02", {"image": data_url(), "end_image": data_url()}, "MINIMAX_HAILUO_02_6S_768P"),
        (
            "minimax-hailuo-2.3-t2v",
            {"resolution": "1080P", "fast_pretreatment": True},
            "MINIMAX_HAILUO_2.3_T2V_6S_1080P",
        ),
        ("minimax-hailuo-2.3-i2v", {"image": PICTURE, "duration": 10}, "MINIMAX_HAILUO_2.3_I2V_10S_768P"),
        ("minimax-hailuo-2.3-fast-i2v", {"image": data_url()}, "MINIMAX_HAILUO_2.3_FAST_I2V_6S_768P"),
    ],
)
async def test_what_ppio_takes(route, fields, task_type):
    async with Bench() as bench:
        answer = await bench.post(f"/v3/async/{route}", {"prompt": "x", **fields})
        assert answer.status_code == 200, answer.text
        assert (await ppio_result(bench, answer.json()["task_id"]))["task"]["task_type"] == task_type


@pytest.mark.parametrize(
    ("route", "fields", "reason"),
    [
        ("minimax-hailuo-02", {"prompt": ""}, "INVALID_REQUEST_BODY"),
        ("minimax-hailuo-02", {"prompt": "x" * 2001}, "INVALID_REQUEST_BODY"),
        ("minimax-hailuo-02", {"duration": 10, "resolution": "1080P"}, "INVALID_REQUEST_BODY"),
        ("minimax-hailuo-02", {"resolution": "512P"}, "INVALID_REQUEST_BODY"),
        ("minimax-hailuo-02", {"enable_prompt_expansion": 1}, "INVALID_REQUEST_BODY"),
        ("minimax-hailuo-02", {"image_url": data_url()}, "INVALID_REQUEST_BODY"),
        ("minimax-hailuo-02", {"image": data_url(500, 200)}, "INVALID_IMAGE_SIZE"),
        ("minimax-hailuo-02", {"image": "data:image/png;base64,AAAA"}, "INVALID_IMAGE_FORMAT"),
        (
            "minimax-hailuo-02",
            {"image": "data:image/png;base64," + "AAAA" * (7 * 1024 * 1024)},
            "IMAGE_FILE_EXCEEDS_MAX_SIZE",
        ),
        ("minimax-hailuo-2.3-i2v", {}, "INVALID_REQUEST_BODY"),
        ("minimax-hailuo-2.3-fast-i2v", {"image": PICTURE, "fast_pretreatment": True}, "INVALID_REQUEST_BODY"),
    ],
)
async def test_what_ppio_refuses(route, fields, reason):
    async with Bench() as bench:
        answer = await bench.post(f"/v3/async/{route}", {"prompt": "x", **fields})
        body = answer.json()
        assert (answer.status_code, body["code"], body["reason"], body["metadata"]) == (400, 400, reason, {})
        assert body["message"]
        assert not bench.sim.tasks


async def test_ppios_other_errors():
    async with Bench() as bench:
        path = "/v3/async/task-result?task_id=nobody"

        async def verdict(header: str | None) -> tuple[int, str]:
            answer = await bare(bench, "GET", path, header)
            return answer.status_code, answer.json()["reason"]

        assert await verdict(None) == (400, "MISSING_API_KEY")
        assert await verdict("Bearer nope") == (403, "INVALID_API_KEY")
        assert await verdict(KEY) == (404, "TASK_NOT_FOUND")
        assert await verdict(f"Bearer {KEY}") == (404, "TASK_NOT_FOUND")
        answer = await bench.post("/v3/async/minimax-hailuo-9", {"prompt": "x"})
        assert (answer.status_code, answer.json()["reason"]) == (404, "API_NOT_FOUND")


# --- Modelverse --------------------------------------------------------------------------------------------------

UCLOUD_EXAMPLE = {
    "model": "MiniMax-Hailuo-2.3",
    "input": {
        "first_frame_image": "https://cdn.ucloud.com/prod/2024-09-18-16/user/multi_chat_file/9c0b5c14.jpeg",
        "prompt": "A mouse runs toward the camera, smiling and blinking. [推进, 跟随]",
    },
    "parameters": {
        "duration": 6,
        "resolution": "1080P",
        "prompt_optimizer": True,
        "fast_pretreatment": False,
        "aigc_watermark": False,
    },
}


async def test_uclouds_example():
    async with Bench() as bench:
        answer = (await bench.post("/v1/tasks/submit", UCLOUD_EXAMPLE)).json()
        assert list(answer) == ["output", "request_id"]
        task_id = answer["output"]["task_id"]
        assert task_id.isdigit()
        path = f"/v1/tasks/status?task_id={task_id}"
        await bench.drawn()
        waiting = (await bench.get(path)).json()
        assert waiting["output"] == {"task_id": task_id, "task_status": "Pending", "submit_time": int(START)}
        bench.clock.forward(30)
        assert (await bench.get(path)).json()["output"]["task_status"] == "Running"
        bench.clock.forward(30)
        done = (await bench.get(path)).json()
        url = done["output"]["urls"][0]
        assert done == {
            "output": {
                "task_id": task_id,
                "task_status": "Success",
                "urls": [url],
                "submit_time": int(START),
                "finish_time": int(START) + 60,
            },
            "usage": {"duration": 6},
            "request_id": "",
        }
        assert (await bench.get(url)).status_code == 200


async def test_uclouds_failure_has_status_200():
    async with Bench() as bench:
        bench.sim.faults.add(Fault("fail_output", "submit"))
        task_id = (await bench.post("/v1/tasks/submit", UCLOUD_EXAMPLE)).json()["output"]["task_id"]
        await bench.finish()
        answer = await bench.get("/v1/tasks/status", params={"task_id": task_id})
        output = answer.json()["output"]
        assert (answer.status_code, output["task_status"]) == (200, "Failure")
        assert output["error_message"]
        assert "urls" not in output


@pytest.mark.parametrize(
    ("model", "words", "parameters"),
    [
        ("MiniMax-Hailuo-2.3", {"prompt": "x"}, {"duration": 10}),
        ("MiniMax-Hailuo-2.3-Fast", {"prompt": "x", "first_frame_image": data_url()}, None),
        ("MiniMax-Hailuo-02", {"prompt": "x", "first_frame_image": PICTURE, "last_frame_image": PICTURE}, {}),
    ],
)
async def test_what_ucloud_takes(model, words, parameters):
    async with Bench() as bench:
        answer = await bench.post("/v1/tasks/submit", {"model": model, "input": words, "parameters": parameters})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"model": "MiniMax-Hailuo-2.3", "prompt": "x", "duration": 6},
        {"model": "MiniMax/Hailuo-2.3-I2V", "input": {"prompt": "x"}},
        {"model": "MiniMax-Hailuo-2.3", "input": {}},
        {"model": "MiniMax-Hailuo-2.3", "input": {"prompt": "x" * 2001}},
        {"model": "MiniMax-Hailuo-2.3", "input": {"prompt": "x", "last_frame_image": PICTURE}},
        {"model": "MiniMax-Hailuo-2.3-Fast", "input": {"prompt": "x"}},
        {"model": "MiniMax-Hailuo-02", "input": {"prompt": "x"}, "parameters": {"resolution": "512P"}},
        {
            "model": "MiniMax-Hailuo-02",
            "input": {"prompt": "x"},
            "parameters": {"resolution": "1080P", "duration": 10},
        },
        {"model": "MiniMax-Hailuo-02", "input": {"prompt": "x"}, "parameters": [6]},
        {"model": "MiniMax-Hailuo-02", "input": {"prompt": "x", "first_frame_image": data_url(300, 300)}},
    ],
)
async def test_what_ucloud_refuses(body):
    async with Bench() as bench:
        answer = await bench.post("/v1/tasks/submit", body)
        error = answer.json()["error"]
        assert answer.status_code == 400
        assert (error["type"], error["code"]) == ("invalid_request_error", "param_error")
        assert UUID.fullmatch(error["param"])
        assert not bench.sim.tasks


async def test_uclouds_keys_come_bare_or_as_bearer():
    async with Bench() as bench:
        path = "/v1/tasks/status?task_id=1"
        for header, status in ((None, 401), ("nope", 401), ("Bearer nope", 401), (KEY, 400), (f"Bearer {KEY}", 400)):
            assert (await bare(bench, "GET", path, header)).status_code == status


# --- EvoLink -----------------------------------------------------------------------------------------------------

EVO_EXAMPLE = {"model": "MiniMax-Hailuo-02", "prompt": "A beautiful sunset over the ocean [Static shot]"}


async def test_evolinks_example():
    async with Bench() as bench:
        head = (await bench.post("/v1/videos/generations", EVO_EXAMPLE)).json()
        assert re.fullmatch(r"task-unified-1757169743-[a-z0-9]{8}", head["id"])
        assert head == {
            "created": 1757169743,
            "id": head["id"],
            "model": "MiniMax-Hailuo-02",
            "object": "video.generation.task",
            "progress": 0,
            "status": "pending",
        }
        path = f"/v1/tasks/{head['id']}"
        await bench.drawn()
        bench.clock.forward(40)
        body = (await bench.get(path)).json()
        assert (body["status"], body["progress"], body["type"]) == ("processing", 50, "video")
        assert "results" not in body
        bench.clock.forward(20)
        body = (await bench.get(path)).json()
        assert (body["status"], body["progress"], body["task_info"]) == ("completed", 100, {"can_cancel": False})
        bench.clock.forward(24 * 3600 - 1)
        assert (await bench.get(body["results"][0])).status_code == 200
        bench.clock.forward(1)
        late = (await bench.get(path)).json()["results"][0]
        assert (await bench.get(late)).status_code == 403


async def test_evolinks_failure_has_status_200():
    async with Bench() as bench:
        bench.sim.faults.add(Fault("fail_input", "submit"))
        task_id = (await bench.post("/v1/videos/generations", EVO_EXAMPLE)).json()["id"]
        await bench.finish()
        answer = await bench.get(f"/v1/tasks/{task_id}")
        assert (answer.status_code, answer.json()["status"]) == (200, "failed")
        assert answer.json()["error"]["code"] == "content_policy_violation"


@pytest.mark.parametrize(
    "fields",
    [
        {"image_urls": [PICTURE], "quality": "512p", "duration": 10, "prompt": ""},
        {"image_urls": [PICTURE, PICTURE], "quality": "1080p"},
        {"model": "MiniMax-Hailuo-2.3", "duration": 10},
        {"model": "MiniMax-Hailuo-2.3-Fast", "image_urls": [PICTURE], "model_params": {"prompt_optimizer": False}},
    ],
)
async def test_what_evolink_takes(fields):
    async with Bench() as bench:
        assert (await bench.post("/v1/videos/generations", {**EVO_EXAMPLE, **fields})).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "MiniMax-H3"},
        {"prompt": ""},
        {"prompt": "x" * 2001},
        {"quality": "768P"},
        {"quality": "512p"},
        {"quality": "512p", "image_urls": [PICTURE, PICTURE]},
        {"quality": "1080p", "duration": 10},
        {"image_urls": [PICTURE] * 3},
        {"image_urls": PICTURE},
        {"image_urls": [data_url()]},
        {"model": "MiniMax-Hailuo-2.3", "image_urls": [PICTURE] * 2},
        {"model": "MiniMax-Hailuo-2.3-Fast"},
        {"model_params": "fast"},
    ],
)
async def test_what_evolink_refuses(fields):
    async with Bench() as bench:
        answer = await bench.post("/v1/videos/generations", {**EVO_EXAMPLE, **fields})
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "invalid_request"
        assert answer.json()["error"]["type"] == "invalid_request_error"
        assert not bench.sim.tasks


async def test_evolinks_other_errors():
    async with Bench() as bench:
        unknown = await bench.get("/v1/tasks/task-unified-1757169743-7cvnl5zw")
        assert unknown.status_code == 404
        odd = await bench.get("/v1/tasks/7cvnl5zw")
        assert (odd.status_code, odd.json()["error"]["code"]) == (400, "invalid_task_id")
        for header in (None, "Bearer nope", KEY):
            answer = await bare(bench, "POST", "/v1/videos/generations", header)
            assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")
