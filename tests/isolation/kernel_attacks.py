"""Attacks on the kernel and on other processes, from inside a worker."""

import array
import ctypes
import mmap
import os
import platform
import resource
import signal
import socket
import struct
import sys
import time
from typing import Final

from tests.isolation.attacker import Stolen, attack, checked, library

_ARM64: Final = platform.machine() == "aarch64"


def _by_number(x86_64: int, aarch64: int, *arguments: int) -> int:
    return checked(library.syscall(aarch64 if _ARM64 else x86_64, *map(ctypes.c_long, arguments)))


# -- files ---------------------------------------------------------------------------------------------------------


def _read(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY)
    return repr(os.read(descriptor, 20))


@attack
def open_the_hosts_state(stolen: Stolen) -> str:
    return _read(stolen.prey.secret)


@attack
def open_passwd(_: Stolen) -> str:
    return _read("/etc/passwd")


@attack
def open_with_openat2(stolen: Stolen) -> str:
    how = (ctypes.c_uint64 * 3)(os.O_RDONLY, 0, 0)
    path = ctypes.create_string_buffer(stolen.prey.secret.encode())
    descriptor = _by_number(437, 437, -100, ctypes.addressof(path), ctypes.addressof(how), 24)
    return f"descriptor {descriptor}"


@attack
def list_the_root(_: Stolen) -> str:
    return ", ".join(os.listdir("/"))  # noqa: PTH208 as an attacker would


@attack
def ask_for_the_size_of_a_file(stolen: Stolen) -> str:
    return str(os.stat(stolen.prey.secret).st_size)  # noqa: PTH116


@attack
def read_proc_of_init(_: Stolen) -> str:
    return _read("/proc/1/environ")


@attack
def read_the_hosts_memory_file(stolen: Stolen) -> str:
    return _read(f"/proc/{stolen.prey.host}/mem")


@attack
def read_the_hosts_environment(stolen: Stolen) -> str:
    return _read(f"/proc/{stolen.prey.host}/environ")


@attack
def look_for_a_password_in_the_environment(_: Stolen) -> str | None:
    return ", ".join(name for name in os.environ if "PASSWORD" in name or "TOKEN" in name) or None


@attack
def list_own_descriptors(_: Stolen) -> str:
    return ", ".join(os.listdir("/proc/self/fd"))  # noqa: PTH208


@attack
def open_physical_memory(_: Stolen) -> str:
    return _read("/dev/mem")


@attack
def create_a_file(stolen: Stolen) -> str:
    return str(os.open(stolen.prey.secret + ".new", os.O_CREAT | os.O_WRONLY))


@attack
def remove_a_file(stolen: Stolen) -> str:
    os.unlink(stolen.prey.secret)  # noqa: PTH108
    return "removed"


@attack
def make_a_directory(_: Stolen) -> str:
    os.mkdir("/made")  # noqa: PTH102
    return "made"


@attack
def use_any_descriptor_that_was_left_open(stolen: Stolen) -> str | None:
    own = stolen.socket.fileno()
    found = []
    for number in range(1024):
        try:
            if number != own:
                found.append(str(os.fstat(number)))
        except OSError:
            continue
    return ", ".join(found) or None


@attack
def duplicate_the_socket_without_end(stolen: Stolen) -> str:
    for _ in range(100_000):
        last = os.dup(stolen.socket.fileno())
    return f"descriptor {last}"


# -- network -------------------------------------------------------------------------------------------------------


@attack
def connect_by_tcp(stolen: Stolen) -> str:
    socket.create_connection(("127.0.0.1", stolen.prey.port), 5)
    return "connected"


@attack
def send_by_udp(stolen: Stolen) -> str:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", stolen.prey.port))
    return "sent"


@attack
def connect_to_a_unix_socket(stolen: Stolen) -> str:
    socket.socket(socket.AF_UNIX).connect(stolen.prey.path)
    return "connected"


@attack
def connect_to_an_abstract_socket(stolen: Stolen) -> str:
    socket.socket(socket.AF_UNIX).connect("\0" + stolen.prey.abstract)
    return "connected"


@attack
def listen_for_tcp(_: Stolen) -> str:
    listener = socket.socket()
    listener.bind(("0.0.0.0", 0))  # noqa: S104 as an attacker would
    listener.listen()
    return "listening"


@attack
def open_a_raw_socket(_: Stolen) -> str:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    return "open"


@attack
def open_a_packet_socket(_: Stolen) -> str:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    return "open"


@attack
def open_a_netlink_socket(_: Stolen) -> str:
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    return "open"


@attack
def open_a_vsock(_: Stolen) -> str:
    socket.socket(socket.AF_VSOCK)
    return "open"


@attack
def make_a_socket_pair(_: Stolen) -> str:
    return str(socket.socketpair())


