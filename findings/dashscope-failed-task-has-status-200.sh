#!/usr/bin/env bash
# Guess: `VideoSynthesis.call()` of Alibaba's dashscope client, which waits for the task, raises for a task that failed, or
# at least returns a response whose status_code is not 200 and whose code and message say why: status_code is what
# the package's page names as the check for these classes.
#
# What happens: for a task that ended FAILED, CANCELED or UNKNOWN the response has status_code 200, code None and an
# empty message. The reason is one level deeper, in output.code and output.message, and video_url is an empty string.
#
# What it means: `if response.status_code == HTTPStatus.OK` takes a failed clip for a finished one, and the next line
# downloads from "". Look at output.task_status.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check dashscope==2.0.2

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
from http import HTTPStatus
from importlib.metadata import version

import dashscope
from dashscope import VideoSynthesis
from server import serve

print("dashscope", version("dashscope"))


def ends(status, **more):
    polls = []

    def answer(method, path):
        if method == "POST":
            return 200, {"request_id": "r1", "output": {"task_id": "t1", "task_status": "PENDING"}}
        polls.append(path)
        output = {"task_id": "t1", "task_status": "RUNNING"}
        if len(polls) > 1:
            output = {"task_id": "t1", "task_status": status, **more}
        return 200, {"request_id": "r1", "output": output}

    dashscope.base_http_api_url = serve(answer) + "/api/v1"
    response = VideoSynthesis.call(api_key="none", model="wan2.2-t2v-plus", prompt="A fox trots.")
    output = response.output
    print(f"{status}: status_code {int(response.status_code)}, code {response.code!r}, message {response.message!r},",
          f"video_url {output.video_url!r}, output.code {output.get('code')!r}")
    return response


response = ends("SUCCEEDED", video_url="https://files.example/clip.mp4")
assert response.status_code == HTTPStatus.OK and response.output.video_url
response = ends("FAILED", code="DataInspectionFailed", message="Output data may contain inappropriate content.")
assert response.status_code == HTTPStatus.OK
assert (response.code, response.message, response.output.video_url) == (None, "", "")
assert response.output.code == "DataInspectionFailed"
response = ends("CANCELED")
assert (response.status_code, response.code, response.output.video_url) == (HTTPStatus.OK, None, "")
print("A failed task looks like a success with no address.")
PY
