// audio and video: sound and film from the program's package.

import { Component, make, number, text } from "./component.js";

const REASONS = { 1: "MEDIA_ERR_ABORTED", 2: "MEDIA_ERR_NETWORK", 3: "MEDIA_ERR_DECODE", 4: "MEDIA_ERR_SRC_NOT_SUPPORTED" };
const UPDATE_MILLISECONDS = 250;

/** What sound and film have in common. `createMedia` gives the browser's own element. */
class Media extends Component {
  createElement() {
    return document.createElement(`${this.tag}-view`); // HTML's own takes neither children nor our drawing
  }

  build() {
    this.media = this.createMedia();
    this.media.preload = "metadata";
    this.told = 0;
    const tell = (type, detail) => this.media.addEventListener(type, () => this.emit(type, detail?.() ?? {}));
    tell("play");
    tell("pause");
    tell("ended");
    tell("waiting");
    tell("loadedmetadata", () => ({ width: this.media.videoWidth ?? 0, height: this.media.videoHeight ?? 0, duration: this.length }));
    this.media.addEventListener("timeupdate", () => {
      if (performance.now() - this.told < UPDATE_MILLISECONDS && !this.media.ended) return;
      this.told = performance.now();
      this.emit("timeupdate", { currentTime: this.media.currentTime, duration: this.length });
    });
    this.media.addEventListener("progress", () => {
      const { buffered } = this.media;
      const end = buffered.length ? buffered.end(buffered.length - 1) : 0;
      this.emit("progress", { buffered: this.length ? Math.round((100 * end) / this.length) : 0 });
    });
    this.media.addEventListener("seeked", () => this.emit("seekcomplete", { position: Math.round(this.media.currentTime * 1000) }));
    this.media.addEventListener("error", () => this.missed(REASONS[this.media.error?.code] ?? "MEDIA_ERR_SRC_NOT_SUPPORTED"));
  }

  get length() {
    return Number.isFinite(this.media.duration) ? this.media.duration : number(this.values.duration, 0);
  }

  missed(reason) {
    this.element.setAttribute("data-missing", "");
    this.emit("error", { errMsg: reason });
  }

  update(name) {
    const value = this.values[name];
    if (name === "src") this.load();
    else if (name === "loop") this.media.loop = Boolean(value);
    else if (name === "autoplay" && value) this.page.whenShown(() => this.play());
  }

  load() {
    const source = text(this.values.src);
    const address = this.page.resource(source);
    this.element.removeAttribute("data-missing");
    if (address) {
      this.media.src = address;
      if (this.values.autoplay) this.page.whenShown(() => this.play());
      return;
    }
    this.media.removeAttribute("src");
    this.media.load();
    if (source) this.missed(`MEDIA_ERR_SRC_NOT_SUPPORTED: ${source.slice(0, 120)} is no file of the program`);
  }

  /** Play; a browser that lets nothing sound before a touch plays it muted. */
  async play() {
    try {
      await this.media.play();
    } catch (error) {
      if (error.name !== "NotAllowedError" || this.media.muted) return; // an unsuitable source has its own event
      this.media.muted = true;
      this.media.play().catch(() => this.emit("pause"));
    }
  }

  /** What a program's audio or video context asks for; see `call` in patches.py. */
  call(method, [first]) {
    if (method === "play") this.play();
    else if (method === "pause") this.media.pause();
    else if (method === "seek") this.media.currentTime = Math.max(0, number(first, 0));
    else if (method === "setSrc") {
      this.values.src = text(first);
      this.load();
    } else if (method === "stop") {
      this.media.pause();
      this.media.currentTime = 0;
    } else if (method === "playbackRate") this.media.playbackRate = Math.min(4, Math.max(0.25, number(first, 1)));
    else super.call(method, []);
  }

  attached() {
    if (this.silenced) this.load();
    this.silenced = false;
  }

  detached() {
    this.silenced = true;
    this.media.pause();
    this.media.removeAttribute("src");
    this.media.load();
  }
}

export class Video extends Media {
  createMedia() {
    const film = make("video", { class: "cy-film", playsinline: "", disablepictureinpicture: "", controlslist: "nodownload noremoteplayback" });
    film.controls = true;
    film.addEventListener("fullscreenchange", () => {
      this.emit("fullscreenchange", { fullScreen: document.fullscreenElement !== null, direction: "horizontal" });
    });
    return film;
  }

  build() {
    super.build();
    this.content = make("div", { class: "cy-film-over" });
    this.element.append(this.media, this.content);
  }

  update(name) {
    const value = this.values[name];
    switch (name) {
      case "controls":
        this.media.controls = value === undefined || Boolean(value);
        break;
      case "muted":
        this.media.muted = Boolean(value);
        break;
      case "poster":
        this.media.poster = this.page.resource(text(value)) ?? "";
        break;
      case "object-fit":
        this.media.style.objectFit = ["contain", "fill", "cover"].includes(value) ? value : "contain";
        break;
      case "initial-time":
        this.media.addEventListener("loadedmetadata", () => { this.media.currentTime = number(this.values["initial-time"], 0); }, { once: true });
        break;
      case "show-fullscreen-btn":
        this.media.controlsList.toggle("nofullscreen", value === false);
        break;
      default:
        super.update(name);
    }
  }

  call(method, values) {
    if (method === "requestFullScreen") this.media.requestFullscreen?.().catch(() => {}); // only after a touch
    else if (method === "exitFullScreen" && document.fullscreenElement) document.exitFullscreen();
    else if (method !== "exitFullScreen") super.call(method, values);
  }
}

export class Audio extends Media {
  createMedia() {
    return make("audio", { class: "cy-unseen" });
  }

  build() {
    super.build();
    this.button = make("button", { type: "button", class: "cy-sound-button", "data-quiet": "", "aria-label": "Play" });
    this.title = make("b", {}, "未知音频");
    this.author = make("span", {}, "未知作者");
    this.clock = make("span", { class: "cy-sound-clock" }, "00:00");
    this.box = make("div", { class: "cy-sound" }, this.button, make("div", { class: "cy-sound-words" }, this.title, this.author), this.clock);
    this.element.append(this.media, this.box);
    this.content = make("span", { class: "cy-unseen" });
    this.box.hidden = true;
    this.button.addEventListener("click", () => (this.media.paused ? this.play() : this.media.pause()));
    for (const type of ["play", "pause", "ended"]) this.media.addEventListener(type, () => this.show());
    this.media.addEventListener("timeupdate", () => this.show());
  }

  show() {
    const playing = !this.media.paused;
    this.element.toggleAttribute("data-playing", playing);
    this.button.setAttribute("aria-label", playing ? "Pause" : "Play");
    const seconds = Math.floor(this.media.currentTime);
    this.clock.textContent = `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
  }

  update(name) {
    const value = this.values[name];
    if (name === "controls") this.box.hidden = !value;
    else if (name === "name") this.title.textContent = text(value, "未知音频");
    else if (name === "author") this.author.textContent = text(value, "未知作者");
    else if (name === "poster") {
      const address = this.page.resource(text(value));
      this.button.style.backgroundImage = address ? `url("${address.replace(/["\\\n]/g, encodeURIComponent)}")` : "";
    } else super.update(name);
  }
}
