"""Every error code that a vendor documents becomes one error of the family, with what it means for the money."""

import pytest

from hailuo_widgets.errors import (
    AuthenticationError,
    BalanceError,
    CancelledError,
    Charged,
    ContentRefusedError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    VendorError,
    VendorFaultError,
)
from hailuo_widgets.providers import Phase, Task, provider
from seeds import reply, submit, walk

HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
VENDORS = ["minimax", "evolink", "ppio", "novita", "modelverse", "acedata"]


def refused(name, status, body, **fields):
    """The error with which a vendor's answer to a submission ends."""
    with pytest.raises(VendorError) as caught:
        submit(name, reply(body, status), prompt="A fox", **fields)
    return caught.value


def nested(code, message="words", **more):
    return {"error": {"code": code, "message": message, **more}}


# provider, HTTP status, body, the code that is kept, the error, whether it was charged
REFUSALS = [
    ("acedata", 400, nested("bad_request", "model is invalid."), InvalidRequestError, Charged.NO),
    ("acedata", 400, nested("token_mismatched"), AuthenticationError, Charged.NO),
    ("acedata", 401, nested("token_mismatched"), AuthenticationError, Charged.NO),
    ("acedata", 400, nested("api_not_implemented"), InvalidRequestError, Charged.NO),
    ("acedata", 400, nested("disabled"), AuthenticationError, Charged.NO),
    ("acedata", 400, nested("no_token"), AuthenticationError, Charged.NO),
    ("acedata", 401, nested("invalid_token"), AuthenticationError, Charged.NO),
    ("acedata", 401, nested("token_expired"), AuthenticationError, Charged.NO),
    ("acedata", 403, nested("used_up"), BalanceError, Charged.NO),
    ("acedata", 403, nested("nobody_knows_this"), VendorFaultError, Charged.UNKNOWN),
    ("acedata", 404, nested("no_api"), NotFoundError, Charged.NO),
    ("acedata", 429, nested("too_many_requests"), RateLimitError, Charged.NO),
    ("acedata", 500, nested("api_error", "fetch failed"), VendorFaultError, Charged.UNKNOWN),
    ("acedata", 503, nested("no_channel", "no channel available"), VendorFaultError, Charged.UNKNOWN),
    ("acedata", 400, nested("duplication"), InvalidRequestError, Charged.NO),
    ("acedata", 500, nested("busy"), VendorFaultError, Charged.UNKNOWN),
    ("acedata", 500, nested("unknown"), VendorFaultError, Charged.UNKNOWN),
    ("acedata", 403, nested("forbidden"), AuthenticationError, Charged.NO),
    ("acedata", 400, nested("canceled"), CancelledError, Charged.NO),
    ("acedata", 500, nested("timeout"), VendorFaultError, Charged.UNKNOWN),
    ("acedata", 400, nested("content_too_large"), InvalidRequestError, Charged.NO),
    ("acedata", 403, nested("not_applied"), AuthenticationError, Charged.NO),
    *(
        (vendor, status, {"code": status, "reason": reason, "message": "words", "metadata": {}}, kind, charged)
        for vendor in ("ppio", "novita")
        for status, reason, kind, charged in (
            (400, "INVALID_REQUEST_BODY", InvalidRequestError, Charged.NO),
            (400, "MISSING_API_KEY", AuthenticationError, Charged.NO),
            (400, "BILLING_BALANCE_NOT_ENOUGH", BalanceError, Charged.NO),
            (403, "BILLING_BALANCE_NOT_ENOUGH", BalanceError, Charged.NO),
            (400, "ILLEGAL_PROMPT", ContentRefusedError, Charged.NO),
            (400, "ILLEGAL_IMAGE_CONTENT", ContentRefusedError, Charged.NO),
            (400, "IMAGE_FILE_EXCEEDS_MAX_SIZE", InvalidRequestError, Charged.NO),
            (400, "INVALID_IMAGE_FORMAT", InvalidRequestError, Charged.NO),
            (400, "IMAGE_EXCEEDS_MAX_RESOLUTION", InvalidRequestError, Charged.NO),
            (400, "INVALID_IMAGE_SIZE", InvalidRequestError, Charged.NO),
            (400, "IMAGE_NO_FACE_DETECTED", InvalidRequestError, Charged.NO),
            (400, "INVALID_CUSTOM_OUTPUT_PATH", InvalidRequestError, Charged.NO),
            (400, "INVALID_AUDIO_FILE", InvalidRequestError, Charged.NO),
            (403, "INVALID_API_KEY", AuthenticationError, Charged.NO),
            (403, "BILLING_AUTH_FAILED", AuthenticationError, Charged.NO),
            (403, "FEATURE_NOT_ALLOWED", AuthenticationError, Charged.NO),
            (403, "API_NOT_ALLOWED", AuthenticationError, Charged.NO),
            (403, "NEED_REAL_NAME_VERIFY", AuthenticationError, Charged.NO),
            (404, "API_NOT_FOUND", NotFoundError, Charged.NO),
            (404, "TASK_NOT_FOUND", NotFoundError, Charged.NO),
            (429, "RATE_LIMIT_EXCEEDED", RateLimitError, Charged.NO),
            (500, "BILLING_FAILED", VendorFaultError, Charged.UNKNOWN),
            (500, "CREATE_TASK_FAILED", VendorFaultError, Charged.NO),
            (500, "GET_RESULT_FAILED", VendorFaultError, Charged.UNKNOWN),
            (500, "TASK_FAILED", VendorFaultError, Charged.UNKNOWN),
            (401, "FAILED_TO_AUTH", AuthenticationError, Charged.NO),
            (403, "NOT_ENOUGH_BALANCE", BalanceError, Charged.NO),
            (503, "SERVICE_NOT_AVAILABLE", VendorFaultError, Charged.UNKNOWN),
        )
    ),
    ("ppio", 400, nested("ILLEGAL_PROMPT"), ContentRefusedError, Charged.NO),
    ("modelverse", 400, nested("param_error"), InvalidRequestError, Charged.NO),
    ("modelverse", 400, nested("sensitive_check_error"), ContentRefusedError, Charged.NO),
    ("modelverse", 400, nested("invalid_messages"), InvalidRequestError, Charged.NO),
    ("modelverse", 400, nested("model_error"), AuthenticationError, Charged.NO),
    ("modelverse", 400, nested("tokens_too_long"), InvalidRequestError, Charged.NO),
    ("modelverse", 401, nested("auth_error"), AuthenticationError, Charged.NO),
    ("modelverse", 403, nested("forbidden"), AuthenticationError, Charged.NO),
    ("modelverse", 408, nested("timeout"), VendorFaultError, Charged.UNKNOWN),
    ("modelverse", 429, nested("rate_limit"), RateLimitError, Charged.NO),
    ("modelverse", 500, nested("internal_error"), VendorFaultError, Charged.UNKNOWN),
    ("modelverse", 500, nested("model_server_error"), VendorFaultError, Charged.UNKNOWN),
    ("modelverse", 504, nested("gateway_timeout_error"), VendorFaultError, Charged.UNKNOWN),
    ("evolink", 400, nested("invalid_request"), InvalidRequestError, Charged.NO),
    ("evolink", 401, nested("unauthorized"), AuthenticationError, Charged.NO),
    ("evolink", 402, nested("insufficient_quota"), BalanceError, Charged.NO),
    ("evolink", 403, nested("model_access_denied"), AuthenticationError, Charged.NO),
    ("evolink", 404, nested("resource_not_found"), NotFoundError, Charged.NO),
    ("evolink", 413, nested("too_large"), VendorFaultError, Charged.UNKNOWN),
    ("evolink", 413, nested(413, type="invalid_request_error"), InvalidRequestError, Charged.NO),
    ("evolink", 429, nested("rate_limit_exceeded"), RateLimitError, Charged.NO),
    ("evolink", 500, nested("internal_error"), VendorFaultError, Charged.UNKNOWN),
    ("evolink", 502, nested("bad_gateway"), VendorFaultError, Charged.UNKNOWN),
    ("evolink", 503, nested("service_unavailable"), VendorFaultError, Charged.UNKNOWN),
    # Older pages: the HTTP status itself, as a number.
    ("evolink", 401, nested(401), AuthenticationError, Charged.NO),
    ("evolink", 402, nested(402, type="insufficient_quota_error"), BalanceError, Charged.NO),
    ("evolink", 429, nested(429), RateLimitError, Charged.NO),
    *(
        ("minimax", 200, {"base_resp": {"status_code": code, "status_msg": "words"}}, kind, charged)
        for code, kind, charged in (
            (1000, VendorFaultError, Charged.UNKNOWN),
            (1001, VendorFaultError, Charged.UNKNOWN),
            (1002, RateLimitError, Charged.NO),
            (1004, AuthenticationError, Charged.NO),
            (1008, BalanceError, Charged.NO),
            (1013, VendorFaultError, Charged.UNKNOWN),
            (1024, VendorFaultError, Charged.UNKNOWN),
            (1026, ContentRefusedError, Charged.NO),
            (1027, ContentRefusedError, Charged.UNKNOWN),
            (1033, VendorFaultError, Charged.UNKNOWN),
            (1039, RateLimitError, Charged.NO),
            (1041, RateLimitError, Charged.NO),
            (1042, InvalidRequestError, Charged.NO),
            (2013, InvalidRequestError, Charged.NO),
            (2038, AuthenticationError, Charged.NO),
            (2045, RateLimitError, Charged.NO),
            (2049, AuthenticationError, Charged.NO),
            (2056, BalanceError, Charged.NO),
            (2061, BalanceError, Charged.NO),
            (9999, VendorFaultError, Charged.UNKNOWN),
        )
    ),
]


