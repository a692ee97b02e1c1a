"""What each vendor is sent, and how its answers are read: every model, every mode, every state."""

import base64

import pytest

from hailuo_widgets.errors import ContentRefusedError, UsageError, VendorFaultError
from hailuo_widgets.providers import Phase, Task, names, provider
from hailuo_widgets.spec.catalog import catalog
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import Mode, VideoRequest
from seeds import reply, submit, walk
from support.pictures import picture_file

URL = "https://example.com/a.jpg"
PICTURES = {
    Mode.T2V: {},
    Mode.I2V: {"first_frame": URL},
    Mode.FLF: {"first_frame": URL, "last_frame": "https://example.com/z.jpg"},
    Mode.S2V: {"subject": URL},
    Mode.R2V: {"references": (URL, "https://example.com/b.mp4", "https://example.com/c.mp3")},
}
OURS = ("minimax", "evolink", "ppio", "novita", "modelverse", "acedata", "sketch")
"""In the order of preference; the providers of other packages that are installed come after them."""

ACCEPTED = {
    "minimax": {"task_id": "1", "base_resp": {"status_code": 0, "status_msg": "success"}},
    "sketch": {"task_id": "1", "base_resp": {"status_code": 0, "status_msg": "success"}},
    "evolink": {"id": "1", "status": "pending"},
    "ppio": {"task_id": "1"},
    "novita": {"task_id": "1"},
    "modelverse": {"output": {"task_id": "1"}},
    "acedata": {"task_id": "1"},
}


def test_order_of_preference():
    assert names()[: len(OURS)] == OURS
    assert tuple(catalog().offers)[: len(OURS)] == OURS


def test_an_unknown_provider_is_named_with_what_was_meant():
    with pytest.raises(UsageError, match="modelverse"):
        provider("modelvers")


@pytest.mark.parametrize("row", catalog().rows, ids=lambda row: f"{row.provider}-{row.model}-{row.mode}")
def test_every_row_can_be_bought(row):
    call, state = submit(
        row.provider, reply(ACCEPTED[row.provider]), prompt="A fox", model=row.model, **PICTURES[row.mode]
    )
    assert state.task == Task("1", row.model)
    assert state.phase is Phase.QUEUED
    assert call.method == "POST"
    sent = str(call.json)
    assert "A fox" in sent
    for media in PICTURES[row.mode].values():
        assert (media if isinstance(media, str) else media[-1]) in sent


@pytest.fixture
def picture():
    return picture_file(400, 400)


def body(name, **fields):
    return submit(name, reply(ACCEPTED[name]), **fields)[0].json


