/**
 * A library as a wall of posters. However many clips there are, only those in view are drawn, and only their posters
 * are asked for.
 *
 * @typedef {object} ClipRow
 * @property {string} id
 * @property {string} prompt
 * @property {string} provider
 * @property {string} model
 * @property {string} spec
 * @property {string} made
 * @property {string} size
 * @property {boolean} sketch
 * @property {number} rating
 * @property {string} note
 * @property {string[]} tags
 * @property {boolean} pinned
 * @property {string} file
 *
 * @typedef {object} Wall
 * @property {(content: Record<string, unknown>) => void} send
 * @property {(row: ClipRow) => void} open Called when a clip is chosen.
 * @property {string} opens What choosing one does, for a screen reader.
 */

import { blobUrl, button, element, say } from "./dom.js";

const TILE = 196;
const GAP = 10;
/** Pixels under a poster: its words. */
const WORDS = 50;
/** Rows beyond the edge that are drawn, so that a slow scroll shows no gap. */
const BEYOND = 2;
/** Rows that are asked for at once. */
const PAGE = 60;
/** Posters that are kept; a wall of 10,000 must not fill the browser. */
const KEPT = 400;
/** Milliseconds of quiet after which what is looked at is asked for. */
const REST = 60;

/**
 * @param {Wall} wall
 * @param {AbortSignal} signal
 */
