const ADDRESS = 'https://weather.example/forecast';

function day(date, low, high, condition, rain_chance) {
  return { date, low, high, condition, rain_chance, rain: rain_chance > 50 ? 2.5 : 0 };
}

function forecast(city, temperature) {
  return {
    city,
    issued: '2026-11-23T10:20',
    now: { temperature, condition: 'partly', wind: 3.4, humidity: 71 },
    hours: [
      { time: '2026-11-23T10:00', temperature, condition: 'partly', rain_chance: 10 },
      { time: '2026-11-23T11:00', temperature: temperature + 1, condition: 'rain', rain_chance: 60 },
    ],
    days: [
      day('2026-11-23', -0.4, 5.2, 'rain', 60),
      day('2026-11-24', 1, 6, 'sun', 5),
      day('2026-11-25', -3, 2, 'snow', 80),
    ],
  };
}

const SERVICE = {
  [`${ADDRESS}?city=Oslo`]: forecast('Oslo', 3.6),
  [`${ADDRESS}?city=Tokyo`]: forecast('Tokyo', 14.2),
};

describe('today', () => {
  it('shows the weather of the city', () => {
    const program = launch({ requests: SERVICE });
    expect(program.find('.temperature')).toHaveText('4°');
    expect(program.find('.name')).toHaveText('Partly cloudy');
    expect(program.find('.range')).toHaveText('Oslo, 0° to 5°');
    expect(program.find('.hour')).toHaveCount(2);
    expect(program.find('.hour').at(0)).toContainText('Now');
    expect(program.find('.hour').at(1)).toContainText('60 %');
    expect(program.find('.city.chosen')).toHaveText('Oslo');
  });

  it('shows no sun at night', () => {
    const night = forecast('Oslo', -3);
    night.issued = '2026-11-23T23:10';
    night.now.condition = 'sun';
    const program = launch({ requests: { [ADDRESS]: night } });
    expect(program.find('.name')).toHaveText('Clear');
    expect(program.find('.sky')).toHaveAttribute('src', '/images/sun-night.svg');
  });

  it('shows another city, and remembers it', () => {
    const program = launch({ requests: SERVICE });
    program.find('.city', 'Tokyo').tap();
    expect(program.find('.temperature')).toHaveText('14°');
    program.relaunch();
    expect(program.find('.city.chosen')).toHaveText('Tokyo');
  });

  it('asks the service once for a while', () => {
    const program = launch({ requests: SERVICE });
    expect(program.find('.temperature')).toExist();
    program.relaunch();
    expect(program.find('.temperature')).toExist();
    expect(program.calls('request')).toHaveLength(1);
  });

  it('has the last forecast without a network', () => {
    const fetched = Date.now() - 3600000;
    const program = launch({
      storage: { forecasts: { Oslo: { fetched, forecast: forecast('Oslo', -2) } } },
      requests: { [ADDRESS]: { fail: 'cannot connect to weather.example' } },
    });
    expect(program.find('.temperature')).toHaveText('-2°');
    expect(program.find('.notice')).toHaveText(/^Offline; as of \d\d:\d\d$/);
  });

  it('says why where there is no forecast at all, and recovers', () => {
    const program = launch({ requests: { [ADDRESS]: { fail: 'timeout' } } });
    expect(program.find('.notice')).toHaveText('No forecast: request:fail timeout');
    program.surround({ requests: SERVICE });
    program.hide();
    program.show();
    expect(program.find('.temperature')).toHaveText('4°');
    expect(program.find('.notice')).not.toExist();
  });

  it('passes on what the service refuses', () => {
    const program = launch({ requests: { [ADDRESS]: { statusCode: 404, data: { error: 'no forecast for Oslo' } } } });
    expect(program.find('.notice')).toHaveText('No forecast: no forecast for Oslo');
  });
});

describe('the week', () => {
  it('shows a row and a bar for each day', () => {
    const program = launch({ path: 'pages/week/week', requests: SERVICE });
    expect(program.find('.day')).toHaveCount(3);
    expect(program.find('.day').at(0)).toHaveText('Today 60 % 0° 5°');
    expect(program.find('.day').at(1)).toContainText('Tuesday');
    expect(program.find('.day').at(2).find('.span')).toHaveAttribute('style', 'margin-left: 0%; width: 56%');
    expect(program.find('.day').at(2).find('image')).toHaveAttribute('src', '/images/snow.svg');
  });

  it('is a tab', () => {
    const program = launch({ requests: SERVICE });
    program.open('pages/week/week');
    expect(program).toBeAt('pages/week/week');
    expect(program.find('.day')).toHaveCount(3);
    program.find('.city', 'Tokyo').tap();
    program.open('pages/today/today');
    expect(program.find('.temperature')).toHaveText('14°');
  });
});

describe('voice', () => {
  it('tells the weather here and elsewhere', () => {
    const program = launch({ requests: SERVICE });
    expect(program.say('what is the weather')).toBe('In Oslo it is 4 degrees, partly cloudy. Today between 0 and 5.');
    expect(program.say('how warm is it in tokyo')).toMatch(/^In Tokyo it is 14 degrees/);
    expect(program.find('.city.chosen')).toHaveText('Tokyo');
  });

  it('tells if it will rain', () => {
    const program = launch({ requests: SERVICE });
    expect(program.say('will it rain today')).toBe('Yes, expect rain in Oslo today: 60 percent.');
    expect(program.say('will it rain tomorrow in Tokyo')).toBe('No, it stays dry in Tokyo tomorrow.');
  });

  it('tells about tomorrow', () => {
    const program = launch({ requests: SERVICE });
    expect(program.say('what will the weather be like tomorrow')).toBe('Tomorrow in Oslo: sunny, 1 to 6 degrees.');
  });

  it('admits that it cannot know', () => {
    const program = launch({ requests: { [ADDRESS]: { fail: 'timeout' } } });
    expect(program.say('what is the weather')).toBe('I cannot reach the weather service.');
  });
});
