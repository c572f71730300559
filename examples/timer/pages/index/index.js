const timers = require('../../model/timers');

function two(number) {
  return number < 10 ? `0${number}` : `${number}`;
}

// 3725 -> "1:02:05", 65 -> "1:05"
function face(seconds) {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

function card(timer) {
  return {
    id: timer.id,
    name: timer.name,
    face: timer.done ? 'Done' : face(timer.seconds),
    angle: Math.round((360 * timer.seconds) / timer.total),
    state: timer.done ? 'done' : timer.ends ? 'running' : 'paused',
  };
}

Page({
  data: { presets: [1, 3, 5, 10, 15, 20, 30, 45, 60], cards: [] },

  onLoad() {
    this.show(timers.all());
    this.stopListening = timers.listen((changed) => this.show(changed));
  },

  onUnload() {
    this.stopListening();
  },

  // A tick changes the face of a card, not the list: only what differs is set.
  show(list) {
    const cards = list.map(card);
    const shown = this.data.cards;
    if (cards.length !== shown.length || cards.some(({ id }, index) => id !== shown[index].id)) {
      this.setData({ cards });
      return;
    }
    const update = {};
    cards.forEach((next, index) => {
      for (const key of Object.keys(next)) {
        if (next[key] !== shown[index][key]) update[`cards[${index}].${key}`] = next[key];
      }
    });
    if (Object.keys(update).length) this.setData(update);
  },

  onPreset({ currentTarget }) {
    try {
      timers.start(currentTarget.dataset.minutes * 60);
    } catch (error) {
      swan.showToast({ title: error.message, icon: 'none' });
    }
  },

  onHold({ currentTarget }) {
    const { id, state } = currentTarget.dataset;
    if (state === 'running') timers.pause(id);
    else if (state === 'paused') timers.resume(id);
  },

  onMore({ currentTarget }) {
    timers.addMinute(currentTarget.dataset.id);
  },

  onCancel({ currentTarget }) {
    timers.cancel(currentTarget.dataset.id);
  },
});
