import { clock, element, facts, fraction, ownKeys, prompt, remaining, ring, say, turnRing } from "./dom.js";

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
 * @typedef {object} Model
 * @property {{(key: "order"): Order, (key: "status"): Status}} get
 * @property {(event: string, callback: () => void) => void} on
 * @property {(event: string, callback: () => void) => void} off
 * @property {(content: {type: "cancel"}) => void} send
 */

/** @param {Order} order */
function layOut(order) {
  const name = order.name || "this clip";
  const root = element("div", "hw-view hw-job");
  ownKeys(root);
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
    ["Order", order.spec],
    ["Price", order.price],
  ]);
  body.append(top, prompt(order.segments), parts.message, facts(rows), ...warnings, foot);
  parts.card.append(parts.stage, body, parts.bar);
  root.append(parts.card);
  return parts;
}

/** One call a model: every view of it shares the moment at which its status arrived. */
export default () => {
  let received = performance.now();

  return {
    /** @param {{model: Model}} context */
    initialize({ model }) {
      const receive = () => {
        received = performance.now();
      };
      model.on("change:status", receive);
      return () => model.off("change:status", receive);
    },

    /** @param {{model: Model, el: HTMLElement}} context */
    render({ model, el }) {
      const controller = new AbortController();
      const { signal } = controller;
      const order = model.get("order");
      const parts = layOut(order);
      /** @type {ReturnType<typeof setInterval> | undefined} */
      let timer;

      const tick = () => {
        const status = model.get("status");
        const elapsed = status.elapsed + (performance.now() - received) / 1000;
        const known = fraction(status, elapsed, Boolean(status.task_id));
        const expected = status.expected ? ` of about ${clock(status.expected)}` : "";
        say(parts.time, `${clock(elapsed)}${expected}`);
        const awaited = status.task_id && status.expected && status.state !== "downloading";
        say(parts.left, awaited ? remaining(Number(status.expected) - elapsed) : "");
        say(
          parts.percent,
          status.progress !== undefined && known !== null ? `${Math.round(known * 100)}%` : "",
        );
        parts.card.dataset.known = String(known !== null);
        parts.card.style.setProperty("--hw-fraction", String(known ?? 0));
        turnRing(parts.ring, known);
      };

      const update = () => {
        const status = model.get("status");
        const active = status.tone === "wait" || status.tone === "run";
        parts.root.dataset.tone = status.tone;
        parts.root.dataset.state = status.state;
        parts.card.dataset.active = String(active);
        say(parts.state, status.word);
        say(parts.note, status.note);
        say(parts.charged, status.charged);
        say(parts.task, status.task_id && `task ${status.task_id}`);
        say(parts.error, status.error);
        say(parts.hint, status.hint);
        parts.message.hidden = !(status.error || status.hint);
        parts.stage.hidden = parts.bar.hidden = parts.button.hidden = !active;
        clearInterval(timer);
        if (active) {
          tick();
          timer = setInterval(tick, 1000);
        } else {
          say(parts.time, clock(status.elapsed));
        }
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
      model.on("change:status", update);
      signal.addEventListener("abort", () => {
        clearInterval(timer);
        model.off("change:status", update);
      });

      update();
      el.append(parts.root);
      return () => controller.abort();
    },
  };
};
