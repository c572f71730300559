"""Brings the files of a board to what they should be, with as few bytes over the wire as the board allows.

One command lists what is there, with sizes and SHA-256 (hashed on the board). What differs goes over in blocks that are
deflated where the board can inflate them, each acknowledged, so that no port needs flow control. What replaces a file
is written aside as ``NAME.part`` (what replaces none, in place: a rename costs a board as much as the file), hashed
again from flash, and only when all is right renamed. After an interruption what arrived whole is found by its hash and
not sent again. A second run sends nothing but the question.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.errors import BoardCodeError, ProvisionError
from firmware_tools.provision.frames import BLOCK, content, frame

T = TypeVar("T")
Progress = Callable[[int, int, str], None]

PART = ".part"
# Blocks of the board's own file system that directories and metadata take beside a file's content.
_SPARE_BLOCKS = 4

# What the board runs. Names are short and comments are here, since this text goes over the wire, too, at raw-paste
# speed. _R is where the file system lies: at the root, or in the folder in which STM32 boards have it. _h hashes a
# file, _l lists a folder: [path, size or -1 for a folder, hash].
_LIST = """
import os,sys,hashlib
_R='' if os.statvfs('/')[0] else '/flash'
def _h(p):
 h=hashlib.sha256()
 b=memoryview(bytearray(4096))
 with open(_R+p,'rb') as f:
  while 1:
   n=f.readinto(b)
   if not n:return h.digest()
   h.update(b[:n])
def _f(p):
 print([p,os.stat(_R+p)[6],_h(p)])
def _l(p):
 for e in os.ilistdir(_R+p or '/'):
  q=p+'/'+e[0]
  if e[1]&16384:
   print([q,-1,b''])
   _l(q)
  else:_f(q)
def _a(o,s):
 for f,l in (_l,o),(_f,s):
  for p in l:
   try:os.stat(_R+p or '/')
   except OSError:continue
   f(p)
 v=os.statvfs(_R or '/')
 try:import deflate;d=1
 except ImportError:d=0
 print([v[0],v[3],d])
"""
# Reads frames. m: make a folder; o: a file begins aside (hash, path); n: one begins in place; k: a part that is
# there already (hash, path); x: path to remove in the end; p, z: content, plain or deflated; c: commit. p, z and c are
# acknowledged; a commit prints a dot for each file, since it may take longer than a host waits.
_RECEIVE = """
_n=[]
_x=[]
def _c():
 w=sys.stdout.write
 for d,p,t in _n:
  if _h(t)!=d:raise ValueError('damaged '+p)
  w('.')
 for d,p,t in _n:
  if t!=p:
   os.rename(_R+t,_R+p)
   w('.')
 for p in _x:
  try:os.remove(_R+p)
  except OSError:os.rmdir(_R+p)
  w('.')
 if hasattr(os,'sync'):os.sync()
 _n.clear()
 _x.clear()
def _r(e):
 if e:
  from io import BytesIO
  from deflate import DeflateIO,RAW
 r=sys.stdin.buffer.read
 f=None
 try:
  while 1:
   k=r(5)
   d=r(int(k[:4],16)).replace(b'\\x1bC',b'\\x03').replace(b'\\x1b[',b'\\x1b')
   k=k[4]
   if k==112:f.write(d)
   elif k==122:f.write(DeflateIO(BytesIO(d),RAW,12).read())
   elif k==120:_x.append(d.decode())
   elif k==109:
    try:os.mkdir(_R+d.decode())
    except OSError as x:
     if x.args[0]!=17:raise
   else:
    if f:f.close()
    f=None
    if k==99:_c()
    elif d:
     p=d[32:].decode()
     t=p if k==110 else p+'.part'
     _n.append((d[:32],p,t))
     if k!=107:f=open(_R+t,'wb')
    else:return
   if k in (112,122,99):sys.stdout.write('+')
 finally:
  if f:f.close()
