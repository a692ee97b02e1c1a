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

import { button, element, say } from "./dom.js";

const TILE = 196;
const GAP = 10;
/** Pixels under a poster: its words. */
const WORDS = 50;
/** Rows beyond the edge that are drawn, so that a slow scroll shows no gap. */
const BEYOND = 2;
/** Clips that are asked for at once. */
const PAGE = 60;
/** Posters that are kept; a wall of 10,000 must not fill the browser. */
const KEPT = 400;
/** Milliseconds of quiet after which what is in view is asked for. */
const REST = 60;
/** Milliseconds after which it is asked for in a slow scroll too: each question costs JupyterLab a change of its toolbar. */
const MOVING = 300;
/** Milliseconds of one frame for setting posters; the others follow in the next one. */
const SLICE = 8;

/**
 * A poster's address. Not a Blob URL: making one waits for the browser's process, which is too long for a scroll.
 * @param {DataView} bytes
 */
function pictureUrl(bytes) {
  const parts = [];
  for (let at = 0; at < bytes.byteLength; at += 8192)
    parts.push(
      String.fromCharCode(
        ...new Uint8Array(bytes.buffer, bytes.byteOffset + at, Math.min(8192, bytes.byteLength - at)),
      ),
    );
  return `data:image/jpeg;base64,${btoa(parts.join(""))}`;
}

