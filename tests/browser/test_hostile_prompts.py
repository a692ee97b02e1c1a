"""A prompt is text, whatever it says: in the live card, in the settled one, and in a notebook that is opened untrusted."""

import json

from playwright.sync_api import expect

MARKUP = (
    """<script>window.hacked = 1</script><img src=x onerror="window.hacked = 1"> "both" 'quotes' & </div></details>"""
)
PROMPTS = {
    "markup": MARKUP,
    "direction": "שלום עולם \u202eDROW DESREVER\u202c مرحبا [Pan left] end",
    "emoji": "👩‍🚀🐼🏔️ a family 👨‍👩‍👧‍👦 waves 🇳🇿 [Zoom in]",
    "chinese": "雪山之巅，一只戴墨镜的熊猫迎着日出起舞。" * 100,
    "dollars": "costs $1 and $2 with \\frac{1}{2} **bold** `code`",
}

TEXT = """element => {
  const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let text = '';
  while (walk.nextNode()) text += walk.currentNode.data;
  return text;
}"""


def visible(text):
    """Without the direction marks, which may be shown otherwise than they were written."""
    return "".join(text.split()).replace("\u202e", "").replace("\u202c", "")


def test_prompts_are_shown_as_text(server, open_notebook):
    assert len(PROMPTS["chinese"]) == 2000
    cells = [
        f"%%hailuo {kind} -d 6 -r 768P\n{prompt.replace('{', '{{').replace('}', '}}')}"
        for kind, prompt in PROMPTS.items()
    ]
    page = open_notebook(
        server, "hostile/prompts.ipynb", ["%load_ext hailuo_widgets\n%hailuo config sketch_seconds=2", *cells]
    )
    page.run_cell(0)
    for number, prompt in enumerate(PROMPTS.values(), 1):
        page.run_cell(number)
        live = page.cell_output(number).locator(".hw-job .hw-prompt")
        live.wait_for()
        assert visible(prompt) in visible(live.evaluate(TEXT))
    for number, prompt in enumerate(PROMPTS.values(), 1):
        page.cell_output(number).locator("video").wait_for(timeout=60_000)
        assert visible(prompt) in visible(page.cell_output(number).evaluate(TEXT))
    page.save()
    for cell in json.loads(page.file.read_text())["cells"][1:]:
        assert len(json.dumps(cell["outputs"], ensure_ascii=False).encode()) <= 30 * 1024

    copy = page.file.with_name("copy.ipynb")
    copy.write_text(page.file.read_text().replace("sketch_seconds=2", "sketch_seconds=3"))
    reopened = open_notebook(server, f"hostile/{copy.name}")
    for number, prompt in enumerate(PROMPTS.values(), 1):
        assert not reopened.is_trusted(number)
        reopened.cell_output(number).scroll_into_view_if_needed()
        assert visible(prompt) in visible(reopened.cell_output(number).evaluate(TEXT))
    for each in (page, reopened):
        assert each.page.evaluate("() => window.hacked") is None
        expect(each.page.locator(".jp-OutputArea-output img[src=x], .jp-OutputArea-output script")).to_have_count(0)
        assert not each.errors
