"""MiniMax's v1 wire: submit, query, files/retrieve. Its errors come with HTTP 200 and a `base_resp`."""

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
from .files import ClipResponse
from .images import check_image, clip_size
from .tasks import DrawOrder, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from .tasks import SimTask

URL_SECONDS = 3600
"""How long a download_url lives (MiniMax, video download)."""

_HAILUO = ("MiniMax-Hailuo-2.3", "MiniMax-Hailuo-2.3-Fast", "MiniMax-Hailuo-02")
_TEXT_MODELS = ("MiniMax-Hailuo-2.3", "MiniMax-Hailuo-02", "T2V-01-Director", "T2V-01")
_IMAGE_MODELS = (*_HAILUO, "I2V-01-Director", "I2V-01-live", "I2V-01")
_SUBJECT_MODEL = "S2V-01"
_MODELS = tuple(dict.fromkeys((*_TEXT_MODELS, *_IMAGE_MODELS, _SUBJECT_MODEL)))

_WORDS = {
    State.PREPARING: "Preparing",
    State.QUEUEING: "Queueing",
    State.RUNNING: "Processing",
    State.SUCCEEDED: "Success",
    State.FAILED: "Fail",
    State.CANCELLED: "Fail",
}
_CALLBACK_WORDS = {"Success": "success", "Fail": "failed"}
_REFUSALS = {
    ErrorKind.NO_KEY: (
        1004,
        "login fail: Please carry the API secret key in the 'Authorization' field of the request header",
    ),
    ErrorKind.BAD_KEY: (2049, "invalid api key"),
    ErrorKind.RATE_LIMITED: (1002, "rate limit exceeded(RPM)"),
    ErrorKind.NO_BALANCE: (1008, "insufficient balance"),
    ErrorKind.SENSITIVE_INPUT: (1026, "input new_sensitive"),
    ErrorKind.SERVER_ERROR: (1000, "unknown error"),
    ErrorKind.BAD_REQUEST: (2013, "invalid params"),
    ErrorKind.UNKNOWN_TASK: (2013, "invalid params, invalid task_id"),
}
_FAILURES = {"input": (1026, "input new_sensitive"), "output": (1027, "output new_sensitive")}
_HOST_REGIONS = {
    "api.minimax.io": "intl",
    "api.minimaxi.com": "cn",
    "api.minimax.cn": "cn",
    "api.minimax.chat": "cn",
    "api.minimaxi.chat": "intl",
}
_DAY = 86_400
_FILE_ID_OFFSET = 100_000_000_000_007


def base_resp(code: int = 0, message: str = "success") -> dict[str, Any]:
    """MiniMax's verdict, a part of every v1 answer."""
    return {"base_resp": {"status_code": code, "status_msg": message}}


class MiniMaxAccount(Vendor):
    """What both of MiniMax's wires share: who may come in, and the Trace-Id."""

    def headers(self) -> dict[str, str]:
        """Every answer has a Trace-Id."""
        return {"Trace-Id": f"{self.sim.random.getrandbits(128):032x}"}

    def admit(self, key: str, call_headers: Mapping[str, str], query: Mapping[str, str]) -> ErrorKind | None:
        """Key, region of the host, and the obsolete GroupId."""
        if problem := super().admit(key, call_headers, query):
            return problem
        host_region = _HOST_REGIONS.get(call_headers.get("host", "").partition(":")[0])
        if host_region and self.sim.regions.get(key, host_region) != host_region:
            return ErrorKind.NO_KEY
        group = query.get("GroupId")
        if group and self.sim.groups.get(key, group) != group:
            raise Refusal(ErrorKind.NO_KEY, "token not match group")
        return None

    def fresh_id(self) -> str:
        """A task id: fifteen digits."""
        return self.sim.fresh_id(lambda: str(self.sim.random.randrange(10**14, 10**15)))


