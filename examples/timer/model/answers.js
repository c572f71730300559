// From what was said to what is done and answered.

const ANSWERS = {
  set(timers, { minutes, seconds, label }) {
    const length = minutes ? Number(minutes) * 60 : Number(seconds);
    timers.start(length, label);
    return `${label ? `${label[0].toUpperCase()}${label.slice(1)} timer` : 'Timer'} set for ${timers.wordsFor(length)}.`;
  },

  cancel(timers, { label }) {
    const timer = timers.find(label);
    if (!timer) return missing(label);
    timers.cancel(timer.id);
    return `The ${timer.name} is cancelled.`;
  },

  cancel_all(timers) {
    timers.cancelAll();
    return 'All timers are cancelled.';
  },

  hold(timers, { verb, label }) {
    const timer = timers.find(label);
    if (!timer) return missing(label);
    timers[verb](timer.id);
    return `The ${timer.name} is ${verb}d.`;
  },

  ask(timers, { label }) {
    const timer = timers.find(label);
    if (!timer) return missing(label);
    return `${timers.wordsFor(timer.seconds)} left on the ${timer.name}.`;
  },
};

function missing(label) {
  return label ? `There is no ${label} timer.` : 'No timer is running.';
}

module.exports = (timers, intent, slots) => ANSWERS[intent](timers, slots);
