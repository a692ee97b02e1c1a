"""The live card's module alone, in a page with a model that a test can hold in its hands."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from hailuo_widgets.views.card import Order, Status
from hailuo_widgets.views.job_card import JobCard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

ORDER = Order(
    name="panda",
    prompt="A panda [Truck left] <b>dances</b>",
    provider="sketch",
    provider_reason="no key is set, so this is a sketch",
    model="sketch",
    mode="T2V",
    spec="6 s · 768P",
    price="free",
    sketch=True,
)
RUNNING = Status("running", task_id="t1", elapsed=48, expected=110)

HOST = """
async ({ esm, css, order, status }) => {
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const widget = (await import(url)).default();
  const place = document.body.appendChild(document.createElement("div"));
  place.className = "hw-place-test";
  place.innerHTML = "<div><p style='display:flex'>What the notebook keeps</p></div>";
  const listeners = new Map();
  const state = { order, status, place: "hw-place-test" };
  const model = {
    get: (key) => state[key],
    on: (event, callback) => listeners.set(callback, event),
    off: (_event, callback) => listeners.delete(callback),
    send: (content) => host.sent.push(content),
  };
  const tell = (event, ...values) => {
    for (const [callback, of] of [...listeners]) if (of === event) callback(...values);
  };
  const host = {
    sent: [],
    listeners,
    place,
    set(next) {
      state.status = next;
      tell("change:status");
    },
    clip(bytes, facts) {
      tell("msg:custom", { type: "clip", facts }, [new DataView(new Uint8Array(bytes).buffer), new DataView(new ArrayBuffer(0))]);
    },
    leave() {
      state.place = "";
      tell("change:place");
    },
    drop() {
      for (const stop of stops) stop();
    },
  };
  window.host = host;
  const stops = [widget.initialize({ model })];
}
"""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with chromium.new_page(viewport={"width": 900, "height": 500}) as opened:
        opened.clock.install()
        yield opened


@pytest.fixture
def mount(page: Page) -> Callable[..., None]:
    """Shows a card in the page."""

    def show(order: Order = ORDER, status: Status = RUNNING) -> None:
        card = JobCard.of(order, status)
        page.evaluate(HOST, {"esm": card._esm, "css": card._css, "order": card.order, "status": card.status})
        card.close()

    return show


def send(page: Page, status: Status, order: Order = ORDER) -> None:
    """A new status, as it would come from the kernel."""
    card = JobCard.of(order, status)
    page.evaluate("(status) => host.set(status)", card.status)
    card.close()


def test_it_says_what_was_ordered_and_how_far_it_is(page, mount):
    mount()
    card = page.get_by_role("group", name="Video job panda")
    for text in (
        "panda",
        "Running",
        "0:48 of about 1:50",
        "about 70 s left",
        "SKETCH",
        "T2V · 6 s · 768P",
        "free",
        "task t1",
    ):
        expect(card.get_by_text(text, exact=True).first).to_be_visible()
    expect(card.get_by_text("no key is set, so this is a sketch")).to_be_visible()
    expect(card.locator(".hw-chip")).to_have_text("[Truck left]")
    expect(card.get_by_role("progressbar", name="Progress of panda")).to_have_attribute("aria-valuenow", "45")


def test_a_prompt_is_shown_as_text(page, mount):
    mount()
    expect(page.locator(".hw-prompt")).to_have_text("A panda [Truck left] <b>dances</b>")
    expect(page.locator(".hw-prompt b")).to_have_count(0)


def test_the_clock_counts_in_the_browser_and_an_estimate_is_never_done(page, mount):
    mount()
    page.clock.run_for(10_000)
    expect(page.get_by_text("0:58 of about 1:50")).to_be_visible()
    page.clock.run_for(100_000)
    expect(page.get_by_text("taking longer than usual")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "95")


def test_progress_of_which_nothing_is_known_is_not_made_up(page, mount):
    mount(status=Status("submitting"))
    expect(page.get_by_role("progressbar")).not_to_have_attribute("aria-valuenow", re.compile(""))
    send(page, replace(RUNNING, progress=0.42))
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "40")
    expect(page.get_by_text("42%")).to_be_visible()


def test_the_state_is_announced_once_and_the_seconds_are_not(page, mount):
    mount(status=replace(RUNNING, state="queued", note="waits for a slot"))
    live = page.get_by_role("status")
    expect(live).to_have_attribute("aria-live", "polite")
    expect(live).to_have_text("Queuedwaits for a slot")
    page.evaluate(
        """() => { host.changes = 0; new MutationObserver((all) => { host.changes += all.length; })
        .observe(document.querySelector("[role=status]"), { subtree: true, childList: true, characterData: true }); }"""
    )
    page.clock.run_for(5_000)
    assert page.evaluate("host.changes") == 0
    send(page, RUNNING)
    expect(live).to_have_text("Running")


def test_cancel_by_keyboard_is_sent_once(page, mount):
    mount()
    page.keyboard.press("Tab")
    button = page.get_by_role("button", name="Cancel panda")
    expect(button).to_be_focused()
    assert button.evaluate("(it) => getComputedStyle(it).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    stopping = page.get_by_role("button", name="Cancelling… panda")
    expect(stopping).to_be_disabled()
    page.keyboard.press("Enter")
    stopping.click(force=True)
    assert page.evaluate("host.sent") == [{"type": "cancel"}]


def test_where_the_vendor_cannot_cancel_the_button_says_so(page, mount):
    mount(replace(ORDER, cancel="Stop watching"))
    page.get_by_role("button", name="Stop watching panda").click()
    expect(page.get_by_role("button", name="Stopping… panda")).to_have_text("Stopping…")


def test_an_error_is_one_bold_sentence_with_the_way_out_under_it(page, mount):
    mount()
    send(
        page,
        Status(
            "failed",
            task_id="t1",
            elapsed=80,
            error="It was turned down.",
            hint="Change the words.",
            charged="not charged",
        ),
    )
    expect(page.get_by_role("alert").locator("b")).to_have_text("It was turned down.")
    expect(page.get_by_role("alert")).to_contain_text("Change the words.")
    expect(page.get_by_text("not charged")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("progressbar")).to_have_count(0)


def test_a_card_that_has_ended_or_is_taken_away_leaves_nothing_running(page, mount):
    mount()
    send(page, Status("stored", task_id="t1", elapsed=104))
    page.clock.run_for(60_000)
    expect(page.get_by_text("1:44")).to_be_visible()
    send(page, RUNNING)
    page.evaluate("host.drop()")
    expect(page.get_by_text("What the notebook keeps")).to_be_visible()
    sent = page.evaluate("host.sent")
    page.clock.run_for(60_000)
    assert page.evaluate("host.sent") == sent
    page.wait_for_function("() => host.listeners.size === 0")


def test_html_that_replaces_its_place_ends_it(page, mount):
    mount()
    expect(page.get_by_text("What the notebook keeps")).to_be_hidden()
    send(page, Status("stored", task_id="t1", elapsed=104))
    page.evaluate("host.place.remove()")
    page.clock.run_for(5_000)
    assert page.evaluate("host.sent") == [{"type": "replaced"}]


def test_where_nothing_replaces_it_the_card_plays_the_clip_itself(page, mount):
    mount()
    send(page, Status("stored", task_id="t1", elapsed=104))
    page.clock.run_for(5_000)
    assert page.evaluate("host.sent") == [{"type": "clip"}]
    page.evaluate("host.clip([0, 0], [['Delivered', '1366×768 · 25 fps · 6.0 s']])")
    expect(page.locator("video")).to_have_attribute("src", re.compile("^blob:"))
    expect(page.get_by_text("1366×768")).to_be_visible()
    expect(page.get_by_text("SKETCH", exact=True)).to_be_visible()


def test_a_cell_that_runs_again_takes_the_place(page, mount):
    mount()
    page.evaluate("host.leave()")
    expect(page.get_by_text("What the notebook keeps")).to_be_visible()
    expect(page.get_by_role("group")).to_have_count(0)


def test_who_asked_for_less_motion_gets_none(page, mount):
    page.emulate_media(reduced_motion="reduce")
    mount(status=Status("submitting"))
    page.wait_for_function("() => document.getAnimations().length === 0")
    page.emulate_media(reduced_motion="no-preference")
    page.wait_for_function("() => document.getAnimations().length > 0")


@pytest.mark.parametrize("width", [300, 700, 1100])
def test_nothing_is_wider_than_its_place(page, mount, width):
    page.set_viewport_size({"width": width, "height": 600})
    words = "Unbroken" * 40
    mount(
        replace(ORDER, name=words, prompt=words, model=words, warnings=(words,)),
        replace(RUNNING, task_id=words, note=words, error=words, hint=words),
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    side_by_side = re.match(
        r"\S+ \S+", page.locator(".hw-card").evaluate("(it) => getComputedStyle(it).gridTemplateColumns")
    )
    assert bool(side_by_side) == (width > 600)
