"""What a prompt's words say about the picture: the place, the light, the weather, the subject."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import numpy as np

# In order: the first whose words are met wins, so the special stands before the common.
_PLACES = {
    "city": (
        r"cit(y|ies)|street|skyline|skyscraper|tokyo|new york|neon|cyberpunk|urban|downtown|rooftop|"
        r"城|街|都市|霓虹|东京|上海|大厦|摩天"
    ),
    "sea": (
        r"sea|seas|ocean|beach|waves?|coast|island|harbou?r|lake|river|boats?|ships?|sail\w*|whales?|surf\w*|underwater|"
        r"海|湖|河|江|船|浪|岛|沙滩|鲸"
    ),
    "desert": r"desert|dunes?|sand|camel|sahara|canyon|mars|沙漠|沙丘|戈壁|骆驼|火星|峡谷",
    "forest": r"forest|woods?|jungle|trees?|pines?|bamboo|fairy ?tale|森林|树|林|竹",
    "meadow": r"meadow|field|grass|flowers?|farm|garden|hills?|prairie|savanna|spring|草|花|田|农|春|丘",
    "mountains": r"mountains?|summit|peaks?|alps|snow\w*|glacier|cliff|valley|山|峰|雪|冰|崖|谷",
}
_LIGHTS = {
    "sunrise": r"sunrise|dawn|morning|日出|黎明|清晨|早晨|晨",
    "sunset": r"sunset|golden hour|evening|autumn|日落|夕阳|黄昏|傍晚|秋",
    "dusk": r"dusk|twilight|blue hour|neon|cyberpunk|暮|霓虹",
    "night": r"nights?|midnight|moon\w*|stars?|starry|galaxy|milky way|space|夜|月|星|银河|太空",
    "day": r"day|noon|sunny|summer|blue sky|白天|正午|中午|晴|夏|蓝天",
}
_WEATHERS = {
    "snow": r"snow\w*|winter|blizzard|arctic|ice|icy|christmas|雪|冬|冰",
    "rain": r"rain\w*|storm\w*|monsoon|雨|风暴|暴",
    "fireflies": r"firefl(y|ies)|fairy ?tale|magic\w*|lanterns?|萤火|魔法|灯笼|童话",
}
_SUBJECTS = {
    "panda": r"pandas?|熊猫",
    "cat": r"cats?|kittens?|kitty|猫",
    "fox": r"fox(es)?|wol(f|ves)|狐|狼",
    "dog": r"dogs?|pupp(y|ies)|corgi|retriever|狗|犬",
    "bird": r"birds?|eagles?|cranes?|seagulls?|owls?|swans?|鸟|鹰|鹤|燕",
    "whale": r"whales?|dolphins?|鲸|海豚",
    "boat": r"boats?|ships?|sail\w*|yacht|船|舟|帆",
    "car": r"cars?|taxi|truck|drive\w*|driving|汽车|轿车|出租车|车",
    "balloon": r"balloons?|airship|热气球|气球",
    "robot": r"robots?|androids?|mechs?|机器人",
    "astronaut": r"astronauts?|cosmonauts?|宇航员|航天员",
    "rabbit": r"rabbits?|bunn(y|ies)|hares?|兔",
    "bear": r"bears?|熊",
    "lighthouse": r"lighthouses?|灯塔|燈塔",
    "cabin": r"cabins?|house|hut|cottage|castle|village|temple|屋|房|宫|村|寺",
    "person": (
        r"man|men|woman|women|girls?|boys?|person|people|dancers?|samurai|knight|hiker|child(ren)?|"
        r"monk|king|queen|warrior|人|女|男|孩|侠|士"
    ),
    "tree": r"trees?|oak|maple|cherry|sakura|树|樱",
}
_AT_HOME = {
    "city": ("person", "car", "cat"),
    "sea": ("boat", "boat", "whale", "bird"),
    "desert": ("balloon", "person", "fox"),
    "forest": ("fox", "cabin", "person", "rabbit"),
    "meadow": ("tree", "balloon", "cabin", "rabbit"),
    "mountains": ("person", "balloon", "cabin", "bird"),
}
UNKNOWN = "figure"
"""The subject of a prompt that names one which can't be drawn: a neutral figure, which says so."""