/** @param {string} prompt As much of it as a tile can show: more would be laid out for nothing. */
function beginning(prompt) {
  const most = prompt.slice(0, 120).replace(/[\uD800-\uDBFF]$/, "");
  return most.length < prompt.length ? `${most}…` : most;
}

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
  const nothing = element("div", "hw-nothing");
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
  /** @type {Map<string, DataView>} Posters, the one that was looked at last at the end. */
  const posters = new Map();
  /** @type {Set<string>} Clips whose posters were asked for and haven't come. */
  const sought = new Set();
  /** @type {ReturnType<typeof tile>[]} Tiles are never taken out of the page: a clip has the one at its place modulo all. */
  const tiles = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;
  let top = 0;
  let fetched = 0;
  let setting = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  let frame = 0;

  /** Only texts, classes and addresses of it change: a tile that is used again is laid out alone, and nothing is attached. */
  function tile() {
    const box = element("div", "hw-tile");
    box.role = "option";
    const picture = element("img", "hw-tile-picture");
    picture.alt = "";
    picture.decoding = "async";
    const words = element("div", "hw-tile-words");
    const line = element("div", "hw-tile-line", "…");
    const facts = element("div", "hw-soft hw-tile-facts", " ");
    line.dir = "auto";
    words.append(line, facts);
    box.append(picture, element("span", "hw-tag", "SKETCH"), words);
    return {
      box,
      picture,
      line: /** @type {Text} */ (line.firstChild),
      facts: /** @type {Text} */ (facts.firstChild),
      at: -1,
      where: "",
      clip: "",
      shown: "-",
      poster: "",
    };
  }

  const height = () => Math.round((width * 9) / 16) + WORDS + GAP;

  function measure() {
    const inner = view.clientWidth - GAP;
    if (inner <= 0) return;
    columns = Math.max(1, Math.floor(inner / (TILE + GAP)));
    width = Math.floor(inner / columns) - GAP;
    sheet.style.setProperty("--hw-tile-width", `${width}px`);
    sheet.style.setProperty("--hw-tile-height", `${height() - GAP}px`);
    view.style.height = `${Math.min(560, Math.ceil(total / columns) * height() + GAP + 2)}px`;
    sheet.style.height = `${Math.ceil(total / columns) * height() + GAP}px`;
    draw();
  }

  const isPinnedOnly = () => pinned.ariaPressed === "true";
  const isFiltered = () =>
    isPinnedOnly() || [search, provider, model].some((each) => each.value) || Number(rating.value) > 0;

  function ask() {
    asked = true;
    wall.send({
      type: "query",
      text: search.value,
      provider: provider.value,
      model: model.value,
      rating: Number(rating.value),
      pinned: isPinnedOnly(),
    });
  }

  /** Which clips are in view, and a little beyond: as many wherever the wall is, so that each tile stays in use. */
  function span() {
    const first = Math.max(0, Math.floor(view.scrollTop / height()) - BEYOND);
    const count = Math.ceil(view.clientHeight / height()) + 1 + 2 * BEYOND;
    return [first * columns, Math.min(total, (first + count) * columns)];
  }

  function soon() {
    frame ||= requestAnimationFrame(draw);
  }

  function draw() {
    frame = 0;
    const [from = 0, to = 0] = span();
    const far = Math.abs(view.scrollTop - top) > view.clientHeight / 2;
    top = view.scrollTop;
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
    for (const each of free) {
      each.box.hidden = true;
      each.box.removeAttribute("id"); // another tile may have its place
      each.box.ariaPosInSet = null;
      each.box.ariaSelected = "false";
      each.where = "";
      each.at = -1;
    }
    clearTimeout(resting);
    const due = !far && performance.now() - fetched > MOVING; // what only flies past isn't asked for
    resting = setTimeout(fetch, due ? 0 : REST);
    setPosters();
  }

  /**
   * @param {ReturnType<typeof tile>} each
   * @param {number} at
   */
  function place(each, at) {
    const row = rows.get(at);
    const { box } = each;
    const moved = `translate(${GAP + (at % columns) * (width + GAP)}px, ${GAP + Math.floor(at / columns) * height()}px)`;
    const where = `${at} ${total} ${at === current} ${moved}`;
    if (where !== each.where) {
      each.where = where;
      each.at = at;
      box.hidden = false;
      box.style.transform = moved;
      box.id = `${id}-${at}`;
      box.ariaSelected = String(at === current);
      box.ariaSetSize = String(total);
      box.ariaPosInSet = String(at + 1);
    }
    const now = row ? `${row.id} ${row.rating} ${row.pinned}` : "-";
    if (now === each.shown) return;
    each.shown = now;
    if (each.clip !== (row?.id ?? "")) {
      each.clip = row?.id ?? "";
      each.poster = "";
      each.picture.classList.remove("hw-tile-ready");
    }
    box.classList.toggle("hw-tile-sketch", Boolean(row?.sketch));
    each.line.data = row ? beginning(row.prompt) : "…";
    const stars = "★".repeat(row?.rating ?? 0);
    each.facts.data =
      (row && [row.pinned ? "Pinned" : "", stars, row.model, row.spec].filter(Boolean).join(" · ")) || " ";
  }

  /** The posters of what is in view, as many as fit into a frame. A picture is seen when it has been loaded. */
  function setPosters() {
    cancelAnimationFrame(setting);
    const end = performance.now() + SLICE;
    for (const each of tiles) {
      const bytes = each.at < 0 || each.poster ? undefined : posters.get(each.clip);
      if (!bytes) continue;
      if (performance.now() > end) {
        setting = requestAnimationFrame(setPosters);
        return;
      }
      each.poster = pictureUrl(bytes);
      each.picture.src = each.poster;
    }
  }

  /** Ask for the words and posters of what is in view. */
  function fetch() {
    fetched = performance.now();
    const [from = 0, to = 0] = span();
    const ahead = screen(); // the words of what comes next are there when it is scrolled to
    const last = Math.min(total, to + ahead);
    for (let page = Math.floor(Math.max(0, from - ahead) / PAGE); page * PAGE < last; page += 1) {
      if (coming.has(page) || rows.has(page * PAGE)) continue;
      coming.add(page);
      wall.send({ type: "rows", start: page * PAGE, count: PAGE });
    }
    const wanted = [];
    for (let at = from; at < to; at += 1) {
      const row = rows.get(at);
      if (!row) continue;
      const bytes = posters.get(row.id);
      if (bytes) {
        posters.delete(row.id);
        posters.set(row.id, bytes); // looked at last
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
    [view, "scroll", soon],
    [
      view,
      "click",
      (/** @type {MouseEvent} */ event) => {
        const box = /** @type {HTMLElement} */ (event.target).closest(".hw-tile");
        if (!(box instanceof HTMLElement)) return;
        go(Number(box.ariaPosInSet) - 1);
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
  const loaded = (/** @type {Event} */ { target }) => {
    const each = tiles.find(({ picture }) => picture === target);
    if (each?.poster && each.picture.getAttribute("src") === each.poster)
      each.picture.classList.add("hw-tile-ready");
  };
  sheet.addEventListener("load", loaded, { signal, capture: true }); // which doesn't bubble
  const watch = new ResizeObserver(() => measure());
  watch.observe(view);
  signal.addEventListener("abort", () => {
    watch.disconnect();
    cancelAnimationFrame(frame);
    cancelAnimationFrame(setting);
    clearTimeout(resting);
    clearTimeout(typing);
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
          sought.clear();
          say(count, `${total.toLocaleString("en")} ${total === 1 ? "clip" : "clips"}`);
          offer(provider, "Every provider", content.facets.provider);
          offer(model, "Every model", content.facets.model);
          say(nothing, total ? "" : isFiltered() ? "No clips match. Clear a filter." : "No clips yet.");
          view.hidden = !total;
          view.scrollTop = 0;
          measure();
          break;
        case "rows":
          coming.delete(Math.floor(content.start / PAGE));
          for (const [index, row] of content.rows.entries()) rows.set(content.start + index, row);
          soon();
          if (opening) openCurrent();
          break;
        case "row":
          for (const [at, row] of rows) if (row.id === content.row.id) rows.set(at, content.row);
          soon();
          break;
        case "posters":
          for (const [index, clip] of content.ids.entries()) {
            const bytes = buffers[index];
            if (!bytes?.byteLength) continue; // it has none, and isn't asked for again
            sought.delete(clip);
            posters.set(clip, bytes);
          }
          for (const clip of posters.keys()) {
            if (posters.size <= KEPT) break;
            posters.delete(clip);
          }
          soon();
          break;
      }
    },
  };
}
