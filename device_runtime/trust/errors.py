"""Why something is not installed."""

from device_runtime.errors import CygnetError


class TrustError(CygnetError):
    """The fleet's signed metadata does not allow it, or cannot be had; one sentence that names role and version.

    ``cause`` is that of a report: ``refused``, ``unreachable`` (nothing wrong was found; it may come later) or
    ``fault`` (the device's own).
    """

    def __init__(self, message: str, cause: str = "refused") -> None:
        super().__init__(message)
        self.cause = cause
