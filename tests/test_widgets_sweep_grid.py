"""What the grid sends to the browser, and what it makes of what comes back."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_widgets.views.grid_view import AxisView, CellView, Detail, Footage, GridItem, GridView, HeadView
from hailuo_widgets.views.sweep_grid import TAKE_LIMIT, Ask, SweepGrid, item_message

VIEW = GridView(
    "fox",
    (AxisView("gait", ("trots", "leaps")), AxisView("camera", ("Static shot", "Pan left"))),
    "gait",
    "camera",
    (
        CellView((0, 0), "$0.28"),
        CellView((0, 1), "$0.28", problem="No."),
        CellView((1, 0), "", skipped=True),
        CellView((1, 1)),
    ),
    repeat=2,
    takes={(0, 0): GridItem("stored", clip=Footage(1366, 768, 24, 5.9)), (0, 1): GridItem("queued")},
    head=HeadView("running", ("$0.28 spent",), can=("pause",)),
)


class Line:
    """What went over the comm."""

    def __init__(self, grid: SweepGrid) -> None:
        self.said: list[tuple[dict, list[bytes]]] = []
        grid.send = lambda content, buffers=None: self.said.append((content, buffers or []))


@pytest.fixture
def grid():
    made = SweepGrid(VIEW)
    yield made
    made.close()


def asked(grid: SweepGrid, *contents: object) -> list[Ask]:
    heard: list[Ask] = []
    grid.on_ask(heard.append)
    for content in contents:
        grid._handle_custom_msg(content, [])
    return heard


def test_the_whole_says_everything_in_words(grid):
    whole = grid.whole
    assert whole["seq"] == 1
    assert whole["cells"][1] == {"at": [0, 1], "price": "$0.28", "problem": "No."}
    assert whole["cells"][2] == {"at": [1, 0], "price": "", "skipped": True}
    assert whole["takes"] == [
        [0, 0, {"state": "stored", "clip": [1366, 768, 24, 5.9]}],
        [0, 1, {"state": "queued"}],
    ]
    assert whole["words"]["illegal"] == ["Not possible", "off"]
    assert set(whole["words"]) > {"stored", "uncertain", "planned", "skipped"}


def test_news_are_numbered_and_bytes_ride_beside_them(grid):
    line = Line(grid)
    grid.change({(0, 1): GridItem("running", progress=1 / 3)}, None)
    grid.change({}, HeadView("paused", can=("resume",)))
    grid.send_posters({(0, 0): b"jpeg", (3, 1): b"other"})
    grid.send_clip((0, 0), b"mp4")
    assert line.said == [
        ({"type": "delta", "seq": 2, "takes": [[0, 1, {"state": "running", "progress": 0.33}]]}, []),
        (
            {
                "type": "delta",
                "seq": 3,
                "takes": [],
                "head": {"phase": "paused", "money": [], "elapsed": 0, "can": ["resume"]},
            },
            [],
        ),
        ({"type": "posters", "at": [[0, 0], [3, 1]]}, [b"jpeg", b"other"]),
        ({"type": "clip", "at": [0, 0]}, [b"mp4"]),
    ]
    grid.show(VIEW)
    assert grid.whole["seq"] == 4


@given(text=st.text(max_size=40), times=st.integers(1, 200))
def test_one_replicates_news_are_small_whatever_a_vendor_says(text, times):
    long = text * times
    take = GridItem(
        "abandoned", 1e5 / 3, 1e5 / 7, 1 / 3, long, long, long, True, Footage(1920, 1080, 23.976, 10 / 3), 5, True, long,
        long, False, (1e5 / 3,) * 6
    )  # fmt: skip
    news = json.dumps([499, 9, item_message(take)], ensure_ascii=False)
    assert len(news.encode()) <= TAKE_LIMIT


def test_five_hundred_cells_open_with_a_small_message():
    axes = (
        AxisView("a", tuple(f"value {n}" for n in range(50))),
        AxisView("b", tuple(f"other {n}" for n in range(10))),
    )
    cells = tuple(CellView((a, b), "$0.28", sketch=True) for a in range(50) for b in range(10))
    grid = SweepGrid(GridView("big", axes, "a", "b", cells, 1, {(n, 0): GridItem("queued") for n in range(500)}))
    assert len(json.dumps(grid.whole)) < 64 * 1024
    grid.close()


def test_what_a_view_may_ask(grid):
    assert asked(
        grid,
        {"type": "whole"},
        {"type": "touch"},
        {"type": "look", "at": [[0, 0], [3, 1], [9, 9], "x"]},
        {"type": "clip", "at": [0, 1]},
        {"type": "act", "what": "retry"},
        {"type": "mark", "at": [0, 0], "rating": 4},
        {"type": "mark", "at": [0, 0], "starred": False},
        {"type": "mark", "at": [0, 0], "remark": "good\x00" + "x" * 3000},
    ) == [
        Ask("whole"),
        Ask("touch"),
        Ask("look", ((0, 0), (3, 1))),
        Ask("clip", ((0, 1),)),
        Ask("act", action="retry"),
        Ask("mark", ((0, 0),), mark=("rating", 4)),
        Ask("mark", ((0, 0),), mark=("starred", False)),
        Ask("mark", ((0, 0),), mark=("remark", "good�" + "x" * 1995)),
    ]


@pytest.mark.parametrize(
    "content",
    [
        None,
        "whole",
        [],
        {},
        {"type": "act", "what": "buy"},
        {"type": "act", "what": ["run"]},
        {"type": "clip", "at": [0, 2]},
        {"type": "clip", "at": [0, True]},
        {"type": "clip", "at": [0, 0, 0]},
        {"type": "clip", "at": "00"},
        {"type": "clip", "at": [1, 1]},  # never bought, so it has one place only
        {"type": "look", "at": {"0": 0}},
        {"type": "look", "at": []},
        {"type": "mark", "at": [0, 0], "rating": 6},
        {"type": "mark", "at": [0, 0], "rating": True},
        {"type": "mark", "at": [0, 0]},
        {"type": ["whole"]},
    ],
)
def test_what_no_view_of_ours_would_send_is_not_heard(grid, content):
    assert asked(grid, content) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "at", "what"]), inner),
    max_leaves=8,
)


@given(content=JSON)
def test_no_message_breaks_it(content):
    grid = SweepGrid(VIEW)
    asked(grid, content)
    grid.close()


def test_details_carry_the_prompt_in_pieces(grid):
    line = Line(grid)
    grid.send_detail((0, 0), Detail("A fox [Pan left] <b>", (("Task", "t\x1b1"),), "It failed.", "Try again."))
    [(content, _)] = line.said
    assert content["segments"] == [["A fox ", False], ["[Pan left]", True], [" <b>", False]]
    assert content["facts"] == [["Task", "t�1"]]


def test_the_widgets_state_holds_what_is_seen_and_no_more(grid):
    ours = {key for key in grid.get_state() if not key.startswith("_")}
    assert ours <= {"whole", "place", "layout", "tabbable", "tooltip", "comm"}


def test_every_class_bears_the_one_prefix(grid):
    classes = re.findall(r"\.([A-Za-z][\w-]*)", re.sub(r"/\*.*?\*/", "", grid._css, flags=re.DOTALL))
    assert {name for name in classes if not name.startswith("hw-")} == set()


def test_text_is_never_set_as_html(grid):
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", grid._esm)


def test_labels_places_and_states_of_cells():
    assert VIEW.labels(3) == ("leaps", "Pan left")
    assert VIEW.places(0) == ((0, 0), (0, 1))
    assert VIEW.places(1) == ((1, 0),)
    assert [VIEW.state((cell, 0)) for cell in range(4)] == ["stored", "illegal", "skipped", "planned"]
    assert replace(VIEW, takes={}).take((0, 0)) == GridItem()
