/**
 * The studio's form: provider, model, what the clip is made from, and then only what exists there. What another choice
 * rules out can be seen and not be taken, and says why.
 *
 * @typedef {object} FieldState
 * @property {string} name
 * @property {string} title
 * @property {"choice" | "switch" | "text"} kind
 * @property {string | number | boolean | null} value
 * @property {[value: string | number, label: string, whyNot: string][]} options
 *
 * @typedef {object} SlotState
 * @property {string} name
 * @property {string} title
 * @property {import("./frame_picker.js").Shown & {items?: import("./frame_picker.js").Shown[]}} shown
 * @property {boolean} many
 * @property {boolean} file Whether the vendor takes a file, and not an address only.
 *
 * @typedef {object} FormState
 * @property {FieldState[]} fields
 * @property {SlotState[]} slots
 * @property {string} price
 * @property {string[]} problems
 * @property {string[]} warnings
 * @property {boolean} ready
 * @property {boolean} writable Whether it can become code, if not be sent.
 * @property {"set" | "missing" | "none"} key
 * @property {string} key_said
 * @property {string} keys_page
 * @property {number} limit
 * @property {number} seconds
 * @property {"en" | "zh"} language
 * @property {boolean} sketch
 * @property {number} cells
 */

import { button, element, focused, uniqueId } from "./dom.js";
import { framePicker } from "./frame_picker.js";

/** More options than this are a list, fewer are buttons beside each other. */
const BUTTONS = 4;

/**
 * One field out of a few options: buttons that say why they can't be pressed.
 * @param {FieldState} field
 * @param {(value: string | number) => void} choose
 */
function choices(field, choose) {
  const id = uniqueId("why");
  const root = element("div", "hw-segments");
  root.role = "radiogroup";
  root.ariaLabel = field.title;
  const buttons = field.options.map(([value, label, whyNot]) => {
    const each = button(label, label, "hw-segment");
    each.role = "radio";
    each.ariaChecked = String(value === field.value);
    each.tabIndex = value === field.value ? 0 : -1;
    if (whyNot) {
      each.ariaDisabled = "true";
      each.title = whyNot;
      each.setAttribute("aria-describedby", id);
    }
    each.addEventListener("click", () => {
      if (!whyNot && value !== field.value) choose(value);
    });
    return each;
  });
  root.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (event.target));
    if (!step || at < 0) return;
    event.preventDefault();
    for (let next = at + step; next !== at; next += step) {
      next = (next + buttons.length) % buttons.length;
      const target = buttons[next];
      if (next === at || !target) break;
      if (target.ariaDisabled !== "true") {
        target.focus();
        target.click();
        break;
      }
    }
  });
  root.append(...buttons);
  const reasons = field.options
    .filter(([, , whyNot]) => whyNot)
    .map(([, label, whyNot]) => (whyNot.startsWith(`${label} `) ? whyNot : `${label}: ${whyNot}`));
  const why = element("div", "hw-why hw-soft", [...new Set(reasons)].join(" · "));
  why.id = id;
  why.hidden = !reasons.length;
  return [root, why];
}

/**
 * @param {FieldState} field
 * @param {(value: string | number) => void} choose
 */
function list(field, choose) {
  const select = element("select", "hw-select");
  select.ariaLabel = field.title;
  for (const [value, label, whyNot] of field.options) {
    const option = new Option(
      whyNot ? `${label} (${whyNot})` : label,
      String(value),
      false,
      value === field.value,
    );
    option.disabled = Boolean(whyNot);
    select.append(option);
  }
  select.addEventListener("change", () => {
    const chosen = field.options.find(([value]) => String(value) === select.value);
    if (chosen) choose(chosen[0]);
  });
  return [select];
}

/**
 * @param {FieldState} field
 * @param {(value: string | number | boolean) => void} choose
 */
function control(field, choose) {
  const row = element("div", "hw-field-row");
  row.dataset.field = field.name;
  if (field.kind === "switch") {
    const box = element("input", "hw-check");
    box.type = "checkbox";
    box.checked = field.value === true;
    const label = element("label", "hw-check-row");
    label.append(box, element("span", "", field.title));
    box.addEventListener("change", () => choose(box.checked));
    row.append(label);
    return row;
  }
  row.append(element("span", "hw-label", field.title));
  if (field.kind === "text") {
    const input = element("input", "hw-input");
    input.type = "url";
    input.value = String(field.value ?? "");
    input.placeholder = "https://…";
    input.ariaLabel = field.title;
    input.addEventListener("change", () => choose(input.value.trim()));
    row.append(input);
  } else {
    const asList = field.options.length > BUTTONS || field.name === "provider" || field.name === "model";
    row.append(...(asList ? list(field, choose) : choices(field, choose)));
  }
  return row;
}

