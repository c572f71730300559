"""MicroPython's unix port as a board on a cable: its prompt behind a pseudo-terminal, littlefs in a file as its flash.

with unix_board(micropython, tmp_path / "flash") as board:
    BoardConnection.open(board.port)
    board.pull_the_cable()        # the port is gone
"""

import contextlib
import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.provision.rom_part import RomPart

_BLOCK, _BLOCKS = 4096, 64
# A shell starts it again after a reset: this process, which holds the other end of the cable, must not fork then.
_AGAIN = ["sh", "-c", 'trap : INT; while :; do "$@"; done', "sh"]
# What a board's firmware does before its prompt: mount the flash. A real one is driven by C, where Ctrl-C waits; raised
# in here it would leave the file system's own code half done, and has it fault. `{program}` is what main.py would be.
_BOOT = """
import os, sys, vfs
class Flash:
    def __init__(self, path):
        self.f = open(path, 'r+b')
    def _do(self, act, at, buf):
        while 1:
            try:
                self.f.seek(at)
                return act(buf)
            except KeyboardInterrupt:
                pass
    def readblocks(self, n, buf, off=0):
        self._do(self.f.readinto, n * {block} + off, buf)
    def writeblocks(self, n, buf, off=0):
        self._do(self.f.write, n * {block} + off, buf)
    def ioctl(self, op, arg):
        if op == 4:
            return {blocks}
        if op == 5:
            return {block}
        if op == 6:
            return 0
_flash = Flash({flash!r})
vfs.umount('/')
try:
    vfs.mount(vfs.{kind}(_flash), {at!r})
except OSError:
    vfs.{kind}.mkfs(_flash)
    vfs.mount(vfs.{kind}(_flash), {at!r})
os.chdir({at!r})
{program}
"""


# What the loader and the host take for a reset: the process ends, and is started again.
_RESETS = """
class _Machine:
    @staticmethod
    def reset():
        sys.exit(3)
sys.modules['machine'] = _Machine
try:
    _main = open('/main.py')
except OSError:
    _main = None
if _main:
    exec(_main.read())
"""


class UnixBoard:
    """One process and its cable. ``port`` is what a host opens; ``heard`` all that the host sent."""

    def __init__(self, command: list[str], again: list[str]) -> None:
        self.heard, self.said = bytearray(), bytearray()
        self._again = again
        self._cable, self._plug = pty.openpty()
        tty.setraw(self._plug)
        self.port = os.ttyname(self._plug)
        self._lines, self._process = _start(command)
        self._cut: int | None = None
        self._over, self._wake = os.pipe()
        self._pump = threading.Thread(target=self._carry, daemon=True)
        self._pump.start()

    def wait_for(self, text: bytes, *, after: int = 0) -> None:
        """Until the board said ``text``, after that many bytes of what it said."""
        until = time.monotonic() + 20
        while text not in self.said[after:]:
            assert time.monotonic() < until, f"the board said only {bytes(self.said)!r}"
            time.sleep(0.01)

    def cut_after(self, count: int) -> None:
        """Pull the cable when ``count`` more bytes went to the board."""
        self._cut = len(self.heard) + count

    def pull_the_cable(self) -> None:
        """The port goes, the board runs on without one."""
        os.write(self._wake, b"x")
        self._pump.join()

    def power_off(self) -> None:
        """The process and its port go; what is in flash stays. Doing it twice does no harm."""
        if self._process.poll() is not None:
            return
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.pull_the_cable()
        for descriptor in (self._lines, self._over, self._wake):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def _carry(self) -> None:
        with contextlib.suppress(OSError):
            ends = {self._cable: self._lines, self._lines: self._cable}
            while self._over not in (ready := select.select([*ends, self._over], [], [])[0]):
                for end in ready:
                    try:
                        data = os.read(end, 4096)
                    except OSError:
                        if end != self._lines or self._process.wait() != 0:
                            raise
                        self._begin_anew()
                        ends = {self._cable: self._lines, self._lines: self._cable}
                        break
                    if end == self._cable:
                        if self._cut is not None and len(self.heard) + len(data) > self._cut:
                            data = data[: self._cut - len(self.heard)]
                        self.heard += data
                    else:
                        self.said += data
                    while data:
                        data = data[os.write(ends[end], data) :]
                if self._cut is not None and len(self.heard) >= self._cut:
                    break
        os.close(self._plug)
        os.close(self._cable)

    def _begin_anew(self) -> None:
        """The host asked for a soft reset at the raw prompt, which ends this port: a board comes to that prompt again
        and does not run its program."""
        os.close(self._lines)
        self._lines, self._process = _start(self._again)
        os.write(self._cable, b"MPY: soft reboot\r\n")
        os.write(self._lines, b"\x01")


@contextlib.contextmanager
def unix_board(
    micropython: str,
    flash: Path,
    *,
    program: str = "",
    kind: str = "VfsLfs2",
    blocks: int = _BLOCKS,
    rom: RomPart | None = None,
    at: str = "/",
    resets: bool = False,
) -> Iterator[UnixBoard]:
    """A board for the length of a ``with`` block.

    Args:
        micropython: the binary.
        flash: its file system, made when it is not there.
        program: what it runs before its prompt; it prints READY when it is under way.
        kind: ``VfsLfs2`` or ``VfsFat``.
        blocks: how many blocks of 4096 bytes its flash has.
        rom: its ROM partition.
        at: where its file system is mounted: `/flash` on STM32 boards.
        resets: it has ``machine.reset``, and runs its ``main.py`` at each start.
    """
    if not flash.exists():
        flash.write_bytes(b"\xff" * _BLOCK * blocks)
    commands = []
    for name, what in ((".py", program), (".again.py", "")):
        boot = flash.with_name(flash.name + name)
        boot.write_text(
            (rom.boot() if rom else "")
            + _BOOT.format(
                block=_BLOCK if kind == "VfsLfs2" else 512,
                blocks=blocks if kind == "VfsLfs2" else blocks * 8,
                flash=str(flash),
                kind=kind,
                at=at,
                program=_RESETS if resets else what,
            )
        )
        commands.append([*(_AGAIN if resets else ()), micropython, "-X", "heapsize=2m", "-i", str(boot)])
    board = UnixBoard(*commands)
    try:
        board.wait_for(b"READY" if program else b">>> ")
        yield board
    finally:
        board.power_off()


def _start(command: list[str]) -> tuple[int, "subprocess.Popen[bytes]"]:
    """A process with a terminal of its own, and the other end of that."""
    lines, there = pty.openpty()
    _signals_only(there)
    process = subprocess.Popen(
        command, stdin=there, stdout=there, stderr=there, preexec_fn=lambda: _own_terminal(there)
    )
    os.close(there)
    return lines, process


def _signals_only(terminal: int) -> None:
    """A raw terminal, except that Ctrl-C interrupts, as MicroPython's port on a board sees to itself."""
    tty.setraw(terminal)
    mode: list[Any] = termios.tcgetattr(terminal)
    mode[3] |= termios.ISIG
    mode[6][termios.VQUIT] = mode[6][termios.VSUSP] = b"\x00"
    termios.tcsetattr(terminal, termios.TCSANOW, mode)


def _own_terminal(terminal: int) -> None:
    os.setsid()
    with contextlib.suppress(OSError):
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
