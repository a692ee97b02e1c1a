"""EvoLink's wire: `/v1/videos/generations` and `/v1/tasks/{id}`."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

from .exchange import (
    Call,
    Endpoint,
    ErrorKind,
    Refusal,
    Reply,
    Vendor,
    choice_field,
    image_field,
    invalid,
    length_fields,
    text_field,
)
from .images import clip_size
from .tasks import DrawOrder, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .tasks import SimTask

URL_SECONDS = 24 * 3600
"""How long a result link lives after the task has completed (EvoLink, task query)."""

_MOST_IMAGES = {"MiniMax-Hailuo-02": 2, "MiniMax-Hailuo-2.3": 1, "MiniMax-Hailuo-2.3-Fast": 1}
_ID_PREFIX = "task-unified-"
_ID_LETTERS = string.ascii_lowercase + string.digits
_WORDS = {
    State.PREPARING: "pending",
    State.QUEUEING: "pending",
    State.RUNNING: "processing",
    State.SUCCEEDED: "completed",
    State.FAILED: "failed",
    State.CANCELLED: "failed",
}
_REFUSALS = {
    ErrorKind.NO_KEY: (401, "unauthorized", "authentication_error", "Invalid or missing API key"),
    ErrorKind.BAD_KEY: (401, "unauthorized", "authentication_error", "Invalid or expired API key"),
    ErrorKind.RATE_LIMITED: (
        429,
        "rate_limit_exceeded",
        "rate_limit_error",
        "Too many requests, please try again later",
    ),
    ErrorKind.NO_BALANCE: (
        402,
        "insufficient_quota",
        "insufficient_quota",
        "Insufficient quota. Please top up your account.",
    ),
    ErrorKind.SENSITIVE_INPUT: (
        400,
        "content_policy_violation",
        "invalid_request_error",
        "Content violates the policy",
    ),
    ErrorKind.SERVER_ERROR: (500, "internal_error", "api_error", "Internal server error, please try again later"),
    ErrorKind.BAD_REQUEST: (400, "invalid_request", "invalid_request_error", "Invalid request parameters"),
    ErrorKind.UNKNOWN_TASK: (404, "resource_not_found", "invalid_request_error", "Task not found"),
    ErrorKind.BAD_TASK_ID: (400, "invalid_task_id", "invalid_request_error", "Task ID must start with 'task-unified-'"),
}
_FAILURES = {
    "input": ("content_policy_violation", "The prompt violates the content policy"),
    "output": ("content_policy_violation", "The generated content violates the content policy"),
    "internal": ("service_error", "The service failed to generate the video"),
}
# EvoLink's OpenAPI of Hailuo 2.3 and 2.3-Fast; Hailuo 02's page names none.
_MODEL_PARAMS = {
    "MiniMax-Hailuo-2.3": ("prompt_optimizer", "fast_pretreatment"),
    "MiniMax-Hailuo-2.3-Fast": ("prompt_optimizer",),
}


class EvoLink(Vendor):
    """`api.evolink.ai`."""

    name = "evolink"

    def endpoints(self) -> Sequence[Endpoint]:
        """Create and query."""
        return [
            Endpoint("POST", "/v1/videos/generations", "submit", self._submit),
            Endpoint("GET", "/v1/tasks/{task_id}", "poll", self._query),
        ]

    def refuse(self, problem: ErrorKind, text: str = "") -> Reply:
        """An error in the manner of OpenAI's."""
        status, code, kind, message = _REFUSALS.get(problem, _REFUSALS[ErrorKind.BAD_REQUEST])
        return Reply({"error": {"code": code, "message": text or message, "type": kind}}, status)

    def _new_id(self) -> str:
        return f"{_ID_PREFIX}{int(self.sim.clock())}-{''.join(self.sim.random.choices(_ID_LETTERS, k=8))}"

    async def _submit(self, call: Call) -> Reply:
        order = self._check(call.body)
        task_id = self.sim.fresh_id(self._new_id)
        notes = {"base_url": call.base_url}
        task = self.sim.create(self.name, call, task_id=task_id, model=call.body["model"], order=order, notes=notes)
        if callback := call.body.get("callback_url"):
            self.sim.tell(task, callback, self._body)
        return Reply(self._head(task))

    def _check(self, body: dict[str, Any]) -> DrawOrder:
        model = choice_field(body, "model", tuple(_MOST_IMAGES))
        images = body.get("image_urls")
        if not isinstance(images, list | None):
            raise invalid("image_urls must be an array")
        images = images or []
        if len(images) > _MOST_IMAGES[model]:
            raise invalid(f"image_urls must not have more than {_MOST_IMAGES[model]} items for {model}")
        if model == "MiniMax-Hailuo-2.3-Fast" and not images:
            raise invalid(f"{model} requires exactly 1 image in image_urls")
        frames = [image_field({"image_urls": each}, "image_urls", data_urls=False, required=True) for each in images]
        first, last = (*frames, None, None)[:2]
        prompt = text_field(body, "prompt", most=2000, required=not images)
        small = ("512p",) if model == "MiniMax-Hailuo-02" and len(images) == 1 else ()
        duration, quality = length_fields(body, (*small, "768p", "1080p"), "quality")
        if not isinstance(body.get("model_params"), dict | None):
            raise invalid("model_params must be an object")
        for name, value in (body.get("model_params") or {}).items():
            if name not in _MODEL_PARAMS.get(model, ()):
                raise invalid(f"model_params.{name} is not supported by {model}")
            if not isinstance(value, bool):
                raise invalid(f"model_params.{name} must be a boolean")
        if body.get("callback_url") and not self.sim.callbacks.allowed(body["callback_url"]):
            raise invalid("callback_url must be an https URL")
        return DrawOrder(prompt, *clip_size(quality.upper(), first), duration, first, last)

    async def _query(self, call: Call) -> Reply:
        task_id = call.params["task_id"]
        if not task_id.startswith(_ID_PREFIX):
            raise Refusal(ErrorKind.BAD_TASK_ID)
        task = self.find(call, task_id)
        if task is None:
            raise Refusal(ErrorKind.UNKNOWN_TASK)
        self.sim.look(task, polled=True)
        return Reply(self._body(task))

    def _head(self, task: SimTask) -> dict[str, Any]:
        return {
            "created": int(task.created),
            "id": task.id,
            "model": task.model,
            "object": "video.generation.task",
            "progress": task.progress(self.sim.clock()),
            "status": _WORDS[task.state],
        }

    def _body(self, task: SimTask) -> dict[str, Any]:
        body = self._head(task)
        if task.state is State.SUCCEEDED:
            expires = (task.ended or task.created) + URL_SECONDS
            body["results"] = [self.sim.files.url(task, task.notes["base_url"], expires)]
        body |= {"task_info": {"can_cancel": False}, "type": "video"}
        if task.failure and task.state is State.FAILED:
            code, message = _FAILURES[task.failure]
            body["error"] = {"code": code, "message": message}
        return body
