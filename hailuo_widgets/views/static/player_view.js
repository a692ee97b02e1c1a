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
import { film, Stage, transport } from "./player.js";

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
    const playing = film(stage, place);

    const receive = (
      /** @type {{type: string, failed: string}} */ content,
      /** @type {DataView[]} */ buffers,
    ) => {
      if (content.type !== "film") return;
      say(failed, content.failed);
      playing.show("clip", buffers[0]);
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
      playing.clear();
    };
  },
};
