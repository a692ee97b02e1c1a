"""`AsyncHailuo` against MiniMax's server side: what it brings, what it survives, how often it pays."""

from __future__ import annotations

import asyncio
import hashlib

import httpx
import pytest

from hailuo_widgets import errors
from hailuo_widgets.errors import Charged
from hailuo_widgets.media.probe import probe
from hailuo_widgets.net import client as client_module
from hailuo_widgets.net.client import AsyncHailuo
from hailuo_widgets.net.transport import NoReply
from hailuo_widgets.providers import HttpCall, HttpReply, Phase, Task
from hailuo_widgets.simulator import Fault
from hailuo_widgets.spec.request import VideoRequest
from support.clock import VirtualClock
from support.simulated import eventually
from support.vendor import KEY, NOWHERE, PROMPT, in_process, minimax, on_a_socket, polls, simulator, submits
from support.walker import where


async def states_of(client, task, **options):
    return [state async for state in client.watch(task, **options)]


async def test_a_clip_from_the_prompt_to_the_file(tmp_path):
    async with minimax() as (sim, client, _clock):
        task = await client.submit(PROMPT, duration=6, resolution="768P")
        states = await states_of(client, task)
        got = await client.download(states[-1], tmp_path / "fox.mp4")

    assert task.task.id == next(iter(sim.tasks))
    order = list(dict.fromkeys(state.phase for state in states))
    assert order == [Phase.QUEUED, Phase.RUNNING, Phase.SUCCEEDED]
    assert got.path == tmp_path / "fox.mp4"
    assert got.sha256 == hashlib.sha256(got.path.read_bytes()).hexdigest()
    info = probe(got.path)
    assert (info.height, info.duration, info.frames) == (768, 6.0, 144)
    assert [each.name for each in tmp_path.iterdir()] == ["fox.mp4"]
    assert submits(sim) == 1


async def test_a_task_can_be_picked_up_by_its_id_alone(tmp_path):
    async with minimax() as (sim, client, _clock):
        task_id = (await client.submit(PROMPT)).task.id
        final = (await states_of(in_process(sim, _clock), task_id))[-1]
        assert final.phase is Phase.SUCCEEDED
        assert (await client.download(final, tmp_path / "a" / "b.mp4")).size


async def test_downloading_a_task_that_is_not_done_says_so(tmp_path):
    async with minimax() as (_sim, client, _clock):
        task = await client.submit(PROMPT)
        with pytest.raises(errors.DownloadError, match="no clip") as caught:
            await client.download(task, tmp_path / "a.mp4")
        assert "Preparing" in caught.value.hint
        assert not list(tmp_path.iterdir())


async def test_an_order_that_the_vendor_would_refuse_never_leaves():
    async with minimax() as (sim, client, _clock):
        with pytest.raises(errors.RefusedError, match="6 s only"):
            await client.submit(PROMPT, duration=10, resolution="1080P")
        assert not sim.log


REFUSALS = [
    ("bad_key", errors.AuthenticationError, "2049", False),
    ("no_balance", errors.BalanceError, "1008", False),
    ("refused_input", errors.ContentRefusedError, "1026", False),
]


@pytest.mark.parametrize(("fault", "kind", "code", "retryable"), REFUSALS)
async def test_a_refusal_is_a_typed_error_with_everything_in_it(fault, kind, code, retryable):
    async with minimax(Fault(fault, "submit", times=9)) as (sim, client, _clock):
        request = VideoRequest.of(prompt=PROMPT)
        with pytest.raises(kind) as caught:
            await client.submit(request)
    error = caught.value
    assert (error.provider, error.code, error.http_status, error.task_id) == ("minimax", code, 200, None)
    assert error.charged is Charged.NO
    assert error.retryable is retryable
    assert error.vendor_message
    assert error.request.prompt == PROMPT
    assert (submits(sim), sim.billed["minimax"]) == (1, 0)


SURE = {"rate_limited": errors.RateLimitError, "http_429": errors.RateLimitError}
UNSURE = ["server_error", "http_500", "http_502", "http_503", "html", "wrong_types", "missing_keys", "drop"]


