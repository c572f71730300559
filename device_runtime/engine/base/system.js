// What a program can ask about its surroundings; the host gave it at launch as `system`.

const pick = (names) => {
  const part = {};
  for (let index = 0; index < names.length; index++) {
    if (hasOwn(system, names[index])) part[names[index]] = copyPlain(system[names[index]]);
  }
  return part;
};

const WINDOW = [
  'pixelRatio', 'screenWidth', 'screenHeight', 'windowWidth', 'windowHeight', 'statusBarHeight', 'safeArea', 'screenTop',
];
const DEVICE = ['brand', 'model', 'system', 'platform', 'abi', 'deviceAbi', 'benchmarkLevel', 'cpuType', 'memorySize'];
const BASE = ['SDKVersion', 'version', 'language', 'theme', 'host', 'enableDebug', 'fontSizeSetting'];

function systemInfo() {
  const info = {};
  const keys = objectKeys(system);
  for (let index = 0; index < keys.length; index++) {
    if (keys[index] !== 'capabilities') putOwn(info, keys[index], copyPlain(system[keys[index]]));
  }
  return info;
}

// A screen tells how large it is and what of it the page has. That bars come and go with the pages is no resize.
handleHostEvent('WindowResize', (payload) => {
  const before = [system.screenWidth, system.screenHeight, system.windowWidth];
  const names = ['screenWidth', 'screenHeight', 'windowWidth', 'windowHeight', 'pixelRatio', 'safeArea'];
  for (let index = 0; index < names.length; index++) {
    if (payload[names[index]] !== undefined) system[names[index]] = payload[names[index]];
  }
  tellMediaObservers();
  const same = before[0] === system.screenWidth && before[1] === system.screenHeight && before[2] === system.windowWidth;
  if (same) return null;
  const { windowWidth, windowHeight, screenWidth, screenHeight } = system;
  const size = { windowWidth, windowHeight, screenWidth, screenHeight };
  const resized = { size, deviceOrientation: screenWidth > screenHeight ? 'landscape' : 'portrait' };
  if (stack.length) pageLifecycle(stack[stack.length - 1], 'onResize', copyPlain(resized));
  return resized;
});

defineSync('getSystemInfoSync', systemInfo);
defineApi('getSystemInfo', (given, done) => done(null, systemInfo()));
defineApi('getSystemInfoAsync', (given, done) => done(null, systemInfo()));
defineSync('getWindowInfo', () => pick(WINDOW));
defineSync('getDeviceInfo', () => pick(DEVICE));
defineSync('getAppBaseInfo', () => pick(BASE));
// wx.reportEvent(name, values) and the older reportAnalytics; neither waits for an answer, and a refusal is a
// warning, since no program looks at the result.
function reportEvent(name, values) {
  const dropped = [];
  const sent = {
    name: toText(copyOut(name, 'eventId', dropped)),
    values: values === undefined ? {} : copyOut(values, 'data', dropped),
  };
  ask('telemetry', sent, (reason) => {
    if (reason !== null) warn('reportEvent:fail ' + reason);
  });
}

// wx.reportHealth({ ok, reason }): a program says whether it is well, which its trial after an update looks at.
defineHostApi('reportHealth', 'health.report', (options) =>
  answer('reportHealth', options, (given, done) => ask('health.report', argumentsOf(given), done)));

// wx.reportCount({ name, value }): an item of the data plan that is only counted; what is sent is randomised.
defineHostApi('reportCount', 'privacy.count', (options) =>
  answer('reportCount', options, (given, done) => ask('privacy.count', argumentsOf(given), done)));

defineSync('reportEvent', reportEvent);
defineSync('reportAnalytics', reportEvent);
defineSync('reportMonitor', (name, value) => reportEvent('monitor', { name, value }));
defineSync('reportPerformance', (id, value, dimensions) => {
  const values = { id, value };
  if (dimensions !== undefined) values.dimensions = isArray(dimensions) ? join(dimensions, ',') : dimensions;
  reportEvent('performance', values);
});