@pytest.mark.parametrize(
    ("name", "fields", "sent"),
    [
        (
            "minimax",
            {"prompt": "A fox [左移]", "duration": 10, "callback_url": "https://example.com/hook"},
            {
                "model": "MiniMax-Hailuo-2.3",
                "prompt": "A fox [Truck left]",
                "duration": 10,
                "resolution": "768P",
                "prompt_optimizer": True,
                "fast_pretreatment": False,
                "callback_url": "https://example.com/hook",
            },
        ),
        (
            "minimax",
            {"prompt": "", "subject": URL},
            {
                "model": "S2V-01",
                "subject_reference": [{"type": "character", "image": [URL]}],
                "prompt_optimizer": True,
            },
        ),
        (
            "minimax",
            {"prompt": "", "last_frame": URL},
            {
                "model": "MiniMax-Hailuo-02",
                "last_frame_image": URL,
                "duration": 6,
                "resolution": "768P",
                "prompt_optimizer": True,
            },
        ),
        (
            "minimax",
            {"prompt": "A fox [Push in]", "model": "MiniMax-H3", "resolution": "2k", "duration": 4},
            {
                "model": "MiniMax-H3",
                "content": [{"type": "text", "text": "A fox (the camera pushes in)"}],
                "resolution": "2K",
                "duration": 4,
                "ratio": "16:9",
            },
        ),
        (
            "minimax",
            {"prompt": "A fox", "model": "MiniMax-H3-Max", "prompt_optimizer": False, **PICTURES[Mode.R2V]},
            {
                "model": "MiniMax-H3-Max",
                "content": [
                    {"type": "text", "text": "A fox"},
                    {"type": "image_url", "image_url": {"url": URL}, "role": "reference_image"},
                    {
                        "type": "video_url",
                        "video_url": {"url": "https://example.com/b.mp4"},
                        "role": "reference_video",
                    },
                    {
                        "type": "audio_url",
                        "audio_url": {"url": "https://example.com/c.mp3"},
                        "role": "reference_audio",
                    },
                ],
                "resolution": "768P",
                "duration": 6,
                "ratio": "adaptive",
                "extra": {"prompt_expansion_mode": "disabled"},
            },
        ),
        (
            "ppio",
            {
                "prompt": "A fox [Push in]",
                "model": "MiniMax-Hailuo-2.3-Fast",
                "first_frame": URL,
                "watermark": True,
            },
            {
                "image": URL,
                "prompt": "A fox [Push in]",
                "duration": 6,
                "resolution": "768P",
                "enable_prompt_expansion": True,
                "aigc_watermark": True,
            },
        ),
        (
            "novita",
            {"prompt": "A fox [推进]", **PICTURES[Mode.FLF]},
            {
                "image": URL,
                "end_image": "https://example.com/z.jpg",
                "prompt": "A fox [推进]",
                "duration": 6,
                "resolution": "768P",
                "enable_prompt_expansion": True,
                "fast_pretreatment": False,
            },
        ),
        (
            "modelverse",
            {"prompt": "A fox [Push in,Shake]", **PICTURES[Mode.FLF]},
            {
                "model": "MiniMax-Hailuo-02",
                "input": {
                    "first_frame_image": URL,
                    "last_frame_image": "https://example.com/z.jpg",
                    "prompt": "A fox [推进,晃动]",
                },
                "parameters": {
                    "duration": 6,
                    "resolution": "768P",
                    "prompt_optimizer": True,
                    "fast_pretreatment": False,
                    "aigc_watermark": False,
                },
            },
        ),
        (
            "evolink",
            {"prompt": "", "model": "MiniMax-Hailuo-02", "resolution": "512P", "duration": 10, "first_frame": URL},
            {"model": "MiniMax-Hailuo-02", "image_urls": [URL], "quality": "512p", "duration": 10},
        ),
        (
            "acedata",
            {
                "prompt": "A fox",
                "model": "minimax-i2v",
                "first_frame": URL,
                "callback_url": "https://example.com/hook",
            },
            {
                "action": "generate",
                "prompt": "A fox",
                "model": "minimax-i2v",
                "first_image_url": URL,
                "callback_url": "https://example.com/hook",
                "async": True,
            },
        ),
    ],
)
def test_bodies(name, fields, sent):
    assert body(name, **fields) == sent


@pytest.mark.parametrize(
    ("model", "first_frame", "path"),
    [
        ("MiniMax-Hailuo-2.3", None, "/v3/async/minimax-hailuo-2.3-t2v"),
        ("MiniMax-Hailuo-2.3", URL, "/v3/async/minimax-hailuo-2.3-i2v"),
        ("MiniMax-Hailuo-2.3-Fast", URL, "/v3/async/minimax-hailuo-2.3-fast-i2v"),
        ("MiniMax-Hailuo-02", None, "/v3/async/minimax-hailuo-02"),
    ],
)
def test_ppio_has_a_path_for_each_model(model, first_frame, path):
    call, _ = submit("ppio", reply({"task_id": "1"}), prompt="A fox", model=model, first_frame=first_frame)
    assert call.path == path


@pytest.mark.parametrize("name", ["minimax", "ppio", "novita", "modelverse"])
def test_local_pictures_travel_as_data_urls(name, picture):
    sent = str(body(name, prompt="A fox", first_frame=picture))
    assert f"data:image/png;base64,{base64.b64encode(picture).decode()}" in sent


