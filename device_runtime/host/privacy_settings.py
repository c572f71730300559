"""What a board's file says of privacy."""

from dataclasses import dataclass

from device_runtime.host.board_file import key


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """What a board's file says of privacy."""

    organisation: str = key(
        "whose device this is, if it is no person's: what its programs declare is agreed to then, and nobody is asked; "
        "empty: the person at the device is asked",
        default="",
    )
