"""What a program's engine can do where it is a process of its own: nothing but compute, and talk to its worker."""

import asyncio
import os
import shutil

import pytest

from device_runtime.engine.frames import FrameDecoder, Log
from device_runtime.engine.isolation.companion_calls import COMPANION
from device_runtime.engine.isolation.confine import BARRIERS
from device_runtime.engine.isolation.system_calls import (
    ALLOW,
    ARCHITECTURES,
    DENY,
    KILL,
    REFUSE,
)
from device_runtime.engine.workers import WorkerFactory
from tests.isolation.companions import ENTRY
from tests.isolation.test_system_calls import verdict


async def _said(code: str, barriers: tuple[str, ...] = BARRIERS) -> str:
    """What a companion with this code writes before it ends."""
    shell = shutil.which("dash")
    assert shell is not None
    workers = WorkerFactory(ENTRY, shell, code, barriers=barriers)
    try:
        await workers.start()
        if barriers and {"seccomp", "landlock", "empty-root"} & set(workers.missing):
            pytest.skip(f"this kernel lacks barriers: {workers.missing}")
        worker = await workers.start_worker()
        reader, writer = await asyncio.open_unix_connection(sock=worker.connection)
        decoder = FrameDecoder()
        try:
            async with asyncio.timeout(20):
                while data := await reader.read(4096):
                    for frame in decoder.feed(data):
                        assert isinstance(frame, Log)
                        return frame.text
            pytest.fail("its worker said nothing")
        finally:
            writer.close()
    finally:
        await workers.close()


# Each says 'done' if it could. A shell opens no sockets; the filter is asked about those below.
ATTEMPTS = {
    "read a file of the system": "read x < /etc/passwd && echo done",
    "write a file": "echo x > /tmp/cygnet-companion && echo done",
    "write to what it is made of": "echo x >> /program && echo done",
    "list the root": "for x in /*; do case $x in /[a-z]*) echo done;; esac; done",
    "start a process": "( : ) && echo done",
    "execute something of the system": "exec /bin/echo done",
    "signal its worker": "kill -CONT $PPID && echo done",
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
async def test_a_companion_cannot(attempt: str) -> None:
    said = await _said(f"echo go\n{ATTEMPTS[attempt]}")
    assert said.startswith("go")
    assert "done" not in said


async def test_a_companion_can_compute_and_talk() -> None:
    assert (await _said("echo go; echo $((6 * 7))")).split() == ["go", "42"]


async def test_without_barriers_a_companion_could() -> None:
    """Else the attempts would prove nothing."""
    for attempt in ATTEMPTS:
        if not attempt.startswith("write"):
            said = await _said(f"echo go\n{ATTEMPTS[attempt]}", ())
            assert "done" in said, attempt


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_filter_of_a_companion(name: str) -> None:
    architecture = ARCHITECTURES[name]
    numbers = architecture.numbers
    thread = 0x3D0F00

    def judged(call: str, *arguments: int) -> int:
        return verdict(architecture, numbers[call], *arguments, rules=COMPANION)

    assert judged("openat", 0, 0, os.O_RDONLY | os.O_CLOEXEC) == ALLOW
    for how in (os.O_WRONLY, os.O_RDWR, os.O_RDONLY | os.O_CREAT, os.O_RDONLY | os.O_TRUNC):
        assert judged("openat", 0, 0, how) == REFUSE
    assert judged("clone", thread) == ALLOW
    assert judged("clone", 17) == REFUSE  # a process
    assert judged("clone3") == DENY
    mapping = "mmap" if "mmap" in numbers else "mmap2"
    assert judged(mapping, 0, 4096, 5, 2) == ALLOW  # a library
    assert judged(mapping, 0, 4096, 7, 2) == REFUSE  # writable and executable
    assert judged(mapping, 0, 4096, 3, 1) == REFUSE  # shared
    assert judged("mprotect", 0, 4096, 5) == REFUSE
    assert judged("prlimit64", 0, 7, 0) == ALLOW
    assert judged("prlimit64", 0, 7, 4096) == REFUSE
    listed = {numbers[call] for call in (*COMPANION.allowed, *COMPANION.refused, *COMPANION.absent) if call in numbers}
    assert {verdict(architecture, number, rules=COMPANION) for number in range(600) if number not in listed} == {KILL}
