// The lights of one home: what is on, how bright, and the rules of changing it.
// Pages and voice both go through here, so a spoken "kitchen light off" moves the switch on the screen.

const STORAGE_KEY = 'lights';

const ROOMS = [
  { id: 'kitchen', name: 'Kitchen' },
  { id: 'living-room', name: 'Living room' },
  { id: 'bedroom', name: 'Bedroom' },
  { id: 'bathroom', name: 'Bathroom' },
  { id: 'hall', name: 'Hall' },
  { id: 'garden', name: 'Garden' },
];

// A scene gives a level (0 is off) to each room that it names, and leaves the others as they are.
const SCENES = [
  { id: 'good morning', name: 'Good morning', icon: 'sunrise', levels: { kitchen: 100, bathroom: 90, hall: 70, bedroom: 40 } },
  { id: 'dinner time', name: 'Dinner time', icon: 'dinner', levels: { kitchen: 80, 'living-room': 45, garden: 30 } },
  { id: 'movie time', name: 'Movie time', icon: 'movie', levels: { 'living-room': 15, kitchen: 0, hall: 10 } },
  {
    id: 'good night',
    name: 'Good night',
    icon: 'moon',
    levels: { kitchen: 0, 'living-room': 0, bedroom: 0, bathroom: 0, hall: 5, garden: 0 },
  },
];

const MIN_LEVEL = 1;
const MAX_LEVEL = 100;

let lights = {};
const listeners = new Set();

function open() {
  const stored = wx.getStorageSync(STORAGE_KEY) || {};
  for (const { id } of ROOMS) {
    const { on = false, level = 80 } = stored[id] || {};
    lights[id] = { on, level };
  }
}

function clamp(level) {
  return Math.min(MAX_LEVEL, Math.max(MIN_LEVEL, Math.round(level)));
}

function rooms() {
  return ROOMS.map(({ id, name }) => ({ id, name, ...lights[id] }));
}

function room(id) {
  return rooms().find((candidate) => candidate.id === id);
}

// change({kitchen: {on: true}, hall: {level: 20}}): everything that should differ, in one go.
function change(wanted) {
  const changed = [];
  for (const [id, { on = lights[id].on, level = lights[id].level }] of Object.entries(wanted)) {
    const next = { on, level: clamp(level) };
    if (next.on === lights[id].on && next.level === lights[id].level) continue;
    lights[id] = next;
    changed.push(id);
  }
  if (!changed.length) return;
  wx.setStorageSync(STORAGE_KEY, lights);
  for (const id of changed) wx.reportEvent('light', { room: id, ...lights[id] });
  for (const listener of listeners) listener(changed);
}

function turn(id, on) {
  change({ [id]: { on } });
}

function dim(id, level) {
  change({ [id]: { on: true, level } });
}

function turnAll(on) {
  change(Object.fromEntries(ROOMS.map(({ id }) => [id, { on }])));
}

function play(sceneId) {
  const scene = SCENES.find(({ id }) => id === sceneId);
  const wanted = {};
  for (const [id, level] of Object.entries(scene.levels)) wanted[id] = level ? { on: true, level } : { on: false };
  change(wanted);
  return scene;
}

// Calls listener([room ids]) after each change; returns how to stop that.
function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

module.exports = { SCENES, open, rooms, room, turn, dim, turnAll, play, listen };
