"""Whatever a vendor answers, only the error family comes out, and a state that makes sense."""

import json
from copy import deepcopy
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailuo_widgets.errors import VendorError
from hailuo_widgets.providers import HttpReply, Phase, Task, TaskState, provider
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest
from seeds import value

EXAMPLES = 5000
URL = "https://example.com/clip.mp4"
OK = {"base_resp": {"status_code": 0, "status_msg": "success"}}
ACE_DONE = {
    "success": True,
    "task_id": "1",
    "trace_id": "t",
    "data": [{"id": "x", "model": "minimax-t2v", "prompt": "p", "video_url": URL, "state": "succeeded"}],
}
ACE_TASK = {"_id": "0", "id": "1", "created_at": 1.5, "request": {"action": "generate"}, "response": ACE_DONE}
ACE_ERROR = {"success": False, "error": {"code": "api_error", "message": "fetch failed"}, "trace_id": "t"}
PPIO_DONE = value("ppio_result_reply") | {"videos": [{"video_url": URL, "video_url_ttl": "3600", "video_type": "mp4"}]}
EVOLINK_DONE = value("evolink_submit_reply") | {"status": "completed", "results": [URL], "progress": 100}
H3_DONE = {"task": {"id": "1", "status": "succeeded", "content": {"url": URL}, "usage": {"total_seconds": 6}}}
H3_ERROR = {"type": "error", "error": {"type": "bad_request_error", "message": "invalid (2013)", "http_code": "400"}}
FILE = {"file": {"file_id": 1, "bytes": 2, "download_url": URL}, **OK}
NESTED = {"error": {"code": "param_error", "message": "words", "type": "invalid_request_error"}}

# What vendors really say: submit, status, status of many.
REAL = {
    ("minimax", "MiniMax-Hailuo-2.3"): (
        [{"task_id": "1", **OK}],
        [{"task_id": "1", "status": "Success", "file_id": "1", **OK}, {"task_id": "1", "status": "Fail", **OK}, FILE],
    ),
    ("minimax", "MiniMax-H3"): ([{"task_id": "1"}, H3_ERROR], [H3_DONE, H3_ERROR]),
    ("ppio", "MiniMax-Hailuo-02"): ([{"task_id": "1"}, {"code": 400, "reason": "X", "message": "m"}], [PPIO_DONE]),
    ("novita", "MiniMax-Hailuo-02"): ([{"task_id": "1"}, {"code": 400, "reason": "X", "message": "m"}], [PPIO_DONE]),
    ("modelverse", "MiniMax-Hailuo-02"): (
        [value("modelverse_submit_reply"), NESTED],
        [value("modelverse_success_reply"), value("modelverse_failure_reply"), NESTED],
    ),
    ("evolink", "MiniMax-Hailuo-02"): ([value("evolink_submit_reply"), NESTED], [EVOLINK_DONE, NESTED]),
    ("acedata", "minimax-t2v"): (
        [{"task_id": "1"}, ACE_DONE, ACE_ERROR],
        [ACE_TASK, ACE_TASK | {"response": ACE_ERROR}, {"items": [ACE_TASK], "count": 1}],
    ),
}
WIRES = pytest.mark.parametrize(("name", "model"), list(REAL))
STATUSES = (200, 200, 200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 408, 422, 429, 500, 502, 503, 529)
ODD = (
    None,
    True,
    False,
    0,
    -1,
    1e308,
    10**30,
    "",
    "1",
    " ",
    "\ud800",
    "x" * 1000,
    [],
    [[]],
    {},
    {"a": 1},
    "failed",
    -0.0,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def places(node):
    """Every container of a JSON value with each of its keys or indices."""
    children = list(node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ())
    for key, child in children:
        yield node, key
        yield from places(child)


def spoilt(real, dice):
    """A real answer with some of its values mistyped, missing or exchanged, and perhaps cut off."""
    answer = deepcopy(dice.choice(real))
    for _ in range(dice.randrange(4)):
        spots = list(places(answer))
        if not spots:
            break
        node, key = dice.choice(spots)
        action = dice.randrange(3)
        if action == 0:
            node[key] = deepcopy(dice.choice(ODD))
        elif action == 1:
            del node[key]
        else:
            node[key] = deepcopy(dice.choice(real))
    body = json.dumps(answer).encode()
    return body[: dice.randrange(len(body) + 1)] if dice.random() < 0.2 else body


def check_error(error):
    assert str(error).strip()
    assert isinstance(error.code, str)
    assert error.retry_after is None or error.retry_after >= 0


def fed(flow, answer):
    """Drive a flow with answers that are made up as it asks."""
    try:
        next(flow)
        for _ in range(10):
            flow.send(answer())
    except StopIteration as stop:
        return stop.value
    except VendorError as error:
        check_error(error)
        return []
    raise AssertionError("the flow asks without end")


def check_states(states):
    for state in states:
        assert isinstance(state, TaskState)
        assert (state.error is not None) == (state.phase is Phase.FAILED)
        assert (state.url is not None) == (state.phase is Phase.SUCCEEDED)
        assert state.url is None or state.url.startswith(("https://", "http://"))
        assert state.progress is None or 0 <= state.progress <= 1
        assert state.eta is None or state.eta > 0
        assert isinstance(state.word, str)
        assert state.task.id
        json.dumps(state.raw, ensure_ascii=False).encode()  # can be written down


@cache
def ordered(name, model):
    return quote(VideoRequest.of(prompt="A fox", model=model), name)


def flows(name, model):
    """The parsers of a wire: submission, status, status of many."""
    wire, task = provider(name), Task("1", model)
    order = ordered(name, model)
    yield lambda: wire.submit(order.request, order.row)
    yield lambda: wire.poll(task)
    if wire.batch > 1:
        yield lambda: wire.poll_many([task, Task("2", model)])
    if wire.can_cancel(task):
        yield lambda: wire.cancel(task)


@WIRES
@settings(max_examples=EXAMPLES, deadline=None)
@given(dice=st.randoms(use_true_random=True))
def test_spoilt_answers(name, model, dice):
    submissions, polls = REAL[name, model]
    for parser, real in zip(flows(name, model), (submissions, polls, polls), strict=False):
        found = fed(parser(), lambda real=real: HttpReply(dice.choice(STATUSES), spoilt(real, dice)))
        check_states(found if isinstance(found, list) else [found])


@WIRES
@settings(max_examples=EXAMPLES // 10, deadline=None)
@given(body=json_values, status=st.sampled_from(STATUSES))
def test_any_json(name, model, body, status):
    answer = HttpReply(status, json.dumps(body).encode())
    for parser in flows(name, model):
        found = fed(parser(), lambda: answer)
        check_states(found if isinstance(found, list) else [found])


@WIRES
@settings(max_examples=EXAMPLES // 10, deadline=None)
@given(body=st.binary(max_size=200), status=st.sampled_from(STATUSES))
def test_any_bytes(name, model, body, status):
    for parser in flows(name, model):
        found = fed(parser(), lambda: HttpReply(status, body))
        check_states(found if isinstance(found, list) else [found])
