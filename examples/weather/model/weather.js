// Forecasts of one service, kept so that the last one is still there without a network.

const ORIGIN = 'https://weather.example';
const CITIES = ['Beijing', 'Berlin', 'London', 'Nairobi', 'New York', 'Oslo', 'Shanghai', 'Sydney', 'Tokyo'];
const FRESH_MS = 15 * 60 * 1000;

let city = CITIES[0];
const kept = {}; // city -> {fetched (ms), forecast}
const listeners = new Set();

function open() {
  city = wx.getStorageSync('city') || 'Oslo';
  Object.assign(kept, wx.getStorageSync('forecasts') || {});
}

function fetchForecast(name) {
  return new Promise((resolve, reject) => {
    wx.request({
      url: `${ORIGIN}/forecast`,
      data: { city: name },
      timeout: 8000,
      success: ({ statusCode, data }) => {
        if (statusCode === 200 && data && data.days) resolve(data);
        else reject(new Error((data && data.error) || `the weather service answered ${statusCode}`));
      },
      fail: ({ errMsg }) => reject(new Error(errMsg)),
    });
  });
}

// The forecast for a city, as {forecast, fetched, stale}. `stale` is true where the service could not be reached
// and an older forecast has to do; where there is none, the promise fails with the reason.
async function load(name = city) {
  const known = kept[name];
  if (known && Date.now() - known.fetched < FRESH_MS) return { ...known, stale: false };
  try {
    const forecast = await fetchForecast(name);
    kept[name] = { fetched: Date.now(), forecast };
    wx.setStorageSync('forecasts', kept);
    return { ...kept[name], stale: false };
  } catch (error) {
    if (known) return { ...known, stale: true };
    throw error;
  }
}

function current() {
  return city;
}

function choose(name) {
  if (name === city) return;
  city = name;
  wx.setStorageSync('city', name);
  for (const listener of listeners) listener();
}

// "new york" -> "New York"
function named(words) {
  return CITIES.find((name) => name.toLowerCase() === words.toLowerCase());
}

// Calls listener() when another city is chosen; returns how to stop that.
function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

module.exports = { CITIES, open, load, current, choose, named, listen };
