"""A request as code: the `%%hailuo` cell and the call in Python that ask for exactly the same, to the digest."""

from __future__ import annotations

import re
import shlex
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import UsageError
from hailuo_widgets.sweeps import header
from hailuo_widgets.sweeps.cells import expand
from hailuo_widgets.sweeps.definition import Definition
from hailuo_widgets.sweeps.template import Choices, Text, write
from hailuo_widgets.views.word_diff import pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hailuo_widgets.spec.media import Media
    from hailuo_widgets.spec.quote import Quote

_SWITCHES = {
    "prompt_optimizer": "--optimizer",
    "fast_pretreatment": "--fast-pretreatment",
    "watermark": "--watermark",
}
_PICTURES = {"first_frame": "--first-frame", "last_frame": "--last-frame", "subject": "--subject"}
_RULE = re.compile(rf"(?m)^[ \t]*{header.DASH}(?:[ \t]*{header.DASH})*[ \t]*$")
_NEWLINE = "\n"
_PLACEHOLDER = "PICTURE"
"""Stands where only a picture's hash is known."""


def cell_of(quote: Quote, name: str = "", files: Mapping[str, str] | None = None) -> str:
    """The `%%hailuo` cell that asks for the same thing.

    Args:
        quote: What is asked for.
        name: The notebook's variable, `""` for none.
        files: Hash of a picture → the file that it is in, for pictures that are bytes.
    """
    prompt = quote.written.prompt.strip()
    if _RULE.search(prompt):  # a cell would read a header under that line
        return python_of(quote, files)
    line = " ".join(["%%hailuo", *([name] if name.isidentifier() else []), *_line(quote, files)])
    return f"{line}\n{_braces(prompt) or _NEWLINE}"


def sweep_cell_of(quote: Quote, template: str, files: Mapping[str, str] | None = None) -> str:
    """The cell of a template, with the fields of one of its cells.

    A template that a cell would read as a header is a call, as `cell_of` does it.
    """
    if _RULE.search(template):
        remark = "# In a cell, a line of dashes in this prompt would start a header, so it is written as a call here."
        made = _call("hw.sweep", template.strip(), quote, files)
        return f"{remark}\nimport hailuo_widgets as hw\n\ntakes = {made}\ntakes.grid()"
    return f"{' '.join(['%%hailuo', *_line(quote, files)])}\n{template.strip()}"


def sweep_of(quotes: Sequence[Quote], files: Mapping[str, str] | None = None, name: str = "") -> str:
    """One cell that asks for all of these: what differs between them is an axis, and what is common is said once.

    Raises:
        UsageError: If there are fewer than two different ones, or they can't be written as one sweep.
    """
    quotes = list({quote.digest: quote for quote in quotes}.values())
    if len(quotes) < 2:
        raise UsageError("A sweep needs at least two different requests.", hint="Collect one more.")
    prompts = [quote.written.prompt.strip() for quote in quotes]
    values = [_values(quote, files) for quote in quotes]
    fields = list(dict.fromkeys(field for each in values for field in each))
    same = {field: values[0].get(field, "") for field in fields if len({each.get(field, "") for each in values}) == 1}
    lines = [
        f"{field}: {' | '.join(write((Text(each.get(field, '')),), inside=True) for each in values)}"
        for field in fields
        if field not in same
    ]
    varied = len(set(prompts)) > 1
    template = _merged(prompts) if varied else _braces(prompts[0])
    axes = [*(["take"] if varied else []), *(field for field in fields if field not in same)]
    if len(axes) > 1:
        lines.append(f"zip: {', '.join(axes)}")
    options = [word for field, value in same.items() for word in _said(field, value)]
    body = "\n".join([template, *(["---", *lines] if lines else [])])
    if not _asks_for(body, same, quotes, files):
        raise UsageError("These can't be written as one sweep.", hint="Copy them as cells, one by one.")
    return " ".join(["%%hailuo", *([name] if name else []), *options]) + "\n" + body


def _line(quote: Quote, files: Mapping[str, str] | None) -> list[str]:
    """The words of a magic's line that say everything but the prompt."""
    request = quote.request
    words = ["-p", _word(quote.row.provider), "-m", _word(quote.row.model)]
    if request.duration:
        words += ["-d", str(request.duration)]
    if request.resolution:
        words += ["-r", _word(request.resolution)]
    for option, value in _options(quote):
        words += [option, _word(value)]
    for field, media in request.media().items():
        words += [_PICTURES.get(field, "--reference"), _word(_place(media, files))]
    return words


def python_of(quote: Quote, files: Mapping[str, str] | None = None) -> str:
    """The call that asks for the same thing, runnable as it is."""
    return f"import hailuo_widgets as hw\n\n{_call('hw.generate', quote.written.prompt.strip(), quote, files)}"


def definition_of(quote: Quote, template: str) -> Definition:
    """The sweep of a template, with the fields of one of its cells.

    Raises:
        UsageError: At a mistake in the template.
    """
    request = quote.request
    arguments = _arguments(quote)
    for field in ("first_frame", "last_frame", "subject"):
        if (media := getattr(request, field)) is not None:
            arguments[field] = media
    if request.references:
        arguments["references"] = (request.references,)
    return Definition.of_python(template, arguments)


