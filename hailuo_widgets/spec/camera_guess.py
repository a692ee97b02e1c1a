"""What was probably meant by words that look like a camera command and are none."""

from __future__ import annotations

import difflib
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from hailuo_widgets.spec.camera_commands import CameraCommand, command, normal

if TYPE_CHECKING:
    from collections.abc import Iterator

Shots = tuple[tuple[CameraCommand, ...], ...]
"""Brackets that follow each other, each with the commands that are carried out at once."""

_C = CameraCommand
_WORDS: dict[str, tuple[tuple[CameraCommand, ...], ...]] = {
    # What people write and mean, where spelling alone would point elsewhere; each with one or more readings.
    # "Push out" is in MiniMax's own example.
    "push out": ((_C.PULL_OUT,), (_C.PUSH_IN,)),
    "pull in": ((_C.PUSH_IN,), (_C.PULL_OUT,)),
    "push": ((_C.PUSH_IN,),),
    "pull": ((_C.PULL_OUT,),),
    "pull back": ((_C.PULL_OUT,),),
    "push forward": ((_C.PUSH_IN,),),
    "push up": ((_C.PEDESTAL_UP,), (_C.PUSH_IN,)),
    "pan": ((_C.PAN_LEFT,), (_C.PAN_RIGHT,)),
    "pan up": ((_C.TILT_UP,),),
    "pan down": ((_C.TILT_DOWN,),),
    "tilt": ((_C.TILT_UP,), (_C.TILT_DOWN,)),
    "tilt left": ((_C.PAN_LEFT,),),
    "tilt right": ((_C.PAN_RIGHT,),),
    "truck": ((_C.TRUCK_LEFT,), (_C.TRUCK_RIGHT,)),
    "zoom": ((_C.ZOOM_IN,), (_C.ZOOM_OUT,)),
    "handheld": ((_C.SHAKE,),),
    "hand held": ((_C.SHAKE,),),
    "static": ((_C.STATIC_SHOT,),),
    "fixed": ((_C.STATIC_SHOT,),),
    "locked": ((_C.STATIC_SHOT,),),
    "locked off": ((_C.STATIC_SHOT,),),
    "tripod": ((_C.STATIC_SHOT,),),
    "tracking": ((_C.TRACKING_SHOT,),),
    "track": ((_C.TRACKING_SHOT,),),
    "follow": ((_C.TRACKING_SHOT,),),
    "steadicam": ((_C.TRACKING_SHOT,),),
    "gimbal": ((_C.TRACKING_SHOT,),),
    # The field's words for moves that Hailuo has under another name.
    "dolly": ((_C.PUSH_IN,), (_C.PULL_OUT,)),
    "dolly in": ((_C.PUSH_IN,),),
    "dolly forward": ((_C.PUSH_IN,),),
    "dolly out": ((_C.PULL_OUT,),),
    "dolly back": ((_C.PULL_OUT,),),
    **{f"{word} left": ((_C.TRUCK_LEFT,),) for word in ("dolly", "track", "slide", "crab", "strafe", "move")},
    **{f"{word} right": ((_C.TRUCK_RIGHT,),) for word in ("dolly", "track", "slide", "crab", "strafe", "move")},
    **{f"{word} up": ((_C.PEDESTAL_UP,),) for word in ("crane", "boom", "jib", "rise", "lift", "move", "dolly")},
    **{f"{word} down": ((_C.PEDESTAL_DOWN,),) for word in ("crane", "boom", "jib", "lower", "move", "dolly")},
    "crane": ((_C.PEDESTAL_UP,), (_C.PEDESTAL_DOWN,)),
    "whip pan": ((_C.PAN_LEFT,), (_C.PAN_RIGHT,)),
    "whip pan left": ((_C.PAN_LEFT,),),
    "whip pan right": ((_C.PAN_RIGHT,),),
    "swish pan": ((_C.PAN_LEFT,), (_C.PAN_RIGHT,)),
    "fly in": ((_C.PUSH_IN,),),
    "fly through": ((_C.PUSH_IN,),),
    "fly over": ((_C.PUSH_IN, _C.PEDESTAL_UP),),
    "drone": ((_C.PEDESTAL_UP, _C.PULL_OUT),),
    "aerial": ((_C.PEDESTAL_UP, _C.PULL_OUT),),
    **dict.fromkeys(("crash zoom", "snap zoom", "smash zoom"), ((_C.ZOOM_IN,),)),
    **dict.fromkeys(("pull away", "back away", "move away", "move back", "move out"), ((_C.PULL_OUT,),)),
    **dict.fromkeys(("move in", "move closer", "move forward", "come closer", "fpv", "fpv drone"), ((_C.PUSH_IN,),)),
    **dict.fromkeys(("sweep left", "swing left"), ((_C.PAN_LEFT,),)),
    **dict.fromkeys(("sweep right", "swing right"), ((_C.PAN_RIGHT,),)),
    **dict.fromkeys(("rise", "ascend", "elevator up"), ((_C.PEDESTAL_UP,),)),
    **dict.fromkeys(("descend", "elevator down"), ((_C.PEDESTAL_DOWN,),)),
    **dict.fromkeys(("lateral tracking", "lateral track"), ((_C.TRACKING_SHOT,),)),
    # Moves that Hailuo lacks, as what comes closest.
    **{
        f"{word}{side}": moves
        for word in ("orbit", "arc", "circle", "revolve", "rotate", "360")
        for side, moves in {
            "": ((_C.TRUCK_LEFT, _C.PAN_RIGHT), (_C.TRUCK_RIGHT, _C.PAN_LEFT)),
            " left": ((_C.TRUCK_LEFT, _C.PAN_RIGHT),),
            " right": ((_C.TRUCK_RIGHT, _C.PAN_LEFT),),
            " around": ((_C.TRUCK_LEFT, _C.PAN_RIGHT), (_C.TRUCK_RIGHT, _C.PAN_LEFT)),
        }.items()
    },
    "spiral": ((_C.PEDESTAL_UP, _C.TRUCK_LEFT, _C.PAN_RIGHT),),
    "dolly zoom": ((_C.PULL_OUT, _C.ZOOM_IN), (_C.PUSH_IN, _C.ZOOM_OUT)),
    "vertigo": ((_C.PULL_OUT, _C.ZOOM_IN), (_C.PUSH_IN, _C.ZOOM_OUT)),
    "zolly": ((_C.PULL_OUT, _C.ZOOM_IN), (_C.PUSH_IN, _C.ZOOM_OUT)),
    "bullet time": ((_C.TRUCK_LEFT, _C.PAN_RIGHT), (_C.TRUCK_RIGHT, _C.PAN_LEFT)),
    **dict.fromkeys(("roll", "roll left", "roll right", "barrel roll", "dutch", "dutch angle"), ()),
    **dict.fromkeys(("rack focus", "focus pull", "pull focus"), ()),
    # Chinese
    "拉进": ((_C.PUSH_IN,),),
    "推远": ((_C.PULL_OUT,),),
    "推近": ((_C.PUSH_IN,),),
    "拉近": ((_C.PUSH_IN,),),
    "后拉": ((_C.PULL_OUT,),),
    "拉出": ((_C.PULL_OUT,),),
    "前推": ((_C.PUSH_IN,),),
    "推": ((_C.PUSH_IN,),),
    "拉": ((_C.PULL_OUT,),),
    "摇": ((_C.PAN_LEFT,), (_C.PAN_RIGHT,)),
    "摇摄": ((_C.PAN_LEFT,), (_C.PAN_RIGHT,)),
    "甩": ((_C.PAN_LEFT,), (_C.PAN_RIGHT,)),
    "移": ((_C.TRUCK_LEFT,), (_C.TRUCK_RIGHT,)),
    "平移": ((_C.TRUCK_LEFT,), (_C.TRUCK_RIGHT,)),
    "左平移": ((_C.TRUCK_LEFT,),),
    "右平移": ((_C.TRUCK_RIGHT,),),
    "向左移动": ((_C.TRUCK_LEFT,),),
    "向右移动": ((_C.TRUCK_RIGHT,),),
    "左摇摄": ((_C.PAN_LEFT,),),
    "右摇摄": ((_C.PAN_RIGHT,),),
    "升": ((_C.PEDESTAL_UP,),),
    "降": ((_C.PEDESTAL_DOWN,),),
    "升降": ((_C.PEDESTAL_UP,), (_C.PEDESTAL_DOWN,)),
    "俯仰": ((_C.TILT_UP,), (_C.TILT_DOWN,)),
    "变焦": ((_C.ZOOM_IN,), (_C.ZOOM_OUT,)),
    "放大": ((_C.ZOOM_IN,),),
    "缩小": ((_C.ZOOM_OUT,),),
    "手持": ((_C.SHAKE,),),
    "抖动": ((_C.SHAKE,),),
    "跟拍": ((_C.TRACKING_SHOT,),),
    "跟踪": ((_C.TRACKING_SHOT,),),
    "跟": ((_C.TRACKING_SHOT,),),
    "静止": ((_C.STATIC_SHOT,),),
    "环绕": ((_C.TRUCK_LEFT, _C.PAN_RIGHT), (_C.TRUCK_RIGHT, _C.PAN_LEFT)),
    "环拍": ((_C.TRUCK_LEFT, _C.PAN_RIGHT), (_C.TRUCK_RIGHT, _C.PAN_LEFT)),
    "左环绕": ((_C.TRUCK_LEFT, _C.PAN_RIGHT),),
    "右环绕": ((_C.TRUCK_RIGHT, _C.PAN_LEFT),),
    "旋转": ((_C.TRUCK_LEFT, _C.PAN_RIGHT), (_C.TRUCK_RIGHT, _C.PAN_LEFT)),
    "航拍": ((_C.PEDESTAL_UP, _C.PULL_OUT),),
    "子弹时间": ((_C.TRUCK_LEFT, _C.PAN_RIGHT), (_C.TRUCK_RIGHT, _C.PAN_LEFT)),
    **dict.fromkeys(("慢推", "急推", "快推", "缓推", "推轨"), ((_C.PUSH_IN,),)),
    **dict.fromkeys(("慢拉", "急拉", "快拉", "缓拉"), ((_C.PULL_OUT,),)),
    "横移": ((_C.TRUCK_LEFT,), (_C.TRUCK_RIGHT,)),
    "甩镜": ((_C.PAN_LEFT,), (_C.PAN_RIGHT,)),
    "希区柯克变焦": ((_C.PULL_OUT, _C.ZOOM_IN),),
    # Japanese
    **dict.fromkeys(("パン左", "左パン", "パンレフト", "左にパン"), ((_C.PAN_LEFT,),)),
    **dict.fromkeys(("パン右", "右パン", "パンライト", "右にパン"), ((_C.PAN_RIGHT,),)),
    "パン": ((_C.PAN_LEFT,), (_C.PAN_RIGHT,)),
    "ティルト": ((_C.TILT_UP,), (_C.TILT_DOWN,)),
    **dict.fromkeys(("ティルトアップ", "チルトアップ", "上ティルト"), ((_C.TILT_UP,),)),
    **dict.fromkeys(("ティルトダウン", "チルトダウン", "下ティルト"), ((_C.TILT_DOWN,),)),
    "ズーム": ((_C.ZOOM_IN,), (_C.ZOOM_OUT,)),
    **dict.fromkeys(("ズームイン", "拡大"), ((_C.ZOOM_IN,),)),
    **dict.fromkeys(("ズームアウト", "縮小"), ((_C.ZOOM_OUT,),)),
    **dict.fromkeys(("プッシュイン", "ドリーイン", "寄り", "前進", "前进", "近づく"), ((_C.PUSH_IN,),)),
    **dict.fromkeys(("プルアウト", "プルバック", "ドリーアウト", "引き", "後退", "后退"), ((_C.PULL_OUT,),)),
    **dict.fromkeys(("トラック左", "左トラック", "左移動", "左ドリー", "左に移動"), ((_C.TRUCK_LEFT,),)),
    **dict.fromkeys(("トラック右", "右トラック", "右移動", "右ドリー", "右に移動"), ((_C.TRUCK_RIGHT,),)),
    **dict.fromkeys(("クレーンアップ", "ペデスタルアップ", "上移動"), ((_C.PEDESTAL_UP,),)),
    **dict.fromkeys(("クレーンダウン", "ペデスタルダウン", "下移動"), ((_C.PEDESTAL_DOWN,),)),
    **dict.fromkeys(("手ブレ", "手ぶれ", "手持ち", "シェイク", "揺れ"), ((_C.SHAKE,),)),
    **dict.fromkeys(("トラッキングショット", "トラッキング", "追従", "追跡", "フォロー"), ((_C.TRACKING_SHOT,),)),
    **dict.fromkeys(("固定ショット", "静止ショット", "フィックス"), ((_C.STATIC_SHOT,),)),
    **dict.fromkeys(("回り込み", "オービット", "周回"), ((_C.TRUCK_LEFT, _C.PAN_RIGHT), (_C.TRUCK_RIGHT, _C.PAN_LEFT))),
    # Korean
    **dict.fromkeys(("줌인", "줌 인"), ((_C.ZOOM_IN,),)),
    **dict.fromkeys(("줌아웃", "줌 아웃"), ((_C.ZOOM_OUT,),)),
    **dict.fromkeys(("팬 레프트", "왼쪽 팬", "좌측 팬"), ((_C.PAN_LEFT,),)),
    **dict.fromkeys(("팬 라이트", "오른쪽 팬", "우측 팬"), ((_C.PAN_RIGHT,),)),
    **dict.fromkeys(("틸트업", "틸트 업"), ((_C.TILT_UP,),)),
    **dict.fromkeys(("틸트다운", "틸트 다운"), ((_C.TILT_DOWN,),)),
    **dict.fromkeys(("푸시인", "푸시 인", "달리인", "달리 인"), ((_C.PUSH_IN,),)),
    **dict.fromkeys(("트래킹 샷", "트래킹샷"), ((_C.TRACKING_SHOT,),)),
    **dict.fromkeys(("고정 샷", "고정"), ((_C.STATIC_SHOT,),)),
}  # fmt: skip

