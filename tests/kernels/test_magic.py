"""`%%hailuo` in a bare kernel: cells that are queued, waits that are interrupted, outputs that find their place."""

import json
import re
from collections import defaultdict

import pytest

ANIMALS = ("panda", "otter", "heron", "lynx", "gecko", "raven", "bison", "newt", "ibex", "mole")
SETTLED = ("stored", "failed", "refused", "cancelled", "abandoned", "uncertain")


@pytest.fixture
def ready(kernel):
    kernel.run("%load_ext hailuo_widgets")
    return kernel


def clip_cell(name, prompt="dances on a snowy summit at sunrise [Truck left]"):
    return f"%%hailuo {name} -d 6 -r 768P\nA {name} {prompt}"


def html(kernel, cell):
    return "".join(m.content["data"].get("text/html", "") for m in kernel.outputs(cell) if "data" in m.content)


def await_player(kernel, cell):
    return kernel.wait_for("the player", lambda: html(kernel, cell) if "<video" in html(kernel, cell) else None, 120)


def outputs(kernel, cell):
    """What the notebook's file keeps of them."""
    return [message.content["data"] for message in kernel.outputs(cell)]


def test_run_all_of_ten_queued_cells_runs_all_ten_and_again_leaves_the_file_as_it_is(ready):
    cells = {name: ready.execute(clip_cell(name)) for name in ANIMALS}
    for cell in cells.values():
        assert ready.reply(cell).content["status"] == "ok", ready.reply(cell).content
    for name, cell in cells.items():
        shown = await_player(ready, cell)
        assert [other for other in ANIMALS if f"A {other} " in shown] == [name]
        [card] = outputs(ready, cell)
        assert set(card) == {"text/html", "text/plain"}
        assert len(json.dumps(card, ensure_ascii=False).encode()) <= 30 * 1024
    states = ready.execute(f"print(*[job.state for job in ({', '.join(ANIMALS)})])")
    ready.reply(states)
    assert ready.text(states).split() == ["stored"] * 10
    for name, cell in cells.items():
        again = ready.execute(clip_cell(name))
        await_player(ready, again)
        assert outputs(ready, again) == outputs(ready, cell)


def test_the_settled_card_replaces_the_live_one_by_its_display_id(ready):
    cell = ready.execute(clip_cell("panda"))
    ready.reply(cell)
    await_player(ready, cell)
    shown = [m for m in ready.messages(cell) if m.type == "display_data"]
    assert len(shown) == 1
    assert set(shown[0].content["data"]) == {"text/html", "text/plain"}  # true and useful if nothing replaces it
    for text in ("A panda dances", "6 s · 768P", "free", "%hailuo show panda"):
        assert text in shown[0].content["data"]["text/html"]
    updates = [m for m in ready.messages() if m.type == "update_display_data"]
    assert {m.display_id for m in updates} == {shown[0].display_id}
    assert {m.parent for m in updates} == {cell}
    assert all({"text/html", "text/plain"} == set(m.content["data"]) for m in updates)


def test_a_sweep_and_a_clip_in_a_cell_are_shown_as_what_they_are(ready):
    ready.run("%%hailuo fox --yes --wait\nA red fox {gait = trots | leaps}.")
    for code in ("hw.generate('A red fox trots.')", "job = hw.generate('A red fox trots.')\njob", "job"):
        cell = ready.execute(f"import hailuo_widgets as hw\n{code}")
        ready.reply(cell)
        assert len(outputs(ready, cell)) == 1  # one card, also where the cell ends with the job that it shows
    table = ready.execute("fox")
    ready.reply(table)
    shown = html(ready, table)
    assert "trots" in shown
    assert shown.count("<video") == 2
    clip = ready.execute("fox.clips()[0]")
    ready.reply(clip)
    assert "<video" in html(ready, clip)


@pytest.mark.parametrize("wait", ["panda.result()", "await panda"])
def test_an_interrupted_wait_ends_at_once_and_the_job_goes_on(ready, wait):
    ready.run("%hailuo config sketch_seconds=12")
    cell = ready.execute(clip_cell("panda"))
    ready.reply(cell)
    ready.wait_for("a running job", lambda: "running" in states_told(ready))
    # The promise is the product's, so a moment in which the whole machine was busy doesn't count.
    assert min(seconds_to_interrupt(ready, wait) for _ in range(3)) <= 0.5
    state = ready.execute("print(panda.state, panda.done)")
    ready.reply(state)
    assert ready.text(state).split() == ["running", "False"]
    await_player(ready, cell)
    ready.run("assert panda.state == 'stored' and panda.clip.path.exists()")


def seconds_to_interrupt(kernel, wait):
    waiting = kernel.execute(f"print('waiting', flush=True)\n{wait}")
    kernel.wait_for("the wait's begin", lambda: "waiting" in kernel.text(waiting))
    interrupted = kernel.interrupt()
    reply = kernel.reply(waiting)
    # A cell that awaits is cancelled by ipykernel itself, and says so.
    assert reply.content["ename"] in {"KeyboardInterrupt", "WaitInterrupted", "CancelledError"}
    error = next(m for m in kernel.messages(waiting) if m.type == "error")
    if error.content["ename"] != "KeyboardInterrupt":
        assert len(error.content["traceback"]) == 1
    return (error.sent - interrupted).total_seconds()


