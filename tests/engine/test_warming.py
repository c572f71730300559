"""The zygote learns which pages a worker writes to, and a worker gets them at once."""

import ctypes
import mmap
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from device_runtime.engine.body import WorkerBody
from device_runtime.engine.warming import copy_pages, learn_pages, own_pages

PAGE = mmap.PAGESIZE
PAGES = 64

pytestmark = pytest.mark.skipif(not Path("/proc/self/pagemap").exists(), reason="/proc does not tell of pages")


def written_pages(learned: list[tuple[int, int]], start: int) -> set[int]:
    """The numbers of the pages of a buffer that were learned."""
    return {
        (address - start) // PAGE
        for first, size in learned
        for address in range(first, first + size, PAGE)
        if start <= address < start + PAGES * PAGE
    }


def buffer() -> tuple[mmap.mmap, int]:
    memory = mmap.mmap(-1, PAGES * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for page in range(PAGES):
        memory[page * PAGE] = 1
    return memory, ctypes.addressof(ctypes.c_char.from_buffer(memory))


def in_another_process(function: str) -> None:
    """Fork from a process with one thread, as a zygote is."""
    code = f"from tests.engine import test_warming; test_warming.{function}()"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def learns_what_is_written() -> None:
    memory, start = buffer()

    def run(connection: socket.socket) -> None:
        assert connection.recv(5) == b"hello"
        for page in (3, 4, 5, 40):
            memory[page * PAGE] = 2

    assert written_pages(learn_pages(WorkerBody(run, b"hello")), start) == {3, 4, 5, 40}
    assert memory[3 * PAGE] == 1  # it happened in a process that is gone


def learns_nothing_of_a_worker_that_fails() -> None:
    def run(_: socket.socket) -> None:
        os._exit(1)

    assert learn_pages(WorkerBody(run, b"hello")) == []


def copies_without_changing() -> None:
    memory, start = buffer()
    if os.fork() == 0:
        copy_pages([(start, 8 * PAGE), (start + 20 * PAGE, PAGE)])
        own = {page - start // PAGE for page in own_pages("/proc/self")}
        right = own & set(range(PAGES)) == {*range(8), 20} and all(memory[page * PAGE] == 1 for page in range(PAGES))
        os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0


@pytest.mark.parametrize(
    "function", ["learns_what_is_written", "learns_nothing_of_a_worker_that_fails", "copies_without_changing"]
)
def test_warming(function: str) -> None:
    in_another_process(function)
