"""One order of reading for every wire: a task, the vendor's own refusal, or nobody knows."""

from __future__ import annotations

import json
from itertools import product

import pytest

from hailuo_widgets.errors import AuthenticationError, Charged, NotFoundError, RateLimitError, VendorError
from hailuo_widgets.providers import HttpReply, Phase, Task, provider
from seeds import reply, submit, walk

# Wire → the fields of a request, and the answer that accepts it.
WIRES = {
    "minimax": ({}, {"task_id": "t1", "base_resp": {"status_code": 0, "status_msg": "success"}}),
    "minimax v2": ({"model": "MiniMax-H3"}, {"task_id": "t1"}),
    "sketch": ({}, {"task_id": "t1", "base_resp": {"status_code": 0, "status_msg": "success"}}),
    "evolink": ({}, {"id": "t1", "status": "pending"}),
    "ppio": ({}, {"task_id": "t1"}),
    "novita": ({}, {"task_id": "t1"}),
    "modelverse": ({}, {"output": {"task_id": "t1"}, "request_id": "r"}),
    "acedata": ({"model": "minimax-t2v"}, {"task_id": "t1"}),
    "acedata h3": ({}, {"task_id": "t1"}),
    "ppio h3": ({"model": "MiniMax-H3"}, {"task_id": "t1"}),
}
REFUSAL = {
    "minimax": {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}},
    "minimax v2": {"type": "error", "error": {"type": "rate_limit_error", "message": "rate limit (1002)"}},
    "sketch": {"base_resp": {"status_code": 1002, "status_msg": "rate limit"}},
    "evolink": {"error": {"code": "rate_limit_exceeded", "message": "slow down", "type": "rate_limit_error"}},
    "ppio": {"code": 400, "reason": "BILLING_BALANCE_NOT_ENOUGH", "message": "no money"},
    "novita": {"code": 429, "reason": "RATE_LIMIT_EXCEEDED", "message": "slow down"},
    "modelverse": {"error": {"code": "param_error", "message": "no", "type": "invalid_request_error"}},
    "acedata h3": {"error": {"code": "used_up", "message": "no money"}, "trace_id": "x"},
    "ppio h3": {"code": 400, "reason": "BILLING_BALANCE_NOT_ENOUGH", "message": "no money"},
    "acedata": {"success": False, "error": {"code": "used_up", "message": "no money"}, "trace_id": "x"},
}
each_wire = pytest.mark.parametrize("wire", WIRES)


def sent(wire, answer):
    """The state that a submission ends with."""
    return submit(wire.split()[0], answer, prompt="A fox", **WIRES[wire][0])[1]


def error(wire, answer):
    with pytest.raises(VendorError) as caught:
        sent(wire, answer)
    return caught.value


@each_wire
@pytest.mark.parametrize("status", [200, 201, 204, 302, 400, 401, 402, 403, 409, 422, 429, 499, 500, 502, 503, 529])
def test_an_answer_that_names_a_task_is_a_task_whatever_else_it_says(wire, status):
    accepted = WIRES[wire][1]
    for more in ({}, REFUSAL[wire], {"error": "timeout"}, {"message": "upstream"}):
        assert sent(wire, reply({**accepted, **more}, status)).task.id == "t1"


@each_wire
def test_a_task_is_found_where_another_of_the_vendors_wires_would_put_it(wire):
    for body in (
        {"task_id": "t1"},
        {"data": {"task_id": "t1"}},
        {"data": [{"task_id": "t1"}]},
        {"output": {"task_id": "t1"}},
        {"error": {"code": "x", "message": "y", "task_id": "t1"}},
        {"metadata": {"task_id": "t1"}, "reason": "TASK_FAILED"},
        [{"task_id": "t1"}],
    ):
        assert sent(wire, reply(body, 500)).task.id == "t1"


@each_wire
def test_a_task_is_found_in_lines_of_json_behind_a_byte_order_mark_and_among_words(wire):
    body = json.dumps(WIRES[wire][1]).encode()
    for answer in (
        body + b"\n" + body,
        b"\xef\xbb\xbf" + body,
        b"data: " + body + b"\n\n",
        b"<pre>" + body + b"</pre>",
        b'{"status": "accepted"}\n' + body,
        b"Warning: {x} in proxy.lua\n" + body,
        b"[" + body + b"]",
        json.dumps(body.decode()).encode(),
        body.decode().encode("utf-16"),
    ):
        assert sent(wire, HttpReply(500, answer)).task.id == "t1"


