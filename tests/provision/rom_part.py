"""A ROM partition for MicroPython's unix port, which has ``VfsRom`` and no ``vfs.rom_ioctl``: a file, put there from
outside, that behaves as flash does.

What its firmware would do before any Python runs is a few lines of Python here: a module ``vfs`` that has ``rom_ioctl``
and passes everything else through, and a mount of what the partition holds as ``/rom``.
"""

from dataclasses import dataclass
from pathlib import Path

KB = 1024
_SECTOR = 4096
# Erasing makes ones, writing makes zeros of them. At change number `left` the power goes: half a sector is erased, half
# of the bytes are written.
_BOOT = """
import sys, vfs, os
class _Flash:
    def __init__(self, path, left):
        self.f, self.left = open(path, 'r+b'), left
        self.data = Part({kb} * 1024)
        self.f.readinto(memoryview(self.data))
    def _change(self, at, new):
        if self.left == 0:
            new = new[:len(new) // 2]
        self.data[at:at + len(new)] = new
        self.f.seek(at)
        self.f.write(new)
        self.f.flush()
        if self.left == 0:
            os.system('kill -9 $PPID')
        self.left -= 1
    def erase(self, at, length):
        assert at % {sector} == 0 and at + length <= len(self.data), (at, length)
        for each in range(at, at + length, {sector}):
            self._change(each, b'\\xff' * {sector})
    def write(self, at, new):
        assert at % {unit} == 0 and len(new) % {unit} == 0 and at + len(new) <= len(self.data), (at, len(new))
        for i in range(len(new)):
            assert self.data[at + i] & new[i] == new[i], 'not erased'
        self._change(at, bytes(new))
class Part(bytearray):
    pass
class _Block(Part):
    def ioctl(self, what, argument):
        if what == 4:
            return len(self) // {sector}
        if what == 5:
            return {sector}
        if what == 6:
            _flash_rom.erase(argument * {sector}, {sector})
            return 0
    def writeblocks(self, block, data, offset):
        _flash_rom.write(block * {sector} + offset, data)
class _Vfs:
    def __init__(self, real):
        self._real = real
    def __getattr__(self, name):
        return getattr(self._real, name)
    def rom_ioctl(self, what, *more):
        flash = _flash_rom
        if what == 1:
            return {parts}
        if what == 2:
            return flash.data if {parts} else -22
        if {block}:
            return -22
        if what == 3:
            flash.erase(more[1] if len(more) == 3 else 0, more[-1])
            return {unit}
        if what == 4:
            flash.write(more[1], more[2])
            return 0
        if what == 6 and {pieces}:
            return {sector}
        return -22
if {block}:
    Part = _Block
_flash_rom = _Flash({path!r}, {left})
sys.modules['vfs'] = _Vfs(vfs)
try:
    vfs.mount(vfs.VfsRom(_flash_rom.data), '/rom')
    sys.path += ['/rom', '/rom/lib']
except OSError:
    pass
"""


@dataclass(frozen=True)
class RomPart:
    """A partition in the file ``path``, made empty when it is not there.

    Args:
        path: its content.
        kb: its size.
        kind: ``memory``, which ``rom_ioctl`` erases and writes (STM32); ``once``, of which only the whole can be erased
            (ESP8266); ``block``, a block device (RP2, ESP32); ``none``: the firmware can have one and has none.
        left: changes until the power goes; -1: it stays.
    """

    path: Path
    kb: int = 256
    kind: str = "memory"
    left: int = -1

    def boot(self) -> str:
        """What the firmware does before it mounts anything else."""
        if not self.path.exists():
            self.path.write_bytes(b"\xff" * self.kb * KB)
        return _BOOT.format(
            path=str(self.path),
            kb=self.kb,
            left=self.left,
            sector=_SECTOR,
            unit=256 if self.kind == "block" else 4,
            block=self.kind == "block",
            parts=int(self.kind != "none"),
            pieces=self.kind == "memory",
        )
