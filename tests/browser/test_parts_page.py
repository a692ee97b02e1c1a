"""The prompt editor and the picture's place in a browser, with their Python side in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from hailuo_widgets.views import FramePicker, PromptEditor
from support.pictures import chosen
from support.widget_page import WidgetPage, widget_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture
def host(chromium: Browser) -> Iterator[WidgetPage]:
    with widget_page(chromium, {"width": 700, "height": 700}) as opened:
        yield opened


def settle(host):
    """Wait until the kernel's side has answered the text that stands there."""
    host.page.wait_for_function(
        "() => hosts.widget.model.get('analysis').of === document.querySelector('textarea').value"
    )


def test_commands_are_put_in_by_keyboard_in_turn_and_at_once(host):
    editor = PromptEditor("A fox", seconds=6)
    host.mount(editor)
    page = host.page
    page.get_by_role("textbox", name="Prompt").focus()
    page.keyboard.press("End")
    page.get_by_role("button", name="Insert [Truck left]").focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox")).to_be_focused()
    page.get_by_role("button", name="At once").click()
    page.get_by_role("button", name="Insert [Shake]").click()
    page.get_by_role("button", name="In turn").click()
    page.get_by_role("button", name="Insert [Push in]").click()
    settle(host)
    assert editor.value == "A fox [Pan left,Shake] [Push in]"
    timeline = page.get_by_role("img", name="The camera: Pan left with Shake, then Push in")
    expect(timeline.locator(".hw-tick")).to_have_text(["3 s", "6 s"])
    expect(page.locator(".hw-ink .hw-shot")).to_have_text(["[Pan left,Shake]", "[Push in]"])
    page.get_by_role("textbox").press("Control+z")
    settle(host)
    assert editor.value == "A fox [Pan left,Shake]"


def test_the_palette_is_one_stop_for_the_tab_key(host):
    host.mount(PromptEditor("A fox"))
    expect(host.page.locator(".hw-command[tabindex='0']")).to_have_count(1)
    expect(host.page.locator(".hw-command:visible")).to_have_count(15)


def test_for_minimax_h3_there_are_more_moves_with_amplitude_and_speed(host):
    editor = PromptEditor("A fox", seconds=6)
    host.mount(editor)
    page = host.page
    expect(page.get_by_role("button", name="Insert [Arc left]")).to_be_hidden()
    expect(page.get_by_role("group", name="Speed of the next move")).to_be_hidden()
    editor.model = "MiniMax-H3"
    page.get_by_role("button", name="Slow").click()
    page.get_by_role("button", name="Large").click()
    page.get_by_role("textbox", name="Prompt").press("End")
    page.get_by_role("button", name="Insert [Roll right]").focus()
    page.keyboard.press("ArrowRight")  # the last one of the palette: on to the first
    expect(page.get_by_role("button", name="Insert [Truck left]")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox")).to_have_value("A fox [Roll right, large, slow]")
    expect(page.locator(".hw-ink .hw-shot")).to_have_text(["[Roll right, large, slow]"])
    expect(page.locator(".hw-lane")).to_have_text(["Roll right, large, slow"])
    editor.value = "[Shot 1 0–2 s] A fox [POV] [Shot 2 2–6 s] stops [Arc left, small]"
    expect(page.locator(".hw-tick")).to_have_text(["0–2 s", "2–6 s"])
    expect(page.locator(".hw-lane")).to_have_text(["Shot 1POV", "Shot 2Arc left, small"])
    editor.model = "MiniMax-Hailuo-2.3"
    expect(page.get_by_role("button", name="Insert [Arc left]")).to_be_hidden()
    page.get_by_role("button", name="Insert [Static shot]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Insert [Truck left]")).to_be_focused()


def test_it_speaks_chinese(host):
    editor = PromptEditor(language="zh")
    host.mount(editor)
    host.page.get_by_role("button", name="Insert [左移]").click()
    settle(host)
    assert editor.value == "[左移]"
    editor.language = "en"
    expect(host.page.get_by_role("button", name="Insert [Truck left]")).to_be_visible()


def test_a_near_miss_is_underlined_and_put_right(host):
    editor = PromptEditor("A fox 🦊 [Pan up] <b>runs</b>")
    host.mount(editor)
    page = host.page
    expect(page.locator(".hw-ink .hw-miss")).to_have_text("Pan up")
    expect(page.get_by_role("list", name="Near misses")).to_contain_text("“Pan up” is not a camera command.")
    page.get_by_role("button", name="Replace “Pan up” by [Tilt up]").click()
    settle(host)
    assert editor.value == "A fox 🦊 [Tilt up] <b>runs</b>"
    expect(page.get_by_role("list", name="Near misses")).to_have_count(0)
    expect(page.locator(".hw-ink b")).to_have_count(0)


