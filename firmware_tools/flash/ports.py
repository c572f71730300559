"""Serial ports of this machine: which there are, who has one, and what to do about one that cannot be opened."""

import errno
import fcntl
import grp
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import serial
from serial.tools import list_ports

from firmware_tools.flash.errors import FlashError, one_line


@dataclass(frozen=True, slots=True)
class Port:
    """A serial port. ``usb`` is ``vid:pid`` in small letters, or empty."""

    device: str
    usb: str = ""
    serial_number: str = ""
    description: str = ""


def find_ports(named: Iterable[str] = ()) -> list[Port]:
    """The USB serial ports of this machine, and those that the user named (a device, or ``socket://…``)."""
    found = {}
    for item in sorted(list_ports.comports()):
        if item.vid is None or item.pid is None:
            continue  # a machine's own ports: a console may be on one
        usb = f"{item.vid:04x}:{item.pid:04x}"
        description = "" if item.description in {None, "n/a"} else item.description
        found[item.device] = Port(item.device, usb, item.serial_number or "", description)
    for device in named:
        found.setdefault(device, Port(device))
    return list(found.values())


def check_port(device: str) -> None:
    """See that a port is there, may be opened, and is nobody else's.

    Raises:
        FlashError: it is not so.
    """
    if "://" in device:
        return
    path = Path(device)
    if not path.exists():
        known = ", ".join(port.device for port in find_ports()) or "none"
        raise FlashError(
            "no-board",
            f"there is no port {device} (there are: {known}); plug the board in, with a cable that has data wires",
        )
    try:
        opened = os.open(device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        raise _cannot_open(device, error) from error
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)  # what pyserial, and so most tools, hold
    except OSError as error:
        if error.errno not in {errno.EAGAIN, errno.EACCES}:
            raise _cannot_open(device, error) from error
        raise _busy(device) from error
    finally:
        os.close(opened)


def port_error(device: str, error: Exception) -> FlashError:
    """The sentence for a port that failed in a library's hands."""
    gone = FlashError("vanished", f"{device} went away in the middle; look at cable and plug, and do it again")
    try:
        check_port(device)
    except FlashError as found:
        return gone if found.kind == "no-board" else found
    lost = "disconnected" in str(error) or "returned no data" in str(error)
    if lost or getattr(error, "errno", None) in {errno.EIO, errno.ENODEV, errno.ENXIO}:
        return gone
    return FlashError("vanished", f"{device} failed: {one_line(str(error))}; look at cable and plug, and do it again")


def holders(device: str) -> list[str]:
    """Other processes that have a port open, as ``name (pid)``, as far as /proc shows them to us."""
    wanted = os.path.realpath(device)
    found = []
    for entry in Path("/proc").iterdir() if Path("/proc").is_dir() else ():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if any(os.path.realpath(link) == wanted for link in (entry / "fd").iterdir()):
                found.append(f"{(entry / 'comm').read_text().strip()} ({entry.name})")
        except OSError:  # it ended meanwhile, or is not ours to look into
            continue
    return found


def reset_by_wires(device: str) -> None:
    """Pull the reset wire of a board whose serial bridge has one on RTS.

    Raises:
        FlashError: the port cannot be opened, or has no such wire.
    """
    check_port(device)
    try:
        with serial.serial_for_url(device, exclusive=True) as port:
            port.dtr = False
            port.rts = True
            port.rts = False
    except OSError as error:
        if error.errno in {errno.ENOTTY, errno.EINVAL}:
            raise FlashError(
                "wrong-mode", f"{device} has no wire for a reset; press the board's reset button"
            ) from error
        raise port_error(device, error) from error


def _busy(device: str) -> FlashError:
    who = holders(device)
    named = (
        f"{', '.join(who)} has it open" if who else "another program has it open, of a user whose processes are hidden"
    )
    return FlashError("busy", f"{device} is in use: {named}; end that and try again")


def _cannot_open(device: str, error: OSError) -> FlashError:
    if error.errno in {errno.EACCES, errno.EPERM}:
        return FlashError(
            "permission",
            f"{device} may not be opened by you ({_access(device)}); `cygnet board doctor` has the rule for "
            "udev that changes it",
        )
    if error.errno == errno.EBUSY:
        return _busy(device)
    return FlashError("no-board", f"{device} cannot be opened: {error.strerror}; unplug the board and plug it in again")


def _access(device: str) -> str:
    found = os.stat(device)  # noqa: PTH116 (a device's path as the user gave it)
    try:
        group = grp.getgrgid(found.st_gid).gr_name
    except KeyError:
        group = str(found.st_gid)
    return f"it is {stat.filemode(found.st_mode)} and of the group {group}"
