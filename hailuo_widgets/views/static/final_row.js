/** A draft's final: the button with its price, how far it is, and the way to see both side by side. */

import { button, element, say } from "./dom.js";

/**
 * @typedef {object} Final
 * @property {string} offer What the button says, with the price; "" where there is nothing to buy.
 * @property {string} said How it stands.
 * @property {string} problem
 * @property {boolean} ready Whether it can be seen.
 */

/** @param {{promote: () => void, beside: () => void}} desk */
export function finalRow({ promote, beside }) {
  const root = element("div", "hw-final");
  root.role = "group";
  root.ariaLabel = "Final in 2K";
  const buy = button("Promote to 2K", "Promote to 2K");
  const said = element("span", "hw-soft");
  said.role = "status";
  said.tabIndex = -1;
  const both = button("Side by side: draft and final", "Side by side");
  const problem = element("div", "hw-final-problem");
  problem.role = "alert";
  root.append(buy, said, both, problem);
  root.hidden = true;
  buy.addEventListener("click", () => {
    buy.disabled = true; // one click buys one final
    promote();
  });
  both.addEventListener("click", beside);

  return {
    root,
    /** @param {Final | undefined | null} final */
    show(final) {
      if (!final) buy.disabled = false;
      root.hidden = !(final?.offer || final?.said || final?.problem);
      if (!final) return;
      const held = root.contains(/** @type {Document | ShadowRoot} */ (root.getRootNode()).activeElement);
      buy.hidden = !final.offer;
      buy.disabled = false;
      buy.textContent = buy.ariaLabel = buy.title = final.offer;
      both.hidden = !final.ready;
      say(said, final.said);
      say(problem, final.problem);
      if (held && buy.hidden) (final.ready ? both : said).focus(); // the button that had it is gone
    },
  };
}
