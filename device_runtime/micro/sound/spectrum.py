"""A window of sound to the energies of its frequencies, in viper: whole numbers of 32 bits, nothing allocated.

Source: TensorFlow Lite Micro's ``experimental/microfrontend/lib`` (window, fft, filterbank) over the 16-bit fixed-point
kissfft, whose results these give bit for bit. A number of 16 bits with a sign lies in memory plus 32768 between the
stages of the FFT; elsewhere it is made so when it is read (``^ 0x8000``): viper reads without signs. Nothing between
takes more than 32 bits, so that boards and ports with words of 64 bits agree.

Parameters are buffers, each aligned to 4 bytes. An index that is a variable's name alone stands with ``+ 0``:
MicroPython 1.27 on a Cortex-M0+ leaves such a variable doubled, or four times as large (of ``ptr16`` and ``ptr32``).
A board compiles such files itself, in the memory that it has left: what follows the energies is in a file of its own.
"""

import micropython

from ..sound.tables import LAST, TWIDDLES, WINDOW

try:
    from .shapes import ptr16, ptr32
except ImportError:
    pass


@micropython.viper
def make_room(sound: ptr32):  # type: ignore[no-untyped-def]
    """Move the newest 20 of 30 ms to the front."""
    for at in range(160):
        sound[at + 0] = sound[at + 80]


@micropython.viper
def windowed(sound: ptr16, work: ptr16) -> int:
    """Multiply 480 samples by the window, into the order in which an FFT of radix 4 takes them.

    Returns:
        How many bits the result can be shifted to the left until the largest fills 16 bits.
    """
    window = ptr16(WINDOW)
    largest = 0
    for at in range(240):
        # base-4 digits of the place, reversed
        to = ((at & 3) << 7) | ((at & 12) << 3) | ((at >> 1) & 24) | ((at >> 6) << 1)
        twice = at << 1
        value = (((sound[twice + 0] ^ 0x8000) - 0x8000) * window[twice + 0]) >> 12
        work[to + 0] = value
        if value < 0:
            value = 0 - value
        if value > largest and value < 0x8000:
            largest = value
        twice += 1
        value = (((sound[twice + 0] ^ 0x8000) - 0x8000) * window[twice + 0]) >> 12
        work[to + 1] = value
        if value < 0:
            value = 0 - value
        if value > largest and value < 0x8000:
            largest = value
    for at in range(240, 256):
        to = ((at & 3) << 7) | ((at & 12) << 3) | ((at >> 1) & 24) | ((at >> 6) << 1)
        work[to + 0] = 0
        work[to + 1] = 0
    shift = 15
    while largest:
        largest >>= 1
        shift -= 1
    return shift


@micropython.viper
def first_butterflies(work: ptr16, shift: int):  # type: ignore[no-untyped-def]
    """The FFT's first stage, whose roots of unity are all 1, over samples that are shifted to the left before."""
    for at in range(0, 512, 8):
        # each a quarter, rounded: x * 8191 + 2^14 >> 15, with x = read - 32768
        ar = ((((work[at + 0] << shift) & 0xFFFF) ^ 0x8000) * 8191 - 268386304) >> 15
        ai = ((((work[at + 1] << shift) & 0xFFFF) ^ 0x8000) * 8191 - 268386304) >> 15
        br = ((((work[at + 2] << shift) & 0xFFFF) ^ 0x8000) * 8191 - 268386304) >> 15
        bi = ((((work[at + 3] << shift) & 0xFFFF) ^ 0x8000) * 8191 - 268386304) >> 15
        cr = ((((work[at + 4] << shift) & 0xFFFF) ^ 0x8000) * 8191 - 268386304) >> 15
        ci = ((((work[at + 5] << shift) & 0xFFFF) ^ 0x8000) * 8191 - 268386304) >> 15
        dr = ((((work[at + 6] << shift) & 0xFFFF) ^ 0x8000) * 8191 - 268386304) >> 15
        di = ((((work[at + 7] << shift) & 0xFFFF) ^ 0x8000) * 8191 - 268386304) >> 15
        sr = ar - cr + 0x8000
        si = ai - ci + 0x8000
        ar += cr + 0x8000
        ai += ci + 0x8000
        cr = br + dr
        ci = bi + di
        br -= dr
        bi -= di
        work[at + 0] = ar + cr
        work[at + 1] = ai + ci
        work[at + 2] = sr + bi
        work[at + 3] = si - br
        work[at + 4] = ar - cr
        work[at + 5] = ai - ci
        work[at + 6] = sr - bi
        work[at + 7] = si + br


