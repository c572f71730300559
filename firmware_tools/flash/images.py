"""What is in files of firmware: is one whole, which chip is it for, and which addresses does it fill?"""

import io
import struct
from dataclasses import dataclass
from pathlib import Path

import intelhex
from esptool.bin_image import LoadFirmwareImage
from uf2utils.constants import BlockSize, Flags, Magic
from uf2utils.header import Header

from firmware_tools.flash.chips import CHIPS, Chip, chip_of_family, chip_of_image
from firmware_tools.flash.errors import FlashError, one_line

_ESP_MAGIC = 0xE9
_MOST_BYTES = 64 * 1024 * 1024
# magic, segments, mode, size and speed, entry, WP pin, drives (3), chip, revisions (3), reserved, digest
_ESP_HEADER = struct.Struct("<BBBBIBBBBHBHH4xB")
_PARTITIONS, _APPLICATION = 0x8000, 0x10000  # where MicroPython's layouts have them in the flash


@dataclass(frozen=True, slots=True)
class Span:
    """Addresses that firmware fills: from ``start`` up to, but without, ``end``."""

    start: int
    end: int


def whole_file(path: Path) -> bytes:
    """The bytes of a file that may be firmware.

    Raises:
        FlashError: it is larger than any firmware, such as an image of a card, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise FlashError(
            "firmware", f"{path} cannot be read: {error.strerror}; name a file that you may read"
        ) from error
    if len(data) > _MOST_BYTES:
        raise FlashError(
            "firmware",
            f"{path} is larger than the {_MOST_BYTES >> 20} MiB that firmware of a microcontroller may have; "
            "use firmware that was built for this board",
        )
    return data


def check_fits(path: Path, spans: list[Span], chip: Chip, flash_kb: int, board: str) -> None:
    """Compare addresses with the board's flash.

    Raises:
        FlashError: some lie outside of it.
    """
    last = chip.flash_start + flash_kb * 1024
    ranges = [Span(chip.flash_start, last), *(Span(*other) for other in chip.other_ranges)]
    for span in spans:
        if any(inside.start <= span.start and span.end <= inside.end for inside in ranges):
            continue
        if chip.flash_start <= span.start < last:
            raise FlashError(
                "too-small",
                f"{path} needs flash up to 0x{span.end:08x}, but that of {board} ends at 0x{last:08x} "
                f"({flash_kb} KiB); "
                "use firmware that was built for this board",
            )
        raise FlashError(
            "wrong-chip",
            f"{path} writes at 0x{span.start:08x}, where {board} has no flash (it begins at 0x{chip.flash_start:08x}); "
            "use firmware that was built for this board",
        )


def known_chip(name: str, board: str) -> Chip:
    """The chip of a board file.

    Raises:
        FlashError: it is not in the table.
    """
    if name not in CHIPS:
        raise FlashError(
            "wrong-board", f"{board}: its file names the chip {name!r}; known are {', '.join(CHIPS)}; mend `flash.chip`"
        )
    return CHIPS[name]


def read_esp(path: Path, chip: Chip, board: str, offset: int) -> bytes:
    """An image for the flash of one of Espressif's chips, to be written at ``offset``.

    Raises:
        FlashError: it is none, is for another chip, or is damaged.
    """
    data = whole_file(path)
    if len(data) < _ESP_HEADER.size or data[0] != _ESP_MAGIC:
        raise FlashError(
            "firmware",
            f"{path} is no image for Espressif chips (it does not begin with 0xE9); use a .bin of MicroPython's "
            "downloads",
        )
    image_id = _ESP_HEADER.unpack_from(data)[9]
    if image_id != chip.esp_image_id:
        raise FlashError(
            "wrong-chip",
            f"{path} is for {chip_of_image(image_id)}, but {board} has {chip.name}; use firmware for {chip.name}",
        )
    table = data[_PARTITIONS - offset :][:2] if offset <= _PARTITIONS else b""
    for start in (0, _APPLICATION - offset) if table == b"\xaa\x50" else (0,):
        _check_esp_part(path, chip, data[start:])
    return data


def _check_esp_part(path: Path, chip: Chip, data: bytes) -> None:
    """One image (loader or application) by its own sums."""
    try:
        image = LoadFirmwareImage(chip.name, data)
        whole = image.checksum == image.calculate_checksum() and (
            not image.append_digest or image.stored_digest == image.calc_digest
        )
    except (
        RuntimeError,
        struct.error,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
    ) as error:  # what it lets through
        raise FlashError("firmware", f"{path} is damaged or not whole: {one_line(str(error))}; get it again") from error
    if not whole:
        raise FlashError("firmware", f"{path} is damaged: its own checksum does not fit what it holds; get it again")


def read_uf2(path: Path, chip: Chip, board: str) -> tuple[bytes, list[Span]]:
    """A UF2 file whose blocks are whole, counted right, and for one chip.

    Raises:
        FlashError: a block is damaged or missing, or is for another chip.
    """
    data = whole_file(path)
    damaged = f"{path} is damaged or not UF2"
    if not data or len(data) % BlockSize:
        raise FlashError("firmware", f"{damaged}: {len(data)} bytes are not whole blocks of {BlockSize}; get it again")
    spans: list[Span] = []
    expected: dict[int, int] = {}  # a file may hold the blocks of several families, each counted by itself
    totals: dict[int, int] = {}
    for number in range(len(data) // BlockSize):
        block = data[number * BlockSize : (number + 1) * BlockSize]
        begin, start, end = *struct.unpack_from("<II", block), struct.unpack_from("<I", block, BlockSize - 4)[0]
        # uf2utils reads headers, but takes any magic number.
        if (begin, start, end) != (Magic.START0, Magic.START1, Magic.END):
            raise FlashError("firmware", f"{damaged}: block {number} lacks its marks; get it again")
        header = Header.fromBlock(block)
        family = header.board_family if header.flags & Flags.FamilyIDPresent else 0
        if number == 0 and family and family == chip.uf2_filler and set(block[32 : 32 + 256]) == {0xEF}:
            continue
        if family not in chip.uf2_families:
            named = chip_of_family(family) if family else "a chip that it does not name"
            raise FlashError(
                "wrong-chip", f"{path} is for {named}, but {board} has {chip.name}; use firmware for {chip.name}"
            )
        at, total = expected.get(family, 0), totals.setdefault(family, header.total_blocks)
        if (header.block_number, header.total_blocks) != (at, total):
            said = f"block {number} says that it is {header.block_number} of {header.total_blocks}"
            raise FlashError("firmware", f"{damaged}: {said}, not {at} of {total}; get it again")
        expected[family] = at + 1
        if not header.flags & Flags.NotMainFlash:
            _extend(spans, header.address, header.address + header.payload_size)
    if not expected:
        raise FlashError("firmware", f"{damaged}: it holds no firmware; get it again")
    for family, count in expected.items():
        if count != totals[family]:
            raise FlashError("firmware", f"{damaged}: it has {count} of {totals[family]} blocks; get it again")
    return data, spans


def _extend(spans: list[Span], start: int, end: int) -> None:
    if spans and spans[-1].end == start:
        spans[-1] = Span(spans[-1].start, end)
    else:
        spans.append(Span(start, end))


def read_hex(path: Path, board_ids: tuple[str, ...], board: str) -> tuple[bytes, list[Span]]:
    """An Intel HEX file, or the part for this board of a universal one of the micro:bit.

    Raises:
        FlashError: a line is damaged, or a universal file has no part for the board.
    """
    data = whole_file(path)
    parsed = intelhex.IntelHex()
    try:
        text = _part(data.decode("ascii"), board_ids)
        parsed.loadhex(io.StringIO(text or ""))
    except UnicodeDecodeError:
        raise FlashError("firmware", f"{path} is not Intel HEX: it has bytes that are no text; get it again") from None
    except (intelhex.IntelHexError, ValueError) as error:
        said = one_line(str(error))
        raise FlashError("firmware", f"{path} is damaged or not Intel HEX: {said}; get it again") from error
    if text is None:
        raise FlashError(
            "wrong-chip",
            f"{path} has no part for {board} (its ids are {', '.join(board_ids)}); use firmware for {board}",
        )
    spans = [Span(start, end) for start, end in parsed.segments()]
    if not spans:
        raise FlashError("firmware", f"{path} holds no firmware; get it again")
    return data, spans


def _part(text: str, board_ids: tuple[str, ...]) -> str | None:
    """Of a universal file (https://tech.microbit.org/software/spec-universal-hex) the lines for a board; else all.

    Record 0A begins a part and names a board's id, 0B ends it, 0C pads; 0D is data as 00 is, of boards after the first.
    """
    lines = text.splitlines()
    if not any(line[7:9] == "0A" for line in lines):
        return text
    kept: list[str] = []
    inside = found = False
    address = ""  # the last record of upper address bits, which comes before a part begins
    for line in lines:
        kind = line[7:9]
        if kind == "0A":
            inside = line[9:13] in board_ids
            found = found or inside
            if inside and address:
                kept.append(address)
        elif kind == "0B":
            inside = False
        elif kind == "04":
            address = line
            if inside:
                kept.append(line)
        elif kind == "01" or (inside and kind in {"00", "0D"}):
            kept.append(_as_data(line) if kind == "0D" else line)
    return "\n".join(kept) if found else None


def _as_data(line: str) -> str:
    """A record of custom data as one of plain data, with the sum that belongs to it."""
    record = bytes.fromhex(line[1:])
    if sum(record) & 0xFF:
        raise ValueError(f"the sum of {line[:40]} is wrong")
    body = record[:-1]
    body = body[:3] + b"\0" + body[4:]
    return f":{body.hex().upper()}{(-sum(body)) & 0xFF:02X}"
