/** What stands above the cells: name, counts, money, time and what can be done; the plan; the tools that arrange them. */

import { button, clock, element, facts, remaining, say, uniqueId } from "./dom.js";
import { allSketches, fixedGroups, MEASURES, placesOf, stateOf } from "./sweep_pivot.js";

/**
 * @typedef {import("./sweep_store.js").Store} Store
 * @typedef {import("./sweep_store.js").Action} Action
 * @typedef {import("./sweep_pivot.js").Filter} Filter
 * @typedef {import("./sweep_pivot.js").Pivot} Pivot
 * @typedef {import("./sweep_pivot.js").Order} Order
 */

/** @type {Record<Action, [label: string, doing: string]>} */
const ACTIONS = {
  run: ["Run", "Starting…"],
  cheapest: ["Run cheapest first", "Starting…"],
  pause: ["Pause", "Pausing…"],
  resume: ["Resume", "Resuming…"],
  retry: ["Retry failed", "Retrying…"],
  cancel: ["Cancel", "Cancelling…"],
};

/** In the order of the bar. */
const TONES = ["ok", "run", "bad", "warn", "wait", "off"];

/**
 * @param {Store} store
 * @param {{filter: Filter, filtered: () => void}} view
 */
export function sweepHead(store, { filter, filtered }) {
  const root = element("div", "hw-sweep-head");
  const name = element("b", "hw-sweep-name", store.whole.name || "Sweep");
  name.dir = "auto";
  const counts = element("div", "hw-sweep-counts");
  counts.role = "group";
  counts.ariaLabel = "Show only";
  const sketch = element("span", "hw-tag", "SKETCH");
  sketch.hidden = !allSketches(store.whole);
  const money = element("span", "hw-soft hw-number");
  const time = element("span", "hw-soft hw-number");
  const actions = element("div", "hw-sweep-actions");
  const bar = element("div", "hw-sweep-stack");
  bar.role = "progressbar";
  bar.ariaLabel = `Progress of ${store.whole.name || "the sweep"}`;
  bar.ariaValueMin = "0";
  const alerts = element("div", "hw-sweep-alerts");
  alerts.role = "status";
  const plan = element("div", "hw-sweep-plan");
  const line = element("div", "hw-sweep-line");
  const figures = element("div", "hw-sweep-figures");
  figures.append(money, time);
  line.append(name, sketch, counts, figures, actions);
  root.append(line, plan, alerts, bar);

  /** @type {Map<string, HTMLButtonElement>} */
  const chips = new Map();
  let finished = "";
  let shownActions = "";
  let shownPlan = "";
  plan.hidden = true;

  /** How many replicates are in each state, and what that makes of the bar. */
  function count() {
    /** @type {Map<string, number>} */
    const found = new Map();
    store.whole.cells.forEach((_, index) => {
      for (const place of placesOf(store, index)) {
        const state = stateOf(store, place);
        found.set(state, (found.get(state) ?? 0) + 1);
      }
    });
    const states = Object.keys(store.whole.words).filter((state) => found.has(state));
    for (const [state, chip] of chips) {
      if (found.has(state)) continue;
      chip.remove();
      chips.delete(state);
      filter.states.delete(state);
    }
    states.forEach((state, index) => {
      let chip = chips.get(state);
      const [word, tone] = store.word(state);
      if (!chip) {
        chip = button(`Show only: ${word}`, "", "hw-sweep-count hw-pill hw-toggle");
        chip.dataset.tone = tone;
        chip.addEventListener("click", () => {
          if (!filter.states.delete(state)) filter.states.add(state);
          filtered();
        });
        chips.set(state, chip);
      }
      const text = `${found.get(state)} ${word.toLowerCase()}`;
      if (chip.textContent !== text) chip.textContent = text;
      chip.ariaPressed = String(filter.states.has(state));
      if (counts.children[index] !== chip) counts.insertBefore(chip, counts.children[index] ?? null);
    });
    drawBar(found, states);
  }

  /**
   * @param {Map<string, number>} found
   * @param {string[]} states
   */
  function drawBar(found, states) {
    const real = states.filter((state) => state !== "illegal" && state !== "skipped");
    const total = real.reduce((sum, state) => sum + (found.get(state) ?? 0), 0);
    /** @type {Map<string, number>} */
    const tones = new Map(TONES.map((tone) => [tone, 0]));
    for (const state of real) {
      const [, tone] = store.word(state);
      tones.set(tone, (tones.get(tone) ?? 0) + (found.get(state) ?? 0));
    }
    for (const [tone, number] of tones) {
      let part = /** @type {HTMLElement | null} */ (bar.querySelector(`[data-tone="${tone}"]`));
      if (!part) {
        part = element("i");
        part.dataset.tone = tone;
        bar.append(part);
      }
      part.style.flexGrow = String(number);
    }
    const ended = total - (tones.get("run") ?? 0) - (tones.get("wait") ?? 0);
    finished = `${tones.get("ok") ?? 0} of ${total} done`;
    bar.ariaValueMax = String(total);
    bar.ariaValueNow = String(ended);
    bar.ariaValueText = finished;
    tick();
  }

  /** The kernel's part: phase, money, what can be done. */
  function update() {
    const { phase, can, halted, message } = store.head;
    root.dataset.phase = phase;
    say(money, store.head.money.join(" · "));
    const wanted = JSON.stringify([phase, can]);
    if (wanted !== shownActions) {
      shownActions = wanted;
      drawActions(can, phase);
    }
    const planned = phase === "plan" ? JSON.stringify(store.whole.plan) : "";
    if (planned !== shownPlan) {
      shownPlan = planned;
      drawPlan();
    }
    alerts.replaceChildren(
      ...(halted ?? []).map(([provider, why]) => alert(`${provider} is halted.`, why)),
      ...(message ? [alert(message, "")] : []),
    );
    alerts.hidden = !alerts.children.length;
    tick();
  }

  /**
   * @param {string} bold
   * @param {string} rest
   */
  function alert(bold, rest) {
    const root = element("div", "hw-message");
    root.dataset.tone = "warn";
    root.append(element("b", "", bold), rest);
    root.dir = "auto";
    return root;
  }

  /**
   * @param {Action[]} can
   * @param {string} phase
   */
  function drawActions(can, phase) {
    const had = actions.contains(document.activeElement);
    const made = can.map((what) => {
      const [label, doing] = ACTIONS[what];
      const { total } = store.whole.plan;
      let text = label;
      if (what === "run" && total) text = `Run · ${total}`;
      if (what === "cancel" && phase !== "plan") text = "Cancel the rest";
      const each = button(text, text, what === "run" ? "hw-button hw-primary" : "hw-button");
      each.dataset.action = what;
      each.addEventListener("click", () => {
        for (const other of actions.querySelectorAll("button")) other.disabled = true;
        each.textContent = doing;
        store.act(what);
      });
      return each;
    });
    actions.replaceChildren(...made);
    if (had) made[0]?.focus();
  }

  function drawPlan() {
    const { phase } = store.head;
    plan.hidden = phase !== "plan";
    if (plan.hidden) return;
    const notes = store.whole.plan.notes.map((note) => {
      const each = element("div", "hw-sweep-warning", note);
      each.dir = "auto";
      return each;
    });
    plan.replaceChildren(facts(store.whole.plan.facts), ...notes);
  }

  /** The times, which go on in the browser. */
  function tick() {
    const { phase, elapsed, left } = store.head;
    const moving = phase === "running";
    const since = moving ? (performance.now() - store.headAt) / 1000 : 0;
    const parts = [];
    if (phase === "running" || phase === "paused") parts.push(finished);
    if (phase === "paused") parts.push("paused");
    if (phase !== "plan" && elapsed)
      parts.push(`${phase === "done" ? "took " : ""}${clock(elapsed + since)}`);
    if (moving && left !== undefined) parts.push(remaining(left - since));
    say(time, parts.join(" · "));
  }

  return { root, count, update, tick };
}

