/**
 * The prompt editor: a text in which camera commands show, a palette that inserts them, and under it what the camera
 * will do. What a text means is found out in the kernel; until its answer to this very text is there, nothing is marked.
 *
 * @typedef {object} Command
 * @property {string} id As in `hw-move-truck-left`.
 * @property {string} en
 * @property {string} zh
 * @property {string} group
 * @property {boolean} [h3] Whether MiniMax-H3 alone knows it.
 *
 * @typedef {object} Miss
 * @property {number} start In UTF-16 units, as the browser counts.
 * @property {number} end
 * @property {string} text
 * @property {string} said What is wrong, as a sentence.
 * @property {[label: string, replacement: string][]} fixes
 *
 * @typedef {object} Analysis
 * @property {string} of The text that this is about.
 * @property {number} length In characters, as vendors count.
 * @property {boolean} prose Whether it is for a model that reads plain words (MiniMax-H3).
 * @property {{start: number, end: number, ids: string[], how: string[]}[]} shots
 * @property {ListedShot[]} list A shot list, where the prompt has one.
 * @property {Miss[]} misses
 * @property {{tone: "ok" | "warn" | "bad", text: string}[]} notes
 *
 * @typedef {object} ListedShot
 * @property {string} name
 * @property {number | null} begins Seconds.
 * @property {number | null} ends
 * @property {string[]} ids Its camera commands.
 * @property {string[]} how How each is made: "small, slow".
 * @property {string} text
 * @property {[kind: string, text: string][]} sounds
 *
 * @typedef {"en" | "zh"} Language
 *
 * @typedef {object} Options
 * @property {string} label
 * @property {Command[]} commands
 * @property {(text: string) => void} onInput Called soon after the text has changed, and at once when it is left.
 * @property {AbortSignal} signal
 */

import { button, element, say } from "./dom.js";

/** Milliseconds of quiet after which the kernel is asked what a text means. */
const QUIET = 120;

const SVG = "http://www.w3.org/2000/svg";

/**
 * What the camera sees, in three layers that pass at different speeds when it moves and alike when it turns.
 * @type {[layer: string, shape: string, values: Record<string, string>][]} */
const SCENE = [
  ["hw-far", "circle", { cx: "26", cy: "7", r: "3.4" }],
  ["hw-mid", "path", { d: "M-14 20 L2 11 L10 16 L18 9 L30 18 L50 12 V40 H-14 Z" }],
  ["hw-near", "path", { d: "M15 26 V15 h-3.4 L18 6 L24.4 15 H21 V26 Z" }],
];

/** @type {Record<string, string>} The same as a sign, for a picture that stands still. */
const SIGNS = {
  "truck-left": "M13 6H4M7 3 4 6l3 3",
  "truck-right": "M4 6h9M10 3l3 3-3 3",
  "pan-left": "M13 9A5.5 5.5 0 0 0 4 7M4 3v4h4",
  "pan-right": "M4 9a5.5 5.5 0 0 1 9-2M13 3v4H9",
  "push-in": "M4 10l4.5-3 4.5 3M4 6l4.5-3L13 6",
  "pull-out": "M4 3l4.5 3L13 3M4 7l4.5 3L13 7",
  "pedestal-up": "M8 11V3M5 6l3-3 3 3",
  "pedestal-down": "M8 3v8M5 8l3 3 3-3",
  "tilt-up": "M4 11A6.5 6.5 0 0 1 10 4M6 3.5h4.5V8",
  "tilt-down": "M4 3a6.5 6.5 0 0 0 6 7M6 10.5h4.5V6",
  "zoom-in": "M4.5 6.5h8M8.5 2.5v8",
  "zoom-out": "M4.5 6.5h8",
  shake: "M3 7l2-3.5 2 6 2-6 2 6L13 6",
  "tracking-shot": "M4 3.5v6M7 6.5h6M10.5 3.5l3 3-3 3",
  "static-shot": "M4.5 3.5h8v6h-8z",
  pov: "M3.5 6.5Q8.5 1.5 13.5 6.5Q8.5 11.5 3.5 6.5ZM8.5 5.4v2.2",
  "arc-left": "M13 3.5C13 10.5 4 10.5 4 3.8M2 6l2-2.4L6 6",
  "arc-right": "M4 3.5C4 10.5 13 10.5 13 3.8M11 6l2-2.4L15 6",
  "roll-left": "M5 4.4A4.2 4.2 0 1 0 12 4.8M9.2 4.6 12.1 4.4 12.3 7.2",
  "roll-right": "M12 4.4A4.2 4.2 0 1 1 5 4.8M7.8 4.6 4.9 4.4 4.7 7.2",
};

