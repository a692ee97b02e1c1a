"""`%hailuo models`: the whole catalogue, and what words and filters leave of it."""

from __future__ import annotations

import pytest

from hailuo_widgets.errors import UsageError
from hailuo_widgets.offers import FILTERS, offers
from hailuo_widgets.spec.catalog import catalog


def column(name, *words):
    table = offers(*words)
    return [row[table.columns.index(name)] for row in table.rows]


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_everything():
    assert len(offers().rows) == len(catalog().rows)


def test_the_example_of_the_manual():
    table = offers("mode=I2V", "resolution=512P", "duration=10", "max_price=0.3")
    assert [row[:2] for row in table.rows] == [("minimax", "MiniMax-Hailuo-02"), ("sketch", "MiniMax-Hailuo-02")]
    assert plain(table.rows[0][3]) == "512P: 10"
    assert table.rows[0][4] == "$0.15"
    assert table.rows[1][4] == "free"


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["provider=evolink"], 6),
        (["provider=EVOLINK", "mode=i2v"], 3),
        (["provider=acedata", "duration=6"], 4),  # MiniMax-H3 only: its other models take none
        (["resolution=2k"], 12),
        (["duration=15s"], 16),
        (["model=minimax-hailuo-2.3-fast"], 6),
        (["model=MiniMax-H3", "mode=R2V"], 3),
        (["provider=minimax", "max_price=0"], 0),
        (["provider=evolink", "max_price=100"], 0),  # publishes no price
    ],
)
def test_filters(words, left):
    found = offers(*words)
    assert len(found.rows) == left
    assert bool(found.caption) == (left == 0)


def test_a_filter_leaves_of_a_row_what_passes():
    assert {plain(each) for each in column("Resolution: seconds", "provider=minimax", "duration=10", "H3")} == {
        "768P: 10, 2K: 10",
        "768P: 10, 480P: 10",
    }
    assert {plain(each) for each in column("Resolution: seconds", "provider=minimax", "model=MiniMax-H3")} == {
        "768P: 4–15, 2K: 4–15"
    }


def test_words_and_filters_together():
    assert set(column("Model", "modelverse", "mode=I2V", "fast")) >= {"MiniMax-Hailuo-2.3-Fast"}
    assert set(column("Provider", "mode=T2V", "novita")) == {"novita"}


@pytest.mark.parametrize(
    ("words", "providers", "caption"),
    [
        (["max_price=2", "mode=T2V"], {"minimax", "ppio", "modelverse", "sketch"}, "own currency"),
        (["max_price=2USD", "mode=T2V"], {"minimax", "sketch"}, ""),
        (["max_price=$2", "mode=T2V"], {"minimax", "sketch"}, ""),
        (["max_price=2cny", "mode=T2V"], {"ppio", "modelverse", "sketch"}, ""),
        (["max_price=¥2", "mode=T2V"], {"ppio", "modelverse", "sketch"}, ""),
        (["max_price=0.1EUR"], {"sketch"}, ""),
    ],
)
def test_a_price_is_one_in_a_currency(words, providers, caption):
    table = offers(*words)
    assert {row[0] for row in table.rows} == providers
    assert caption in table.caption
    assert bool(caption) == bool(table.caption)


def test_ranges_of_prices_and_limits():
    table = offers("provider=minimax")
    rows = {(row[1], row[2]): row for row in table.rows}
    assert rows["MiniMax-Hailuo-02", "I2V"][4:6] == ("$0.10 to $0.56", "20 a minute")
    assert rows["MiniMax-H3", "T2V"][4:6] == ("$0.32 to $1.95", "300 a minute, 30 at once")
    assert rows["S2V-01", "S2V"][3:5] == ("fixed", "price not published")
    assert column("Limits", "provider=evolink") == [""] * 6
    assert set(column("Price a clip", "provider=sketch")) == {"free"}


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("resoltion=768P", "Did you mean resolution"),
        ("colour=red", f"Available: {', '.join(FILTERS)}"),
        ("=1", "no filter"),
        ("provider=evolnk", "Did you mean evolink"),
        ("mode=T3V", "Did you mean T2V"),
        ("resolution=8K", "Available|Did you mean"),
        ("model=", "no model"),
        ("duration=long", "duration=6"),
        ("duration=-1", "duration=6"),
        ("max_price=cheap", "max_price=0.3"),
        ("max_price=-1", "max_price=0.3"),
        ("max_price=$1USD", "max_price=0.3"),
        ("max_price=nan", "max_price=0.3"),
        ("max_price=1e9", "max_price=0.3"),
    ],
)
def test_a_filter_that_is_none_says_what_was_meant(word, said):
    with pytest.raises(UsageError, match=said):
        offers(word)
