"""The fifteen camera commands: read from a prompt, translated, written back.

Commands are written in square brackets inside the prompt. Several in one bracket are carried out together
(`[Pan left,Pedestal up]`); brackets that follow each other are carried out in turn. Words that look like a command but
aren't one would be read as plain words by the vendor, so they are reported with what was probably meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hailuo_widgets.spec import camera_guess
from hailuo_widgets.spec.camera_commands import CameraCommand, Language, bracket, command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hailuo_widgets.spec.camera_guess import Shots

__all__ = [
    "RECOMMENDED_PER_BRACKET",
    "CameraCommand",
    "CameraScript",
    "Language",
    "NearMiss",
    "Shot",
    "bracket",
    "command",
    "mended",
    "nearest",
    "parse",
    "translate",
    "whole",
]

RECOMMENDED_PER_BRACKET = 3
"""More commands than this in one bracket work, but are advised against.

Source: EvoLink, Hailuo 02 API: "máx 3 recomendado".
"""


@dataclass(frozen=True, slots=True)
class Shot:
    """One bracket of a prompt: the commands that are carried out at once.

    Attributes:
        commands: At least one, in the order written.
        start: Position of the opening bracket in the prompt, in characters.
        end: One past the closing bracket.
    """

    commands: tuple[CameraCommand, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class NearMiss:
    """What looks like a camera command but isn't one; the vendor would read it as plain words.

    Attributes:
        text: What was written; where the brackets are the mistake, they belong to it (`【推进】`).
        meant: The commands that were probably meant, most likely first; where several are written, all of them. Empty
            for a move that Hailuo has nothing like.
        start: Position of `text` in the prompt, in characters.
        end: One past its last character.
        fixes: What may be put in the place of `text`, most likely first.
    """

    text: str
    meant: tuple[CameraCommand, ...]
    start: int
    end: int
    fixes: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = f"“{self.text.strip(' ,，、')}” is not a camera command"
        if not self.meant:
            return f"{said}, and Hailuo has nothing like it; write it as words, without brackets."
        return f"{said}; did you mean {' or '.join(map(whole, self.fixes))}?"


@dataclass(frozen=True, slots=True)
class CameraScript:
    """What the camera is asked to do, in order, with what was probably a slip of the pen."""

    shots: tuple[Shot, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()


# Square brackets are right. The others are what keyboards and habits put in their place; round, pointed and mixed ones
# have their own use in prose, so of these only what holds nothing but commands is taken for one.
_BRACKET = re.compile(
    r"\[(?P<right>[^\[\]]*)\]|(?P<other>【[^【】]*】|［[^［］]*］|「[^「」]*」|『[^『』]*』|〔[^〔〕]*〕|〖[^〖〗]*〗|〚[^〚〛]*〛|⟦[^⟦⟧]*⟧)"
    r"|(?P<prose>[(（<＜《〈［【「{｛\[][^()（）<>＜＞《》〈〉［］【】「」{}｛｝\[\]]{2,60}[)）>＞》〉］】」}｝\]])"
    r"|\[(?P<unclosed>[^\[\]\n]{2,60})"
)
_UNOPENED = re.compile(r"[^()（）<>＜＞《》〈〉［］【】「」{}｛｝\[\]\n]{2,60}\]\Z")
_END_OF_WORD = re.compile(r"(?<=\w)(?!\w)|(?<=[\u4e00-\u9fff])")
_START_OF_WORD = re.compile(r"(?<!\w)(?=\w)|(?=[\u4e00-\u9fff])")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30fa]")
_SEPARATOR = re.compile(r"[,，、]")
_ODD_SEPARATOR = re.compile(r"[，、]|,\s*[,\]]|\[\s*,")
_PART = re.compile(r"[^,，、]+")


def nearest(name: str) -> tuple[CameraCommand, ...]:
    """The commands that `name` was probably meant to be, most likely first; empty where nothing is close."""
    return _flat(camera_guess.readings(name) or ())


def whole(fix: str) -> str:
    """A fix as it is shown: in its brackets, where it has none of its own."""
    return fix if fix.startswith("[") and fix.endswith("]") else f"[{fix}]"


def parse(prompt: str) -> CameraScript:
    """Read the camera commands out of a prompt, in order.

    A bracket in which nothing is or resembles a command is ordinary text (`[sic]`). A command in brackets of another
    kind, or in words that no vendor documents, is a near miss.
    """
    shots: list[Shot] = []
    misses: list[NearMiss] = []
    at = 0
    for written in _BRACKET.finditer(prompt):
        misses += _unopened(prompt, at, written.start())
        at = written.end()
        if written["unclosed"]:
            at = written.start() + 1
            misses += _unclosed(written)
            continue
        if written["right"] is None:
            misses += _other_brackets(written)
            continue
        found: list[CameraCommand] = []
        parts = list(_PART.finditer(written["right"]))
        for part in parts:
            text = part.group().strip()
            exact = command(text)
            if exact:
                found.append(exact)
                continue
            start = written.start("right") + part.start() + part.group().index(text)
            misses += _near(prompt, text, start)
        if found:
            shots.append(Shot(tuple(found), written.start(), written.end()))
    misses += _unopened(prompt, at, len(prompt))
    return CameraScript(tuple(shots), tuple(sorted(misses, key=lambda each: each.start)))


def _other_brackets(written: re.Match[str]) -> Iterator[NearMiss]:
    text = written.group()
    readings = camera_guess.readings(text[1:-1]) if written["other"] else None
    meant: Shots = camera_guess.exactly(text[1:-1]) or (readings[0] if readings else ())
    if meant:
        fix = "".join(bracket(each, _language(text)) for each in meant)
        yield NearMiss(text, _flat((meant,)), written.start(), written.end(), (fix,))


def _unclosed(written: re.Match[str]) -> Iterator[NearMiss]:
    """A command whose bracket does not end: as many words behind it as are nothing but commands."""
    text = written.group()
    for half in [text[: at.end()] for at in _END_OF_WORD.finditer(text)][::-1]:
        if miss := _half(half, written.start()):
            yield miss
            return


def _unopened(prompt: str, start: int, end: int) -> Iterator[NearMiss]:
    """Commands whose brackets have no beginning, in a part of the prompt that has no other brackets."""
    closing = prompt.find("]", start, end)
    while closing >= 0:
        found = _UNOPENED.search(prompt[max(start, closing - 60) : closing + 1])
        text = found.group() if found else ""
        halves = (text[at.start() :] for at in _START_OF_WORD.finditer(text))
        yield from list(filter(None, (_half(half, closing + 1 - len(half)) for half in halves)))[:1]
        start, closing = closing + 1, prompt.find("]", closing + 1, end)


def _half(half: str, start: int) -> NearMiss | None:
    meant = camera_guess.exactly(half.strip("[]"))
    fix = "".join(bracket(each, _language(half)) for each in meant)
    return NearMiss(half, _flat((meant,)), start, start + len(half), (fix,)) if meant else None


def _near(prompt: str, text: str, start: int) -> Iterator[NearMiss]:
    """Whether a part of a bracket was meant to be a command."""
    readings = camera_guess.readings(text)
    end = start + len(text)
    if readings:
        fixes = tuple("][".join(bracket(each, _language(text))[1:-1] for each in shots) for shots in readings)
        yield NearMiss(text, _flat(readings), start, end, fixes)
    elif readings is not None:  # known in the field, and Hailuo has nothing like it
        before, after = prompt[:start].rstrip(), prompt[end:].lstrip()
        start, end = len(before), len(prompt) - len(after)
        if before.endswith("[") and after.startswith("]"):
            yield NearMiss(prompt[start - 1 : end + 1], (), start - 1, end + 1, (text,))
        elif before.endswith("["):
            yield NearMiss(prompt[start : end + 1], (), start, end + 1, ("",))
        else:
            yield NearMiss(prompt[start - 1 : end], (), start - 1, end, ("",))


def _language(text: str) -> Language:
    return "zh" if _HAN.search(text) and not _KANA.search(text) else "en"


def _flat(readings: tuple[Shots, ...]) -> tuple[CameraCommand, ...]:
    return tuple(dict.fromkeys(each for shots in readings for shot in shots for each in shot))


def mended(prompt: str) -> str:
    """The prompt with each near miss replaced by what it was most probably meant to be."""
    for miss in reversed(parse(prompt).near_misses):
        prompt = prompt[: miss.start] + miss.fixes[0] + prompt[miss.end :]
    return prompt


def _rewrite(prompt: str, write: Callable[[str], str]) -> str:
    """The prompt with each shot's bracket rewritten, everything else untouched."""
    pieces: list[str] = []
    at = 0
    for shot in parse(prompt).shots:
        pieces += [prompt[at : shot.start], write(prompt[shot.start : shot.end])]
        at = shot.end
    return "".join([*pieces, prompt[at:]])


def _parts(written: str) -> list[tuple[str, CameraCommand | None]]:
    """The parts of a bracket, each with its command if it is one."""
    names = (part.strip() for part in _SEPARATOR.split(written[1:-1]))
    return [(name, command(name)) for name in names if name]


def translate(prompt: str, language: Language) -> str:
    """The prompt with its camera commands in a vendor's language.

    A bracket that is already right is left byte for byte as it is, and so is everything outside brackets.
    """

    def write(written: str) -> str:
        parts = _parts(written)
        if not _ODD_SEPARATOR.search(written) and all(
            known is None or known.spell(language) == name for name, known in parts
        ):
            return written
        return "[" + ",".join(known.spell(language) if known else name for name, known in parts) + "]"

    return _rewrite(prompt, write)
