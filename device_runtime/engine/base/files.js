// wx.getFileSystemManager: the program's own folder on the host. Each method asks and waits, or asks and goes on.

// Each method's parameters in the order of its Sync form.
const FILE_METHODS = freeze({
  __proto__: null,
  access: ['path'],
  appendFile: ['filePath', 'data', 'encoding'],
  copyFile: ['srcPath', 'destPath'],
  mkdir: ['dirPath', 'recursive'],
  readFile: ['filePath', 'encoding', 'position', 'length'],
  readdir: ['dirPath'],
  rename: ['oldPath', 'newPath'],
  rmdir: ['dirPath', 'recursive'],
  saveFile: ['tempFilePath', 'filePath'],
  stat: ['path', 'recursive'],
  truncate: ['filePath', 'length'],
  unlink: ['filePath'],
  writeFile: ['filePath', 'data', 'encoding'],
  // These have no Sync form in WeChat.
  getFileInfo: ['filePath', 'digestAlgorithm'],
  getSavedFileInfo: ['filePath'],
  getSavedFileList: [],
  removeSavedFile: ['filePath'],
});
const NEVER_SYNC = freeze({
  __proto__: null, getFileInfo: true, getSavedFileInfo: true, getSavedFileList: true, removeSavedFile: true,
});

class Stats {
  constructor(facts) {
    this.mode = facts.mode;
    this.size = facts.size;
    this.lastAccessedTime = facts.lastAccessedTime;
    this.lastModifiedTime = facts.lastModifiedTime;
    hidden(this, 'directory', facts.directory);
  }

  isDirectory() {
    return this.directory;
  }

  isFile() {
    return !this.directory;
  }
}

// What the host answered, as WeChat shows it.
function fileResult(name, result) {
  if (name === 'readFile' && isView(result.data)) return { data: bufferOf(result.data) };
  if (name !== 'stat') return result;
  if (!isArray(result.stats)) return { stats: new Stats(result.stats) };
  const list = [];
  for (let index = 0; index < result.stats.length; index++) {
    append(list, { path: result.stats[index].path, stats: new Stats(result.stats[index].stats) });
  }
  return { stats: list };
}

function fileCall(name) {
  return (options) =>
    answer(name, options, (given, done) => {
      ask('file.' + name, argumentsOf(given), (reason, result) => {
        done(reason, reason === null && isObject(result) ? fileResult(name, result) : undefined);
      });
    });
}

// What a Sync form returns of the result.
const FILE_RETURNS = freeze({
  __proto__: null, readFile: 'data', readdir: 'files', saveFile: 'savedFilePath', stat: 'stats',
});

function fileCallNow(name, parameters) {
  const called = name + 'Sync';
  return (...values) => {
    const given = {};
    for (let index = 0; index < parameters.length; index++) {
      if (values[index] !== undefined) putOwn(given, parameters[index], values[index]);
    }
    let sent;
    try {
      sent = argumentsOf(given);
    } catch (error) {
      throw new NativeError(called + ':fail parameter error: ' + error.message);
    }
    const { error, value } = askNow('file.' + name, sent);
    if (error !== null) throw new NativeError(called + ':fail ' + error);
    const returned = FILE_RETURNS[name];
    return returned === undefined || !isObject(value) ? undefined : fileResult(name, value)[returned];
  };
}

const fileSystemManager = {};
(() => {
  const names = objectKeys(FILE_METHODS);
  for (let index = 0; index < names.length; index++) {
    const name = names[index];
    fileSystemManager[name] = fileCall(name);
    if (!NEVER_SYNC[name]) fileSystemManager[name + 'Sync'] = fileCallNow(name, FILE_METHODS[name]);
  }
  const others = [
    'open', 'close', 'read', 'write', 'fstat', 'ftruncate', 'unzip', 'readZipEntry', 'readCompressedFile',
  ];
  for (let index = 0; index < others.length; index++) {
    fileSystemManager[others[index]] = unsupportedApi(others[index]);
    fileSystemManager[others[index] + 'Sync'] = unsupportedApi(others[index] + 'Sync');
  }
})();

defineHostApi('getFileSystemManager', 'file.access', () => fileSystemManager);
const onTop = ['saveFile', 'getFileInfo', 'getSavedFileInfo', 'getSavedFileList', 'removeSavedFile'];
for (let index = 0; index < onTop.length; index++) {
  defineHostApi(onTop[index], 'file.access', fileSystemManager[onTop[index]]);
}
