/**
 * More clips that would settle a study: which ones, what they cost, and the button that generates them.
 *
 * @typedef {import("./placed.js").PlacedModel} Model
 */

import { button, element, say } from "./dom.js";
import { placed } from "./placed.js";

/**
 * @param {Model} model
 * @param {AbortSignal} signal
 */
function nextStep(model, signal) {
  /** @type {{sentence: string, rows: [number, string][], cost: string}} */
  const offer = model.get("offer");
  const root = element("section", "hw-view hw-panel hw-next");
  root.ariaLabel = "What to do next";
  root.append(element("p", "hw-next-sentence", offer.sentence));

  const state = element("span", "hw-soft hw-number");
  state.role = "status";
  const failed = element("div", "hw-failed");
  failed.role = "alert";
  failed.hidden = true;
  const run = button(`Generate these clips for ${offer.cost}`, `Run · ${offer.cost}`, "hw-button hw-primary");
  run.addEventListener("click", () => {
    run.disabled = true;
    say(failed);
    model.send({ type: "run" });
  });

  if (offer.rows.length) {
    const list = element("ul", "hw-next-clips");
    for (const [count, cell] of offer.rows) {
      const row = element("li");
      const name = element("bdi", "", cell);
      row.append(element("span", "hw-number", `${count} × `), name);
      list.append(row);
    }
    const bar = element("div", "hw-next-bar");
    bar.append(run, state);
    root.append(list, bar);
  }
  root.append(failed);

  const receive = (/** @type {any} */ content) => {
    if (content.type === "status") {
      run.disabled = content.begun;
      say(state, content.text);
    } else if (content.type === "problem") {
      run.disabled = false;
      say(failed, [content.text, content.hint].filter(Boolean).join(" "));
    }
  };
  model.on("msg:custom", receive);
  signal.addEventListener("abort", () => model.off("msg:custom", receive));
  model.send({ type: "look" });
  return root;
}

export default placed(nextStep);
