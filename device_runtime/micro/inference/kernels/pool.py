"""Pooling; :mod:`.conv` says what kernels are given and how numbers are kept."""

import micropython


@micropython.viper
def pool(p: ptr8, w: ptr8, acc: int, a: ptr32, arena: int, data: int, words: int):
    """AVERAGE_POOL_2D and MAX_POOL_2D; ``w`` is where results go."""
    w = ptr8(arena + a[1])
    channels = a[5]
    stride = a[4] * channels
    zero = a[15]
    low = a[16]
    high = a[17]
    batch = 0
    while batch < a[2]:
        y = 0
        while y < a[6]:
            top = y * a[10] - a[12]
            bottom = top + a[8]
            if top < 0:
                top = 0
            if bottom > a[3]:
                bottom = a[3]
            x = 0
            while x < a[7]:
                left = x * a[11] - a[13]
                right = left + a[9]
                if left < 0:
                    left = 0
                if right > a[4]:
                    right = a[4]
                count = (bottom - top) * (right - left)
                half = count >> 1
                corner = arena + a[0] + (batch * a[3] + top) * stride + left * channels
                width = (right - left) * channels
                channel = 0
                while channel < channels:
                    acc = 0
                    row = corner
                    rows = bottom - top
                    while rows > 0:
                        p = ptr8(row)
                        e = row + width
                        if a[14]:
                            while int(p) < e:
                                acc += p[0]
                                p = ptr8(int(p) + channels)
                        else:
                            while int(p) < e:
                                if p[0] > acc:
                                    acc = p[0]
                                p = ptr8(int(p) + channels)
                        row += stride
                        rows -= 1
                    if a[14]:
                        acc -= zero * count
                        # To the nearest, halves away from zero.
                        if acc > 0:
                            acc = (acc + half) // count + zero
                        else:
                            acc = zero - (half - acc) // count
                    if acc < low:
                        acc = low
                    if acc > high:
                        acc = high
                    w[0] = acc
                    w = ptr8(int(w) + 1)
                    corner += 1
                    channel += 1
                x += 1
            y += 1
        batch += 1
