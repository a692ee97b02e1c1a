/** The grid of a sweep: the plan, the run and the result, in cells that are compared by eye. */

import { openBelow } from "./clip_actions.js";
import { element } from "./dom.js";
import { fullScreen } from "./full_screen.js";
import { placed } from "./placed.js";
import { CellBox } from "./sweep_cell.js";
import { enlarger } from "./sweep_dialog.js";
import { sweepHead, sweepTools } from "./sweep_head.js";
import { keyList } from "./sweep_keys.js";
import { asList, asTable } from "./sweep_layout.js";
import { reached } from "./sweep_moves.js";
import { firstInner, fits, isOpen, sorted } from "./sweep_pivot.js";
import { Playback } from "./sweep_playback.js";
import { Store } from "./sweep_store.js";

/**
 * @typedef {import("./sweep_store.js").Model} Model
 * @typedef {import("./sweep_store.js").Change} Change
 * @typedef {import("./sweep_pivot.js").Filter} Filter
 * @typedef {import("./sweep_pivot.js").Pivot} Pivot
 * @typedef {import("./sweep_pivot.js").Order} Order
 */

/** Least widths of a column, in pixels. */
const SIZES = [96, 132, 176, 240, 340];

/** The least width until a size is chosen: the table then fits its width, with pictures that can still be recognised. */
const FITTING = 88;

/** Narrower than this, a cell has room for one line of why it failed. */
const SMALL = 120;

/** Milliseconds: how long a view rests before it asks for what is in it, and how often it says that someone looks. */
const REST = 120;
const TOUCH_EVERY = 8000;

/** A sweep over one axis of more values than this is shown as a list, which wraps. */
const ROW_LIMIT = 6;

/**
 * @param {Store} store
 * @returns {Pivot}
 */
function firstPivot({ whole }) {
  const indexOf = (/** @type {string} */ name) => whole.axes.findIndex((axis) => axis.name === name);
  const pivot = {
    rows: indexOf(whole.rows),
    columns: indexOf(whole.columns),
    inner: -1,
    fixed: whole.axes.map((_, axis) => whole.cells[0]?.at[axis] ?? 0),
  };
  return { ...pivot, inner: firstInner(whole, pivot) };
}

/**
 * @param {Store} store
 * @param {AbortSignal} signal
 */
