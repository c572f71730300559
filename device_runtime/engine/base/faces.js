// wx.initFaceDetect, wx.faceDetect and wx.stopFaceDetect: the device's own face detector, on the program's pixels.

let detector = null; // what inference.open told of it

defineHostApi('initFaceDetect', 'inference.open', (options) =>
  answer('initFaceDetect', options, (given, done) => {
    if (detector !== null) return done(null, undefined);
    return ask('inference.open', { ability: 'face-detection' }, (reason, opened) => {
      if (reason === null) detector = opened;
      done(reason, undefined);
    });
  }));

defineHostApi('stopFaceDetect', 'inference.open', (options) =>
  answer('stopFaceDetect', options, (given, done) => {
    if (detector === null) return done(null, undefined);
    const { session } = detector;
    detector = null;
    return ask('inference.close', { session }, (reason) => done(reason, undefined));
  }));

defineHostApi('faceDetect', 'inference.open', (options) =>
  answer('faceDetect', options, (given, done) => {
    if (detector === null) return done('initFaceDetect comes first', undefined);
    const used = detector;
    const pixels = readMember(given, 'frameBuffer', 'frameBuffer');
    if (!isBinary(pixels)) throw new BorderError('frameBuffer', 'must be an ArrayBuffer');
    const width = toNumber(readMember(given, 'width', 'width'));
    const height = toNumber(readMember(given, 'height', 'height'));
    const conf = readMember(given, 'enableConf', 'enableConf') === true;
    const many = readMember(given, 'enableMultiFace', 'enableMultiFace') === true;
    const input = used.inputs[0];
    const made = host('facePicture', copyBytes(pixels), width, height, input.shape[1]);
    if (typeof made === 'string') return done('parameter error: ' + made, undefined);
    const inputs = {};
    putOwn(inputs, input.name, { type: 'float32', data: made });
    return ask('inference.run', { session: used.session, inputs }, (reason, answered) => {
      if (reason !== null) return done(reason, undefined);
      const boxes = answered.outputs[used.outputs[0].name].data;
      const scores = answered.outputs[used.outputs[1].name].data;
      const found = host('faces', boxes, scores, width, height, input.shape[1], used.parameters);
      if (typeof found === 'string') return done(found, undefined);
      return done(null, faceResult(found, conf, many));
    });
  }));

// As WeChat has it: the surest face, and all of them where they are asked for; -1 where there is none.
function faceResult(found, conf, many) {
  const told = [];
  for (let index = 0; index < found.length; index++) {
    const face = found[index];
    append(told, {
      x: face.x,
      y: face.y,
      detectRect: face.detectRect,
      pointArray: [],
      confArray: conf ? { global: face.global } : {},
      angleArray: {},
    });
  }
  const nobody = { x: -1, y: -1, detectRect: {}, pointArray: [], confArray: {}, angleArray: {} };
  const first = told.length ? copyPlain(told[0]) : nobody;
  putOwn(first, 'faceInfo', many ? told : []);
  return first;
}
