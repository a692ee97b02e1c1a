#!/usr/bin/env bash
# Guess: a package that httpx doesn't require changes nothing about its speed. What an async request costs is sockets and
# parsing.
#
# What happens: httpcore asks which async library it runs under for each lock and event of a request, by "import sniffio".
# anyio 4.12 and later don't install sniffio any more. Python remembers a module that was found and forgets one that was
# not, so each request searches all of sys.path several times. Polls take about half as long with sniffio installed.
#
# What it means: a notebook that polls hundreds of video tasks with httpx.AsyncClient spends much of its time looking for
# a package. The longer sys.path is, and the slower its disk (a home directory on NFS), the worse. Install sniffio.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check httpx==0.28.1 httpcore==1.0.9 anyio==4.16.0

cat >measure.py <<'PY'
import asyncio
import sys
import time
from importlib.metadata import version
from importlib.util import find_spec

import httpx

ANSWER = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{"status":"Running"}'
POLLS = 200


class Finder:
    """Counts the modules that are searched for."""

    searched = 0

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        cls.searched += name == "sniffio"


async def answer(reader, writer):
    while await reader.readline():
        while await reader.readline() != b"\r\n":
            pass
        writer.write(ANSWER)
    writer.close()


async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = "http://127.0.0.1:{}/query?task_id=1".format(server.sockets[0].getsockname()[1])
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.get(url)
        sys.meta_path.insert(0, Finder)
        begun = time.process_time()
        for _ in range(POLLS):
            assert (await client.get(url)).json() == {"status": "Running"}
        used = time.process_time() - begun
    await asyncio.sleep(0.1)  # the server's end of the connection notices that it is closed
    server.close()
    installed = find_spec("sniffio") is not None
    print(
        "httpx", version("httpx"), "httpcore", version("httpcore"), "anyio", version("anyio"),
        "with sniffio:" if installed else "without sniffio:",
        f"{Finder.searched / POLLS:g} searches and {used / POLLS * 1e3:.2f} ms of CPU a poll",
    )
    assert (Finder.searched >= POLLS) is not installed, "httpcore does not look for it any more"


asyncio.run(main())
PY
venv/bin/python measure.py
venv/bin/pip install --quiet --disable-pip-version-check sniffio==1.3.1
venv/bin/python measure.py
echo "Without sniffio, httpcore looks for it in every request."
