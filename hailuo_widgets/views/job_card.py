"""The live card of one job: state, progress, elapsed and expected time, and a button to stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import traitlets

from hailuo_widgets.markup import clean
from hailuo_widgets.views._assets import asset
from hailuo_widgets.views.placed import Placed
from hailuo_widgets.views.wording import delivered, file_size, fit, message, segments, state_word

if TYPE_CHECKING:
    from collections.abc import Callable

    from hailuo_widgets.views.card import ClipView, Order, Status

STATUS_LIMIT = 2048
"""Bytes that one update of the status may take on its way to the browser."""

# Their sum, the figures and the keys stay under STATUS_LIMIT. The settled card has the whole text.
_ROOM = {"error": 480, "hint": 640, "note": 160, "charged": 160, "task_id": 160}


class JobCard(Placed):
    """The live view of a job.

    It is shown in HTML that says the same for the moment at which it was shown. Where that is replaced by the card that
    stays, the live one is gone with its place; where it is not, the live one asks for the clip and plays it.

    Only one thread may send; callbacks of `on_cancel` and `on_ask` may arrive on any thread.

    Attributes:
        order: What was requested, as the front end reads it (`Order` in `static/job_card.js`). Set once.
        status: How far it has come (`Status` in `static/job_card.js`), at most `STATUS_LIMIT` bytes.
    """

    _esm = asset("dom.js", "placed.js", "job_card.js")
    _css = asset("base.css", "ring.css", "job_card.css")

    order = traitlets.Dict().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)

    @classmethod
    def of(cls, order: Order, status: Status, place: str = "") -> Self:
        """The card of an order, with its first status; `place` as in `Placed`."""
        return cls(place=place, order=_order_message(order), status=_status_message(order, status))

    def show(self, order: Order, status: Status) -> None:
        """Send a new status to every view of this card; nothing is sent where nothing changed."""
        self.status = _status_message(order, status)

    def send_clip(self, clip: ClipView, data: bytes) -> None:
        """Send the clip (mp4) that was requested."""
        self.send({"type": "clip", "facts": _facts(clip)}, [data, clip.poster])

    def send_facts(self, clip: ClipView) -> None:
        """Send what is known of the clip by now, to a card that shows it."""
        self.send({"type": "facts", "facts": _facts(clip)})

    def send_missing(self, why: str) -> None:
        """Say why there is no clip."""
        self.send({"type": "missing", "why": fit(clean(why), _ROOM["error"])})

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call `callback` whenever someone presses the card's button, on whatever thread the click arrives."""
        self._on("cancel", lambda _: callback())

    def on_ask(self, callback: Callable[[str], None]) -> None:
        """Call back when a card that has ended asks for its clip (`clip`), or is gone with its place (`replaced`)."""
        self._on("clip", callback)
        self._on("replaced", callback)

    def _on(self, what: str, callback: Callable[[str], None]) -> None:
        def receive(_widget: object, content: object, _buffers: object) -> None:
            if isinstance(content, dict) and content.get("type") == what:
                callback(what)

        self.on_msg(receive)


def _facts(clip: ClipView) -> list[list[str]]:
    facts = [
        ["Delivered", delivered(clip)],
        ["Measured", clean(clip.measured)],
        ["File", f"{clean(clip.file)} · {file_size(clip.size)}"],
    ]
    return [[label, value] for label, value in facts if value]


def _order_message(order: Order) -> dict[str, Any]:
    return {
        "name": clean(order.name),
        "segments": [[clean(piece.text), piece.is_command] for piece in segments(order.prompt)],
        "provider": clean(order.provider),
        "reason": clean(order.provider_reason),
        "model": clean(order.model),
        "spec": clean(" · ".join(filter(None, (order.mode, order.spec)))),
        "price": clean(order.price),
        "sketch": order.sketch,
        "warnings": [clean(warning) for warning in order.warnings],
        "cancel": order.cancel,
    }


def _status_message(order: Order, status: Status) -> dict[str, Any]:
    """The status with its word and tone, and without what is empty: the front end knows no table of states."""
    word, tone = state_word(status.state)
    error, hint = message(order, status)
    texts = {"error": error, "hint": hint, "note": status.note, "charged": status.charged, "task_id": status.task_id}
    figures = {"progress": status.progress, "expected": status.expected}
    return {
        "state": status.state,
        "word": word,
        "tone": tone,
        "elapsed": round(status.elapsed, 1),
        **{name: round(figure, 3) for name, figure in figures.items() if figure is not None},
        **{name: fit(clean(text), _ROOM[name]) for name, text in texts.items() if text},
    }
