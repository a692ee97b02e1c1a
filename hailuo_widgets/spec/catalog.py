"""What each vendor offers, from `catalog.toml`: a row per provider × model × mode, each constraint with its source."""

from __future__ import annotations

import tomllib
import warnings
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec.request import SERVICES, Mode
from hailuo_widgets.spec.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ENTRY_POINTS = "hailuo_widgets.providers"
"""The entry point group in which other packages offer a `Provider` class."""

_SIGNS = {"USD": "$", "CNY": "¥", "EUR": "€"}


CLIPS = "clips"
"""In place of a currency: what a budget counts that is in clips."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one clip costs.

    Attributes:
        amount: In `currency`; None where the vendor publishes no price.
        currency: ISO 4217, `""` where the amount is None or nothing.
        least: The lower end, where only a range is known; `amount` is then the upper one. Else None.
    """

    amount: Decimal | None
    currency: str = ""
    least: Decimal | None = None

    def __str__(self) -> str:
        if self.amount is None:
            return "price not published"
        if self.currency == CLIPS:
            return "1 clip" if self.amount == 1 else f"{self.amount:f} clips"
        if not self.amount:
            return "free"
        if self.least is not None and self.least != self.amount:
            return f"{Price(self.least, self.currency)} to {Price(self.amount, self.currency)}"
        sign = _SIGNS.get(self.currency)
        exact = self.amount == round(self.amount, 2)
        figure = f"{self.amount:.2f}" if exact else f"{self.amount.normalize():f}"
        return f"{sign}{figure}" if sign else f"{figure} {self.currency}"


FREE = Price(Decimal(0))
UNPUBLISHED = Price(None)


