"""The energies of frequencies to the levels of 40 channels, in viper: whole numbers of 32 bits, nothing allocated.

Source: TensorFlow Lite Micro's ``experimental/microfrontend/lib`` (filterbank, noise_reduction, pcan_gain_control,
log_scale), whose results these give bit for bit. What is theirs in 64 bits is here in parts of at most 31, so that
boards and ports with words of 64 bits agree. Indices stand with ``+ 0`` for the reason that ``spectrum.py`` tells.
"""

import micropython

from ..sound.tables import GAINS, LOGARITHMS, WEIGHTS, WIDTHS

try:
    from .shapes import ptr8, ptr16, ptr32
except ImportError:
    pass


@micropython.viper
def channels(energy: ptr32, signal: ptr32, shift: int):  # type: ignore[no-untyped-def]
    """Gather the bins to 40 channels, and take the square roots; ``shift`` undoes that of the samples."""
    weights = ptr16(WEIGHTS)
    widths = ptr8(WIDTHS)
    at = 5
    channel = 0
    high = low = 0  # of what is gathered, the bits above and below the 15th: 64 bits would be theirs
    while channel <= 40:
        next_high = next_low = 0
        end = at + widths[channel]
        while at < end:
            weight = weights[at - 5]
            value = energy[at + 0]
            upper = value >> 15
            value &= 0x7FFF
            high += weight * upper
            low += weight * value
            weight = 4096 - weight
            next_high += weight * upper
            next_low += weight * value
            at += 1
        if channel:
            high += low >> 15
            low &= 0x7FFF
            rest = high >> 9
            low |= (high & 511) << 15
            # Two bits at a time, from 24 above and 24 below.
            root = 0
            left = 0
            bit = 22
            if rest:
                while not rest >> bit:
                    bit -= 2
                while bit >= 0:
                    left = (left << 2) | ((rest >> bit) & 3)
                    trial = (root << 2) | 1
                    root <<= 1
                    if left >= trial:
                        left -= trial
                        root |= 1
                    bit -= 2
            bit = 22
            while bit >= 0:
                left = (left << 2) | ((low >> bit) & 3)
                trial = (root << 2) | 1
                root <<= 1
                if left >= trial:
                    left -= trial
                    root |= 1
                bit -= 2
            if left > root and (root != 0xFFFF or rest >= 256):
                root += 1
            signal[channel - 1] = root >> shift
        high = next_high
        low = next_low
        channel += 1


@micropython.viper
def levels(signal: ptr32, noise: ptr32, row: ptr16):  # type: ignore[no-untyped-def]
    """Take away the noise, even out the gain, and put the logarithms of the 40 channels into ``row``."""
    gains = ptr16(GAINS)
    lines = ptr16(LOGARITHMS)
    for channel in range(40):
        value = signal[channel + 0]
        # noise reduction
        smoothing = 983 if channel & 1 else 409
        scaled = value << 10
        estimate = noise[channel + 0]
        change = scaled - estimate
        estimate += smoothing * (change >> 14) + ((smoothing * (change & 0x3FFF)) >> 14)
        noise[channel + 0] = estimate
        least = (value >> 14) * 819 + (((value & 0x3FFF) * 819) >> 14)
        value = 0
        if scaled > estimate:
            value = (scaled - estimate) >> 10
        if value < least:
            value = least
        # the gain by the noise, a parabola for each number of bits
        if estimate <= 2:
            gain = gains[estimate + 0]
        else:
            bits = 0
            rest = estimate
            while rest:
                rest >>= 1
                bits += 1
            at = (bits << 2) - 6
            rest = estimate << (11 - bits) if bits < 11 else estimate >> (bits - 11)
            rest &= 0x3FF
            gain = ((((gains[at + 2] ^ 0x8000) - 0x8000) * rest) >> 5) + (((gains[at + 1] ^ 0x8000) - 0x8000) << 5)
            gain = ((gain * rest + 16384) >> 15) + gains[at + 0]
        value = (value >> 6) * gain + (((value & 63) * gain) >> 6)
        value = (value * value) >> 20 if value < 8192 else (value >> 6) - 64
        # the logarithm
        value <<= 3
        if value > 1:
            whole = 0
            rest = value >> 1
            while rest:
                rest >>= 1
                whole += 1
            rest = value - (1 << whole)
            rest = rest << (16 - whole) if whole < 16 else rest >> (whole - 16)
            at = rest >> 9
            base = lines[at + 0]
            rest += base + (((lines[at + 1] - base) * (rest & 511)) >> 16)
            # 45426 / 65536 is the logarithm of 2
            value = whole * 45426 + (((rest >> 8) * 45426 + (((rest & 255) * 45426 + 32768) >> 8)) >> 8)
            value = ((value << 6) + 32768) >> 16
        else:
            value = 0
        row[channel + 0] = value
