// What is supported: the table of program/apis.toml, which the worker hands over before the launch.

let folded = '{"apis":{},"components":{}}';
let unfolded;

// JSON of {apis: {name: [support, kind, needs, lacks]}, components: {tag: lacks}}. It is unfolded for the program that
// asks, so that the others carry no objects for it.
function readTable(text) {
  folded = text;
  unfolded = undefined;
}

function tableOf(part) {
  if (unfolded === undefined) unfolded = parseJSON(folded);
  return unfolded[part];
}

function apiRow(name) {
  const table = tableOf('apis');
  if (!hasOwn(table, name)) return undefined;
  const row = table[name];
  return { support: row[0], kind: row[1], needs: row[2], lacks: row[3] };
}

// Whether this host has it. What is in no table is a capability of the board's own, or nothing.
function supports(name) {
  const row = apiRow(name);
  if (row === undefined) return apis[name] !== undefined || capabilities[name] === true;
  return row.support !== 'none' && (row.needs === '' || capabilities[row.needs] === true);
}

// The classes that canIUse('SocketTask.send') asks about, and what makes their objects.
const CLASSES = freeze({
  __proto__: null,
  Animation: 'createAnimation',
  AudioContext: 'createAudioContext',
  CanvasContext: 'createCanvasContext',
  DownloadTask: 'downloadFile',
  FileSystemManager: 'getFileSystemManager',
  InferenceSession: 'createInferenceSession',
  InnerAudioContext: 'createInnerAudioContext',
  IntersectionObserver: 'createIntersectionObserver',
  LogManager: 'getLogManager',
  RealtimeLogManager: 'getRealtimeLogManager',
  RecorderManager: 'getRecorderManager',
  RequestTask: 'request',
  SelectorQuery: 'createSelectorQuery',
  SocketTask: 'connectSocket',
  UpdateManager: 'getUpdateManager',
  UploadTask: 'uploadFile',
  VideoContext: 'createVideoContext',
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
  if (parts.length > 1 && apiRow(name + '.' + parts[1]) !== undefined) {
    name += '.' + parts[1];
    used = 2;
  }
  const components = tableOf('components');
  const row = apiRow(name);
  let lacks;
  if (supports(name)) lacks = row === undefined ? [] : row.lacks;
  else if (hasOwn(components, name)) lacks = components[name];
  else return false;
  for (let index = used; index < parts.length; index++) {
    for (let lack = 0; lack < lacks.length; lack++) if (lacks[lack] === parts[index]) return false;
  }
  return true;
}

defineSync('canIUse', canIUse);
