"""What a board offers of the capabilities that the table of APIs names, as far as its configuration tells."""

from collections.abc import Iterable

from device_runtime.host.board import Board

_NO_BOARD_YET = frozenset(("vibrateShort", "vibrateLong"))
# What the machine itself decides, what is installed on it, or whether it is in a fleet, and no configuration says.
_OF_THE_MACHINE = frozenset(("getBatteryInfo", "share.page", "inference.open"))


def lacking_capabilities(board: Board | None, needs: Iterable[str]) -> frozenset[str]:
    """Of some capabilities, those that a board surely has not; without a board, those that no board has."""
    return frozenset(name for name in needs if name in _NO_BOARD_YET or (board is not None and not _has(board, name)))


def depends_on_board(name: str) -> bool:
    """Whether some boards have a capability and others do not."""
    return name in _NO_BOARD_YET | _OF_THE_MACHINE or name.startswith(("audio.", "record.", "speech."))


def _has(board: Board, name: str) -> bool:
    if name.startswith("audio."):
        return board.audio.speaker != "none"
    if name.startswith("speech."):
        return board.voice.enabled and board.audio.speaker != "none"
    if name.startswith("record."):
        return board.audio.microphone == "device"
    return True