@pytest.mark.parametrize(("name", "status", "body", "kind", "charged"), REFUSALS)
def test_refusals(name, status, body, kind, charged):
    error = refused(name, status, body)
    assert type(error) is kind
    assert error.charged is charged
    assert error.http_status == status
    assert error.code
    assert error.vendor_message in {"words", "model is invalid.", "fetch failed", "no channel available"}
    assert error.retryable is (kind in {RateLimitError, VendorFaultError} or error.code == "2056")


@pytest.mark.parametrize(
    ("status", "word", "message", "expected"),
    [
        (400, "bad_request_error", "invalid params (2013)", ("2013", InvalidRequestError, Charged.NO)),
        (401, "authorized_error", "login fail (1004)", ("1004", AuthenticationError, Charged.NO)),
        (402, "insufficient_balance_error", "no balance (1008)", ("1008", BalanceError, Charged.NO)),
        (422, "unprocessable_entity_error", "input new_sensitive (1026)", ("1026", ContentRefusedError, Charged.NO)),
        (
            422,
            "unprocessable_entity_error",
            "sensitive",
            ("unprocessable_entity_error", ContentRefusedError, Charged.NO),
        ),
        (429, "rate_limit_error", "rate limit (1002)", ("1002", RateLimitError, Charged.NO)),
        (500, "server_error", "oops (1000)", ("1000", VendorFaultError, Charged.UNKNOWN)),
        (529, "overloaded_error", "overloaded", ("overloaded_error", VendorFaultError, Charged.UNKNOWN)),
    ],
)
def test_minimax_v2_refuses_with_real_http_codes(status, word, message, expected):
    body = {
        "type": "error",
        "error": {"type": word, "message": message, "http_code": str(status)},
        "request_id": "r",
    }
    error = refused("minimax", status, body, model="MiniMax-H3")
    assert (error.code, type(error), error.charged) == expected
    assert error.vendor_message == message


