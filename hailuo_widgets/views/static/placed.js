/**
 * A widget that puts itself into HTML of the notebook instead of a view: what is saved is then the HTML alone.
 *
 * @typedef {object} PlacedModel
 * @property {(name: string) => any} get
 * @property {(event: string, callback: (...values: any[]) => void) => void} on
 * @property {(event: string, callback: (...values: any[]) => void) => void} off
 * @property {(content: object, callbacks?: undefined, buffers?: ArrayBuffer[]) => void} send
 */

import { ownKeys } from "./dom.js";

/**
 * @param {(model: PlacedModel, signal: AbortSignal) => HTMLElement} build Makes the one element that the widget is.
 */
export function placed(build) {
  return () => {
    /** @type {HTMLElement | undefined} */
    let root;
    return {
      /** @param {{model: PlacedModel}} context */
      initialize({ model }) {
        const controller = new AbortController();
        const place = model.get("place");
        const live = build(model, controller.signal);
        ownKeys(live);
        root = live;
        // The fallback for a widget that is gone is hidden while the widget is there.
        const style = document.createElement("style");
        style.textContent = `.${place} > :not(.hw-view), .jp-OutputArea-child:has(.${place}-after) { display: none; }`;
        const mount = () => {
          if (live.isConnected) return;
          const found = [...document.querySelectorAll(`.${place}`)].at(-1);
          if (!found) return;
          found.append(live);
          live.dispatchEvent(new Event("hw-placed"));
        };
        let waits = false;
        const watch = new MutationObserver(() => {
          if (waits || live.isConnected) return;
          waits = true; // once a frame: a page changes all the time, and a place that is gone may never come back
          requestAnimationFrame(() => {
            waits = false;
            if (!controller.signal.aborted) mount();
          });
        });
        const leave = () => {
          model.off("comm_live_update", leave);
          model.off("change:place", leave);
          watch.disconnect();
          style.remove();
          live.dispatchEvent(new Event("hw-gone"));
          live.remove();
          controller.abort();
        };
        if (!place) return leave; // another widget has it: its cell was run again
        document.head.append(style);
        watch.observe(document.body, { childList: true, subtree: true });
        model.on("comm_live_update", leave); // the kernel has gone
        model.on("change:place", leave);
        mount();
        return leave;
      },

      /** @param {{el: HTMLElement}} context Where a front end shows views, the last one has it. */
      render({ el }) {
        if (root) el.append(root);
      },
    };
  };
}