@pytest.mark.parametrize("fault", [*UNSURE, "lost"])
async def test_a_paying_call_without_a_clear_answer_is_uncertain_and_never_repeated(fault):
    async with minimax(Fault(fault, "submit")) as (sim, client, _clock):
        with pytest.raises(errors.UncertainError) as caught:
            await client.submit(PROMPT)
        assert submits(sim) == 1
    assert caught.value.charged is Charged.UNKNOWN
    assert not caught.value.retryable
    assert caught.value.request.prompt == PROMPT
    assert "console" in caught.value.hint


@pytest.mark.parametrize("fault", SURE)
async def test_a_rate_limit_is_waited_for(fault):
    async with minimax(Fault(fault, "submit", times=3)) as (sim, client, clock):
        task = await client.submit(PROMPT)
        assert task.task.id
        assert (submits(sim), sim.billed["minimax"]) == (4, 1)
        assert len(clock.naps) == 3
        assert clock.naps[2] > clock.naps[0]


@pytest.mark.parametrize("fault", SURE)
async def test_a_rate_limit_that_does_not_end_is_told(fault):
    async with minimax(Fault(fault, "submit", times=99)) as (sim, client, _clock):
        with pytest.raises(SURE[fault]) as caught:
            await client.submit(PROMPT)
        assert (submits(sim), sim.billed["minimax"]) == (client_module.ATTEMPTS, 0)
    assert caught.value.charged is Charged.NO
    assert caught.value.retryable


@pytest.mark.parametrize("where_", ["submit", "poll"])
async def test_retry_after_is_obeyed(where_):
    async with minimax(Fault("http_429", where_, retry_after=17)) as (_sim, client, clock):
        task = await client.submit(PROMPT)
        await client.status(task)
    assert 17 <= clock.naps[0] < 18


async def test_a_hostile_retry_after_does_not_hold_us_for_ever():
    async with minimax(Fault("http_429", "poll", retry_after=10**9)) as (_sim, client, clock):
        await client.status(await client.submit(PROMPT))
    assert clock.naps[0] <= client_module.LONGEST_RETRY_AFTER + 1


@pytest.mark.parametrize(
    "fault",
    [*UNSURE, "http_429", "rate_limited", "unknown_status"],
)
@pytest.mark.parametrize("times", [1, 7])
async def test_nothing_that_happens_to_a_question_ends_a_task(fault, times, tmp_path):
    async with minimax(Fault(fault, "poll", times=times)) as (sim, client, _clock):
        final = (await states_of(client, await client.submit(PROMPT)))[-1]
        assert final.phase is Phase.SUCCEEDED
        assert (await client.download(final, tmp_path / "a.mp4")).size
        assert submits(sim) == 1


@pytest.mark.parametrize("fault", ["http_502", "html", "cut", "missing_keys", "drop"])
async def test_nor_what_happens_to_the_question_for_the_address(fault):
    async with minimax(Fault(fault, "file", times=3)) as (_sim, client, _clock):
        assert (await states_of(client, await client.submit(PROMPT)))[-1].url


async def test_questions_are_asked_with_growing_pauses_and_then_told():
    async with minimax(Fault("http_502", "poll", times=99)) as (sim, client, clock):
        task = await client.submit(PROMPT)
        with pytest.raises(errors.VendorFaultError) as caught:
            await client.status(task)
        assert polls(sim) == client_module.ATTEMPTS
    assert clock.naps[-1] > clock.naps[0]
    assert max(clock.naps) <= client_module.LONGEST_PAUSE
    assert (caught.value.http_status, caught.value.task_id) == (502, task.task.id)
    assert caught.value.retryable


async def test_the_vendor_is_asked_seldom():
    async with minimax() as (sim, client, _clock):
        await states_of(client, await client.submit(PROMPT))
        assert polls(sim) <= 12  # 23 s of work


@pytest.mark.parametrize(
    ("fault", "side"), [("fail_input", "input"), ("fail_output", "output"), ("fail_internal", None)]
)
async def test_a_task_that_fails_is_a_state_not_an_exception(fault, side):
    async with minimax(Fault(fault, "submit")) as (sim, client, _clock):
        final = (await states_of(client, await client.submit(PROMPT)))[-1]
        assert final.phase is Phase.FAILED
        assert isinstance(final.error, errors.VendorError)
        assert getattr(final.error, "side", None) == side
        assert sim.billed["minimax"] == 0


