/** Which cell stands where, and which are shown: any two axes as rows and columns, the others fixed. */

/**
 * @typedef {import("./sweep_store.js").Whole} Whole
 * @typedef {import("./sweep_store.js").Cell} Cell
 * @typedef {import("./sweep_store.js").Place} Place
 * @typedef {import("./sweep_store.js").Store} Store
 *
 * @typedef {object} Pivot
 * @property {number} rows Index of an axis, -1 for none.
 * @property {number} columns Index of an axis, -1 for none.
 * @property {number} inner Index of the axis whose values divide each column, -1 for none.
 * @property {number[]} fixed The value of each of the other axes.
 *
 * @typedef {object} Filter
 * @property {Set<string>} states Empty for all.
 * @property {string} text
 * @property {number} rating At least.
 * @property {boolean} starred
 * @property {"" | "yes" | "no" | "open"} obeyed What the camera did: "" for any, "open" where it can't be told.
 *
 * @typedef {"plan" | "rating" | "time" | "price" | "state" | Measure} Order
 * @typedef {"motion" | "flicker" | "jitter" | "sharpness" | "brightness" | "loop"} Measure
 */

/** In the order in which the kernel sends them. @type {Measure[]} */
export const MEASURES = ["motion", "flicker", "jitter", "sharpness", "brightness", "loop"];

/**
 * The axes whose values are fixed: neither rows nor columns, nor said by one of them.
 * @param {Whole} whole
 * @param {Pivot} pivot
 * @returns {number[][]} In groups of those that go together.
 */
export function fixedGroups({ together }, { rows, columns, inner }) {
  return together.filter((group) => ![rows, columns, inner].some((axis) => group.includes(axis)));
}

/** More columns than this are no longer compared at a glance: one of the axes is then fixed. */
const MOST_NESTED = 5;

/**
 * The axis that divides the columns from the start: the only one left, if few columns come of it.
 * @param {Whole} whole
 * @param {Pivot} pivot
 */
export function firstInner(whole, pivot) {
  const left = fixedGroups(whole, pivot).filter(([axis = -1]) => (whole.axes[axis]?.values.length ?? 0) > 1);
  const inner = left.length === 1 ? (left[0]?.[0] ?? -1) : -1;
  const count = (/** @type {number} */ axis) => whole.axes[axis]?.values.length ?? 1;
  return pivot.columns >= 0 && inner >= 0 && count(pivot.columns) * count(inner) <= MOST_NESTED ? inner : -1;
}

/**
 * An axis as it heads rows or columns: its name and values, each with those of the axes that go together with it.
 * @param {Whole} whole
 * @param {number} axis
 * @returns {{name: string, values: string[]} | null} None where there is no such axis.
 */
export function headings({ axes, cells, together }, axis) {
  const group = together.find((each) => each.includes(axis));
  if (!group) return null;
  const ordered = [axis, ...group.filter((each) => each !== axis)];
  const values = [...(axes[axis]?.values ?? [])];
  for (const { at } of cells)
    values[at[axis] ?? 0] = ordered.map((each) => axes[each]?.values[at[each] ?? 0]).join(", ");
  return { name: ordered.map((each) => axes[each]?.name).join(", "), values };
}

/**
 * The cells in rows: one list a value of the axis of rows, with a gap where no such cell exists.
 * @param {Whole} whole
 * @param {Pivot} pivot
 * @returns {(number | undefined)[][]}
 */
export function inRows(whole, pivot) {
  const { axes, cells } = whole;
  const { rows, columns, inner, fixed } = pivot;
  const held = fixedGroups(whole, pivot).flat();
  const height = axes[rows]?.values.length ?? 1;
  const parts = axes[inner]?.values.length ?? 1;
  const width = (axes[columns]?.values.length ?? 1) * parts;
  const placed = Array.from({ length: height }, () => new Array(width).fill(undefined));
  cells.forEach(({ at }, index) => {
    const shown = held.every((axis) => at[axis] === fixed[axis]);
    const row = shown && placed[at[rows] ?? 0];
    if (row) row[(at[columns] ?? 0) * parts + (at[inner] ?? 0)] = index;
  });
  return placed;
}

