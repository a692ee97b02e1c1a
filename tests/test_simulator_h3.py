"""The simulator's MiniMax-H3, as the pages have it today, for any client."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import pytest

from hailuo_widgets.media.facts import facts
from hailuo_widgets.simulator import stock_clip
from support.simulated import Bench

WORDS = {"type": "text", "text": "A mouse"}
BODY = {"model": "MiniMax-H3", "content": [WORDS], "resolution": "768P", "duration": 5, "ratio": "16:9"}
PICTURE = "https://example.com/a.jpg"


def item(kind, url, role=None):
    return {"type": f"{kind}_url", f"{kind}_url": {"url": url}, **({"role": role} if role else {})}


async def create(bench, path="/v2/video_generation", **fields):
    answer = await bench.post(path, {**BODY, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()["task_id"]


async def record(bench, task_id):
    return (await bench.get(f"/v2/query/video_generation/{task_id}")).json()["task"]


@pytest.mark.parametrize("name", ["resolution", "duration", "model", "content"])
async def test_required_fields(name):
    async with Bench() as bench:
        body = {key: value for key, value in BODY.items() if key != name}
        answer = await bench.post("/v2/video_generation", body)
        assert answer.status_code == 400
        assert name in answer.json()["error"]["message"]


@pytest.mark.parametrize("model", ["MiniMax-H3-Highspeed", "MiniMax-H3-Lite"])
async def test_models_that_no_page_of_the_vendors_names(model):
    async with Bench() as bench:
        assert (await bench.post("/v2/video_generation", {**BODY, "model": model})).status_code == 400


async def test_a_single_picture_without_a_role_is_the_first_frame_and_decides_the_shape():
    async with Bench() as bench:
        task_id = await create(bench, content=[WORDS, item("image", PICTURE)], ratio="9:16")
        assert bench.sim.tasks[task_id].order.first_frame == PICTURE
        assert (await record(bench, task_id))["ratio"] == "16:9"  # ignored, and never "adaptive" in the answer
        two = [WORDS, item("image", PICTURE), item("image", PICTURE)]
        assert (await bench.post("/v2/video_generation", {**BODY, "content": two})).status_code == 400


@pytest.mark.parametrize(("seconds", "frames"), [(4, 107), (5, 124), (8, 192), (10, 243), (15, 362)])
async def test_clips_have_17n_plus_5_frames_and_stereo_sound_and_cost_the_seconds_asked_for(seconds, frames):
    async with Bench(draw=stock_clip()) as bench:
        task_id = await create(bench, duration=seconds)
        await bench.finish()
        done = await record(bench, task_id)
        assert done["usage"] == {
            "total_seconds": seconds,
            "input_seconds": 0,
            "output_seconds": seconds,
            "input_image_count": 0,
        }
        found = await asyncio.to_thread(facts, (await bench.get(done["content"]["url"])).content)
        assert (found.frames, found.fps, found.audio_codec) == (frames, 24, "aac")
        assert (found.width, found.height) == (1344, 768)


async def test_updated_at_is_when_the_state_changed():
    async with Bench() as bench:
        task_id = await create(bench)
        await bench.drawn()
        created = (await record(bench, task_id))["created_at"]
        assert (await record(bench, task_id))["updated_at"] == created
        bench.clock.forward(30)
        assert (await record(bench, task_id))["updated_at"] == created + 20
        await bench.finish()
        ended = (await record(bench, task_id))["updated_at"]
        bench.clock.forward(1000)
        assert (await record(bench, task_id))["updated_at"] == ended


async def test_the_list_is_narrowed_by_every_filter_and_forgets_after_seven_days():
    async with Bench() as bench:
        ids = [await create(bench) for _ in range(3)]
        other = await create(bench, "/v2/h3_context_ir")

        async def listed(**query):
            answer = await bench.get("/v2/query/video_generation", params={"page_num": 1, "page_size": 50, **query})
            assert answer.json()["total"] == len(answer.json()["items"])
            return {each["id"] for each in answer.json()["items"]}

        assert await listed() == {*ids, other}
        assert await listed(**{"filter.task_ids": ids[:2]}) == set(ids[:2])
        assert await listed(**{"filter.task_type": "h3_context_ir"}) == {other}
        assert await listed(**{"filter.model": "MiniMax-H3-Max"}) == set()
        assert await listed(**{"filter.status": "queued", "filter.task_ids": [ids[0], other]}) == {ids[0], other}
        assert "prompt" not in json.dumps((await bench.get("/v2/query/video_generation")).json())
        bench.clock.forward(7 * 86_400 + 1)
        assert await listed() == set()


async def test_delete_says_what_it_did_and_a_cancelled_task_can_not_be_deleted():
    async with Bench() as bench:
        first, second = await create(bench), await create(bench)
        gone = await bench.client.delete(f"/v2/video_generation/{first}")
        assert gone.json() == {"action": "cancelled", "status": "cancelled"}
        assert (await bench.client.delete(f"/v2/video_generation/{first}")).status_code == 400
        await bench.finish()
        gone = await bench.client.delete(f"/v2/video_generation/{second}")
        assert gone.json() == {"action": "deleted", "status": "succeeded"}


async def upload(bench, data, purpose="video_generation_input"):
    return await bench.client.post(
        "/v1/files/upload", data={"purpose": purpose}, files={"file": ("draft.mp4", data, "video/mp4")}
    )


async def test_a_file_that_was_uploaded_is_named_in_requests_for_a_week():
    async with Bench() as bench:
        answer = (await upload(bench, b"no picture")).json()
        assert answer["base_resp"]["status_code"] == 0
        assert (answer["file"]["bytes"], answer["file"]["filename"]) == (10, "draft.mp4")
        number = answer["file"]["file_id"]
        assert (await upload(bench, b"x", "retrieval")).status_code == 400
        bad = {**BODY, "content": [WORDS, item("image", f"mm_file://{number}", "first_frame")]}
        assert "JPG" in (await bench.post("/v2/video_generation", bad)).json()["error"]["message"]
        bench.clock.forward(7 * 86_400 + 1)
        assert "invalid file_id" in (await bench.post("/v2/video_generation", bad)).json()["error"]["message"]


async def test_a_draft_is_made_again_in_2k():
    async with Bench(draw=stock_clip()) as bench:
        first = await create(bench)
        await bench.finish()
        draft = (await bench.get((await record(bench, first))["content"]["url"])).content
        number = (await upload(bench, draft)).json()["file"]["file_id"]
        body = {
            "model": "MiniMax-H3",
            "resolution": "2K",
            "content": [WORDS, item("video", f"mm_file://{number}", "base_video")],
        }
        answer = await bench.post("/v2/video_regeneration", body)
        task_id = answer.json()["task_id"]
        await bench.finish()
        done = await record(bench, task_id)
        assert (done["task_type"], done["resolution"], done["duration"]) == ("regeneration", "2K", 5)
        assert done["usage"]["input_seconds"] == 0
        for wrong in (
            {**body, "resolution": "768P"},
            {**body, "content": [WORDS]},
            {**body, "source_task_id": first},
            {**body, "model": "MiniMax-H3-Max"},
        ):
            assert (await bench.post("/v2/video_regeneration", wrong)).status_code == 400


async def test_a_prompt_is_rewritten():
    async with Bench() as bench:
        task_id = await create(bench, "/v2/h3_context_ir")
        await bench.finish()
        done = await record(bench, task_id)
        assert (done["status"], done["task_type"]) == ("succeeded", "h3_context_ir")
        assert "A mouse" in done["content"]["prompt"]
        assert list(done["content"]) == ["prompt"]
        assert set(done["usage"]) == {"input_tokens", "output_tokens"}


async def test_ppio_takes_addresses_only_and_uploads_nothing():
    async with Bench() as bench:
        path = "/v3/minimax/v2/video_generation"
        content = [WORDS, item("image", "data:image/png;base64,AAAA", "first_frame")]
        assert (await bench.post(path, {**BODY, "content": content})).status_code == 400
        content = [WORDS, item("image", "mm_file://12", "first_frame")]
        assert (await bench.post(path, {**BODY, "content": content})).status_code == 400
        assert (await bench.post(path, {**BODY, "content": [WORDS, item("image", PICTURE)]})).status_code == 200


async def test_acedatas_minimax_routes():
    async with Bench() as bench:
        answer = await bench.post("/minimax/videos", {**BODY, "async": True})
        task_id = answer.json()["task_id"]
        assert list(answer.json()) == ["task_id"]
        one = (await bench.post("/minimax/tasks", {"action": "retrieve", "id": task_id})).json()
        assert one["task"]["status"] == "queued"
        assert (await bench.post("/minimax/tasks", {"action": "retrieve", "id": "nobody's"})).json() is None
        assert (await bench.post("/hailuo/tasks", {"action": "retrieve", "id": task_id})).json() is None
        await bench.finish()
        many = (await bench.post("/minimax/tasks", {"action": "retrieve_batch", "ids": [task_id, "x"]})).json()
        assert (many["count"], many["items"][0]["task"]["status"]) == (1, "succeeded")
        assert many["items"][0]["task"]["usage"]["output_seconds"] == 5
        assert (await bench.post("/minimax/tasks", {"action": "delete", "id": task_id})).json() == {"success": True}
        assert (await bench.post("/minimax/tasks", {"action": "retrieve", "id": task_id})).json() is None
        assert (await bench.post("/minimax/videos", {**BODY, "model": "MiniMax-H3-Max"})).status_code == 400
        assert (await bench.post("/hailuo/tasks", {"action": "retrieve_batch"})).json() == {"items": [], "count": 0}
        assert bench.sim.billed == Counter()


async def test_a_held_answer_of_acedata_is_the_whole_task():
    async with Bench(timing=None) as bench:
        bench.sim._timing = type(bench.sim._timing)(0, 0, 0)
        answer = await bench.post("/minimax/videos", BODY)
        assert answer.json()["task"]["status"] == "succeeded"


@pytest.mark.parametrize(
    ("model", "params", "status"),
    [
        ("MiniMax-Hailuo-2.3", {"prompt_optimizer": False, "fast_pretreatment": True}, 200),
        ("MiniMax-Hailuo-2.3", {"prompt_optimizer": "no"}, 400),
        ("MiniMax-Hailuo-2.3", {"watermark": True}, 400),
        ("MiniMax-Hailuo-2.3-Fast", {"prompt_optimizer": False}, 200),
        ("MiniMax-Hailuo-2.3-Fast", {"fast_pretreatment": True}, 400),
        ("MiniMax-Hailuo-02", {"prompt_optimizer": True}, 400),
    ],
)
async def test_evolinks_model_params(model, params, status):
    async with Bench() as bench:
        body = {"model": model, "prompt": "x", "model_params": params}
        if model.endswith("Fast"):
            body["image_urls"] = [PICTURE]
        assert (await bench.post("/v1/videos/generations", body)).status_code == status