/**
 * @param {(content: Record<string, unknown>, buffers?: ArrayBuffer[]) => void} send
 * @param {AbortSignal} signal
 */
export function studioForm(send, signal) {
  const root = element("div", "hw-form");
  const head = element("div", "hw-form-head");
  const key = element("div", "hw-key");
  const order = element("div", "hw-form-order");
  const slots = element("div", "hw-form-slots");
  const more = element("details", "hw-more");
  const inside = element("div", "hw-more-inside");
  more.append(element("summary", "", "More options"), inside);
  root.append(head, key, slots, order, more);

  /** @type {Map<string, {row: HTMLElement, was: string}>} */
  const rows = new Map();
  /** @type {Map<string, {picker: ReturnType<typeof framePicker>, items: HTMLElement, row: HTMLElement}>} */
  const pickers = new Map();

  /**
   * A field's row, the same one as long as nothing has changed in it: what has the focus keeps it.
   * @param {FieldState} field
   */
  function rowOf(field) {
    const now = JSON.stringify(field);
    const known = rows.get(field.name);
    if (known?.was === now) return known.row;
    const row = control(field, (value) => send({ type: "set", field: field.name, value }));
    rows.set(field.name, { row, was: now });
    return row;
  }

  /** @param {SlotState} slot */
  function slotOf(slot) {
    let known = pickers.get(slot.name);
    if (!known) {
      const picker = framePicker({
        title: slot.title,
        send: (content, buffers) => send({ ...content, slot: slot.name }, buffers),
        signal,
      });
      const items = element("ul", "hw-items");
      const row = element("div", "hw-slot");
      row.append(picker.root, items);
      known = { picker, items, row };
      pickers.set(slot.name, known);
      send({ type: "look", slot: slot.name });
    }
    known.picker.root.dataset.file = String(slot.file);
    const { items = [], failed = "" } = slot.shown;
    known.picker.show(slot.many ? { failed } : slot.shown);
    known.items.hidden = !items.length;
    known.items.replaceChildren(
      ...items.map((item, at) => {
        const shown = element("li", "hw-row");
        const remove = button(`Remove ${item.name}`, "Remove", "hw-button hw-quiet");
        remove.addEventListener("click", () => send({ type: "clear", slot: slot.name, at }));
        shown.append(
          element("b", "hw-name", item.name),
          element("span", "hw-soft hw-number", item.facts),
          remove,
        );
        return shown;
      }),
    );
    return known.row;
  }

  /**
   * Put nodes into a place without touching those that are there already: a node that is moved loses the focus.
   * @param {HTMLElement} place
   * @param {HTMLElement[]} nodes
   */
  function fill(place, nodes) {
    const held = focused(root);
    const field = held?.closest(".hw-field-row");
    const name = field instanceof HTMLElement && place.contains(field) ? field.dataset.field : undefined;
    if (
      nodes.length !== place.childElementCount ||
      nodes.some((node, index) => place.children[index] !== node)
    )
      place.replaceChildren(...nodes);
    if (name && focused(root) !== held) {
      const again = nodes.find((node) => node.dataset.field === name);
      const target = again?.querySelector("select, input, [aria-checked='true']");
      if (target instanceof HTMLElement) target.focus();
    }
  }

  return {
    root,
    slots,
    /** @param {FormState} state */
    show(state) {
      const named = new Map(state.fields.map((field) => [field.name, field]));
      const some = (/** @type {string[]} */ names) =>
        names.flatMap((name) => {
          const field = named.get(name);
          named.delete(name);
          return field ? [rowOf(field)] : [];
        });
      fill(head, some(["provider", "model", "mode"]));
      fill(order, some(["duration", "resolution", "ratio"]));
      fill(inside, [...named.values()].map(rowOf));
      more.hidden = !named.size;
      fill(slots, state.slots.map(slotOf));
      slots.hidden = !state.slots.length;
      key.dataset.tone = { set: "ok", none: "off", missing: "warn" }[state.key];
      key.replaceChildren(element("span", "", state.key_said));
      if (/^https:\/\//.test(state.keys_page)) {
        const link = element("a", "", "Where keys are made");
        link.href = state.keys_page;
        link.target = "_blank";
        link.rel = "noopener noreferrer";
        key.append(" ", link);
      }
    },
    /** @param {string} slot */
    pickerOf(slot) {
      return pickers.get(slot)?.picker;
    },
  };
}
