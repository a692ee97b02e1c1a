"""The live grid of a sweep: what goes to the browser in small numbered messages, and what comes back from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import traitlets

from hailuo_widgets.markup import clean
from hailuo_widgets.views._assets import asset
from hailuo_widgets.views.grid_view import Action
from hailuo_widgets.views.placed import Placed
from hailuo_widgets.views.promoting import FinalView, final_message
from hailuo_widgets.views.wording import cell_words, fit, segments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hailuo_widgets.views.grid_view import CellView, Detail, GridItem, GridView, HeadView, Place, PlanView

TAKE_LIMIT = 1024
"""Bytes that one replicate's news may take on its way to the browser."""

REMARK_LIMIT = 2000
"""Characters of a note."""

# Their sum, the figures and the keys stay under TAKE_LIMIT. What is longer is asked for with the details.
_ROOM = {"note": 120, "error": 220, "charged": 60, "remark": 216, "seen": 100}


@dataclass(frozen=True, slots=True)
class Ask:
    """A request from a view of the grid.

    Attributes:
        what: `whole`: everything again. `look`: posters. `clip`, `sheet`, `detail`: of one place. `act`: a button.
            `mark`: a rating, a star or a note. `touch`: someone looks at it. `promote`: make a draft again in 2K.
            `final`: the clip that became of it. `studio`, `extend`: a studio with its request, or from its last frame.
        places: Which replicates.
        action: Which button.
        mark: `rating`, `starred` or `remark`, and its value.
    """

    what: Literal[
        "whole", "look", "clip", "sheet", "detail", "act", "mark", "touch", "promote", "final", "studio", "extend"
    ]
    places: tuple[Place, ...] = ()
    action: Action | None = None
    mark: tuple[str, int | bool | str] | None = None


class SweepGrid(Placed):
    """The live view of a sweep.

    Only one thread may send; callbacks of `on_ask` may arrive on any thread.

    Args:
        view: The sweep as it stands.

    Attributes:
        whole: The whole state (`Whole` in `static/sweep_store.js`). A trait, so that a view has something to draw
            before the kernel answers it; what changes between two wholes goes out as numbered deltas.
    """

    _esm = asset(
        "dom.js", "placed.js", "player.js", "sweep_store.js", "sweep_pivot.js", "sweep_cell.js", "sweep_head.js",
        "clip_actions.js", "camera_arrow.js", "final_row.js", "full_screen.js", "sweep_dialog.js", "sweep_layout.js",
        "sweep_moves.js", "sweep_playback.js", "sweep_keys.js", "sweep_grid.js",
    )  # fmt: skip
    _css = asset("base.css", "ring.css", "player.css", "sweep_grid.css", "sweep_dialog.css")

    whole = traitlets.Dict().tag(sync=True)

    def __init__(self, view: GridView, *, place: str = "") -> None:
        self._places = {place for cell in range(len(view.cells)) for place in view.places(cell)}
        self._seq = 1
        super().__init__(place=place, whole=whole_message(view, self._seq))

    def show(self, view: GridView) -> None:
        """Send the whole state."""
        self._seq += 1
        self.whole = whole_message(view, self._seq)

    def change(self, takes: Mapping[Place, GridItem], head: HeadView | None) -> None:
        """Send what has changed since: these replicates, and the head where it is given."""
        self._seq += 1
        message: dict[str, Any] = {
            "type": "delta",
            "seq": self._seq,
            "takes": [[*place, item_message(take)] for place, take in takes.items()],
        }
        if head is not None:
            message["head"] = head_message(head)
        self.send(message)

    def send_posters(self, posters: Mapping[Place, bytes]) -> None:
        """Send posters (JPEG) that were asked for."""
        self.send({"type": "posters", "at": [list(place) for place in posters]}, list(posters.values()))

    def send_clip(self, place: Place, clip: bytes) -> None:
        """Send a clip (mp4) that was requested."""
        self.send({"type": "clip", "at": list(place)}, [clip])

    def send_sheet(self, place: Place, sheet: bytes, count: int) -> None:
        """Send a contact sheet (JPEG) that was requested: so many frames side by side."""
        self.send({"type": "sheet", "at": list(place), "count": count}, [sheet])

    def send_missing(self, place: Place, why: str) -> None:
        """Say why there is no clip."""
        self.send({"type": "missing", "at": list(place), "why": fit(clean(why), _ROOM["error"])})

    def send_detail(self, place: Place, detail: Detail) -> None:
        """Send all details of a replicate."""
        self.send(
            {
                "type": "detail",
                "at": list(place),
                "segments": [[clean(piece.text), piece.is_command] for piece in segments(detail.prompt)],
                "facts": [[clean(name), clean(value)] for name, value in detail.facts],
                "error": clean(detail.error),
                "hint": clean(detail.hint),
                "remark": clean(detail.remark),
                "more": [[clean(name), clean(value)] for name, value in detail.more],
                "file": clean(detail.file),
                "cell": clean(detail.cell),
                "asked": clean(detail.asked),
                "camera": [
                    [
                        *(round(value, 2) for value in (each.start, each.stop, each.right, each.down, each.growth)),
                        clean(each.label),
                    ]
                    for each in detail.camera
                ],
            }
        )

    def send_final(self, place: Place, final: FinalView) -> None:
        """Send how a draft's final stands, or what it would cost."""
        self.send({"type": "final", "at": list(place), **final_message(final)})

    def send_final_clip(self, place: Place, clip: bytes) -> None:
        """Send a final (mp4) that was requested."""
        self.send({"type": "finalclip", "at": list(place)}, [clip])

    def send_studio(self, message: dict[str, Any]) -> None:
        """Send where the studio is that was opened, or why none could be."""
        self.send(message)

    def on_ask(self, callback: Callable[[Ask], None]) -> None:
        """Call back with whatever a view asks for and is well formed, on whatever thread it arrives."""

        def receive(_widget: object, content: object, _buffers: object) -> None:
            ask = _read(content, self._places)
            if ask is not None:
                callback(ask)

        self.on_msg(receive)


