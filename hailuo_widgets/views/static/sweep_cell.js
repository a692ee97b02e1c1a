/** One cell: its poster, which becomes the player, its state in a line under it, and its replicates. */

import { button, clock, element, fraction, ring, say, turnRing } from "./dom.js";
import { allCached, allSketches, placesOf, stateOf } from "./sweep_pivot.js";
import { keyOf } from "./sweep_store.js";

/**
 * @typedef {import("./sweep_store.js").Store} Store
 * @typedef {import("./sweep_store.js").Take} Take
 * @typedef {import("./sweep_store.js").Place} Place
 *
 * @typedef {object} Actions What the grid does for its cells.
 * @property {(box: CellBox) => void} play
 * @property {(box: CellBox) => void} enlarge
 */

const STARS = [1, 2, 3, 4, 5];

export class CellBox {
  #store;
  #actions;
  #replicate = 0;
  /** @type {ReturnType<CellBox["draw"]> | undefined} */
  #parts;
  /** @type {HTMLVideoElement | undefined} */
  #video;
  /** How far across the frame the mouse is. @type {number | undefined} */
  #hovered;
  root;
  index;
  /** Whether it is in the window; set by the grid's observer. */
  inView = false;

  /**
   * @param {Store} store
   * @param {number} index
   * @param {Actions} actions
   */
  constructor(store, index, actions) {
    this.#store = store;
    this.#actions = actions;
    this.index = index;
    this.root = element("div", "hw-cell");
    this.root.role = "gridcell";
    this.root.tabIndex = -1;
    this.root.dataset.cell = String(index);
    this.#name();
  }

  /** @returns {import("./sweep_store.js").Cell} */
  get #cell() {
    return /** @type {any} */ (this.#store.whole.cells[this.index]);
  }

