"""A canary in each way of giving a key: it does its work, and is found nowhere afterwards."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hailuo_widgets
from hailuo_widgets.simulator import Fault, Timing
from support.clock import VirtualClock
from support.vendor import on_a_socket, simulator

ROOT = Path(hailuo_widgets.__file__).parent.parent
KEY = "canary-5b1f0c9e7d"

# A plain process, as a script or a kernel is one: a clip, a refusal and a lost answer, everything shown and logged.
SCRIPT = """
import logging, sys, traceback, warnings
logging.basicConfig(level=logging.DEBUG, filename="all.log", encoding="utf-8")
import hailuo_widgets as hw
from hailuo_widgets import commands, session

WAY = sys.argv[1]
options = {"provider": "minimax"}
if WAY == "configure":
    session.default_session().settings.give_key("minimax", open("key.txt").read(), "login")

shown = []
for prompt in ("A fox [Pan left]", "refused", "lost"):
    try:
        if WAY == "argument":
            job = hw.generate(prompt, show=False, key=open("key.txt").read(), **options)
        else:
            job = hw.generate(prompt, show=False, **options)
        shown.append(repr(job))
        shown.append(repr(job.result(60)))
    except Exception as error:
        shown += [repr(error), str(error), repr(vars(error)), repr(error.__dict__.get("request"))]
        shown.append("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
    shown.append(repr(job))
now = session.default_session()
shown += [repr(now.settings), repr(list(now._clients.values())), repr(vars(now))]
shown += [str(table) + table._repr_html_() for table in (commands.jobs(), commands.doctor(), commands.config())]
print("\\n".join(shown))
print("STATES", *[job.state for job in hw.jobs()[::-1]])
now.close()
"""


class Vendor:
    """MiniMax on a socket, which refuses and loses by what the prompt says."""

    def __init__(self):
        self.sim = simulator(VirtualClock(), keys={KEY}, timing=Timing(0, 0, 0))

    async def __call__(self, scope, receive, send):
        message = await receive()
        for word, fault in ((b"refused", "refused_input"), (b"lost", "lost")):
            if word in message.get("body", b""):
                self.sim.faults.add(Fault(fault, "submit"))
        messages = [message]

        async def again():
            return messages.pop(0) if messages else await receive()

        await self.sim.app(scope, again, send)


@pytest.mark.parametrize("way", ["environment", "file", "argument", "configure"])
async def test_no_key_is_left_anywhere(way, tmp_path):
    vendor = Vendor()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDEVMODE": "1"}
    if way == "environment":
        environment["MINIMAX_API_KEY"] = KEY
    elif way == "file":
        (tmp_path / ".env").write_text(f"MINIMAX_API_KEY={KEY}\n")
    else:
        (tmp_path / "key.txt").write_text(KEY)
    async with on_a_socket(vendor) as base:
        environment["HAILUO_MINIMAX_BASE_URL"] = base
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", SCRIPT, way],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        await vendor.sim.aclose()
    assert done.returncode == 0, done.stderr
    assert "STATES stored refused uncertain" in done.stdout
    assert vendor.sim.billed["minimax"] == 2

    assert KEY not in done.stdout + done.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in {".env", "key.txt"}]
    assert {"library.sqlite", "all.log"} <= {path.name for path in files}
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