def _arguments(quote: Quote) -> dict[str, Any]:
    """Everything but the prompt and the pictures."""
    request = quote.request
    found: dict[str, Any] = {"provider": quote.row.provider, "model": quote.row.model}
    found |= {name: getattr(request, name) for name in ("duration", "resolution") if getattr(request, name)}
    return found | {_FIELDS[option]: _VALUES.get(value, value) for option, value in _options(quote)}


def _call(function: str, prompt: str, quote: Quote, files: Mapping[str, str] | None) -> str:
    arguments = _arguments(quote)
    for field, media in quote.request.media().items():
        if field.startswith("references"):
            arguments.setdefault("references", []).append(_place(media, files))
        else:
            arguments[field] = _place(media, files)
    lines = [f"    {prompt!r},", *(f"    {name}={value!r}," for name, value in arguments.items())]
    return "\n".join([f"{function}(", *lines, ")"])


def _values(quote: Quote, files: Mapping[str, str] | None) -> dict[str, str]:
    """Every field of a request as a header writes it. Switches are said: a sweep has defaults of its own for them."""
    request = quote.request
    found = {"provider": quote.row.provider, "model": quote.row.model}
    for name in ("duration", "resolution", "ratio", "callback_url"):
        if (value := getattr(request, name)) is not None:
            found[name] = str(value)
    for name in _SWITCHES:
        if (value := getattr(request, name)) is not None:
            found[name] = "on" if value else "off"
    for name, media in request.media().items():
        field, place = name.partition("[")[0], _place(media, files)
        found[field] = f"{found[field]} {shlex.quote(place)}" if field in found else shlex.quote(place)
    return found


def _said(field: str, value: str) -> list[str]:
    """A field that is the same everywhere, as options of the magic's line."""
    short = {"provider": "-p", "model": "-m", "duration": "-d", "resolution": "-r"} | _SWITCHES | _PICTURES
    if field == "references":
        return [word for each in shlex.split(value) for word in ("--reference", _word(each))]
    option = short.get(field) or f"--{field.replace('_', '-')}"
    return [option, _word(shlex.split(value)[0] if field in _PICTURES else value)]


def _merged(prompts: Sequence[str]) -> str:
    """A template with one axis, `take`: what the prompts begin and end with stands around it."""
    words = [pieces(prompt) for prompt in prompts]
    same = [len(set(column)) == 1 for column in zip(*words, strict=False)]
    head = sum(1 for _ in takewhile(bool, same))
    while head and not words[0][head - 1].isspace():
        head -= 1
    rest = [each[head:][::-1] for each in words]
    tail = sum(1 for _ in takewhile(bool, (len(set(column)) == 1 for column in zip(*rest, strict=False))))
    while tail and not rest[0][tail - 1].isspace():
        tail -= 1
    options = ["".join(each[head : len(each) - tail]) for each in words]
    ends = words[0][len(words[0]) - tail :] if tail else []
    take = Choices("take", tuple((Text(option),) for option in options))
    return write((Text("".join(words[0][:head])), take, Text("".join(ends))))


def _asks_for(body: str, same: Mapping[str, str], quotes: Sequence[Quote], files: Mapping[str, str] | None) -> bool:
    """Whether a cell asks for these and nothing else: it is read as the magic reads it."""
    known = {
        place: media for quote in quotes for media in quote.request.media().values() if (place := _place(media, files))
    }
    fixed: dict[str, Any] = {}
    for field, value in same.items():
        if field in _PICTURES or field == "references":
            media = tuple(known[each] for each in shlex.split(value))
            fixed[field] = media if field == "references" else media[0]
        elif field == "duration":
            fixed[field] = int(value)
        else:
            fixed[field] = _VALUES.get(value, value) if field in _SWITCHES else value
    try:
        _axes, cells, _ = expand(Definition.of_cell(header.read(body, {}), **fixed), quotes[0].row.provider, None)
    except UsageError:
        return False
    return {cell.digest for cell in cells} == {quote.digest for quote in quotes}


def _options(quote: Quote) -> Iterator[tuple[str, str]]:
    """What was chosen, and what is not the vendor's own choice."""
    request, row = quote.request, quote.row
    if request.ratio is not None:
        yield "--ratio", request.ratio
    for field, option in _SWITCHES.items():
        value = getattr(request, field)
        if value is not None and (getattr(quote.written, field) is not None or value != row.defaults.get(field)):
            yield option, "on" if value else "off"
    if request.callback_url is not None:
        yield "--callback-url", request.callback_url


_FIELDS = {option: field for field, option in _SWITCHES.items()} | {
    "--ratio": "ratio",
    "--callback-url": "callback_url",
}
_VALUES: dict[str, Any] = {"on": True, "off": False}


def _place(media: Media, files: Mapping[str, str] | None) -> str:
    return media.url or (files or {}).get(media.sha256) or media.name or _PLACEHOLDER


def _word(text: str) -> str:
    """One word of the magic's line, whatever is in it."""
    return shlex.quote(_braces(text))


def _braces(text: str) -> str:
    """A text in which nothing is a template."""
    return write((Text(text),))
