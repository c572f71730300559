"""Convolution, and fully connected layers, which are convolutions of one pixel.

Activations lie in the arena as bytes 0 to 255: int8 plus 128. So do weights: no sign has to be extended in the inner
loop, ``sum(x * w)`` of bytes, and what that is too much is taken off again: ``zw`` times the sum of the patch, which is
taken once for all channels, and a constant that the table's biases have in them.

Arguments of each kernel: ``p``, ``w`` and ``acc`` come first because a viper function has its first three names in
registers, and they are what the inner loops use. ``p`` and ``w`` are given as 0, ``acc`` as the bits that a machine
word has beyond 32: shifting by it there and back makes an int32 of what wrapped around, and of what ``ptr32`` read,
which has no sign where words have 64 bits. ``a`` is the operator's own words; ``arena``, ``data`` and ``words`` are the
addresses that offsets count from.

The fixed-point multiplication is MultiplyByQuantizedMultiplier of tensorflow/lite/kernels/internal/common.cc, which
rounds twice. Fully connected layers are multiplied by the 64-bit float itself and rounded once, halves away from zero:
there the multiplier has 31 bits more, ``t[3]``. Products of 64 bits and more are put together from 32-bit ones: exact
on every port.
"""

import micropython


@micropython.viper
def conv(p: ptr8, w: ptr8, acc: int, a: ptr32, arena: int, data: int, words: int):
    """CONV_2D and FULLY_CONNECTED; a patch's bytes are gathered first, unless they lie together."""
    spare = acc
    out = ptr8(arena + a[1])
    weights = data + a[3]
    table = words + a[4]
    k = a[5]
    eights = k + 3 & -8
    fours = k + 3 & 4
    twice = 0 - a[8]
    row_bytes = 16 - 4 * a[8]
    end = table + row_bytes * a[6]
    zw = a[7]
    point = a[9]
    low = a[10]
    high = a[11]
    rows = a[13]
    columns = a[14]
    patch = arena + a[2]
    batch = 0
    while batch < a[12]:
        y = 0
        while y < rows:
            x = 0
            while x < columns:
                if a[15]:
                    # A patch is gathered.
                    w = ptr8(patch)
                    iy = y * a[22] - a[26]
                    ky = 0
                    while ky < a[20]:
                        row = arena + a[0] + (batch * a[17] + iy) * a[18] * a[19]
                        ix = x * a[23] - a[27]
                        kx = 0
                        # What lies side by side is copied in one go.
                        count = a[19]
                        taps = a[21]
                        if iy >= 0 and iy < a[17] and a[25] == 1 and ix >= 0 and ix + taps <= a[18]:
                            count = count * taps
                            taps = 1
                        while kx < taps:
                            e = int(w) + count
                            if iy >= 0 and iy < a[17] and ix >= 0 and ix < a[18]:
                                p = ptr8(row + ix * a[19])
                                while int(w) + 4 <= e:
                                    w[0] = p[0]
                                    w[1] = p[1]
                                    w[2] = p[2]
                                    w[3] = p[3]
                                    w = ptr8(int(w) + 4)
                                    p = ptr8(int(p) + 4)
                                while int(w) < e:
                                    w[0] = p[0]
                                    w = ptr8(int(w) + 1)
                                    p = ptr8(int(p) + 1)
                            else:
                                acc = a[16]
                                while int(w) < e:
                                    w[0] = acc
                                    w = ptr8(int(w) + 1)
                            ix += a[25]
                            kx += 1
                        iy += a[24]
                        ky += 1
                else:
                    patch = arena + a[0] + (batch * rows + y) * a[28] + x * k
                p = ptr8(patch)
                acc = 0
                e = patch + k - 3
                while int(p) < e:
                    acc += p[0] + p[1] + p[2] + p[3]
                    p = ptr8(int(p) + 4)
                e = patch + k
                while int(p) < e:
                    acc += p[0]
                    p = ptr8(int(p) + 1)
                base = 0 - acc * zw
                w = ptr8(weights)
                t = ptr32(table)
                while int(t) < end:
                    p = ptr8(patch)
                    acc = base + t[0]
                    e = int(w) + eights
                    while int(w) < e:
                        acc += (
                            p[0] * w[0] + p[1] * w[1] + p[2] * w[2] + p[3] * w[3]
                            + p[4] * w[4] + p[5] * w[5] + p[6] * w[6] + p[7] * w[7]
                        )  # fmt: skip
                        p = ptr8(int(p) + 8)
                        w = ptr8(int(w) + 8)
                    if fours:
                        acc += p[0] * w[0] + p[1] * w[1] + p[2] * w[2] + p[3] * w[3]
                        w = ptr8(int(w) + 4)
                    acc = acc << spare >> spare
                    m = t[1]
                    shift = t[2] - 64
                    half = 32768
                    carry = 0
                    sign = 0
                    if shift > 0:
                        acc = acc << shift
                    if twice == 0:
                        sign = acc >> 31
                        acc = (acc ^ sign) - sign
                        if acc < 0:
                            acc = acc ^ -1
                        mh = t[3] >> 15
                        low15 = t[3] & 32767
                        hi = acc >> 16
                        carry = acc & 65535
                        e = carry * mh
                        e2 = (e & 65535) + (carry * low15 >> 15) >> 1
                        carry = hi * mh + (e >> 16 & 65535) + (hi * low15 + e2 >> 15)
                        if shift < 0:
                            half = 0
                        half += carry >> 15
                        carry = carry & 32767
                    hi = acc >> 16
                    acc = acc & 65535
                    mh = m >> 15
                    m = m & 32767
                    e = acc * mh
                    acc = acc * m
                    half += (e & 65535) + (acc >> 15) + ((acc & 32767) + carry >> 15)
                    acc = hi * mh + (e >> 16 & 65535) + (hi * m + (half >> 1) >> 15)
                    if shift < 0:
                        acc = (acc + (acc >> 31 & twice) >> -1 - shift) + 1 >> 1
                    acc = (acc ^ sign) - sign + point
                    if acc < low:
                        acc = low
                    if acc > high:
                        acc = high
                    out[0] = acc
                    out = ptr8(int(out) + 1)
                    t = ptr32(int(t) + row_bytes)
                x += 1
            y += 1
        batch += 1
