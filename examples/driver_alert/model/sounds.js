// What the ability `sound-events` may hear, and what it means to a driver. A label that is not here is passed over:
// another model may know more.

const SOUNDS = {
  siren: {
    title: 'Siren',
    article: 'a siren',
    advice: 'Make way. Look all around.',
    speech: 'Siren nearby. Make way.',
    tone: 'red',
  },
  horn: {
    title: 'Horn',
    article: 'a horn',
    advice: 'Somebody warns you. Look out.',
    speech: 'Horn.',
    tone: 'amber',
  },
  alarm: {
    title: 'Alarm',
    article: 'an alarm',
    advice: 'An alarm sounds close by.',
    speech: 'Alarm close by.',
    tone: 'amber',
  },
  glass: {
    title: 'Glass',
    article: 'breaking glass',
    advice: 'Glass broke close by.',
    speech: 'Glass broke close by.',
    tone: 'amber',
  },
  knock: { title: 'Knock', article: 'a knock', advice: '', speech: '', tone: '' },
};

const ALERT_MS = 8000; // how long an alert stays after the last time that it was heard
const SILENT_MS = 20000; // the same sound is not said again within this time
const KEPT = 3; // lines of what was heard

// What was heard, as it is shown; null for a label that means nothing to a driver.
function event(label, now) {
  if (!Object.prototype.hasOwnProperty.call(SOUNDS, label)) return null;
  const two = (number) => String(number).padStart(2, '0');
  return { label, ...SOUNDS[label], time: `${two(now.getHours())}:${two(now.getMinutes())}` };
}

// The names of those among a model's labels that the driver is warned of, as one sentence has them.
function known(labels) {
  const names = { siren: 'sirens', horn: 'horns', alarm: 'alarms', glass: 'breaking glass' };
  const found = Object.keys(names).filter((label) => labels.includes(label)).map((label) => names[label]);
  return found.length > 1 ? `${found.slice(0, -1).join(', ')} and ${found[found.length - 1]}` : found.join('');
}

module.exports = { SOUNDS, ALERT_MS, SILENT_MS, KEPT, event, known };
