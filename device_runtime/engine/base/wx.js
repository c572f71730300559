// wx and swan: one object. What it does not know answers `<name>:fail not supported on this host`.

(() => {
  const target = {};
  const names = objectKeys(apis);
  for (let index = 0; index < names.length; index++) target[names[index]] = apis[names[index]];
  target.worklet = worklet;
  target.env = freeze({ USER_DATA_PATH: 'wxfile://usr' });

  const made = new NativeMap();
  const lookUp = (object, key) => {
    if (typeof key !== 'string' || hasOwn(object, key) || NOT_APIS[key]) return object[key];
    if (!regExpExec(/^[a-z][A-Za-z0-9]*$/, key)) return undefined;
    if (!mapHas(made, key)) mapSet(made, key, makeHostApi(key) || unsupportedApi(key));
    return mapGet(made, key);
  };

  const makeHostApi = (name) => {
    const own = hostApis[name];
    if (own !== undefined) return capabilities[own.capability] === true ? own.method : undefined;
    return capabilities[name] === true ? capabilityApi(name) : undefined;
  };

  const wx = new NativeProxy(target, {
    get: lookUp,
    has: (object, key) => hasOwn(object, key) || supports(key),
  });
  hidden(globalThis, 'wx', wx);
  hidden(globalThis, 'swan', wx);
})();
