"""A request as code asks for exactly the same, to the digest: the cell as the magic reads it, the call as Python does."""

from __future__ import annotations

import shlex
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailuo_widgets.errors import UsageError
from hailuo_widgets.magics import read_cell
from hailuo_widgets.spec import options
from hailuo_widgets.spec.catalog import catalog
from hailuo_widgets.spec.media import Media
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.sweeps.cells import expand, single
from hailuo_widgets.views.code import cell_of, python_of, sweep_cell_of, sweep_of
from hailuo_widgets.views.prompt_template import escaped, read
from hailuo_widgets.views.word_diff import word_diff
from support.pictures import picture_file


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    """A picture, and where it is: with a blank, a quotation mark and a brace in the path."""
    path = tmp_path_factory.mktemp("it's {a} picture") / "a fox.png"
    path.write_bytes(picture_file())
    return Media(data=path.read_bytes(), name="dropped"), str(path)


def defined(cell):
    """A cell as the magic understands it."""
    line, body = cell.split("\n", 1)
    return read_cell(line.removeprefix("%%hailuo"), body, {})[1]


def digest_of_cell(cell):
    if cell.startswith("import"):
        return digest_of_python(cell)
    prompt, fields = single(defined(cell))
    return quote(
        VideoRequest.of(prompt=prompt, **{k: v for k, v in fields.items() if k != "provider"}), fields["provider"]
    ).digest


def digest_of_python(code):
    asked = {}

    def generate(prompt, *, provider, **fields):
        asked["it"] = quote(VideoRequest.of(prompt=prompt, **fields), provider).digest

    exec(code.replace("import hailuo_widgets as hw", ""), {"hw": SimpleNamespace(generate=generate)})
    return asked["it"]


WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\x00") | st.sampled_from("{}|\\[]'\"\n-#% "), max_size=50
)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), words=WORDS)
def test_a_cell_and_a_call_ask_for_the_same(picture, data, words):
    media, path = picture
    choice = options.begin(data.draw(st.sampled_from(list(catalog().offers))))
    for _ in range(data.draw(st.integers(0, 6))):
        field = data.draw(st.sampled_from([each for each in options.form(choice).fields if each.kind != "text"]))
        if field.kind == "switch":
            choice = options.change(choice, field.name, data.draw(st.booleans()))
        else:
            free = [each.value for each in field.options if not each.why_not]
            choice = options.change(choice, field.name, data.draw(st.sampled_from(free)))
    choice = options.change(choice, "prompt", f"A fox {words}")
    for slot in options.form(choice).slots:
        one = media if "data" in slot.ways else Media.of("https://example.com/a'{b}.png")
        choice = options.change(choice, slot.name, (one, Media.of("https://example.com/b.png")) if slot.most else one)
    order = options.form(choice).quote
    files = {media.sha256: path}
    assert digest_of_cell(cell_of(order, files=files)) == order.digest
    assert digest_of_python(python_of(order, files)) == order.digest


def test_a_cell_reads_well():
    order = quote(
        VideoRequest.of(prompt="A fox {x}\nruns", model="MiniMax-Hailuo-2.3", duration=10, prompt_optimizer=False),
        "minimax",
    )
    assert cell_of(order, "fox") == (
        "%%hailuo fox -p minimax -m MiniMax-Hailuo-2.3 -d 10 -r 768P --optimizer off\nA fox {{x}}\nruns"
    )
    assert python_of(order) == (
        "import hailuo_widgets as hw\n\nhw.generate(\n    'A fox {x}\\nruns',\n    provider='minimax',\n"
        "    model='MiniMax-Hailuo-2.3',\n    duration=10,\n    resolution='768P',\n    prompt_optimizer=False,\n)"
    )


@pytest.mark.parametrize("prompt", ["A fox\n---\nruns", "A fox\n— —\nduration: 6"])
def test_a_prompt_that_a_cell_would_read_as_a_header_becomes_a_call(prompt):
    order = quote(VideoRequest.of(prompt=prompt), "sketch")
    assert cell_of(order).startswith("import hailuo_widgets as hw")


def test_a_picture_of_which_only_the_hash_is_known_is_left_open():
    media = Media.recalled("sha256:" + "0" * 64)
    order = options.form(options.of_request(VideoRequest.of(prompt="x", first_frame=media), "minimax")).quote
    assert "--first-frame PICTURE" in cell_of(order)


def orders(*changes, provider="sketch"):
    base = {"prompt": "A red fox trots across tall grass at dusk [Pan left]"}
    return [quote(VideoRequest.of(**{**base, **change}), provider) for change in changes]


def digests_of_sweep(cell):
    return {each.digest for each in expand(defined(cell), "sketch", None)[1]}


@pytest.mark.parametrize(
    "changes",
    [
        ({}, {"prompt": "A red fox leaps across tall grass at dusk [Pan left]"}),
        ({}, {"prompt": "A red fox trots across tall grass at dusk [Push in]"}, {"prompt": "A panda"}),
        ({}, {"duration": 10}),
        ({"duration": 6, "resolution": "1080P"}, {"duration": 10}, {"prompt": "{a|b} \\| [x"}),
        ({"prompt_optimizer": False}, {"prompt_optimizer": True}, {"model": "MiniMax-Hailuo-02"}),
        ({"prompt": "1..9"}, {"prompt": "2"}),
        ({"prompt": "x"}, {"prompt": "x y"}),
    ],
)
def test_variants_become_one_sweep_of_just_these(changes):
    several = orders(*changes)
    cell = sweep_of(several, name="takes")
    assert digests_of_sweep(cell) == {each.digest for each in several}


