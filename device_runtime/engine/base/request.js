// wx.request: the host makes the exchange and reads the answer; bytes become an ArrayBuffer here.

let nextRequest = 1;

function bufferOf(bytes) {
  return bufferSlice(viewBuffer(bytes), viewOffset(bytes), viewOffset(bytes) + viewLength(bytes));
}

function performRequest(given, done) {
  const values = argumentsOf(given);
  const task = 'request-' + nextRequest++;
  putOwn(values, 'task', task);
  let running = true;
  ask('request', values, (reason, result) => {
    running = false;
    if (reason === null && isObject(result) && isView(result.data)) putOwn(result, 'data', bufferOf(result.data));
    done(reason, result);
  });
  return {
    abort() {
      if (!running) return;
      running = false;
      ask('request.abort', { task }, () => {});
      done('abort', undefined);
    },
    onHeadersReceived() {},
    offHeadersReceived() {},
    onChunkReceived() {},
    offChunkReceived() {},
  };
}

defineHostApi('request', 'request', (options) => answer('request', options, performRequest));
