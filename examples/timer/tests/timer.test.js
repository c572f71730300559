const MINUTE = 60000;

// A timer as it is stored, ending so many milliseconds from now.
function ending(milliseconds, members) {
  const timer = { id: 1, name: 'egg timer', label: 'egg', total: 300, ends: Date.now() + milliseconds, left: 0, done: false };
  return { timers: [{ ...timer, ...members }] };
}

describe('timers', () => {
  it('invite to the first one', () => {
    const program = launch();
    expect(program.find('.empty-title')).toHaveText('No timer is running');
    expect(program.find('.preset')).toHaveCount(9);
  });

  it('count down from a tapped length', () => {
    const program = launch();
    program.find('.preset', '5').at(0).tap();
    expect(program.find('.card')).toHaveCount(1);
    expect(program.find('.name')).toHaveText('5 minute timer');
    expect(program.find('.face')).toHaveText(/^4:5\d$/);
    expect(program.find('.empty')).not.toExist();
  });

  it('run beside each other', () => {
    const program = launch();
    program.find('.preset').at(0).tap();
    program.find('.preset').at(3).tap();
    expect(program.find('.name').at(0)).toHaveText('1 minute timer');
    expect(program.find('.name').at(1)).toHaveText('10 minute timer');
    program.find('.card', '1 minute').find('.cancel').at(0).tap();
    expect(program.find('.card')).toHaveCount(1);
    expect(program.find('.name')).toHaveText('10 minute timer');
  });

  it('stand still while they are held', () => {
    const program = launch({ storage: ending(4 * MINUTE) });
    program.find('.hold').tap();
    expect(program.find('.card')).toHaveClass('paused');
    const { left, ends } = program.storage().timers[0];
    expect(ends).toBe(0);
    expect(left).toBeGreaterThan(3 * MINUTE);
    program.find('.hold').tap();
    expect(program.find('.card')).toHaveClass('running');
  });

  it('get a minute more', () => {
    const program = launch({ storage: ending(0, { ends: 0, left: 2 * MINUTE, total: 120 }) });
    expect(program.find('.face')).toHaveText('2:00');
    program.find('.more').tap();
    expect(program.find('.face')).toHaveText('3:00');
  });

  it('say when they are done, once', () => {
    const program = launch();
    program.say('set an egg timer for one second');
    expect(program).toHaveCalled('speak', { text: 'The egg timer is done.' });
    expect(program.find('.face')).toHaveText('Done');
    expect(program.find('.card')).toHaveClass('done');
    expect(program.calls('speak')).toHaveLength(1);
  });

  it('go on while the program is closed', () => {
    const program = launch({ storage: ending(1 * MINUTE) });
    program.relaunch();
    expect(program.find('.face')).toContainText('0:5');
  });

  it('are shown as done, and not announced, when they ended while the program was closed', () => {
    const program = launch({ storage: ending(-5 * MINUTE) });
    expect(program.find('.face')).toHaveText('Done');
    expect(program.calls('speak')).toEqual([]);
  });

  it('are not more than fit', () => {
    const timers = Array.from({ length: 12 }, (_, index) => ending(MINUTE, { id: index + 1 }).timers[0]);
    const program = launch({ storage: { timers } });
    program.find('.preset').at(0).tap();
    expect(program).toHaveCalled('showToast', { title: /no more than 12/ });
    expect(program.find('.card')).toHaveCount(12);
  });
});

describe('voice', () => {
  it('sets a timer', () => {
    const program = launch();
    expect(program.say('set a timer for ten minutes')).toBe('Timer set for 10 minutes.');
    expect(program.find('.name')).toHaveText('10 minute timer');
  });

  it('sets one for something', () => {
    const program = launch();
    expect(program.say('set a pasta timer for 8 minutes')).toBe('Pasta timer set for 8 minutes.');
    expect(program.say('set a three minute egg timer')).toBe('Egg timer set for 3 minutes.');
    expect(program.find('.card')).toHaveCount(2);
    expect(program.say('cancel the pasta timer')).toBe('The pasta timer is cancelled.');
    expect(program.find('.name')).toHaveText('egg timer');
  });

  it('tells how much time is left', () => {
    const program = launch({ storage: ending(0, { ends: 0, left: 272000 }) });
    expect(program.say('how much time is left')).toBe('4 minutes and 32 seconds left on the egg timer.');
    expect(program.say('how long is left on the tea timer')).toBe('There is no tea timer.');
  });

  it('pauses and resumes', () => {
    const program = launch({ storage: ending(2 * MINUTE) });
    expect(program.say('pause the timer')).toBe('The egg timer is paused.');
    expect(program.find('.card')).toHaveClass('paused');
    expect(program.say('resume the egg timer')).toBe('The egg timer is resumed.');
    expect(program.find('.card')).toHaveClass('running');
  });

  it('cancels', () => {
    const program = launch();
    expect(program.say('cancel the timer')).toBe('No timer is running.');
    program.say('set a timer for one minute');
    program.say('set a timer for thirty seconds');
    expect(program.say('stop all timers')).toBe('All timers are cancelled.');
    expect(program.find('.empty')).toExist();
  });
});
