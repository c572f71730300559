// The WebSocket to the tools' server; it connects again by itself, since a board that is exchanged takes the server along.

const FIRST_WAIT = 150;
const LONGEST_WAIT = 3000;

export class Link {
  /**
   * @param {(message: object) => void} onMessage
   * @param {(here: boolean) => void} onState
   */
  constructor(onMessage, onState) {
    this.onMessage = onMessage;
    this.onState = onState;
    this.failures = 0;
    this.connect();
  }

  connect() {
    const token = new URLSearchParams(location.search).get("token") ?? "";
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(`${scheme}//${location.host}/dev/ws?token=${encodeURIComponent(token)}`);
    this.socket.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      if (message.type === "hello") {
        this.failures = 0;
        this.onState(true);
      }
      this.onMessage(message);
    });
    this.socket.addEventListener("close", () => {
      this.onState(false);
      this.failures += 1;
      setTimeout(() => this.connect(), Math.min(LONGEST_WAIT, FIRST_WAIT * 1.6 ** Math.min(this.failures - 1, 10)));
    });
  }

  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }
}
