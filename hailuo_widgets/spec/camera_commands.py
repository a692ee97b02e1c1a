"""The fifteen camera commands, each with its two spellings."""

from __future__ import annotations

from enum import Enum
from typing import Literal

Language = Literal["en", "zh"]


class CameraCommand(Enum):
    """One move of the camera, with its two spellings.

    Sources: EvoLink, Hailuo 02 API, "15 Comandos de Cámara" (English); UCloud Modelverse, Hailuo-2.3-I2V, 运镜控制说明
    (Chinese).
    """

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


def normal(text: str) -> str:
    """Text as names are compared: one blank between words, no letter case."""
    return " ".join(text.split()).casefold()


_BY_NAME = {normal(name): command for command in CameraCommand for name in (command.en, command.zh)}


def command(name: str) -> CameraCommand | None:
    """The command of that name in either language, ignoring brackets and letter case; None if there is none."""
    return _BY_NAME.get(normal(name.strip().removeprefix("[").removesuffix("]")))


def bracket(commands: tuple[CameraCommand, ...], language: Language = "en") -> str:
    """Commands as a vendor reads them: `[Pan left,Pedestal up]`."""
    return "[" + ",".join(each.spell(language) for each in commands) + "]"
