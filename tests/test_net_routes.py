"""The way to a host: certificates, proxies, and what of them changes while a kernel runs."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import asynccontextmanager

import pytest

from hailuo_widgets.errors import UsageError
from hailuo_widgets.net import proxies, transport
from hailuo_widgets.net.client import AsyncHailuo
from hailuo_widgets.net.download import download
from hailuo_widgets.net.proxies import proxy_for
from hailuo_widgets.net.reply import NoReply
from hailuo_widgets.net.tls import tls_context
from hailuo_widgets.net.transport import Transport
from hailuo_widgets.providers import HttpReply
from hailuo_widgets.settings import Settings
from support.clock import VirtualClock
from support.net import GET, OK, POST, Proxy, Server, SocksProxy, certificate, listening, serving, sized, speaking_tls
from support.vendor import KEY, PROMPT, fetched
from test_download import MP4

NAMES = ("localhost", "vendor.example", "storage.example", "intern.example")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("certificate"), *NAMES)


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def trusted(file, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return speaking_tls(file)


# --- certificates -----------------------------------------------------------------------------------------------------


async def test_over_tls_calls_share_a_connection_and_files_arrive(trusted, tmp_path):
    body = MP4 + (8 + 3_000_000).to_bytes(4) + b"free" + bytes(3_000_000)
    server = Server(OK, OK, sized(body, b"Content-Type: video/mp4"), forever=OK)
    async with serving(server, trusted) as there:
        assert isinstance(await there.send(GET), HttpReply)
        assert isinstance(await there.send(GET), HttpReply)
        got = await download(there, f"{there.base_url}/clip.mp4", tmp_path / "clip.mp4", clock=VirtualClock())
        assert got.sha256 == hashlib.sha256(body).hexdigest()
        assert isinstance(await there.send(POST), HttpReply)
    assert (server.connections, server.paid) == (3, 1)


async def test_a_certificate_that_is_not_trusted_is_not_spoken_to(file):
    server = Server(forever=OK)
    async with serving(server, speaking_tls(file)) as there:
        reply = await there.send(POST)
        failure = await there.fetch(f"{there.base_url}/x", lambda *_: None)
    for each in (reply, failure):
        assert isinstance(each, NoReply)
        assert not each.sent
        assert "certificate" in each.reason.lower()
    assert server.requests == []


async def test_a_certificate_for_another_name_is_not_spoken_to(trusted):
    server = Server(forever=OK)
    async with serving(server, trusted) as there:
        there.base_url = there.base_url.replace("localhost", "127.0.0.1")
        assert not (await there.send(POST)).sent
    assert server.requests == []


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
async def test_certificates_that_are_named_in_a_running_kernel_count_for_the_next_call(variable, file, monkeypatch):
    async with serving(Server(forever=OK), speaking_tls(file)) as there:
        assert isinstance(await there.send(GET), NoReply)
        monkeypatch.setenv(variable, str(file))
        assert isinstance(await there.send(GET), HttpReply)
        assert await fetched(there, f"{there.base_url}/x") == (200, b"{}")
        monkeypatch.delenv(variable)
        assert isinstance(await there.send(POST), NoReply)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
async def test_certificates_that_are_not_there_are_named_in_a_sentence(variable, monkeypatch):
    monkeypatch.setenv(variable, "/nowhere/ca.pem")
    async with serving(Server(forever=OK)) as there:
        assert isinstance(await there.send(GET), HttpReply)  # plain http needs none
        there.base_url = there.base_url.replace("http:", "https:")
        reply = await there.send(POST)
        failure = await there.fetch(f"{there.base_url}/x", lambda *_: None)
    for each in (reply, failure):
        assert not each.sent
        assert f"{variable} names “/nowhere/ca.pem”" in each.reason


def test_a_context_is_made_once(monkeypatch, file):
    assert tls_context() is tls_context()
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    named = tls_context()
    assert named is tls_context()
    monkeypatch.delenv("SSL_CERT_FILE")
    assert tls_context() is not named


async def test_a_client_certificate_is_shown_to_who_asks_for_one(trusted, file, tmp_path):
    trusted.load_verify_locations(file)
    trusted.verify_mode = 2  # CERT_REQUIRED
    settings = Settings.load({})
    server = Server(forever=OK)
    async with listening(server, trusted) as port:
        client = AsyncHailuo("minimax", key=KEY, base_url=f"https://localhost:{port}", settings=settings)
        there = client._transport
        assert isinstance(await there.send(GET), NoReply)
        client._settings.set("client_cert", str(file))
        assert isinstance(await there.send(GET), HttpReply)
        assert await fetched(there, f"https://localhost:{port}/x") == (200, b"{}")
        client._settings.set("client_cert", str(tmp_path / "nothing.pem"))
        reply = await there.send(GET)
        assert "client certificate" in reply.reason
        assert not reply.sent
        await client.aclose()


# --- proxies ----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def behind(
    monkeypatch, server, tls, *, kind=Proxy, variable="https_proxy", scheme="http://me:secret@", **options
):
    async with listening(server, tls) as port:
        proxy = kind(port, **options)
        async with listening(proxy) as door:
            monkeypatch.setenv(variable, f"{scheme}127.0.0.1:{door}")
            yield proxy


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
async def test_calls_and_files_go_through_the_environments_proxy(variable, trusted, monkeypatch):
    server = Server(forever=OK)
    async with behind(monkeypatch, server, trusted, variable=variable) as proxy:
        there = Transport("https://vendor.example", lambda: {"Authorization": "Bearer canary"})
        assert isinstance(await there.send(POST), HttpReply)
        assert await fetched(there, "https://storage.example/clip.mp4") == (200, b"{}")
        await there.aclose()
    assert [head.split()[1] for head in proxy.asked] == [b"vendor.example:443", b"storage.example:443"]
    assert all(b"authorization: basic" in head.lower() for head in proxy.asked)
    assert not any(b"canary" in head for head in proxy.asked)
    assert server.paid == 1


@pytest.mark.parametrize("scheme", ["socks5://", "socks5h://", "socks://"])
async def test_calls_and_files_go_through_a_socks_proxy_which_looks_names_up(scheme, trusted, monkeypatch):
    server = Server(forever=OK)
    options = {"kind": SocksProxy, "variable": "ALL_PROXY", "scheme": scheme}
    async with behind(monkeypatch, server, trusted, **options) as proxy:
        there = Transport("https://vendor.example", dict)
        assert isinstance(await there.send(POST), HttpReply)
        assert await fetched(there, "https://storage.example/clip.mp4") == (200, b"{}")
        await there.aclose()
    assert proxy.asked == [b"vendor.example", b"storage.example"]


async def test_a_proxy_that_speaks_tls_itself(trusted, monkeypatch):
    server = Server(forever=OK)
    async with listening(server, trusted) as port:
        proxy = Proxy(port)
        async with listening(proxy, trusted) as door:
            monkeypatch.setenv("https_proxy", f"https://localhost:{door}")
            there = Transport("https://vendor.example", dict)
            assert isinstance(await there.send(POST), HttpReply)
            assert await fetched(there, "https://storage.example/clip.mp4") == (200, b"{}")
            await there.aclose()
    assert len(proxy.asked) == 2


async def test_behind_a_proxy_what_is_written_down_comes_after_the_tunnel_and_before_the_call(trusted, monkeypatch):
    server = Server(forever=OK)
    seen = []
    async with behind(monkeypatch, server, trusted) as proxy:

        async def before():
            seen.append((len(proxy.asked), len(server.requests)))

        there = Transport("https://vendor.example", dict)
        await there.send(GET)
        assert isinstance(await there.send(POST, before=before), HttpReply)
        await there.aclose()
    assert seen == [(2, 1)]


async def test_after_fifty_failed_handshakes_behind_a_proxy_calls_and_files_arrive(file, monkeypatch):
    server = Server(forever=OK)
    async with behind(monkeypatch, server, speaking_tls(file)):
        there = Transport("https://vendor.example", dict)
        for number in range(50):
            reply = await there.send(POST if number % 2 else GET)
            assert not reply.sent
            assert "certificate" in reply.reason.lower()
            assert not (await there.fetch("https://storage.example/x", lambda *_: None)).sent
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        replies = await asyncio.gather(*(there.send(GET) for _ in range(12)))
        assert all(isinstance(reply, HttpReply) for reply in replies)
        assert isinstance(await there.send(POST), HttpReply)
        assert await fetched(there, "https://storage.example/clip.mp4") == (200, b"{}")
        await there.aclose()
    assert server.paid == 1


async def test_ten_failed_handshakes_and_a_good_one_give_the_clip(trusted, monkeypatch, tmp_path):
    body = sized(MP4, b"Content-Type: video/mp4")
    server, failures = Server(forever=body), 10

    class Broken(Proxy):
        async def __call__(self, reader, writer):
            nonlocal failures
            failures -= 1
            if failures < 0:
                return await super().__call__(reader, writer)
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await reader.read(1)
            writer.write(b"this is no handshake")
            return None

    async with behind(monkeypatch, server, trusted, kind=Broken):
        there = Transport("https://vendor.example", dict)
        for _ in range(5):
            assert not (await there.send(POST)).sent
        got = await download(there, "https://storage.example/clip.mp4", tmp_path / "clip.mp4", clock=VirtualClock())
        assert got.size == len(MP4)
        assert isinstance(await there.send(POST), HttpReply)
        await there.aclose()
    assert server.paid == 1


@pytest.mark.parametrize("refuses", [b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b"HTTP/1.1 502 No\r\n\r\n"])
async def test_a_proxy_that_refuses_has_sent_nothing(refuses, trusted, monkeypatch):
    server = Server(forever=OK)
    async with behind(monkeypatch, server, trusted, refuses=refuses):
        there = Transport("https://vendor.example", dict)
        reply = await there.send(POST)
        failure = await there.fetch("https://storage.example/x", lambda *_: None)
        await there.aclose()
    for each in (reply, failure):
        assert isinstance(each, NoReply)
        assert not each.sent
        assert "secret" not in each.reason
        assert refuses.split()[1].decode() in each.reason
    assert server.requests == []


@pytest.mark.parametrize("scheme", ["http://", "socks5://"])
async def test_a_proxy_that_says_nothing_is_given_up(scheme, monkeypatch):
    monkeypatch.setattr(transport, "OPEN_SECONDS", 0.3)

    async def silent(reader, writer):
        await reader.read()

    async with listening(silent) as door:
        monkeypatch.setenv("all_proxy", f"{scheme}127.0.0.1:{door}")
        there = Transport("https://vendor.example", dict)
        reply = await there.send(POST)
        await there.aclose()
    assert (reply.sent, reply.timed_out) == (False, True)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("gopher://me:secret@nowhere:99999", "can't be read"),
        ("gopher://me:secret@nowhere:70", "Allowed: http, https, socks5, socks5h"),
        ("http://me:secret#ss@proxy.example:8080", "can't be read"),
        ("http://me:secret@proxy example:8080", "can't be read"),
        ("socks4://me:secret@proxy.example", "Allowed: http, https, socks5, socks5h"),
    ],
)
async def test_a_proxy_that_can_not_be_used_is_named_in_a_sentence(value, says, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", value)
    there = Transport("https://vendor.example", dict)
    for each in (await there.send(POST), await there.fetch("https://vendor.example/x", lambda *_: None)):
        assert not each.sent
        assert "The proxy in HTTPS_PROXY" in each.reason
        assert says in each.reason
        assert "secret" not in each.reason
    await there.aclose()


def test_blanks_around_a_proxys_address_do_not_matter(monkeypatch):
    monkeypatch.setenv("https_proxy", "  proxy.example:3128 \n")
    assert proxy_for("https://vendor.example/x") == "http://proxy.example:3128"


def test_socks_without_its_packages_says_what_to_install(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy.example:1080")
    monkeypatch.setattr(proxies, "find_spec", lambda _name: None)
    with pytest.raises(UsageError) as caught:
        proxy_for("https://vendor.example")
    assert 'pip install "hailuo-widgets[socks]"' in caught.value.hint


async def test_a_proxy_that_is_set_in_a_running_kernel_counts_for_the_next_call(trusted, monkeypatch):
    server = Server(forever=OK)
    there = Transport("https://vendor.example", dict)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert isinstance(await there.send(GET), NoReply)
    async with behind(monkeypatch, server, trusted):
        assert isinstance(await there.send(GET), HttpReply)
        assert await fetched(there, "https://storage.example/x") == (200, b"{}")
        await there.aclose()


async def test_names_are_the_proxys_business(trusted, monkeypatch, tmp_path):
    def look_up(host, *_args, **_options):
        assert host == "127.0.0.1", "only the proxy's own address is looked up"
        return real(host, *_args, **_options)

    real = asyncio.base_events.socket.getaddrinfo
    monkeypatch.setattr("socket.getaddrinfo", look_up)
    async with behind(monkeypatch, Server(forever=sized(MP4)), trusted, variable="ALL_PROXY"):
        there = Transport("https://vendor.example", dict)
        got = await download(there, "https://intern.example/clip.mp4", tmp_path / "clip.mp4", clock=VirtualClock())
        await there.aclose()
    assert got.size == len(MP4)


EXCEPTED = {
    "vendor.example": True,
    ".example": True,
    "*.example": True,
    "example": True,
    "*": True,
    "VENDOR.example": True,
    "vendor.example:8443": True,
    "vendor.example:443": False,
    "other.example, vendor.example": True,
    "dor.example": False,
    "": False,
    "10.0.0.0/8": False,
}


@pytest.mark.parametrize("entries", EXCEPTED)
def test_no_proxy_for_who_is_excepted(entries, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", entries)
    assert (proxy_for("https://vendor.example:8443/x") is None) is EXCEPTED[entries]


@pytest.mark.parametrize(
    ("host", "entries", "excepted"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3:8443", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3:8443", "10.1.2.3:8443", True),
        ("10.1.2.3:8443", "10.1.2.3:443", False),
        ("[fd00::1]", "fd00::/8", True),
        ("[fd00::1]:8443", "[fd00::1]:8443", True),
        ("[2606:4700::1]", "fd00::/8", False),
        ("vendor.example.", "vendor.example", True),
    ],
)
def test_addresses_and_blocks_of_them_are_excepted(host, entries, excepted, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", entries)
    assert (proxy_for(f"https://{host}/x") is None) is excepted


async def test_a_settings_sentence_reaches_the_user(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "ftp://proxy.example")
    client = AsyncHailuo("minimax", key=KEY, base_url="https://vendor.example", clock=VirtualClock())
    with pytest.raises(Exception, match="The proxy in HTTPS_PROXY begins with “ftp://”"):
        await client.submit(PROMPT)
    await client.aclose()