@pytest.mark.parametrize("name", VENDORS)
@pytest.mark.parametrize(
    ("status", "kind", "charged"),
    [
        (400, VendorFaultError, Charged.UNKNOWN),
        (401, AuthenticationError, Charged.NO),
        (402, VendorFaultError, Charged.UNKNOWN),
        (403, VendorFaultError, Charged.UNKNOWN),
        (404, VendorFaultError, Charged.UNKNOWN),
        (409, VendorFaultError, Charged.UNKNOWN),
        (418, VendorFaultError, Charged.UNKNOWN),
        (422, VendorFaultError, Charged.UNKNOWN),
        (429, RateLimitError, Charged.NO),
        (499, VendorFaultError, Charged.UNKNOWN),
        (500, VendorFaultError, Charged.UNKNOWN),
        (502, VendorFaultError, Charged.UNKNOWN),
        (302, VendorFaultError, Charged.UNKNOWN),
    ],
)
def test_json_that_is_not_the_vendors_own_may_have_been_charged_and_keeps_its_text(name, status, kind, charged):
    error = refused(name, status, {"whatever": "The vendor's own words"})
    assert (type(error), error.charged) == (kind, charged)
    assert "The vendor's own words" in error.vendor_message


@pytest.mark.parametrize("name", VENDORS)
@pytest.mark.parametrize("status", [200, 302, 403, 404, 502])
def test_a_page_of_html_is_never_a_refusal(name, status):
    error = refused(name, status, HTML)
    assert type(error) is VendorFaultError
    assert error.charged is Charged.UNKNOWN
    with pytest.raises(VendorFaultError) as caught:
        walk(provider(name).poll(Task("1")), reply(HTML, status))
    assert caught.value.retryable


