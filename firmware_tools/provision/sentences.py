"""What a board's silence, refusal or absence means, in one sentence each that says what to do."""

import errno
import re
from pathlib import Path

import serial

from firmware_tools.provision.errors import BoardCodeError

# OSError on a board is `OSError: [Errno 28] ENOSPC`, or `OSError: 28` where names are left out to save space.
_ERRNO = re.compile(r"OSError: (?:\[Errno )?(\d+)")
_REASONS = {
    errno.ENOSPC: "its file system is full; remove a program, or flash it again with a fresh file system",
    errno.EROFS: "its file system is read-only; is its drive mounted on this computer? Eject it and repeat",
    errno.EIO: "its flash reports an error; repeat, and if it stays, format the board by flashing it again",
    errno.ENODEV: "it has no file system; flash it again with `cygnet board flash`",
    errno.EPERM: "its file system refuses to be written",
    errno.EINVAL: "a name or value is not possible there",
}
# What the ROM of an ESP32 says in its download mode, https://docs.espressif.com/projects/esptool
_BOOTLOADER_WORDS = (b"waiting for download", b"DOWNLOAD_BOOT", b"DOWNLOAD(")
_CIRCUITPYTHON_WORDS = (b"Adafruit CircuitPython",)


def open_sentence(port: str, error: Exception) -> str:
    """Why ``port``, which is there and free, cannot be opened."""
    if port.startswith("socket://"):
        return f"nothing listens at {port}; start what serves the board there, and write it as socket://host:port"
    return f"{port} cannot be opened ({error}); unplug the board, plug it in again and repeat"


def entry_sentence(port: str, heard: bytes) -> str:
    """Why no raw prompt came, by what the board said meanwhile."""
    if any(word in heard for word in _BOOTLOADER_WORDS):
        return (
            f"the board on {port} is in its bootloader; press reset without holding BOOT, "
            "or write firmware with `cygnet board flash`"
        )
    if any(word in heard for word in _CIRCUITPYTHON_WORDS):
        return f"the board on {port} runs CircuitPython; `cygnet board flash` writes MicroPython"
    words = "".join(chr(byte) if 32 <= byte < 127 else " " for byte in heard[-200:]).split()
    if not words:
        return (
            f"nothing on {port} answers: it runs no MicroPython, sits in its bootloader, or its program turned the "
            "prompt off; press reset and repeat at once, or write firmware with `cygnet board flash`"
        )
    return (
        f"the board on {port} runs something that does not stop for Ctrl-C (it last said "
        f"{' '.join(words[-8:])!r}); press reset and repeat at once, or write firmware with `cygnet board flash`"
    )


def vanished_sentence(port: str, doing: str, error: Exception) -> str:
    """A port that was there and is not."""
    if "://" not in port and Path(port).exists() and not isinstance(error, serial.SerialException):
        return f"the board on {port} cannot be reached while {doing}: {error}"
    return (
        f"the board on {port} went away while {doing}; check cable and power and repeat: "
        "what arrived is kept and not sent again"
    )


def board_sentence(port: str, doing: str, traceback: str) -> BoardCodeError:
    """What the board raised, as an error with a reason that a person can act on."""
    last = (traceback.strip().splitlines() or ["nothing"])[-1].strip()[:300]
    last = "".join(each if each.isprintable() else "?" for each in last)  # it may not lead our terminal
    number = _ERRNO.search(last)
    if number and int(number[1]) in _REASONS:
        reason = _REASONS[int(number[1])]
    elif last.startswith("MemoryError"):
        reason = "it ran out of memory; press its reset and repeat"
    elif last.startswith(("ImportError", "ModuleNotFoundError")):
        reason = f"its firmware lacks a part ({last}); flash a full MicroPython"
    elif last.startswith("KeyboardInterrupt"):
        reason = "it was interrupted; is another program connected, too?"
    else:
        reason = last
    return BoardCodeError(f"the board on {port} failed while {doing}: {reason}", traceback)
