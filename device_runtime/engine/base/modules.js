// require, and ES modules on top of it. A module's code is fetched and evaluated the first time it is required.
//
// The host answers `module` with {kind: 'script', code, matches} or {kind: 'json', text}, or for an ES module with
// {kind: 'module', body, newlines, imports, exports, stars, mutable, matches} as engine/modules.py reads it. With
// `matches` its code names RegExp.$1 or its kin (matches.js). An imported name
// becomes a parameter of the module's function when its value can no longer change, else (import cycles,
// `export let`) a getter on an object that the function lies `with`in, so that it stays live.

const modules = new NativeMap();
// The file that is being run now; empty between files.
let loading = '';

class ModuleError extends NativeError {
  constructor(message) {
    super(message);
    hidden(this, 'name', 'ModuleError');
  }
}

function loadModule(name) {
  const known = mapGet(modules, name);
  if (known !== undefined) return known;
  const source = host('module', name);
  if (source.matches) keepMatches();
  const module = { exports: {}, id: name, loaded: false };
  const record = { name, module, kind: source.kind, done: false, mutable: source.mutable };
  mapSet(modules, name, record);
  const outer = loading;
  loading = name;
  try {
    if (source.kind === 'json') module.exports = parseFile(name, source.text);
    else if (source.kind === 'script') runScript(record, source);
    else runModule(record, source);
  } catch (error) {
    mapDelete(modules, name);
    throw error;
  } finally {
    loading = outer;
  }
  record.done = true;
  module.loaded = true;
  return record;
}

function parseFile(name, text) {
  try {
    return parseJSON(text);
  } catch (error) {
    throw new ModuleError(name + ' is not JSON: ' + readText(error, 'message'));
  }
}

function compile(name, code) {
  try {
    return evaluate(code);
  } catch (error) {
    if (isMadeBy(error, NativeSyntaxError)) hidden(error, 'message', error.message + ' (in ' + name + ')');
    throw error;
  }
}

// The file that `request` means. With `load` the subpackage it lies in is loaded, as require.async does.
function resolveModule(from, request, load = false) {
  if (typeof request !== 'string') {
    throw new ModuleError('require: the path must be a string, not ' + describe(request, 0, [], true));
  }
  const found = host('resolve', from, toWellFormed(request), load);
  if (found === null) throw new ModuleError('module "' + request + '" is not in the package (required by ' + from + ')');
  if (typeof found === 'string') return found;
  throw new ModuleError(
    found[0] + ' is in the subpackage "' + found[1] + '", which is not loaded yet (required by ' + from +
      '); use require.async("' + request + '")',
  );
}

function makeRequire(from) {
  const load = (request) => loadModule(resolveModule(from, request, true)).module.exports;
  const refusal = (request, error) => ({ mod: request, errMsg: isError(error) ? describeError(error) : describe(error) });
  // require(path), and require(path, callback, errorCallback), which may reach into subpackages.
  const require = (request, callback, failed) => {
    if (typeof callback !== 'function') return loadModule(resolveModule(from, request)).module.exports;
    queueJob(() => {
      let exports;
      try {
        exports = load(request);
      } catch (error) {
        if (typeof failed === 'function') guard('the error callback of require', failed, undefined, [refusal(request, error)]);
        else reportError(error, 'require("' + request + '")');
        return;
      }
      guard('the callback of require', callback, undefined, [exports]);
    });
    return undefined;
  };
  require.async = (request) =>
    makePromise((resolve, reject) => {
      try {
        resolve(load(request));
      } catch (error) {
        // As WeChat has it, {mod, errMsg}; and an Error, so that the log says where.
        if (isError(error)) {
          hidden(error, 'mod', request);
          hidden(error, 'errMsg', describeError(error));
        }
        reject(error);
      }
    });
  return require;
}

// `$cygnet` inside a file: what is left of `import(x)` and `import.meta`, and of `process.env.NODE_ENV` in npm packages.
function makeHelper(name) {
  const helper = createObject(null);
  helper.import = (request) =>
    makePromise((resolve) => resolve(namespaceOf(loadModule(resolveModule(name, toText(request), true)))));
  helper.meta = { url: '/' + name };
  helper.env = { NODE_ENV: 'production' };
  return helper;
}

