"""The rules that every provider keeps, as a check that another package's tests can run.

```python
from hailuo_widgets.testing import check_provider

def test_my_provider():
    check_provider(
        Example,
        accepted={"id": 7},
        running={"status": "drawing"},
        done={"status": "done", "url": "https://example.com/clip.mp4"},
        failed={"status": "broken", "error": {"message": "The projector caught fire."}},
    )
```

Nothing is sent: the flows are driven with the given answers, as the vendor's pages print them, and with what else a
vendor, a gateway or a bad line can make of them.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import Charged, HailuoError, NotFoundError, VendorError
from hailuo_widgets.providers.base import HttpCall, HttpReply, Phase, Provider, Task, TaskState
from hailuo_widgets.spec.catalog import catalog, parse
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hailuo_widgets.providers.base import Flow
    from hailuo_widgets.spec.catalog import Catalog

    NewFlow = Callable[[], Flow[Any]]

MOST_CALLS = 20
"""Calls that one flow may make; more would be a poll loop, and waiting is the client's business."""

_FLOWS = ("submit", "poll", "poll_many", "cancel")
_STATUSES = (200, 204, 302, 400, 401, 403, 404, 422, 429, 500, 502, 503)
_ODD: tuple[Any, ...] = (None, True, -1, 10**30, 1e308, "", "\ud800", "failed", [], [[]], {}, {"a": [1]})
_BODIES = (
    b"",
    b"null",
    b"true",
    b"0",
    b'"text"',
    b"[]",
    b"[null]",
    b"{}",
    b"NaN",
    b"[" * 5000,
    b"\xff\xfe\x00",
    b"<html><head><title>502 Bad Gateway</title></head></html>",
)
_PAGE = _BODIES[-1]
_CONTROLS = ("\x1b", "\r", "\n", "\x07", "\x9b", "\u2028", "\u202e")
# What looks like a refusal, in the forms that vendors and gateways have for it.
_TROUBLE: tuple[dict[str, Any], ...] = (
    {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}},
    {"base_resp": {"status_code": 1002, "status_msg": "rate limit"}},
    {"error": {"code": "rate_limit_exceeded", "message": "slow down", "type": "rate_limit_error"}},
    {"error": "timeout", "message": "upstream"},
    {"type": "error", "error": {"type": "rate_limit_error", "message": "rate limit (1002)"}},
    {"code": 429, "reason": "RATE_LIMIT_EXCEEDED", "message": "slow down"},
    {"success": False, "error": {"code": "too_many_requests", "message": "slow down"}},
)
_GATEWAY_STATUSES = (302, 400, 402, 403, 404, 405, 409, 410, 413, 422, 499, 500, 502, 503, 504, 520)
_GATEWAY_BODIES = (
    b"",
    _PAGE,
    b"{}",
    b'{"message":"no Route matched with those values"}',
    b'{"error":"upstream request timeout"}',
    b'{"detail":"Not Found"}',
    b'{"error":{"code":"ROUTER_EXTERNAL_TARGET_ERROR","message":"An error occurred"}}',
    b'{"errors":[{"code":1015,"message":"You are being rate limited"}],"success":false}',
    b'{"timestamp":"2026-11-28T00:00:00Z","status":409,"error":"Conflict","path":"/"}',
    b'{"code":503,"message":"no healthy upstream"}',
)
_UNKNOWN = "reticulating_splines"
_OPENS_SOMETHING = frozenset({
    "aiohttp", "asyncio", "ftplib", "http", "httpx", "requests", "selectors", "socket", "ssl", "subprocess",
    "threading", "urllib.request", "urllib3", "websockets",
})  # fmt: skip


@dataclass(frozen=True)
class _Answers:
    """What the vendor's pages print."""

    accepted: Any
    running: Any
    done: Sequence[Any]
    failed: Sequence[Any]


@dataclass
class _FlowRun:
    """A flow, driven to its end."""

    calls: list[HttpCall] = field(default_factory=list)
    result: Any = None
    error: BaseException | None = None

    @property
    def paid(self) -> int:
        """How many of its calls cost money."""
        return sum(call.paying for call in self.calls)


