"""The error of this room."""

from device_runtime.errors import CygnetError


class FleetError(CygnetError):
    """The fleet cannot do what was asked; the message says why and what to do.

    ``status`` is the HTTP status that the API answers with.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class SilentFleetError(FleetError):
    """Nobody answers where the fleet should be, or it broke off; it may do so later."""


class NotFoundError(FleetError):
    """What was named does not exist in this fleet."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 404)


class ConflictError(FleetError):
    """What was asked contradicts what the fleet already holds."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 409)


class StorageError(FleetError):
    """The database or the disk refuses: locked, full, read-only, or not ours.

    ``passing``: the same work may succeed later, since the database's state refused it and not what was to be stored.
    ``conflict``: at once, since others changed the same at the same time.
    """

    def __init__(self, message: str, *, passing: bool = False, conflict: bool = False) -> None:
        super().__init__(message, 503)
        self.passing, self.conflict = passing, conflict
