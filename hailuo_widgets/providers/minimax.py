"""MiniMax, v1: submit, query, and one more step from the file's id to its URL. MiniMax-H3 goes by v2."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import (
    AuthenticationError,
    BalanceError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    VendorFaultError,
)
from hailuo_widgets.providers import answers, fields, minimax_v2
from hailuo_widgets.providers.base import Flow, HttpCall, Phase, Provider, Remains, Task, TaskState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hailuo_widgets.spec.catalog import ModelSpec
    from hailuo_widgets.spec.request import VideoRequest

_WORDS = {
    "preparing": Phase.QUEUED,
    "queueing": Phase.QUEUED,
    "processing": Phase.RUNNING,
    "success": Phase.SUCCEEDED,
    "fail": Phase.FAILED,
    "failed": Phase.FAILED,  # the callbacks' spelling
}

# MiniMax, Error codes: base_resp.status_code.
CODES: answers.Codes = {
    "1000": VendorFaultError,
    "1001": VendorFaultError,
    "1002": RateLimitError,
    "1004": AuthenticationError,
    "1008": BalanceError,
    "1013": VendorFaultError,
    "1024": VendorFaultError,
    "1026": answers.content_input,
    "1027": answers.content_output,
    "1033": VendorFaultError,
    "1039": RateLimitError,
    "1041": RateLimitError,
    "1042": InvalidRequestError,
    "2013": InvalidRequestError,
    "2038": AuthenticationError,
    "2045": RateLimitError,
    "2049": AuthenticationError,
    # The plan lacks the model; in a public report of MiniMax's own MCP server only, as no page lists it.
    "2061": partial(
        BalanceError, hint="Your plan doesn't include this model: use a pay-as-you-go key or another model."
    ),
    "2056": partial(BalanceError, retryable=True),  # "plan usage limit": a new window opens every five hours
}
_V2 = minimax_v2.Route(CODES)
_POLL_CODES = {**CODES, "2013": NotFoundError}  # the only parameter of a query is the id
_MODERATED = {"1026", "1027"}

_WIRE_NAMES = {
    "duration": "duration",
    "resolution": "resolution",
    "prompt_optimizer": "prompt_optimizer",
    "fast_pretreatment": "fast_pretreatment",
    "watermark": "aigc_watermark",
    "callback_url": "callback_url",
}


class MiniMax(Provider):
    """MiniMax's own API (MiniMax, Video Generation API)."""

    name = "minimax"
    cancellable = True
    tells_remains = True

    def submit(self, request: VideoRequest, row: ModelSpec) -> Flow[TaskState]:
        """`POST /v1/video_generation`."""
        if minimax_v2.speaks(row.model):
            return (yield from minimax_v2.submit(request, row, _V2))
        reply = yield HttpCall("POST", "/v1/video_generation", json=_body(request, row), paying=True)
        task_id, answer = answers.submitted(reply, CODES, _said)
        return TaskState(Task(task_id, row.model), Phase.QUEUED, raw=answer)

    def poll(self, task: Task) -> Flow[TaskState]:
        """`GET /v1/query/video_generation`, and `GET /v1/files/retrieve` once it succeeded."""
        if minimax_v2.speaks(task.model):
            return (yield from minimax_v2.poll(task, _V2))
        reply = yield HttpCall("GET", "/v1/query/video_generation", params={"task_id": task.id})
        answer = answers.answered(reply, _POLL_CODES, _said)
        word = fields.text(answer.get("status"))
        phase = fields.phase(word, _WORDS)
        code, message = _said(answer)
        if phase is Phase.FAILED or (code in _MODERATED and word.casefold() not in _WORDS):
            reason = (code, message) if code not in {"", "0"} else ("", "")
            return TaskState(task, Phase.FAILED, word, error=answers.failure(reply, *reason, CODES), raw=answer)
        answers.refused(reply, answer, _POLL_CODES, _said)
        if phase is not Phase.SUCCEEDED:
            return TaskState(task, phase, word, raw=answer)
        file_id = fields.text(answer.get("file_id"))  # a string here, an integer in files/retrieve
        if not file_id.strip("0"):
            raise VendorFaultError("The clip is done, but its file has no id yet.", http_status=reply.status)
        reply = yield HttpCall("GET", "/v1/files/retrieve", params={"file_id": file_id})
        found = answers.answered(reply, _POLL_CODES, _said)
        answers.refused(reply, found, _POLL_CODES, _said)
        file = fields.mapping(found.get("file"))
        url = fields.clip_url(file.get("download_url"), reply)
        return TaskState(task, phase, word, progress=1.0, url=url, raw={**answer, "file": file})

    def batch_of(self, model: str) -> int:
        """Only v2 has a list."""
        return minimax_v2.BATCH if minimax_v2.speaks(model) else 1

    def poll_many(self, tasks: Sequence[Task]) -> Flow[list[TaskState]]:
        """A page of v2's list; v1's tasks one by one."""
        if all(minimax_v2.speaks(task.model) for task in tasks):
            return (yield from minimax_v2.poll_many(tasks, _V2))
        return (yield from super().poll_many(tasks))

    def can_find(self, model: str) -> bool:
        """Only v2 has a list."""
        return minimax_v2.speaks(model)

    def candidates(self, request: VideoRequest, row: ModelSpec, since: float) -> Flow[list[TaskState]]:
        """By v2's list."""
        if minimax_v2.speaks(row.model):
            return (yield from minimax_v2.candidates(request, row, since, _V2))
        return []

    def remains(self) -> Flow[tuple[Remains, ...]]:
        """`GET /v1/token_plan/remains`, which MiniMax's own command line asks too. A key without a plan gets a 1004."""
        reply = yield HttpCall("GET", "/v1/token_plan/remains")
        answer = answers.answered(reply, CODES, _said)
        if _said(answer)[0] == "1004":
            return ()
        answers.refused(reply, answer, CODES, _said)
        rows = answer.get("model_remains")
        found = [_remains(fields.mapping(row)) for row in (rows if isinstance(rows, list) else [])[:100]]
        return tuple(each for each in found if each is not None)

    def can_cancel(self, task: Task) -> bool:
        """Only v2 cancels."""
        return minimax_v2.speaks(task.model)

    def cancel(self, task: Task) -> Flow[TaskState]:
        """`DELETE /v2/video_generation/{id}` for MiniMax-H3; a v1 task goes on."""
        if self.can_cancel(task):
            return (yield from minimax_v2.cancel(task, _V2))
        return (yield from self.poll(task))


