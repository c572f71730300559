describe('the count', () => {
  it('rises by a tap', () => {
    const program = launch();
    program.find('.add').tap();
    program.find('.add').tap();
    expect(program.find('.count')).toHaveText('2');
    expect(program.find('.hint')).not.toExist();
  });

  it('rises by voice', () => {
    const program = launch();
    expect(program.say('count')).toBe('The count is 1.');
    expect(program.say('add ten')).toBe('The count is 11.');
    expect(program.find('.count')).toHaveText('11');
  });

  it('is kept', () => {
    const program = launch({ storage: { count: 41 } });
    program.find('.add').tap();
    program.relaunch();
    expect(program.find('.count')).toHaveText('42');
    expect(program.say('what is the count')).toBe('The count is 42.');
  });
});
