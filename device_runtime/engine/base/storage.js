// Storage: the program's key-value pairs came with the launch and are read here; each change also goes to the host,
// and counts only when the host has confirmed it.

const stored = new NativeMap();

function loadStorage(pairs) {
  const keys = objectKeys(pairs);
  for (let index = 0; index < keys.length; index++) mapSet(stored, keys[index], pairs[keys[index]]);
}

function storageKey(key) {
  if (typeof key !== 'string') throw new BorderError('key', 'must be a string, not ' + describe(key, 0, [], true));
  return toWellFormed(key);
}

function storageValue(value) {
  const dropped = [];
  const copy = copyOut(value, 'data', dropped);
  warnDropped('setStorage', dropped);
  return copy === undefined ? '' : copy;
}

function readStorage(key) {
  return mapHas(stored, key) ? copyPlain(mapGet(stored, key)) : undefined;
}

function storageInfo() {
  const keys = [];
  let characters = 0;
  mapForEach(stored, (value, key) => {
    append(keys, key);
    characters += key.length + stringifyJSON(value).length;
  });
  return { keys, currentSize: floor((characters + 1023) / 1024), limitSize: floor(limits.storage / 1024) };
}

const storageChanges = createObject(null);
storageChanges.setStorage = (options) => {
  const key = storageKey(options.key);
  const value = storageValue(options.data);
  return { name: 'storage.set', values: { key, value }, apply: () => mapSet(stored, key, value) };
};
storageChanges.removeStorage = (options) => {
  const key = storageKey(options.key);
  return { name: 'storage.remove', values: { key }, apply: () => mapDelete(stored, key) };
};
storageChanges.clearStorage = () => ({
  name: 'storage.clear',
  values: {},
  apply: () => {
    const { keys } = storageInfo();
    for (let index = 0; index < keys.length; index++) mapDelete(stored, keys[index]);
  },
});

function changeStorage(name, options, done) {
  const change = storageChanges[name](options);
  ask(change.name, change.values, (reason, value) => {
    if (reason === null) change.apply();
    done(reason, value);
  });
}

function changeStorageNow(name, options) {
  let change;
  try {
    change = storageChanges[name](options);
  } catch (error) {
    throw new NativeError(name + 'Sync:fail parameter error: ' + error.message);
  }
  const { error } = askNow(change.name, change.values);
  if (error !== null) throw new NativeError(name + 'Sync:fail ' + error);
  change.apply();
}

defineApi('setStorage', (given, done) => changeStorage('setStorage', given, done));
defineApi('removeStorage', (given, done) => changeStorage('removeStorage', given, done));
defineApi('clearStorage', (given, done) => changeStorage('clearStorage', given, done));
defineApi('getStorage', (given, done) => {
  const key = storageKey(given.key);
  if (mapHas(stored, key)) done(null, { data: readStorage(key) });
  else done('data not found', undefined);
});
defineApi('getStorageInfo', (given, done) => done(null, storageInfo()));
defineSync('setStorageSync', (key, data) => changeStorageNow('setStorage', { key, data }));
defineSync('removeStorageSync', (key) => changeStorageNow('removeStorage', { key }));
defineSync('clearStorageSync', () => changeStorageNow('clearStorage', {}));
defineSync('getStorageSync', (key) => {
  const value = readStorage(storageKey(key));
  return value === undefined ? '' : value;
});
defineSync('getStorageInfoSync', storageInfo);

// The batches of WeChat are as many single changes: each counts when the host has confirmed it.
function batchItems(list, name) {
  if (!isArray(list)) throw new BorderError(name, 'must be a list');
  const items = [];
  for (let index = 0; index < list.length; index++) append(items, list[index]);
  return items;
}

defineApi('batchSetStorage', (given, done) => {
  const items = batchItems(given.kvList, 'kvList');
  const next = (index) => {
    if (index === items.length) done(null, undefined);
    else changeStorage('setStorage', { key: items[index].key, data: items[index].value }, (reason) => {
      if (reason === null) next(index + 1);
      else done(reason, undefined);
    });
  };
  next(0);
});
defineApi('batchGetStorage', (given, done) => {
  const keys = batchItems(given.keyList, 'keyList');
  const dataList = [];
  for (let index = 0; index < keys.length; index++) append(dataList, storedOrEmpty(keys[index]));
  done(null, { dataList });
});
defineSync('batchSetStorageSync', (list) => {
  const items = batchItems(list, 'kvList');
  for (let index = 0; index < items.length; index++) {
    changeStorageNow('setStorage', { key: items[index].key, data: items[index].value });
  }
});
defineSync('batchGetStorageSync', (list) => {
  const keys = batchItems(list, 'keyList');
  const values = [];
  for (let index = 0; index < keys.length; index++) append(values, storedOrEmpty(keys[index]));
  return values;
});

function storedOrEmpty(key) {
  const value = readStorage(storageKey(key));
  return value === undefined ? '' : value;
}
