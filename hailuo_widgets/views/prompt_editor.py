"""A text field for prompts: it knows the camera's language, the model's limit and the braces of a sweep."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import anywidget
import traitlets

from hailuo_widgets.markup import clean
from hailuo_widgets.spec import camera, camera_h3, camera_prose, shot_list
from hailuo_widgets.spec.camera import CameraCommand
from hailuo_widgets.spec.catalog import catalog
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.views._assets import asset
from hailuo_widgets.views.prompt_template import notes, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_BRACKET = re.compile(r"\[[^\[\]]*\]")
MOST_CHARACTERS = 20_000
"""Of a text that is read; no vendor takes half as much, and what was pasted by mistake must not hold up the kernel."""

Tone = Literal["ok", "warn", "bad"]
Note = tuple[Tone, str]

_GROUPS = {
    "Truck": (CameraCommand.TRUCK_LEFT, CameraCommand.TRUCK_RIGHT),
    "Pan": (CameraCommand.PAN_LEFT, CameraCommand.PAN_RIGHT),
    "Push and pull": (CameraCommand.PUSH_IN, CameraCommand.PULL_OUT),
    "Pedestal": (CameraCommand.PEDESTAL_UP, CameraCommand.PEDESTAL_DOWN),
    "Tilt": (CameraCommand.TILT_UP, CameraCommand.TILT_DOWN),
    "Zoom": (CameraCommand.ZOOM_IN, CameraCommand.ZOOM_OUT),
    "Shake": (CameraCommand.SHAKE,),
    "Tracking": (CameraCommand.TRACKING_SHOT,),
    "Static": (CameraCommand.STATIC_SHOT,),
}
"""As the vendors list them.

Source: MiniMax, Video Generation API, prompt: "Truck, Pan, Push, Pedestal, Tilt, Zoom, Shake, Follow, Static".
"""


def command_id(command: CameraCommand) -> str:
    """The command as style sheets name it: `truck-left`."""
    return _id(command.en)


def _id(name: str) -> str:
    return name.lower().replace(" ", "-")


COMMANDS = [
    {"id": command_id(each), "en": each.en, "zh": each.zh, "group": group}
    for group, commands in _GROUPS.items()
    for each in commands
]
"""The palette, as the front end reads it."""

_MORE_GROUPS = {"POV": ("POV",), "Arc": ("Arc left", "Arc right"), "Roll": ("Roll left", "Roll right")}
MORE_COMMANDS = [
    {"id": _id(name), "en": name, "zh": name, "group": group, "h3": True}
    for group, names in _MORE_GROUPS.items()
    for name in names
]
"""What the palette has for MiniMax-H3 alone, whose guide names these in English."""

PALETTE = [*COMMANDS, *MORE_COMMANDS]


def analyse(text: str, remarks: Iterable[Note] = (), *, prose: bool = False) -> dict[str, Any]:
    """What a text means to a camera, as the front end reads it (`Analysis` in `static/prompt_editor.js`).

    Args:
        text: As it was written.
        remarks: What else is to be said about it, each with a tone.
        prose: Whether it is for a model that reads plain words (MiniMax-H3), which knows more moves and shot lists.
    """
    said = [{"tone": tone, "text": clean(note)} for tone, note in remarks]
    if len(text) > MOST_CHARACTERS:
        empty: dict[str, Any] = {"shots": [], "list": [], "misses": []}
        return {"of": text, "length": len(text), "prose": prose, **empty, "notes": said}
    script = camera.parse(text)
    at = _units(text)
    shots = (
        _prose_shots(text)
        if prose
        else [(shot.start, shot.end, *_moves(each.en for each in shot.commands)) for shot in script.shots]
    )
    return {
        "of": text,
        "length": len(text),
        "prose": prose,
        "shots": [{"start": at(start), "end": at(end), "ids": ids, "how": how} for start, end, ids, how in shots],
        "list": [_listed(shot) for shot in shot_list.shots(text)] if prose else [],
        "misses": [
            {
                "start": at(miss.start),
                "end": at(miss.end),
                "text": miss.text,
                "said": f"“{miss.text.strip(' ,，、')}” is not a camera command.",
                "fixes": _fixes(miss),
            }
            for miss in script.near_misses
            if not (prose and camera_h3.understood(miss.text))
        ],
        "notes": said,
    }


def _listed(shot: shot_list.ListedShot) -> dict[str, Any]:
    """A shot of a list, as the front end reads it."""
    steps = camera_prose.read(shot.text).steps
    ids, how = _moves(steps[0]) if steps else ([], [])
    return {
        "name": f"Shot {shot.number}",
        "begins": shot.begins,
        "ends": shot.ends,
        "ids": ids,
        "how": how,
        "text": clean(shot.text[:160]),
        "sounds": [[kind, clean(text[:120])] for kind, text in shot.sounds[:6]],
    }


def _moves(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """The moves of one step as style sheets name them, and how each is made: `small, slow`."""
    parts = [name.removesuffix(")").partition(" (") for name in names]
    return [_id(name) for name, _, _ in parts], [how for _, _, how in parts]


def _prose_shots(text: str) -> list[tuple[int, int, list[str], list[str]]]:
    """The brackets that MiniMax-H3 is told as words."""
    found = (
        (each, camera_prose.read(each[0]).steps) for each in _BRACKET.finditer(text) if camera_h3.understood(each[0])
    )
    return [(each.start(), each.end(), *_moves(steps[0])) for each, steps in found if steps]


def _fixes(miss: camera.NearMiss) -> list[list[str]]:
    """The replacements, each as it is shown and as it is inserted."""
    return [[camera.whole(fix) if miss.meant else fix or "remove it", fix] for fix in miss.fixes]


def _units(text: str) -> Callable[[int], int]:
    """From Python's characters to the browser's UTF-16 units, in which an emoji counts two."""
    if text.isascii():
        return lambda index: index
    wide = [index for index, sign in enumerate(text) if ord(sign) > 0xFFFF]
    return lambda index: index + sum(each < index for each in wide)


def speaks_prose(model: str) -> bool:
    """Whether a model reads the camera's moves as plain words (MiniMax-H3)."""
    return any(row.camera == "prose" for row in catalog().find(None, model)) if model else False


