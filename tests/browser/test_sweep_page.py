"""The grid's module alone, in a page with a kernel that a test holds in its hands."""

from __future__ import annotations

import base64
import itertools
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from hailuo_widgets.sketch.render import Sketch, render
from hailuo_widgets.views.card import ClipView
from hailuo_widgets.views.grid_view import AxisView, CellView, Footage, GridItem, GridView, HeadView, PlanView
from hailuo_widgets.views.static_grid import grid_html
from support.axe import violations
from support.pictures import picture_file
from support.sweep_page import SweepPage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

AXES = (
    AxisView("camera", ("Static shot", "Pan left", "Push in", "Truck right")),
    AxisView("gait", ("trots", "leaps", "<b>sleeps</b>")),
    AxisView("model", ("MiniMax-Hailuo-2.3", "MiniMax-Hailuo-02")),
)
FOOTAGE = Footage(320, 180, 24, 3.0)
STORED = GridItem("stored", elapsed=104, clip=FOOTAGE)
RUNNING = HeadView("running", ("$1.96 spent", "$1.12 reserved"), elapsed=60, left=250, can=("pause", "cancel"))
DETAIL = {
    "segments": [["A fox <b>trots</b> ", False], ["[Pan left]", True]],
    "facts": [["Provider", "minimax"]],
    "error": "",
    "hint": "",
    "remark": "",
    "more": [["Task", "task-1"], ["prompt_optimizer", "off"]],
    "file": "hailuo_library/clips/a fox.mp4",
    "cell": "%%hailuo -d 6\nA fox trots [Pan left]",
}


def grid(axes=AXES, head=RUNNING, repeat=2, takes=None, **changes) -> GridView:
    cells = [CellView(at, "$0.28") for at in itertools.product(*(range(len(axis.values)) for axis in axes))]
    for index, change in changes.get("cells", {}).items():
        cells[index] = replace(cells[index], **change)
    return GridView(
        "fox", axes, "gait", "camera", tuple(cells), repeat, takes or {}, head, changes.get("plan", PlanView())
    )


def every(view: GridView, take: GridItem = STORED) -> GridView:
    return replace(view, takes={place: take for cell in range(len(view.cells)) for place in view.places(cell)})


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> list[bytes]:
    made = []
    for number, seconds in enumerate((3.0, 2.5)):
        path = tmp_path_factory.mktemp("clips") / f"{number}.mp4"
        render(Sketch("a red fox", (), 320, 180, seconds, 24), path)
        made.append(path.read_bytes())
    return made


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with chromium.new_page(viewport={"width": 1100, "height": 800}) as opened:
        errors: list[str] = []
        opened.on("pageerror", lambda error: errors.append(str(error)))
        yield opened
        assert errors == []


@pytest.fixture
def sweep(page: Page, clips) -> SweepPage:
    shown = SweepPage(page)
    mount = shown.mount
    posters, sheet = [picture_file(160, 90, "JPEG")], (picture_file(1280, 90, "JPEG"), 8)
    shown.mount = lambda view, **options: mount(
        view, **{"posters": posters, "clips": clips, "sheet": sheet, "detail": DETAIL, **options}
    )
    return shown


def cell(page: Page, name: str):
    return page.get_by_role("gridcell", name=name)


def headings(page: Page, kind: str) -> Locator:
    return page.get_by_role(kind).filter(has_not_text="→")


def test_rows_columns_and_the_rest_as_tabs_change_places_without_the_kernel(page, sweep):
    sweep.mount(every(grid()))
    asked = len(sweep.sent("whole"))
    expect(headings(page, "columnheader")).to_have_text(["Static shot", "Pan left", "Push in", "Truck right"])
    expect(headings(page, "rowheader")).to_have_text(["trots", "leaps", "<b>sleeps</b>"])
    expect(page.get_by_role("gridcell")).to_have_count(12)
    expect(cell(page, "Pan left, leaps, MiniMax-Hailuo-2.3")).to_have_count(1)
    page.get_by_text("MiniMax-Hailuo-02", exact=True).click()
    expect(cell(page, "Pan left, leaps, MiniMax-Hailuo-02")).to_have_count(1)
    page.get_by_role("combobox", name="Columns").select_option("model")
    expect(headings(page, "columnheader")).to_have_text(["MiniMax-Hailuo-2.3", "MiniMax-Hailuo-02"])
    expect(page.get_by_role("gridcell")).to_have_count(6)
    expect(page.get_by_role("radio", name="Pan left")).to_have_count(1)
    page.get_by_role("combobox", name="Rows").select_option("model")
    expect(headings(page, "rowheader")).to_have_text(["MiniMax-Hailuo-2.3", "MiniMax-Hailuo-02"])
    expect(headings(page, "columnheader")).to_have_text(["trots", "leaps", "<b>sleeps</b>"])
    page.get_by_role("button", name="Swap rows and columns").click()
    expect(headings(page, "rowheader")).to_have_text(["trots", "leaps", "<b>sleeps</b>"])
    assert len(sweep.sent("whole")) == asked
    expect(page.locator(".hw-sweep b:has-text('sleeps')")).to_have_count(0)


