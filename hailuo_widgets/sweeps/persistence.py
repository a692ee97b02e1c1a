"""A sweep in the journal: what it was, as JSON, and back. Pictures are kept by path and hash, or beside the clips."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal  # noqa: TC003  # pydantic reads it
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hailuo_widgets.errors import LibraryError, RefusedError, UsageError
from hailuo_widgets.spec.catalog import catalog
from hailuo_widgets.spec.media import Media
from hailuo_widgets.spec.quote import quote_of_row
from hailuo_widgets.store import pictures
from hailuo_widgets.store.recall import quote_of
from hailuo_widgets.sweeps.axes import Axis, AxisValue
from hailuo_widgets.sweeps.cells import Cell
from hailuo_widgets.sweeps.fields import is_file
from hailuo_widgets.sweeps.layout import Layout
from hailuo_widgets.tabular import storable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.spec.request import VideoRequest

VERSION = 1


class _Part(BaseModel):
    """A piece of a document. A library may come from anywhere, so every field is checked."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Order(_Part):
    written: dict[str, Any]
    changed: dict[str, Any]
    provider: str
    model: str
    mode: str
    price: Decimal | None
    currency: str


class _Cell(_Part):
    at: list[int]
    prompt: str
    order: _Order | None = None
    problem: str = ""
    skipped: bool = False


class _AxisValue(_Part):
    label: str
    value: str | int | float | bool | None = None
    media: list[str] = []


class _Axis(_Part):
    name: str
    values: list[_AxisValue] = Field(min_length=1)


class _Document(_Part):
    version: int
    axes: list[_Axis]
    cells: list[_Cell]
    repeat: int = Field(ge=1)
    rows: str
    columns: str
    zipped: list[list[str]] = []
    varied: list[str] = []
    pictures: dict[str, str] = {}
    design: str = ""


def document(layout: Layout) -> dict[str, Any]:
    """A layout as JSON."""
    made = {
        "version": VERSION,
        "axes": [{"name": axis.name, "values": [_choice(each) for each in axis.values]} for axis in layout.axes],
        "cells": [_cell(cell) for cell in layout.cells],
        "repeat": layout.repeat,
        "rows": layout.rows,
        "columns": layout.columns,
        "zipped": [list(group) for group in layout.zipped],
        "varied": sorted(layout.varied),
        "pictures": dict(layout.pictures),
        **({"design": layout.design} if layout.design else {}),
    }
    whole: dict[str, Any] = storable(made)
    return whole


def keep_pictures(layout: Layout, folder: Path) -> None:
    """Keep those pictures beside the clips that are no files of the user's own.

    Args:
        layout: Whose.
        folder: The library's.

    Raises:
        LibraryError: If the disk refuses it.
    """
    orders = (cell.quote.request for cell in layout.cells if cell.wanted and cell.quote is not None)
    for media in {each.canonical(): each for order in orders for each in order.media().values()}.values():
        if media.data is not None and media.sha256 not in layout.pictures:
            pictures.keep(folder, media)


def layout(name: str, kept: Mapping[str, Any], folder: Path) -> Layout:
    """A layout from JSON. Pictures that are where they were, unchanged, are at hand again.

    Args:
        name: The sweep's.
        kept: What `document` gave.
        folder: The library's.

    Raises:
        LibraryError: If this release does not understand it.
    """
    try:
        found = _Document.model_validate(kept)
        if found.version > VERSION:
            raise LibraryError(
                f"The sweep “{name}” was saved by a newer release.", hint="pip install -U hailuo-widgets"
            )
        at_hand = _Pictures(found.pictures, folder)
        axes = tuple(Axis(each.name, tuple(_chosen(one, at_hand) for one in each.values)) for each in found.axes)
        cells = tuple(_restored(index, each, axes, at_hand) for index, each in enumerate(found.cells))
    except (ValidationError, RefusedError, IndexError):
        raise LibraryError(f"The sweep “{name}” can't be read.", hint="Run its cell again.") from None
    today = {
        cell.index: quote for cell in cells if cell.quote is not None and (quote := _today(cell.quote)) is not None
    }
    dated = frozenset(cell.digest for cell in cells if cell.quote is not None and cell.index not in today)
    cells = tuple(replace(cell, quote=today.get(cell.index, cell.quote)) for cell in cells)
    return Layout(
        name,
        axes,
        cells,
        found.repeat,
        found.rows,
        found.columns,
        tuple(map(tuple, found.zipped)),
        frozenset(found.varied),
        found.pictures,
        dated=dated,
        design=found.design,
    )


