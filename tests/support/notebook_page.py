"""One notebook, open in a browser, driven through the front end's own commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Error, Locator, Page

    from support.jupyter_server import JupyterServer

# Resolves to the notebook panel, once the document and its kernel are ready: the DOM alone says neither.
OPEN = """async ([app, path]) => {
  const soon = async (look, what) => {
    const end = Date.now() + 30000;
    for (;;) {
      const found = look();
      if (found) return found;
      if (Date.now() > end) throw new Error('never saw ' + what);
      await new Promise(done => setTimeout(done, 25));
    }
  };
  await soon(() => window.jupyterapp, 'window.jupyterapp');
  await window.jupyterapp.restored;
  let panel;
  if (app === 'lab') {
    panel = await window.jupyterapp.commands.execute('docmanager:open', {path});
  } else {
    panel = await soon(() => {
      const widget = window.jupyterapp.shell.currentWidget;
      return widget && widget.context ? widget : null;
    }, 'the notebook');
  }
  await panel.context.ready;
  await panel.sessionContext.ready;
  if (panel.sessionContext.session) await panel.sessionContext.session.kernel.info;
  const seen = [];
  const kernelNow = () => panel.sessionContext.session?.kernel;
  const record = (_, message) => {
    const buffers = (message.buffers || []).reduce((sum, buffer) => sum + buffer.byteLength, 0);
    seen.push({
      type: message.header.msg_type,
      parent: message.parent_header?.msg_id ?? '',
      comm: message.content.comm_id ?? '',
      method: message.content.data?.method ?? '',
      state: message.content.data?.state ?? {},
      bytes: new TextEncoder().encode(JSON.stringify(message.content)).length,
      buffers,
      at: performance.now() / 1000,
    });
  };
  const listen = () => kernelNow()?.iopubMessage.connect(record);
  listen();
  panel.sessionContext.kernelChanged.connect(listen);
  window.hailuoTest = {panel, seen};
}"""

RUN_CELL = """async ([index, wait]) => {
  const {panel} = window.hailuoTest;
  panel.content.deselectAll();
  panel.content.activeCellIndex = index;
  const run = window.jupyterapp.commands.execute('notebook:run-cell');
  if (wait) await run;
}"""

# Playwright itself waits for a promise for ever; one that has no answer is a failure with a name.
IN_TIME = """([script, arg]) => Promise.race([
  (0, eval)(script)(arg),
  new Promise((_, fail) => setTimeout(fail, 120000, new Error('no answer within 120 s'))),
])"""

Theme = Literal["light", "dark"]


@dataclass(frozen=True)
class IopubMessage:
    """One message from the kernel, as the browser got it.

    Attributes:
        type: The message's `msg_type`.
        parent: Id of the request that it answers.
        comm: The comm it belongs to; empty for others.
        method: `update` or `custom` for a widget's message.
        state: The traits that a widget's update carries.
        bytes: Size of its content as JSON.
        buffers: Size of its binary buffers.
        at: Seconds on the page's clock.
    """

    type: str
    parent: str
    comm: str
    method: str
    state: dict[str, Any]
    bytes: int
    buffers: int
    at: float


class NotebookPage:
    """A browser page with one open notebook whose kernel is ready.

    Args:
        browser: The browser; the page gets a context of its own in it.
        server: The server that holds the notebook.
        path: The notebook, relative to the server's root.
    """

    def __init__(self, browser: Browser, server: JupyterServer, path: str) -> None:
        self.server = server
        self.path = path
        self._context = browser.new_context(viewport={"width": 1180, "height": 900}, locale="en-US")
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(60_000)
        self.errors: list[str] = []
        self.page.on("pageerror", self._note_error)
        if server.app == "lab":
            self.page.goto(f"{server.url}lab?reset&token={server.token}")
        else:
            self.page.goto(f"{server.url}notebooks/{path}?token={server.token}")
        self._ask(OPEN, [server.app, path])

    def _ask(self, script: str, arg: object = None) -> Any:
        return self.page.evaluate(IN_TIME, [script, arg])

    def _note_error(self, error: Error) -> None:
        """Keep what came out of a widget's module, which is loaded from a Blob URL; the front ends have errors of their own."""
        if "blob:" in (error.stack or ""):
            self.errors.append(str(error))

    @property
    def file(self) -> Path:
        """The notebook file on disk."""
        return self.server.root / self.path

    def run_cell(self, index: int, *, wait: bool = True) -> None:
        """Run one cell; `wait=False` returns as soon as it is queued."""
        self._ask(RUN_CELL, [index, wait])

    def run_all(self, *, wait: bool = True) -> None:
        """Queue every cell at once, as the menu's Run All does."""
        self._command("notebook:run-all-cells", wait=wait)

    def execute(self, code: str) -> None:
        """Run code in the kernel that is in no cell of the notebook: what a test needs and a reader should not see."""
        self._ask(
            """async code => {
                const {kernel} = window.hailuoTest.panel.sessionContext.session;
                await kernel.requestExecute({code, silent: true, store_history: false}).done;
            }""",
            code,
        )

    def await_idle(self) -> None:
        """Wait until the kernel has nothing left to execute."""
        self.page.wait_for_function("() => window.hailuoTest.panel.sessionContext.session.kernel.status === 'idle'")

    def save(self) -> None:
        """Save the notebook and wait until the server has it."""
        self._ask("() => window.hailuoTest.panel.context.save()")

    def restart_kernel(self) -> None:
        """Restart the kernel without asking and wait until it answers again."""
        self._ask("""async () => {
            const {sessionContext} = window.hailuoTest.panel;
            await sessionContext.session.kernel.restart();
            await sessionContext.session.kernel.info;
        }""")

    def interrupt_kernel(self) -> None:
        """Interrupt whatever the kernel executes."""
        self._ask("() => window.hailuoTest.panel.sessionContext.session.kernel.interrupt()")

    def shut_down_kernel(self) -> None:
        """End the kernel; the page stays open."""
        self._ask("() => window.hailuoTest.panel.sessionContext.shutdown()")

    def cell(self, index: int) -> Locator:
        """The cell as it is drawn."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def cell_output(self, index: int) -> Locator:
        """The output area of one cell."""
        return self.cell(index).locator(".jp-Cell-outputArea")

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """The outputs of one cell as the notebook's model holds them now."""
        found: list[dict[str, Any]] = self._ask(
            "index => window.hailuoTest.panel.content.widgets[index].model.toJSON().outputs", index
        )
        return found

    def await_output_mime(self, index: int, mime: str, *, present: bool = True, timeout: float = 60) -> None:
        """Wait until one of a cell's outputs has, or none has, a representation of this MIME type."""
        self.page.wait_for_function(
            """([index, mime, present]) => {
                const {outputs} = window.hailuoTest.panel.content.widgets[index].model.toJSON();
                return outputs.some(output => output.data && mime in output.data) === present;
            }""",
            arg=[index, mime, present],
            timeout=timeout * 1000,
        )

    def is_trusted(self, index: int) -> bool:
        """Whether the front end trusts the cell's outputs."""
        return bool(self._ask("index => window.hailuoTest.panel.content.widgets[index].model.trusted", index))

    def iopub(self) -> list[IopubMessage]:
        """Everything that the kernel has published since the notebook was opened."""
        return [IopubMessage(**message) for message in self._ask("() => window.hailuoTest.seen")]

    def comm_messages(self) -> list[IopubMessage]:
        """Only what was said on comms."""
        return [message for message in self.iopub() if message.type.startswith("comm_")]

    def set_theme(self, theme: Theme) -> None:
        """Switch to JupyterLab's light or dark theme and wait until it is applied."""
        name = "JupyterLab Light" if theme == "light" else "JupyterLab Dark"
        self._command("apputils:change-theme", {"theme": name})
        light = "true" if theme == "light" else "false"
        self.page.wait_for_function("light => document.body.dataset.jpThemeLight === light", arg=light)
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def load_clips(self, within: Locator) -> None:
        """Play clips for a moment: a picture of one that is still loading has a ring over it."""
        within.locator("video").evaluate_all(
            "all => Promise.all(all.map(each => each.play().then(() => each.pause())))"
        )

    def screenshot(self, path: Path, theme: Theme = "light", of: Locator | None = None) -> None:
        """A picture of one element, or of the whole page, in the given theme."""
        self.set_theme(theme)
        path.parent.mkdir(parents=True, exist_ok=True)
        if of is None:
            self.page.screenshot(path=path)
        else:
            of.screenshot(path=path)

    def close(self) -> None:
        """End the kernel and close the page; a page that a test has closed itself has left its kernel to another."""
        if not self.page.is_closed():
            self.shut_down_kernel()
        self._context.close()

    def _command(self, name: str, args: dict[str, Any] | None = None, *, wait: bool = True) -> None:
        self._ask(
            """async ([name, args, wait]) => {
                const run = window.jupyterapp.commands.execute(name, args);
                if (wait) await run;
            }""",
            [name, args or {}, wait],
        )