  /** The replicate that is shown large. @returns {Place} */
  get place() {
    return [this.index, this.#replicate];
  }

  /** Its values on the axes, in words. */
  get labels() {
    const { axes } = this.#store.whole;
    return this.#cell.at.map((value, axis) => axes[axis]?.values[value] ?? "");
  }

  get hasClip() {
    return Boolean(this.#store.take(this.place).clip);
  }

  /** Show another replicate. @param {number} replicate */
  choose(replicate) {
    const count = placesOf(this.#store, this.index).length;
    this.#replicate = (replicate + count) % count;
    this.update();
  }

  /** Draw it for the first time: what was never in view costs next to nothing. */
  appear() {
    if (this.#parts) return;
    this.#parts = this.draw();
    this.update();
  }

  /** Put a playing clip in the place of the poster, or take it away. @param {HTMLVideoElement} [video] */
  show(video) {
    this.#video?.remove();
    this.#video = video;
    this.root.dataset.playing = String(Boolean(video));
    if (video) {
      this.appear();
      this.#parts?.frame.prepend(video);
    }
  }

  /** @protected */
  draw() {
    const places = placesOf(this.#store, this.index);
    const parts = {
      frame: element("div", "hw-cell-frame"),
      poster: element("img", "hw-cell-poster"),
      sheet: element("div", "hw-cell-sheet"),
      middle: element("div", "hw-cell-middle"),
      ring: ring("this clip"),
      percent: element("span", "hw-percent hw-number"),
      word: element("div", "hw-cell-word"),
      why: element("div", "hw-cell-why"),
      tools: element("div", "hw-cell-tools"),
      star: button("Star (s)", "★", "hw-icon hw-cell-star"),
      enlarge: button("Enlarge (Enter)", "⤢", "hw-icon"),
      stars: element("div", "hw-cell-stars"),
      strip: element("div", "hw-replicates"),
      caption: element("div", "hw-cell-caption"),
      state: element("span", "hw-pill"),
      remark: element("span", "hw-soft", "✎"),
      figures: element("span", "hw-soft hw-number"),
      seen: element("div", "hw-cell-seen"),
      replicates: /** @type {HTMLButtonElement[]} */ ([]),
    };
    parts.poster.alt = "";
    parts.poster.decoding = "async";
    parts.poster.draggable = false;
    parts.sheet.ariaHidden = "true";
    parts.why.dir = "auto";
    parts.remark.title = "It has a note";
    parts.ring.append(parts.percent);
    parts.middle.append(parts.ring, parts.word, parts.why);
    for (const each of [parts.star, parts.enlarge]) each.tabIndex = -1;
    parts.tools.append(parts.star, parts.enlarge);
    for (const rating of STARS) {
      const star = button(`Rate ${rating} (${rating})`, "★", "hw-icon hw-rate");
      star.tabIndex = -1;
      star.addEventListener("click", (event) => {
        event.stopPropagation();
        const now = this.#store.take(this.place).rating ?? 0;
        this.#store.mark(this.place, { rating: now === rating ? 0 : rating });
      });
      parts.stars.append(star);
    }
    parts.frame.append(parts.poster, parts.sheet, parts.middle, parts.stars, parts.tools);
    if (this.#cell.sketch && !allSketches(this.#store.whole))
      parts.frame.append(element("span", "hw-tag", "SKETCH"));

    if (places.length > 1) {
      for (const [, replicate] of places) {
        const each = button(`Replicate ${replicate + 1} (r)`, String(replicate + 1), "hw-replicate");
        each.tabIndex = -1;
        each.addEventListener("click", (event) => {
          event.stopPropagation();
          this.choose(replicate);
        });
        parts.replicates.push(each);
        parts.strip.append(each);
      }
    }
    const left = element("span", "hw-cell-left");
    left.append(parts.state, parts.remark);
    parts.caption.append(left, parts.strip, parts.figures);
    this.root.append(parts.frame, parts.caption, parts.seen);

    parts.frame.addEventListener("click", () => this.#actions.play(this));
    parts.frame.addEventListener("dblclick", () => this.#actions.enlarge(this));
    parts.enlarge.addEventListener("click", (event) => {
      event.stopPropagation();
      this.#actions.enlarge(this);
    });
    parts.star.addEventListener("click", (event) => {
      event.stopPropagation();
      this.#store.mark(this.place, { starred: !this.#store.take(this.place).starred });
    });
    this.#scrubOnHover(parts.frame);
    return parts;
  }

  /** @param {HTMLElement} frame */
  #scrubOnHover(frame) {
    frame.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "mouse") return;
      const box = frame.getBoundingClientRect();
      this.#hovered = Math.min(0.999, Math.max(0, (event.clientX - box.left) / box.width));
      this.#scrub();
    });
    frame.addEventListener("pointerleave", () => {
      this.#hovered = undefined;
      this.#scrub();
    });
  }

  /** Show the picture of the sheet that the mouse is at; the sheet itself comes in while the mouse rests there. */
  #scrub() {
    const sheet = this.#parts?.sheet;
    if (!sheet) return;
    sheet.dataset.on = "false";
    if (this.#hovered === undefined || !this.hasClip || this.#video) return;
    const pictures = this.#store.sheets.get(keyOf(this.place));
    if (!pictures) {
      this.#store.askSheet(this.place);
      return;
    }
    sheet.dataset.on = "true";
    const which = Math.floor(this.#hovered * pictures.count);
    sheet.style.backgroundImage = `url("${pictures.url}")`;
    sheet.style.backgroundSize = `${pictures.count * 100}% 100%`;
    sheet.style.backgroundPosition = `${(which / Math.max(1, pictures.count - 1)) * 100}% 0`;
  }

  /** What a screen reader says of it. */
  #name() {
    const place = this.place;
    const take = this.#store.take(place);
    const parts = [
      this.labels.join(", "),
      this.#store.word(stateOf(this.#store, place))[0],
      this.#cell.problem,
      take.error,
      this.#figures() || this.#cell.price,
      take.rating ? `rated ${take.rating}` : "",
      take.starred ? "starred" : "",
      take.seen,
    ];
    const count = placesOf(this.#store, this.index).length;
    if (count > 1) parts.push(`replicate ${this.#replicate + 1} of ${count}`);
    this.root.ariaLabel = parts.filter(Boolean).join(", ");
  }

  /** Its times and its price, in a few characters. */
  #figures() {
    const take = this.#store.take(this.place);
    if (this.#cell.problem || this.#cell.skipped) return "";
    if (take.cached) return allCached(this.#store) ? this.#cell.price : `cached · ${this.#cell.price}`;
    if (take.charged) return take.charged;
    if (take.state === "planned") return take.note ? this.#cell.price : "";
    const elapsed = clock(this.#store.elapsed(this.place));
    if (take.clip) return `${elapsed} · ${this.#cell.price}`;
    const [, tone] = this.#store.word(take.state);
    return take.expected && tone === "run" ? `${elapsed} of ${clock(take.expected)}` : elapsed;
  }

  /** Follow the clock, while it is on its way. */
  tick() {
    const parts = this.#parts;
    const take = this.#store.take(this.place);
    const [, tone] = this.#store.word(take.state);
    if (!parts || (tone !== "run" && tone !== "wait") || this.#cell.problem || this.#cell.skipped) return;
    const known = fraction(take, this.#store.elapsed(this.place), take.state === "running");
    turnRing(parts.ring, known);
    say(parts.percent, known === null ? "" : `${Math.round(known * 100)}%`);
    parts.figures.textContent = this.#figures();
  }

  /** Show what has changed. */
  update() {
    this.#name();
    const parts = this.#parts;
    if (!parts) return;
    const { place } = this;
    const cell = this.#cell;
    const take = this.#store.take(place);
    const state = stateOf(this.#store, place);
    const [word, tone] = this.#store.word(state);
    const poster = this.#store.posters.get(keyOf(place));
    this.root.dataset.tone = tone;
    this.root.dataset.state = state;
    this.root.dataset.clip = String(Boolean(take.clip));

    this.root.dataset.seen = String(Boolean(poster && take.clip));
    parts.poster.hidden = !(poster && take.clip);
    if (poster && parts.poster.src !== poster) parts.poster.src = poster;
    this.#scrub();
    parts.middle.hidden = Boolean(take.clip);
    const under_way = tone === "run" || state === "queued" || state === "submitting";
    parts.ring.hidden = !under_way;
    say(parts.word, under_way || state === "planned" ? "" : word);
    const why = cell.problem ?? take.error ?? take.note ?? (state === "planned" ? cell.price : "");
    say(parts.why, why);
    parts.why.title = why;

    parts.tools.hidden = parts.stars.hidden = !take.clip;
    parts.star.ariaPressed = String(Boolean(take.starred));
    const rating = take.rating ?? 0;
    [...parts.stars.children].forEach((star, index) => {
      star.ariaPressed = String(index < rating);
    });
    parts.stars.dataset.rated = String(rating > 0);

    parts.caption.dataset.on = String(!cell.problem && !cell.skipped);
    parts.state.textContent = word;
    parts.state.hidden = state === "stored"; // its picture says so
    parts.remark.hidden = !take.remark;
    say(parts.seen, take.seen ?? "");
    parts.seen.title = take.seen ?? "";
    parts.seen.dataset.obeyed = String(take.obeyed ?? "");
    parts.figures.textContent = this.#figures();
    parts.replicates.forEach((each, replicate) => {
      const [itsWord, itsTone] = this.#store.word(stateOf(this.#store, [this.index, replicate]));
      each.dataset.tone = itsTone;
      each.ariaPressed = String(replicate === this.#replicate);
      each.ariaLabel = each.title = `Replicate ${replicate + 1}: ${itsWord} (r)`;
    });
    this.tick();
  }
}
