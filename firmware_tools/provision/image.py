"""A board's file system as an image, for a first flash: one file that brings firmware, runtime and identity.

The image fills the whole file system, also where nothing is: what a board held before is gone then, with its secrets,
and no stale block can pass for one of ours.
"""

import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from littlefs import LittleFS, LittleFSError, UserContext
from mpremote.romfs import VfsRomWriter
from uf2utils.constants import BlockSize, Magic

from device_runtime.host.microboard import MicroBoard
from firmware_tools.provision.errors import ProvisionError

_BLOCK = 4096
# MicroPython's VfsLfs2 programs 256 bytes at a time (ports/rp2/modules/_boot.py); 2.0 is the format that all releases
# mount, where 2.1 hangs those before 1.22.
_PROGRAM_BYTES, _DISK_VERSION = 256, 0x00020000
_UF2_HEAD = struct.Struct("<8I")
_UF2_PAYLOAD = 256
_UF2_FAMILY_PRESENT = 0x2000
_RP2_FLASH_START = 0x10000000
# https://docs.espressif.com/projects/esp-idf/en/latest/esp32/api-guides/partition-tables.html
_PARTITION_TABLE, _PARTITION_TABLE_BYTES = 0x8000, 0xC00
_PARTITION = struct.Struct("<HBBII16sI")
_PARTITION_MAGIC, _DATA = 0x50AA, 1
_FILESYSTEM_LABELS = (b"vfs", b"ffat")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the flash a file system lies, in bytes from the flash's start."""

    offset: int
    size: int


def rp2_place(board: MicroBoard) -> Place:
    """The file system of MicroPython's rp2 port: the end of the flash.

    Raises:
        ProvisionError: the board's file does not say how large both are.
    """
    flash, size = board.flash.flash_kb * 1024, board.memory.filesystem_kb * 1024
    if not 0 < size < flash:
        raise ProvisionError(f"{board.name}: 'flash.flash_kb' and 'memory.filesystem_kb' must say where files lie")
    return Place(flash - size, size)


def esp_place(firmware: bytes, at: int, board: MicroBoard) -> Place:
    """Where MicroPython has its files on an ESP32: the partition ``vfs`` of the image's table, or, in builds since 1.25
    that have none, what is left behind the last partition (``ports/esp32/main.c``, ``boardctrl_startup``).

    Args:
        firmware: the image that is written at ``at``.
        at: where, 0x1000 or 0.
        board: says how large the flash is.

    Raises:
        ProvisionError: the image holds no partition table, or there is no room behind it.
    """
    table = firmware[_PARTITION_TABLE - at :][:_PARTITION_TABLE_BYTES]
    last = 0
    for start in range(0, len(table) - _PARTITION.size + 1, _PARTITION.size):
        magic, kind, _, offset, size, label, _ = _PARTITION.unpack_from(table, start)
        if magic != _PARTITION_MAGIC:
            break
        if kind == _DATA and label.rstrip(b"\0") in _FILESYSTEM_LABELS:
            return Place(offset, size)
        last = max(last, offset + size)
    if not last:
        raise ProvisionError(
            f"the firmware for {board.name} has no partition table; "
            "use a whole image of MicroPython's downloads (.bin that begins with the boot loader)"
        )
    end = board.flash.flash_kb * 1024
    if last >= end:
        raise ProvisionError(f"the firmware leaves no room for files in the {board.flash.flash_kb} KiB of {board.name}")
    return Place(last, end - last)


def littlefs_image(files: Mapping[str, bytes], size: int) -> bytes:
    """A littlefs of ``size`` bytes, as MicroPython mounts it, with ``files`` by absolute path.

    Raises:
        ProvisionError: they do not fit.
    """
    context = UserContext(size)
    system = LittleFS(
        context=context,
        block_size=_BLOCK,
        block_count=size // _BLOCK,
        prog_size=_PROGRAM_BYTES,
        read_size=32,
        disk_version=_DISK_VERSION,
    )
    try:
        for path, data in files.items():
            folder = path.rpartition("/")[0]
            if folder:
                system.makedirs(folder, exist_ok=True)
            with system.open(path, "wb") as file:
                file.write(data)
        system.unmount()
    except LittleFSError as error:
        total = sum(len(data) for data in files.values())
        raise ProvisionError(
            f"{total:,} bytes in {len(files)} files do not fit into a file system of {size // 1024} KiB"
        ) from error
    return bytes(context.buffer)


