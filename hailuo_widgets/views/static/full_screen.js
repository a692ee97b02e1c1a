/** Full screen with large type, for people who sit far away. */

import { button } from "./dom.js";

const CORNERS =
  '<svg width="11" height="11" viewBox="0 0 11 11" fill="none" stroke="currentColor" stroke-width="1.4" aria-hidden="true">' +
  '<path d="M1 4V1h3M7 1h3v3M10 7v3H7M4 10H1V7"/></svg>';

/**
 * @param {HTMLElement} root What fills the screen. No dialog: browsers refuse it.
 */
export function fullScreen(root) {
  const switched = button("Full screen (f)", "", "hw-button hw-quiet");
  switched.innerHTML = CORNERS;
  switched.hidden = !document.fullscreenEnabled; // as in a frame that isn't allowed to
  const toggle = () => {
    if (switched.hidden) return;
    if (document.fullscreenElement === root) document.exitFullscreen();
    else root.requestFullscreen().catch(() => {});
  };
  switched.addEventListener("click", toggle);
  return { button: switched, toggle };
}