def check_provider(
    kind: type[Provider],
    *,
    accepted: Any,
    running: Any,
    done: Any,
    failed: Any,
    request: VideoRequest | None = None,
) -> None:
    """Check that a provider keeps the protocol, whatever its vendor answers.

    - Its methods are generators, and its module imports nothing that opens a connection or starts a thread.
      The method `transport`, which brings a wire of its own into this process, may import what it needs.
    - A submission makes exactly one paying call, and returns a task once the answer names one.
    - No other flow pays.
    - A status word that is unknown means a task that still runs.
    - Whatever is answered (other JSON, a gateway's page, half an answer), only `VendorError` comes out, and a state
      that makes sense: an error where it failed, a URL where it succeeded.
    - Once an answer names a task, `submit` returns it, whatever the HTTP status is and whatever else the answer says.
    - A paying call that was answered by a gateway (a page, or JSON in a form of its own), or without a task, may have
      been charged: the error says so, and does not ask for the same call again. Only HTTP 401 and 429 mean the same
      from everybody.
    - A gateway's answer to a question ends nothing: the error is retryable, or says that the task is not known, or that
      the key is not.
    - No control character of the vendor's comes out in a status word, a message or an id.

    Args:
        kind: The provider's class.
        accepted: The vendor's answer to a submission, as JSON that has been read.
        running: Its answer for a task that runs.
        done: Its answer for one that succeeded; a list of several where it takes more than one call.
        failed: Its answer for one that failed; a list as well.
        request: What is submitted; without it, the first thing that the provider's catalogue offers for text alone.

    Raises:
        AssertionError: With everything that doesn't hold.
    """
    problems = list(_of_the_class(kind))
    if not problems:
        problems = list(_of_the_flows(kind(), _Answers(accepted, running, _many(done), _many(failed)), request))
    if problems:
        raise AssertionError(f"{kind.__name__} is no good provider yet:\n- " + "\n- ".join(dict.fromkeys(problems)))


def _of_the_class(kind: Any) -> Iterator[str]:
    if not issubclass(kind, Provider):
        yield "it is no subclass of hailuo_widgets.providers.Provider"
        return
    if not getattr(kind, "name", ""):
        yield "it has no name"
    for name in _FLOWS:
        method = getattr(kind, name)
        if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
            yield f"{name} is async; a flow is a plain generator"
    for name in ("submit", "poll"):
        if getattr(kind, name) is getattr(Provider, name):
            yield f"it has no {name}"
    yield from (f"its module imports {name}, and a provider opens nothing" for name in _imports(kind))
    try:
        book = _book(kind)
        if not book.find(kind.name):
            yield f"its catalogue has no row for {kind.name}"
        elif not all(host.startswith("https://") for host in book.offer(kind.name).hosts if book.offer(kind.name).key):
            yield "a host of its catalogue is not https, and would get the key in the clear"
    except Exception as error:  # noqa: BLE001  # whatever a catalogue that can't be read raises
        yield f"its catalogue can't be read: {error!r}"


def _imports(kind: type[Provider]) -> Iterator[str]:
    module = inspect.getmodule(kind)
    try:
        tree = ast.parse(inspect.getsource(module)) if module else ast.Module([], [])
    except OSError:  # a class that was made at a prompt has no file
        return
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef) and node.name == "transport":
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
        found: list[str] = []
        if isinstance(node, ast.Import):
            found = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found = [node.module or "", *(f"{node.module}.{each.name}" for each in node.names)]
        yield from (name for name in found if {name, name.partition(".")[0]} & _OPENS_SOMETHING)


def _book(kind: type[Provider]) -> Catalog:
    return parse(kind.catalog) if kind.catalog else catalog()


def _of_the_flows(wire: Provider, said: _Answers, request: VideoRequest | None) -> Iterator[str]:
    try:
        order = quote(request or VideoRequest(prompt="A red fox"), wire.name, _book(type(wire)))
    except HailuoError as error:
        yield f"nothing can be ordered: {error} Give a request that can."
        return
    task = Task("1", order.row.model)

    def submit() -> Flow[TaskState]:
        return wire.submit(order.request, order.row)

    flows: dict[str, NewFlow] = {
        "poll": lambda: wire.poll(task),
        "poll_many": lambda: wire.poll_many([task, Task("2", order.row.model)]),
        "cancel": lambda: wire.cancel(task),
    }
    yield from _submission(submit, said.accepted)
    yield from _named_in_trouble(submit, said.accepted)
    yield from _states(flows["poll"], said)
    literals = [said.accepted, said.running, *said.done, *said.failed]
    yield from _hostile({"submit": submit, **flows}, literals)
    yield from _unclear(submit, flows["poll"])
    yield from _control_characters(submit, flows["poll"], said)


