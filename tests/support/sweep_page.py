"""The grid's module alone in a page, with a kernel that a test holds in its hands: it answers, and keeps what it was asked."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from hailuo_widgets.views.sweep_grid import SweepGrid, head_message, item_message, whole_message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.sync_api import Page

    from hailuo_widgets.views.grid_view import GridItem, GridView, HeadView, Place

HOST = """
async ({ esm, css, place, whole, posters, clips, sheet, count, detail, variables }) => {
  document.documentElement.lang = "en";
  document.title = "A sweep";
  document.head.append(Object.assign(document.createElement("style"), { textContent: css + variables }));
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (each) => each.charCodeAt(0)).buffer);
  const begun = performance.now();
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const widget = (await import(url)).default();
  const listeners = { "change:whole": new Set(), "msg:custom": new Set(), "change:place": new Set(), comm_live_update: new Set() };
  const pick = (list, [cell, replicate]) => list[(cell * 5 + replicate * 3) % list.length];
  const host = {
    sent: [],
    listeners,
    silent: false,
    whole,
    say(content, buffers = []) {
      for (const callback of listeners["msg:custom"]) callback(content, buffers);
    },
    setWhole(next) {
      host.whole = next;
      for (const callback of listeners["change:whole"]) callback();
    },
    drop() {
      for (const stop of stops) stop();
    },
    async answer({ type, at }) {
      await null;
      if (host.silent) return;
      if (type === "look" && posters.length) {
        host.say({ type: "posters", at }, at.map((place) => bytes(pick(posters, place))));
      } else if (type === "clip" && clips.length) host.say({ type, at }, [bytes(pick(clips, at))]);
      else if (type === "clip") host.say({ type: "missing", at, why: "The file is gone." });
      else if (type === "sheet" && sheet) host.say({ type, at, count }, [bytes(sheet)]);
      else if (type === "detail" && detail) host.say({ type, at, ...detail });
    },
  };
  const model = {
    get: (key) => (key === "place" ? place : host.whole),
    on: (event, callback) => listeners[event].add(callback),
    off: (event, callback) => listeners[event].delete(callback),
    send(content) {
      host.sent.push(content);
      host.answer(content);
    },
  };
  window.host = host;
  document.body.appendChild(document.createElement("main")).className = place;
  const stops = [widget.initialize({ model })];
  host.took = performance.now() - begun;
}
"""

DARK = """:root { color-scheme: dark; --jp-ui-font-color1: rgba(255,255,255,.87); --jp-layout-color0: #111; --jp-brand-color1: #2196f3;
--jp-success-color1: #4caf50; --jp-warn-color1: #ff9800; --jp-error-color1: #f44336; } body { background: #111; }"""
LIGHT = """:root { --jp-ui-font-color1: rgba(0,0,0,.87); --jp-layout-color0: white; --jp-brand-color1: #1976d2;
--jp-success-color1: #388e3c; --jp-warn-color1: #f57c00; --jp-error-color1: #d32f2f; }"""


class SweepPage:
    """A page that shows one grid."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._seq = 1

    def mount(
        self,
        view: GridView,
        *,
        posters: list[bytes] | None = None,
        clips: list[bytes] | None = None,
        sheet: tuple[bytes, int] | None = None,
        detail: dict[str, Any] | None = None,
        dark: bool = False,
    ) -> None:
        """Show a grid as it stands."""
        made = SweepGrid(view)
        self.page.evaluate(
            HOST,
            {
                "esm": made._esm,
                "css": made._css,
                "place": made.place,
                "whole": made.whole,
                "posters": [_text(each) for each in posters or []],
                "clips": [_text(each) for each in clips or []],
                "sheet": _text(sheet[0]) if sheet else "",
                "count": sheet[1] if sheet else 0,
                "detail": detail,
                "variables": DARK if dark else LIGHT,
            },
        )
        made.close()

    def change(self, takes: Mapping[Place, GridItem], head: HeadView | None = None, *, lost: bool = False) -> None:
        """News from the kernel; those that are `lost` never arrive."""
        self._seq += 1
        if lost:
            return
        message: dict[str, Any] = {
            "type": "delta",
            "seq": self._seq,
            "takes": [[*place, item_message(take)] for place, take in takes.items()],
        }
        if head:
            message["head"] = head_message(head)
        self.page.evaluate("(message) => host.say(message)", message)

    def show(self, view: GridView) -> None:
        """The whole state again."""
        self._seq += 1
        self.page.evaluate("(whole) => host.setWhole(whole)", whole_message(view, self._seq))

    def sent(self, *types: str) -> list[dict[str, Any]]:
        """What the kernel was asked, of these kinds."""
        asked: list[dict[str, Any]] = self.page.evaluate("() => host.sent")
        return [each for each in asked if each["type"] in types]


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
