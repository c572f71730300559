"""The micro runtime as an image in a board's ROM partition, from which MicroPython runs bytecode in place.

``vfs.rom_ioctl`` (MicroPython 1.25 and newer, where firmware and board have such a partition) tells where it is and
writes it; the firmware mounts it as ``/rom`` when it starts. The image's first page is written last, and there is
nothing but the header in it: without that, the partition holds no file system, and the loader looks elsewhere.

Interface: https://docs.micropython.org/en/latest/library/vfs.html#vfs.rom_ioctl
"""

import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.errors import BoardCodeError, ProvisionError
from firmware_tools.provision.frames import BLOCK, content, frame
from firmware_tools.provision.image import romfs_image
from firmware_tools.provision.runtime import runtime_files

FOLDER = "cygnet"
"""Where in the image the runtime is: not at its root, which every program on the board can import from."""
# The least that is written last. It is what an RP2040 writes at once; other chips take less.
_HEAD = 256
_LONGEST_NAME, _MOST_NAMES = 40, 4

# Prints the partition's size, block size (0: it is no block device), whether deflate is there, SHA-256 of the first
# bytes, and what the root of the ROMFS in it holds. Ports answer with a negative number where there is none.
_ASK = """
def _q(n):
 try:
  import vfs
  d=vfs.rom_ioctl(2,0) if vfs.rom_ioctl(1)>0 else -1
 except (ImportError,AttributeError):d=-1
 if isinstance(d,int):return print([0,0,0,b'',[]])
 import hashlib
 try:import deflate;z=1
 except ImportError:z=0
 m=memoryview(d)
 h=hashlib.sha256()
 for i in range(0,min(n,len(m)),4096):h.update(m[i:min(i+4096,n)])
 try:e=[x[0] for x in vfs.VfsRom(d).ilistdir('/')]
 except OSError:e=[]
 print([len(m),d.ioctl(5,0) if hasattr(d,'ioctl') else 0,z,h.digest(),e[:4]])
"""
_RUNS = """
import sys,os
_w=0
if 'micro' in sys.modules:
 import json
 try:_w=json.load(open(('' if os.statvfs('/')[0] else '/flash')+'/cygnet/board.json'))['watchdog']
 except (OSError,ValueError,KeyError):pass
print([int(_w)])
"""
# As device_runtime/micro/watchdog.py does for who works at the prompt. Its own code may be what is about to go.
_FEED = """
try:
 from machine import WDT,Timer
 _w=WDT(timeout=8000)
 _t=Timer(-1)
 _t.init(period=1000,callback=lambda _:_w.feed())
except (ImportError,ValueError,OSError,TypeError):pass
"""
# _e erases n bytes and prints how many are written at once; b is the block size, as above. _r reads frames: p, z:
# content, plain or deflated, which goes behind the first h bytes; v: SHA-256 of all that; the content after it goes to
# the beginning; q: SHA-256 of the whole, and the end.
_WRITE = """
import sys,vfs,hashlib
def _k(x):
 if isinstance(x,int) and x<0:raise OSError(-x)
 return x
def _e(n,b):
 d=_k(vfs.rom_ioctl(2,0))
 try:vfs.umount('/rom')
 except OSError:pass
 w=0
 if b:
  for i in range((n+b-1)//b):
   d.ioctl(6,i)
   print('.')
 else:
  u=vfs.rom_ioctl(6,0)
  i=0
  while 0<u<len(d) and i<n:
   s=(min(n-i,32768)+u-1)//u*u
   w=_k(vfs.rom_ioctl(3,0,i,s))
   i+=s
   print('.')
  if not i:w=_k(vfs.rom_ioctl(3,0,n))
 print([w])
def _r(n,h,b,e):
 if e:
  from io import BytesIO
  from deflate import DeflateIO,RAW
 d=vfs.rom_ioctl(2,0)
 r=sys.stdin.buffer.read
 a=h
 while 1:
  k=r(5)
  x=r(int(k[:4],16)).replace(b'\\x1bC',b'\\x03').replace(b'\\x1b[',b'\\x1b')
  k=k[4]
  if k in (112,122):
   if k==122:x=DeflateIO(BytesIO(x),RAW,12).read()
   if b:d.writeblocks(a//b,x,a%b)
   else:_k(vfs.rom_ioctl(4,0,a,x))
   a+=len(x)
  else:
   a=0
   if k==113:
    h=0
    if not b:vfs.rom_ioctl(5,0)
   m=memoryview(d)
   s=hashlib.sha256()
   for i in range(h,n,4096):s.update(m[i:min(i+4096,n)])
   if s.digest()!=x:raise ValueError('damaged /rom')
  sys.stdout.write('+')
  if k==113:return
"""


