// The WebSocket to the device: connects again by itself, ever more slowly, and says how it stands.

const FIRST_WAIT_MILLISECONDS = 400;
const LONGEST_WAIT_MILLISECONDS = 10_000;
const STEADY_MILLISECONDS = 5_000;

export class Connection {
  /**
   * @param {(message: object) => void} onMessage
   * @param {(state: "here" | "away") => void} onState
   */
  constructor(onMessage, onState) {
    this.onMessage = onMessage;
    this.onState = onState;
    this.failures = 0;
    this.socket = null;
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    this.connect();
  }

  get open() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  connect() {
    clearTimeout(this.timer);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/ws`);
    this.socket = socket;
    socket.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      if (message.type === "hello") {
        this.steady = setTimeout(() => { this.failures = 0; }, STEADY_MILLISECONDS);
        this.onState("here");
      }
      this.onMessage(message);
    });
    socket.addEventListener("close", () => {
      if (socket === this.socket) this.lost();
    });
  }

  lost() {
    clearTimeout(this.steady);
    this.onState("away");
    this.failures += 1;
    const wait = Math.min(LONGEST_WAIT_MILLISECONDS, FIRST_WAIT_MILLISECONDS * 1.7 ** Math.min(this.failures - 1, 12));
    this.timer = setTimeout(() => this.connect(), wait * (0.8 + Math.random() * 0.4));
  }

  /** The network or the owner is back: do not wait out the pause. */
  hurry() {
    if (this.socket?.readyState === WebSocket.CLOSED) this.connect();
  }

  /** Begin anew, to get every page afresh. */
  restart() {
    this.socket?.close();
  }

  send(message) {
    if (this.open) this.socket.send(JSON.stringify(message));
  }

  sendAudio(samples) {
    if (this.open && this.socket.bufferedAmount < 256 * 1024) this.socket.send(samples);
  }
}
