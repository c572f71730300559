"""Writing an image of a Linux board's card, to a card in a reader or to a file; with great care not to hit a disk.

A device is written only if it is a whole disk, removable (or a loop device), and nothing of it is mounted, used for
swap, or held by another device; the kernel is asked for it exclusively, too.
"""

import errno
import fcntl
import gzip
import hashlib
import lzma
import os
import stat
import struct
import typing
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from firmware_tools.flash.backend import Backend
from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.job import Job, Outcome, Progress

_CHUNK = 4 << 20
_BLKGETSIZE64 = 0x80081272  # include/uapi/linux/fs.h, on 64-bit machines
_BOOT_MARK = b"\x55\xaa"  # at 510 of every disk with a partition table


class SdCardBackend(Backend):
    """Writes an image, and reads it back from the medium."""

    formats = (".img", ".img.gz", ".img.xz", ".gz", ".xz")

    def check(self, job: Job) -> None:
        with _opened(job.firmware.path) as image:
            first = _read(job.firmware.path, image, 512)
        if first[510:512] != _BOOT_MARK:
            raise FlashError(
                "firmware",
                f"{job.firmware.path} is no image of a card: it has no partition table; use an .img (or "
                ".img.xz, .img.gz)",
            )
        if not job.place:
            raise FlashError("no-board", f"where is the card? name it with --port: {_candidates()}")
        target = Path(job.place)
        _check_target(target)
        if target.exists() and target.samefile(job.firmware.path):
            raise FlashError("unsafe", f"{target} is the image itself; name a card or another file")

    def plan(self, job: Job) -> list[str]:
        return [
            f"see that {job.place} is a card of which nothing is in use, or a file",
            f"write {job.firmware.path} over all that is on {job.place}",
            "read it back from the medium and compare SHA-256",
        ]

    def flash(self, job: Job, progress: Progress) -> Outcome:
        self.check(job)
        target = Path(job.place)
        room = _check_target(target)
        device = target.exists() and not target.is_file()
        # Exclusive: the kernel refuses a block device of which anything is in use.
        flags = os.O_RDWR | (os.O_EXCL if device else os.O_CREAT | os.O_TRUNC)
        try:
            descriptor = os.open(target, flags, 0o644)
        except OSError as error:
            raise _open_error(target, error) from error
        try:
            written, digest = _write(job.firmware.path, descriptor, room, target, progress)
            progress.step("reading back", written)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # from the medium, not from memory
            if _digest(descriptor, written, progress) != digest:
                raise FlashError(
                    "verification",
                    f"{target} does not hold what was written to it; the card may be broken or false: take another",
                )
        except OSError as error:
            raise FlashError(
                "vanished", f"{target} failed: {error.strerror}; look at card and reader, and do it again"
            ) from error
        finally:
            os.close(descriptor)
        return Outcome(written, f"SHA-256 of what was read back is {digest[:16]}…, as written")


def _write(source: Path, descriptor: int, room: int, target: Path, progress: Progress) -> tuple[int, str]:
    """Write an image, unpacked; gives its size and SHA-256."""
    hashed, written = hashlib.sha256(), 0
    packed = source.suffix in {".gz", ".xz"}
    progress.step(f"writing to {target}", 0 if packed else source.stat().st_size)
    with _opened(source) as image:
        while chunk := _read(source, image, _CHUNK):
            if written + len(chunk) > room:
                raise FlashError(
                    "too-small", f"{source} does not fit on {target}, which holds {room:,} bytes; take a larger card"
                )
            view = memoryview(chunk)
            while view:
                try:
                    count = os.write(descriptor, view)
                except OSError as error:
                    if error.errno in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}:
                        raise FlashError(
                            "full",
                            f"{target} was full after {written:,} bytes; make room or take a larger card, and "
                            "do it again",
                        ) from error
                    raise
                if count == 0:
                    raise FlashError("short-write", f"{target} took {written:,} bytes and no more; take another card")
                view = view[count:]
                written += count
            hashed.update(chunk)
            progress.at(written)
    os.fsync(descriptor)
    return written, hashed.hexdigest()


def _digest(descriptor: int, size: int, progress: Progress) -> str:
    hashed, done = hashlib.sha256(), 0
    while done < size:
        chunk = os.pread(descriptor, min(_CHUNK, size - done), done)
        if not chunk:
            break
        hashed.update(chunk)
        done += len(chunk)
        progress.at(done)
    return hashed.hexdigest()