async def test_watching_gives_up_after_its_timeout_and_hands_over_the_task():
    async with minimax() as (_sim, client, clock):
        task = await client.submit(PROMPT)
        with pytest.raises(errors.TimedOutError) as caught:
            await states_of(client, task, timeout=8)
        assert clock.time - task.raw.get("at", clock.time) < 60
    assert caught.value.task_id == task.task.id
    assert caught.value.provider == "minimax"


async def test_a_task_that_nobody_knows_is_not_found():
    async with minimax() as (_sim, client, _clock):
        with pytest.raises(errors.NotFoundError) as caught:
            await states_of(client, "123456789")
    assert caught.value.task_id == "123456789"


# --- the network itself ---------------------------------------------------------------------------------------------


async def test_a_refused_connection_is_tried_again_and_nothing_was_sent():
    clock = VirtualClock()
    async with AsyncHailuo("minimax", key=KEY, base_url=NOWHERE, clock=clock) as client:
        with pytest.raises(errors.NetworkError) as caught:
            await client.submit(PROMPT)
    assert len(clock.naps) == client_module.ATTEMPTS - 1
    assert caught.value.charged is Charged.NO
    assert caught.value.retryable
    assert "Nothing was sent" in caught.value.hint


@pytest.mark.parametrize("fault", ["unanswered", "hang"])
async def test_accepted_but_never_answered_is_uncertain(fault, monkeypatch):
    monkeypatch.setattr("hailuo_widgets.net.transport.ANSWER_SECONDS", 0.3)
    clock = VirtualClock()
    sim = simulator(clock)
    sim.faults.add(Fault(fault, "submit"))
    async with on_a_socket(sim.app) as base, AsyncHailuo("minimax", key=KEY, base_url=base, clock=clock) as client:
        with pytest.raises(errors.UncertainError, match="no answer in time"):
            await client.submit(PROMPT)
        await sim.aclose()
    assert submits(sim) == 1


async def test_a_lost_answer_on_a_real_connection_is_uncertain():
    clock = VirtualClock()
    sim = simulator(clock)
    sim.faults.add(Fault("lost", "submit"), Fault("lost", "submit"))
    async with on_a_socket(sim.app) as base, AsyncHailuo("minimax", key=KEY, base_url=base, clock=clock) as client:
        for _ in range(2):
            with pytest.raises(errors.UncertainError):
                await client.submit(PROMPT)
        await sim.aclose()
    assert (submits(sim), sim.billed["minimax"]) == (2, 2)


async def test_an_answer_that_breaks_off_on_a_real_connection_still_names_its_task():
    clock = VirtualClock()
    sim = simulator(clock)
    sim.faults.add(Fault("cut", "submit"))
    async with on_a_socket(sim.app) as base, AsyncHailuo("minimax", key=KEY, base_url=base, clock=clock) as client:
        state = await client.submit(PROMPT)
        assert (await client.status(state.task)).phase is Phase.QUEUED
        await sim.aclose()
    assert (submits(sim), sim.billed["minimax"]) == (1, 1)


# --- cancelled while it pays ----------------------------------------------------------------------------------------


class Slow(httpx.ASGITransport):
    """Answers when it is told to."""

    def __init__(self, app):
        super().__init__(app)
        self.here = asyncio.Event()
        self.go = asyncio.Event()

    async def handle_async_request(self, request):
        response = await super().handle_async_request(request)
        self.here.set()
        await self.go.wait()
        return response


async def test_cancelled_in_the_air_it_still_brings_the_task():
    clock = VirtualClock()
    sim = simulator(clock)
    transport = Slow(sim.app)
    async with in_process(sim, clock, transport=transport) as client:
        buying = asyncio.create_task(client.submit(PROMPT))
        await transport.here.wait()
        buying.cancel()
        await asyncio.sleep(0)
        buying.cancel()
        transport.go.set()
        assert (await buying).task.id in sim.tasks
    await sim.aclose()


@pytest.mark.parametrize("answer", ["lost", "rate_limited", "unreachable"])
async def test_what_follows_the_call_that_pays_is_never_a_reason_to_pay_again(answer, monkeypatch):
    async with minimax() as (sim, client, _clock):
        submit, send = client._provider.submit, client._transport.send

        def and_then(request, row):
            state = yield from submit(request, row)
            reply = yield HttpCall("POST", "/confirm", json={})
            if reply.status == 429:
                raise errors.RateLimitError("slow down", http_status=429)
            return state

        async def sending(call, **options):
            if call.path != "/confirm":
                return await send(call, **options)
            return HttpReply(429, b"{}") if answer == "rate_limited" else NoReply("no answer", sent=answer == "lost")

        monkeypatch.setattr(client._provider, "submit", and_then)
        client._transport.send = sending
        with pytest.raises(errors.UncertainError, match="was accepted, but"):
            await client.submit(PROMPT)
        assert submits(sim) == 1


