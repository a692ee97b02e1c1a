/** Clips that are seen together play in step, whatever each of them weighs; a single clip is a stage of one. */

import { blobUrl, button, element, slider } from "./dom.js";

/** Seconds that a clip may be off before its speed is bent, and from which on it is sought instead. */
const HELD = 0.015;
const LOST = 0.3;

/** How far a speed is bent at most, and how much of an error is made good in a second. */
const BEND = 0.3;
const PULL = 2;

/** Seconds that a start waits for clips that are still being decoded. */
const PATIENCE = 3;

const SPEEDS = [0.25, 0.5, 1, 1.5, 2];

/**
 * A clip that is being loaded, for a stage later on.
 * @param {string} url
 */
export function loading(url) {
  const video = element("video", "hw-video");
  video.muted = true;
  video.playsInline = true;
  video.preload = "auto";
  video.disablePictureInPicture = true;
  video.tabIndex = -1;
  video.src = url;
  return video;
}

export class Stage {
  /** @type {Map<string, HTMLVideoElement>} */
  #members = new Map();
  /** @type {WeakMap<HTMLVideoElement, number>} */
  #aims = new WeakMap();
  #changed;
  #time = 0;
  #frame = 0;
  #playing = false;
  #rate = 1;
  loop = true;
  muted = true;
  fps = 24;

  /** @param {() => void} changed Called after every change, and with every frame while it plays. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** The clips by their keys. */
  get members() {
    return this.#members;
  }

  /** Whether it plays. */
  get playing() {
    return this.#playing;
  }

  /** Seconds from the beginning. */
  get time() {
    return this.#time;
  }