def _opened(path: Path) -> BinaryIO:
    match path.suffix:
        case ".gz":
            return typing.cast("BinaryIO", gzip.open(path, "rb"))
        case ".xz":
            return typing.cast("BinaryIO", lzma.open(path, "rb"))
        case _:
            return path.open("rb")


def _read(path: Path, image: BinaryIO, size: int) -> bytes:
    try:
        return image.read(size)
    except (EOFError, lzma.LZMAError, zlib.error, MemoryError, OSError) as error:
        raise FlashError(
            "firmware", f"{path} cannot be unpacked: {str(error) or 'it needs more memory than there is'}; get it again"
        ) from error


def _check_target(target: Path) -> int:
    """The room in bytes of what may be written to.

    Raises:
        FlashError: it may not.
    """
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        if not target.parent.is_dir() or str(target).startswith("/dev/"):
            raise FlashError("no-board", f"there is no {target}; {_candidates()}") from None
        mode = stat.S_IFREG
    if stat.S_ISREG(mode):
        space = os.statvfs(target.parent)
        return space.f_bavail * space.f_frsize + (target.stat().st_size if target.exists() else 0)
    if not stat.S_ISBLK(mode):
        raise FlashError("unsafe", f"{target} is neither a disk nor a file; name the card itself; {_candidates()}")
    number = target.stat().st_rdev
    entry = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}").resolve()
    if (entry / "partition").exists():
        raise FlashError("unsafe", f"{target} is a part of a disk; name the whole card, /dev/{entry.parent.name}")
    if not _removable(entry):
        raise FlashError("unsafe", f"{target} is a fixed disk of this machine and is left alone; {_candidates()}")
    used = _in_use(entry)
    if used:
        raise FlashError(
            "unsafe", f"{target} is in use ({used}); take that away first, as with `umount`, and do it again"
        )
    return _size(target)


def _removable(entry: Path) -> bool:
    if (entry / "loop").is_dir():
        return True
    try:
        said = (entry / "removable").read_text().strip() == "1"
    except OSError:
        return False
    # Readers inside a machine (mmcblk0) call the card fixed, and so are the eMMCs that machines start from.
    return said


def _in_use(entry: Path) -> str:
    """What uses a disk or a part of it; empty for nothing."""
    names = {entry.name, *(part.name for part in entry.iterdir() if (part / "partition").exists())}
    numbers = {(entry / name / "dev" if name != entry.name else entry / "dev").read_text().strip() for name in names}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        words = line.split()
        if words[2] in numbers or any(word == f"/dev/{name}" for word in words for name in names):
            return f"mounted at {words[4]}"
    for line in Path("/proc/swaps").read_text().splitlines()[1:]:
        if Path(line.split()[0]).name in names:
            return "swap"
    for name in names:
        holders = (entry if name == entry.name else entry / name) / "holders"
        if holders.is_dir() and (held := [item.name for item in holders.iterdir()]):
            return f"held by {held[0]}"
    return ""


def _size(target: Path) -> int:
    try:
        descriptor = os.open(target, os.O_RDONLY)
    except OSError as error:
        raise _open_error(target, error) from error
    try:
        said = fcntl.ioctl(descriptor, _BLKGETSIZE64, b"\0" * 8)
    finally:
        os.close(descriptor)
    return int(struct.unpack("Q", said)[0])


def _open_error(target: Path, error: OSError) -> FlashError:
    if error.errno in {errno.EACCES, errno.EPERM}:
        return FlashError("permission", f"{target} may not be written by you; do it again with sudo")
    if error.errno == errno.EBUSY:
        return FlashError("unsafe", f"{target} is in use; unmount what is on it, and do it again")
    if error.errno == errno.ENOMEDIUM:
        return FlashError("no-board", f"there is no card in {target}; put one in, and do it again")
    return FlashError("vanished", f"{target} cannot be opened: {error.strerror}; look at the card, and do it again")


def _candidates() -> str:
    found = list(_cards())
    return f"cards here are {', '.join(found)}" if found else "this machine shows no removable disk"


def _cards() -> Iterator[str]:
    for entry in sorted(Path("/sys/block").iterdir()):
        if not (entry / "loop").is_dir() and _removable(entry):
            yield f"/dev/{entry.name}"
