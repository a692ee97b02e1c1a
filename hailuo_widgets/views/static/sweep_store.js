/**
 * What the kernel has said of a sweep, and what it was asked for.
 *
 * The whole state is a trait; between two of them come numbered deltas. Where a number is missing, the whole is asked
 * for again. Pictures and clips come as binary buffers when they are looked at, and are Blob URLs here.
 *
 * @typedef {import("./dom.js").Tone} Tone
 * @typedef {[cell: number, replicate: number]} Place
 *
 * @typedef {object} Take What is known of one replicate of one cell.
 * @property {string} state
 * @property {number} [elapsed] Seconds at the moment of sending.
 * @property {number} [expected] Seconds in all.
 * @property {number} [progress] The vendor's own figure, 0 to 1.
 * @property {string} [note]
 * @property {string} [error]
 * @property {string} [charged]
 * @property {boolean} [cached] From the library, at no cost.
 * @property {[width: number, height: number, fps: number, duration: number]} [clip]
 * @property {number} [rating]
 * @property {boolean} [starred]
 * @property {string} [remark]
 * @property {string} [seen] What was measured of its camera, in a few words.
 * @property {boolean} [obeyed] Absent where it can't be told, or nothing was requested.
 * @property {(number | null)[]} [figures] In the order of `MEASURES`.
 *
 * @typedef {object} Cell
 * @property {number[]} at Which value it has on each axis.
 * @property {string} price
 * @property {string} [problem] Why it can't be had.
 * @property {boolean} [skipped]
 * @property {boolean} [sketch]
 *
 * @typedef {object} Axis
 * @property {string} name
 * @property {string[]} values
 *
 * @typedef {object} Plan
 * @property {[label: string, value: string][]} facts
 * @property {string[]} notes
 * @property {string} total
 *
 * @typedef {object} Head
 * @property {"plan" | "running" | "paused" | "done"} phase
 * @property {string[]} money
 * @property {number} elapsed
 * @property {number} [left] Seconds.
 * @property {[provider: string, why: string][]} [halted]
 * @property {string} [message]
 * @property {Action[]} can
 *
 * @typedef {"run" | "cheapest" | "cancel" | "pause" | "resume" | "retry"} Action
 *
 * @typedef {object} Whole
 * @property {number} seq
 * @property {string} name
 * @property {Axis[]} axes
 * @property {number[][]} together Axes in groups of those that go together: the value of one says those of the others.
 * @property {string} rows
 * @property {string} columns
 * @property {number} repeat
 * @property {Cell[]} cells
 * @property {[cell: number, replicate: number, take: Take][]} takes
 * @property {Head} head
 * @property {Plan} plan
 * @property {Record<string, [word: string, tone: Tone]>} words Of each state, in the order in which they are counted.
 *
 * @typedef {object} Detail
 * @property {[text: string, isCommand: boolean][]} segments
 * @property {[label: string, value: string][]} facts
 * @property {string} error
 * @property {string} hint
 * @property {string} remark
 * @property {[label: string, value: string][]} more For the fold-out.
 * @property {string} file
 * @property {string} cell
 * @property {string} [asked] The camera's moves that were requested.
 * @property {[start: number, stop: number, right: number, down: number, growth: number, label: string][]} [camera]
 *
 * @typedef {{type: "delta", seq: number, takes: [number, number, Take][], head?: Head}
 *   | {type: "posters", at: Place[]}
 *   | {type: "sheet", at: Place, count: number}
 *   | {type: "clip", at: Place}
 *   | {type: "missing", at: Place, why: string}
 *   | {type: "finalclip", at: Place}
 *   | {type: "studio", place: string, why: string}
 *   | ({type: "final", at: Place} & import("./final_row.js").Final)
 *   | ({type: "detail", at: Place} & Detail)} Message
 *
 * @typedef {object} Model
 * @property {(key: "whole") => Whole} get
 * @property {{(event: "change:whole", callback: () => void): void,
 *   (event: "msg:custom", callback: (content: Message, buffers: DataView[]) => void): void}} on
 * @property {(event: string, callback: (...values: any[]) => void) => void} off
 * @property {(content: object) => void} send
 */

import { blobUrl } from "./dom.js";

/** Clips that are kept at once; more would stall the browser and fill its memory. */
export const CLIPS_AT_ONCE = 6;

/** Milliseconds after which a poster that was requested is asked for again. */
const ASK_AGAIN = 5000;

/** @param {Place} place */
export const keyOf = ([cell, replicate]) => `${cell}.${replicate}`;

/**
 * @param {string} key
 * @returns {Place}
 */
export function placeOf(key) {
  const [cell = 0, replicate = 0] = key.split(".").map(Number);
  return [cell, replicate];
}

