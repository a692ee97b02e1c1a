"""The arena in a browser, by keyboard, with its Python side in this process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

import hailuo_widgets as hw
from hailuo_widgets.errors import AuthenticationError
from hailuo_widgets.sweeps import sweep
from hailuo_widgets.views.next_step import NextStep
from support.axe import violations
from support.vendor import submits
from support.widget_page import WidgetPage, widget_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

SECONDS = 60
PICTURES = os.environ.get("HAILUO_SAVE_PICTURES")


@pytest.fixture
def host(chromium: Browser) -> Iterator[WidgetPage]:
    with widget_page(chromium, {"width": 900, "height": 760}) as opened:
        yield opened


@pytest.fixture
def arena(here):
    fox = hw.sweep("SECRET fox {gait}", name="fox", gait=["trots", "leaps"], repeat=2)
    fox.run().result(SECONDS)
    return fox.judge()


def mounted(host, arena):
    host.mount(arena, place=arena.place)
    expect(host.page.locator("video")).to_have_count(2)
    return host.page.get_by_role("region", name="Compare clips")


def watch(page):
    """Let both clips come to their end."""
    page.wait_for_function("() => [...document.querySelectorAll('video')].every((each) => each.readyState >= 2)")
    page.evaluate(
        "() => { for (const each of document.querySelectorAll('video')) each.currentTime = each.duration - 0.1; }"
    )
    expect(page.get_by_role("status")).to_have_text("Choose one.")


def answers(arena):
    return [each.answer for each in arena.judging.votes]


def test_votes_by_keyboard_are_kept_one_by_one(host, arena):
    view = mounted(host, arena)
    page = host.page
    view.focus()
    page.keyboard.press("ArrowLeft")  # nothing was seen yet
    expect(page.get_by_role("status")).to_have_text("Watch both clips to the end once.")
    assert answers(arena) == []
    for number, (key, answer) in enumerate(
        [("ArrowLeft", 0), ("ArrowRight", 1), ("ArrowUp", "tie"), ("ArrowDown", "bad"), ("2", 1)], start=1
    ):
        watch(page)
        page.keyboard.press(key)
        expect(page.get_by_text(f"{number} vote", exact=False).first).to_be_visible()
        assert answers(arena)[-1] == answer
    page.keyboard.press("s")
    expect(page.locator("video")).to_have_count(2)
    page.keyboard.press("u")
    page.wait_for_function("() => true")
    assert all(each.seconds is not None and each.probability for each in arena.judging.votes if each.answer != "undo")


def test_a_vote_can_be_undone_and_its_pair_comes_back(host, arena):
    view = mounted(host, arena)
    view.focus()
    watch(host.page)
    host.page.keyboard.press("ArrowRight")
    expect(host.page.get_by_text("1 vote", exact=True)).to_be_visible()
    first = arena.judging.votes[0]
    host.page.keyboard.press("u")
    expect(host.page.get_by_text("0 votes")).to_be_visible()
    watch(host.page)
    host.page.keyboard.press("ArrowLeft")
    expect(host.page.get_by_text("1 vote", exact=True)).to_be_visible()
    assert arena.judging.votes[-1].clips == first.clips
    assert answers(arena) == [1, "undo", 0]


def test_what_went_wrong_is_said_whole(host, arena):
    view = mounted(host, arena)
    for clip in arena.judging.clips.values():
        clip.path.unlink()
    view.focus()
    watch(host.page)
    host.page.keyboard.press("ArrowRight")
    expect(host.page.get_by_role("alert")).to_have_text(
        "A clip's file can't be read: No such file or directory. Run the sweep again."
    )


def test_the_next_clips_are_bought_by_one_click_or_it_says_why_not(host, here, monkeypatch):
    fox = hw.sweep("A fox {gait}", gait=["trots", "leaps"], repeat=2)
    fox.run().result(SECONDS)
    one, two = list(fox.judging.about().clips)[::2]
    for _ in range(3):
        fox.judging.about().cast((one, two), 0)
    step = NextStep(fox.next(1))
    host.mount(step, place=step.place)
    button = host.page.get_by_role("button", name="Generate these clips")

    def refuse(*_):
        raise AuthenticationError("There is no key for MiniMax.", hint="Set MINIMAX_API_KEY.")

    with monkeypatch.context() as patched:
        patched.setattr(sweep, "require_key", refuse)
        button.click()
        expect(host.page.get_by_role("alert")).to_have_text("There is no key for MiniMax. Set MINIMAX_API_KEY.")
    before = submits(here.simulator)
    for _ in range(2):
        button.evaluate("(button) => button.click()")
        step._receive(step, {"type": "run"}, [])  # as another view of it would send
    expect(host.page.get_by_role("status")).to_contain_text("Run .judge() again")
    assert submits(here.simulator) == before + sum(step._step.clips.values())
    expect(button).to_be_disabled()


def test_four_clips_wait_for_a_key_where_motion_is_reduced_and_the_best_is_picked(host, arena):
    host.page.emulate_media(reduced_motion="reduce")
    four = hw.judge(*[[clip] for clip in arena.judging.clips.values()], seats=4)
    host.mount(four, place=four.place)
    expect(host.page.locator("video")).to_have_count(4)
    expect(host.page.get_by_text("Which is the best?")).to_be_visible()
    status = host.page.get_by_role("status")
    expect(status).to_have_text("Press space to play all clips.")
    paused = "() => [...document.querySelectorAll('video')].every((each) => each.paused)"
    assert host.page.evaluate(paused)
    host.page.get_by_role("region", name="Compare clips").focus()
    host.page.keyboard.press(" ")
    host.page.wait_for_function("() => [...document.querySelectorAll('video')].every((each) => !each.paused)")
    host.page.evaluate(
        "() => { for (const each of document.querySelectorAll('video')) each.currentTime = each.duration - 0.1; }"
    )
    expect(status).to_have_text("Choose the best.")
    host.page.wait_for_function(paused)  # once, not in a loop
    assert violations(host.page, ".hw-arena") == []
    if PICTURES:
        host.page.screenshot(path=Path(PICTURES) / "arena-four.png", full_page=True)
    host.page.keyboard.press("3")
    expect(host.page.get_by_text("1 vote", exact=True)).to_be_visible()
    assert answers(four) == [2]


def test_nothing_on_the_page_tells_which_clip_is_which(host, arena):
    mounted(host, arena)
    page = host.page.content()
    for clip in arena.judging.clips.values():
        assert clip.id not in page
        assert clip.path.name not in page
    assert "SECRET" not in page
    assert "leaps" not in page


def test_it_is_shown_in_words_and_as_a_picture_when_asked_for(host, arena):
    view = mounted(host, arena)
    one, two = list(arena.judging.clips)[::2]
    for _ in range(3):
        arena.judging.cast((one, two), 0)
    view.focus()
    watch(host.page)
    host.page.keyboard.press("ArrowUp")
    expect(host.page.get_by_text("4 votes")).to_be_visible()
    host.page.get_by_role("button", name="Show me the ranking").click()
    expect(host.page.locator(".hw-arena-result svg")).to_be_visible()
    expect(host.page.locator(".hw-arena-result")).to_contain_text("Not sure yet")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [380, 900])
def test_axe_finds_nothing(host, arena, theme, width):
    host.theme(theme)
    host.page.set_viewport_size({"width": width, "height": 760})
    view = mounted(host, arena)
    assert violations(host.page, ".hw-arena") == []
    view.focus()
    watch(host.page)
    assert violations(host.page, ".hw-arena") == []
    host.page.keyboard.press("ArrowUp")
    expect(host.page.get_by_text("1 vote", exact=True)).to_be_visible()
    host.page.get_by_role("button", name="Show me the ranking").click()
    expect(host.page.locator(".hw-arena-result svg")).to_be_visible()
    watch(host.page)
    assert violations(host.page, ".hw-arena") == []
    if PICTURES:
        host.page.screenshot(path=Path(PICTURES) / f"arena-{theme}-{width}.png", full_page=True)


def test_what_is_saved_shows_the_first_and_the_last(arena):
    assert "No votes yet" in arena._result()
    one, two = list(arena.judging.clips)[::2]
    for _ in range(6):
        arena.judging.cast((one, two), 0)
    html = arena._result()
    assert html.count("<video") == 2
    assert "Wins against the others" in html
    assert "<svg" not in html  # an untrusted notebook would show its words only
    first = arena.judging.ranking[0].cell
    assert f"First: {first}" in html
    assert "6 votes" in html


def ended(page):
    """Let all clips come to their end, in a page that is not a notebook's."""
    page.wait_for_function(
        "() => { const all = [...document.querySelectorAll('video')];"
        " return all.length && all.every((each) => each.readyState >= 2); }"
    )
    page.evaluate(
        "() => { for (const each of document.querySelectorAll('video')) each.currentTime = each.duration - 0.1; }"
    )
    expect(page.locator(".hw-arena-state")).to_have_text("Choose one.")


