"""A widget in a browser page, its Python side in this process: all of it but Jupyter, in milliseconds."""

from __future__ import annotations

import base64
import json
import queue
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anywidget import AnyWidget
    from playwright.sync_api import Browser, Page, ViewportSize

# JupyterLab's colours, as far as the views use them.
THEMES = {
    "light": "--jp-ui-font-color1:#212121;--jp-layout-color1:#fff;--jp-brand-color1:#1976d2;"
    "--jp-warn-color1:#f57c00;--jp-error-color1:#d32f2f;--jp-success-color1:#388e3c",
    "dark": "--jp-ui-font-color1:#fff;--jp-layout-color1:#111;--jp-brand-color1:#2196f3;"
    "--jp-warn-color1:#ef6c00;--jp-error-color1:#d32f2f;--jp-success-color1:#388e3c",
}

HOST = """
async ({ esm, css, state, name, place }) => {
  document.documentElement.lang = "en";
  document.title = "A widget";
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const text = (data) => {
    const view = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
    let out = "";
    for (let at = 0; at < view.length; at += 32768) out += String.fromCharCode(...view.subarray(at, at + 32768));
    return btoa(out);
  };
  const listeners = new Map();
  const call = (event, ...values) => { for (const each of [...(listeners.get(event) ?? [])]) each(...values); };
  const dirty = new Set();
  const model = {
    get: (key) => state[key],
    set(key, value) { state[key] = value; dirty.add(key); call(`change:${key}`); },
    save_changes() {
      const changed = Object.fromEntries([...dirty].map((key) => [key, state[key]]));
      dirty.clear();
      window.toPython(JSON.stringify({ name, method: "update", state: changed, buffers: [] }));
    },
    on(event, callback) {
      if (!listeners.has(event)) listeners.set(event, new Set());
      listeners.get(event).add(callback);
    },
    off(event, callback) { listeners.get(event)?.delete(callback); },
    send(content, _callbacks, buffers = []) {
      window.toPython(JSON.stringify({ name, method: "custom", content, buffers: buffers.map(text) }));
    },
  };
  window.hosts ??= {};
  window.hosts[name] = {
    model,
    listeners,
    receive(message) {
      if (message.method === "update") {
        for (const [key, value] of Object.entries(message.state)) {
          state[key] = value;
          call(`change:${key}`);
        }
      } else if (message.method === "close") {
        window.hosts[name].destroy();
      } else {
        call("msg:custom", message.content, message.buffers.map((each) => new DataView(bytes(each).buffer)));
      }
    },
  };
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const made = (await import(url)).default;
  const widget = typeof made === "function" ? await made() : made;
  const el = document.body.appendChild(document.createElement("div"));
  el.className = place;
  const stops = [];
  const keep = async (stop) => { const done = await stop; if (typeof done === "function") stops.push(done); };
  window.hosts[name].destroy = () => { for (const stop of stops.splice(0)) stop(); };
  window.hosts[name].drop = () => { window.hosts[name].destroy(); el.remove(); };
  if (widget.initialize) await keep(widget.initialize({ model }));
  if (!place) await keep(widget.render({ model, el }));
}
"""

POLL = """() => {
  const poll = async () => {
    for (const text of await window.fromPython()) {
      const message = JSON.parse(text);
      window.hosts[message.name].receive(message);
    }
    setTimeout(poll, 8);
  };
  poll();
}"""


class _Wire:
    """Stands for the comm of a widget."""

    comm_id = "a test's"
    kernel = "this process"

    def __init__(self, name: str, out: queue.SimpleQueue[str]) -> None:
        self._name = name
        self._out = out

    def send(self, data: Any = None, metadata: Any = None, buffers: Any = None) -> None:
        body = {key: data[key] for key in ("method", "state", "content") if key in data}
        packed = [base64.b64encode(each).decode() for each in buffers or ()]
        self._out.put(json.dumps({"name": self._name, "buffers": packed, **body}))

    def on_msg(self, receive: Any) -> None:
        """The page's messages go to the widget itself."""

    def close(self, *_: Any, **__: Any) -> None:
        """Have the page end the widget's model."""
        self._out.put(json.dumps({"name": self._name, "buffers": [], "method": "close"}))


class WidgetPage:
    """A page in which widgets are shown.

    Args:
        page: An empty page.
        theme: Whose colours.
    """

    def __init__(self, page: Page, theme: str = "light") -> None:
        self.page = page
        self.errors: list[str] = []
        self._out: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._widgets: dict[str, AnyWidget] = {}
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.expose_function("toPython", self._receive)
        page.expose_function("fromPython", self._pending)
        page.goto("about:blank")
        page.evaluate(POLL)
        self.theme(theme)

    def theme(self, name: str) -> None:
        """Switch to JupyterLab's light or dark colours."""
        self.page.evaluate(
            "([name, style]) => { document.body.style = style; document.documentElement.style.colorScheme = name; "
            "document.body.style.background = 'var(--jp-layout-color1)'; }",
            [name, THEMES[name] + ";margin:12px"],
        )

    def mount(self, widget: AnyWidget, name: str = "widget", place: str = "") -> None:
        """Show a widget; with `place`, as HTML of that class into which it puts itself."""
        self._widgets[name] = widget
        keys = [key for key in widget.keys if not key.startswith("_") and key not in ("layout", "tabbable", "tooltip")]
        state = {key: widget.get_state(key)[key] for key in keys}
        widget.comm = _Wire(name, self._out)
        self.page.evaluate(HOST, {"esm": widget._esm, "css": widget._css, "state": state, "name": name, "place": place})

    def drop(self, name: str = "widget") -> None:
        """Take a widget away, as a front end does."""
        self.page.evaluate("(name) => window.hosts[name].drop()", name)

    def close(self) -> None:
        """Let go of the widgets."""
        for widget in self._widgets.values():
            widget.close()

    def _receive(self, text: str) -> None:
        message = json.loads(text)
        buffers = [memoryview(base64.b64decode(each)) for each in message["buffers"]]
        data = {"method": message["method"], "state": message.get("state", {}), "buffer_paths": []}
        if "content" in message:
            data["content"] = message["content"]
        self._widgets[message["name"]]._handle_msg({"content": {"data": data}, "buffers": buffers})

    def _pending(self) -> list[str]:
        found = []
        while not self._out.empty():
            found.append(self._out.get())
        return found


@contextmanager
def widget_page(browser: Browser, viewport: ViewportSize) -> Iterator[WidgetPage]:
    """A page of that size, in which nothing may go wrong."""
    with browser.new_page(viewport=viewport) as page:
        opened = WidgetPage(page)
        yield opened
        assert opened.errors == []
        opened.close()
