"""Provider × model × mode × resolution × duration: what is offered becomes a clip, what is not never leaves.

The judge is the simulator, whose rules were written from the vendors' pages without a look at the catalogue.
"""

from __future__ import annotations

import asyncio
import os
from itertools import product

import pytest

from hailuo_widgets.errors import InvalidRequestError, RefusedError
from hailuo_widgets.media.probe import probe
from hailuo_widgets.net.transport import Transport
from hailuo_widgets.providers import Phase, names, provider
from hailuo_widgets.simulator import Simulator, Timing
from hailuo_widgets.spec.catalog import catalog
from hailuo_widgets.spec.check import check
from hailuo_widgets.spec.quote import pin
from hailuo_widgets.spec.request import SERVICES, Mode, VideoRequest
from support.clock import VirtualClock
from support.every_vendor import BASE, KEY, InProcess, bench
from support.pictures import picture_file

PROMPT = "A red fox trots across fresh snow"
URL = "https://example.com/a.jpg"
PICTURES = {
    Mode.T2V: {},
    Mode.I2V: {"first_frame": URL},
    Mode.FLF: {"first_frame": URL, "last_frame": URL},
    Mode.S2V: {"subject": URL},
    Mode.R2V: {"references": (URL, "https://example.com/b.mp4", "https://example.com/c.mp3")},
}
SHORT_SIDE = {"480P": 480, "512P": 512, "720P": 720, "768P": 768, "1080P": 1080, "2K": 1440}
SECONDS = range(4, 16)
ROWS = catalog().rows
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.provider}-{row.model}-{row.mode}")
each_provider = pytest.mark.parametrize("name", names())
by_data = pytest.mark.parametrize(
    "row",
    [row for row in ROWS if "data" in row.pictures and row.mode in {Mode.I2V, Mode.FLF, Mode.S2V}],
    ids=lambda row: f"{row.provider}-{row.model}-{row.mode}",
)


def order(row, **fields):
    ratio = {"ratio": "16:9"} if "ratio" in row.required else {}
    return VideoRequest.of(**{"prompt": PROMPT, "model": row.model, **PICTURES[row.mode], **ratio, **fields})


def orders(row):
    """Every resolution and duration of a row; one order where the vendor takes neither."""
    pairs = [(name, seconds) for name, durations in row.durations.items() for seconds in durations]
    return [{"resolution": name, "duration": seconds} for name, seconds in pairs] or [{}]


async def refused(client, request, *fields):
    """The problems of a request that is turned down here, at least those of the given fields."""
    with pytest.raises(RefusedError) as caught:
        await client.submit(request)
    assert str(caught.value).strip()
    problems = {problem.field.partition("[")[0] for problem in caught.value.problems}
    assert set(fields) <= problems, f"{problems} should name {fields}"
    return caught.value.problems


async def film(table, request, path):
    """From the order to the file."""
    task = await table.client.submit(request)
    await table.drawn()
    states = [state async for state in table.client.watch(task, timeout=300)]
    assert states[-1].phase is Phase.SUCCEEDED
    return await asyncio.to_thread(probe, (await table.client.download(states[-1], path)).path)


# --- what is offered ------------------------------------------------------------------------------------------------


@each_row
async def test_every_order_that_is_offered_becomes_the_clip_that_was_ordered(row, tmp_path):
    wanted = orders(row)
    async with bench(row.provider) as table:
        for number, figures in enumerate(wanted):
            info = await film(table, order(row, **figures), tmp_path / f"{number}.mp4")
            # S2V-01 and AceDataCloud's models take neither; the simulator's clips are then 6 s in 720P.
            assert min(info.width, info.height) == SHORT_SIDE[figures.get("resolution", "720P")]
            assert info.duration == pytest.approx(figures.get("duration", 6), abs=0.05)
        assert table.paid == len(wanted) == len(table.sim.tasks)
        assert sum(table.sim.billed.values()) == len(wanted)


@by_data
async def test_a_local_picture_gives_the_clip_its_shape(row, tmp_path):
    if row.mode is Mode.S2V:
        pictures = {"subject": picture_file(400, 640)}
    else:
        pictures = {name: picture_file(400, 640) for name in PICTURES[row.mode]}
    async with bench(row.provider) as table:
        info = await film(table, order(row, **pictures), tmp_path / "a.mp4")
    assert (info.width < info.height) == (row.mode is not Mode.S2V)


