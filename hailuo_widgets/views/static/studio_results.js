/**
 * What the studio has made, newest first: each with its state, its picture and what can be done with it.
 *
 * @typedef {[text: string, mark: "same" | "new" | "gone"][]} Diff
 *
 * @typedef {object} ResultState
 * @property {string} id
 * @property {"job" | "sketch" | "clip"} kind
 * @property {string} state
 * @property {string} word
 * @property {"wait" | "run" | "ok" | "warn" | "bad" | "off"} tone
 * @property {number} elapsed
 * @property {number} [progress]
 * @property {number} [expected]
 * @property {boolean} [begun]
 * @property {string} note
 * @property {string} charged
 * @property {string} error
 * @property {string} hint
 * @property {string[]} facts
 * @property {boolean} sketch
 * @property {string} cancel
 * @property {[text: string, isCommand: boolean][]} segments
 * @property {Diff} diff
 * @property {boolean} collected
 * @property {import("./final_row.js").Final | null} final Of a draft that can be promoted.
 * @property {string} draft The result that this one is the final of; "" if it is no final.
 * @property {import("./clip_wall.js").ClipRow | null} clip
 *
 * @typedef {object} Desk
 * @property {(content: Record<string, unknown>) => void} send
 * @property {(id: string) => Promise<string>} film A clip's address.
 * @property {(id: string) => Promise<string>} poster A picture's address, "" if it has none.
 * @property {() => void} compared Called when another choice of results is to be compared.
 */

import { button, clock, element, focused, fraction, prompt, remaining, ring, say, turnRing } from "./dom.js";
import { finalRow } from "./final_row.js";
import { marks } from "./marks.js";
import { Stage, transport } from "./player.js";

/** @param {Diff} diff */
export function diffLine(diff) {
  const line = element("div", "hw-prompt hw-diff");
  line.dir = "auto";
  for (const [text, mark] of diff) {
    line.append(mark === "same" ? text : element(mark === "new" ? "ins" : "del", "", text));
  }
  return line;
}

/** Whether this person wants nothing to move by itself. */
export function still() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * @param {Desk} desk
 * @param {AbortSignal} signal
 */
