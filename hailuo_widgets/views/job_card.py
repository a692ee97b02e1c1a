"""The live card of one job: state, progress, elapsed and expected time, and a button to stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import anywidget
import traitlets

from hailuo_widgets.markup import clean
from hailuo_widgets.views._assets import joined
from hailuo_widgets.views.wording import fit, message, segments, state_word

if TYPE_CHECKING:
    from collections.abc import Callable

    from hailuo_widgets.views.card import Order, Status

STATUS_LIMIT = 2048
"""Bytes that one update of the status may take on its way to the browser."""

# Their sum, the figures and the keys stay under STATUS_LIMIT. The settled card has the whole text.
_ROOM = {"error": 480, "hint": 640, "note": 160, "charged": 160, "task_id": 160}


class JobCard(anywidget.AnyWidget):
    """The live view of a job.

    Only one thread may call `show`; callbacks of `on_cancel` may arrive on any thread.

    Attributes:
        order: What was requested, as the front end reads it (`Order` in `static/job_card.js`). Set once.
        status: How far it has come (`Status` in `static/job_card.js`), at most `STATUS_LIMIT` bytes.
    """

    _esm = joined("dom.js", "job_card.js")
    _css = joined("base.css", "ring.css", "job_card.css")

    order = traitlets.Dict().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)

    @classmethod
    def of(cls, order: Order, status: Status) -> Self:
        """The card of an order, with its first status."""
        return cls(order=_order_message(order), status=_status_message(order, status))

    def show(self, order: Order, status: Status) -> None:
        """Send a new status to every view of this card; nothing is sent where nothing changed."""
        self.status = _status_message(order, status)

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call `callback` whenever someone presses the card's button, on whatever thread the click arrives."""

        def receive(_widget: object, content: object, _buffers: object) -> None:
            if isinstance(content, dict) and content.get("type") == "cancel":
                callback()

        self.on_msg(receive)


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
