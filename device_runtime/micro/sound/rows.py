"""What is done with each row of features and each sample, in viper: nothing is allocated.

Indices stand with ``+ 0`` for the reason that ``spectrum.py`` tells.
"""

import micropython

try:
    from .shapes import ptr8, ptr16
except ImportError:
    pass


@micropython.viper
def quantized(row: ptr16, table: ptr8, ring: ptr8, at: int):  # type: ignore[no-untyped-def]
    """Put a row of 40 features as a model wants them into ``ring`` from ``at`` on.

    ``table`` has the bytes for features 0, 1, … after two that say how many; larger features get the last.
    """
    last = (table[0] | (table[1] << 8)) + 1
    for channel in range(40):
        place = row[channel + 0] + 2
        if place > last:
            place = last
        ring[at + channel] = table[place]


@micropython.viper
def unrolled(ring: ptr8, at: int, target: ptr8, size: int):  # type: ignore[no-untyped-def]
    """Copy all of ``ring`` to ``target``, beginning with what lies at ``at``."""
    for place in range(size):
        target[place] = ring[at]
        at += 1
        if at == size:
            at = 0


@micropython.viper
def narrowed(words: ptr16, step: ptr16, count: int):  # type: ignore[no-untyped-def]
    """The upper halves of ``count`` samples of 32 bits."""
    for place in range(count):
        step[place + 0] = words[2 * place + 1]
