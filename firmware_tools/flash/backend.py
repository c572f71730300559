"""The contract of what writes firmware, and who does it by which method."""

import importlib
from abc import ABC, abstractmethod
from pathlib import Path

from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.job import Job, Outcome, Progress

# method of a board's [flash] table -> its class; a module is loaded when it is used
_BACKENDS = {
    "esp": "firmware_tools.flash.esp:EspBackend",
    "uf2": "firmware_tools.flash.drive_backends:Uf2Backend",
    "hex": "firmware_tools.flash.drive_backends:HexBackend",
    "dfu": "firmware_tools.flash.dfu:DfuBackend",
    "sdcard": "firmware_tools.flash.sdcard:SdCardBackend",
    "ssh": "firmware_tools.flash.ssh:SshBackend",
}


class Backend(ABC):
    """Writes firmware by one method. Every verb may be repeated, and raises ``FlashError`` where it fails."""

    formats: tuple[str, ...]
    """Suffixes of files that it takes."""

    @abstractmethod
    def check(self, job: Job) -> None:
        """Everything that can be known of the file without the board: it is whole, is for this chip, and fits."""

    @abstractmethod
    def plan(self, job: Job) -> list[str]:
        """What ``flash`` would do, a line a step."""

    @abstractmethod
    def flash(self, job: Job, progress: Progress) -> Outcome:
        """Find the board in the right mode, write, and verify what was written."""

    def reset(self, place: str, progress: Progress) -> str:  # noqa: ARG002 (a back end may be unable)
        """Start the board anew; says what it did."""
        raise FlashError("wrong-mode", f"{place} cannot be reset over the cable; press its reset button")

    def backup(self, job: Job, path: Path, progress: Progress) -> int:  # noqa: ARG002 (a back end may be unable)
        """Read the flash into a file; gives its size in bytes."""
        raise FlashError(
            "wrong-mode",
            f"the flash of {job.board.name} cannot be read over {job.board.flash.method}; "
            "use `--files`, which reads MicroPython's file system",
        )


def backend_for(method: str) -> Backend:
    """The back end of a method.

    Raises:
        FlashError: there is none.
    """
    if method not in _BACKENDS:
        raise FlashError("wrong-mode", f"nothing is flashed by the method {method!r}; known are {', '.join(_BACKENDS)}")
    module, name = _BACKENDS[method].split(":")
    backend = getattr(importlib.import_module(module), name)()
    assert isinstance(backend, Backend)  # noqa: S101 (the table above is ours)
    return backend
