"""The catalogue: every row makes sense, says where it has its facts from, and is what the vendors' pages say."""

from decimal import Decimal

import pytest

from hailuo_widgets.errors import UsageError
from hailuo_widgets.providers import names
from hailuo_widgets.spec.catalog import FREE, UNPUBLISHED, Price, catalog, parse
from hailuo_widgets.spec.check import check
from hailuo_widgets.spec.file_rules import RULES
from hailuo_widgets.spec.quote import pin
from hailuo_widgets.spec.request import Mode, VideoRequest

URL = "https://example.com/a.jpg"
PICTURES = {
    Mode.T2V: {},
    Mode.I2V: {"first_frame": URL},
    Mode.FLF: {"first_frame": URL, "last_frame": URL},
    Mode.S2V: {"subject": URL},
    Mode.R2V: {"references": (URL,)},
}
each_row = pytest.mark.parametrize("row", catalog().rows, ids=lambda row: f"{row.provider}-{row.model}-{row.mode}")
OPTIONS = ("prompt_optimizer", "prompt_expansion_mode", "fast_pretreatment", "watermark", "callback_url", "ratio")


def request(row, **fields):
    return VideoRequest.of(**{"prompt": "A fox", "model": row.model, **PICTURES[row.mode], **fields})


@each_row
def test_every_constraint_has_a_source(row):
    wanted = {"models", "prompt", "durations", "camera", *row.parameters}
    wanted |= {"prices"} if row.prices and row.provider != "sketch" else set()
    wanted |= {"pictures"} if row.mode is not Mode.T2V else set()
    wanted |= {"references"} if row.references else set()
    wanted |= {"first_frame"} if "first_frame" in row.required or row.mode is Mode.I2V else set()
    wanted |= {"requests_per_minute"} if row.requests_per_minute else set()
    wanted |= {"tasks_in_flight"} if row.tasks_in_flight else set()
    missing = sorted(each for each in wanted if not row.source.get(each))
    assert not missing, f"[{row.provider}.source] in catalog.toml doesn't name the vendor's page for these"


@each_row
def test_every_row_is_sane(row):
    assert row.provider in names()
    assert row.wire_model
    assert 1 <= row.prompt_max <= 7000
    assert row.files in RULES
    assert row.pictures <= {"url", "data", "mm_file"}
    assert "url" in row.pictures
    assert row.parameters <= set(OPTIONS)
    assert set(row.defaults) <= {"duration", "resolution", *row.parameters} | set(OPTIONS)
    assert all(resolution in row.durations for resolution, _ in row.prices if resolution)
    assert all(not seconds or seconds in row.durations[resolution] for resolution, seconds in row.prices if resolution)
    assert row.currency or not row.prices
    assert bool(row.ratios) == ("ratio" in row.parameters)
    assert bool(row.references) == (row.mode is Mode.R2V)


@each_row
def test_every_default_is_legal(row):
    assert check(pin(request(row), row), row) == []
    for resolution, durations in row.durations.items():
        for duration in durations:
            assert (
                check(
                    request(row, resolution=resolution, duration=duration, ratio=row.ratios[0] if row.ratios else None),
                    row,
                )
                == []
            )


def test_offers():
    for offer in catalog().offers.values():
        assert all(host.startswith("https://") for host in offer.hosts) or offer.name == "sketch"
        assert bool(offer.key) == (offer.name != "sketch")
        assert offer.keys_page.startswith("https://") or not offer.key
        if offer.result_lifetime:
            assert offer.source["result_lifetime"]
    assert catalog().offer("sketch").requests_per_minute is None


def test_sketch_takes_what_minimaxs_first_wire_takes():
    theirs = {(row.model, row.mode) for row in catalog().find("minimax") if "H3" not in row.model}
    assert {(row.model, row.mode) for row in catalog().find("sketch")} == theirs
    assert {str(row.price("768P", 6)) for row in catalog().find("sketch")} == {"free"}


# Each vendor's own table: model, mode → resolutions with their seconds.
FULL, SMALL, OLD = "768P 6 10, 1080P 6", "512P 6 10, 768P 6 10, 1080P 6", "720P 6"
RANGE = {
    "minimax": {
        "MiniMax-Hailuo-2.3": {"T2V": FULL, "I2V": FULL},
        "MiniMax-Hailuo-2.3-Fast": {"I2V": FULL},
        "MiniMax-Hailuo-02": {"T2V": FULL, "I2V": SMALL, "FLF": FULL},
        "T2V-01": {"T2V": OLD},
        "T2V-01-Director": {"T2V": OLD},
        "I2V-01": {"I2V": OLD},
        "I2V-01-Director": {"I2V": OLD},
        "I2V-01-live": {"I2V": OLD},
        "S2V-01": {"S2V": ""},
    },
    "evolink": {
        "MiniMax-Hailuo-02": {"T2V": FULL, "I2V": SMALL, "FLF": FULL},
        "MiniMax-Hailuo-2.3": {"T2V": FULL, "I2V": FULL},
        "MiniMax-Hailuo-2.3-Fast": {"I2V": FULL},
    },
    **{
        vendor: {
            "MiniMax-Hailuo-02": {"T2V": FULL, "I2V": FULL, "FLF": FULL},
            "MiniMax-Hailuo-2.3": {"T2V": FULL, "I2V": FULL},
            "MiniMax-Hailuo-2.3-Fast": {"I2V": FULL},
        }
        for vendor in ("ppio", "novita", "modelverse")
    },
    "acedata": {"minimax-t2v": {"T2V": ""}, "minimax-i2v": {"I2V": ""}, "minimax-i2v-director": {"I2V": ""}},
}


