const weather = require('../../model/weather');
const words = require('../../model/words');

function view(forecast) {
  return {
    city: forecast.city,
    temperature: words.degrees(forecast.now.temperature),
    picture: words.picture(forecast.now.condition, forecast.issued),
    name: words.condition(forecast.now.condition, forecast.issued),
    low: words.degrees(forecast.days[0].low),
    high: words.degrees(forecast.days[0].high),
    wind: Math.round(forecast.now.wind),
    humidity: forecast.now.humidity,
    rain: forecast.days[0].rain_chance,
    hours: forecast.hours.map((hour, index) => ({
      time: index ? hour.time.slice(11, 16) : 'Now',
      picture: words.picture(hour.condition, hour.time),
      temperature: words.degrees(hour.temperature),
      rain: hour.rain_chance > 20 ? `${hour.rain_chance} %` : '',
    })),
  };
}

Page({
  data: { cities: weather.CITIES, city: '', today: null, notice: '' },

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
      this.setData({ today: view(forecast), notice: stale ? `Offline; as of ${words.time(fetched)}` : '' });
    } catch (error) {
      if (city === weather.current()) this.setData({ today: null, notice: `No forecast: ${error.message}` });
    }
  },

  onCity({ currentTarget }) {
    weather.choose(currentTarget.dataset.city);
  },
});
