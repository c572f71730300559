"""What the runtime does for programs; read when the first one starts."""

try:
    from collections.abc import Callable
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .sync.telemetry import Telemetry
except ImportError:
    pass


class Services:
    """For ``micro.program.host``. ``log(level, source, text)`` says something to whoever listens at the serial port."""

    def __init__(self, queue: "Telemetry", log: "Callable[[str, str, str], None]") -> None:
        self._queue, self.log = queue, log

    def telemetry(self, source: str, name: str, values: "dict[str, Any]") -> bool:
        """Take an event for the fleet; False when it is no record that the fleet takes."""
        return self._queue.record(source, name, values)
