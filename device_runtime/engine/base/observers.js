// Data observers: which fields they watch, and which of them a change concerns.

// "a, b.c[2], d.**" as [{steps: ["b", "c", 2], deep: false}, ...].
function parseWatched(text) {
  const watched = [];
  const step = /\s*(?:\.\s*)?(?:(\*\*)|([A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff-]*)|\[\s*(\d+)\s*\])\s*/y;
  const refuse = () => {
    throw new NativeError('observers: "' + text + '" cannot be read; write fields as a, b.c[2] or d.**');
  };
  let at = 0;
  for (;;) {
    const field = { steps: [], deep: false };
    while (at < text.length && text[at] !== ',') {
      step.lastIndex = at;
      const match = regExpExec(step, text);
      if (match === null || field.deep) refuse();
      if (match[1] !== undefined) field.deep = true;
      else append(field.steps, match[3] === undefined ? match[2] : toNumber(match[3]));
      at += match[0].length;
    }
    if (field.steps.length === 0 && !field.deep) refuse();
    append(watched, field);
    if (at >= text.length) return watched;
    at++;
  }
}

// Whether setting `steps` sets the field, something around it or, where it is deep, something in it.
function concerns(field, steps) {
  const own = field.steps;
  const shared = own.length < steps.length ? own.length : steps.length;
  for (let index = 0; index < shared; index++) {
    if (own[index] !== steps[index] && '' + own[index] !== '' + steps[index]) return false;
  }
  return steps.length <= own.length || field.deep;
}

function markObservers(observers, steps, marked) {
  for (let index = 0; index < observers.length; index++) {
    if (marked[index] === true) continue;
    const { fields } = observers[index];
    for (let place = 0; place < fields.length; place++) {
      if (concerns(fields[place], steps)) {
        marked[index] = true;
        break;
      }
    }
  }
}

function valueAt(data, steps) {
  let value = data;
  for (let index = 0; index < steps.length; index++) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = hasOwn(value, steps[index]) ? value[steps[index]] : undefined;
  }
  return value;
}

// Calls the marked observers in the order of their declaration, again and again until none is marked: what they set
// may mark others, and themselves.
function runObservers(node, marked) {
  const { observers } = node.plan;
  for (let again = true; again; ) {
    again = false;
    for (let index = 0; index < observers.length; index++) {
      if (marked[index] !== true) continue;
      marked[index] = false;
      again = true;
      const observer = observers[index];
      const values = [];
      for (let place = 0; place < observer.fields.length; place++) {
        append(values, valueAt(node.instance.data, observer.fields[place].steps));
      }
      callOn(node, observer.callback, 'the observer of "' + observer.text + '"', values);
    }
  }
}