"""

_READ = """
import os
r='' if os.statvfs('/')[0] else '/flash'
for p in {paths}:
 try:
  with open(r+p,'rb') as f:print((p,f.read()))
 except OSError as e:
  if e.args[0]!=2:raise
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a delivery would do. ``send`` and ``resumed`` are paths whose content differs, the latter with a whole part
    on the board already; ``fresh`` are those of ``send`` that are not there at all; ``kept`` are right as they are."""

    files: Mapping[str, bytes]
    send: tuple[str, ...]
    resumed: tuple[str, ...]
    kept: tuple[str, ...]
    remove: tuple[str, ...]
    folders: tuple[str, ...]
    fresh: frozenset[str]
    free: int
    block: int
    inflates: bool

    @property
    def nothing(self) -> bool:
        """Whether the board is as it should be."""
        return not (self.send or self.resumed or self.remove)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a delivery did: ``content`` bytes of files and ``rom`` bytes of an image for the board's ROM; ``wire`` bytes
    over the port, with all code and questions."""

    sent: tuple[str, ...]
    removed: tuple[str, ...]
    kept: int
    content: int
    wire: int
    seconds: float
    rom: int = 0


def plan_delivery(
    board: BoardConnection, files: Mapping[str, bytes], owned: Sequence[str] = (), gone: Sequence[str] = ()
) -> Plan:
    """Compare what is on the board with what should be.

    Args:
        board: connected.
        files: content by absolute path, in the order in which they are to become visible.
        owned: folders of which everything else is removed.
        gone: other files that are removed, where they are.

    Raises:
        ProvisionError: the board refused, went away, or has too little room.
    """
    board.require("delivering files")
    singles = [name for path in files if not _within(path, owned) for name in (path, path + PART)]
    singles += gone
    prepare(board)
    answers = board.answers(f"_a({list(owned)!r},{singles!r})", "listing its files", silence=60)
    try:
        *rows, (block, blocks, inflates) = answers
        there = {_is(str, path): (_whole(size, -1), _is(bytes, digest)) for path, size, digest in rows}
        if not all(path.startswith("/") for path in there):
            raise ValueError("no paths")  # noqa: TRY301 - one way out
        block, blocks = _whole(block, 1), _whole(blocks, 0)
    except (ValueError, TypeError) as error:
        raise ProvisionError(f"the list of files that the board on {board.port} gave makes no sense") from error
    send, resumed, kept = [], [], []
    for path, data in files.items():
        wanted = (len(data), hashlib.sha256(data).digest())
        if there.get(path) == wanted:
            kept.append(path)
        elif there.get(path + PART) == wanted:
            resumed.append(path)
        else:
            send.append(path)
    wanted_folders = {folder for path in files for folder in _folders(path)}
    parts = {path + PART for path in (*send, *resumed)}
    remove = [
        path
        for path, (size, _) in there.items()
        if path not in files and path not in parts and not (size < 0 and path in wanted_folders)
    ]
    return Plan(
        files=files,
        send=tuple(send),
        resumed=tuple(resumed),
        kept=tuple(kept),
        # What says which runtime starts goes before the runtime, and a folder after what is in it.
        remove=tuple(sorted(remove, key=lambda path: (path in gone, path.count("/")), reverse=True)),
        folders=tuple(sorted(wanted_folders - there.keys())),
        fresh=frozenset(send) - there.keys(),
        free=block * blocks,
        block=block,
        inflates=bool(inflates),
    )


def prepare(board: BoardConnection) -> None:
    """Bring over what a plan is made and carried out with; again, when the board forgot it in between.

    Raises:
        ProvisionError: the board refused or went away.
    """
    board.run(_LIST, "preparing")


