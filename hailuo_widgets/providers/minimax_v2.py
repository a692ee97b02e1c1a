"""MiniMax, v2: the wire of MiniMax-H3. Errors come with real HTTP codes, and a finished task holds its URL itself."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
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
from hailuo_widgets.providers.base import Flow, HttpCall, HttpReply, Phase, Task, TaskState
from hailuo_widgets.spec.pricing import usage_of
from hailuo_widgets.spec.request import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hailuo_widgets.spec.catalog import ModelSpec
    from hailuo_widgets.spec.media import Media
    from hailuo_widgets.spec.request import VideoRequest

_WORDS = {
    "queued": Phase.QUEUED,
    "running": Phase.RUNNING,
    "succeeded": Phase.SUCCEEDED,
    "failed": Phase.FAILED,
    "cancelled": Phase.CANCELLED,
    "expired": Phase.FAILED,  # in the list page's enumeration only
}
BATCH = 50
"""Tasks that one question asks for: their ids stay far below the 8 KB that servers take for an address."""

CLOCKS_APART = 60.0
"""Seconds that the vendor's clock may be behind ours."""

LONGEST_CALL = 120.0
"""Seconds within which a request that was sent has become a task."""

_PATHS = {Mode.REGENERATION: "video_regeneration", Mode.REWRITE: "h3_context_ir"}
_TYPES_OF_TASK = {Mode.REGENERATION: "regeneration", Mode.REWRITE: "h3_context_ir"}
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


@dataclass(frozen=True, slots=True)
class Route:
    """Where this wire is spoken.

    Attributes:
        prefix: What stands before MiniMax's own paths: at resellers, who pass the wire on.
        codes: The error codes of whoever answers there, besides the wire's own types.
        said: Reads code and words of an error, where that is not MiniMax alone.
    """

    codes: answers.Codes
    prefix: str = ""
    said: answers.Said | None = None

    @property
    def known(self) -> answers.Codes:
        """Every documented code."""
        return {**self.codes, **_TYPES}

    @property
    def reader(self) -> answers.Said:
        """Reads an error in any of the forms that are used there."""
        other = self.said
        if other is None:
            return said
        return lambda answer: _first_of(said(answer), other(answer))


def submit(request: VideoRequest, row: ModelSpec, route: Route) -> Flow[TaskState]:
    """`POST /v2/video_generation`, `/v2/video_regeneration` or `/v2/h3_context_ir`, by what is asked for."""
    path = f"{route.prefix}/v2/{_PATHS.get(request.mode, 'video_generation')}"
    reply = yield HttpCall("POST", path, json=body(request, row), paying=True)
    return submitted(reply, row, route)


def submitted(reply: HttpReply, row: ModelSpec, route: Route) -> TaskState:
    """What the answer to a paying call says: `{"task_id"}`, or at a reseller the whole task."""
    places = (("task_id",), ("task", "id"), ("task", "task_id"))
    task_id, answer = answers.submitted(reply, route.known, route.reader, places)
    return TaskState(Task(task_id, row.model), Phase.QUEUED, raw=answer)


def poll(task: Task, route: Route) -> Flow[TaskState]:
    """`GET /v2/query/video_generation/{id}`."""
    reply = yield HttpCall("GET", f"{route.prefix}/v2/query/video_generation/{quote(task.id, safe='')}")
    return answered(task, reply, route)


def answered(task: Task, reply: HttpReply, route: Route) -> TaskState:
    """What the answer to a question about one task says.

    Raises:
        VendorError: If the question failed.
    """
    known = {**route.known, **_UNKNOWN_ID}
    answer = answers.answered(reply, known, route.reader)
    if "task" not in answer:
        answers.refused(reply, answer, known, route.reader)
    return state_of(task, fields.mapping(answer.get("task")), reply, route)


def state_of(task: Task, record: Mapping[str, Any], reply: HttpReply, route: Route) -> TaskState:
    """A task by its record, which is the same in a query and in a list.

    Raises:
        VendorFaultError: If it is done and its address is missing.
    """
    word = fields.text(record.get("status"))
    phase = fields.phase(word, _WORDS)
    usage = usage_of(fields.mapping(record.get("usage")))
    if phase is Phase.FAILED:
        code, message = said(record)
        message = message or ("The task expired at the vendor." if word.casefold() == "expired" else "")
        error = answers.failure(reply, code, message, route.known)
        return TaskState(task, phase, word, error=error, usage=usage, raw=record)
    if phase is not Phase.SUCCEEDED:
        return TaskState(task, phase, word, raw=record)
    content = fields.mapping(record.get("content"))
    if record.get("task_type") == "h3_context_ir" and isinstance(prompt := content.get("prompt"), str):
        return TaskState(task, phase, word, progress=1.0, prompt=prompt, usage=usage, raw=record)
    url = fields.clip_url(content.get("url"), reply)
    return TaskState(task, phase, word, progress=1.0, url=url, usage=usage, raw=record)


def poll_many(tasks: Sequence[Task], route: Route) -> Flow[list[TaskState]]:
    """`GET /v2/query/video_generation?filter.task_ids=…`: a page of tasks; one that is not known is left out."""
    query: dict[str, str | list[str]] = {
        "page_num": "1",
        "page_size": str(len(tasks)),
        "filter.task_ids": [task.id for task in tasks],
    }
    records, reply = yield from _listed(query, route)
    return [
        state
        for task in tasks
        if task.id in records and (state := state_or_none(task, records[task.id], reply, route)) is not None
    ]