def states_told(kernel):
    """What the live cards have said so far."""
    updates = (m.content["data"].get("state", {}) for m in kernel.messages() if m.type == "comm_msg")
    return [state["status"]["state"] for state in updates if "status" in state]


def test_a_live_card_speaks_seldom_and_briefly(ready):
    ready.run("%hailuo config sketch_seconds=4")
    cells = [ready.execute(clip_cell(name)) for name in ANIMALS[:3]]
    for cell in cells:
        ready.reply(cell)
    for cell in cells:
        await_player(ready, cell)
    told = defaultdict(list)
    for message in ready.messages():
        if message.type == "comm_msg":
            told[message.content["comm_id"]].append(message)
            assert len(json.dumps(message.content)) + message.buffers <= 2048
    assert told
    for messages in told.values():
        at = [m.sent.timestamp() for m in messages]
        assert max(sum(start <= each < start + 1 for each in at) for start in at) <= 4


ERRORS = {
    "%%hailuo panda -d 7\nA panda": "7 s",
    "%%hailuo panda -p nobody\nA panda": "nobody",
    "%%hailuo panda --colour red\nA panda": "colour",
    "%%hailuo panda 'open\nA panda": "quotation",
    "%%hailuo not-a-name\nA panda": "variable",
    "%%hailuo panda\nA {pnda} in the snow": "pnda",
    "%%hailuo panda\n" + "x" * 2001: "2000|2,000",
    "%%hailuo panda --first-frame nowhere.png\nA panda": "nowhere.png",
    "%hailuo jbos": "jobs",
    "%hailuo config colour=red": "colour",
    "%hailuo show nobody": "nobody",
}


def test_an_error_is_one_readable_message(ready):
    for code, says in ERRORS.items():
        cell = ready.execute(code)
        reply = ready.reply(cell)
        assert reply.content["status"] == "error", code
        shown = "\n".join(reply.content["traceback"]) + html(ready, cell)
        assert re.search(says, shown), code
        assert "Traceback" not in shown, code
        assert ".py" not in shown, code
        assert len(reply.content["traceback"]) <= 12, code


def test_braces_take_variables_and_nothing_else_expands(ready):
    ready.run("animal = 'red panda {not again}'")
    cell = ready.execute("%%hailuo job --dry-run\nA {animal} in {{braces}} with $HOME and {animal!r:>3}")
    reply = ready.reply(cell)
    text = ready.text(cell) + "\n".join(reply.content.get("traceback", []))
    assert "/root" not in text.replace("$HOME", "")
    ready.run("%%hailuo job\nA {animal} in {{braces}} with $HOME")
    ready.run("assert job.quote.request.prompt == 'A red panda {not again} in {braces} with $HOME'")


def test_the_same_cell_again_is_answered_from_the_library_for_nothing(ready):
    ready.run("import IPython.terminal.ipapp")  # as some releases of ipykernel do by themselves
    first = _done(ready, clip_cell("panda"))
    await_player(ready, first)
    again = _done(ready, clip_cell("panda"))
    await_player(ready, again)
    ready.run("assert panda.cached")
    ready.run("panda.clip.measured")
    for cell in (first, again):  # the cards that are there say by themselves what was measured
        ready.wait_for("what was measured", lambda cell=cell: "Measured<" in html(ready, cell))
    ready.restart()
    ready.run("%load_ext hailuo_widgets")
    await_player(ready, _done(ready, clip_cell("panda")))
    ready.run("assert panda.cached")
    assert len(list(ready.folder.glob("hailuo_library/clips/**/*.mp4"))) == 1


def test_a_kernel_leaves_by_itself_after_a_sketch(ready):
    await_player(ready, _done(ready, clip_cell("panda")))
    ready.run("import atexit, pathlib; atexit.register(pathlib.Path('left').touch)")
    ready.shutdown()
    assert (ready.folder / "left").exists()


def _done(kernel, code):
    cell = kernel.execute(code)
    reply = kernel.reply(cell)
    assert reply.content["status"] == "ok", reply.content
    return cell


SHOW_MUCH = """
import threading, time
from hailuo_widgets.views.outputs import Output

output = Output()
output.show({"text/html": "", "text/plain": ""})

def show():
    while True:
        output.replace({"text/html": "x" * 200_000, "text/plain": ""})
        time.sleep(0.002)

threading.Thread(target=show, daemon=True).start()
"""


def test_a_kernel_that_shuts_down_while_it_shows_much_sends_whole_messages(ready):
    ready.run(SHOW_MUCH)
    shown = lambda: [m for m in ready.messages() if m.type == "update_display_data"]  # noqa: E731  # asked again
    ready.wait_for("updates", lambda: len(shown()) > 5)
    ready.shutdown()  # reads everything that was sent: a message with an invalid signature would raise here
