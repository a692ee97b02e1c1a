"""A key that a vendor sends back is blanked, however it is spelled."""

from __future__ import annotations

import json
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_widgets.errors import VendorError
from hailuo_widgets.net.client import AsyncHailuo
from hailuo_widgets.redact import without
from support.every_vendor import BASE, PROMPT, WIRES

KEY = "sk-canary/5b1f+0c9e=7d.Zx"


def unicode_escapes(text):
    return "".join(f"\\u{ord(each):04x}" for each in text)


SPELLINGS = {
    "as it is": KEY,
    "slashes escaped": KEY.replace("/", "\\/"),
    "JSON escapes": unicode_escapes(KEY),
    "JSON escapes in capitals": "".join(f"\\u{ord(each):04X}" for each in KEY),
    "one JSON escape": KEY.replace("c", "\\u0063"),
    "escaped twice": unicode_escapes(KEY).replace("\\", "\\\\"),
    "percent": quote(KEY, safe=""),
    "percent everywhere": "".join(f"%{ord(each):02x}" for each in KEY),
    "percent twice": quote(quote(KEY, safe=""), safe=""),
    "HTML": "".join(f"&#{ord(each)};" for each in KEY),
    "HTML, hexadecimal": "".join(f"&#x{ord(each):X};" for each in KEY),
    "Python": "".join(f"\\x{ord(each):02x}" for each in KEY),
    "a mixture": "sk-\\u0063anary\\/5b1f%2B0c9e&#61;7d.Zx",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.label)
async def test_a_key_that_is_echoed_is_in_no_error(wire, spelling):
    echo = SPELLINGS[spelling]

    def answer(_request):
        return httpx.Response(400, content=f'{{"error": {{"code": "x", "message": "bad key {echo} given"}}}}'.encode())

    transport = httpx.MockTransport(answer)
    async with AsyncHailuo(wire.provider, key=KEY, base_url=BASE, transport=transport) as client:
        with pytest.raises(VendorError) as caught:
            await client.submit(PROMPT, **wire.fields)
    if wire.provider == "sketch":
        return  # needs no key and sends none
    shown = f"{caught.value} {caught.value.vendor_message}"
    assert "[key]" in shown
    assert "canary" not in shown
    assert echo not in shown


@given(st.binary(max_size=200))
def test_what_holds_no_key_is_left_as_it_is(body):
    assert without(body, [KEY.encode()]) == body


@given(before=st.text(max_size=30), after=st.text(max_size=30))
def test_what_is_json_stays_json(before, after):
    body = json.dumps([before, KEY, after], ensure_ascii=False).replace("/", "\\/").encode("utf-8", "surrogatepass")
    found = json.loads(without(body, [KEY.encode()]).decode("utf-8", "surrogatepass"))
    assert found == [before, "[key]", after]
