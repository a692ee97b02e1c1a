"""The table that stays in a saved notebook."""

from __future__ import annotations

import io
import itertools
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hailuo_widgets.media.frames import shrunk
from hailuo_widgets.views import advice
from hailuo_widgets.views.card import ClipView
from hailuo_widgets.views.grid_view import AxisView, CellView, Footage, GridItem, GridView, HeadView, PlanView
from hailuo_widgets.views.static_grid import OUTPUT_LIMIT, fitting, grid_html, grid_text
from support.html import Seen

FOOTAGE = Footage(1366, 768, 24, 5.9)
STORED = GridItem("stored", elapsed=104, clip=FOOTAGE)
AXES = (
    AxisView("gait", ("trots", "leaps")),
    AxisView("camera", ("Static shot", "Pan left", "Push in")),
    AxisView("model", ("MiniMax-Hailuo-2.3", "MiniMax-Hailuo-02")),
)


def noise(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((width, height), 90).convert("RGB").save(out, "JPEG", quality=60)
    return out.getvalue()


POSTER = noise(160, 90)


def clip(name: str, poster: bytes = POSTER) -> ClipView:
    return ClipView(
        f"hailuo_library/clips/{name}.mp4", f"clips/{name}.mp4", poster, 1366, 768, 24, 5.9, 10**6, "", False
    )


def grid(axes=AXES, repeat=1, take=STORED, **changes):
    cells = tuple(CellView(at, "$0.28") for at in itertools.product(*(range(len(axis.values)) for axis in axes)))
    places = [(cell, each) for cell in range(len(cells)) for each in range(repeat)]
    view = GridView(
        "fox",
        axes,
        "gait",
        "camera",
        cells,
        repeat,
        dict.fromkeys(places, take),
        HeadView("done", ("$3.36 spent",), 431),
    )
    return replace(view, **changes)


def clips_of(view, poster=POSTER):
    seen = ((place, clip(f"{place[0]}-{place[1]}", poster)) for place, take in view.takes.items() if take.clip)
    return dict(fitting(view, seen))


def test_rows_columns_and_a_table_for_each_value_of_the_rest():
    view = grid()
    seen = Seen(grid_html(view, clips_of(view)))
    assert len(seen.every("table")) == 2
    assert [each["scope"] for each in seen.every("th") if each.get("scope") == "row"] == ["row"] * 4
    for words in ("fox", "12 done", "$3.36 spent", "trots", "Push in", "MiniMax-Hailuo-02", "gait ↓"):
        assert words in seen.text
    assert "fox.explore()" in seen.text
    assert len(seen.every("video")) == 12
    for video in seen.every("video"):
        assert re.fullmatch(r"hailuo_library/clips/\d+-0\.mp4", video["src"])  # on the tag itself, relative
        assert video["preload"] == "none"
        assert "controls" in video
    assert "<source" not in grid_html(view, clips_of(view))
    assert all(picture["src"].startswith("data:image/jpeg;base64,") for picture in seen.every("img"))
    assert len(seen.every("a")) == 12  # where players are not allowed


def test_axes_that_go_together_share_their_headings():
    axes = (AxisView("place", ("snow", "grass")), AxisView("light", ("dawn", "dusk")), AxisView("camera", ("a", "b")))
    cells = tuple(CellView((n, n, c), "free") for n in range(2) for c in range(2))
    seen = Seen(grid_html(GridView("fox", axes, "place", "camera", cells), {}))
    assert len(seen.every("table")) == 1
    assert "snow, dawn" in seen.text
    assert "grass, dusk" in seen.text
    assert "place, light ↓" in seen.text
    apart = Seen(grid_html(GridView("fox", axes, "", "camera", cells), {}))
    assert len(apart.every("table")) == 2


def test_a_hundred_clips_are_posters_that_open_their_players():
    axes = (AxisView("gait", tuple(map(str, range(10)))), AxisView("camera", tuple(map(str, range(10)))))
    view = grid(axes)
    html = grid_html(view, clips_of(view, noise(480, 270)))
    seen = Seen(html)
    assert [each["preload"] for each in seen.every("video")] == ["none"] * 100
    assert all("loop" in each and "muted" in each for each in seen.every("video"))
    assert [each["alt"] for each in seen.every("img")][:2] == ["Play 0, 0", "Play 0, 1"]
    assert len(seen.every("details")) == len(seen.every("summary")) == 100
    assert len(html.encode()) <= OUTPUT_LIMIT
    assert all(len(each["src"]) > 1_000 for each in seen.every("img"))


def test_what_went_otherwise_says_why():
    view = grid(AXES[:2])
    cells = list(view.cells)
    cells[1] = replace(cells[1], problem="1080P supports 6 s only.")
    cells[2] = replace(cells[2], skipped=True)
    takes = {
        (0, 0): GridItem("failed", error="The filter turned it down.", charged="not charged"),
        (3, 0): replace(STORED, cached=True),
        (4, 0): replace(STORED, rating=4, starred=True, remark="the best of <all>"),
    }
    html = grid_html(replace(view, cells=tuple(cells), takes=takes), {(4, 0): clip("4", b"")})
    text = Seen(html).text
    for words in (
        "The filter turned it down.",
        "not charged",
        "1080P supports 6 s only.",
        "Not possible",
        "Skipped",
        "★★★★ starred",
        "the best of <all>",
    ):
        assert words in text
    assert Seen(html).every("video")[0]["preload"] == "metadata"  # without a poster, its first frame


def test_what_holds_for_all_clips_is_said_once():
    view = grid()
    sketches = replace(
        view,
        cells=tuple(replace(cell, sketch=True, price="free") for cell in view.cells),
        takes=dict.fromkeys(view.takes, replace(STORED, cached=True)),
    )
    text = Seen(grid_html(sketches, clips_of(sketches))).text
    assert text.count("SKETCH") == 1
    assert text.count("Done") == 0
    assert text.count("12 done") == 1
    assert "cached" not in text
    mixed = replace(sketches, cells=(view.cells[0], *sketches.cells[1:]))
    assert Seen(grid_html(mixed, clips_of(mixed))).text.count("SKETCH") == 11


def test_a_table_without_its_library_says_where_the_clips_are_looked_for():
    view = grid()
    text = Seen(grid_html(view, clips_of(view))).text
    assert "The clips are in clips, relative to this notebook. If they don't play, copy that folder there." in text
    assert "relative to this notebook" not in Seen(grid_html(view, {})).text
    assert "relative to this notebook" not in Seen(advice.without(grid_html(view, clips_of(view)))).text


def test_a_plan_says_that_nothing_was_sent():
    plan = PlanView((("Cells", "12"), ("Price", "$3.36")), ("prompt_optimizer differs.",))
    view = replace(grid(), takes={}, head=HeadView("plan"), plan=plan)
    text = Seen(grid_html(view, {})).text
    assert "Cells: 12 · Price: $3.36 · nothing was sent" in text
    assert "prompt_optimizer differs." in text
    assert "explore" not in text


def test_the_plain_text_says_what_came_of_it():
    view = grid()
    takes = {**view.takes, (0, 0): GridItem("failed", error="Turned\ndown.")}
    assert grid_text(replace(view, takes=takes)).splitlines() == [
        "fox · 11 done · 1 failed · $3.36 spent",
        "gait (2) × camera (3) × model (2)",
        "  Turned down.",
    ]
    zipped = replace(view, cells=view.cells[:3])
    assert grid_text(zipped).splitlines()[1] == "gait (2), camera (3), model (2)"


def test_no_cells_are_no_table():
    empty = GridView("", (), "", "", ())
    assert Seen(grid_html(empty, {})).every("td") == []
    assert grid_text(empty) == "sweep"


@given(words=st.text(max_size=30))
def test_whatever_words_there_are_they_are_text(words):
    axes = (AxisView(words or "x", (words, "b")), AxisView("gait", ("c", words)))
    cells = tuple(CellView((a, b), words, problem=words if a else "") for a in range(2) for b in range(2))
    take = GridItem("failed", error=words, note=words, charged=words, remark=words)
    view = GridView(
        words, axes, words or "x", "gait", cells, 1, {(0, 0): take}, HeadView("done", (words,), message=words)
    )
    picture = b"poster" if len(words) % 2 else b""
    seen = Seen(grid_html(view, {(0, 0): replace(clip("a", picture), src="a.mp4")}))
    assert {name for name, _ in seen.elements} <= {
        *(
            "div",
            "b",
            "bdi",
            "span",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "video",
            "a",
            "code",
            "details",
            "summary",
            "img",
        ),
    }
    assert {name for _, attributes in seen.elements for name in attributes} <= {
        *("style", "scope", "src", "width", "height", "title", "controls", "preload", "href", "dir"),
        *("alt", "loop", "muted", "ontoggle"),
    }
    grid_text(view).encode()


@pytest.mark.parametrize("room", [1_200, 3_000, 8_000])
def test_posters_shrink_into_their_room(room):
    small = shrunk(noise(480, 270), max_bytes=room)
    assert len(small) <= room
    with Image.open(io.BytesIO(small)) as picture:
        assert picture.width / picture.height == pytest.approx(16 / 9, abs=0.1)
