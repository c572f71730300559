// Navigation and the page's frame: asked of the worker, which owns the page stack.

const openings = new NativeMap();

function textOption(given, name) {
  const value = readMember(given, name, name);
  if (typeof value !== 'string') {
    throw new BorderError(name, 'must be a string, not ' + describe(value, 0, [], true));
  }
  return toWellFormed(value);
}

function navigate(name) {
  defineApi(name, (given, done) => {
    const values = { url: textOption(given, 'url'), from: currentRoute() };
    if (name !== 'navigateTo') {
      ask(name, values, done);
      return;
    }
    const channels = makeChannels(given.events);
    const id = ask(name, values, (reason) => {
      mapDelete(openings, id);
      done(reason, reason === null ? { eventChannel: channels.opener } : undefined);
    });
    mapSet(openings, id, channels.opened);
  });
}

navigate('navigateTo');
navigate('redirectTo');
navigate('reLaunch');
navigate('switchTab');
defineApi('setNavigationBarTitle', (given, done) => {
  ask('setWindow', { navigationBarTitleText: textOption(given, 'title') }, done);
});
defineApi('setNavigationBarColor', (given, done) => {
  ask(
    'setWindow',
    {
      navigationBarTextStyle: textOption(given, 'frontColor') === '#000000' ? 'black' : 'white',
      navigationBarBackgroundColor: textOption(given, 'backgroundColor'),
    },
    done,
  );
});
defineApi('setBackgroundColor', (given, done) => {
  ask('setWindow', { backgroundColor: textOption(given, 'backgroundColor') }, done);
});
defineApi('setBackgroundTextStyle', (given, done) => {
  ask('setWindow', { backgroundTextStyle: textOption(given, 'textStyle') === 'light' ? 'light' : 'dark' }, done);
});
defineApi('showNavigationBarLoading', (given, done) => ask('setWindow', { navigationBarLoading: true }, done));
defineApi('hideNavigationBarLoading', (given, done) => ask('setWindow', { navigationBarLoading: false }, done));
defineApi('showTabBar', (given, done) => ask('setTabBar', { hidden: false }, done));
defineApi('hideTabBar', (given, done) => ask('setTabBar', { hidden: true }, done));
defineApi('startPullDownRefresh', (given, done) => ask('setRoot', { name: 'refreshing', value: true }, done));
defineApi('stopPullDownRefresh', (given, done) => ask('setRoot', { name: 'refreshing', value: false }, done));