def test_few_values_of_a_third_axis_divide_the_columns_and_more_can(page, sweep):
    few = (AxisView("camera", ("Pan left", "Push in")), *AXES[1:])
    sweep.mount(every(grid(few, repeat=1)))
    columns = page.get_by_role("combobox", name="Columns")
    expect(columns.locator("option:checked")).to_have_text("camera / model")
    expect(page.get_by_role("gridcell")).to_have_count(12)
    expect(page.get_by_role("radio")).to_have_count(0)
    expect(headings(page, "columnheader")).to_have_text(
        ["Pan leftMiniMax-Hailuo-2.3MiniMax-Hailuo-02", "Push inMiniMax-Hailuo-2.3MiniMax-Hailuo-02"]
    )
    second = page.get_by_role("row").nth(1).get_by_role("gridcell")
    expect(second.nth(1)).to_have_accessible_name(re.compile("^Pan left, trots, MiniMax-Hailuo-02"))
    expect(second.nth(2)).to_have_accessible_name(re.compile("^Push in, trots, MiniMax-Hailuo-2.3"))
    columns.select_option("gait / camera")
    expect(headings(page, "rowheader")).to_have_text(["MiniMax-Hailuo-2.3", "MiniMax-Hailuo-02"])
    expect(page.get_by_role("gridcell")).to_have_count(12)
    columns.select_option("camera")
    expect(page.get_by_role("gridcell")).to_have_count(4)
    expect(page.get_by_role("radio")).to_have_count(3)


def test_a_narrow_grid_fits_its_width_and_its_tools_are_behind_one_button(page, sweep):
    page.set_viewport_size({"width": 600, "height": 800})
    sweep.mount(every(grid(repeat=1)))
    expect(page.get_by_role("gridcell")).to_have_count(12)
    scroller = page.locator(".hw-scroll")
    expect(scroller).to_have_js_property("scrollWidth", scroller.evaluate("(it) => it.clientWidth"))
    rating = page.get_by_role("combobox", name="Lowest rating")
    expect(rating).to_be_hidden()
    page.get_by_role("button", name="More tools").click()
    expect(rating).to_be_visible()
    page.get_by_role("button", name="Larger cells").click()
    page.wait_for_function(
        "() => { const it = document.querySelector('.hw-scroll'); return it.scrollWidth > it.clientWidth; }"
    )
    page.get_by_role("button", name="More tools").click()
    expect(rating).to_be_hidden()
    cell(page, "Static shot, trots").focus()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_a_saved_table_plays_a_clip_in_the_place_of_its_poster(page, clips):
    view = every(grid(repeat=1))
    address = "data:video/mp4;base64," + base64.b64encode(clips[0]).decode()
    shown = ClipView(address, "a.mp4", picture_file(320, 180, "JPEG"), 320, 180, 24, 3.0, 1000, "", False)
    page.set_content(grid_html(view, {(0, 0): shown, (1, 0): shown}))
    page.locator("summary").first.click()
    player = page.locator("video").first
    expect(player).to_be_visible()
    page.wait_for_function("() => document.querySelector('video').currentTime > 0.2")
    expect(player).to_have_js_property("muted", True)
    assert (
        page.evaluate("() => document.querySelectorAll('video')[1].readyState") == 0
    )  # nothing of the other was loaded
    page.keyboard.press("Enter")
    expect(player).to_be_hidden()
    expect(player).to_have_js_property("paused", True)


def test_what_cannot_be_had_stays_in_its_place_with_the_reason(page, sweep):
    reason = "1080P supports 6 s only, and 10 s was asked for."
    sweep.mount(grid(cells={0: {"problem": reason}, 2: {"skipped": True}}))
    expect(cell(page, "Static shot, trots")).to_contain_text(reason)
    expect(cell(page, "Static shot, leaps")).to_contain_text("Skipped")
    for count in ("1 not possible", "1 skipped", "44 planned"):
        expect(page.get_by_role("group", name="Show only").get_by_text(count)).to_be_visible()


