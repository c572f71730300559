// What has a plain, true answer on a device without a phone's accounts, menus and stores.

const fixedApi = (name, result) => defineApi(name, (given, done) => done(null, result()));

// Nothing to do, and done: there is no menu to hide, nothing to load, nothing to agree to, nobody who searches.
fixedApi('hideHomeButton', () => undefined);
fixedApi('preloadWebview', () => undefined);
fixedApi('setPageInfo', () => undefined);
fixedApi('setMetaDescription', () => undefined);
fixedApi('setMetaKeywords', () => undefined);
fixedApi('requirePrivacyAuthorize', () => undefined);
fixedApi('getExtConfig', () => ({ extConfig: {} }));
fixedApi('getPrivacySetting', () => ({ needAuthorization: false, privacyContractName: '' }));

const skyline = () => ({ isSupported: false, version: '', reason: 'client not supported' });
fixedApi('getSkylineInfo', skyline);
defineSync('getSkylineInfoSync', skyline);

defineApi('setDocumentTitle', (given, finish) => {
  ask('setWindow', { navigationBarTitleText: textOption(given, 'title') }, finish);
});

defineSync('getExtConfigSync', () => ({}));
defineSync('getExptInfoSync', () => ({}));
defineSync('getApiCategory', () => 'default');
defineSync('checkIsPictureInPictureActive', () => false);
defineSync('isVKSupport', () => false);
defineSync('isLoginSync', () => false);

defineSync('getAccountInfoSync', () => ({
  miniProgram: { appId: launchOptions.appId, envVersion: 'release', version: launchOptions.version },
}));
defineSync('getEnvInfoSync', () => ({
  appKey: launchOptions.appId,
  appName: launchOptions.name,
  lastAppURL: '',
  sdkVersion: system.SDKVersion === undefined ? '' : system.SDKVersion,
  scheme: '',
}));

// -- permissions: the owner saw them when the program was installed ------------------------------------------------

const SCOPES = freeze({ __proto__: null, 'scope.record': 'record' });

function granted(scope) {
  const permission = SCOPES[scope];
  if (permission === undefined || !isArray(launchOptions.permissions)) return false;
  for (let index = 0; index < launchOptions.permissions.length; index++) {
    if (launchOptions.permissions[index] === permission) return true;
  }
  return false;
}

fixedApi('getSetting', () => ({ authSetting: { 'scope.record': granted('scope.record') } }));
defineApi('authorize', (given, finish) => finish(granted(textOption(given, 'scope')) ? null : 'auth deny', undefined));

defineSync('getAppAuthorizeSetting', () => {
  const denied = [
    'albumAuthorized', 'bluetoothAuthorized', 'cameraAuthorized', 'locationAuthorized', 'notificationAuthorized',
    'phoneCalendarAuthorized',
  ];
  const setting = {};
  for (let index = 0; index < denied.length; index++) setting[denied[index]] = 'denied';
  putOwn(setting, 'locationReducedAccuracy', false);
  putOwn(setting, 'microphoneAuthorized', capabilities['record.start'] && granted('scope.record') ? 'authorized' : 'denied');
  return setting;
});
defineSync('getSystemSetting', () => ({
  bluetoothEnabled: false,
  locationEnabled: false,
  wifiEnabled: false,
  deviceOrientation: system.screenWidth > system.screenHeight ? 'landscape' : 'portrait',
}));

// No button is drawn; pages that keep its place free (custom navigation bars) need its size all the same.
defineSync('getMenuButtonBoundingClientRect', () => {
  const width = toNumber(system.windowWidth) || 375;
  const top = (toNumber(system.statusBarHeight) || 0) + 4;
  return { width: 87, height: 32, top, bottom: top + 32, right: width - 7, left: width - 94 };
});
defineSync('onMenuButtonBoundingClientRectWeightChange', () => undefined);
defineSync('offMenuButtonBoundingClientRectWeightChange', () => undefined);

// -- time -----------------------------------------------------------------------------------------------------------

defineSync('nextTick', (callback) => {
  if (typeof callback !== 'function') throw new NativeTypeError('nextTick: the callback must be a function');
  queueJob(callback);
});
defineSync('requestIdleCallback', (callback) => {
  if (typeof callback !== 'function') throw new NativeTypeError('requestIdleCallback: the callback must be a function');
  return startTimer('requestIdleCallback', callback, 1, [{ didTimeout: false, timeRemaining: () => 15 }], false);
});
defineSync('cancelIdleCallback', stopTimer);

