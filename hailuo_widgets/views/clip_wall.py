"""A library as a wall of posters: a browser is told of a few rows at a time, and only when they are looked at."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import HailuoError
from hailuo_widgets.keys import EMBEDDED
from hailuo_widgets.markup import clean
from hailuo_widgets.store.recall import quote_of
from hailuo_widgets.store.sidecar import MarksPart
from hailuo_widgets.views.code import cell_of
from hailuo_widgets.views.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.store.clip_filter import ClipFilter
    from hailuo_widgets.store.library import Library

    Reply = tuple[dict[str, Any], list[bytes]]

MOST_ROWS = 120
"""Clips of which one answer tells: more are never seen at once."""

PINNED = "pinned"
"""The tag of a clip that stays in front."""

MOST_NOTE = 2000
"""Characters of a note."""


@dataclass(slots=True)
class ClipWall:
    """Answers what a wall asks. Lives on one thread; the library is read on others.

    Args:
        library: Gives the library, or None.
        wanted: Which clips the wall shows at most; None for all.
    """

    library: Callable[[], Library | None]
    wanted: ClipFilter | None = None
    clips: list[Clip] = field(default_factory=list)
    _asked: int = 0

    async def answer(self, content: dict[str, Any]) -> Reply | None:
        """The answer to a message of the wall; None where there is nothing to say."""
        match content.get("type"):
            case "query":
                self._asked += 1
                turn = self._asked
                clips = await asyncio.to_thread(self._search, _wanted(self.wanted, content))
                if turn != self._asked:  # someone types on
                    return None
                self.clips = clips
                return {"type": "found", "count": len(clips), "facets": _facets(clips)}, []
            case "rows":
                start, count = _number(content.get("start")), _number(content.get("count"))
                some = self.clips[start : start + min(count, MOST_ROWS)]
                said = await asyncio.to_thread(self._marks, some)
                rows = [clip_message(clip, said.get(clip.id, MarksPart())) for clip in some]
                return {"type": "rows", "start": start, "rows": rows}, []
            case "posters":
                return await self.posters(content)
            case "clip":
                return await self.clip(content)
            case "mark":
                return await self.marked(content)
            case _:
                return None

    async def posters(self, content: dict[str, Any]) -> Reply:
        """The posters of the clips that are looked at."""
        clips = [clip for each in _ids(content) if (clip := self.find(each)) is not None]
        pictures = await asyncio.to_thread(lambda: [_poster(clip) for clip in clips])
        return {"type": "posters", "ids": [clip.id for clip in clips]}, pictures

    async def clip(self, content: dict[str, Any]) -> Reply:
        """A clip itself."""
        clip = self.find(str(content.get("id")))
        try:
            data = await asyncio.to_thread(clip.path.read_bytes) if clip is not None else b""
        except OSError:
            data = b""
        failed = "" if data else "The file is gone."
        cell = await asyncio.to_thread(self._cell, clip) if clip is not None else ""
        return {"type": "clip", "id": str(content.get("id")), "failed": failed, "cell": cell}, [data]

    def mark(self, content: dict[str, Any]) -> None:
        """Rate a clip, write a note on it, or pin it: at once, so that the next cell knows it. On any thread.

        Raises:
            HailuoError: If the library can't be used.
        """
        clip, library = self.find(str(content.get("id"))), self.library()
        if clip is not None and library is not None:
            _mark(library, clip.id, content)

    async def marked(self, content: dict[str, Any]) -> Reply | None:
        """The row of a clip that was marked."""
        clip = self.find(str(content.get("id")))
        if clip is None:
            return None
        said = await asyncio.to_thread(self._marks, [clip])
        return {"type": "row", "row": clip_message(clip, said.get(clip.id, MarksPart()))}, []

    def find(self, clip_id: str) -> Clip | None:
        """The clip of that id, where the library has it."""
        known = next((clip for clip in self.clips if clip.id == clip_id), None)
        library = self.library()
        if known is not None or library is None:
            return known
        from hailuo_widgets.store.clip_filter import ClipFilter

        return next(iter(library.search(ClipFilter(job_id=clip_id), 1)), None)

    def _cell(self, clip: Clip) -> str:
        """The cell that asks for a clip, where its request is known."""
        library = self.library()
        row = library.journal.job(clip.id) if library is not None else None
        quote = quote_of(row) if row is not None else None
        return cell_of(quote) if quote is not None else ""

    def _search(self, wanted: ClipFilter) -> list[Clip]:
        library = self.library()
        return library.search(wanted) if library is not None else []

    def _marks(self, clips: Sequence[Clip]) -> dict[str, MarksPart]:
        library = self.library()
        return library.journal.marked([clip.id for clip in clips]) if library is not None else {}


def clip_message(clip: Clip, marks: MarksPart) -> dict[str, Any]:
    """A clip as the front end reads it (`ClipRow` in `static/clip_wall.js`)."""
    parameters = clip.parameters
    figures = (f"{parameters['duration']} s" if parameters.get("duration") else "", parameters.get("resolution"))
    return {
        "id": clip.id,
        "prompt": shorten(clean(clip.prompt), 600),
        "provider": clean(clip.provider),
        "model": clean(clip.model),
        "spec": " · ".join(clean(str(each)) for each in figures if each),
        "made": datetime.fromtimestamp(clip.created, UTC).astimezone().strftime("%Y-%m-%d %H:%M"),
        "size": f"{clip.width}×{clip.height} · {clip.fps:.4g} fps · {clip.duration:.1f} s",
        "sketch": clip.provider == EMBEDDED,
        "rating": marks.rating or 0,
        "note": clean(marks.note),
        "tags": [clean(tag) for tag in marks.tags if tag != PINNED],
        "pinned": PINNED in marks.tags,
        "file": clean(os.path.relpath(clip.path).replace(os.sep, "/")),
    }


def _mark(library: Library, clip_id: str, content: dict[str, Any]) -> None:
    rating, note, pinned = content.get("rating"), content.get("note"), content.get("pinned")
    if isinstance(rating, int) and not isinstance(rating, bool) and 0 <= rating <= 5:
        library.mark(clip_id, rating=rating or None)
    if isinstance(note, str):
        library.mark(clip_id, note=note[:MOST_NOTE])
    if isinstance(pinned, bool):
        library.tag(clip_id, **{"add" if pinned else "remove": (PINNED,)})


def _poster(clip: Clip) -> bytes:
    try:
        return clip.poster()
    except (OSError, HailuoError):  # a clip without a picture is still one
        return b""


def _wanted(base: ClipFilter | None, content: dict[str, Any]) -> ClipFilter:
    """What is looked for, from a message that may hold anything."""
    from hailuo_widgets.store.clip_filter import ClipFilter  # the database's toolkit: for who looks into the library

    base = base or ClipFilter()

    def text(name: str) -> str:
        value = content.get(name)
        return value[:200] if isinstance(value, str) else ""

    rating = _number(content.get("rating"))
    return replace(
        base,
        words=(*base.words, *text("text").split()),
        provider=text("provider") or base.provider,
        model=text("model") or base.model,
        tags=(*base.tags, *filter(None, (text("tag"), PINNED if content.get("pinned") is True else ""))),
        rating=max(filter(None, (rating, base.rating)), default=None),
    )


def _facets(clips: Sequence[Clip]) -> dict[str, list[str]]:
    """The names that a filter can offer, the most frequent first."""
    return {
        name: [clean(value) for value, _ in Counter(getattr(clip, name) for clip in clips).most_common(30)]
        for name in ("provider", "model")
    }


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10_000_000 else 0


def _ids(content: dict[str, Any]) -> list[str]:
    ids = content.get("ids")
    return [str(each)[:80] for each in ids[:MOST_ROWS]] if isinstance(ids, list) else []