def candidates(request: VideoRequest, row: ModelSpec, since: float, route: Route) -> Flow[list[TaskState]]:
    """What a request whose answer was lost may have become: tasks like it that began after it was sent.

    The vendor's list holds no prompt, so several tasks may fit; which one it is, a person has to see.
    """
    query = {
        "page_num": "1",
        "page_size": str(BATCH),
        "filter.model": row.wire_model,
        "filter.task_type": _TYPES_OF_TASK.get(request.mode, "generation"),
    }
    records, reply = yield from _listed(query, route)
    found = []
    for name, record in records.items():
        created = fields.number(record.get("created_at")) or 0.0
        like = record.get("resolution") == request.resolution and record.get("duration") == request.duration
        state = state_or_none(Task(name, row.model), record, reply, route)
        if like and since - CLOCKS_APART <= created <= since + LONGEST_CALL and state is not None:
            found.append(state)
    return found


def _listed(query: Mapping[str, str | list[str]], route: Route) -> Flow[tuple[dict[str, dict[str, Any]], HttpReply]]:
    reply = yield HttpCall("GET", f"{route.prefix}/v2/query/video_generation", params=query)
    answer = answers.answered(reply, route.known, route.reader)
    answers.refused(reply, answer, route.known, route.reader)
    if not isinstance(answer.get("items"), list):
        raise VendorFaultError("The vendor's answer lists no tasks.", http_status=reply.status)
    records = [fields.mapping(each) for each in answer["items"]]
    # A reseller may wrap each one as a query does.
    records = [fields.mapping(each["task"]) if isinstance(each.get("task"), dict) else each for each in records]
    return {name: each for each in records if (name := fields.text(each.get("id")))}, reply


def state_or_none(task: Task, record: Mapping[str, Any], reply: HttpReply, route: Route) -> TaskState | None:
    """One record that is broken must not spoil what is said of the others."""
    try:
        return state_of(task, record, reply, route)
    except VendorFaultError:
        return None


def cancel(task: Task, route: Route) -> Flow[TaskState]:
    """`DELETE /v2/video_generation/{id}`, for a task that waits: a finished one would be deleted, clip and all."""
    state = yield from poll(task, route)
    if state.phase is not Phase.QUEUED:
        return state
    reply = yield HttpCall("DELETE", f"{route.prefix}/v2/video_generation/{quote(task.id, safe='')}")
    action = ""
    with suppress(VendorFaultError):  # some answer a DELETE with nothing
        action = fields.text(fields.mapping(reply.json()).get("action"))
    if 200 <= reply.status < 300 and action != "deleted":
        return TaskState(task, Phase.CANCELLED, "cancelled")
    return (yield from poll(task, route))  # it has begun in between, and goes on


def body(request: VideoRequest, row: ModelSpec) -> dict[str, Any]:
    """What is sent, in the form that resellers take as well."""
    names: tuple[str, ...] = ("resolution", "duration", "ratio", "callback_url")
    if request.mode is Mode.REGENERATION:  # its seconds and its shape are the draft's
        names = ("resolution", "callback_url")
    elif request.mode is Mode.REWRITE:
        names = ("duration", "ratio")
    made: dict[str, Any] = {"model": row.wire_model, "content": list(_content(request))}
    made |= fields.chosen(request, {each: each for each in names})
    if request.watermark is not None and request.mode is Mode.REGENERATION:
        made["aigc_watermark"] = request.watermark
    expansion = request.prompt_expansion_mode
    if expansion is None and request.prompt_optimizer is not None:
        expansion = "balanced" if request.prompt_optimizer else "disabled"  # fal, where H3-Max comes from, balances
    if expansion is not None:
        made["extra"] = {"prompt_expansion_mode": expansion}
    return made


def _content(request: VideoRequest) -> Iterator[dict[str, Any]]:
    yield {"type": "text", "text": request.prompt}
    if request.first_frame:
        yield _item(request.first_frame, "image", "first_frame")
    if request.last_frame:
        yield _item(request.last_frame, "image", "last_frame")
    for each in request.references:
        yield _item(each, each.kind, f"reference_{each.kind}")
    if request.base_video:
        yield _item(request.base_video, "video", "base_video")


def _item(media: Media, kind: str, role: str) -> dict[str, Any]:
    return {"type": f"{kind}_url", f"{kind}_url": {"url": media.to_wire()}, "role": role}


def said(answer: Mapping[str, Any]) -> tuple[str, str]:
    """Code and words. The number at a message's end says more than the type, where the type is MiniMax's."""
    if base := fields.mapping(answer.get("base_resp")):
        return fields.text(base.get("status_code")), fields.text(base.get("status_msg"))
    error = fields.mapping(answer.get("error"))
    message, kind = fields.text(error.get("message")), fields.text(error.get("type"))
    number = _NUMBER.search(message) if kind in _TYPES else None
    return number[1] if number else fields.text(error.get("code")) or kind, message


def _first_of(one: tuple[str, str], other: tuple[str, str]) -> tuple[str, str]:
    return (one[0] or other[0], one[1] or other[1])
