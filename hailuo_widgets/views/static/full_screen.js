/** Full screen with large type, for people who sit far away. */

import { button } from "./dom.js";

/** The four corners of a frame. */
function corners() {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS(picture.namespaceURI, "path");
  for (const [name, value] of Object.entries({
    width: 11,
    height: 11,
    viewBox: "0 0 11 11",
    "aria-hidden": true,
  }))
    picture.setAttribute(name, String(value));
  for (const [name, value] of Object.entries({ fill: "none", stroke: "currentColor", "stroke-width": 1.4 }))
    line.setAttribute(name, String(value));
  line.setAttribute("d", "M1 4V1h3M7 1h3v3M10 7v3H7M4 10H1V7");
  picture.append(line);
  return picture;
}

/**
 * @param {HTMLElement} root What fills the screen. No dialog: browsers refuse it.
 */
export function fullScreen(root) {
  const switched = button("Full screen (f)", "", "hw-button hw-quiet");
  switched.append(corners());
  switched.hidden = !document.fullscreenEnabled; // as in a frame that isn't allowed to
  const toggle = () => {
    if (switched.hidden) return;
    if (document.fullscreenElement === root) document.exitFullscreen();
    else root.requestFullscreen().catch(() => {});
  };
  switched.addEventListener("click", toggle);
  return { button: switched, toggle };
}
