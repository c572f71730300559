// Bytes as text, and random ones; the worker has the means.

const MAX_RANDOM_BYTES = 1048576;

defineSync('arrayBufferToBase64', (buffer) => {
  if (arrayBufferLength(buffer) < 0 && !isView(buffer)) {
    throw new NativeTypeError('arrayBufferToBase64: the argument must be an ArrayBuffer');
  }
  return host('base64', copyBytes(buffer));
});
defineSync('base64ToArrayBuffer', (text) => {
  const bytes = typeof text === 'string' ? host('unbase64', toWellFormed(text)) : null;
  if (bytes === null) throw new NativeTypeError('base64ToArrayBuffer: the argument must be base64 text');
  return bufferOf(bytes);
});

function getRandomValues(given, done) {
  const length = toNumber(given.length);
  if (!(length >= 0 && length <= MAX_RANDOM_BYTES)) {
    throw new BorderError('length', 'must be a number from 0 to ' + MAX_RANDOM_BYTES);
  }
  done(null, { randomValues: bufferOf(host('random', floor(length))) });
}

defineApi('getRandomValues', getRandomValues);
defineSync('getUserCryptoManager', () => ({
  getRandomValues: (options) => answer('getRandomValues', options, getRandomValues),
  getLatestUserKey: unsupportedApi('getLatestUserKey'),
}));
