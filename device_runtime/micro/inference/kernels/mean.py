"""Means over dimensions; :mod:`.conv` says what kernels are given and how numbers are kept."""

import micropython


@micropython.viper
def mean(p: ptr8, w: ptr8, acc: int, a: ptr32, arena: int, data: int, words: int):
    """MEAN: three dimensions that stay around three that go; ``w`` is where results go."""
    spare = acc
    w = ptr8(arena + a[1])
    m = a[14]
    shift = a[15] - 64
    mh = m >> 15
    m = m & 32767
    point = a[16]
    step = a[13]
    g = 0
    while g < a[2]:
        h = 0
        while h < a[3]:
            i = 0
            while i < a[4]:
                acc = 0 - a[17]
                base = arena + a[0] + g * a[8] + h * a[9] + i * a[10]
                j = 0
                while j < a[5]:
                    k = 0
                    while k < a[6]:
                        p = ptr8(base + j * a[11] + k * a[12])
                        e = a[7]
                        while e > 0:
                            acc += p[0]
                            p = ptr8(int(p) + step)
                            e -= 1
                        k += 1
                    j += 1
                acc = acc << spare >> spare
                if shift > 0:
                    acc = acc << shift
                hi = acc >> 16
                acc = acc & 65535
                e = acc * mh
                acc = hi * mh + (e >> 16 & 65535) + (hi * m + ((e & 65535) + (acc * m >> 15) + 32768 >> 1) >> 15)
                if shift < 0:
                    acc = (acc + (acc >> 31) >> -1 - shift) + 1 >> 1
                acc += point
                if acc < 0:
                    acc = 0
                if acc > 255:
                    acc = 255
                w[0] = acc
                w = ptr8(int(w) + 1)
                i += 1
            h += 1
        g += 1
