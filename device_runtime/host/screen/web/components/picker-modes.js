// What the columns of each mode of a picker hold, and what the owner's choice means.
//
// Every mode has `columns` (labels, column by column), `indexes` (where they stand), `turn(column, index)`, which may
// change the columns after it, and `detail()`, what the program is told.

import { number, text } from "./component.js";

const pad = (value, digits = 2) => String(value).padStart(digits, "0");
const span = (first, last) => Array.from({ length: Math.max(0, last - first) + 1 }, (_, at) => first + at);
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

function labels(range, key) {
  const list = Array.isArray(range) ? range : [];
  return list.map((item) => (item !== null && typeof item === "object" ? text(item[text(key)]) : text(item)));
}

/** `mode="selector"`: one of a list. */
class Selector {
  constructor(values) {
    this.columns = [labels(values.range, values["range-key"])];
    this.indexes = [clamp(number(values.value, 0), 0, Math.max(0, this.columns[0].length - 1))];
  }

  turn(_column, index) {
    this.indexes = [index];
  }

  detail() {
    return { value: this.indexes[0] };
  }
}

/** `mode="multiSelector"`: one of each of several lists, which the program may change meanwhile. */
class MultiSelector {
  constructor(values) {
    this.columns = (Array.isArray(values.range) ? values.range : []).map((list) => labels(list, values["range-key"]));
    const wanted = Array.isArray(values.value) ? values.value : [];
    this.indexes = this.columns.map((list, at) => clamp(number(wanted[at], 0), 0, Math.max(0, list.length - 1)));
  }

  turn(column, index) {
    this.indexes[column] = index;
  }

  detail() {
    return { value: [...this.indexes] };
  }
}

/** Numbers in columns, each bounded by those before it: what `time` and `date` have in common. */
class Counted {
  /** `low`, `high` and `value` are lists of whole numbers, the greatest unit first. */
  constructor(low, high, value) {
    this.low = low;
    this.high = compare(low, high) > 0 ? low : high;
    this.value = compare(value, low) < 0 ? [...low] : compare(value, this.high) > 0 ? [...this.high] : [...value];
    this.fill();
  }

  /** The last number that this column may show, whatever the bounds. */
  end(_column) {
    return 0;
  }

  begin(_column) {
    return 0;
  }

  fill() {
    this.columns = [];
    this.indexes = [];
    let [atLow, atHigh] = [true, true];
    this.value.forEach((wanted, column) => {
      const first = atLow ? this.low[column] : this.begin(column);
      const last = Math.min(this.end(column), atHigh ? this.high[column] : Infinity);
      const value = clamp(wanted, first, Math.max(first, last));
      this.value[column] = value;
      this.columns.push(span(first, Math.max(first, last)).map((shown) => pad(shown)));
      this.indexes.push(value - first);
      atLow = atLow && value === this.low[column];
      atHigh = atHigh && value === this.high[column];
    });
  }

  turn(column, index) {
    this.value[column] = Number(this.columns[column][index]);
    this.fill();
  }
}

function compare(one, other) {
  for (let at = 0; at < one.length; at += 1) if (one[at] !== other[at]) return one[at] - other[at];
  return 0;
}

class Time extends Counted {
  constructor(values) {
    const read = (value, fallback) => {
      const match = /^(\d{1,2}):(\d{1,2})$/.exec(text(value));
      return match && match[1] < 24 && match[2] < 60 ? [Number(match[1]), Number(match[2])] : fallback;
    };
    super(read(values.start, [0, 0]), read(values.end, [23, 59]), read(values.value, [0, 0]));
  }

  end(column) {
    return [23, 59][column];
  }

  detail() {
    return { value: this.value.map((part) => pad(part)).join(":") };
  }
}

const DATE_FIELDS = { year: 1, month: 2, day: 3 };

class CalendarDate extends Counted {
  constructor(values) {
    const count = DATE_FIELDS[values.fields] ?? 3;
    const now = new Date();
    const read = (value, fallback) => {
      const match = /^(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?$/.exec(text(value));
      if (!match) return fallback.slice(0, count);
      return [Number(match[1]), Number(match[2] ?? fallback[1]), Number(match[3] ?? fallback[2])].slice(0, count);
    };
    const today = [now.getFullYear(), now.getMonth() + 1, now.getDate()];
    super(read(values.start, [1900, 1, 1]), read(values.end, [2100, 12, 31]), read(values.value, today));
  }

  begin(column) {
    return [0, 1, 1][column];
  }

  end(column) {
    if (column === 2) return new Date(Date.UTC(this.value[0], this.value[1], 0)).getUTCDate();
    return [9999, 12][column];
  }

  detail() {
    return { value: this.value.map((part, at) => pad(part, at === 0 ? 4 : 2)).join("-") };
  }
}

const LEVELS = { province: 1, city: 2, region: 3 };

/** `mode="region"`: province, city, district. The streets of `level="sub-district"` are not on the device. */
class Region {
  constructor(values, regions) {
    const custom = text(values["custom-item"]);
    this.above = custom ? [{ code: "", name: custom, children: [] }] : [];
    this.count = LEVELS[values.level] ?? 3;
    this.top = [...this.above, ...regions];
    this.fill(Array.isArray(values.value) ? values.value.map((name) => text(name)) : []);
  }

  fill(names) {
    this.lists = [];
    this.indexes = [];
    let list = this.top;
    for (let column = 0; column < this.count; column += 1) {
      const at = Math.max(0, list.findIndex((entry) => entry.name === names[column]));
      this.lists.push(list);
      this.indexes.push(at);
      list = [...this.above, ...(list[at]?.children ?? [])];
    }
    this.columns = this.lists.map((entries) => entries.map((entry) => entry.name));
  }

  get chosen() {
    return this.lists.map((list, column) => list[this.indexes[column]]).filter(Boolean);
  }

  turn(column, index) {
    this.fill([...this.chosen.slice(0, column).map((entry) => entry.name), this.lists[column][index]?.name]);
  }

  detail() {
    return { value: this.chosen.map((entry) => entry.name), code: this.chosen.map((entry) => entry.code), postcode: "" };
  }
}

/** The columns of a picker with these attribute values. */
export async function openMode(values) {
  switch (text(values.mode, "selector")) {
    case "multiSelector":
      return new MultiSelector(values);
    case "time":
      return new Time(values);
    case "date":
      return new CalendarDate(values);
    case "region":
      return new Region(values, (await import("../regions.js")).REGIONS);
    default:
      return new Selector(values);
  }
}