@attack
def send_a_descriptor_to_the_host(stolen: Stolen) -> str:
    rights = array.array("i", [stolen.socket.fileno()])
    stolen.socket.sendmsg([b"\0\0\0\1"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    return "sent"


@attack
def receive_a_descriptor(stolen: Stolen) -> str:
    return str(stolen.socket.recvmsg(1, 1024, socket.MSG_DONTWAIT))


# -- processes -----------------------------------------------------------------------------------------------------


@attack
def execute_a_program(_: Stolen) -> str:
    os.execv("/bin/sh", ["sh", "-c", "exit"])  # noqa: S606 as an attacker would
    return "executed"


@attack
def execute_from_memory(_: Stolen) -> str:
    descriptor = checked(library.memfd_create(b"code", 0))
    os.write(descriptor, b"#!/bin/sh\n")
    os.execve(descriptor, ["sh"], {})  # noqa: S606
    return "executed"


@attack
def spawn_a_program(_: Stolen) -> str:
    return str(os.posix_spawn("/bin/true", ["true"], {}))


@attack
def fork_without_end(_: Stolen) -> str:
    children = 0
    while children < 10_000:
        if os.fork() == 0:
            time.sleep(1000)
        children += 1
    return f"{children} children"


@attack
def clone_a_thread(_: Stolen) -> str:
    # CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, on a stack of its own
    stack = mmap.mmap(-1, 1 << 16, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    top = ctypes.addressof(ctypes.c_char.from_buffer(stack)) + (1 << 16)
    return f"thread {_by_number(56, 220, 0x10F00, top, 0, 0, 0)}"


@attack
def clone_with_clone3(_: Stolen) -> str:
    arguments = (ctypes.c_uint64 * 11)(0, 0, 0, 0, 17)
    child = _by_number(435, 435, ctypes.addressof(arguments), 88)
    if child == 0:
        os._exit(0)
    return f"child {child}"


@attack
def trace_the_host(stolen: Stolen) -> str:
    checked(library.ptrace(16, stolen.prey.host, 0, 0))  # PTRACE_ATTACH
    return "attached"


@attack
def seize_the_neighbour(stolen: Stolen) -> str:
    checked(library.ptrace(0x4206, stolen.prey.neighbour, 0, 0))  # PTRACE_SEIZE
    return "attached"


def _peek(process: int) -> str:
    buffer = ctypes.create_string_buffer(8)
    ours = (ctypes.c_uint64 * 2)(ctypes.addressof(buffer), 8)
    # Forked from one zygote, the neighbour has the same things at the same addresses.
    theirs = (ctypes.c_uint64 * 2)(id(_peek), 8)
    checked(library.process_vm_readv(process, ours, 1, theirs, 1, 0))
    return repr(buffer.raw)


@attack
def read_the_hosts_memory(stolen: Stolen) -> str:
    return _peek(stolen.prey.host)


@attack
def read_the_neighbours_memory(stolen: Stolen) -> str:
    return _peek(stolen.prey.neighbour)


@attack
def kill_the_host(stolen: Stolen) -> str:
    os.kill(stolen.prey.host, signal.SIGKILL)
    return "killed"


@attack
def kill_the_neighbour(stolen: Stolen) -> str:
    os.kill(stolen.prey.neighbour, signal.SIGKILL)
    return "killed"


@attack
def kill_everything(_: Stolen) -> str:
    os.kill(-1, signal.SIGKILL)
    return "killed"


@attack
def kill_the_process_group(_: Stolen) -> str:
    os.kill(0, signal.SIGKILL)
    return "killed"


@attack
def queue_a_signal_to_a_thread_of_the_host(stolen: Stolen) -> str:
    return str(_by_number(234, 131, stolen.prey.host, stolen.prey.host, signal.SIGKILL))


@attack
def open_the_host_as_a_descriptor(stolen: Stolen) -> str:
    return str(_by_number(434, 434, stolen.prey.host, 0))


@attack
def take_a_descriptor_of_the_host(stolen: Stolen) -> str:
    return str(_by_number(438, 438, 3, 0, 0))


@attack
def compare_with_the_host(stolen: Stolen) -> str:
    return str(_by_number(312, 272, os.getpid(), stolen.prey.host, 0, 0, 0))


@attack
def change_the_limits_of_the_host(stolen: Stolen) -> str:
    return str(resource.prlimit(stolen.prey.host, resource.RLIMIT_NOFILE, (0, 0)))


@attack
def raise_own_limits(_: Stolen) -> str:
    infinite = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_AS, infinite)
    return str(resource.getrlimit(resource.RLIMIT_AS))


@attack
def raise_own_priority(_: Stolen) -> str:
    os.setpriority(os.PRIO_PROCESS, 0, -20)
    return "raised"


@attack
def lower_the_priority_of_the_host(stolen: Stolen) -> str:
    os.setpriority(os.PRIO_PROCESS, stolen.prey.host, 19)
    return "lowered"


@attack
def become_real_time(_: Stolen) -> str:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99))
    return "real time"