@dataclass(frozen=True, slots=True)
class Rom:
    """A board's ROM partition. ``size`` is 0 where there is none, ``block`` where it is no block device; ``digest`` is
    of as many bytes as were asked for; ``entries`` are names in the root of what it holds."""

    size: int
    block: int
    inflates: bool
    digest: bytes
    entries: tuple[str, ...]

    @property
    def is_foreign(self) -> bool:
        """Whether it holds what somebody else put there."""
        return bool(self.entries) and FOLDER not in self.entries


@dataclass(frozen=True, slots=True)
class RomPlan:
    """An image for a partition; ``write`` is false where it holds it already."""

    image: bytes
    rom: Rom
    write: bool


@functools.cache
def runtime_image(version: str = "") -> bytes:
    """The runtime as an image; ``version`` as for :func:`runtime_files`.

    Raises:
        ProvisionError: this installation lacks the runtime's sources.
    """
    return image_of(runtime_files(version))


def image_of(files: Mapping[str, bytes]) -> bytes:
    """The content of a slot as an image."""
    return romfs_image({f"{FOLDER}/{name}": data for name, data in files.items()}, blank=_HEAD)


def look_at_rom(board: BoardConnection, length: int) -> Rom:
    """Ask the board for its partition, and the hash of the first ``length`` bytes in it.

    Raises:
        ProvisionError: it refused or went away.
    """
    board.run(_ASK, "preparing")
    answers = board.answers(f"_q({length})", "looking at its ROM", silence=60)
    match answers:
        case [[int(size), int(block), int(inflates), bytes(digest), [*names]]] if size >= 0 and block >= 0:
            return Rom(size, block, bool(inflates), digest, tuple(readable(name) for name in names[:_MOST_NAMES]))
    raise ProvisionError(f"what the board on {board.port} says of its ROM makes no sense; repeat the command")


def plan_rom(board: BoardConnection, image: bytes) -> RomPlan:
    """Compare the board's partition with an image. Whether it fits is not asked here.

    Raises:
        ProvisionError: the board refused or went away.
    """
    rom = look_at_rom(board, len(image))
    return RomPlan(image, rom, write=rom.digest != hashlib.sha256(image).digest())


def write_rom(board: BoardConnection, plan: RomPlan, progress: Callable[[int], None] = lambda _done: None) -> None:
    """Write the image, which fits. What ran on the board is forgotten, since it may have run from there.

    Interrupted at any moment, it leaves a partition that holds the whole image, or nothing that is a file system.

    Args:
        board: at its prompt.
        plan: what to write.
        progress: told how many bytes of the image are there.

    Raises:
        ProvisionError: the board refused or went away, or the image arrived damaged.
    """
    _hold(board)
    block, length = plan.rom.block, len(plan.image)
    board.run(_WRITE, "preparing")
    answers = board.answers(f"_e({length},{block})", "erasing its ROM", silence=60)
    match answers:
        case [[int(least)]] if 0 <= least <= plan.rom.size:
            pass
        case _:
            raise ProvisionError(f"what the board on {board.port} says of its ROM makes no sense; repeat the command")
    head = max(_HEAD, least)
    blocks = list(_blocks(plan, head, max(head, min(BLOCK, block or BLOCK))))
    lengths, done = iter([length for _, length in blocks]), 0

    def each(_wire: int) -> None:
        nonlocal done
        done += next(lengths)
        progress(min(done, length))

    code = f"_r({length},{head},{block},{int(plan.rom.inflates)})"
    try:
        board.feed(code, (wire for wire, _ in blocks), "writing its ROM", each)
    except BoardCodeError as error:
        if "damaged /rom" in error.error_output:
            raise ProvisionError(
                f"the ROM of the board on {board.port} does not hold what was written; repeat the command"
            ) from error
        raise


def _hold(board: BoardConnection) -> None:
    """Have nothing run from the partition, and a watchdog that was started fed by code that stays."""
    answers = board.answers(_RUNS, "looking at what runs")
    board.begin_anew("stopping what runs")
    if answers not in ([], [[0]]):  # better fed for nothing than reset while its ROM is half written
        board.run(_FEED, "holding its watchdog")


def _blocks(plan: RomPlan, head: int, step: int) -> list[tuple[bytes, int]]:
    """What goes over, each with the number of the image's bytes in it; the last is the head."""
    image, inflates = plan.image, plan.rom.inflates
    padded = image.ljust(min(-(-len(image) // head) * head, plan.rom.size), b"\xff")
    starts = sorted({head, *range(step, len(padded), step)})
    parts = [padded[start:end] for start, end in zip(starts, [*starts[1:], len(padded)], strict=True)]
    blocks = [(content(part, inflates=inflates), len(part)) for part in parts if part]
    blocks.append((frame("v", hashlib.sha256(image[head:]).digest()), 0))
    blocks.append((content(padded[:head], inflates=inflates), head))
    blocks.append((frame("q", hashlib.sha256(image).digest()), 0))
    return blocks


def readable(name: object) -> str:
    """What a board calls something, so that it does not lead our terminal."""
    return "".join(each if each.isprintable() else "?" for each in str(name))[:_LONGEST_NAME]
