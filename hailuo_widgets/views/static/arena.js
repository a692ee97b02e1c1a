/**
 * Two clips or more, in step and without names; a key says which is better. The kernel sends the next pair ahead.
 *
 * @typedef {import("./placed.js").PlacedModel} Model
 * @typedef {number | "tie" | "bad" | "skip"} Answer
 * @typedef {{number: number, films: DataView[]}} Pair
 */

import { blobUrl, button, element, say } from "./dom.js";
import { placed } from "./placed.js";
import { Stage } from "./player.js";

/** Seconds before a clip's end from which on it counts as seen. */
const END = 0.15;

/** Also where they are one above the other, on a narrow page. */
const NAMES = ["First", "Second", "Third", "Fourth"];

/**
 * @param {Model} model
 * @param {AbortSignal} signal
 */
function arena(model, signal) {
  const root = element("section", "hw-view hw-panel hw-arena");
  root.tabIndex = 0;
  root.ariaLabel = "Compare clips";

  const asked = element("div", "hw-arena-asked", model.get("asked"));
  const count = element("span", "hw-soft hw-number");
  const top = element("div", "hw-arena-top");
  top.append(asked, count);

  const seats = element("div", "hw-arena-seats");
  const state = element("div", "hw-soft hw-arena-state");
  state.role = "status";
  const failed = element("div", "hw-failed");
  failed.role = "alert";
  failed.hidden = true;

  const choices = element("div", "hw-arena-choices");
  const others = element("div", "hw-arena-others");
  const sure = element("div", "hw-arena-sure");
  sure.role = "progressbar";
  sure.ariaLabel = "How sure the answer is";
  sure.ariaValueMin = "0";
  sure.ariaValueMax = "100";
  sure.append(element("div"));
  const result = element("div", "hw-arena-result");
  result.hidden = true;
  root.append(top, seats, state, failed, choices, others, sure, result);

  /** @type {Pair[]} */
  const ahead = [];
  /** @type {Pair | undefined} */
  let pair;
  /** @type {string[]} */
  let urls = [];
  let seen = false;
  let last = 0;
  let began = 0;
  let votes = 0;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  const stage = new Stage(() => {
    const ended = stage.duration > 0 && stage.time >= stage.duration - END;
    if (!seen && (ended || (stage.playing && stage.time < last - 0.2))) {
      seen = true;
      update();
    }
    last = stage.time;
  });

  const key = (/** @type {number} */ seat) =>
    pair?.films.length === 2 ? ["←", "→"][seat] : String(seat + 1);

  const tie = button("Tie (up arrow)", "↑ Tie");
  const bad = button("All bad (down arrow)", "↓ All bad");
  const again = button("Play again (space)", "Play again");
  const undo = button("Undo the last vote (u)", "Undo", "hw-button hw-quiet");
  const skip = button("Skip this pair (s)", "Skip", "hw-button hw-quiet");
  const show = button("Show me the ranking", "Show me", "hw-button hw-quiet");
  others.append(tie, bad, again, skip, undo, show);
  tie.addEventListener("click", () => vote("tie"));
  bad.addEventListener("click", () => vote("bad"));
  skip.addEventListener("click", () => vote("skip"));
  again.addEventListener("click", replay);
  undo.addEventListener("click", takeBack);
  show.addEventListener("click", () => model.send({ type: "reveal" }));

  function replay() {
    stage.pause();
    stage.seek(0);
    last = 0;
    stage.play();
  }

  function clear() {
    stage.clear();
    for (const url of urls) URL.revokeObjectURL(url);
    urls = [];
    seats.replaceChildren();
  }

  function next() {
    clear();
    pair = ahead.shift();
    seen = false;
    last = 0;
    began = performance.now();
    if (pair) {
      urls = pair.films.map((film) => blobUrl(film, "video/mp4"));
      const shown = urls.map((url, seat) => {
        const frame = element("div", "hw-arena-seat");
        const video = stage.add(String(seat), url);
        video.ariaLabel = `${NAMES[seat]} clip`;
        video.addEventListener("error", () => say(failed, "This clip can't be played. Skip the pair."));
        frame.append(video);
        return frame;
      });
      seats.dataset.count = String(urls.length);
      seats.replaceChildren(...shown);
      choices.replaceChildren(
        ...urls.map((_, seat) => {
          const made = button(`${NAMES[seat]} is better (${key(seat)})`, `${key(seat)} ${NAMES[seat]}`);
          made.addEventListener("click", () => vote(seat));
          return made;
        }),
      );
      choices.dataset.count = String(urls.length);
      if (!calm) stage.play();
    }
    update();
  }

  function update() {
    for (const each of [...choices.children, tie, bad]) {
      /** @type {HTMLButtonElement} */ (each).disabled = !(pair && seen);
    }
    skip.disabled = again.disabled = !pair;
    undo.disabled = show.disabled = !votes;
    say(count, votes === 1 ? "1 vote" : `${votes} votes`);
    let text = "Choose one.";
    if (!pair) text = "Loading the next pair …";
    else if (!seen) text = calm ? "Press space to play both clips." : "Watch both clips to the end once.";
    say(state, text);
  }

  /** @param {Answer} answer */
  function vote(answer) {
    if (!pair || (answer !== "skip" && !seen)) return;
    say(failed);
    result.hidden = true;
    const seconds = (performance.now() - began) / 1000;
    const held = root.contains(document.activeElement) || root.getRootNode() !== document;
    model.send({ type: "vote", number: pair.number, answer, seconds });
    next();
    if (held) root.focus({ preventScroll: true }); // the button that had the focus is gone
  }

  function takeBack() {
    if (!votes) return;
    result.hidden = true;
    model.send({ type: "undo" });
  }

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const many = pair?.films.length ?? 0;
    /** @type {{[key: string]: () => void}} */
    const acts = {
      ArrowUp: () => vote("tie"),
      ArrowDown: () => vote("bad"),
      " ": replay,
      u: takeBack,
      s: () => vote("skip"),
    };
    if (many === 2) {
      acts.ArrowLeft = () => vote(0);
      acts.ArrowRight = () => vote(1);
    }
    for (let seat = 0; seat < many; seat++) acts[String(seat + 1)] = () => vote(seat);
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) act();
  });
  // A button answers to space when the key is let go.
  root.addEventListener("keyup", (event) => {
    if (event.key === " ") event.preventDefault();
  });

  /** @param {string} text An SVG as the kernel writes it. */
  function picture(text) {
    const drawn = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    return drawn.localName === "svg" ? document.importNode(drawn, true) : element("div");
  }

  const receive = (/** @type {any} */ content, /** @type {DataView[]} */ buffers) => {
    if (content.type === "pair") {
      const made = { number: content.number, films: buffers };
      if (content.first) {
        if (pair) ahead.unshift(pair);
        ahead.unshift(made);
        next();
      } else {
        ahead.push(made);
        if (!pair) next();
      }
    } else if (content.type === "status") {
      votes = content.votes;
      const percent = String(Math.round(content.sure * 100));
      sure.ariaValueNow = percent;
      sure.title = `Chance that the leader is the best: ${percent}%`;
      sure.style.setProperty("--hw-fraction", String(content.sure));
      update();
    } else if (content.type === "result") {
      result.replaceChildren(element("p", "", content.sentence), picture(content.picture));
      result.hidden = false;
    } else if (content.type === "problem") {
      say(failed, [content.message, content.hint].filter(Boolean).join(" "));
    }
  };
  model.on("msg:custom", receive);
  signal.addEventListener("abort", () => {
    model.off("msg:custom", receive);
    clear();
  });
  update();
  model.send({ type: "look" });
  return root;
}

export default placed(arena);
