"""Depthwise convolution; :mod:`.conv` says what kernels are given and how numbers are kept."""

import micropython


@micropython.viper
def depthwise(p: ptr8, w: ptr8, acc: int, a: ptr32, arena: int, data: int, words: int):
    """DEPTHWISE_CONV_2D: which taps lie inside the picture is found once for all channels of a pixel."""
    spare = acc
    out = ptr8(arena + a[1])
    channels = a[7]
    kh = a[11]
    kw = a[12]
    down = a[15] * a[6] * channels
    step = a[16] * channels
    if kw == 1:
        step = down
    edge = a[19]
    point = a[21]
    low = a[22]
    high = a[23]
    batch = 0
    while batch < a[4]:
        y = 0
        while y < a[9]:
            top = y * a[13] - a[17]
            first = 0
            while top < 0 and first < kh:
                top += a[15]
                first += 1
            count = 0
            while first + count < kh and top + count * a[15] < a[5]:
                count += 1
            x = 0
            while x < a[10]:
                left = x * a[14] - a[18]
                rows = count
                taps = 0
                while left < 0 and taps < kw:
                    left += a[16]
                    taps += 1
                start = data + a[2] + first * kw + taps
                across = 0
                while taps + across < kw and left + across * a[16] < a[6]:
                    across += 1
                if kw == 1:
                    rows = across
                    across = count
                corner = arena + a[0] + ((batch * a[5] + top) * a[6] + left) * channels
                t = ptr32(words + a[3])
                many = a[8]
                channel = 0
                while channel < channels:
                    acc = t[0]
                    row = corner
                    taps = start
                    k = 0
                    while k < rows:
                        p = ptr8(row)
                        w = ptr8(taps)
                        e = taps + across - 2
                        while int(w) < e:
                            acc += (p[0] - edge) * (w[0] - 128)
                            p = ptr8(int(p) + step)
                            acc += (p[0] - edge) * (w[1] - 128)
                            p = ptr8(int(p) + step)
                            acc += (p[0] - edge) * (w[2] - 128)
                            p = ptr8(int(p) + step)
                            w = ptr8(int(w) + 3)
                        e += 2
                        while int(w) < e:
                            acc += (p[0] - edge) * (w[0] - 128)
                            p = ptr8(int(p) + step)
                            w = ptr8(int(w) + 1)
                        row += down
                        taps += kw
                        k += 1
                    start += kh * kw
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
