// toLocaleString and its kin, without Intl: numbers with grouped digits, dates and times, as zh-CN and en-US write them.
// Options are those of ECMA-402; what is not known here is told once, and passed over.

const LANGUAGE = freeze({
  __proto__: null,
  zh: freeze({
    __proto__: null,
    weekdays: ['日', '一', '二', '三', '四', '五', '六'],
    weekday: freeze({ __proto__: null, long: '星期', short: '周', narrow: '' }),
    currencies: freeze({ __proto__: null, CNY: '¥', USD: 'US$', JPY: 'JP¥', EUR: '€', GBP: '£', HKD: 'HK$', KRW: '￦' }),
  }),
  en: freeze({
    __proto__: null,
    weekdays: ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'],
    months: [
      'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November',
      'December',
    ],
    currencies: freeze({ __proto__: null, CNY: 'CN¥', USD: '$', JPY: '¥', EUR: '€', GBP: '£', HKD: 'HK$', KRW: '₩' }),
  }),
});
// Zones without summer time, in minutes; the board's own zone needs none.
const ZONES = freeze({
  __proto__: null, UTC: 0, GMT: 0, 'Asia/Shanghai': 480, 'Asia/Hong_Kong': 480, 'Asia/Taipei': 480,
  'Asia/Singapore': 480, 'Asia/Tokyo': 540, 'Asia/Seoul': 540,
});
const NUMBER_OPTIONS = freeze({
  __proto__: null, style: true, currency: true, currencyDisplay: true, minimumFractionDigits: true,
  maximumFractionDigits: true, minimumIntegerDigits: true, useGrouping: true, localeMatcher: true,
});
const DATE_OPTIONS = freeze({
  __proto__: null, weekday: true, year: true, month: true, day: true, hour: true, minute: true, second: true,
  hour12: true, timeZone: true, localeMatcher: true, formatMatcher: true,
});

const toldOf = new NativeMap();

function tellOnce(text) {
  if (mapHas(toldOf, text) || mapSize(toldOf) > 50) return;
  mapSet(toldOf, text, true);
  warn(text);
}

// `zh` or `en`, after the wish of the caller, else of the device.
function languageOf(locales) {
  const wished = isArray(locales) ? locales[0] : locales;
  const own = typeof system.language === 'string' ? system.language : '';
  const name = typeof wished === 'string' ? wished : own;
  if (regExpExec(/^zh(?![a-z])/i, name)) return 'zh';
  if (typeof wished === 'string' && !regExpExec(/^en(?![a-z])/i, name)) {
    tellOnce('toLocaleString: the language "' + wished + '" is not known here; zh-CN and en-US are, and en-US is taken');
  }
  return 'en';
}

function readOptions(options, known) {
  if (!isObject(options)) return createObject(null);
  const keys = objectKeys(options);
  for (let index = 0; index < keys.length; index++) {
    if (!known[keys[index]] && options[keys[index]] !== undefined) {
      tellOnce('toLocaleString: the option ' + keys[index] + ' is not known here; it is passed over');
    }
  }
  return options;
}

// -- numbers ---------------------------------------------------------------------------------------------------------

function grouped(digits) {
  let text = '';
  for (let end = digits.length; end > 0; end -= 3) {
    text = slice(digits, end > 3 ? end - 3 : 0, end) + (text ? (',' + text) : '');
  }
  return text;
}

function digitsOption(options, name, least, most, otherwise) {
  const value = options[name];
  if (value === undefined) return otherwise;
  const number = floor(toNumber(value));
  if (!(number >= least && number <= most)) throw new NativeRangeError(name + ' value is out of range.');
  return number;
}

