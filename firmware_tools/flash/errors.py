"""What goes wrong with boards on a cable; each failure has a kind, for scripts and records, and one sentence."""

from typing import Literal, TypeAlias

from device_runtime.errors import CygnetError

FailureKind: TypeAlias = Literal[
    "no-board",  # no port, drive or address
    "wrong-board",
    "busy",
    "permission",
    "wrong-mode",
    "vanished",
    "firmware",  # no such file or entry, or it is damaged
    "wrong-chip",
    "too-small",
    "short-write",
    "full",
    "verification",
    "unsafe",  # a disk that is in use, or is not a card; a chip that is locked
    "tool",  # a command that does the work is missing or failed
    "remote",  # a Linux board said no
]


class FlashError(CygnetError):
    """A step failed: ``kind`` says what, the message says it in one sentence, with what to do."""

    def __init__(self, kind: FailureKind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.identity = ""
        """Which board it was, as far as it had said so before (``Outcome.identity``)."""


def one_line(said: str, most: int = 300) -> str:
    """What a library, a command or a board said, as a part of a sentence; it may not lead our terminal."""
    line = " ".join(said.split()).rstrip(".")
    line = "".join(each if each.isprintable() else "?" for each in line[: most + 1])
    return line if len(line) <= most else f"{line[:most]}…"
