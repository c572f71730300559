// How an object literal given to App, Page or Component becomes an instance.

// Members that are data are copied for each instance, as WeChat does; functions and everything else is shared.
function copyMember(value) {
  if (typeof value !== 'object' || value === null) return value;
  const maker = isArray(value) ? ObjectPrototype : getPrototypeOf(value);
  if (maker !== ObjectPrototype && maker !== null) return value;
  try {
    const dropped = [];
    const copy = copyOut(value, '', dropped);
    return dropped.length === 0 ? copy : value;
  } catch {
    return value;
  }
}

// A function whose returned promise is followed, so that `this.load()` without await cannot fail unheard. It stays
// the function that it was in every other respect.
const FOLLOWING = freeze({
  __proto__: null,
  apply(method, self, values) {
    const result = apply(method, self, values);
    watch(result);
    return result;
  },
});

function followed(method) {
  return new NativeProxy(method, FOLLOWING);
}

function assignMembers(instance, definition, skipped) {
  const keys = objectKeys(definition);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index];
    if (hasOwn(skipped, key)) continue;
    const value = definition[key];
    putOwn(instance, key, typeof value === 'function' && !isClass(value) ? followed(value) : copyMember(value));
  }
}

function isClass(value) {
  return startsWith(functionText(value), 'class');
}

function requireDefinition(name, definition) {
  if (typeof definition !== 'object' || definition === null) {
    throw new NativeTypeError(name + ': the argument must be an object, not ' + describe(definition, 0, [], true));
  }
}

// Calls a lifecycle method if there is one.
function lifecycle(instance, name, where, values) {
  const method = instance[name];
  if (typeof method === 'function') return guard(name + ' of ' + where, method, instance, values);
  return undefined;
}
