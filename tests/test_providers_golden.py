"""Every JSON example that the four vendors' pages print, sent and read."""

import json

import pytest

from hailuo_widgets.errors import Charged, VendorFaultError
from hailuo_widgets.providers import Phase, Task, provider
from seeds import reply, submit, text, value, walk


@pytest.mark.parametrize("name", ["t2v", "t2v_zh", "i2v", "i2v_zh", "director", "director_zh"])
def test_acedata_sends_what_its_page_prints(name):
    page = value(f"acedata_{name}")
    call, _ = submit(
        "acedata",
        reply({"task_id": "1"}),
        prompt=page["prompt"],
        model=page["model"],
        first_frame=page.get("first_image_url"),
    )
    assert (call.method, call.path) == ("POST", "/hailuo/videos")
    body = dict(call.json)
    assert body.pop("async") is True  # the newer guide's: the answer comes at once
    assert json.dumps(body, indent=2, ensure_ascii=False) == text(f"acedata_{name}")


@pytest.mark.parametrize("name", ["quick_start", "quick_start_zh"])
def test_acedatas_quick_start(name):
    call, state = submit(
        "acedata", reply({"task_id": "1"}), prompt=value(f"acedata_{name}")["prompt"], model="minimax-t2v"
    )
    body = {key: each for key, each in call.json.items() if key != "async"}
    assert json.dumps(body, ensure_ascii=False) == text(f"acedata_{name}")
    assert state.task == Task("1", "minimax-t2v")
    assert state.phase is Phase.QUEUED


def test_acedatas_poll():
    calls, _ = walk(provider("acedata").poll(Task("...")), reply({"id": "..."}))
    # The page sends the id alone; the newer guide names the action.
    assert calls[0].json == {"action": "retrieve", **value("acedata_poll")}
    assert (calls[0].method, calls[0].path) == ("POST", "/hailuo/tasks")


def test_ppio_sends_what_its_page_prints():
    page = value("ppio_submit")
    call, state = submit(
        "ppio",
        reply(text("ppio_submit_reply").encode()),
        prompt=page["prompt"],
        first_frame=page["image_url"],
        model="MiniMax-Hailuo-02",
        duration=page["duration"],
        resolution=page["resolution"],
        prompt_optimizer=page["enable_prompt_expansion"],
    )
    assert (call.method, call.path) == ("POST", "/v3/async/minimax-hailuo-02")
    body = dict(call.json)
    assert body.pop("fast_pretreatment") is False  # on the newer page, with this default
    body = {"image_url" if key == "image" else key: each for key, each in body.items()}  # `image` on the newer page
    assert json.dumps(body, indent=2, ensure_ascii=False) == text("ppio_submit")
    assert state.task.id == value("ppio_submit_reply")["task_id"]


def test_ppios_schema_names_the_fields_that_are_sent():
    call, state = submit(
        "ppio",
        reply(text("ppio_schema_reply").encode()),
        prompt="p",
        first_frame="https://example.com/a.jpg",
        model="MiniMax-Hailuo-02",
    )
    assert set(value("ppio_schema")) - {"image_url"} <= set(call.json)
    assert state.task.id == "<string>"


def test_ppios_result():
    page = value("ppio_result_reply")
    page["videos"][0]["video_url"] = "https://example.com/clip.mp4"
    calls, state = walk(provider("ppio").poll(Task("a")), reply(page))
    assert (calls[0].method, calls[0].path, calls[0].params) == ("GET", "/v3/async/task-result", {"task_id": "a"})
    assert (state.phase, state.word, state.progress) == (Phase.SUCCEEDED, "TASK_STATUS_SUCCEED", 1.0)
    assert state.url == "https://example.com/clip.mp4"


def test_ppios_result_as_printed_holds_no_address():
    with pytest.raises(VendorFaultError, match="address is missing"):
        walk(provider("ppio").poll(Task("a")), reply(text("ppio_result_reply").encode()))


def test_modelverse_sends_what_its_page_prints():
    page = value("modelverse_submit")
    call, state = submit(
        "modelverse",
        reply(text("modelverse_submit_reply").encode()),
        model=page["model"],
        prompt=page["input"]["prompt"],
        first_frame=page["input"]["first_frame_image"],
        resolution="1080P",
    )
    assert (call.method, call.path) == ("POST", "/v1/tasks/submit")
    assert json.dumps(call.json, indent=0, ensure_ascii=False) == text("modelverse_submit")
    assert state.task == Task("106916112212032", "MiniMax-Hailuo-2.3")


def test_modelverses_success():
    calls, state = walk(provider("modelverse").poll(Task("b")), reply(text("modelverse_success_reply").encode()))
    assert (calls[0].method, calls[0].path, calls[0].params) == ("GET", "/v1/tasks/status", {"task_id": "b"})
    assert (state.phase, state.word, state.url) == (Phase.SUCCEEDED, "Success", "https://xxxxx/xxxx.mp4")


def test_modelverses_failure():
    _, state = walk(provider("modelverse").poll(Task("b")), reply(text("modelverse_failure_reply").encode()))
    assert (state.phase, state.word) == (Phase.FAILED, "Failure")
    assert state.error.vendor_message == "error_message"
    assert state.error.charged is Charged.UNKNOWN


def test_evolink_sends_what_its_page_prints():
    page = value("evolink_submit")
    call, state = submit("evolink", reply(text("evolink_submit_reply").encode()), **page)
    assert (call.method, call.path) == ("POST", "/v1/videos/generations")
    body = dict(call.json)
    assert (body.pop("quality"), body.pop("duration")) == ("768p", 6)  # the page's defaults, always said
    assert json.dumps(body, indent=2, ensure_ascii=False) == text("evolink_submit")
    assert state.task == Task("task-unified-1757169743-7cvnl5zw", "MiniMax-Hailuo-02")
    assert (state.phase, state.word) == (Phase.QUEUED, "pending")


def test_evolinks_submit_answer_is_a_task_that_waits():
    calls, state = walk(provider("evolink").poll(Task("task-unified-1")), reply(text("evolink_submit_reply").encode()))
    assert (calls[0].method, calls[0].path) == ("GET", "/v1/tasks/task-unified-1")
    assert (state.phase, state.progress) == (Phase.QUEUED, 0.0)


def test_evolink_takes_first_and_last_frame_in_one_list():
    pictures = value("evolink_image_urls")
    call, _ = submit(
        "evolink",
        reply(text("evolink_submit_reply").encode()),
        prompt="A young girl gradually grows into an adult woman",
        first_frame=pictures[0],
        last_frame=pictures[1],
    )
    assert call.json["image_urls"] == pictures
    assert call.json["model"] == "MiniMax-Hailuo-02"
