const weather = require('./model/weather');
const answer = require('./model/answers');

App({
  onLaunch() {
    weather.open();
  },

  // What is said anywhere in the program lands here; the promise's string is spoken when it is there.
  onVoiceIntent({ intent, slots }) {
    return answer(weather, intent, slots);
  },
});
