/**
 * The marks that a person gives a clip: stars, and whether it is kept in front.
 *
 * @typedef {{rating: number} | {pinned: boolean}} Mark
 */

import { button, element } from "./dom.js";

/**
 * Five stars, of which one can be chosen; the one that is chosen takes the rating away.
 * @param {(rating: number) => void} rate
 */
function stars(rate) {
  const root = element("div", "hw-stars");
  root.role = "group";
  let rating = 0;
  const each = [1, 2, 3, 4, 5].map((value) => {
    const star = button(`${value} of 5`, "★", "hw-star");
    star.addEventListener("click", () => rate(value === rating ? 0 : value));
    return star;
  });
  root.append(...each);
  return {
    root,
    /** @param {number} now */
    set(now) {
      rating = now;
      root.ariaLabel = now ? `Rated ${now} of 5` : "Not rated";
      for (const [index, star] of each.entries()) {
        star.ariaPressed = String(index + 1 === now);
        star.dataset.on = String(index < now);
      }
    },
  };
}

/**
 * The controls of both; they show what is marked when they are told, not when they are used.
 * @param {(mark: Mark) => void} mark
 * @param {AbortSignal} signal
 */
export function marks(mark, signal) {
  const rating = stars((value) => mark({ rating: value }));
  const pin = button("Pin: keep it in front", "Pin", "hw-button hw-toggle");
  pin.addEventListener("click", () => mark({ pinned: pin.ariaPressed !== "true" }), { signal });
  return {
    rating: rating.root,
    pin,
    /** @param {{rating: number, pinned: boolean} | null} clip */
    show(clip) {
      rating.set(clip?.rating ?? 0);
      pin.ariaPressed = String(clip?.pinned ?? false);
    },
  };
}