@pytest.mark.parametrize("name", OURS)
def test_the_key_travels_as_bearer(name):
    assert provider(name).headers("k") == {"Authorization": "Bearer k"}
    assert provider(name).headers("") == {}


def poll(name, *bodies, model=""):
    return walk(provider(name).poll(Task("1", model)), *(reply(each) for each in bodies))[1]


STATES = [
    ("minimax", {"status": "Preparing"}, Phase.QUEUED),
    ("minimax", {"status": "Queueing"}, Phase.QUEUED),
    ("minimax", {"status": "Processing"}, Phase.RUNNING),
    ("minimax", {"status": "Polishing"}, Phase.RUNNING),
    ("minimax", {}, Phase.RUNNING),
    ("ppio", {"task": {"status": "TASK_STATUS_QUEUED"}}, Phase.QUEUED),
    ("ppio", {"task": {"status": "TASK_STATUS_PROCESSING"}}, Phase.RUNNING),
    ("ppio", {"task": {"status": "TASK_STATUS_UNKNOWN"}}, Phase.RUNNING),
    ("modelverse", {"output": {"task_status": "Pending"}}, Phase.QUEUED),
    ("modelverse", {"output": {"task_status": "Running"}}, Phase.RUNNING),
    ("modelverse", {"output": {"task_status": "Cancelled"}}, Phase.CANCELLED),
    ("modelverse", {"output": {"task_status": "Wrapping up"}}, Phase.RUNNING),
    ("evolink", {"status": "pending"}, Phase.QUEUED),
    ("evolink", {"status": "processing"}, Phase.RUNNING),
    ("evolink", {"status": "cancelled"}, Phase.CANCELLED),
    ("evolink", {"status": "done?"}, Phase.RUNNING),
    ("acedata", {"id": "1", "request": {}}, Phase.RUNNING),
    ("acedata", {"id": "1", "response": None}, Phase.RUNNING),
    ("acedata", {"id": "1", "response": {"task_id": "1"}}, Phase.RUNNING),
    ("acedata", {"response": {"success": True, "data": [{"state": "pending"}]}}, Phase.QUEUED),
    ("acedata", {"response": {"success": True, "data": [{"state": "succeeded"}]}}, Phase.RUNNING),
    ("acedata", {"response": {"success": True, "data": [{"state": "odd", "video_url": URL}]}}, Phase.RUNNING),
]


@pytest.mark.parametrize(("name", "answer", "phase"), STATES)
def test_states(name, answer, phase):
    state = poll(name, answer)
    assert state.phase is phase
    assert state.url is None


@pytest.mark.parametrize("status", [Phase.QUEUED, Phase.RUNNING, Phase.CANCELLED])
def test_h3_states(status):
    state = poll("minimax", {"task": {"id": "1", "status": status.value}}, model="MiniMax-H3")
    assert (state.phase, state.word) == (status, status.value)


def test_minimax_goes_from_the_files_id_to_its_address():
    calls, state = walk(
        provider("minimax").poll(Task("106916112212032")),
        reply(
            {
                "task_id": "106916112212032",
                "status": "Success",
                "file_id": "176844028768320",
                "video_width": 1366,
                "video_height": 768,
                "base_resp": {"status_code": 0, "status_msg": "success"},
            }
        ),
        reply(
            {
                "file": {
                    "file_id": 176844028768320,
                    "bytes": 5896337,
                    "created_at": 1700469398,
                    "filename": "output_aigc.mp4",
                    "purpose": "video_generation",
                    "download_url": "https://example.com/output_aigc.mp4",
                },
                "base_resp": {"status_code": 0, "status_msg": "success"},
            }
        ),
    )
    assert [(call.method, call.path, dict(call.params)) for call in calls] == [
        ("GET", "/v1/query/video_generation", {"task_id": "106916112212032"}),
        ("GET", "/v1/files/retrieve", {"file_id": "176844028768320"}),
    ]
    assert (state.phase, state.url, state.progress) == (Phase.SUCCEEDED, "https://example.com/output_aigc.mp4", 1.0)


