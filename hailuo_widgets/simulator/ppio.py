"""PPIO's wire, which is Novita's too: `/v3/async/<model>` and `/v3/async/task-result`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .exchange import (
    Call,
    Endpoint,
    ErrorKind,
    Refusal,
    Reply,
    Vendor,
    flag_fields,
    image_field,
    length_fields,
    text_field,
)
from .images import clip_size
from .tasks import DrawOrder, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .tasks import SimTask

URL_SECONDS = 3600
"""How long a result URL lives; the wire says it as a string, `video_url_ttl` (PPIO, Minimax Hailuo-02)."""

_TASK_TYPES = {
    "minimax-hailuo-02": "MINIMAX_HAILUO_02",
    "minimax-hailuo-2.3-t2v": "MINIMAX_HAILUO_2.3_T2V",
    "minimax-hailuo-2.3-i2v": "MINIMAX_HAILUO_2.3_I2V",
    "minimax-hailuo-2.3-fast-i2v": "MINIMAX_HAILUO_2.3_FAST_I2V",
}
"""With the order behind it, as users have recorded it: MINIMAX_HAILUO_02_6S_768P."""
_WORDS = {
    State.PREPARING: "TASK_STATUS_QUEUED",
    State.QUEUEING: "TASK_STATUS_QUEUED",
    State.RUNNING: "TASK_STATUS_PROCESSING",
    State.SUCCEEDED: "TASK_STATUS_SUCCEED",
    State.FAILED: "TASK_STATUS_FAILED",
    State.CANCELLED: "TASK_STATUS_FAILED",
}
_REFUSALS = {
    ErrorKind.NO_KEY: (400, "MISSING_API_KEY", "missing api key"),
    ErrorKind.BAD_KEY: (403, "INVALID_API_KEY", "invalid api key"),
    ErrorKind.RATE_LIMITED: (429, "RATE_LIMIT_EXCEEDED", "rate limit exceeded"),
    ErrorKind.NO_BALANCE: (400, "BILLING_BALANCE_NOT_ENOUGH", "not enough balance"),
    ErrorKind.SENSITIVE_INPUT: (400, "ILLEGAL_PROMPT", "the prompt contains illegal content"),
    ErrorKind.SERVER_ERROR: (500, "CREATE_TASK_FAILED", "create task failed"),
    ErrorKind.BAD_REQUEST: (400, "INVALID_REQUEST_BODY", "invalid request body"),
    ErrorKind.BAD_IMAGE_FORMAT: (400, "INVALID_IMAGE_FORMAT", "invalid image format"),
    ErrorKind.IMAGE_TOO_HEAVY: (400, "IMAGE_FILE_EXCEEDS_MAX_SIZE", "image file exceeds max size"),
    ErrorKind.BAD_IMAGE_SIZE: (400, "INVALID_IMAGE_SIZE", "invalid image size"),
    ErrorKind.UNKNOWN_TASK: (404, "TASK_NOT_FOUND", "task not found"),
}
_FAILURES = {
    "input": "ILLEGAL_PROMPT",
    "output": "the generated video contains illegal content",
    "internal": "TASK_FAILED",
}


class Ppio(Vendor):
    """`api.ppio.com`, `api.ppinfra.com`, `api.novita.ai`."""

    name = "ppio"
    bare_keys = True

    def endpoints(self) -> Sequence[Endpoint]:
        """One path a model, one for all results."""
        return [
            Endpoint("GET", "/v3/async/task-result", "poll", self._result),
            Endpoint("POST", "/v3/async/{route}", "submit", self._submit),
        ]

    def refuse(self, problem: ErrorKind, text: str = "") -> Reply:
        """Status, reason, message, metadata."""
        status, reason, message = _REFUSALS.get(problem, _REFUSALS[ErrorKind.BAD_REQUEST])
        return self._error(status, reason, text or message)

    @staticmethod
    def _error(status: int, reason: str, message: str) -> Reply:
        return Reply({"code": status, "reason": reason, "message": message, "metadata": {}}, status)

    async def _submit(self, call: Call) -> Reply:
        route = call.params["route"]
        if route not in _TASK_TYPES:
            return self._error(404, "API_NOT_FOUND", "api not found")
        order = self._check(call.body, route)
        task_id = self.sim.fresh_id(self.sim.new_uuid)
        return Reply({"task_id": self.sim.create(self.name, call, task_id=task_id, model=route, order=order).id})

    @staticmethod
    def _check(body: dict[str, Any], route: str) -> DrawOrder:
        prompt = text_field(body, "prompt", most=2000, required=True)
        first = last = None
        if route == "minimax-hailuo-02":
            # The first schema says `image_url`, the present one `image` and `end_image`; both are served.
            first = image_field(body, "image") or image_field(body, "image_url", data_urls=False)
            last = image_field(body, "end_image")
        elif route.endswith("i2v"):
            first = image_field(body, "image", required=True)
        if route == "minimax-hailuo-2.3-fast-i2v" and "fast_pretreatment" in body:
            raise Refusal(ErrorKind.BAD_REQUEST, "fast_pretreatment is not supported by this model")
        flag_fields(body, "enable_prompt_expansion", "fast_pretreatment", "aigc_watermark")
        duration, resolution = length_fields(body, ("768P", "1080P"))
        return DrawOrder(prompt, *clip_size(resolution, first or last), duration, first, last)

    async def _result(self, call: Call) -> Reply:
        task = self.find(call, call.query.get("task_id"))
        if task is None:
            raise Refusal(ErrorKind.UNKNOWN_TASK)
        self.sim.look(task, polled=True)
        return Reply(self._body(task, call.base_url))

    def _body(self, task: SimTask, base_url: str) -> dict[str, Any]:
        now = self.sim.clock()
        videos = []
        if task.state is State.SUCCEEDED:
            url = self.sim.files.url(task, base_url, now + URL_SECONDS)
            videos.append(
                {
                    "video_url": url,
                    "video_url_ttl": str(URL_SECONDS),
                    "video_type": "mp4",
                    "nsfw_detection_result": None,
                }
            )
        order = f"{task.order.duration}S_{task.request.get('resolution') or '768P'}"
        return {
            "extra": {},
            "task": {
                "task_id": task.id,
                "task_type": f"{_TASK_TYPES[task.model]}_{order}",
                "status": _WORDS[task.state],
                "reason": _FAILURES[task.failure] if task.state is State.FAILED and task.failure else "",
                "eta": 0,
                "progress_percent": 0 if task.state is State.SUCCEEDED else task.progress(now),
            },
            "images": [],
            "videos": videos,
            "audios": [],
        }
