"""The protocol between us and a vendor, without any I/O.

A provider's methods are generators, like httpx's own auth flows: they yield an `HttpCall`, are sent the `HttpReply`,
and return what was learned. They open nothing, know no clock and hold no key, so a whole wire can be tested with
literals from the vendor's pages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from hailuo_widgets.errors import NotFoundError, VendorError, VendorFaultError
from hailuo_widgets.providers.text import plain, safe_json

if TYPE_CHECKING:
    import httpx

    from hailuo_widgets.spec.catalog import ModelSpec
    from hailuo_widgets.spec.pricing import Usage
    from hailuo_widgets.spec.request import VideoRequest

T = TypeVar("T")

EXCERPT = 300
"""Characters of a vendor's reply that an error may quote."""

_LONGEST_WAIT = 3600.0

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


@dataclass(frozen=True, slots=True)
class HttpCall:
    """One call that a flow wants made.

    Attributes:
        method: `"GET"`, `"POST"`, `"DELETE"`.
        path: Below the provider's base URL, with its leading slash.
        params: The query; a list for a name that repeats.
        json: The body, None for no body.
        paying: Whether the vendor charges for it; such a call is never sent again once it may have left the machine.
        timeout: Seconds to wait for an answer, None for the client's own.
    """

    method: str
    path: str
    params: Mapping[str, str | list[str]] = field(default_factory=dict)
    json: Any = None
    paying: bool = False
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came back. Hostile until checked.

    Attributes:
        status: The HTTP status.
        body: The body, decoded from any transfer coding.
        headers: With lower-case names.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The body as one line that is safe to show, whatever it holds."""
        return plain(self.body.decode("utf-8", "replace"))

    def json(self) -> Any:
        """The body as JSON, in text that can be written down: lone surrogates and control characters are replaced.

        Raises:
            VendorFaultError: If it is not JSON (for example an HTML page, or truncated).
        """
        try:
            value = json.loads(safe_json(self.body.decode("utf-8-sig")), parse_constant=_refuse_constant)
            if _SURROGATE.search(self.body):
                value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
            return value  # noqa: TRY300  # both lines above can fail
        except (ValueError, RecursionError):
            raise VendorFaultError(
                f"The vendor's answer is not JSON (HTTP {self.status}).",
                http_status=self.status,
                vendor_message=self.text[:EXCERPT],
            ) from None

    def object(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            VendorFaultError: If it is anything else.
        """
        value = self.json()
        if not isinstance(value, dict):
            raise VendorFaultError(
                f"The vendor's answer is not a JSON object (HTTP {self.status}).",
                http_status=self.status,
                vendor_message=self.text[:EXCERPT],
            )
        return value

    @property
    def retry_after(self) -> float | None:
        """Seconds that the vendor asks us to wait; None if it doesn't say. A date is read by the vendor's own clock."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return min(float(value), _LONGEST_WAIT)
        try:
            seconds = (parsedate_to_datetime(value) - parsedate_to_datetime(self.headers["date"])).total_seconds()
        except (KeyError, ValueError, TypeError, OverflowError):
            return None
        return max(0.0, min(seconds, _LONGEST_WAIT))


Flow = Generator[HttpCall, HttpReply, T]


class Phase(StrEnum):
    """Where a task stands at the vendor."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether it will never change again."""
        return self in {Phase.SUCCEEDED, Phase.FAILED, Phase.CANCELLED}


@dataclass(frozen=True, slots=True)
class Task:
    """The vendor's task. Plain data, so that it can be kept and picked up again.

    Attributes:
        id: The vendor's id.
        model: The request's model; some vendors have one wire for each generation of models.
    """

    id: str
    model: str = ""


@dataclass(frozen=True, slots=True)
class TaskState:
    """What a vendor says of a task.

    Attributes:
        task: Which one.
        phase: Where it stands. An unknown status word is `RUNNING`, never an end.
        word: The vendor's own word for it.
        progress: 0 to 1, None if the vendor doesn't say.
        eta: Seconds left as the vendor sees it, None if it doesn't say.
        url: Where the clip can be fetched, once it succeeded.
        prompt: The rewritten prompt, where that was asked for instead of a clip, once it succeeded.
        usage: What the vendor says that it charges for, where it says so.
        error: Why it failed, once it failed.
        raw: The vendor's whole answer, for the record.
    """

    task: Task
    phase: Phase
    word: str = ""
    progress: float | None = None
    eta: float | None = None
    url: str | None = None
    prompt: str | None = None
    usage: Usage | None = None
    error: VendorError | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Remains:
    """What is left of a plan.

    Attributes:
        name: Of what, in the vendor's words.
        left: How many clips; None where only `percent` is known.
        total: Of how many; None where that is unknown.
        percent: What is left in percent; None where that is unknown.
        until: When it begins again, in seconds since the epoch; None where that is unknown.
    """

    name: str
    left: int | None = None
    total: int | None = None
    percent: float | None = None
    until: float | None = None


