"""The ROM loader of an ESP32, ESP32-C3 or ESP32-S3, and esptool's stub, on a terminal: enough for the real esptool.

The protocol is that of https://docs.espressif.com/projects/esptool/en/latest/esp32/advanced-topics/serial-protocol.html.
It proves flashing, not that the chip starts.
"""

import hashlib
import os
import struct
import threading
import tty
import zlib
from collections.abc import Callable
from types import TracebackType

_MAGIC_REGISTER = 0x40001000
# divider of the UART, MAC (two words), first word of the SPI unit, number in security info: esptool's targets
_CHIPS = {
    "esp32": (0x3FF40014, 0x3FF5A004, 0x3FF42080, None),
    "esp32c3": (0x60000014, 0x60008844, 0x60002058, 5),
    "esp32s3": (0x60000014, 0x60007044, 0x60002058, 9),
}
_SECTOR = 4096


class FakeEsp32:
    """A chip on the far end of a terminal; ``device`` is the port.

    Faults: ``silent`` answers nothing; ``drop_at`` closes the line at a block; ``refuse_at`` answers a block with
    "bad checksum"; ``forgetful`` keeps a wrong byte, which the MD5 shows.
    """

    def __init__(
        self,
        *,
        chip: str = "esp32",
        flash_mb: int = 4,
        revision: int = 4,
        magic: int = 0x00F01D83,
        silent: bool = False,
        drop_at: int = -1,
        refuse_at: int = -1,
        forgetful: bool = False,
    ) -> None:
        self.flash = bytearray(b"\xff" * (flash_mb << 20))
        self.commands: list[int] = []
        self._silent, self._drop_at, self._refuse_at, self._forgetful = silent, drop_at, refuse_at, forgetful
        size_id = (flash_mb << 20).bit_length() - 1
        divider, mac, spi, self._number = _CHIPS[chip]
        self._registers = {
            _MAGIC_REGISTER: magic,
            divider: 347,  # a crystal of 40 MHz at 115,200 bit/s
            mac: 0x33445566,
            mac + 4: 0x0000A4CF,
            mac + 12: revision << 18,  # minor revision of the newer chips
            spi: size_id << 16 | 0x40EF,
        }
        self._stub = False
        self._at = self._block = 0
        self._inflate: Callable[[bytes], bytes] = bytes
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.device = os.ttyname(slave)
        self._slave = slave  # held, so that the terminal stays when esptool closes it
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "FakeEsp32":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.unplug()
        os.close(self._slave)

    def unplug(self) -> None:
        """Take the port away. Its name stays ours until the end: no other program gets a terminal of that name."""
        if self._master >= 0:
            master, self._master = self._master, -1
            os.close(master)

    def restart(self) -> None:
        """A reset into the ROM loader: what is in RAM is gone."""
        self._stub = False

    def _serve(self) -> None:
        packet: bytearray | None = None
        while self._master >= 0:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            if not data:
                return
            for byte in data:
                if byte == 0xC0:
                    if packet:
                        self._take(bytes(packet).replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb"))
                    packet = bytearray()
                elif packet is not None:
                    packet.append(byte)

    def _take(self, packet: bytes) -> None:
        if self._silent or len(packet) < 8 or packet[0] != 0:
            return
        _, command, _, _ = struct.unpack_from("<BBHI", packet)
        body = packet[8:]
        self.commands.append(command)
        handler = getattr(self, f"_do_{command:02x}", None)
        if handler is None:
            self._answer(command, failed=0x05)
            return
        handler(body)

    def _answer(self, command: int, value: int = 0, data: bytes = b"", failed: int = 0) -> None:
        status = bytes([failed, 0]) if self._stub else bytes([bool(failed), failed, 0, 0])
        self._send(struct.pack("<BBHI", 1, command, len(data) + len(status), value) + data + status)

    def _send(self, data: bytes) -> None:
        escaped = data.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
        view = memoryview(b"\xc0" + escaped + b"\xc0")
        while view and self._master >= 0:
            view = view[os.write(self._master, view) :]

    # ------------------------------------------------------------------ commands, by number

    def _do_08(self, _: bytes) -> None:  # SYNC
        for _answer in range(8):
            self._answer(0x08, 0x20120707)

    def _do_14(self, _: bytes) -> None:  # GET_SECURITY_INFO, which the ESP32 has not
        if self._number is None:
            self._answer(0x14, failed=0x05)
        else:
            self._answer(0x14, data=struct.pack("<I8xII", 0, self._number, 0))

    def _do_0a(self, body: bytes) -> None:  # READ_REG
        self._answer(0x0A, self._registers.get(struct.unpack_from("<I", body)[0], 0))

    def _do_09(self, _: bytes) -> None:  # WRITE_REG
        self._answer(0x09)

    def _do_05(self, _: bytes) -> None:  # MEM_BEGIN
        self._answer(0x05)

    def _do_07(self, _: bytes) -> None:  # MEM_DATA
        self._answer(0x07)

    def _do_06(self, _: bytes) -> None:  # MEM_END: the stub starts
        self._answer(0x06)
        self._stub = True
        self._send(b"OHAI")

    def _do_0b(self, _: bytes) -> None:  # SPI_SET_PARAMS
        self._answer(0x0B)

    def _do_0d(self, _: bytes) -> None:  # SPI_ATTACH
        self._answer(0x0D)

    def _do_0f(self, _: bytes) -> None:  # CHANGE_BAUD
        self._answer(0x0F)

    def _do_02(self, body: bytes) -> None:  # FLASH_BEGIN
        self._begin(0x02, body, bytes)

    def _do_10(self, body: bytes) -> None:  # FLASH_DEFL_BEGIN
        self._begin(0x10, body, zlib.decompressobj().decompress)

    def _begin(self, command: int, body: bytes, inflate: Callable[[bytes], bytes]) -> None:
        size, _, _, self._at = struct.unpack_from("<IIII", body)
        self._block, self._inflate = 0, inflate
        for address in range(self._at - self._at % _SECTOR, self._at + size):
            if address < len(self.flash):
                self.flash[address] = 0xFF
        self._answer(command)

    def _do_03(self, body: bytes) -> None:  # FLASH_DATA
        self._data(0x03, body)

    def _do_11(self, body: bytes) -> None:  # FLASH_DEFL_DATA
        self._data(0x11, body)

    def _data(self, command: int, body: bytes) -> None:
        data = body[16 : 16 + struct.unpack_from("<I", body)[0]]
        if self._block == self._drop_at:
            self.unplug()
            return
        if self._block == self._refuse_at:
            self._answer(command, failed=0xC1)
            return
        self._block += 1
        written = self._inflate(data)
        self.flash[self._at : self._at + len(written)] = written
        self._at += len(written)
        if self._forgetful:
            self.flash[self._at - 1] ^= 0xFF
        self._answer(command)

    def _do_04(self, _: bytes) -> None:  # FLASH_END
        self._answer(0x04)

    def _do_12(self, _: bytes) -> None:  # FLASH_DEFL_END
        self._answer(0x12)

    def _do_13(self, body: bytes) -> None:  # SPI_FLASH_MD5
        start, size = struct.unpack_from("<II", body)
        self._answer(0x13, data=hashlib.md5(self.flash[start : start + size], usedforsecurity=False).digest())

    def _do_d0(self, _: bytes) -> None:  # ERASE_FLASH
        self.flash[:] = b"\xff" * len(self.flash)
        self._answer(0xD0)

    def _do_d2(self, body: bytes) -> None:  # READ_FLASH: blocks without headers, then their MD5
        start, size, block, _ = struct.unpack_from("<IIII", body)
        self._answer(0xD2)
        for at in range(start, start + size, block):
            self._send(bytes(self.flash[at : min(at + block, start + size)]))
        self._send(hashlib.md5(self.flash[start : start + size], usedforsecurity=False).digest())
