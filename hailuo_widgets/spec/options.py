"""What a form can offer: every choice that exists, and for the others the reason why not. Pure logic, nothing is sent.

A form is a `Choice` (provider, model, mode, the fields of a request) and what follows from it. Choices are made from
the top down: a provider decides which models there are, a model which modes, a mode which fields. `change` bends what
stands below a choice to what exists there, so that a form is never in a state that the catalogue does not know.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from hailuo_widgets.errors import Problem, RefusedError, UsageError
from hailuo_widgets.spec.catalog import UNPUBLISHED, Catalog, ModelSpec, Price, catalog
from hailuo_widgets.spec.check import check
from hailuo_widgets.spec.pricing import price_of
from hailuo_widgets.spec.quote import Quote, pin, quote
from hailuo_widgets.spec.request import Mode, VideoRequest
from hailuo_widgets.spec.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

FieldKind = Literal["choice", "switch", "text"]

MODES = {
    Mode.T2V: "Text",
    Mode.I2V: "First frame",
    Mode.FLF: "First and last frame",
    Mode.S2V: "Subject",
    Mode.R2V: "References",
}
"""The modes as a form names them: by what the clip is made from."""

_TITLES = {
    "provider": "Provider",
    "model": "Model",
    "mode": "Input",
    "duration": "Seconds",
    "resolution": "Resolution",
    "ratio": "Width to height",
    "prompt_optimizer": "Let the vendor rewrite the prompt",
    "fast_pretreatment": "Use the fast rewrite",
    "watermark": "Mark the clip as AI-generated",
    "callback_url": "Notify this address too",
    "first_frame": "First frame",
    "last_frame": "Last frame",
    "subject": "Subject",
    "references": "References",
}
_SWITCHES = ("prompt_optimizer", "fast_pretreatment", "watermark")
_SLOTS: dict[Mode, tuple[tuple[str, bool], ...]] = {
    Mode.T2V: (),
    Mode.I2V: (("first_frame", True),),
    Mode.FLF: (("first_frame", False), ("last_frame", True)),
    Mode.S2V: (("subject", True),),
    Mode.R2V: (("references", True),),
}
_PICTURES = frozenset({"first_frame", "last_frame", "subject", "references"})


@dataclass(frozen=True, slots=True)
class Selection:
    """What a form stands at.

    Attributes:
        provider: Its name.
        model: The model's name as the catalogue writes it.
        mode: What the clip is made from.
        values: Fields of a `VideoRequest` that were touched; the others are the vendor's defaults. What does not exist
            under this model and mode is kept for the moment when it does again, and left out of the request.
    """

    provider: str
    model: str
    mode: Mode
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a field.

    Attributes:
        value: As a request carries it.
        label: As it is shown.
        why_not: Why another choice rules it out, `""` where it can be taken.
    """

    value: str | int
    label: str
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    Attributes:
        name: As a request names it; `provider`, `model` and `mode` besides.
        title: As it is shown.
        kind: A choice among options, a switch, or a text.
        value: What it stands at, defaults included.
        options: Of a choice.
    """

    name: str
    title: str
    kind: FieldKind
    value: str | int | bool | None
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a picture, or for several references.

    Attributes:
        name: The field of the request.
        title: As it is shown.
        required: Whether there is no clip without it.
        ways: How a picture may travel: `"url"`, `"data"`.
        most: How many of each kind, for references; empty where it is one picture.
    """

    name: str
    title: str
    required: bool
    ways: frozenset[str]
    most: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Form:
    """What a choice amounts to.

    Attributes:
        choice: The choice, bent to what exists.
        row: What the vendor offers under it.
        fields: Provider, model, mode, then what exists here.
        slots: The pictures that belong to the mode.
        request: The request as written: only what exists here.
        price: Of what is set up.
        problems: Why it can't be sent yet; empty exactly where there is a quote.
        quote: What would be sent; None as long as anything is missing or wrong.
        warnings: What is legal but probably not meant.
    """

    choice: Selection
    row: ModelSpec
    fields: tuple[Field, ...]
    slots: tuple[Slot, ...]
    request: VideoRequest
    price: Price
    problems: tuple[Problem, ...]
    quote: Quote | None
    warnings: tuple[str, ...] = ()


