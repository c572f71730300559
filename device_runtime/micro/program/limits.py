"""What a program may use."""

try:
    from typing import Any
except ImportError:
    pass

MOST_NODES = 200


class Limits:
    """What a program may use: ``program`` of ``board.json``. A board with a watchdog of so many seconds must be through
    with the launch before."""

    def __init__(self, document: "dict[str, Any]", watchdog: int = 0) -> None:
        self.launch_ms: int = watchdog * 600 if watchdog else 10_000
        self.event_ms: int = document.get("event_ms", 2000)
        self.heap: int = document.get("heap_kb", 48) * 1024
        self.nodes: int = document.get("nodes", MOST_NODES)
