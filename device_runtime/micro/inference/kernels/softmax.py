"""Softmax; :mod:`.conv` says what kernels are given and how numbers are kept.

The reference computes with 32-bit floats, so this does, in whole numbers: a float is ``m * 2 ** (e - 150)``, ``m``
of 24 bits with the first one set, rounded to nearest, halves to even, as IEEE 754 has it. All are above 0; what is
below the normal range counts as nothing beside the 1 that each row has in its sum.
"""

import micropython


@micropython.viper
def softmax(p: ptr8, w: ptr8, acc: int, a: ptr32, arena: int, data: int, words: int):
    """SOFTMAX over the last dimension; the table has the bits of ``exp`` by how far a byte lies below the largest."""
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
        # The sum, in the order of the elements: m and e.
        m = 0
        e = 0
        i = 0
        while i < depth:
            bits = table[largest - p[i]]
            i += 1
            e2 = bits >> 23
            if e2 == 0:
                continue
            m2 = bits & 8388607 | 8388608
            if e == 0:
                m = m2
                e = e2
                continue
            if e2 > e:
                acc = e
                e = e2
                e2 = acc
                acc = m
                m = m2
                m2 = acc
            e2 = e - e2
            if e2 > 25:
                continue
            # Six bits more; what the smaller loses below them only has to be there or not.
            m = m << 6
            m2 = m2 << 6
            acc = m2 >> e2
            if acc << e2 != m2:
                acc = acc | 1
            m = m + acc
            drop = 6
            if m >> 30:
                drop = 7
                e += 1
            acc = m & (1 << drop) - 1
            m = m >> drop
            m2 = 1 << drop - 1
            if acc > m2:
                m += 1
            elif acc == m2:
                m += m & 1
            if m >> 24:
                m = 1 << 23
                e += 1
        # 1 / (sum / 256): 2 ** 47 / m, to the nearest; a tie cannot be.
        rest = 8388608
        q = 1
        if m != rest:
            q = 0
            rest = rest << 1
            e += 1
            i = 0
            while i < 24:
                q = q << 1
                if rest >= m:
                    rest -= m
                    q = q | 1
                rest = rest << 1
                i += 1
            if rest > m:
                q += 1
        else:
            q = 1 << 23
        # The quotient is q * 2 ** (-23 - (e - 127)), times 256.
        i = 0
        while i < depth:
            bits = table[largest - p[i]]
            e2 = bits >> 23
            acc = 0
            if e2:
                m2 = bits & 8388607 | 8388608
                low = (m2 & 4095) * (q & 4095)
                mid = (m2 >> 12) * (q & 4095) + (m2 & 4095) * (q >> 12) + (low >> 12)
                acc = (m2 >> 12) * (q >> 12) + (mid >> 12)
                low = (mid & 4095) << 12 | low & 4095
                drop = 8388608
                e2 = e2 - e
                if acc < drop:
                    acc = acc << 1 | low >> 23
                    low = low & 8388607
                    drop = drop >> 1
                    e2 -= 1
                if low > drop:
                    acc += 1
                elif low == drop:
                    acc += acc & 1
                # acc * 2 ** (e2 - 14), to the nearest, halves upwards.
                drop = 14 - e2
                if drop > 25:
                    acc = 0
                else:
                    acc = acc + (1 << drop - 1) >> drop
            acc += a[5]
            if acc > 255:
                acc = 255
            if acc < 0:
                acc = 0
            w[i] = acc
            i += 1
        p = ptr8(int(p) + depth)
        w = ptr8(int(w) + depth)
        rows -= 1
