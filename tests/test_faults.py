"""Provider × fault: each pair ends in a clip or in the right error, in time, and pays once."""

from __future__ import annotations

from contextlib import suppress

import httpx
import pytest

from hailuo_widgets import errors
from hailuo_widgets.errors import Charged
from hailuo_widgets.net.client import ATTEMPTS, AsyncHailuo
from hailuo_widgets.providers import Phase
from hailuo_widgets.simulator import Fault, Faults, Simulator, Timing, stock_clip
from hailuo_widgets.simulator.faults import KINDS
from support import reliability
from support.clock import VirtualClock
from support.every_vendor import BASE, KEY, PROMPT, WIRES, bench
from support.reliability import CLIP, MOST_SECONDS, TIMES, columns, play
from support.simulated import eventually
from support.vendor import on_a_socket

PAIRS = [(wire, where) for where in KINDS for wire in columns(where)]
UNCLEAR = {
    "http_500",
    "http_502",
    "http_503",
    "hang",
    "drop",
    "cut",
    "html",
    "server_error",
    "wrong_types",
    "missing_keys",
    "unanswered",
    "lost",
}
NOT_TAKEN = {"rate_limited", "http_429"}
NAMED_EARLY = {"minimax", "sketch", "modelverse"}
"""Wires whose answer has the task's id in its first half: it is read although the rest is lost."""
ENDS = {
    "bad_key": errors.AuthenticationError,
    "no_balance": errors.BalanceError,
    "refused_input": errors.ContentRefusedError,
    "fail_input": errors.ContentRefusedError,
    "fail_output": errors.ContentRefusedError,
    "fail_internal": errors.VendorFaultError,
}
GONE = {"forbidden", "not_found", "expired"}


def expected(wire, where, kind, times):
    """The class of the error that it should end with; None for a clip."""
    if kind == "bad_key" and where != "submit" and times == "once":
        return None  # one refused question says nothing about the task
    if kind in ENDS:
        return ENDS[kind]
    if kind == "slow":
        return None
    if where == "submit":
        if kind == "cut" and wire.label in NAMED_EARLY:
            return None
        if kind in NOT_TAKEN:
            return None if times == "once" else errors.RateLimitError
        if kind == "server_error" and wire.provider in {"ppio", "novita"}:
            return errors.VendorFaultError  # CREATE_TASK_FAILED: the vendor itself says that there is no task
        return errors.UncertainError
    if times == "once":
        return None
    return errors.DownloadError if where == "download" else errors.TimedOutError


@pytest.mark.parametrize(("wire", "where"), PAIRS, ids=lambda value: getattr(value, "label", value))
async def test_every_fault_ends_in_a_clip_or_in_the_right_error(wire, where):
    outcomes = {(kind, times): await play(wire, where, kind, times) for kind in KINDS[where] for times in TIMES}
    page = reliability.on_the_page(where)
    for (kind, times), got in outcomes.items():
        about = f"{kind} at {where}, {times}: {got}"
        print(f"{wire.label:12} {where:9} {kind:15} {times:10} {got.word:15} {got.paid}× paid, {got.seconds:6.1f} s")
        wanted = expected(wire, where, kind, times)
        assert (got.word == CLIP) == (wanted is None), about
        if wanted:
            assert isinstance(got.error, wanted), about
            assert got.error.provider in {wire.provider, ""}, about
            assert str(got.error).strip(), about
        assert got.left == (("clip.mp4",) if got.word == CLIP else ()), about
        assert got.seconds < MOST_SECONDS, about
        often = ATTEMPTS if times == "every time" else 2
        assert got.paid == (often if where == "submit" and kind in NOT_TAKEN else 1), about
        # What the vendor took money for is a clip, or an error that says that money may be gone.
        assert not got.billed or got.word == CLIP or got.charged in {"unknown", "yes"}, about
        if wanted is errors.UncertainError:
            assert got.error.charged is Charged.UNKNOWN, about
            assert got.error.request.prompt, about
        if wanted in {errors.TimedOutError, errors.DownloadError}:
            assert got.error.task_id, about
            assert got.error.retryable, about
        assert row_of(page, where, wire, kind, times) == reliability.word(got), (
            f"{about}\ndocs/pages/reliability.md is out of date: run python tests/support/reliability.py"
        )


