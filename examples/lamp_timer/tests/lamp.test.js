describe('the lamp', () => {
  it('goes on and off by a tap, and tells the fleet', () => {
    const program = launch();
    program.find('#lamp').tap();
    expect(program.find('.state')).toHaveText('10:00');
    expect(program.find('#lamp')).toHaveClass('on');
    program.find('#lamp').tap();
    expect(program.find('.state')).toHaveText('off');
    expect(program.calls('telemetry').map(({ values }) => values)).toEqual([
      { on: true, minutes: 10 },
      { on: false, minutes: 0 },
    ]);
  });

  it('counts down', () => {
    const program = launch();
    program.find('#lamp').tap();
    expect(program.find('.state')).toHaveText('9:59');
  });

  it('remembers the time that was chosen', () => {
    const program = launch();
    program.find('.choose').tap();
    expect(program.find('.choose')).toHaveText('30 min');
    program.relaunch();
    expect(program.find('.choose')).toHaveText('30 min');
  });

  it('listens', () => {
    const program = launch();
    expect(program.say('is the lamp on')).toBe('The lamp is off.');
    expect(program.say('lamp on for five minutes')).toBe('The lamp is on for 5 minutes.');
    expect(program.find('#lamp')).toHaveClass('on');
    expect(program.say('lamp off')).toBe('The lamp is off.');
  });

  it('says that a device has no lamp', () => {
    const program = launch();
    program.find('#lamp').tap();
    expect(program.find('.hint')).toHaveText('no lamp here');
  });
});