function runScript(record, source) {
  const { module, name } = record;
  const factory = compile(name, source.code);
  apply(factory, module.exports, [module.exports, makeRequire(name), module, followed, makeHelper(name)]);
}

// The object behind `import * as name`: a CommonJS module's members, and itself as default.
function namespaceOf(record) {
  const { exports } = record.module;
  if (isObject(exports) && exports.__esModule) return exports;
  if (record.namespace === undefined) {
    const namespace = createObject(null);
    if (isObject(exports)) {
      const keys = objectKeys(exports);
      for (let index = 0; index < keys.length; index++) {
        const key = keys[index];
        defineProperty(namespace, key, { __proto__: null, get: () => exports[key], enumerable: true, configurable: true });
      }
    }
    defineProperty(namespace, 'default', { __proto__: null, value: exports, enumerable: true, configurable: true });
    record.namespace = namespace;
  }
  return record.namespace;
}

function importedValue(record, name) {
  if (name === '*') return namespaceOf(record);
  const { exports } = record.module;
  const isModule = isObject(exports) && exports.__esModule;
  if (name === 'default') return isModule ? exports.default : exports;
  return exports === null || exports === undefined ? undefined : exports[name];
}

// What WeChat's compiler makes of ES modules reads members of `exports`, so that a wrong name is undefined.
function checkExport(record, name, importer) {
  if (record.kind !== 'module' || !record.done || name === '*' || name === 'default') return;
  if (!(name in record.module.exports)) {
    warn(record.name + ' does not export "' + name + '" (imported by ' + importer + '); it is undefined there');
  }
}

function isSettled(record, name) {
  if (!record.done) return false;
  for (let index = 0; index < record.mutable.length; index++) if (record.mutable[index] === name) return false;
  return true;
}

function runModule(record, source) {
  const { module, name } = record;
  hidden(module.exports, '__esModule', true);
  const helper = makeHelper(name);
  const define = (key, get) => defineProperty(module.exports, key, { __proto__: null, get, enumerable: true, configurable: true });
  helper.export = (getters) => {
    const keys = objectKeys(getters);
    for (let index = 0; index < keys.length; index++) define(keys[index], getters[keys[index]]);
  };
  helper.default = undefined;
  if (source.hasDefault) define('default', () => helper.default);

  const live = createObject(null);
  const names = [];
  const values = [];
  const records = [];
  for (let index = 0; index < source.requests.length; index++) {
    append(records, loadModule(resolveModule(name, source.requests[index])));
  }
  for (let index = 0; index < source.imports.length; index++) {
    const imported = source.imports[index][1];
    const local = source.imports[index][2];
    const from = records[source.imports[index][0]];
    checkExport(from, imported, name);
    if (isSettled(from, imported)) {
      append(names, local);
      append(values, importedValue(from, imported));
    } else {
      defineProperty(live, local, { __proto__: null, get: () => importedValue(from, imported) });
    }
  }
  for (let index = 0; index < source.reexports.length; index++) {
    const from = records[source.reexports[index][0]];
    const imported = source.reexports[index][1];
    checkExport(from, imported, name);
    define(source.reexports[index][2], () => importedValue(from, imported));
  }
  for (let index = 0; index < source.stars.length; index++) exportAll(records[source.stars[index]], module, define);

  const within = ownKeys(live).length > 0;
  const code =
    repeat('\n', source.newlines - 1) + '(function ($cygnet, exports, require, module, $cygnet_f, $live, ' + join(names, ', ') + ') {' +
    (within ? 'with ($live) ' : '') +
    'return (function () { "use strict"; $cygnet.export({' + source.getters + '});\n' +
    source.body + '\n}); })';
  const outer = compile(name, code);
  const parameters = [helper, module.exports, makeRequire(name), module, followed, live];
  for (let index = 0; index < values.length; index++) append(parameters, values[index]);
  apply(apply(outer, undefined, parameters), undefined, []);
}

function exportAll(record, module, define) {
  const namespace = namespaceOf(record);
  const keys = objectKeys(namespace);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index];
    if (key !== 'default' && !hasOwn(module.exports, key)) define(key, () => namespace[key]);
  }
}
