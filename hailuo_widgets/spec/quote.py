"""From what a user wrote to what would be sent: defaults pinned, mistakes found, the price known. Nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import Problem, RefusedError
from hailuo_widgets.spec import camera, camera_h3, file_rules, shot_list
from hailuo_widgets.spec.catalog import Catalog, ModelSpec, Price, catalog
from hailuo_widgets.spec.check import check
from hailuo_widgets.spec.pricing import draft_seconds, price_of
from hailuo_widgets.spec.words import did_you_mean

if TYPE_CHECKING:
    from hailuo_widgets.spec.request import VideoRequest


@dataclass(frozen=True)
class Quote:
    """One clip, ready to be bought.

    Attributes:
        written: The request as the user wrote it.
        request: The request as it goes out: defaults pinned, camera commands in the vendor's language.
        row: What the vendor offers.
        price: What it will cost.
        warnings: What is legal but probably not meant.
    """

    written: VideoRequest
    request: VideoRequest
    row: ModelSpec
    price: Price
    warnings: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be checked here, with the vendor's rules for it: pictures that the vendor fetches itself."""
        notes = []
        for kind, rule in file_rules.RULES[self.row.files].items():
            by_url = tuple(name for name, media in self.request.media().items() if media.url and media.kind == kind)
            if by_url:
                notes.append(
                    f"{self.row.provider} fetches {_and(by_url)} by URL, unchecked here; its rules: {rule.words}."
                )
        return tuple(notes)

    def __repr__(self) -> str:
        order = self.request
        figures = f"{order.duration} s {order.resolution}" if order.duration else order.mode.value
        warnings = "".join(f" · {warning}" for warning in self.warnings)
        return f"<{self.row.model} on {self.row.provider} · {figures} · {self.price} · nothing was sent{warnings}>"

    @cached_property
    def slips(self) -> tuple[camera.NearMiss, ...]:
        """Text in the prompt that looks like a camera command but isn't one. It needs a confirmation."""
        return _slips(self.written.prompt, self.row)

    @cached_property
    def digest(self) -> str:
        """Identifies the effective request: the same digest means that the same thing is asked of the same provider."""
        return self.request.digest(provider=self.row.provider)

    @cached_property
    def written_digest(self) -> str:
        """Identifies the request as written, without what was filled in and without the provider."""
        return self.written.digest()


def quote(written: VideoRequest, provider: str, book: Catalog | None = None) -> Quote:
    """Check a request against the catalogue and pin what it leaves open.

    Raises:
        UsageError: If there is no such provider.
        RefusedError: With every problem at once, each with what is allowed and who else could do it.
    """
    book = book or catalog()
    return quote_of_row(written, find_row(written, provider, book), book)


def quote_of_row(written: VideoRequest, row: ModelSpec, book: Catalog | None = None) -> Quote:
    """Check a request against one row, which `find_row` gave, and pin what it leaves open.

    Args:
        written: The request.
        row: What answers it.
        book: Where to look for someone else who could do it; None for nowhere, which is much quicker.

    Raises:
        RefusedError: With every problem at once, each with what is allowed.
    """
    request = pin(written, row)
    problems = check(request, row)
    if problems:
        raise RefusedError(_with_hint(problems, _elsewhere(written, row.provider, book)) if book else problems)
    return Quote(written, request, row, price_of(request, row), _warnings(written, request, row))


def pin(written: VideoRequest, row: ModelSpec) -> VideoRequest:
    """Pin what the user left open to the vendor's own default, and write camera commands in the vendor's language."""
    pinned: dict[str, Any] = {"model": row.model} | {
        name: value for name, value in row.defaults.items() if name in row.parameters and getattr(written, name) is None
    }
    if row.durations:
        pinned |= _order(written, row)
    if row.camera in ("en", "zh"):
        pinned["prompt"] = camera.translate(written.prompt, row.camera)
    elif row.camera == "prose":
        pinned["prompt"] = camera_h3.prose(written.prompt)
    return written.model_copy(update=pinned)


def _order(written: VideoRequest, row: ModelSpec) -> dict[str, Any]:
    """Duration and resolution: the vendor's defaults, bent to the one that was chosen where both can't be had."""
    duration, resolution = written.duration, written.resolution
    if duration is None and written.base_video is not None:
        duration = draft_seconds(written.base_video)
    if resolution is not None:
        resolution = next((name for name in row.durations if name.casefold() == resolution.casefold()), resolution)
    else:
        preferred = row.defaults.get("resolution") or next(iter(row.durations))
        possible = row.resolutions_for(duration) if duration else tuple(row.durations)
        resolution = preferred if preferred in possible or not possible else possible[0]
    if duration is None:
        preferred_seconds = row.defaults.get("duration")
        seconds = row.durations.get(resolution, ())
        duration = preferred_seconds if preferred_seconds in seconds or not seconds else seconds[0]
    return {"duration": duration, "resolution": resolution}


