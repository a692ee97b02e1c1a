"""The fields of a request as text: what a header's `duration: 6 | 10` means."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec import camera
from hailuo_widgets.spec.media import Media
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.spec.words import did_you_mean
from hailuo_widgets.sweeps.template import Choices, Value, plain

if TYPE_CHECKING:
    from hailuo_widgets.sweeps.template import Template as Nodes

CAMERA = "camera"
"""Not a field of a request: its command goes into the prompt."""

PICTURES = ("first_frame", "last_frame", "subject")
SWITCHES = ("prompt_optimizer", "fast_pretreatment", "watermark")
PROMPT_AS = "prompt_as"
"""Not a field of a request either: whether the prompt is sent as it was written, or as the vendor rewrites it."""

MINE, REWRITTEN = "mine", "rewritten"

FIELDS = (*(name for name in VideoRequest.model_fields if name != "prompt"), "provider", CAMERA, PROMPT_AS)
"""What can be set or varied under a template."""

_OTHER_NAMES = {"optimizer": "prompt_optimizer", "reference": "references"}
_ON_OFF = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
_GLOB = frozenset("*?")
_SEPARATOR = re.compile(r"[,，、]")


def canonical(name: str) -> str:
    """A field's name as the request spells it: `first-frame` and `optimizer` are those of the magic's options."""
    name = name.replace("-", "_")
    return _OTHER_NAMES.get(name, name)


def read(name: str, text: str) -> Any:
    """A field's value from text; nothing leaves the field to the vendor.

    Raises:
        UsageError: If it is not valid.
    """
    text = text.strip()
    if not text:
        return None
    if name == "duration":
        seconds = text.removesuffix("s").rstrip()
        if not (seconds.isascii() and seconds.isdigit()):
            raise UsageError(f"duration should be whole seconds, not “{text[:40]}”.", hint="Write 6, or 6 | 10.")
        return int(seconds)
    if name in SWITCHES:
        if text.casefold() not in _ON_OFF:
            raise UsageError(f"{name} is on or off, not “{text[:40]}”.", hint="Write on, off, or on | off.")
        return _ON_OFF[text.casefold()]
    if name in PICTURES:
        return Media.of(_unquoted(text))
    if name == "references":
        try:
            return tuple(Media.of(each) for each in shlex.split(text))
        except ValueError:
            raise UsageError("A quotation mark is not closed.", hint="Put paths with spaces in quotes.") from None
    return checked(name, text)


def checked(name: str, value: Any) -> Any:
    """A value of a field, from Python or from text, in the form that sweeps keep.

    Raises:
        UsageError: If it is not valid.
    """
    value = plain(name, value, "holds")
    if value is None:
        return None
    if name == "provider":
        from hailuo_widgets.providers import names

        if value not in names():
            raise UsageError(f"There is no provider “{value}”.", hint=did_you_mean(str(value), names()))
    elif name == CAMERA:
        return commands(value)
    elif name == PROMPT_AS:
        if value not in (MINE, REWRITTEN):
            raise UsageError(f"prompt_as is mine or rewritten, not “{str(value)[:40]}”.")
    elif name in PICTURES:
        return Media.of(value)
    elif name == "references":
        return tuple(Media.of(each) for each in (value if isinstance(value, (list, tuple)) else (value,)))
    return value


def commands(value: Any) -> str:
    """Camera commands as text without brackets, spelt as the vendors do: `Push in, Pedestal up`.

    Raises:
        UsageError: If one of them isn't a command.
    """
    if isinstance(value, camera.CameraCommand):
        return value.en
    if isinstance(value, (list, tuple)):
        return ", ".join(commands(each) for each in value)
    names = [each.strip() for each in _SEPARATOR.split(str(value).strip().removeprefix("[").removesuffix("]"))]
    spelt = []
    for name in filter(None, names):
        known = camera.command(name)
        if known is None:
            meant = [f"[{each.en}]" for each in camera.nearest(name)]
            hint = f"Did you mean {' or '.join(meant)}?" if meant else f"Available: {_ALL_COMMANDS}."
            raise UsageError(f"“{name[:40]}” is not a camera command.", hint=hint)
        spelt.append(known.en if name.isascii() else known.zh)
    return ", ".join(spelt)


_ALL_COMMANDS = ", ".join(each.en for each in camera.CameraCommand)


def files(pattern: str) -> list[str] | None:
    """The files that a pattern means, in order, or None if it is not one.

    Raises:
        UsageError: If there are none, or the pattern can't be one.
    """
    if not _GLOB & set(pattern) or "://" in pattern or pattern[:5] == "data:" or is_file(pattern):
        return None
    try:
        path = Path(pattern).expanduser()
        anchor = Path(path.anchor) if path.anchor else Path()
        found = sorted(str(each) for each in anchor.glob(str(path.relative_to(path.anchor))) if each.is_file())
    except (OSError, ValueError, RuntimeError) as error:
        hint = "Write the folder in full, with * or ? in names; ** matches whole folders only."
        raise UsageError(f"“{pattern[:200]}” can't be searched for: {str(error).rstrip('.')}.", hint=hint) from None
    if not found:
        raise UsageError(f"There is no file “{pattern[:200]}”.", hint="Check the folder and the name.")
    return found


def from_text(name: str, text: str) -> list[Nodes]:
    """A choice in a header as values of its field; a pattern is expanded to all matching files.

    Raises:
        UsageError: If it is not valid for that field.
    """
    if name in PICTURES and (found := files(_unquoted(text))):
        return [(Value(Media.of(each), each),) for each in found]
    value = read(name, text)
    return [(Value(value, _label(name, value, text)),)]


def from_python(name: str, value: Any) -> Nodes:
    """What a keyword was given: a single value, or a list, tuple or range as an axis.

    Raises:
        UsageError: If a value is not valid for that field, or the list is empty.
    """
    value = plain(name, value)
    if name in PICTURES and isinstance(value, str):
        value = files(value) or value
    several = isinstance(value, (list, tuple, range)) and not isinstance(value, str)
    if name == "references" and several and not any(isinstance(each, (list, tuple)) for each in value):
        several = False  # the references of one request
    if not several:
        return (value_of(name, value),)
    if not len(value):
        raise UsageError(f"{name} has no values.", hint="Give at least one value.")
    return (Choices(name, tuple((value_of(name, each),) for each in value)),)


def value_of(name: str, value: Any) -> Value:
    """A value from Python as a node.

    Raises:
        UsageError: If it is not valid for that field.
    """
    known = checked(name, value)
    return Value(known, _label(name, known, value))


def _label(name: str, value: Any, written: Any) -> str:
    """How a value is shown, and how it reads in a prompt."""
    if value is None or (isinstance(value, tuple) and not value):
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if name == CAMERA:
        return f"[{value}]" if value else ""
    if isinstance(value, Media):
        return str(written) if isinstance(written, (str, Path)) and value.url is None else str(value)
    if isinstance(value, tuple):
        return " + ".join(map(str, value))
    return str(value)


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def is_file(path: str) -> bool:
    """Whether there is such a file."""
    try:
        return Path(path).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):
        return False