/** @param {string} id A small picture of a camera command; it moves where it is looked at. */
export function movingPicture(id) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 36 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `hw-move hw-move-${id}`);
  for (const [layer, shape, values] of SCENE) {
    const drawn = document.createElementNS(SVG, shape);
    drawn.setAttribute("class", layer);
    for (const [name, value] of Object.entries(values)) drawn.setAttribute(name, value);
    svg.append(drawn);
  }
  const sign = document.createElementNS(SVG, "path");
  sign.setAttribute("class", "hw-sign");
  sign.setAttribute("d", SIGNS[id] ?? "");
  svg.append(sign);
  return svg;
}

/**
 * One choice out of a few, drawn as one piece.
 * @template {string} Value
 * @param {string} label
 * @param {[value: Value, text: string][]} options
 * @param {Value} chosen
 * @param {(value: Value) => void} choose
 */
export function switcher(label, options, chosen, choose) {
  const group = element("div", "hw-segments");
  group.role = "group";
  group.ariaLabel = label;
  const buttons = options.map(([value, text]) => {
    const each = button(text, text, "hw-segment");
    each.addEventListener("click", () => {
      set(value);
      choose(value);
    });
    return { value, each };
  });
  /** @param {Value} value */
  const set = (value) => {
    for (const option of buttons) option.each.ariaPressed = String(option.value === value);
  };
  set(chosen);
  group.append(...buttons.map(({ each }) => each));
  return { root: group, set };
}

/**
 * Arrow keys move between the buttons of a toolbar, which is one stop for Tab.
 * @param {HTMLElement} bar
 * @param {HTMLButtonElement[]} buttons
 */
function rove(bar, buttons) {
  const go = (/** @type {number} */ to) => {
    for (const [index, each] of buttons.entries()) each.tabIndex = index === to ? 0 : -1;
  };
  go(0);
  bar.addEventListener("keydown", (event) => {
    const shown = buttons.filter((each) => !each.hidden);
    const at = shown.indexOf(/** @type {HTMLButtonElement} */ (event.target));
    const last = shown.length - 1;
    const to = {
      ArrowRight: at + 1,
      ArrowDown: at + 1,
      ArrowLeft: at - 1,
      ArrowUp: at - 1,
      Home: 0,
      End: last,
    };
    const next = to[/** @type {keyof typeof to} */ (event.key)];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const target = shown[(next + shown.length) % shown.length];
    go(buttons.indexOf(/** @type {HTMLButtonElement} */ (target)));
    target?.focus();
  });
  bar.addEventListener("focusin", (event) => {
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (event.target));
    if (at >= 0) go(at);
  });
}

