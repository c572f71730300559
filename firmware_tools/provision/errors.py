"""Errors of provisioning."""

from device_runtime.errors import CygnetError


class ProvisionError(CygnetError):
    """Something about a board's files, identity or image is wrong, or the board refused it."""


class BoardConnectionError(ProvisionError):
    """No board answers at a port, or it went away; the message says which of these and what to do."""


class BoardCodeError(ProvisionError):
    """Code that we ran on a board raised there. ``error_output`` is the board's own traceback."""

    def __init__(self, message: str, error_output: str) -> None:
        super().__init__(message)
        self.error_output = error_output
