"""Posters, sizes and last frames are what Chromium shows of the same file."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from hailuo_widgets.media.frames import last_frame, poster
from hailuo_widgets.media.probe import probe
from support.clips import COLOURS, KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

SHOW = """
async ({ data, at }) => {
  const video = Object.assign(document.createElement("video"), { muted: true, src: `data:video/mp4;base64,${data}` });
  await new Promise((done, failed) => { video.onloadeddata = done; video.onerror = () => failed(video.error.message); });
  await new Promise((done) => { video.onseeked = done; video.currentTime = at === null ? video.duration : at; });
  const canvas = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight });
  const paper = canvas.getContext("2d", { willReadFrequently: true });
  for (let tries = 0; tries < 200; tries++) {  // "seeked" may come before the frame can be drawn; then nothing is painted
    paper.drawImage(video, 0, 0);
    const { data: painted } = paper.getImageData(0, 0, canvas.width, canvas.height);
    if (painted.some((value, index) => index % 4 < 3 && value > 0)) break;
    await new Promise((done) => setTimeout(done, 25));
  }
  return { width: video.videoWidth, height: video.videoHeight, duration: video.duration, png: canvas.toDataURL() };
}
"""


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    yield page
    page.close()


def shown(page: Page, path, at):
    found = page.evaluate(SHOW, {"data": base64.b64encode(path.read_bytes()).decode(), "at": at})
    return found, Image.open(io.BytesIO(base64.b64decode(found["png"].partition(",")[2]))).convert("RGB")


def quarters(picture: Image.Image) -> np.ndarray:
    """The colours in the middles of the four quarters."""
    width, height = picture.size
    return np.array([picture.getpixel((width * x // 4, height * y // 4)) for y in (1, 3) for x in (1, 3)], dtype=float)


@pytest.mark.parametrize("kind", [each for each in KINDS if each != "uneven pace"])
def test_a_clip_is_measured_and_pictured_as_chromium_shows_it(page, tmp_path, kind):
    path = KINDS[kind](tmp_path / "clip.mp4")
    pictures = {0.75: poster(path, at=0.75, width=4000, quality=95, max_bytes=10**9)}
    if kind != "starts late":  # its head states the length without the wait, so Chromium stops before its end
        pictures[None] = last_frame(path)
    for at, mine in pictures.items():
        facts, seen = shown(page, path, at)
        own = Image.open(io.BytesIO(mine)).convert("RGB")
        assert own.size == (facts["width"], facts["height"])
        assert (np.abs(quarters(own) - quarters(seen)) < 6).all()
    info = probe(path)
    assert (info.width, info.height) == (facts["width"], facts["height"])


@pytest.mark.parametrize("kind", COLOURS)
def test_colours_are_those_that_chromium_shows(page, tmp_path, kind):
    path = COLOURS[kind](tmp_path / "clip.mp4")
    _, seen = shown(page, path, 0)
    own = Image.open(io.BytesIO(poster(path, quality=95, max_bytes=10**9))).convert("RGB")
    assert (np.abs(quarters(own) - quarters(seen)) < 8).all()
