/** What can be done with a clip that is looked at: keep its file, say where it is, ask for it again. */

import { button, element } from "./dom.js";

/**
 * @param {object} clip
 * @param {string} clip.file Its path, relative to the notebook; "" where there is none.
 * @param {string} clip.cell The cell that asks for it; "" where there is none.
 * @param {() => Promise<string>} clip.url Its address in this page.
 */
export function clipActions({ file, cell, url }) {
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

  return root;
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