def test_news_change_cells_counts_money_and_time(page, sweep):
    sweep.mount(grid(repeat=1))
    expect(page.get_by_text("$1.96 spent · $1.12 reserved")).to_be_visible()
    expect(page.get_by_text("0 of 24 done · 1:00 · about 4 min left")).to_be_visible()
    sweep.change({(0, 0): GridItem("running", elapsed=48, expected=110)})
    expect(cell(page, "Static shot, trots")).to_contain_text("0:48 of 1:50")
    sweep.change({(0, 0): STORED, (2, 0): GridItem("failed", error="It was turned down.", charged="not charged")})
    expect(cell(page, "Static shot, trots")).to_contain_text("1:44 · $0.28")
    expect(cell(page, "Static shot, leaps")).to_contain_text("It was turned down.")
    expect(cell(page, "Static shot, leaps")).to_contain_text("not charged")
    expect(page.get_by_text("1 of 24 done · 1:0")).to_be_visible()
    for count in ("1 done", "1 failed", "22 planned"):
        expect(page.get_by_text(count, exact=True)).to_be_visible()
    sweep.change({}, replace(RUNNING, phase="done", money=("$0.28 spent",), elapsed=431, left=None, can=("retry",)))
    expect(page.get_by_text("took 7:11")).to_be_visible()
    expect(page.get_by_role("button", name="Retry failed")).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)


def test_where_news_are_lost_the_whole_is_asked_for_and_nothing_stays_wrong(page, sweep):
    view = grid(repeat=1)
    sweep.mount(view)
    assert len(sweep.sent("whole")) == 1  # what it was opened with may be old
    sweep.show(view)
    sweep.change({(0, 0): GridItem("queued")})
    sweep.change({(0, 0): STORED}, lost=True)
    sweep.change({(2, 0): GridItem("queued")})
    sweep.change({(4, 0): GridItem("queued")})
    assert len(sweep.sent("whole")) == 2
    expect(cell(page, "Static shot, trots")).to_contain_text("Queued")
    sweep.show(replace(view, takes={(0, 0): STORED}))
    expect(cell(page, "Static shot, trots")).to_contain_text("Done")
    expect(cell(page, "Static shot, leaps")).to_contain_text("Planned")


def test_a_plan_has_its_price_and_asks(page, sweep):
    plan = PlanView((("Cells", "24"), ("Price", "$6.72")), ("prompt_optimizer differs between the models.",), "$6.72")
    sweep.mount(grid(head=HeadView("plan", can=("run", "cheapest", "cancel")), plan=plan))
    expect(page.get_by_text("prompt_optimizer differs between the models.")).to_be_visible()
    page.get_by_role("button", name="Run · $6.72").click()
    expect(page.get_by_role("button", name="Starting…")).to_be_disabled()
    expect(page.get_by_role("button", name="Run cheapest first")).to_be_disabled()
    assert sweep.sent("act") == [{"type": "act", "what": "run"}]
    sweep.change({}, RUNNING)
    expect(page.get_by_text("prompt_optimizer differs")).to_be_hidden()
    page.get_by_role("button", name="Pause").click()
    sweep.change({}, replace(RUNNING, phase="paused", can=("resume", "cancel"), halted=(("minimax", "No balance."),)))
    expect(page.get_by_text("minimax is halted.")).to_be_visible()
    expect(page.get_by_text("No balance.")).to_be_visible()
    page.get_by_role("button", name="Cancel the rest").click()
    assert [each["what"] for each in sweep.sent("act")] == ["run", "pause", "cancel"]


def test_posters_are_asked_for_in_view_only_and_stay(page, sweep):
    axes = (AxisView("scene", tuple(f"scene {n}" for n in range(60))), AxisView("camera", ("a", "b")))
    sweep.mount(replace(every(grid(axes, repeat=1)), rows="scene", columns="camera"))
    expect(page.locator('.hw-cell[data-cell="0"] img')).to_be_visible()
    wanted = {tuple(place) for each in sweep.sent("look") for place in each["at"]}
    assert (0, 0) in wanted
    assert 2 < len(wanted) < 40
    page.locator('.hw-cell[data-cell="60"]').scroll_into_view_if_needed()
    expect(page.locator('.hw-cell[data-cell="60"] img')).to_be_visible()
    page.locator(".hw-scroll").evaluate("(it) => it.scrollTo(0, 0)")
    expect(page.locator('.hw-cell[data-cell="0"] img')).to_be_visible()
    places = [tuple(place) for each in sweep.sent("look") for place in each["at"]]
    assert len(places) == len(set(places))
    expect(page.get_by_role("rowheader", name="scene 0", exact=True)).to_be_in_viewport()


