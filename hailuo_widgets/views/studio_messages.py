"""What the studio's front end is told, as plain values: the form, a result, a session's summary."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from hailuo_widgets.keys import EMBEDDED
from hailuo_widgets.markup import clean
from hailuo_widgets.markup import content as as_content
from hailuo_widgets.store.sidecar import MarksPart
from hailuo_widgets.sweeps.host import Host as SweepHost
from hailuo_widgets.views.clip_wall import clip_message
from hailuo_widgets.views.describe import clip_view, order_of, recipe_of, spec_of, status_of
from hailuo_widgets.views.promoting import FinalView, final_message
from hailuo_widgets.views.static_card import settled_html
from hailuo_widgets.views.word_diff import word_diff
from hailuo_widgets.views.wording import message, segments, state_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from hailuo_widgets.clock import Clock
    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.loop import LoopThread
    from hailuo_widgets.errors import HailuoError, Problem
    from hailuo_widgets.settings import Settings
    from hailuo_widgets.spec.catalog import Offer
    from hailuo_widgets.spec.options import Form
    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.spec.request import VideoRequest
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.store.library import Library
    from hailuo_widgets.sweeps.definition import Definition
    from hailuo_widgets.sweeps.sweep import Sweep
    from hailuo_widgets.views.prompt_template import Asked

SUMMARY_CARDS = 12
"""Cards in a session's summary; what is older is counted and stays in the library."""


class Host(SweepHost, Protocol):
    """What the studio needs of a session."""

    settings: Settings
    folder: Path
    loop: LoopThread
    clock: Clock

    @property
    def library_folder(self) -> Path:
        """Where the library is, or will be."""

    def has_library(self) -> bool:
        """Whether there is a library yet."""

    def library(self) -> Library:
        """The library."""

    def start(self, request: VideoRequest, provider: str | None = None, *, name: str = "", fresh: bool = False) -> Job:
        """Begin a job."""

    def plan(self, definition: Definition) -> Sweep:
        """Plan a sweep."""

    def promote(self, clip: Clip) -> Job:
        """Make a draft again in 2K."""


@dataclass(slots=True)
class Result:
    """A result of the studio: a job and its clip, or a sketch that is not kept.

    Attributes:
        id: Ours; names it between the two sides.
        quote: What was requested; None for a clip that came out of the library.
        job: The job, None for a sketch or a clip of the library.
        film: A sketch's mp4.
        picture: A sketch's poster.
        kept: A clip out of the library.
        before: The prompt that this one was varied from.
        marks: What people say of the clip.
        cancellable: Whether its vendor can really cancel.
        collected: Whether it is in the sweep that is being put together.
        final: How its final in 2K stands, where it is a draft that can be promoted.
        draft: Our id of the draft that it is the final of.
    """

    id: str
    quote: Quote | None
    job: Job | None = None
    film: bytes = b""
    picture: bytes = b""
    kept: Clip | None = None
    before: str = ""
    marks: MarksPart = field(default_factory=MarksPart)
    cancellable: bool = False
    collected: bool = False
    final: FinalView | None = None
    draft: str = ""

    @property
    def clip(self) -> Clip | None:
        """The stored clip, or None yet."""
        if self.job is not None and self.job.state == "stored":
            return self.job.clip
        return self.kept

    @property
    def prompt(self) -> str:
        """As it was written."""
        if self.quote is not None:
            return self.quote.written.prompt
        return self.kept.prompt if self.kept is not None else ""


def form_message(
    form: Form, offer: Offer, key: tuple[str, str], *, slots: Mapping[str, Any], notes: Sequence[str], asked: Asked
) -> dict[str, Any]:
    """The form as the front end reads it (`FormState` in `static/studio_form.js`).

    Args:
        form: What is set up.
        offer: Its provider.
        key: Whether its key is set (`"set"`, `"missing"`, `"none"` where it needs none), and a sentence about it.
        slots: What is in each place for a picture.
        notes: What can't be sent and why, beside the form's own problems.
        asked: What the prompt asks for: one clip, or the many of a sweep.
    """
    return {
        "fields": [
            {
                "name": each.name,
                "title": each.title,
                "kind": each.kind,
                "value": clean(each.value) if isinstance(each.value, str) else each.value,
                "options": [[option.value, clean(option.label), clean(option.why_not)] for option in each.options],
            }
            for each in form.fields
        ],
        "slots": [
            {
                "name": slot.name,
                "title": slot.title if slot.required or slot.name == "references" else f"{slot.title}, if you like",
                "shown": slots.get(slot.name, {}),
                "many": slot.name == "references",
                "file": "data" in slot.ways,
            }
            for slot in form.slots
        ],
        "price": asked.price if asked.varies else str(form.price),
        "problems": list(dict.fromkeys([*notes, *(_said(form, each) for each in form.problems)])),
        "warnings": [clean(each) for each in form.warnings if "is not a camera command" not in each],
        "ready": form.quote is not None and not notes,
        "writable": form.quote is not None and not asked.problem,
        "key": key[0],
        "key_said": clean(key[1]),
        "keys_page": offer.keys_page if key[0] == "missing" else "",
        "limit": form.row.prompt_max,
        "seconds": form.quote.request.duration or 0 if form.quote else _seconds(form),
        "language": "zh" if form.row.camera == "zh" else "en",
        "sketch": form.row.provider == EMBEDDED,
        "cells": asked.cells,
    }


