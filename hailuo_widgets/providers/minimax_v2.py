"""MiniMax, v2: the wire of MiniMax-H3. Errors come with real HTTP codes, and a finished task holds its URL itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from hailuo_widgets.errors import (
    AuthenticationError,
    BalanceError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    VendorFaultError,
)
from hailuo_widgets.providers import answers, fields
from hailuo_widgets.providers.base import Flow, HttpCall, Phase, Task, TaskState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hailuo_widgets.spec.catalog import ModelSpec
    from hailuo_widgets.spec.media import Media
    from hailuo_widgets.spec.request import VideoRequest

_WORDS = {
    "queued": Phase.QUEUED,
    "running": Phase.RUNNING,
    "succeeded": Phase.SUCCEEDED,
    "failed": Phase.FAILED,
    "cancelled": Phase.CANCELLED,
}
# MiniMax v2, Create video generation task: error.type. The number in the message, where there is one, says more.
_TYPES: answers.Codes = {
    "bad_request_error": InvalidRequestError,
    "authorized_error": AuthenticationError,
    "insufficient_balance_error": BalanceError,
    "unprocessable_entity_error": answers.content_input,
    "rate_limit_error": RateLimitError,
    "server_error": VendorFaultError,
    "overloaded_error": VendorFaultError,
}
_UNKNOWN_ID: answers.Codes = {
    "2013": NotFoundError,
    "bad_request_error": NotFoundError,
}  # a query has no other parameter
_NUMBER = re.compile(r"\((\d{4,5})\)\s*$")


def speaks(model: str) -> bool:
    """Whether a model is on this wire."""
    return model.startswith("MiniMax-H3")


def submit(request: VideoRequest, row: ModelSpec, codes: answers.Codes) -> Flow[TaskState]:
    """`POST /v2/video_generation`."""
    known = {**codes, **_TYPES}
    reply = yield HttpCall("POST", "/v2/video_generation", json=_body(request, row), paying=True)
    task_id, answer = answers.submitted(reply, known, _said, places=(("task_id",), ("task", "id")))
    return TaskState(Task(task_id, row.model), Phase.QUEUED, raw=answer)


def poll(task: Task, codes: answers.Codes) -> Flow[TaskState]:
    """`GET /v2/query/video_generation/{id}`."""
    known = {**codes, **_TYPES}
    reply = yield HttpCall("GET", f"/v2/query/video_generation/{quote(task.id, safe='')}")
    answer = answers.answered(reply, {**known, **_UNKNOWN_ID}, _said)
    if "task" not in answer:
        answers.refused(reply, answer, {**known, **_UNKNOWN_ID}, _said)
    state = fields.mapping(answer.get("task"))
    word = fields.text(state.get("status"))
    phase = fields.phase(word, _WORDS)
    if phase is Phase.FAILED:
        error = answers.failure(reply, *_said(state), known)
        return TaskState(task, phase, word, error=error, raw=state)
    if phase is Phase.SUCCEEDED:
        url = fields.clip_url(fields.mapping(state.get("content")).get("url"), reply)
        return TaskState(task, phase, word, progress=1.0, url=url, raw=state)
    return TaskState(task, phase, word, raw=state)


def cancel(task: Task, codes: answers.Codes) -> Flow[TaskState]:
    """`DELETE /v2/video_generation/{id}`, for a task that waits: a finished one would be deleted, clip and all."""
    state = yield from poll(task, codes)
    if state.phase is not Phase.QUEUED:
        return state
    reply = yield HttpCall("DELETE", f"/v2/video_generation/{quote(task.id, safe='')}")
    if 200 <= reply.status < 300:
        return TaskState(task, Phase.CANCELLED, "cancelled")
    return (yield from poll(task, codes))  # it has begun in between, and goes on


def _body(request: VideoRequest, row: ModelSpec) -> dict[str, Any]:
    body: dict[str, Any] = {"model": row.wire_model, "content": list(_content(request))}
    body |= fields.chosen(request, {each: each for each in ("resolution", "duration", "ratio", "callback_url")})
    if request.prompt_optimizer is not None:  # "balanced" is what fal, where H3-Max comes from, does by default
        body["extra"] = {"prompt_expansion_mode": "balanced" if request.prompt_optimizer else "disabled"}
    return body


def _content(request: VideoRequest) -> Iterator[dict[str, Any]]:
    yield {"type": "text", "text": request.prompt}
    if request.first_frame:
        yield _item(request.first_frame, "image", "first_frame")
    if request.last_frame:
        yield _item(request.last_frame, "image", "last_frame")
    for each in request.references:
        yield _item(each, each.kind, f"reference_{each.kind}")


def _item(media: Media, kind: str, role: str) -> dict[str, Any]:
    return {"type": f"{kind}_url", f"{kind}_url": {"url": media.to_wire()}, "role": role}


def _said(answer: Mapping[str, Any]) -> tuple[str, str]:
    """Code and words. The number at a message's end says more than the type, where the type is MiniMax's."""
    if base := fields.mapping(answer.get("base_resp")):
        return fields.text(base.get("status_code")), fields.text(base.get("status_msg"))
    error = fields.mapping(answer.get("error"))
    message, kind = fields.text(error.get("message")), fields.text(error.get("type"))
    number = _NUMBER.search(message) if kind in _TYPES else None
    return number[1] if number else fields.text(error.get("code")) or kind, message
