"""AceDataCloud: everything is a POST, and a task that runs is one without a `response`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
from hailuo_widgets.providers.base import Flow, HttpCall, HttpReply, Phase, Provider, Task, TaskState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hailuo_widgets.spec.catalog import ModelSpec
    from hailuo_widgets.spec.request import VideoRequest

# AceDataCloud's page documents `succeeded`; its web app reads the other words too.
_WORDS = {
    "queued": Phase.QUEUED,
    "pending": Phase.QUEUED,
    "processing": Phase.RUNNING,
    "running": Phase.RUNNING,
    "succeeded": Phase.SUCCEEDED,
    "failed": Phase.FAILED,
    "cancelled": Phase.CANCELLED,
}

_CODES: answers.Codes = {
    "bad_request": InvalidRequestError,
    "token_mismatched": AuthenticationError,  # documented with 400 and with 401
    "api_not_implemented": InvalidRequestError,
    "disabled": AuthenticationError,
    "no_token": AuthenticationError,
    "invalid_token": AuthenticationError,
    "token_expired": AuthenticationError,
    "used_up": BalanceError,
    "no_api": NotFoundError,
    "too_many_requests": RateLimitError,
    "api_error": VendorFaultError,
    # The web app's further codes.
    "duplication": InvalidRequestError,
    "busy": VendorFaultError,
    "unknown": VendorFaultError,
    "forbidden": answers.forbidden,  # moderation, or no permission
    "canceled": CancelledError,
    "timeout": VendorFaultError,
    "content_too_large": InvalidRequestError,
    "not_applied": AuthenticationError,
}
_POLL_CODES = {**_CODES, "bad_request": NotFoundError}  # a query has no other parameter than the id


class AceData(Provider):
    """AceDataCloud's Hailuo API (AceDataCloud, Hailuo Video Generation)."""

    name = "acedata"
    batch = 50  # AceDataCloud, Hailuo tasks guide, retrieve_batch

    def submit(self, request: VideoRequest, row: ModelSpec) -> Flow[TaskState]:
        """`POST /hailuo/videos`."""
        body: dict[str, Any] = {"action": "generate", "prompt": request.prompt, "model": row.wire_model}
        if request.first_frame:
            body["first_image_url"] = request.first_frame.to_wire()
        if request.callback_url:
            body["callback_url"] = request.callback_url
        # In AceDataCloud's newer guide only. Without it the connection is held open until the clip is done.
        body["async"] = True
        reply = yield HttpCall("POST", "/hailuo/videos", json=body, paying=True)
        task_id, answer = answers.submitted(reply, _CODES)
        return _outcome(
            Task(task_id, row.model), reply, answer, waiting=Phase.QUEUED
        )  # a held answer has the clip in it already

    def poll(self, task: Task) -> Flow[TaskState]:
        """`POST /hailuo/tasks`, one id."""
        # The seed's page sends the id alone; the newer guide names the action.
        reply = yield HttpCall("POST", "/hailuo/tasks", json={"action": "retrieve", "id": task.id})
        if reply.status < 400 and reply.json() is None:
            raise NotFoundError("AceDataCloud does not know this task.", http_status=reply.status)
        return _state(task, reply, answers.answered(reply, _POLL_CODES))

    def poll_many(self, tasks: Sequence[Task]) -> Flow[list[TaskState]]:
        """`POST /hailuo/tasks`, many ids."""
        ids = [task.id for task in tasks]
        reply = yield HttpCall("POST", "/hailuo/tasks", json={"action": "retrieve_batch", "ids": ids})
        answer = answers.answered(reply, _CODES)
        if not isinstance(answer.get("items"), list):
            raise VendorFaultError("AceDataCloud's answer lists no tasks.", http_status=reply.status)
        records = {fields.text(fields.mapping(each).get("id")): each for each in answer["items"]}
        return [_state(task, reply, records[task.id]) for task in tasks if task.id in records]


def _state(task: Task, reply: HttpReply, record: Mapping[str, Any]) -> TaskState:
    return _outcome(task, reply, fields.mapping(record.get("response")), waiting=Phase.RUNNING)


def _outcome(task: Task, reply: HttpReply, response: Mapping[str, Any], *, waiting: Phase) -> TaskState:
    """A task by its `response`, which is missing or says nothing of success as long as the task runs."""
    clip = fields.mapping(next(iter(fields.items(response.get("data"))), None))
    word = fields.text(clip.get("state"))
    url = fields.web_url(clip.get("video_url"))
    phase = fields.phase(word, _WORDS)
    if response.get("success") is False or phase is Phase.FAILED:
        error = answers.failure(reply, *answers.said(response), _CODES)
        return TaskState(task, Phase.FAILED, word or "failed", error=error, raw=response)
    if url and (phase is Phase.SUCCEEDED or not word):
        return TaskState(task, Phase.SUCCEEDED, word, progress=1.0, url=url, raw=response)
    # Without its URL a clip is not there yet, whatever the word says; one such task must not spoil the whole answer.
    return TaskState(task, phase if phase in {Phase.QUEUED, Phase.CANCELLED} else waiting, word, raw=response)
