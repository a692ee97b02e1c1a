/**
 * Two clips or more, in step and without names; a key says which is better. The kernel sends the next ones ahead.
 *
 * @typedef {import("./placed.js").PlacedModel} Model
 * @typedef {{number: number, films: DataView[], urls: string[]}} Shown
 */

import { comparison } from "./comparison.js";
import { blobUrl, button, element, say } from "./dom.js";
import { placed } from "./placed.js";

/**
 * @param {Model} model
 * @param {AbortSignal} signal
 */
function arena(model, signal) {
  /** @type {Shown[]} */
  const ahead = [];
  /** @type {Shown | undefined} */
  let shown;

  const view = comparison(model.get("asked"), {
    vote(answer, seconds) {
      if (!shown) return;
      result.hidden = true;
      model.send({ type: "vote", number: shown.number, answer, seconds });
      next();
    },
    undo() {
      result.hidden = true;
      model.send({ type: "undo" });
    },
  });

  const sure = element("div", "hw-arena-sure");
  sure.role = "progressbar";
  sure.ariaLabel = "How sure the answer is";
  sure.ariaValueMin = "0";
  sure.ariaValueMax = "100";
  sure.append(element("div"));
  const result = element("div", "hw-arena-result");
  result.hidden = true;
  const show = button("Show me the ranking", "Show me", "hw-button hw-quiet");
  show.disabled = true;
  show.addEventListener("click", () => model.send({ type: "reveal" }));
  view.others.append(show);
  view.root.append(sure, result);

  function next() {
    shown = ahead.shift();
    view.show(shown ? shown.urls : []);
  }

  /**
   * Clips that the browser loads before they are shown.
   * @param {number} number
   * @param {DataView[]} films
   * @returns {Shown}
   */
  function loaded(number, films) {
    const urls = films.map((film) => blobUrl(film, "video/mp4"));
    view.prepare(urls);
    return { number, films, urls };
  }

  /** @param {string} text An SVG as the kernel writes it. */
  function picture(text) {
    const drawn = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    return drawn.localName === "svg" ? document.importNode(drawn, true) : element("div");
  }

  const receive = (/** @type {any} */ content, /** @type {DataView[]} */ buffers) => {
    if (content.type === "pair") {
      const made = loaded(content.number, buffers);
      if (content.first) {
        if (shown) ahead.unshift(loaded(shown.number, shown.films));
        ahead.unshift(made);
        next();
      } else {
        ahead.push(made);
        if (!shown) next();
      }
    } else if (content.type === "status") {
      const percent = String(Math.round(content.sure * 100));
      sure.ariaValueNow = percent;
      sure.title = `Chance that the leader is the best: ${percent}%`;
      sure.style.setProperty("--hw-fraction", String(content.sure));
      show.disabled = !content.votes;
      view.tell(content.votes === 1 ? "1 vote" : `${content.votes} votes`, content.votes > 0);
    } else if (content.type === "result") {
      const lines = content.sentences.map((/** @type {string} */ text) => element("p", "", text));
      result.replaceChildren(...lines, picture(content.picture));
      result.hidden = false;
    } else if (content.type === "problem") {
      say(view.failed, [content.text, content.hint].filter(Boolean).join(" "));
    }
  };
  model.on("msg:custom", receive);
  signal.addEventListener("abort", () => {
    model.off("msg:custom", receive);
    view.leave();
  });
  model.send({ type: "look" });
  return view.root;
}

export default placed(arena);
