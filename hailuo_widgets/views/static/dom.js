/** What every view needs to draw: elements, texts, times. Everything from outside is set as text, never as HTML. */

/** @typedef {"wait" | "run" | "ok" | "warn" | "bad" | "off"} Tone */

/** An estimate never claims to be done. */
const ESTIMATE_LIMIT = 0.95;

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [classes]
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, classes = "", text = "") {
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  if (text) made.textContent = text;
  return made;
}

/**
 * A button that says what it does, also where only a sign is seen.
 * @param {string} label
 * @param {string} text
 * @param {string} [classes]
 */
export function button(label, text, classes = "hw-button") {
  const made = element("button", classes, text);
  made.type = "button";
  if (label !== text) made.ariaLabel = made.title = label;
  return made;
}

/**
 * @param {string} label
 * @param {string} classes
 * @param {number} most
 * @param {number} [value]
 */
export function slider(label, classes, most, value = 0) {
  const made = element("input", classes);
  made.type = "range";
  made.min = "0";
  made.max = String(most);
  made.value = String(value);
  made.ariaLabel = label;
  return made;
}

/**
 * The address of a file that came as bytes; it is kept until it is revoked.
 * @param {DataView | undefined} buffer
 * @param {string} type
 */
export function blobUrl(buffer, type) {
  const bytes = buffer ? [/** @type {DataView<ArrayBuffer>} */ (buffer)] : [];
  return URL.createObjectURL(new Blob(bytes, { type }));
}

/**
 * What has the focus; a front end may draw views in a shadow tree, of which the document knows the host alone.
 * @param {Node} root
 */
export function focused(root) {
  const tree = root.getRootNode();
  const held = tree instanceof ShadowRoot ? tree.activeElement : document.activeElement;
  return held instanceof HTMLElement ? held : null;
}

/**
 * Keep the keys of a view for itself: JupyterLab takes a letter or Enter on a button for a command of its own, unless the
 * element that has the focus says something else.
 * @param {HTMLElement} root
 */
export function ownKeys(root) {
  root.addEventListener("focusin", ({ target }) => {
    if (target instanceof HTMLElement) target.dataset.lmSuppressShortcuts = "true";
  });
}

/**
 * Set a text only where it differs, so that a screen reader isn't told the same thing again.
 * @param {HTMLElement} target
 * @param {string} [text]
 */
export function say(target, text = "") {
  if (target.textContent !== text) target.textContent = text;
  target.hidden = !text;
}

/**
 * A name that no other view of the page has. Each view is a module of its own, so counting would not do; and
 * `crypto.randomUUID` is missing where a server is not on https.
 * @param {string} what
 */
export function uniqueId(what) {
  return `hw-${what}-${Math.random().toString(36).slice(2)}`;
}

/** @param {number} seconds */
export function clock(seconds) {
  const whole = Math.round(seconds);
  const two = (/** @type {number} */ part) => String(part % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes}:${two(whole)}`
    : `${Math.floor(minutes / 60)}:${two(minutes)}:${two(whole)}`;
}

/** @param {number} seconds */
export function remaining(seconds) {
  if (seconds <= 0) return "taking longer than usual";
  if (seconds < 10) return "a few seconds left";
  if (seconds < 90) return `about ${Math.ceil(seconds / 10) * 10} s left`;
  return `about ${Math.round(seconds / 60)} min left`;
}

/** @param {[text: string, isCommand: boolean][]} segments A prompt in pieces. */
export function prompt(segments) {
  const line = element("div", "hw-prompt");
  line.dir = "auto";
  line.append(...segments.map(([text, isCommand]) => (isCommand ? element("bdi", "hw-chip", text) : text)));
  return line;
}

/** @param {[label: string, value: string][]} rows */
export function facts(rows) {
  const list = element("dl", "hw-facts");
  for (const [label, value] of rows) {
    if (!value) continue;
    const row = element("div");
    const shown = element("dd", "hw-number", value);
    shown.dir = "auto";
    row.append(element("dt", "", label), shown);
    list.append(row);
  }
  return list;
}

/** @param {string} name */
export function ring(name) {
  const outer = element("div", "hw-ring");
  outer.role = "progressbar";
  outer.ariaLabel = `Progress of ${name}`;
  outer.ariaValueMin = "0";
  outer.ariaValueMax = "100";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 60 60");
  svg.setAttribute("aria-hidden", "true");
  for (const part of ["track", "arc"]) {
    const circle = document.createElementNS(svg.namespaceURI, "circle");
    const shape = { cx: "30", cy: "30", r: "26", pathLength: "100", "data-part": part };
    for (const [key, value] of Object.entries(shape)) circle.setAttribute(key, value);
    svg.append(circle);
  }
  outer.append(svg);
  return outer;
}

/**
 * Set a ring to what is known; an estimate moves in steps, so that a screen reader isn't told every second.
 * @param {HTMLElement} outer
 * @param {number | null} known
 */
export function turnRing(outer, known) {
  outer.dataset.known = String(known !== null);
  outer.style.setProperty("--hw-fraction", String(known ?? 0));
  outer.ariaValueNow = known === null ? null : String(Math.round(known * 20) * 5);
}

/**
 * How far a job is: the vendor's figure, else an estimate from the time; null where nothing is known.
 * @param {{progress?: number, expected?: number}} status
 * @param {number} elapsed
 * @param {boolean} begun Whether the vendor has it.
 */
export function fraction(status, elapsed, begun) {
  if (status.progress !== undefined) return Math.min(1, Math.max(0, status.progress));
  if (!begun || !status.expected) return null;
  return Math.min(ESTIMATE_LIMIT, elapsed / status.expected);
}