function localNumber(value, locales, given) {
  const language = languageOf(locales);
  const options = readOptions(given, NUMBER_OPTIONS);
  const { style } = options;
  const currency = style === 'currency' ? toText(options.currency) : '';
  if (style === 'currency' && !regExpExec(/^[A-Za-z]{3}$/, currency)) {
    throw new NativeTypeError('Currency code is required with currency style.');
  }
  const cents = currency === 'JPY' || currency === 'KRW' ? 0 : 2;
  const lowest = style === 'currency' ? cents : 0;
  const highest = style === 'currency' ? cents : style === 'percent' ? 0 : 3;
  const least = digitsOption(options, 'minimumFractionDigits', 0, 100, undefined);
  let most = digitsOption(options, 'maximumFractionDigits', 0, 100, undefined);
  const fewest = least !== undefined ? least : most !== undefined && most < lowest ? most : lowest;
  if (most === undefined) most = fewest > highest ? fewest : highest;
  if (fewest > most) throw new NativeRangeError('maximumFractionDigits value is out of range.');
  let number = style === 'percent' ? value * (typeof value === 'bigint' ? NativeBigInt(100) : 100) : value;
  const negative = number < 0 || (number === 0 && 1 / toNumber(number) < 0);
  if (negative) number = -number;
  let text;
  if (number !== number) text = 'NaN';
  else if (number === Infinity) text = '∞';
  else text = fixedDigits(number, fewest, most, options);
  if (style === 'percent') text += '%';
  const sign = negative && text !== 'NaN' ? '-' : '';
  if (style !== 'currency') return sign + text;
  const symbol = options.currencyDisplay === 'code' ? undefined : LANGUAGE[language].currencies[currency];
  const code = currency + (regExpExec(/^\d/, text) === null ? '' : '\u00a0');
  return sign + (symbol === undefined ? code : symbol) + text;
}

function fixedDigits(number, fewest, most, options) {
  const whole = typeof number === 'bigint' || number >= 1e21;
  const text = whole ? toText(NativeBigInt(number)) : toFixed(number, most);
  const match = regExpExec(/^(\d+)(?:\.(\d+))?$/, text);
  let digits = match[1];
  let fraction = match[2] || '';
  while (fraction.length > fewest && endsWith(fraction, '0')) fraction = slice(fraction, 0, -1);
  if (fraction.length < fewest) fraction += repeat('0', fewest - fraction.length);
  const width = digitsOption(options, 'minimumIntegerDigits', 1, 21, 1);
  if (digits.length < width) digits = repeat('0', width - digits.length) + digits;
  return (options.useGrouping === false ? digits : grouped(digits)) + (fraction ? ('.' + fraction) : '');
}

// -- dates -----------------------------------------------------------------------------------------------------------

const DATE_PARTS = ['weekday', 'year', 'month', 'day'];
const TIME_PARTS = ['hour', 'minute', 'second'];

// The parts that are shown. Those that the method is about are added where none is asked for.
function shownParts(options, about) {
  const parts = createObject(null);
  let asked = false;
  const note = (names, counts) => {
    for (let index = 0; index < names.length; index++) {
      parts[names[index]] = options[names[index]];
      if (counts && options[names[index]] !== undefined) asked = true;
    }
  };
  note(DATE_PARTS, about !== 'time');
  note(TIME_PARTS, about !== 'date');
  if (!asked && about !== 'time') parts.year = parts.month = parts.day = 'numeric';
  if (!asked && about !== 'date') {
    parts.hour = '2-digit-in-24';
    parts.minute = parts.second = '2-digit';
  }
  return parts;
}

function offsetOf(time, options) {
  const { timeZone } = options;
  if (timeZone !== undefined && ZONES[timeZone] !== undefined) return ZONES[timeZone];
  if (timeZone !== undefined) {
    tellOnce('toLocaleString: the time zone ' + toText(timeZone) + ' is not known here; that of the device is taken');
  }
  return -timezoneOffset(new NativeDate(time));
}

const twoDigits = (number) => (number < 10 ? ('0' + number) : toText(number));

function localDate(date, about, locales, given) {
  const time = dateTime(date);
  if (time !== time) return 'Invalid Date';
  const language = languageOf(locales);
  const options = readOptions(given, DATE_OPTIONS);
  const parts = shownParts(options, about);
  const shifted = new NativeDate(time + offsetOf(time, options) * 60000);
  const fields = {
    __proto__: null,
    year: utcYear(shifted), month: utcMonth(shifted), day: utcDay(shifted), weekday: utcWeekday(shifted),
    hour: utcHours(shifted), minute: utcMinutes(shifted), second: utcSeconds(shifted),
  };
  const day = (language === 'zh' ? chineseDate : englishDate)(fields, parts);
  const clockTime = timeText(fields, parts, options.hour12, language);
  return day && clockTime ? (day + between(parts, language) + clockTime) : day + clockTime;
}

