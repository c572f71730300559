// Speaks by GnuSpeech: a request is one line of JSON {text, voice, tempo, seed}, an answer one line of base64 (a WAV
// file), or "error: " and why. The package lies in the folder that the first argument names.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

// GnuSpeech lets pitch drift by chance. Chance comes from the request's seed, so that the same request sounds the same.
let state = 1;
globalThis.crypto.getRandomValues = (array) => {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  for (let place = 0; place < bytes.length; place++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[place] = state >>> 24;
  }
  return array;
};
Date.now = () => 0;

const answer = process.stdout.write.bind(process.stdout);
console.log = () => {};
process.stdout.write = () => true; // the library talks there, too

const require = createRequire(process.argv[2] + '/package.json');
const { synthesize } = await import(pathToFileURL(require.resolve('@echogarden/gnuspeech-wasm')).href);

for await (const line of createInterface({ input: process.stdin })) {
  try {
    const { text, voice, tempo, seed } = JSON.parse(line);
    state = seed >>> 0;
    const { audioData } = await synthesize(text, { voice, tempo, controlRate: 250 });
    answer(Buffer.from(audioData).toString('base64') + '\n');
  } catch (error) {
    answer('error: ' + String(error).replaceAll('\n', ' ').slice(0, 300) + '\n');
  }
}
