// Pictures over the page, keyboards, and what may be fetched before it is needed.

function previewList(given, name, most) {
  const list = readMember(given, name, name);
  if (!isArray(list) || list.length < 1 || list.length > most) {
    throw new BorderError(name, 'must be a list of 1 to ' + most + ' pictures');
  }
  return list;
}

defineHostApi('previewImage', 'previewImage', (options) =>
  answer('previewImage', options, (given, done) => {
    const list = previewList(given, 'urls', 100);
    const urls = [];
    let current = toNumber(given.current) || 0;
    for (let index = 0; index < list.length; index++) {
      append(urls, pictureAddress(list[index], currentRoute()));
      if (list[index] === given.current) current = index;
    }
    ask('previewImage', { urls, current }, done);
  }),
);

defineHostApi('previewMedia', 'previewImage', (options) =>
  answer('previewMedia', options, (given, done) => {
    const list = previewList(given, 'sources', 100);
    const urls = [];
    for (let index = 0; index < list.length; index++) {
      const { url, type, poster } = isObject(list[index]) ? list[index] : {};
      append(urls, pictureAddress(type === 'video' && poster ? poster : url, currentRoute()));
    }
    ask('previewImage', { urls, current: toNumber(given.current) || 0 }, done);
  }),
);

// Pictures and fonts that pages will show: the host has them at hand then. What it cannot get, the page will miss.
defineHostApi('preloadAssets', 'media.preload', (options) =>
  answer('preloadAssets', options, (given, done) => {
    const list = previewList(given, 'data', 20);
    const sources = [];
    for (let index = 0; index < list.length; index++) {
      append(sources, pictureAddress(isObject(list[index]) ? list[index].src : '', currentRoute()));
    }
    ask('media.preload', { sources }, done);
  }),
);