@pytest.mark.parametrize("name", VENDORS)
def test_401_and_429_mean_the_same_from_a_gateway(name):
    assert type(refused(name, 401, HTML)) is AuthenticationError
    assert type(refused(name, 429, b"")) is RateLimitError


@pytest.mark.parametrize("name", VENDORS)
def test_retry_after_is_passed_on(name):
    with pytest.raises(RateLimitError) as caught:
        submit(name, reply({}, 429, **{"retry-after": "7"}), prompt="A fox")
    assert caught.value.retry_after == 7.0


@pytest.mark.parametrize("name", VENDORS)
@pytest.mark.parametrize("body", [{}, {"task_id": ""}, {"task_id": None, "id": {}}, {"id": [1], "output": {}}, []])
def test_an_answer_that_names_no_task_may_have_cost_money(name, body):
    assert refused(name, 200, body).charged is Charged.UNKNOWN


NOT_FOUND = [
    ("acedata", 200, b"null"),
    ("acedata", 400, nested("bad_request")),
    ("acedata", 404, nested("no_api")),
    ("ppio", 404, {"code": 404, "reason": "TASK_NOT_FOUND", "message": "no"}),
    ("modelverse", 400, nested("param_error")),
    ("evolink", 404, nested("resource_not_found")),
    ("evolink", 400, nested("invalid_task_id", "must start with 'task-unified-'")),
    ("minimax", 200, {"base_resp": {"status_code": 2013, "status_msg": "invalid task_id"}}),
]


@pytest.mark.parametrize(("name", "status", "body"), NOT_FOUND)
def test_unknown_tasks(name, status, body):
    with pytest.raises(NotFoundError):
        walk(provider(name).poll(Task("1")), reply(body, status))
    if provider(name).batch == 1:
        _, states = walk(provider(name).poll_many([Task("1")]), reply(body, status))
        assert states == []


