#!/usr/bin/env bash
# Guess: an exception in httpx's `trace` hook ends the request: a hook that notes each request in a journal before it is
# sent can stop it when the journal can't be written.
#
# What happens: httpcore ignores httpcore.WriteError while it sends, because a server may answer and close early, and the
# hook runs inside that block. If the hook's own connection fails with a WriteError at "send_request_headers.started",
# nothing is sent, and the client waits for an answer until the read timeout. All other exceptions come through.
#
# What it means: a paid request that never left the machine ends as ReadTimeout, like one that the vendor may have got
# and billed. Turn whatever a hook raises into an exception of your own, or write the journal before the call.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check httpx==0.28.1 httpcore==1.0.9 h11==0.16.0

venv/bin/python - <<'PY'
import socket
import struct
import threading
from importlib.metadata import version

import httpcore
import httpx

print("httpx", version("httpx"), "httpcore", version("httpcore"))
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"


def broken_log():
    """A connection to a log server that has gone away, made with httpcore's public network backend."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        log = httpcore.SyncBackend().connect_tcp(*server.getsockname())
        peer, _ = server.accept()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
    return log


def post(hook):
    """How a POST ends, and what its server got."""
    received = []

    def serve(server):
        peer, _ = server.accept()
        with peer:
            received.append(peer.recv(65536))
            if received[0]:
                peer.sendall(ANSWER)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/video_generation"
        with httpx.Client(timeout=httpx.Timeout(5, read=2), trust_env=False) as client:
            try:
                outcome = str(client.post(url, json={"prompt": "A fox trots."}, extensions={"trace": hook}).status_code)
            except Exception as error:  # noqa: BLE001
                outcome = type(error).__name__
        thread.join()
    return outcome, len(received[0])


def note(name, info):
    pass


def disk_full(name, info):
    if name == "http11.send_request_headers.started":
        raise OSError(28, "No space left on device")


def log_gone(name, info):
    if name == "http11.send_request_headers.started":
        log = broken_log()
        for _ in range(2):
            log.write(b"POST /video_generation\n", timeout=5)


try:
    log_gone("http11.send_request_headers.started", {})
except httpcore.WriteError as error:
    print("the log's own error:", type(error).__module__, type(error).__name__, error)
else:
    raise AssertionError("the log could be written")

for hook in (note, disk_full, log_gone):
    outcome, received = post(hook)
    print(f"{hook.__name__}: {outcome}, the server got {received} bytes")
    assert outcome == {"note": "200", "disk_full": "OSError", "log_gone": "ReadTimeout"}[hook.__name__], outcome
    assert (received > 0) == (hook is note)
print("The hook's WriteError was swallowed, and the client waited for an answer to a request that it never sent.")
PY
