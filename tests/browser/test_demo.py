"""The README's first command, as a stranger runs it: from the shell to the first clip that plays in the page."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from support.demo import Demo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator, Page

PLAY = """async video => {
  video.muted = true;
  await video.play();
  const end = Date.now() + 20000;
  while (video.currentTime < 0.3 && Date.now() < end) await new Promise(done => setTimeout(done, 50));
  return video.currentTime;
}"""


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[[Demo, str], Page]]:
    """Follows the browser that the demo opened until the notebook and its kernel are ready."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")

    def visit(demo: Demo, name: str) -> Page:
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.add_locator_handler(page.locator(".jp-Dialog"), answer)
        page.goto(demo.open_address())  # a file of Jupyter's that leads to the page: no command line shows the token
        page.wait_for_url(f"**/lab/tree/{name}.ipynb*")
        page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").first.wait_for()
        return page

    yield visit
    context.close()


def answer(dialog: Locator) -> None:
    """Click away, as a reader does, what JupyterLab itself says or asks about its kernel on a busy machine."""
    print(dialog.inner_text())  # shown where the test fails
    dialog.locator("button.jp-mod-accept").click()


def run(page: Page, cells: int) -> None:
    """Run the first cells of code, as a reader does: once more where a page that is just opened did not."""
    for cell in (page.locator(".jp-Notebook .jp-CodeCell").nth(number) for number in range(cells)):
        for _ in range(3):
            cell.locator(".jp-InputArea").click()
            page.keyboard.press("Shift+Enter")
            with suppress(AssertionError):
                expect(cell.locator(".jp-InputPrompt")).not_to_have_text("[ ]:", timeout=10_000)
                break


def test_the_demo_opens_the_quickstart_and_its_first_clip_plays(visit, tmp_path):
    with Demo(tmp_path, browser=True) as demo:
        page = visit(demo, "quickstart")
        run(page, 2)
        video = page.locator(".jp-OutputArea video").first
        video.wait_for(timeout=300_000)
        video.scroll_into_view_if_needed()
        assert video.evaluate(PLAY) >= 0.3
        expect(page.locator(".jp-OutputArea", has_text="Traceback")).to_have_count(0)
        assert len(list((demo.cwd / "hailuo_demo" / "hailuo_library" / "clips").glob("*.mp4"))) == 1
        page.close()

        assert f"Opening {demo.cwd / 'hailuo_demo' / 'quickstart.ipynb'}" in demo.said()
        assert demo.stop() == 0
        # JupyterLab may stop a kernel that is still starting and start another, which then prints a traceback.
        assert not re.search(r'File ".*hailuo_widgets/', demo.said()), demo.said()


@pytest.mark.parametrize(
    ("name", "title"), [("sweep", "A sweep"), ("teaching_camera_language", "The language of the camera")]
)
def test_the_demo_opens_the_notebook_that_is_named(name, title, visit, tmp_path):
    with Demo(tmp_path, name, browser=True) as demo:
        page = visit(demo, name)
        expect(page.locator(".jp-Notebook h1").first).to_contain_text(title)
        run(page, 1)
        expect(page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").first).to_have_text("[1]:")
        expect(page.locator(".jp-OutputArea", has_text="Traceback")).to_have_count(0)