TIMES = "() => [...document.querySelectorAll('.hw-cell video')].map((video) => video.currentTime)"


IN_STEP = """async (query) => {
  for (let frame = 0; frame < 6; frame += 1) {
    const times = [...document.querySelectorAll(query)].map((video) => video.currentTime);
    if (Math.max(...times) - Math.min(...times) > 0.08) return false;
    await new Promise(requestAnimationFrame);
  }
  return true;
}"""


def play_in_step(page: Page, videos: str = ".hw-cell video") -> None:
    """For six pictures of the page one after the other; a busy machine may hold up one clip for a moment before."""
    page.wait_for_function(IN_STEP, arg=videos)


def test_at_most_six_clips_play_in_step(page, sweep):
    sweep.mount(every(grid(repeat=1)))
    page.get_by_role("button", name="Play in step").click()
    expect(page.locator(".hw-cell video")).to_have_count(6)
    expect(page.get_by_text("6 of 12 in view play")).to_be_visible()
    page.wait_for_function(f"() => Math.min(...({TIMES})()) > 0.5")
    play_in_step(page)
    page.get_by_role("combobox", name="Speed").select_option("2")
    page.wait_for_function(f"() => Math.min(...({TIMES})()) > 1.2")
    play_in_step(page)
    page.get_by_role("button", name="Pause playing").click()
    page.get_by_role("slider", name="Time").fill("250")
    page.wait_for_function(f"() => ({TIMES})().every((time) => Math.abs(time - 0.75) < 0.02)")
    page.get_by_role("button", name="One frame forward").click()
    page.wait_for_function(f"() => ({TIMES})().every((time) => Math.abs(time - 0.8125) < 0.01)")
    cell(page, "Truck right, trots").click(position={"x": 60, "y": 40})
    expect(cell(page, "Truck right, trots").locator("video")).to_have_count(1)
    cell(page, "Truck right, <b>sleeps</b>").click(position={"x": 60, "y": 40})
    expect(cell(page, "Truck right, <b>sleeps</b>").locator("video")).to_have_count(1)
    expect(page.locator(".hw-cell video")).to_have_count(6)
    page.keyboard.press("Escape")
    expect(page.locator(".hw-cell video")).to_have_count(0)


def test_a_shorter_clip_waits_on_its_last_frame_and_the_loop_begins_for_all(page, sweep):
    sweep.mount(every(grid((AxisView("camera", ("a", "b")),), repeat=1)))
    page.get_by_role("button", name="Play in step").click()
    expect(page.locator(".hw-cell video")).to_have_count(2)
    page.wait_for_function(
        f"() => {{ const all = ({TIMES})(); return Math.max(...all) > 2.75 && Math.abs(Math.min(...all) - 2.5) < 0.06; }}"
    )
    page.wait_for_function(
        f"() => {{ const all = ({TIMES})(); return Math.max(...all) < 1 && Math.min(...all) > 0.2; }}"
    )
    play_in_step(page)


def test_clips_that_are_not_needed_are_let_go(page, sweep):
    page.evaluate(
        """() => {
        window.urls = new Set();
        const [make, drop] = [URL.createObjectURL, URL.revokeObjectURL];
        URL.createObjectURL = (blob) => { const url = make(blob); if (blob.type === "video/mp4") window.urls.add(url); return url; };
        URL.revokeObjectURL = (url) => { window.urls.delete(url); drop(url); };
        }"""
    )
    sweep.mount(every(grid(repeat=1)))
    for number in range(9):
        page.locator(".hw-cell").nth(number).click(position={"x": 60, "y": 40})
        expect(page.locator(".hw-cell").nth(number).locator("video")).to_have_count(1)
    page.wait_for_function("() => window.urls.size === 6")
    assert len(sweep.sent("clip")) == 9
    page.evaluate("() => host.drop()")
    page.wait_for_function("() => window.urls.size === 0")
    page.wait_for_function("() => host.listeners['msg:custom'].size + host.listeners['change:whole'].size === 0")


def test_a_clip_whose_file_is_gone_says_so(page, sweep):
    sweep.mount(every(grid(repeat=1)), clips=[])
    page.locator(".hw-cell").first.focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("The file is gone.")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_text("The file is gone.")).to_be_visible()


