#!/usr/bin/env bash
# Guess: `fal_client.run(model, arguments, timeout=60)` waits a minute for the clip and then raises a time-out. A request that
# costs money is not sent again without a word: either the client doesn't repeat it, or it does so with one number.
#
# What happens: the POST is sent up to ten times. `timeout` is the limit of one try; each time it runs out, the same order is sent
# again, without any idempotency key, and after the tenth the time-out is raised. submit() does the same (its limit is the
# client's, 120 s), also when the answer is lost on the way. With start_timeout=, a time-out ends the call after one try,
# while a lost answer is still followed by another order.
#
# What it means: a clip that takes longer than the limit is generated and billed ten times, none of the ten is received, and the
# cell takes ten times as long as was asked for. With run(), leave timeout out or pass start_timeout too, and look at the
# vendor's list of requests after any error, before a prompt is sent again.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check fal-client==1.0.3 httpx==0.28.1

venv/bin/python - <<'PY'
import http.server
import json
import threading
from importlib.metadata import version

import fal_client
import fal_client.client
import httpx

print("fal-client", version("fal-client"))
fal_client.client.BASE_DELAY = 0.001  # between two tries; 0.1 s, doubled each time, as delivered


def orders(call, answers="late"):
    """How often an order arrives, and how `call` ends, where each is taken and its answer is late, lost or in time."""
    bodies, keys, ended = [], set(), threading.Event()
    limit = 0.5 if answers == "late" else 30

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            keys.update(name for name in self.headers if "idempotency" in name.lower())
            if answers == "late":
                ended.wait(60)
            if answers != "in time":
                return
            reply = {"request_id": "r1", "response_url": "x", "status_url": "x", "cancel_url": "x"}
            data = json.dumps(reply).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}/"
    fal_client.client.RUN_URL_FORMAT = fal_client.client.QUEUE_URL_FORMAT = here
    try:
        call(fal_client.SyncClient(key="none", default_timeout=limit), limit)
        outcome = "returned"
    except httpx.HTTPError as error:
        outcome = type(error).__name__
    ended.set()
    server.shutdown()
    server.server_close()  # waits for the orders that have arrived to be counted
    assert len(set(bodies)) == 1 and not keys
    return len(bodies), outcome


PROMPT = {"prompt": "A fox trots."}


def run(fal, limit):
    fal.run("owner/model", PROMPT, timeout=limit)


def run_with_start(fal, limit):
    fal.run("owner/model", PROMPT, timeout=limit, start_timeout=5)


def submit(fal, limit):
    fal.submit("owner/model", PROMPT)  # its limit is the client's


seen = {
    "run(timeout=...), answer in time": orders(run, "in time"),
    "run(timeout=...), late": orders(run),
    "run(timeout=...), lost": orders(run, "lost"),
    "submit(), late": orders(submit),
    "submit(), lost": orders(submit, "lost"),
    "run(timeout=..., start_timeout=5), late": orders(run_with_start),
    "run(timeout=..., start_timeout=5), lost": orders(run_with_start, "lost"),
}
for name, (count, outcome) in seen.items():
    print(f"{name}: {count} orders, then {outcome}")
counts = [count for count, _ in seen.values()]
assert counts == [1, 10, 10, 10, 10, 1, 10], counts
assert seen["run(timeout=...), late"][1] == seen["submit(), late"][1] == "ReadTimeout"
print("One call, ten orders.")
PY
