"""What one program may use."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from device_runtime.engine.quickjs import DEFAULT_MEMORY_BYTES


@dataclass(frozen=True, slots=True)
class Limits:
    """``event_seconds`` bounds one call into the program's JavaScript, ``launch_seconds`` the running of app.js and
    of the first page's file, ``memory_bytes`` the JavaScript heap."""

    event_seconds: float = 2.0
    launch_seconds: float = 10.0
    memory_bytes: int = DEFAULT_MEMORY_BYTES

    @classmethod
    def read(cls, members: Mapping[str, Any]) -> "Limits":
        """The ``limits`` of a launch event; what is left out keeps its default."""
        return cls(**members)

    def document(self) -> dict[str, Any]:
        """The same as a launch event carries it."""
        return asdict(self)
