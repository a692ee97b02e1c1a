"""The words that the live card and the static one share: states, figures, and a prompt in pieces."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, NamedTuple

from hailuo_widgets.spec import camera

if TYPE_CHECKING:
    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.views.card import ClipView, Order, Status

Tone = Literal["wait", "run", "ok", "warn", "bad", "off"]


class StateWord(NamedTuple):
    """How a state is shown: a word, and the tone that colours its dot."""

    word: str
    tone: Tone


_STATES = {
    "planned": StateWord("Planned", "wait"),
    "submitting": StateWord("Submitting", "wait"),
    "queued": StateWord("Queued", "wait"),
    "running": StateWord("Running", "run"),
    "downloading": StateWord("Downloading", "run"),
    "stored": StateWord("Done", "ok"),
    "refused": StateWord("Refused", "bad"),
    "unreached": StateWord("Not reached", "bad"),
    "failed": StateWord("Failed", "bad"),
    "uncertain": StateWord("Unconfirmed", "warn"),
    "abandoned": StateWord("Detached", "warn"),
    "cancelled": StateWord("Cancelled", "off"),
}
_CELLS = {"illegal": StateWord("Not possible", "off"), "skipped": StateWord("Skipped", "off")}


def shown_state(job: Job) -> str:
    """The job's state, or "unreached": a provider that could not be reached has refused nothing."""
    return "unreached" if job.not_reached else job.state.value


def state_word(state: str) -> StateWord:
    """The word and the tone of a `shown_state`; raises `KeyError` for any other."""
    return _STATES[state]


_COUNTED: tuple[Tone, ...] = ("ok", "run", "bad", "warn", "wait", "off")


def cell_words() -> dict[str, StateWord]:
    """The words and tones of all that a cell of a sweep can be: a job's states, and why there is no job.

    In the order in which they are counted: what there is to see, what went wrong, the rest.
    """
    return dict(sorted((_STATES | _CELLS).items(), key=lambda item: _COUNTED.index(item[1].tone)))


class Message(NamedTuple):
    """What went wrong, in one sentence, and the way out."""

    error: str
    hint: str


def message(order: Order, status: Status) -> Message:
    """What a card has to explain: the status's own words, or the plain meaning of a state that comes without any."""
    if status.error or status.hint:
        return Message(status.error, status.hint)
    if status.state == "uncertain":
        return Message(
            "Sent, but no answer came back: it may have been charged.",
            f"Check your account at {order.provider}, then decide with `%hailuo resume`. "
            "Nothing is sent again automatically.",
        )
    if status.state == "abandoned":
        return Message(
            f"Detached. {order.provider} may still finish this clip and charge for it.",
            "Run the cell again, or `%hailuo resume`, to fetch it. You won't be charged twice.",
        )
    return Message("", "")


class Segment(NamedTuple):
    """A piece of a prompt; a command is a whole bracket, as it was written."""

    text: str
    is_command: bool


def question_as_shown(question: str, seats: int = 2) -> str:
    """A question about so many clips as a voter reads it."""
    better = "Which is better?" if seats == 2 else "Which is the best?"
    asked = {"better": better, "follows": "Which does what the prompt says?"}
    return asked.get(question, question)


def segments(prompt: str) -> list[Segment]:
    """A prompt cut into plain text and camera commands; joined again, the pieces are the prompt."""
    pieces: list[Segment] = []
    at = 0
    for shot in camera.parse(prompt).shots:
        pieces += [Segment(prompt[at : shot.start], False), Segment(prompt[shot.start : shot.end], True)]
        at = shot.end
    pieces.append(Segment(prompt[at:], False))
    return [piece for piece in pieces if piece.text]


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, the last of them an ellipsis where something was left out."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def fit(text: str, limit: int) -> str:
    """The text, cut until its JSON takes at most `limit` bytes."""
    shown = text
    while len(json.dumps(shown, ensure_ascii=False).encode()) > limit:
        shown = shown[: len(shown) * 9 // 10 - 1].rstrip("…") + "…"
    return shown


def clock(seconds: float) -> str:
    """Seconds as `1:44`, or as `1:02:03` from an hour on."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def delivered(clip: ClipView) -> str:
    """A clip's figures: "1366×768 · 25 fps · 6.0 s"."""
    return f"{clip.width}×{clip.height} · {clip.fps:.4g} fps · {clip.duration:.1f} s"


def file_size(size: int) -> str:
    """Bytes as `640 KB` or `2.1 MB`, with a space that does not break."""
    return f"{size / 1e6:.1f}\u00a0MB" if size >= 999_500 else f"{max(1, round(size / 1e3))}\u00a0KB"
