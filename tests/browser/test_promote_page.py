"""A draft is made again in 2K by a button with its price, in the library, a sweep's grid and the studio."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

import hailuo_widgets as hw
from hailuo_widgets import session as session_module
from hailuo_widgets.clip_query import ClipQuery
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.views import ClipGrid
from hailuo_widgets.views.describe_sweep import grid_of, head_of
from hailuo_widgets.views.live_grid import _Follower
from hailuo_widgets.views.outputs import Output
from hailuo_widgets.views.studio import Studio
from hailuo_widgets.views.sweep_grid import SweepGrid
from support.axe import violations
from support.session import session
from support.vendor import submits
from support.widget_page import widget_page

H3 = {"model": "MiniMax-H3", "duration": 5, "resolution": "768P", "ratio": "16:9"}
OFFER = "Promote to 2K · $0.25 to $0.50"


@pytest.fixture
def page(chromium, monkeypatch):
    with session() as made, widget_page(chromium, {"width": 1100, "height": 900}) as opened:
        monkeypatch.setattr(session_module, "default_session", lambda: made)
        opened.here = made
        yield opened


def promoted(host) -> None:
    """Press the button once, and look at both."""
    final = host.page.get_by_role("group", name="Final in 2K").first
    final.get_by_role("button", name=OFFER).wait_for(timeout=20_000)
    sent = submits(host.here.simulator)
    final.get_by_role("button", name=OFFER).click()
    expect(final).to_contain_text("2K · Done · $0.25", timeout=20_000)
    expect(final.get_by_role("button", name=OFFER)).to_be_hidden()
    assert submits(host.here.simulator) == sent + 1
    final.get_by_role("button", name="Side by side").click()
    expect(host.page.locator("video")).to_have_count(2)
    host.page.wait_for_function(
        "() => { const [a, b] = document.querySelectorAll('video'); return b.videoWidth > a.videoWidth; }"
    )


def test_a_clip_of_the_library_is_promoted(page):
    hw.generate("A red fox", **H3, show=False).result(30)
    grid = ClipGrid(ClipQuery(page.here.library(), page.here.clock))
    page.mount(grid, place=grid.place)
    page.page.get_by_role("listbox", name="Clips").get_by_role("option").first.click()
    promoted(page)
    assert violations(page.page, ".hw-library") == []


def test_a_clip_of_a_sweep_is_promoted_within_its_budget(page):
    sweep = hw.sweep("A {red | grey} fox", **H3, budget="1.30 USD").run()
    sweep.result(30)
    grid = SweepGrid(grid_of(sweep, {}, head_of(sweep, None)))
    follower = _Follower(sweep, page.here, grid, Output(), marks={}, measured={})
    grid.on_ask(lambda ask: page.here.loop.call(follower.hear, ask))
    page.here.loop.call(lambda: follower.start(page.here.loop, wanted=True))
    page.mount(grid, place=grid.place)
    page.page.get_by_role("gridcell").first.press("Enter")
    promoted(page)
    assert violations(page.page, "dialog") == []
    page.page.keyboard.press("Escape")
    expect(page.page.get_by_role("dialog")).to_be_hidden()
    page.page.get_by_role("gridcell").nth(1).press("Enter")
    page.page.get_by_role("button", name=OFFER).click()  # $0.25 are left
    expect(page.page.get_by_role("dialog")).to_contain_text("budget")
    assert submits(page.here.simulator) == 3


def test_a_clip_of_the_studio_is_promoted(page):
    studio = Studio(page.here, VideoRequest.of(prompt="A red fox", **H3), "minimax")
    page.mount(studio, place=studio.place)
    page.page.get_by_role("button", name="Generate").first.click()
    promoted(page)
