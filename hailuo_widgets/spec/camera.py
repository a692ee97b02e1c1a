"""The fifteen camera commands: read from a prompt, translated, written back.

Commands stand in square brackets inside the prompt. Several in one bracket are carried out at once
(`[Pan left,Pedestal up]`); brackets that follow each other are carried out in turn. Sources: EvoLink, Hailuo 02 API,
"15 Comandos de Cámara" (English); UCloud Modelverse, Hailuo-2.3-I2V, 运镜控制说明 (Chinese).
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Language = Literal["en", "zh"]

RECOMMENDED_PER_BRACKET = 3
"""More commands than this in one bracket work, but are advised against.

Source: EvoLink, Hailuo 02 API: "máx 3 recomendado".
"""


class CameraCommand(Enum):
    """One move of the camera, with its two spellings."""

    TRUCK_LEFT = ("Truck left", "左移")
    TRUCK_RIGHT = ("Truck right", "右移")
    PAN_LEFT = ("Pan left", "左摇")
    PAN_RIGHT = ("Pan right", "右摇")
    PUSH_IN = ("Push in", "推进")
    PULL_OUT = ("Pull out", "拉远")
    PEDESTAL_UP = ("Pedestal up", "上升")
    PEDESTAL_DOWN = ("Pedestal down", "下降")
    TILT_UP = ("Tilt up", "上摇")
    TILT_DOWN = ("Tilt down", "下摇")
    ZOOM_IN = ("Zoom in", "变焦推近")
    ZOOM_OUT = ("Zoom out", "变焦拉远")
    SHAKE = ("Shake", "晃动")
    TRACKING_SHOT = ("Tracking shot", "跟随")
    STATIC_SHOT = ("Static shot", "固定")

    def __init__(self, en: str, zh: str) -> None:
        self.en = en
        self.zh = zh

    def spell(self, language: Language) -> str:
        """The command's name in a language, without brackets."""
        return self.en if language == "en" else self.zh


