// Subpackages: their code is on the device, and may be required once they are loaded.

// wx.loadSubpackage({name}) and swan.loadSubPackage({root}); either takes a name or a folder.
function loadSubpackage(given, finish) {
  const name = textOption(given, given.name === undefined ? 'root' : 'name');
  if (host('loadSubpackage', name)) finish(null, undefined);
  else finish('the program has no subpackage "' + name + '"', undefined);
}

defineApi('loadSubPackage', loadSubpackage);

// WeChat's gives a task that tells of the progress; all of it is here already.
defineApi('loadSubpackage', (given, finish) => {
  const listeners = [];
  loadSubpackage(given, (reason, members) => {
    queueJob(() => {
      const progress = { progress: 100, totalBytesWritten: 1, totalBytesExpectedToWrite: 1 };
      for (let index = 0; reason === null && index < listeners.length; index++) {
        guard('onProgressUpdate of loadSubpackage', listeners[index], undefined, [progress]);
      }
      finish(reason, members);
    });
  });
  return { onProgressUpdate: listen(listeners), offProgressUpdate: unlisten(listeners) };
});

// Plugins come from WeChat's servers, which a device does not know.
hidden(globalThis, 'requirePlugin', function requirePlugin(name) {
  throw new ModuleError('requirePlugin("' + toText(name) + '"): there are no plugins on this host');
});
hidden(globalThis.requirePlugin, 'async', (name) =>
  makePromise((resolve, reject) => {
    const errMsg = 'requirePlugin:fail there are no plugins on this host';
    reject({ mod: name, errMsg });
  }),
);
