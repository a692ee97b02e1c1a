"""A draft of MiniMax-H3 and the final that is made of it: the same prompt, the same pictures, the draft's own file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import LibraryError, Problem, RefusedError
from hailuo_widgets.spec.catalog import catalog
from hailuo_widgets.spec.media import Media
from hailuo_widgets.spec.request import SERVICES, Mode, VideoRequest
from hailuo_widgets.store import pictures
from hailuo_widgets.store.containment import read_plain_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.store.clip import Clip

DRAFT_RESOLUTION = "768P"
"""Source: MiniMax v2, Video regeneration: base_video."""

_KEPT = ("prompt", "model", "duration")
"""What a final has from its draft, beside the pictures. Its resolution is its own, and its shape is the draft's."""


def may_be_promoted(order: Quote) -> bool:
    """Whether a request makes a clip that can be made again in 2K later: its pictures are worth keeping then."""
    return (
        order.request.mode not in SERVICES
        and order.request.resolution == DRAFT_RESOLUTION
        and bool(catalog().find(order.row.provider, order.row.model, Mode.REGENERATION))
    )


def is_draft(clip: Clip) -> bool:
    """Whether a clip can be made again in 2K, as far as its request tells."""
    return (
        clip.parameters.get("resolution") == DRAFT_RESOLUTION
        and "base_video" not in clip.parameters
        and bool(catalog().find(clip.provider, clip.model, Mode.REGENERATION))
    )


def keep_pictures(folder: Path, order: Quote) -> None:
    """Keep what goes into a draft: the vendor wants the same files again with it.

    Raises:
        LibraryError: If the disk refuses it.
    """
    if may_be_promoted(order):
        for media in order.request.media().values():
            if media.data is not None:
                pictures.keep(folder, media)


def final_of(clip: Clip, folder: Path, given: Mapping[str, Any] | None = None) -> VideoRequest:
    """The request that makes a draft again in 2K, with everything that it was made from.

    Args:
        clip: The draft.
        folder: The library's, where the pictures of drafts are kept.
        given: Pictures that are not kept there (`first_frame`, `last_frame`, `references`): the same files again.

    Raises:
        RefusedError: If the clip can't be promoted, its file is not as it came, or a picture is missing or another one.
            Nothing was sent.
        UsageError: If a given picture can't be read.
    """
    if not catalog().find(clip.provider, clip.model, Mode.REGENERATION):
        raise RefusedError([_new_draw(clip)])
    draft = VideoRequest.recalled(clip.parameters)
    if draft.mode is Mode.REGENERATION or draft.resolution != DRAFT_RESOLUTION:
        raise RefusedError(
            [
                Problem(
                    "base_video",
                    f"This clip has {draft.resolution}; only drafts in {DRAFT_RESOLUTION} are made again in 2K.",
                    hint="Promote the draft that it came from."
                    if draft.mode is Mode.REGENERATION
                    else f"Make a draft first: -r {DRAFT_RESOLUTION}.",
                )
            ]
        )
    fields: dict[str, Any] = {name: getattr(draft, name) for name in _KEPT}
    fields["base_video"] = _file(clip)
    fields |= _pictures(draft, folder, VideoRequest.of(**(given or {})))
    return VideoRequest.of(**fields)


def _file(clip: Clip) -> Media:
    """The draft as the vendor made it."""
    try:
        data = read_plain_file(clip.path)
    except LibraryError as error:
        raise RefusedError([Problem("base_video", error.message, hint="Fetch it again: run its cell.")]) from None
    if hashlib.sha256(data).hexdigest() != clip.sha256:
        raise RefusedError(
            [
                Problem(
                    "base_video",
                    f"“{clip.path.name}” is not the file that {clip.provider} made any more.",
                    hint="The vendor takes its own file only: put the original back, or make the draft again.",
                )
            ]
        )
    return Media(data=data, name=clip.path.name)


def _pictures(draft: VideoRequest, folder: Path, given: VideoRequest) -> dict[str, Any]:
    """The same files as the draft's, from the library or as given, each known by its hash."""
    offered = given.media()
    at_hand = {media.canonical(): media for media in offered.values()}
    found: dict[str, Media] = {}
    problems = []
    for name, wanted in draft.media().items():
        media = wanted if wanted.url else at_hand.get(wanted.canonical()) or pictures.find(folder, wanted.sha256)
        if media is not None:
            found[name] = media
            continue
        what = name.replace("_", " ")
        field = name.partition("[")[0]
        other = f" {offered[name].name or 'The one given'} is another file." if name in offered else ""
        problems.append(
            Problem(
                name,
                f"The draft's {what} is not kept in the library (SHA-256 {wanted.sha256[:12]}…).{other}",
                hint=f"Give the same file once more: .promote({field}=…).",
            )
        )
    if problems:
        raise RefusedError(problems)
    fields: dict[str, Any] = {name: media for name, media in found.items() if "[" not in name}
    references = tuple(media for name, media in found.items() if "[" in name)
    return fields | ({"references": references} if references else {})


def _new_draw(clip: Clip) -> Problem:
    """Why there is no final of this clip, and what can be had instead, as calls."""
    larger = next(
        (
            (resolution, seconds[0])
            for row in catalog().find(clip.provider, clip.model)
            for resolution, seconds in row.durations.items()
            if resolution == "1080P"
        ),
        None,
    )
    if larger is None:
        return Problem("base_video", f"{clip.model} on {clip.provider} can't remake a clip in a higher resolution.")
    name, seconds = larger
    call = f"hw.generate(clip.prompt, provider={clip.provider!r}, model={clip.model!r}, resolution={name!r}"
    call += f", duration={seconds}"
    return Problem(
        "base_video",
        f"{clip.model} has no final of a draft: {name} makes a different clip from this one.",
        hint=f"For a new draw: {call}). For one that begins with this clip's first picture: "
        f"{call}, first_frame=clip.first_frame()).",
    )
