// From what was asked to the sentence that answers it.

const { condition, degrees } = require('./words');

const ANSWERS = {
  now({ city, issued, now, days }) {
    return (
      `In ${city} it is ${degrees(now.temperature)} degrees, ${condition(now.condition, issued).toLowerCase()}. ` +
      `Today between ${degrees(days[0].low)} and ${degrees(days[0].high)}.`
    );
  },

  rain({ city, days }, { day }) {
    const { rain_chance: chance, condition: name } = days[day === 'tomorrow' ? 1 : 0];
    const when = `in ${city} ${day}`;
    if (name === 'snow') return `It will snow ${when}.`;
    if (chance > 50) return `Yes, expect rain ${when}: ${chance} percent.`;
    return chance > 25 ? `Perhaps: ${chance} percent ${when}.` : `No, it stays dry ${when}.`;
  },

  tomorrow({ city, days }) {
    const { low, high, condition: name } = days[1];
    return `Tomorrow in ${city}: ${condition(name).toLowerCase()}, ${degrees(low)} to ${degrees(high)} degrees.`;
  },
};

module.exports = async (weather, intent, slots) => {
  if (slots.city) weather.choose(weather.named(slots.city));
  try {
    const { forecast, stale } = await weather.load();
    const answer = ANSWERS[intent](forecast, slots);
    return stale ? `I cannot reach the weather service, but the last I heard: ${answer}` : answer;
  } catch {
    return 'I cannot reach the weather service.';
  }
};
