#!/usr/bin/env bash
# Guess: `replicate.run()` either returns the model's output or raises ModelError: for a prediction that failed, and as well
# for one that was canceled (in the web page, by a deadline, by a colleague).
#
# What happens: only "failed" raises. A canceled prediction makes run() return None, like a model without output.
#
# What it means: in a loop over prompts a canceled clip shows up later, as an error about None or as a hole in a table.
# Check the result, or use predictions.create() and look at the status.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check replicate==1.0.7 pydantic==2.14.4 httpx==0.28.1

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

REPLICATE_POLL_INTERVAL=0.01 venv/bin/python - <<'PY'
from importlib.metadata import version

import replicate
from replicate.exceptions import ModelError
from server import serve

print("replicate", version("replicate"))


def ends(status, output=None):
    polls = []

    def answer(method, path):
        prediction = {
            "id": "p1", "version": "v1", "model": "owner/model", "input": {}, "output": None, "logs": "", "error": None,
            "metrics": {}, "created_at": "2026-11-28T00:00:00Z", "started_at": None, "completed_at": None,
            "urls": {"get": path, "cancel": path}, "source": "api", "data_removed": False, "status": "starting",
        }  # fmt: skip
        if method == "POST":
            return 201, prediction
        polls.append(path)
        return 200, {**prediction, "status": status, "output": output} if len(polls) > 1 else prediction

    client = replicate.Client(api_token="none", base_url=serve(answer))
    try:
        result = client.run("owner/model", input={"prompt": "A fox trots."}, use_file_output=False)
    except ModelError as error:
        result = type(error).__name__
    print(f"{status}: {result!r}")
    return result


assert ends("succeeded", "https://files.example/clip.mp4") == "https://files.example/clip.mp4"
assert ends("failed") == "ModelError"
assert ends("canceled") is None
print("A canceled prediction is returned as None.")
PY
