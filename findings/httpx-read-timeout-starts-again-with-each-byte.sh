#!/usr/bin/env bash
# Guess: `httpx.get(url, timeout=1)` returns or raises within a few seconds, at least until the status of the answer is
# known: 1 s each for the pool, connecting, sending and reading the head.
#
# What happens: the read timeout bounds each wait for the next bytes, not the answer. A head that comes a few bytes at
# a time, interim answers (102 Processing, which some gateways send to keep a connection open) and blank lines before
# a JSON body all start it again. The script stops after some seconds; nothing in httpx would.
#
# What it means: a status check of a cell can take as long as the server likes, whatever the timeout says. Bound it from
# outside: `asyncio.timeout()` for an AsyncClient, or a deadline checked while a streamed body is read.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check httpx==0.28.1 httpcore==1.0.9 h11==0.16.0

venv/bin/python - <<'PY'
import asyncio
import socket
import threading
import time
from importlib.metadata import version

import httpx

print("httpx", version("httpx"), "httpcore", version("httpcore"))
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 29\r\nconnection: close\r\n\r\n"
BODY = b'{"status": "Success"}'
ANSWERS = {  # what the server sends, piece by piece, 0.2 s apart
    "the head in small pieces": [HEAD[i : i + 4] for i in range(0, len(HEAD), 4)] + [b" " * 8 + BODY],
    "102 Processing": [b"HTTP/1.1 102 Processing\r\n\r\n"] * 20 + [HEAD, b" " * 8 + BODY],
    "blank lines before the body": [HEAD.replace(b"29", b"41"), *[b"\n"] * 20, BODY],
}


def serve(pieces):
    def run():
        peer, _ = server.accept()
        with server, peer:
            peer.recv(65536)
            try:
                for piece in pieces:
                    time.sleep(0.2)
                    peer.sendall(piece)
                if not pieces:
                    peer.recv(1)  # silent until the client has gone
            except OSError:
                pass

    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=run, daemon=True).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}/"


def timed(url):
    begin = time.monotonic()
    with httpx.Client(timeout=1, trust_env=False) as client:
        try:
            outcome = str(client.get(url).status_code)
        except httpx.HTTPError as error:
            outcome = type(error).__name__
    return outcome, time.monotonic() - begin


outcome, seconds = timed(serve([]))
print(f"timeout=1, a silent server: {outcome} after {seconds:.1f} s")
assert outcome == "ReadTimeout"
for name, pieces in ANSWERS.items():
    outcome, seconds = timed(serve(pieces))
    print(f"timeout=1, {name}: {outcome} after {seconds:.1f} s")
    assert outcome == "200", outcome
    assert seconds > 3


async def bounded(url):
    async with httpx.AsyncClient(timeout=1, trust_env=False) as client:
        try:
            await asyncio.wait_for(client.get(url), 2)
        except TimeoutError:
            return "TimeoutError"


outcome = asyncio.run(bounded(serve(ANSWERS["102 Processing"])))
print("the same bounded from outside to 2 s:", outcome)
assert outcome == "TimeoutError"
PY