def test_a_text_over_the_limit_says_so(host):
    editor = PromptEditor("12345 🦊", limit=6)
    host.mount(editor)
    expect(host.page.locator(".hw-count")).to_have_text("7 / 6")
    expect(host.page.get_by_role("textbox")).to_have_attribute("aria-invalid", "true")
    editor.limit = 2000
    expect(host.page.locator(".hw-count")).to_have_text("7 / 2,000")
    expect(host.page.get_by_role("textbox")).to_have_attribute("aria-invalid", "false")


def test_nothing_moves_unasked_or_where_less_motion_is_wanted(host):
    host.mount(PromptEditor("[Pan left]"))
    chip = host.page.get_by_role("button", name="Insert [Zoom in]")
    host.page.wait_for_function("() => document.getAnimations().length === 0")
    chip.hover()
    host.page.wait_for_function("() => document.getAnimations().length === 3")
    host.page.emulate_media(reduced_motion="reduce")
    host.page.wait_for_function("() => document.getAnimations().length === 0")


def test_a_picture_that_is_too_small_is_told_why_and_helped(host):
    picker = FramePicker()
    host.mount(picker)
    page = host.page
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a picture: First frame").press("Enter")
    chooser.value.set_files(chosen(200, 120))
    expect(page.get_by_role("alert").first).to_contain_text("the short side must be over 300 px")
    page.get_by_role("button", name="Make it fit").press("Enter")
    use = page.get_by_role("button", name="Use this picture")
    expect(use).to_be_focused()
    expect(page.get_by_role("group", name="Ways to make it fit")).to_contain_text("533×320 px")
    page.keyboard.press("Enter")
    expect(page.locator(".hw-picker")).to_have_attribute("data-state", "good")
    assert picker.value.size == (533, 320)
    assert picker.problems == ()


def test_a_large_file_a_crop_and_the_way_back(host):
    picker = FramePicker(description="Last frame")
    host.mount(picker)
    page = host.page
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a picture: Last frame").click()
    chooser.value.set_files(chosen(1800, 600, "BMP"))  # 3 MB: several messages
    page.get_by_role("button", name="Make it fit").click()
    page.get_by_role("slider", name="Which part of the picture is kept").press("Home")
    expect(page.locator(".hw-proposal")).to_contain_text("1500×600 px · 5:2")
    page.get_by_role("button", name="Leave the picture as it is").click()
    assert picker.value.size == (1800, 600)
    page.get_by_role("button", name="Remove the picture: Last frame").click()
    expect(page.get_by_role("button", name="Choose a picture: Last frame")).to_be_focused()
    assert picker.value is None


def test_pictures_are_dropped_pasted_and_named(host):
    picker = FramePicker()
    host.mount(picker)
    page = host.page
    drop = """([event, width]) => {
      const canvas = Object.assign(document.createElement('canvas'), {width, height: width});
      canvas.toBlob((blob) => {
        const data = new DataTransfer();
        data.items.add(new File([blob], 'canvas.png', {type: 'image/png'}));
        const made = event === 'drop' ? new DragEvent('drop', {dataTransfer: data, bubbles: true})
          : new ClipboardEvent('paste', {clipboardData: data, bubbles: true});
        document.querySelector('.hw-picker').dispatchEvent(made);
      });
    }"""
    page.evaluate(drop, ["drop", 400])
    expect(page.locator(".hw-picker")).to_contain_text("400×400 px · 1:1")
    page.evaluate(drop, ["paste", 500])
    expect(page.locator(".hw-picker")).to_contain_text("500×500 px · 1:1")
    assert picker.value.name == "canvas.png"
    picker.value = None
    page.get_by_role("textbox", name="Address of a picture: First frame").fill("https://example.com/fox.png")
    page.keyboard.press("Enter")
    expect(page.locator(".hw-picker")).to_contain_text("not checked here")
    assert picker.value.url == "https://example.com/fox.png"


def test_a_view_that_is_taken_away_leaves_nothing(host):
    for widget in (PromptEditor("A fox"), FramePicker()):
        host.mount(widget)
        host.drop()
        assert host.page.evaluate("[...hosts.widget.listeners.values()].every((each) => each.size === 0)")