export function clipWall(wall, signal) {
  const root = element("div", "hw-wall");
  const bar = element("div", "hw-wall-bar");
  const search = element("input", "hw-input");
  search.type = "search";
  search.placeholder = "Search prompts, notes and tags";
  search.ariaLabel = "Search the library";
  const provider = element("select", "hw-select");
  provider.ariaLabel = "Provider";
  const model = element("select", "hw-select");
  model.ariaLabel = "Model";
  const rating = element("select", "hw-select");
  rating.ariaLabel = "Rating";
  for (const [value, text] of [
    ["0", "Any rating"],
    ["1", "★ or more"],
    ["2", "★★ or more"],
    ["3", "★★★ or more"],
    ["4", "★★★★ or more"],
    ["5", "★★★★★"],
  ])
    rating.append(new Option(text, value));
  const pinned = button("Pinned clips only", "Pinned", "hw-button hw-toggle");
  pinned.ariaPressed = "false";
  const count = element("span", "hw-soft hw-number");
  count.role = "status";
  bar.append(search, provider, model, rating, pinned, count);
  const view = element("div", "hw-wall-view");
  view.role = "listbox";
  view.ariaLabel = "Clips";
  view.tabIndex = 0;
  const sheet = element("div", "hw-wall-sheet");
  view.append(sheet);
  const nothing = element("div", "hw-nothing", "No clips.");
  root.append(bar, view, nothing);

  let total = 0;
  let columns = 1;
  let width = TILE;
  let current = 0;
  let asked = false;
  let opening = false;
  /** @type {Map<number, ClipRow>} */
  const rows = new Map();
  /** @type {Set<number>} Pages on their way. */
  const coming = new Set();
  /** @type {Map<string, string>} Addresses of posters, the one that was looked at last at the end. */
  const posters = new Map();
  /** @type {Set<string>} */
  const sought = new Set();
  /** @type {ReturnType<typeof tile>[]} Tiles are never taken out of the page: a clip has the one at its place modulo all. */
  const tiles = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  let frame = 0;

  function tile() {
    const box = element("div", "hw-tile");
    box.role = "option";
    const picture = element("img", "hw-tile-picture");
    picture.alt = "";
    picture.decoding = "async";
    const tag = element("span", "hw-tag", "SKETCH");
    const words = element("div", "hw-tile-words");
    const line = element("div", "hw-tile-line");
    const facts = element("div", "hw-soft hw-tile-facts");
    line.dir = "auto";
    words.append(line, facts);
    box.append(picture, tag, words);
    return { box, picture, tag, line, facts, shown: "", poster: "" };
  }

  const height = () => Math.round((width * 9) / 16) + WORDS + GAP;

  function measure() {
    const inner = view.clientWidth - GAP;
    if (inner <= 0) return;
    columns = Math.max(1, Math.floor(inner / (TILE + GAP)));
    width = Math.floor(inner / columns) - GAP;
    view.style.height = `${Math.min(560, Math.ceil(total / columns) * height() + GAP + 2)}px`;
    sheet.style.height = `${Math.ceil(total / columns) * height() + GAP}px`;
    draw();
  }

  function ask() {
    asked = true;
    wall.send({
      type: "query",
      text: search.value,
      provider: provider.value,
      model: model.value,
      rating: Number(rating.value),
      pinned: pinned.ariaPressed === "true",
    });
  }

  /** Which clips are in view, and a little beyond. */
  function span() {
    const first = Math.max(0, Math.floor(view.scrollTop / height()) - BEYOND) * columns;
    const last = (Math.ceil((view.scrollTop + view.clientHeight) / height()) + BEYOND) * columns;
    return [first, Math.min(total, last)];
  }

  function draw() {
    frame = 0;
    const [from = 0, to = 0] = span();
    while (tiles.length < to - from) {
      const made = tile();
      tiles.push(made);
      sheet.append(made.box);
    }
    const free = new Set(tiles);
    for (let at = from; at < to; at += 1) {
      const each = tiles[at % tiles.length];
      if (!each) continue;
      free.delete(each);
      place(each, at);
    }
    for (const each of free) each.box.hidden = true;
    clearTimeout(resting);
    resting = setTimeout(fetch, REST);
  }

  /**
   * @param {ReturnType<typeof tile>} each
   * @param {number} at
   */
  function place(each, at) {
    const row = rows.get(at);
    const { box } = each;
    box.hidden = false;
    box.style.transform = `translate(${GAP + (at % columns) * (width + GAP)}px, ${GAP + Math.floor(at / columns) * height()}px)`;
    box.style.width = `${width}px`;
    box.id = `${id}-${at}`;
    box.dataset.at = String(at);
    box.ariaSelected = String(at === current);
    box.ariaSetSize = String(total);
    box.ariaPosInSet = String(at + 1);
    const now = row ? `${row.id} ${row.rating} ${row.pinned}` : "-";
    if (now !== each.shown) {
      each.shown = now;
      each.poster = "";
      each.picture.removeAttribute("src");
      each.tag.hidden = !row?.sketch;
      say(each.line, row?.prompt ?? "…");
      const stars = "★".repeat(row?.rating ?? 0);
      say(
        each.facts,
        row ? [row.pinned ? "Pinned" : "", stars, row.model, row.spec].filter(Boolean).join(" · ") : "",
      );
    }
    const url = row ? posters.get(row.id) : undefined;
    if (row && url && each.poster !== url) {
      each.poster = url;
      each.picture.src = url;
    }
  }

  /** Ask for the words and posters of what has come to rest in view. */
  function fetch() {
    const [from = 0, to = 0] = span();
    for (let page = Math.floor(from / PAGE); page * PAGE < to; page += 1) {
      if (coming.has(page) || rows.has(page * PAGE)) continue;
      coming.add(page);
      wall.send({ type: "rows", start: page * PAGE, count: PAGE });
    }
    const wanted = [];
    for (let at = from; at < to; at += 1) {
      const row = rows.get(at);
      if (!row) continue;
      const url = posters.get(row.id);
      if (url !== undefined) {
        posters.delete(row.id);
        posters.set(row.id, url); // looked at last
      } else if (!sought.has(row.id)) {
        sought.add(row.id);
        wanted.push(row.id);
      }
    }
    if (wanted.length) wall.send({ type: "posters", ids: wanted });
  }

  const id = `hw-wall-${Math.random().toString(36).slice(2)}`;

  /** @param {number} to */
  function go(to) {
    current = Math.max(0, Math.min(total - 1, to));
    const top = Math.floor(current / columns) * height();
    if (top < view.scrollTop) view.scrollTop = top;
    else if (top + height() > view.scrollTop + view.clientHeight)
      view.scrollTop = top + height() - view.clientHeight + GAP;
    draw();
    view.setAttribute("aria-activedescendant", `${id}-${current}`);
  }

  function openCurrent() {
    const row = rows.get(current);
    opening = !row; // it is on its way
    if (row) wall.open(row);
  }

  const screen = () => Math.max(1, Math.floor(view.clientHeight / height())) * columns;
  /** @type {[HTMLElement, string, (event: any) => void][]} */
  const heard = [
    [
      search,
      "input",
      () => {
        clearTimeout(typing);
        typing = setTimeout(ask, 160);
      },
    ],
    [provider, "change", ask],
    [model, "change", ask],
    [rating, "change", ask],
    [
      pinned,
      "click",
      () => {
        pinned.ariaPressed = String(pinned.ariaPressed !== "true");
        ask();
      },
    ],
    [
      view,
      "scroll",
      () => {
        frame ||= requestAnimationFrame(draw);
      },
    ],
    [
      view,
      "click",
      (/** @type {MouseEvent} */ event) => {
        const box = /** @type {HTMLElement} */ (event.target).closest(".hw-tile");
        if (!(box instanceof HTMLElement)) return;
        go(Number(box.dataset.at));
        openCurrent();
      },
    ],
    [
      view,
      "keydown",
      (/** @type {KeyboardEvent} */ event) => {
        const to = {
          ArrowRight: current + 1,
          ArrowLeft: current - 1,
          ArrowDown: current + columns,
          ArrowUp: current - columns,
          PageDown: current + screen(),
          PageUp: current - screen(),
          Home: 0,
          End: total - 1,
        }[event.key];
        if (to !== undefined) {
          event.preventDefault();
          go(to);
        } else if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          openCurrent();
        }
      },
    ],
    [view, "focus", () => total && go(current)],
  ];
  for (const [target, event, act] of heard) target.addEventListener(event, act, { signal });
  const watch = new ResizeObserver(() => measure());
  watch.observe(view);
  signal.addEventListener("abort", () => {
    watch.disconnect();
    cancelAnimationFrame(frame);
    clearTimeout(resting);
    clearTimeout(typing);
    for (const url of posters.values()) URL.revokeObjectURL(url);
  });

  /**
   * @param {HTMLSelectElement} select
   * @param {string} all
   * @param {string[]} values
   */
  function offer(select, all, values) {
    if (select.value) return; // what narrows the wall down stays as it was offered
    select.replaceChildren(new Option(all, ""), ...values.map((value) => new Option(value, value)));
  }

  return {
    root,
    /** Ask again, where nothing was asked for yet or something may have changed. */
    refresh: ask,
    focus() {
      view.focus();
    },
    begin() {
      if (!asked) ask();
      measure();
    },
    /**
     * @param {any} content
     * @param {DataView[]} buffers
     */
    receive(content, buffers) {
      switch (content.type) {
        case "found":
          total = content.count;
          current = 0;
          rows.clear();
          coming.clear();
          say(count, `${total.toLocaleString("en")} ${total === 1 ? "clip" : "clips"}`);
          offer(provider, "Every provider", content.facets.provider);
          offer(model, "Every model", content.facets.model);
          nothing.hidden = total > 0;
          view.hidden = !total;
          view.scrollTop = 0;
          measure();
          break;
        case "rows":
          coming.delete(Math.floor(content.start / PAGE));
          for (const [index, row] of content.rows.entries()) rows.set(content.start + index, row);
          draw();
          if (opening) openCurrent();
          break;
        case "row":
          for (const [at, row] of rows) if (row.id === content.row.id) rows.set(at, content.row);
          draw();
          break;
        case "posters":
          for (const [index, clip] of content.ids.entries()) {
            sought.delete(clip);
            const bytes = buffers[index];
            if (bytes?.byteLength) posters.set(clip, blobUrl(bytes, "image/jpeg"));
          }
          for (const [clip, url] of posters) {
            if (posters.size <= KEPT) break;
            URL.revokeObjectURL(url);
            posters.delete(clip);
          }
          draw();
          break;
      }
    },
  };
}
