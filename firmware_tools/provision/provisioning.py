"""Makes a board with MicroPython a device: loader, runtime, what it has, who it is; over a cable or as an image.

Done again it sends only what differs, and keeps programs, session numbers and the telemetry that waits. A board that
becomes another device, or was wiped, begins anew: with no programs, an epoch of telemetry of its own, and session
numbers above all that it may have had.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from device_runtime.host.microboard import MicroBoard, board_document
from device_runtime.micro.records import record_bytes
from firmware_tools.provision.connection import BoardConnection, BoardFacts
from firmware_tools.provision.delivery import Plan, plan_delivery
from firmware_tools.provision.errors import ProvisionError
from firmware_tools.provision.held import BOOT_RECORD, DESIRED_RECORD, MEMORY_RECORD, PROGRAMS_RECORD, Held, look_at
from firmware_tools.provision.identity import Identity
from firmware_tools.provision.privacy import LEDGER_RECORDS
from firmware_tools.provision.rom import FOLDER, Rom, RomPlan, plan_rom, runtime_image
from firmware_tools.provision.runtime import MAIN, slot_files, start_files

BOARD_FILE = "/cygnet/board.json"
SAVED_MAIN = "/main.before.py"
_SLOTS = ("/cygnet/a", "/cygnet/b")
_PROGRAMS, _QUEUE, _STORAGE, _PRIVACY = "/cygnet/programs", "/cygnet/queue", "/cygnet/storage", "/cygnet/privacy"
CABLE_SLOT, ROM_SLOT = "a", "rom"
_ROM_SINCE = "1.25"
# A start that counts above this is one of several that went wrong: what the loader counts begins anew then.
_MOST_STARTS = 3


@dataclass(frozen=True, slots=True)
class Provisioning:
    """What is to be done for one board: ``plan`` of files, ``rom`` before that where the runtime goes into the board's
    ROM, and what to tell about it."""

    plan: Plan
    identity: Identity
    notes: tuple[str, ...]
    rom: RomPlan | None = None


def plan_provisioning(
    board: BoardConnection, micro: MicroBoard, identity: Identity, held: Held | None = None
) -> Provisioning:
    """Compare a connected board with what it should be.

    Args:
        board: at its prompt.
        micro: what it is, by its configuration.
        identity: who it becomes; what is left out here stays as the board has it.
        held: what it holds, if it was asked already.

    Raises:
        ProvisionError: it is another board, its firmware is too old, it has no room, or it went away.
    """
    check_board(board.facts, micro, board.port)
    board.require("provisioning")
    held = held or look_at(board)
    whole = complete(identity, held.identity)
    if micro.network.wifi and not whole.wifi:
        raise ProvisionError(f"{micro.name} has Wi-Fi and knows no network; name one with --wifi SSID")
    if whole.signature == "hmac" and not whole.device_key:
        raise ProvisionError(
            f"{whole.device} checks what its fleet says with a key of its own, and has none; "
            "enroll it with --fleet, or take a file of `cygnet fleet enroll` with a device_key"
        )
    notes, owned, gone = [], list(_SLOTS), []
    rom = plan_rom(board, runtime_image())
    why_not = _why_no_rom(rom, micro)
    slot = ROM_SLOT if why_not is None else CABLE_SLOT
    files = board_files(micro, whole, runtime=why_not is not None)
    main = files.pop(MAIN)
    same = held.identity is not None and (held.identity.fleet, held.identity.device) == (whole.fleet, whole.device)
    if held.identity is not None and not same:
        was = f"{held.identity.device} of {held.identity.fleet}"
        notes.append(f"it was {was}; its programs, what they kept, and telemetry are removed")
        # What somebody agreed to was for the other fleet, and what programs kept may tell of what they heard.
        owned += [_PROGRAMS, _QUEUE, _STORAGE, _PRIVACY]
        gone += _both(PROGRAMS_RECORD) + _both(DESIRED_RECORD)
        # What was done for another fleet is not told to this one.
        gone += [name for record in LEDGER_RECORDS for name in _both(record)]
    if not same or held.record(MEMORY_RECORD) is None:
        files[MEMORY_RECORD] = memory_seed()
        gone.append(MEMORY_RECORD + ".new")
    if not (same and _begins_in(held, slot)):
        if same and _begins_with_fleet(held, rom.rom):
            notes.append("its runtime from the fleet gives way to the one of this computer")
        gone += _both(BOOT_RECORD)
        if slot == CABLE_SLOT and FOLDER in rom.rom.entries:  # without a record, the loader would take that of the ROM
            files[BOOT_RECORD] = boot_record(slot, held.number(BOOT_RECORD) + 1)
    if why_not:
        notes.append(why_not)
    if held.own_main is not None:
        notes.append(f"its main.py is kept as {SAVED_MAIN}")
        files[SAVED_MAIN] = held.own_main
    files[MAIN] = main  # the last to become visible: it starts all the others
    plan = plan_delivery(board, files, owned, gone)
    return Provisioning(plan, whole, tuple(notes), rom if why_not is None else None)


def complete(identity: Identity, held: Identity | None = None) -> Identity:
    """An identity with the time of now, and with what the board has where nothing else is said."""
    return replace(identity, time=identity.time or int(time.time())).over(held)


def board_files(micro: MicroBoard, identity: Identity, version: str = "", *, runtime: bool = True) -> dict[str, bytes]:
    """All files of a new device, by path, in the order in which they are to become visible; those of the runtime only
    where it is not in a ROM."""
    return {
        **(slot_files(CABLE_SLOT, version) if runtime else {}),
        BOARD_FILE: json.dumps(board_document(micro), separators=(",", ":"), ensure_ascii=False).encode(),
        **identity.files(micro.name),
        **start_files(),
    }


def image_files(micro: MicroBoard, identity: Identity) -> Mapping[str, bytes]:
    """The same for the image of an empty board, with a first memory."""
    boot = {BOOT_RECORD: boot_record(CABLE_SLOT)}  # a ROM is not in the image, and may hold another runtime
    return {**board_files(micro, complete(identity)), MEMORY_RECORD: memory_seed(), **boot}


def memory_seed() -> bytes:
    """A first memory. Starts are counted from the time of now, so that session numbers, which the fleet expects to
    rise, do so when a board lost its memory; nobody starts a board more than once a second."""
    now = int(time.time())
    return record_bytes({"starts": now, "time": now})


def boot_record(slot: str, number: int = 1) -> bytes:
    """A loader's record that says to start ``slot``; ``number`` is above that of the record that it replaces."""
    return record_bytes({"good": slot, "trial": "", "version": "", "tries": 0, "starts": 0, "failed": None}, number)


