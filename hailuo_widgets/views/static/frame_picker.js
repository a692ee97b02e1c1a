/**
 * A place for one picture: dropped, pasted, chosen or named by its address. What it is and what is wrong with it is found
 * out in the kernel; the picture itself travels as binary, in parts.
 *
 * @typedef {object} Shown
 * @property {string} [name] Missing where there is no picture.
 * @property {string} [facts]
 * @property {string} [note]
 * @property {string[]} [problems]
 * @property {string} [fit] What would be done to it to make it fit, "" where nothing can be.
 * @property {string} [failed] Why the last thing that was tried did not work.
 *
 * @typedef {Shown & {steps: string[], crop: "x" | "y" | ""}} Proposal
 *
 * @typedef {object} Options
 * @property {string} title
 * @property {(content: Record<string, unknown>, buffers?: ArrayBuffer[]) => void} send
 * @property {AbortSignal} signal
 */

import { blobUrl, button, element, focused, say, slider } from "./dom.js";

/** Bytes of a file that one message carries: a Jupyter server takes no message of more than 10 MB. */
const PART = 1 << 20;

/** Bytes. No vendor takes more. */
const MOST = 64 << 20;

/** Milliseconds that the kernel may take to say what it got; a server drops what is too much for it without a word. */
const ANSWERED_WITHIN = 20_000;

