// Telemetry as series for a chart: rates by name, values and sums by device.

export const MOST_SERIES = 6;

/** Rates as columns, the most frequent names on their own. */
export function byName(rates, from) {
  const names = new Map();
  for (const { time, name, count } of rates) {
    if (time < from) continue;
    if (!names.has(name)) names.set(name, { name, points: new Map(), total: 0 });
    const entry = names.get(name);
    entry.points.set(time, count);
    entry.total += count;
  }
  const sorted = [...names.values()].sort((a, b) => b.total - a.total);
  if (sorted.length <= MOST_SERIES) return sorted;
  const others = { name: `${sorted.length - MOST_SERIES} others`, points: new Map() };
  for (const { points } of sorted.slice(MOST_SERIES)) {
    for (const [time, count] of points) others.points.set(time, (others.points.get(time) ?? 0) + count);
  }
  return [...sorted.slice(0, MOST_SERIES), others];
}

/** One value of records, by device. */
export function byDevice(records, [name, key], from) {
  const devices = new Map();
  for (const record of records) {
    const value = record.values[key];
    if (record.name !== name || typeof value !== "number" || record.time < from) continue;
    if (!devices.has(record.device)) devices.set(record.device, []);
    devices.get(record.device).push([record.time, value]);
  }
  for (const points of devices.values()) points.sort((a, b) => a[0] - b[0]);
  return devices;
}

/** Means of a value, by device. */
export function meansByDevice({ step, sums }, from) {
  const devices = new Map();
  for (const { device, time, mean } of sums) {
    if (time < from) continue;
    if (!devices.has(device)) devices.set(device, []);
    devices.get(device).push([time + step / 2, mean]);
  }
  return devices;
}
