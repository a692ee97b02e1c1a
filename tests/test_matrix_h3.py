"""MiniMax-H3 on the three vendors that have it: mode × resolution × seconds × ratio × references, cell by cell.

Three answers are compared: what the vendors' pages say (`pages`, written down here once more), what the program lets
out, and what the simulator takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import pytest

from hailuo_widgets.errors import RefusedError
from hailuo_widgets.providers import minimax_v2
from hailuo_widgets.spec.catalog import catalog
from hailuo_widgets.spec.quote import find_row, pin, quote
from hailuo_widgets.spec.request import Mode, VideoRequest
from support.h3_server import SERVERS, program, server
from support.pictures import picture_file

PICTURE, VIDEO, SOUND = "https://example.com/a.jpg", "https://example.com/b.mp4", "https://example.com/c.mp3"
RESOLUTIONS = ("480P", "768P", "1080P", "2K")
SECONDS = range(3, 17)
RATIOS = ("adaptive", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16", "5:4")


@dataclass(frozen=True)
class Vendor:
    """What a vendor's pages say of a model.

    Attributes:
        provider: Its name here.
        model: The model.
        resolutions: That its clips have.
        shortest: Seconds; the longest is 15 everywhere.
        ways: How a file may come.
        services: What works on a clip or a prompt that is there already.
    """

    provider: str
    model: str
    resolutions: tuple[str, ...]
    shortest: int
    ways: tuple[str, ...]
    services: tuple[str, ...] = ()


VENDORS = (
    # MiniMax v2, Create video generation task. With references for H3-Max: its Chinese copies; the international
    # one has none.
    Vendor("minimax", "MiniMax-H3", ("768P", "2K"), 4, ("url", "data", "mm_file"), ("regeneration", "rewrite")),
    Vendor("minimax", "MiniMax-H3-Max", ("480P", "768P"), 5, ("url", "data", "mm_file")),
    # PPIO, MiniMax-H3: 768P and 2K, 4 to 15 s, every ratio, first, last or both, 9 + 3 + 3 references, addresses only.
    Vendor("ppio", "MiniMax-H3", ("768P", "2K"), 4, ("url",)),
    # AceDataCloud, OpenAPI of /minimax/videos; content as MiniMax v2, where nothing can be uploaded.
    Vendor("acedata", "MiniMax-H3", ("768P", "2K"), 4, ("url", "data")),
)
each_vendor = pytest.mark.parametrize("vendor", VENDORS, ids=lambda each: f"{each.provider}-{each.model}")


class Inputs(NamedTuple):
    """What goes in beside the prompt: frames, and how many references of each kind."""

    first: bool = False
    last: bool = False
    pictures: int = 0
    videos: int = 0
    sounds: int = 0

    @property
    def references(self):
        return self.pictures + self.videos + self.sounds

    def fields(self):
        frames = {"first_frame": PICTURE} if self.first else {}
        frames |= {"last_frame": PICTURE} if self.last else {}
        files = (PICTURE,) * self.pictures + (VIDEO,) * self.videos + (SOUND,) * self.sounds
        return frames | ({"references": files} if files else {})


MODES = {
    "text": Inputs(),
    "first frame": Inputs(first=True),
    "last frame alone": Inputs(last=True),
    "first and last frame": Inputs(first=True, last=True),
    "a reference picture": Inputs(pictures=1),
    "a reference video": Inputs(videos=1),
    "a reference sound alone": Inputs(sounds=1),
    "all kinds of references": Inputs(pictures=1, videos=1, sounds=1),
    "a frame and a reference": Inputs(first=True, pictures=1),
}


def pages(vendor, inputs, resolution, seconds, ratio):
    """Whether the vendor's pages allow it."""
    framed = inputs.first or inputs.last
    text_alone = not framed and not inputs.references
    return (
        resolution in vendor.resolutions
        and vendor.shortest <= seconds <= 15
        and ratio != "5:4"
        and not (text_alone and ratio == "adaptive")  # "required and not adaptive for pure text"
        and not (framed and inputs.references)  # "exclude each other"
        and inputs.pictures <= 9
        and inputs.videos <= 3
        and inputs.sounds <= 3
        and inputs.references <= 12
        and not (inputs.sounds and inputs.sounds == inputs.references)
    )


def written(vendor, inputs, **fields):
    return VideoRequest.of(prompt="A fox", model=vendor.model, **inputs.fields(), **fields)


