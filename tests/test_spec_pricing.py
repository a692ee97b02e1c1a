"""MiniMax-H3's prices, figure by figure from its price page; ranges where a length is not known; settled by usage."""

from __future__ import annotations

import subprocess
from decimal import Decimal

import pytest

from hailuo_widgets.spec.pricing import Usage, settled
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest

PICTURE = "https://example.com/a.jpg"
VIDEO = "https://example.com/b.mp4"
SOUND = "https://example.com/c.mp3"


def order(provider="minimax", **fields):
    return quote(VideoRequest.of(**{"prompt": "A fox", "model": "MiniMax-H3", "duration": 10, **fields}), provider)


def video(path, seconds, fps=24):
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc=s=320x240:r={fps}:d={seconds}", "-pix_fmt", "yuv420p",
         "-preset", "ultrafast", "-y", str(path)],
        check=True,
    )  # fmt: skip
    return path.read_bytes()


@pytest.mark.parametrize(
    ("fields", "price"),
    [
        ({"ratio": "16:9"}, "$0.80"),
        ({"ratio": "16:9", "resolution": "2K"}, "$1.30"),
        ({"first_frame": PICTURE}, "$0.80"),
        ({"first_frame": PICTURE, "last_frame": PICTURE, "resolution": "2K"}, "$1.30"),
        ({"references": (PICTURE,) * 5}, "$0.80"),
        ({"references": (PICTURE,) * 6}, "$0.84"),
        ({"references": (PICTURE,) * 9, "resolution": "2K"}, "$1.46"),
        ({"references": (PICTURE, SOUND)}, "$0.80"),
        ({"model": "MiniMax-H3-Max", "ratio": "16:9"}, "$0.80"),
        ({"model": "MiniMax-H3-Max", "ratio": "16:9", "resolution": "480P"}, "$0.50"),
        ({"model": "MiniMax-H3-Max", "first_frame": PICTURE, "last_frame": PICTURE}, "$0.80"),
        ({"model": "MiniMax-H3-Max", "references": (PICTURE,) * 3}, "$0.874"),
        ({"references": (VIDEO,)}, "$0.96 to $2.00"),
        ({"references": (VIDEO, VIDEO), "resolution": "2K"}, "$1.82 to $3.38"),
        ({"model": "MiniMax-H3-Max", "references": (VIDEO,)}, "$1.086 to $2.945"),
    ],
)
def test_what_a_request_costs(fields, price):
    assert str(order(**fields).price) == price


def test_a_budget_sets_the_upper_end_aside():
    assert order(references=(VIDEO,)).price.amount == Decimal("2.00")


@pytest.mark.parametrize(("seconds", "price"), [(2, "$0.96"), (2.5, "$1.04"), (3, "$1.04"), (15, "$2.00")])
def test_a_local_video_is_charged_by_whole_seconds(tmp_path, seconds, price):
    assert str(order(references=(video(tmp_path / "a.mp4", seconds),)).price) == price


def test_each_video_is_rounded_up_by_itself(tmp_path):
    one = video(tmp_path / "a.mp4", 2.25)
    assert str(order(references=(one, one)).price) == "$1.28"  # 3 + 3 seconds
    assert str(order(references=(one, VIDEO)).price) == "$1.20 to $2.08"  # 3, and 2 to 13


@pytest.mark.parametrize("provider", ["ppio", "acedata"])
def test_no_price_is_made_up_where_none_was_read(provider):
    assert str(order(provider, first_frame=PICTURE).price) == "price not published"
    assert str(order(provider, references=(PICTURE,)).price) == "price not published"


def test_a_draft_in_2k():
    assert str(order(base_video=VIDEO, duration=5).price) == "$0.25 to $0.50"
    more = order(base_video=VIDEO, duration=5, references=(PICTURE,) * 7)
    assert more.price.least == Decimal("0.30")


@pytest.mark.parametrize(
    ("fields", "usage", "price"),
    [
        ({"first_frame": PICTURE}, Usage(10, 0, 1), "$0.80"),
        ({"references": (PICTURE,) * 9}, Usage(10, 0, 9), "$0.96"),
        ({"references": (VIDEO,)}, Usage(10, 4, 0), "$1.12"),
        ({"references": (VIDEO,)}, Usage(10, 4.2, 0), "$1.20"),
        ({"model": "MiniMax-H3-Max", "references": (VIDEO, PICTURE, PICTURE, PICTURE)}, Usage(10, 3, 3), "$1.303"),
        ({"base_video": VIDEO, "duration": 5}, Usage(5, 0, 0), "$0.25"),
    ],
)
def test_the_vendors_usage_settles_what_was_charged(fields, usage, price):
    quoted = order(**fields)
    charged = settled(quoted.request, quoted.row, usage)
    assert str(charged) == price
    assert charged.amount <= quoted.price.amount


def test_a_ratio_beside_a_frame_is_a_remark():
    (warning,) = order(first_frame=PICTURE, ratio="9:16").warnings
    assert "the frame" in warning
    assert order(first_frame=PICTURE).warnings == ()