def test_minimax_takes_a_file_id_that_is_a_number():
    calls, _ = walk(
        provider("minimax").poll(Task("1")),
        reply({"status": "success", "file_id": 176844028768320}),
        reply({"file": {"download_url": URL}}),
    )
    assert calls[1].params == {"file_id": "176844028768320"}


@pytest.mark.parametrize("address", [None, "", 7, "file:///etc/passwd", "ftp://example.com/a.mp4", {"url": URL}])
def test_an_address_that_is_none_of_the_web_is_asked_for_again(address):
    with pytest.raises(VendorFaultError) as caught:
        poll("minimax", {"status": "Success", "file_id": "1"}, {"file": {"download_url": address}})
    assert caught.value.retryable
    for name, answer in [
        ("evolink", {"status": "completed", "results": [address]}),
        ("modelverse", {"output": {"task_status": "Success", "urls": [address]}}),
        ("ppio", {"task": {"status": "TASK_STATUS_SUCCEED"}, "videos": [{"video_url": address}]}),
    ]:
        with pytest.raises(VendorFaultError):
            poll(name, answer)


def test_h3_gives_the_address_itself():
    state = poll(
        "minimax", {"task": {"id": "1", "status": "succeeded", "content": {"url": URL}}}, model="MiniMax-H3-Max"
    )
    assert (state.phase, state.url) == (Phase.SUCCEEDED, URL)


def test_acedata_may_answer_the_submission_with_the_clip():
    clip = {"id": "x", "model": "minimax-t2v", "prompt": "A fox", "video_url": URL, "state": "succeeded"}
    _, state = submit(
        "acedata",
        reply({"success": True, "task_id": "1", "trace_id": "2", "data": [clip]}),
        prompt="A fox",
        model="minimax-t2v",
    )
    assert (state.phase, state.url, state.task.id) == (Phase.SUCCEEDED, URL, "1")


def test_acedata_held_open_and_failed_is_a_failed_task():
    answer = {"success": False, "task_id": "1", "error": {"code": "api_error", "message": "fetch failed"}}
    _, state = submit("acedata", reply(answer), prompt="A fox", model="minimax-t2v")
    assert (state.phase, state.error.message) == (Phase.FAILED, "fetch failed")


def test_acedata_asks_for_many_at_once():
    done = {"success": True, "data": [{"state": "succeeded", "video_url": URL}]}
    answer = {"items": [{"id": "b", "response": done}, {"id": "a"}, 7, {"id": None}], "count": 4}
    calls, states = walk(provider("acedata").poll_many([Task("a"), Task("b")]), reply(answer))
    assert len(calls) == 1
    assert [(state.task.id, state.phase) for state in states] == [("a", Phase.RUNNING), ("b", Phase.SUCCEEDED)]


def test_the_others_are_asked_one_by_one():
    _, states = walk(
        provider("evolink").poll_many([Task("a"), Task("b")]),
        reply({"error": {"code": "resource_not_found"}}, 404),
        reply({"status": "processing", "progress": 40}),
    )
    assert [(state.task.id, state.progress) for state in states] == [("b", 0.4)]


def test_progress_and_estimates():
    state = poll("ppio", {"task": {"status": "TASK_STATUS_PROCESSING", "eta": 12, "progress_percent": 250}})
    assert (state.progress, state.eta) == (1.0, 12.0)
    _, state = submit("evolink", reply({"id": "1", "task_info": {"estimated_time": 90}}), prompt="A fox")
    assert state.eta == 90.0


def test_an_odd_answer_that_names_a_task_is_kept():
    for name, answer in [
        ("evolink", {"id": "1", "status": "completed", "results": None}),
        ("modelverse", {"output": {"task_id": 1, "task_status": 7}}),
        ("minimax", {"task_id": 1}),
        ("ppio", {"task_id": 1, "extra": []}),
        ("acedata", {"task_id": 1, "success": True, "data": "?"}),
    ]:
        assert submit(name, reply(answer), prompt="A fox")[1].task.id == "1"