@dataclass(frozen=True, slots=True)
class Offer:
    """A provider as a whole.

    Attributes:
        name: As `-p` takes it.
        title: As people call it.
        key: The environment variable that holds its key, `""` where it needs none.
        hosts: Base URLs, the default first.
        keys_page: Where a user gets a key.
        requests_per_minute: None where not published.
        tasks_in_flight: None where not published.
        result_lifetime: Seconds for which a result's URL works, None where not published.
        task_retention: Seconds for which the vendor knows a task, None where not published.
    """

    name: str
    title: str
    key: str
    hosts: tuple[str, ...]
    keys_page: str = ""
    requests_per_minute: int | None = None
    tasks_in_flight: int | None = None
    result_lifetime: float | None = None
    task_retention: float | None = None
    source: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One provider × model × mode.

    Attributes:
        model: The name that users write and that requests carry.
        wire_model: What the vendor's wire calls it (a model id, or a path).
        durations: Resolution → durations in seconds. Empty where the vendor takes neither.
        parameters: The optional fields of a request that exist here, besides the pictures that the mode implies.
        required: Fields without which the vendor refuses, besides those that the mode implies.
        defaults: The vendor's own value for each parameter that is left out.
        prompt_max: Characters.
        camera: The language that camera commands are written in; `"prose"` for models that read plain words,
            `"none"` for models that don't honour commands.
        pictures: Whether pictures may travel as `url`, as `data`, or both.
        ratios: Width to height, where the vendor takes a choice.
        references: How many references of each kind a request may hold; `all` is the sum.
        requests_per_minute: None where not published.
        tasks_in_flight: None where not published.
        prices: `(resolution, duration)` → amount; `("", 0)` holds a flat price a clip, `(resolution, 0)` one a second.
        free_pictures: Pictures that go in and cost nothing.
        picture_price: Of each picture beyond these.
        video_prices: Resolution → the price of a second of video that goes in.
        token_prices: `input` and `output` → the price of a million tokens, where that is what is charged.
        files: Which rules hold for files that go in: see `spec.file_rules`.
        ratio_ignored: Whether the vendor takes a ratio and does not heed it, because a frame decides.
        source: Field → the vendor's page that says so.
    """

    provider: str
    model: str
    mode: Mode
    wire_model: str
    durations: Mapping[str, tuple[int, ...]]
    parameters: frozenset[str]
    required: frozenset[str]
    defaults: Mapping[str, Any]
    prompt_max: int
    camera: Literal["en", "zh", "prose", "none"]
    pictures: frozenset[str]
    ratios: tuple[str, ...]
    currency: str
    prices: Mapping[tuple[str, int], Decimal]
    source: Mapping[str, str]
    references: Mapping[str, int] = field(default_factory=dict)
    requests_per_minute: int | None = None
    tasks_in_flight: int | None = None
    free_pictures: int = 0
    picture_price: Decimal = Decimal(0)
    video_prices: Mapping[str, Decimal] = field(default_factory=dict)
    token_prices: Mapping[str, Decimal] = field(default_factory=dict)
    files: str = "v1"
    ratio_ignored: bool = False

    @property
    def charges_inputs(self) -> bool:
        """Whether what goes in has a price of its own."""
        return bool(self.picture_price or self.video_prices)

    def price(self, resolution: str | None, duration: int | None) -> Price:
        """The price of one clip; exact where the vendor publishes it, never a guess."""
        if ("", 0) in self.prices:
            return Price(self.prices["", 0], self.currency)
        if resolution and duration:
            if (resolution, duration) in self.prices:
                return Price(self.prices[resolution, duration], self.currency)
            if (resolution, 0) in self.prices:
                return Price(self.prices[resolution, 0] * duration, self.currency)
        return UNPUBLISHED

    def resolutions_for(self, duration: int) -> tuple[str, ...]:
        """The resolutions in which clips of that many seconds exist."""
        return tuple(name for name, durations in self.durations.items() if duration in durations)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every offer and every row.

    Attributes:
        offers: By the provider's name.
        rows: What makes a clip of what a person writes.
        services: What works on something that is there already: a draft that is made again in 2K, a prompt that is
            rewritten. Only `find` with their mode gives them.
    """

    offers: Mapping[str, Offer]
    rows: tuple[ModelSpec, ...]
    services: tuple[ModelSpec, ...] = ()

    def offer(self, provider: str) -> Offer:
        """The provider of that name.

        Raises:
            UsageError: If there is no such one; names those that were probably meant.
        """
        try:
            return self.offers[provider]
        except KeyError:
            raise UsageError(f"There is no provider “{provider}”.", hint=did_you_mean(provider, self.offers)) from None

    def find(
        self, provider: str | None = None, model: str | None = None, mode: Mode | None = None
    ) -> tuple[ModelSpec, ...]:
        """The rows that match what is given, in the catalogue's order: a provider's preferred model comes first."""
        return tuple(
            row
            for row in (self.services if mode in SERVICES else self.rows)
            if provider in (None, row.provider) and model in (None, row.model) and mode in (None, row.mode)
        )


def _prices(table: dict[str, Any] | Decimal | int) -> dict[tuple[str, int], Decimal]:
    """`0.1` is a flat price, `{"768P" = {6 = 0.28}}` one by duration, `{"2K" = 0.13}` one a second."""
    if not isinstance(table, dict):
        return {("", 0): Decimal(table)}
    flat: dict[tuple[str, int], Decimal] = {}
    for resolution, value in table.items():
        if isinstance(value, dict):
            flat |= {(resolution, int(duration)): Decimal(amount) for duration, amount in value.items()}
        else:
            flat[resolution, 0] = Decimal(value)
    return flat


