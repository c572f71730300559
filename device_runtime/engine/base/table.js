// What is supported: the table of program/apis.toml, which the worker hands over before the launch.

const apiTable = createObject(null);
const componentTable = createObject(null);

function readTable(document) {
  const names = objectKeys(document.apis);
  for (let index = 0; index < names.length; index++) {
    const row = document.apis[names[index]];
    apiTable[names[index]] = { support: row[0], kind: row[1], needs: row[2], lacks: row[3] };
  }
  const tags = objectKeys(document.components);
  for (let index = 0; index < tags.length; index++) componentTable[tags[index]] = document.components[tags[index]];
}

// Whether this host has it. What is in no table is a capability of the board's own, or nothing.
function supports(name) {
  const row = apiTable[name];
  if (row === undefined) return apis[name] !== undefined || capabilities[name] === true;
  return row.support !== 'none' && (row.needs === '' || capabilities[row.needs] === true);
}

// The classes that canIUse('SocketTask.send') asks about, and what makes their objects.
const CLASSES = freeze({
  __proto__: null,
  Animation: 'createAnimation',
  DownloadTask: 'downloadFile',
  FileSystemManager: 'getFileSystemManager',
  InnerAudioContext: 'createInnerAudioContext',
  LogManager: 'getLogManager',
  RealtimeLogManager: 'getRealtimeLogManager',
  RecorderManager: 'getRecorderManager',
  RequestTask: 'request',
  SelectorQuery: 'createSelectorQuery',
  SocketTask: 'connectSocket',
  UpdateManager: 'getUpdateManager',
  UploadTask: 'uploadFile',
});

// "api", "api.object.option", "api.return.member", "component", "component.attribute.value".
function canIUse(schema) {
  if (typeof schema !== 'string') return false;
  const parts = [];
  const part = /[^.]+/g;
  for (let found = regExpExec(part, schema); found !== null; found = regExpExec(part, schema)) append(parts, found[0]);
  if (parts.length === 0) return false;
  let name = parts[0];
  let used = 1;
  if (CLASSES[name] !== undefined) name = CLASSES[name];
  if (parts.length > 1 && apiTable[name + '.' + parts[1]] !== undefined) {
    name += '.' + parts[1];
    used = 2;
  }
  const lacks = supports(name) ? (apiTable[name] === undefined ? [] : apiTable[name].lacks) : componentTable[name];
  if (lacks === undefined) return false;
  for (let index = used; index < parts.length; index++) {
    for (let lack = 0; lack < lacks.length; lack++) if (lacks[lack] === parts[index]) return false;
  }
  return true;
}

defineSync('canIUse', canIUse);
