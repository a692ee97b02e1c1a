"""A vendor's tasks: what was asked, and how far it is by the clock."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class State(StrEnum):
    """How far a task is, in words of no vendor's."""

    PREPARING = "preparing"
    QUEUEING = "queueing"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the task."""
        return self in {State.SUCCEEDED, State.FAILED, State.CANCELLED}

    @property
    def waiting(self) -> bool:
        """Whether work has not begun yet."""
        return self in {State.PREPARING, State.QUEUEING}


Failure = Literal["input", "output", "internal"]
"""Why a task fails: its input was moderated, its output was, or the vendor's machine broke."""


@dataclass(frozen=True)
class Timing:
    """How long a task stays in each state.

    Attributes:
        preparing: Seconds until it is queued.
        queueing: Seconds in the queue.
        running: Seconds of work.
        script: Instead of the clock: the state that the first, second, … poll sees. The last one stays.
    """

    preparing: float = 2.0
    queueing: float = 5.0
    running: float = 45.0
    script: tuple[State, ...] = ()

    @property
    def total(self) -> float:
        """Seconds from submission to the end."""
        return self.preparing + self.queueing + self.running

    def state(self, elapsed: float, polls: int) -> State:
        """The state after `elapsed` seconds, or at the poll of that number where there is a script."""
        if self.script:
            return self.script[max(0, min(polls, len(self.script)) - 1)]
        if elapsed < self.preparing:
            return State.PREPARING
        if elapsed < self.preparing + self.queueing:
            return State.QUEUEING
        return State.RUNNING if elapsed < self.total else State.SUCCEEDED


@dataclass(frozen=True)
class DrawOrder:
    """The clip that a task makes.

    Attributes:
        prompt: The words, camera commands included.
        width: Pixels, even.
        height: Pixels, even.
        duration: Seconds.
        first_frame: URL or data URL of the picture to start from, as the request gave it.
        last_frame: The same for the picture to arrive at.
        frames: How many the clip has at 24 a second, where that is not what its seconds say (MiniMax-H3).
        sound: Whether it has a stereo track.
        prose: Whether the words say what the camera does, with no commands (MiniMax-H3).
        drawn: Whether there is a clip at all; a rewritten prompt has none.
    """

    prompt: str
    width: int
    height: int
    duration: int
    first_frame: str | None = None
    last_frame: str | None = None
    frames: int | None = None
    sound: bool = False
    prose: bool = False
    drawn: bool = True


@dataclass
class SimTask:
    """One task as the vendor keeps it.

    Attributes:
        id: The vendor's task id.
        vendor: Whose task it is: `minimax`, `minimax-v2`, `acedata`, `ppio`, `modelverse` or `evolink`.
        model: The model's name on the wire.
        request: The request body as received.
        created: When it was accepted, by the simulator's clock.
        order: The clip to draw.
        timing: How long it takes.
        owner: A digest of the key that submitted it; other keys do not see the task.
        failure: Why it will fail; None for a task that succeeds.
        billed: Whether it has been charged. A task that fails or is cancelled is paid back.
        polls: How often it has been asked for.
        state: The state that was last seen.
        ended: When it ended, by the simulator's clock.
        notes: What one vendor alone needs to remember (its trace id, the route that was used).
    """

    id: str
    vendor: str
    model: str
    request: dict[str, Any]
    created: float
    order: DrawOrder
    timing: Timing = field(default_factory=Timing)
    owner: str = ""
    failure: Failure | None = None
    billed: bool = True
    polls: int = 0
    state: State = State.PREPARING
    ended: float | None = None
    notes: dict[str, str] = field(default_factory=dict)

    def progress(self, now: float) -> int:
        """Per cent of the work done, 0 while it waits, below 100 until it has succeeded."""
        if self.state is State.SUCCEEDED:
            return 100
        if self.state is not State.RUNNING or self.timing.script:
            return 0
        worked = now - self.created - self.timing.preparing - self.timing.queueing
        return max(0, min(99, int(100 * worked / self.timing.running))) if self.timing.running else 99


@cache
def _adapter() -> TypeAdapter[SimTask]:
    from pydantic import TypeAdapter

    return TypeAdapter(SimTask)


class FileTaskStore(MutableMapping[str, SimTask]):
    """Tasks as small JSON files in a folder, so that a task is still known after a restart."""

    _name = re.compile(r"[A-Za-z0-9_-]{1,100}")

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._seen: dict[str, SimTask] = {}

    def _path(self, task_id: str) -> Path:
        if not self._name.fullmatch(task_id):
            raise KeyError(task_id)
        return self.folder / f"{task_id}.json"

    def __getitem__(self, task_id: str) -> SimTask:
        if task_id in self._seen:
            return self._seen[task_id]
        try:
            task = _adapter().validate_json(self._path(task_id).read_bytes())
        except (OSError, ValueError):
            raise KeyError(task_id) from None
        self._seen[task_id] = task
        return task

    def __setitem__(self, task_id: str, task: SimTask) -> None:
        self._seen[task_id] = task
        path = self._path(task_id)
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.part")
        partial.write_bytes(_adapter().dump_json(task))
        partial.replace(path)

    def __delitem__(self, task_id: str) -> None:
        self._seen.pop(task_id, None)
        try:
            self._path(task_id).unlink()
        except FileNotFoundError:
            raise KeyError(task_id) from None

    def __iter__(self) -> Iterator[str]:
        return (path.stem for path in sorted(self.folder.glob("*.json")))

    def __len__(self) -> int:
        return sum(1 for _ in self)
