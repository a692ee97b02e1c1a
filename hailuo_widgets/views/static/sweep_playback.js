/** The clips that play in a sweep's cells: one, or those in view in step. */

import { Stage, transport } from "./player.js";
import { CLIPS_AT_ONCE, keyOf } from "./sweep_store.js";

/**
 * @typedef {import("./sweep_store.js").Store} Store
 * @typedef {import("./sweep_cell.js").CellBox} CellBox
 */

export class Playback {
  #store;
  #root;
  #inView;
  #focused;
  #failed;

  /** The box that shows a clip, by the clip's key. @type {Map<string, CellBox>} */
  #playing = new Map();

  /**
   * @param {Store} store
   * @param {{root: HTMLElement, inView: () => CellBox[], focused: () => CellBox | undefined,
   *   failed: (why: string) => void}} grid `inView` are the cells in view that fit the filters.
   */
  constructor(store, { root, inView, focused, failed }) {
    this.#store = store;
    this.#root = root;
    this.#inView = inView;
    this.#focused = focused;
    this.#failed = failed;
    this.stage = new Stage(() => this.bar.update());
    this.bar = transport(this.stage, {
      play: "Play in step",
      start: () => (this.inStep ? this.stage.play() : this.#startInStep()),
    });
  }

  /** Whether all in view play. */
  get inStep() {
    return this.#root.dataset.step === "true";
  }

  set inStep(all) {
    this.#root.dataset.step = String(all);
  }

  /** Whether anything is on stage. */
  get busy() {
    return this.#playing.size > 0;
  }

  /** Put those on stage that are in view now, the focused one among them. */
  cast() {
    const seen = this.#inView().filter((box) => box.hasClip);
    const chosen = seen.slice(0, CLIPS_AT_ONCE);
    const focused = this.#focused();
    if (focused && seen.includes(focused) && !chosen.includes(focused)) chosen[CLIPS_AT_ONCE - 1] = focused;
    this.#note(chosen.length, seen.length);
    return this.#perform(chosen);
  }

  /** Play one, or pause; while all play in step, one more joins them. @param {CellBox} box */
  async playOne(box) {
    if (!box.hasClip) return;
    const key = keyOf(box.place);
    if (this.#playing.has(key)) {
      this.stage.toggle();
      return;
    }
    if (this.inStep) {
      await this.cast();
      return;
    }
    this.#note(0, 0);
    await this.#perform([box]);
    if (this.#playing.get(key) === box) this.stage.play();
  }

  pause() {
    if (this.stage.playing) this.stage.pause();
  }

  stop() {
    this.inStep = false;
    this.#note(0, 0);
    this.#perform([]);
  }

  async #startInStep() {
    this.inStep = true;
    await this.cast();
    if (this.inStep) this.stage.play();
  }

  /**
   * @param {number} played
   * @param {number} seen
   */
  #note(played, seen) {
    const text = played < seen ? `${played} of ${seen} in view play: click another to swap it in` : "";
    if (this.bar.note.textContent !== text) this.bar.note.textContent = text;
  }

  /** Put exactly these on stage; those that are there already play on. @param {CellBox[]} chosen */
  async #perform(chosen) {
    const wanted = new Map(chosen.map((box) => [keyOf(box.place), box]));
    for (const [key, box] of [...this.#playing]) {
      if (wanted.has(key)) continue;
      this.#playing.delete(key);
      this.#store.inUse.delete(key);
      box.show();
      this.stage.remove(key);
    }
    await Promise.all([...wanted].map(([key, box]) => this.#add(key, box)));
  }

  /**
   * @param {string} key
   * @param {CellBox} box
   */
  async #add(key, box) {
    if (this.#playing.has(key)) return;
    this.#playing.set(key, box);
    this.#store.inUse.add(key);
    box.root.dataset.fetching = "true";
    try {
      const url = await this.#store.clip(box.place);
      if (this.#playing.get(key) !== box) return;
      this.stage.fps = this.#store.take(box.place).clip?.[2] ?? 24;
      box.show(this.stage.add(key, url));
    } catch (error) {
      this.#playing.delete(key);
      this.#store.inUse.delete(key);
      this.#failed(error instanceof Error ? error.message : "");
    } finally {
      box.root.dataset.fetching = "false";
    }
  }
}
