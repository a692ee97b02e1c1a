"""A text field for prompts: it knows the camera's language, the model's limit and the braces of a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import anywidget
import traitlets

from hailuo_widgets.markup import clean
from hailuo_widgets.spec import camera, camera_h3, shot_list
from hailuo_widgets.spec.camera import CameraCommand
from hailuo_widgets.views._assets import asset
from hailuo_widgets.views.prompt_template import notes, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
    return command.name.lower().replace("_", "-")


COMMANDS = [
    {"id": command_id(each), "en": each.en, "zh": each.zh, "group": group}
    for group, commands in _GROUPS.items()
    for each in commands
]
"""The palette, as the front end reads it."""


def analyse(text: str, remarks: Iterable[Note] = (), *, prose: bool = False) -> dict[str, Any]:
    """What a text means to a camera, as the front end reads it (`Analysis` in `static/prompt_editor.js`).

    Args:
        text: As it was written.
        remarks: What else is to be said about it, each with a tone.
        prose: Whether it is for a model that reads plain words (MiniMax-H3), which knows more moves and shot lists.
    """
    said = [{"tone": tone, "text": clean(note)} for tone, note in remarks]
    if len(text) > MOST_CHARACTERS:
        return {"of": text, "length": len(text), "shots": [], "list": [], "misses": [], "notes": said}
    script = camera.parse(text)
    at = _units(text)
    return {
        "of": text,
        "length": len(text),
        "shots": [
            {"start": at(shot.start), "end": at(shot.end), "ids": [command_id(each) for each in shot.commands]}
            for shot in script.shots
        ],
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
    found = camera.parse(shot.text).shots
    return {
        "name": f"Shot {shot.number}",
        "begins": shot.begins,
        "ends": shot.ends,
        "ids": [command_id(each) for each in found[0].commands] if found else [],
        "text": clean(shot.text[:160]),
        "sounds": [[kind, clean(text[:120])] for kind, text in shot.sounds[:6]],
    }


def _fixes(miss: camera.NearMiss) -> list[list[str]]:
    """The replacements, each as it is shown and as it is inserted."""
    return [[camera.whole(fix) if miss.meant else fix or "remove it", fix] for fix in miss.fixes]


def _units(text: str) -> Callable[[int], int]:
    """From Python's characters to the browser's UTF-16 units, in which an emoji counts two."""
    if text.isascii():
        return lambda index: index
    wide = [index for index, sign in enumerate(text) if ord(sign) > 0xFFFF]
    return lambda index: index + sum(each < index for each in wide)


class PromptEditor(anywidget.AnyWidget):
    """A field for a prompt.

    Camera commands stand out in it and are put in from a palette; under it is what the camera will do, and what looks
    like a command but isn't one. Of a template, `{fox | panda}`, it says how many clips it asks for.

    Attributes:
        value: The prompt. Follows what is typed, a moment later.
        description: What the field is called, for a screen reader.
        placeholder: The text shown in an empty field.
        limit: How many characters the model takes, 0 for no limit.
        seconds: The clip's length, by which the camera's moves are timed; 0 where it is not known.
        language: In which language the palette writes: `"en"` or `"zh"`.
    """

    _esm = asset("dom.js", "prompt_editor.js", "prompt_editor_view.js")
    _css = asset("base.css", "prompt_editor.css")

    value = traitlets.Unicode().tag(sync=True)
    description = traitlets.Unicode("Prompt").tag(sync=True)
    placeholder = traitlets.Unicode("Describe your video").tag(sync=True)
    limit = traitlets.Int(2000, min=0).tag(sync=True)
    seconds = traitlets.Float(0.0, min=0).tag(sync=True)
    language = traitlets.Enum(("en", "zh"), "en").tag(sync=True)
    analysis = traitlets.Dict().tag(sync=True)
    commands = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(self, value: str = "", **traits: Any) -> None:
        super().__init__(value=value, commands=COMMANDS, analysis=self._analysis(value), **traits)

    @traitlets.observe("value")
    def _read(self, change: Any) -> None:
        self.analysis = self._analysis(change["new"])

    @staticmethod
    def _analysis(text: str) -> dict[str, Any]:
        return analyse(text, notes(read(text[:MOST_CHARACTERS]), priced=False))

    def __repr__(self) -> str:
        return f"PromptEditor({self.value!r})"
