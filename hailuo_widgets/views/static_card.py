"""The card that stays in a saved notebook: HTML that outlives the kernel, and a plain-text twin.

JupyterLab's sanitizer decides what is used here (its `allowedStyles`; the same list guards an untrusted Notebook 7).
It drops `<style>`, `var(--…)`, `currentColor`, `inherit`, `aspect-ratio` and `font-variant-numeric`, and a relative
path is rewritten only in a `src` on `<video>` itself. So text keeps the page's own colour and everything else is
translucent, which is right in light and dark alike. GitHub keeps neither styles nor players: there the order of the
elements has to make sense by itself.
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from hailuo_widgets.markup import attribute, clean, content
from hailuo_widgets.views import advice
from hailuo_widgets.views.wording import delivered, file_size, message, segments, shorten, state_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hailuo_widgets.views.card import ClipView, Order, Recipe, Status
    from hailuo_widgets.views.wording import Tone

OUTPUT_LIMIT = 30 * 1024
"""Bytes that a settled output may take in the saved notebook, HTML and plain text together."""

POSTER_LIMIT = 15 * 1024
"""Bytes that a poster may have."""

_AGAIN = "in the library: the same request again is free"
_PLAIN_LIMIT = 512
_ENVELOPE = 128  # the notebook's own JSON around an output
_LONG_PROMPT = 300  # characters
_BEGINNING = 80  # characters of a long prompt that are shown above the fold
_LONG_VALUE = 300  # characters of any single parameter or message

# In the middle of the scale, so that a dot stands out on white and on black.
_DOT: dict[Tone, str] = {
    "wait": "#8a929b",
    "run": "#4f7df0",
    "ok": "#2f9e66",
    "warn": "#d08a17",
    "bad": "#dc4b41",
    "off": "#8a929b",
}

_CARD = (
    "display:flex;flex-wrap:wrap;gap:12px 20px;padding:12px;border:1px solid rgba(128,128,128,.28);"
    "border-radius:8px;font-size:13px;line-height:1.45;max-width:1100px;box-sizing:border-box"
)
_STAGE = "flex:1 1 270px;min-width:0;position:relative"
_BODY = "flex:1.5 1 270px;min-width:0"
_VIDEO = "display:block;width:100%;height:auto;max-height:440px;border-radius:6px;background:#0c0e10"
_TAG = (
    "position:absolute;z-index:1;top:8px;left:8px;padding:4px 6px;border-radius:4px;color:#fff;"
    "background:rgba(0,0,0,.6);font:600 10px/1 monospace;letter-spacing:.08em"
)
_SMALL_TAG = (
    "padding:1px 5px;border:1px solid rgba(128,128,128,.45);border-radius:4px;"
    "font:600 10px/1.4 monospace;letter-spacing:.08em"
)
_TOP = "display:flex;flex-wrap:wrap;align-items:center;gap:2px 8px;margin-bottom:8px"
_PROMPT = "font-size:15px;line-height:1.5;margin-bottom:10px;white-space:pre-wrap;overflow-wrap:break-word"
_SCROLL = ";max-height:140px;overflow:auto"
_CHIP = (
    "padding:1px 6px;border-radius:4px;background:rgba(79,125,240,.16);font:600 12px/1.5 monospace;white-space:nowrap"
)
_MESSAGE = "margin:0 0 10px;padding:1px 0 1px 10px;white-space:pre-line;overflow-wrap:break-word;border-left:3px solid "
_ASIDE = "margin-top:8px;font-size:12px;opacity:.75"
_WARNING = f"margin-top:8px;padding:1px 0 1px 10px;border-left:3px solid {_DOT['warn']}"
_FACTS = "display:flex;flex-wrap:wrap;gap:6px 22px"
_LABEL = "font-size:11px;line-height:1.4;opacity:.65"
_MONO = "font:12px/1.5 monospace;word-break:break-all"
_PRE = (
    "margin:6px 0 0;padding:8px 10px;border-radius:6px;background:rgba(128,128,128,.1);max-height:360px;"
    "overflow:auto;font:12px/1.5 monospace;white-space:pre-wrap;overflow-wrap:break-word"
)


def settled_html(order: Order, status: Status, clip: ClipView | None, recipe: Recipe | None) -> str:
    """The card of a job that has come to its end.

    The whole output, plain text included, keeps within `OUTPUT_LIMIT`. Where a prompt is too long for that, the library
    still has what is left out: the prompt as it was sent, then the poster, then the fold-out.

    Args:
        order: What was requested.
        status: The last status.
        clip: The stored clip, or None.
        recipe: What the fold-out shows; None for no fold-out.
    """
    assert clip is None or len(clip.poster) <= POSTER_LIMIT, "a poster of more than 15 KB bloats the notebook"
    card = ""
    for slimmer in _diet(order, clip, recipe):
        card = _card(slimmer[0], status, slimmer[1], slimmer[2])
        if len(json.dumps(card, ensure_ascii=False).encode()) <= OUTPUT_LIMIT - _PLAIN_LIMIT - _ENVELOPE:
            break
    return card


def open_html(order: Order, status: Status, shown_by: str) -> str:
    """The card of a job that has not ended, for where no live card takes its place.

    Args:
        order: What was requested.
        status: The status when it was shown.
        shown_by: What shows the job again.
    """
    again = (
        f"<div style='{_ASIDE}'>To see it here later, run <code>{content(shown_by)}</code>. After a kernel restart, "
        "run the cell again or <code>%hailuo resume</code>; you won't be charged twice.</div>"
    )
    short = replace(order, prompt=shorten(order.prompt, _LONG_PROMPT * 4))
    return _card(short, status, None, None, word="Requested", foot=again)  # whatever its state is by now


def plain_text(order: Order, status: Status, clip: ClipView | None) -> str:
    """The same card for a terminal, a diff or a screen with no HTML: a few short lines."""
    word = state_word(status.state).word
    sketch = "SKETCH" if order.sketch else ""
    facts = (order.name, word, sketch, _on(order), order.spec, order.price, "" if clip else status.charged)
    lines = [" · ".join(shorten(fact, 40) for fact in facts if fact), shorten(order.prompt, 80)]
    if clip:
        lines.append(f"{shorten(clip.file, 120)} ({delivered(clip)})")
    else:
        lines += [shorten(text, 200) for text in message(order, status)]
    text = clean("\n".join(" ".join(line.split()) for line in lines if line))
    return text.encode()[:_PLAIN_LIMIT].decode(errors="ignore")


def _diet(
    order: Order, clip: ClipView | None, recipe: Recipe | None
) -> Iterator[tuple[Order, ClipView | None, Recipe | None]]:
    """What is shown, then less and less of it."""
    yield order, clip, recipe
    slim_recipe = recipe and replace(recipe, prompt_sent="")
    yield order, clip, slim_recipe
    slim_clip = clip and replace(clip, poster=b"")
    yield order, slim_clip, slim_recipe
    yield order, slim_clip, None
    yield replace(order, prompt=shorten(order.prompt, _LONG_PROMPT)), slim_clip, None


def _card(
    order: Order, status: Status, clip: ClipView | None, recipe: Recipe | None, *, word: str = "", foot: str = ""
) -> str:
    body = "".join(
        (
            _top(order, status, clip, word),
            _prompt(order.prompt, whole=recipe is None),
            _message(order, status),
            _facts(order, status, clip, folded=recipe is not None),
            _asides(order),
            _again(status, clip, recipe) if recipe else "",
            foot,
        )
    )
    stage = _stage(order, clip) if clip else ""
    return f"<div style='{_CARD}'>{stage}<div style='{_BODY}'>{body}</div></div>"


def _stage(order: Order, clip: ClipView) -> str:
    """The player.

    With a poster nothing is loaded before it is played: a notebook of twenty clips would otherwise hold up all of the
    browser's connections to the server.
    """
    poster = f" poster='data:image/jpeg;base64,{base64.b64encode(clip.poster).decode()}'" if clip.poster else ""
    tag = f"<b style='{_TAG}'>SKETCH</b>" if order.sketch else ""
    return (
        f"<div style='{_STAGE}'>{tag}<video src='{attribute(clip.src)}' width='{clip.width}' height='{clip.height}'"
        f" title='{attribute(shorten(order.name or 'clip', 80))}' controls"
        f" preload='{'none' if poster else 'metadata'}'{poster}"
        f" style='{_VIDEO}'></video></div>"
    )


def _top(order: Order, status: Status, clip: ClipView | None, instead: str) -> str:
    word, tone = state_word(status.state)
    dot = f"<span style='width:8px;height:8px;border-radius:50%;background:{_DOT[tone]}'></span>"
    name = f"<b><bdi>{_value(order.name)}</bdi></b> " if order.name else ""
    sketch = f"<b style='{_SMALL_TAG}'>SKETCH</b> " if order.sketch and not clip else ""
    # The same whether the clip was made now or came from the library: running a notebook again doesn't change its file.
    charged = _AGAIN if clip else status.charged
    soft = " · ".join(_value(each) for each in (status.note, charged) if each)
    return (
        f"<div style='{_TOP}'>{name}{dot}<b style='font-weight:600'>{instead or word}</b> {sketch}"
        f"<span style='opacity:.7'>{soft}</span></div>"
    )


def _prompt(prompt: str, *, whole: bool) -> str:
    """The prompt with its commands as chips; a long one is whole in the fold-out's cell and begins here."""
    is_long = len(prompt) > _LONG_PROMPT
    shown = prompt if whole or not is_long else shorten(prompt, _BEGINNING)
    pieces = "".join(
        f"<bdi style='{_CHIP}'>{content(piece.text)}</bdi>" if piece.is_command else content(piece.text)
        for piece in segments(shown)
    )
    return f"<div dir='auto' style='{_PROMPT}{_SCROLL if is_long and whole else ''}'>{pieces}</div>"


