"""MiniMax, v1: submit, query, and one more step from the file's id to its URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import (
    AuthenticationError,
    BalanceError,
    InvalidRequestError,
    RateLimitError,
    VendorError,
    VendorFaultError,
)
from hailuo_widgets.providers import fields
from hailuo_widgets.providers.base import Flow, HttpCall, HttpReply, Phase, Provider, Task, TaskState

if TYPE_CHECKING:
    from hailuo_widgets.providers.fields import ErrorKind
    from hailuo_widgets.spec.catalog import Row
    from hailuo_widgets.spec.request import VideoRequest

_WORDS = {
    "preparing": Phase.QUEUED,
    "queueing": Phase.QUEUED,
    "processing": Phase.RUNNING,
    "success": Phase.SUCCEEDED,
    "fail": Phase.FAILED,
    "failed": Phase.FAILED,  # the callbacks' spelling
}

# MiniMax, Error codes: base_resp.status_code. v1 errors come with HTTP 200.
_CODES: dict[str, ErrorKind] = {
    "1000": VendorFaultError,
    "1001": VendorFaultError,
    "1002": RateLimitError,
    "1004": AuthenticationError,
    "1008": BalanceError,
    "1013": VendorFaultError,
    "1024": VendorFaultError,
    "1033": VendorFaultError,
    "1026": fields.content_input,
    "1027": fields.content_output,
    "1039": RateLimitError,
    "1041": RateLimitError,
    "1042": InvalidRequestError,
    "2013": InvalidRequestError,
    "2038": AuthenticationError,
    "2045": RateLimitError,
    "2049": AuthenticationError,
    "2056": BalanceError,
}


class MiniMax(Provider):
    """MiniMax's own API (MiniMax, Video Generation API, v1)."""

    name = "minimax"

    def submit(self, request: VideoRequest, row: Row) -> Flow[TaskState]:
        """`POST /v1/video_generation`."""
        reply = yield HttpCall("POST", "/v1/video_generation", json=_body(request, row), paying=True)
        answer = _checked(reply)
        return TaskState(Task(fields.task_id(answer.get("task_id"), reply), row.model), Phase.QUEUED, raw=answer)

    def poll(self, task: Task) -> Flow[TaskState]:
        """`GET /v1/query/video_generation`, and `GET /v1/files/retrieve` once it succeeded."""
        reply = yield HttpCall("GET", "/v1/query/video_generation", params={"task_id": task.id})
        answer = reply.object()
        word = fields.text(answer.get("status"))
        phase = fields.phase(word, _WORDS)
        if phase is Phase.FAILED:  # base_resp then says why: 1026, 1027, or 0 and nothing more
            return TaskState(task, phase, word, error=_failure(reply, answer), raw=answer)
        _checked(reply)
        if phase is not Phase.SUCCEEDED:
            return TaskState(task, phase, word, raw=answer)
        reply = yield HttpCall("GET", "/v1/files/retrieve", params={"file_id": fields.text(answer.get("file_id"))})
        file = fields.mapping(_checked(reply).get("file"))
        url = fields.web_url(file.get("download_url"))
        if url is None:
            raise VendorFaultError(
                "The clip is done, but its address is missing.", http_status=reply.status, task_id=task.id
            )
        return TaskState(task, phase, word, progress=1.0, url=url, raw={**answer, "file": file})


def _body(request: VideoRequest, row: Row) -> dict[str, Any]:
    body: dict[str, Any] = {"model": row.wire_model}
    if request.prompt:
        body["prompt"] = request.prompt
    if request.first_frame:
        body["first_frame_image"] = request.first_frame.to_wire()
    if request.last_frame:
        body["last_frame_image"] = request.last_frame.to_wire()
    if request.subject:
        body["subject_reference"] = [{"type": "character", "image": [request.subject.to_wire()]}]
    wire_names = {"watermark": "aigc_watermark"}
    for name in (
        "duration",
        "resolution",
        "prompt_optimizer",
        "fast_pretreatment",
        "watermark",
        "callback_url",
    ):
        if (value := getattr(request, name)) is not None:
            body[wire_names.get(name, name)] = value
    return body


def _checked(reply: HttpReply) -> dict[str, Any]:
    answer = reply.object()
    base = fields.mapping(answer.get("base_resp"))
    code = fields.text(base.get("status_code"))
    if reply.status >= 400 or code not in ("", "0"):
        raise fields.error_of(reply, code=code, message=fields.text(base.get("status_msg")), known=_CODES)
    return answer


def _failure(reply: HttpReply, answer: dict[str, Any]) -> VendorError:
    base = fields.mapping(answer.get("base_resp"))
    code = fields.text(base.get("status_code"))
    message = fields.text(base.get("status_msg"))
    known: dict[str, ErrorKind] = {**_CODES, "0": VendorFaultError, "": VendorFaultError}
    return fields.error_of(
        reply, code=code, message=message if code not in ("", "0") else "The task failed.", known=known
    )
