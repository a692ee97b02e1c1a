/** Two to four results in step, with what differs between their prompts; two of them under a wipe. */

import { button, element, slider } from "./dom.js";
import { Stage, transport } from "./player.js";
import { diffLine, still } from "./studio_results.js";

/**
 * @typedef {import("./studio_results.js").Diff} Diff
 */

/**
 * @param {{film: (id: string) => Promise<string>, closed: () => void}} desk
 * @param {AbortSignal} signal
 */
export function comparer(desk, signal) {
  const root = element("section", "hw-compare");
  root.ariaLabel = "Comparison";
  root.hidden = true;
  const head = element("div", "hw-compare-head");
  const title = element("b", "", "Side by side");
  const wipe = button("Wipe between the two", "Wipe", "hw-button hw-toggle");
  const close = button("Close the comparison", "Close");
  head.append(title, wipe, close);
  const films = element("div", "hw-compare-films");
  const slide = slider("Where the first one ends and the second one begins", "hw-slide hw-wipe", 100, 50);
  const texts = element("div", "hw-compare-texts");
  const stage = new Stage(() => bar.update());
  const bar = transport(stage, { play: "In step" });
  root.append(head, films, slide, bar.root, texts);
  let turn = 0;

  function cut() {
    films.style.setProperty("--hw-cut", `${slide.value}%`);
  }

  /** @param {boolean} on */
  function setWipe(on) {
    wipe.ariaPressed = String(on);
    films.dataset.wipe = String(on);
    slide.hidden = !on;
    cut();
  }

  function leave() {
    turn += 1;
    stage.clear();
    films.replaceChildren();
    root.hidden = true;
  }

  slide.addEventListener("input", cut, { signal });
  wipe.addEventListener("click", () => setWipe(wipe.ariaPressed !== "true"), { signal });
  close.addEventListener(
    "click",
    () => {
      leave();
      desk.closed();
    },
    { signal },
  );
  signal.addEventListener("abort", () => stage.clear());

  return {
    root,
    leave,
    /** @param {[id: string, diff: Diff][]} items The oldest first; the others are compared with its words. */
    async show(items) {
      leave();
      if (items.length < 2) return;
      const mine = turn;
      root.hidden = false;
      films.dataset.count = texts.dataset.count = String(items.length);
      wipe.hidden = items.length !== 2;
      setWipe(false);
      texts.replaceChildren(...items.map(([, diff]) => diffLine(diff)));
      close.focus();
      const urls = await Promise.all(items.map(([id]) => desk.film(id)));
      if (mine !== turn) return;
      for (const [index, [id]] of items.entries()) {
        const frame = element("div", "hw-frame");
        const url = urls[index];
        frame.append(url ? stage.add(id, url) : element("span", "hw-soft", "The file is gone."));
        films.append(frame);
      }
      if (!still()) stage.play();
    },
  };
}