_SUNGLASSES = re.compile(r"\bsunglasses\b|墨镜|墨鏡|太阳镜|太陽鏡|太阳眼镜|サングラス|선글라스")

# Words that name nothing that could be drawn.
_SAYS_NOTHING = frozenset({
    "with", "under", "over", "above", "below", "near", "into", "onto", "from", "through", "across", "along",
    "around", "between", "behind", "beside", "this", "that", "these", "those", "there", "here", "its", "his",
    "her", "their", "our", "your", "and", "the", "for", "while", "where", "when", "wide", "long", "slow",
    "calm", "quiet", "soft", "warm", "cold", "light", "lights", "lit", "bright", "dark", "scene", "view",
    "shot", "video", "film", "clip", "cinematic", "beautiful", "very",
})  # fmt: skip
_BRACKETS = re.compile(r"\[[^\[\]]*\]")
_CJK = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read out of a prompt; what it does not say is drawn by lot from its digest.

    Attributes:
        place: `"city"`, `"sea"`, `"desert"`, `"forest"`, `"meadow"` or `"mountains"`.
        light: `"sunrise"`, `"day"`, `"sunset"`, `"dusk"` or `"night"`.
        weather: `"snow"`, `"rain"`, `"fireflies"` or `""`.
        subject: A name that `subjects.draw` knows; `UNKNOWN` where the prompt has one that it doesn't.
        sunglasses: Whether the subject wears them.
        seed: What the rest is drawn from.
    """

    place: str
    light: str
    weather: str
    subject: str
    sunglasses: bool
    seed: int


def _first(table: dict[str, str], text: str) -> str:
    for name, pattern in table.items():
        # \b means nothing between Chinese characters, so only the Latin alternatives are held to whole words.
        latin = "|".join(part for part in _split(pattern) if not _CJK.search(part))
        chinese = "|".join(part for part in _split(pattern) if _CJK.search(part))
        if re.search(rf"\b(?:{latin})\b", text) or re.search(chinese, text):
            return name
    return ""


def _split(pattern: str) -> list[str]:
    """The pattern's alternatives, those inside parentheses left alone."""
    return re.findall(r"(?:\([^)]*\)|[^|(])+", pattern)


def digest(text: str) -> int:
    """A number that follows from the text alone, on every machine and in every process."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")


def read(text: str) -> Reading:
    """Read a prompt. Any text is fine, the empty one too.

    Brackets hold camera commands, so they are passed over: one prompt under two cameras shows the same place.
    """
    words = " ".join(_BRACKETS.sub(" ", text).split())
    seed = digest(words)
    lot = np.random.default_rng(seed)
    lower = words.casefold()[:4000]
    place = _first(_PLACES, lower) or str(lot.choice(list(_AT_HOME)))
    light = _first(_LIGHTS, lower) or str(lot.choice(["sunrise", "day", "sunset", "dusk", "night"]))
    subject = _first(_SUBJECTS, lower)
    if not subject:
        subject = UNKNOWN if _names_more(lower) else str(lot.choice(_AT_HOME[place]))
    return Reading(place, light, _first(_WEATHERS, lower), subject, bool(_SUNGLASSES.search(lower)), seed)


def _names_more(text: str) -> bool:
    """Whether a text holds more words than those of its place, light and weather: one of them may be its subject."""
    for table in (_PLACES, _LIGHTS, _WEATHERS):
        for pattern in table.values():
            latin = "|".join(part for part in _split(pattern) if not _CJK.search(part))
            chinese = "|".join(part for part in _split(pattern) if _CJK.search(part))
            text = re.sub(chinese, " ", re.sub(rf"\b(?:{latin})\b", " ", text))
    return any(len(word) > 2 or _CJK.search(word) for word in _words(text))


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"[^\W\d_]+", text) if word not in _SAYS_NOTHING]
