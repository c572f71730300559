"""The filter of system calls, on every machine that it is written for."""

import ctypes
import ctypes.util
import errno
import multiprocessing
import os
import resource
import struct
from concurrent.futures import ProcessPoolExecutor

import pytest

from device_runtime.engine.isolation.companion_calls import COMPANION
from device_runtime.engine.isolation.limits import limit_worker
from device_runtime.engine.isolation.privileges import gain_nothing
from device_runtime.engine.isolation.system_calls import (
    ALLOW,
    ALLOWED,
    ARCHITECTURES,
    DENY,
    KILL,
    REFUSE,
    REFUSED,
    WORKER,
    Architecture,
    Rules,
    SystemCallFilter,
    UnknownArchitectureError,
    assemble,
    this_architecture,
)
from device_runtime.engine.isolation.threaded_calls import THREADED

# As libseccomp calls them, for its table of numbers.
_TOKENS = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "arm": 0x40000028}
_PROT_READ, _PROT_WRITE, _PROT_EXEC = 1, 2, 4
_PRIVATE, _SHARED, _ANONYMOUS = 2, 1, 0x20


def verdict(
    architecture: Architecture, number: int, *arguments: int, audit: int | None = None, rules: Rules = WORKER
) -> int:
    """Run the filter as the kernel would."""
    values = (*arguments, *(0,) * (6 - len(arguments)))
    data = struct.pack("=IIQ6Q", number, architecture.audit if audit is None else audit, 0, *values)
    code = list(struct.iter_unpack("=HBBI", assemble(architecture, rules)))
    accumulator, at = 0, 0
    while True:
        operation, if_true, if_false, constant = code[at]
        at += 1
        match operation:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, constant)
            case 0x54:
                accumulator &= constant
            case 0x15:
                at += if_true if accumulator == constant else if_false
            case 0x06:
                return int(constant)
            case _:
                pytest.fail(f"no instruction of ours: {operation:#x}")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_filter_allows_what_is_listed_and_ends_whoever_makes_another_call(name: str) -> None:
    architecture = ARCHITECTURES[name]
    known = architecture.numbers
    for call in REFUSED:
        if call in known:
            assert verdict(architecture, known[call]) == REFUSE, call
    for call, checks in ALLOWED.items():
        if call in known and not checks:
            assert verdict(architecture, known[call], 1, 2, 3, 4, 5, 6) == ALLOW, call
    listed = set(known.values())
    assert {verdict(architecture, number) for number in range(600) if number not in listed} == {KILL}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_memory_is_never_executable_shared_or_of_a_file(name: str) -> None:
    architecture = ARCHITECTURES[name]
    numbers = architecture.numbers
    call = numbers["mmap" if "mmap" in numbers else "mmap2"]
    usual = _PROT_READ | _PROT_WRITE
    assert verdict(architecture, call, 0, 4096, usual, _PRIVATE | _ANONYMOUS, 2**64 - 1, 0) == ALLOW
    assert verdict(architecture, call, 0, 4096, usual | _PROT_EXEC, _PRIVATE | _ANONYMOUS) == REFUSE
    assert verdict(architecture, call, 0, 4096, usual, _SHARED | _ANONYMOUS) == REFUSE
    assert verdict(architecture, call, 0, 4096, usual, _PRIVATE) == REFUSE
    assert verdict(architecture, numbers["mprotect"], 0, 4096, _PROT_READ) == ALLOW
    assert verdict(architecture, numbers["mprotect"], 0, 4096, _PROT_READ | _PROT_EXEC) == REFUSE
    assert verdict(architecture, numbers["mremap"], 0, 4096, 8192, 1) == ALLOW
    assert verdict(architecture, numbers["mremap"], 0, 4096, 8192, 3) == REFUSE
    assert verdict(architecture, numbers["futex"], 0, 128) == ALLOW
    assert verdict(architecture, numbers["futex"], 0, 6) == REFUSE  # FUTEX_LOCK_PI


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_call_of_another_architecture_ends_the_worker(name: str) -> None:
    others = [other.audit for other in ARCHITECTURES.values() if other.audit != ARCHITECTURES[name].audit]
    for audit in (*others, 0x40000003):  # the 32-bit calls of x86
        assert {verdict(ARCHITECTURES[name], number, audit=audit) for number in range(450)} == {KILL}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_numbers_are_those_of_libseccomp(name: str) -> None:
    path = ctypes.util.find_library("seccomp")
    if path is None:
        pytest.skip("libseccomp is not installed")
    resolve = ctypes.CDLL(path).seccomp_syscall_resolve_name_arch
    for call, number in ARCHITECTURES[name].numbers.items():
        assert resolve(_TOKENS[name], call.encode()) == number, call


