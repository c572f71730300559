"""What the fleet may set of a device's telemetry: ``telemetry.daily_bytes``, in place of the board's own."""

from collections.abc import Callable, Mapping
from typing import Protocol

from device_runtime.sync.fields import MAX_INTEGER
from device_runtime.values import Value

DAILY_BYTES = "telemetry.daily_bytes"


class Metered(Protocol):
    """The queue."""

    def set_daily_bytes(self, count: int) -> None:
        """Change what a day's telemetry may use on the wire, in bytes; 0 for any number."""


def telemetry_settings(
    queue: Metered, daily_bytes: int, others: Callable[[Mapping[str, Value]], None]
) -> Callable[[Mapping[str, Value]], None]:
    """Hears the settings that the fleet desires. Without the setting, or with what is no number of bytes,
    ``daily_bytes`` of the board holds. Settings that are not telemetry's are for ``others``, and so is one that cannot
    be followed."""

    def hear(settings: Mapping[str, Value]) -> None:
        wanted = settings.get(DAILY_BYTES)
        follows = isinstance(wanted, int) and not isinstance(wanted, bool) and 0 <= wanted <= MAX_INTEGER
        queue.set_daily_bytes(wanted if follows and isinstance(wanted, int) else daily_bytes)
        others({name: value for name, value in settings.items() if name != DAILY_BYTES or not follows})

    return hear
