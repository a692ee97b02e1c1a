"""The form's logic: whatever can be clicked together is legal, whatever is not legal can't be sent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec.catalog import catalog
from hailuo_widgets.spec.check import check
from hailuo_widgets.spec.media import Media
from hailuo_widgets.spec.options import MODES, Selection, begin, change, form, of_request
from hailuo_widgets.spec.quote import pin
from hailuo_widgets.spec.request import SERVICES, Mode, VideoRequest
from support.pictures import picture_file

BOOK = catalog()


def picture(*size, **options):
    return Media.of(picture_file(*size, **options))


GOOD = picture()
BY_URL = Media.of("https://example.com/fox.png")


def filled(choice, prompt="A fox [Pan left]"):
    """The same form with all that is asked of its author: words, and a picture in each slot."""
    choice = change(choice, "prompt", prompt)
    for slot in form(choice).slots:
        one = GOOD if "data" in slot.ways else BY_URL
        choice = change(choice, slot.name, (one,) if slot.name == "references" else one)
    return choice


def everything_is_legal(choice):
    seen = form(filled(choice))
    assert seen.problems == ()
    assert seen.quote is not None
    assert seen.quote.row == seen.row
    assert check(seen.quote.request, seen.row) == []
    assert seen.price == seen.quote.price


@pytest.mark.parametrize("provider", BOOK.offers)
def test_every_option_of_every_row_leads_to_something_that_can_be_sent(provider):
    for row in BOOK.find(provider):
        start = change(change(begin(provider), "model", row.model), "mode", row.mode.value)
        assert form(start).row == row
        for field in form(start).fields:
            for option in field.options:
                if not option.why_not:
                    everything_is_legal(change(start, field.name, option.value))
        for resolution, seconds in row.durations.items():
            for each in seconds:  # whatever is legal can be reached, in either order
                for names in (("resolution", "duration"), ("duration", "resolution")):
                    reached = start
                    for name in names:
                        reached = change(reached, name, resolution if name == "resolution" else each)
                    assert form(filled(reached)).quote.request.duration == each
                    assert form(filled(reached)).quote.request.resolution == resolution


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_walk_through_the_form_ends_at_something_that_can_be_sent(data):
    choice = begin(data.draw(st.sampled_from(list(BOOK.offers))))
    for _ in range(data.draw(st.integers(1, 12))):
        field = data.draw(st.sampled_from([each for each in form(choice).fields if each.kind != "text"]))
        if field.kind == "switch":
            choice = change(choice, field.name, data.draw(st.booleans()))
        else:
            free = [each.value for each in field.options if not each.why_not]
            assert field.value in free  # what is chosen is never greyed out
            choice = change(choice, field.name, data.draw(st.sampled_from(free)))
    everything_is_legal(choice)


BAD = [picture(200, 200), picture(2000, 400), Media.of(b"no picture"), picture(kind="GIF")]
PICTURES = st.sampled_from([None, GOOD, BY_URL, *BAD])


@settings(max_examples=200, deadline=None)
@given(
    row=st.sampled_from(BOOK.rows),
    prompt=st.sampled_from(["", " ", "A fox", "x" * 1999, "x" * 2001, "x" * 7001, "[Pan up]"]),
    frames=st.tuples(PICTURES, PICTURES, PICTURES),
    references=st.lists(st.sampled_from([GOOD, BY_URL]), max_size=11),
    duration=st.sampled_from([None, 4, 6, 7, 10, 60]),
    resolution=st.sampled_from([None, "512P", "768P", "1080P", "2K", "9P"]),
    callback_url=st.sampled_from([None, "nowhere", "https://example.com/hook"]),
)
def test_nothing_that_the_check_refuses_can_be_sent(row, frames, references, **values):
    values |= dict(zip(("first_frame", "last_frame", "subject"), frames, strict=True))
    values["references"] = tuple(references)
    given_ = {name: value for name, value in values.items() if value}
    seen = form(Selection(row.provider, row.model, row.mode, given_))
    assert (seen.quote is None) == bool(seen.problems)
    if seen.quote is not None:
        assert seen.quote.request.mode is row.mode
        assert check(seen.quote.request, row) == []
    elif seen.request.mode is row.mode:
        assert check(pin(seen.request, row), row) or any("no file chosen" in each.message for each in seen.problems)


def labels(choice, name):
    [field] = [each for each in form(choice).fields if each.name == name]
    return {each.label: each.why_not for each in field.options}


def test_what_another_choice_rules_out_says_why():
    hailuo = begin("minimax")
    assert labels(hailuo, "duration") == {"6 s": "", "10 s": ""}
    full = change(hailuo, "resolution", "1080P")
    assert labels(full, "duration") == {"6 s": "", "10 s": "1080P is 6 s only"}
    assert labels(change(hailuo, "duration", 10), "resolution") == {"768P": "", "1080P": "1080P is 6 s only"}
    fast = change(hailuo, "model", "MiniMax-Hailuo-2.3-Fast")
    assert form(fast).choice.mode is Mode.I2V
    assert labels(fast, "mode")["First and last frame"] == "MiniMax-Hailuo-02, MiniMax-H3 and MiniMax-H3-Max only"
    with pytest.raises(UsageError, match="10 s can't be chosen: 1080P is 6 s only"):
        change(full, "duration", 10)
    with pytest.raises(UsageError, match="can't be chosen as resolution"):
        change(hailuo, "resolution", "9P")
    with pytest.raises(UsageError, match="no field"):
        change(hailuo, "colour", "red")


def test_the_price_follows_every_click_and_an_unknown_one_is_not_made_up():
    hailuo = begin("minimax")
    assert str(form(hailuo).price) == "$0.28"
    assert str(form(change(hailuo, "duration", 10)).price) == "$0.56"
    assert str(form(change(hailuo, "provider", "sketch")).price) == "free"
    assert str(form(change(hailuo, "provider", "evolink")).price) == "price not published"
    assert str(form(change(change(hailuo, "model", "MiniMax-H3"), "duration", 15)).price) == "$1.20"


def test_what_a_model_does_not_know_waits_until_another_one_does():
    choice = filled(change(begin("minimax", "MiniMax-Hailuo-02"), "mode", "FLF"))
    text_only = change(choice, "mode", "T2V")
    assert form(text_only).quote.request.media() == {}
    assert set(form(change(text_only, "mode", "FLF")).quote.request.media()) == {"first_frame", "last_frame"}


def test_a_missing_picture_is_a_sentence():
    [problem] = form(change(change(begin("minimax"), "mode", "I2V"), "prompt", "A fox")).problems
    assert str(problem) == "First frame: no file chosen yet. Drop a picture there, or give its address."


def test_a_form_can_be_opened_at_a_request():
    request = VideoRequest.of(
        prompt="A fox", model="MiniMax-Hailuo-02", first_frame=GOOD, duration=10, resolution="512P"
    )
    assert form(of_request(request, "minimax")).request == request
    elsewhere = form(of_request(request, "ppio"))
    assert (elsewhere.row.model, elsewhere.row.mode) == ("MiniMax-Hailuo-02", Mode.I2V)
    assert elsewhere.quote.request.resolution == "768P"
    with pytest.raises(UsageError, match="no model"):
        begin("minimax", "Hailuo-9")


def test_every_mode_has_a_name():
    assert set(MODES) == set(Mode) - SERVICES