def find_row(written: VideoRequest, provider: str, book: Catalog | None = None) -> ModelSpec:
    """What of a provider's offer answers a request: its model, or the provider's preferred one, for its pictures.

    Raises:
        UsageError: If there is no such provider.
        RefusedError: If it has no such model, or none that takes these pictures.
    """
    book = book or catalog()
    book.offer(provider)
    offered = book.find(provider)
    model, mode = written.model, written.mode
    if model is not None:
        model = next((row.model for row in offered if row.model.casefold() == model.casefold()), model)
    fitting = book.find(provider, model, mode)
    if fitting:
        return fitting[0]
    models = tuple(dict.fromkeys(row.model for row in offered))
    others = tuple(dict.fromkeys(row.provider for row in book.find(None, model, mode)))
    elsewhere = f" {_and(others)} can do it: -p {others[0]}." if others else ""
    if model is not None and model not in models:
        raise RefusedError(
            [
                Problem(
                    "model",
                    f"{provider} has no model “{model}”.",
                    hint=did_you_mean(model, models) + elsewhere,
                )
            ]
        )
    able = tuple(dict.fromkeys(row.model for row in book.find(provider, None, mode)))
    asked = _ASKED[mode.value]
    subject = f"{model} on {provider}" if model else provider
    modes = " or ".join(dict.fromkeys(_NEEDS[row.mode.value] for row in book.find(provider, model)))
    hint = (
        (f"It wants {modes}." if modes else "")
        + (f" {_and(able)} can: -m {able[0]}." if able and model else "")
        + elsewhere
    )
    raise RefusedError([Problem("model", f"{subject} can't make a clip from {asked}.", (), hint.strip())])


_ASKED = {
    "T2V": "text alone",
    "I2V": "a first frame",
    "FLF": "a last frame",
    "S2V": "a subject picture",
    "R2V": "references",
    "regeneration": "a draft",
    "rewrite": "a prompt that is to be rewritten",
}
_NEEDS = {
    "T2V": "text alone",
    "I2V": "a first frame (--first-frame)",
    "FLF": "first and last frame (--last-frame)",
    "S2V": "a subject picture (--subject)",
    "R2V": "references (--reference)",
    "regeneration": "a draft",
    "rewrite": "a prompt",
}


def _and(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _elsewhere(written: VideoRequest, provider: str, book: Catalog) -> str:
    able = tuple(
        dict.fromkeys(
            row.provider
            for row in book.find(None, written.model, written.mode)
            if row.provider != provider and not check(pin(written, row), row)
        )
    )
    return f"{_and(able)} can do it unchanged: -p {able[0]}." if able else ""


def _with_hint(problems: list[Problem], hint: str) -> list[Problem]:
    last = problems[-1]
    return [
        *problems[:-1],
        Problem(last.field, last.message, last.allowed, f"{last.hint} {hint}".strip(), last.source),
    ]


def _slips(prompt: str, row: ModelSpec) -> tuple[camera.NearMiss, ...]:
    """What looks like a camera command but isn't one; MiniMax-H3 knows some moves that Hailuo doesn't."""
    misses = camera.parse(prompt).near_misses
    if row.camera != "prose":
        return misses
    return tuple(miss for miss in misses if not camera_h3.understood(miss.text))


def _warnings(written: VideoRequest, request: VideoRequest, row: ModelSpec) -> tuple[str, ...]:
    prompt = written.prompt
    script = camera.parse(prompt)
    warnings = [str(miss) for miss in _slips(prompt, row)]
    if row.camera == "prose":
        warnings += shot_list.remarks(written, request.duration)
    warnings += [
        f"{prompt[shot.start : shot.end]} holds {len(shot.commands)} commands; "
        f"at most {camera.RECOMMENDED_PER_BRACKET} a bracket are recommended."
        for shot in script.shots
        if len(shot.commands) > camera.RECOMMENDED_PER_BRACKET and row.camera != "prose"
    ]
    if row.ratio_ignored and written.ratio not in {None, "adaptive"}:
        warnings.append(f"{row.provider} ignores the ratio {written.ratio}: the frame that you give decides the shape.")
    if script.shots and row.camera == "none":
        warnings.append(
            f"{row.model} on {row.provider} does not promise to follow camera commands; it may read them as words."
        )
    return tuple(warnings)
