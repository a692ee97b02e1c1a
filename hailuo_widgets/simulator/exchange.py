"""One request and one answer: what a vendor's handlers are given and what they return."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from starlette.responses import Response

from .images import check_image

if TYPE_CHECKING:
    from .app import Simulator
    from .tasks import Failure, SimTask

Where = Literal["submit", "poll", "file", "download"]
"""What a request is for: to order a clip, to ask for its state, to learn its URL (MiniMax v1 alone), to fetch it."""


@dataclass
class LogEntry:
    """One request as it arrived, for tests and for the server's log.

    Attributes:
        clock: When, by the simulator's clock.
        vendor: Whose endpoint it was; `files` for a result URL.
        method: The HTTP method.
        path: The path, without the query.
        with_key: Whether an `Authorization` header came with it.
        where: What the request was for.
        status: The HTTP status of the answer; 0 while there is none, or where none was ever sent.
        task_id: The task that the request created or asked for.
    """

    clock: float
    vendor: str
    method: str
    path: str
    with_key: bool
    where: Where
    status: int = 0
    task_id: str | None = None


@dataclass(frozen=True)
class Call:
    """A request that has passed the gate.

    Attributes:
        method: The HTTP method.
        body: The parsed JSON object of a POST; empty for other methods.
        query: The query's parameters, the last of each name.
        params: The parts of the path.
        headers: The headers, names in lower case.
        base_url: Scheme, host and port that the request was sent to; result URLs begin with it.
        owner: A digest of the key; empty where none is needed.
        failure: What shall become of the task that this request creates.
        entry: The request's line in the log.
        pairs: The query's parameters, all of them: some names repeat.
        raw: The body as it came, for forms with files.
    """

    method: str
    body: dict[str, Any]
    query: Mapping[str, str]
    params: Mapping[str, str]
    headers: Mapping[str, str]
    base_url: str
    owner: str
    failure: Failure | None
    entry: LogEntry
    pairs: Sequence[tuple[str, str]] = ()
    raw: bytes = b""


@dataclass(frozen=True)
class Reply:
    """An answer in JSON."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class ErrorKind(Enum):
    """Why a vendor turns a request down."""

    NO_KEY = auto()
    BAD_KEY = auto()
    RATE_LIMITED = auto()
    NO_BALANCE = auto()
    SENSITIVE_INPUT = auto()
    SERVER_ERROR = auto()
    BAD_REQUEST = auto()
    BAD_IMAGE_FORMAT = auto()
    IMAGE_TOO_HEAVY = auto()
    BAD_IMAGE_SIZE = auto()
    BAD_TASK_ID = auto()
    UNKNOWN_TASK = auto()


Handler = Callable[[Call], Awaitable[Reply | Response]]


@dataclass(frozen=True)
class Endpoint:
    """A path of a vendor's and what answers there."""

    method: str
    path: str
    where: Where
    handler: Handler


class Refusal(Exception):  # noqa: N818 - it is an answer, not an error of the simulator's
    """Ends a handler with the vendor's own error body."""

    def __init__(self, problem: ErrorKind, text: str = "") -> None:
        super().__init__(text)
        self.problem = problem
        self.text = text


def invalid(text: str) -> Refusal:
    """The request breaks a rule of the vendor's page."""
    return Refusal(ErrorKind.BAD_REQUEST, text)


