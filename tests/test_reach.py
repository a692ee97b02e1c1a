"""`%hailuo doctor` asks the hosts: all at once, without a key, and never for long."""

from __future__ import annotations

import asyncio

from hailuo_widgets.net import reach as reach_module
from hailuo_widgets.net.reach import reach
from hailuo_widgets.simulator import Simulator
from support.shell import run, shell
from support.vendor import KEY, NOWHERE, on_a_socket


async def test_a_host_that_answers_anything_answers():
    heads = []

    async def vendor(scope, receive, send):
        heads.append((scope["method"], dict(scope["headers"])))
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body"})

    async with on_a_socket(vendor) as base:
        assert await reach({"minimax": base, "ppio": base}) == {"minimax": "answers", "ppio": "answers"}
    assert [method for method, _headers in heads] == ["HEAD", "HEAD"]
    assert all(b"authorization" not in headers for _method, headers in heads)


async def test_the_simulator_answers_too():
    sim = Simulator()
    async with on_a_socket(sim.app) as base:
        assert await reach({"minimax": base}) == {"minimax": "answers"}
    assert not sim.log


async def test_what_does_not_answer_is_given_up_together(monkeypatch):
    monkeypatch.setattr(reach_module, "SECONDS", 0.3)
    there = 0
    together = asyncio.Event()

    async def silent(scope, receive, send):
        nonlocal there
        there += 1
        if there == 5:
            together.set()
        await asyncio.Event().wait()

    async with on_a_socket(silent) as base:
        words = await reach({str(number): base for number in range(5)} | {"nobody": NOWHERE})
        await together.wait()
    assert [words[str(number)] for number in range(5)] == ["does not answer within 0.3 s"] * 5
    assert words["nobody"].startswith("does not answer: ")


def test_who_has_no_key_waits_for_nobody(here, monkeypatch):
    def never(*_):
        raise AssertionError("someone was asked")

    here.settings._keys.clear()
    monkeypatch.setattr("hailuo_widgets.commands.reach", never)
    with shell() as notebook:
        text = str(run(notebook, "%hailuo doctor"))
    assert "no key: set MINIMAX_API_KEY, or %hailuo login minimax" in text


def test_doctor_says_who_answers(here, monkeypatch):
    monkeypatch.setenv("EVOLINK_API_KEY", "two words")
    here.settings.base_urls["minimax"] = NOWHERE
    with shell() as notebook:
        rows = {row[0]: row for row in run(notebook, "%hailuo doctor").rows}
    assert rows["minimax"][1] == "key from a test"
    assert rows["minimax"][2].startswith(f"{NOWHERE} does not answer: ")
    assert "contains a space" in rows["evolink"][1]
    assert rows["ppio"][2] == ""
    assert rows["sketch"][1:] == ("needs no key", "")
    assert KEY not in str(rows)
