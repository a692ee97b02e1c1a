/** Which cell an arrow, Home or End leads to. */

/** @typedef {import("./sweep_cell.js").CellBox} CellBox */

/**
 * @param {string} key As `KeyboardEvent.key`, with `ctrl ` before it where that is held.
 * @param {CellBox} from
 * @param {{lines: CellBox[][], list: boolean}} layout
 * @returns {CellBox | undefined} None where there is nothing that way.
 */
export function reached(key, from, { lines, list }) {
  const shown = lines
    .map((line) => line.filter((box) => box.root.dataset.out !== "true" || box === from))
    .filter((line) => line.length);
  const row = shown.findIndex((line) => line.includes(from));
  const line = shown[row] ?? [];
  const column = line.indexOf(from);
  const vertical = (/** @type {-1 | 1} */ way) =>
    list ? nearestInList(from, line, way) : nearestInRow(from, shown[row + way]);
  /** @type {Record<string, () => CellBox | undefined>} */
  const moves = {
    ArrowLeft: () => line[column - 1],
    ArrowRight: () => line[column + 1],
    ArrowUp: () => vertical(-1),
    ArrowDown: () => vertical(1),
    Home: () => line[0],
    End: () => line.at(-1),
    "ctrl Home": () => shown[0]?.[0],
    "ctrl End": () => shown.at(-1)?.at(-1),
  };
  return moves[key]?.();
}

/**
 * The cell of another row in the same column, or the next one to the right.
 * @param {CellBox} from
 * @param {CellBox[] | undefined} row
 */
function nearestInRow(from, row) {
  return row?.find((box) => box.root.offsetLeft >= from.root.offsetLeft) ?? row?.at(-1);
}

/**
 * The cell of the next line of a list that wraps.
 * @param {CellBox} from
 * @param {CellBox[]} boxes
 * @param {-1 | 1} way
 */
function nearestInList(from, boxes, way) {
  const here = from.root.getBoundingClientRect();
  const off = (/** @type {CellBox} */ box) => {
    const there = box.root.getBoundingClientRect();
    return Math.abs(there.top - here.top) * 100 + Math.abs(there.left - here.left);
  };
  return boxes
    .filter((box) => (box.root.getBoundingClientRect().top - here.top) * way > 8)
    .sort((a, b) => off(a) - off(b))[0];
}
