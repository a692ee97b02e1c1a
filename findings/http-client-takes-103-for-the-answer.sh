#!/usr/bin/env bash
# Guess: Python's http.client, and so urllib.request, reads over interim answers (1xx) to the final one; it does so for
# 100 Continue, and RFC 9110 has a client accept any number of 1xx before the final answer.
#
# What happens: only 100 is skipped. "103 Early Hints" or "102 Processing" is returned as the answer, with an empty body.
# The final answer, which comes later, stays in the connection, and a connection that is kept gives it as the answer
# to the next request: from then on every answer belongs to the request before. httpx skips all of them.
#
# What it means: behind a gateway that sends 103, a status check can report another task's status. Use httpx, or close an
# http.client connection as soon as a status below 200 is seen.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check httpx==0.28.1 httpcore==1.0.9 h11==0.16.0

venv/bin/python - <<'PY'
import http.client
import platform
import socket
import threading
import time
import urllib.error
import urllib.request
from importlib.metadata import version

import httpx

print("Python", platform.python_version(), "httpx", version("httpx"))


def handle(peer, interim):
    with peer, peer.makefile("rb") as requests:
        while line := requests.readline():
            while requests.readline().strip():
                pass
            body = b"status of " + line.split()[1]
            if interim and line.startswith(b"GET /a "):
                peer.sendall(b"HTTP/1.1 %b\r\nlink: </player.js>; rel=preload\r\n\r\n" % interim)
            time.sleep(0.5)  # until the final answer is known
            peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))


def serve(interim):
    def accept():
        while True:
            threading.Thread(target=handle, args=(server.accept()[0], interim), daemon=True).start()

    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, daemon=True).start()
    return server.getsockname()[1]


def kept_connection(port):
    connection, answers = http.client.HTTPConnection("127.0.0.1", port, timeout=20), []
    for path in ("/a", "/b", "/c"):
        connection.request("GET", path)
        answer = connection.getresponse()
        answers.append((answer.status, answer.read().decode()))
    connection.close()
    return answers


def with_httpx(port):
    with httpx.Client(trust_env=False, timeout=20) as client:
        answers = [client.get(f"http://127.0.0.1:{port}{path}") for path in ("/a", "/b", "/c")]
    return [(answer.status_code, answer.text) for answer in answers]


right = [(200, "status of /a"), (200, "status of /b"), (200, "status of /c")]
for interim in (b"", b"100 Continue", b"103 Early Hints", b"102 Processing"):
    port = serve(interim)
    answers = kept_connection(port)
    print(f"{interim.decode() or 'nothing'} before the first answer: GET /a, /b, /c got {answers}")
    assert with_httpx(port) == right
    if interim[:3] in (b"", b"100"):
        assert answers == right
    else:
        assert answers == [(int(interim[:3]), ""), (200, "status of /a"), (200, "status of /b")], answers

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    status = opener.open(f"http://127.0.0.1:{serve(b'103 Early Hints')}/a", timeout=20).status
except urllib.error.HTTPError as error:
    status = error.code
print("urllib.request:", status)
assert status == 103
print("httpx gave the right three answers each time; http.client took the interim answer for the final one.")
PY
