// The fleet's JSON API. The token lives in this tab alone, and leaves the address bar at once; who signed in by name has
// a cookie that no script can read.

const KEY = "cygnet-fleet-token";

export class Refusal extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** Take the token from the URL's fragment, if one is there; whether this tab has one. */
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(KEY) !== null;
}

export const setToken = (token) => sessionStorage.setItem(KEY, token.trim());
export const forgetToken = () => sessionStorage.removeItem(KEY);

/** One segment of a path. */
export const segment = encodeURIComponent;

/** "a=1&b=2" of what is not empty. */
export const query = (members) => new URLSearchParams(Object.entries(members).filter(([, value]) => value !== "" && value !== null && value !== undefined)).toString();

/** One request; answers the JSON, or throws a Refusal whose message is a sentence for people. */
export async function call(method, path, { body, data, signal } = {}) {
  const response = await request(method, path, { body, data, signal });
  return response.json();
}

async function request(method, path, { body, data, signal }) {
  const headers = {}, token = sessionStorage.getItem(KEY);
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, signal, body: body === undefined ? data : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("The fleet does not answer; is `cygnet fleet serve` running?", 0);
  }
  if (!response.ok) {
    const document = await response.json().catch(() => ({}));
    throw new Refusal(document.error ?? `The fleet answers HTTP ${response.status}.`, response.status);
  }
  return response;
}

/** What a device shows, from the first event to the end of the look. */
export async function* screenEvents(path, id, signal) {
  yield* eventsOf(await request("GET", `${path}?id=${encodeURIComponent(id)}`, { signal }));
}

/** Server-sent events over fetch, since EventSource cannot carry the token. Ends when the connection does. */
export async function* liveEvents() {
  const response = await request("GET", "/api/live", {});
  yield { type: "watching" };
  yield* eventsOf(response);
}

async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch(() => ({ done: true }));
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) if (part.startsWith("data: ")) yield JSON.parse(part.slice(6));
  }
}
