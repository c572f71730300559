"""A line of the ledger, in words."""

from device_runtime.privacy.ledger import Entry
from device_runtime.privacy.words import where


def line(entry: Entry) -> str:
    """What happened, for the person at the device."""
    of = f"{entry.app}: " if entry.app else ""
    what = f"{entry.item} " if entry.item else ""
    to = f" to {where(entry.destination)}" if entry.destination not in ("", "device") else ""
    match entry.act:
        case "begun":
            return f"the ledger begins {entry.who}".rstrip()
        case "grant":
            return f"{of}{what}allowed{to} by {entry.who}"
        case "refuse":
            return f"{of}{what or 'an update '}refused by {entry.who}"
        case "revoke":
            return f"{of}{what}no longer allowed{to}, by {entry.who}"
        case "send":
            return f"{of}{what}sent{to}{_times(entry.count)}, {entry.bytes:,} bytes"
        case "refused":
            return f"{of}{what or 'what its plan does not say '}turned away{to}{_times(entry.count)}"
        case "profile":
            return f"now in use by: {entry.who}"
        case "export":
            return f"{of or 'all programs: '}exported by {entry.who}"
        case "delete":
            return f"{of or 'all programs: '}what was kept here is deleted, as {entry.who} wanted"
        case "receipt":
            return (
                f"{of or 'all programs: '}your fleet has erased what it held; its receipt has the SHA-256 {entry.who}"
            )
    return f"{of}{what}{entry.act}{to}"


def _times(count: int) -> str:
    return f" {count:,} times" if count > 1 else ""
