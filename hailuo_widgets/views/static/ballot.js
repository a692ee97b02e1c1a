/**
 * A page that takes votes without a server: the clips are beside it, the votes are saved as a file.
 *
 * @typedef {import("./comparison.js").Answer} Answer
 * @typedef {{clips: string[], chosen: string, probability: number | null, seal: string}} Pair
 * @typedef {{ballot: string, question: string, asked: string, pairs: Pair[], files: {[clip: string]: string}}} Ballot
 * @typedef {{pair: number, swapped: boolean, repeat: boolean}} Turn
 * @typedef {{turn: number, answer: Answer, seconds: number, at: number}} Given
 */

import { comparison } from "./comparison.js";
import { button, element, say } from "./dom.js";

/** Share of pairs that come back with seats swapped, and how many lie between at least. */
const REPEATS = 0.1;
const BETWEEN = 5;

/** @type {Ballot} */
const ballot = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("ballot")).textContent ?? "");
const kept = `hw-ballot-${ballot.ballot}`;

/** @returns {{sheet: string, name: string, turns: Turn[], given: Given[]}} */
function begun() {
  try {
    const found = JSON.parse(localStorage.getItem(kept) ?? "");
    if (Array.isArray(found.turns) && Array.isArray(found.given)) return found;
  } catch {
    // nothing was kept, or the browser keeps nothing for files
  }
  const random = crypto.getRandomValues(new Uint8Array(8));
  const sheet = [...random].map((each) => each.toString(16).padStart(2, "0")).join("");
  return { sheet, name: "", turns: turns(), given: [] };
}

/** The pairs in an order of this voter's own, some of them once more. */
function turns() {
  const made = ballot.pairs.map((_, pair) => ({
    pair,
    swapped: Math.random() < 0.5,
    repeat: false,
    at: Math.random(),
  }));
  made.sort((one, two) => one.at - two.at);
  /** @type {Turn[]} */
  const all = made.map(({ pair, swapped, repeat }) => ({ pair, swapped, repeat }));
  const again = all.slice(0, Math.max(0, all.length - BETWEEN)).filter(() => Math.random() < REPEATS);
  for (const turn of again) {
    const first = all.indexOf(turn) + BETWEEN + 1;
    const place = first + Math.floor(Math.random() * (all.length - first + 1));
    all.splice(place, 0, { pair: turn.pair, swapped: !turn.swapped, repeat: true });
  }
  return all;
}

const state = begun();

function keep() {
  try {
    localStorage.setItem(kept, JSON.stringify(state));
  } catch {
    // the votes are still on this page
  }
}

const view = comparison(ballot.asked, {
  vote(answer, seconds) {
    state.given.push({ turn: state.given.length, answer, seconds, at: Date.now() / 1000 });
    keep();
    show();
  },
  undo() {
    state.given.pop();
    keep();
    show();
  },
});
const finish = button("Finish now", "Finish", "hw-button hw-quiet");
finish.addEventListener("click", () => {
  over = true;
  show();
});
view.others.append(finish);

const end = element("section", "hw-view hw-panel hw-arena hw-ballot-end");
end.ariaLabel = "Save your votes";
const said = element("p");
const form = element("form", "hw-ballot-form");
const label = element("label", "", "Your name");
const name = element("input", "hw-input");
name.maxLength = 80;
name.required = true;
name.autocomplete = "name";
label.append(name);
const save = element("button", "hw-button hw-primary", "Save votes");
const back = button("Back to the clips", "Back", "hw-button hw-quiet");
const saved = element("p", "hw-soft");
saved.role = "status";
form.append(label, save, back);
end.append(element("h2", "", "Thank you"), said, form, saved);
end.hidden = true;

let over = false;

function show() {
  const turn = state.turns[state.given.length];
  const pair = turn && ballot.pairs[turn.pair];
  const done = over || !turn || !pair;
  view.root.hidden = done;
  end.hidden = !done;
  finish.disabled = !state.given.length;
  view.tell(`${state.given.length} of ${state.turns.length}`, state.given.length > 0);
  if (done) {
    view.show([]);
    const count = state.given.length;
    say(said, `You gave ${count} ${count === 1 ? "answer" : "answers"}. Save them and send the file back.`);
    back.textContent = turn ? "Back" : "Undo";
    name.value ||= state.name;
    name.focus();
    return;
  }
  view.show(seated(turn, pair).map((clip) => ballot.files[clip] ?? ""));
  const next = state.turns[state.given.length + 1];
  const then = next && ballot.pairs[next.pair];
  if (then) view.prepare(then.clips.map((clip) => ballot.files[clip] ?? ""));
}

back.addEventListener("click", () => {
  if (!state.turns[state.given.length]) state.given.pop();
  over = false;
  say(saved);
  show();
  view.root.focus();
});

/**
 * @param {Turn} turn
 * @param {Pair} pair
 */
function seated(turn, pair) {
  return turn.swapped ? [...pair.clips].reverse() : pair.clips;
}

/**
 * What a file's checksum is: CRC-32, as zlib computes it.
 * @param {string} text
 */
function checksum(text) {
  let crc = -1;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ((crc ^ -1) >>> 0).toString(16).padStart(8, "0");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  state.name = name.value.trim();
  if (!state.name) return;
  keep();
  const answers = state.given.map(({ turn: index, answer, seconds, at }) => {
    const turn = /** @type {Turn} */ (state.turns[index]);
    const pair = /** @type {Pair} */ (ballot.pairs[turn.pair]);
    return { ...pair, clips: seated(turn, pair), repeat: turn.repeat, answer, seconds, at };
  });
  const votes = JSON.stringify({
    ballot: ballot.ballot,
    question: ballot.question,
    sheet: state.sheet,
    voter: state.name,
    answers,
  });
  const file = JSON.stringify({
    format: "hailuo_widgets votes",
    version: 1,
    checksum: checksum(votes),
    votes,
  });
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([file], { type: "application/json" }));
  const plain = state.name.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 24);
  link.download = `votes-${plain}-${state.sheet.slice(0, 4)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  say(saved, `Saved as ${link.download} in your downloads. Send this file to whoever sent you this page.`);
});

/** @type {HTMLElement} */ (document.getElementById("place")).append(view.root, end);
show();
view.root.focus();
