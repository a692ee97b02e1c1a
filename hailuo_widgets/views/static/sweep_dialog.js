/** One clip large, or two side by side and in step, with everything that is known of them. */

import { cameraArrow } from "./camera_arrow.js";
import { clipActions } from "./clip_actions.js";
import { button, element, facts, prompt, say } from "./dom.js";
import { finalRow } from "./final_row.js";
import { fullScreen } from "./full_screen.js";
import { Stage, transport } from "./player.js";
import { keyOf } from "./sweep_store.js";

/**
 * @typedef {import("./sweep_store.js").Store} Store
 * @typedef {import("./sweep_store.js").Place} Place
 * @typedef {import("./sweep_cell.js").CellBox} CellBox
 */

/**
 * @param {Store} store
 * @param {{boxOf: (index: number) => CellBox, neighbour: (index: number, step: number) => CellBox | undefined,
 *   closed: (index: number) => void, signal: AbortSignal}} grid
 */
export function enlarger(store, { boxOf, neighbour, closed, signal }) {
  const root = element("dialog", "hw-dialog");
  root.ariaLabel = "Clip";
  root.tabIndex = -1;
  const top = element("div", "hw-dialog-top");
  const title = element("div", "hw-dialog-title");
  const before = button("Previous (←)", "‹", "hw-button hw-quiet");
  const after = button("Next (→)", "›", "hw-button hw-quiet");
  const close = button("Close (Esc)", "✕", "hw-button hw-quiet");
  const inside = element("div", "hw-dialog-inside");
  const screen = fullScreen(inside);
  top.append(title, before, after, screen.button, close);
  const pair = element("div", "hw-pair");
  /** @type {ReturnType<typeof panel>[]} */
  let shown = [];
  const stage = new Stage(() => {
    bar.update();
    for (const { arrow } of shown) arrow.at(stage.time);
  });
  stage.muted = false;
  const bar = transport(stage, { play: "Play" });
  /** @type {string[]} */
  let inUse = [];
  inside.append(top, pair, bar.root);
  root.append(inside);

  let turn = 0;

  /** @param {Place[]} places One, or two to be compared. */
  function open(places) {
    turn += 1;
    letGo();
    shown = places.map((place, index) => panel(place, places[1 - index]));
    pair.replaceChildren(...shown.map(({ root }) => root));
    pair.dataset.count = String(places.length);
    before.hidden = after.hidden = places.length > 1;
    title.replaceChildren(...(places.length > 1 ? [element("b", "", "Side by side")] : names(places[0])));
    stage.muted = places.length > 1;
    for (const place of places) store.askDetail(place);
    if (!root.open) root.showModal();
    root.focus(); // its keys are for the clip, whichever button is first
    start(places, turn);
  }

  function letGo() {
    stage.clear();
    for (const key of inUse) store.inUse.delete(key);
    inUse = [];
  }

  /**
   * @param {Place[]} places
   * @param {number} mine
   */
  async function start(places, mine) {
    await Promise.all(
      places.map(async (place, index) => {
        const clip = store.take(place).clip;
        const frame = shown[index]?.frame;
        if (!clip || !frame) return;
        const key = keyOf(place);
        inUse.push(key);
        store.inUse.add(key);
        frame.style.aspectRatio = `${clip[0]} / ${clip[1]}`;
        const waiting = element("div", "hw-cell-middle hw-soft", "Fetching the clip…");
        frame.append(waiting);
        try {
          const url = await store.clip(place);
          if (mine !== turn) return;
          stage.fps = clip[2] || 24;
          frame.replaceChildren(stage.add(key, url), shown[index]?.arrow.root ?? "");
        } catch (error) {
          waiting.textContent = error instanceof Error ? error.message : "";
        }
      }),
    );
    if (mine === turn && root.open) stage.play();
  }

  /**
   * @param {Place | undefined} place
   * @param {Place} [other] Only what is not the same there stands out.
   */
  function names(place, other) {
    if (!place) return [];
    const { axes } = store.whole;
    const others = other && boxOf(other[0]).labels;
    return boxOf(place[0]).labels.map((label, axis) => {
      const each = element("span");
      const value = element(others?.[axis] === label ? "span" : "b", "", label);
      value.dir = "auto";
      each.append(element("span", "hw-soft", `${axes[axis]?.name ?? ""} `), value);
      return each;
    });
  }

  /**
   * @param {Place} place
   * @param {Place} [other] What it is compared with.
   */
  function panel(place, other) {
    const box = element("div", "hw-large");
    const frame = element("div", "hw-large-frame");
    const arrow = cameraArrow();
    const poster = store.posters.get(keyOf(place));
    if (poster) frame.style.backgroundImage = `url("${poster}")`;
    const what = element("div", "hw-dialog-title");
    what.append(...names(place, other));
    const line = element("div", "hw-large-line");
    const state = element("span", "hw-pill");
    const stars = element("div", "hw-cell-stars");
    stars.role = "group";
    stars.ariaLabel = "Rating";
    for (const rating of [1, 2, 3, 4, 5]) {
      const star = button(`Rate ${rating}`, "★", "hw-icon hw-rate");
      star.addEventListener("click", () => {
        store.mark(place, { rating: store.take(place).rating === rating ? 0 : rating });
      });
      stars.append(star);
    }
    const star = button("Star", "★ Star", "hw-button hw-quiet hw-toggle");
    star.addEventListener("click", () => store.mark(place, { starred: !store.take(place).starred }));
    const final = finalRow({ promote: () => store.promote(place), beside: () => seeFinal(place) });
    line.append(state, stars, star, final.root);
    const message = element("div", "hw-message");
    const error = element("b");
    const hint = element("div");
    message.append(error, hint);
    const known = element("div", "hw-large-known");
    const noting = element("label", "hw-noting");
    const remark = element("textarea", "hw-input");
    remark.rows = 2;
    remark.maxLength = 2000;
    remark.placeholder = "A note (n)";
    remark.dir = "auto";
    remark.value = store.take(place).remark ?? "";
    const keep = () => {
      if (remark.value !== (store.take(place).remark ?? "")) store.mark(place, { remark: remark.value });
    };
    remark.addEventListener("change", keep);
    noting.append(element("span", "hw-unseen", "Note"), remark);
    what.hidden = !other;
    box.append(frame, what, line, message, known, noting);

    /** @type {import("./sweep_store.js").Detail | undefined} */
    let drawn;

    /** @param {import("./sweep_store.js").Detail} detail */
    function drawKnown(detail) {
      drawn = detail; // not again while nothing has changed: a fold-out stays open, a button keeps the focus
      const { file, cell } = detail;
      arrow.show(detail);
      known.replaceChildren(
        prompt(detail.segments),
        clipActions({
          file,
          cell,
          url: () => store.clip(place),
          studio: (extend) => {
            store.openStudio(place, extend);
            root.close();
          },
        }),
        facts(detail.facts),
      );
      if (detail.more.length) {
        const more = element("details", "hw-more");
        more.append(element("summary", "hw-soft", "All parameters"), facts(detail.more));
        known.append(more);
      }
    }

    function update() {
      const take = store.take(place);
      const [word, tone] = store.word(take.state);
      const detail = store.details.get(keyOf(place));
      box.dataset.tone = tone;
      state.textContent = word;
      line.dataset.clip = String(Boolean(take.clip));
      stars.hidden = star.hidden = noting.hidden = !take.clip;
      star.ariaPressed = String(Boolean(take.starred));
      [...stars.children].forEach((each, index) => {
        each.ariaPressed = String(index < (take.rating ?? 0));
      });
      say(error, detail?.error ?? take.error ?? "");
      say(hint, detail?.hint ?? "");
      message.hidden = error.hidden && hint.hidden;
      final.show(other ? null : store.finals.get(keyOf(place)));
      if (detail) {
        if (detail !== drawn) drawKnown(detail);
        if (document.activeElement !== remark) remark.value = take.remark ?? detail.remark;
      }
    }

    update();
    return { root: box, frame, arrow, place, update, remark, keep };
  }

  /**
   * Draft and final side by side, in step.
   * @param {Place} place
   */
  async function seeFinal(place) {
    const mine = turn;
    const box = element("div", "hw-large");
    const frame = element("div", "hw-large-frame");
    const [draft] = shown;
    if (!draft || pair.dataset.count === "2") return;
    frame.style.aspectRatio = draft.frame.style.aspectRatio;
    frame.append(element("div", "hw-cell-middle hw-soft", "Fetching the clip…"));
    const what = element("div", "hw-dialog-title");
    what.append(element("b", "", "Final · 2K"));
    box.append(frame, what, element("div", "hw-soft", store.finals.get(keyOf(place))?.said ?? ""));
    pair.append(box);
    pair.dataset.count = "2";
    const url = await store.final(place);
    if (mine !== turn || !root.open) return;
    const key = `final ${keyOf(place)}`;
    inUse.push(key);
    store.inUse.add(key);
    frame.replaceChildren(stage.add(key, url));
    stage.seek(0);
    stage.play();
  }

  /** @param {number} step */
  function move(step) {
    const [now] = shown;
    const next = now && neighbour(now.place[0], step);
    if (!next) return;
    now.keep();
    open([next.place]);
  }

  before.addEventListener("click", () => move(-1));
  after.addEventListener("click", () => move(1));
  close.addEventListener("click", () => root.close());
  root.addEventListener("click", (event) => {
    if (event.target === root) root.close(); // outside of what it holds
  });
  root.addEventListener("close", () => {
    if (root.open) return; // opened again before it was told of its end
    turn += 1;
    const [first] = shown;
    for (const each of shown) each.keep();
    letGo();
    pair.replaceChildren();
    shown = [];
    if (first) closed(first.place[0]);
  });
  root.addEventListener("keydown", (event) => {
    event.stopPropagation(); // the notebook has a meaning for these keys as well
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.matches("textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const [first] = shown;
    const scrubbing = target.matches("input");
    if (!first) return;
    if (event.key === " " && !target.matches("button, summary")) stage.toggle();
    else if (event.key === ",") stage.step(-1);
    else if (event.key === ".") stage.step(1);
    else if (event.key === "ArrowLeft" && !scrubbing) move(-1);
    else if (event.key === "ArrowRight" && !scrubbing) move(1);
    else if (event.key === "s") store.mark(first.place, { starred: !store.take(first.place).starred });
    else if (event.key === "n") first.remark.focus();
    else if (event.key === "f") screen.toggle();
    else if (/^[0-5]$/.test(event.key)) store.mark(first.place, { rating: Number(event.key) });
    else return;
    event.preventDefault();
  });
  signal.addEventListener("abort", () => {
    letGo();
    if (root.open) root.close();
  });

  return {
    root,
    open,
    /** Write a note. @param {Place} place */
    note(place) {
      open([place]);
      shown[0]?.remark.focus();
    },
    update() {
      for (const each of shown) each.update();
    },
    /** Whether someone looks into it. */
    get busy() {
      return root.open;
    },
  };
}
