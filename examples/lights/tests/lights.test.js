describe('lights', () => {
  it('show every room, all off at first', () => {
    const program = launch();
    expect(program.find('.room')).toHaveCount(6);
    expect(program.find('.summary')).toHaveText('Everything is off');
    expect(program.find('.room.lit')).toHaveCount(0);
  });

  it('go on by touch, and tell the fleet', () => {
    const program = launch();
    const kitchen = program.find('.room', 'Kitchen');
    kitchen.find('switch').tap();
    expect(kitchen).toHaveClass('lit');
    expect(kitchen).toHaveText('Kitchen 80 %');
    expect(program.find('.summary')).toHaveText('1 light is on');
    expect(program).toHaveCalled('telemetry', { name: 'light', values: { room: 'kitchen', on: true, level: 80 } });
  });

  it('stay on when the program starts again', () => {
    const program = launch();
    program.find('.room', 'Garden').find('switch').tap();
    program.relaunch();
    expect(program.find('.room', 'Garden')).toHaveClass('lit');
  });

  it('are dimmed on the page of a room', () => {
    const program = launch({ storage: { lights: { hall: { on: true, level: 60 } } } });
    program.find('.room', 'Hall').tap();
    expect(program).toBeAt('pages/room/room');
    expect(program).toHaveTitle('Hall');
    program.find('slider').enter(35);
    expect(program.find('.value')).toHaveText('35 %');
    program.find('.preset', '100').tap();
    expect(program.find('.preset.chosen')).toHaveText('100 %');
    program.back();
    expect(program.find('.room', 'Hall')).toContainText('100 %');
  });

  it('follow a finger on the slider without telling anybody', () => {
    const program = launch({ path: 'pages/room/room?id=hall' });
    program.find('slider').trigger('changing', { value: 12 });
    expect(program.find('.value')).toHaveText('12 %');
    expect(program).not.toHaveCalled('telemetry');
  });

  it('change only what a scene names', () => {
    const program = launch({ storage: { lights: { garden: { on: true, level: 30 } } } });
    program.find('.scene', 'Movie time').tap();
    expect(program.find('.room', 'Living room')).toContainText('15 %');
    expect(program.find('.room', 'Garden')).toContainText('30 %');
    expect(program).toHaveCalled('showToast', { title: 'Movie time' });
  });

  it('go off together', () => {
    const program = launch({ storage: { lights: { hall: { on: true, level: 30 }, garden: { on: true, level: 5 } } } });
    expect(program.find('.summary')).toHaveText('2 lights are on');
    program.find('.all-off').tap();
    expect(program.find('.room.lit')).toHaveCount(0);
  });

  it('do not open the room when its switch is tapped', () => {
    const program = launch();
    program.find('.room', 'Hall').find('switch').tap();
    expect(program).toBeAt('pages/index/index');
  });
});

describe('voice', () => {
  it('switches a light, on the screen too', () => {
    const program = launch();
    expect(program.say('turn on the kitchen light')).toBe('The kitchen light is on.');
    expect(program.find('.room', 'Kitchen')).toHaveClass('lit');
    expect(program.say('turn the kitchen light off')).toBe('The kitchen light is off.');
    expect(program.find('.room', 'Kitchen')).not.toHaveClass('lit');
  });

  it('knows other names of a room', () => {
    const program = launch();
    expect(program.say('switch on the lounge light')).toBe('The lounge light is on.');
    expect(program.find('.room', 'Living room')).toHaveClass('lit');
  });

  it('dims and brightens, within what a lamp can do', () => {
    const program = launch({ storage: { lights: { bedroom: { on: true, level: 90 } } } });
    expect(program.say('brighten the bedroom light')).toBe('The bedroom light is at 100 percent.');
    expect(program.say('dim the bedroom light')).toBe('The bedroom light is at 75 percent.');
    expect(program.say('dim the hall light')).toBe('The hall light is off.');
    expect(program.say('set the hall light to forty percent')).toBe('The hall light is at 40 percent.');
    expect(program.say('set the hall light to 120 percent')).toBe('The hall light is at 100 percent.');
  });

  it('answers what is on', () => {
    const program = launch();
    expect(program.say('which lights are on')).toBe('All lights are off.');
    program.say('turn on the hall light');
    expect(program.say('is the hall light on')).toBe('Yes, the hall light is on, at 80 percent.');
    program.say('turn on the garden light');
    expect(program.say('which lights are on')).toBe('2 lights are on: hall and garden.');
    expect(program.say('all lights off')).toBe('All lights are off.');
    expect(program.find('.room.lit')).toHaveCount(0);
  });

  it('starts scenes', () => {
    const program = launch();
    expect(program.say('good night')).toBe('Good night.');
    expect(program.find('.room', 'Hall')).toContainText('5 %');
  });

  it('reaches the page that is open', () => {
    const program = launch({ path: 'pages/room/room?id=living-room' });
    program.say('turn the living room light on');
    expect(program.find('.value')).toHaveText('80 %');
  });
});
