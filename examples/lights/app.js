const house = require('./model/house');
const answer = require('./model/answers');

App({
  onLaunch() {
    house.open();
  },

  // What is said anywhere in the program lands here; the string that comes back is spoken.
  onVoiceIntent({ intent, slots }) {
    return answer(house, intent, slots);
  },
});
