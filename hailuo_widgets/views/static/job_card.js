import { blobUrl, clock, element, facts, fraction, prompt, remaining, ring, say, turnRing } from "./dom.js";
import { placed } from "./placed.js";

/**
 * The live card of one job.
 *
 * @typedef {object} Order
 * @property {string} name The notebook's variable, "" if it has none.
 * @property {[text: string, isCommand: boolean][]} segments The prompt in pieces.
 * @property {string} provider
 * @property {string} reason Why this provider.
 * @property {string} model
 * @property {string} spec
 * @property {string} price
 * @property {boolean} sketch
 * @property {string[]} warnings
 * @property {"Cancel" | "Stop watching"} cancel
 *
 * @typedef {object} Status
 * @property {string} state
 * @property {string} word The state as a reader sees it.
 * @property {"wait" | "run" | "ok" | "warn" | "bad" | "off"} tone
 * @property {number} elapsed Seconds at the moment of sending.
 * @property {number} [expected] Seconds in all.
 * @property {number} [progress] The vendor's own figure, 0 to 1.
 * @property {string} [task_id]
 * @property {string} [note]
 * @property {string} [error]
 * @property {string} [hint]
 * @property {string} [charged]
 *
 * @typedef {object} Said What the kernel says about a clip that was requested.
 * @property {"clip" | "facts" | "missing"} type
 * @property {[label: string, value: string][]} facts
 * @property {string} why
 */

/** Milliseconds after the end in which HTML takes the card's place, where the front end shows such updates. */
const REPLACED_WITHIN = 1500;

/** @param {Order} order */
function layOut(order) {
  const name = order.name || "this clip";
  const root = element("div", "hw-view hw-job");
  root.role = "group";
  root.ariaLabel = `Video job ${name}`;
  const parts = {
    root,
    card: element("div", "hw-card"),
    stage: element("div", "hw-stage"),
    ring: ring(name),
    percent: element("span", "hw-number"),
    left: element("div", "hw-soft hw-number"),
    state: element("span", "hw-pill"),
    note: element("span", "hw-soft"),
    time: element("span", "hw-soft hw-number"),
    charged: element("span", "hw-soft"),
    button: element("button", "hw-button", order.cancel),
    message: element("div", "hw-message"),
    error: element("b"),
    hint: element("div"),
    task: element("span", "hw-soft hw-mono"),
    bar: element("div", "hw-bar"),
    delivered: element("div"),
  };
  parts.button.type = "button";
  parts.button.ariaLabel = `${order.cancel} ${name}`;
  parts.message.role = "alert";
  parts.bar.ariaHidden = "true";
  for (const outside of [parts.note, parts.charged, parts.error, parts.hint, parts.task])
    outside.dir = "auto";

  const live = element("span", "hw-words");
  live.role = "status";
  live.ariaLive = "polite";
  live.append(parts.state, parts.note);

  const words = element("div", "hw-words");
  if (order.name) {
    const heading = element("b", "hw-name", order.name);
    heading.dir = "auto";
    words.append(heading);
  }
  words.append(live, parts.time, parts.charged);
  const top = element("div", "hw-top");
  top.append(words, parts.button);

  parts.ring.append(parts.percent);
  parts.stage.append(parts.ring, parts.left);
  if (order.sketch) parts.stage.append(element("span", "hw-tag", "SKETCH"));
  parts.message.append(parts.error, parts.hint);
  parts.bar.append(element("i"));

  const foot = element("div", "hw-foot");
  const reason = element("span", "hw-soft hw-aside", order.reason);
  reason.dir = "auto";
  foot.append(reason, parts.task);

  const warnings = order.warnings.map((warning) => element("div", "hw-warning", warning));
  const body = element("div", "hw-body");
  const rows = /** @type {[string, string][]} */ ([
    ["Model", order.model],
    ["Provider", order.provider],
    ["Settings", order.spec],
    ["Price", order.price],
  ]);
  body.append(top, prompt(order.segments), parts.message, facts(rows), parts.delivered, ...warnings, foot);
  parts.card.append(parts.stage, body, parts.bar);
  root.append(parts.card);
  return parts;
}