def check_board(facts: BoardFacts, micro: MicroBoard, port: str) -> None:
    """See that a configuration is that of the board on the port, as far as its firmware says what it is.

    Raises:
        ProvisionError: it is not.
    """
    if micro.memory.filesystem == "none":
        raise ProvisionError(f"{micro.name} has no file system that holds the runtime; it runs bare MicroPython only")
    if micro.simulated or not facts.machine:
        return
    flash = micro.flash
    by_build = bool(flash.firmware) and (facts.build == flash.firmware or facts.build.startswith(flash.firmware + "-"))
    if by_build or any(facts.machine.startswith(machine) for machine in flash.machines):
        return
    raise ProvisionError(
        f"the board on {port} is a {facts.machine}, not {micro.name}; name its own configuration with --board "
        "(`cygnet board list`)"
    )


def _begins_in(held: Held, slot: str) -> bool:
    """Whether the loader's record says to start a slot, as well as it says so when it is new."""
    boot = held.record(BOOT_RECORD)
    return boot is not None and (
        boot.get("good") == slot and not boot.get("trial") and int(boot.get("starts", 0)) <= _MOST_STARTS
    )


def _begins_with_fleet(held: Held, rom: Rom) -> bool:
    """Whether it does not start what a cable brought."""
    cable = ROM_SLOT if FOLDER in rom.entries else CABLE_SLOT
    return held.record(BOOT_RECORD) is not None and not (_begins_in(held, cable) or _begins_in(held, ROM_SLOT))


def _why_no_rom(plan: RomPlan, micro: MicroBoard) -> str | None:
    """Why the runtime goes into files, in words for the user where there are any; ``None``: it goes into the ROM."""
    rom, needed = plan.rom, len(plan.image)
    if not rom.size:
        if micro.memory.romfs_kb:
            return (
                f"its firmware has no ROM partition: with MicroPython {_ROM_SINCE} or newer, which has one of "
                f"{micro.memory.romfs_kb} KiB, the runtime would take less memory"
            )
        return ""
    if needed > rom.size:
        return f"its ROM of {rom.size // 1024} KiB has no room for the runtime of {needed:,} bytes: it goes into files"
    if rom.is_foreign:
        return (
            f"its ROM holds something else ({', '.join(rom.entries)}), which stays: the runtime goes into files; "
            "to give the ROM to the runtime, write an empty folder there with `mpremote romfs deploy`"
        )
    return None


def _both(path: str) -> list[str]:
    return [path, path + ".new"]
