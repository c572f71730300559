// Times and sizes, in words. Times are Unix seconds.

/** "4 s ago" */
export function ago(time, now) {
  if (time === null) return "never";
  const seconds = Math.max(0, Math.floor(now - time));
  for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60]]) {
    if (seconds >= length) return `${Math.floor(seconds / length)} ${unit} ago`;
  }
  return seconds < 3 ? "now" : `${seconds} s ago`;
}

/** "27 Nov 2026, 10:04" */
export const moment = (time) => new Date(time * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short", hour12: false });

/** "27 Nov 2026" */
export const day = (time) => new Date(time * 1000).toLocaleDateString(undefined, { dateStyle: "medium" });

/** "196 KB" */
export function bytes(count) {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${Math.round(count / 1024)} KB`;
  return `${(count / 1024 / 1024).toFixed(1)} MB`;
}

/** "10 min" of a number of seconds, as short as it is exact */
export function span(seconds) {
  for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60]]) {
    if (seconds >= length && seconds % length === 0) return `${seconds / length} ${unit}`;
  }
  return `${seconds} s`;
}

export const number = (count) => count.toLocaleString();

/** "1 device", "3 devices" */
export const many = (count, one, more = `${one}s`) => `${number(count)} ${count === 1 ? one : more}`;

export const percent = (part, whole) => (whole ? Math.floor((100 * part) / whole) : 0);