class Provider:
    """One vendor's wire: what to send, and how to read what comes back.

    A vendor whose tasks are made by one POST and asked for by one GET needs `name`, `submit` and `poll`, nothing else.
    Both are generators: they yield an `HttpCall`, are sent the `HttpReply`, and return a `TaskState`.

    What went wrong is said in one of two ways. A call that failed is raised, as one of the `VendorError` family; a
    task that failed is returned, as a state with `Phase.FAILED` and the error in it. Whatever a vendor may answer,
    nothing but `VendorError` comes out; `providers.fields` reads values in that way, and `providers.answers` whole
    answers. Who drives the flow adds the provider's name, the request and the task to an error.

    An error that `submit` raises decides about money. With `Charged.NO` the vendor certainly did not take the request:
    the job ends as refused and may be tried again. With `Charged.UNKNOWN` it may have: the job ends as uncertain, and
    a person decides. `RateLimitError` says that the vendor did not take it yet: the same call is sent again later.
    So once the answer names a task, `submit` returns it, however odd the rest of the answer looks, and only a code
    that the vendor documents may say `Charged.NO`: `answers.submitted` reads every answer in that order.

    What `poll` says decides about a clip that may have been paid for:

    - final: it returns a state whose phase is final. Only for the vendor's documented word about this very task.
    - unknown task: it raises `NotFoundError`. A replica can lag behind, so the task is asked for again until the
      vendor has surely forgotten it (`task_retention` in its catalogue).
    - refused: it raises another error that is not retryable (a key, a balance). Asked again for some minutes.
    - transient: it raises an error that is retryable. Asked again without end.

    Threads: one object serves every job of its vendor. Its methods are called on the engine's loop, or on the loop of
    an `AsyncHailuo`, and many flows are open at once. So a method must not block, sleep or read files, and a flow keeps
    its state in local variables. A flow may be closed at any `yield`, by a cancellation or when the kernel ends.

    Ownership: requests, rows, tasks and replies are shared and immutable; a flow changes neither them nor what they
    hold. What it returns belongs to the caller.

    Attributes:
        name: As the catalogue writes it.
        catalog: What it offers, as TOML in the form of `spec/catalog.toml`; only for providers of other packages.
        batch: For how many tasks one status call can ask.
        cancellable: Whether the vendor can really cancel tasks, if only some.
        tells_remains: Whether it says what is left of a plan.
    """

    name: ClassVar[str]
    catalog: ClassVar[str] = ""
    batch: ClassVar[int] = 1
    cancellable: ClassVar[bool] = False
    tells_remains: ClassVar[bool] = False

    def headers(self, key: str) -> dict[str, str]:
        """The headers that carry the key."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def transport(self, seconds: float) -> httpx.AsyncBaseTransport | None:
        """What carries the calls, where that is not the network; only for providers that live in this process.

        Args:
            seconds: How long such a provider pretends to take for a clip.
        """
        del seconds
        return None

    def submit(self, request: VideoRequest, row: ModelSpec) -> Flow[TaskState]:
        """Buy a clip. Exactly one of the yielded calls is `paying`.

        Raises:
            VendorError: If the vendor turned it down, or gave no clear answer.
        """
        raise NotImplementedError

    def poll(self, task: Task) -> Flow[TaskState]:
        """Ask how a task stands; where it succeeded, its URL included.

        Raises:
            VendorError: If the question (not the task) failed.
        """
        raise NotImplementedError

    def poll_many(self, tasks: Sequence[Task]) -> Flow[list[TaskState]]:
        """Ask for up to `batch` tasks; a task that the vendor doesn't know is left out of the answer.

        Raises:
            VendorError: If the question (not a task) failed.
        """
        states = []
        for task in tasks:
            try:
                states.append((yield from self.poll(task)))
            except NotFoundError:
                continue
        return states

    def batch_of(self, model: str) -> int:
        """For how many tasks of a model one status call can ask."""
        del model
        return self.batch

    def can_find(self, model: str) -> bool:
        """Whether `candidates` can find a task whose id was never received."""
        del model
        return False

    def candidates(self, request: VideoRequest, row: ModelSpec, since: float) -> Flow[list[TaskState]]:
        """The tasks that a request may have become whose answer was lost. A person decides which of them it is.

        Args:
            request: What was sent.
            row: What the vendor offers.
            since: When it was sent, in seconds since the epoch.

        Raises:
            VendorError: If the vendor could not be asked.
        """
        del request, row, since
        yield from ()
        return []

    def remains(self) -> Flow[tuple[Remains, ...]]:
        """What is left of the account's plan; nothing where the vendor does not tell, or the account has none.

        Raises:
            VendorError: If the vendor could not be asked.
        """
        yield from ()
        return ()

    def can_cancel(self, task: Task) -> bool:
        """Whether the vendor can cancel that task while it waits."""
        del task
        return self.cancellable

    def cancel(self, task: Task) -> Flow[TaskState]:
        """Cancel a task at the vendor, where it can do that.

        Returns:
            How the task stands now: `Phase.CANCELLED` where it was cancelled, anything else where it goes on.

        Raises:
            VendorError: If the vendor could not be asked.
        """
        return (yield from self.poll(task))