def _said(form: Form, problem: Problem) -> str:
    """A problem as it stands under the button; what is wrong with a picture is said where the picture is."""
    slot = next((each for each in form.slots if each.name == problem.field.partition("[")[0]), None)
    if slot is not None and form.choice.values.get(slot.name):
        return f"{slot.title}: this picture can't be sent."
    return clean(str(problem))


def _seconds(form: Form) -> int:
    value = next((each.value for each in form.fields if each.name == "duration"), 0)
    return value if isinstance(value, int) else 0


def result_message(result: Result) -> dict[str, Any]:
    """A result as the front end reads it (`ResultState` in `static/studio_results.js`)."""
    common = {
        "id": result.id,
        "segments": [[clean(piece.text), piece.is_command] for piece in segments(result.prompt)],
        "diff": diff_message(result.before, result.prompt) if result.before else [],
        "collected": result.collected,
        "final": final_message(result.final) if result.final is not None else None,
        "draft": result.draft,
        "elapsed": 0.0,
        "cancel": "",
        "clip": None,
        "error": "",
        "hint": "",
    }
    if result.job is None:
        return {**common, **(_kept_message(result) if result.kept is not None else _sketch_message(result))}
    job, quote = result.job, result.job.quote
    status = status_of(job)
    word, tone = state_word(status.state)
    order = order_of(quote, "", job.reason, cancellable=result.cancellable)
    error, hint = message(order, status)
    figures = {"progress": status.progress, "expected": status.expected}
    return {
        **common,
        "kind": "job",
        "state": status.state,
        "word": word,
        "tone": tone,
        "elapsed": round(status.elapsed, 1),
        **{name: round(figure, 3) for name, figure in figures.items() if figure is not None},
        "begun": bool(status.task_id),
        "note": clean(status.note),
        "charged": clean(status.charged),
        "error": clean(error),
        "hint": clean(hint),
        "facts": [clean(each) for each in (order.model, order.provider, spec_of(quote), order.price) if each],
        "sketch": order.sketch,
        "cancel": order.cancel if not job.done else "",
        "clip": clip_message(result.clip, result.marks) if result.clip is not None else None,
    }


def _sketch_message(result: Result) -> dict[str, Any]:
    assert result.quote is not None
    return {
        "kind": "sketch",
        "state": "sketch",
        "word": "Sketch",
        "tone": "wait",
        "note": "Free 360p preview, not saved",
        "facts": [clean(each) for each in (result.quote.row.model, spec_of(result.quote)) if each],
        "sketch": True,
        "charged": "",
    }


def _kept_message(result: Result) -> dict[str, Any]:
    assert result.kept is not None
    row = clip_message(result.kept, result.marks)
    return {
        "kind": "clip",
        "state": "stored",
        "word": "Library",
        "tone": "ok",
        "note": row["made"],
        "facts": [each for each in (row["model"], row["provider"], row["spec"]) if each],
        "sketch": row["sketch"],
        "charged": "",
        "clip": row,
    }


def diff_message(before: str, after: str) -> list[list[str]]:
    """Two prompts word by word, as the front end reads it."""
    return [[clean(text), mark] for text, mark in word_diff(before, after)]


def summary_html(results: Iterable[Result], folder: Path) -> str:
    """A session's clips as HTML that outlives the kernel: a card each, the newest first."""
    done = [each for each in results if each.job is not None and each.job.done]
    if not done:
        return ""
    cards = []
    for result in done[:SUMMARY_CARDS]:
        assert result.job is not None
        job = result.job
        order = order_of(job.quote, "", job.reason, cancellable=False)
        clip = clip_view(result.clip, folder, cached=job.cached) if result.clip is not None else None
        cards.append(settled_html(order, status_of(job), clip, recipe_of(job.quote, job)))
    left = len(done) - len(cards)
    rest = f"<div style='margin-top:8px;opacity:.75'>{left} more are in the library.</div>" if left else ""
    body = "".join(f"<div style='margin-top:10px'>{card}</div>" for card in cards)
    return f"<div style='font-size:13px'><b>{as_content(counted(len(done)))}</b>{body}{rest}</div>"


def counted(jobs: int) -> str:
    """How many, in words."""
    return f"Studio session: {jobs} {'clip' if jobs == 1 else 'clips'}"


def summary_text(results: Iterable[Result]) -> str:
    """The same for a terminal."""
    done = [each for each in results if each.job is not None and each.job.done]
    lines = [repr(each.job) for each in done[:SUMMARY_CARDS]]
    return "\n".join([f"{counted(len(done))}.", *lines]) if done else "hw.studio()"


def problem_of(error: HailuoError) -> dict[str, str]:
    """An error as the front end says it."""
    return {"text": clean(error.message), "hint": clean(error.hint)}