@each_row
async def test_every_option_that_is_offered_is_taken(row):
    options = {
        "prompt_optimizer": False,
        "fast_pretreatment": True,
        "watermark": True,
        "callback_url": "https://example.com/hook",
        "ratio": row.ratios[-1] if row.ratios else None,
    }
    async with bench(row.provider) as table:
        fields = {name: value for name, value in options.items() if name in row.parameters}
        for expansion in ("disabled", "balanced", "quality") if "prompt_expansion_mode" in row.parameters else ():
            assert (await table.client.submit(order(row, prompt_expansion_mode=expansion))).task.id
        assert (await table.client.submit(order(row, prompt="x" * row.prompt_max, **fields))).task.id
        for ratio in row.ratios:
            assert (await table.client.submit(order(row, ratio=ratio))).task.id


async def test_an_empty_prompt_is_taken_where_the_vendor_takes_it():
    rows = [row for row in ROWS if "prompt" not in row.required]
    assert {row.provider for row in rows} == {"minimax", "sketch", "evolink"}
    for row in rows:
        async with bench(row.provider) as table:
            assert (await table.client.submit(order(row, prompt=""))).task.id


# --- what is not ----------------------------------------------------------------------------------------------------


@each_provider
async def test_what_is_not_in_the_catalogue_never_leaves(name):
    book = catalog()
    models = dict.fromkeys(row.model for row in book.rows)
    refusals = 0
    async with bench(name) as table:
        for model, mode in product(models, set(Mode) - SERVICES):
            (row, *_) = book.find(name, model, mode) or (None,)
            grid = list(product(SHORT_SIDE, SECONDS)) if book.find(name, model) else [("768P", 6)]
            for resolution, seconds in grid:
                if row and seconds in row.durations.get(resolution, ()):
                    continue
                request = VideoRequest.of(
                    prompt=PROMPT, model=model, resolution=resolution, duration=seconds, **PICTURES[mode]
                )
                await refused(table.client, request)
                refusals += 1
        assert refusals > 400
        assert not table.sim.log


@each_row
async def test_the_catalogue_turns_down_nothing_that_the_vendor_takes(row):
    """Each resolution × duration is sent past our own check: the vendor's rules and ours agree on every one."""
    if not row.durations:
        return
    clock = VirtualClock()
    sim = Simulator(timing=Timing(1, 1, 1), draw=nothing, clock=clock)
    wire = provider(row.provider)
    transport = Transport(BASE, lambda: wire.headers(KEY), InProcess(sim, clock))
    for resolution, seconds in product(SHORT_SIDE, SECONDS):
        request = pin(order(row, resolution=resolution, duration=seconds), row)
        flow = wire.submit(request, row)
        reply = await transport.send(next(flow))
        if check(request, row):
            with pytest.raises(InvalidRequestError):
                flow.send(reply)
        else:
            with pytest.raises(StopIteration):
                flow.send(reply)
    await transport.aclose()
    await sim.aclose()


async def nothing(_order):
    return b""


@each_row
async def test_a_prompt_that_is_too_long_never_leaves(row):
    async with bench(row.provider) as table:
        await refused(table.client, order(row, prompt="x" * (row.prompt_max + 1)), "prompt")
        if "prompt" in row.required:
            for empty in ("", " \n"):
                await refused(table.client, order(row, prompt=empty), "prompt")
        assert not table.sim.log
    # AceDataCloud's limit is its own command line's.
    assert row.prompt_max == (7000 if "H3" in row.model or row.provider == "acedata" else 2000)


@each_row
async def test_without_its_pictures_an_order_never_leaves(row):
    if row.mode is Mode.T2V:
        return
    book = catalog()
    async with bench(row.provider) as table:
        if not book.find(row.provider, row.model, Mode.T2V):
            bare = VideoRequest.of(prompt=PROMPT, model=row.model)
            (problem,) = await refused(table.client, bare, "model")
            assert "text alone" in problem.message
            assert "--" in problem.hint
        if "first_frame" in row.required:
            await refused(table.client, VideoRequest.of(prompt=PROMPT, model=row.model, last_frame=URL), "first_frame")
        assert not table.sim.log


BAD_PICTURES = {
    "too small": picture_file(640, 300),
    "too narrow": picture_file(400, 1001),
    "too wide": picture_file(1001, 400),
    "too heavy": picture_file() + os.urandom(20 * 1024 * 1024),
    "a GIF": picture_file(kind="GIF"),
    "no picture": b"What is this?",
    "cut off": picture_file()[:60],
}
BAD_FOR_H3 = {
    **BAD_PICTURES,
    "too small": picture_file(640, 255),
    "too large": picture_file(5761, 2400),
    "too heavy": picture_file() + os.urandom(30 * 1024 * 1024),
}


def bad_pictures(row):
    return BAD_FOR_H3 if "H3" in row.model else BAD_PICTURES


