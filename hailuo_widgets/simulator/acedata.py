"""AceDataCloud's wire: one POST to make a clip (held open, or answered at once), one to ask for tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .exchange import Call, Endpoint, ErrorKind, Refusal, Reply, Vendor, choice_field, image_field, invalid, text_field
from .files import TEN_YEARS
from .images import clip_size
from .minimax_v2 import Wire
from .tasks import DrawOrder, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .tasks import SimTask

_TEXT_MODEL = "minimax-t2v"
_MODELS = (_TEXT_MODEL, "minimax-i2v", "minimax-i2v-director")
_SECONDS = 6
_RESOLUTION = "720P"
_MOST_PROMPT = 7000
"""The vendor's own command line refuses more; its specification has no limit."""

_REFUSALS = {
    ErrorKind.NO_KEY: (400, "no_token", "No token is specified."),
    ErrorKind.BAD_KEY: (401, "invalid_token", "The specified token is invalid."),
    ErrorKind.RATE_LIMITED: (429, "too_many_requests", "Too many requests, please try again later."),
    ErrorKind.NO_BALANCE: (403, "used_up", "Your balance is not enough, please recharge."),
    ErrorKind.SENSITIVE_INPUT: (403, "forbidden", "The content was rejected by moderation."),
    ErrorKind.SERVER_ERROR: (500, "api_error", "fetch failed"),
    ErrorKind.BAD_REQUEST: (400, "bad_request", "The request is invalid."),
}
_FAILURES = {
    "input": (403, "forbidden", "The content was rejected by moderation."),
    "output": (403, "forbidden", "The result was rejected by moderation."),
    "internal": (500, "api_error", "no channel available for this model"),
}
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


