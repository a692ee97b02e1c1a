"""Hot reload: a widget that is shown follows the files that it is made of."""

import threading
import time

import anywidget

from hailuo_widgets.views import _assets
from support.waiting import wait_until


def test_a_widget_gets_what_a_file_says_now_while_anywidget_reloads_modules(monkeypatch, tmp_path):
    (tmp_path / "dom.js").write_text("export const name = 1;\n")
    (tmp_path / "view.js").write_text('import { name } from "./dom.js";\nexport default { render() { name; } };\n')
    monkeypatch.setattr(_assets, "_STATIC", tmp_path)
    monkeypatch.setenv("ANYWIDGET_HMR", "1")

    class View(anywidget.AnyWidget):
        _esm = _assets.asset("dom.js", "view.js")

    view = View()
    changed = threading.Event()
    view.observe(lambda _: changed.set(), "_esm")

    def saved() -> bool:
        # Once more each time: a watcher needs a moment to begin.
        (tmp_path / "dom.js").write_text(f"export const name = {time.monotonic_ns()};\n")
        return changed.wait(0.3)

    wait_until(saved, 30, lambda: "the script is still the first one")
    assert "const name = 1;" not in view._esm
    assert "const name = " in view._esm
