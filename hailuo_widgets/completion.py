"""Tab completion: options and models on the `%%hailuo` line, inside the cell camera commands and a header's fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

if TYPE_CHECKING:
    from collections.abc import Iterable

# Compiled when first used, not by %load_ext; re keeps them.
_LINE = r"^%%hailuo\b(?P<rest>[^\n]*)$"
_COMMAND = r"^%hailuo\s+(?P<word>\w*)$"
_CELL = r"(?m)^%%hailuo\b[^\n]*\n"
_RULE = r"(?m)^[ \t]*---[ \t]*\n"
_FIELD = r"^\s*(?P<part>[\w-]*)$"
_FIELDS_VALUE = r"^\s*(?P<name>[\w-]+)\s*:(?:.*[|×\s])?(?P<part>[^|×\s]*)$"
_AXIS = r"\{\s*([^\W\d]\w*)\s*="
_OPEN_BRACKET = r"\[(?:[^\[\]\n]*[,，]\s*)?(?P<part>[^\[\],，\n]*)$"
_VALUE = r"(?:^|\s)(?P<option>-\w|--[\w-]+)[\s=]+(?P<part>[^\s]*)$"


@context_matcher()
def matcher(context: CompletionContext) -> SimpleMatcherResult:
    """What may come next at the cursor, where a cell or line of ours is written."""
    before = context.full_text[: _offset(context)]
    token = context.token
    found = [SimpleCompletion(text, type="hailuo") for text in _candidates(before, token)]
    # Where we know what comes next, Python's own names would only bury it.
    return SimpleMatcherResult(completions=found, suppress=bool(found))


def _offset(context: CompletionContext) -> int:
    lines = context.full_text.split("\n")[: context.cursor_line]
    return sum(len(line) + 1 for line in lines) + context.cursor_position


def _candidates(before: str, token: str) -> Iterable[str]:
    from hailuo_widgets.magics import COMMANDS, HailuoMagics

    line = before.rsplit("\n", 1)[-1]
    if command := re.match(_COMMAND, line):
        return [each for each in COMMANDS if each.startswith(command["word"])]
    if re.match(_CELL, before):
        return _header(before, line, token) if re.search(_RULE, before) else _camera(line, token)
    if not (head := re.match(_LINE, line)):
        return ()
    if value := re.search(_VALUE, head["rest"]):
        known = [each for each in _values(value["option"], head["rest"]) if each.startswith(value["part"])]
        if known:
            return [_after_token(each, value["part"], token) for each in known]
    options = sorted(HailuoMagics.hailuo_cell.parser._option_string_actions)  # noqa: SLF001  # nowhere else shown
    part = head["rest"].rsplit(" ", 1)[-1]
    return [_after_token(each, part, token) for each in options if part.startswith("-") and each.startswith(part)]


def _header(before: str, line: str, token: str) -> Iterable[str]:
    """Fields at the beginning of a line under `---`, and behind one what it takes."""
    from hailuo_widgets.sweeps.header import DESIGN, SHOW, SKIP, WORDS, ZIP

    if field := re.match(_FIELD, line):
        return [_after_token(f"{each}: ", field["part"], token) for each in WORDS if each.startswith(field["part"])]
    value = re.match(_FIELDS_VALUE, line)
    if value is None or re.search(_OPEN_BRACKET, line):
        return _camera(line, token)
    name, part = value["name"], value["part"]
    if name in (ZIP, SKIP, SHOW):
        written = re.findall(r"(?m)^\s*([\w-]+)\s*:", before[re.search(_RULE, before).end() :])  # type: ignore[union-attr]  # it matched above
        known: Iterable[str] = dict.fromkeys((*re.findall(_AXIS, before), *(each for each in written if each != name)))
    elif name == DESIGN:
        known = ("full", "pairs", "one-at-a-time", "sample ", "halving")
    elif name == "prompt_as":
        known = ("mine", "rewritten")
    else:
        known = _values(_OPTION_OF.get(name, ""), before.partition("\n")[0])
    return [_after_token(each, part, token) for each in known if each.startswith(part)]


_OPTION_OF = {
    "provider": "-p",
    "model": "-m",
    "resolution": "-r",
    "duration": "-d",
    "prompt_optimizer": "--optimizer",
    "fast_pretreatment": "--fast-pretreatment",
    "watermark": "--watermark",
}


def _camera(line: str, token: str) -> Iterable[str]:
    from hailuo_widgets.spec.camera import CameraCommand

    bracket = re.search(_OPEN_BRACKET, line)
    if bracket is None:
        return ()
    part = bracket["part"]
    names = [
        name for each in CameraCommand for name in (each.en, each.zh) if name.casefold().startswith(part.casefold())
    ]
    if not part:
        names = [each.en for each in CameraCommand]
    return [_after_token(name + "]", part, token) for name in names]


def _values(option: str, rest: str) -> Iterable[str]:
    from hailuo_widgets.magics import HailuoMagics
    from hailuo_widgets.providers import names
    from hailuo_widgets.spec.catalog import catalog

    provider = re.search(r"(?:-p|--provider)[\s=]+(\S+)", rest)
    rows = catalog().find(provider[1] if provider else None)
    match option:
        case "-p" | "--provider":
            return names()
        case "-m" | "--model":
            return dict.fromkeys(row.model for row in rows)
        case "-r" | "--resolution":
            return dict.fromkeys(resolution for row in rows for resolution in row.durations)
        case "-d" | "--duration":
            return dict.fromkeys(str(each) for row in rows for seconds in row.durations.values() for each in seconds)
        case _:
            action = HailuoMagics.hailuo_cell.parser._option_string_actions.get(option)  # noqa: SLF001  # as above
            return (action.choices if action else None) or ()


def _after_token(whole: str, part: str, token: str) -> str:
    """The completion as it replaces IPython's token, which starts over after a blank, a dash or a bracket."""
    typed = len(part) - len(token)
    return whole[typed:] if 0 <= typed <= len(part) and part.endswith(token) else whole
