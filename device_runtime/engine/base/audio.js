// wx.createInnerAudioContext and wx.getRecorderManager: the host has the loudspeaker and the microphone.

const SOUND_EVENTS = [
  'Canplay', 'Play', 'Pause', 'Stop', 'Ended', 'TimeUpdate', 'Error', 'Waiting', 'Seeking', 'Seeked',
];

function createInnerAudioContext() {
  const state = {
    src: '', startTime: 0, autoplay: false, loop: false, obeyMuteSwitch: true, volume: 1, playbackRate: 1,
    referrerPolicy: 'no-referrer',
  };
  const heard = { duration: 0, currentTime: 0, paused: true, buffered: 0 };
  const sound = {};
  let task;
  let position;
  let destroyed = false;
  const fire = makeEvents(sound, 'an InnerAudioContext', SOUND_EVENTS);
  const failed = (reason) => {
    heard.paused = true;
    fire('Error', { errMsg: 'createInnerAudioContext:fail ' + reason, errCode: 10001 });
  };
  const hear = (event, detail) => {
    if (isObject(detail)) {
      if (typeof detail.duration === 'number') heard.duration = heard.buffered = detail.duration;
      if (typeof detail.currentTime === 'number') heard.currentTime = detail.currentTime;
    }
    if (event === 'error') failed(detail.reason);
    else {
      heard.paused = event !== 'Play' && event !== 'TimeUpdate' && event !== 'Canplay';
      fire(event, undefined);
    }
  };
  task = openTask('sound', hear);
  const start = (from) => {
    const values = { task, src: state.src, position: from, loop: state.loop, volume: state.volume, playbackRate: state.playbackRate };
    let sent;
    try {
      sent = argumentsOf(values);
    } catch (error) {
      failed('parameter error: ' + error.message);
      return;
    }
    heard.paused = false;
    tell('audio.play', sent, failed);
  };
  const alive = (name) => {
    if (destroyed) warn(name + ' was called on an InnerAudioContext that was destroyed; it is ignored');
    return !destroyed;
  };
  sound.play = () => {
    if (!alive('play') || !heard.paused) return;
    const from = position === undefined ? state.startTime : position;
    position = undefined;
    start(from);
  };
  sound.pause = () => {
    if (!alive('pause') || heard.paused) return;
    heard.paused = true;
    position = heard.currentTime;
    tell('audio.stop', { task, event: 'Pause' }, failed);
  };
  sound.stop = () => {
    if (!alive('stop')) return;
    heard.paused = true;
    position = undefined;
    heard.currentTime = 0;
    tell('audio.stop', { task, event: 'Stop' }, failed);
  };
  sound.seek = (seconds) => {
    if (!alive('seek')) return;
    const to = toNumber(seconds);
    if (!(to >= 0)) return failed('parameter error: position must be a number of seconds from 0');
    fire('Seeking', undefined);
    heard.currentTime = to;
    if (heard.paused) position = to;
    else start(to);
    fire('Seeked', undefined);
  };
  sound.destroy = () => {
    if (destroyed) return;
    destroyed = true;
    tell('audio.stop', { task, event: 'Stop' }, () => {});
    closeTask(task);
  };
  const keys = objectKeys(state);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index];
    const set = (value) => {
      state[key] = value;
      if (key === 'src') {
        position = undefined;
        heard.duration = heard.currentTime = 0;
      }
      if ((key === 'src' || key === 'autoplay') && state.autoplay && state.src) queueJob(sound.play);
      if (key === 'playbackRate' && !heard.paused) start(heard.currentTime);
      if (key === 'volume' && !heard.paused) tell('audio.volume', argumentsOf({ task, volume: value }), failed);
    };
    defineProperty(sound, key, { __proto__: null, get: () => state[key], set, enumerable: true, configurable: true });
  }
  const facts = objectKeys(heard);
  for (let index = 0; index < facts.length; index++) {
    const key = facts[index];
    defineProperty(sound, key, { __proto__: null, get: () => heard[key], enumerable: true, configurable: true });
  }
  return sound;
}

defineHostApi('createInnerAudioContext', 'audio.play', createInnerAudioContext);
defineApi('setInnerAudioOption', (given, done) => done(null, undefined));

// One recorder a program, as in WeChat.
const recorder = {};
(() => {
  const fire = makeEvents(recorder, 'the RecorderManager', ['Start', 'Pause', 'Resume', 'Stop', 'Error', 'FrameRecorded']);
  const ignored = () => {};
  recorder.onInterruptionBegin = ignored;
  recorder.onInterruptionEnd = ignored;
  const failed = (reason) => fire('Error', { errMsg: 'operateRecorder:fail ' + reason });
  const hear = (event, detail) => {
    if (event === 'error') failed(detail.reason);
    else if (event === 'FrameRecorded') fire(event, { frameBuffer: bufferOf(detail.frameBuffer), isLastFrame: detail.isLastFrame });
    else fire(event, detail === null ? undefined : detail);
  };
  const task = openTask('recorder', hear);
  recorder.start = (options) => {
    let values;
    try {
      values = putTask(task, argumentsOf(isObject(options) ? options : {}));
    } catch (error) {
      failed('parameter error: ' + error.message);
      return;
    }
    tell('record.start', values, failed);
  };
  recorder.pause = () => tell('record.pause', { task }, failed);
  recorder.resume = () => tell('record.resume', { task }, failed);
  recorder.stop = () => tell('record.stop', { task }, failed);
})();

defineHostApi('getRecorderManager', 'record.start', () => recorder);
