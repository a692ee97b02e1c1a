"""EvoLink: how many pictures come with a prompt decides the mode."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from hailuo_widgets.errors import (
    AuthenticationError,
    BalanceError,
    CancelledError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    VendorFaultError,
)
from hailuo_widgets.providers import answers, fields
from hailuo_widgets.providers.base import Flow, HttpCall, Phase, Provider, Task, TaskState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hailuo_widgets.spec.catalog import ModelSpec
    from hailuo_widgets.spec.request import VideoRequest

_WORDS = {
    "pending": Phase.QUEUED,
    "processing": Phase.RUNNING,
    "completed": Phase.SUCCEEDED,
    "failed": Phase.FAILED,
    "cancelled": Phase.CANCELLED,
}

_CODES: answers.Codes = {
    # EvoLink, Error codes: HTTP. Older pages have the HTTP status itself there, as a number.
    "invalid_request": InvalidRequestError,
    "invalid_task_id": NotFoundError,
    "unauthorized": AuthenticationError,
    "insufficient_quota": BalanceError,
    "model_access_denied": AuthenticationError,
    "rate_limit_exceeded": RateLimitError,
    "internal_error": VendorFaultError,
    # EvoLink, Error codes: tasks. The vendor itself says which can be tried again.
    "content_policy_violation": answers.content_input,
    "invalid_parameters": InvalidRequestError,
    "image_processing_error": InvalidRequestError,
    "image_dimension_mismatch": InvalidRequestError,
    "request_cancelled": CancelledError,
    "generation_failed_no_content": VendorFaultError,
    "service_error": VendorFaultError,
    "generation_timeout": VendorFaultError,
    "resource_exhausted": VendorFaultError,
    "quota_exceeded": partial(BalanceError, retryable=True),
    "service_unavailable": VendorFaultError,
    "unknown_error": VendorFaultError,
    "resource_not_found": NotFoundError,
    # EvoLink, Error codes, older pages: `code` is the HTTP status as a number, and `type` says that it is EvoLink's.
    "400": InvalidRequestError,
    "401": AuthenticationError,
    "402": BalanceError,
    "403": AuthenticationError,
    "404": NotFoundError,
    "413": InvalidRequestError,
    "429": RateLimitError,
}
_TYPES = frozenset({
    "invalid_request_error", "authentication_error", "insufficient_quota", "insufficient_quota_error",
    "permission_error", "not_found_error", "rate_limit_error", "api_error",
})  # fmt: skip


class EvoLink(Provider):
    """EvoLink's video API (EvoLink, Hailuo 02 API)."""

    name = "evolink"

    def submit(self, request: VideoRequest, row: ModelSpec) -> Flow[TaskState]:
        """`POST /v1/videos/generations`."""
        body: dict[str, Any] = {"model": row.wire_model}
        if request.prompt:
            body["prompt"] = request.prompt
        if pictures := [each.to_wire() for each in (request.first_frame, request.last_frame) if each]:
            body["image_urls"] = pictures
        if request.resolution:
            body["quality"] = request.resolution.lower()
        if request.duration:
            body["duration"] = request.duration
        names = {each: each for each in ("prompt_optimizer", "fast_pretreatment")}
        if options := fields.chosen(request, names):
            body["model_params"] = options
        reply = yield HttpCall("POST", "/v1/videos/generations", json=body, paying=True)
        task_id, answer = answers.submitted(reply, _CODES, _said, places=(("id",), ("data", "id")))
        task = Task(task_id, row.model)
        eta = fields.seconds(fields.mapping(answer.get("task_info")).get("estimated_time"))
        return TaskState(task, Phase.QUEUED, fields.text(answer.get("status")), eta=eta, raw=answer)

    def poll(self, task: Task) -> Flow[TaskState]:
        """`GET /v1/tasks/{id}`."""
        reply = yield HttpCall("GET", f"/v1/tasks/{quote(task.id, safe='')}")
        answer = answers.answered(reply, _CODES, _said)
        word = fields.text(answer.get("status"))
        phase = fields.phase(word, _WORDS)
        if phase is Phase.FAILED:
            error = answers.failure(reply, *answers.said(answer), _CODES)
            return TaskState(task, phase, word, error=error, raw=answer)
        if phase is Phase.SUCCEEDED:
            url = fields.clip_url(next(iter(fields.items(answer.get("results"))), None), reply)
            return TaskState(task, phase, word, progress=1.0, url=url, raw=answer)
        return TaskState(task, phase, word, progress=fields.percent(answer.get("progress")), raw=answer)


def _said(answer: Mapping[str, Any]) -> tuple[str, str]:
    """Code and words of a refusal. A number says nothing unless the type is EvoLink's: gateways write it too."""
    code, message = answers.said(answer)
    numeric = code.isascii() and code.isdigit()
    known = fields.text(fields.mapping(answer.get("error")).get("type")) in _TYPES
    return (f"HTTP {code}" if numeric and not known else code), message
