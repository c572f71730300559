"""What passed through a process of a fleet since it started."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """What passed since the service started."""

    messages: int = 0
    malformed: dict[str, int] = field(default_factory=dict)
    records: int = 0
    repeated: int = 0
    blocks: int = 0
    refused: int = 0
    dropped: int = 0
    unsent: int = 0