function show(store, signal) {
  const { whole } = store;
  const pivot = firstPivot(store);
  /** @type {Filter} */
  const filter = { states: new Set(), text: "", rating: 0, starred: false, obeyed: "" };
  const lone = pivot.rows < 0 ? whole.axes[pivot.columns] : pivot.columns < 0 ? whole.axes[pivot.rows] : null;
  const view = {
    list: Boolean(lone && whole.axes.length === 1 && lone.values.length > ROW_LIMIT),
    order: /** @type {Order} */ ("plan"),
    size: 2,
    sized: false,
  };

  if (view.list) view.size = whole.cells.length > 24 ? 2 : 3;
  else if ((whole.axes[pivot.columns]?.values.length ?? 1) > 7) view.size = 1;

  const root = element("div", "hw-view hw-sweep");
  root.role = "group";
  root.ariaLabel = `Sweep ${whole.name}`.trim();
  const head = sweepHead(store, { filter, filtered: () => filtered() });
  const screen = fullScreen(root);
  const tools = sweepTools(store, pivot, filter, {
    screen: screen.button,
    pivoted: () => pivoted(),
    filtered: () => filtered(),
    sized: (step) => resize(step),
    listed: (list) => {
      view.list = list;
      pivoted();
    },
    ordered: (order) => {
      view.order = order;
      pivoted();
    },
    help: () => {
      keys.hidden = !keys.hidden;
    },
    get list() {
      return view.list;
    },
  });
  const keys = keyList();
  const scroller = element("div", "hw-scroll");
  const empty = element("div", "hw-soft hw-sweep-none");
  const spoken = element("div", "hw-unseen");
  spoken.role = "status";
  const playback = new Playback(store, {
    root,
    inView,
    focused: () => focused,
    failed: (why) => {
      spoken.textContent = why;
    },
  });
  const { stage } = playback;
  const barRow = element("div", "hw-sweep-foot");
  barRow.append(playback.bar.root);
  const dialog = enlarger(store, {
    boxOf,
    neighbour,
    closed: (index) => focus(boxOf(index)),
    signal,
  });
  tools.root.hidden = whole.cells.length === 0;
  root.append(head.root, tools.root, keys, scroller, empty, barRow, spoken, dialog.root);

  /** @type {Map<number, CellBox>} */
  const boxes = new Map();
  /** The cells as they stand, in rows. @type {CellBox[][]} */
  let lines = [];
  /** @type {CellBox | undefined} */
  let focused;
  /** @type {CellBox | undefined} */
  let compared;
  let resting = 0;
  let touched = -TOUCH_EVERY;
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const box = boxes.get(Number(/** @type {HTMLElement} */ (target).dataset.cell));
        if (!box) continue;
        box.inView = isIntersecting;
        if (isIntersecting) box.appear();
      }
      rest();
    },
    { rootMargin: "160px" },
  );

  /** @param {number} index */
  function boxOf(index) {
    let box = boxes.get(index);
    if (!box) {
      box = new CellBox(store, index, {
        play: (which) => {
          focus(which);
          playback.playOne(which);
        },
        enlarge,
      });
      boxes.set(index, box);
    }
    return box;
  }

  /** @returns {CellBox[]} */
  const inOrder = () => lines.flat();

  /** The cells in view that fit the filters. */
  function inView() {
    return inOrder().filter((box) => box.inView && box.root.dataset.out !== "true");
  }

  /**
   * @param {number} index
   * @param {number} step
   */
  function neighbour(index, step) {
    const clips = inOrder().filter((box) => box.hasClip && box.root.dataset.out !== "true");
    return clips[clips.findIndex((box) => box.index === index) + step];
  }

  /** Put the cells where they belong. */
  function pivoted() {
    const held = document.activeElement === focused?.root;
    observer.disconnect();
    const layout = view.list
      ? asList(whole, sorted(store, [...whole.cells.keys()], view.order).map(boxOf))
      : asTable(whole, pivot, boxOf);
    lines = layout.lines;
    scroller.replaceChildren(layout.root);
    for (const box of inOrder()) observer.observe(box.root);
    root.dataset.list = String(view.list);
    fit();
    tools.update();
    const there = inOrder();
    if (!focused || !there.includes(focused)) focused = there[0];
    for (const box of there) box.root.tabIndex = box === focused ? 0 : -1;
    if (held) focused?.root.focus({ preventScroll: true });
    for (const box of boxes.values()) if (!there.includes(box)) box.inView = false;
    filtered({ arranged: true });
  }

  /** How tall a row that was never drawn will be: as the first one, or scrolling would jump. */
  function estimate() {
    const first = lines[0]?.[0];
    if (!first?.root.isConnected) return;
    first.appear();
    const { height, width } = first.root.getBoundingClientRect();
    root.dataset.small = String(width < SMALL);
    root.style.setProperty("--hw-tall", `${Math.round(height)}px`);
  }

  /** Show what fits. @param {{arranged?: boolean}} [options] */
  function filtered({ arranged = false } = {}) {
    const open = isOpen(filter);
    let count = 0;
    for (const box of inOrder()) {
      const fit = open || fits(store, box.index, filter);
      count += Number(fit);
      box.root.dataset.out = String(!fit);
      const item = box.root.parentElement;
      if (view.list && item) item.hidden = !fit;
    }
    if (!view.list)
      for (const line of lines) {
        const row = line[0]?.root.parentElement;
        if (row) row.hidden = !open && line.every((box) => box.root.dataset.out === "true");
      }
    const none = whole.cells.length ? "No clips match. Clear a filter." : "This sweep has no cells.";
    empty.textContent = count ? "" : none;
    empty.hidden = count > 0;
    if (!arranged) {
      head.count();
      tools.update();
    }
    rest();
  }

  /** @param {number} step */
  function resize(step) {
    const wide = lines[0]?.[0]?.root.getBoundingClientRect().width;
    if (!view.sized && wide && !view.list) {
      // From the size that it has: the next one of those that can be chosen.
      const larger = SIZES.findIndex((size) => size > wide + 1);
      view.size = (larger < 0 ? SIZES.length : larger) - Number(step > 0);
    }
    view.sized = true;
    view.size = Math.min(SIZES.length - 1, Math.max(0, view.size + step));
    fit();
    rest();
  }

  /** Set the least width of a column. */
  function fit() {
    const least = view.sized || view.list ? SIZES[view.size] : FITTING;
    root.style.setProperty("--hw-least", `${least}px`);
    if (view.sized) root.style.setProperty("--hw-most", `${SIZES[view.size + 1] ?? 480}px`);
    estimate();
  }

  /** Once it has stood still: ask for the pictures in view, and put what is looked at on stage. */
  function rest() {
    clearTimeout(resting);
    resting = window.setTimeout(() => {
      store.look(
        inView()
          .filter((box) => !box.root.dataset.state?.match(/illegal|skipped/))
          .map((box) => box.place),
      );
      if (playback.inStep) playback.cast();
    }, REST);
  }

  /** @param {CellBox} box */
  function enlarge(box) {
    playback.pause();
    focus(box);
    dialog.open([box.place]);
  }

  /** Compare the first with the second that is asked for. @param {CellBox} box */
  function compare(box) {
    if (!box.hasClip) return;
    const first = compared;
    if (first) first.root.dataset.compared = "false";
    compared = undefined;
    if (first === box) return;
    if (first) {
      playback.pause();
      dialog.open([first.place, box.place]);
      return;
    }
    compared = box;
    box.root.dataset.compared = "true";
    spoken.textContent = "To compare: press c on a second cell.";
  }

  /** @param {CellBox | undefined} box */
  function focus(box) {
    if (!box) return;
    if (focused) focused.root.tabIndex = -1;
    focused = box;
    box.root.tabIndex = 0;
    box.root.focus();
  }

  /** @param {KeyboardEvent} event */
  function onCell(event) {
    const box = focused;
    if (!box) return false;
    const { key } = event;
    if (/^(Arrow|Home$|End$)/.test(key))
      focus(reached(event.ctrlKey ? `ctrl ${key}` : key, box, { lines, list: view.list }));
    else if (event.ctrlKey || event.metaKey || event.altKey) return false;
    else if (key === "Enter") enlarge(box);
    else if (key === " ") playback.busy && playback.inStep ? stage.toggle() : playback.playOne(box);
    else if (key === ",") stage.step(-1);
    else if (key === ".") stage.step(1);
    else if (key === "s") mark(box, { starred: !store.take(box.place).starred });
    else if (/^[0-5]$/.test(key)) mark(box, { rating: Number(key) });
    else if (key === "n" && box.hasClip) dialog.note(box.place);
    else if (key === "r") box.choose(box.place[1] + 1);
    else if (key === "c") compare(box);
    else return false;
    return true;
  }

  /**
   * @param {CellBox} box
   * @param {{rating: number} | {starred: boolean}} said
   */
  function mark(box, said) {
    if (!box.hasClip) return;
    store.mark(box.place, said);
    if ("rating" in said) spoken.textContent = said.rating ? `Rated ${said.rating}` : "Rating removed";
    else spoken.textContent = said.starred ? "Starred" : "Star removed";
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const writing = target.matches("input[type=search], textarea");
    if (!event.ctrlKey && !event.metaKey && !event.altKey && !(event.shiftKey && event.key === "Enter"))
      event.stopPropagation(); // the notebook has a meaning for letters as well
    if (writing && event.key !== "Escape") return;
    let done = true;
    if (event.key === "Escape" && !keys.hidden) keys.hidden = true;
    else if (event.key === "Escape" && playback.busy) playback.stop();
    else if (event.key === "Escape" && target.closest(".hw-cell")) leave();
    else if (event.key === "Escape") focus(focused);
    else if (target.closest(".hw-cell") && onCell(event)) done = true;
    else if (target.matches("select, input") || event.ctrlKey || event.metaKey || event.altKey) done = false;
    else if (event.key === "/") tools.find();
    else if (event.key === "f") screen.toggle();
    else if (event.key === "?") keys.hidden = !keys.hidden;
    else if (event.key === "+" || event.key === "=") resize(1);
    else if (event.key === "-" || event.key === "−") resize(-1);
    else done = false;
    if (done) event.preventDefault();
  }

  /** To the notebook's cell, where its own keys work again. */
  function leave() {
    const cell = root.closest(".jp-Cell");
    if (cell instanceof HTMLElement) cell.focus();
    if (root.contains(document.activeElement)) focused?.root.blur();
  }

  /** Someone looks: it is not replaced under their eyes. */
  function touch() {
    const now = performance.now();
    if (now - touched < TOUCH_EVERY) return;
    touched = now;
    store.touch();
  }

  /** What belongs to a phase: a plan has one button that matters, and nothing to play at first. */
  function staged() {
    root.dataset.phase = store.head.phase;
    barRow.hidden = !whole.takes.length && !inOrder().some((box) => box.hasClip);
    head.update();
  }

  /** @param {Change} change */
  function changed(change) {
    if (change.kind === "whole") {
      head.count();
      staged();
      for (const box of boxes.values()) box.update();
      rest();
      return;
    }
    if (change.kind === "head") {
      staged();
      return;
    }
    if (change.kind === "studio") {
      openBelow(root, change.place, change.why);
      return;
    }
    for (const key of change.keys) boxes.get(Number.parseInt(key, 10))?.update();
    if (change.kind === "takes") {
      head.count();
      tools.update();
      if (!isOpen(filter)) filtered({ arranged: true });
      rest();
    }
    dialog.update();
  }

  const stopListening = store.listen(changed);
  const ticking = setInterval(() => {
    head.tick();
    for (const box of boxes.values()) if (box.inView) box.tick();
    if (stage.playing || dialog.busy) touch();
  }, 1000);
  root.addEventListener("keydown", onKey, { signal });
  for (const event of ["pointermove", "pointerdown", "keydown", "wheel"])
    root.addEventListener(event, touch, { signal, passive: true });
  scroller.addEventListener("scroll", rest, { signal, passive: true });
  scroller.addEventListener(
    "focusin",
    ({ target }) => {
      const cell = /** @type {HTMLElement} */ (target).closest(".hw-cell");
      const box = boxes.get(Number(/** @type {HTMLElement | null} */ (cell)?.dataset.cell ?? -1));
      if (!box || box === focused) return;
      if (focused) focused.root.tabIndex = -1;
      focused = box;
      box.root.tabIndex = 0;
    },
    { signal },
  );
  // Sizes are known once it is in the page, and change with the window.
  const sizes = new ResizeObserver(estimate);
  sizes.observe(scroller);
  signal.addEventListener("abort", () => {
    clearInterval(ticking);
    clearTimeout(resting);
    observer.disconnect();
    sizes.disconnect();
    stopListening();
    stage.clear();
    store.close();
  });

  head.count();
  pivoted();
  staged();
  return root;
}

export default placed((model, signal) => show(new Store(/** @type {Model} */ (model)), signal));