export default placed((model, signal) => {
  const order = /** @type {Order} */ (model.get("order"));
  const status = () => /** @type {Status} */ (model.get("status"));
  const parts = layOut(order);
  let received = performance.now();
  let asked = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  /** @type {string[]} */
  const urls = [];

  const tick = () => {
    const now = status();
    const elapsed = now.elapsed + (performance.now() - received) / 1000;
    const known = fraction(now, elapsed, Boolean(now.task_id));
    const expected = now.expected ? ` of about ${clock(now.expected)}` : "";
    say(parts.time, `${clock(elapsed)}${expected}`);
    const awaited = now.task_id && now.expected && now.state !== "downloading";
    say(parts.left, awaited ? remaining(Number(now.expected) - elapsed) : "");
    say(parts.percent, now.progress !== undefined && known !== null ? `${Math.round(known * 100)}%` : "");
    parts.card.dataset.known = String(known !== null);
    parts.card.style.setProperty("--hw-fraction", String(known ?? 0));
    turnRing(parts.ring, known);
  };

  const isActive = () => status().tone === "wait" || status().tone === "run";

  /** After the end: either HTML has taken the card's place, or the card shows the clip itself. */
  const conclude = () => {
    if (isActive() || asked || !parts.root.isConnected) return;
    asked = true;
    setTimeout(() => {
      if (signal.aborted) return;
      if (!parts.root.isConnected) model.send({ type: "replaced" });
      else if (status().state === "stored") model.send({ type: "clip" });
    }, REPLACED_WITHIN);
  };

  const update = () => {
    const now = status();
    const active = isActive();
    parts.root.dataset.tone = now.tone;
    parts.root.dataset.state = now.state;
    parts.card.dataset.active = String(active);
    say(parts.state, now.word);
    say(parts.note, now.note);
    say(parts.charged, now.charged);
    say(parts.task, now.task_id && `task ${now.task_id}`);
    say(parts.error, now.error);
    say(parts.hint, now.hint);
    parts.message.hidden = !(now.error || now.hint);
    parts.stage.hidden = parts.bar.hidden = parts.button.hidden = !active;
    clearInterval(timer);
    if (active) {
      tick();
      timer = setInterval(tick, 1000);
    } else {
      say(parts.time, clock(now.elapsed));
      conclude();
    }
  };

  /**
   * @param {Said} said
   * @param {DataView[]} buffers
   */
  const hear = (said, buffers) => {
    if (said.type === "missing") say(parts.note, said.why);
    if (said.type === "facts" && parts.card.dataset.clip) parts.delivered.replaceChildren(facts(said.facts));
    if (said.type !== "clip") return;
    const video = element("video");
    video.controls = true;
    video.preload = "metadata";
    video.title = order.name || "clip";
    const [clip, poster] = buffers;
    urls.push(blobUrl(clip, "video/mp4"));
    video.src = String(urls.at(-1));
    if (poster?.byteLength) {
      urls.push(blobUrl(poster, "image/jpeg"));
      video.poster = String(urls.at(-1));
    }
    parts.stage.replaceChildren(video);
    if (order.sketch) parts.stage.append(element("span", "hw-tag", "SKETCH"));
    parts.stage.hidden = false;
    parts.card.dataset.clip = "true";
    parts.delivered.replaceChildren(facts(said.facts));
  };

  const changed = () => {
    received = performance.now();
    update();
  };
  parts.button.addEventListener(
    "click",
    () => {
      const doing = order.cancel === "Cancel" ? "Cancelling…" : "Stopping…";
      parts.button.disabled = true;
      parts.button.textContent = doing;
      parts.button.ariaLabel = `${doing} ${order.name}`.trim();
      model.send({ type: "cancel" });
    },
    { signal },
  );
  parts.root.addEventListener("hw-placed", conclude, { signal });
  model.on("change:status", changed);
  model.on("msg:custom", hear);
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    for (const url of urls) URL.revokeObjectURL(url);
    model.off("change:status", changed);
    model.off("msg:custom", hear);
  });

  update();
  return parts.root;
});