export class Store {
  #model;
  #asked = false;
  #seq;
  /** @type {Map<string, {take: Take, received: number}>} */
  #takes = new Map();
  /** @type {Set<(change: Change) => void>} */
  #listeners = new Set();
  /** @type {Map<string, number>} */
  #wanted = new Map();
  /** @type {Map<string, {promise: Promise<string>, resolve: (url: string) => void, reject: (why: Error) => void}>} */
  #coming = new Map();
  /** @type {Map<string, string>} */
  #clips = new Map();
  /** Clips that are on a stage: they are not dropped. @type {Set<string>} */
  inUse = new Set();
  /** @type {Map<string, string>} */
  posters = new Map();
  /** @type {Map<string, {url: string, count: number}>} */
  sheets = new Map();
  /** Of drafts, as far as it was requested. @type {Map<string, import("./final_row.js").Final>} */
  finals = new Map();
  /** @type {Map<string, Detail>} */
  details = new Map();

  /** @typedef {{kind: "whole"} | {kind: "takes" | "poster" | "sheet" | "detail", keys: string[]} | {kind: "head"} |
   *   {kind: "studio", place: string, why: string}} Change */

  /** @param {Model} model */
  constructor(model) {
    this.#model = model;
    this.#seq = 0;
    this.#receiveWhole();
    model.on("change:whole", this.#receiveWhole);
    model.on("msg:custom", this.#receive);
    this.askWhole(); // what the model was opened with may be long past
  }

  close() {
    this.#model.off("change:whole", this.#receiveWhole);
    this.#model.off("msg:custom", this.#receive);
    for (const url of [...this.posters.values(), ...this.#clips.values()]) URL.revokeObjectURL(url);
    for (const { url } of this.sheets.values()) URL.revokeObjectURL(url);
  }

  /** @returns {Whole} */
  get whole() {
    return this.#model.get("whole");
  }

  /** @type {Head} */
  head = /** @type {any} */ ({});

  /** When the head was received, for times that go on in the browser. */
  headAt = 0;

  /**
   * @param {(change: Change) => void} listener
   * @returns {() => void} Ends it.
   */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * @param {Place} place
   * @returns {Take}
   */
  take(place) {
    return this.#takes.get(keyOf(place))?.take ?? { state: "planned" };
  }

  /** Whether any clip is measured. */
  get anyMeasured() {
    for (const { take } of this.#takes.values()) if (take.seen) return true;
    return false;
  }

  /** @param {Place} place */
  elapsed(place) {
    const held = this.#takes.get(keyOf(place));
    if (held?.take.elapsed === undefined) return 0;
    const [, tone] = this.word(held.take.state);
    const since = tone === "run" || tone === "wait" ? (performance.now() - held.received) / 1000 : 0;
    return held.take.elapsed + since;
  }

  /**
   * @param {string} state
   * @returns {[word: string, tone: Tone]}
   */
  word(state) {
    return this.whole.words[state] ?? [state, "off"];
  }

  askWhole() {
    this.#asked = true;
    this.#model.send({ type: "whole" });
  }

  /** @param {Action} what */
  act(what) {
    this.#model.send({ type: "act", what });
  }

  /** Say that someone looks at this, so that it is not replaced meanwhile. */
  touch() {
    this.#model.send({ type: "touch" });
  }

  /**
   * Rate, star or note a clip; it is shown at once, and the kernel keeps it.
   * @param {Place} place
   * @param {{rating: number} | {starred: boolean} | {remark: string}} mark
   */
  mark(place, mark) {
    const key = keyOf(place);
    const held = this.#takes.get(key);
    if (!held?.take.clip) return;
    Object.assign(held.take, mark);
    this.#model.send({ type: "mark", at: place, ...mark });
    this.#tell({ kind: "takes", keys: [key] });
  }

  /**
   * Ask for the posters that are in view and not here yet; also for those whose clip is still to come.
   * @param {Place[]} places
   */
  look(places) {
    const now = performance.now();
    const lacking = places.filter((place) => {
      const key = keyOf(place);
      return !this.posters.has(key) && now - (this.#wanted.get(key) ?? -ASK_AGAIN) >= ASK_AGAIN;
    });
    for (const place of lacking) this.#wanted.set(keyOf(place), now);
    if (lacking.length) this.#model.send({ type: "look", at: lacking });
  }

  /** @param {Place} place */
  askSheet(place) {
    const key = `sheet ${keyOf(place)}`;
    if (this.sheets.has(keyOf(place)) || this.#wanted.has(key)) return;
    this.#wanted.set(key, 0);
    this.#model.send({ type: "sheet", at: place });
  }

  /** @param {Place} place */
  askDetail(place) {
    this.#model.send({ type: "detail", at: place });
  }

  /**
   * Open a studio with this clip's request, or with its last frame.
   * @param {Place} place
   * @param {boolean} extend
   */
  openStudio(place, extend) {
    this.#model.send({ type: extend ? "extend" : "studio", at: place });
  }

  /** Make this draft again in 2K. @param {Place} place */
  promote(place) {
    this.#model.send({ type: "promote", at: place });
  }

  /**
   * The URL of a draft's final; asked for where it is not here.
   * @param {Place} place
   * @returns {Promise<string>}
   */
  final(place) {
    const key = `final ${keyOf(place)}`;
    const here = this.#clips.get(key);
    if (here) return Promise.resolve(here);
    const asked = this.#coming.get(key);
    if (asked) return asked.promise;
    const coming = answer();
    this.#coming.set(key, coming);
    this.#model.send({ type: "final", at: place });
    return coming.promise;
  }

  /**
   * The URL of a clip; asked for where it is not here.
   * @param {Place} place
   * @returns {Promise<string>}
   */
  clip(place) {
    const key = keyOf(place);
    const here = this.#clips.get(key);
    if (here) {
      this.#clips.delete(key); // the one that was used last is dropped last
      this.#clips.set(key, here);
      return Promise.resolve(here);
    }
    const asked = this.#coming.get(key);
    if (asked) return asked.promise;
    const coming = answer();
    this.#coming.set(key, coming);
    this.#model.send({ type: "clip", at: place });
    return coming.promise;
  }

  #receiveWhole = () => {
    const whole = this.#model.get("whole");
    const received = performance.now();
    this.#asked = false;
    this.#seq = whole.seq;
    this.#takes = new Map(
      whole.takes.map(([cell, replicate, take]) => [keyOf([cell, replicate]), { take, received }]),
    );
    this.#setHead(whole.head);
    this.#tell({ kind: "whole" });
  };

  /** @param {Head} head */
  #setHead(head) {
    this.head = head;
    this.headAt = performance.now();
  }

  /**
   * @param {Message} content
   * @param {DataView[]} buffers
   */
  #receive = (content, buffers) => {
    switch (content.type) {
      case "delta":
        this.#receiveDelta(content);
        break;
      case "posters":
        content.at.forEach((place, index) => {
          this.#replace(this.posters, keyOf(place), blobUrl(buffers[index], "image/jpeg"));
        });
        this.#tell({ kind: "poster", keys: content.at.map(keyOf) });
        break;
      case "sheet": {
        const key = keyOf(content.at);
        this.sheets.set(key, { url: blobUrl(buffers[0], "image/jpeg"), count: content.count });
        this.#tell({ kind: "sheet", keys: [key] });
        break;
      }
      case "final": {
        const key = keyOf(content.at);
        this.finals.set(key, content);
        this.#tell({ kind: "detail", keys: [key] });
        break;
      }
      case "finalclip":
      case "clip": {
        const key = `${content.type === "clip" ? "" : "final "}${keyOf(content.at)}`;
        const coming = this.#coming.get(key);
        if (!coming) break; // another page of the same kernel has asked
        this.#coming.delete(key);
        this.#replace(this.#clips, key, blobUrl(buffers[0], "video/mp4"));
        this.#dropClips(key);
        coming.resolve(/** @type {string} */ (this.#clips.get(key)));
        break;
      }
      case "studio":
        this.#tell({ kind: "studio", place: content.place, why: content.why });
        break;
      case "missing": {
        const key = keyOf(content.at);
        this.#coming.get(key)?.reject(new Error(content.why));
        this.#coming.delete(key);
        break;
      }
      case "detail": {
        const key = keyOf(content.at);
        this.details.set(key, content);
        this.#tell({ kind: "detail", keys: [key] });
        break;
      }
    }
  };

  /** @param {Message & {type: "delta"}} delta */
  #receiveDelta({ seq, takes, head }) {
    if (seq <= this.#seq) return; // the whole that was requested holds it already
    if (seq !== this.#seq + 1 && !this.#asked) this.askWhole();
    this.#seq = seq;
    const received = performance.now();
    for (const [cell, replicate, take] of takes)
      this.#takes.set(keyOf([cell, replicate]), { take, received });
    if (takes.length)
      this.#tell({ kind: "takes", keys: takes.map(([cell, replicate]) => keyOf([cell, replicate])) });
    if (head) {
      this.#setHead(head);
      this.#tell({ kind: "head" });
    }
  }

  /**
   * @param {Map<string, string>} urls
   * @param {string} key
   * @param {string} url
   */
  #replace(urls, key, url) {
    const old = urls.get(key);
    if (old) URL.revokeObjectURL(old);
    urls.delete(key);
    urls.set(key, url);
  }

  /** @param {string} latest */
  #dropClips(latest) {
    for (const [key, url] of this.#clips) {
      if (this.#clips.size <= CLIPS_AT_ONCE) break;
      if (key === latest || this.inUse.has(key)) continue;
      URL.revokeObjectURL(url);
      this.#clips.delete(key);
    }
  }

  /** @param {Change} change */
  #tell(change) {
    for (const listener of this.#listeners) listener(change);
  }
}

/** A promise and what settles it. */
function answer() {
  /** @type {(url: string) => void} */
  let resolve = () => {};
  /** @type {(why: Error) => void} */
  let reject = () => {};
  /** @type {Promise<string>} */
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