def _rows(provider: str, common: dict[str, Any], entries: Iterable[dict[str, Any]]) -> Iterable[ModelSpec]:
    without = common.get("without", ())
    for entry in entries:
        layers = [common, common["shared"][entry["shared"]] if "shared" in entry else {}, entry]
        merged: dict[str, Any] = {key: value for layer in layers for key, value in layer.items()}
        source = {key: value for layer in layers for key, value in layer.get("source", {}).items()}
        inputs = merged.get("input_prices", {})
        for model in (model for model in merged["models"] if model not in without):
            for mode in merged["modes"]:
                yield ModelSpec(
                    provider=provider,
                    model=model,
                    mode=Mode(mode),
                    wire_model=merged.get("wire_model", model),
                    durations={name: tuple(values) for name, values in merged.get("durations", {}).items()},
                    parameters=frozenset(merged.get("parameters", ())),
                    required=frozenset(merged.get("required", ())),
                    defaults=dict(merged.get("defaults", {})),
                    prompt_max=merged["prompt_max"],
                    camera=merged.get("camera", "none"),
                    pictures=frozenset(merged.get("pictures", ())),
                    ratios=tuple(merged.get("ratios", ())),
                    currency=merged.get("currency", ""),
                    prices=_prices(merged.get("prices", {})),
                    source=source,
                    references=dict(merged.get("references", {})),
                    requests_per_minute=merged.get("requests_per_minute") or None,
                    tasks_in_flight=merged.get("tasks_in_flight") or None,
                    free_pictures=inputs.get("free_pictures", 0),
                    picture_price=Decimal(inputs.get("picture", 0)),
                    video_prices={name: Decimal(amount) for name, amount in inputs.get("video", {}).items()},
                    token_prices={name: Decimal(amount) for name, amount in merged.get("token_prices", {}).items()},
                    files=merged.get("files", "v1"),
                    ratio_ignored=merged.get("ratio_ignored", False),
                )


def parse(text: str) -> Catalog:
    """Read a catalogue from TOML.

    One table per provider; its values hold for all its rows unless a row says otherwise, itself or by the `shared`
    table that it names. `like = "minimax"` takes over another provider's table and rows, for vendors that speak the
    same wire, without the models in `without`; what such a provider says itself wins, for every row.
    """
    tables: dict[str, dict[str, Any]] = tomllib.loads(text, parse_float=Decimal)
    offers: dict[str, Offer] = {}
    rows: list[ModelSpec] = []
    for name, own in tables.items():
        table, entries = own, own.get("rows", [])
        if "like" in own:
            model = tables[own["like"]]
            table = {**model, **own, "source": model.get("source", {}) | own.get("source", {})}
            entries = own.get("rows") or [
                entry | {k: v for k, v in own.items() if k in entry and k != "source"} for entry in model["rows"]
            ]
        common = {key: value for key, value in table.items() if key not in {"rows", "like"}}
        offers[name] = Offer(
            name=name,
            title=table["title"],
            key=table.get("key", ""),
            hosts=tuple(table.get("hosts", ())),
            keys_page=table.get("keys_page", ""),
            requests_per_minute=table.get("requests_per_minute") or None,
            tasks_in_flight=table.get("tasks_in_flight") or None,
            result_lifetime=table.get("result_lifetime"),
            task_retention=table.get("task_retention"),
            source=table.get("source", {}),
        )
        rows.extend(_rows(name, common, entries))
    return Catalog(
        offers,
        tuple(row for row in rows if row.mode not in SERVICES),
        tuple(row for row in rows if row.mode in SERVICES),
    )


@cache
def other_providers() -> tuple[EntryPoint, ...]:
    """What other packages offer. Asked once: to look through everything that is installed takes a while."""
    return tuple(entry_points(group=ENTRY_POINTS))


@cache
def catalog() -> Catalog:
    """The catalogue that ships with the package, and after it what the providers of other packages offer."""
    book = parse(files("hailuo_widgets.spec").joinpath("catalog.toml").read_text("utf-8"))
    offers, rows, services = dict(book.offers), list(book.rows), list(book.services)
    for point in other_providers():
        if point.name in offers:  # a vendor that keys are kept for is not taken over
            continue
        try:
            other = parse(point.load().catalog)
            offers[point.name] = other.offers[point.name]
        except Exception as error:  # noqa: BLE001  # a package that is broken must not stop everything else
            warnings.warn(f"The provider “{point.name}” can't be used: {error!r}", stacklevel=2)
            continue
        rows += other.find(point.name)
        services += [row for row in other.services if row.provider == point.name]
    return Catalog(offers, tuple(rows), tuple(services))