/**
 * The tools that arrange the cells.
 * @param {Store} store
 * @param {Pivot} pivot Changed here.
 * @param {Filter} filter Changed here.
 * @param {{pivoted: () => void, filtered: () => void, sized: (step: number) => void,
 *   listed: (list: boolean) => void, ordered: (order: Order) => void, list: boolean, help: () => void,
 *   screen: HTMLElement}} view
 */
export function sweepTools(store, pivot, filter, view) {
  const { axes } = store.whole;
  const id = uniqueId("tools");
  const root = element("div", "hw-sweep-tools");
  const arranging = element("div", "hw-tool-group");
  const others = element("div", "hw-tool-group");
  const finding = element("div", "hw-tool-group hw-tool-end");
  // Where it is narrow, what is used less opens below.
  const dots = button("More tools", "⋯", "hw-button hw-quiet hw-toggle hw-tool-dots");
  const more = (/** @type {boolean} */ open) => {
    root.dataset.more = dots.ariaPressed = String(open);
  };
  more(false);
  dots.addEventListener("click", () => more(root.dataset.more === "false"));
  root.append(arranging, dots, others, finding);

  /** Pairs of axes that head columns together. @type {[string, number, number][]} */
  const pairs = axes.flatMap((outer, at) =>
    axes.flatMap((inner, other) =>
      at !== other &&
      axes.length > 2 &&
      axes.length < 5 &&
      !store.whole.together.some((group) => group.includes(at) && group.includes(other))
        ? [/** @type {[string, number, number]} */ ([`${outer.name} / ${inner.name}`, at, other])]
        : [],
    ),
  );
  const rows = axisSelect("Rows", () => String(pivot.rows), "rows");
  const columns = axisSelect(
    "Columns",
    () => `${pivot.columns}${pivot.inner < 0 ? "" : ` ${pivot.inner}`}`,
    "columns",
    pairs,
  );
  const swap = button("Swap rows and columns", "⇄", "hw-button hw-quiet");
  swap.addEventListener("click", () => {
    [pivot.rows, pivot.columns, pivot.inner] = [pivot.columns, pivot.rows, -1];
    view.pivoted();
  });
  arranging.append(rows.root, swap, columns.root);

  /**
   * @param {string} label
   * @param {() => string} now
   * @param {"rows" | "columns"} which
   * @param {[label: string, outer: number, inner: number][]} [pairs]
   */
  function axisSelect(label, now, which, pairs = []) {
    const outer = element("label", "hw-labelled");
    const select = element("select", "hw-select");
    select.append(
      new Option("—", "-1"),
      ...axes.map(({ name }, index) => new Option(name, String(index))),
      ...pairs.map(([name, outer, inner]) => new Option(name, `${outer} ${inner}`)),
    );
    select.addEventListener("change", () => {
      const other = which === "rows" ? "columns" : "rows";
      const [chosen = -1, inner = -1] = select.value.split(" ").map(Number);
      if (chosen >= 0 && chosen === pivot[other]) pivot[other] = pivot[which];
      pivot[which] = chosen;
      if (which === "columns" || pivot.inner === chosen) pivot.inner = inner;
      // One axis has one place.
      if ([pivot.columns, pivot.inner].includes(pivot.rows))
        pivot.rows = axes.findIndex((_, axis) => ![pivot.columns, pivot.inner].includes(axis));
      view.pivoted();
    });
    outer.append(element("span", "hw-soft", label), select);
    const update = () => {
      select.value = now();
    };
    return { root: outer, update };
  }

  let drawn = "";

  /** What is neither rows nor columns: tabs for a few short values, else a list. Axes that go together are one. */
  function drawOthers() {
    // Drawn again only where the axes have changed places: a tab that was just pressed keeps the focus.
    const wanted = `${pivot.rows} ${pivot.columns} ${pivot.inner}`;
    if (wanted === drawn) return;
    drawn = wanted;
    const made = fixedGroups(store.whole, pivot).flatMap((group) => {
      const choices = choicesOf(group);
      if (choices.length < 2) return [];
      const name = group.map((axis) => axes[axis]?.name).join(", ");
      const few = choices.length <= 5 && choices.map(({ label }) => label).join("").length <= 56;
      return [few ? tabs(name, choices) : list(name, choices)];
    });
    others.replaceChildren(...made);
  }

  /**
   * The values that a group of axes has together, each as what it fixes.
   * @param {number[]} group
   */
  function choicesOf(group) {
    /** @type {Map<string, {label: string, chosen: boolean, choose: () => void}>} */
    const choices = new Map();
    for (const { at } of store.whole.cells) {
      const key = group.map((axis) => at[axis]).join();
      if (choices.has(key)) continue;
      choices.set(key, {
        label: group.map((axis) => axes[axis]?.values[at[axis] ?? 0]).join(", "),
        chosen: group.every((axis) => pivot.fixed[axis] === at[axis]),
        choose() {
          for (const axis of group) pivot.fixed[axis] = at[axis] ?? 0;
          view.pivoted();
        },
      });
    }
    return [...choices.values()];
  }

  /**
   * @param {string} name
   * @param {ReturnType<typeof choicesOf>} choices
   */
  function tabs(name, choices) {
    const group = element("fieldset", "hw-labelled");
    const segments = element("div", "hw-segments");
    group.append(element("legend", "hw-unseen", name), element("span", "hw-soft", name), segments);
    for (const { label, chosen, choose } of choices) {
      const outer = element("label");
      const input = element("input", "hw-unseen");
      input.type = "radio";
      input.name = `${id}-${name}`;
      input.checked = chosen;
      input.addEventListener("change", choose);
      const text = element("span", "hw-segment", label);
      text.dir = "auto";
      outer.append(input, text);
      segments.append(outer);
    }
    return group;
  }

  /**
   * @param {string} name
   * @param {ReturnType<typeof choicesOf>} choices
   */
  function list(name, choices) {
    const outer = element("label", "hw-labelled");
    const select = element("select", "hw-select");
    select.append(
      ...choices.map(({ label, chosen }, index) => new Option(label, String(index), chosen, chosen)),
    );
    select.addEventListener("change", () => choices[Number(select.value)]?.choose());
    outer.append(element("span", "hw-soft", name), select);
    return outer;
  }

  const search = element("input", "hw-input hw-search");
  search.type = "search";
  search.placeholder = "Filter";
  search.ariaLabel = "Filter by words (/)";
  search.addEventListener("input", () => {
    filter.text = search.value;
    view.filtered();
  });
  const rating = element("select", "hw-select");
  rating.ariaLabel = "Lowest rating";
  rating.append(
    new Option("Any rating", "0"),
    ...[1, 2, 3, 4, 5].map(
      (each) => new Option(`${"★".repeat(each)}${each < 5 ? " or more" : ""}`, String(each)),
    ),
  );
  rating.addEventListener("change", () => {
    filter.rating = Number(rating.value);
    view.filtered();
  });
  const starred = button("Show only starred", "★", "hw-button hw-quiet hw-toggle");
  starred.addEventListener("click", () => {
    filter.starred = !filter.starred;
    view.filtered();
  });
  const order = element("select", "hw-select");
  order.ariaLabel = "Order";
  order.append(
    new Option("As planned", "plan"),
    new Option("Best rated first", "rating"),
    new Option("Cheapest first", "price"),
    new Option("Quickest first", "time"),
    new Option("By state", "state"),
  );
  const most = element("optgroup");
  most.label = "Measured, highest first";
  most.append(...MEASURES.map((each) => new Option(`Most ${each}`.replace("Most loop", "Best loop"), each)));
  const camera = element("select", "hw-select");
  camera.ariaLabel = "Camera";
  camera.append(
    new Option("Any camera", ""),
    new Option("Camera as requested", "yes"),
    new Option("Camera not as requested", "no"),
    new Option("Camera can’t be told", "open"),
  );
  camera.addEventListener("change", () => {
    filter.obeyed = /** @type {Filter["obeyed"]} */ (camera.value);
    view.filtered();
  });
  order.addEventListener("change", () => view.ordered(/** @type {Order} */ (order.value)));
  const listed = button("Show as a list", "List", "hw-button hw-quiet hw-toggle");
  listed.addEventListener("click", () => view.listed(!view.list));
  const smaller = button("Smaller cells (−)", "−", "hw-button hw-quiet");
  const larger = button("Larger cells (+)", "+", "hw-button hw-quiet");
  smaller.addEventListener("click", () => view.sized(-1));
  larger.addEventListener("click", () => view.sized(1));
  const help = button("Keys (?)", "?", "hw-button hw-quiet");
  help.addEventListener("click", view.help);
  finding.append(search, rating, starred, camera, order, listed, smaller, larger, view.screen, help);

  function update() {
    rows.update();
    columns.update();
    swap.disabled = pivot.rows < 0 && pivot.columns < 0;
    arranging.hidden = view.list || axes.length < 2;
    drawOthers();
    others.hidden = view.list || !others.children.length;
    order.hidden = !view.list;
    const measured = store.anyMeasured;
    camera.hidden = !measured;
    if (measured && !most.isConnected) order.append(most);
    listed.ariaPressed = String(view.list);
    starred.ariaPressed = String(filter.starred);
  }

  /** Go to the filter by words. */
  function find() {
    more(true);
    search.focus();
  }

  update();
  return { root, update, find };
}