defineSync('preDownloadSubpackage', (options) =>
  answer(
    'preDownloadSubpackage',
    options,
    (given, finish) => {
      queueJob(() => finish(null, undefined));
      return { onProgressUpdate() {}, offProgressUpdate() {}, abort() {} };
    },
    true,
  ),
);

// -- logs: as console writes them -----------------------------------------------------------------------------------

(() => {
  const write = (level, mark) => (...values) => {
    const line = mark() + formatLine(values);
    host('log', level, line, traceHere());
  };
  const none = () => '';
  const levels = ['debug', 'info', 'log', 'warn', 'error'];
  const makeLog = (mark) => {
    const log = {};
    for (let index = 0; index < levels.length; index++) log[levels[index]] = write(levels[index], mark);
    return log;
  };
  const manager = makeLog(none);
  defineSync('getLogManager', () => manager);

  let filters = [];
  const mark = () => (filters.length ? ('[' + join(filters, '] [') + '] ') : '');
  const realtime = makeLog(mark);
  realtime.setFilterMsg = (text) => {
    filters = [toText(text)];
  };
  realtime.addFilterMsg = (text) => {
    if (filters.length < 10) append(filters, toText(text));
  };
  realtime.in = () => {};
  realtime.getCurrentState = () => ({ size: 0, maxSize: 5120, logCount: 0, maxLogCount: 200 });
  realtime.tag = (name) => {
    const tagged = makeLog(() => '[' + toText(name) + '] ' + mark());
    tagged.setFilterMsg = realtime.setFilterMsg;
    tagged.addFilterMsg = realtime.addFilterMsg;
    return tagged;
  };
  defineSync('getRealtimeLogManager', () => realtime);
})();

// -- what the host tells of -----------------------------------------------------------------------------------------

handleHostEvent('ThemeChange', (payload) => {
  if (!isObject(payload) || typeof payload.theme !== 'string' || system.theme === payload.theme) return null;
  system.theme = payload.theme;
  if (app !== undefined && typeof app.onThemeChange === 'function') {
    guard('onThemeChange of App', app.onThemeChange, app, [{ theme: payload.theme }]);
  }
  return { theme: payload.theme };
});

// The host's event `update {state}`: "none", "found" (a new version is coming), "ready" (applyUpdate may be called),
// "failed". WeChat tells late listeners, too, so the last state is kept.
const updates = {};
(() => {
  const fire = makeEvents(updates, 'the UpdateManager', ['CheckForUpdate', 'UpdateReady', 'UpdateFailed']);
  let state = 'none';
  const heard = { CheckForUpdate: () => true, UpdateReady: () => state === 'ready', UpdateFailed: () => state === 'failed' };
  const names = objectKeys(heard);
  for (let index = 0; index < names.length; index++) {
    const name = names[index];
    const add = updates['on' + name];
    delete updates['off' + name];
    updates['on' + name] = (listener) => {
      add(listener);
      if (typeof listener !== 'function' || !heard[name]()) return;
      const values = name === 'CheckForUpdate' ? [{ hasUpdate: state !== 'none' }] : [];
      queueJob(() => guard('on' + name + ' of the UpdateManager', listener, undefined, values));
    };
  }
  updates.applyUpdate = () => {
    if (state === 'ready') tell('update.apply', {}, (reason) => warn('applyUpdate:fail ' + reason));
    else warn('applyUpdate: no new version is ready; it is ignored');
  };
  handleHostEvent('Update', (payload) => {
    const before = state;
    state = payload.state;
    if (before === 'none' && state !== 'none') fire('CheckForUpdate', { hasUpdate: true });
    if (state === 'ready') fire('UpdateReady', undefined);
    if (state === 'failed') fire('UpdateFailed', undefined);
  });
})();
defineSync('getUpdateManager', () => updates);

defineSync('getBatteryInfoSync', () => {
  const { error, value } = askNow('getBatteryInfo', {});
  if (error !== null) throw new NativeError('getBatteryInfoSync:fail ' + error);
  return value;
});
