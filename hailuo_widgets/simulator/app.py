"""The simulator: every vendor's server side in one ASGI app, at the vendors' own paths."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import time
import uuid
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route, Router

from .acedata import AceData
from .callbacks import Callbacks
from .drawing import Draw, SketchDraw, Studio
from .evolink import EvoLink
from .exchange import Call, Endpoint, ErrorKind, LogEntry, Refusal, Reply, Vendor
from .faults import Fault, Faults, cut, drop, hang, mistype, strip_keys
from .files import ResultFiles, storage_error
from .minimax_v1 import MiniMaxV1
from .minimax_v2 import MiniMaxV2, PpioH3
from .modelverse import Modelverse
from .ppio import Ppio
from .tasks import DrawOrder, Failure, SimTask, State, Timing
from .uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Mapping, MutableMapping

    import httpx
    from starlette.types import ASGIApp, Receive, Scope, Send

    from .limits import Limit

_GATEWAY_TITLES = {
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}
_VENDORS: tuple[type[Vendor], ...] = (MiniMaxV1, MiniMaxV2, AceData, PpioH3, Ppio, Modelverse, EvoLink)
_TICK = 0.02
_FAILURES: dict[str, Failure] = {"fail_input": "input", "fail_output": "output", "fail_internal": "internal"}
_REFUSALS = {
    "rate_limited": ErrorKind.RATE_LIMITED,
    "server_error": ErrorKind.SERVER_ERROR,
    "bad_key": ErrorKind.BAD_KEY,
    "no_balance": ErrorKind.NO_BALANCE,
    "refused_input": ErrorKind.SENSITIVE_INPUT,
}
_STORAGE_ERRORS = {
    "forbidden": (403, "AccessDenied", "Access Denied"),
    "not_found": (404, "NoSuchKey", "The specified key does not exist."),
    "expired": (403, "AccessDenied", "Request has expired."),
}


def _page(status: int, title: str) -> HTMLResponse:
    return HTMLResponse(
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
        status,
    )


class Simulator:
    """The vendors' servers, for tests, for trying things out, and behind the embedded `sketch` provider.

    Attributes:
        tasks: Every task by its id.
        log: Every request to a vendor's path or a result URL, in order of arrival.
        faults: What shall go wrong.
        callbacks: What was sent to callback addresses.
    """

    def __init__(
        self,
        *,
        keys: Collection[str] | None = ("test-key",),
        clock: Callable[[], float] = time.time,
        timing: Timing | Callable[[SimTask], Timing] | None = None,
        draw: Draw | None = None,
        faults: Faults | None = None,
        limits: Mapping[str, Limit] | None = None,
        store: MutableMapping[str, SimTask] | None = None,
        callback_client: httpx.AsyncClient | None = None,
        regions: Mapping[str, str] | None = None,
        groups: Mapping[str, str] | None = None,
        plans: Mapping[str, int] | None = None,
        on_request: Callable[[LogEntry, float], None] | None = None,
        seed: int | None = 0,
    ) -> None:
        """Set up the servers; nothing runs until `app` is called.

        Args:
            keys: The keys that are accepted; None to accept any key, and none at all.
            clock: Seconds since 1970; all states and expiries follow it.
            timing: How long tasks take, for all or for each.
            draw: Makes the clips: by default the sketch renderer, in subprocesses. `stock_clip()` is quick.
            faults: What shall go wrong.
            limits: What each vendor (by name) takes; none by default.
            store: Where tasks are kept; in memory by default. See `FileTaskStore`.
            callback_client: Sends callbacks; by default a plain httpx client.
            regions: For MiniMax: the region, `cn` or `intl`, of keys that the other region's host refuses.
            groups: For MiniMax: the GroupId of keys; a request with another one is refused.
            plans: For MiniMax: how many clips a day the plans of keys have; other keys have none.
            on_request: Told of every request when it is over, with the seconds that it took.
            seed: Of ids and signatures; None for ids that no other simulator on the same store will choose.
        """
        self.keys = None if keys is None else frozenset(keys)
        self.clock = clock
        self.tasks: MutableMapping[str, SimTask] = {} if store is None else store
        self.log: list[LogEntry] = []
        self.faults = faults or Faults()
        self.limits = dict(limits or {})
        self.callbacks = Callbacks(callback_client)
        self.regions = dict(regions or {})
        self.groups = dict(groups or {})
        self.plans = dict(plans or {})
        self.on_request = on_request or (lambda _entry, _seconds: None)
        self.seed = seed
        self.random = random.Random(seed)  # noqa: S311 - ids that repeat with the seed
        self.studio = Studio(draw or SketchDraw(), clock)
        self.files = ResultFiles(self)
        self.uploads = Uploads(clock)
        self._timing = timing or Timing()
        self._background: set[asyncio.Task[None]] = set()
        self._hanging: set[asyncio.Event] = set()

    @cached_property
    def app(self) -> ASGIApp:
        """The ASGI app; it needs no lifespan and runs on whatever loop calls it."""
        vendors: list[Vendor] = [*(vendor(self) for vendor in _VENDORS), self.files]
        return Router(
            [
                Route(endpoint.path, _Exchange(self, vendor, endpoint), methods=[endpoint.method])
                for vendor in vendors
                for endpoint in vendor.endpoints()
            ]
            + [Route("/sketches/{task_id}", self._stop_sketch, methods=["DELETE"])],
            default=self._nowhere,
        )

    async def _stop_sketch(self, request: Request) -> Response:
        """Stop drawing a task's clip: for the embedded provider, which has no keys and pays for nothing."""
        task = self.tasks.get(request.path_params["task_id"]) if self.keys is None else None
        if task is None:
            return JSONResponse({"error": {"code": "not_found", "message": "There is no such sketch."}}, 404)
        if not self.look(task).ended:
            self.cancel(task)
        return Response(status_code=204)

    async def _nowhere(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for paths that no vendor has."""
        if scope["type"] != "http":
            return
        entry = LogEntry(self.clock(), "-", scope["method"], scope["path"], with_key=False, where="poll", status=404)
        text = f"No vendor serves {scope['method']} {scope['path']} here."
        await JSONResponse({"error": {"code": "not_found", "message": text}}, 404)(scope, receive, send)
        self.on_request(entry, 0.0)

    @property
    def billed(self) -> Counter[str]:
        """How many tasks each vendor has charged and not paid back."""
        return Counter(task.vendor for task in self.tasks.values() if task.billed)

    def new_uuid(self) -> str:
        """A fresh uuid from the seed's series."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def fresh_id(self, make: Callable[[], str]) -> str:
        """The first id of a series that no task has, as a store may know tasks of an earlier run."""
        while (task_id := make()) in self.tasks:
            pass
        return task_id

    def create(
        self,
        vendor: str,
        call: Call,
        *,
        task_id: str,
        model: str,
        order: DrawOrder,
        notes: dict[str, str] | None = None,
    ) -> SimTask:
        """Accept and bill a task, and begin to draw its clip."""
        task = SimTask(
            id=task_id,
            vendor=vendor,
            model=model,
            request=call.body,
            created=self.clock(),
            order=order,
            owner=call.owner,
            failure=call.failure,
            notes=notes or {},
        )
        task.timing = self._timing(task) if callable(self._timing) else self._timing
        self.tasks[task_id] = task
        call.entry.task_id = task_id
        if task.failure is None and order.drawn:
            self.studio.begin(task_id, order)
        return task

    def look(self, task: SimTask, *, polled: bool = False) -> State:
        """A task's state now. It succeeds when its time has come and its clip is drawn."""
        before = task.state
        task.polls += polled
        if not before.ended:
            task.state = self._advance(task)
        if task.state != before or (polled and task.timing.script):
            self.tasks[task.id] = task
        return task.state

    def _advance(self, task: SimTask) -> State:
        now = self.clock()
        state = task.timing.state(now - task.created, task.polls)
        drawn_at = self.studio.drawn_at(task.id)
        if state is State.SUCCEEDED:
            if task.failure is None and (reason := self.studio.broken(task.id)) is not None:
                task.failure, task.notes["reason"] = "internal", reason
            if task.failure is not None:
                state = State.FAILED
            elif drawn_at is None and task.order.drawn:
                self.studio.begin(task.id, task.order)
                state = State.RUNNING
        if state.ended:
            task.ended = now if task.timing.script else max(task.created + task.timing.total, drawn_at or 0.0)
            task.billed = state is State.SUCCEEDED
        return state

    async def ended(self, task_id: str) -> SimTask | None:
        """Wait for a task's end; None where it has been deleted meanwhile."""
        # The clock is a plain function that wakes no task, so it is read repeatedly; a script goes on a step each time.
        while (task := self.tasks.get(task_id)) is not None:
            if self.look(task, polled=bool(task.timing.script)).ended:
                break
            await asyncio.sleep(_TICK)
        return task

    def cancel(self, task: SimTask) -> None:
        """End a task that has not begun, and pay it back."""
        task.state, task.ended, task.billed = State.CANCELLED, self.clock(), False
        self.tasks[task.id] = task
        self.studio.forget(task.id)

    def forget(self, task: SimTask) -> None:
        """Delete a task and its clip."""
        self.tasks.pop(task.id, None)
        self.studio.forget(task.id)

    def in_flight(self, vendor: str) -> int:
        """How many of a vendor's tasks have not ended."""
        return sum(not self.look(task).ended for task in list(self.tasks.values()) if task.vendor == vendor)

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the requests, until `aclose`."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def tell(
        self,
        task: SimTask,
        url: str,
        news: Callable[[SimTask], dict[str, Any]],
        *,
        challenge: bool = False,
        every: bool = False,
    ) -> None:
        """Send a task's news to its callback address: its end, or every change of its state.

        Args:
            task: The task.
            url: The address.
            news: The body for a task as it then stands.
            challenge: Whether the address must echo a challenge first (MiniMax).
            every: Whether changes before the end are sent too.
        """
        self.background(self._tell(task.id, url, news, challenge=challenge, every=every))

    async def _tell(
        self, task_id: str, url: str, news: Callable[[SimTask], dict[str, Any]], *, challenge: bool, every: bool
    ) -> None:
        if not self.callbacks.allowed(url) or (challenge and not await self.callbacks.challenge(url)):
            return
        last: dict[str, Any] | None = None
        while (task := self.tasks.get(task_id)) is not None:
            state = self.look(task)
            if (every or state.ended) and (body := news(task)) != last:
                last = body
                await self.callbacks.post(url, body)
            if state.ended:
                return
            await asyncio.sleep(_TICK)

    async def hang(self, receive: Receive, send: Send) -> None:
        """Give a request no answer; when the simulator closes, its connection is dropped."""
        closing = asyncio.Event()
        self._hanging.add(closing)
        try:
            if await hang(receive, closing):
                await drop(receive, send)
        finally:
            self._hanging.discard(closing)

    async def aclose(self) -> None:
        """Let go of hanging requests, stop callbacks and drawings. Call it on the loop that the requests ran on."""
        for closing in tuple(self._hanging):
            closing.set()
        mine = [each for each in self._background if each.get_loop() is asyncio.get_running_loop()]
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)
        await self.studio.aclose()
        await self.callbacks.aclose()


