"""UCloud Modelverse: one path for every model, which it keeps apart from its input and its parameters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hailuo_widgets.errors import (
    AuthenticationError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    VendorFaultError,
)
from hailuo_widgets.providers import answers, fields
from hailuo_widgets.providers.base import Flow, HttpCall, Phase, Provider, Task, TaskState

if TYPE_CHECKING:
    from hailuo_widgets.spec.catalog import ModelSpec
    from hailuo_widgets.spec.request import VideoRequest

_WORDS = {
    "pending": Phase.QUEUED,
    "running": Phase.RUNNING,
    "success": Phase.SUCCEEDED,
    "failure": Phase.FAILED,
    "cancelled": Phase.CANCELLED,  # on UCloud's Wan-2.7 page only
}

# UCloud Modelverse, Error codes.
_CODES: answers.Codes = {
    "param_error": InvalidRequestError,
    "sensitive_check_error": answers.content_input,
    "invalid_messages": InvalidRequestError,
    "model_error": AuthenticationError,  # "No permission to use the model"
    "tokens_too_long": InvalidRequestError,
    "auth_error": AuthenticationError,
    "forbidden": answers.forbidden,  # quota exceeded, or an address that is not on the list
    "timeout": VendorFaultError,
    "rate_limit": RateLimitError,
    "internal_error": VendorFaultError,
    "model_server_error": VendorFaultError,
    "gateway_timeout_error": VendorFaultError,
    "InvalidParameter": InvalidRequestError,  # in a failed task's message
}
_POLL_CODES = {**_CODES, "param_error": NotFoundError}  # the only parameter of a status call is the id
_FAILURE = re.compile(r"code=(\w+), *message=(.*)", re.DOTALL)

_WIRE_NAMES = {
    "duration": "duration",
    "resolution": "resolution",
    "prompt_optimizer": "prompt_optimizer",
    "fast_pretreatment": "fast_pretreatment",
    "watermark": "aigc_watermark",
}


class Modelverse(Provider):
    """UCloud's Modelverse (UCloud Modelverse, Hailuo-2.3-I2V). Its key goes bare or as Bearer; Bearer is sent."""

    name = "modelverse"

    def submit(self, request: VideoRequest, row: ModelSpec) -> Flow[TaskState]:
        """`POST /v1/tasks/submit`."""
        pictures = {"first_frame_image": request.first_frame, "last_frame_image": request.last_frame}
        body = {
            "model": row.wire_model,
            "input": {
                **{name: picture.to_wire() for name, picture in pictures.items() if picture},
                "prompt": request.prompt,
            },
            "parameters": fields.chosen(request, _WIRE_NAMES),
        }
        reply = yield HttpCall("POST", "/v1/tasks/submit", json=body, paying=True)
        task_id, answer = answers.submitted(reply, _CODES, places=(("output", "task_id"),))
        return TaskState(Task(task_id, row.model), Phase.QUEUED, raw=answer)

    def poll(self, task: Task) -> Flow[TaskState]:
        """`GET /v1/tasks/status`."""
        reply = yield HttpCall("GET", "/v1/tasks/status", params={"task_id": task.id})
        answer = answers.answered(reply, _POLL_CODES)
        output = fields.mapping(answer.get("output"))
        word = fields.text(output.get("task_status"))
        phase = fields.phase(word, _WORDS)
        if phase is Phase.FAILED:
            message = fields.text(output.get("error_message"))
            coded = _FAILURE.search(message)
            code, words = coded.groups() if coded else ("", message)
            error = answers.failure(reply, code, words, _CODES)
            return TaskState(task, phase, word, error=error, raw=answer)
        if phase is Phase.SUCCEEDED:
            url = fields.clip_url(next(iter(fields.items(output.get("urls"))), None), reply)
            return TaskState(task, phase, word, progress=1.0, url=url, raw=answer)
        return TaskState(task, phase, word, raw=answer)
