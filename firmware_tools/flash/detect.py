"""What is plugged into this machine: ports and drives, and which board each is."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from device_runtime.host.microboard import MicroBoard
from firmware_tools.flash import dfu, micropython, naming
from firmware_tools.flash.drives import Drive, find_drives
from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.esp import ask_chip
from firmware_tools.flash.ports import Port, find_ports

Mode = Literal["micropython", "bootloader", "unknown", "busy"]


@dataclass(frozen=True, slots=True)
class Found:
    """One board, or what may be one.

    ``boards`` are names of board files that fit; ``mode`` is what it runs; ``says`` is what it said of itself;
    ``problem`` is one sentence about why it could not be asked.
    """

    place: str
    mode: Mode
    boards: tuple[str, ...]
    chip: str = ""
    usb: str = ""
    serial_number: str = ""
    firmware: str = ""
    says: str = ""
    problem: str = ""


def detect(
    ports: Iterable[str] = (), drives: Iterable[Path] = (), *, ask: bool = True, also: Iterable[MicroBoard] = ()
) -> list[Found]:
    """All boards on this machine, or those at ports and in folders that the user named; ``also`` are the user's own.

    Asking interrupts what runs on a board and starts it again; without it, USB ids alone name boards. A port with ids
    of no board is not asked unless it was named: it may be a modem, or a printer.
    """
    boards = naming.known_boards(also)
    # What the user named is asked alone: other boards go on undisturbed.
    named, folders = list(ports), list(drives)
    only = bool(named or folders)
    listed = [port for port in find_ports(named) if not only or port.device in named]
    shown = [drive for drive in find_drives(folders) if not only or drive.folder in folders]
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = list(pool.map(lambda port: _port(port, boards, ask=ask, named=only), listed))
    found += [_drive(drive, boards) for drive in shown]
    if not only:
        found += [_dfu(device, boards) for device in dfu.list_devices()]
    return found


def _port(port: Port, boards: list[MicroBoard], *, ask: bool, named: bool) -> Found:
    by_ids = naming.by_usb(port.usb, boards)

    def found(mode: Mode, fitting: list[MicroBoard], **facts: str) -> Found:
        names = tuple(board.name for board in fitting)
        return Found(port.device, mode, names, usb=port.usb, serial_number=port.serial_number, **facts)

    if not ask:
        return found("unknown", by_ids, says=port.description)
    if not by_ids and not named:
        problem = (
            f"the USB ids {port.usb} are of no board that is known; name it with --port {port.device} to have it asked"
        )
        return found("unknown", by_ids, says=port.description, problem=problem)
    try:
        answer = micropython.ask(port.device)
    except FlashError as error:
        if error.kind != "wrong-mode":
            return found(
                "busy" if error.kind == "busy" else "unknown", by_ids, says=port.description, problem=str(error)
            )
        problem = str(error)
    else:
        return found(
            "micropython",
            naming.by_answer(answer, boards),
            chip=answer.chip,
            firmware=answer.version,
            says=answer.machine,
        )
    if by_ids and not any(board.flash.method == "esp" for board in by_ids):
        return found("unknown", by_ids, says=port.description, problem=problem)
    try:
        chip, mac = ask_chip(port.device)
    except FlashError as error:
        # Of two refusals the one that says more: that the port was lost, else that there is no MicroPython.
        return found(
            "unknown", by_ids, says=port.description, problem=problem if error.kind == "wrong-mode" else str(error)
        )
    return found("bootloader", naming.by_chip(chip, boards), chip=chip, says=f"MAC {mac}")


def _drive(drive: Drive, boards: list[MicroBoard]) -> Found:
    named = naming.by_drive(drive, boards)
    chips = {board.flash.chip for board in named}
    return Found(
        str(drive.folder),
        "bootloader",
        tuple(board.name for board in named),
        chip=chips.pop() if len(chips) == 1 else "",
        says=" ".join(filter(None, (drive.model, drive.board_id))),
    )


def _dfu(device: dfu.DfuDevice, boards: list[MicroBoard]) -> Found:
    named = [board for board in boards if device.usb in board.flash.bootloader and board.flash.method == "dfu"]
    names = tuple(board.name for board in named)
    return Found(
        f"usb:{device.path}", "bootloader", names, usb=device.usb, serial_number=device.serial_number, says=device.name
    )
