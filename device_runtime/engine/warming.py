"""Copying the pages that a worker will write to before anything waits for it.

A worker inherits the zygote's memory page by page, and the kernel copies a page when it is first written to: some
thousand faults, more than half of the time that a launch takes. Which pages they are is much the same for every
program. The zygote learns them from a worker that it runs and throws away, and every worker then has them copied at
once.
"""

import ctypes
import mmap
import os
import re
import signal
import socket
from array import array
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Final

from device_runtime.engine.body import WorkerBody

Run = tuple[int, int]
"""Pages side by side: the address of the first, and the bytes of all."""

_MADV_POPULATE_WRITE: Final = 23  # Linux 5.14; elsewhere it fails, and the pages are copied one by one as ever
_PAGE: Final = mmap.PAGESIZE
_WRITABLE: Final = re.compile(rb"^([0-9a-f]+)-([0-9a-f]+) rw.p", re.MULTILINE)
# Of an entry of /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst).
_OWN: Final = 1 << 63 | 1 << 56  # present, and mapped by one process only
_ENTRY: Final = 8

_library = ctypes.CDLL(None)
_library.madvise.argtypes = (ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int)


def learn_pages(body: WorkerBody) -> list[Run]:
    """The pages of this process that a worker writes to while it runs its rehearsal; none where /proc does not tell, or
    there is no rehearsal."""
    if not body.rehearsal:
        return []
    host, worker = socket.socketpair()
    host.sendall(body.rehearsal)
    host.shutdown(socket.SHUT_WR)
    with host, worker:
        # What a worker has of its own without doing anything are pages that we have written to in the meantime.
        always = _pages_after(lambda: None)
        return _runs(sorted(_pages_after(lambda: body.run(worker)) - always))


def copy_pages(runs: list[Run]) -> None:
    """Have the kernel give this process its own copies of these pages."""
    for start, size in runs:
        _library.madvise(start, size, _MADV_POPULATE_WRITE)


def _pages_after(work: Callable[[], None]) -> set[int]:
    """The pages that a child of this process has of its own after some work, by number."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os.kill(os.getpid(), signal.SIGSTOP)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        return set()
    try:
        return set(own_pages(f"/proc/{pid}"))
    except OSError:
        return set()
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def own_pages(process: str) -> Iterator[int]:
    """The pages that no other process has any more, since one of them has written to them."""
    with open(f"{process}/maps", "rb") as maps:  # noqa: PTH123 pathlib would come with every worker
        mappings = [(int(low, 16), int(high, 16)) for low, high in _WRITABLE.findall(maps.read())]
    with open(f"{process}/pagemap", "rb", buffering=0) as pagemap:  # noqa: PTH123
        for low, high in mappings:
            pagemap.seek(low // _PAGE * _ENTRY)
            entries = array("Q", pagemap.read((high - low) // _PAGE * _ENTRY))
            first = low // _PAGE
            yield from (first + number for number, entry in enumerate(entries) if entry & _OWN == _OWN)


def _runs(pages: list[int]) -> list[Run]:
    runs: list[Run] = []
    for _, side_by_side in groupby(enumerate(pages), lambda one: one[1] - one[0]):
        numbers = [page for _, page in side_by_side]
        runs.append((numbers[0] * _PAGE, len(numbers) * _PAGE))
    return runs
