// What the host does for a program over a time: downloads, sockets, sound. Each has an id of the library's choice;
// the host tells of it in events `task {task, event, detail}`.

const hostTasks = new NativeMap();
let nextTask = 1;

handleHostEvent('Task', (payload) => {
  const hear = mapGet(hostTasks, payload.task);
  if (hear !== undefined) hear(payload.event, payload.detail);
});

function openTask(kind, hear) {
  const task = kind + '-' + nextTask++;
  mapSet(hostTasks, task, hear);
  return task;
}

function closeTask(task) {
  mapDelete(hostTasks, task);
}

// Gives `object` on<Name> and off<Name> for each name; fire(name, payload) calls who listens.
function makeEvents(object, what, names) {
  const lists = createObject(null);
  for (let index = 0; index < names.length; index++) {
    const listeners = [];
    lists[names[index]] = listeners;
    object['on' + names[index]] = listen(listeners);
    object['off' + names[index]] = unlisten(listeners);
  }
  return (name, payload) => {
    const due = [];
    for (let index = 0; index < lists[name].length; index++) append(due, lists[name][index]);
    for (let index = 0; index < due.length; index++) {
      guard('on' + name + ' of ' + what, due[index], undefined, payload === undefined ? [] : [payload]);
    }
  };
}

// Acts on a task without anybody waiting for the answer: `failed` hears a refusal.
function tell(name, values, failed) {
  ask(name, values, (reason) => {
    if (reason !== null) failed(reason);
  });
}
