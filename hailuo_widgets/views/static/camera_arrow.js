/** What the camera did, drawn over a clip: an arrow for each move, with what was requested beside what was seen. */

import { element, say } from "./dom.js";

/** @typedef {import("./sweep_store.js").Detail} Detail */

const SVG = "http://www.w3.org/2000/svg";

/** Of the drawing, whose middle is 0, 0: half its height, and how far the longest arrow reaches. */
const HALF = 50;
const REACH = 38;

/** % of the width a second from which on an arrow has its full length, and below which none is drawn. */
const FAST = 12;
const STILL = 0.35;

export function cameraArrow() {
  const root = element("div", "hw-arrow");
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", `${-HALF} ${-HALF} ${2 * HALF} ${2 * HALF}`);
  drawing.setAttribute("aria-hidden", "true");
  const words = element("div", "hw-arrow-words");
  const asked = element("span", "hw-arrow-asked");
  const seen = element("span");
  words.append(asked, seen);
  root.append(drawing, words);
  root.hidden = true;

  /** @type {NonNullable<Detail["camera"]>} */
  let moves = [];
  let drawn = -1;

  /** @param {Detail} detail */
  function show(detail) {
    moves = detail.camera ?? [];
    drawn = -1;
    root.hidden = !moves.length;
    say(asked, detail.asked ? `asked ${detail.asked}` : "");
    at(0);
  }

  /** Draw the move that goes on at a moment. @param {number} time Seconds. */
  function at(time) {
    const later = moves.findIndex(([, stop]) => time < stop);
    const index = later < 0 ? moves.length - 1 : later;
    const move = moves[index];
    if (!move || index === drawn) return;
    drawn = index;
    const [, , right, down, growth, label] = move;
    // The picture's contents go the other way than the camera.
    drawing.replaceChildren(...across(-right, -down), ...inOrOut(growth));
    const which = moves.length > 1 ? ` (${index + 1} of ${moves.length})` : "";
    say(seen, `${label.startsWith("can't tell") ? "" : "seen "}${label}${which}`);
  }

  return { root, show, at };
}

/**
 * An arrow the way the camera goes, longer where it is faster.
 * @param {number} right
 * @param {number} down
 */
function across(right, down) {
  const speed = Math.hypot(right, down);
  if (speed < STILL) return [];
  const length = REACH * Math.min(1, 0.35 + (0.65 * speed) / FAST);
  return arrow(0, 0, (right / speed) * length, (down / speed) * length);
}

/**
 * Four short arrows: to the middle where the camera comes closer, away from it where it goes back.
 * @param {number} growth
 */
function inOrOut(growth) {
  if (Math.abs(growth) < STILL) return [];
  const length = 16 * Math.min(1, 0.4 + (0.6 * Math.abs(growth)) / FAST);
  return [
    [-1, -1],
    [1, -1],
    [-1, 1],
    [1, 1],
  ].flatMap(([x = 0, y = 0]) => {
    const [near, far] = [26 - length / 2, 26 + length / 2];
    return growth > 0
      ? arrow(x * far, y * far, x * near, y * near)
      : arrow(x * near, y * near, x * far, y * far);
  });
}

/**
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 */
function arrow(x0, y0, x1, y1) {
  const angle = Math.atan2(y1 - y0, x1 - x0);
  const head = Math.min(7, 0.5 * Math.hypot(x1 - x0, y1 - y0));
  const wing = (/** @type {number} */ turn) =>
    `L${(x1 - head * Math.cos(angle + turn)).toFixed(1)} ${(y1 - head * Math.sin(angle + turn)).toFixed(1)}`;
  const tip = `${x1.toFixed(1)} ${y1.toFixed(1)}`;
  const path = `M${x0.toFixed(1)} ${y0.toFixed(1)}L${tip}${wing(0.5)}M${tip}${wing(-0.5)}`;
  // Dark below, light above: it is seen on any picture.
  return ["hw-arrow-below", "hw-arrow-above"].map((name) => {
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("class", name);
    line.setAttribute("d", path);
    return line;
  });
}
