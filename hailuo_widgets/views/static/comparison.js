/**
 * A few clips in step and without names, and the answers under them: the same in a notebook and on a ballot.
 *
 * @typedef {number | "tie" | "bad" | "skip"} Answer
 * @typedef {object} Acts
 * @property {(answer: Answer, seconds: number) => void} vote
 * @property {() => void} undo
 */

import { button, element, say } from "./dom.js";
import { loading, Stage } from "./player.js";

/** Seconds before a clip's end from which on it counts as seen. */
const END = 0.15;

/** Clips that are loaded ahead. */
const MOST_AHEAD = 12;

/** Also where they are one above the other, on a narrow page. */
const NAMES = ["First", "Second", "Third", "Fourth"];

/**
 * @param {string} asked The question.
 * @param {Acts} acts
 */
export function comparison(asked, { vote: answered, undo: undone }) {
  const root = element("section", "hw-view hw-panel hw-arena");
  root.tabIndex = 0;
  root.ariaLabel = "Compare clips";

  const count = element("span", "hw-soft hw-number");
  const top = element("div", "hw-arena-top");
  top.append(element("div", "hw-arena-asked", asked), count);

  const seats = element("div", "hw-arena-seats");
  const state = element("div", "hw-soft hw-arena-state");
  state.role = "status";
  const failed = element("div", "hw-failed");
  failed.role = "alert";
  failed.hidden = true;

  const choices = element("div", "hw-arena-choices");
  const others = element("div", "hw-arena-others");
  root.append(top, seats, state, failed, choices, others);

  /** @type {string[]} */
  let urls = [];
  /** @type {Map<string, HTMLVideoElement>} Clips that come next. */
  const ahead = new Map();
  let seen = false;
  let last = 0;
  let began = 0;
  let undoable = false;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  const stage = new Stage(() => {
    const ended = stage.duration > 0 && stage.time >= stage.duration - END;
    if (!seen && (ended || (stage.playing && stage.time < last - 0.2))) {
      seen = true;
      update();
    }
    last = stage.time;
  });
  stage.loop = !calm;

  const key = (/** @type {number} */ seat) => (urls.length === 2 ? ["←", "→"][seat] : String(seat + 1));

  const tie = button("Tie (up arrow)", "↑ Tie");
  const bad = button("All bad (down arrow)", "↓ All bad");
  const again = button("Play again (space)", "Play again");
  const undo = button("Undo the last vote (u)", "Undo", "hw-button hw-quiet");
  const skip = button("Skip these clips (s)", "Skip", "hw-button hw-quiet");
  others.append(tie, bad, again, skip, undo);
  tie.addEventListener("click", () => vote("tie"));
  bad.addEventListener("click", () => vote("bad"));
  skip.addEventListener("click", () => vote("skip"));
  again.addEventListener("click", replay);
  undo.addEventListener("click", takeBack);

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

  /**
   * Show these clips, muted and in a loop.
   * @param {string[]} next Their addresses; none while they are being loaded.
   */
  function show(next) {
    clear();
    urls = next;
    seen = false;
    last = 0;
    began = performance.now();
    if (urls.length) {
      const shown = urls.map((url, seat) => {
        const frame = element("div", "hw-arena-seat");
        const video = stage.add(String(seat), url, ahead.get(url));
        video.ariaLabel = `${NAMES[seat]} clip`;
        video.addEventListener("error", () => say(failed, "This clip can't be played. Skip it."));
        frame.append(video);
        return frame;
      });
      for (const url of urls) ahead.delete(url);
      seats.replaceChildren(...shown);
      choices.replaceChildren(
        ...urls.map((_, seat) => {
          const made = button(`${NAMES[seat]} is better (${key(seat)})`, `${key(seat)} ${NAMES[seat]}`);
          made.addEventListener("click", () => vote(seat));
          return made;
        }),
      );
      if (!calm) stage.play();
    }
    update();
  }

  /**
   * Load clips that come next, so that they are there at once.
   * @param {string[]} next
   */
  function prepare(next) {
    for (const url of next) ahead.set(url, loading(url));
    for (const url of [...ahead.keys()].slice(0, -MOST_AHEAD)) ahead.delete(url);
  }

  function leave() {
    clear();
    for (const [url, video] of ahead) {
      video.removeAttribute("src");
      URL.revokeObjectURL(url);
    }
    ahead.clear();
  }

  function update() {
    for (const each of [...choices.children, tie, bad]) {
      /** @type {HTMLButtonElement} */ (each).disabled = !(urls.length && seen);
    }
    skip.disabled = again.disabled = !urls.length;
    undo.disabled = !undoable;
    const all = urls.length > 2 ? "all clips" : "both clips";
    let text = urls.length > 2 ? "Choose the best." : "Choose one.";
    if (!urls.length) text = "Loading the next clips …";
    else if (!seen) text = calm ? `Press space to play ${all}.` : `Watch ${all} to the end once.`;
    say(state, text);
  }

  /** @param {Answer} answer */
  function vote(answer) {
    if (!urls.length || (answer !== "skip" && !seen)) return;
    say(failed);
    const held = root.contains(document.activeElement) || root.getRootNode() !== document;
    answered(answer, (performance.now() - began) / 1000);
    if (held) root.focus({ preventScroll: true }); // the button that had the focus is gone
  }

  function takeBack() {
    if (undoable) undone();
  }

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
    /** @type {{[key: string]: () => void}} */
    const acts = {
      ArrowUp: () => vote("tie"),
      ArrowDown: () => vote("bad"),
      " ": replay,
      u: takeBack,
      s: () => vote("skip"),
    };
    if (urls.length === 2) {
      acts.ArrowLeft = () => vote(0);
      acts.ArrowRight = () => vote(1);
    }
    for (let seat = 0; seat < urls.length; seat++) acts[String(seat + 1)] = () => vote(seat);
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) act();
  });
  // A button answers to space when the key is let go.
  root.addEventListener("keyup", (event) => {
    if (event.key === " " && !(event.target instanceof HTMLInputElement)) event.preventDefault();
  });

  update();
  return {
    root,
    others,
    failed,
    show,
    prepare,
    leave,
    /**
     * Say how far the voter is.
     * @param {string} text
     * @param {boolean} canUndo
     */
    tell(text, canUndo) {
      undoable = canUndo;
      say(count, text);
      update();
    },
  };
}