export function studioResults(desk, signal) {
  const root = element("div", "hw-results");
  const empty = element("div", "hw-nothing");
  empty.append(
    element("b", "", "No clips yet"),
    element(
      "span",
      "",
      "Preview the camera moves for free with a sketch. Generate when you like what you see.",
    ),
  );
  const stack = element("div", "hw-stack");
  root.append(empty, stack);

  // One clip plays at a time; its frame is lent to whichever result is played.
  const stage = new Stage(() => bar.update());
  const bar = transport(stage, { play: "Play" });
  let playing = "";
  /** @type {Map<string, ReturnType<typeof card>>} */
  const cards = new Map();
  /** @type {Set<string>} */
  const chosen = new Set();
  let received = performance.now();

  function stop() {
    stage.clear();
    bar.root.remove();
    const was = cards.get(playing);
    playing = "";
    was?.idle();
  }

  /** @param {string} id */
  async function play(id) {
    stop();
    playing = id;
    const url = await desk.film(id);
    const target = cards.get(id);
    if (playing !== id || !target || !url) return;
    const video = stage.add(id, url);
    target.take(video, bar.root);
    stage.play();
  }

  /** @param {ResultState} first */
  function card(first) {
    const box = element("article", "hw-result");
    const frame = element("div", "hw-frame");
    const picture = element("img", "hw-poster");
    picture.alt = "";
    picture.hidden = true;
    const start = button("Play", "▶", "hw-start");
    const wait = element("div", "hw-wait");
    const arc = ring("this clip");
    const percent = element("span", "hw-number");
    const left = element("div", "hw-soft hw-number");
    arc.append(percent);
    wait.append(arc, left);
    const tag = element("span", "hw-tag", "SKETCH");
    frame.append(picture, start, wait, tag);
    const body = element("div", "hw-result-body");
    const top = element("div", "hw-result-top");
    const live = element("span", "hw-words");
    live.role = "status";
    const state = element("span", "hw-pill");
    const note = element("span", "hw-soft");
    live.append(state, note);
    const time = element("span", "hw-soft hw-number");
    const marked = marks((mark) => desk.send({ type: "mark", id: first.id, ...mark }), signal);
    const { rating, pin } = marked;
    pin.classList.add("hw-quiet");
    const cancel = button("Cancel", "Cancel");
    const end = element("div", "hw-result-marks");
    end.append(rating, pin, cancel);
    top.append(live, time, end);
    const words = element("div");
    const message = element("div", "hw-message");
    message.role = "alert";
    const error = element("b");
    const hint = element("div");
    message.append(error, hint);
    const facts = element("div", "hw-soft hw-result-facts");
    const final = finalRow({
      promote: () => desk.send({ type: "promote", id: first.id }),
      beside() {
        const made = [...cards].find(([, each]) => each.draft === first.id);
        if (made) besides([first.id, made[0]]);
      },
    });
    const actions = element("div", "hw-row hw-actions");
    const vary = button("Vary: put it back into the form", "Vary");
    const goOn = button(
      "Extend from last frame: the next clip starts with this clip's last frame",
      "Extend from last frame",
    );
    const cell = button("Copy as cell", "Copy as cell", "hw-button hw-copies");
    const python = button("Copy as Python", "Python");
    const compare = button("Compare with others", "Compare", "hw-button hw-toggle");
    const collect = button("Add it to a sweep", "Add to sweep", "hw-button hw-toggle");
    const noting = button("Write a note", "Note", "hw-button hw-toggle");
    const drop = button("Remove from this list", "✕", "hw-button hw-quiet");
    actions.append(vary, goOn, cell, python, compare, collect, noting, drop);
    const pad = element("textarea", "hw-pad");
    pad.rows = 2;
    pad.ariaLabel = "Note";
    pad.maxLength = 2000;
    pad.hidden = true;
    const remark = element("div", "hw-remark");
    remark.dir = "auto";
    body.append(top, words, message, remark, pad, facts, final.root, actions);
    box.append(frame, body);

    let known = first;
    let drawn = "";
    let hasPicture = false;

    /** @type {[HTMLElement, () => void][]} */
    const heard = [
      [start, () => play(first.id)],
      [picture, () => play(first.id)],
      [vary, () => desk.send({ type: "vary", id: first.id })],
      [goOn, () => desk.send({ type: "goon", id: first.id })],
      [cell, () => desk.send({ type: "code", id: first.id, kind: "cell" })],
      [python, () => desk.send({ type: "code", id: first.id, kind: "python" })],
      [collect, () => desk.send({ type: "collect", id: first.id, on: !known.collected })],
      [drop, () => desk.send({ type: "drop", id: first.id })],
      [
        cancel,
        () => {
          cancel.disabled = true;
          desk.send({ type: "cancel", id: first.id });
        },
      ],
      [
        compare,
        () => {
          if (chosen.has(first.id)) chosen.delete(first.id);
          else chosen.add(first.id);
          compare.ariaPressed = String(chosen.has(first.id));
          desk.compared();
        },
      ],
      [
        noting,
        () => {
          pad.hidden = !pad.hidden;
          noting.ariaPressed = String(!pad.hidden);
          if (!pad.hidden) pad.focus();
        },
      ],
    ];
    for (const [target, act] of heard) target.addEventListener("click", act, { signal });
    pad.addEventListener("change", () => desk.send({ type: "mark", id: first.id, note: pad.value }), {
      signal,
    });

    async function look() {
      hasPicture = true;
      const url = await desk.poster(first.id);
      picture.hidden = !url;
      if (url) picture.src = url;
    }

    const made = {
      box,
      body,
      get draft() {
        return known.draft;
      },
      /** @param {boolean} on */
      choose(on) {
        compare.ariaPressed = String(on);
      },
      idle() {
        frame.querySelector("video")?.remove();
        start.hidden = !playable();
      },
      /**
       * @param {HTMLVideoElement} video
       * @param {HTMLElement} controls
       */
      take(video, controls) {
        start.hidden = true;
        frame.append(video);
        frame.after(controls);
        controls.querySelector("button")?.focus();
      },
      tick() {
        const active = known.tone === "wait" || known.tone === "run";
        if (!active || known.kind !== "job") return;
        const elapsed = known.elapsed + (performance.now() - received) / 1000;
        const far = fraction(known, elapsed, Boolean(known.begun));
        turnRing(arc, far);
        say(percent, known.progress !== undefined && far !== null ? `${Math.round(far * 100)}%` : "");
        say(left, known.begun && known.expected ? remaining(known.expected - elapsed) : "");
        say(time, clock(elapsed));
      },
      /** @param {ResultState} next */
      show(next) {
        known = next;
        box.dataset.tone = next.tone;
        box.dataset.kind = next.kind;
        const active = next.kind === "job" && (next.tone === "wait" || next.tone === "run");
        const clip = next.clip;
        say(state, next.word);
        say(note, next.note || next.charged);
        say(time, active ? clock(next.elapsed) : "");
        say(error, next.error);
        say(hint, next.hint);
        message.hidden = !(next.error || next.hint);
        wait.hidden = !active;
        frame.hidden = !active && !playable();
        tag.hidden = !next.sketch;
        start.hidden = !playable() || playing === first.id;
        say(facts, [...next.facts, clip?.size ?? ""].filter(Boolean).join(" · "));
        const text = JSON.stringify([next.segments, next.diff]);
        if (text !== drawn) {
          drawn = text;
          const changed = next.diff.some(([, mark]) => mark !== "same");
          words.replaceChildren(changed ? diffLine(next.diff) : prompt(next.segments));
          box.ariaLabel = `${next.word}: ${next.segments.map(([piece]) => piece).join("")}`.slice(0, 120);
        }
        rating.hidden = pin.hidden = noting.hidden = !clip;
        marked.show(clip);
        say(remark, clip?.note ?? "");
        if (clip && focused(box) !== pad) pad.value = clip.note;
        cancel.hidden = !next.cancel;
        say(cancel, next.cancel);
        cancel.ariaLabel = next.cancel;
        collect.ariaPressed = String(next.collected);
        goOn.hidden = !clip;
        compare.hidden = !playable();
        final.show(next.final && { ...next.final, ready: next.final.ready && hasFinal() });
        cell.hidden = python.hidden = false;
        drop.hidden = active;
        start.ariaLabel = next.kind === "sketch" ? "Play this sketch" : "Play this clip";
        if (playable() && !hasPicture) look();
        made.tick();
      },
    };
    /** Whether the final is among these results, and not only in the library. */
    function hasFinal() {
      return [...cards.values()].some((each) => each.draft === first.id);
    }
    function playable() {
      return known.kind === "sketch" || known.clip !== null;
    }
    return made;
  }

  /** Compare just these. @param {string[]} ids */
  function besides(ids) {
    chosen.clear();
    for (const id of ids) chosen.add(id);
    for (const [id, each] of cards) each.choose(chosen.has(id));
    desk.compared();
  }

  const timer = setInterval(() => {
    for (const each of cards.values()) each.tick();
  }, 1000);
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    stage.clear();
  });

  return {
    root,
    chosen,
    play,
    stop,
    /** @param {string} id */
    bodyOf(id) {
      return cards.get(id)?.body;
    },
    /** Let go of what was chosen to be compared. */
    unchoose() {
      chosen.clear();
      for (const each of cards.values()) {
        const pressed = each.box.querySelector(".hw-actions [aria-pressed='true']");
        if (pressed instanceof HTMLElement && pressed.textContent === "Compare")
          pressed.ariaPressed = "false";
      }
    },
    /** @param {ResultState[]} results */
    show(results) {
      received = performance.now();
      empty.hidden = results.length > 0;
      const ids = new Set(results.map(({ id }) => id));
      for (const [id, each] of cards) {
        if (ids.has(id)) continue;
        if (playing === id) stop();
        each.box.remove();
        cards.delete(id);
        if (chosen.delete(id)) desk.compared();
      }
      for (const [index, result] of results.entries()) {
        let known = cards.get(result.id);
        if (!known) {
          known = card(result);
          cards.set(result.id, known);
        }
        known.show(result);
        // A node that stays where it is keeps the focus, and what plays in it.
        if (stack.children[index] !== known.box) stack.insertBefore(known.box, stack.children[index] ?? null);
      }
    },
  };
}
