const { ALERT_MS, SILENT_MS, KEPT, event, known } = require('../../model/sounds');
const { words } = require('../../model/words');

Page({
  data: {
    state: 'starting', // starting, waiting, refused, quiet, alert, paused, failed
    alert: null,
    history: [],
    knows: '',
    reason: '',
    said: words({ state: 'starting' }),
    voice: true,
    share: null, // asked for once; nothing is reported before the answer
  },

  onLoad() {
    const share = wx.getStorageSync('share');
    this.setData({ voice: wx.getStorageSync('voice') !== false, share: typeof share === 'boolean' ? share : null });
    this.spoken = {};
    this.count = 0;
    this.begin();
  },

  // What is shown of the ears follows from the rest.
  show(changes) {
    this.setData({ ...changes, said: words({ ...this.data, ...changes }) });
  },

  onUnload() {
    clearTimeout(this.timer);
    this.session.destroy();
  },

  // ---- listening

  begin() {
    const session = wx.createInferenceSession({ ability: 'sound-events' });
    this.session = session;
    session.onLoad(() => {
      this.show({ knows: known(session.labels) });
      this.listen();
    });
    session.onResult(({ label }) => this.heard(label));
    session.onMicrophone(({ state }) => this.ears(state));
    session.onError(({ errMsg }) => this.fail(errMsg));
  },

  listen() {
    this.show({ state: 'starting', reason: '' });
    this.session.listen();
  },

  // Quiet is what is heard, and not that nothing can be heard.
  ears(state) {
    if (this.data.state === 'paused' || this.data.state === 'failed') return;
    if (state === 'hearing') {
      if (this.data.state !== 'alert') this.show({ state: 'quiet' });
      return;
    }
    clearTimeout(this.timer);
    this.show({ state, alert: null }); // waiting or refused
  },

  pause() {
    clearTimeout(this.timer);
    this.session.stop();
    this.show({ state: 'paused', alert: null });
  },

  // The sentence is the device's own; what comes before it is for programmers.
  fail(errMsg) {
    clearTimeout(this.timer);
    this.session.destroy();
    const reason = errMsg.replace(/^\w+(\.\w+)?:fail /, '');
    this.show({ state: 'failed', alert: null, reason: reason.charAt(0).toUpperCase() + reason.slice(1) });
  },

  heard(label) {
    const found = event(label, new Date());
    if (!found || this.data.state === 'paused') return;
    found.id = ++this.count;
    this.setData({ history: [found, ...this.data.history].slice(0, KEPT) });
    if (this.data.share) wx.reportEvent('heard', { sound: label });
    if (found.tone) this.warn(found);
  },

  warn(found) {
    this.show({ state: 'alert', alert: found });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.calm(), ALERT_MS);
    const now = Date.now();
    if (!this.data.voice || now - (this.spoken[found.label] || 0) < SILENT_MS) return;
    this.spoken[found.label] = now;
    if (wx.canIUse('speak')) wx.speak({ text: found.speech, fail() {} });
  },

  calm() {
    clearTimeout(this.timer);
    if (this.data.state === 'alert') this.show({ state: 'quiet', alert: null });
  },

  // ---- fingers

  onRing() {
    if (this.data.state === 'paused') this.listen();
    else if (this.data.state === 'failed') this.begin();
  },

  onListen() {
    if (this.data.state === 'paused' || this.data.state === 'failed') this.onRing();
    else this.pause();
  },

  onVoice() {
    this.setData({ voice: !this.data.voice });
    wx.setStorageSync('voice', this.data.voice);
  },

  onShare({ currentTarget }) {
    const { share } = currentTarget.dataset;
    this.setData({ share });
    wx.setStorageSync('share', share);
  },

  // ---- what is said

  onVoiceIntent({ intent }) {
    const { state, history, reason } = this.data;
    if (intent === 'last') {
      return history.length ? `I heard ${history[0].article} at ${history[0].time}.` : 'I have heard nothing so far.';
    }
    if (state === 'failed') return reason;
    if (intent === 'pause') {
      this.pause();
      return 'I have stopped listening.';
    }
    if (state === 'waiting' || state === 'refused') return 'I cannot hear: let me listen on the screen first.';
    if (state === 'paused') this.listen();
    return 'I am listening.';
  },
});
