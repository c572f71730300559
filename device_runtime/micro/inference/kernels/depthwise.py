"""Depthwise convolution; :mod:`.conv` says what kernels are given and how numbers are kept."""

import micropython


@micropython.viper
def depthwise(p: ptr8, w: ptr8, acc: int, a: ptr32, arena: int, data: int, words: int):
    """DEPTHWISE_CONV_2D: inside the picture taps follow each other by two steps; at its edge each tap is looked at."""
    spare = acc
    out = ptr8(arena + a[1])
    channels = a[7]
    stride = a[6] * channels
    edge = a[19]
    zw = a[20]
    point = a[21]
    low = a[22]
    high = a[23]
    batch = 0
    while batch < a[4]:
        y = 0
        while y < a[9]:
            top = y * a[13] - a[17]
            x = 0
            while x < a[10]:
                left = x * a[14] - a[18]
                inside = 0
                if top >= 0 and top + (a[11] - 1) * a[15] < a[5]:
                    if left >= 0 and left + (a[12] - 1) * a[16] < a[6]:
                        inside = 1
                w = ptr8(data + a[2])
                t = ptr32(words + a[3])
                corner = arena + a[0] + (batch * a[5] + top) * stride + left * channels
                many = a[8]
                channel = 0
                while channel < channels:
                    acc = t[0]
                    if inside:
                        row = corner
                        step = a[28]
                        end = int(w) + a[25] * a[27]
                        while int(w) < end:
                            p = ptr8(row)
                            e = int(w) + a[27]
                            while int(w) < e:
                                acc += p[0] * (w[0] - zw)
                                p = ptr8(int(p) + step)
                                w = ptr8(int(w) + 1)
                            row += a[26]
                    else:
                        ky = 0
                        iy = top
                        while ky < a[11]:
                            kx = 0
                            ix = left
                            while kx < a[12]:
                                e = edge
                                if iy >= 0 and iy < a[5] and ix >= 0 and ix < a[6]:
                                    p = ptr8(corner + ky * a[15] * stride + kx * a[16] * channels)
                                    e = p[0]
                                acc += e * (w[0] - zw)
                                w = ptr8(int(w) + 1)
                                ix += a[16]
                                kx += 1
                            iy += a[15]
                            ky += 1
                    acc = acc << spare >> spare
                    m = t[1]
                    shift = t[2] - 64
                    if shift > 0:
                        acc = acc << shift
                    hi = acc >> 16
                    acc = acc & 65535
                    mh = m >> 15
                    m = m & 32767
                    e = acc * mh
                    acc = hi * mh + (e >> 16 & 65535) + (hi * m + ((e & 65535) + (acc * m >> 15) + 32768 >> 1) >> 15)
                    if shift < 0:
                        acc = (acc + (acc >> 31) >> -1 - shift) + 1 >> 1
                    acc += point
                    if acc < low:
                        acc = low
                    if acc > high:
                        acc = high
                    out[0] = acc
                    out = ptr8(int(out) + 1)
                    t = ptr32(int(t) + 12)
                    many -= 1
                    if many == 0:
                        many = a[8]
                        channel += 1
                        corner += 1
                x += 1
            y += 1
        batch += 1
