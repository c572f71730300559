"""The micro front end: 16 kHz sound to the 40-channel features that micro wake-word models were trained on.

Source: TensorFlow Lite Micro's audio front end (window 30 ms, step 10 ms, 40 mel channels from 125 Hz to 7.5 kHz,
noise reduction, PCAN gain control, logarithm), through ``pymicro-features``.
"""

import importlib
from collections.abc import Iterator

from device_runtime.inference.store import ModelError

CHANNELS = 40
STEP_SECONDS = 0.010
_STEP_BYTES = 320


class MicroFeatures:
    """Turns a stream of 16 kHz mono int16 little-endian samples into feature rows, one each 10 ms.

    Raises:
        ModelError: ``pymicro-features`` is not installed.
    """

    def __init__(self) -> None:
        try:
            self._frontend = importlib.import_module("pymicro_features").MicroFrontend()
        except ImportError as error:
            raise ModelError(
                f"models that hear need pymicro_features: {error}; install it with: pip install 'cygnet[voice]'"
            ) from error
        self._pending = bytearray()

    def feed(self, pcm: bytes) -> Iterator[list[float]]:
        """Yield the rows that ``pcm`` completes: ``CHANNELS`` numbers, 0 to about 26. Any number of bytes will do."""
        self._pending += pcm
        while len(self._pending) >= _STEP_BYTES:
            result = self._frontend.process_samples(bytes(self._pending[:_STEP_BYTES]))
            del self._pending[: result.samples_read * 2]
            if result.features:
                yield result.features

    def reset(self) -> None:
        """Forget the sound so far, and the noise estimate."""
        self._frontend.reset()
        self._pending.clear()
