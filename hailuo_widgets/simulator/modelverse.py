"""UCloud Modelverse's wire: `/v1/tasks/submit` and `/v1/tasks/status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .exchange import (
    Call,
    Endpoint,
    ErrorKind,
    Refusal,
    Reply,
    Vendor,
    choice_field,
    flag_fields,
    image_field,
    invalid,
    length_fields,
    text_field,
)
from .files import TEN_YEARS
from .images import clip_size
from .tasks import DrawOrder, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .tasks import SimTask

_MODELS = ("MiniMax-Hailuo-2.3", "MiniMax-Hailuo-2.3-Fast", "MiniMax-Hailuo-02")
_WORDS = {
    State.PREPARING: "Pending",
    State.QUEUEING: "Pending",
    State.RUNNING: "Running",
    State.SUCCEEDED: "Success",
    State.FAILED: "Failure",
    State.CANCELLED: "Failure",
}
_REFUSALS = {
    ErrorKind.NO_KEY: (401, "invalid_request_error", "auth_error", "Validate Certification failed"),
    ErrorKind.BAD_KEY: (401, "invalid_request_error", "auth_error", "Validate Certification failed"),
    ErrorKind.RATE_LIMITED: (429, "rate_limit_error", "rate_limit", "Rate limit exceeded"),
    ErrorKind.NO_BALANCE: (403, "permission_error", "forbidden", "quota exceeded"),
    ErrorKind.SENSITIVE_INPUT: (400, "invalid_request_error", "sensitive_check_error", "Sensitive content detected"),
    ErrorKind.SERVER_ERROR: (500, "internal_error", "internal_error", "Internal server error"),
    ErrorKind.BAD_REQUEST: (400, "invalid_request_error", "param_error", "Invalid parameter"),
    ErrorKind.UNKNOWN_TASK: (400, "invalid_request_error", "param_error", "task_id not found"),
}
_FAILURES = {
    "input": "code=InputSensitive, message=input new_sensitive",
    "output": "code=OutputSensitive, message=output new_sensitive",
    "internal": "code=InternalError, message=generation failed",
}


class Modelverse(Vendor):
    """`api.modelverse.cn`, `api.umodelverse.ai`."""

    name = "modelverse"
    bare_keys = True

    def endpoints(self) -> Sequence[Endpoint]:
        """Submit and status."""
        return [
            Endpoint("POST", "/v1/tasks/submit", "submit", self._submit),
            Endpoint("GET", "/v1/tasks/status", "poll", self._status),
        ]

    def refuse(self, problem: ErrorKind, text: str = "") -> Reply:
        """An error in the manner of OpenAI's; `param` is the request's uuid."""
        status, kind, code, message = _REFUSALS.get(problem, _REFUSALS[ErrorKind.BAD_REQUEST])
        error = {"message": text or message, "type": kind, "param": self.sim.new_uuid(), "code": code}
        return Reply({"error": error}, status)

    async def _submit(self, call: Call) -> Reply:
        order = self._check(call.body)
        task_id = self.sim.fresh_id(lambda: str(self.sim.random.randrange(10**14, 10**15)))
        task = self.sim.create(self.name, call, task_id=task_id, model=call.body["model"], order=order)
        return Reply({"output": {"task_id": task.id}, "request_id": self.sim.new_uuid()})

    @staticmethod
    def _check(body: dict[str, Any]) -> DrawOrder:
        model = choice_field(body, "model", _MODELS)
        words, parameters = body.get("input"), body.get("parameters")
        if not isinstance(words, dict):
            raise invalid("input is required")
        if parameters is None:
            parameters = {}
        if not isinstance(parameters, dict):
            raise invalid("parameters must be an object")
        prompt = text_field(words, "prompt", most=2000, required=True)
        first = image_field(words, "first_frame_image", required=model == "MiniMax-Hailuo-2.3-Fast")
        last = image_field(words, "last_frame_image")
        if last and model != "MiniMax-Hailuo-02":
            raise invalid(f"{model} does not support last_frame_image")
        flag_fields(parameters, "prompt_optimizer", "fast_pretreatment", "aigc_watermark")
        duration, resolution = length_fields(parameters, ("768P", "1080P"))
        return DrawOrder(prompt, *clip_size(resolution, first or last), duration, first, last)

    async def _status(self, call: Call) -> Reply:
        task = self.find(call, call.query.get("task_id"))
        if task is None:
            raise Refusal(ErrorKind.UNKNOWN_TASK)
        self.sim.look(task, polled=True)
        body = {
            "output": self._output(task, call.base_url),
            "usage": {"duration": task.order.duration},
            "request_id": "",
        }
        return Reply(body)

    def _output(self, task: SimTask, base_url: str) -> dict[str, Any]:
        output: dict[str, Any] = {"task_id": task.id, "task_status": _WORDS[task.state]}
        if task.state is State.SUCCEEDED:
            output["urls"] = [self.sim.files.url(task, base_url, task.created + TEN_YEARS)]
        output["submit_time"] = int(task.created)
        if task.state.ended:
            output["finish_time"] = int(task.ended or task.created)
        if task.failure and task.state is State.FAILED:
            output["error_message"] = _FAILURES[task.failure]
        return output
