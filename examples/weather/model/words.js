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

function condition(name) {
  return CONDITIONS[name] || name;
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

module.exports = { condition, degrees, weekday, time };