def _message(order: Order, status: Status) -> str:
    error, hint = message(order, status)
    if not (error or hint):
        return ""
    return (
        f"<div dir='auto' style='{_MESSAGE}{_DOT[state_word(status.state).tone]}'>"
        f"<b>{_value(error, 1000)}</b><div dir='auto'>{_value(hint, 1500)}</div></div>"
    )


def _facts(order: Order, status: Status, clip: ClipView | None, *, folded: bool) -> str:
    """What was asked for and what came.

    The task's id is in the fold-out, except where a person has to look for it in the vendor's account.
    """
    facts = [
        ("Model", order.model),
        ("Provider", order.provider),
        ("Settings", " · ".join(filter(None, (order.mode, order.spec)))),
        ("Price", order.price),
    ]
    if clip:
        facts.append(("Delivered", delivered(clip)))
        facts.append(("Measured", clip.measured))
    cells = [_fact(label, f"<bdi>{_value(value)}</bdi>") for label, value in facts if value]
    if status.task_id and (not folded or status.state in ("uncertain", "abandoned")):
        cells.append(_fact("Task", f"<bdi style='{_MONO}'>{_value(status.task_id)}</bdi>"))
    if clip:
        link = f"<a href='{attribute(clip.src)}' style='{_MONO}'><bdi>{_value(clip.file)}</bdi></a>"
        cells.append(_fact(f"File{advice.FILE}", f"{link} · {file_size(clip.size)}"))
    return f"<div style='{_FACTS}'>{''.join(cells)}</div>"