def begin(provider: str, model: str | None = None, book: Catalog | None = None) -> Selection:
    """A form as it opens: the provider's preferred model and its first mode.

    Raises:
        UsageError: If there is no such provider, or the model is not one of its models.
    """
    book = book or catalog()
    book.offer(provider)
    rows = book.find(provider)
    if model is None:
        return Selection(provider, rows[0].model, rows[0].mode)
    names = tuple(dict.fromkeys(row.model for row in rows))
    if model not in names:
        raise UsageError(f"{provider} has no model “{model}”.", hint=did_you_mean(model, names))
    return Selection(provider, model, book.find(provider, model)[0].mode)


def of_request(request: VideoRequest, provider: str, book: Catalog | None = None) -> Selection:
    """A form that stands at a request, bent to what exists where it can't be had as it is."""
    values = {
        name: value
        for name in type(request).model_fields
        if name != "model" and (value := getattr(request, name)) not in (None, "", ())
    }
    start = begin(provider, None, book)
    wanted = Selection(provider, request.model or start.model, request.mode, values)
    return _settled(wanted, book or catalog())


def change(choice: Selection, name: str, value: Any, book: Catalog | None = None) -> Selection:
    """Set one field; what stands below it is bent to what exists then.

    Args:
        choice: Where the form stands.
        name: The field: `provider`, `model`, `mode`, or one of a request's.
        value: As a request carries it; None puts the field back to the vendor's default.
        book: The catalogue.

    Raises:
        UsageError: If there is no such field, or the value can't be chosen here.
    """
    book = book or catalog()
    if name == "provider":
        book.offer(str(value))
        return _settled(replace(choice, provider=str(value)), book)
    if name not in ("model", "mode") and name not in VideoRequest.model_fields:
        raise UsageError(f"A form has no field “{name}”.", hint=did_you_mean(name, VideoRequest.model_fields))
    known = {each.name: each for each in form(choice, book).fields}
    if value is not None and name in known and known[name].kind == "choice":
        option = next((each for each in known[name].options if each.value == value), None)
        if option is None:
            options = tuple(str(each.value) for each in known[name].options)
            raise UsageError(f"“{str(value)[:40]}” can't be chosen as {name}.", hint=did_you_mean(str(value), options))
        if option.why_not:
            raise UsageError(f"{option.label} can't be chosen: {option.why_not}.")
    if name == "model":
        return _settled(replace(choice, model=str(value)), book)
    if name == "mode":
        return _settled(replace(choice, mode=Mode(str(value))), book)
    values = {**choice.values, name: value}
    if value is None:
        del values[name]
    return _settled(replace(choice, values=values), book)


def form(choice: Selection, book: Catalog | None = None) -> Form:
    """What a choice amounts to: its fields with all their options, its price, and why it can't be sent, if so."""
    book = book or catalog()
    choice = _settled(choice, book)
    row = book.find(choice.provider, choice.model, choice.mode)[0]
    request = _request(choice, row)
    pinned = pin(request, row)
    slots = tuple(_slots(row))
    problems = (*_missing(choice, slots), *check(pinned, row))
    order: Quote | None = None
    if not problems:
        try:
            order = quote(request, choice.provider, book)
        except RefusedError as error:
            problems = error.problems
    return Form(
        choice=choice,
        row=row,
        fields=tuple(_fields(choice, row, pinned, book)),
        slots=slots,
        request=request,
        price=price_of(pinned, row) if row.prices else UNPUBLISHED,
        problems=tuple(problems),
        quote=order,
        warnings=order.warnings if order else (),
    )


def _settled(choice: Selection, book: Catalog) -> Selection:
    """The same choice where it exists, else the nearest one below the provider that does."""
    rows = book.find(choice.provider)
    of_model = [row for row in rows if row.model == choice.model]
    if not of_model:  # another vendor's name: the mode matters more than the model
        of_model = [row for row in rows if row.mode is choice.mode][:1] or [rows[0]]
        of_model = [row for row in rows if row.model == of_model[0].model]
    row = next((row for row in of_model if row.mode is choice.mode), of_model[0])
    values = dict(choice.values)
    resolution, duration = values.get("resolution"), values.get("duration")
    if resolution is not None and resolution not in row.durations:
        del values["resolution"]
        resolution = None
    if duration is not None:
        possible = (
            row.durations.get(resolution, ()) if resolution else {s for each in row.durations.values() for s in each}
        )
        if duration not in possible:
            del values["duration"]
    if values.get("ratio") is not None and values["ratio"] not in row.ratios:
        del values["ratio"]
    return Selection(row.provider, row.model, row.mode, values)


