"""The adapter that docs/pages/providers.md shows, installed as a package of someone else's would be, and used."""

import shutil
import sys
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hailuo_widgets import AsyncHailuo, providers
from hailuo_widgets.errors import AuthenticationError, RefusedError, VendorFaultError
from hailuo_widgets.simulator import DrawOrder, stock_clip
from hailuo_widgets.spec.catalog import catalog, other_providers

ADAPTER = Path(__file__).parent / "data" / "example_provider.py"
BASE = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def _installed(tmp_path, monkeypatch):
    """What pip leaves of such a package: its module, and its entry point."""
    shutil.copy(ADAPTER, tmp_path / "example_provider.py")
    about = tmp_path / "example_provider-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: example-provider\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[hailuo_widgets.providers]\nexample = example_provider:Example\nminimax = example_provider:Example\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    _forget()
    yield
    _forget()


def _forget():
    sys.modules.pop("example_provider", None)
    other_providers.cache_clear()
    catalog.cache_clear()
    providers._known.cache_clear()
    providers.provider.cache_clear()


def vendor(*states, key="k"):
    """api.example.com: takes one key, and answers each question with the next of the states."""
    bought, answers = [], list(states)

    async def buy(request):
        if request.headers.get("authorization") != f"Bearer {key}":
            return JSONResponse({"error": {"code": "bad_key", "message": "Who are you?"}}, 401)
        bought.append(await request.json())
        return JSONResponse({"id": 7})

    async def ask(request):
        return JSONResponse(answers.pop(0))

    async def file(request):
        return Response((await stock_clip()(DrawOrder("", 1366, 768, 6))).read_bytes(), media_type="video/mp4")

    app = Starlette(routes=[
        Route("/v1/clips", buy, methods=["POST"]), Route("/v1/clips/7", ask), Route("/clip.mp4", file),
    ])  # fmt: skip
    return httpx.ASGITransport(app), bought


def client(transport, key="k"):
    return AsyncHailuo("example", key=key, base_url=BASE, transport=transport)


def test_the_docs_show_a_whole_adapter_in_under_60_lines():
    assert len(ADAPTER.read_text().splitlines()) < 60


async def test_a_clip_is_bought_watched_and_fetched(tmp_path):
    done = {"status": "done", "url": f"{BASE}/clip.mp4"}
    transport, bought = vendor({"status": "waiting"}, {"status": "polishing", "percent": 40}, done)
    async with client(transport) as example:
        task = await example.submit("A fox [推进]", first_frame="https://example.com/a.jpg")
        states = [state async for state in example.watch(task, interval=0)]
        got = await example.download(states[-1], tmp_path / "fox.mp4")
    assert bought == [
        {"model": "Example-1", "prompt": "A fox [Push in]", "seconds": 6, "image": "https://example.com/a.jpg"}
    ]
    assert [(state.phase.value, state.progress) for state in states] == [
        ("queued", None),
        ("running", 0.4),  # a word that is unknown
        ("succeeded", None),
    ]
    assert got.size == (tmp_path / "fox.mp4").stat().st_size > 1000


async def test_its_task_can_fail_and_its_key_be_refused():
    transport, bought = vendor({"status": "broken", "error": {"message": "The projector caught fire."}})
    async with client(transport) as example:
        [state] = [state async for state in example.watch(await example.submit("A fox"))]
        assert isinstance(state.error, VendorFaultError)
        assert "projector" in str(state.error)
    async with client(transport, key="wrong") as example:
        with pytest.raises(AuthenticationError, match="Who are you"):
            await example.submit("A fox")
    assert len(bought) == 1


async def test_its_catalogue_is_checked_and_priced_like_ours(monkeypatch):
    async with client(vendor()[0]) as example:
        assert str(example.quote("A fox").price) == "$0.20"
        with pytest.raises(RefusedError, match="6 s"):
            example.quote("A fox", duration=10)
    monkeypatch.setenv("EXAMPLE_API_KEY", "k")
    assert AsyncHailuo().name == "example"  # the first whose key is set


def test_ours_are_not_taken_over():
    assert type(providers.provider("minimax")).__name__ == "MiniMax"
    assert catalog().offer("minimax").title == "MiniMax"


def test_a_broken_package_is_named_and_stops_nothing(tmp_path):
    (tmp_path / "example_provider.py").write_text("class Example:\n    catalog = '[example'\n")
    with pytest.warns(UserWarning, match="example"):
        offers = catalog().offers
    assert "minimax" in offers
    assert "example" not in offers