def test_a_ballot_takes_votes_from_a_folder_and_gives_them_back_as_a_file(chromium, here, tmp_path):
    fox = hw.sweep("SECRET fox {gait}", name="fox", gait=["trots", "leaps"], repeat=2)
    fox.run().result(SECONDS)
    address = fox.to_ballot(tmp_path / "ballot").resolve().as_uri()
    with chromium.new_page(viewport={"width": 900, "height": 760}, accept_downloads=True) as page:
        errors, loaded = [], []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: loaded.append(request.url))
        page.goto(address)
        for key in ("ArrowLeft", "ArrowRight"):
            ended(page)
            page.keyboard.press(key)
        expect(page.get_by_text("2 of 4")).to_be_visible()
        ended(page)
        page.keyboard.press("ArrowUp")
        page.keyboard.press("u")
        expect(page.get_by_text("2 of 4")).to_be_visible()
        assert violations(page, "body") == []
        if PICTURES:
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                for width in (600, 2000):
                    page.set_viewport_size({"width": width, "height": 760})
                    page.screenshot(path=Path(PICTURES) / f"ballot-{theme}-{width}.png")
        page.reload()  # as if it had been closed
        expect(page.get_by_text("2 of 4")).to_be_visible()
        for key in ("ArrowDown", "s"):
            ended(page)
            page.keyboard.press(key)
        name = page.get_by_role("textbox", name="Your name")
        expect(name).to_be_focused()
        page.keyboard.type("Ada Lovelace")
        assert violations(page, "body") == []
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / "ballot-end.png")
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        expect(page.get_by_text("Send this file to whoever")).to_be_visible()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        assert file.name.startswith("votes-Ada-Lovelace-")
        assert not errors
        assert all(each.startswith(("file:", "blob:", "data:")) for each in loaded)
    assert fox.add_votes(file).votes == 4
    votes = fox.judging.about().votes
    assert [each.answer for each in votes] == [0, 1, "bad", "skip"]
    assert {each.voter for each in votes} == {"Ada Lovelace"}
    assert all(each.seconds > 0 for each in votes)
