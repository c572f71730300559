const timers = require('./model/timers');
const answer = require('./model/answers');

App({
  onLaunch() {
    timers.open();
    timers.onDone((timer) => {
      const text = `The ${timer.name} is done.`;
      if (swan.canIUse('speak')) swan.speak({ text });
      swan.showToast({ title: text, icon: 'none', duration: 4000 });
    });
  },

  // What is said anywhere in the program lands here; the string that comes back is spoken.
  onVoiceIntent({ intent, slots }) {
    return answer(timers, intent, slots);
  },
});
