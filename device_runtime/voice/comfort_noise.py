"""A little noise under sound that is too clean.

The acoustic model was trained on recordings, whose quiet is never silence. Synthesised, gated or denoised speech
leaves it where it never learnt anything: on such sound the recogniser tells requests from other speech far worse
(docs/voice.md has the measurement). White noise 30 dB below the speech restores what it knows.
"""

import numpy as np

_RELATIVE_LEVEL = 0.035  # of the loudest 32 ms so far
_LEAST, _MOST = 8.0, 100.0  # root mean square, in steps of int16
_BLOCK = 512


class ComfortNoise:
    """Adds the noise to a stream of 16 kHz mono int16 sound. The noise is the same for each stream."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """A new stream begins."""
        self._generator = np.random.default_rng(1)
        self._loudest = 0.0

    def add(self, pcm: bytes) -> bytes:
        """``pcm`` with noise, as many samples as it had."""
        sound = np.frombuffer(pcm, "<i2").astype(np.float32)
        for start in range(0, len(sound), _BLOCK):
            level = float(np.sqrt(np.mean(sound[start : start + _BLOCK] ** 2)))
            self._loudest = max(self._loudest, level)
        level = min(max(self._loudest * _RELATIVE_LEVEL, _LEAST), _MOST)
        sound += level * self._generator.standard_normal(len(sound), np.float32)
        noisy: bytes = np.clip(np.round(sound), -32768, 32767).astype("<i2").tobytes()
        return noisy
