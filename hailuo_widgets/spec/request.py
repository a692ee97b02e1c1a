"""What a user asks for, in words that belong to no vendor."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hailuo_widgets.errors import HailuoError, Problem, RefusedError
from hailuo_widgets.spec import foreign
from hailuo_widgets.spec.media import Media

if TYPE_CHECKING:
    from collections.abc import Mapping


class Mode(StrEnum):
    """How a clip is begun. It follows from which pictures a request carries."""

    T2V = "T2V"
    """Text to video."""
    I2V = "I2V"
    """A first frame and text."""
    FLF = "FLF"
    """First and last frame."""
    S2V = "S2V"
    """A subject's face, kept through the clip."""
    R2V = "R2V"
    """References: pictures, clips and sounds (MiniMax-H3)."""
    REGENERATION = "regeneration"
    """A draft that is made again in a higher resolution (MiniMax-H3, 768P to 2K)."""
    REWRITE = "rewrite"
    """No clip: the prompt, as the model would like to read it (H3-Context-IR)."""


SERVICES = frozenset({Mode.REGENERATION, Mode.REWRITE})
"""The modes that begin with something that is there already."""

TOLD_TO_REWRITER = ("model", "duration", "ratio", "first_frame", "last_frame", "references")
"""What is sent about the clip with a prompt that is to be rewritten."""


def _media(value: Any) -> Media | None:
    return None if value is None else Media.of(value)


def _references(value: Any) -> tuple[Media, ...]:
    many = value if isinstance(value, (list, tuple)) else (value,)
    return tuple(Media.of(each) for each in many)


def _number(value: Any) -> Any:
    """Numbers and switches of numpy as Python's own, and 6.0 as 6: a data frame and a division give such ones."""
    if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
        value = value.item()
    return int(value) if isinstance(value, float) and value.is_integer() else value


Picture = Annotated[Media | None, BeforeValidator(_media)]
Switch = Annotated[bool | None, BeforeValidator(_number)]


class VideoRequest(BaseModel):
    """One clip, as asked for. Immutable; a field that is None was left to the provider.

    Attributes:
        prompt: The video to make, camera commands in brackets included.
        model: The model's name as the catalogue writes it.
        first_frame: The picture that the clip begins with.
        last_frame: The picture that the clip ends with.
        subject: A picture of one face, for subject-driven models (S2V-01).
        references: Pictures, clips or sounds that guide MiniMax-H3.
        base_video: The draft that is made again, its bytes as the vendor made them; only for `Mode.REGENERATION`.
        rewrite: Whether the prompt itself is wanted back, rewritten, and no clip; only for `Mode.REWRITE`.
        duration: Seconds.
        resolution: As vendors write it: `"768P"`, `"1080P"`, `"2K"`, …
        ratio: Width to height, `"16:9"`; only MiniMax-H3 takes one.
        prompt_optimizer: Whether the vendor may rewrite the prompt.
        prompt_expansion_mode: How far: `"disabled"`, `"balanced"`, `"quality"`; only MiniMax-H3-Max takes it.
        fast_pretreatment: Whether that rewriting is done the fast way.
        watermark: Whether the vendor marks the clip as AI-generated.
        callback_url: Where the vendor reports to, besides being asked.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", arbitrary_types_allowed=True)

    prompt: str = ""
    model: str | None = None
    first_frame: Picture = None
    last_frame: Picture = None
    subject: Picture = None
    references: Annotated[tuple[Media, ...], BeforeValidator(_references)] = ()
    base_video: Picture = None
    rewrite: Switch = None
    duration: Annotated[int | None, Field(ge=1, le=60), BeforeValidator(_number)] = None
    resolution: str | None = None
    ratio: str | None = None
    prompt_optimizer: Switch = None
    prompt_expansion_mode: str | None = None
    fast_pretreatment: Switch = None
    watermark: Switch = None
    callback_url: str | None = None

    @classmethod
    def of(cls, **fields: Any) -> VideoRequest:
        """Make a request, with every mistake reported in one readable error.

        Raises:
            RefusedError: If a field is unknown or of the wrong type.
            UsageError: If a picture can't be read.
        """
        try:
            return cls(**fields)
        except ValidationError as error:
            raise RefusedError([_problem(each) for each in error.errors(include_url=False)]) from None

    @classmethod
    def recalled(cls, canonical: Mapping[str, Any]) -> VideoRequest:
        """From what `canonical` gave, out of a journal. Pictures are then known by their hash, and can't be sent.

        Raises:
            RefusedError: If a field is unknown or of the wrong type.
        """
        fields = dict(canonical)
        for name in _PICTURES & fields.keys():
            fields[name] = Media.recalled(str(fields[name]))
        if "references" in fields:
            fields["references"] = tuple(Media.recalled(str(each)) for each in fields["references"])
        return cls.of(**fields)

    def for_rewriting(self) -> VideoRequest:
        """The request for this prompt, rewritten: with what the rewriter is told of the clip, and no more."""
        return VideoRequest(
            prompt=self.prompt, **{name: getattr(self, name) for name in TOLD_TO_REWRITER}, rewrite=True
        )

    @property
    def mode(self) -> Mode:
        """What kind of generation this is, by the pictures it carries."""
        if self.base_video:
            return Mode.REGENERATION
        if self.rewrite:
            return Mode.REWRITE
        if self.references:
            return Mode.R2V
        if self.subject:
            return Mode.S2V
        if self.last_frame:
            return Mode.FLF
        return Mode.I2V if self.first_frame else Mode.T2V

    def media(self) -> dict[str, Media]:
        """Every picture, clip and sound of the request by its field (`references[0]`, …)."""
        single = {name: getattr(self, name) for name in ("first_frame", "last_frame", "subject", "base_video")}
        many = {f"references[{index}]": each for index, each in enumerate(self.references)}
        return {name: each for name, each in {**single, **many}.items() if each is not None}

    def canonical(self) -> dict[str, Any]:
        """The request as JSON, pictures by their hash, unset fields left out: what digests and journals are made of."""
        values: dict[str, Any] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Media):
                value = value.canonical()
            elif isinstance(value, tuple):
                value = [each.canonical() for each in value]
            if value is not None and value != []:
                values[name] = value
        return values

    def digest(self, **context: str) -> str:
        """Hex SHA-256 over canonical JSON of the request and its context (for example the provider)."""
        text = json.dumps({**self.canonical(), **context}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


_PICTURES = frozenset({"first_frame", "last_frame", "subject", "base_video"})
_WORDS = {"int_type": "a whole number", "string_type": "text", "bool_type": "True or False"}


def _problem(error: Any) -> Problem:
    field = str(error["loc"][0]) if error["loc"] else "request"
    if error["type"] == "extra_forbidden":
        return Problem(field, f"A request has no field “{field}”.", hint=foreign.hint(field, VideoRequest.model_fields))
    ours = error.get("ctx", {}).get("error")
    if isinstance(ours, HailuoError):  # already a sentence for people, with paths as they were written
        return Problem(field, ours.message, hint=ours.hint)
    shown = repr(error["input"])[:80]
    wanted = _WORDS.get(error["type"])
    said = error["msg"]
    message = (
        f"{field} should be {wanted}, not {shown}." if wanted else f"{field} is {shown}: {said[:1].lower()}{said[1:]}."
    )
    return Problem(field, message)
