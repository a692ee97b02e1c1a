"""MiniMax's two wires, as its pages and the clients that talk to it know them."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from hailuo_widgets.simulator import FileTaskStore, State, Timing
from support.simulated import KEY, Bench, data_url

TEXT = {"model": "MiniMax-Hailuo-2.3", "prompt": "A mouse runs toward the camera [Push in]"}
OK = {"status_code": 0, "status_msg": "success"}
PICTURE = "https://example.com/first.jpg"


async def code(bench: Bench, body: object) -> int:
    answer = await bench.post("/v1/video_generation", body)
    assert answer.status_code == 200
    return answer.json()["base_resp"]["status_code"]


async def submit(bench: Bench, **fields: object) -> str:
    answer = await bench.post("/v1/video_generation", {**TEXT, **fields})
    assert answer.json()["base_resp"] == OK, answer.text
    return answer.json()["task_id"]


async def query(bench: Bench, task_id: str) -> dict:
    return (await bench.get("/v1/query/video_generation", params={"task_id": task_id})).json()


async def test_a_clip_from_submission_to_bytes():
    async with Bench() as bench:
        answer = await bench.post("/v1/video_generation", TEXT)
        assert list(answer.json()) == ["task_id", "base_resp"]
        assert answer.headers["Trace-Id"]
        task_id = answer.json()["task_id"]
        assert task_id.isdigit()
        await bench.drawn()
        seen = []
        for _ in range(4):
            seen.append(await query(bench, task_id))
            bench.clock.forward(14)
        assert [each["status"] for each in seen] == ["Preparing", "Queueing", "Processing", "Processing"]
        assert all("file_id" not in each for each in seen)
        bench.clock.forward(10)
        done = await query(bench, task_id)
        assert (done["status"], done["video_width"], done["video_height"]) == ("Success", 1366, 768)
        assert isinstance(done["file_id"], str)
        file = (await bench.get("/v1/files/retrieve", params={"file_id": done["file_id"], "GroupId": "7"})).json()[
            "file"
        ]
        assert file["file_id"] == int(done["file_id"])
        assert (file["filename"], file["purpose"]) == ("output_aigc.mp4", "video_generation")
        clip = await httpx.AsyncClient(transport=httpx.ASGITransport(bench.sim.app)).get(file["download_url"])
        assert clip.headers["content-type"] == "video/mp4"
        assert len(clip.content) == file["bytes"]
        assert not bench.sim.log[-1].with_key
        whole = await bench.get("/v1/files/retrieve_content", params={"file_id": done["file_id"]})
        assert whole.content == clip.content
        assert bench.sim.billed == {"minimax": 1}


async def test_the_clip_probes_as_ordered():
    from hailuo_widgets.media.probe import probe

    async with Bench() as bench:
        task_id = await submit(bench, resolution="1080P")
        path = await bench.sim.studio.clip(task_id, bench.sim.tasks[task_id].order)
        info = probe(path)
        assert (info.width, info.height, info.duration, info.fps) == (1920, 1080, 6, 24)


async def test_keys():
    async with Bench(regions={KEY: "intl"}, groups={KEY: "42"}) as bench:

        async def verdict(headers: dict, url: str = "/v1/query/video_generation?task_id=1") -> tuple[int, str]:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(bench.sim.app), base_url="http://x") as client:
                answer = await client.get(url, headers=headers)
            assert answer.status_code == 200
            return tuple(answer.json()["base_resp"].values())

        good = {"Authorization": f"Bearer {KEY}"}
        missing = "login fail: Please carry the API secret key in the 'Authorization' field of the request header"
        assert await verdict({}) == (1004, missing)
        assert await verdict({"Authorization": KEY}) == (1004, missing)
        assert (await verdict({"Authorization": "Bearer wrong"}))[0] == 2049
        assert (await verdict(good))[0] == 2013
        assert (await verdict(good, "https://api.minimax.io/v1/query/video_generation?task_id=1"))[0] == 2013
        assert (await verdict(good, "https://api.minimaxi.com/v1/query/video_generation?task_id=1"))[0] == 1004
        grouped = await verdict(good, "/v1/query/video_generation?task_id=1&GroupId=43")
        assert grouped == (1004, "token not match group")
        assert (await verdict(good, "/v1/query/video_generation?task_id=1&GroupId=42"))[0] == 2013


async def test_no_key_is_needed_where_none_is_set():
    async with Bench(keys=None) as bench:
        del bench.client.headers["Authorization"]
        assert (await query(bench, await submit(bench)))["status"] == "Preparing"


async def test_another_account_does_not_see_the_task():
    async with Bench(keys={KEY, "other"}) as bench:
        task_id = await submit(bench)
        theirs = await bench.get(
            "/v1/query/video_generation", params={"task_id": task_id}, headers={"Authorization": "Bearer other"}
        )
        assert theirs.json()["base_resp"]["status_code"] == 2013


LEGAL = [
    {},
    {"duration": 10},
    {"resolution": "1080P"},
    {"model": "MiniMax-Hailuo-2.3-Fast", "first_frame_image": PICTURE},
    {"model": "MiniMax-Hailuo-02", "first_frame_image": PICTURE, "resolution": "512P", "duration": 10, "prompt": ""},
    {"model": "MiniMax-Hailuo-02", "last_frame_image": PICTURE},
    {"model": "MiniMax-Hailuo-02", "first_frame_image": data_url(), "last_frame_image": data_url(kind="WEBP")},
    {"model": "T2V-01-Director", "resolution": "720P"},
    {"model": "I2V-01-live", "first_frame_image": data_url(kind="JPEG")},
    {"model": "S2V-01", "subject_reference": [{"type": "character", "image": [PICTURE]}]},
    {"prompt": "熊" * 2000},
    {"prompt_optimizer": False, "fast_pretreatment": True, "aigc_watermark": True},
]
ILLEGAL = [
    {"model": "video-01"},
    {"model": ["MiniMax-Hailuo-02"]},
    {"prompt": ""},
    {"prompt": "x" * 2001},
    {"prompt": 7},
    {"duration": 7},
    {"duration": "6"},
    {"duration": True},
    {"duration": 10, "resolution": "1080P"},
    {"resolution": "768p"},
    {"resolution": "512P"},
    {"model": "MiniMax-Hailuo-02", "resolution": "512P"},
    {"model": "MiniMax-Hailuo-02", "first_frame_image": PICTURE, "last_frame_image": PICTURE, "resolution": "512P"},
    {"model": "MiniMax-Hailuo-2.3-Fast"},
    {"model": "I2V-01"},
    {"model": "T2V-01", "first_frame_image": PICTURE},
    {"model": "T2V-01", "duration": 10},
    {"model": "T2V-01", "resolution": "768P"},
    {"last_frame_image": PICTURE},
    {"model": "S2V-01"},
    {"model": "S2V-01", "subject_reference": [{"type": "character", "image": []}]},
    {"first_frame_image": "/home/me/first.png"},
    {"first_frame_image": "data:image/gif;base64,R0lGODlh"},
    {"first_frame_image": "data:image/png;base64,!!!!"},
    {"first_frame_image": "data:image/png;base64,aGVsbG8="},
    {"first_frame_image": data_url(640, 300)},
    {"first_frame_image": data_url(1100, 400)},
    {"prompt_optimizer": "yes"},
    {"callback_url": "http://example.com/hook"},
]


@pytest.mark.parametrize("fields", LEGAL)
async def test_what_the_pages_allow_is_taken(fields):
    async with Bench() as bench:
        assert await code(bench, {**TEXT, **fields}) == 0


@pytest.mark.parametrize("fields", ILLEGAL)
async def test_what_the_pages_forbid_is_refused_and_costs_nothing(fields):
    async with Bench() as bench:
        assert await code(bench, {**TEXT, **fields}) == 2013
        assert not bench.sim.tasks


async def test_bodies_that_are_no_json_object():
    async with Bench() as bench:
        for raw in (b"", b"{", b"[]", b"\xff", b"[" * 100_000):
            answer = await bench.client.post("/v1/video_generation", content=raw)
            assert answer.json()["base_resp"]["status_code"] == 2013


async def test_the_clip_takes_the_first_frames_shape():
    async with Bench() as bench:
        task_id = await submit(
            bench, model="MiniMax-Hailuo-02", first_frame_image=data_url(400, 640), resolution="512P"
        )
        order = bench.sim.tasks[task_id].order
        assert (order.width, order.height) == (512, 820)


@pytest.mark.parametrize(("failure", "verdict"), [("input", 1026), ("output", 1027), ("internal", 0)])
async def test_failed_tasks_are_paid_back(failure, verdict):
    from hailuo_widgets.simulator import Fault

    async with Bench() as bench:
        bench.sim.faults.add(Fault(f"fail_{failure}", "submit"))
        task_id = await submit(bench)
        assert bench.sim.billed == {"minimax": 1}
        await bench.finish()
        body = await query(bench, task_id)
        assert (body["status"], body["base_resp"]["status_code"]) == ("Fail", verdict)
        assert not bench.sim.billed


async def test_states_by_script():
    script = (State.QUEUEING, State.RUNNING, State.SUCCEEDED)
    async with Bench(timing=Timing(script=script)) as bench:
        task_id = await submit(bench)
        await bench.drawn()
        assert [(await query(bench, task_id))["status"] for _ in range(4)] == [
            "Queueing",
            "Processing",
            "Success",
            "Success",
        ]


async def test_a_task_is_processing_until_its_clip_is_drawn():
    gate = asyncio.Event()

    async def slow(order):
        await gate.wait()
        return b"clip"

    async with Bench(draw=slow) as bench:
        task_id = await submit(bench)
        bench.clock.forward(1000)
        assert (await query(bench, task_id))["status"] == "Processing"
        gate.set()
        await bench.drawn()
        assert (await query(bench, task_id))["status"] == "Success"


async def test_a_clip_that_cannot_be_drawn_is_the_vendors_fault(caplog):
    async def broken(order):
        raise RuntimeError("out of ink")

    async with Bench(draw=broken) as bench:
        task_id = await submit(bench)
        await bench.finish()
        assert (await query(bench, task_id))["status"] == "Fail"
        assert "out of ink" in caplog.text


async def test_tasks_outlive_the_simulator_in_a_folder(tmp_path):
    async with Bench(store=FileTaskStore(tmp_path)) as bench:
        task_id = await submit(bench)
        await bench.finish()
        done = await query(bench, task_id)
    async with Bench(store=FileTaskStore(tmp_path)) as bench:
        bench.clock.forward(2000)
        assert await query(bench, task_id) == done
        file = (await bench.get("/v1/files/retrieve", params={"file_id": done["file_id"]})).json()["file"]
        assert len((await bench.get(file["download_url"])).content) == file["bytes"]
        assert await submit(bench) != task_id
    assert KEY not in "".join(path.read_text() for path in tmp_path.iterdir())


@pytest.mark.parametrize("name", ["../secret", "a/b", "", "x" * 5000, "\x00"])
def test_a_stored_tasks_name_cannot_leave_the_folder(tmp_path, name):
    store = FileTaskStore(tmp_path / "tasks")
    (tmp_path / "secret.json").write_text("{}")
    assert store.get(name) is None


# --- v2 ---------------------------------------------------------------------------------------------------------

WORDS = {"type": "text", "text": "A mouse"}
H3 = {"model": "MiniMax-H3", "content": [WORDS], "resolution": "768P", "duration": 4, "ratio": "16:9"}


def picture(role: str, url: str = PICTURE) -> dict:
    return {"type": "image_url", "image_url": {"url": url}, "role": role}


async def test_h3_from_submission_to_bytes():
    async with Bench() as bench:
        answer = await bench.post("/v2/video_generation", H3)
        assert list(answer.json()) == ["task_id"]
        path = f"/v2/query/video_generation/{answer.json()['task_id']}"
        await bench.drawn()
        assert (await bench.get(path)).json()["task"]["status"] == "queued"
        bench.clock.forward(30)
        assert (await bench.get(path)).json()["task"]["status"] == "running"
        bench.clock.forward(30)
        task = (await bench.get(path)).json()["task"]
        assert (task["status"], task["usage"]["output_seconds"], task["ratio"]) == ("succeeded", 4, "16:9")
        assert (await bench.get(task["content"]["url"])).status_code == 200
        listed = (await bench.get("/v2/query/video_generation?page_num=1&page_size=5&filter.status=succeeded")).json()
        assert (listed["total"], listed["items"][0]["id"]) == (1, task["id"])
        assert (await bench.get("/v2/query/video_generation?filter.status=failed")).json()["total"] == 0
        bench.clock.forward(8 * 86_400)
        assert (await bench.get(path)).status_code == 400


async def test_h3_cancels_what_waits_and_deletes_what_is_done():
    async with Bench() as bench:
        first = (await bench.post("/v2/video_generation", H3)).json()["task_id"]
        gone = await bench.client.delete(f"/v2/video_generation/{first}")
        assert gone.status_code == 200
        assert (await bench.get(f"/v2/query/video_generation/{first}")).json()["task"]["status"] == "cancelled"
        assert not bench.sim.billed
        second = (await bench.post("/v2/video_generation", H3)).json()["task_id"]
        bench.clock.forward(30)
        assert (await bench.client.delete(f"/v2/video_generation/{second}")).status_code == 400
        await bench.finish()
        assert (await bench.client.delete(f"/v2/video_generation/{second}")).status_code == 200
        assert (await bench.get(f"/v2/query/video_generation/{second}")).status_code == 400


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"resolution": "2K", "duration": 15, "ratio": "21:9"},
        {"content": [WORDS, picture("first_frame"), picture("last_frame")], "ratio": "adaptive"},
        {"content": [WORDS, picture("reference_image")], "ratio": None},
        {"model": "MiniMax-H3-Max", "resolution": "480P", "duration": 5, "extra": {"prompt_expansion_mode": "quality"}},
        {"content": [{"type": "text", "text": "x" * 7000}]},
    ],
)
async def test_what_h3_takes(fields):
    async with Bench() as bench:
        assert (await bench.post("/v2/video_generation", {**H3, **fields})).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"content": "A mouse"},
        {"content": []},
        {"content": [WORDS, WORDS]},
        {"content": [{"type": "text", "text": " "}]},
        {"content": [{"type": "text", "text": "x" * 7001}]},
        {"content": [WORDS, picture("first_frame"), picture("reference_image")]},
        {"content": [WORDS, picture("first_frame"), picture("first_frame")]},
        {"content": [WORDS, *[picture("reference_image")] * 10]},
        {"content": [WORDS, picture("background")]},
        {"content": [WORDS, {"type": "image_url", "image_url": PICTURE, "role": "first_frame"}]},
        {"ratio": "adaptive"},
        {"ratio": None},
        {"ratio": "2:1"},
        {"duration": 3},
        {"duration": 16},
        {"resolution": "480P"},
        {"model": "MiniMax-H3-Max", "resolution": "2K", "duration": 5},
        {"model": "MiniMax-H3-Max", "duration": 4},
        {"extra": {"prompt_expansion_mode": "quality"}},
    ],
)
async def test_what_h3_refuses(fields):
    async with Bench() as bench:
        answer = await bench.post("/v2/video_generation", {**H3, **fields})
        assert answer.status_code == 400
        body = answer.json()
        assert (body["type"], body["error"]["type"], body["error"]["http_code"]) == (
            "error",
            "bad_request_error",
            "400",
        )
        assert body["error"]["message"].endswith("(2013)")
        assert body["request_id"]


async def test_h3_through_ppio():
    async with Bench() as bench:
        bench.client.headers["Authorization"] = KEY
        task_id = (await bench.post("/v3/minimax/v2/video_generation", H3)).json()["task_id"]
        await bench.finish()
        task = (await bench.get(f"/v3/minimax/v2/query/video_generation/{task_id}")).json()["task"]
        assert task["status"] == "succeeded"
        assert (await bench.get(f"/v2/query/video_generation/{task_id}")).status_code == 401
