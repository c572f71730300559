const weather = require('../../model/weather');
const words = require('../../model/words');

// Each day's bar lies on one scale: from the week's lowest to its highest temperature.
function view({ days }) {
  const lowest = Math.min(...days.map(({ low }) => low));
  const highest = Math.max(...days.map(({ high }) => high));
  const percent = (temperature) => Math.round((100 * (temperature - lowest)) / (highest - lowest || 1));
  return days.map((day, index) => ({
    date: day.date,
    name: index === 0 ? 'Today' : words.weekday(day.date),
    condition: day.condition,
    rain: day.rain_chance > 20 ? `${day.rain_chance} %` : '',
    low: words.degrees(day.low),
    high: words.degrees(day.high),
    left: percent(day.low),
    width: percent(day.high) - percent(day.low),
  }));
}

Page({
  data: { cities: weather.CITIES, city: '', days: [], notice: '' },

  onLoad() {
    this.stopListening = weather.listen(() => this.refresh());
  },

  onShow() {
    this.refresh();
  },

  onUnload() {
    this.stopListening();
  },

  async refresh() {
    const city = weather.current();
    this.setData({ city });
    try {
      const { forecast, fetched, stale } = await weather.load(city);
      if (city !== weather.current()) return; // another city was chosen meanwhile
      this.setData({ days: view(forecast), notice: stale ? `Offline; as of ${words.time(fetched)}` : '' });
    } catch (error) {
      if (city === weather.current()) this.setData({ days: [], notice: `No forecast: ${error.message}` });
    }
  },

  onCity({ currentTarget }) {
    weather.choose(currentTarget.dataset.city);
  },
});