@micropython.viper
def butterflies(work: ptr16, apart: int):  # type: ignore[no-untyped-def]
    """A further stage of the FFT, of radix 4; ``apart`` 8, 32, 128: twice the places between what it puts together."""
    roots = ptr16(TWIDDLES)
    step = 256 // apart  # of the first root; each complex one takes two places
    apart2 = apart << 1
    apart3 = apart2 + apart
    apart4 = apart << 2
    at = 0
    while at < apart:
        root = (at >> 1) * step
        pr = (roots[root + 0] ^ 0x8000) - 0x8000
        pi = (roots[root + 1] ^ 0x8000) - 0x8000
        root <<= 1
        qr = (roots[root + 0] ^ 0x8000) - 0x8000
        qi = (roots[root + 1] ^ 0x8000) - 0x8000
        root += root >> 1
        tr = (roots[root + 0] ^ 0x8000) - 0x8000
        ti = (roots[root + 1] ^ 0x8000) - 0x8000
        here = at
        while here < 512:
            ar = (work[here + 0] * 8191 - 268386304) >> 15
            ai = (work[here + 1] * 8191 - 268386304) >> 15
            there = here + apart
            r = (work[there + 0] * 8191 - 268386304) >> 15
            i = (work[there + 1] * 8191 - 268386304) >> 15
            br = (r * pr - i * pi + 16384) >> 15
            bi = (r * pi + i * pr + 16384) >> 15
            there = here + apart2
            r = (work[there + 0] * 8191 - 268386304) >> 15
            i = (work[there + 1] * 8191 - 268386304) >> 15
            cr = (r * qr - i * qi + 16384) >> 15
            ci = (r * qi + i * qr + 16384) >> 15
            there = here + apart3
            r = (work[there + 0] * 8191 - 268386304) >> 15
            i = (work[there + 1] * 8191 - 268386304) >> 15
            dr = (r * tr - i * ti + 16384) >> 15
            di = (r * ti + i * tr + 16384) >> 15
            sr = ar - cr + 0x8000
            si = ai - ci + 0x8000
            ar += cr + 0x8000
            ai += ci + 0x8000
            cr = br + dr
            ci = bi + di
            br -= dr
            bi -= di
            work[here + 0] = ar + cr
            work[here + 1] = ai + ci
            work[there + 0] = sr - bi
            work[there + 1] = si + br
            there = here + apart
            work[there + 0] = sr + bi
            work[there + 1] = si - br
            there += apart
            work[there + 0] = ar - cr
            work[there + 1] = ai - ci
            here += apart4
        at += 2


@micropython.viper
def energies(work: ptr16):  # type: ignore[no-untyped-def]
    """The last step of a real FFT: the energies of bins 1 to 255 in the place of what they are made of, as 32 bits."""
    energy = ptr32(work)
    roots = ptr16(LAST)
    at = 1
    while at <= 128:
        low = at << 1
        high = 512 - low
        # each a half, rounded; of the second the conjugate
        ar = (work[low + 0] * 16383 - 536821760) >> 15
        ai = (work[low + 1] * 16383 - 536821760) >> 15
        br = (work[high + 0] * 16383 - 536821760) >> 15
        bi = (((0 - work[high + 1]) & 0xFFFF) * 16383 - 536821760) >> 15
        r = ar - br
        i = ai - bi
        ar += br
        ai += bi
        root = low - 2
        pr = (roots[root + 0] ^ 0x8000) - 0x8000
        pi = (roots[root + 1] ^ 0x8000) - 0x8000
        br = ((((r * pr - i * pi + 16384) >> 15) + 0x8000) & 0xFFFF) - 0x8000
        bi = ((((r * pi + i * pr + 16384) >> 15) + 0x8000) & 0xFFFF) - 0x8000
        r = (ar + br) >> 1
        i = (ai + bi) >> 1
        energy[at + 0] = r * r + i * i
        r = (ar - br) >> 1
        i = (bi - ai) >> 1
        energy[256 - at] = r * r + i * i
        at += 1