def _request(choice: Selection, row: ModelSpec) -> VideoRequest:
    pictures = {name for name, _ in _SLOTS[row.mode]}
    kept = {
        name: value
        for name, value in choice.values.items()
        if (name in pictures if name in _PICTURES else name in row.parameters or name in ("prompt", *_order(row)))
    }
    kept["prompt"] = str(kept.get("prompt", "")).strip()  # as a cell has it
    return VideoRequest.of(model=row.model, **kept)


def _order(row: ModelSpec) -> tuple[str, ...]:
    return ("duration", "resolution") if row.durations else ()


def _missing(choice: Selection, slots: tuple[Slot, ...]) -> list[Problem]:
    """Pictures without which the request would be of another mode."""
    return [
        Problem(slot.name, f"{slot.title}: no file chosen yet.", hint="Drop a picture there, or give its address.")
        for slot in slots
        if slot.required and not choice.values.get(slot.name)
    ]


def _slots(row: ModelSpec) -> list[Slot]:
    ways = row.pictures & {"url", "data"}
    return [
        Slot(
            name,
            _TITLES[name],
            required or name in row.required,
            ways,
            row.references if name == "references" else {},
        )
        for name, required in _SLOTS[row.mode]
    ]


def _fields(choice: Selection, row: ModelSpec, pinned: VideoRequest, book: Catalog) -> list[Field]:
    found = [
        _choice("provider", row.provider, [Option(name, offer.title) for name, offer in book.offers.items()]),
        _choice("model", row.model, _models(row, book)),
        _choice("mode", row.mode.value, _modes(row, book)),
    ]
    if row.durations:
        found += [
            _choice("duration", pinned.duration, _durations(choice, row)),
            _choice("resolution", pinned.resolution, _resolutions(choice, row)),
        ]
    if "ratio" in row.parameters:
        found.append(_choice("ratio", pinned.ratio, [Option(each, each) for each in row.ratios]))
    found += [
        Field(name, _TITLES[name], "switch", bool(getattr(pinned, name)))
        for name in _SWITCHES
        if name in row.parameters
    ]
    if "callback_url" in row.parameters:
        found.append(Field("callback_url", _TITLES["callback_url"], "text", pinned.callback_url))
    return found


def _choice(name: str, value: str | int | None, options: list[Option]) -> Field:
    return Field(name, _TITLES[name], "choice", value, tuple(options))


def _models(row: ModelSpec, book: Catalog) -> list[Option]:
    names = dict.fromkeys(each.model for each in book.find(row.provider))
    return [Option(name, name) for name in names]


def _modes(row: ModelSpec, book: Catalog) -> list[Option]:
    here = {each.mode for each in book.find(row.provider, row.model)}
    known = {each.mode for each in book.find(row.provider)}
    found = []
    for mode, title in MODES.items():
        if mode in here:
            found.append(Option(mode.value, title))
        elif mode in known:
            able = _and(dict.fromkeys(each.model for each in book.find(row.provider, None, mode)))
            found.append(Option(mode.value, title, f"{able} only"))
    return found


def _durations(choice: Selection, row: ModelSpec) -> list[Option]:
    resolution = choice.values.get("resolution")
    every = sorted({each for seconds in row.durations.values() for each in seconds})
    return [
        Option(
            each,
            f"{each} s",
            ""
            if not resolution or each in row.durations[resolution]
            else f"{resolution} is {_seconds(row.durations[resolution])} only",
        )
        for each in every
    ]


def _resolutions(choice: Selection, row: ModelSpec) -> list[Option]:
    duration = choice.values.get("duration")
    return [
        Option(
            name,
            name,
            "" if not duration or duration in seconds else f"{name} is {_seconds(seconds)} only",
        )
        for name, seconds in row.durations.items()
    ]


def _seconds(seconds: tuple[int, ...]) -> str:
    if len(seconds) > 2 and seconds == tuple(range(seconds[0], seconds[-1] + 1)):
        return f"{seconds[0]} to {seconds[-1]} s"
    return " or ".join(map(str, seconds)) + " s"


def _and(names: Mapping[str, None]) -> str:
    words = list(names)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
