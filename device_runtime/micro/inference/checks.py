"""Whether what an operator of a compact model says of itself stays within the arena and the file."""

CONV, DEPTHWISE, POOL, BINARY, LOOKUP, COPY, FILL, FLIP, MEAN, SOFTMAX = range(10)
SIZES = (29, 24, 18, 23, 4, 15, 3, 2, 18, 5)
"""By kind, how many words an operator has."""
_MOST = 1 << 26
_MOST_WORK = 1 << 30  # what one operator multiplies or moves: a file could ask for years
_MOST_STEP = 32767  # two of them multiplied stay within 31 bits


def fault_in(kind: int, a: "tuple[int, ...]", room: int, file: int, words: int) -> str:
    """What of an operator lies outside; nothing when it is in order.

    Args:
        kind: of the operator.
        a: its words.
        room: bytes of the arena.
        file: bytes of the file.
        words: bytes of its first part, which holds numbers of 32 bits.
    """
    if kind != COPY and (min(a) < 0 or max(a) > _MOST) and not (kind in (BINARY, MEAN) and _multiplied(kind, a)):
        return "a size"
    return _CHECKS[kind](a, room, file, words)


def _multiplied(kind: int, a: "tuple[int, ...]") -> bool:
    """Whether nothing but the multiplier is large."""
    at = 18 if kind == BINARY else 14
    rest = tuple(a[:at]) + tuple(a[at + 1 :])
    return min(a) >= 0 and max(rest) <= _MOST


def _conv(a: "tuple[int, ...]", room: int, file: int, words: int) -> str:
    (source, target, scratch, weights, table, k, channels, _zw, twice, _point, _low, _high, batch, rows, columns,
     gathered, _edge, high, wide, deep, kh, kw, _sh, _sw, _dh, _dw, _ph, _pw, stride) = a  # fmt: skip
    if max(a[13:15] + a[17:19] + a[20:28]) > _MOST_STEP:
        return "a size"
    if batch * rows * columns * channels * k > _MOST_WORK:
        return "the work"
    if min(k, channels, batch, rows, columns) < 1 or target + batch * rows * columns * channels > room:
        return "the output"
    if gathered:
        if source + batch * high * wide * deep > room or min(high, wide, deep, kh, kw) < 1:
            return "the input"
        if scratch + k > room or k != kh * kw * deep:
            return "the patch"
    elif source + (batch * rows - 1) * stride + columns * k > room:
        return "the input"
    if twice not in (0, 1):
        return "a flag"
    return _table(weights, (k + 3 & -4) * channels, table, (16 - 4 * twice) * channels, file, words)


def _table(weights: int, size: int, table: int, numbers: int, file: int, words: int) -> str:
    return "a table" if weights + size > file or table + numbers > words or table & 3 else ""


def _depthwise(a: "tuple[int, ...]", room: int, file: int, words: int) -> str:
    (source, target, weights, table, batch, high, wide, deep, many, rows, columns, kh, kw, _sh, _sw, dh, dw, _ph, _pw,
     _edge, _zw, _point, _low, _high) = a  # fmt: skip
    if max(a[5:7] + a[9:19]) > _MOST_STEP:
        return "a size"
    if (
        min(batch, high, wide, deep, many, rows, columns, kh, kw, dh, dw) < 1
        or source + batch * high * wide * deep > room
    ):
        return "the input"
    if batch * rows * columns * deep * many * kh * kw > _MOST_WORK:
        return "the work"
    if target + batch * rows * columns * deep * many > room:
        return "the output"
    return _table(weights, kh * kw * deep * many, table, 12 * deep * many, file, words)


def _pool(a: "tuple[int, ...]", room: int, _file: int, _words: int) -> str:
    (source, target, batch, high, wide, deep, rows, columns, kh, kw, sh, sw, ph, pw) = a[:14]
    if max(a[3:5] + a[6:14]) > _MOST_STEP:
        return "a size"
    if min(batch, high, wide, deep, rows, columns, kh, kw) < 1 or source + batch * high * wide * deep > room:
        return "the input"
    if target + batch * rows * columns * deep > room:
        return "the output"
    if batch * rows * columns * deep * min(kh, high) * min(kw, wide) > _MOST_WORK:
        return "the work"
    # Each window holds something: what is averaged is divided by how many there are.
    if ph >= kh or pw >= kw or (rows - 1) * sh - ph >= high or (columns - 1) * sw - pw >= wide:
        return "a window"
    return ""


def _binary(a: "tuple[int, ...]", room: int, _file: int, words: int) -> str:
    sizes = a[6:10]
    if min(sizes) < 1 or a[2] + sizes[0] * sizes[1] * sizes[2] * sizes[3] > room:
        return "the output"
    if max(_reach(a[0], sizes, a[10:14])[1], _reach(a[1], sizes, a[14:18])[1]) >= room:
        return "an input"
    if not a[5] and (max(a[3], a[4]) + 1024 > words or a[3] & 3 or a[4] & 3):
        return "a table"
    return ""


def _reach(at: int, sizes: "tuple[int, ...]", steps: "tuple[int, ...]") -> "tuple[int, int]":
    """The lowest and the highest place that is touched."""
    low = high = at
    for size, step in zip(sizes, steps):
        far = (size - 1) * step
        if far < 0:
            low += far
        else:
            high += far
    return low, high


def _lookup(a: "tuple[int, ...]", room: int, file: int, _words: int) -> str:
    return "a byte" if max(a[0], a[1]) + a[2] > room or a[3] + 256 > file else ""


def _copy(a: "tuple[int, ...]", room: int, _file: int, _words: int) -> str:
    if min(a[:7]) < 0 or max(a) > _MOST or min(a) < -_MOST or min(a[2:7]) < 1 or min(a[11:15]) < 0:
        return "a size"
    if a[2] * a[3] * a[4] * a[5] * a[6] > room:  # no byte is written twice
        return "the work"
    low, high = _reach(a[0], a[3:7], a[7:11])
    if low < 0 or max(high, _reach(a[1], a[3:7], a[11:15])[1]) + a[2] > room:
        return "a byte"
    return ""


def _fill(a: "tuple[int, ...]", room: int, _file: int, _words: int) -> str:
    return "a byte" if a[0] + a[1] > room else ""


def _mean(a: "tuple[int, ...]", room: int, _file: int, _words: int) -> str:
    if min(a[2:8]) < 1 or a[1] + a[2] * a[3] * a[4] > room:
        return "the output"
    if a[2] * a[3] * a[4] * a[5] * a[6] * a[7] > room:
        return "the work"
    return "the input" if _reach(a[0], a[2:8], a[8:14])[1] >= room else ""


def _softmax(a: "tuple[int, ...]", room: int, _file: int, words: int) -> str:
    if a[3] < 1 or max(a[0], a[1]) + a[2] * a[3] > room:
        return "a row"
    return "a table" if a[4] + 1032 > words or a[4] & 3 else ""


_CHECKS = (_conv, _depthwise, _pool, _binary, _lookup, _copy, _fill, _fill, _mean, _softmax)
