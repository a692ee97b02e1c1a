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
from hailuo_widgets.providers import answers, fields, minimax_v2
from hailuo_widgets.providers.base import Flow, HttpCall, HttpReply, Phase, Provider, Task, TaskState
from hailuo_widgets.providers.minimax import CODES

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
        """`POST /hailuo/videos`; MiniMax-H3 goes to `POST /minimax/videos`, in MiniMax's form."""
        if minimax_v2.speaks(row.model):
            h3 = {**minimax_v2.body(request, row), "async": True}
            reply = yield HttpCall("POST", "/minimax/videos", json=h3, paying=True)
            return minimax_v2.submitted(reply, row, _H3)
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
        """`POST /hailuo/tasks`, one id; `POST /minimax/tasks` for MiniMax-H3."""
        if minimax_v2.speaks(task.model):
            reply = yield HttpCall("POST", "/minimax/tasks", json={"action": "retrieve", "id": task.id})
            if reply.status < 400 and reply.json() is None:
                raise NotFoundError("AceDataCloud does not know this task.", http_status=reply.status)
            answer = fields.mapping(reply.json()) if reply.status < 300 else {}
            if (
                "task" not in answer and {"request", "response"} & answer.keys()
            ):  # in the form that its other tasks have
                return _state(task, reply, answer)
            return minimax_v2.answered(task, reply, _H3)
        # The seed's page sends the id alone; the newer guide names the action.
        reply = yield HttpCall("POST", "/hailuo/tasks", json={"action": "retrieve", "id": task.id})
        if reply.status < 400 and reply.json() is None:
            raise NotFoundError("AceDataCloud does not know this task.", http_status=reply.status)
        return _state(task, reply, answers.answered(reply, _POLL_CODES))

    def poll_many(self, tasks: Sequence[Task]) -> Flow[list[TaskState]]:
        """`POST /hailuo/tasks` and `POST /minimax/tasks`, many ids."""
        states = []
        for path, some in _by_path(tasks):
            ids = [task.id for task in some]
            reply = yield HttpCall("POST", path, json={"action": "retrieve_batch", "ids": ids})
            answer = answers.answered(reply, _CODES)
            if not isinstance(answer.get("items"), list):
                raise VendorFaultError("AceDataCloud's answer lists no tasks.", http_status=reply.status)
            records = {name: each for each in answer["items"] if (name := _named(fields.mapping(each)))}
            known = [task for task in some if task.id in records]
            states += [_listed(task, reply, fields.mapping(records[task.id])) for task in known]
        return [state for state in states if state is not None]


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


_H3 = minimax_v2.Route({**CODES, **_CODES}, said=answers.said)


def _by_path(tasks: Sequence[Task]) -> list[tuple[str, list[Task]]]:
    """Each generation of models has a path of its own."""
    h3 = [task for task in tasks if minimax_v2.speaks(task.model)]
    others = [task for task in tasks if task not in h3]
    return [(path, some) for path, some in (("/hailuo/tasks", others), ("/minimax/tasks", h3)) if some]


def _named(record: Mapping[str, Any]) -> str:
    return fields.text(record.get("id")) or fields.text(fields.mapping(record.get("task")).get("id"))


def _listed(task: Task, reply: HttpReply, record: Mapping[str, Any]) -> TaskState | None:
    if not minimax_v2.speaks(task.model):
        return _state(task, reply, record)
    inner = fields.mapping(record.get("task")) or record
    return minimax_v2.state_or_none(task, inner, reply, _H3)
