/** The studio: the form on one side, what was made on the other, and between them two buttons. */

import { openBelow } from "./clip_actions.js";
import { clipWall } from "./clip_wall.js";
import { blobUrl, button, element, say } from "./dom.js";
import { placed } from "./placed.js";
import { promptEditor, switcher } from "./prompt_editor.js";
import { comparer } from "./studio_compare.js";
import { studioForm } from "./studio_form.js";
import { still, studioResults } from "./studio_results.js";

/**
 * @typedef {import("./studio_form.js").FormState} FormState
 * @typedef {import("./studio_results.js").ResultState} ResultState
 */

/**
 * Milliseconds after a change of the form until something more is said on the same connection. The answer waits behind
 * the kernel's “busy” in a server that gathers small packets, until that one is acknowledged; alone that takes 40 ms.
 */
const NUDGE = 10;

const TITLES = { cell: "As a cell", python: "As Python", sweep: "As a sweep" };

/**
 * What is asked for once and waited for: a clip or a picture by its id.
 * @param {(id: string) => void} ask
 */
function waiting(ask) {
  /** @type {Map<string, {promise: Promise<string>, resolve: (url: string) => void, url: string}>} */
  const known = new Map();
  return {
    /** @param {string} id */
    get(id) {
      const there = known.get(id);
      if (there) return there.promise;
      /** @type {(url: string) => void} */
      let resolve = () => {};
      const promise = /** @type {Promise<string>} */ (
        new Promise((done) => {
          resolve = done;
        })
      );
      known.set(id, { promise, resolve, url: "" });
      ask(id);
      return promise;
    },
    /**
     * @param {string} id
     * @param {DataView | undefined} bytes
     * @param {string} type
     */
    give(id, bytes, type) {
      const there = known.get(id);
      if (!there) return;
      if (bytes?.byteLength) there.url = blobUrl(bytes, type);
      there.resolve(there.url);
      if (!there.url) known.delete(id);
    },
    /** @param {Set<string>} ids Those that are still of use. */
    keep(ids) {
      for (const [id, { url }] of known) {
        if (ids.has(id)) continue;
        URL.revokeObjectURL(url);
        known.delete(id);
      }
    },
  };
}