class Vendor(ABC):
    """One vendor's server side.

    Attributes:
        name: The vendor's name in tasks, log and faults.
        bare_keys: Whether `Authorization: KEY` is as good as `Authorization: Bearer KEY`.
        needs_key: Whether requests must carry a key at all.
    """

    name: ClassVar[str]
    bare_keys: ClassVar[bool] = False
    needs_key: ClassVar[bool] = True

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim

    @abstractmethod
    def endpoints(self) -> Sequence[Endpoint]:
        """The paths that this vendor serves; the first that fits a request answers it."""

    @abstractmethod
    def refuse(self, problem: ErrorKind, text: str = "") -> Reply:
        """The vendor's own error body."""

    def admit(self, key: str, call_headers: Mapping[str, str], query: Mapping[str, str]) -> ErrorKind | None:
        """Whether a key opens this vendor's door; None where it does."""
        del call_headers, query
        if self.sim.keys is None:
            return None
        if not key:
            return ErrorKind.NO_KEY
        return None if key in self.sim.keys else ErrorKind.BAD_KEY

    def headers(self) -> dict[str, str]:
        """Headers that all answers of this vendor carry."""
        return {}

    def find(self, call: Call, task_id: Any) -> SimTask | None:
        """A task of this vendor's that the caller's key has submitted."""
        task = self.sim.tasks.get(task_id) if isinstance(task_id, str) else None
        if task is None or task.vendor != self.name or task.owner != call.owner:
            return None
        call.entry.task_id = task.id
        return task

    def estranged(self, body: Any) -> Any:
        """A poll's answer with a status word that no page mentions."""
        if isinstance(body, dict):
            return {
                key: "RETICULATING_SPLINES"
                if key in {"status", "task_status", "state"} and isinstance(value, str)
                else self.estranged(value)
                for key, value in body.items()
            }
        return [self.estranged(each) for each in body] if isinstance(body, list) else body


_IMAGE_PROBLEMS = {
    "reference": ErrorKind.BAD_REQUEST,
    "format": ErrorKind.BAD_IMAGE_FORMAT,
    "bytes": ErrorKind.IMAGE_TOO_HEAVY,
    "size": ErrorKind.BAD_IMAGE_SIZE,
}


def image_field(body: Mapping[str, Any], name: str, *, data_urls: bool = True, required: bool = False) -> str | None:
    """The URL or data URL of a picture that the vendor would take; None where it is missing and may be."""
    value = body.get(name)
    if value is None or value == "":
        if required:
            raise invalid(f"{name} is required")
        return None
    if problem := check_image(value, data_urls=data_urls):
        raise Refusal(_IMAGE_PROBLEMS[problem.kind], f"{name} {problem.text}")
    return str(value)


def text_field(body: Mapping[str, Any], name: str, *, most: int, required: bool = False) -> str:
    """A string of at most `most` characters; empty where it is missing and may be."""
    value = body.get(name)
    if value is None or value == "":
        if required:
            raise invalid(f"{name} is required")
        return ""
    if not isinstance(value, str):
        raise invalid(f"{name} must be a string")
    if len(value) > most:
        raise invalid(f"{name} must not exceed {most} characters")
    return value


def choice_field(body: Mapping[str, Any], name: str, allowed: Sequence[str | int], default: Any = None) -> Any:
    """One of the allowed values, of exactly their type; the default where the field is missing."""
    value = body.get(name)
    if value is None:
        value = default
    if isinstance(value, bool) or value not in allowed or type(value) is not type(allowed[0]):
        raise invalid(f"{name} must be one of {', '.join(map(str, allowed))}")
    return value


def flag_fields(body: Mapping[str, Any], *names: str) -> None:
    """Each of these is true, false or missing."""
    for name in names:
        if not isinstance(body.get(name), bool | None):
            raise invalid(f"{name} must be a boolean")


def length_fields(body: Mapping[str, Any], resolutions: Sequence[str], key: str = "resolution") -> tuple[int, str]:
    """Duration and resolution of a Hailuo 02 or 2.3 clip: 6 or 10 s, 768P by default, 10 s not in 1080P.

    All vendors' pages agree on it (PPIO, Minimax Hailuo-02; UCloud, Hailuo-2.3-I2V; EvoLink, Hailuo 02 API).
    """
    duration: int = choice_field(body, "duration", (6, 10), 6)
    default = next(each for each in resolutions if each.startswith("768"))
    resolution: str = choice_field(body, key, resolutions, default)
    if duration == 10 and resolution.startswith("1080"):
        raise invalid(f"{key} {resolution} only supports duration 6")
    return duration, resolution
