"""How many bytes a device sent and received, as lines for `cygnet fleet show`."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

_DAY = 86_400
_KIB, _MIB = 1024, 1024 * 1024


def traffic_lines(traffic: Mapping[str, Any], now: float) -> Iterator[str]:
    """What ``GET /api/devices/ID/traffic`` answers, at ``now`` (Unix seconds); nothing where nothing was counted."""
    if traffic["since"] is None:
        return
    for word in ("sent", "received"):
        sums: dict[str, int] = {}
        today = 0
        for day in traffic["days"]:
            for kind, count in day[word].items():
                sums[kind] = sums.get(kind, 0) + count
                today += count if kind != "messages" and day["time"] > now - _DAY else 0
        messages = sums.pop("messages", 0)
        parts = ", ".join(f"{kind} {size(count)}" for kind, count in sums.items() if count) or "nothing"
        whole = f"{size(sum(sums.values()))} in 30 days ({parts}; {messages} messages)"
        yield f"{word.title()}: {size(today)} today, {whole}"
    since = datetime.fromtimestamp(traffic["since"], UTC).date()
    yield f"Counted are topics and payloads, by days of UTC, since {since}"


def size(count: int) -> str:
    """A number of bytes as the page writes it: 512 B, 196 KB, 1.4 MB."""
    if count < _KIB:
        return f"{count} B"
    return f"{round(count / _KIB)} KB" if count < _MIB else f"{count / _MIB:.1f} MB"