/** @param {Options} options */
export function promptEditor({ label, commands, onInput, signal }) {
  /** @type {Language} */
  let language = "en";
  let together = "turn";
  let amplitude = "";
  let speed = "";
  let limit = 0;
  let seconds = 0;
  /** @type {Analysis | null} */
  let analysis = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let told = "";

  const root = element("div", "hw-editor");
  const sheet = element("div", "hw-sheet");
  const ink = element("div", "hw-ink");
  ink.ariaHidden = "true";
  const field = element("textarea", "hw-field");
  field.rows = 3;
  field.dir = "auto";
  field.spellcheck = false;
  field.placeholder = "Describe your video";
  field.ariaLabel = label;
  const line = element("div", "hw-editor-line");
  const notes = element("div", "hw-notes");
  notes.role = "status";
  const count = element("span", "hw-soft hw-number hw-count");
  line.append(notes, count);
  sheet.append(ink, field);
  const timeline = element("div", "hw-timeline");
  timeline.role = "img";
  timeline.hidden = true;
  const misses = element("ul", "hw-misses");
  misses.hidden = true;
  misses.ariaLabel = "Near misses";

  const palette = element("div", "hw-palette");
  palette.role = "toolbar";
  palette.ariaLabel = "Camera commands";
  /** @type {{command: Command, chip: HTMLButtonElement, text: HTMLElement}[]} */
  const chips = commands.map((command) => {
    const chip = button("", "", "hw-command");
    const text = element("span");
    chip.append(movingPicture(command.id), text);
    chip.addEventListener("click", () => insert(command));
    return { command, chip, text };
  });
  for (const group of new Set(commands.map((command) => command.group))) {
    const box = element("div", "hw-command-group");
    box.role = "group";
    box.ariaLabel = group;
    box.append(...chips.filter(({ command }) => command.group === group).map(({ chip }) => chip));
    palette.append(box);
  }
  rove(
    palette,
    chips.map(({ chip }) => chip),
  );

  const head = element("div", "hw-palette-head");
  const languages = switcher(
    "Language of the commands",
    [
      ["en", "English"],
      ["zh", "中文"],
    ],
    language,
    (chosen) => speak(chosen),
  );
  const manner = switcher(
    "How the next command is carried out",
    [
      ["turn", "In turn"],
      ["once", "At once"],
    ],
    together,
    (chosen) => {
      together = chosen;
    },
  );
  manner.root.title = "At once: the next command joins the bracket before the cursor";
  const title = element("span", "hw-label", "Camera");
  const amplitudes = switcher(
    "Amplitude of the next move",
    [
      ["", "Any amplitude"],
      ["small", "Small"],
      ["large", "Large"],
    ],
    amplitude,
    (chosen) => {
      amplitude = chosen;
    },
  );
  const speeds = switcher(
    "Speed of the next move",
    [
      ["", "Any speed"],
      ["slow", "Slow"],
      ["fast", "Fast"],
    ],
    speed,
    (chosen) => {
      speed = chosen;
    },
  );
  head.append(title, amplitudes.root, speeds.root, manner.root, languages.root);
  root.append(sheet, line, timeline, misses, head, palette);
  tune(false);

  /**
   * What MiniMax-H3 alone knows is there for it alone.
   * @param {boolean} prose
   */
  function tune(prose) {
    for (const { command, chip } of chips) chip.hidden = Boolean(command.h3) && !prose;
    amplitudes.root.hidden = speeds.root.hidden = !prose;
    if (!palette.querySelector("[tabindex='0']:not([hidden])") && chips[0]) {
      for (const { chip } of chips) chip.tabIndex = -1;
      chips[0].chip.tabIndex = 0;
    }
  }

  /** @param {Language} chosen */
  function speak(chosen) {
    language = chosen;
    languages.set(chosen);
    for (const { command, chip, text } of chips) {
      text.textContent = command[chosen];
      chip.lang = chosen === "zh" ? "zh-Hans" : "en";
      chip.ariaLabel = `Insert [${command[chosen]}]`;
    }
    drawTimeline();
  }

  /**
   * Put a text in place of another one, so that it can be undone with the keyboard.
   * @param {number} start
   * @param {number} end
   * @param {string} text
   */
  function replace(start, end, text) {
    field.focus();
    field.setSelectionRange(start, end);
    if (!document.execCommand("insertText", false, text)) field.setRangeText(text, start, end, "end");
    changed();
  }

  /** @param {Command} command */
  function insert(command) {
    const before = field.value.slice(0, field.selectionStart);
    const how = analysis?.prose && command.id !== "static-shot" ? [amplitude, speed].filter(Boolean) : [];
    const name = [command[language], ...how].join(", ");
    const open = /\[([^[\]]*)\]\s*$/.exec(before) ?? /\[([^[\]]*)$/.exec(before);
    if (open && together === "once") {
      const at = before.lastIndexOf(open[1] ?? "", before.length) + (open[1] ?? "").length;
      replace(at, at, open[1]?.trim() ? `,${name}` : name);
      const closing = field.value.indexOf("]", field.selectionStart);
      if (closing >= 0) field.setSelectionRange(closing + 1, closing + 1);
      return;
    }
    const gap = before && !/[\s[]$/.test(before) && language === "en" ? " " : "";
    replace(field.selectionStart, field.selectionEnd, `${gap}[${name}]`);
  }

  function changed() {
    draw();
    clearTimeout(timer);
    timer = setTimeout(tell, QUIET);
  }

  function tell() {
    clearTimeout(timer);
    if (field.value === told) return;
    told = field.value;
    onInput(told);
  }

  /** The text once more behind the field, with what is to be seen in it marked. */
  function draw() {
    const text = field.value;
    const known = analysis?.of === text ? analysis : null;
    const length = known ? known.length : [...text].length;
    say(count, limit ? `${length.toLocaleString("en")} / ${limit.toLocaleString("en")}` : String(length));
    count.dataset.over = String(limit > 0 && length > limit);
    field.ariaInvalid = String(limit > 0 && length > limit);
    /** @type {[number, number, string][]} */
    const marks = [
      ...(known?.shots ?? []).map((shot) => /** @type {const} */ ([shot.start, shot.end, "hw-shot"])),
      ...(known?.misses ?? []).map((miss) => /** @type {const} */ ([miss.start, miss.end, "hw-miss"])),
    ]
      .map((each) => /** @type {[number, number, string]} */ ([...each]))
      .sort((a, b) => a[0] - b[0]);
    ink.replaceChildren();
    let at = 0;
    for (const [start, end, kind] of marks) {
      if (start < at) continue; // a near miss inside a bracket that holds commands too: drawn with it
      ink.append(text.slice(at, start));
      const mark = element("span", kind);
      let inside = start;
      for (const miss of known?.misses ?? []) {
        if (kind !== "hw-shot" || miss.start < start || miss.end > end) continue;
        mark.append(
          text.slice(inside, miss.start),
          element("span", "hw-miss", text.slice(miss.start, miss.end)),
        );
        inside = miss.end;
      }
      mark.append(text.slice(inside, end));
      ink.append(mark);
      at = end;
    }
    ink.append(`${text.slice(at)}\u200b`);
  }

  const name = (/** @type {string} */ id) => commands.find((each) => each.id === id)?.[language] ?? id;
  const made = (/** @type {string | undefined} */ how) => (how ? `, ${how}` : "");

  /**
   * A shot list: each shot as wide as it is long, with its times, its move and what is heard.
   * @param {ListedShot[]} list
   */
  function drawList(list) {
    const timed = list.every(({ begins, ends }) => begins !== null && ends !== null && ends > begins);
    timeline.style.gridTemplateColumns = list
      .map(({ begins, ends }) => `minmax(72px, ${timed ? Number(ends) - Number(begins) : 1}fr)`)
      .join(" ");
    timeline.replaceChildren(
      ...list.map((each) => {
        const shot = element("div", "hw-track");
        const lane = element("span", "hw-lane");
        if (each.ids[0]) lane.append(movingPicture(each.ids[0]));
        const move = each.ids[0] ? `${name(each.ids[0])}${made(each.how[0])}` : "";
        lane.append(element("span", "", each.name), element("span", "hw-soft", move));
        shot.append(lane);
        for (const [kind, text] of each.sounds) {
          const sound = element("span", "hw-lane hw-soft", `${kind}: ${text}`);
          sound.dir = "auto";
          shot.append(sound);
        }
        const times = each.begins === null || each.ends === null ? "" : `${each.begins}–${each.ends} s`;
        shot.append(element("span", "hw-tick hw-number", times));
        shot.title = each.text;
        return shot;
      }),
    );
    timeline.ariaLabel = `The shots: ${list
      .map((each) =>
        each.begins === null ? each.name : `${each.name} from ${each.begins} to ${each.ends} s`,
      )
      .join(", ")}`;
  }

  function drawTimeline() {
    const list = analysis?.of === field.value ? (analysis.list ?? []) : [];
    if (list.length) {
      timeline.hidden = false;
      drawList(list);
      return;
    }
    timeline.style.gridTemplateColumns = "";
    const shots = analysis?.of === field.value ? analysis.shots : [];
    timeline.hidden = !shots.length;
    if (!shots.length) return;
    timeline.replaceChildren(
      ...shots.map(({ ids, how }, index) => {
        const shot = element("div", "hw-track");
        const end = seconds ? `${Number(((seconds * (index + 1)) / shots.length).toFixed(1))} s` : "";
        shot.append(
          ...ids.map((id, at) => {
            const lane = element("span", "hw-lane");
            lane.append(movingPicture(id), element("span", "", `${name(id)}${made(how[at])}`));
            return lane;
          }),
          element("span", "hw-tick hw-number", end),
        );
        return shot;
      }),
    );
    const words = shots.map(({ ids }) => ids.map(name).join(" with "));
    timeline.ariaLabel = `The camera: ${words.join(", then ")}`;
  }

  /** @param {Analysis} next */
  function show(next) {
    analysis = next;
    tune(next.prose);
    draw();
    drawTimeline();
    const current = next.of === field.value;
    misses.hidden = !(current && next.misses.length);
    misses.replaceChildren(
      ...(current ? next.misses : []).map((miss) => {
        const item = element("li", "", `${miss.said} `);
        for (const [text, replacement] of miss.fixes) {
          const fix = button(`Replace “${miss.text}” by ${text}`, text, "hw-fix");
          fix.addEventListener("click", () => replace(miss.start, miss.end, replacement));
          item.append(fix, " ");
        }
        return item;
      }),
    );
    notes.replaceChildren(
      ...(current ? next.notes : []).map((note) => {
        const shown = element("span", "hw-note", note.text);
        shown.dataset.tone = note.tone;
        return shown;
      }),
    );
  }

  field.addEventListener("input", changed);
  field.addEventListener("blur", tell);
  signal.addEventListener("abort", () => clearTimeout(timer));
  speak(language);
  draw();

  return {
    root,
    field,
    show,
    speak,
    get value() {
      return field.value;
    },
    /** @param {string} text */
    setValue(text) {
      if (text === field.value) return;
      told = field.value = text;
      draw();
      drawTimeline();
    },
    /** @param {number} characters */
    setLimit(characters) {
      limit = characters;
      draw();
    },
    /** @param {number} length Of the clip, which the time line is divided by. */
    setSeconds(length) {
      seconds = length;
      drawTimeline();
    },
    /** @param {string} text */
    setPlaceholder(text) {
      field.placeholder = text;
    },
    tell,
  };
}