def _choice(choice: AxisValue) -> dict[str, Any]:
    value = choice.value
    many = value if isinstance(value, tuple) else (value,)
    if many and all(isinstance(each, Media) for each in many):
        return {"label": choice.label, "media": [each.canonical() for each in many]}
    plain = value is None or isinstance(value, (str, int, float, bool))
    return {"label": choice.label, "value": value if plain else str(value)}


def _cell(cell: Cell) -> dict[str, Any]:
    found: dict[str, Any] = {"at": list(cell.at), "prompt": cell.prompt}
    if cell.problem:
        found["problem"] = cell.problem
    if cell.skipped:
        found["skipped"] = True
    if cell.quote is not None:
        quote = cell.quote
        written, effective = quote.written.canonical(), quote.request.canonical()
        found["order"] = {
            "written": written,
            "changed": {name: value for name, value in effective.items() if written.get(name) != value},
            "provider": quote.row.provider,
            "model": quote.row.model,
            "mode": quote.row.mode.value,
            "price": None if quote.price.amount is None else f"{quote.price.amount:f}",
            "currency": quote.price.currency,
        }
    return found


class _Pictures:
    """Pictures by their hash, read again where they are still there and the same."""

    def __init__(self, paths: Mapping[str, str], folder: Path) -> None:
        self._paths = paths
        self._folder = folder
        self._read: dict[str, Media] = {}

    def media(self, canonical: str) -> Media:
        if canonical not in self._read:
            self._read[canonical] = self._find(canonical)
        return self._read[canonical]

    def put_into(self, request: VideoRequest) -> VideoRequest:
        changes: dict[str, Any] = {
            name: self.media(each.canonical()) for name, each in request.media().items() if "[" not in name
        }
        if request.references:
            changes["references"] = tuple(self.media(each.canonical()) for each in request.references)
        return request.model_copy(update=changes) if changes else request

    def _find(self, canonical: str) -> Media:
        recalled = Media.recalled(canonical)
        path = self._paths.get(recalled.known_sha256, "")
        if path and is_file(path):
            with suppress(UsageError):  # it can't be read any more
                media = Media.of(Path(path))
                if media.sha256 == recalled.known_sha256:
                    return media
        if recalled.known_sha256 and (found := pictures.find(self._folder, recalled.known_sha256)):
            return found
        return recalled


def _chosen(choice: _AxisValue, at_hand: _Pictures) -> AxisValue:
    if not choice.media:
        return AxisValue(choice.label, choice.value)
    found = tuple(map(at_hand.media, choice.media))
    return AxisValue(choice.label, found[0] if len(found) == 1 else found)


def _today(kept: Quote) -> Quote | None:
    """The same order, checked and priced again; None where today's catalogue does not give it."""
    if kept.row not in catalog().find(kept.row.provider, kept.row.model, kept.row.mode):
        return None
    try:
        found = quote_of_row(kept.written, kept.row)
    except RefusedError:
        return None
    return found if found.digest == kept.digest else None


def _restored(index: int, cell: _Cell, axes: tuple[Axis, ...], at_hand: _Pictures) -> Cell:
    for axis, place in zip(axes, cell.at, strict=False):
        axis.values[place]  # a document with a wrong index is not one of ours
    if len(cell.at) != len(axes):
        raise IndexError
    if cell.order is None:
        return Cell(index, tuple(cell.at), cell.prompt, None, None, cell.problem, cell.skipped)
    order = cell.order
    row = SimpleNamespace(**{**dict(order), "effective": {**order.written, **order.changed}})
    quote = quote_of(row)
    # The digest is made with the picture's hash, so it is the same whether or not the picture is available.
    quote = replace(quote, written=at_hand.put_into(quote.written), request=at_hand.put_into(quote.request))
    return Cell(index, tuple(cell.at), cell.prompt, quote.written, quote, cell.problem, cell.skipped, quote.digest)
