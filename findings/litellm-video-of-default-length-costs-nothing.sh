#!/usr/bin/env bash
# Guess: litellm, which is used to keep spending within budgets, prices a video by the length that is delivered; if the length
# was left to the vendor, it uses the vendor's default length, or says that the cost is unknown (None).
#
# What happens: for Runway the cost is the price per second times the `seconds` argument. Leave `seconds` out, which
# Runway allows, and response_cost is 0.0, while the task is created and billed. And a size that is not written
# WIDTHxHEIGHT, such as "16:9", is left out of the request without an error.
#
# What it means: budgets and tables of costs count such clips as free. Always pass `seconds` and a size in pixels, and
# treat a cost of 0 as unknown.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check litellm==1.110.2 openai==3.57.0 pydantic==2.14.4 httpx==0.28.1

cat >server.py <<'PY'
"""A local server that answers with what `answer(method, path, body)` returns, and its address."""
import http.server
import json
import threading


def serve(answer):
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, body = answer(self.command, self.path, content)
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

LITELLM_LOCAL_MODEL_COST_MAP=True venv/bin/python - <<'PY'
import json
from importlib.metadata import version

import litellm
from server import serve

print("litellm", version("litellm"), "with the prices it was released with")


def bought(**settings):
    sent = []

    def answer(method, path, body):
        sent.append(json.loads(body))
        return 200, {"id": "17f20503-6c24-4c16-946b-35dbbce2af2f"}

    video = litellm.video_generation(
        model="runwayml/gen4_turbo", prompt="A fox trots.", input_reference="https://files.example/first.png",
        api_key="none", api_base=serve(answer) + "/v1", **settings,
    )  # fmt: skip
    cost = video._hidden_params["response_cost"]
    (request,) = sent
    print(f"{settings}: cost {cost}, sent ratio {request.get('ratio')!r}, duration {request.get('duration')!r}")
    return cost, request


cost, request = bought(seconds="5", size="1280x720")
assert cost > 0 and request["duration"] == 5 and request["ratio"] == "1280:720"
cost, request = bought(size="1280x720")
assert cost == 0.0 and "duration" not in request
cost, request = bought(seconds="5", size="16:9")
assert "ratio" not in request
print("A clip of the vendor's default length has the cost 0.0.")
PY
