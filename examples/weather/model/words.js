// What a forecast is called, on the screen and aloud.

const CONDITIONS = {
  sun: 'Sunny',
  partly: 'Partly cloudy',
  cloud: 'Cloudy',
  fog: 'Foggy',
  rain: 'Rain',
  snow: 'Snow',
  storm: 'Thunderstorm',
};
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

function isNight(time) {
  const hour = Number(time.slice(11, 13));
  return hour < 6 || hour >= 20;
}

// A condition at a time, "2026-11-24T09:00".
function condition(name, time) {
  if (name === 'sun' && time && isNight(time)) return 'Clear';
  return CONDITIONS[name] || name;
}

// The picture of a condition: the sky at night has no sun.
function picture(name, time) {
  return (name === 'sun' || name === 'partly') && isNight(time) ? `${name}-night` : name;
}

function degrees(temperature) {
  // -0.4 rounds to "-0", which nobody says.
  return Math.round(temperature) || 0;
}

// "2026-11-24" -> "Tuesday"
function weekday(date) {
  const [year, month, day] = date.split('-').map(Number);
  return WEEKDAYS[new Date(Date.UTC(year, month - 1, day)).getUTCDay()];
}

// Milliseconds -> "14:05"
function time(milliseconds) {
  const date = new Date(milliseconds);
  const two = (number) => (number < 10 ? `0${number}` : `${number}`);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

module.exports = { condition, picture, degrees, weekday, time };