@pytest.mark.parametrize("wire", [each for each in WIRES if each != "evolink"])  # its `id` may be anybody's
def test_a_task_is_found_where_the_answer_breaks_off_behind_it(wire):
    for written in ('"t1"', "106916112212032"):
        body = json.dumps({**WIRES[wire][1], "extra": [1, 2]}).replace('"t1"', written)
        for cut in range(body.index(written) + len(written) + 1, len(body)):
            assert sent(wire, HttpReply(200, body[:cut].encode())).task.id == written.strip('"')
        for cut in range(body.index(written) + len(written)):
            assert error(wire, HttpReply(200, body[:cut].encode())).charged is Charged.UNKNOWN


def test_evolinks_task_is_found_where_a_gateway_wraps_it():
    assert sent("evolink", reply({"code": 0, "data": {"id": "t1", "status": "pending"}})).task.id == "t1"


def test_moderation_beside_a_status_that_is_no_end_ends_no_task():
    answer = {"status": "Processing", "base_resp": {"status_code": 1027, "status_msg": "output sensitive"}}
    with pytest.raises(VendorError):  # a question that was refused, and is asked again
        walk(provider("minimax").poll(Task("t1", "")), reply(answer))


@each_wire
@pytest.mark.parametrize("nothing", ["null", "None", "undefined", -1, "NaN"])
def test_what_a_broken_program_writes_is_no_id(wire, nothing):
    answer = json.loads(json.dumps(WIRES[wire][1]).replace('"t1"', json.dumps(nothing)))
    assert error(wire, reply(answer)).charged is Charged.UNKNOWN


@each_wire
@pytest.mark.parametrize("nothing", ["", "0", 0, None, "   ", False, [], {}, "x" * 300, "a\x1b[31mb", "\u202eabc"])
def test_what_stands_where_an_id_would_be_may_be_none(wire, nothing):
    accepted = json.loads(json.dumps(WIRES[wire][1]).replace('"t1"', json.dumps(nothing)))
    if isinstance(nothing, str) and nothing.strip("0 "):  # something was there: a person has to look
        assert error(wire, reply(accepted)).charged is Charged.UNKNOWN
    else:
        assert error(wire, reply({**accepted, **REFUSAL[wire]}, 400)).charged is Charged.NO


@each_wire
def test_a_documented_refusal_cost_nothing(wire):
    for status in (200, 400, 429, 503):
        assert error(wire, reply(REFUSAL[wire], status)).charged is Charged.NO


GATEWAYS = [
    {"message": "no Route matched with those values"},
    {"error": "Service Unavailable", "status": 503, "path": "/", "timestamp": "2026-11-28"},
    {"detail": "Not Found"},
    {"code": 503, "message": "no healthy upstream"},
    {"error": {"code": "no_channel", "message": "no channel available", "type": "new_api_error"}},
    {"error": {"code": 409, "message": "conflict"}},
    {"fault": {"faultstring": "Rate limit quota violation", "detail": {"errorcode": "policies.ratelimit"}}},
    {"errors": [{"code": 10000, "message": "Authentication error"}], "success": False},
    {"base_resp": {"status_code": 9999, "status_msg": "nobody knows"}},
    {},
    [],
    "text",
]


@each_wire
@pytest.mark.parametrize(
    "status", [400, 402, 403, 404, 405, 408, 409, 410, 413, 422, 451, 499, 500, 502, 503, 504, 520]
)
def test_a_gateways_json_may_have_been_charged_and_says_what_was_seen(wire, status):
    for body in GATEWAYS:
        problem = error(wire, reply(body, status))
        assert problem.charged is Charged.UNKNOWN
        assert problem.http_status == status
        assert str(status) in str(problem)
        words = body.get("message") if isinstance(body, dict) else None
        assert not words or words in str(problem)


@each_wire
def test_only_401_and_429_mean_the_same_from_everybody(wire):
    for body in (*GATEWAYS, b"<html></html>", b""):
        assert type(error(wire, reply(body, 401))) is AuthenticationError
        assert type(error(wire, reply(body, 429))) is RateLimitError


def test_a_plan_that_lacks_the_model_cost_nothing_and_says_what_to_do():
    body = {"base_resp": {"status_code": 2061, "status_msg": "your current token plan not support model"}}
    problem = error("minimax", reply(body))
    assert problem.charged is Charged.NO
    assert "another model" in problem.hint
    v2 = {"type": "error", "error": {"type": "bad_request_error", "message": "plan does not include the model (2061)"}}
    assert error("minimax v2", reply(v2, 400)).charged is Charged.NO


def test_a_number_in_somebody_elses_words_is_no_code_of_minimax():
    body = {"type": "error", "error": {"type": "proxy_error", "message": "upstream closed (1008)"}}
    assert error("minimax v2", reply(body, 502)).charged is Charged.UNKNOWN


