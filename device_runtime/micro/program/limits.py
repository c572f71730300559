# mypy: allow-any-generics, allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, no-warn-return-any
"""What a program may use."""

MOST_NODES = 200


class Limits:
    """What a program may use: ``program`` of ``board.json``. A board with a watchdog of so many seconds must be through
    with the launch before."""

    def __init__(self, document: dict, watchdog: int = 0) -> None:
        self.launch_ms = watchdog * 600 if watchdog else 10_000
        self.event_ms = document.get("event_ms", 2000)
        self.heap = document.get("heap_kb", 48) * 1024
        self.nodes = document.get("nodes", MOST_NODES)
