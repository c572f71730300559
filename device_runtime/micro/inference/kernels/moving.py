"""Bytes from place to place; :mod:`.conv` says what kernels are given."""

import micropython


@micropython.viper
def copy(p: ptr8, w: ptr8, acc: int, a: ptr32, arena: int, data: int, words: int):
    """CONCATENATION, SPLIT, STRIDED_SLICE, PAD, TRANSPOSE, ASSIGN_VARIABLE: runs of bytes, and steps between them.

    Steps may lead backwards; their int32 is made whole with ``acc``.
    """
    spare = acc
    run = a[2]
    i = 0
    while i < a[3]:
        j = 0
        while j < a[4]:
            k = 0
            while k < a[5]:
                p = ptr8(
                    arena + a[0] + i * (a[7] << spare >> spare) + j * (a[8] << spare >> spare)
                    + k * (a[9] << spare >> spare)
                )  # fmt: skip
                w = ptr8(arena + a[1] + i * a[11] + j * a[12] + k * a[13])
                step = a[10] << spare >> spare
                there = a[14]
                h = 0
                while h < a[6]:
                    acc = int(p) + run
                    while int(p) + 4 <= acc:
                        w[0] = p[0]
                        w[1] = p[1]
                        w[2] = p[2]
                        w[3] = p[3]
                        p = ptr8(int(p) + 4)
                        w = ptr8(int(w) + 4)
                    while int(p) < acc:
                        w[0] = p[0]
                        p = ptr8(int(p) + 1)
                        w = ptr8(int(w) + 1)
                    p = ptr8(int(p) - run + step)
                    w = ptr8(int(w) - run + there)
                    h += 1
                k += 1
            j += 1
        i += 1


@micropython.viper
def fill(p: ptr8, w: ptr8, acc: int, a: ptr32, arena: int, data: int, words: int):
    """One byte, again and again: what PAD puts around."""
    w = ptr8(arena + a[0])
    acc = a[2]
    e = int(w) + a[1]
    while int(w) < e:
        w[0] = acc
        w = ptr8(int(w) + 1)


@micropython.viper
def flip(p: ptr8, w: ptr8, acc: int, a: ptr32, arena: int, data: int, words: int):
    """int8 to what the arena keeps of it, and back."""
    w = ptr8(arena + a[0])
    e = int(w) + a[1]
    while int(w) < e:
        w[0] = w[0] ^ 128
        w = ptr8(int(w) + 1)