/** @param {Options} options */
export function framePicker({ title, send, signal }) {
  const root = element("div", "hw-picker");
  root.role = "group";
  root.ariaLabel = title;
  const file = element("input", "hw-hidden-file");
  file.type = "file";
  file.accept = "image/*";
  file.tabIndex = -1;
  file.ariaHidden = "true";
  const heading = element("span", "hw-label", title);

  const empty = element("div", "hw-picker-empty");
  const choose = button(`Choose a picture: ${title}`, "Choose a picture…");
  const or = element("span", "hw-soft", "drop or paste one here, or");
  const address = element("input", "hw-input");
  address.type = "url";
  address.placeholder = "https://…";
  address.ariaLabel = `Address of a picture: ${title}`;
  empty.append(choose, or, address);

  const full = element("div", "hw-picker-full");
  const image = element("img", "hw-thumbnail");
  image.alt = "";
  const words = element("div", "hw-picker-words");
  const name = element("b", "hw-name");
  name.dir = "auto";
  const facts = element("span", "hw-soft hw-number");
  const note = element("span", "hw-soft");
  const problems = element("div", "hw-problems");
  problems.role = "alert";
  const actions = element("div", "hw-row");
  const fit = button("Make it fit", "Make it fit…", "hw-button hw-primary");
  const other = button(`Choose another picture: ${title}`, "Change…");
  const remove = button(`Remove the picture: ${title}`, "Remove");
  actions.append(fit, other, remove);
  words.append(name, facts, note, problems, actions);
  full.append(image, words);

  const proposal = element("div", "hw-proposal");
  proposal.role = "group";
  proposal.ariaLabel = "Ways to make it fit";
  const result = element("img", "hw-thumbnail");
  result.alt = "Preview of the changed picture";
  const steps = element("div", "hw-soft");
  const slide = slider("Which part of the picture is kept", "hw-slide", 100, 50);
  const accept = button("Use this picture", "Use this", "hw-button hw-primary");
  const leave = button("Leave the picture as it is", "Leave it");
  const choices = element("div", "hw-row");
  choices.append(accept, leave);
  const told = element("div", "hw-picker-words");
  const become = element("span", "hw-number");
  told.append(become, steps, slide, choices);
  proposal.append(result, told);

  const failed = element("div", "hw-failed");
  failed.role = "alert";
  root.append(file, heading, empty, full, proposal, failed);

  /** @type {Map<HTMLImageElement, string>} */
  const urls = new Map();
  /**
   * @param {HTMLImageElement} target
   * @param {DataView | null} bytes
   */
  function fill(target, bytes) {
    URL.revokeObjectURL(urls.get(target) ?? "");
    urls.delete(target);
    target.hidden = !bytes?.byteLength;
    if (!bytes?.byteLength) {
      target.removeAttribute("src");
      return;
    }
    const url = blobUrl(bytes, "image/jpeg");
    urls.set(target, url);
    target.src = url;
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let unanswered;

  /** @param {Blob & {name?: string}} picked */
  async function upload(picked) {
    if (picked.size > MOST) {
      say(failed, `“${picked.name ?? "The file"}” is larger than 64 MB, which no vendor takes.`);
      return;
    }
    say(failed);
    const data = await picked.arrayBuffer();
    const id = `${Date.now()}-${picked.size}`;
    const of = Math.max(1, Math.ceil(data.byteLength / PART));
    for (let part = 0; part < of; part += 1) {
      const bytes = data.slice(part * PART, (part + 1) * PART);
      send({ type: "upload", upload: id, part, of, name: picked.name ?? "" }, [bytes]);
    }
    const unheard = "The kernel hasn't answered yet. If it is idle, the picture was lost: choose it again.";
    clearTimeout(unanswered);
    unanswered = setTimeout(() => say(failed, unheard), ANSWERED_WITHIN);
  }

  /** @param {DataTransfer | null} data */
  function take(data) {
    const [picked] = data?.files ?? [];
    if (picked) {
      upload(picked);
      return true;
    }
    const text = data?.getData("text/uri-list") || data?.getData("text/plain") || "";
    if (/^(https?:\/\/|data:image\/)/i.test(text.trim())) {
      send({ type: "url", url: text.trim().split("\n")[0] });
      return true;
    }
    return false;
  }

  /** @type {[HTMLElement, string, (event: any) => void][]} */
  const heard = [
    [choose, "click", () => file.click()],
    [other, "click", () => file.click()],
    [file, "change", () => file.files?.[0] && upload(file.files[0])],
    [remove, "click", () => send({ type: "clear" })],
    [fit, "click", () => send({ type: "fit", at: 0.5 })],
    [slide, "input", () => send({ type: "fit", at: Number(slide.value) / 100 })],
    [accept, "click", () => send({ type: "accept" })],
    [
      leave,
      "click",
      () => {
        proposal.hidden = true;
        fit.focus();
      },
    ],
    [address, "change", () => address.value.trim() && send({ type: "url", url: address.value.trim() })],
    [
      root,
      "paste",
      (/** @type {ClipboardEvent} */ event) => {
        if (event.target !== address && take(event.clipboardData)) event.preventDefault();
      },
    ],
    [
      root,
      "dragover",
      (/** @type {DragEvent} */ event) => {
        event.preventDefault();
        event.stopPropagation();
        root.dataset.over = "true";
      },
    ],
    [root, "dragleave", () => delete root.dataset.over],
    [
      root,
      "drop",
      (/** @type {DragEvent} */ event) => {
        event.preventDefault();
        event.stopPropagation();
        delete root.dataset.over;
        take(event.dataTransfer);
      },
    ],
  ];
  for (const [target, event, act] of heard) target.addEventListener(event, act, { signal });
  signal.addEventListener("abort", () => {
    clearTimeout(unanswered);
    for (const url of urls.values()) URL.revokeObjectURL(url);
  });

  /** @param {Shown} shown */
  function show(shown) {
    clearTimeout(unanswered);
    const held = root.contains(focused(root)) && focused(root)?.closest("[hidden]") === null;
    const has = shown.name !== undefined;
    empty.hidden = has;
    full.hidden = !has;
    proposal.hidden = true;
    say(failed, shown.failed ?? "");
    say(name, shown.name ?? "");
    say(facts, shown.facts ?? "");
    say(note, shown.note ?? "");
    problems.hidden = !shown.problems?.length;
    problems.replaceChildren(...(shown.problems ?? []).map((text) => element("div", "", text)));
    fit.hidden = !shown.fit;
    fit.title = shown.fit ? `It would be ${shown.fit}.` : "";
    root.dataset.state = !has ? "empty" : shown.problems?.length ? "bad" : "good";
    file.value = "";
    if (!has) address.value = "";
    // What had the focus may be gone now; the keyboard goes on at what matters next.
    const active = focused(root);
    if (held && active && !active.checkVisibility()) (has ? (shown.fit ? fit : other) : choose).focus();
  }

  show({});
  fill(image, null);
  return {
    root,
    show,
    /** @param {DataView | null} bytes */
    picture(bytes) {
      clearTimeout(unanswered);
      fill(image, bytes);
    },
    /**
     * @param {Proposal} made
     * @param {DataView | null} bytes
     */
    propose(made, bytes) {
      const first = proposal.hidden;
      proposal.hidden = false;
      fill(result, bytes);
      say(become, made.facts ?? "");
      say(steps, made.steps.join(", "));
      slide.hidden = !made.crop;
      if (first) (made.crop ? slide : accept).focus();
    },
  };
}