def test_the_mouse_scrubs_a_contact_sheet(page, sweep):
    sweep.mount(every(grid(repeat=1)))
    frame = page.locator(".hw-cell .hw-cell-frame").first
    frame.hover(position={"x": 20, "y": 60})
    sheet = frame.locator(".hw-cell-sheet")
    expect(sheet).to_be_visible()
    first = sheet.evaluate("(it) => getComputedStyle(it).backgroundPosition")
    box = frame.bounding_box()
    frame.hover(position={"x": box["width"] - 24, "y": 60})
    expect(sheet).not_to_have_css("background-position", first)
    page.get_by_role("button", name="Loop").hover()
    expect(sheet).to_be_hidden()


def test_news_of_a_cell_leave_the_contact_sheet_under_the_mouse(page, sweep):
    """A poster, or anybody's rating, may come in while the mouse rests on the cell."""
    sweep.mount(every(grid(repeat=1)))
    frame = page.locator(".hw-cell .hw-cell-frame").first
    frame.hover(position={"x": 20, "y": 60})
    sheet = frame.locator(".hw-cell-sheet")
    expect(sheet).to_be_visible()
    page.evaluate("host.answer({ type: 'look', at: [[0, 0]] })")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(sheet).to_be_visible()


def test_everything_by_keyboard(page, sweep):
    sweep.mount(every(grid()))
    page.locator(".hw-cell").first.focus()
    expect(cell(page, "Static shot, trots")).to_be_focused()
    expect(page.locator('.hw-cell[tabindex="0"]')).to_have_count(1)
    for key, name in {
        "ArrowRight": "Pan left, trots",
        "ArrowDown": "Pan left, leaps",
        "End": "Truck right, leaps",
        "ArrowLeft": "Push in, leaps",
        "ArrowUp": "Push in, trots",
        "Home": "Static shot, trots",
        "Control+End": "Truck right, <b>sleeps</b>",
        "Control+Home": "Static shot, trots",
    }.items():
        page.keyboard.press(key)
        expect(cell(page, name)).to_be_focused()
    assert (
        page.locator(".hw-cell:focus .hw-cell-frame").evaluate("(it) => getComputedStyle(it).outlineStyle") == "solid"
    )
    page.keyboard.press("4")
    page.keyboard.press("s")
    page.keyboard.press("r")
    page.keyboard.press("2")
    assert sweep.sent("mark") == [
        {"type": "mark", "at": [0, 0], "rating": 4},
        {"type": "mark", "at": [0, 0], "starred": True},
        {"type": "mark", "at": [0, 1], "rating": 2},
    ]
    expect(page.get_by_role("gridcell", name="rated 2, replicate 2 of 2")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator(".hw-cell:focus video")).to_have_count(1)
    page.keyboard.press("n")
    note = page.get_by_role("dialog").get_by_role("textbox", name="Note")
    expect(note).to_be_focused()
    page.keyboard.type("s 4 n")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert sweep.sent("mark")[-1] == {"type": "mark", "at": [0, 1], "remark": "s 4 n"}
    expect(cell(page, "Static shot, trots")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_text("compare: press it on two cells")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("compare: press it on two cells")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_label("Filter by words")).to_be_focused()


def test_escape_leads_from_the_grid_back_to_the_notebooks_cell(page, sweep):
    sweep.mount(every(grid()))
    page.evaluate(
        "() => { const cell = document.body.appendChild(document.createElement('div'));"
        " cell.className = 'jp-Cell'; cell.tabIndex = 0; cell.append(document.querySelector('main')); }"
    )
    page.locator(".hw-cell").first.focus()
    page.keyboard.press("Space")
    expect(page.locator(".hw-cell:focus video")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".hw-cell:focus")).to_have_count(1)  # it stopped what played
    page.keyboard.press("Escape")
    expect(page.locator(".jp-Cell")).to_be_focused()


def test_two_views_of_a_sweep_keep_their_own_tabs(page, sweep):
    sweep.mount(every(grid()))
    sweep.mount(every(grid()))
    views = [page.locator(".hw-sweep").nth(which) for which in (0, 1)]
    views[1].get_by_text("MiniMax-Hailuo-02", exact=True).click()
    expect(views[1].get_by_role("radio", name="MiniMax-Hailuo-02")).to_be_checked()
    expect(views[0].get_by_role("radio", name="MiniMax-Hailuo-2.3")).to_be_checked()


