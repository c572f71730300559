App({
  onLaunch() {
    // What a program stores is there again at its next start.
    this.globalData.count = __API__.getStorageSync('count') || 0;
  },

  add(amount) {
    this.globalData.count += amount;
    __API__.setStorageSync('count', this.globalData.count);
    if (this.onCount) this.onCount(this.globalData.count);
  },

  // Spoken requests; cygnet.json lists their phrases. What is returned is said aloud.
  onVoiceIntent({ intent, slots }) {
    if (intent === 'add') this.add(Number(slots.amount || 1));
    return `The count is ${this.globalData.count}.`;
  },

  globalData: { count: 0 },
});
