"""The studio in a browser, its Python side in this process: everything but Jupyter, by keyboard where a person would."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

from hailuo_widgets.clip_query import ClipQuery
from hailuo_widgets.net.client import AsyncHailuo
from hailuo_widgets.session import Session
from hailuo_widgets.settings import Settings
from hailuo_widgets.simulator import Simulator, Timing, stock_clip
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.store.clip import Clip
from hailuo_widgets.views import ClipGrid, FramePicker, Player, PromptEditor
from hailuo_widgets.views.card import Order, Status
from hailuo_widgets.views.job_card import JobCard
from hailuo_widgets.views.studio import Studio
from hailuo_widgets.views.sweep_grid import SweepGrid
from support.axe import violations
from support.pictures import chosen
from support.session import session as simulated
from support.waiting import wait_until
from support.widget_page import WidgetPage, widget_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

PROMPT = "A fluffy panda dances on a snowy summit"


class QuickSession(Session):
    """A session that draws nothing: every clip is the same grey one."""

    simulator = Simulator(keys=None, timing=Timing(0, 0, 0), draw=stock_clip(), seed=None)

    def _connect(self, provider: str) -> AsyncHailuo:
        if provider not in self._clients:
            transport = httpx.ASGITransport(self.simulator.app)
            self._clients[provider] = AsyncHailuo(provider, settings=self.settings, transport=transport)
        return self._clients[provider]


@pytest.fixture(scope="module")
def session(tmp_path_factory) -> Iterator[Session]:
    made = QuickSession(Settings.load({}), tmp_path_factory.mktemp("studio"))
    yield made
    made.loop.post(made.simulator.aclose()).result(30)
    made.close()


@pytest.fixture
def host(chromium: Browser) -> Iterator[WidgetPage]:
    with widget_page(chromium, {"width": 1100, "height": 900}) as opened:
        yield opened


@pytest.fixture
def opened(host, session):
    studio = Studio(session, VideoRequest.of(prompt=PROMPT), "sketch")
    host.mount(studio, place=studio.place)
    return studio


def reach(page, name, role="button", most=80):
    """Go there with the Tab key alone."""
    target = page.get_by_role(role, name=name, exact=True).first
    for _ in range(most):
        if target.evaluate("(it) => it === document.activeElement"):
            return target
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never comes to {name}")


def test_by_keyboard_from_the_prompt_to_the_cell(host, opened, session):
    page = host.page
    field = reach(page, "Prompt", "textbox")
    page.keyboard.press("End")
    reach(page, "Insert [Truck left]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(field).to_be_focused()
    reach(page, "Insert [Pan left]")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(field).to_have_value(f"{PROMPT} [Pan left] [Static shot]")
    reach(page, "Sketch it: for nothing, in about a second")
    page.keyboard.press("Enter")
    sketch = page.get_by_role("article").first
    expect(sketch).to_contain_text("not saved")
    expect(sketch.locator("video")).to_be_visible()
    reach(page, "Generate")
    page.keyboard.press("Enter")
    first = page.get_by_role("article").first
    expect(first).to_contain_text("Done", timeout=30_000)
    reach(page, "Vary: put it back into the form")
    page.keyboard.press("Enter")
    expect(field).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("A fluffy panda sleeps on a snowy summit [Pan left] [Static shot]")
    reach(page, "Generate")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article").first.locator("ins")).to_have_text("sleeps", timeout=30_000)
    expect(page.get_by_text("Done")).to_have_count(2, timeout=30_000)
    for number in (0, 1):
        page.get_by_role("article").nth(number).get_by_role("button", name="Compare with others").press("Enter")
    comparison = page.get_by_role("region", name="Comparison")
    expect(comparison.locator("video")).to_have_count(2)
    expect(comparison.locator("del")).to_have_text("dances")
    comparison.get_by_role("button", name="Wipe between the two").press("Enter")
    comparison.get_by_role("slider", name="Where the first one ends").press("ArrowRight")
    assert violations(page, ".hw-studio") == []
    comparison.get_by_role("button", name="Close the comparison").press("Enter")
    page.get_by_role("article").first.get_by_role("button", name="Copy as cell").press("Enter")
    expect(page.get_by_role("textbox", name="The code")).to_have_value(
        "%%hailuo -p sketch -m MiniMax-Hailuo-2.3 -d 6 -r 768P\nA fluffy panda sleeps on a snowy summit [Pan left] [Static shot]"
    )
    assert [each.state for each in opened.jobs] == ["stored", "stored"]
    assert len(session.jobs()) == 2


def test_a_double_click_buys_one(host, opened, session):
    before = len(session.jobs())
    page = host.page
    page.get_by_role("textbox", name="Prompt").fill("A gecko on a wall")
    page.get_by_role("button", name="Generate", exact=True).dblclick()
    expect(page.get_by_text("Done")).to_have_count(1, timeout=30_000)
    assert len(session.jobs()) == before + 1


def test_a_picture_that_is_too_small_is_helped_and_the_form_says_what_is_missing(host, opened):
    page = host.page
    page.get_by_role("radio", name="First frame", exact=True).click()
    expect(page.get_by_text("First frame: no file chosen yet.")).to_be_visible()
    expect(page.get_by_role("button", name="Generate", exact=True)).to_be_disabled()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a picture: First frame").press("Enter")
    chooser.value.set_files(chosen(240, 160))
    expect(page.locator(".hw-picker")).to_contain_text("the short side must be over 300 px")
    assert violations(page, ".hw-studio") == []
    page.get_by_role("button", name="Make it fit").press("Enter")
    page.get_by_role("button", name="Use this picture").press("Enter")
    expect(page.locator(".hw-picker")).to_have_attribute("data-state", "good")
    expect(page.get_by_role("button", name="Generate", exact=True)).to_be_enabled()
    assert opened.request.first_frame.size == (480, 320)


def test_the_form_follows_the_catalogue(host, opened):
    page = host.page
    expect(page.locator(".hw-price")).to_have_text("free")
    page.get_by_role("combobox", name="Provider").focus()
    page.get_by_role("combobox", name="Provider").select_option("minimax")
    expect(page.locator(".hw-price")).to_have_text("$0.28a clip")
    expect(page.locator(".hw-key")).to_contain_text("MINIMAX_API_KEY")
    expect(page.get_by_role("combobox", name="Provider")).to_be_focused()
    page.get_by_role("radio", name="10 s").click()
    expect(page.locator(".hw-price")).to_have_text("$0.56a clip")
    ruled_out = page.get_by_role("radio", name="1080P")
    expect(ruled_out).to_have_attribute("aria-disabled", "true")
    expect(ruled_out).to_have_accessible_description("1080P is 6 s only")
    expect(page.get_by_text("1080P is 6 s only", exact=True)).to_be_visible()
    ruled_out.click(force=True)
    expect(page.get_by_role("radio", name="768P")).to_be_checked()
    page.get_by_role("radio", name="10 s").press("ArrowLeft")
    expect(page.get_by_role("radio", name="6 s")).to_be_checked()
    expect(page.get_by_role("radio", name="6 s")).to_be_focused()
    page.get_by_role("combobox", name="Model").select_option("MiniMax-H3")
    expect(page.get_by_role("combobox", name="Seconds")).to_have_value("6")
    expect(page.get_by_role("combobox", name="Width to height")).to_be_visible()


def test_a_template_says_how_many_clips_it_asks_for(host, opened):
    page = host.page
    page.get_by_role("combobox", name="Provider").select_option("minimax")
    page.get_by_role("textbox", name="Prompt").fill("A {fox | panda} <b>runs</b>")
    expect(page.locator(".hw-price")).to_have_text("$0.56for 2 clips")
    expect(page.locator(".hw-note")).to_have_text("2 clips · $0.56")
    expect(page.get_by_role("button", name="Generate")).to_be_hidden()
    expect(page.get_by_role("button", name="Review the plan")).to_be_disabled()  # there is no key
    page.get_by_role("button", name="Copy as cell").first.click()
    expect(page.get_by_role("textbox", name="The code")).to_have_value(
        "%%hailuo -p minimax -m MiniMax-Hailuo-2.3 -d 6 -r 768P\nA {fox | panda} <b>runs</b>"
    )


def test_a_sweep_is_planned_and_run_below(host, monkeypatch):
    grids = []
    made = SweepGrid.__init__

    def init(self, *args, **options):
        made(self, *args, **options)
        grids.append(self)

    monkeypatch.setattr(SweepGrid, "__init__", init)
    page = host.page
    prompt = page.get_by_role("textbox", name="Prompt")
    review = page.get_by_role("button", name="Review the plan")
    below = page.locator(".hw-studio-below")
    grid = below.get_by_role("group", name="Sweep", exact=True)

    def reviewed():
        before = len(grids)
        review.click()
        wait_until(lambda: len(grids) > before, 20, lambda: "nothing was planned")
        expect(below.locator(f".{grids[-1].place}")).to_have_count(1)
        host.mount(grids[-1], f"plan {before}", place="elsewhere")

    with simulated() as session:
        studio = Studio(session, VideoRequest.of(prompt=PROMPT), "minimax")
        host.mount(studio, place=studio.place)
        prompt.fill("A {stoat | weasel} runs")
        reviewed()
        expect(grid.get_by_role("button", name="Run · $0.56", exact=True)).to_be_visible()
        grid.get_by_role("button", name="Cancel").click()
        expect(below).to_have_count(0)
        prompt.fill("A {stoat | weasel | marten} runs")
        reviewed()
        run = grid.get_by_role("button", name="Run · $0.84", exact=True)
        expect(run).to_be_visible()
        assert violations(page, ".hw-studio") == []
        assert session.jobs() == []  # nothing is sent before Run
        assert session.simulator.tasks == {}
        run.click()
        expect(grid.locator('[data-state="stored"]')).to_have_count(3)


def test_marks_notes_and_the_library(host, opened):
    page = host.page
    page.get_by_role("textbox", name="Prompt").fill("A heron in the reeds")
    page.get_by_role("button", name="Generate", exact=True).click()
    card = page.get_by_role("article").first
    expect(card).to_contain_text("Done", timeout=30_000)
    card.get_by_role("button", name="4 of 5").click()
    expect(card.get_by_role("group", name="Rated 4 of 5")).to_be_visible()
    card.get_by_role("button", name="Write a note").click()
    card.get_by_role("textbox", name="Note").fill("the <b>good</b> one")
    card.get_by_role("textbox", name="Note").blur()
    expect(card.locator(".hw-remark")).to_have_text("the <b>good</b> one")
    page.get_by_role("button", name="Library", exact=True).click()
    page.get_by_role("searchbox").fill("heron")
    expect(page.get_by_text("1 clip", exact=True)).to_be_visible()
    expect(page.locator(".hw-nothing:visible")).to_have_count(0)
    page.get_by_role("searchbox").fill("osprey")
    expect(page.get_by_text("No clips match. Clear a filter.")).to_be_visible()
    page.get_by_role("searchbox").fill("heron")
    expect(page.get_by_text("No clips match. Clear a filter.")).to_be_hidden()
    wall = page.get_by_role("listbox", name="Clips")
    expect(wall.get_by_role("option").first).to_contain_text("★★★★")
    assert violations(page, ".hw-studio") == []
    wall.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_have_count(1)


@pytest.mark.parametrize(("theme", "width"), [("dark", 360), ("light", 700), ("dark", 1100), ("light", 1100)])
def test_nothing_is_wider_than_its_place_and_axe_finds_nothing(host, opened, theme, width):
    host.theme(theme)
    page = host.page
    page.set_viewport_size({"width": width, "height": 900})
    page.get_by_role("textbox", name="Prompt").fill("Unbroken" * 40 + " [Pan up] [Pan left,Push in]")
    page.get_by_role("radio", name="First frame", exact=True).click()
    expect(page.locator(".hw-misses")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page, ".hw-studio") == []


@pytest.mark.parametrize("width", [480, 760, 1100])
def test_a_vendor_with_long_words_stays_in_its_column(host, session, width):
    """MiniMax has no key here and lists ways of making a clip that it does not offer, each with its reason."""
    host.page.set_viewport_size({"width": width, "height": 900})
    studio = Studio(session, VideoRequest.of(prompt=PROMPT), "minimax")
    host.mount(studio, place=studio.place)
    expect(host.page.get_by_role("combobox", name="Provider")).to_have_value("minimax")
    beyond = """() => [...document.querySelectorAll(".hw-left *")].filter((it) => it.checkVisibility()
      && it.getBoundingClientRect().right > it.closest(".hw-left").getBoundingClientRect().right + 1
    ).map((it) => it.className || it.tagName)"""
    assert host.page.evaluate(beyond) == []


def test_who_wants_no_motion_gets_none(host, opened):
    page = host.page
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("button", name="Insert [Shake]").hover()
    page.wait_for_function("() => document.getAnimations().length === 0")
    page.get_by_role("button", name="Sketch it: for nothing").click()
    expect(page.get_by_role("button", name="Play this sketch")).to_be_visible()
    expect(page.locator("video")).to_have_count(0)


def test_a_kernel_that_goes_leaves_what_was_under_it(host, session):
    studio = Studio(session, VideoRequest.of(prompt=PROMPT), "sketch")
    page = host.page
    page.evaluate(
        "([place]) => { document.body.append(Object.assign(document.createElement('div'), "
        "{className: 'jp-OutputArea-child', innerHTML: `<div class='${place}-after'>kept</div>`})); }",
        [studio.place],
    )
    host.mount(studio, place=studio.place)
    expect(page.get_by_role("region", name="Studio")).to_be_visible()
    expect(page.get_by_text("kept")).to_be_hidden()
    host.drop()
    expect(page.get_by_role("region", name="Studio")).to_have_count(0)
    expect(page.get_by_text("kept")).to_be_visible()
    assert page.evaluate("[...hosts.widget.listeners.values()].every((each) => each.size <= 1)")


def test_a_library_is_a_wall(host, session):
    job = session.start(VideoRequest.of(prompt="An otter in the surf"), "sketch")
    clip = job.result(30)
    grid = ClipGrid(ClipQuery(session.library(), session.clock))
    host.mount(grid, place=grid.place)
    page = host.page
    first = page.get_by_role("listbox", name="Clips").get_by_role("option").first
    expect(first).to_contain_text("An otter in the surf")
    expect(first.locator("img")).to_be_visible()
    page.get_by_role("listbox", name="Clips").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Chosen clip").locator("video")).to_be_visible()
    expect(page.get_by_text(f'hw.library()["{clip.id}"]')).to_be_visible()
    assert grid.value.id == clip.id
    actions = page.get_by_role("group", name="Clip actions")
    expect(actions.get_by_role("button", name="Copy path")).to_be_visible()
    with page.expect_download() as download:
        actions.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == clip.path.name
    page.get_by_role("button", name="2 of 5").click()
    expect(page.get_by_role("group", name="Rated 2 of 5")).to_be_visible()
    assert violations(page, ".hw-library") == []
    page.get_by_role("button", name="Close the clip").click()
    expect(page.get_by_role("listbox", name="Clips")).to_be_focused()


def test_a_wall_of_many_clips_reuses_its_tiles(host, session, monkeypatch):
    first = session.start(VideoRequest.of(prompt="An otter in the surf"), "sketch").result(30)
    many = [replace(first, id=f"clip-{number}", prompt=f"{'Scene ' * 40}{number}") for number in range(3000)]
    many[1] = replace(many[1], provider="minimax")
    monkeypatch.setattr(type(session.library()), "search", lambda _library, _wanted, _limit=None: many)
    grid = ClipGrid(ClipQuery(session.library(), session.clock))
    host.mount(grid, place=grid.place)
    page = host.page
    wall = page.get_by_role("listbox", name="Clips")

    def at(place):
        return wall.locator(f'[aria-posinset="{place}"]')

    expect(at(1)).to_contain_text("Scene Scene")
    expect(at(1).locator("img")).to_be_visible()
    expect(at(1)).to_contain_text("SKETCH")
    expect(at(1).locator(".hw-tag")).to_be_visible()
    expect(at(2).locator("img")).to_be_visible()
    expect(at(2).locator(".hw-tag")).to_be_hidden()
    tiles = page.locator(".hw-tile")
    expect(tiles).not_to_have_count(0)
    used = tiles.count()
    wall.focus()
    for key, place in (("End", 3000), ("PageUp", None), ("Home", 1), ("PageDown", None), ("End", 3000)):
        page.keyboard.press(key)
        chosen = page.locator('.hw-tile[aria-selected="true"]')
        expect(chosen).to_have_count(1)
        if place:
            expect(chosen).to_have_attribute("aria-posinset", str(place))
            expect(at(place).locator("img")).to_be_visible()
            expect(wall).to_have_attribute("aria-activedescendant", at(place).get_attribute("id") or "")
    expect(chosen).to_have_attribute("aria-setsize", "3000")
    assert tiles.count() == used


def test_a_clip_of_the_library_is_opened_in_a_studio_below(host, session, monkeypatch):
    monkeypatch.setattr(Clip, "session", lambda: session)
    session.start(VideoRequest.of(prompt="A heron in the reeds"), "sketch").result(30)
    grid = ClipGrid(ClipQuery(session.library(), session.clock).search("heron"))
    host.mount(grid, place=grid.place)
    page = host.page
    page.get_by_role("listbox", name="Clips").get_by_role("option").first.click()
    actions = page.get_by_role("group", name="Clip actions")
    actions.get_by_role("button", name="Copy as cell").click()
    below = page.locator(".hw-studio-below")
    before = None
    for name in ("Open in studio", "Extend from last frame"):
        actions.get_by_role("button", name=name).click()
        wait_until(lambda seen=before: grid.below.studio is not seen, 20, lambda: "no studio was opened")
        before = grid.below.studio
        expect(below.locator(f".{before.place}")).to_have_count(1)
        host.mount(before, name, place="elsewhere")
        expect(below.get_by_role("textbox", name="Prompt")).to_have_value("A heron in the reeds")
        expect(page.get_by_role("region", name="Studio")).to_have_count(1)
    assert before.request.first_frame is not None
    page.get_by_role("button", name="Close the studio").click()
    expect(below).to_have_count(0)


def test_a_player_plays_what_it_is_given(host, session):
    clip = session.start(VideoRequest.of(prompt="An otter in the surf"), "sketch").result(30)
    player = Player(clip)
    host.mount(player)
    page = host.page
    expect(page.get_by_text("An otter in the surf")).to_be_visible()
    expect(page.locator(".hw-time")).to_have_text("0.0 / 6.0 s")
    page.get_by_role("button", name="One frame forward").press("Enter")
    page.wait_for_function("() => document.querySelector('video').currentTime > 0.04")
    assert violations(page, ".hw-player") == []
    player.value = "/nowhere.mp4"
    expect(page.get_by_role("alert")).to_have_text("The file can't be read: No such file or directory.")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_parts(host, theme):
    host.theme(theme)
    order = Order(
        "panda", PROMPT, "sketch", "no key", "sketch", "T2V", "6 s", "free", sketch=True, warnings=("Careful.",)
    )
    card = JobCard.of(order, Status("running", task_id="t1", elapsed=5, expected=60))
    for name, widget in (("editor", PromptEditor(PROMPT + " [Pan up]")), ("picker", FramePicker()), ("card", card)):
        host.mount(widget, name)
    expect(host.page.locator(".hw-view")).to_have_count(3)
    assert violations(host.page, "body") == []
