const EARS = { models: { 'models/on_off.tflite': {} } };

describe('the lamp', () => {
  it('hears two words', () => {
    const program = launch(EARS);
    program.hear('on', 0.92);
    expect(program.find('#lamp')).toHaveClass('on');
    expect(program.find('#hint')).toHaveText('heard on, 92 % sure');
    program.hear('off', 0.8);
    expect(program.find('.state')).toHaveText('off');
    expect(program.find('#lamp')).not.toHaveClass('on');
  });

  it('is switched by a tap and by a request', () => {
    const program = launch(EARS);
    program.find('#lamp').tap();
    expect(program.find('.state')).toHaveText('on');
    expect(program.say('switch the lamp off')).toBe('The lamp is off.');
    expect(program.find('.state')).toHaveText('off');
    expect(program.find('#hint')).toHaveText('say on or off');
  });

  it('listens only while it is in front', () => {
    const program = launch(EARS);
    expect(program).toHaveCalled('inference.listen');
    program.hide();
    expect(program).toHaveCalled('inference.close', { session: 1 });
    program.show();
    program.hear('on');
    expect(program.find('.state')).toHaveText('on');
  });

  it('is switched by hand where a device cannot hear, or has no lamp', () => {
    const program = launch();
    expect(program.find('#hint')).toHaveText('no ears here');
    program.find('#lamp').tap();
    expect(program.find('.state')).toHaveText('on');
    expect(program.find('.lack')).toHaveText('no lamp here');
  });
});
