"""What a card says about one job, as plain values: the live card and the static one are two ways of drawing these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from hailuo_widgets.store.clip import Clip


@dataclass(frozen=True, slots=True)
class Order:
    """What was requested, fixed for the life of a card.

    Attributes:
        name: The notebook's variable for the job, `""` where it has none.
        prompt: The prompt as it was written.
        provider: The provider's name.
        provider_reason: Why this provider, e.g. "no key is set, so this is a sketch".
        model: The vendor's name of the model.
        mode: T2V, I2V, FLF or S2V, as the field writes them.
        spec: Duration and resolution, ready to be shown: "6 s · 768P".
        price: "$0.28", "free" or "price not published".
        sketch: Whether the clip is the embedded provider's drawing and not a model's work.
        warnings: What does not stop the order but is probably a slip, such as near misses of camera commands.
        cancel: What the button can do here: few vendors really cancel.
    """

    name: str
    prompt: str
    provider: str
    provider_reason: str
    model: str
    mode: str
    spec: str
    price: str
    sketch: bool
    warnings: tuple[str, ...] = ()
    cancel: Literal["Cancel", "Stop watching"] = "Cancel"


@dataclass(frozen=True, slots=True)
class Status:
    """How far a job has come.

    Attributes:
        state: What `wording.shown_state` gives: "planned", "submitting", … "stored".
        task_id: The vendor's id of the task, `""` until there is one.
        progress: The vendor's own figure, 0 to 1; None where it gives none.
        elapsed: Seconds since the job began, at the moment of sending; a live card counts on by itself.
        expected: Seconds that the whole job is likely to take, None where that is unknown.
        note: A few words beside the state, e.g. "waits for a slot".
        error: What went wrong, in one sentence.
        hint: The way out.
        charged: What is known about money, e.g. "nothing was sent, nothing charged".
    """

    state: str
    task_id: str = ""
    progress: float | None = None
    elapsed: float = 0.0
    expected: float | None = None
    note: str = ""
    error: str = ""
    hint: str = ""
    charged: str = ""


@dataclass(frozen=True, slots=True)
class ClipView:
    """A stored clip.

    Attributes:
        src: The file's URL relative to the notebook, already percent-quoted.
        file: The file's path as it is shown.
        poster: A small JPEG, `b""` if it has none.
        width: Pixels.
        height: Pixels.
        fps: Frames a second.
        duration: Seconds.
        size: Bytes.
        sha256: The file's digest, in hexadecimal.
        cached: Whether it came from the library, at no cost.
        measured: What was measured of its camera, in a few words; `""` where it is not measured.
    """

    src: str
    file: str
    poster: bytes
    width: int
    height: int
    fps: float
    duration: float
    size: int
    sha256: str
    cached: bool
    measured: str = ""


Moved = Callable[["Clip", ClipView], ClipView]
"""Gives a clip's view another address than that of its file."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that is needed to make a clip again.

    Attributes:
        cell: The `%%hailuo` cell as text.
        parameters: Name and effective value of each, defaults included.
        prompt_sent: The prompt as the vendor got it, where it differs from what was written; else `""`.
        created: When it was ordered, in ISO 8601.
        promote: The line that makes a draft again in 2K, with its price; `""` where the clip is no draft.
    """

    cell: str
    parameters: tuple[tuple[str, str], ...]
    prompt_sent: str
    created: str
    promote: str = ""
