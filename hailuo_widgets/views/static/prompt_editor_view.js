/**
 * The prompt editor as a widget of its own.
 *
 * @typedef {import("./prompt_editor.js").Analysis} Analysis
 * @typedef {import("./prompt_editor.js").Command} Command
 * @typedef {import("./prompt_editor.js").Language} Language
 *
 * @typedef {object} Values
 * @property {string} value
 * @property {string} description
 * @property {string} placeholder
 * @property {number} limit
 * @property {number} seconds
 * @property {Language} language
 * @property {Analysis} analysis
 * @property {Command[]} commands
 *
 * @typedef {object} Model
 * @property {<Name extends keyof Values>(name: Name) => Values[Name]} get
 * @property {(name: "value", text: string) => void} set
 * @property {() => void} save_changes
 * @property {(event: string, callback: () => void) => void} on
 * @property {(event: string, callback: () => void) => void} off
 */

import { element, ownKeys } from "./dom.js";
import { promptEditor } from "./prompt_editor.js";

export default {
  /** @param {{model: Model, el: HTMLElement}} context */
  render({ model, el }) {
    const controller = new AbortController();
    const root = element("div", "hw-view hw-panel");
    ownKeys(root);
    const editor = promptEditor({
      label: model.get("description"),
      commands: model.get("commands"),
      onInput(text) {
        model.set("value", text);
        model.save_changes();
      },
      signal: controller.signal,
    });
    /** @type {[name: keyof Values, show: () => void][]} */
    const shown = [
      ["placeholder", () => editor.setPlaceholder(model.get("placeholder"))],
      ["limit", () => editor.setLimit(model.get("limit"))],
      ["seconds", () => editor.setSeconds(model.get("seconds"))],
      ["language", () => editor.speak(model.get("language"))],
      ["value", () => editor.setValue(model.get("value"))],
      ["analysis", () => editor.show(model.get("analysis"))],
    ];
    for (const [name, show] of shown) {
      show();
      model.on(`change:${name}`, show);
    }
    controller.signal.addEventListener("abort", () => {
      for (const [name, show] of shown) model.off(`change:${name}`, show);
    });
    root.append(editor.root);
    el.append(root);
    return () => controller.abort();
  },
};