def test_an_held_answer_of_acedata_that_failed_is_a_failed_task():
    body = {"success": False, "task_id": "t1", "error": {"code": "api_error", "message": "fetch failed"}}
    for status in (200, 403, 500, 503):
        state = sent("acedata", reply(body, status))
        assert (state.task.id, state.phase) == ("t1", Phase.FAILED)


# --- questions --------------------------------------------------------------------------------------------------------


def asked(wire, *answers):
    """What comes of a question: a state, or an error."""
    name, model = wire.split()[0], "MiniMax-H3" if wire.endswith(("v2", "h3")) else ""
    try:
        return walk(provider(name).poll(Task("t1", model)), *answers)[1]
    except VendorError as problem:
        return problem


@each_wire
def test_a_gateways_answer_to_a_question_is_no_word_about_the_task(wire):
    for status, body in product((302, 400, 402, 403, 404, 409, 410, 422, 499, 500, 502, 503), [*GATEWAYS, b"<html>"]):
        problem = asked(wire, reply(body, status))
        assert isinstance(problem, VendorError)
        assert problem.retryable or (isinstance(problem, NotFoundError) and status in {404, 410})


SUCCESS = {"task_id": "t1", "status": "Success", "file_id": "2", "base_resp": {"status_code": 0}}


@pytest.mark.parametrize("wire", ["minimax", "sketch"])
@pytest.mark.parametrize("file_id", ["", None, 0, "0", [], {}])
def test_a_success_without_a_file_yet_is_asked_for_again(wire, file_id):
    problem = asked(wire, reply({**SUCCESS, "file_id": file_id}))
    assert problem.retryable


@pytest.mark.parametrize("wire", ["minimax", "sketch"])
@pytest.mark.parametrize("code", [1000, 1002, 1004, 1008, 2013, 9999])
def test_a_file_that_is_refused_once_is_no_failed_task(wire, code):
    problem = asked(wire, reply(SUCCESS), reply({"base_resp": {"status_code": code, "status_msg": "no"}}))
    assert isinstance(problem, VendorError)
    problem = asked(wire, reply(SUCCESS), reply({"message": "no route"}, 404))
    assert isinstance(problem, NotFoundError)


def test_control_characters_are_gone_wherever_the_vendor_wrote_them():
    nasty = "bad\x1b]0;pwned\x07\r\n\u202e\x9b31m\u2028words"
    body = {"error": {"code": "param_error\x1b[31m", "message": nasty}}
    problem = error("modelverse", reply(body, 400))
    for text in (str(problem), problem.vendor_message, problem.code):
        assert text.isprintable()
    raw = b"<html>\x1b[2J\x1b]8;;http://evil\x07</html>"
    assert str(error("ppio", HttpReply(502, raw))).isprintable()
    state = asked("evolink", reply({"id": "t1", "status": "odd\x1b[31m\n"}))
    assert state.word.isprintable()
    json.dumps(state.raw).index("\\ufffd")


def test_line_ends_and_tabs_stay_in_texts_that_are_read_whole():
    assert HttpReply(200, b'{"prompt": "one\\ntwo\\t\\\\u001b"}').json() == {"prompt": "one\ntwo\t\\u001b"}


@pytest.mark.parametrize(
    ("says", "date", "seconds"),
    [
        ("17", "", 17),
        ("Sat, 28 Nov 2026 12:00:30 GMT", "Sat, 28 Nov 2026 12:00:00 GMT", 30),
        ("Sat, 01 Jan 2000 00:01:30 GMT", "Sat, 01 Jan 2000 00:00:00 GMT", 90),  # whatever its clock says
        ("Saturday, 28-Nov-26 12:00:30 GMT", "Sat, 28 Nov 2026 12:00:00 GMT", 30),  # obsolete, and still allowed
        ("Sat, 28 Nov 2026 11:59:00 GMT", "Sat, 28 Nov 2026 12:00:00 GMT", 0),
        ("Sat, 28 Nov 2099 12:00:00 GMT", "Sat, 28 Nov 2026 12:00:00 GMT", 3600),
        ("Sat, 28 Nov 2026 12:00:30 GMT", "", None),
        ("Sat, 28 Nov 2026 12:00:30", "Sat, 28 Nov 2026 12:00:00 GMT", None),
        ("soon", "Sat, 28 Nov 2026 12:00:00 GMT", None),
        ("-5", "", None),
        ("", "", None),
    ],
)
def test_retry_after_may_be_a_date_by_the_vendors_own_clock(says, date, seconds):
    headers = {"retry-after": says, **({"date": date} if date else {})}
    assert HttpReply(429, b"", headers).retry_after == seconds