async def test_what_comes_before_the_call_that_pays_costs_nothing_and_is_tried_again(monkeypatch):
    async with minimax() as (sim, client, _clock):
        submit, send, uploads = client._provider.submit, client._transport.send, []

        def upload_first(request, row):
            yield HttpCall("POST", "/upload", json={})
            return (yield from submit(request, row))

        async def losing(call, **options):
            if call.path != "/upload":
                return await send(call, **options)
            uploads.append(call)
            return (
                NoReply("no answer in time", sent=True, timed_out=True) if lost(len(uploads)) else HttpReply(200, b"{}")
            )

        monkeypatch.setattr(client._provider, "submit", upload_first)
        client._transport.send = losing
        lost = (2).__ge__
        assert (await client.submit(PROMPT)).task.id in sim.tasks
        assert (len(uploads), submits(sim)) == (3, 1)
        lost = (9).__ge__
        with pytest.raises(errors.NetworkError) as caught:
            await client.submit(PROMPT)
        assert caught.value.charged is Charged.NO
        assert submits(sim) == 1


async def test_cancelled_between_two_attempts_it_buys_nothing():
    async with minimax(Fault("rate_limited", "submit", times=2)) as (sim, client, clock):
        asleep = asyncio.Event()

        async def for_ever(_seconds):
            asleep.set()
            await asyncio.Event().wait()

        clock.sleep = for_ever
        buying = asyncio.create_task(client.submit(PROMPT))
        await asleep.wait()
        buying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await buying
        assert (submits(sim), len(sim.tasks)) == (1, 0)


async def test_ended_with_its_loop_it_says_that_it_may_have_paid():
    clock = VirtualClock()
    sim = simulator(clock)
    transport = Slow(sim.app)
    async with in_process(sim, clock, transport=transport) as client:
        before = asyncio.all_tasks()
        buying = asyncio.create_task(client.submit(PROMPT))
        await transport.here.wait()
        for task in asyncio.all_tasks() - before:
            task.cancel()
        with pytest.raises(errors.UncertainError, match="ended"):
            await buying
    await sim.aclose()


# --- the address of the clip ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["expired", "forbidden", "not_found"])
async def test_for_an_address_that_works_no_more_a_new_one_is_asked_for(fault, tmp_path):
    async with minimax(Fault(fault, "download")) as (sim, client, _clock):
        final = (await states_of(client, await client.submit(PROMPT)))[-1]
        files = sum(entry.where == "file" for entry in sim.log)
        assert (await client.download(final, tmp_path / "a.mp4")).size
        assert sum(entry.where == "file" for entry in sim.log) == files + 1


async def test_really_expired_after_its_hour(tmp_path):
    async with minimax() as (_sim, client, clock):
        final = (await states_of(client, await client.submit(PROMPT)))[-1]
        clock.time += 3601
        assert (await client.download(final, tmp_path / "a.mp4")).size


@pytest.mark.parametrize("refusal", ["bad_key", "http_503", "rate_limited", "missing_keys"])
async def test_a_refused_question_for_a_new_address_does_not_end_the_download(refusal, tmp_path):
    async with minimax() as (sim, client, clock):
        final = (await states_of(client, await client.submit(PROMPT)))[-1]
        clock.time += 3601
        sim.faults.add(Fault(refusal, "poll", times=4))
        assert (await client.download(final, tmp_path / "a.mp4")).size


async def test_questions_that_are_refused_for_minutes_end_the_download(tmp_path):
    async with minimax() as (sim, client, clock):
        final = (await states_of(client, await client.submit(PROMPT)))[-1]
        clock.time += 3601
        sim.faults.add(Fault("bad_key", "poll", times=999))
        with pytest.raises(errors.AuthenticationError) as caught:
            await client.download(final, tmp_path / "a.mp4")
    assert caught.value.task_id == final.task.id
    assert not list(tmp_path.iterdir())


