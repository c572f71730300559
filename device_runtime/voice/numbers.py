"""The numbers 1 to 120 as people say them: the words of the slot type ``number``."""

MAXIMUM = 120

_SMALL = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def _below_hundred(value: int) -> tuple[str, ...]:
    if value < 20:
        return (_SMALL[value - 1],)
    tens, units = divmod(value, 10)
    return (_TENS[tens - 2], _SMALL[units - 1]) if units else (_TENS[tens - 2],)


def spoken_forms(value: int) -> list[tuple[str, ...]]:
    """Every way to say ``value`` (1 to 120), the plainest first: "one hundred ten", "a hundred and ten"."""
    if value < 100:
        return [_below_hundred(value)]
    heads: list[tuple[str, ...]] = [("one", "hundred"), ("a", "hundred")]
    if value == 100:
        return heads
    rest = _below_hundred(value - 100)
    return [head + joint + rest for head in heads for joint in ((), ("and",))]


NUMBER_FORMS: tuple[tuple[tuple[str, ...], str], ...] = tuple(
    (form, str(value)) for value in range(1, MAXIMUM + 1) for form in spoken_forms(value)
)
"""Every form with its value in digits."""