def test_a_sweep_says_once_what_is_common():
    cell = sweep_of(
        orders({}, {"prompt": "A red fox leaps across tall grass at dusk [Pan left]"}, {"duration": 10}), name="takes"
    )
    assert cell.splitlines()[1:] == [
        "A red fox {take = trots | leaps | trots} across tall grass at dusk [Pan left]",
        "---",
        "duration: 6 | 6 | 10",
        "zip: take, duration",
    ]
    assert cell.splitlines()[0].startswith("%%hailuo takes -p sketch -m MiniMax-Hailuo-2.3 -r 768P --optimizer on")


def test_pictures_go_into_a_sweep(picture):
    media, path = picture
    several = [
        quote(VideoRequest.of(prompt=prompt, first_frame=media), "sketch") for prompt in ("A fox runs", "A fox sleeps")
    ]
    cell = sweep_of(several, {media.sha256: path}, "takes")
    assert digests_of_sweep(cell) == {each.digest for each in several}


def test_one_request_is_no_sweep():
    [one] = orders({})
    with pytest.raises(UsageError, match="at least two"):
        sweep_of([one, one])


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS.map(lambda words: f"A fox {words}".strip()), min_size=2, max_size=4))
def test_whatever_two_prompts_hold_the_sweep_asks_for_them_or_says_that_it_can_not(prompts):
    several = orders(*({"prompt": each} for each in prompts))
    if len({each.digest for each in several}) > 1:
        try:
            cell = sweep_of(several)
        except UsageError:
            return
        assert digests_of_sweep(cell) == {each.digest for each in several}


def test_a_template_becomes_the_cell_of_its_sweep():
    [one] = orders({"prompt": "A fox runs", "duration": 10})
    cell = sweep_cell_of(one, "A {fox | panda} runs ")
    assert cell == "%%hailuo -p sketch -m MiniMax-Hailuo-2.3 -d 10 -r 768P\nA {fox | panda} runs"
    assert len(digests_of_sweep(cell)) == 2


@pytest.mark.parametrize("rest", ["steady", "duration: 6 | 10"])
def test_a_template_that_a_cell_would_read_as_a_header_becomes_a_call(rest, picture, here):
    media, path = picture
    template = f"A fox {{runs | leaps}}\n---\n{rest} {{a | b}}"
    request = VideoRequest.of(prompt="A fox runs", duration=10, first_frame=media)
    code = sweep_cell_of(quote(request, "minimax"), template, {media.sha256: path})
    assert "would start a header" in code.splitlines()[0]
    assert code.startswith("#")
    names = {}
    exec(code, names)
    cells = names["takes"].cells
    assert names["takes"].plan.to_buy == len(cells) == read(template, request, "minimax").cells
    assert cells[0].prompt.startswith("A fox runs\n---\n")
    assert {cell.quote.request.duration for cell in cells} == {10}
    assert {cell.quote.request.first_frame.sha256 for cell in cells} == {media.sha256}
    assert not here.jobs()


@given(WORDS)
def test_what_is_escaped_is_read_as_it_was(words):
    asked = read(escaped(words))
    assert (asked.prompt, asked.varies, asked.problem) == (words.strip(), False, "")


def test_a_template_says_how_many_clips_and_what_they_cost():
    request = VideoRequest.of(model="MiniMax-Hailuo-2.3", duration=10)
    asked = read("A {fox | panda} {k = runs | leaps | sleeps}", request, "minimax")
    assert (asked.prompt, asked.cells, asked.price) == ("A fox runs", 6, "$3.36")
    assert read("A {fox | panda}", request, "evolink").price == "price not published"
    assert read("A {fox | panda}", request, "sketch").price == "free"
    assert "more than 1,000 clips" in read("{1..900} {a | b}", request, "minimax").problem
    assert read("A {fox", request, "minimax").problem.startswith("Unmatched “{”.")


@given(WORDS, WORDS)
def test_a_diff_loses_nothing(before, after):
    found = word_diff(before, after)
    assert "".join(text for text, mark in found if mark != "gone") == after
    assert "".join(text for text, mark in found if mark != "new") == before


def test_a_diff_goes_by_words_brackets_and_chinese_signs():
    assert word_diff("A red fox [Pan left]", "A blue fox [Pan right]") == [
        ("A ", "same"),
        ("red", "gone"),
        ("blue", "new"),
        (" fox ", "same"),
        ("[Pan left]", "gone"),
        ("[Pan right]", "new"),
    ]
    assert word_diff("雪山上的熊猫", "雪山上的狐狸")[0] == ("雪山上的", "same")


def test_another_persons_library_brings_no_options_into_a_cell():
    order = quote(VideoRequest.of(prompt="A fox"), "minimax")
    strange = replace(order, row=replace(order.row, provider="minimax --yes", model="x --yes"))
    line = cell_of(strange, "fox --yes").split("\n")[0]
    assert shlex.split(line)[:5] == ["%%hailuo", "-p", "minimax --yes", "-m", "x --yes"]
    assert cell_of(order, "fox").startswith("%%hailuo fox -p minimax ")
