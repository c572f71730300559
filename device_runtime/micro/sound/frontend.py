"""Sound to features: a row of 40 numbers each 10 ms, as TensorFlow Lite Micro's audio front end gives them."""

from .channels import channels, levels
from .spectrum import butterflies, energies, first_butterflies, make_room, windowed

STEP_BYTES = 320
"""10 ms of 16 kHz, int16, one channel."""
CHANNELS = 40
_WINDOW_BYTES = 960


class Frontend:
    """Made once for a stream of sound: fill ``step``, then :meth:`advance`, which allocates nothing.

    ``step`` takes ``STEP_BYTES`` of 16 kHz mono int16, the smaller byte first. ``row`` holds the newest features: 40 of
    uint16, 0 to about 670. Times 10/256 they are what ``pymicro-features`` gives, and what models were trained on.
    """

    def __init__(self) -> None:
        self.row = bytearray(2 * CHANNELS)
        self._sound = bytearray(_WINDOW_BYTES)
        self.step = memoryview(self._sound)[_WINDOW_BYTES - STEP_BYTES :]
        self._work = bytearray(1024)
        self._signal = bytearray(4 * CHANNELS)
        self._noise = bytearray(4 * CHANNELS)
        self._steps = 0

    def advance(self) -> bool:
        """Go on by the step that was filled; says if ``row`` is new: the first window needs three steps."""
        is_whole = self._steps >= 2
        if is_whole:
            work, signal = self._work, self._signal
            shift = windowed(self._sound, work)
            first_butterflies(work, shift)
            butterflies(work, 8)
            butterflies(work, 32)
            butterflies(work, 128)
            energies(work)
            channels(work, signal, shift)
            levels(signal, self._noise, self.row)
        else:
            self._steps += 1
        make_room(self._sound)
        return is_whole

    def reset(self) -> None:
        """Forget the sound so far, and the noise."""
        self._steps = 0
        for at in range(len(self._noise)):
            self._noise[at] = 0
