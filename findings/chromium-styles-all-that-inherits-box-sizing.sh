#!/usr/bin/env bash
# Guess: `* { box-sizing: inherit }` under one `border-box` element, as style guides have recommended since 2014, costs
# nothing, and an element that is moved by `transform` is styled alone: nothing that its children inherit has changed.
#
# What happens: box-sizing is not inherited by nature, so with each change of the element Chromium styles its children
# again, pseudo-elements included. The styles that it keeps to save work don't help: each step leaves more of them behind
# that are compared in vain, so every step takes longer than the one before. Moving 24 tiles 200 times takes 25 to 150
# times as long as with `box-sizing: border-box` on every element.
#
# What it means: a wall or a grid of clips whose tiles are moved while it is scrolled has frames of half a second for one
# line of CSS. Set border-box itself, and not `inherit`, on everything.
#
# It uses the Chromium named in $CHROMIUM, else the system's, else Playwright's own.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check playwright==1.65.2
chromium="${CHROMIUM:-$(command -v chromium || command -v google-chrome || true)}"
[ -n "$chromium" ] || venv/bin/playwright install --with-deps chromium

CHROMIUM="$chromium" venv/bin/python - <<'PY'
import json
import os

from playwright.sync_api import sync_playwright

PAGE = """<style>
.view { box-sizing: border-box }
.view *, .view *::before, .view *::after { box-sizing: %s }
.tile { position: absolute; width: 200px; height: 150px }
.tile::before { content: "" }
</style><div class="view"></div>"""
MOVE = """() => {
  const view = document.querySelector(".view");
  for (let at = 0; at < 24; at += 1) {
    const tile = document.createElement("div");
    tile.className = "tile";
    tile.innerHTML = '<img alt=""><div><div>a prompt</div><div>its model</div></div>';
    view.append(tile);
  }
  getComputedStyle(view).opacity;
  let spent = 0;
  for (let step = 0; step < 200; step += 1) {
    [...view.children].forEach((tile, at) => { tile.style.transform = `translate(${step}px, ${at}px)`; });
    const start = performance.now();
    getComputedStyle(view.lastChild).opacity; // styles what has changed
    spent += performance.now() - start;
  }
  return spent;
}"""


def moved(browser, box_sizing):
    page = browser.new_page()
    page.set_content(PAGE % box_sizing)
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    spent = page.evaluate(MOVE)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    page.close()
    styled = [event for event in events if event["name"] == "UpdateLayoutTree" and event["ph"] == "X"]
    counts = [event["args"]["elementCount"] for event in styled if "elementCount" in event["args"]]
    step = max(set(counts), key=counts.count)
    print(f"box-sizing: {box_sizing}: {step} elements styled for a step, 200 steps in {spent:.0f} ms")
    return step, spent


with sync_playwright() as playwright:
    options = {"executable_path": os.environ["CHROMIUM"]} if os.environ["CHROMIUM"] else {}
    with playwright.chromium.launch(args=["--no-sandbox"], **options) as browser:
        print("Chromium", browser.version)
        alone, quick = moved(browser, "border-box")
        together, slow = moved(browser, "inherit")
assert together > alone and slow > 3 * quick, (alone, together, quick, slow)
print(f"With inherit, moving the same tiles takes {slow / quick:.0f} times as long.")
PY
