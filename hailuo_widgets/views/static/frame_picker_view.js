/**
 * The place for a picture as a widget of its own.
 *
 * @typedef {import("./frame_picker.js").Shown} Shown
 * @typedef {import("./frame_picker.js").Proposal} Proposal
 *
 * @typedef {object} Model
 * @property {{(name: "shown"): Shown, (name: "description"): string}} get
 * @property {(event: string, callback: (...values: any[]) => void) => void} on
 * @property {(event: string, callback: (...values: any[]) => void) => void} off
 * @property {(content: object, callbacks?: undefined, buffers?: ArrayBuffer[]) => void} send
 */

import { element, ownKeys } from "./dom.js";
import { framePicker } from "./frame_picker.js";

export default {
  /** @param {{model: Model, el: HTMLElement}} context */
  render({ model, el }) {
    const controller = new AbortController();
    const root = element("div", "hw-view hw-panel");
    ownKeys(root);
    const picker = framePicker({
      title: model.get("description"),
      send: (content, buffers) => model.send(content, undefined, buffers),
      signal: controller.signal,
    });
    const show = () => picker.show(model.get("shown"));
    const receive = (/** @type {{type: string}} */ content, /** @type {DataView[]} */ buffers) => {
      const bytes = buffers[0] ?? null;
      if (content.type === "picture") picker.picture(bytes);
      if (content.type === "proposal") picker.propose(/** @type {any} */ (content), bytes);
    };
    model.on("change:shown", show);
    model.on("msg:custom", receive);
    controller.signal.addEventListener("abort", () => {
      model.off("change:shown", show);
      model.off("msg:custom", receive);
    });
    show();
    model.send({ type: "look" });
    root.append(picker.root);
    el.append(root);
    return () => controller.abort();
  },
};
