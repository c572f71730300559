// Sharing a page with another device: onShareAppMessage says what, a person chooses where, and a person there agrees.

const SHARE_PATIENCE = 3000;

function maySharing() {
  if (capabilities['share.page'] !== true || !isArray(launchOptions.permissions)) return false;
  for (let index = 0; index < launchOptions.permissions.length; index++) {
    if (launchOptions.permissions[index] === 'share') return true;
  }
  return false;
}

function queryText(query) {
  const pairs = [];
  eachOwn(query, (name, value) => append(pairs, encodePart(name) + '=' + encodePart(value)));
  return pairs.length ? ('?' + join(pairs, '&')) : '';
}

// A page that says what it shares gets the sign for it in its bar, until hideShareMenu.
function offerSharing(page) {
  if (page === undefined || page.sharing !== undefined || !maySharing()) return;
  page.sharing = typeof page.root.instance.onShareAppMessage === 'function';
  if (page.sharing) ask('setWindow', { shareMenu: true }, () => {});
}

// done(reason, value) when a person has chosen a device, or has not.
function sharePage(page, content, done) {
  const given = isObject(content) ? content : {};
  const text = (name) => (typeof given[name] === 'string' ? toWellFormed(given[name]) : '');
  const own = '/' + page.root.plan.path + queryText(page.query);
  const path = text('path') || own;
  ask('share.page', { path: path[0] === '/' ? slice(path, 1) : path, title: slice(text('title'), 0, 80) }, done);
}

// The sign in the bar (node 0) or a button with open-type="share" was pressed.
function shareMessage(pageId, target) {
  const page = mapGet(pages, pageId);
  if (page === undefined) return;
  if (!maySharing()) {
    warn('the page cannot be shared: ' + (capabilities['share.page'] === true ? 'the manifest does not ask for the permission share' : UNSUPPORTED));
    return;
  }
  const { root } = page;
  const method = root.instance.onShareAppMessage;
  const options = target === null ? { from: 'menu', target: undefined } : { from: 'button', target };
  const content = typeof method === 'function' ? callOn(root, method, 'onShareAppMessage', [options]) : {};
  let chosen = false;
  const choose = (more) => {
    if (chosen) return;
    chosen = true;
    sharePage(page, isObject(more) ? more : content, tellShared);
  };
  const promise = isObject(content) ? content.promise : undefined;
  if (isMadeBy(promise, NativePromise)) {
    stateOf(promise).handled = true;
    nativeThen(promise, choose, () => choose());
    startTimer('onShareAppMessage', () => choose(), SHARE_PATIENCE, [], false);
  } else {
    choose();
  }
}

// The owner hears of it in a toast, but for a choice that they took back.
function tellShared(reason, value) {
  if (reason === 'cancel' || capabilities.showToast !== true) return;
  const title = reason === null ? ('Sent to ' + value.device) : reason;
  ask('showToast', { title: slice(toWellFormed(title), 0, 200), icon: reason === null ? 'success' : 'none', duration: 3000 }, () => {});
}

const shareMenu = (shown) => (options) =>
  answer(shown ? 'showShareMenu' : 'hideShareMenu', options, (given, done) => ask('setWindow', { shareMenu: shown }, done));
defineHostApi('showShareMenu', 'share.page', shareMenu(true));
defineSync('hideShareMenu', shareMenu(false));

// SWAN's own: shares at once.
defineHostApi('openShare', 'share.page', (options) =>
  answer('openShare', options, (given, done) => {
    const page = currentPage();
    if (page === undefined) done('no page is open', undefined);
    else sharePage(page, given, done);
  }),
);