def _submission(submit: NewFlow, accepted: Any) -> Iterator[str]:
    walk = _walk(submit, [_reply(accepted)])
    if not isinstance(walk.result, TaskState) or not walk.result.task.id:
        yield f"submit returns no task for the accepted answer, but {walk.error or walk.result!r}"
    if walk.paid != 1:
        yield f"submit makes {walk.paid} paying calls; exactly one is paying"


def _named_in_trouble(submit: NewFlow, accepted: Any) -> Iterator[str]:
    """An answer that names a task is a task, whatever looks like a refusal in it."""
    answers = [accepted, *({**accepted, **trouble} for trouble in _TROUBLE if isinstance(accepted, dict))]
    for status, answer in product((200, 302, 400, 402, 409, 422, 429, 500, 503), answers):
        reply = HttpReply(status, json.dumps(answer).encode())
        walk = _walk(submit, [reply])
        if not isinstance(walk.result, TaskState):
            yield f"submit, answered {_shown(reply)}, throws a task away: {walk.error!r}"


def _states(poll: NewFlow, said: _Answers) -> Iterator[str]:
    for what, answers, wanted in (
        ("running", [said.running], {Phase.QUEUED, Phase.RUNNING}),
        ("done", said.done, {Phase.SUCCEEDED}),
        ("failed", said.failed, {Phase.FAILED}),
    ):
        walk = _walk(poll, [_reply(each) for each in answers])
        phase = walk.result.phase if isinstance(walk.result, TaskState) else None
        if phase not in wanted:
            yield f"poll takes the {what} answer for {phase or repr(walk.error or walk.result)}"
        elif what != "failed" and walk.result.word:
            strange = [_reply(_renamed(each, walk.result.word)) for each in answers]
            then = _walk(poll, strange)
            if not isinstance(then.result, TaskState):
                yield f"poll raises {then.error!r} for a status word that is unknown; such a task still runs"
            elif then.result.phase.final and any(_reply(old) != new for old, new in zip(answers, strange, strict=True)):
                yield f"poll takes a status word that is unknown for {then.result.phase}; such a task still runs"


