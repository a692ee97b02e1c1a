#!/usr/bin/env bash
# Guess: text_to_video() of huggingface_hub with the provider "replicate" raises the model's message for a prediction that failed,
# and waits for one that is still at work, as it does with the provider "wavespeed".
#
# What happens: it sends one request, with "Prefer: wait", and looks at nothing but the output. No output is TimeoutError, "timed
# out after 60 seconds ... Please try again later", both for a prediction that failed at once ("sensitive content") and
# for one that is still at work after the minute. The second goes on and is billed; its number is not in the exception.
#
# What it means: most video models need more than a minute, so their clips are paid for and never seen; and a loop that tries
# again after a time-out sends a refused prompt for ever, and pays a second time for the clip that is on its way.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check huggingface_hub==2.4.0

HF_HUB_DISABLE_TELEMETRY=1 HF_HOME="$work/hf" venv/bin/python - <<'PY'
import inspect
from importlib.metadata import version

import huggingface_hub.inference._providers.wavespeed as wavespeed
from huggingface_hub import InferenceClient, get_session, set_client_factory

print("huggingface_hub", version("huggingface_hub"))
httpx = __import__(inspect.getmodule(type(get_session())).__name__.partition(".")[0])  # httpx or its successor
wavespeed._POLLING_INTERVAL = 0.01
CLIP = b"the bytes of a clip"
LINK = "https://files.example/clip.mp4"


def outcome(provider, *states):
    """What text_to_video() does, where the vendor tells these states one after the other."""
    seen, left = [], list(states)

    def answer(request):
        if request.url.host == "files.example":
            return httpx.Response(200, content=CLIP)
        if request.url.host == "huggingface.co":
            mapping = {"providerId": "owner/model", "status": "live", "task": "text-to-video"}
            offers = [{"provider": name, **mapping} for name in ("wavespeed", "replicate")]
            return httpx.Response(200, json={"id": "owner/model", "inferenceProviderMapping": offers})
        seen.append(request.method)
        state = left.pop(0)
        if provider == "wavespeed":
            return httpx.Response(200, json={"data": {"urls": {"get": "https://api.wavespeed.ai/p1"}, **state}})
        assert request.headers["prefer"] == "wait"
        return httpx.Response(201, json={"id": "p1", "model": "owner/model", "output": None, "error": None, **state})

    set_client_factory(lambda: httpx.Client(transport=httpx.MockTransport(answer)))
    try:
        result = InferenceClient(provider=provider, api_key="none").text_to_video("A fox trots.", model="owner/model")
    except Exception as error:
        result = f"{type(error).__name__}: {error}"
    print(f"{provider}, {' then '.join(state['status'] for state in states)}: {result!r}; requests: {seen}")
    return result, seen


REFUSED = {"status": "failed", "error": "The prompt was flagged as sensitive."}
at_work = {"status": "processing"}
assert outcome("wavespeed", at_work, at_work, {"status": "completed", "outputs": [LINK]}) == (CLIP, ["POST", "GET", "GET"])
other, _ = outcome("wavespeed", at_work, REFUSED)
assert "flagged as sensitive" in other

assert outcome("replicate", {"status": "succeeded", "output": LINK}) == (CLIP, ["POST"])
failed, seen = outcome("replicate", REFUSED)
assert failed.startswith("TimeoutError: Inference request timed out after 60 seconds")
assert "try again later" in failed and "sensitive" not in failed
assert seen == ["POST"]
late, seen = outcome("replicate", at_work, {"status": "succeeded", "output": LINK})
assert late == failed and "p1" not in late
assert seen == ["POST"]
print("A refused clip and a clip at work are both called a time-out.")
PY