@attack
def become_root(_: Stolen) -> str:
    os.setresuid(0, 0, 0)
    return str(os.geteuid())


@attack
def escape_from_death_with_the_zygote(_: Stolen) -> str:
    checked(library.prctl(1, 0, 0, 0, 0))
    return "no death signal"


@attack
def ignore_the_watchdog(_: Stolen) -> str:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    return "ignored"


@attack
def leave_the_session(_: Stolen) -> str:
    os.setsid()
    return "left"


# -- the kernel itself ---------------------------------------------------------------------------------------------


@attack
def mount_a_file_system(_: Stolen) -> str:
    checked(library.mount(b"none", b"/", b"proc", 0, None))
    return "mounted"


@attack
def enter_a_user_namespace(_: Stolen) -> str:
    checked(library.unshare(0x10000000))
    return "entered"


@attack
def enter_the_namespaces_of_the_host(stolen: Stolen) -> str:
    checked(library.setns(stolen.socket.fileno(), 0))
    return "entered"


@attack
def change_the_root(_: Stolen) -> str:
    os.chroot("/..")
    return "changed"


@attack
def load_a_bpf_program(_: Stolen) -> str:
    return str(_by_number(321, 280, 5, 0, 0))


@attack
def set_up_io_uring(_: Stolen) -> str:
    parameters = ctypes.create_string_buffer(120)
    return str(_by_number(425, 425, 8, ctypes.addressof(parameters)))


@attack
def handle_page_faults(_: Stolen) -> str:
    return str(_by_number(323, 282, 1))


@attack
def open_a_keyring(_: Stolen) -> str:
    return str(_by_number(250, 219, 0, -4, 1))


@attack
def count_events_of_the_processor(_: Stolen) -> str:
    attributes = ctypes.create_string_buffer(struct.pack("=II", 1, 128), 128)
    return str(_by_number(298, 241, ctypes.addressof(attributes), 0, -1, -1, 0))


@attack
def load_a_kernel_module(stolen: Stolen) -> str:
    return str(_by_number(313, 273, stolen.socket.fileno(), 0, 0))


@attack
def set_the_clock(_: Stolen) -> str:
    time.clock_settime(time.CLOCK_REALTIME, 0)
    return "set"


@attack
def set_the_host_name(_: Stolen) -> str:
    socket.sethostname("mine")
    return "set"


@attack
def reboot(_: Stolen) -> str:
    # Without the magic numbers nothing happens where it is allowed.
    checked(library.syscall(142 if _ARM64 else 169, 0, 0, 0, 0))
    return "rebooted"


@attack
def read_the_log_of_the_kernel(_: Stolen) -> str:
    return str(_by_number(103, 116, 10, 0, 0))


@attack
def control_the_terminal(stolen: Stolen) -> str:
    checked(library.ioctl(stolen.socket.fileno(), 0x5412, b"x"))  # TIOCSTI
    return "typed"


@attack
def make_shared_memory(_: Stolen) -> str:
    return str(checked(library.shmget(0, 1 << 20, 0o1600)))


@attack
def make_a_message_queue(_: Stolen) -> str:
    return str(checked(library.msgget(0, 0o1600)))


@attack
def make_a_file_in_memory(_: Stolen) -> str:
    return str(checked(library.memfd_create(b"m", 0)))


@attack
def map_executable_memory(_: Stolen) -> str:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    return "mapped"


@attack
def make_memory_executable(_: Stolen) -> str:
    memory = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    checked(library.mprotect(ctypes.c_void_p(address), 4096, 5))
    return "executable"


@attack
def map_shared_memory(_: Stolen) -> str:
    mmap.mmap(-1, 1 << 20)
    return "mapped"


@attack
def make_a_call_of_another_architecture(_: Stolen) -> str:
    # x32 on x86-64: the same calls by other numbers
    return str(_by_number(0x40000000 + 2, 0x40000000 + 56, 0, 0, 0))


# -- what there is of it -------------------------------------------------------------------------------------------


@attack
def take_all_memory(_: Stolen) -> str:
    held: list[bytearray] = []
    while len(held) < 8192:
        held.append(bytearray(b"\xff" * (1 << 20)))
    return f"{len(held)} MiB"


@attack
def take_all_address_space(_: Stolen) -> str:
    held = [mmap.mmap(-1, 1 << 26, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) for _ in range(1000)]
    return f"{len(held)} maps"


@attack
def overflow_the_stack(_: Stolen) -> str:
    sys.setrecursionlimit(1 << 30)
    nested: list[object] = []
    for _level in range(1_000_000):
        nested = [nested]
    return repr(nested)[:10]


@attack
def burn_the_processor(stolen: Stolen) -> str:
    stolen.say("burning")
    while True:
        pass
