"""How often a device does what it does by itself."""

from dataclasses import dataclass, field

from device_runtime.sync.transport import Backoff


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things happen, in seconds unless said otherwise."""

    report: float = 1.0
    """Between two reports, at least."""
    progress: float = 30.0
    """Between two reports of something that is on its way, at most: the time doubles from ``report`` up to here."""
    watch: float = 5.0
    """Until a change that nobody told us of, as a program that was closed, is noticed and reported."""
    ask: float = 600.0
    """Between two requests for the desired document on a connection that stands."""
    batch_records: int = 100
    """So many records are sent at once..."""
    batch: float = 5.0
    """...or what there is after so long."""
    receipt: float = 30.0
    """After which a batch without a receipt is sent again."""
    resend: Backoff = field(default_factory=lambda: Backoff(2.0, 120.0))
    """Before a message that failed is sent again."""
    retry: Backoff = field(default_factory=lambda: Backoff(5.0, 900.0))
    """Before a program that failed is tried again."""
