// wx.request: the host makes the exchange and reads the answer; bytes become an ArrayBuffer here.

function bufferOf(bytes) {
  return viewBuffer(copyBytes(bytes));
}

function performRequest(given, done) {
  const values = argumentsOf(given);
  const control = {};
  const fire = makeEvents(control, 'request', ['HeadersReceived', 'ChunkReceived']);
  let running = true;
  const task = openTask('request', (event, detail) => {
    if (!running) return;
    if (event === 'headers') fire('HeadersReceived', detail);
    else fire('ChunkReceived', { data: bufferOf(detail.data) });
  });
  putOwn(values, 'task', task);
  ask('request', values, (reason, result) => {
    closeTask(task);
    if (!running) return;
    running = false;
    if (reason === null && isObject(result) && isView(result.data)) putOwn(result, 'data', bufferOf(result.data));
    done(reason, result);
  });
  control.abort = () => {
    if (!running) return;
    running = false;
    ask('request.abort', { task }, () => {});
    done('abort', undefined);
  };
  return control;
}

defineHostApi('request', 'request', (options) => answer('request', options, performRequest));
