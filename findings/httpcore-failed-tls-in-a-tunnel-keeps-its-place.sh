#!/usr/bin/env bash
# Guess: a connection that can't be made leaves httpx's pool at once: as many calls as you like may fail with ConnectError,
# and the next call still gets a connection.
#
# What happens: so it is without a proxy. Through a proxy (CONNECT), a failed TLS handshake, here a certificate that is not
# trusted, closes the socket but leaves the connection in the pool, as active. With max_connections=4 the fifth call
# ends as PoolTimeout, also one to a host that works, although no connection is open. It stays so until the
# client is closed.
#
# What it means: behind a company's proxy that opens TLS, a long-lived client answers a wrong certificate first with the
# reason, and later only with PoolTimeout. Make a new client after a ConnectError through a proxy.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  httpx==0.28.1 httpcore==1.0.9 h11==0.16.0 trustme==1.2.1

venv/bin/python - <<'PY'
import contextlib
import socket
import ssl
import threading
from importlib.metadata import version

import httpx
import trustme

print("httpx", version("httpx"), "httpcore", version("httpcore"))
known, unknown = trustme.CA(), trustme.CA()
trusted = ssl.create_default_context()
known.configure_trust(trusted)


def serve(handle):
    """Call `handle` with each connection, in a thread of its own; the port."""

    def one(peer):
        with contextlib.suppress(OSError), peer:
            handle(peer)

    def accept():
        while True:
            threading.Thread(target=one, args=(server.accept()[0],), daemon=True).start()

    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, daemon=True).start()
    return server.getsockname()[1]


def tls_server(authority):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def handle(peer):
        with context.wrap_socket(peer, server_side=True) as secure:
            secure.recv(65536)
            secure.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")

    return serve(handle)


def proxy(peer):
    port = int(peer.recv(65536).split()[1].rpartition(b":")[2])
    with socket.create_connection(("127.0.0.1", port)) as target:
        peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=copy, args=(target, peer), daemon=True)
        back.start()
        copy(peer, target)
        back.join()


def copy(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def call(client, port):
    try:
        return str(client.get(f"https://127.0.0.1:{port}/").status_code)
    except httpx.HTTPError as error:
        return type(error).__name__


good, bad, proxy_port = tls_server(known), tls_server(unknown), serve(proxy)
seen = {}
for name, address in (("direct", None), ("through a proxy", f"http://127.0.0.1:{proxy_port}")):
    with httpx.Client(
        verify=trusted, proxy=address, trust_env=False,
        timeout=httpx.Timeout(20, pool=1), limits=httpx.Limits(max_connections=4),
    ) as client:  # fmt: skip
        seen[name] = [call(client, good), *(call(client, bad) for _ in range(5)), call(client, good)]
        print(f"{name}: good host, five times one with an unknown certificate, good host:")
        print("   ", *seen[name])
assert seen["direct"] == ["200", *["ConnectError"] * 5, "200"]
assert seen["through a proxy"] == ["200", *["ConnectError"] * 4, "PoolTimeout", "PoolTimeout"]
print("Four failed handshakes have used up a pool of four.")
PY
