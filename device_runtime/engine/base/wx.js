// wx and swan: one object. What it does not know answers `<name>:fail not supported on this host`.

const NOT_APIS = createObject(null);

(() => {
  const others = ['then', 'toJSON', 'toString', 'valueOf', 'constructor', 'prototype', 'nodeType', 'length', 'name'];
  for (let index = 0; index < others.length; index++) NOT_APIS[others[index]] = true;

  apis.canIUse = (schema) => {
    const name = typeof schema === 'string' ? regExpExec(/^[^.]*/, schema)[0] : '';
    return supports(name);
  };

  const target = {};
  const names = objectKeys(apis);
  for (let index = 0; index < names.length; index++) target[names[index]] = apis[names[index]];
  target.env = freeze({ USER_DATA_PATH: '' });

  const made = new NativeMap();
  const lookUp = (object, key) => {
    if (typeof key !== 'string' || hasOwn(object, key) || NOT_APIS[key]) return object[key];
    if (!regExpExec(/^[a-z][A-Za-z0-9]*$/, key)) return undefined;
    if (!mapHas(made, key)) mapSet(made, key, makeHostApi(key) || unsupportedApi(key));
    return mapGet(made, key);
  };

  const makeHostApi = (name) => {
    if (capabilities[name] !== true) return undefined;
    if (name === 'request') return (options) => answer('request', options, performRequest);
    return capabilityApi(name);
  };

  const supports = (name) => apis[name] !== undefined || capabilities[name] === true;

  const wx = new NativeProxy(target, {
    get: lookUp,
    has: (object, key) => hasOwn(object, key) || capabilities[key] === true,
  });
  hidden(globalThis, 'wx', wx);
  hidden(globalThis, 'swan', wx);
})();