@each_vendor
@pytest.mark.parametrize("mode", MODES)
async def test_every_mode_resolution_length_and_ratio(vendor, mode):
    inputs, taken = MODES[mode], 0
    plain = written(vendor, inputs)
    async with server(vendor.provider) as there:
        for resolution, seconds, ratio in product(RESOLUTIONS, SECONDS, RATIOS):
            cell = plain.model_copy(update={"resolution": resolution, "duration": seconds, "ratio": ratio})
            call, let_out = program(vendor.provider, cell)
            wanted = pages(vendor, inputs, resolution, seconds, ratio)
            assert (let_out, await there.takes(call)) == (wanted, wanted), (resolution, seconds, ratio)
            taken += wanted
    ratios = 6 if mode == "text" else 7
    lengths = 16 - vendor.shortest
    assert taken == (0 if mode in {"a reference sound alone", "a frame and a reference"} else 2 * lengths * ratios)


@each_vendor
async def test_every_count_of_references(vendor):
    async with server(vendor.provider) as there:
        for pictures, videos, sounds in product(range(11), range(5), range(5)):
            inputs = Inputs(pictures=pictures, videos=videos, sounds=sounds)
            for resolution in vendor.resolutions:
                cell = written(vendor, inputs, resolution=resolution, duration=15, ratio="16:9")
                call, let_out = program(vendor.provider, cell)
                wanted = pages(vendor, inputs, resolution, 15, "16:9")
                assert (let_out, await there.takes(call)) == (wanted, wanted), inputs


WAYS = {"url": PICTURE, "data": picture_file(), "mm_file": "mm_file://123456789012345"}


@each_vendor
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("field", ["first_frame", "last_frame", "references"])
async def test_every_way_in_which_a_picture_may_come(vendor, way, field):
    picture = WAYS[way]
    cell = VideoRequest.of(
        prompt="A fox", model=vendor.model, **{field: (picture,) if field == "references" else picture}
    )
    async with server(vendor.provider) as there:
        if way in vendor.ways and way == "mm_file":
            upload = there.sim.uploads  # a file that was uploaded before, under the name that the request gives it
            upload.find = lambda _url, _owner: picture_file()
        call, let_out = program(vendor.provider, cell)
        wanted = way in vendor.ways
        assert (let_out, await there.takes(call)) == (wanted, wanted)


@each_vendor
async def test_a_request_that_leaves_everything_open_is_taken(vendor):
    async with server(vendor.provider) as there:
        for name, inputs in MODES.items():
            call, let_out = program(vendor.provider, written(vendor, inputs))
            assert let_out == await there.takes(call) == pages(vendor, inputs, "768P", 6, "16:9"), name


@pytest.mark.parametrize("name", SERVERS)
def test_who_offers_which_mode(name):
    """A mode that a vendor's pages don't name has no row, and the sentence says who has it."""
    book = catalog()
    offered = {
        (row.model, row.mode.value)
        for row in (*book.rows, *book.services)
        if row.provider == name and "H3" in row.model
    }
    clips = ("T2V", "I2V", "FLF", "R2V")
    mine = [vendor for vendor in VENDORS if vendor.provider == name]
    assert offered == {(vendor.model, mode) for vendor in mine for mode in (*clips, *vendor.services)}
    for fields in ({"base_video": VIDEO}, {"rewrite": True}, {"subject": PICTURE}):
        request = VideoRequest.of(prompt="A fox", model="MiniMax-H3", **fields)
        if ("MiniMax-H3", request.mode.value) not in offered:
            with pytest.raises(RefusedError) as caught:
                quote(request, name)
            assert ("-p minimax" in str(caught.value)) == (request.mode is not Mode.S2V)


@pytest.mark.parametrize("name", ["ppio", "acedata"])
async def test_resellers_have_no_h3_max_and_make_nothing_again(name):
    """What their pages don't name, their simulated servers don't have either."""
    vendor = next(each for each in VENDORS if each.provider == name)
    ordered = VideoRequest.of(prompt="A fox", model="MiniMax-H3-Max", ratio="16:9")
    with pytest.raises(RefusedError, match=f"{name} has no model “MiniMax-H3-Max”"):
        quote(ordered, name)
    row = find_row(ordered, "minimax")
    async with server(vendor.provider) as there:
        (call, _) = program(vendor.provider, written(vendor, Inputs()))
        call.json.clear()
        call.json.update(minimax_v2.body(pin(ordered, row), row))
        assert not await there.takes(call)
        served = {each.path.rpartition("/")[2] for each in there.endpoints}
        assert not served & {"video_regeneration", "h3_context_ir"}
