"""The JSON examples of the four vendors' pages, byte for byte, and what a test needs to play the vendor."""

import json
from pathlib import Path

from hailuo_widgets.providers import HttpCall, HttpReply, provider
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest


def text(name):
    """An example as the page prints it."""
    return (Path(__file__).parent / f"{name}.json").read_text("utf-8").removesuffix("\n")


def value(name):
    """An example's JSON."""
    return json.loads(text(name))


def reply(body, status=200, **headers):
    """An answer; anything that is not bytes goes out as JSON."""
    return HttpReply(status, body if isinstance(body, bytes) else json.dumps(body).encode(), headers)


def walk(flow, *replies):
    """Drive a flow with prepared answers: the calls that it made, and what it returned."""
    calls, waiting = [], list(replies)
    try:
        call = next(flow)
        while True:
            assert isinstance(call, HttpCall)
            calls.append(call)
            call = flow.send(waiting.pop(0))
    except StopIteration as stop:
        assert not waiting, "the flow ended before it had read every answer"
        return calls, stop.value


def submit(name, *replies, **fields):
    """Quote a request and submit it: the paying call, and the state that came of it."""
    order = quote(VideoRequest.of(**fields), name)
    calls, state = walk(provider(name).submit(order.request, order.row), *replies)
    (call,) = calls
    assert call.paying
    return call, state