@dataclass(frozen=True, slots=True)
class Shot:
    """One bracket of a prompt: the commands that are carried out at once.

    Attributes:
        commands: At least one, in the order written.
        start: Where the opening bracket stands in the prompt, in characters.
        end: One past the closing bracket.
    """

    commands: tuple[CameraCommand, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A bracket that looks like a camera command but isn't one; the vendor would read it as plain words.

    Attributes:
        text: What was written; where the brackets are the mistake, they belong to it (`【推进】`).
        meant: The commands that were probably meant, most likely first; for 【】, all that stand in it.
        start: Where `text` stands in the prompt, in characters.
        end: One past its last character.
    """

    text: str
    meant: tuple[CameraCommand, ...]
    start: int
    end: int

    def __str__(self) -> str:
        language: Language = "zh" if _HAN.search(self.text) else "en"
        together = [self.meant] if self.text.startswith("【") else [(each,) for each in self.meant]
        options = " or ".join(bracket(commands, language) for commands in together)
        return f"“{self.text}” is not a camera command; did you mean {options}?"


@dataclass(frozen=True, slots=True)
class CameraScript:
    """What the camera is asked to do, in order, with what was probably a slip of the pen."""

    shots: tuple[Shot, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()


_BRACKET = re.compile(r"\[([^\[\]]*)\]|【([^【】]*)】")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_SEPARATOR = re.compile(r"[,，、]")
_PART = re.compile(r"[^,，、]+")


def _normal(text: str) -> str:
    return " ".join(text.split()).casefold()


_BY_NAME = {_normal(name): command for command in CameraCommand for name in (command.en, command.zh)}

# What people write and mean, where spelling alone would point elsewhere. "Push out" stands in MiniMax's own example.
_MEANT = {
    "push out": (CameraCommand.PULL_OUT, CameraCommand.PUSH_IN),
    "pull in": (CameraCommand.PUSH_IN, CameraCommand.PULL_OUT),
    "push": (CameraCommand.PUSH_IN,),
    "pull": (CameraCommand.PULL_OUT,),
    "push up": (CameraCommand.PEDESTAL_UP, CameraCommand.PUSH_IN),
    "dolly in": (CameraCommand.PUSH_IN,),
    "dolly out": (CameraCommand.PULL_OUT,),
    "pan up": (CameraCommand.TILT_UP,),
    "pan down": (CameraCommand.TILT_DOWN,),
    "tilt left": (CameraCommand.PAN_LEFT,),
    "tilt right": (CameraCommand.PAN_RIGHT,),
    "crane up": (CameraCommand.PEDESTAL_UP,),
    "crane down": (CameraCommand.PEDESTAL_DOWN,),
    "handheld": (CameraCommand.SHAKE,),
    "static": (CameraCommand.STATIC_SHOT,),
    "fixed": (CameraCommand.STATIC_SHOT,),
    "tracking": (CameraCommand.TRACKING_SHOT,),
    "track": (CameraCommand.TRACKING_SHOT,),
    "follow": (CameraCommand.TRACKING_SHOT,),
    "zoom": (CameraCommand.ZOOM_IN, CameraCommand.ZOOM_OUT),
    "pan": (CameraCommand.PAN_LEFT, CameraCommand.PAN_RIGHT),
    "tilt": (CameraCommand.TILT_UP, CameraCommand.TILT_DOWN),
    "truck": (CameraCommand.TRUCK_LEFT, CameraCommand.TRUCK_RIGHT),
    "拉进": (CameraCommand.PUSH_IN,),
    "推远": (CameraCommand.PULL_OUT,),
    "推近": (CameraCommand.PUSH_IN,),
    "左移运镜": (CameraCommand.TRUCK_LEFT,),
    "右移运镜": (CameraCommand.TRUCK_RIGHT,),
}


def command(name: str) -> CameraCommand | None:
    """The command of that name in either language, brackets and letter case aside, or None."""
    return _BY_NAME.get(_normal(name.strip().removeprefix("[").removesuffix("]")))


def nearest(name: str) -> tuple[CameraCommand, ...]:
    """The commands that `name` was probably meant to be, most likely first; empty where nothing is close."""
    normal = _normal(name)
    if normal in _MEANT:
        return _MEANT[normal]
    close = difflib.get_close_matches(normal, _BY_NAME, n=2, cutoff=0.75 if normal.isascii() else 0.6)
    return tuple(dict.fromkeys(_BY_NAME[match] for match in close))


def parse(prompt: str) -> CameraScript:
    """Read the camera commands out of a prompt, in order.

    A bracket in which nothing is or resembles a command is ordinary text (`[sic]`). A command in 【】 is a near miss:
    vendors document square brackets only.
    """
    shots: list[Shot] = []
    misses: list[NearMiss] = []
    for written in _BRACKET.finditer(prompt):
        if written.group(1) is None:
            meant = _commands_in(written.group(2))
            if meant:
                misses.append(NearMiss(written.group(), meant, written.start(), written.end()))
            continue
        found: list[CameraCommand] = []
        for part in _PART.finditer(written.group(1)):
            text = part.group().strip()
            exact = command(text)
            if exact:
                found.append(exact)
            elif meant := nearest(text):
                start = written.start(1) + part.start() + part.group().index(text)
                misses.append(NearMiss(text, meant, start, start + len(text)))
        if found:
            shots.append(Shot(tuple(found), written.start(), written.end()))
    return CameraScript(tuple(shots), tuple(misses))


def _commands_in(text: str) -> tuple[CameraCommand, ...]:
    return tuple(known for part in _SEPARATOR.split(text) if (known := command(part)))


def bracket(commands: tuple[CameraCommand, ...], language: Language = "en") -> str:
    """Commands as a vendor reads them: `[Pan left,Pedestal up]`."""
    return "[" + ",".join(each.spell(language) for each in commands) + "]"


def _rewrite(prompt: str, write: Callable[[str], str]) -> str:
    """The prompt with each shot's bracket rewritten, everything else untouched."""
    pieces: list[str] = []
    at = 0
    for shot in parse(prompt).shots:
        pieces += [prompt[at : shot.start], write(prompt[shot.start : shot.end])]
        at = shot.end
    return "".join([*pieces, prompt[at:]])


def _parts(written: str) -> list[tuple[str, CameraCommand | None]]:
    """What stands in a bracket, each part with the command that it is, if it is one."""
    names = (part.strip() for part in _SEPARATOR.split(written[1:-1]))
    return [(name, command(name)) for name in names if name]


def translate(prompt: str, language: Language) -> str:
    """The prompt with its camera commands in a vendor's language.

    A bracket that is already right is left byte for byte as it is, and so is everything outside brackets.
    """

    def write(written: str) -> str:
        parts = _parts(written)
        if all(known is None or known.spell(language) == name for name, known in parts):
            return written
        return "[" + ",".join(known.spell(language) if known else name for name, known in parts) + "]"

    return _rewrite(prompt, write)


_PROSE = {
    CameraCommand.TRUCK_LEFT: "the camera trucks left",
    CameraCommand.TRUCK_RIGHT: "the camera trucks right",
    CameraCommand.PAN_LEFT: "the camera pans left",
    CameraCommand.PAN_RIGHT: "the camera pans right",
    CameraCommand.PUSH_IN: "the camera pushes in",
    CameraCommand.PULL_OUT: "the camera pulls out",
    CameraCommand.PEDESTAL_UP: "the camera rises",
    CameraCommand.PEDESTAL_DOWN: "the camera sinks",
    CameraCommand.TILT_UP: "the camera tilts up",
    CameraCommand.TILT_DOWN: "the camera tilts down",
    CameraCommand.ZOOM_IN: "the lens zooms in",
    CameraCommand.ZOOM_OUT: "the lens zooms out",
    CameraCommand.SHAKE: "the camera shakes, handheld",
    CameraCommand.TRACKING_SHOT: "the camera tracks the subject",
    CameraCommand.STATIC_SHOT: "the camera stays still",
}


def prose(prompt: str) -> str:
    """The prompt with each bracket as words, for models that read plain language (MiniMax-H3)."""

    def write(written: str) -> str:
        parts = _parts(written)
        moves = " while ".join(_PROSE[known] for _, known in parts if known)
        return "(" + ", ".join([moves, *(name for name, known in parts if known is None)]) + ")"

    return _rewrite(prompt, write)
