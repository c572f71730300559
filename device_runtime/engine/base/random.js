// Math.random. The engine's own begins where it began in the zygote, so that every program, and every run of one, got
// the same numbers; this one (xoshiro128**) begins anew at each launch.

const seed = [1, 2, 3, 4];

function seedRandom(bytes) {
  for (let index = 0; index < 4; index++) {
    const at = 4 * index;
    seed[index] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  seed[0] |= 1; // all zeros would stay zeros
}

function nextRandom() {
  const product = imul(seed[1], 5);
  const result = imul((product << 7) | (product >>> 25), 9);
  const shifted = seed[1] << 9;
  seed[2] ^= seed[0];
  seed[3] ^= seed[1];
  seed[1] ^= seed[2];
  seed[0] ^= seed[3];
  seed[2] ^= shifted;
  seed[3] = (seed[3] << 11) | (seed[3] >>> 21);
  return result >>> 0;
}

hidden(Math, 'random', function random() {
  return ((nextRandom() >>> 5) * 67108864 + (nextRandom() >>> 6)) / 9007199254740992;
});