def test_ids_can_not_leave_their_place_in_the_path():
    calls, _ = walk(provider("evolink").poll(Task("../../v1/keys?x=1")), reply({"status": "pending"}))
    assert calls[0].path == "/v1/tasks/..%2F..%2Fv1%2Fkeys%3Fx%3D1"


def test_only_waiting_h3_tasks_are_cancelled():
    minimax, task = provider("minimax"), Task("1", "MiniMax-H3")
    assert minimax.can_cancel(task)
    assert not minimax.can_cancel(Task("1", "MiniMax-Hailuo-02"))
    calls, state = walk(minimax.cancel(task), reply({"task": {"status": "queued"}}), reply({}))
    assert [(call.method, call.path) for call in calls] == [
        ("GET", "/v2/query/video_generation/1"),
        ("DELETE", "/v2/video_generation/1"),
    ]
    assert state.phase is Phase.CANCELLED
    # A finished one would be deleted, clip and all; one that runs can't be stopped.
    for status in ("running", "succeeded"):
        answer = {"task": {"status": status, "content": {"url": URL}}}
        calls, state = walk(minimax.cancel(task), reply(answer))
        assert (len(calls), state.phase.value) == (1, status)
    refusal = {"type": "error", "error": {"type": "bad_request_error", "message": "the task is running (2013)"}}
    _, state = walk(
        minimax.cancel(task),
        reply({"task": {"status": "queued"}}),
        reply(refusal, 400),
        reply({"task": {"status": "running"}}),
    )
    assert state.phase is Phase.RUNNING


@pytest.mark.parametrize("name", ["minimax", "ppio", "novita", "modelverse", "evolink", "acedata"])
def test_where_nothing_can_be_cancelled_the_task_goes_on(name):
    assert not provider(name).can_cancel(Task("1", "MiniMax-Hailuo-02"))
    _, state = walk(provider(name).cancel(Task("1")), reply({"id": "1"}))
    assert state.phase is Phase.RUNNING


def test_a_sketch_is_cancelled_whatever_is_answered():
    for answer in (reply({}), reply(b"", 404), reply(b"<html>", 502)):
        calls, state = walk(provider("sketch").cancel(Task("1")), answer)
        assert [call.method for call in calls] == ["DELETE"]
        assert state.phase is Phase.CANCELLED


def test_lone_surrogates_do_not_get_in():
    state = poll("evolink", b'{"status": "\\ud800 \\ud83d\\ude00", "progress": 5}')
    assert state.word == "? 😀"


@pytest.mark.parametrize("answer", [b"", b"{", b"NaN", b'{"a": NaN}', b"[" * 100_000, b"\xff\xfe", b"1" * 5000])
def test_what_is_no_json_is_a_vendor_fault(answer):
    for name in OURS:
        with pytest.raises(VendorFaultError):
            poll(name, answer)


def test_long_words_of_a_vendor_are_cut():
    with pytest.raises(VendorFaultError) as caught:
        submit("evolink", reply({"error": {"code": "x" * 10_000, "message": "y" * 10_000}}, 400), prompt="A fox")
    assert len(str(caught.value)) < 1000
    assert len(caught.value.code) < 1000


def test_moderation_says_which_side():
    with pytest.raises(ContentRefusedError) as caught:
        submit("minimax", reply({"base_resp": {"status_code": 1026, "status_msg": "sensitive"}}), prompt="A fox")
    assert caught.value.side == "input"


def test_both_texts_of_a_prompt_are_kept():
    order = quote(VideoRequest.of(prompt="A fox [Push in]", model="MiniMax-H3"), "minimax")
    assert order.written.prompt == "A fox [Push in]"
    assert order.request.prompt == "A fox (the camera pushes in)"
    assert order.written_digest != order.digest