@pytest.mark.parametrize("provider", list(RANGE))
def test_the_range_is_that_of_the_vendors_tables(provider):
    found = {}
    for row in catalog().find(provider):
        if "H3" in row.model:
            continue
        orders = (f"{name} {' '.join(map(str, seconds))}" for name, seconds in row.durations.items())
        found.setdefault(row.model, {})[row.mode.value] = ", ".join(orders)
    assert found == RANGE[provider]


def test_h3():
    for model, shortest, names_ in (("MiniMax-H3", 4, ["768P", "2K"]), ("MiniMax-H3-Max", 5, ["768P", "480P"])):
        rows = catalog().find("minimax", model)
        assert [row.mode for row in rows] == [Mode.T2V, Mode.I2V, Mode.FLF, Mode.R2V]
        for row in rows:
            assert dict(row.durations) == {name: tuple(range(shortest, 16)) for name in names_}
            assert ("adaptive" in row.ratios) == (row.mode is not Mode.T2V)
            assert (row.prompt_max, row.requests_per_minute, row.tasks_in_flight) == (7000, 300, 30)


@pytest.mark.parametrize(
    ("row", "resolution", "duration", "price"),
    [
        (("minimax", "MiniMax-Hailuo-02", Mode.I2V), "512P", 6, "$0.10"),
        (("minimax", "MiniMax-Hailuo-02", Mode.I2V), "512P", 10, "$0.15"),
        (("minimax", "MiniMax-Hailuo-2.3", Mode.T2V), "1080P", 6, "$0.49"),
        (("minimax", "MiniMax-Hailuo-2.3-Fast", Mode.I2V), "768P", 10, "$0.32"),
        (("minimax", "MiniMax-H3", Mode.T2V), "2K", 15, "$1.95"),
        (("minimax", "S2V-01", Mode.S2V), None, None, "price not published"),
        (("ppio", "MiniMax-Hailuo-2.3-Fast", Mode.I2V), "1080P", 6, "¥2.30"),
        (("modelverse", "MiniMax-Hailuo-2.3-Fast", Mode.I2V), "1080P", 6, "¥2.31"),
        (("modelverse", "MiniMax-Hailuo-02", Mode.FLF), "768P", 10, "¥4.00"),
        (("ppio", "MiniMax-Hailuo-02", Mode.T2V), "768P", 6, "price not published"),
        (("novita", "MiniMax-Hailuo-2.3", Mode.T2V), "768P", 6, "price not published"),
        (("evolink", "MiniMax-Hailuo-2.3", Mode.T2V), "768P", 6, "price not published"),
    ],
)
def test_prices(row, resolution, duration, price):
    (found,) = catalog().find(*row)
    assert str(found.price(resolution, duration)) == price


def test_a_price_in_words():
    assert str(Price(Decimal("0.045"), "USD")) == "$0.045"
    assert str(Price(Decimal("12.5"), "CHF")) == "12.50 CHF"
    assert (str(FREE), str(UNPUBLISHED)) == ("free", "price not published")


def test_an_unknown_provider():
    with pytest.raises(UsageError, match="Did you mean evolink"):
        catalog().offer("evolnk")


def test_a_row_says_more_than_what_it_shares_and_that_more_than_its_table():
    book = parse(
        """
        [a]
        title = "A"
        prompt_max = 1
        camera = "en"
        source = { prompt = "page", camera = "page" }
        shared.s = { prompt_max = 2, source = { prompt = "shared" } }
        rows = [{ models = ["m", "n"], modes = ["T2V"], shared = "s", prices = 0.5 }, { models = ["o"], modes = ["T2V"] }]
        [b]
        like = "a"
        title = "B"
        without = ["n"]
        prices = 0
        """
    )
    rows = {(row.provider, row.model): row for row in book.rows}
    assert list(rows) == [("a", "m"), ("a", "n"), ("a", "o"), ("b", "m"), ("b", "o")]
    assert (rows["a", "m"].prompt_max, rows["a", "o"].prompt_max) == (2, 1)
    assert dict(rows["a", "m"].source) == {"prompt": "shared", "camera": "page"}
    assert rows["a", "m"].price(None, None).amount == Decimal("0.5")
    assert rows["b", "m"].price(None, None) == rows["b", "o"].price(None, None) == Price(Decimal(0))
