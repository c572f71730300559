// From what was said to what is done and answered.

const STEP = 25;

// Words for a room that are not its own name.
const ALSO_CALLED = { lounge: 'living-room', hallway: 'hall' };

function roomCalled(house, words) {
  const id = ALSO_CALLED[words] || words.replace(' ', '-');
  return house.room(id);
}

function list(names) {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

const ANSWERS = {
  switch_room(house, { room, state }) {
    const { id } = roomCalled(house, room);
    house.turn(id, state === 'on');
    return `The ${room} light is ${state}.`;
  },

  switch_all(house, { state }) {
    house.turnAll(state === 'on');
    return `All lights are ${state}.`;
  },

  change_level(house, { room, change }) {
    const { id, on, level } = roomCalled(house, room);
    if (!on && change === 'dim') return `The ${room} light is off.`;
    house.dim(id, level + (change === 'dim' ? -STEP : STEP));
    return `The ${room} light is at ${house.room(id).level} percent.`;
  },

  set_level(house, { room, level }) {
    const { id } = roomCalled(house, room);
    house.dim(id, Number(level));
    return `The ${room} light is at ${house.room(id).level} percent.`;
  },

  ask_room(house, { room }) {
    const { on, level } = roomCalled(house, room);
    return on ? `Yes, the ${room} light is on, at ${level} percent.` : `No, the ${room} light is off.`;
  },

  ask_all(house) {
    const lit = house.rooms().filter(({ on }) => on).map(({ name }) => name.toLowerCase());
    if (!lit.length) return 'All lights are off.';
    return `${lit.length === 1 ? 'One light is' : `${lit.length} lights are`} on: ${list(lit)}.`;
  },

  scene(house, { scene }) {
    return `${house.play(scene).name}.`;
  },
};

module.exports = (house, intent, slots) => ANSWERS[intent](house, slots);