class PromptEditor(anywidget.AnyWidget):
    """A field for a prompt.

    Camera commands stand out in it and are put in from a palette; under it is what the camera will do, and what looks
    like a command but isn't one. Of a template, `{fox | panda}`, it says how many clips it asks for.

    Attributes:
        value: The prompt. Follows what is typed, a moment later.
        description: What the field is called, for a screen reader.
        placeholder: The text shown in an empty field.
        limit: How many characters the model takes, 0 for no limit.
        model: For which model it is written. MiniMax-H3 knows more moves, how far and fast they go, and shot lists.
        seconds: The clip's length, by which the camera's moves are timed; 0 where it is not known.
        language: In which language the palette writes: `"en"` or `"zh"`.
    """

    _esm = asset("dom.js", "prompt_editor.js", "prompt_editor_view.js")
    _css = asset("base.css", "prompt_editor.css")

    value = traitlets.Unicode().tag(sync=True)
    description = traitlets.Unicode("Prompt").tag(sync=True)
    placeholder = traitlets.Unicode("Describe your video").tag(sync=True)
    limit = traitlets.Int(2000, min=0).tag(sync=True)
    model = traitlets.Unicode()
    seconds = traitlets.Float(0.0, min=0).tag(sync=True)
    language = traitlets.Enum(("en", "zh"), "en").tag(sync=True)
    analysis = traitlets.Dict().tag(sync=True)
    commands = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(self, value: str = "", **traits: Any) -> None:
        super().__init__(value=value, commands=PALETTE, **traits)
        self._read()

    @traitlets.observe("value", "model", "seconds")
    def _read(self, _change: Any = None) -> None:
        self.analysis = self._analysis(self.value)

    def _analysis(self, text: str) -> dict[str, Any]:
        told = notes(read(text[:MOST_CHARACTERS]), priced=False)
        if not speaks_prose(self.model):
            return analyse(text, told)
        if len(text) <= MOST_CHARACTERS:
            wanted = VideoRequest(prompt=text)
            told += [("warn", each) for each in shot_list.remarks(wanted, round(self.seconds) or None)]
        return analyse(text, told, prose=True)

    def __repr__(self) -> str:
        return f"PromptEditor({self.value!r})"
