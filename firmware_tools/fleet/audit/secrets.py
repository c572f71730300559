"""What never comes into the audit log, whatever a rule or a caller says."""

from collections.abc import Iterator, Mapping
from typing import Any

NEVER = frozenset({
    "authorization", "claim", "code", "codes", "cookie", "current", "device_key", "key", "mac_key", "new", "old",
    "passphrase", "password", "passwords", "pin", "private", "private_key", "secret", "secrets", "session", "token",
    "tokens",
})  # fmt: skip
"""Names of members whose values are secrets or may be."""
_ENDS = ("_key", "_password", "_passphrase", "_secret", "_token")
HIDDEN = "…"
_SHORTEST = 4
_LONGEST_TEXT = 300
_MOST = 50
_DEEPEST = 4


def is_secret(name: str) -> bool:
    """Whether a member of this name is never recorded."""
    plain = name.lower().replace("-", "_")
    return plain in NEVER or plain.endswith(_ENDS)


def clean(value: Any, hidden: frozenset[str] = frozenset(), depth: int = 0) -> Any:
    """A value as it may be recorded: without secret members, texts of ``hidden`` or half characters, and of bounded
    size."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return str(value)  # JSON writes one number in several ways; what is hashed has one
    if isinstance(value, str):
        return clean_text(value, hidden)
    if depth == _DEEPEST:
        return HIDDEN
    if isinstance(value, Mapping):
        chosen = [(str(name), item) for name, item in value.items() if not is_secret(str(name))][:_MOST]
        return {clean_text(name, hidden): clean(item, hidden, depth + 1) for name, item in chosen}
    if isinstance(value, list | tuple | set | frozenset):
        items = list(value)
        kept = [clean(item, hidden, depth + 1) for item in items[:_MOST]]
        return kept if len(items) <= _MOST else [*kept, f"and {len(items) - _MOST} more"]
    return clean_text(str(value), hidden)


def clean_text(text: str, hidden: frozenset[str] = frozenset(), longest: int = _LONGEST_TEXT) -> str:
    """A text in one line, of at most ``longest`` characters, in which ``hidden`` ones are replaced."""
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    plain = "".join(character if character.isprintable() else " " for character in text)
    return plain if len(plain) <= longest else plain[: longest - 1] + HIDDEN


def secrets_of(document: Any) -> frozenset[str]:
    """The texts of a request that are secret; those of fewer than four characters are no secrets."""
    return frozenset(text for text in _secrets(document, secret=False, depth=0) if len(text) >= _SHORTEST)


def _secrets(value: Any, *, secret: bool, depth: int) -> Iterator[str]:
    if depth > 20:
        return
    if isinstance(value, str):
        if secret:
            yield value
            yield repr(value)[1:-1]
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _secrets(item, secret=secret or is_secret(str(name)), depth=depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _secrets(item, secret=secret, depth=depth + 1)
