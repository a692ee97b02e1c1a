"""A rewritten prompt beside the one that was written, word by word: HTML that stays in the saved notebook."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hailuo_widgets.markup import clean, content
from hailuo_widgets.views.outputs import Output
from hailuo_widgets.views.word_diff import word_diff

if TYPE_CHECKING:
    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.rewriting import Rewriting
    from hailuo_widgets.views.word_diff import Mark

MOST_CHARACTERS = 12_000
"""Of either prompt that are shown; the job keeps all of it."""

_CARD = (
    "padding:12px;border:1px solid rgba(128,128,128,.28);border-radius:8px;font-size:13px;line-height:1.45;"
    "max-width:1100px;box-sizing:border-box"
)
_WORDS = "margin-top:8px;font-size:15px;line-height:1.6;white-space:pre-wrap;overflow-wrap:break-word"
_SOFT = "opacity:.7"
_MARKS: dict[Mark, str] = {
    "new": "<ins style='background:rgba(47,158,102,.22);text-decoration:none;border-radius:3px'>{}</ins>",
    "gone": "<del style='background:rgba(220,75,65,.2);border-radius:3px'>{}</del>",
    "same": "{}",
}


def html(rewriting: Rewriting) -> str:
    """What was added is marked, what went is struck through."""
    job = rewriting.job
    words = ""
    if job.prompt is not None:
        pieces = word_diff(rewriting.before[:MOST_CHARACTERS], job.prompt[:MOST_CHARACTERS])
        words = "".join(_MARKS[mark].format(content(text)) for text, mark in pieces)
    elif job.error is not None:
        words = f"<b>{content(job.error.message)}</b> {content(job.error.hint)}"
    else:
        words = content(rewriting.before[:MOST_CHARACTERS])
    said = f"{job.label} · {rewriting.price}"
    return (
        f"<div style='{_CARD}'><b>Rewritten prompt</b> <span style='{_SOFT}'>{content(said)}</span>"
        f"<div dir='auto' style='{_WORDS}'>{words}</div></div>"
    )


def show(rewriting: Rewriting) -> None:
    """Show it under the cell that runs now; it is replaced once, when it has ended."""
    output = Output()
    open_yet = not rewriting.done
    output.show(_data(rewriting))

    def replace() -> None:
        output.replace(_data(rewriting))

    def ended(job: Job) -> None:
        if job.done:  # comparing long prompts takes a second, and this is the loop's thread
            asyncio.get_running_loop().run_in_executor(None, replace)

    if open_yet:
        rewriting.job.observe(ended)
        if rewriting.done:  # before it was observed
            replace()


def _data(rewriting: Rewriting) -> dict[str, str]:
    return {"text/html": html(rewriting), "text/plain": clean(repr(rewriting))}
