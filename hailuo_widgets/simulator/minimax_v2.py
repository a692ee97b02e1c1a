"""MiniMax's v2 wire (MiniMax-H3): content items in, a direct URL out, errors with real HTTP codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .exchange import Call, Endpoint, ErrorKind, Refusal, Reply, choice_field, image_field, invalid
from .images import clip_size
from .minimax_v1 import URL_SECONDS, MiniMaxAccount
from .tasks import DrawOrder, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .tasks import SimTask

MOST_PROMPT = 7000
KNOWN_SECONDS = 7 * 86_400
"""Older tasks are unknown (MiniMax, H3 query)."""

_RESOLUTIONS = {
    "MiniMax-H3": ("768P", "2K"),
    "MiniMax-H3-Max": ("480P", "768P"),
    "MiniMax-H3-Highspeed": ("768P",),
    "MiniMax-H3-Lite": ("480P", "768P"),
}
_SHORTEST = {"MiniMax-H3-Max": 5}
_LONGEST = 15
_RATIOS = ("adaptive", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16")
_FRAMES = ("first_frame", "last_frame")
_ROLES = {
    "image_url": (*_FRAMES, "reference_image"),
    "video_url": ("reference_video",),
    "audio_url": ("reference_audio",),
}
_MOST = {"image_url": 9, "video_url": 3, "audio_url": 3}
_MOST_FILES = 12
_EXPANSION_MODES = ("disabled", "balanced", "quality")
_WORDS = {
    State.PREPARING: "queued",
    State.QUEUEING: "queued",
    State.RUNNING: "running",
    State.SUCCEEDED: "succeeded",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
}
_REFUSALS = {
    ErrorKind.NO_KEY: (401, "authorized_error", "login fail: Please carry the API secret key (1004)"),
    ErrorKind.BAD_KEY: (401, "authorized_error", "invalid api key (2049)"),
    ErrorKind.RATE_LIMITED: (429, "rate_limit_error", "rate limit exceeded (1002)"),
    ErrorKind.NO_BALANCE: (402, "insufficient_balance_error", "insufficient balance (1008)"),
    ErrorKind.SENSITIVE_INPUT: (422, "unprocessable_entity_error", "input new_sensitive (1026)"),
    ErrorKind.SERVER_ERROR: (500, "server_error", "unknown error (1000)"),
    ErrorKind.BAD_REQUEST: (400, "bad_request_error", "invalid params (2013)"),
    ErrorKind.UNKNOWN_TASK: (400, "bad_request_error", "invalid params, invalid task_id (2013)"),
}
_FAILURES = {
    "input": ("1026", "input new_sensitive"),
    "output": ("1027", "output new_sensitive"),
    "internal": ("1000", "unknown error"),
}


class MiniMaxV2(MiniMaxAccount):
    """`api.minimax.io` and its twins, v2."""

    name = "minimax-v2"
    prefix = ""

    def endpoints(self) -> Sequence[Endpoint]:
        """Create, list, query, cancel or delete."""
        query = f"{self.prefix}/v2/query/video_generation"
        return [
            Endpoint("POST", f"{self.prefix}/v2/video_generation", "submit", self._submit),
            Endpoint("GET", query, "poll", self._list),
            Endpoint("GET", query + "/{task_id}", "poll", self._query),
            Endpoint("DELETE", self.prefix + "/v2/video_generation/{task_id}", "poll", self._delete),
        ]

    def refuse(self, problem: ErrorKind, text: str = "") -> Reply:
        """A real HTTP code, which the body repeats as a string."""
        status, kind, message = _REFUSALS.get(problem, _REFUSALS[ErrorKind.BAD_REQUEST])
        if text:
            message = f"invalid params, {text} (2013)" if status == 400 else text
        error = {"type": kind, "message": message, "http_code": str(status)}
        body = {"type": "error", "error": error, "request_id": f"{self.sim.random.getrandbits(128):032x}"}
        return Reply(body, status)

    async def _submit(self, call: Call) -> Reply:
        order = self._check(call.body)
        notes = {"base_url": call.base_url}
        model = call.body["model"]
        task = self.sim.create(self.name, call, task_id=self.fresh_id(), model=model, order=order, notes=notes)
        if callback := call.body.get("callback_url"):
            self.sim.tell(task, callback, self._body, challenge=True, every=True)
        return Reply({"task_id": task.id})

    def _check(self, body: dict[str, Any]) -> DrawOrder:
        model = choice_field(body, "model", tuple(_RESOLUTIONS))
        prompt, media = self._check_content(body.get("content"))
        resolution = choice_field(body, "resolution", _RESOLUTIONS[model], "768P")
        duration = choice_field(body, "duration", range(_SHORTEST.get(model, 4), _LONGEST + 1), 6)
        ratio = choice_field(body, "ratio", _RATIOS, "adaptive")
        if not media and ratio == "adaptive":
            raise invalid("ratio is required for text-to-video and must not be adaptive")
        extra = body.get("extra")
        if not isinstance(extra, dict | None):
            raise invalid("extra must be an object")
        if extra and "prompt_expansion_mode" in extra:
            if model != "MiniMax-H3-Max":
                raise invalid(f"extra.prompt_expansion_mode is not supported by {model}")
            choice_field(extra, "prompt_expansion_mode", _EXPANSION_MODES)
        if body.get("callback_url") and not self.sim.callbacks.allowed(body["callback_url"]):
            raise invalid("callback_url must be a public https URL")
        first, last = media.get("first_frame"), media.get("last_frame")
        shape = first or last or media.get("reference_image")
        return DrawOrder(prompt, *clip_size(resolution, shape, ratio), duration, first, last)

    @staticmethod
    def _check_content(content: Any) -> tuple[str, dict[str, str]]:
        """The text, and the first file of each role."""
        if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
            raise invalid("content must be an array of objects")
        texts = [item.get("text") for item in content if item.get("type") == "text"]
        if len(texts) != 1 or not isinstance(texts[0], str) or not texts[0].strip():
            raise invalid("content must have exactly one non-empty text")
        if len(texts[0]) > MOST_PROMPT:
            raise invalid(f"text must not exceed {MOST_PROMPT} characters")
        files = [item for item in content if item.get("type") != "text"]
        media: dict[str, str] = {}
        for item in files:
            kind = choice_field(item, "type", tuple(_ROLES))
            role = choice_field(item, "role", _ROLES[kind])
            holder = item.get(kind)
            if not isinstance(holder, dict) or not isinstance(holder.get("url"), str) or not holder["url"]:
                raise invalid(f"{kind}.url is required")
            if kind == "image_url" and not holder["url"].startswith("mm_file://"):
                image_field(holder, "url")
            if role in _FRAMES and role in media:
                raise invalid(f"content must have at most one {role}")
            media.setdefault(role, holder["url"])
        for kind, most in _MOST.items():
            if sum(item["type"] == kind for item in files) > most:
                raise invalid(f"content must have at most {most} {kind}")
        if len(files) > _MOST_FILES:
            raise invalid(f"content must have at most {_MOST_FILES} files")
        if media.keys() & set(_FRAMES) and media.keys() - set(_FRAMES):
            raise invalid("frames and references must not be combined")
        return texts[0], media

    def _find(self, call: Call) -> SimTask:
        task = self.find(call, call.params["task_id"])
        if task is None or self.sim.clock() - task.created > KNOWN_SECONDS:
            raise Refusal(ErrorKind.UNKNOWN_TASK)
        return task

    async def _query(self, call: Call) -> Reply:
        task = self._find(call)
        self.sim.look(task, polled=True)
        return Reply(self._body(task))

    async def _list(self, call: Call) -> Reply:
        """A page of tasks, newest first; `filter.status` and `filter.model` narrow it."""
        page, size = call.query.get("page_num", "1"), call.query.get("page_size", "10")
        if not (page.isdecimal() and size.isdecimal() and int(page) > 0 and int(size) > 0):
            raise invalid("page_num and page_size must be positive integers")
        found = []
        for task in list(self.sim.tasks.values()):
            if task.vendor == self.name and task.owner == call.owner:
                self.sim.look(task, polled=True)
                item = self._task(task)
                if all(call.query.get(f"filter.{key}", item[key]) == item[key] for key in ("status", "model")):
                    found.append(item)
        found.sort(key=lambda item: item["created_at"], reverse=True)
        start = (int(page) - 1) * int(size)
        return Reply({"items": found[start : start + int(size)], "total": len(found)})

    async def _delete(self, call: Call) -> Reply:
        task = self._find(call)
        state = self.sim.look(task)
        if state is State.RUNNING:
            raise invalid("a running task cannot be cancelled")
        if state.ended:
            self.sim.forget(task)
        else:
            self.sim.cancel(task)
        return Reply({"task_id": task.id})

    def _body(self, task: SimTask) -> dict[str, Any]:
        return {"task": self._task(task)}

    def _task(self, task: SimTask) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": task.id,
            "model": task.model,
            "status": _WORDS[task.state],
            "created_at": int(task.created),
            "updated_at": int(task.ended or self.sim.clock()),
            "resolution": task.request.get("resolution", "768P"),
            "duration": task.order.duration,
            "ratio": task.request.get("ratio", "adaptive"),
            "task_type": "generation",
            "modality": "video",
        }
        if task.state is State.SUCCEEDED:
            url = self.sim.files.url(task, task.notes["base_url"], self.sim.clock() + URL_SECONDS)
            body["content"] = {"url": url}
            seconds = task.order.duration
            images = sum(item.get("type") == "image_url" for item in task.request["content"])
            body["usage"] = {
                "total_seconds": seconds,
                "input_seconds": 0,
                "output_seconds": seconds,
                "input_image_count": images,
            }
        if task.failure and task.state is State.FAILED:
            code, message = _FAILURES[task.failure]
            body["error"] = {"code": code, "message": message}
        return body


class PpioH3(MiniMaxV2):
    """PPIO's proxy of the same wire, `/v3/minimax/v2/…`."""

    name = "ppio-h3"
    prefix = "/v3/minimax"
    bare_keys = True