@pytest.mark.parametrize("why", BAD_FOR_H3)
@each_row
async def test_a_picture_that_the_vendor_would_not_take_never_leaves(row, why):
    if row.mode is Mode.T2V or why not in bad_pictures(row):
        return
    fields = PICTURES[row.mode]
    bad = bad_pictures(row)[why]
    pictures = {name: (bad,) if name == "references" else bad for name in fields}
    async with bench(row.provider) as table:
        problems = await refused(table.client, order(row, **pictures), *fields)
        if "data" not in row.pictures:
            assert all(
                any(
                    "only accepts pictures by URL" in each.message
                    for each in problems
                    if each.field.partition("[")[0] == name
                )
                for name in fields
            )
        assert not table.sim.log


@each_row
async def test_the_simulator_turns_those_pictures_down_too(row):
    if row.mode is Mode.T2V:
        return
    (field, *_) = PICTURES[row.mode]
    sound = {name: value for name, value in PICTURES[row.mode].items() if name != "references"}
    async with bench(row.provider, draw=nothing) as table:
        wire = provider(row.provider)
        for why, data in bad_pictures(row).items():
            if why == "cut off":  # no page says what becomes of a damaged one
                continue
            value = (data,) if field == "references" else data
            request = pin(order(row, **{**sound, field: value}), row)
            flow = wire.submit(request, row)
            reply = await table.client._transport.send(next(flow))
            with pytest.raises(InvalidRequestError):
                flow.send(reply)
            assert not table.sim.tasks, why


@each_row
async def test_pictures_at_the_edge_of_the_rules_are_taken(row):
    if row.mode is Mode.T2V or "data" not in row.pictures:
        return
    small = picture_file()
    h3 = "H3" in row.model
    edges = [picture_file(301, 301), picture_file(400, 1000), picture_file(1000, 400)]
    edges += [picture_file(kind=kind) for kind in ("JPEG", "WEBP")]
    most = 30 if h3 else 20
    if h3:
        edges += [picture_file(256, 256), picture_file(5760, 2400)]
    if row is next(
        each
        for each in ROWS
        if each.provider == row.provider
        and "data" in each.pictures
        and each.mode is Mode.I2V
        and h3 == ("H3" in each.model)
    ):
        edges.append(small + os.urandom(most * 1024 * 1024 - len(small)))  # once a vendor: it is a lot to send
    (field, *_) = PICTURES[row.mode]
    async with bench(row.provider, draw=nothing) as table:
        for data in edges:
            value = (data,) if field == "references" else data
            assert (await table.client.submit(order(row, **{field: value}))).task.id


@each_row
async def test_an_option_that_does_not_exist_there_never_leaves(row):
    options = {
        "prompt_optimizer": True,
        "fast_pretreatment": False,
        "watermark": False,
        "callback_url": "https://example.com/hook",
        "ratio": "16:9",
    }
    async with bench(row.provider) as table:
        for name in options.keys() - row.parameters:
            (problem,) = await refused(table.client, order(row, **{name: options[name]}), name)
            assert row.model in problem.message
        for name, value in {"ratio": "5:4", "callback_url": "ftp://example.com"}.items():
            if name in row.parameters:
                await refused(table.client, order(row, **{name: value}), name)
        for name in {"first_frame", "last_frame", "subject"} - set(PICTURES[row.mode]):
            mixed = order(row, **{name: URL})
            if not catalog().find(row.provider, row.model, mixed.mode):
                await refused(table.client, mixed)
        assert not table.sim.log


@each_row
async def test_everything_that_is_wrong_is_said_at_once(row):
    wrong = {"prompt": "x" * 7001, "duration": 3, "resolution": "8K"}
    absent = {"watermark": True, "fast_pretreatment": True} if not row.parameters & {"watermark"} else {}
    pictures = {name: bad_pictures(row)["too small"] for name in PICTURES[row.mode] if name != "references"}
    expected = {*wrong, *(absent.keys() - row.parameters), *pictures}
    async with bench(row.provider) as table:
        problems = await refused(table.client, order(row, **wrong, **absent, **pictures), *expected)
        assert len(problems) >= len(expected)
        assert not table.sim.log


async def test_who_else_could_do_it_is_said():
    async with bench("ppio") as table:
        request = VideoRequest.of(prompt=PROMPT, model="MiniMax-Hailuo-02", first_frame=URL, resolution="512P")
        problems = await refused(table.client, request, "resolution")
    assert "-p minimax" in problems[-1].hint
    assert "evolink" in problems[-1].hint


async def test_the_grid_is_whole():
    """The numbers of the matrix, so that a row that goes missing is noticed."""
    figures = {name: sum(len(orders(row)) for row in ROWS if row.provider == name) for name in names()}
    assert figures == {
        "minimax": 210,
        "evolink": 20,
        "ppio": 114,
        "novita": 18,
        "modelverse": 18,
        "acedata": 99,
        "sketch": 26,
    }
    assert len(ROWS) == 67