# Traditional Chinese and Japanese characters as the simplified ones of the fifteen names and of the words above.
_SIMPLIFIED = str.maketrans(
    "搖揺進遠變動隨後環繞鏡頭轉焦昇縮跡靜鎖緩觀變軌穩擺", "摇摇进远变动随后环绕镜头转焦升缩迹静锁缓观变轨稳摆"
)

_NAMES = {normal(name): each for each in _C for name in (each.en, each.zh)}
_KNOWN = {
    **{name: ((each,),) for name, each in _NAMES.items()},
    **_WORDS,
    **{normal(word).translate(_SIMPLIFIED): moves for word, moves in _WORDS.items()},
}
_STEMS = {
    "panning": "pan", "pans": "pan", "tilting": "tilt", "tilts": "tilt", "zooming": "zoom", "zooms": "zoom",
    "pushing": "push", "pushes": "push", "pulling": "pull", "pulls": "pull", "trucking": "truck", "trucks": "truck",
    "shaking": "shake", "shakes": "shake", "shaky": "shake", "tracks": "track", "follows": "follow",
    "following": "follow", "orbits": "orbit", "orbiting": "orbit", "circling": "circle", "circles": "circle",
    "rotating": "rotate", "rotates": "rotate", "arcing": "arc", "craning": "crane", "rising": "rise", "rises": "rise",
    "dollying": "dolly", "dollies": "dolly", "leftward": "left", "leftwards": "left", "rightward": "right",
    "rightwards": "right", "upward": "up", "upwards": "up", "downward": "down", "downwards": "down", "inward": "in",
    "inwards": "in", "outward": "out", "outwards": "out", "forwards": "forward", "backward": "back",
    "backwards": "back", "truckleft": "truck left", "sliding": "slide", "slides": "slide", "moves": "move",
    "moving": "move", "rolling": "roll", "rolls": "roll",
}  # fmt: skip
_FILLERS = frozenset({
    "a", "an", "the", "and", "to", "of", "on", "at", "it", "camera", "cam", "shot", "shots", "movement",
    "motion", "slow", "slowly", "fast", "quick", "quickly", "gently", "gentle", "smooth", "smoothly", "slight",
    "slightly", "very", "subtle", "steady", "steadily", "then", "now", "towards", "toward", "with", "while",
    "subject", "him", "her", "them", "cinematic", "effect", "is", "side", "lens",
})  # fmt: skip
_AMOUNT = re.compile(r"\d+(?:\.\d+)?\s*(?:°|(?:degrees?|deg|seconds?|sec|s|x|度|秒)\b)", re.IGNORECASE)
_HAN_FILLERS = re.compile(
    "镜头|摄像机|摄影机|相机|运镜|缓慢|慢慢|快速|迅速|轻微|平稳|稳定|逐渐|渐渐|画面|向前|向后|拍摄|效果|[地的向往度]"
    "|カメラ|ゆっくり|ショット|카메라"
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_JOINED = re.compile(
    r"\s*(?:[+&/;；|＋＆／・，,、]|\b(?:and|plus|with|while)\b|和|与|與|及|加|并|同时|同時)\s*", re.IGNORECASE
)
_SEQUENCE = re.compile(r"\s*(?:->|=>|→|>|\bthen\b|然后|然後|再|接着)\s*", re.IGNORECASE)


def simple(text: str) -> str:
    """Text as names are looked up: full-width letters, invisible signs and traditional characters made plain."""
    visible = "".join(each for each in unicodedata.normalize("NFKC", text) if unicodedata.category(each) != "Cf")
    return visible.translate(_SIMPLIFIED)


def exactly(text: str) -> Shots:
    """Words that are nothing but commands, however they are joined or spelled; empty where one of them is not."""
    shots = []
    for part in _SEQUENCE.split(simple(text)):
        named = [command(each.strip(" .:!。：")) for each in _JOINED.split(part)]
        if not named or None in named:
            return ()
        shots.append(tuple(each for each in named if each is not None))
    return tuple(shots)


@lru_cache(maxsize=2048)  # a request is checked for every model that could make it, and a form at every key
def readings(text: str) -> tuple[Shots, ...] | None:
    """What may have been meant, most likely first.

    Args:
        text: What is written in a bracket, or in one of its parts.

    Returns:
        The readings; empty for a move that the field knows and Hailuo has nothing like; None for plain words.
    """
    plain = simple(text)
    if (joined := _joined(plain)) is not None:
        return (joined,)
    found = _reading(plain)
    return None if found is None else tuple((each,) for each in found)


def _joined(text: str) -> Shots | None:
    """Several names in one, at once or in turn; None where there are not two of them."""
    shots = []
    for part in _SEQUENCE.split(text):
        firsts = [found[0] for each in _JOINED.split(part) if (found := _reading(each))]
        shots.append(tuple(dict.fromkeys(each for first in firsts for each in first)))
    named = tuple(each for each in shots if each)
    return named if sum(map(len, named)) > 1 and normal(text) not in _KNOWN else None


def _reading(text: str) -> tuple[tuple[CameraCommand, ...], ...] | None:
    """The readings of one name."""
    for spelling in _spellings(text):
        if spelling in _KNOWN:
            return _KNOWN[spelling]
    whole = normal(text)
    close = difflib.get_close_matches(whole, _NAMES, n=2, cutoff=0.75 if whole.isascii() else 0.6)
    if not close and whole.isascii():
        close = difflib.get_close_matches(" ".join(_words(text)), _NAMES, n=1, cutoff=0.8)
    return tuple(dict.fromkeys((_NAMES[match],) for match in close)) or _within(text)


def _spellings(text: str) -> Iterator[str]:
    """The ways in which a name may be meant, from what was written to what is left without words that add nothing."""
    yield normal(text)
    words = list(_words(text))
    yield " ".join(words)
    yield " ".join(words[::-1])  # "left pan"
    if len(words) > 1 and words[-1] in {"left", "right"}:
        yield " ".join([words[-1], *words[:-1]])
    yield normal(_HAN_FILLERS.sub("", text).strip(" :：.。!！"))


def _words(text: str) -> Iterator[str]:
    for word in re.findall(r"[^\W\d_]+|\d+", _CAMEL.sub(" ", _AMOUNT.sub(" ", text))):
        stem = _STEMS.get(word.casefold(), word.casefold())
        if stem not in _FILLERS:
            yield stem


def _within(text: str) -> tuple[tuple[CameraCommand, ...], ...] | None:
    """A command of two words, or a Chinese one, with a little more around it."""
    words = list(_words(text))
    for at in range(len(words) - 1):
        known = command(" ".join(words[at : at + 2]))
        if known and len(words) <= 3:
            return ((known,),)
    whole = _HAN_FILLERS.sub("", normal(text))
    longest_first = sorted(_C, key=lambda each: -len(each.zh))
    return next((((each,),) for each in longest_first if each.zh in whole and len(whole) <= len(each.zh) + 1), None)