// What stands between a day and a time: it depends on how much of the day is said.
function between(parts, language) {
  const onlyWeekday = parts.year === undefined && parts.month === undefined && parts.day === undefined;
  if (language === 'zh') return onlyWeekday ? '' : ' ';
  return onlyWeekday ? ' ' : parts.month === 'long' ? ' at ' : ', ';
}

const numberPart = (value, form) => (form === '2-digit' ? twoDigits(value % 100) : toText(value));

function englishDate(fields, parts) {
  const { months, weekdays } = LANGUAGE.en;
  const year = parts.year === undefined ? '' : numberPart(fields.year, parts.year);
  const day = parts.day === undefined ? '' : numberPart(fields.day, parts.day);
  const long = parts.month === 'long' || parts.month === 'short' || parts.month === 'narrow';
  let text = '';
  if (long) {
    const name = months[fields.month];
    text = parts.month === 'long' ? name : slice(name, 0, parts.month === 'short' ? 3 : 1);
    if (day) text += ' ' + day;
    if (year) text += (day ? ', ' : ' ') + year;
  } else {
    const month = parts.month === undefined ? '' : numberPart(fields.month + 1, parts.month);
    text = month + (day ? ((month ? '/' : '') + day) : '') + (year ? ((month || day ? '/' : '') + year) : '');
  }
  if (parts.weekday === undefined) return text;
  const name = weekdays[fields.weekday];
  const shown = parts.weekday === 'long' ? name : slice(name, 0, parts.weekday === 'short' ? 3 : 1);
  return shown + (text ? (', ' + text) : '');
}

function chineseDate(fields, parts) {
  const { weekdays, weekday } = LANGUAGE.zh;
  const year = parts.year === undefined ? '' : numberPart(fields.year, parts.year);
  const day = parts.day === undefined ? '' : numberPart(fields.day, parts.day);
  const long = parts.month === 'long' || parts.month === 'short' || parts.month === 'narrow';
  const month = parts.month === undefined ? '' : numberPart(fields.month + 1, long ? 'numeric' : parts.month);
  let text;
  if (long || !month || (year && !day) || !(year || day)) {
    text = (year && (year + '年')) + (month && (month + '月')) + (day && (day + '日'));
  } else {
    text = (year && (year + '/')) + month + '/' + day;
  }
  return text + (parts.weekday === undefined ? '' : (weekday[parts.weekday] + weekdays[fields.weekday]));
}

function timeText(fields, parts, wished, language) {
  if (parts.hour === undefined && parts.minute === undefined && parts.second === undefined) return '';
  const twelve = wished === undefined ? language === 'en' : !!wished;
  const hour = twelve ? fields.hour % 12 || 12 : fields.hour;
  const several = parts.minute !== undefined || parts.second !== undefined;
  const pieces = [];
  // Where nobody asks for more, and in English, 24 hours have two digits.
  const padded = parts.hour === '2-digit' || (!twelve && (parts.hour !== 'numeric' || language === 'en'));
  if (parts.hour !== undefined) append(pieces, padded ? twoDigits(hour) : toText(hour));
  if (parts.minute !== undefined) {
    append(pieces, pieces.length || parts.second !== undefined ? twoDigits(fields.minute) : toText(fields.minute));
  }
  if (parts.second !== undefined) append(pieces, pieces.length ? twoDigits(fields.second) : toText(fields.second));
  let text = join(pieces, ':');
  if (parts.hour === undefined) return text;
  if (!twelve) return several || language === 'en' ? text : (text + '时');
  if (language === 'en') return text + ' ' + (fields.hour < 12 ? 'AM' : 'PM');
  if (!several) text += '时';
  return (fields.hour < 12 ? '上午' : '下午') + text;
}

hidden(Number.prototype, 'toLocaleString', function toLocaleString(locales, options) {
  return localNumber(numberValue(this), locales, options);
});
hidden(NativeBigInt.prototype, 'toLocaleString', function toLocaleString(locales, options) {
  return localNumber(bigintValue(this), locales, options);
});
hidden(NativeDate.prototype, 'toLocaleString', function toLocaleString(locales, options) {
  return localDate(this, 'any', locales, options);
});
hidden(NativeDate.prototype, 'toLocaleDateString', function toLocaleDateString(locales, options) {
  return localDate(this, 'date', locales, options);
});
hidden(NativeDate.prototype, 'toLocaleTimeString', function toLocaleTimeString(locales, options) {
  return localDate(this, 'time', locales, options);
});
