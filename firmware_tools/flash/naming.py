"""Which board is it? Board files are compared with what a port, a drive or a chip says of itself."""

from collections.abc import Callable, Iterable

from device_runtime.host.board import board_names, find_micro_board
from device_runtime.host.microboard import MicroBoard
from firmware_tools.flash.drives import Drive
from firmware_tools.flash.micropython import Answer


def known_boards(also: Iterable[MicroBoard] = ()) -> list[MicroBoard]:
    """The boards with MicroPython that come with Cygnet, and others, which go before those of the same name."""
    known = {name: find_micro_board(name) for name in board_names("micropython")}
    return list({**known, **{board.name: board for board in also}}.values())


def by_answer(answer: Answer, boards: Iterable[MicroBoard]) -> list[MicroBoard]:
    """Boards whose firmware answers like that: by the build's name, else by the machine's, else by the chip."""
    return _first(
        boards,
        lambda board: bool(answer.build) and board.flash.firmware in {answer.build, answer.build.partition("-")[0]},
        lambda board: any(answer.machine.startswith(machine) for machine in board.flash.machines),
        lambda board: bool(answer.chip) and board.flash.chip == answer.chip,
    )


def by_chip(chip: str, boards: Iterable[MicroBoard]) -> list[MicroBoard]:
    """Boards with a chip."""
    return [board for board in boards if board.flash.chip == chip]


def by_drive(drive: Drive, boards: Iterable[MicroBoard]) -> list[MicroBoard]:
    """Boards whose boot loader shows such a drive."""
    return [board for board in boards if board.flash.method == drive.kind and drive.board_id in board.flash.drives]


def by_usb(usb: str, boards: Iterable[MicroBoard]) -> list[MicroBoard]:
    """Boards that have such USB ids, as themselves or in their boot loader."""
    return [board for board in boards if usb and usb in {*board.flash.usb, *board.flash.bootloader}]


def _first(boards: Iterable[MicroBoard], *tests: Callable[[MicroBoard], bool]) -> list[MicroBoard]:
    """The boards that pass the first test that any passes."""
    listed = list(boards)
    return next((found for test in tests if (found := [board for board in listed if test(board)])), [])
