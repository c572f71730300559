// wx.createInferenceSession: models run in processes of the host; tensors go there and come back. A session of WeChat's
// names a file; ours may name a shared model or an ability as well, and may listen to the board's microphone.

const sessions = new NativeMap();

handleHostEvent('Inference.result', (payload) => {
  const hear = mapGet(sessions, payload.session);
  if (hear !== undefined) {
    hear.result({ label: payload.label, probability: payload.probability, seconds: payload.seconds });
  }
  return null;
});

handleHostEvent('Inference.microphone', (payload) => {
  const hear = mapGet(sessions, payload.session);
  if (hear !== undefined) hear.microphone({ state: payload.state });
  return null;
});

handleHostEvent('Inference.error', (payload) => {
  const hear = mapGet(sessions, payload.session);
  if (hear !== undefined) hear.error(payload.reason);
  return null;
});

function createInferenceSession(options) {
  const session = {};
  const waiting = [];
  let id;
  let reason = null; // why there is no session, once that is so
  let loaded = false;
  let listening = false;
  let unheard = true;
  const fireLoaded = makeEvents(session, 'an InferenceSession', ['Load', 'Error', 'Result', 'Microphone']);
  const onError = session.onError;
  session.onError = (listener) => {
    unheard = false;
    onError(listener);
  };
  const fail = (name, why) => {
    if (unheard) warn(name + ':fail ' + why + '; session.onError hears it');
    fireLoaded('Error', failure(name, why));
  };
  const release = () => {
    for (let index = 0; index < waiting.length; index++) waiting[index]();
    waiting.length = 0;
  };
  const end = (why) => {
    if (reason !== null) return;
    reason = why;
    if (id !== undefined) {
      mapDelete(sessions, id);
      tell('inference.close', { session: id }, () => {});
    }
    release();
  };
  const start = () => tell('inference.listen', { session: id }, (why) => {
    listening = false;
    fail('InferenceSession.listen', why);
  });

  const open = (done) => {
    let values;
    try {
      const given = isObject(options) ? options : {};
      values = {};
      const ways = ['model', 'name', 'ability'];
      for (let index = 0; index < ways.length; index++) {
        const value = readMember(given, ways[index], ways[index]);
        if (value !== undefined) values[ways[index]] = copyOut(value, ways[index], []);
      }
    } catch (error) {
      return queueJob(() => done('parameter error: ' + error.message, null));
    }
    return ask('inference.open', values, done);
  };
  open((why, opened) => {
    if (why !== null) {
      if (reason !== null) return;
      reason = why;
      release();
      fail('createInferenceSession', why);
      return;
    }
    id = opened.session;
    if (reason !== null) { // destroyed while it was loaded
      tell('inference.close', { session: id }, () => {});
      return;
    }
    loaded = true;
    mapSet(sessions, id, {
      result: (result) => fireLoaded('Result', result),
      microphone: (told) => fireLoaded('Microphone', told),
      error: (lost) => {
        listening = false;
        fail('InferenceSession.listen', lost);
      },
    });
    const facts = ['name', 'task', 'inputs', 'outputs', 'labels', 'parameters'];
    for (let index = 0; index < facts.length; index++) putOwn(session, facts[index], opened[facts[index]]);
    if (listening) start();
    fireLoaded('Load', undefined);
    release();
  });

  // With tensors by the names of the model's inputs; a promise of tensors by the names of its outputs.
  session.run = (tensors) => makePromise((resolve, reject) => {
    const refused = (why) => reject(failure('InferenceSession.run', why));
    let inputs;
    try {
      inputs = copyOut(tensors, 'tensors', [], true);
    } catch (error) {
      refused('parameter error: ' + error.message);
      return;
    }
    const ready = () => {
      if (reason !== null) return refused(reason);
      return ask('inference.run', { session: id, inputs }, (why, answered) => {
        if (why !== null) refused(why);
        else resolve(readTensors(answered.outputs));
      });
    };
    if (loaded || reason !== null) ready();
    else append(waiting, ready);
  });
  session.listen = () => {
    if (reason !== null) {
      // It was told already. To tell it again would never end where onError listens again.
      warn('listen was called on an InferenceSession that cannot listen; it is ignored: ' + reason);
      return;
    }
    if (listening) return;
    listening = true;
    if (loaded) start();
  };
  session.stop = () => {
    if (!listening) return;
    listening = false;
    if (loaded && reason === null) {
      tell('inference.stop', { session: id }, (why) => fail('InferenceSession.stop', why));
    }
  };
  session.destroy = () => {
    listening = false;
    end('the session was destroyed');
  };
  return session;
}

function readTensors(outputs) {
  const tensors = {};
  const names = objectKeys(outputs);
  for (let index = 0; index < names.length; index++) {
    const { shape, type, data } = outputs[names[index]];
    putOwn(tensors, names[index], { shape, data: bufferOf(data), type });
  }
  return tensors;
}

// swan.ai: the device speaks into a file; what Baidu's servers do, nothing here does.
const ai = failingObject('ai');
ai.textToAudio = (options) =>
  answer('ai.textToAudio', options, (given, done) => {
    const values = {};
    const names = [['tex', 'text'], ['spd', 'speed'], ['pit', 'pitch'], ['vol', 'volume']];
    for (let index = 0; index < names.length; index++) {
      const value = copyOut(readMember(given, names[index][0], names[index][0]), names[index][0], []);
      // Their numbers come as texts, too.
      if (value !== undefined) values[names[index][1]] = index > 0 && typeof value === 'string' ? toNumber(value) : value;
    }
    ask('speech.synthesize', values, done);
  });
defineHostApi('ai', 'speech.synthesize', ai);

// Where the host runs no models, a session is one that fails: who listens hears why.
defineSync('createInferenceSession', createInferenceSession);
defineHostApi('getInferenceEnvInfo', 'inference.open', (options) =>
  answer('getInferenceEnvInfo', options, (given, done) => done(null, { ver: toText(system.version) })));