/**
 * Whether any replicate of a cell fits.
 * @param {Store} store
 * @param {number} index
 * @param {Filter} filter
 */
export function fits(store, index, filter) {
  const { whole } = store;
  const cell = /** @type {Cell} */ (whole.cells[index]);
  const labels = cell.at.map((value, axis) => whole.axes[axis]?.values[value] ?? "");
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return placesOf(store, index).some((place) => {
    const take = store.take(place);
    const state = stateOf(store, place);
    if (filter.states.size && !filter.states.has(state)) return false;
    if (filter.starred && !take.starred) return false;
    if (filter.rating > (take.rating ?? 0)) return false;
    if (filter.obeyed && filter.obeyed !== obedience(take)) return false;
    if (!words.length) return true;
    const text = [
      ...labels,
      cell.problem,
      take.note,
      take.error,
      take.remark,
      take.seen,
      store.word(state)[0],
    ]
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/**
 * Whether the camera did as requested.
 * @param {import("./sweep_store.js").Take} take
 */
function obedience(take) {
  if (!take.seen) return "";
  if (take.obeyed === undefined) return "open";
  return take.obeyed ? "yes" : "no";
}

/** @param {Filter} filter */
export function isOpen({ states, text, rating, starred, obeyed }) {
  return !states.size && !text.trim() && !rating && !starred && !obeyed;
}

/**
 * @param {Store} store
 * @param {number} index
 * @returns {Place[]} One a replicate; a cell that is never bought has a single one.
 */
export function placesOf(store, index) {
  const cell = store.whole.cells[index];
  const count = cell?.problem || cell?.skipped ? 1 : store.whole.repeat;
  return Array.from({ length: count }, (_, replicate) => [index, replicate]);
}

/**
 * A job's state, or why there is none.
 * @param {Store} store
 * @param {Place} place
 */
export function stateOf(store, place) {
  const cell = store.whole.cells[place[0]];
  if (cell?.skipped) return "skipped";
  return cell?.problem ? "illegal" : store.take(place).state;
}

/**
 * @param {Store} store
 * @param {number[]} indices
 * @param {Order} order
 */
export function sorted(store, indices, order) {
  const { whole } = store;
  const states = Object.keys(whole.words);
  const best = (/** @type {number} */ index, /** @type {(place: Place) => number} */ of) =>
    Math.max(...placesOf(store, index).map(of));
  /** @type {Record<string, (index: number) => number>} */
  const value = {
    plan: () => 0,
    rating: (index) =>
      -best(index, (place) => (store.take(place).rating ?? 0) + (store.take(place).starred ? 0.5 : 0)),
    time: (index) => best(index, (place) => store.elapsed(place)),
    price: (index) => Number(/[\d.]+/.exec(whole.cells[index]?.price ?? "")?.[0] ?? 1e9),
    state: (index) => best(index, (place) => states.indexOf(stateOf(store, place))),
  };
  const which = MEASURES.indexOf(/** @type {Measure} */ (order));
  // The largest first; what is not measured comes last.
  const measured = (/** @type {number} */ index) =>
    -best(index, (place) => store.take(place).figures?.[which] ?? -1e9);
  const figure = value[order] ?? measured;
  const keyed = indices.map((index) => ({ index, value: figure(index) }));
  return keyed.sort((a, b) => a.value - b.value || a.index - b.index).map(({ index }) => index);
}

/**
 * Whether every clip is a sketch: that is then said once, in the head.
 * @param {import("./sweep_store.js").Whole} whole
 */
export function allSketches({ cells }) {
  const real = cells.filter((cell) => !cell.problem && !cell.skipped);
  return real.length > 0 && real.every((cell) => cell.sketch);
}

/**
 * The same of clips that came from the library.
 * @param {import("./sweep_store.js").Store} store
 */
export function allCached(store) {
  return store.whole.cells.every(
    (cell, index) =>
      cell.problem || cell.skipped || placesOf(store, index).every((place) => store.take(place).cached),
  );
}