def test_unknown_h3_task():
    body = {"type": "error", "error": {"type": "bad_request_error", "message": "invalid task_id (2013)"}}
    with pytest.raises(NotFoundError):
        walk(provider("minimax").poll(Task("1", "MiniMax-H3")), reply(body, 400))


def test_acedata_batch_leaves_out_unknown_tasks():
    body = {"items": [{"id": "b"}], "count": 1}
    calls, states = walk(provider("acedata").poll_many([Task("a"), Task("b")]), reply(body))
    assert calls[0].json == {"action": "retrieve_batch", "ids": ["a", "b"]}
    assert [(state.task.id, state.phase) for state in states] == [("b", Phase.RUNNING)]


FAILED = [
    ("evolink", {"status": "failed", "error": {"code": code, "message": "words"}}, kind, retryable)
    for code, kind, retryable in (
        ("content_policy_violation", ContentRefusedError, False),
        ("invalid_parameters", InvalidRequestError, False),
        ("image_processing_error", InvalidRequestError, False),
        ("image_dimension_mismatch", InvalidRequestError, False),
        ("request_cancelled", CancelledError, False),
        ("generation_failed_no_content", VendorFaultError, True),
        ("service_error", VendorFaultError, True),
        ("generation_timeout", VendorFaultError, True),
        ("resource_exhausted", VendorFaultError, True),
        ("quota_exceeded", BalanceError, True),
        ("service_unavailable", VendorFaultError, True),
        ("unknown_error", VendorFaultError, True),
        ("resource_not_found", NotFoundError, False),
        (402, BalanceError, False),
        ("it is unknown this", VendorFaultError, True),
    )
] + [
    ("minimax", {"status": "Fail", "base_resp": {"status_code": 0, "status_msg": "success"}}, VendorFaultError, True),
    ("minimax", {"status": "Fail"}, VendorFaultError, True),
    ("minimax", {"status": "failed", "base_resp": {"status_code": 1026}}, ContentRefusedError, False),
    ("minimax", {"status": "Fail", "base_resp": {"status_code": 1027}}, ContentRefusedError, False),
    ("minimax", {"base_resp": {"status_code": 1027}}, ContentRefusedError, False),
    ("ppio", {"task": {"status": "TASK_STATUS_FAILED", "reason": "ILLEGAL_PROMPT"}}, ContentRefusedError, False),
    ("ppio", {"task": {"status": "TASK_STATUS_FAILED", "reason": "it broke"}}, VendorFaultError, True),
    (
        "modelverse",
        {"output": {"task_status": "Failure", "error_message": "code=InvalidParameter, message=invalid image url"}},
        InvalidRequestError,
        False,
    ),
    ("modelverse", {"output": {"task_status": "Failure"}}, VendorFaultError, True),
    ("acedata", {"id": "1", "response": {"success": False, **nested("api_error")}}, VendorFaultError, True),
    ("acedata", {"id": "1", "response": {"success": False}}, VendorFaultError, True),
    ("acedata", {"response": {"success": True, "data": [{"state": "failed"}]}}, VendorFaultError, True),
]


@pytest.mark.parametrize(("name", "body", "kind", "retryable"), FAILED)
def test_a_failed_task_is_an_answer_and_no_exception(name, body, kind, retryable):
    _, state = walk(provider(name).poll(Task("1")), reply(body))
    assert state.phase is Phase.FAILED
    assert type(state.error) is kind
    assert state.error.retryable is retryable
    assert state.error.charged is Charged.UNKNOWN
    assert state.error.message


def test_a_failed_h3_task():
    body = {"task": {"status": "failed", "error": {"code": 1027, "message": "output new_sensitive"}}}
    _, state = walk(provider("minimax").poll(Task("1", "MiniMax-H3")), reply(body))
    assert (type(state.error), state.error.side, state.error.code) == (ContentRefusedError, "output", "1027")
    assert state.error.message == "Moderation rejected the finished clip: output new_sensitive."
    assert state.error.hint == "Change the prompt, then run it again."