def _remains(row: Mapping[str, Any]) -> Remains | None:
    """One row of the plan; None where it holds no clips.

    `usage_count` is what is left in some answers and what is used in others; the percentage is clear, so it decides.
    """
    name = fields.text(row.get("model_name"))
    total = fields.number(row.get("current_interval_total_count"))
    count = fields.number(row.get("current_interval_usage_count"))
    percent = fields.number(row.get("current_interval_remaining_percent"))
    if not name or (not total and row.get("current_interval_status") == _NO_QUOTA):
        return None
    left = count if percent is None else (total or 0) * percent / 100
    end = fields.number(row.get("end_time"))
    return Remains(
        name,
        round(left) if total and left is not None else None,
        round(total) if total else None,
        percent,
        end / 1000 if end else None,
    )


_NO_QUOTA = 3
"""The status of a model that the plan does not count or does not have."""


def _body(request: VideoRequest, row: ModelSpec) -> dict[str, Any]:
    body: dict[str, Any] = {"model": row.wire_model}
    if request.prompt:
        body["prompt"] = request.prompt
    if request.first_frame:
        body["first_frame_image"] = request.first_frame.to_wire()
    if request.last_frame:
        body["last_frame_image"] = request.last_frame.to_wire()
    if request.subject:
        body["subject_reference"] = [{"type": "character", "image": [request.subject.to_wire()]}]
    return body | fields.chosen(request, _WIRE_NAMES)


def _said(answer: Mapping[str, Any]) -> tuple[str, str]:
    """v1 refuses with HTTP 200 and a code in `base_resp`."""
    base = fields.mapping(answer.get("base_resp"))
    return fields.text(base.get("status_code")), fields.text(base.get("status_msg"))
