/** The list of the keys that a sweep's grid knows, as `?` shows it. */

import { element } from "./dom.js";

const KEYS = [
  ["← ↑ → ↓", "move, Home and End too"],
  ["Enter", "enlarge"],
  ["Space", "play or pause, all in step where more are loaded"],
  [", .", "one frame back, one on"],
  ["1 … 5, 0", "rate, or take the rating away"],
  ["s", "star"],
  ["n", "write a note"],
  ["r", "next replicate"],
  ["c", "compare: press it on two cells"],
  ["f", "full screen, of the grid or of an enlarged clip"],
  ["+ −", "larger and smaller cells"],
  ["/", "filter by words"],
  ["Esc", "stop playing, close, back to the notebook"],
];

export function keyList() {
  const list = element("dl", "hw-keys");
  list.hidden = true;
  for (const [key = "", does = ""] of KEYS) {
    const line = element("div");
    line.append(element("dt", "hw-mono", key), element("dd", "hw-soft", does));
    list.append(line);
  }
  return list;
}
