"""Element by element; :mod:`.conv` says what kernels are given and how numbers are kept."""

import micropython


@micropython.viper
def binary(p: ptr8, w: ptr8, acc: int, a: ptr32, arena: int, data: int, words: int):
    """ADD and SUB, whose inputs are rescaled by tables of 256 words, and MUL; each input has a step for each dimension.

    A step of 0 repeats what the other input has more of.
    """
    spare = acc
    out = ptr8(arena + a[2])
    first = ptr32(words + a[3])
    second = ptr32(words + a[4])
    product = a[5]
    m = a[18]
    shift = a[19] - 64
    mh = m >> 15
    m = m & 32767
    point = a[20]
    low = a[21]
    high = a[22]
    one = a[13]
    two = a[17]
    i = 0
    while i < a[6]:
        j = 0
        while j < a[7]:
            k = 0
            while k < a[8]:
                p = ptr8(arena + a[0] + i * a[10] + j * a[11] + k * a[12])
                w = ptr8(arena + a[1] + i * a[14] + j * a[15] + k * a[16])
                end = int(out) + a[9]
                while int(out) < end:
                    if product:
                        acc = (p[0] - a[3]) * (w[0] - a[4])
                    else:
                        acc = first[p[0]] + second[w[0]]
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
                    if acc < low:
                        acc = low
                    if acc > high:
                        acc = high
                    out[0] = acc
                    out = ptr8(int(out) + 1)
                    p = ptr8(int(p) + one)
                    w = ptr8(int(w) + two)
                k += 1
            j += 1
        i += 1


@micropython.viper
def lookup(p: ptr8, w: ptr8, acc: int, a: ptr32, arena: int, data: int, words: int):
    """Whatever is a function of one byte: QUANTIZE, LOGISTIC, TANH, RELU and the like."""
    table = ptr8(data + a[3])
    p = ptr8(arena + a[0])
    w = ptr8(arena + a[1])
    acc = int(p) + a[2]
    while int(p) < acc:
        w[0] = table[p[0]]
        p = ptr8(int(p) + 1)
        w = ptr8(int(w) + 1)
