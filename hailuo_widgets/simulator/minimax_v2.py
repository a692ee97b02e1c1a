"""MiniMax's v2 wire (MiniMax-H3): content items in, a direct URL out, errors with real HTTP codes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import h3_files
from .exchange import Call, Endpoint, ErrorKind, Refusal, Reply, Vendor, choice_field, invalid
from .images import h3_size
from .minimax_v1 import URL_SECONDS, MiniMaxAccount
from .tasks import DrawOrder, State
from .uploads import PURPOSE, SCHEME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .h3_files import Content
    from .tasks import SimTask

MOST_PROMPT = 7000
MOST_REGENERATION_PROMPT = 40_000
KNOWN_SECONDS = 7 * 86_400
"""Older tasks are unknown (MiniMax, H3 query)."""
MOST_ITEMS = 100

_RESOLUTIONS = {"MiniMax-H3": ("768P", "2K"), "MiniMax-H3-Max": ("480P", "768P")}
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
_TYPE = "type"
"""The note of a task that says what it is: `generation`, `regeneration` or `h3_context_ir`."""
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


@dataclass(frozen=True)
class Ordered:
    """What a request of this wire asks for.

    Attributes:
        order: The clip.
        notes: What the task's record needs to remember.
    """

    order: DrawOrder
    notes: dict[str, str]


def frames_of(seconds: int) -> int:
    """H3's clips have 17n + 5 frames: at least as many as were asked for."""
    return 17 * -(-(24 * seconds - 5) // 17) + 5


class Wire:
    """The rules of `content` and the form of a task, which resellers share.

    Args:
        vendor: Whose server it is.
        find: Gives the file of an `mm_file://` address; None where nothing can be uploaded.
        data_urls: Whether files may come as data URLs.
        models: Those that the vendor serves.
    """

    def __init__(
        self,
        vendor: Vendor,
        find: Callable[[str, str], bytes] | None,
        *,
        data_urls: bool,
        models: tuple[str, ...] = tuple(_RESOLUTIONS),
    ) -> None:
        self.vendor = vendor
        self.sim = vendor.sim
        self._find = find
        self._data_urls = data_urls
        self._models = models

    def generation(self, call: Call) -> Ordered:
        """A new clip.

        Raises:
            Refusal: If the request breaks a rule.
        """
        body = call.body
        model = choice_field(body, "model", self._models)
        prompt, media, contents = self._content(call, MOST_PROMPT)
        resolution = _required(body, "resolution", _RESOLUTIONS[model])
        duration = _required(body, "duration", range(_SHORTEST.get(model, 4), _LONGEST + 1))
        ratio = self._ratio(body, media)
        extra = body.get("extra")
        if not isinstance(extra, dict | None):
            raise invalid("extra must be an object")
        if extra and "prompt_expansion_mode" in extra:
            if model != "MiniMax-H3-Max":
                raise invalid(f"extra.prompt_expansion_mode is not supported by {model}")
            choice_field(extra, "prompt_expansion_mode", _EXPANSION_MODES)
        self._check_callback(body)
        first, last = media.get("first_frame"), media.get("last_frame")
        shape = first or last or media.get("reference_image")
        size, actual = h3_size(resolution, shape, ratio)
        order = DrawOrder(prompt, *size, duration, first, last, frames=frames_of(duration), sound=True, prose=True)
        return Ordered(order, self._notes("generation", resolution, actual, contents))

    def regeneration(self, call: Call) -> Ordered:
        """A draft that is made again in 2K.

        Raises:
            Refusal: If the request breaks a rule.
        """
        body = call.body
        choice_field(body, "model", ("MiniMax-H3",))
        if "source_task_id" in body:
            raise invalid("source_task_id is not available for this account")
        prompt, media, contents = self._content(call, MOST_REGENERATION_PROMPT, base=True)
        resolution = _required(body, "resolution", ("2K",))
        if not isinstance(body.get("aigc_watermark"), bool | None):
            raise invalid("aigc_watermark must be a boolean")
        self._check_callback(body)
        if "base_video" not in media:
            raise invalid("content must have a base_video")
        draft = next(each for each in contents if each.kind == "base_video")
        seconds = h3_files.check_base_video(draft)
        found = h3_files.facts(draft.data) if draft.data else None
        ratio = f"{found.width}:{found.height}" if found else "16:9"
        size, actual = h3_size(resolution, None, ratio)
        order = DrawOrder(
            prompt,
            *size,
            seconds,
            media.get("first_frame"),
            media.get("last_frame"),
            frames_of(seconds),
            sound=True,
            prose=True,
        )
        others = [each for each in contents if each is not draft]
        return Ordered(order, self._notes("regeneration", resolution, actual, others))

    def rewrite(self, call: Call) -> Ordered:
        """No clip, but a prompt.

        Raises:
            Refusal: If the request breaks a rule.
        """
        choice_field(call.body, "model", ("MiniMax-H3",))
        prompt, media, contents = self._content(call, MOST_PROMPT)
        duration = _required(call.body, "duration", range(4, _LONGEST + 1))
        ratio = self._ratio(call.body, media) if media else choice_field(call.body, "ratio", _RATIOS, "adaptive")
        order = DrawOrder(prompt, 0, 0, duration, drawn=False)
        return Ordered(order, self._notes("h3_context_ir", "768P", ratio, contents))

    def _ratio(self, body: dict[str, Any], media: dict[str, str]) -> str:
        ratio: str = choice_field(body, "ratio", _RATIOS, "adaptive")
        if not media and ratio == "adaptive":
            raise invalid("ratio is required for text-to-video and must not be adaptive")
        return "adaptive" if media.keys() & set(_FRAMES) else ratio  # "ignored and treated as adaptive"

    def _check_callback(self, body: dict[str, Any]) -> None:
        if body.get("callback_url") and not self.sim.callbacks.allowed(body["callback_url"]):
            raise invalid("callback_url must be a public https URL")

    @staticmethod
    def _notes(kind: str, resolution: str, ratio: str, contents: Sequence[Content]) -> dict[str, str]:
        seconds = sum(each.charged_seconds for each in contents if each.kind == "video_url")
        pictures = sum(each.kind == "image_url" for each in contents)
        return {
            _TYPE: kind,
            "resolution": resolution,
            "ratio": ratio,
            "input_seconds": str(seconds),
            "input_images": str(pictures),
        }

    def _content(self, call: Call, longest: int, *, base: bool = False) -> tuple[str, dict[str, str], list[Content]]:
        """The text, the first file of each role, and every file."""
        content = call.body.get("content")
        if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
            raise invalid("content must be an array of objects")
        texts = [item.get("text") for item in content if item.get("type") == "text"]
        if len(texts) != 1 or not isinstance(texts[0], str) or not texts[0].strip():
            raise invalid("content must have exactly one non-empty text")
        if len(texts[0]) > longest:
            raise invalid(f"text must not exceed {longest} characters")
        files = [item for item in content if item.get("type") != "text"]
        pictures = [item for item in files if item.get("type") == "image_url"]
        media: dict[str, str] = {}
        contents = []
        for item in files:
            kind = choice_field(item, "type", tuple(_ROLES))
            roles = (*_ROLES[kind], "base_video") if base and kind == "video_url" else _ROLES[kind]
            # A single picture that says nothing of its role is the first frame.
            alone = kind == "image_url" and len(pictures) == 1
            role = choice_field(item, "role", roles, "first_frame" if alone else None)
            holder = item.get(kind)
            if not isinstance(holder, dict) or not isinstance(holder.get("url"), str) or not holder["url"]:
                raise invalid(f"{kind}.url is required")
            if role in {*_FRAMES, "base_video"} and role in media:
                raise invalid(f"content must have at most one {role}")
            media.setdefault(role, holder["url"])
            read = self._file(kind, holder["url"], call.owner, draft=role == "base_video")
            if role == "base_video":
                read.kind = role
            contents.append(read)
        self._check_counts(contents, media)
        return texts[0], media, contents

    def _file(self, kind: str, url: str, owner: str, *, draft: bool) -> Content:
        uploaded = None
        if url.startswith(SCHEME):
            if self._find is None:
                raise invalid("mm_file is not supported")
            uploaded = self._find(url, owner)
        return h3_files.read(kind, url, uploaded, data_urls=self._data_urls, checked=not draft)

    @staticmethod
    def _check_counts(contents: list[Content], media: dict[str, str]) -> None:
        counts = Counter(each.kind for each in contents)
        for kind, most in _MOST.items():
            if counts[kind] > most:
                raise invalid(f"content must have at most {most} {kind}")
        if sum(counts.values()) - counts["base_video"] > _MOST_FILES:
            raise invalid(f"content must have at most {_MOST_FILES} files")
        references = media.keys() - {*_FRAMES, "base_video"}
        if media.keys() & set(_FRAMES) and references:
            raise invalid("frames and references must not be combined")
        if references == {"reference_audio"}:
            raise invalid("audio must not be the only reference")
        h3_files.check_together(contents)

    def record(self, task: SimTask, base_url: str) -> dict[str, Any]:
        """A task as queries and lists have it."""
        notes = task.notes
        body: dict[str, Any] = {
            "id": task.id,
            "model": task.model,
            "status": _WORDS[task.state],
            "created_at": int(task.created),
            "updated_at": int(_changed(task)),
            "resolution": notes["resolution"],
            "duration": task.order.duration,
            "ratio": notes["ratio"],
            "task_type": notes[_TYPE],
            "modality": "text" if notes[_TYPE] == "h3_context_ir" else "video",
        }
        if task.state is State.SUCCEEDED:
            if notes[_TYPE] == "h3_context_ir":
                prompt = _rewritten(task.order.prompt, task.order.duration)
                body["content"] = {"prompt": prompt}
                body["usage"] = {"input_tokens": 1500 + len(task.order.prompt) // 4, "output_tokens": len(prompt) // 4}
            else:
                body["content"] = {"url": self.sim.files.url(task, base_url, self.sim.clock() + URL_SECONDS)}
                seconds, spent = task.order.duration, int(notes["input_seconds"])
                body["usage"] = {
                    "total_seconds": seconds + spent,
                    "input_seconds": spent,
                    "output_seconds": seconds,
                    "input_image_count": int(notes["input_images"]),
                }
        if task.failure and task.state is State.FAILED:
            code, message = _FAILURES[task.failure]
            body["error"] = {"code": code, "message": message}
        return body


def _required(body: dict[str, Any], name: str, allowed: Sequence[Any]) -> Any:
    if body.get(name) is None:
        raise invalid(f"{name} is required")
    return choice_field(body, name, allowed)


def _changed(task: SimTask) -> float:
    """When a task's state changed last."""
    if task.ended is not None:
        return task.ended
    if task.state is State.RUNNING and not task.timing.script:
        return task.created + task.timing.preparing + task.timing.queueing
    return task.created


def _rewritten(prompt: str, seconds: int) -> str:
    """In place of the rewriter's work: the same words, in the form that it writes."""
    return (
        f"[Shot 1 0-{seconds} s] {prompt}\n"
        "Camera: static, then a small, slow push toward the subject.\n"
        "Light: soft and even. Sound: the place's own, quiet."
    )


class MiniMaxV2(MiniMaxAccount):
    """`api.minimax.io` and its twins, v2."""

    name = "minimax-v2"
    prefix = ""

    @property
    def wire(self) -> Wire:
        """The rules."""
        return Wire(self, self.sim.uploads.find, data_urls=True)

    def endpoints(self) -> Sequence[Endpoint]:
        """Create, make again, rewrite, list, query, cancel or delete; upload."""
        return [
            *self._of_clips(),
            Endpoint("POST", "/v2/video_regeneration", "submit", self._regenerate),
            Endpoint("POST", "/v2/h3_context_ir", "submit", self._rewrite),
            Endpoint("POST", "/v1/files/upload", "file", self._upload),
        ]

    def _of_clips(self) -> list[Endpoint]:
        v2 = f"{self.prefix}/v2"
        return [
            Endpoint("POST", f"{v2}/video_generation", "submit", self._submit),
            Endpoint("GET", f"{v2}/query/video_generation", "poll", self._list),
            Endpoint("GET", f"{v2}/query/video_generation/{{task_id}}", "poll", self._query),
            Endpoint("DELETE", f"{v2}/video_generation/{{task_id}}", "poll", self._delete),
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
        return self._take(call, self.wire.generation(call))

    async def _regenerate(self, call: Call) -> Reply:
        return self._take(call, self.wire.regeneration(call))

    async def _rewrite(self, call: Call) -> Reply:
        return self._take(call, self.wire.rewrite(call))

    def _take(self, call: Call, wanted: Ordered) -> Reply:
        notes = {"base_url": call.base_url, **wanted.notes}
        model = call.body["model"]
        task = self.sim.create(self.name, call, task_id=self.fresh_id(), model=model, order=wanted.order, notes=notes)
        if callback := call.body.get("callback_url"):
            self.sim.tell(task, callback, self._body, challenge=True, every=True)
        return Reply({"task_id": task.id})

    async def _upload(self, call: Call) -> Reply:
        upload = self.sim.uploads.add(call, self.sim.random.randrange(10**14, 10**15))
        file = {
            "file_id": upload.id,
            "bytes": len(upload.data),
            "created_at": int(upload.created),
            "filename": upload.name,
            "purpose": PURPOSE,
        }
        return Reply({"file": file, "base_resp": {"status_code": 0, "status_msg": "success"}})

    def _known(self, task: SimTask) -> bool:
        return self.sim.clock() - task.created <= KNOWN_SECONDS

    def _find(self, call: Call) -> SimTask:
        task = self.find(call, call.params["task_id"])
        if task is None or not self._known(task):
            raise Refusal(ErrorKind.UNKNOWN_TASK)
        return task

    async def _query(self, call: Call) -> Reply:
        task = self._find(call)
        self.sim.look(task, polled=True)
        return Reply(self._body(task))

    async def _list(self, call: Call) -> Reply:
        """A page of the last seven days, newest first, narrowed by filters."""
        page, size = call.query.get("page_num", "1"), call.query.get("page_size", "10")
        if not (page.isdecimal() and size.isdecimal() and int(page) > 0 and 0 < int(size) <= MOST_ITEMS):
            raise invalid(f"page_num and page_size must be positive, and page_size at most {MOST_ITEMS}")
        ids = {value for name, value in call.pairs if name == "filter.task_ids"}
        found = []
        for task in list(self.sim.tasks.values()):
            mine = task.vendor == self.name and task.owner == call.owner and self._known(task)
            if not mine or (ids and task.id not in ids):
                continue
            self.sim.look(task, polled=True)
            item = self.wire.record(task, task.notes["base_url"])
            if all(call.query.get(f"filter.{key}", item[key]) == item[key] for key in ("status", "model", "task_type")):
                found.append(item)
        found.sort(key=lambda item: item["created_at"], reverse=True)
        start = (int(page) - 1) * int(size)
        return Reply({"items": found[start : start + int(size)], "total": len(found)})

    async def _delete(self, call: Call) -> Reply:
        task = self._find(call)
        state = self.sim.look(task)
        if state is State.RUNNING:
            raise invalid("a running task cannot be cancelled")
        if state is State.CANCELLED:
            raise invalid("a cancelled task cannot be deleted")
        if state.ended:
            self.sim.forget(task)
            return Reply({"action": "deleted", "status": _WORDS[state]})
        self.sim.cancel(task)
        return Reply({"action": "cancelled", "status": "cancelled"})

    def _body(self, task: SimTask) -> dict[str, Any]:
        return {"task": self.wire.record(task, task.notes["base_url"])}


class PpioH3(MiniMaxV2):
    """PPIO's proxy of the same wire, `/v3/minimax/v2/…`: new clips of MiniMax-H3 from addresses, and nothing else."""

    name = "ppio-h3"
    prefix = "/v3/minimax"
    bare_keys = True

    @property
    def wire(self) -> Wire:
        """The rules, with addresses only."""
        return Wire(self, None, data_urls=False, models=("MiniMax-H3",))

    def endpoints(self) -> Sequence[Endpoint]:
        """Create, list, query, cancel or delete."""
        return self._of_clips()
