"""The kernel driver keeps its own promises."""

import datetime as dt


def test_queued_cells_keep_their_outputs_apart(kernel):
    cells = [kernel.execute(f"print({n})") for n in range(5)]
    for cell in cells:
        kernel.reply(cell)
    assert [kernel.text(cell).strip() for cell in cells] == ["0", "1", "2", "3", "4"]


def test_a_replaced_display_counts_where_it_was_shown(kernel):
    shown = kernel.execute("handle = display('draft', display_id='d1')")
    later = kernel.execute("handle.update('final')")
    kernel.reply(later)
    assert "final" in kernel.text(shown)
    assert kernel.text(later) == ""


def test_comm_traffic_is_kept(kernel):
    kernel.run("import ipywidgets\nslider = ipywidgets.IntSlider()\nslider.value = 7")
    opened = [m for m in kernel.messages() if m.type == "comm_open"]
    updates = [m for m in kernel.messages() if m.type == "comm_msg"]
    assert len(opened) == 3  # the slider, its layout and its style
    assert updates[-1].content["data"]["state"] == {"value": 7}


def test_interrupt_restart_and_kill(kernel):
    # The code itself says that it runs: an interrupt between the kernel's `execute_input` and the first line
    # is caught by the kernel, and the cell never gets a reply.
    endless = kernel.execute("import time\nprint('running', flush=True)\nwhile True: time.sleep(0.01)")
    kernel.wait_for("the cell's first line", lambda: "running" in kernel.text(endless))
    kernel.interrupt()
    reply = kernel.reply(endless)
    assert reply.content["ename"] == "KeyboardInterrupt"
    assert reply.sent.tzinfo is not None
    assert reply.sent <= dt.datetime.now(dt.UTC)
    kernel.run("x = 1")
    kernel.restart()
    assert "NameError" in kernel.text(_finished(kernel, "x"))
    kernel.kill()


def _finished(kernel, code):
    cell = kernel.execute(code)
    kernel.reply(cell)
    return cell