class AceData(Vendor):
    """`api.acedata.cloud`, Hailuo."""

    name = "acedata"

    def endpoints(self) -> Sequence[Endpoint]:
        """Make, and ask."""
        return [
            Endpoint("POST", "/hailuo/videos", "submit", self._videos),
            Endpoint("POST", "/hailuo/tasks", "poll", self._tasks),
            Endpoint("POST", "/minimax/videos", "submit", self._h3_videos),
            Endpoint("POST", "/minimax/tasks", "poll", self._h3_tasks),
        ]

    def refuse(self, problem: ErrorKind, text: str = "") -> Reply:
        """An error, and a trace id."""
        status, code, message = _REFUSALS.get(problem, _REFUSALS[ErrorKind.BAD_REQUEST])
        error = {"code": code, "message": text or message}
        return Reply({"error": error, "trace_id": self.sim.new_uuid()}, status)

    async def _videos(self, call: Call) -> Reply:
        body = call.body
        order = self._check(body)
        task = self.sim.create(
            self.name,
            call,
            task_id=self.sim.fresh_id(self.sim.new_uuid),
            model=body.get("model") or _TEXT_MODEL,
            order=order,
            notes={
                "document": f"{self.sim.random.getrandbits(96):024x}",
                "trace": self.sim.new_uuid(),
                "clip": "".join(self.sim.random.choices(_CROCKFORD, k=26)),
                "base_url": call.base_url,
            },
        )
        if callback := body.get("callback_url"):
            self.sim.tell(task, callback, self._result)
        if callback or body.get("async"):
            return Reply({"task_id": task.id})
        ended = await self.sim.ended(task.id) or task
        status = _FAILURES[ended.failure][0] if ended.failure else 200
        return Reply(self._result(ended), status)

    def _check(self, body: dict[str, Any]) -> DrawOrder:
        choice_field(body, "action", ("generate",))
        if body.get("model") not in (None, *_MODELS):
            raise invalid("model is invalid.")
        from_text = body.get("model", _TEXT_MODEL) in (None, _TEXT_MODEL)
        prompt = text_field(body, "prompt", most=_MOST_PROMPT, required=from_text)
        first = image_field(body, "first_image_url", data_urls=False, required=not from_text)
        if not isinstance(body.get("async"), bool | None):
            raise invalid("async must be a boolean")
        if body.get("callback_url") and not self.sim.callbacks.allowed(body["callback_url"]):
            raise invalid("callback_url is invalid.")
        first = None if from_text else first
        return DrawOrder(prompt, *clip_size(_RESOLUTION, first), _SECONDS, first)

    def _result(self, task: SimTask, *, in_task: bool = False) -> dict[str, Any]:
        """The held-open answer, which is the callback's body and a task's `response` too."""
        if task.failure:
            _, code, message = _FAILURES[task.failure]
            error = {"code": code, "message": message}
            return {"success": False, "task_id": task.id, "trace_id": task.notes["trace"], "error": error}
        clip: dict[str, Any] = {
            "id": task.notes["clip"],
            "model": task.model,
            "prompt": task.request.get("prompt", ""),
            "video_url": self.sim.files.url(task, task.notes["base_url"], task.created + TEN_YEARS),
            "state": "succeeded",
        }
        if in_task:
            clip["first_image_url"] = task.order.first_frame
        return {"success": True, "task_id": task.id, "trace_id": task.notes["trace"], "data": [clip]}

    async def _tasks(self, call: Call) -> Reply:
        match call.body.get("action", "retrieve"):
            case "retrieve":
                task_id = call.body.get("id")
                if not isinstance(task_id, str) or not task_id:
                    raise invalid("id is required.")
                task = self._of_hailuo(call, task_id)
                return Reply(self._task(task) if task else None)
            case "retrieve_batch":
                items = [self._task(task) for task in self._batch(call)]
                return Reply({"items": items, "count": len(items)})
            case _:
                raise Refusal(ErrorKind.BAD_REQUEST, "action is invalid.")

    async def _h3_videos(self, call: Call) -> Reply:
        body = call.body
        if body.get("model") != "MiniMax-H3":
            raise invalid("model is invalid.")
        if not isinstance(body.get("async"), bool | None):
            raise invalid("async must be a boolean")
        wanted = self._h3.generation(call)
        task = self.sim.create(
            self.name,
            call,
            task_id=self.sim.fresh_id(self.sim.new_uuid),
            model="MiniMax-H3",
            order=wanted.order,
            notes={"base_url": call.base_url, **wanted.notes},
        )
        if callback := body.get("callback_url"):
            self.sim.tell(task, callback, self._h3_task)
        if callback or body.get("async"):
            return Reply({"task_id": task.id})
        return Reply(self._h3_task(await self.sim.ended(task.id) or task))

    @property
    def _h3(self) -> Wire:
        return Wire(self, None, data_urls=True)

    def _h3_task(self, task: SimTask) -> dict[str, Any]:
        return {"task": self._h3.record(task, task.notes["base_url"])}

    def _of_hailuo(self, call: Call, task_id: Any) -> SimTask | None:
        task = self.find(call, task_id)
        return task if task and task.model in _MODELS else None

    def _of_h3(self, call: Call, task_id: Any) -> SimTask | None:
        task = self.find(call, task_id)
        return task if task and task.model == "MiniMax-H3" else None

    async def _h3_tasks(self, call: Call) -> Reply:
        """`retrieve`, `retrieve_batch` and `delete` of MiniMax-H3's tasks."""
        match call.body.get("action", "retrieve"):
            case "retrieve":
                task = self._of_h3(call, call.body.get("id"))
                if task is None:
                    return Reply(None)
                self.sim.look(task, polled=True)
                return Reply(self._h3_task(task))
            case "retrieve_batch":
                ids = call.body.get("ids")
                if not isinstance(ids, list):
                    raise invalid("ids must be an array.")
                found = [task for each in ids if (task := self._of_h3(call, each))]
                for task in found:
                    self.sim.look(task, polled=True)
                return Reply({"items": [self._h3_task(task) for task in found], "count": len(found)})
            case "delete":
                task = self._of_h3(call, call.body.get("id"))
                if task is None:
                    return Reply(None)
                if self.sim.look(task) is State.RUNNING:
                    raise invalid("a running task cannot be deleted.")
                self.sim.forget(task)
                return Reply({"success": True})
            case _:
                raise Refusal(ErrorKind.BAD_REQUEST, "action is invalid.")

    def _batch(self, call: Call) -> list[SimTask]:
        """The tasks of the given ids, or the newest where none are given."""
        ids = call.body.get("ids")
        if ids is not None:
            if not isinstance(ids, list):
                raise invalid("ids must be an array.")
            return [task for each in ids if (task := self._of_hailuo(call, each))]
        limit, offset = call.body.get("limit", 10), call.body.get("offset", 0)
        since, until = call.body.get("created_at_min", 0), call.body.get("created_at_max", float("inf"))
        if not all(isinstance(each, int | float) for each in (limit, offset, since, until)):
            raise invalid("limit, offset, created_at_min and created_at_max must be numbers.")
        mine = [
            task
            for task in self.sim.tasks.values()
            if task.vendor == self.name
            and task.model in _MODELS
            and task.owner == call.owner
            and since <= task.created <= until
        ]
        mine.sort(key=lambda task: task.created, reverse=True)
        return mine[int(offset) : int(offset) + int(limit)]

    def _task(self, task: SimTask) -> dict[str, Any]:
        """A task; while it is pending it has no `response`, and a failed one no `finished_at`."""
        state = self.sim.look(task, polled=True)
        body: dict[str, Any] = {
            "_id": task.notes["document"],
            "id": task.id,
            "api_id": "d3ba7d4f-0d2f-4ca1-9f1e-2f5b6a7c8d9e",
            "application_id": "5f0c1f0e-6b0a-4a39-8f4e-6f1d2c3b4a59",
            "credential_id": "0e9d8c7b-6a59-4837-a615-243342516070",
            "user_id": "ad7afe47-cea9-4cda-980f-2ad8810e51cf",
            "trace_id": task.notes["trace"],
            "created_at": task.created,
            "request": task.request,
        }
        if state.ended:
            body["response"] = self._result(task, in_task=True)
        if state is State.SUCCEEDED:
            body["finished_at"] = task.ended
        return body

    def estranged(self, body: Any) -> Any:
        """A task that says neither success nor failure, only a state that no page mentions."""
        if isinstance(body, dict) and "items" in body:
            return {**body, "items": [self.estranged(each) for each in body["items"]]}
        if isinstance(body, dict) and ("task" in body or "status" in body):  # MiniMax-H3's
            return super().estranged(body)
        if isinstance(body, dict) and "id" in body:
            return {**body, "response": {"task_id": body["id"], "data": [{"state": "reticulating_splines"}]}}
        return body