def test_while_clips_are_made_the_bar_counts_only_finished_ones(page, sweep):
    running = GridItem("running", elapsed=48, expected=110)
    view = every(grid(repeat=1), running)
    sweep.mount(view)
    bar = page.get_by_role("progressbar", name="Progress of fox")
    expect(bar).to_have_attribute("aria-valuenow", "0")
    full = "(bar) => [...bar.children].filter((part) => part.clientWidth && getComputedStyle(part).opacity === '1'"
    full += " && getComputedStyle(part).backgroundColor !== 'rgba(0, 0, 0, 0)').length"
    assert bar.evaluate(full) == 0
    sweep.change({(0, 0): STORED})
    expect(bar).to_have_attribute("aria-valuetext", "1 of 24 done")
    assert bar.evaluate(full) == 1


def test_every_control_has_a_name(page, sweep):
    sweep.mount(every(grid()))
    page.locator(".hw-cell").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, textarea, [role=gridcell], [role=progressbar], dialog')]
        .filter((it) => !(it.ariaLabel || it.textContent.trim() || it.labels?.[0]?.textContent.trim())).map((it) => it.outerHTML)"""
    )
    assert nameless == []


def test_enlarged_it_plays_and_says_everything_that_is_known(page, sweep):
    sweep.mount(every(grid()))
    page.locator(".hw-cell").first.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".hw-chip")).to_have_text("[Pan left]")
    expect(dialog.locator(".hw-prompt")).to_have_text("A fox <b>trots</b> [Pan left]")
    dialog.get_by_text("All parameters").click()
    expect(dialog.get_by_text("task-1")).to_be_visible()
    page.wait_for_function("() => document.querySelector('dialog video')?.currentTime > 0.2")
    page.keyboard.press("5")
    expect(dialog.get_by_role("button", name="Rate 5")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowRight")
    expect(dialog.locator(".hw-dialog-top b").first).to_have_text("Pan left")
    page.keyboard.press("Escape")
    expect(cell(page, "Pan left, trots")).to_be_focused()
    expect(page.locator("dialog video")).to_have_count(0)


def test_what_was_measured_is_found_sorted_and_drawn_over_the_clip(page, sweep):
    obeyed = replace(STORED, seen="pan left ✓ 8%/s", obeyed=True, figures=(0.2, 0.1, 0.1, 0.9, 40.0, 0.5))
    other = replace(STORED, seen="asked push in · seen tilt up", obeyed=False, figures=(3.0, 0.1, 0.1, 0.9, 40.0, 0.5))
    camera = [[0, 1.5, 0, 8, 0.1, "tilt up"], [1.5, 3, 0.1, 0.1, 0, "static shot"]]
    sweep.mount(every(grid(repeat=1)), detail={**DETAIL, "asked": "push in", "camera": camera})
    expect(page.get_by_role("combobox", name="Camera")).to_be_hidden()
    sweep.change({(6, 0): obeyed, (12, 0): other})
    expect(cell(page, "asked push in · seen tilt up")).to_contain_text("asked push in · seen tilt up")
    page.get_by_role("combobox", name="Camera").select_option("Camera not as requested")
    fitting = page.locator(".hw-cell:not([data-out=true])")
    expect(fitting).to_have_count(1)
    fitting.focus()
    page.keyboard.press("Enter")
    arrow = page.get_by_role("dialog").locator(".hw-arrow")
    expect(arrow).to_contain_text("asked push in")
    expect(arrow).to_contain_text("seen tilt up (1 of 2)")
    expect(arrow.locator("path.hw-arrow-above")).to_have_count(1)
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Camera").select_option("Any camera")
    page.get_by_role("button", name="Show as a list").click()
    page.get_by_role("combobox", name="Order").select_option("motion")
    expect(page.get_by_role("listitem").first).to_contain_text("seen tilt up")


def test_an_enlarged_clip_can_be_kept_found_and_requested_again(page, sweep):
    sweep.mount(every(grid()))
    page.evaluate(
        "() => Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (text) => { host.copy = text; }}})"
    )
    page.locator(".hw-cell").first.focus()
    page.keyboard.press("Enter")
    actions = page.get_by_role("dialog").get_by_role("group", name="Clip actions")
    actions.get_by_role("button", name="Copy path").click()
    expect(actions.get_by_role("status")).to_have_text("Copied")
    assert page.evaluate("host.copy") == DETAIL["file"]
    actions.get_by_role("button", name="Copy as cell").click()
    page.wait_for_function("(cell) => host.copy === cell", arg=DETAIL["cell"])
    with page.expect_download() as download:
        actions.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "a fox.mp4"
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("prompt_optimizer")).to_be_hidden()
    dialog.get_by_text("All parameters").click()
    expect(dialog.get_by_text("prompt_optimizer")).to_be_visible()
    sweep.change({(1, 0): STORED})  # news of another cell
    expect(dialog.get_by_text("prompt_optimizer")).to_be_visible()


def test_grid_and_clip_fill_the_screen_in_large_type(page, sweep):
    sweep.mount(every(grid()))
    page.locator(".hw-cell").first.focus()
    page.keyboard.press("f")
    expect(page.locator(".hw-sweep:fullscreen")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".hw-large-frame video")).to_be_visible()
    page.keyboard.press("f")
    expect(page.locator(".hw-dialog-inside:fullscreen")).to_be_visible()
    expect(page.locator(".hw-large .hw-prompt")).to_be_in_viewport(ratio=1)
    expect(page.get_by_text("Provider")).to_be_hidden()
    page.keyboard.press("f")
    expect(page.locator(".hw-dialog-inside:fullscreen")).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Full screen (f)").click()
    expect(page.locator(".hw-sweep:fullscreen")).to_have_count(0)


def test_what_holds_for_all_cells_is_said_once(page, sweep):
    view = every(grid(repeat=1), replace(STORED, cached=True))
    sweep.mount(replace(view, cells=tuple(replace(each, sketch=True, price="free") for each in view.cells)))
    expect(page.get_by_text("SKETCH")).to_have_count(1)
    expect(page.locator(".hw-cell").get_by_text("Done").locator("visible=true")).to_have_count(0)
    expect(cell(page, "Static shot, trots")).to_contain_text("free")
    expect(page.get_by_text("cached")).to_have_count(0)


def test_two_are_compared_in_step(page, sweep):
    sweep.mount(every(grid()))
    page.locator(".hw-cell").nth(0).focus()
    page.keyboard.press("c")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("c")
    videos = page.locator("dialog video")
    expect(videos).to_have_count(2)
    page.wait_for_function("() => [...document.querySelectorAll('dialog video')].every((it) => it.currentTime > 0.3)")
    play_in_step(page, "dialog video")
    expect(page.locator("dialog .hw-large .hw-dialog-title b")).to_have_text(["Static shot", "Pan left"])


def test_filters_and_the_list_in_order_of_rating(page, sweep):
    view = every(grid(repeat=1))
    takes = {**view.takes, (0, 0): replace(STORED, rating=2, starred=True), (10, 0): replace(STORED, rating=5)}
    takes[2, 0] = GridItem("failed", error="It was turned down.")
    sweep.mount(replace(view, takes=takes))
    fitting = page.locator('.hw-cell:not([data-out="true"])')
    page.get_by_role("button", name="Show only: Failed").click()
    expect(fitting).to_have_count(1)
    expect(headings(page, "rowheader").filter(visible=True)).to_have_text(["leaps"])
    page.get_by_role("button", name="Show only: Failed").click()
    page.get_by_label("Filter by words").fill("LEAPS pan")
    expect(fitting).to_have_count(1)
    page.get_by_label("Filter by words").fill("nothing such")
    expect(page.get_by_text("No clips match. Clear a filter.")).to_be_visible()
    page.get_by_label("Filter by words").fill("")
    page.get_by_role("button", name="Show only starred").click()
    expect(fitting).to_have_count(1)
    page.get_by_role("button", name="Show only starred").click()
    page.get_by_role("button", name="Show as a list").click()
    expect(page.get_by_role("listitem")).to_have_count(24)
    page.get_by_label("Order").select_option("Best rated first")
    rated = [int(each) for each in page.locator(".hw-cell").evaluate_all("(all) => all.map((it) => it.dataset.cell)")]
    assert rated[:2] == [10, 0]
    page.get_by_label("Lowest rating").select_option("5")
    expect(page.get_by_role("listitem").filter(visible=True)).to_have_count(1)


def test_somebody_who_looks_is_said_to_look(page, sweep):
    sweep.mount(every(grid()))
    page.locator(".hw-cell").nth(2).hover()
    page.locator(".hw-cell").nth(1).hover()
    assert len(sweep.sent("touch")) == 1


def test_axes_that_go_together_are_one(page, sweep):
    axes = (
        AxisView("place", ("snow", "grass")),
        AxisView("light", ("dawn", "dusk")),
        AxisView("camera", ("a", "b")),
        AxisView("gait", ("trots", "leaps")),
    )
    cells = tuple(CellView((n, n, c, g), "$1.00") for n in range(2) for c in range(2) for g in range(2))
    sweep.mount(every(GridView("fox", axes, "gait", "camera", cells, head=RUNNING)))
    expect(headings(page, "columnheader")).to_have_text(["asnow, dawngrass, dusk", "bsnow, dawngrass, dusk"])
    page.get_by_role("combobox", name="Columns").select_option("camera")
    expect(page.get_by_role("radio")).to_have_count(2)
    expect(page.get_by_role("gridcell", name="snow, dawn")).to_have_count(4)
    page.get_by_text("grass, dusk", exact=True).click()
    expect(page.get_by_role("gridcell", name="grass, dusk")).to_have_count(4)
    page.get_by_role("combobox", name="Rows").select_option("light")
    expect(headings(page, "rowheader")).to_have_text(["dawn, snow", "dusk, grass"])
    expect(page.get_by_role("gridcell")).to_have_count(4)
    expect(page.get_by_role("radio")).to_have_count(2)


@pytest.mark.parametrize("dark", [False, True])
def test_nobody_is_shut_out(page, sweep, dark):
    view = every(grid(cells={0: {"problem": "No."}, 2: {"skipped": True}}))
    takes = {**view.takes, (4, 0): GridItem("failed", error="It failed."), (8, 0): GridItem("running", elapsed=3)}
    sweep.mount(replace(view, takes=takes), dark=dark)
    expect(page.locator(".hw-cell-poster").last).to_be_visible()
    assert violations(page, ".hw-sweep") == []
    page.locator(".hw-cell").nth(7).focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog .hw-chip")).to_be_visible()
    assert violations(page, ".hw-sweep") == []


def test_five_hundred_cells(page, sweep):
    axes = (AxisView("scene", tuple(f"scene {n}" for n in range(50))), AxisView("camera", tuple("abcdefghij")))
    sweep.mount(replace(every(grid(axes, repeat=1)), rows="scene", columns="camera"))
    drawn = page.locator(".hw-cell .hw-cell-frame")
    expect(page.get_by_role("gridcell")).to_have_count(500)
    assert drawn.count() < 250
    page.get_by_role("button", name="Swap rows and columns").click()
    expect(headings(page, "columnheader")).to_have_count(50)
    page.locator(".hw-cell").first.focus()
    page.keyboard.press("Control+End")
    expect(cell(page, "scene 49, j")).to_be_in_viewport()


def test_who_asked_for_less_motion_gets_none(page, sweep):
    page.emulate_media(reduced_motion="reduce")
    sweep.mount(every(grid(), GridItem("running", elapsed=3)))
    expect(page.locator(".hw-ring").first).to_be_visible()
    page.wait_for_function("() => document.getAnimations().length === 0")
    page.emulate_media(reduced_motion="no-preference")
    page.wait_for_function("() => document.getAnimations().length > 0")


@pytest.mark.parametrize("width", [360, 700, 1366])
def test_nothing_is_wider_than_its_place(page, sweep, width):
    page.set_viewport_size({"width": width, "height": 700})
    words = "Unbroken" * 30
    axes = (AxisView(words, (words, "b")), AxisView("gait", (words, "c")), AxisView("more", (words, "d", "e")))
    head = replace(RUNNING, money=(words,), halted=((words, words),), message=words)
    failed = GridItem("failed", note=words, error=words, charged=words)
    sweep.mount(replace(every(grid(axes, head), failed), name=words, rows="gait", columns=words))
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    page.locator(".hw-cell").first.focus()
    page.keyboard.press("Enter")
    assert page.evaluate(
        "() => document.querySelector('dialog').scrollWidth <= document.querySelector('dialog').clientWidth"
    )


def test_what_a_small_cell_says_stays_inside_it(page, sweep):
    page.set_viewport_size({"width": 600, "height": 700})
    failed = GridItem(
        "failed", error="Moderation rejected the finished clip: it was too bright.", charged="may be charged"
    )
    sweep.mount(replace(grid(repeat=1), takes={(0, 0): failed}))
    for _ in range(4):
        page.get_by_role("button", name="More tools").click()
        page.get_by_role("button", name="Smaller cells").click()
        page.get_by_role("button", name="More tools").click()
    small = cell(page, "Static shot, trots")
    expect(small.get_by_text("may be charged")).to_be_visible()
    page.wait_for_function(
        "() => [...document.querySelector('.hw-cell').querySelectorAll('.hw-cell-caption, .hw-cell-left, .hw-cell-middle')]"
        ".every((each) => each.scrollWidth <= each.clientWidth && each.scrollHeight <= each.clientHeight + 1)"
    )
