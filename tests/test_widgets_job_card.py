"""What the live card sends to the browser, and what it does with a click that comes back."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailuo_widgets.views.card import Order, Status
from hailuo_widgets.views.job_card import STATUS_LIMIT, JobCard
from hailuo_widgets.views.wording import clock, file_size, segments, shorten

ORDER = Order(
    name="panda",
    prompt="A panda [Truck left] dances [sic] [推进]",
    provider="sketch",
    provider_reason="no key is set, so this is a sketch",
    model="sketch",
    mode="T2V",
    spec="6 s · 768P",
    price="free",
    sketch=True,
)


@pytest.fixture
def card():
    made = JobCard.of(ORDER, Status("submitting"))
    yield made
    made.close()


def bytes_of(message: object) -> int:
    return len(json.dumps(message, ensure_ascii=False).encode())


def test_the_order_carries_the_prompt_in_pieces_with_commands_marked(card):
    assert card.order["segments"] == [
        ["A panda ", False],
        ["[Truck left]", True],
        [" dances [sic] ", False],
        ["[推进]", True],
    ]
    assert card.order["reason"] == ORDER.provider_reason


def test_a_status_says_only_what_is_known(card):
    assert card.status == {"state": "submitting", "word": "Submitting", "tone": "wait", "elapsed": 0.0}
    card.show(
        ORDER, Status("running", task_id="t1", progress=0.5, elapsed=3.21, expected=60, note="vendor says: Processing")
    )
    assert card.status == {
        "state": "running",
        "word": "Running",
        "tone": "run",
        "elapsed": 3.2,
        "progress": 0.5,
        "expected": 60,
        "note": "vendor says: Processing",
        "task_id": "t1",
    }


def test_an_open_question_about_money_is_explained(card):
    card.show(ORDER, Status("uncertain"))
    assert "may have been charged" in card.status["error"]
    assert "Nothing is sent again" in card.status["hint"]


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=40), times=st.integers(1, 200))
def test_an_update_is_small_and_can_be_sent_whatever_a_vendor_says(text, times):
    long = text * times
    card = JobCard.of(
        ORDER,
        Status("failed", task_id=long, note=long, error=long, hint=long, charged=long, progress=1 / 3, elapsed=1e5 / 3),
    )
    assert bytes_of(card.status) <= STATUS_LIMIT
    card.close()


def test_a_click_reaches_every_callback_and_nothing_else_does(card):
    calls: list[str] = []
    card.on_cancel(lambda: calls.append("first"))
    card.on_cancel(lambda: calls.append("second"))
    for content in ({"type": "other"}, "cancel", None, {}):
        card._handle_custom_msg(content, [])
    assert calls == []
    card._handle_custom_msg({"type": "cancel"}, [])
    assert calls == ["first", "second"]


def test_the_widgets_state_holds_what_is_seen_and_no_more(card):
    ours = {key for key in card.get_state() if not key.startswith("_")}
    assert ours <= {"order", "status", "place", "layout", "tabbable", "tooltip", "comm"}
    assert "api" not in json.dumps([card.order, card.status]).casefold()


def test_every_class_bears_the_one_prefix(card):
    classes = re.findall(r"\.([A-Za-z][\w-]*)", re.sub(r"/\*.*?\*/", "", card._css, flags=re.DOTALL))
    assert classes
    assert {name for name in classes if not name.startswith("hw-")} == set()


def test_text_is_never_set_as_html(card):
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", card._esm)


@given(
    st.text() | st.lists(st.sampled_from(["[Shake]", "[Pan left,Zoom in]", "fox", "[", "]", "【推进】"])).map("".join)
)
def test_a_prompt_in_pieces_is_the_prompt(prompt):
    assert "".join(piece.text for piece in segments(prompt)) == prompt


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (0.6, "0:01"), (104, "1:44"), (3599.6, "1:00:00"), (3723, "1:02:03"), (-1, "0:00")],
)
def test_clock(seconds, shown):
    assert clock(seconds) == shown


@pytest.mark.parametrize(
    ("size", "shown"),
    [(1, "1 KB"), (640_000, "640 KB"), (999_499, "999 KB"), (999_500, "1.0 MB"), (2_134_567, "2.1 MB")],
)
def test_file_size(size, shown):
    assert file_size(size).replace("\u00a0", " ") == shown


def test_shorten_keeps_what_fits():
    assert shorten("abc", 3) == "abc"
    assert shorten("abcd", 3) == "ab…"
