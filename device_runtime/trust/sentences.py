"""Refusals of TUF's client in one sentence each: which role, which version, what was expected, what helps."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    UnsignedMetadataError,
)
from tuf.api.serialization import DeserializationError

from device_runtime.sync.fields import one_line
from device_runtime.trust.errors import TrustError

_EXPIRED = re.compile(r"(?:Final |New )?(?P<role>[a-z0-9_-]+)(?:\.json)? is expired")
_PLAIN = re.compile(r"[A-Za-z0-9 .,:;/()'<>=_-]+")


@dataclass(slots=True)
class Step:
    """What the client was at: ``data`` is what came for ``role``, asked for by ``version`` where the role has one in
    its file's name."""

    role: str = "root"
    version: int | None = None
    data: bytes = b""


def refusal(
    error: Exception, step: Step, now: float, loaded: Callable[[str], tuple[int, str] | None] = lambda _role: None
) -> TrustError:
    """What to tell of ``error``, raised at ``step`` when it was ``now`` (Unix time in seconds) at least; ``loaded``
    gives version and end of what is loaded for a role."""
    if isinstance(error, ExpiredMetadataError) and (named := _EXPIRED.fullmatch(str(error))):
        return _expired(named["role"], step, now, loaded)
    if isinstance(error, DownloadLengthMismatchError):
        return TrustError(f"the fleet's metadata of the role {_name(step)} is refused: {error}")
    if isinstance(error, DownloadError):
        return TrustError(
            f"the fleet's metadata of the role {_name(step)} did not come: {_clean(str(error))}", cause="unreachable"
        )
    return TrustError(f"the fleet's metadata of the role {_name(step)} is refused: {_reason(error)}")


def _expired(role: str, step: Step, now: float, loaded: Callable[[str], tuple[int, str] | None]) -> TrustError:
    """The client tells that loaded metadata has expired when it is at the next role."""
    claimed = (_claimed(step.data, "version"), _claimed(step.data, "expires"))
    version, expires = claimed if role == step.role else loaded(role) or ("", "")
    return TrustError(
        f"the fleet's metadata of the role {role}{f' version {version}' if version else ''} is refused: it expired"
        f"{f' on {expires}' if expires else ''}, and it is {_date(now)} or later, expected metadata that is still "
        "good: the fleet must sign anew, unless the clock of this device is wrong"
    )


def _reason(error: Exception) -> str:
    match error:
        case UnsignedMetadataError():
            # "root was signed by 1/2 keys"
            found = re.search(r"(\d+)/(\d+) keys", str(error))
            has, wants = found.groups() if found else ("too few", "the threshold of")
            return (
                f"it is signed by {has} of the keys that this device trusts for it, expected {wants}: it was altered, "
                "or signed with a key that the role does not have"
            )
        case BadVersionNumberError():
            return f"its version goes back or does not fit: {_clean(str(error))}"
        case LengthOrHashMismatchError():
            return (
                "its length or SHA-256 is not what the fleet signed for this version: it was altered, or belongs to "
                f"another state of the fleet ({_clean(str(error))})"
            )
        case DeserializationError():
            return "it is not metadata of TUF (damaged, cut off, or something else), expected signed JSON"
        case _:
            return _clean(str(error)) or type(error).__name__


def _name(step: Step) -> str:
    """``root version 3``: the version asked for, or the one that what came claims to be."""
    version = step.version if step.version is not None else _claimed(step.data, "version")
    return f"{step.role} version {version}" if version else step.role


def _claimed(data: bytes, member: str) -> str:
    """A member of what came, unverified, for a sentence."""
    try:
        value = json.loads(data)["signed"][member]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    text = str(value)
    return text if len(text) <= 40 and _PLAIN.fullmatch(text) else ""


def _clean(text: str) -> str:
    return one_line(text, 300).rstrip(".")


def _date(now: float) -> str:
    try:
        return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"{now:.0f} s after 1970"