def _hostile(flows: Mapping[str, NewFlow], literals: Sequence[Any]) -> Iterator[str]:
    answers = [HttpReply(status, body) for status in _STATUSES for body in _BODIES]
    for literal in literals:
        body = json.dumps(literal).encode()
        answers += [HttpReply(200, body[:end]) for end in range(0, len(body), max(1, len(body) // 40))]
        answers += [HttpReply(status, body) for status in _STATUSES]
        answers += [_reply(each) for each in _spoilt(literal)]
    for name, flow in flows.items():
        for answer in answers:
            walk = _walk(flow, [answer] * MOST_CALLS)
            yield from (f"{name}, answered {_shown(answer)}: {each}" for each in _senseless(name, walk))


def _senseless(name: str, walk: _FlowRun) -> Iterator[str]:
    if walk.paid > (name == "submit"):
        yield f"{walk.paid} paying calls are made"
    if walk.error is not None:
        if not isinstance(walk.error, VendorError):
            yield f"{walk.error!r} comes out, which is no VendorError"
        return
    states = walk.result if isinstance(walk.result, list) else [walk.result]
    for state in states:
        if not isinstance(state, TaskState):
            yield f"{state!r} comes out, which is no TaskState"
        elif (state.error is not None) != (state.phase is Phase.FAILED):
            yield f"{state.phase} comes {'without' if state.error is None else 'with'} an error"
        elif (state.url is not None) != (state.phase is Phase.SUCCEEDED):
            yield f"{state.phase} comes {'without' if state.url is None else 'with'} a URL"
        elif state.url is not None and not str(state.url).startswith(("https://", "http://")):
            yield f"{state.url!r} is no address on the web"


def _unclear(submit: NewFlow, poll: NewFlow) -> Iterator[str]:
    gateways = [HttpReply(status, body) for status, body in product(_GATEWAY_STATUSES, _GATEWAY_BODIES)]
    for reply in (HttpReply(200, _PAGE), HttpReply(200, b"{}"), *gateways):
        error = _walk(submit, [reply] * MOST_CALLS).error
        if not isinstance(error, VendorError) or error.charged == Charged.NO:
            yield f"submit, answered {_shown(reply)}, must say that it may have been charged, and says {error!r}"
    for reply in gateways:
        walk = _walk(poll, [reply] * MOST_CALLS)
        unknown = isinstance(walk.error, NotFoundError) and reply.status in {404, 410}
        if isinstance(walk.error, VendorError):
            if not walk.error.retryable and not unknown:
                yield f"poll, answered {_shown(reply)}, must be asked again, and says that it can't: {walk.error!r}"
        elif not isinstance(walk.result, TaskState) or walk.result.phase.final:
            yield f"poll takes a gateway's {_shown(reply)} for an end: {walk.result!r}"
    for reply in (HttpReply(200, _PAGE), HttpReply(503, b"")):
        walk = _walk(poll, [reply] * MOST_CALLS)
        if isinstance(walk.error, VendorError) and not walk.error.retryable:
            yield f"poll, answered {_shown(reply)}, must be asked again, and says that it can't: {walk.error!r}"


def _control_characters(submit: NewFlow, poll: NewFlow, said: _Answers) -> Iterator[str]:
    for name, flow, literals in (
        ("submit", submit, [said.accepted]),
        ("poll", poll, [said.running, *said.done, *said.failed]),
    ):
        for literal, status in product(literals, (200, 400)):
            reply = HttpReply(status, json.dumps(_sprinkled(literal)).encode())
            walk = _walk(flow, [reply] * MOST_CALLS)
            shown = [str(walk.error)] if walk.error else []
            if isinstance(walk.result, TaskState):
                shown += [walk.result.word, walk.result.task.id, str(walk.result.error or ""), walk.result.url or ""]
            if any(each in text for each in _CONTROLS for text in shown):
                yield f"{name}, answered {_shown(reply)}, lets a control character through: {shown!r}"


def _sprinkled(value: Any) -> Any:
    """The value with control characters in all of its texts."""
    if isinstance(value, dict):
        return {key: _sprinkled(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_sprinkled(each) for each in value]
    return value + "".join(_CONTROLS) if isinstance(value, str) else value


def _walk(flow: NewFlow, answers: Sequence[HttpReply]) -> _FlowRun:
    """Drive a flow with answers, the last of them again where it asks for more."""
    walk = _FlowRun()
    try:
        made = flow()
        if not isinstance(made, Generator):
            raise TypeError(f"a {type(made).__name__} instead of a generator")  # noqa: TRY301  # one way out
        call = next(made)
        while len(walk.calls) < MOST_CALLS:
            if not isinstance(call, HttpCall) or not call.path.startswith("/"):
                raise TypeError(f"{call!r} instead of an HttpCall with a path below the base URL")  # noqa: TRY301
            json.dumps(call.json)
            walk.calls.append(call)
            call = made.send(answers[min(len(walk.calls), len(answers)) - 1])
        made.close()
        raise RuntimeError("a flow that asks without end")  # noqa: TRY301
    except StopIteration as stop:
        walk.result = stop.value
    except Exception as error:  # noqa: BLE001  # whatever comes out is what is being looked at
        walk.error = error
    return walk


def _reply(value: Any) -> HttpReply:
    return HttpReply(200, json.dumps(value).encode())


def _many(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _renamed(value: Any, word: str) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(each, word) for key, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, word) for each in value]
    return _UNKNOWN if value == word else value


def _spoilt(value: Any) -> Iterator[Any]:
    """The value with one of its parts missing or of another type, for every part."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in list(parts):
        for other in (*_ODD, *_spoilt(part)):
            copy = dict(value) if isinstance(value, dict) else list(value)
            copy[key] = other
            yield copy
        if isinstance(value, dict):
            yield {name: each for name, each in value.items() if name != key}


def _shown(reply: HttpReply) -> str:
    return f"HTTP {reply.status} {reply.text[:100]!r}"
