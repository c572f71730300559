const EARS = { models: { 'sound-events': { labels: ['none', 'alarm', 'horn', 'siren', 'glass', 'knock'] } } };
const { event, known } = require('../model/sounds');

describe('the driver', () => {
  it('sees that all is quiet, and what is listened for', () => {
    const program = launch(EARS);
    expect(program.find('#state')).toHaveText('All quiet');
    expect(program.find('#hint')).toHaveText('Listening for sirens, horns, alarms and breaking glass');
  });

  it('is warned of a siren on the screen and aloud, once', () => {
    const program = launch(EARS);
    program.hear('siren');
    expect(program.find('.title')).toHaveText('Siren');
    expect(program.find('.page')).toHaveClass('red');
    expect(program).toHaveCalled('speak', { text: 'Siren nearby. Make way.' });
    program.hear('siren');
    program.find('#alert').tap();
    expect(program.find('.heard')).toHaveCount(2);
    expect(program.calls('speak')).toHaveLength(1);
  });

  it('sees the latest of several alerts', () => {
    const program = launch(EARS);
    program.hear('siren');
    program.hear('horn');
    expect(program.find('.title')).toHaveText('Horn');
    expect(program.find('.page')).toHaveClass('amber');
  });

  it('is not warned of a knock, nor of what has no meaning', () => {
    const program = launch({ models: { 'sound-events': { labels: ['knock', 'thunder'] } } });
    program.hear('thunder');
    program.hear('knock');
    expect(program.find('.heard')).toHaveCount(1);
    expect(program.find('.heard .what')).toHaveText('Knock');
    expect(program.find('#alert')).not.toExist();
    expect(program.calls('speak')).toEqual([]);
  });

  it('may have silence', () => {
    const program = launch({ ...EARS, storage: { share: false } });
    program.find('#voice').tap();
    expect(program).toHaveStored('voice', false);
    program.hear('horn');
    expect(program.find('.title')).toHaveText('Horn');
    expect(program.calls('speak')).toEqual([]);
  });

  it('may have no listening at all, by touch and by voice', () => {
    const program = launch({ ...EARS, storage: { share: false } });
    expect(program.find('#state')).toHaveText('All quiet');
    program.find('#listen').tap();
    expect(program.find('#state')).toHaveText('Paused');
    expect(program).toHaveCalled('inference.stop');
    expect(program.say('listen again')).toBe('I am listening.');
    expect(program.find('#state')).toHaveText('All quiet');
    expect(program.say('stop listening')).toBe('I have stopped listening.');
    program.find('#ring').tap();
    expect(program.find('#state')).toHaveText('All quiet');
  });

  it('can ask what that was', () => {
    const program = launch(EARS);
    expect(program.say('what was that')).toBe('I have heard nothing so far.');
    program.hear('alarm');
    expect(program.find('.title')).toHaveText('Alarm');
    expect(program.say('what did you hear')).toMatch(/^I heard an alarm at \d\d:\d\d\.$/);
  });
});

describe('the fleet', () => {
  it('learns nothing before it was allowed', () => {
    const program = launch(EARS);
    program.hear('horn');
    program.find('#alert').tap();
    expect(program.find('#consent')).toExist();
    expect(program.calls('telemetry')).toEqual([]);
  });

  it('learns kinds of sound once it was, and no more when that is taken back', () => {
    const program = launch(EARS);
    program.find('#yes').tap();
    expect(program).toHaveStored('share', true);
    program.hear('horn');
    expect(program).toHaveCalled('telemetry', { name: 'heard', values: { sound: 'horn' } });
    program.find('#alert').tap();
    program.find('#share').tap();
    program.hear('siren');
    expect(program.find('.title')).toHaveText('Siren');
    expect(program.calls('telemetry')).toHaveLength(1);
  });

  it('is not asked about again', () => {
    const program = launch(EARS);
    program.find('#no').tap();
    program.relaunch();
    expect(program.find('#share')).toHaveText('Not shared');
    expect(program.find('#consent')).not.toExist();
  });
});

describe('a device that cannot hear', () => {
  it('says so, and tries again when asked', () => {
    const program = launch();
    expect(program.find('#state')).toHaveText('Not listening');
    expect(program.find('#hint')).toContainText("The test gives no model 'sound-events'");
    expect(program.say('listen again')).toMatch('no model');
    program.surround(EARS);
    program.find('#again').tap();
    expect(program.find('#state')).toHaveText('All quiet');
    program.hear('siren');
    expect(program.find('.title')).toHaveText('Siren');
  });
});

describe('sounds', () => {
  it('have a time, and those without a meaning are none', () => {
    expect(event('horn', new Date(2026, 1, 3, 4, 5)).time).toBe('04:05');
    expect(event('toString', new Date())).toBe(null);
    expect(known(['siren'])).toBe('sirens');
    expect(known(['none'])).toBe('');
  });
});
