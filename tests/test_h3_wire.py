"""MiniMax-H3's wire, by the vendors' own examples: every shape that an answer has, on the three wires that carry it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hailuo_widgets.errors import (
    AuthenticationError,
    BalanceError,
    Charged,
    ContentRefusedError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    VendorError,
    VendorFaultError,
)
from hailuo_widgets.providers import Phase, Task, provider
from hailuo_widgets.spec.pricing import Usage, settled
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import Mode, VideoRequest
from seeds import reply, submit, walk

URL = "https://example.com/a.jpg"
CLIP = "https://example.com/clip.mp4"
VIDEO = "https://example.com/draft.mp4"
MODEL = {"model": "MiniMax-H3"}
# What MiniMax's query page prints, with a task of 5 s.
DONE = {
    "id": "t1",
    "model": "MiniMax-H3",
    "status": "succeeded",
    "created_at": 1764000000,
    "updated_at": 1764000090,
    "content": {"url": CLIP},
    "resolution": "768P",
    "duration": 5,
    "ratio": "16:9",
    "usage": {"total_seconds": 5, "input_seconds": 0, "output_seconds": 5, "input_image_count": 1},
    "task_type": "generation",
    "modality": "video",
}
WIRES = {
    "minimax": ("/v2/video_generation", "GET", "/v2/query/video_generation/t1"),
    "ppio": ("/v3/minimax/v2/video_generation", "GET", "/v3/minimax/v2/query/video_generation/t1"),
    "acedata": ("/minimax/videos", "POST", "/minimax/tasks"),
}
each_wire = pytest.mark.parametrize("name", WIRES)


def polled(name, record, status=200):
    calls, state = walk(provider(name).poll(Task("t1", "MiniMax-H3")), reply(record, status))
    return calls[0], state


@each_wire
def test_a_request_goes_out_as_the_page_prints_it(name):
    call, state = submit(name, reply({"task_id": "t1"}), prompt="A fox", **MODEL, first_frame=URL, duration=5)
    assert call.path == WIRES[name][0]
    more = {"async": True} if name == "acedata" else {}
    assert call.json == {
        "model": "MiniMax-H3",
        "content": [
            {"type": "text", "text": "A fox"},
            {"type": "image_url", "image_url": {"url": URL}, "role": "first_frame"},
        ],
        "resolution": "768P",
        "duration": 5,
        "ratio": "adaptive",
        **more,
    }
    assert state.task == Task("t1", "MiniMax-H3")


@each_wire
def test_a_last_frame_alone_goes_out(name):
    call, _ = submit(name, reply({"task_id": "t1"}), prompt="A fox", **MODEL, last_frame=URL)
    assert [item.get("role") for item in call.json["content"]] == [None, "last_frame"]


@each_wire
def test_the_answer_to_a_submission_may_be_the_whole_task(name):
    for body in (
        {"task": {**DONE, "status": "queued"}},
        {"task": {"task_id": "t1"}},
        {"success": True, "task_id": "t1"},
    ):
        assert submit(name, reply(body), prompt="A fox", ratio="16:9", **MODEL)[1].task.id == "t1"


@each_wire
@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("queued", Phase.QUEUED),
        ("running", Phase.RUNNING),
        ("cancelled", Phase.CANCELLED),
        ("failed", Phase.FAILED),
        ("expired", Phase.FAILED),
        ("reticulating", Phase.RUNNING),
    ],
)
def test_states(name, word, phase):
    call, state = polled(name, {"task": {"id": "t1", "status": word}})
    assert (call.method, call.path) == WIRES[name][1:]
    assert (state.phase, state.word) == (phase, word)
    if word == "expired":
        assert "expired" in str(state.error)


@each_wire
def test_a_finished_task_has_its_address_and_what_was_used(name):
    _, state = polled(name, {"task": DONE})
    assert (state.phase, state.url) == (Phase.SUCCEEDED, CLIP)
    assert state.usage == Usage(output_seconds=5.0, input_images=1)


@pytest.mark.parametrize(
    "usage", [None, {}, [], {"output_seconds": "5"}, {"output_seconds": -1}, {"output_seconds": True}]
)
def test_a_usage_that_says_nothing_is_none(usage):
    _, state = polled("minimax", {"task": {**DONE, "usage": usage}})
    assert state.phase is Phase.SUCCEEDED
    assert state.usage is None


def test_newer_figures_of_usage_do_no_harm():
    more = {"input_audio_seconds": 3, "input_tokens": 10, "output_tokens": 20}
    _, state = polled("minimax", {"task": {**DONE, "usage": {**DONE["usage"], **more}}})
    assert state.usage == Usage(5.0, 0.0, 1, 10, 20)


def test_acedatas_task_may_come_in_the_form_of_its_other_tasks():
    record = {
        "id": "t1",
        "request": {},
        "response": {"success": False, "error": {"code": "api_error", "message": "no"}},
    }
    assert polled("acedata", record)[1].phase is Phase.FAILED
    assert polled("acedata", {"id": "t1", "request": {}})[1].phase is Phase.RUNNING


@pytest.mark.parametrize(
    ("status", "kind", "message", "expected"),
    [
        (400, "bad_request_error", "invalid params, ratio (2013)", (InvalidRequestError, Charged.NO)),
        (401, "authorized_error", "invalid api key (2049)", (AuthenticationError, Charged.NO)),
        (402, "insufficient_balance_error", "insufficient balance (1008)", (BalanceError, Charged.NO)),
        (422, "unprocessable_entity_error", "input new_sensitive (1026)", (ContentRefusedError, Charged.NO)),
        (429, "rate_limit_error", "rate limit exceeded (1002)", (RateLimitError, Charged.NO)),
        (500, "server_error", "unknown error (1000)", (VendorFaultError, Charged.UNKNOWN)),
        (529, "overloaded_error", "overloaded", (VendorFaultError, Charged.UNKNOWN)),
    ],
)
@each_wire
def test_refusals_have_real_http_codes(name, status, kind, message, expected):
    body = {"type": "error", "error": {"type": kind, "message": message, "http_code": str(status)}, "request_id": "r"}
    with pytest.raises(VendorError) as caught:
        submit(name, reply(body, status), prompt="A fox", ratio="16:9", **MODEL)
    assert (type(caught.value), caught.value.charged) == expected
    assert caught.value.vendor_message == message


@pytest.mark.parametrize("name", ["minimax", "ppio"])
def test_after_seven_days_a_task_is_unknown(name):
    error = {"type": "bad_request_error", "message": "invalid params, invalid task_id (2013)", "http_code": "400"}
    with pytest.raises(NotFoundError):
        polled(name, {"type": "error", "error": error, "request_id": "r"}, 400)


def test_acedata_answers_null_for_a_task_that_it_does_not_have():
    with pytest.raises(NotFoundError):
        polled("acedata", None)


@pytest.mark.parametrize("task", [Task("t1", "MiniMax-H3"), Task("t1", "minimax-t2v")])
@pytest.mark.parametrize("record", [{}, {"response": None}, {"response": {}}])
def test_what_acedata_may_say_of_a_task_that_runs(task, record):
    assert walk(provider("acedata").poll(task), reply({"id": "t1", "request": {}, **record}))[1].phase is Phase.RUNNING


def test_a_regenerated_task_is_charged_by_its_usage_without_the_draft():
    record = {**DONE, "task_type": "regeneration", "resolution": "2K"}
    _, state = polled("minimax", {"task": record})
    assert (state.phase, state.url) == (Phase.SUCCEEDED, CLIP)
    order = quote(VideoRequest.of(prompt="A fox", **MODEL, base_video=VIDEO, duration=5), "minimax")
    assert settled(order.request, order.row, state.usage).amount == Decimal("0.25")


def test_the_reply_to_an_hailuo_task_of_ppio_as_users_have_recorded_it():
    task = {
        "task_id": "t1",
        "task_type": "MINIMAX_HAILUO_02_6S_768P",
        "status": "TASK_STATUS_SUCCEED",
        "reason": "",
        "eta": 0,
        "progress_percent": 0,
    }
    video = {"video_url": CLIP, "video_url_ttl": "3600", "video_type": "mp4", "nsfw_detection_result": None}
    body = {"extra": {}, "task": task, "images": [], "videos": [video], "audios": []}
    _, state = walk(provider("ppio").poll(Task("t1", "MiniMax-Hailuo-02")), reply(body))
    assert (state.phase, state.url, state.progress) == (Phase.SUCCEEDED, CLIP, 1.0)


# --- many at once -----------------------------------------------------------------------------------------------------


def test_one_question_asks_for_many_tasks():
    tasks = [Task(f"t{number}", "MiniMax-H3") for number in range(3)]
    wire = provider("minimax")
    assert (wire.batch_of("MiniMax-H3"), wire.batch_of("MiniMax-Hailuo-02")) == (50, 1)
    items = [DONE, {**DONE, "id": "t0", "status": "running", "content": None}, {**DONE, "id": "stranger"}]
    calls, states = walk(wire.poll_many(tasks), reply({"items": items, "total": 3}))
    assert calls[0].path == "/v2/query/video_generation"
    assert calls[0].params["filter.task_ids"] == ["t0", "t1", "t2"]
    assert [(state.task.id, state.phase) for state in states] == [("t0", Phase.RUNNING), ("t1", Phase.SUCCEEDED)]


def test_a_record_that_is_broken_spoils_no_other():
    items = [{**DONE, "content": {"url": "ftp://x"}}, {**DONE, "id": "t2"}, None, {"id": [1]}]
    tasks = [Task("t1", "MiniMax-H3"), Task("t2", "MiniMax-H3")]
    _, states = walk(provider("minimax").poll_many(tasks), reply({"items": items}))
    assert [state.task.id for state in states] == ["t2"]


@pytest.mark.parametrize("body", [{}, {"items": None}, {"items": {}}, {"message": "no route"}])
def test_a_list_that_is_none_is_asked_for_again(body):
    with pytest.raises(VendorFaultError) as caught:
        walk(provider("minimax").poll_many([Task("t1", "MiniMax-H3")]), reply(body))
    assert caught.value.retryable


def test_acedata_is_asked_for_both_generations_at_once():
    tasks = [Task("a", "minimax-t2v"), Task("t1", "MiniMax-H3")]
    calls, states = walk(
        provider("acedata").poll_many(tasks), reply({"items": [{"id": "a"}]}), reply({"items": [{"task": DONE}]})
    )
    assert [call.path for call in calls] == ["/hailuo/tasks", "/minimax/tasks"]
    assert [state.phase for state in states] == [Phase.RUNNING, Phase.SUCCEEDED]


def test_a_lost_answer_is_looked_for_among_tasks_like_it():
    order = quote(VideoRequest.of(prompt="A fox", duration=5, ratio="16:9", **MODEL), "minimax")
    sent = 1764000000.0
    items = [
        {**DONE, "created_at": sent + 1},
        {**DONE, "id": "other seconds", "duration": 6},
        {**DONE, "id": "other size", "resolution": "2K"},
        {**DONE, "id": "too early", "created_at": sent - 3600},
        {**DONE, "id": "too late", "created_at": sent + 3600},
        {**DONE, "id": "t2", "status": "running"},
    ]
    flow = provider("minimax").candidates(order.request, order.row, sent)
    calls, found = walk(flow, reply({"items": items, "total": 6}))
    assert calls[0].params["filter.model"] == "MiniMax-H3"
    assert calls[0].params["filter.task_type"] == "generation"
    assert not calls[0].paying
    assert [state.task.id for state in found] == ["t1", "t2"]
    assert not provider("minimax").can_find("MiniMax-Hailuo-02")
    assert walk(provider("ppio").candidates(order.request, order.row, sent))[1] == []


# --- what works on something that is there already -----------------------------------------------------------------------


def test_a_draft_goes_out_with_everything_that_it_was_made_from():
    fields = {"prompt": "A fox", **MODEL, "first_frame": URL, "base_video": VIDEO, "duration": 5, "watermark": False}
    call, _ = submit("minimax", reply({"task_id": "t1"}), **fields)
    assert call.path == "/v2/video_regeneration"
    assert call.json == {
        "model": "MiniMax-H3",
        "content": [
            {"type": "text", "text": "A fox"},
            {"type": "image_url", "image_url": {"url": URL}, "role": "first_frame"},
            {"type": "video_url", "video_url": {"url": VIDEO}, "role": "base_video"},
        ],
        "resolution": "2K",
        "aigc_watermark": False,
    }


def test_a_prompt_that_is_rewritten_comes_back_as_text():
    call, _ = submit("minimax", reply({"task_id": "t1"}), prompt="A fox", rewrite=True, ratio="16:9", **MODEL)
    assert call.path == "/v2/h3_context_ir"
    assert call.json == {
        "model": "MiniMax-H3",
        "content": [{"type": "text", "text": "A fox"}],
        "duration": 6,
        "ratio": "16:9",
    }
    words = "[Shot 1] A fox\nCamera: static"
    usage = {"input_tokens": 1000, "output_tokens": 4000}
    record = {
        "id": "t1",
        "status": "succeeded",
        "task_type": "h3_context_ir",
        "content": {"prompt": words},
        "usage": usage,
    }
    _, state = polled("minimax", {"task": record})
    assert (state.phase, state.prompt, state.url) == (Phase.SUCCEEDED, words, None)
    order = quote(VideoRequest.of(prompt="A fox", rewrite=True, **MODEL), "minimax")
    assert settled(order.request, order.row, state.usage).amount == Decimal("0.0153")


def test_cancelling_reads_action_and_status():
    flow = provider("minimax").cancel(Task("t1", "MiniMax-H3"))
    queued = reply({"task": {**DONE, "status": "queued"}})
    calls, state = walk(flow, queued, reply({"action": "cancelled", "status": "cancelled"}))
    assert [call.method for call in calls] == ["GET", "DELETE"]
    assert state.phase is Phase.CANCELLED


@pytest.mark.parametrize("body", [b"", {}, {"task_id": "t1"}])
def test_a_delete_may_be_answered_with_little(body):
    queued = reply({"task": {**DONE, "status": "queued"}})
    flow = provider("minimax").cancel(Task("t1", "MiniMax-H3"))
    assert walk(flow, queued, reply(body, 204))[1].phase is Phase.CANCELLED


def test_a_delete_of_a_cancelled_task_is_never_sent():
    cancelled = reply({"task": {**DONE, "status": "cancelled"}})
    calls, state = walk(provider("minimax").cancel(Task("t1", "MiniMax-H3")), cancelled)
    assert [call.method for call in calls] == ["GET"]
    assert state.phase is Phase.CANCELLED


def test_a_task_that_was_deleted_in_place_of_cancelled_is_not_called_cancelled():
    queued = reply({"task": {**DONE, "status": "queued"}})
    unknown = {"type": "error", "error": {"type": "bad_request_error", "message": "invalid task_id (2013)"}}
    flow = provider("minimax").cancel(Task("t1", "MiniMax-H3"))
    with pytest.raises(NotFoundError):
        walk(flow, queued, reply({"action": "deleted", "status": "succeeded"}), reply(unknown, 400))


def test_references_that_are_recalled_by_their_hash_are_not_counted_as_pictures():
    kept = VideoRequest.recalled({"prompt": "A fox", **MODEL, "references": ["sha256:" + "a" * 64] * 12})
    assert quote(kept, "minimax").row.mode is Mode.R2V


@pytest.mark.parametrize(("mode", "sent"), [("disabled", "disabled"), ("balanced", "balanced"), ("quality", "quality")])
def test_prompt_expansion_mode_of_h3_max(mode, sent):
    fields = {"prompt": "A fox", "model": "MiniMax-H3-Max", "prompt_expansion_mode": mode}
    call, _ = submit("minimax", reply({"task_id": "t1"}), **fields)
    assert call.json["extra"] == {"prompt_expansion_mode": sent}


@pytest.mark.parametrize(
    ("fields", "params"),
    [
        ({"model": "MiniMax-Hailuo-2.3"}, {"prompt_optimizer": True, "fast_pretreatment": False}),
        (
            {"model": "MiniMax-Hailuo-2.3", "prompt_optimizer": False},
            {"prompt_optimizer": False, "fast_pretreatment": False},
        ),
        ({"model": "MiniMax-Hailuo-2.3-Fast", "first_frame": URL}, {"prompt_optimizer": True}),
        ({"model": "MiniMax-Hailuo-02"}, None),
    ],
)
def test_evolinks_model_params(fields, params):
    call, _ = submit("evolink", reply({"id": "t1"}), prompt="A fox", **fields)
    assert call.json.get("model_params") == params
