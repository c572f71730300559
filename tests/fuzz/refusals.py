"""What every refusal is: one sentence that can be printed, logged and sent."""

from device_runtime.errors import CygnetError

LONGEST = 4_000


def check_refusal(error: CygnetError, names: str = "") -> None:
    """A refusal that says what it is about."""
    check_sentence(str(error))
    assert names in str(error), f"a refusal that does not name {names}: {error}"


def check_sentence(text: str) -> None:
    """A line for people: not empty, on one line, and of characters that UTF-8 has."""
    assert text, "a refusal says why"
    assert len(text) <= LONGEST, f"a refusal of {len(text)} characters: {text[:200]!a}"
    assert text.isprintable() or not set("\n\r\0\x1b") & set(text), f"a refusal on more than one line: {text[:200]!a}"
    text.encode()
