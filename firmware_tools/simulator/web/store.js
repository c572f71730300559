// What the tools know, as the server tells it. Panels subscribe to the names of what they show.

const KEPT = { console: 2000, turns: 600, sets: 600 };

/** What the data of a page (owner 0) or of a component in it are kept under. */
export const dataKey = (page, owner) => `${page} ${owner}`;

export class Store {
  constructor() {
    this.listeners = new Map();
    this.began = 0;
    this.console = [];
    this.network = new Map();
    this.turns = [];
    this.sets = [];
    this.pages = [];
    this.faults = [];
    this.used = { permissions: {}, refused: {}, request: {}, socket: {} };
    this.launch = null;
    this.status = { state: "building", text: "", warnings: [], fault: null };
    this.running = false;
    this.program = null;
    this.rules = { permissions: {}, origins: { request: {}, socket: {} }, offline: false };
    this.theme = "light";
    this.board = null;
    this.boards = [];
    this.sizes = [];
    this.storage = null;
    this.data = new Map();
    this.nodes = new Map();
    this.components = new Map();
    this.entry = null;
  }

  /** Call `listener` when one of these has changed. */
  on(names, listener) {
    for (const name of [names].flat()) {
      if (!this.listeners.has(name)) this.listeners.set(name, new Set());
      this.listeners.get(name).add(listener);
    }
  }

  tell(...names) {
    const due = new Set(names.flatMap((name) => [...(this.listeners.get(name) ?? [])]));
    for (const listener of due) listener();
  }

  receive(message) {
    switch (message.type) {
      case "hello": {
        const { type, network, ...known } = message;
        Object.assign(this, known, { network: new Map(network.map((entry) => [entry.id, entry])) });
        this.data.clear();
        this.nodes.clear();
        this.components.clear();
        this.tell("hello", "console", "network", "turns", "sets", "pages", "faults", "used", "launch", "status", "surroundings", "storage");
        break;
      }
      case "status":
        this.status = message;
        this.tell("status", "faults");
        break;
      case "running":
        this.running = message.running;
        this.tell("status");
        break;
      case "surroundings": {
        const { type, ...known } = message;
        Object.assign(this, known);
        this.tell("surroundings");
        break;
      }
      case "console":
        this.add("console", [message.line]);
        break;
      case "network":
        this.network.set(message.entry.id, message.entry);
        this.tell("network");
        break;
      case "entry":
        this.entry = message.entry;
        this.tell("entry");
        break;
      case "turn":
        this.add("turns", [message.turn]);
        if (message.sets.length) this.add("sets", message.sets);
        break;
      case "pages":
        this.pages = message.pages;
        this.tell("pages");
        break;
      case "page":
        this[message.what].set(message.what === "data" ? dataKey(message.page, message.owner) : message.page, JSON.parse(message.text));
        this.tell("page");
        break;
      case "faults":
      case "used":
      case "launch":
        this[message.type] = message[message.type];
        this.tell(message.type);
        break;
      case "storage":
        this.storage = message;
        this.tell("storage");
        break;
      case "storage_changed":
        this.tell("storage_changed");
        break;
      case "cleared":
        if (message.panel === "network") this.network = new Map(message.network.map((entry) => [entry.id, entry]));
        else this[message.panel] = [];
        this.tell(message.panel);
        break;
      default:
        console.warn(`the tools' server sent ${String(message.type)}, which this page does not know`);
    }
  }

  add(list, items) {
    this[list].push(...items);
    if (this[list].length > KEPT[list]) this[list].splice(0, this[list].length - KEPT[list]);
    this.tell(list);
  }
}
