/**
 * One clip with its player, as a widget of its own.
 *
 * @typedef {object} Model
 * @property {{(name: "loop" | "muted"): boolean, (name: "title"): string}} get
 * @property {(event: string, callback: (...values: any[]) => void) => void} on
 * @property {(event: string, callback: (...values: any[]) => void) => void} off
 * @property {(content: {type: "look"}) => void} send
 */

import { element, ownKeys, say } from "./dom.js";
import { Stage, transport } from "./player.js";

export default {
  /** @param {{model: Model, el: HTMLElement}} context */
  render({ model, el }) {
    const root = element("div", "hw-view hw-panel hw-player");
    ownKeys(root);
    const title = element("div", "hw-prompt");
    title.dir = "auto";
    const place = element("div", "hw-player-frame");
    const failed = element("div", "hw-failed");
    failed.role = "alert";
    failed.hidden = true;
    const stage = new Stage(() => bar.update());
    const bar = transport(stage, { play: "Play" });
    root.append(title, place, failed, bar.root);
    let url = "";

    const receive = (
      /** @type {{type: string, failed: string}} */ content,
      /** @type {DataView[]} */ buffers,
    ) => {
      if (content.type !== "film") return;
      stage.clear();
      URL.revokeObjectURL(url);
      const bytes = buffers[0];
      say(failed, content.failed);
      if (!bytes?.byteLength) return;
      url = URL.createObjectURL(new Blob([/** @type {BlobPart} */ (bytes)], { type: "video/mp4" }));
      place.replaceChildren(stage.add("clip", url));
    };
    const settings = () => {
      say(title, model.get("title"));
      stage.loop = model.get("loop");
      stage.muted = model.get("muted");
      for (const video of stage.members.values()) video.muted = stage.muted;
      bar.update();
    };
    /** @type {[string, (...values: any[]) => void][]} */
    const heard = [
      ["msg:custom", receive],
      ["change:loop", settings],
      ["change:muted", settings],
      ["change:title", settings],
    ];
    for (const [event, act] of heard) model.on(event, act);
    settings();
    el.append(root);
    model.send({ type: "look" });
    return () => {
      for (const [event, act] of heard) model.off(event, act);
      stage.clear();
      URL.revokeObjectURL(url);
    };
  },
};
