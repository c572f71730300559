"""The rule for udev that lets people at the machine open boards, made of the USB ids in the board files."""

from collections.abc import Iterable
from pathlib import Path

from device_runtime.host.microboard import MicroBoard
from firmware_tools.flash.errors import FlashError

RULE_FILE = Path("/etc/udev/rules.d/60-cygnet-boards.rules")
_HEAD = """\
# Boards that Cygnet knows may be opened by who sits at this machine, and ModemManager leaves them alone.
# Made by `cygnet board doctor`. Afterwards: udevadm control --reload && udevadm trigger, or plug the board in again.
"""


def rule_text(boards: Iterable[MicroBoard]) -> str:
    """One line an id: ports (``tty``) for all, the device itself for DFU, which has no port."""
    lines: dict[str, str] = {}
    for board in boards:
        for usb in board.flash.usb:
            lines.setdefault(f"tty {usb}", _line("tty", usb))
        for usb in board.flash.bootloader:
            subsystem = "usb" if board.flash.method == "dfu" else "tty"
            lines.setdefault(f"{subsystem} {usb}", _line(subsystem, usb))
    return _HEAD + "\n".join(sorted(lines.values())) + "\n"


def write_rule(text: str, path: Path = RULE_FILE) -> None:
    """Put the rule where udev reads it.

    Raises:
        FlashError: that may not be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FlashError(
            "permission",
            f"{path} cannot be written ({error.strerror}); run `cygnet board doctor --udev | sudo tee {path}`",
        ) from error


def _line(subsystem: str, usb: str) -> str:
    vendor, product = usb.split(":")
    where = "ATTRS" if subsystem == "tty" else "ATTR"
    return (
        f'SUBSYSTEM=="{subsystem}", {where}{{idVendor}}=="{vendor}", {where}{{idProduct}}=="{product}", '
        'MODE="0660", TAG+="uaccess", ENV{ID_MM_DEVICE_IGNORE}="1"'
    )
