/** Where the cells of a sweep stand: in a table of two axes, or in a list that wraps. */

import { element } from "./dom.js";
import { headings, inRows } from "./sweep_pivot.js";

/**
 * @typedef {import("./sweep_store.js").Whole} Whole
 * @typedef {import("./sweep_pivot.js").Pivot} Pivot
 * @typedef {import("./sweep_cell.js").CellBox} CellBox
 *
 * @typedef {object} Layout
 * @property {HTMLElement} root
 * @property {CellBox[][]} lines The cells, row by row.
 */

/**
 * @param {Whole} whole
 * @param {Pivot} pivot
 * @param {(index: number) => CellBox} boxOf
 * @returns {Layout}
 */
export function asTable(whole, pivot, boxOf) {
  const rows = inRows(whole, pivot);
  const columnAxis = headings(whole, pivot.columns);
  const rowAxis = headings(whole, pivot.rows);
  const root = element("div", "hw-table");
  root.role = "grid";
  root.ariaLabel = `Cells of ${whole.name || "the sweep"}`;
  root.ariaRowCount = String(rows.length + 1);
  root.style.setProperty("--hw-columns", String(rows[0]?.length ?? 1));
  root.style.setProperty("--hw-headed", rowAxis ? "1" : "0");
  root.dataset.headed = String(Boolean(rowAxis));
  const top = element("div", "hw-grid-row hw-grid-top");
  top.role = "row";
  const innerAxis = headings(whole, pivot.inner);
  const across = [columnAxis?.name, innerAxis?.name].filter(Boolean).join(" / ");
  if (rowAxis) top.append(corner(rowAxis.name, across));
  if (columnAxis) {
    const parts = innerAxis?.values ?? [];
    for (const value of columnAxis.values) {
      const outer = heading("columnheader", value, columnAxis.name);
      if (innerAxis) {
        outer.style.gridColumn = `span ${parts.length}`;
        const under = element("div", "hw-heading-parts");
        under.append(...parts.map((part) => element("span", "hw-soft", part || "—")));
        outer.append(under);
      }
      top.append(outer);
    }
  }
  top.hidden = !columnAxis;
  root.append(top);
  /** @type {CellBox[][]} */
  const lines = [];
  rows.forEach((indices, row) => {
    const line = element("div", "hw-grid-row");
    line.role = "row";
    if (rowAxis) line.append(heading("rowheader", rowAxis.values[row] ?? "", rowAxis.name));
    const found = [];
    for (const index of indices) {
      if (index === undefined) {
        line.append(element("div", "hw-gap"));
        continue;
      }
      const box = boxOf(index);
      box.root.role = "gridcell";
      line.append(box.root);
      found.push(box);
    }
    if (found.length) lines.push(found);
    root.append(line);
  });
  return { root, lines };
}

/**
 * @param {Whole} whole
 * @param {CellBox[]} boxes In their order.
 * @returns {Layout}
 */
export function asList(whole, boxes) {
  const root = element("div", "hw-list");
  root.role = "list";
  root.ariaLabel = `Cells of ${whole.name || "the sweep"}`;
  for (const box of boxes) {
    const item = element("div", "hw-item");
    const labels = element("div", "hw-item-labels", box.labels.join(" · "));
    labels.dir = "auto";
    labels.title = labels.textContent ?? "";
    box.root.role = "listitem";
    item.append(box.root, labels);
    root.append(item);
  }
  return { root, lines: [boxes] };
}

/**
 * @param {string} rows
 * @param {string} columns
 */
function corner(rows, columns) {
  const made = element("div", "hw-corner hw-soft");
  made.role = "columnheader";
  made.append(element("span", "", columns ? `${columns} →` : ""), element("span", "", `${rows} ↓`));
  return made;
}

/**
 * @param {string} role
 * @param {string} text
 * @param {string} axis
 */
function heading(role, text, axis) {
  const made = element("div", role === "rowheader" ? "hw-heading hw-heading-row" : "hw-heading");
  made.role = role;
  const words = element("span", "", text || "—");
  words.dir = "auto";
  made.append(words);
  made.title = `${axis}: ${text}`;
  return made;
}
