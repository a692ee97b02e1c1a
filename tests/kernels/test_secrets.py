"""A key, however it was given, is in no message of the kernel and in no file that it leaves behind."""

import contextlib
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from support.waiting import wait_until

CANARY = "sk-canary-5d41402abc4b2a76b9719d91"
LOOK_EVERYWHERE = """
import hailuo_widgets as hw
print(repr(panda), vars(panda), dir(panda))
try:
    panda.result()
except hw.HailuoError as error:
    print(repr(error), str(error), vars(error))
    while error:
        frame = error.__traceback__
        while frame:
            print(frame.tb_frame.f_locals)
            frame = frame.tb_next
        error = error.__cause__ or error.__context__
"""


@contextlib.contextmanager
def simulator(folder, key):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "hailuo_widgets.cli", "simulator", "--fast", f"--port={port}", f"--key={key}"]
    with (folder / "simulator.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
    url = f"http://127.0.0.1:{port}"

    def answers():
        assert process.poll() is None, (folder / "simulator.log").read_text()
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            return False
        return True

    try:
        wait_until(answers, 30, lambda: "the simulator does not answer")
        yield url
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(params=["accepted", "refused"])
def vendor(request, tmp_path_factory):
    """A vendor's server that knows the canary, and one that doesn't."""
    with simulator(tmp_path_factory.mktemp("vendor"), CANARY if request.param == "accepted" else "another") as url:
        yield url, request.param == "accepted"


@pytest.mark.parametrize("way", ["environment", "dotenv", "argument"])
def test_a_key_leaves_no_trace(start_kernel, tmp_path, tmp_path_factory, vendor, way):
    url, accepted = vendor
    env = {"HAILUO_MINIMAX_BASE_URL": url}
    if way == "environment":
        env["MINIMAX_API_KEY"] = CANARY
    if way == "dotenv":
        (tmp_path / ".env").write_text(f"MINIMAX_API_KEY={CANARY}\n")
    kernel = start_kernel(env)
    kernel.run("%load_ext hailuo_widgets\n%xmode Verbose")
    if way == "argument":
        note = tmp_path_factory.mktemp("note") / "key"
        note.write_text(CANARY)
        order = (
            f"panda = hailuo_widgets.generate('A panda', provider='minimax', name='panda', duration=6,"
            f" resolution='768P', key=open({str(note)!r}).read())"
        )
        kernel.run("import hailuo_widgets")
    else:
        order = "%%hailuo panda -p minimax -d 6 -r 768P\nA panda"
    kernel.reply(kernel.execute(order))
    waiting = kernel.execute("panda.result()")
    status = kernel.reply(waiting, 120).content["status"]
    assert status == ("ok" if accepted else "error"), kernel.text(waiting)
    kernel.reply(kernel.execute(LOOK_EVERYWHERE))
    for command in ("doctor", "jobs", "config", "cost", "show panda"):
        kernel.reply(kernel.execute(f"%hailuo {command}"))
    kernel.reply(kernel.execute("import ipywidgets\nprint(ipywidgets.Widget.get_manager_state())"))

    published = [m for m in kernel.messages() if m.type != "execute_input"]
    assert not [m for m in published if CANARY in str(m.content)]
    kernel.shutdown()
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".env"]
    assert left
    assert not [path for path in left if CANARY.encode() in path.read_bytes()]


def test_a_key_in_a_cell_is_turned_down_without_being_repeated(kernel):
    kernel.run("%load_ext hailuo_widgets")
    cell = kernel.execute(f"%hailuo config minimax_key={CANARY}")
    reply = kernel.reply(cell)
    assert reply.content["status"] == "error"
    published = [m for m in kernel.messages() if m.type != "execute_input"]
    assert not [m for m in [*published, reply] if CANARY in str(m.content)]
