/** What can be done with a clip that is looked at: keep its file, say where it is, ask for it again, go on from it. */

import { button, element } from "./dom.js";

/**
 * @param {object} clip
 * @param {string} clip.file Its path, relative to the notebook; "" where there is none.
 * @param {string} clip.cell The cell that asks for it; "" where there is none.
 * @param {() => Promise<string>} clip.url Its address in this page.
 * @param {(extend: boolean) => void} clip.studio Open it in a studio: its request, or the next clip from its last frame.
 */
export function clipActions({ file, cell, url, studio }) {
  const root = element("div", "hw-clip-actions");
  root.role = "group";
  root.ariaLabel = "Clip actions";
  const said = element("span", "hw-soft");
  said.role = "status";
  if (file) {
    const download = button("Download", "Download");
    download.addEventListener("click", async () => {
      try {
        const link = element("a");
        link.href = await url();
        link.download = file.split("/").at(-1) ?? "clip.mp4";
        link.click();
      } catch (error) {
        said.textContent = error instanceof Error ? error.message : "";
      }
    });
    root.append(download, copier("Copy path", file));
  }
  if (cell) root.append(copier("Copy as cell", cell));
  if (file && cell) root.append(opener("Open in studio", false), opener("Extend from last frame", true));
  root.append(said);

  /**
   * @param {string} label
   * @param {string} text
   */
  function copier(label, text) {
    const made = button(label, label);
    made.addEventListener("click", async () => {
      said.textContent = (await copied(text, root)) ? "Copied" : "The browser doesn't allow copying";
    });
    return made;
  }

  /**
   * @param {string} label
   * @param {boolean} extend
   */
  function opener(label, extend) {
    const made = button(label, label);
    made.addEventListener("click", () => {
      said.textContent = "Opening the studio below…";
      studio(extend);
    });
    return made;
  }

  return root;
}

/**
 * Show the view that the kernel has opened, under another one.
 * @param {HTMLElement} root The other one.
 * @param {string} place The class of the element that the view looks for; "" if it could not be opened.
 * @param {string} why The reason, if it could not.
 * @param {string} name What it is.
 */
export function openBelow(root, place, why, name = "studio") {
  root.querySelector(":scope > .hw-studio-below")?.remove();
  const below = element("div", "hw-studio-below");
  below.tabIndex = -1;
  const close = button(`Close the ${name}`, "✕", "hw-button hw-quiet");
  close.addEventListener("click", () => {
    below.remove();
    root.scrollIntoView({ block: "nearest" });
  });
  const holder = element("div", place, why);
  below.append(close, holder);
  below.addEventListener(
    "hw-gone",
    ({ target }) => {
      if (target instanceof HTMLElement && target.parentElement === holder) below.remove();
    },
    { capture: true },
  );
  if (why) below.role = "alert";
  // Its keys are no keys of the view.
  below.addEventListener("keydown", (event) => event.stopPropagation());
  below.addEventListener(
    "hw-placed",
    () => {
      below.scrollIntoView({ block: "start" });
      below.focus({ preventScroll: true });
    },
    { once: true, capture: true },
  );
  root.append(below);
}

/**
 * @param {string} text
 * @param {HTMLElement} near Where the text may be put for a moment: a modal dialog lets nothing outside be selected.
 */
async function copied(text, near) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without https there is no clipboard, but the old command still works.
    const area = element("textarea", "hw-unseen");
    area.value = text;
    near.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