class MiniMaxV1(MiniMaxAccount):
    """`api.minimax.io` and its twins, v1."""

    name = "minimax"

    def endpoints(self) -> Sequence[Endpoint]:
        """Submit, query, retrieve, retrieve_content."""
        return [
            Endpoint("POST", "/v1/video_generation", "submit", self._submit),
            Endpoint("GET", "/v1/query/video_generation", "poll", self._query),
            Endpoint("GET", "/v1/files/retrieve", "file", self._retrieve),
            Endpoint("GET", "/v1/files/retrieve_content", "download", self._content),
            Endpoint("GET", "/v1/token_plan/remains", "poll", self._remains),
        ]

    def refuse(self, problem: ErrorKind, text: str = "") -> Reply:
        """HTTP 200 and a base_resp that is not 0."""
        code, message = _REFUSALS.get(problem, _REFUSALS[ErrorKind.BAD_REQUEST])
        if code == 2013 and text:
            message = f"invalid params, {text}"
        elif text:
            message = text
        return Reply(base_resp(code, message))

    async def _remains(self, call: Call) -> Reply:
        """What is left of a token plan today. Its video row counts; a key without a plan is refused."""
        key = call.headers.get("authorization", "").removeprefix("Bearer ").strip()
        total = self.sim.plans.get(key)
        if total is None:
            raise Refusal(ErrorKind.NO_KEY, "token plan not found")
        now = self.sim.clock()
        day = now - now % _DAY
        used = sum(task.owner == call.owner and task.created >= day and task.billed for task in self.sim.tasks.values())
        left = max(0, total - used)
        window = {
            "start_time": int(day * 1000),
            "end_time": int((day + _DAY) * 1000),
            "remains_time": int((day + _DAY - now) * 1000),
            "current_interval_total_count": total,
            "current_interval_usage_count": left,  # in spite of its name
            "current_interval_remaining_percent": round(100 * left / total) if total else 0,
            "current_interval_status": 1 if left else 2,
        }
        general = {"model_name": "general", "current_interval_total_count": 0, "current_interval_status": 1}
        return Reply(
            {
                "model_remains": [
                    {**general, "current_interval_usage_count": 0, "current_interval_remaining_percent": 100},
                    {"model_name": "video", **window},
                ],
                **base_resp(),
            }
        )

    async def _submit(self, call: Call) -> Reply:
        order = self._check(call.body)
        task = self.sim.create(self.name, call, task_id=self.fresh_id(), model=call.body["model"], order=order)
        if callback := call.body.get("callback_url"):
            self.sim.tell(task, callback, self._news, challenge=True, every=True)
        return Reply({"task_id": task.id, **base_resp()})

    def _check(self, body: dict[str, Any]) -> DrawOrder:
        model = choice_field(body, "model", _MODELS)
        first, last = image_field(body, "first_frame_image"), image_field(body, "last_frame_image")
        if model == _SUBJECT_MODEL:
            self._check_subject(body)
        elif last and model != "MiniMax-Hailuo-02":
            raise invalid(f"model {model} does not support last_frame_image")
        elif first and model not in _IMAGE_MODELS:
            raise invalid(f"model {model} does not support first_frame_image")
        elif not first and not last and model not in _TEXT_MODELS:
            raise invalid(f"model {model} requires first_frame_image")
        text_only = model in _TEXT_MODELS and not first and not last
        prompt = text_field(body, "prompt", most=2000, required=text_only)
        flag_fields(body, "prompt_optimizer", "fast_pretreatment", "aigc_watermark")
        if body.get("callback_url") and not self.sim.callbacks.allowed(body["callback_url"]):
            raise invalid("callback_url must be a public https URL")
        if model == _SUBJECT_MODEL:
            return DrawOrder(prompt, *clip_size("720P"), 6)
        duration, resolution = self._check_length(body, model, image_only=bool(first) and not last)
        return DrawOrder(prompt, *clip_size(resolution, first or last), duration, first, last)

    @staticmethod
    def _check_length(body: dict[str, Any], model: str, *, image_only: bool) -> tuple[int, str]:
        if model not in _HAILUO:
            return choice_field(body, "duration", (6,), 6), choice_field(body, "resolution", ("720P",), "720P")
        small = ("512P",) if model == "MiniMax-Hailuo-02" and image_only else ()
        return length_fields(body, (*small, "768P", "1080P"))

    @staticmethod
    def _check_subject(body: dict[str, Any]) -> None:
        match body.get("subject_reference"):
            case [{"type": "character", "image": [image]}]:
                if problem := check_image(image):
                    raise invalid(f"subject_reference image {problem.text}")
            case _:
                raise invalid("subject_reference must be one character with one image")

    def _body(self, task: SimTask) -> dict[str, Any]:
        body: dict[str, Any] = {"task_id": task.id, "status": _WORDS[task.state]}
        if task.state is State.SUCCEEDED:
            body |= {
                "file_id": str(self._file_id(task)),
                "video_width": task.order.width,
                "video_height": task.order.height,
            }
        if task.state is State.FAILED and task.failure in _FAILURES:
            return body | base_resp(*_FAILURES[task.failure])
        if task.state is State.FAILED and (reason := task.notes.get("reason")):
            return body | base_resp(1000, f"The sketch could not be drawn. {reason}")
        return body | base_resp()

    def _news(self, task: SimTask) -> dict[str, Any]:
        """A callback's body: the query's, in lower case."""
        body = self._body(task)
        return {**body, "status": _CALLBACK_WORDS.get(body["status"], "processing")}

    async def _query(self, call: Call) -> Reply:
        task = self.find(call, call.query.get("task_id"))
        if task is None:
            raise Refusal(ErrorKind.UNKNOWN_TASK)
        self.sim.look(task, polled=True)
        return Reply(self._body(task))

    @staticmethod
    def _file_id(task: SimTask) -> int:
        """A file's number follows from its task's, so that no second index is needed."""
        return int(task.id) + _FILE_ID_OFFSET

    def _file_task(self, call: Call) -> SimTask:
        number = call.query.get("file_id", "")
        if not (number.isascii() and number.isdigit() and len(number) < 20):
            raise invalid("file_id must be an integer")
        task = self.find(call, str(int(number) - _FILE_ID_OFFSET))
        if task is None or self.sim.look(task) is not State.SUCCEEDED:
            raise invalid("file not found")
        return task

    async def _retrieve(self, call: Call) -> Reply:
        task = self._file_task(call)
        path = await self.sim.studio.clip(task.id, task.order)
        if path is None:
            raise Refusal(ErrorKind.SERVER_ERROR)
        file = {
            "file_id": self._file_id(task),
            "bytes": path.stat().st_size,
            "created_at": int(task.ended or task.created),
            "filename": "output_aigc.mp4",
            "purpose": "video_generation",
            "download_url": self.sim.files.url(task, call.base_url, self.sim.clock() + URL_SECONDS),
        }
        return Reply({"file": file, **base_resp()})

    async def _content(self, call: Call) -> Response:
        task = self._file_task(call)
        path = await self.sim.studio.clip(task.id, task.order)
        if path is None:
            raise Refusal(ErrorKind.SERVER_ERROR)
        return ClipResponse(path, media_type="video/mp4")