class _Exchange:
    """What happens to every request alike: fault, key, limit, JSON, handler, log."""

    def __init__(self, sim: Simulator, vendor: Vendor, endpoint: Endpoint) -> None:
        self.sim = sim
        self.vendor = vendor
        self.endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            raw = await request.body()
        except ClientDisconnect:
            return
        sim, where = self.sim, self.endpoint.where
        header = request.headers.get("authorization", "")
        entry = LogEntry(sim.clock(), self.vendor.name, request.method, request.url.path, bool(header), where)
        sim.log.append(entry)
        begun = time.perf_counter()
        try:
            await self._serve(request, raw, entry, send)
        finally:
            sim.on_request(entry, time.perf_counter() - begun)

    async def _serve(self, request: Request, raw: bytes, entry: LogEntry, send: Send) -> None:
        sim, where, scope, receive = self.sim, self.endpoint.where, request.scope, request.receive
        fault = sim.faults.take(where, self.vendor.name)
        kind = fault.kind if fault else None
        if fault and kind == "slow":
            await asyncio.sleep(fault.seconds)
        if kind == "hang":
            return await sim.hang(receive, send)
        if kind == "drop":
            return await drop(receive, send)
        response = self._instead(fault) if fault else None
        if response is None:
            answer = await self._answer(request, raw, entry, _FAILURES.get(kind or ""))
            if kind == "unanswered":
                return await sim.hang(receive, send)
            if kind == "lost":
                return await drop(receive, send)
            response = await self._garbled(kind, answer)
        entry.status = response.status_code
        if kind == "cut":
            return await cut(response, scope, receive, send)
        return await response(scope, receive, send)

    def _instead(self, fault: Fault) -> Response | None:
        """The answer that a fault gives in the handler's place."""
        if fault.kind in _REFUSALS:
            response = self._respond(self.vendor.refuse(_REFUSALS[fault.kind]))
        elif fault.kind.startswith("http_"):
            status = int(fault.kind.removeprefix("http_"))
            response = _page(status, f"{status} {_GATEWAY_TITLES[status]}")
        elif fault.kind == "html":
            response = _page(200, "Please wait…")
        elif fault.kind in _STORAGE_ERRORS:
            response = storage_error(*_STORAGE_ERRORS[fault.kind])
        else:
            return None
        if fault.retry_after is not None:
            response.headers["Retry-After"] = f"{fault.retry_after:g}"
        return response

    async def _answer(self, request: Request, raw: bytes, entry: LogEntry, failure: Failure | None) -> Reply | Response:
        sim, vendor = self.sim, self.vendor
        key, owner = "", ""
        if vendor.needs_key:
            key = self._key(request.headers.get("authorization", ""))
            try:
                problem = vendor.admit(key, request.headers, request.query_params)
            except Refusal as refusal:
                return vendor.refuse(refusal.problem, refusal.text)
            if problem:
                return vendor.refuse(problem)
            owner = hashlib.sha256(key.encode()).hexdigest()[:16] if sim.keys is not None else ""
        if (limited := self._limit()) is not None:
            return limited
        form = request.headers.get("content-type", "").startswith("multipart/form-data")
        try:
            call = Call(
                method=request.method,
                body=self._json(raw) if request.method == "POST" and not form else {},
                query=dict(request.query_params),
                params=request.path_params,
                headers=request.headers,
                base_url=str(request.base_url).rstrip("/"),
                owner=owner,
                failure=failure,
                entry=entry,
                pairs=request.query_params.multi_items(),
                raw=raw if form else b"",
            )
            return await self.endpoint.handler(call)
        except Refusal as refusal:
            return vendor.refuse(refusal.problem, refusal.text)

    def _key(self, header: str) -> str:
        scheme, _, key = header.strip().partition(" ")
        if scheme.lower() == "bearer":
            return key.strip()
        return scheme if self.vendor.bare_keys and not key else ""

    def _limit(self) -> Reply | None:
        limit = self.sim.limits.get(self.vendor.name)
        if limit is None:
            return None
        in_flight = self.sim.in_flight(self.vendor.name) if limit.in_flight is not None else 0
        wait = limit.admit(self.sim.clock(), in_flight, submit=self.endpoint.where == "submit")
        if wait is None:
            return None
        refusal = self.vendor.refuse(ErrorKind.RATE_LIMITED)
        headers = {"Retry-After": f"{wait:g}"} if limit.retry_after else {}
        return Reply(refusal.body, refusal.status, {**refusal.headers, **headers})

    @staticmethod
    def _json(raw: bytes) -> dict[str, Any]:
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            raise Refusal(ErrorKind.BAD_REQUEST, "the body is not valid JSON") from None
        if not isinstance(body, dict):
            raise Refusal(ErrorKind.BAD_REQUEST, "the body must be a JSON object")
        return body

    async def _garbled(self, kind: str | None, answer: Reply | Response) -> Response:
        """The answer as a fault leaves it."""
        if isinstance(answer, Reply):
            garble = {"wrong_types": mistype, "missing_keys": strip_keys, "unknown_status": self.vendor.estranged}
            if kind in garble:
                answer = Reply(garble[kind](answer.body), answer.status, answer.headers)
            return self._respond(answer)
        if kind == "wrong_size" and isinstance(answer, FileResponse):
            whole = await asyncio.to_thread(Path(answer.path).read_bytes)
            return Response(whole[: len(whole) // 2], media_type="video/mp4")
        return answer

    def _respond(self, reply: Reply) -> Response:
        return JSONResponse(reply.body, reply.status, {**self.vendor.headers(), **reply.headers})
