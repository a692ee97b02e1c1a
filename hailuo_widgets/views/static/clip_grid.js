/** A library as a widget: the wall, and the clip that is chosen with its player. */

import { clipActions, openBelow } from "./clip_actions.js";
import { clipWall } from "./clip_wall.js";
import { blobUrl, button, element, say } from "./dom.js";
import { finalRow } from "./final_row.js";
import { marks } from "./marks.js";
import { placed } from "./placed.js";
import { film, Stage, transport } from "./player.js";

export default placed((model, signal) => {
  const send = (/** @type {Record<string, unknown>} */ content) => model.send(content);
  const root = element("section", "hw-view hw-panel hw-library");
  root.ariaLabel = "Library";
  const detail = element("section", "hw-detail");
  detail.ariaLabel = "Chosen clip";
  detail.hidden = true;
  const frame = element("div", "hw-frame");
  const body = element("div", "hw-result-body");
  const words = element("div", "hw-prompt");
  words.dir = "auto";
  const facts = element("div", "hw-soft hw-result-facts");
  const where = element("code", "hw-mono");
  const top = element("div", "hw-result-top");
  const failed = element("div", "hw-failed");
  failed.role = "alert";
  failed.hidden = true;
  const close = button("Close the clip", "Close");
  const stage = new Stage(() => bar.update());
  const bar = transport(stage, { play: "Play" });
  /** @type {import("./clip_wall.js").ClipRow | null} */
  let shown = null;
  /** The cell that asks for it. */
  let cell = "";
  const playing = film(stage, frame);
  const marked = marks((mark) => shown && send({ type: "mark", id: shown.id, ...mark }), signal);
  top.append(marked.rating, marked.pin, close);
  const actions = element("div");
  const final = finalRow({
    promote: () => shown && send({ type: "promote", id: shown.id }),
    beside: () => shown && send({ type: "final", id: shown.id }),
  });
  const second = element("div", "hw-frame");
  second.hidden = true;
  let secondUrl = "";
  const films = element("div", "hw-films");
  films.append(frame, second);
  body.append(top, words, facts, where, actions, final.root, failed, bar.root);
  detail.append(films, body);
  const wall = clipWall(
    {
      send,
      open(row) {
        show(row);
        send({ type: "clip", id: row.id });
        detail.scrollIntoView({ block: "nearest" });
      },
      opens: "Play it",
    },
    signal,
  );
  root.append(detail, wall.root);

  /** @param {import("./clip_wall.js").ClipRow} row */
  function show(row) {
    if (shown?.id !== row.id) {
      final.show(null);
      alone();
      cell = "";
    }
    shown = row;
    detail.hidden = false;
    say(words, row.prompt);
    say(
      facts,
      [row.model, row.provider, row.spec, row.size, row.made, ...row.tags, row.note]
        .filter(Boolean)
        .join(" · "),
    );
    say(where, `hw.library()["${row.id}"]`);
    act(row);
    marked.show(row);
  }

  /** @param {import("./clip_wall.js").ClipRow} row */
  function act(row) {
    actions.replaceChildren(
      clipActions({
        file: row.file,
        cell,
        studio: (extend) => send({ type: extend ? "extend" : "studio", id: row.id }),
        async url() {
          const { src } = frame.querySelector("video") ?? {};
          if (!src) throw new Error("The clip is not here yet.");
          return src;
        },
      }),
    );
  }

  /** Only the clip that was chosen. */
  function alone() {
    second.hidden = true;
    second.replaceChildren();
    URL.revokeObjectURL(secondUrl);
  }

  function leave() {
    playing.clear();
    alone();
    detail.hidden = true;
    shown = null;
    wall.focus();
  }

  close.addEventListener("click", leave, { signal });
  signal.addEventListener("abort", () => playing.clear());

  /**
   * @param {any} content
   * @param {DataView[]} buffers
   */
  function receive(content, buffers) {
    if (content.type === "clip" && content.id === shown?.id) {
      say(failed, content.failed);
      cell = content.cell;
      if (shown) act(shown);
      if (playing.show(content.id, buffers[0])) bar.root.querySelector("button")?.focus();
    } else if (content.type === "final") {
      if (content.id === shown?.id) final.show(content);
    } else if (content.type === "finalclip") {
      if (content.id !== shown?.id || !buffers[0] || !second.hidden) return;
      secondUrl = blobUrl(buffers[0], "video/mp4");
      second.replaceChildren(stage.add("final", secondUrl));
      second.hidden = false;
      stage.seek(0);
      stage.play();
    } else if (content.type === "studio") {
      openBelow(root, content.place, content.why);
      if (shown) act(shown);
    } else if (content.type === "problem") {
      say(failed, `${content.text} ${content.hint}`);
    } else {
      if (content.type === "row" && content.row.id === shown?.id) show(content.row);
      wall.receive(content, buffers);
    }
  }

  model.on("msg:custom", receive);
  signal.addEventListener("abort", () => model.off("msg:custom", receive));
  wall.begin();
  return root;
});