def whole_message(view: GridView, seq: int) -> dict[str, Any]:
    """Everything that a view needs to draw the grid."""
    return {
        "seq": seq,
        "name": clean(view.name),
        "axes": [{"name": clean(axis.name), "values": [clean(value) for value in axis.values]} for axis in view.axes],
        "together": [list(group) for group in view.together()],
        "rows": clean(view.rows),
        "columns": clean(view.columns),
        "repeat": view.repeat,
        "cells": [_cell_message(cell) for cell in view.cells],
        "takes": [[*place, item_message(take)] for place, take in view.takes.items()],
        "head": head_message(view.head),
        "plan": _plan_message(view.plan),
        "words": {state: list(word) for state, word in cell_words().items()},
    }


def item_message(take: GridItem) -> dict[str, Any]:
    """One replicate, without what is empty: at most `TAKE_LIMIT` bytes."""
    figures = {"elapsed": take.elapsed or None, "expected": take.expected, "progress": take.progress}
    flags = {"cached": take.cached, "starred": take.starred}
    texts = {"note": take.note, "error": take.error, "charged": take.charged, "remark": take.remark,
             "seen": take.seen}  # fmt: skip
    clip = take.clip
    return {
        "state": take.state,
        **{name: round(figure, 2) for name, figure in figures.items() if figure is not None},
        **{name: fit(clean(text), _ROOM[name]) for name, text in texts.items() if text},
        **{name: flag for name, flag in flags.items() if flag},
        **({"rating": take.rating} if take.rating else {}),
        **({} if take.obeyed is None else {"obeyed": take.obeyed}),
        **(
            {"figures": [None if each is None else float(f"{each:.3g}") for each in take.figures]}
            if take.figures
            else {}
        ),
        **({"clip": [clip.width, clip.height, round(clip.fps, 3), round(clip.duration, 3)]} if clip else {}),
    }


def head_message(head: HeadView) -> dict[str, Any]:
    """The part above the cells."""
    return {
        "phase": head.phase,
        "money": [clean(each) for each in head.money],
        "elapsed": round(head.elapsed, 1),
        **({} if head.left is None else {"left": round(head.left, 1)}),
        **({"halted": [[fit(clean(each), 200) for each in pair] for pair in head.halted]} if head.halted else {}),
        **({"message": fit(clean(head.message), 400)} if head.message else {}),
        "can": list(head.can),
    }


def _cell_message(cell: CellView) -> dict[str, Any]:
    flags = {"skipped": cell.skipped, "sketch": cell.sketch}
    return {
        "at": list(cell.at),
        "price": clean(cell.price),
        **({"problem": fit(clean(cell.problem), 400)} if cell.problem else {}),
        **{name: flag for name, flag in flags.items() if flag},
    }


def _plan_message(plan: PlanView) -> dict[str, Any]:
    return {
        "facts": [[clean(name), clean(value)] for name, value in plan.facts],
        "notes": [clean(note) for note in plan.notes],
        "total": clean(plan.total),
    }


def _read(content: object, known: set[Place]) -> Ask | None:
    """What a message asks for; None for one that no view of ours would send."""
    if not isinstance(content, dict):
        return None
    what = content.get("type")
    if what in ("whole", "touch"):
        return Ask(what)
    if what == "act":
        action = content.get("what")
        return Ask("act", action=action) if action in get_args(Action) else None
    if what == "look":
        wanted = content.get("at")
        places = tuple(place for each in wanted if (place := _place(each, known))) if isinstance(wanted, list) else ()
        return Ask("look", places) if places else None
    if what not in ("clip", "sheet", "detail", "mark", "promote", "final", "studio", "extend"):
        return None
    place = _place(content.get("at"), known)
    if place is None:
        return None
    if what != "mark":
        return Ask(what, (place,))
    mark = _mark(content)
    return Ask("mark", (place,), mark=mark) if mark else None


def _place(value: object, known: set[Place]) -> Place | None:
    if not (isinstance(value, list) and len(value) == 2 and all(type(each) is int for each in value)):
        return None
    place = (value[0], value[1])
    return place if place in known else None


def _mark(content: dict[str, Any]) -> tuple[str, int | bool | str] | None:
    rating, starred, remark = (content.get(name) for name in ("rating", "starred", "remark"))
    if type(rating) is int and 0 <= rating <= 5:
        return "rating", rating
    if isinstance(starred, bool):
        return "starred", starred
    if isinstance(remark, str):
        return "remark", clean(remark[:REMARK_LIMIT])
    return None