def _fact(label: str, value: str) -> str:
    return f"<div style='min-width:0'><div style='{_LABEL}'>{label}</div>{value}</div>"


def _asides(order: Order) -> str:
    """Why this provider, and what in the order is probably a slip."""
    reason = f"<div dir='auto' style='{_ASIDE}'>{_value(order.provider_reason)}</div>" if order.provider_reason else ""
    return reason + "".join(f"<div dir='auto' style='{_WARNING}'>{_value(line)}</div>" for line in order.warnings[:5])


def _again(status: Status, clip: ClipView | None, recipe: Recipe) -> str:
    values = [*recipe.parameters]
    if status.task_id:
        values.append(("task", status.task_id))
    if clip:
        values += [("file", clip.file), ("sha256", clip.sha256)]
        values += [("measured", clip.measured)] if clip.measured else []
    if recipe.created:
        values.append(("created", recipe.created))
    width = max(len(name) for name, _ in values) + 2
    table = "\n".join(f"{_value(name.ljust(width))}<bdi>{_value(value)}</bdi>" for name, value in values)
    sent = (
        f"<div style='{_LABEL};margin-top:8px'>Prompt as sent</div>"
        f"<pre style='{_PRE}'>{content(recipe.prompt_sent)}</pre>"
        if recipe.prompt_sent
        else ""
    )
    promote = f"<pre style='{_PRE}'>{content(recipe.promote)}</pre>" if recipe.promote else ""
    return (
        "<details style='margin-top:10px'>"
        "<summary style='cursor:pointer;opacity:.7'>Reproduce this clip</summary>"
        f"<pre style='{_PRE}'>{content(recipe.cell)}</pre>{promote}<pre style='{_PRE}'>{table}</pre>{sent}</details>"
    )


def _on(order: Order) -> str:
    return order.model if order.model == order.provider else f"{order.model} on {order.provider}"


def _value(text: str, limit: int = _LONG_VALUE) -> str:
    """A short text from outside as HTML, cut where it is absurdly long."""
    return content(shorten(text, limit))