def row_of(page, where, wire, kind, times):
    """The cell of the documentation's table."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines()]
    head, _, *body = lines
    index = next(number for number, line in enumerate(body) if line[0] == f"`{kind}`")
    row = body[index + list(TIMES).index(times)]
    assert row[1] == times
    return row[head.index(f"`{wire.label}`")]


def test_the_page_has_a_line_for_every_fault_and_no_other():
    for where, kinds in KINDS.items():
        lines = reliability.on_the_page(where).splitlines()[2:]
        assert [line.split("|")[1].strip() for line in lines[::2]] == [f"`{kind}`" for kind in kinds]
        assert len(lines) == len(TIMES) * len(kinds)


# --- where a second payment is allowed --------------------------------------------------------------------------------


class Unreachable(httpx.AsyncBaseTransport):
    """A way that is closed for the first calls."""

    def __init__(self, inner, error, times):
        self.inner, self.error, self.times = inner, error, times

    async def handle_async_request(self, request):
        if self.times:
            self.times -= 1
            raise self.error
        return await self.inner.handle_async_request(request)


NEVER_ARRIVED = [
    httpx.ConnectError("[Errno 111] Connection refused"),
    httpx.ConnectError("[Errno -2] Name or service not known"),
    httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"),
    httpx.ConnectTimeout("no connection"),
]


@pytest.mark.parametrize("error", NEVER_ARRIVED, ids=["refused", "DNS", "TLS", "no connection"])
@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.label)
async def test_what_never_arrived_is_sent_again(wire, error):
    clock = VirtualClock()
    sim = Simulator(timing=Timing(1, 1, 1), draw=stock_clip(fps=2), clock=clock)
    for times in (ATTEMPTS - 1, ATTEMPTS):
        way = Unreachable(httpx.ASGITransport(sim.app), error, times)
        async with AsyncHailuo(wire.provider, key=KEY, base_url=BASE, transport=way, clock=clock) as client:
            if times < ATTEMPTS:
                assert (await client.submit(PROMPT, **wire.fields)).task.id in sim.tasks
            else:
                with pytest.raises(errors.NetworkError) as caught:
                    await client.submit(PROMPT, **wire.fields)
                assert caught.value.charged is Charged.NO
                assert "Nothing was sent" in caught.value.hint
    assert (len(sim.log), len(sim.tasks)) == (1, 1)
    await sim.aclose()


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.label)
async def test_a_rate_limit_is_waited_for_as_long_as_the_vendor_says(wire):
    async with bench(wire.provider) as table:
        table.sim.faults.add(Fault("http_429", "submit", times=3, retry_after=17))
        assert (await table.client.submit(PROMPT, **wire.fields)).task.id
        assert table.paid == 4
        assert all(17 <= nap < 18 for nap in table.clock.naps)
        assert sum(table.sim.billed.values()) == 1


# --- on a real connection ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.label)
async def test_answers_that_never_come_on_a_real_connection(wire, monkeypatch, tmp_path):
    monkeypatch.setattr("hailuo_widgets.net.transport.ANSWER_SECONDS", 0.4)
    monkeypatch.setattr("hailuo_widgets.net.fetch.SILENT_SECONDS", 0.4)
    clock = VirtualClock()
    sim = Simulator(timing=Timing(1, 1, 1), draw=stock_clip(fps=2), clock=clock)
    async with on_a_socket(sim.app) as base, AsyncHailuo(wire.provider, key=KEY, base_url=base, clock=clock) as client:
        for kind in ("unanswered", "lost", "drop"):
            sim.faults.add(Fault(kind, "submit"))
            with pytest.raises(errors.UncertainError):
                await client.submit(PROMPT, **wire.fields)
        sim.faults.add(Fault("cut", "submit"))
        with suppress(errors.UncertainError):  # some wires name the task in the half that arrives
            assert (await client.submit(PROMPT, **wire.fields)).task.id in sim.tasks
        before = len(sim.log)
        task = await client.submit(PROMPT, **wire.fields)
        assert len(sim.log) == before + 1
        sim.faults.add(*(Fault(kind, "poll") for kind in ("hang", "cut", "drop")))
        sim.faults.add(*(Fault(kind, "download") for kind in ("hang", "cut", "drop")))
        await eventually(lambda: not sim.studio._drawings)
        state = [state async for state in client.watch(task, timeout=300)][-1]
        assert (await client.download(state, tmp_path / "a.mp4")).size
        await sim.aclose()
    assert sum(entry.where == "submit" for entry in sim.log) == 5


# --- at random --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.label)
async def test_whatever_happens_it_ends_in_a_clip_or_in_one_of_the_family(wire, tmp_path):
    for seed in range(12):
        kinds = {kind for kinds in KINDS.values() for kind in kinds} - {"slow"}
        async with bench(wire.provider, faults=Faults.random(seed, 0.4, kinds)) as table:
            begun = table.clock.time
            path = tmp_path / f"{seed}.mp4"
            try:
                task = await table.client.submit(PROMPT, **wire.fields)
                await table.drawn()
                state = [state async for state in table.client.watch(task, timeout=300)][-1]
                assert state.phase in {Phase.SUCCEEDED, Phase.FAILED}
                if state.phase is Phase.SUCCEEDED:
                    await table.client.download(state, path)
                    assert path.exists()
            except errors.VendorError:
                assert not path.exists()
            # All but the last were turned down in so many words.
            refused = [fault.kind for fault in table.sim.faults.happened if fault.where == "submit"]
            assert table.paid <= 1 + sum(kind in NOT_TAKEN for kind in refused)
            assert len(table.sim.tasks) <= 1
            assert table.clock.time - begun < MOST_SECONDS
        print(wire.label, seed, [f"{fault.kind} at {fault.where}" for fault in table.sim.faults.happened])