  /** Seconds of the longest clip; shorter ones hold their last frame. */
  get duration() {
    return Math.max(0, ...[...this.#members.values()].map((video) => video.duration || 0));
  }

  /** How fast, 1 for as it is. */
  get rate() {
    return this.#rate;
  }

  set rate(rate) {
    this.#rate = rate;
    for (const video of this.#members.values()) video.playbackRate = rate;
    this.#changed();
  }

  /**
   * Take a clip on the stage; it joins where the others are.
   * @param {string} key
   * @param {string} url A Blob URL.
   * @param {HTMLVideoElement} [video] What has loaded it already.
   */
  add(key, url, video = loading(url)) {
    video.muted = this.muted;
    video.addEventListener("seeked", () => {
      const aim = this.#aims.get(video);
      if (aim !== undefined) this.#seek(video, aim);
    });
    video.addEventListener("loadedmetadata", () => {
      this.#seek(video, this.#time);
      this.#changed();
    });
    this.#members.set(key, video);
    return video;
  }

  /**
   * Take a clip from the stage and let go of its decoder.
   * @param {string} key
   */
  remove(key) {
    const video = this.#members.get(key);
    if (!video) return;
    this.#members.delete(key);
    video.pause();
    video.removeAttribute("src");
    video.load();
    video.remove();
    if (!this.#members.size) {
      this.pause();
      this.#time = 0;
    }
    this.#changed();
  }

  /** Take all clips from the stage. */
  clear() {
    for (const key of [...this.#members.keys()]) this.remove(key);
  }

  /** Play on, from the beginning where it has ended. The clips start together, once each can. */
  async play() {
    if (this.#playing || !this.#members.size) return;
    this.#playing = true;
    if (this.duration && this.#time >= this.duration - 0.05) this.seek(0);
    this.#changed();
    await Promise.all([...this.#members.values()].map(ready));
    if (!this.#playing) return;
    for (const video of this.#members.values()) this.#start(video);
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(this.#follow);
  }

  /** Stand still, all on the same frame. */
  pause() {
    cancelAnimationFrame(this.#frame);
    this.#playing = false;
    for (const video of this.#members.values()) {
      video.pause();
      video.playbackRate = this.#rate;
      this.#seek(video, this.#time);
    }
    this.#changed();
  }

  toggle() {
    if (this.#playing) this.pause();
    else this.play();
  }

  /** @param {number} time Seconds. */
  seek(time) {
    this.#time = Math.min(Math.max(0, time), this.duration || 0);
    for (const video of this.#members.values()) this.#seek(video, this.#time);
    this.#changed();
  }

  /**
   * Stand still so many frames further on.
   * @param {number} frames Negative goes back.
   */
  step(frames) {
    this.pause();
    // The middle of a frame: its edge may round to the one before.
    this.seek((Math.floor(this.#time * this.fps + 0.01) + frames + 0.5) / this.fps);
  }

  /** @param {HTMLVideoElement} video */
  #start(video) {
    video.playbackRate = this.#rate;
    if (!video.ended && this.#time < video.duration) video.play().catch(() => {});
  }

  /**
   * A new aim while it still seeks is kept until it has arrived: half-done seeks would never show a frame.
   * @param {HTMLVideoElement} video
   * @param {number} time
   */
  #seek(video, time) {
    if (!(video.readyState >= HTMLMediaElement.HAVE_METADATA)) return;
    if (video.seeking) {
      this.#aims.set(video, time);
      return;
    }
    this.#aims.delete(video);
    const within = Math.min(time, video.duration);
    if (Math.abs(video.currentTime - within) > 0.001) video.currentTime = within;
  }

  /** The longest clip that can play sets the time. */
  #leader() {
    let leader;
    for (const video of this.#members.values()) {
      if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) continue;
      if (!leader || video.duration > leader.duration + 0.001) leader = video;
    }
    return leader;
  }

  #follow = () => {
    const leader = this.#leader();
    if (leader?.ended) {
      if (!this.loop) {
        this.#time = leader.duration;
        this.pause();
        return;
      }
      this.seek(0);
      for (const video of this.#members.values()) video.play().catch(() => {});
    } else if (leader) {
      this.#time = leader.currentTime;
      if (leader.paused) this.#start(leader);
      for (const video of this.#members.values()) if (video !== leader) this.#hold(video);
      this.#changed();
    }
    this.#frame = requestAnimationFrame(this.#follow);
  };

  /**
   * Keep a clip with the leader: small errors by its speed, which is not visible, large ones by a jump.
   * @param {HTMLVideoElement} video
   */
  #hold(video) {
    if (video.readyState < HTMLMediaElement.HAVE_METADATA || video.seeking) return;
    if (this.#time >= video.duration) return;
    const off = video.currentTime - this.#time;
    if (Math.abs(off) > LOST) {
      video.currentTime = this.#time;
    } else {
      const bent = Math.abs(off) > HELD ? Math.min(BEND, Math.max(-BEND, -PULL * off)) : 0;
      const rate = Math.max(0.0625, this.#rate * (1 + bent));
      if (Math.abs(video.playbackRate - rate) > 0.01) video.playbackRate = rate;
    }
    if (video.paused) video.play().catch(() => {});
  }
}

/**
 * When a clip can be played, or can't, or takes too long.
 * @param {HTMLVideoElement} video
 */
function ready(video) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      resolve(undefined);
    };
    const timer = setTimeout(done, PATIENCE * 1000);
    const look = () => {
      if (!video.seeking && video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) done();
    };
    for (const event of ["canplay", "seeked"]) video.addEventListener(event, look);
    video.addEventListener("error", done);
    look();
  });
}

/**
 * One clip at a time on a stage, from the kernel's bytes.
 * @param {Stage} stage
 * @param {HTMLElement} frame Where it is seen.
 */
export function film(stage, frame) {
  let url = "";
  function clear() {
    stage.clear();
    URL.revokeObjectURL(url);
  }
  return {
    clear,
    /**
     * Show this clip instead; says whether there is one.
     * @param {string} key
     * @param {DataView | undefined} bytes
     */
    show(key, bytes) {
      clear();
      if (!bytes?.byteLength) return false;
      url = blobUrl(bytes, "video/mp4");
      frame.replaceChildren(stage.add(key, url));
      return true;
    },
  };
}

/**
 * The bar under a stage: play, frame by frame, scrub, speed, loop.
 * @param {Stage} stage
 * @param {{play: string, start?: () => void}} options What the button is called, and how it starts where that takes more
 *   than to play.
 */
export function transport(stage, { play: label, start }) {
  const root = element("div", "hw-transport");
  root.role = "group";
  root.ariaLabel = label;
  const play = button(label, "", "hw-button hw-primary hw-play");
  const back = button("One frame back (,)", "‹", "hw-button hw-quiet");
  const on = button("One frame forward (.)", "›", "hw-button hw-quiet");
  const scrub = slider("Time", "hw-scrub", 1000);
  const time = element("span", "hw-soft hw-number hw-time");
  const speed = element("select", "hw-select");
  speed.ariaLabel = "Speed";
  for (const each of SPEEDS) speed.append(new Option(`${each}×`, String(each), each === 1, each === 1));
  const loop = button("Loop", "Loop", "hw-button hw-quiet hw-toggle");
  const note = element("span", "hw-soft hw-transport-note");
  root.append(play, back, on, scrub, time, speed, loop, note);

  play.addEventListener("click", () => {
    if (stage.playing) stage.pause();
    else if (start) start();
    else stage.play();
  });
  back.addEventListener("click", () => stage.step(-1));
  on.addEventListener("click", () => stage.step(1));
  scrub.addEventListener("input", () => stage.seek((Number(scrub.value) / 1000) * stage.duration));
  speed.addEventListener("change", () => {
    stage.rate = Number(speed.value);
  });
  loop.addEventListener("click", () => {
    stage.loop = !stage.loop;
    update();
  });

  /** Show how far the stage is. */
  function update() {
    const { duration } = stage;
    const far = duration ? stage.time / duration : 0;
    const doing = stage.playing ? "Pause playing" : label;
    const text = stage.playing ? "❚❚ Pause" : `▶ ${label}`;
    if (play.textContent !== text) {
      play.textContent = text;
      play.ariaLabel = play.title = doing;
    }
    play.disabled = !(stage.members.size || start);
    back.disabled = on.disabled = scrub.disabled = !duration;
    scrub.value = String(Math.round(far * 1000));
    scrub.style.setProperty("--hw-fraction", String(far));
    scrub.ariaValueText = `${stage.time.toFixed(1)} of ${duration.toFixed(1)} seconds`;
    time.textContent = duration ? `${stage.time.toFixed(1)} / ${duration.toFixed(1)} s` : "";
    loop.ariaPressed = String(stage.loop);
  }

  update();
  return { root, note, update };
}
