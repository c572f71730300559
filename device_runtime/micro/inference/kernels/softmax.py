"""Softmax; :mod:`.conv` says what kernels are given and how numbers are kept."""

import micropython


@micropython.viper
def softmax(p: ptr8, w: ptr8, acc: int, a: ptr32, arena: int, data: int, words: int):
    """SOFTMAX over the last dimension, in fixed point (reference/softmax.h, and gemmlowp's fixedpoint.h).

    The table has ``exp`` by how far a byte lies below the row's largest, 31 bits behind the point, and the two
    constants that a Newton-Raphson division begins with.
    """
    table = ptr32(words + a[4])
    depth = a[3]
    p = ptr8(arena + a[0])
    w = ptr8(arena + a[1])
    rows = a[2]
    while rows > 0:
        largest = 0
        i = 0
        while i < depth:
            if p[i] > largest:
                largest = p[i]
            i += 1
        acc = 0
        i = 0
        while i < depth:
            acc += (table[largest - p[i]] >> 11) + 1 >> 1
            i += 1
        # Half the sum, made 1/2 to 1, and how far it was moved for that.
        drop = 33
        while acc >> 30 == 0 and drop > 1:
            acc = acc << 1
            drop -= 1
        half = acc
        x = 0
        acc = 0 - table[257]
        m = half
        i = 0
        while i < 7:
            hi = acc >> 16
            acc = acc & 65535
            mh = m >> 15
            m = m & 32767
            e = acc * mh
            acc = hi * mh + (e >> 16 & 65535) + (hi * m + ((e & 65535) + (acc * m >> 15) + 32768 >> 1) >> 15)
            if i & 1:
                acc = (1 << 29) - acc
                m = x
            else:
                x = x + (acc << 2) if i else table[256] + acc
                acc = x
                m = half
            i += 1
        # 1 / sum, which saturates below 1, and each exponential times it.
        mh = x >> 14
        x = x << 1 & 32767
        if mh >> 16:
            mh = 65535
            x = 32767
        i = 0
        while i < depth:
            acc = table[largest - p[i]]
            hi = acc >> 16
            acc = acc & 65535
            e = acc * mh
            acc = hi * mh + (e >> 16 & 65535) + (hi * x + ((e & 65535) + (acc * x >> 15) + 32768 >> 1) >> 15)
            acc = (acc >> drop) + 1 >> 1
            if acc > 255:
                acc = 255
            w[i] = acc
            i += 1
        p = ptr8(int(p) + depth)
        w = ptr8(int(w) + depth)
        rows -= 1
