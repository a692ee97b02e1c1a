#!/usr/bin/env bash
# Guess: InferenceClient.text_to_video() returns the clip's bytes or raises. A refused request and a refused look at the queue
# raise HfHubHTTPError, so a refused download of the finished clip does as well.
#
# What happens: with the provider "fal-ai" the status of the download is not looked at. For a link that has expired (403), a file
# that isn't there yet (404) or a storage that is busy (503), the error page is returned as the clip. There is no
# second try, and the request's number and the link are in no return value and no exception.
#
# What it means: a notebook writes 40 bytes of XML to clip.mp4 and goes on; the clip is paid for, and nothing says where it is.
# Probe what came back before it is kept, and log the requests, or use the vendor's own client, which gives the number.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check huggingface_hub==2.4.0

HF_HUB_DISABLE_TELEMETRY=1 HF_HOME="$work/hf" venv/bin/python - <<'PY'
import inspect
from importlib.metadata import version

import huggingface_hub.inference._providers.fal_ai as fal_ai
from huggingface_hub import InferenceClient, get_session, set_client_factory
from huggingface_hub.errors import HfHubHTTPError

print("huggingface_hub", version("huggingface_hub"))
fal_ai._POLLING_INTERVAL = 0.01
httpx = __import__(inspect.getmodule(type(get_session())).__name__.partition(".")[0])  # httpx or its successor
PAGE = b"<Error><Code>AccessDenied</Code></Error>"
CLIP = b"the bytes of a clip"


def outcome(refused=None, status=403):
    """What text_to_video() does, where the step `refused` is answered with `status`."""
    seen = []

    def answer(request):
        path = request.url.path
        step = {
            "/api/models/owner/model": "model",
            "/owner/model": "order",
            "/owner/model/requests/r1/status": "queue",
            "/owner/model/requests/r1": "result",
            "/clip.mp4": "download",
        }.get(path, "other")
        seen.append(step)
        if step == refused:
            return httpx.Response(status, content=PAGE)
        if step == "model":
            mapping = {"provider": "fal-ai", "providerId": "owner/model", "status": "live", "task": "text-to-video"}
            return httpx.Response(200, json={"id": "owner/model", "inferenceProviderMapping": [mapping]})
        if step == "order":
            link = "https://queue.fal.run/owner/model/requests/r1"
            return httpx.Response(200, json={"status": "IN_QUEUE", "request_id": "r1", "response_url": link})
        if step == "queue":
            return httpx.Response(200, json={"status": "COMPLETED"})
        if step == "result":
            return httpx.Response(200, json={"video": {"url": "https://files.example/clip.mp4"}})
        return httpx.Response(200, content=CLIP)

    set_client_factory(lambda: httpx.Client(transport=httpx.MockTransport(answer)))
    try:
        result = InferenceClient(provider="fal-ai", api_key="none").text_to_video("A fox trots.", model="owner/model")
    except HfHubHTTPError as error:
        result = type(error).__name__
    print(f"{refused or 'nothing'} refused ({status}): {result!r}, {seen.count('order')} order, {seen.count('download')} downloads")
    return result, seen.count("download")


assert outcome() == (CLIP, 1)
assert outcome("order") == ("HfHubHTTPError", 0)
assert outcome("queue") == ("HfHubHTTPError", 0)
for status in (403, 404, 503):
    assert outcome("download", status) == (PAGE, 1)
print("The error page was returned as the clip.")
PY