def test_each_name_that_is_listed_has_a_number_somewhere() -> None:
    known = {call for architecture in ARCHITECTURES.values() for call in architecture.numbers}
    companion = {*COMPANION.allowed, *COMPANION.refused, *COMPANION.absent}
    assert known == {*ALLOWED, *REFUSED, *companion}


_OF_A_THREAD = [1 << bit for bit in range(32) if 0x3D0F00 >> bit & 1]
# Threads that are no thread of a C library: traced by another, of a parent's, with namespaces, descriptors, signals or
# memory of their own, stopped, or sharing the queue of the disk.
_NO_THREADS = (0x10F00, 0x3D2F00, 0x3D8F00, 0x3F0F00, 0x3D4F00, 0x3D1F00, 0x13D0F00, 0x83D0F00, 0x803D0F00, 0x10000)


@pytest.mark.parametrize("rules", [THREADED, COMPANION], ids=["worker", "companion"])
@pytest.mark.parametrize("flags", _NO_THREADS, ids=hex)
def test_the_kernel_refuses_whoever_clones_what_is_no_thread(flags: int, rules: Rules) -> None:
    """In a process of its own, which the real kernel filters; without a filter each of these is another error, or a
    thread."""
    assert _attacked(flags, rules) == errno.EPERM


def test_without_a_filter_clones_are_judged_by_the_kernel_alone() -> None:
    """Else the attempts would prove nothing."""
    assert {_attacked(flags, None) for flags in (0x10000, 0x3F0F00)} == {errno.EINVAL}


def _attacked(flags: int, rules: Rules | None) -> int:
    """What clone says to a process with this filter: an error, or 0 if it gave a thread."""
    try:
        system_filter = None if rules is None else SystemCallFilter(rules)
    except (OSError, UnknownArchitectureError) as error:
        pytest.skip(f"this kernel has no filters: {error}")
    number = ARCHITECTURES[this_architecture()].numbers["clone"]
    system_call = ctypes.CDLL(None, use_errno=True).syscall
    pid = os.fork()
    if pid == 0:
        try:
            if system_filter is not None:
                gain_nothing()
                system_filter.put_on()
            got = system_call(number, flags, 0, 0, 0, 0)
            os._exit(ctypes.get_errno() if got < 0 else 0)
        finally:
            os._exit(255)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("rules", [THREADED, COMPANION], ids=["worker", "companion"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_who_may_have_threads_may_have_nothing_but_threads(name: str, rules: Rules) -> None:
    architecture = ARCHITECTURES[name]
    numbers = architecture.numbers

    def cloned(flags: int) -> int:
        return verdict(architecture, numbers["clone"], flags, rules=rules)

    assert cloned(0x3D0F00) == ALLOW  # a thread of glibc
    assert cloned(0x7D0F00) == ALLOW  # and of musl
    assert cloned(17) == REFUSE  # a process
    assert cloned(0x4111) == REFUSE  # of vfork
    for own in (0x100, 0x200, 0x400, 0x800):  # memory, folders, descriptors, signals
        assert cloned(0x3D0F00 & ~own) == REFUSE, hex(own)
    for bit in range(32):
        if 1 << bit not in (0x400000, *_OF_A_THREAD):
            assert cloned(0x3D0F00 | 1 << bit) == REFUSE, hex(1 << bit)
    assert verdict(architecture, numbers["clone3"], rules=rules) == DENY


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_who_may_have_threads_may_otherwise_do_what_any_worker_may(name: str) -> None:
    architecture = ARCHITECTURES[name]
    numbers = architecture.numbers
    for call in ("execve", "prctl", "openat", "write", "mmap" if "mmap" in numbers else "mmap2"):
        theirs = verdict(architecture, numbers[call], 0, 4096, _PROT_READ | _PROT_EXEC, rules=THREADED)
        assert theirs == verdict(architecture, numbers[call], 0, 4096, _PROT_READ | _PROT_EXEC), call


@pytest.mark.parametrize(("threads", "most"), [(1, 0), (2, 4096)])
def test_a_worker_can_never_take_all_tasks_of_the_system(threads: int, most: int) -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        _, hard = pool.submit(_limited, threads).result()
    assert 0 <= hard <= most


def _limited(threads: int) -> tuple[int, int]:
    limit_worker(1024, threads)
    return resource.getrlimit(resource.RLIMIT_NPROC)


def test_this_machine_is_known() -> None:
    assert this_architecture() in ARCHITECTURES
    assert errno.EPERM == REFUSE & 0xFFFF
