// Properties of components: how they are declared, and what a value becomes when one is set.

const PROPERTY_TYPES = new NativeMap();
mapSet(PROPERTY_TYPES, String, 'String');
mapSet(PROPERTY_TYPES, Number, 'Number');
mapSet(PROPERTY_TYPES, Boolean, 'Boolean');
mapSet(PROPERTY_TYPES, Object, 'Object');
mapSet(PROPERTY_TYPES, Array, 'Array');
mapSet(PROPERTY_TYPES, globalThis.Function, 'Function');
mapSet(PROPERTY_TYPES, null, 'null');
mapSet(PROPERTY_TYPES, undefined, 'null');

// The names of a type, of a list of types (as SWAN allows), and of more types that a value may have.
function propertyTypes(path, name, type, more) {
  const given = isArray(type) && type.length > 0 ? type : [type];
  const types = [];
  const take = (one) => {
    const found = mapGet(PROPERTY_TYPES, one);
    if (found === undefined) {
      warn(path + ': the property "' + name + '" has a type that is none of String, Number, Boolean, Object, Array, null');
    } else {
      append(types, found);
    }
  };
  for (let index = 0; index < given.length; index++) take(given[index]);
  if (isArray(more)) for (let index = 0; index < more.length; index++) take(more[index]);
  return types.length === 0 ? ['null'] : types;
}

function fallbackOf(type) {
  switch (type) {
    case 'String':
      return '';
    case 'Number':
      return 0;
    case 'Boolean':
      return false;
    case 'Array':
      return [];
    case 'Function':
      return () => {};
    default:
      return null;
  }
}

// {name, types, value, observer}: the first type is the one that values are made to fit. `given` is what a
// `properties` section holds: a type, or an object with `type`, `optionalTypes`, `value` and `observer`.
function readProperty(path, name, given) {
  const isLong = typeof given === 'object' && given !== null && !isArray(given);
  const type = isLong ? given.type : given;
  const types = propertyTypes(path, name, type, isLong ? given.optionalTypes : undefined);
  const main = types[0];
  let value = isLong ? given.value : undefined;
  // SWAN lets a factory give the value of an object or array.
  if (typeof value === 'function' && (main === 'Object' || main === 'Array')) value = apply(value, undefined, []);
  if (value === undefined) value = fallbackOf(main);
  const observer = isLong ? given.observer : undefined;
  return { name, types, value, observer };
}

function isFinite(value) {
  return value - value === 0;
}

function hasType(type, value) {
  switch (type) {
    case 'String':
      return typeof value === 'string';
    case 'Number':
      return typeof value === 'number' && isFinite(value);
    case 'Boolean':
      return typeof value === 'boolean';
    case 'Object':
      return typeof value === 'object' && !isArray(value);
    case 'Array':
      return isArray(value);
    case 'Function':
      return typeof value === 'function';
    default:
      return value !== undefined;
  }
}

// The value that a property takes on; one that no type fits becomes the empty value of the first, with a warning.
function fitProperty(path, property, value) {
  const { types } = property;
  for (let index = 1; index < types.length; index++) if (hasType(types[index], value)) return value;
  const main = types[0];
  if (hasType(main, value)) return value;
  if (main === 'Boolean') return !!value;
  if (main === 'Object' && isArray(value)) return value;
  if (main === 'String' && value !== null && value !== undefined) {
    if (typeof value === 'object') warnType(path, property, value, 'it was made a text');
    return toText(value);
  }
  if (main === 'Number' && typeof value !== 'object' && typeof value !== 'function') {
    const number = toNumber(value);
    if (isFinite(number)) return number;
  }
  if (main === 'Number' && value === null) return 0;
  warnType(path, property, value, 'the empty value was taken instead');
  return fallbackOf(main);
}

function warnType(path, property, value, done) {
  const got = value === null ? 'null' : typeof value;
  warnOnce(
    path + ': the property "' + property.name + '" takes a value of type ' + property.types[0] + ', and got ' + got +
      '; ' + done,
  );
}
