"""Whether a request is one that the vendor would accept: every rule, before a cent is spent."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from hailuo_widgets.errors import Problem
from hailuo_widgets.spec import base_video, file_rules
from hailuo_widgets.spec.media import READ_LIMIT
from hailuo_widgets.spec.request import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hailuo_widgets.spec.catalog import ModelSpec
    from hailuo_widgets.spec.media import Media
    from hailuo_widgets.spec.request import VideoRequest

PICTURE_TYPES = file_rules.V1_PICTURE.types
PICTURE_MAX_BYTES = file_rules.V1_PICTURE.max_bytes
PICTURE_MIN_SIDE = file_rules.V1_PICTURE.least_side - 1
PICTURE_ASPECT = file_rules.V1_PICTURE.aspect

_SURROGATE = re.compile("[\ud800-\udfff]")
_WEB = re.compile(r"https?://[^\s/]", re.IGNORECASE)

_FIELDS: dict[Mode, tuple[str, ...]] = {
    Mode.T2V: (),
    Mode.I2V: ("first_frame",),
    Mode.FLF: ("first_frame", "last_frame"),
    Mode.S2V: ("subject",),
    Mode.R2V: ("references",),
    Mode.REGENERATION: ("base_video", "first_frame", "last_frame", "references"),
    Mode.REWRITE: ("first_frame", "last_frame", "references"),
}
_OPTIONAL = (
    "prompt_optimizer",
    "prompt_expansion_mode",
    "fast_pretreatment",
    "watermark",
    "callback_url",
    "ratio",
)
EXPANSION_MODES = ("disabled", "balanced", "quality")
"""Source: MiniMax v2, Create video generation task: extra.prompt_expansion_mode, for MiniMax-H3-Max."""


def check(request: VideoRequest, row: ModelSpec) -> list[Problem]:
    """Every way in which a request breaks the rules of a row, each with what is allowed; empty where it may be sent."""
    return [
        *_prompt(request, row),
        *_order(request, row),
        *_parameters(request, row),
        *_pictures(request, row),
        *_references(request, row),
    ]


def _prompt(request: VideoRequest, row: ModelSpec) -> Iterator[Problem]:
    source = row.source.get("prompt", "")
    if not request.prompt.strip() and "prompt" in row.required:
        yield Problem(
            "prompt",
            f"{row.model} on {row.provider} needs a prompt.",
            hint="Describe your video.",
            source=source,
        )
    if broken := _SURROGATE.search(request.prompt):
        yield Problem(
            "prompt",
            f"The prompt's character {broken.start() + 1:,} is broken: half of a pair.",
            hint="Type it again; it was probably cut off when it was copied.",
        )
    if len(request.prompt) > row.prompt_max:
        yield Problem(
            "prompt",
            f"The prompt has {len(request.prompt):,} characters; "
            f"{row.model} on {row.provider} takes {row.prompt_max:,}.",
            hint=f"Shorten it by {len(request.prompt) - row.prompt_max:,}.",
            source=source,
        )


_SHAPE = "Leave it out, and give a first frame with the shape you want; the clip keeps it. MiniMax-H3 has a ratio."


def _order(request: VideoRequest, row: ModelSpec) -> Iterator[Problem]:
    duration, resolution, source = request.duration, request.resolution, row.source.get("durations", "")
    if not row.durations:
        for name, value in (("duration", duration), ("resolution", resolution)):
            if value is not None:
                yield Problem(
                    name,
                    f"{row.model} on {row.provider} takes no {name}.",
                    hint="Leave it out.",
                    source=source,
                )
        return
    every = ", ".join(f"{name} with {_or(seconds)} s" for name, seconds in row.durations.items())
    seconds_known = sorted({each for seconds in row.durations.values() for each in seconds})
    if resolution not in row.durations:
        yield Problem(
            "resolution",
            f"{row.model} on {row.provider} has no {resolution} for {row.mode}.",
            tuple(row.durations),
            source=source,
        )
    if duration not in seconds_known:
        allowed = tuple(f"{each} s" for each in seconds_known)
        yield Problem(
            "duration",
            f"{row.model} on {row.provider} can't make clips of {duration} s.",
            allowed,
            source=source,
        )
    elif duration and resolution and duration not in row.durations.get(resolution, (duration,)):
        instead = row.resolutions_for(duration)[0]
        yield Problem(
            "resolution",
            f"{resolution} supports {_or(row.durations[resolution])} s only; you asked for {duration} s.",
            hint=f"{row.model} on {row.provider}: {every}. "
            f"Change -d {duration} to -d {row.durations[resolution][0]}, or -r {resolution} to -r {instead}.",
            source=source,
        )


def _parameters(request: VideoRequest, row: ModelSpec) -> Iterator[Problem]:
    for name in _OPTIONAL:
        value = getattr(request, name)
        if value is None:
            if name in row.required:
                yield Problem(
                    name,
                    f"{row.model} on {row.provider} needs a {name}.",
                    row.ratios if name == "ratio" else (),
                )
        elif name not in row.parameters:
            yield Problem(
                name,
                f"{row.model} on {row.provider} has no {name}.",
                hint=_SHAPE if name == "ratio" else "Leave it out.",
                source=row.source.get(name, ""),
            )
    if request.ratio is not None and "ratio" in row.parameters and request.ratio not in row.ratios:
        yield Problem(
            "ratio",
            f"{row.model} has no ratio {request.ratio}.",
            row.ratios,
            source=row.source.get("ratio", ""),
        )
    mode = request.prompt_expansion_mode
    if mode is not None and "prompt_expansion_mode" in row.parameters:
        if mode not in EXPANSION_MODES:
            yield Problem("prompt_expansion_mode", f"There is no prompt_expansion_mode “{mode}”.", EXPANSION_MODES)
        if request.prompt_optimizer is not None:
            yield Problem(
                "prompt_expansion_mode",
                "prompt_optimizer and prompt_expansion_mode set the same thing.",
                hint="Leave prompt_optimizer out.",
            )
    if request.callback_url is not None and not _WEB.match(request.callback_url):
        yield Problem(
            "callback_url",
            "callback_url is not an http(s) address.",
            hint="Give a public https address.",
        )


def _pictures(request: VideoRequest, row: ModelSpec) -> Iterator[Problem]:
    if "first_frame" in row.required and request.first_frame is None:
        yield Problem(
            "first_frame",
            f"{row.model} on {row.provider} needs a first frame.",
            hint="Give one: --first-frame PATH.",
            source=row.source.get("first_frame", ""),
        )
    source = row.source.get("pictures", "")
    for name, media in request.media().items():
        if name.partition("[")[0] not in _FIELDS[row.mode]:
            yield Problem(
                name,
                f"{row.model} on {row.provider} takes no {_words(name)} beside {_and(_FIELDS[row.mode])}.",
                hint="Leave one of them out.",
                source=row.source.get("first_frame", ""),
            )
        elif media.url is not None and media.url.lower().startswith("mm_file:"):
            if "mm_file" not in row.pictures:
                yield Problem(
                    name,
                    f"{row.model} on {row.provider} does not accept mm_file.",
                    hint="Give a file or a URL.",
                    source=source,
                )
        elif media.url is None and "data" not in row.pictures:
            yield Problem(
                name,
                f"{row.provider} only accepts pictures by URL, but {name} is a local file.",
                hint="Put the picture on the web and give its https address.",
                source=source,
            )
        elif media.url is not None and "url" not in row.pictures:
            yield Problem(
                name, f"{row.provider} does not accept picture URLs.", hint="Give a local file.", source=source
            )
        if media.data is not None and name != "base_video":
            kind = media.kind if name.startswith("references") else "image"
            if rule := file_rules.RULES[row.files].get(kind):
                yield from file_rules.problems(name, media, rule, source)
    if request.base_video is not None:
        yield from base_video.problems(request.base_video)


def _references(request: VideoRequest, row: ModelSpec) -> Iterator[Problem]:
    if not row.references or any(each.known_sha256 for each in request.references):
        return  # recalled from a journal, which keeps hashes: what they were is not known, and they are not sent
    source = row.source.get("references", "")
    counts = Counter(each.kind for each in request.references)
    for kind, most in row.references.items():
        count = len(request.references) if kind == "all" else counts[kind]  # type: ignore[index]  # a Counter has 0 for it
        what = "files" if kind == "all" else f"{kind}s"
        if count > most:
            yield Problem(
                "references", f"There are {count} {what} among the references.", (f"at most {most}",), source=source
            )
    if counts["audio"] and not counts["image"] and not counts["video"]:
        yield Problem(
            "references",
            "A sound can't be the only reference.",
            hint="Add a picture or a video.",
            source=source,
        )
    for kind in ("video", "audio"):
        files = [(name, each) for name, each in request.media().items() if each.kind == kind]
        if rule := file_rules.RULES[row.files].get(kind):  # type: ignore[call-overload]  # both are kinds
            yield from file_rules.together(files, rule, source)
    size = sum(len(each.data or b"") for each in request.media().values()) * 4 // 3  # base64
    if size > READ_LIMIT:
        yield Problem(
            "references",
            f"The files make the request {size / 2**20:.0f} MB large.",
            ("at most 64 MB",),
            "Give some of them by URL.",
            source,
        )


def picture_problems(name: str, media: Media, files: str = "v1") -> list[Problem]:
    """What is wrong with a picture; empty where nothing is, or where its bytes are not at hand.

    Args:
        name: What it is called in the sentences.
        media: The picture.
        files: Whose rules, as a catalogue's row names them; those that most vendors share by default.
    """
    return list(file_rules.problems(name, media, file_rules.RULES[files]["image"], "")) if media.data else []


def _words(field: str) -> str:
    return field.partition("[")[0].replace("_", " ").removesuffix("s")


def _and(fields: tuple[str, ...]) -> str:
    return " and ".join(f"the {_words(each)}" for each in fields) or "the prompt"


def _or(seconds: tuple[int, ...]) -> str:
    words = [str(each) for each in seconds]
    if len(words) > 2 and seconds == tuple(range(seconds[0], seconds[-1] + 1)):
        return f"{words[0]} to {words[-1]}"
    return " or ".join(words)
