// The event channel between a page and the page that it opened.

class EventChannel {
  constructor() {
    hidden(this, 'listeners', new NativeMap());
    hidden(this, 'peer', undefined);
  }

  on(name, listener) {
    if (typeof listener !== 'function') throw new NativeTypeError('EventChannel.on: the listener must be a function');
    const list = mapGet(this.listeners, name) || [];
    append(list, { listener, once: false });
    mapSet(this.listeners, name, list);
  }

  once(name, listener) {
    this.on(name, listener);
    const list = mapGet(this.listeners, name);
    list[list.length - 1].once = true;
  }

  off(name, listener) {
    const list = mapGet(this.listeners, name) || [];
    for (let index = list.length - 1; index >= 0; index--) {
      if (listener === undefined || list[index].listener === listener) splice(list, index, 1);
    }
  }

  emit(name, ...values) {
    if (this.peer !== undefined) deliver(this.peer, name, values);
  }
}

function deliver(channel, name, values) {
  const list = mapGet(channel.listeners, name) || [];
  const due = [];
  for (let index = 0; index < list.length; index++) append(due, list[index]);
  for (let index = 0; index < due.length; index++) {
    if (due[index].once) channel.off(name, due[index].listener);
    guard('the listener of "' + toText(name) + '"', due[index].listener, undefined, values);
  }
}

// Two ends: what one emits, the other hears. `events` are listeners of the first end.
function makeChannels(events) {
  const opener = new EventChannel();
  const opened = new EventChannel();
  opener.peer = opened;
  opened.peer = opener;
  if (isObject(events)) {
    const names = objectKeys(events);
    for (let index = 0; index < names.length; index++) {
      if (typeof events[names[index]] === 'function') opener.on(names[index], events[names[index]]);
    }
  }
  return { opener, opened };
}
