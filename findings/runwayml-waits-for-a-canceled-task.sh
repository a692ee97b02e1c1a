#!/usr/bin/env bash
# Guess: wait_for_task_output() of Runway's client ends as soon as the task ends, with TaskFailedError for a task that did
# not succeed; CANCELLED is among the states that the client's own types list.
#
# What happens: it ends at SUCCEEDED and FAILED only. A task that was cancelled (by a colleague, or by tasks.delete() in
# another cell) is polled until the time limit, ten minutes by default, and then reported as TaskTimeoutError: "it
# takes too long", not "it was cancelled". With timeout=None it is polled for ever.
#
# What it means: a notebook that cancels a clip keeps a cell waiting for it. Look at the status in a loop of your own,
# or give a short time limit and ask tasks.retrieve() what a time-out was.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check runwayml==5.24.0 pydantic==2.14.4 httpx==0.28.1

cat >server.py <<'PY'
"""A local server that answers with what `answer(method, path)` returns, and its address."""
import http.server
import json
import threading


def serve(answer):
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            self.rfile.read(int(self.headers.get("content-length") or 0))
            status, body = answer(self.command, self.path)
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
PY

venv/bin/python - <<'PY'
import time
from importlib.metadata import version

import runwayml
from runwayml.types.task_retrieve_response import Cancelled
from server import serve

print("runwayml", version("runwayml"), "knows the state", Cancelled.model_fields["status"].annotation)
TASK = "17f20503-6c24-4c16-946b-35dbbce2af2f"


def ends(status, **more):
    polls = []

    def answer(method, path):
        if method == "POST":
            return 200, {"id": TASK}
        polls.append(path)
        task = {"id": TASK, "createdAt": "2026-11-28T00:00:00Z"}
        return 200, {**task, "status": status, **more} if len(polls) > 1 else {**task, "status": "RUNNING"}

    client = runwayml.RunwayML(api_key="none", base_url=serve(answer))
    task = client.image_to_video.create(
        model="gen4_turbo", prompt_image="https://files.example/first.png", prompt_text="A fox trots.",
        ratio="1280:720", duration=5,
    )  # fmt: skip
    begin = time.monotonic()
    try:
        outcome = task.wait_for_task_output(timeout=30).status
    except runwayml.TaskFailedError as error:
        outcome = type(error).__name__
    except runwayml.TaskTimeoutError as error:
        outcome = type(error).__name__
    print(f"{status}: {outcome} after {len(polls)} polls, {time.monotonic() - begin:.0f} s of 30")
    return outcome, len(polls)


assert ends("SUCCEEDED", output=["https://files.example/clip.mp4"]) == ("SUCCEEDED", 2)
assert ends("FAILED", failure="no", failureCode="SAFETY.INPUT.TEXT") == ("TaskFailedError", 2)
outcome, polls = ends("CANCELLED")
assert outcome == "TaskTimeoutError"
assert polls > 2
print("A cancelled task was polled until the time limit and then called a time-out.")
PY
