"""PPIO and its twin Novita AI: a path for each model, one path for all results."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import (
    AuthenticationError,
    BalanceError,
    Charged,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    VendorFaultError,
)
from hailuo_widgets.providers import answers, fields, minimax_v2
from hailuo_widgets.providers.base import Flow, HttpCall, Phase, Provider, Task, TaskState
from hailuo_widgets.providers.minimax import CODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hailuo_widgets.spec.catalog import ModelSpec
    from hailuo_widgets.spec.request import VideoRequest

_WORDS = {
    "task_status_queued": Phase.QUEUED,
    "task_status_processing": Phase.RUNNING,
    "task_status_succeed": Phase.SUCCEEDED,
    "task_status_failed": Phase.FAILED,
}

# PPIO, Error codes of the image, video and audio APIs; the last three are the same vendor's other surfaces'.
_REASONS: answers.Codes = {
    "INVALID_REQUEST_BODY": InvalidRequestError,
    "MISSING_API_KEY": AuthenticationError,
    "BILLING_BALANCE_NOT_ENOUGH": BalanceError,  # 400 at PPIO, 403 at Novita
    "ILLEGAL_PROMPT": answers.content_input,
    "ILLEGAL_IMAGE_CONTENT": answers.content_input,
    "IMAGE_FILE_EXCEEDS_MAX_SIZE": InvalidRequestError,
    "INVALID_IMAGE_FORMAT": InvalidRequestError,
    "IMAGE_EXCEEDS_MAX_RESOLUTION": InvalidRequestError,
    "INVALID_IMAGE_SIZE": InvalidRequestError,
    "IMAGE_NO_FACE_DETECTED": InvalidRequestError,
    "INVALID_CUSTOM_OUTPUT_PATH": InvalidRequestError,
    "INVALID_AUDIO_FILE": InvalidRequestError,
    "INVALID_API_KEY": AuthenticationError,
    "BILLING_AUTH_FAILED": AuthenticationError,
    "FEATURE_NOT_ALLOWED": AuthenticationError,
    "API_NOT_ALLOWED": AuthenticationError,
    "NEED_REAL_NAME_VERIFY": AuthenticationError,
    "API_NOT_FOUND": NotFoundError,
    "TASK_NOT_FOUND": NotFoundError,
    "RATE_LIMIT_EXCEEDED": RateLimitError,
    "BILLING_FAILED": VendorFaultError,
    # The vendor itself says that no task came to be, and it is tasks that are charged.
    "CREATE_TASK_FAILED": partial(VendorFaultError, charged=Charged.NO),
    "GET_RESULT_FAILED": VendorFaultError,
    "TASK_FAILED": VendorFaultError,
    "FAILED_TO_AUTH": AuthenticationError,
    "NOT_ENOUGH_BALANCE": BalanceError,
    "SERVICE_NOT_AVAILABLE": VendorFaultError,
}

_WIRE_NAMES = {
    "duration": "duration",
    "resolution": "resolution",
    "prompt_optimizer": "enable_prompt_expansion",
    "fast_pretreatment": "fast_pretreatment",
    "watermark": "aigc_watermark",
}


class Ppio(Provider):
    """PPIO's asynchronous video API (PPIO, Minimax Hailuo-02; Query task result)."""

    name = "ppio"

    def submit(self, request: VideoRequest, row: ModelSpec) -> Flow[TaskState]:
        """`POST /v3/async/{model}`; MiniMax-H3 on MiniMax's own second wire."""
        if minimax_v2.speaks(row.model):
            return (yield from minimax_v2.submit(request, row, _H3))
        body: dict[str, Any] = {}
        if request.first_frame:
            body["image"] = (
                request.first_frame.to_wire()
            )  # `image_url` on PPIO's first page; both vendors now say `image`
        if request.last_frame:
            body["end_image"] = request.last_frame.to_wire()
        body |= {"prompt": request.prompt, **fields.chosen(request, _WIRE_NAMES)}
        reply = yield HttpCall("POST", f"/v3/async/{row.wire_model}", json=body, paying=True)
        task_id, answer = answers.submitted(reply, _REASONS, _said)
        return TaskState(Task(task_id, row.model), Phase.QUEUED, raw=answer)

    def poll(self, task: Task) -> Flow[TaskState]:
        """`GET /v3/async/task-result`; for MiniMax-H3 MiniMax's own query."""
        if minimax_v2.speaks(task.model):
            return (yield from minimax_v2.poll(task, _H3))
        reply = yield HttpCall("GET", "/v3/async/task-result", params={"task_id": task.id})
        answer = answers.answered(reply, _REASONS, _said)
        state = fields.mapping(answer.get("task"))
        word = fields.text(state.get("status"))
        phase = fields.phase(word, _WORDS)
        if phase is Phase.FAILED:
            reason = fields.text(state.get("reason"))
            error = answers.failure(reply, reason if reason in _REASONS else "", reason, _REASONS)
            return TaskState(task, phase, word, error=error, raw=answer)
        progress = fields.percent(state.get("progress_percent"))
        if phase is Phase.SUCCEEDED:
            clip = fields.mapping(next(iter(fields.items(answer.get("videos"))), None))
            url = fields.clip_url(clip.get("video_url"), reply)
            return TaskState(task, phase, word, progress=1.0, url=url, raw=answer)
        return TaskState(task, phase, word, progress=progress, eta=fields.seconds(state.get("eta")), raw=answer)


class Novita(Ppio):
    """The same wire, sold outside China (Novita AI, Minimax Hailuo-02)."""

    name = "novita"


def _said(answer: Mapping[str, Any]) -> tuple[str, str]:
    """`{"code": 400, "reason": "NAME", "message": …}`; the vendor's own command line expects `error.code` instead."""
    code, message = answers.said(answer)
    reason = fields.text(answer.get("reason"))
    return reason or code or fields.text(answer.get("code")), fields.text(answer.get("message")) or message


# What MiniMax answers comes through as it is; what PPIO itself refuses comes in PPIO's form.
_H3 = minimax_v2.Route({**CODES, **_REASONS}, "/v3/minimax", _said)