def deliver(board: BoardConnection, plan: Plan, progress: Progress = lambda _done, _all, _path: None) -> Delivered:
    """Carry a plan out. Interrupted at any moment, it leaves each file old or new; the next plan takes up from there.

    Args:
        board: the connection that the plan was made over.
        plan: what to do.
        progress: told the bytes done, all of them, and the path under way.

    Raises:
        ProvisionError: there is no room, the board refused or went away, or a file arrived damaged.
    """
    begun, before = time.monotonic(), board.sent
    if not plan.nothing:
        blocks = list(_blocks(plan, at_once=not _is_tight(plan, board.port)))
        total, done = sum(len(block) for block, _ in blocks), 0
        paths = iter(blocks)

        def each(length: int) -> None:
            nonlocal done
            done += length
            progress(done, total, next(paths)[1])

        board.run(_RECEIVE, "preparing")
        progress(0, total, "")
        try:
            board.feed(f"_r({int(plan.inflates)})", (block for block, _ in blocks), "receiving files", each)
        except BoardCodeError as error:
            if "damaged /" in error.error_output:
                path = error.error_output.rpartition("damaged ")[2].split()[0]
                raise ProvisionError(
                    f"{path} arrived damaged at the board on {board.port}; repeat the command"
                ) from error
            raise
    return Delivered(
        sent=plan.send,
        removed=plan.remove,
        kept=len(plan.kept),
        content=sum(len(plan.files[path]) for path in plan.send),
        wire=board.sent - before,
        seconds=time.monotonic() - begun,
    )


def read_files(board: BoardConnection, paths: Sequence[str]) -> dict[str, bytes]:
    """Small files of the board, those of ``paths`` that are there.

    Raises:
        ProvisionError: the board refused or went away.
    """
    answers = board.answers(_READ.format(paths=list(paths)), "reading what it holds")
    try:
        read = dict(answers)
        if not all(path in paths and isinstance(data, bytes) for path, data in read.items()):
            raise ValueError("other files than those asked for")  # noqa: TRY301 - one way out
    except (ValueError, TypeError) as error:
        raise ProvisionError(f"what the board on {board.port} says of its files makes no sense") from error
    return read


def _is(kind: type[T], value: object) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"no {kind.__name__}")
    return value


def _whole(number: object, least: int) -> int:
    if not isinstance(number, int) or number < least:
        raise ValueError("no number")
    return number


def _within(path: str, owned: Sequence[str]) -> bool:
    return any(path.startswith(folder.rstrip("/") + "/") for folder in owned)


def _folders(path: str) -> Iterator[str]:
    parts = path.split("/")[1:-1]
    return ("/" + "/".join(parts[: count + 1]) for count in range(len(parts)))


def _is_tight(plan: Plan, port: str) -> bool:
    """Whether not all parts fit beside what they replace, so that each file is replaced before the next comes.

    Raises:
        ProvisionError: not even the largest one fits.
    """

    def room(paths: Iterable[str]) -> list[int]:
        return [-(-len(plan.files[path]) // plan.block) * plan.block for path in paths] or [0]

    sizes, spare = room(plan.send), _SPARE_BLOCKS * plan.block
    if max(sizes) + spare > plan.free and any(sizes):
        raise ProvisionError(
            f"the board on {port} has {plan.free:,} bytes free, and {max(sizes) + spare:,} are needed; "
            "remove a program, or flash it again with a fresh file system"
        )
    return sum(sizes) + spare > plan.free


def _blocks(plan: Plan, *, at_once: bool) -> Iterator[tuple[bytes, str]]:
    """What goes over, block by block, with the path that it is about. Each block ends with an acknowledged frame."""
    head = b"".join(frame("m", folder.encode()) for folder in plan.folders)
    head += b"".join(frame("x", path.encode()) for path in plan.remove)
    head += b"".join(frame("k", _name(plan, path)) for path in plan.resumed)
    if not at_once and (plan.remove or plan.resumed):
        yield head + frame("c", b""), ""
        head = b""
    for path in plan.send:
        data = plan.files[path]
        head += frame("n" if path in plan.fresh else "o", _name(plan, path))
        for start in range(0, max(len(data), 1), BLOCK):
            yield head + content(data[start : start + BLOCK], inflates=plan.inflates), path
            head = b""
        if not at_once:
            head = frame("c", b"")
            yield head, path
            head = b""
    # The last frame, an `o` without a name, ends the board's loop after the commit; nothing is read after it.
    yield head + frame("c", b"") + frame("o", b""), ""


def _name(plan: Plan, path: str) -> bytes:
    return hashlib.sha256(plan.files[path]).digest() + path.encode()
