"""What happens with a day of the ledger that is over: it goes to those that are kept, and the fleet is told of it in
the words of other devices: what was decided, what left, and the hash.

``cygnet/told`` has the last day of which it was. Only in memory when there is such a day.
"""

import json

from ..records import read_body, write_body
from .ledger import BETWEEN, hash_of, split_days

try:
    from collections.abc import Callable
    from typing import Any
except ImportError:
    pass

_TOLD = "cygnet/told"
_MOST_KEPT = 3072
"""So much of the days that are closed stays on the board."""


def tell_days(root: str, tell: "Callable[[str, str, dict[str, Any]], bool]") -> bool:
    """Tell of the days that are over and of which was not told; false where it must be tried again.

    Raises:
        OSError: the disk does not take that it was told; what is told again then is the same.
    """
    told = int(read_body(root + _TOLD) or 0)
    for text in split_days(read_body(root + "cygnet/ledger")):
        day = int(text[1 : text.find(b",")])
        if day <= told:
            continue
        point: dict[str, Any] = {"number": day, "hash": hash_of(text)}
        for act, app, item, count, size in json.loads(text)[2]:
            if act == "refused":
                continue  # that was told as it happened
            values = {"app_id": app, "item": item, "who": "cable"}
            if act == "send":
                act = "sent"
                values = {"app_id": app, "item": item, "to": "fleet", "count": count, "bytes": size, "after": day - 1}
            values.update(point)
            if not tell("privacy", act, values):
                return False
        if not tell("privacy", "head", point):
            return False
        write_body(root + _TOLD, str(day).encode())
    return True


def close_day(path: str, text: bytes) -> None:
    """Put a day to the end of those that are over; after a power cut it may be there already."""
    days = split_days(read_body(path))
    if days and days[-1] == text:
        return
    days.append(text)
    while len(days) > 1 and sum([len(each) + 2 for each in days]) > _MOST_KEPT:
        days.pop(0)
    write_body(path, b"[" + BETWEEN.join(days) + b"]")