export default placed((model, signal) => {
  const send = (
    /** @type {Record<string, unknown>} */ content,
    /** @type {ArrayBuffer[]} */ buffers = [],
  ) => {
    model.send(content, undefined, buffers);
    if (content.type === "set") setTimeout(() => model.send({ type: "nudge" }), NUDGE);
  };
  let begun = 0;
  let busy = false;

  const root = element("section", "hw-view hw-studio");
  root.ariaLabel = "Studio";
  const columns = element("div", "hw-columns");
  const left = element("div", "hw-left");
  const right = element("div", "hw-right");
  columns.append(left, right);

  const form = studioForm(send, signal);
  const editor = promptEditor({
    label: "Prompt",
    commands: model.get("commands"),
    onInput: (text) => send({ type: "prompt", text }),
    signal,
  });
  editor.setValue(model.get("prompt"));

  const buy = element("div", "hw-buy");
  const price = element("div", "hw-price");
  const amount = element("b", "hw-number");
  const per = element("span", "hw-soft");
  price.append(amount, per);
  price.role = "status";
  const sketch = button("Sketch it: for nothing, in about a second", "Sketch it");
  const generate = button("Generate", "Generate", "hw-button hw-primary");
  const become = element("div", "hw-row hw-become");
  const cell = button("Copy as cell", "Copy as cell", "hw-button hw-quiet hw-copies");
  const python = button("Copy as Python", "Copy as Python", "hw-button hw-quiet");
  become.append(cell, python);
  const problem = element("div", "hw-message hw-problem");
  problem.role = "alert";
  const wrong = element("b");
  const way = element("div");
  problem.append(wrong, way);
  problem.hidden = true;
  const why = element("ul", "hw-why-not hw-soft");
  why.id = `hw-why-${Math.random().toString(36).slice(2)}`;
  generate.setAttribute("aria-describedby", why.id);
  const plan = button("Review the plan", "Review the plan", "hw-button hw-primary");
  plan.hidden = true;
  buy.append(price, sketch, generate, plan);
  form.slots.after(editor.root);
  left.append(form.root, buy, why, problem, become);

  const code = element("section", "hw-code");
  code.ariaLabel = "Code";
  code.hidden = true;
  const codeTitle = element("b");
  const copied = element("span", "hw-soft");
  copied.role = "status";
  const closeCode = button("Close the code", "Close");
  const codeHead = element("div", "hw-compare-head");
  codeHead.append(codeTitle, copied, closeCode);
  const listing = element("textarea", "hw-listing");
  listing.readOnly = true;
  listing.rows = 6;
  listing.ariaLabel = "The code";
  code.append(codeHead, listing);

  const films = waiting((id) => send({ type: "film", id }));
  const pictures = waiting((id) => send({ type: "posters", ids: [id] }));
  const results = studioResults(
    {
      send,
      film: (id) => films.get(id),
      poster: (id) => pictures.get(id),
      compared() {
        const ids = [...results.chosen].slice(-4);
        if (ids.length > 1) send({ type: "compare", ids });
        else compare.leave();
      },
    },
    signal,
  );
  const compare = comparer({ film: (id) => films.get(id), closed: () => results.unchoose() }, signal);
  const wall = clipWall(
    { send, open: (row) => send({ type: "open", id: row.id }), opens: "Add to the list" },
    signal,
  );

  const tabs = switcher(
    "View",
    [
      ["session", "This session"],
      ["library", "Library"],
    ],
    "session",
    (chosen) => see(chosen),
  );
  const rightHead = element("div", "hw-right-head");
  const basket = element("div", "hw-row hw-basket");
  const collected = element("span", "hw-soft hw-number");
  const asSweep = button("Copy what was collected as one sweep", "Copy as sweep");
  basket.append(collected, asSweep);
  basket.hidden = true;
  asSweep.addEventListener("click", () => send({ type: "sweep" }), { signal });
  rightHead.append(tabs.root, basket);
  right.append(rightHead, results.root, wall.root);
  left.append(code);
  root.append(compare.root, columns);

  /** @param {string} what */
  function see(what) {
    tabs.set(/** @type {"session" | "library"} */ (what));
    results.root.hidden = what !== "session";
    wall.root.hidden = what !== "library";
    if (what === "library") {
      wall.refresh();
      wall.begin();
    }
  }
  see("session");

  function showForm() {
    const state = /** @type {FormState} */ (model.get("form"));
    form.show(state);
    editor.setLimit(state.limit);
    editor.setSeconds(state.seconds);
    if (state.language !== language) {
      language = state.language;
      editor.speak(language);
    }
    say(amount, state.price);
    say(
      per,
      state.cells > 1 ? `for ${state.cells} clips` : /^(price|free)/.test(state.price) ? "" : "a clip",
    );
    generate.disabled = busy || !state.ready;
    generate.hidden = state.cells > 1;
    plan.hidden = state.cells < 2;
    plan.disabled = !state.writable || state.key === "missing";
    why.hidden = !(state.problems.length || state.warnings.length);
    why.replaceChildren(
      ...state.problems.map((text) => element("li", "", text)),
      ...state.warnings.map((text) => element("li", "hw-warning", text)),
    );
    cell.disabled = python.disabled = !state.writable;
    python.hidden = state.cells > 1;
  }

  /** @type {FormState["language"]} */
  let language = "en";

  function showResults() {
    const now = /** @type {ResultState[]} */ (model.get("results"));
    const ids = new Set(now.map(({ id }) => id));
    films.keep(ids);
    pictures.keep(ids);
    const some = now.filter((result) => result.collected).length;
    say(collected, some ? `${some} collected` : "");
    basket.hidden = !some;
    asSweep.disabled = some < 2;
    results.show(now);
  }

  /** @param {string} text */
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      say(copied, "Copied");
    } catch {
      listing.focus();
      listing.select();
      say(copied, document.execCommand("copy") ? "Copied" : "Copy it from here");
    }
  }

  /**
   * @param {any} content
   * @param {DataView[]} buffers
   */
  function receive(content, buffers) {
    const bytes = buffers[0] ?? null;
    switch (content.type) {
      case "picture":
        form.pickerOf(content.slot)?.picture(bytes);
        break;
      case "proposal":
        form.pickerOf(content.slot)?.propose(content, bytes);
        break;
      case "text":
        editor.setValue(content.text);
        editor.show(model.get("analysis"));
        editor.field.focus();
        editor.field.scrollIntoView({ block: "nearest" });
        break;
      case "focus":
        editor.field.focus();
        break;
      case "film":
        films.give(content.id, buffers[0], "video/mp4");
        break;
      case "posters":
        for (const [index, id] of content.ids.entries()) pictures.give(id, buffers[index], "image/jpeg");
        wall.receive(content, buffers);
        break;
      case "sketched":
        sketch.disabled = false;
        say(sketch, "Sketch it");
        break;
      case "begun":
        begun = content.begun;
        busy = false;
        showForm();
        see("session");
        break;
      case "planned":
        openBelow(root, content.place, "", "plan");
        break;
      case "opened":
        see("session");
        break;
      case "compare":
        compare.show(content.items);
        break;
      case "code":
        code.hidden = false;
        (results.bodyOf(content.id ?? "") ?? left).append(code);
        say(codeTitle, TITLES[/** @type {keyof typeof TITLES} */ (content.kind)]);
        listing.value = content.text;
        listing.rows = Math.min(14, content.text.split("\n").length + 1);
        copy(content.text);
        break;
      case "problem":
        problem.hidden = false;
        say(wrong, content.text);
        say(way, content.hint);
        break;
      default:
        wall.receive(content, buffers);
    }
  }

  /** @type {[HTMLElement, () => void][]} */
  const heard = [
    [
      sketch,
      () => {
        editor.tell();
        problem.hidden = true;
        sketch.disabled = true;
        say(sketch, "Drawing…");
        drawing = true;
        send({ type: "sketch" });
      },
    ],
    [
      generate,
      () => {
        if (busy) return;
        editor.tell();
        problem.hidden = true;
        busy = true;
        generate.disabled = true;
        send({ type: "generate", begun });
      },
    ],
    [
      plan,
      () => {
        editor.tell();
        problem.hidden = true;
        send({ type: "plan" });
      },
    ],
    [cell, () => send({ type: "code", kind: "cell" })],
    [python, () => send({ type: "code", kind: "python" })],
    [
      closeCode,
      () => {
        const asked = code.parentElement?.querySelector(".hw-copies");
        code.hidden = true;
        if (asked instanceof HTMLElement) asked.focus();
      },
    ],
  ];
  for (const [target, act] of heard) target.addEventListener("click", act, { signal });
  let drawing = false;

  /** A sketch was asked for to be looked at. */
  function playSketch() {
    const [first] = /** @type {ResultState[]} */ (model.get("results"));
    if (drawing && first?.kind === "sketch") {
      drawing = false;
      if (!still()) results.play(first.id);
    }
  }

  /** @type {[string, (...values: any[]) => void][]} */
  const shown = [
    ["change:form", showForm],
    ["change:analysis", () => editor.show(model.get("analysis"))],
    [
      "change:results",
      () => {
        showResults();
        playSketch();
      },
    ],
    ["msg:custom", receive],
  ];
  for (const [event, show] of shown) model.on(event, show);
  signal.addEventListener("abort", () => {
    for (const [event, show] of shown) model.off(event, show);
    films.keep(new Set());
    pictures.keep(new Set());
  });
  showForm();
  editor.show(model.get("analysis"));
  showResults();
  // In the frame after the one that shows it.
  const seen = () => requestAnimationFrame(() => signal.aborted || send({ type: "seen" }));
  requestAnimationFrame(seen);
  return root;
});