async def test_an_address_that_never_works_ends(tmp_path):
    async with minimax(Fault("expired", "download", times=99)) as (_sim, client, _clock):
        final = (await states_of(client, await client.submit(PROMPT)))[-1]
        with pytest.raises(errors.DownloadError) as caught:
            await client.download(final, tmp_path / "a.mp4")
    assert (caught.value.task_id, caught.value.charged) == (final.task.id, Charged.YES)
    assert caught.value.retryable
    assert not list(tmp_path.iterdir())


# --- the key --------------------------------------------------------------------------------------------------------


async def caught_at(client, act) -> BaseException:
    try:
        await act(client)
    except BaseException as error:
        return error
    raise AssertionError("nothing went wrong")


@pytest.mark.parametrize("fault", ["bad_key", "server_error", "drop", "html", "http_429"])
async def test_no_error_leads_to_the_key(fault):
    faults = (Fault(fault, "submit", times=99), Fault(fault, "poll", times=99))
    async with minimax(*faults, keys=None) as (_sim, client, _clock):  # the simulator would know its keys
        for act in (lambda c: c.submit(PROMPT), lambda c: c.status("1"), lambda c: c.cancel("1")):
            error = await caught_at(client, act)
            assert isinstance(error, errors.VendorError)
            assert where(error, KEY) is None
            assert KEY not in repr(error) + str(error) + repr(vars(error))
        assert where(client, KEY) is None
        assert KEY not in repr(client)


async def test_a_key_that_the_vendor_quotes_back_is_cut_out():
    async def quoting(scope, receive, send):
        headers = dict(scope["headers"])
        text = b'{"base_resp": {"status_code": 2049, "status_msg": "bad key: ' + headers[b"authorization"] + b'"}}'
        await send({"type": "http.response.start", "status": 401, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": text})

    transport = httpx.ASGITransport(quoting)
    async with AsyncHailuo("minimax", key=KEY, base_url=NOWHERE, transport=transport, clock=VirtualClock()) as client:
        error = await caught_at(client, lambda c: c.submit(PROMPT))
    assert isinstance(error, errors.AuthenticationError)
    assert "bad key: Bearer [key]" in error.vendor_message
    assert where(error, KEY) is None


async def test_a_cancellation_does_not_lead_to_the_key():
    clock = VirtualClock()
    sim = simulator(clock, keys=None)
    transport = Slow(sim.app)
    async with in_process(sim, clock, transport=transport) as client:
        asking = asyncio.create_task(client.status("1"))
        await transport.here.wait()
        asking.cancel()
        error = await caught_at(client, lambda _c: asking)
    assert isinstance(error, asyncio.CancelledError)
    assert where(error, KEY) is None
    await sim.aclose()


async def test_the_walker_finds_what_is_there():
    class Holder:
        __slots__ = ("deep",)

        def __init__(self):
            def bound(key):
                return lambda: key

            self.deep = {"a": [bound(KEY)]}

    assert where(Holder(), KEY) == "it.deep['a'][0].closure"
    error = ValueError("x")
    error.__context__ = KeyError(KEY)
    assert where(error, KEY) == "it.__context__.args[0]"


async def test_without_a_key_it_says_where_keys_go():
    with pytest.raises(errors.AuthenticationError, match="needs a key") as caught:
        AsyncHailuo("minimax")
    assert "MINIMAX_API_KEY" in caught.value.hint


async def test_a_key_given_to_one_client_stays_with_it():
    from hailuo_widgets.settings import Settings

    settings = Settings.load({})
    async with AsyncHailuo("minimax", key=KEY, settings=settings):
        assert settings.key("minimax", "MINIMAX_API_KEY") is None


async def test_sketch_needs_no_key_and_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    async with AsyncHailuo() as client:
        assert client.name == "sketch"
        assert repr(client) == "AsyncHailuo('sketch', base_url='http://sketch.invalid')" or "sketch" in repr(client)
        quote = client.quote(PROMPT)
        assert str(quote.price) == "free"


async def test_status_of_many():
    async with minimax() as (sim, client, _clock):
        ids = [(await client.submit(PROMPT)).task for _ in range(3)]
        found = await client.status_many([*ids, Task("42")])
        assert [state.task.id for state in found] == [task.id for task in ids]
        assert len(sim.tasks) == 3
        await eventually(lambda: not sim.studio._drawings)