def read_littlefs(image: bytes) -> dict[str, bytes]:
    """The files of an image, by absolute path.

    Raises:
        ProvisionError: it is no littlefs.
    """
    try:
        system = LittleFS(
            context=UserContext(buffer=bytearray(image)),
            mount=False,
            block_size=_BLOCK,
            block_count=len(image) // _BLOCK,
            prog_size=_PROGRAM_BYTES,
            read_size=32,
        )
        system.mount()
        files = {}
        for folder, _, names in system.walk("/"):
            for name in names:
                path = f"{folder.rstrip('/')}/{name}"
                with system.open(path, "rb") as file:
                    files[path] = file.read()
    except LittleFSError as error:
        raise ProvisionError("this is no littlefs image as MicroPython writes it") from error
    return files


def uf2_with(firmware: bytes, image: bytes, place: Place) -> bytes:
    """One UF2 file of ``firmware`` (UF2) and a file system, so that a first flash brings both.

    Raises:
        ProvisionError: ``firmware`` is not UF2, or reaches into the file system.
    """
    blocks = [bytearray(firmware[start : start + BlockSize]) for start in range(0, len(firmware), BlockSize)]
    heads = [_uf2_head(block) for block in blocks]
    if not blocks:
        raise ProvisionError("the firmware is an empty file")
    # A file for the RP2350 begins with a block of another family; the firmware is what most blocks are of.
    family, _ = Counter(head[7] for head in heads).most_common(1)[0]
    start = _RP2_FLASH_START + place.offset
    if any(head[7] == family and head[3] + head[4] > start for head in heads):
        raise ProvisionError(
            f"the firmware reaches into the file system at 0x{place.offset:06x}; it is for a board with more flash"
        )
    for at in range(0, len(image), _UF2_PAYLOAD):
        head = (Magic.START0, Magic.START1, _UF2_FAMILY_PRESENT, start + at, _UF2_PAYLOAD, 0, 0, family)
        body = image[at : at + _UF2_PAYLOAD].ljust(BlockSize - _UF2_HEAD.size - 4, b"\0")
        blocks.append(bytearray(_UF2_HEAD.pack(*head) + body + struct.pack("<I", Magic.END)))
    return b"".join(_numbered(blocks, family))


def romfs_image(files: Mapping[str, bytes], blank: int = 0) -> bytes:
    """A ROMFS, from which MicroPython runs bytecode in place where firmware and board have a partition for it.

    Args:
        files: by path; folders are made.
        blank: so many bytes behind the header are as flash is when it is erased, and belong to no file.
    """
    writer = VfsRomWriter()
    if blank:
        writer.mkdata(b"\xff" * blank)
    _write_romfs(writer, {path.strip("/"): data for path, data in files.items()})
    return bytes(writer.finalise())


def _write_romfs(writer: VfsRomWriter, files: Mapping[str, bytes]) -> None:
    for name in sorted({path.split("/", 1)[0] for path in files}):
        if name in files:
            writer.mkfile(name, files[name])
        else:
            inside = {path[len(name) + 1 :]: data for path, data in files.items() if path.startswith(name + "/")}
            writer.opendir(name)
            _write_romfs(writer, inside)
            writer.closedir()


def _uf2_head(block: bytearray) -> tuple[int, ...]:
    if len(block) != BlockSize:
        raise ProvisionError(f"the firmware is not UF2: its length is no multiple of {BlockSize} bytes")
    head = _UF2_HEAD.unpack_from(block)
    if head[:2] != (Magic.START0, Magic.START1) or block[-4:] != struct.pack("<I", Magic.END):
        raise ProvisionError("the firmware is not UF2, or damaged: a block lacks its marks; get it again")
    return head


def _numbered(blocks: Sequence[bytearray], family: int) -> list[bytes]:
    """The blocks of one family counted anew: a boot loader waits for as many as they say."""
    ours = [block for block in blocks if _UF2_HEAD.unpack_from(block)[7] == family]
    for number, block in enumerate(ours):
        struct.pack_into("<II", block, 20, number, len(ours))
    return [bytes(block) for block in blocks]
