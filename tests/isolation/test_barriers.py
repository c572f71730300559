"""Each barrier holds alone, and what is missing is said."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from device_runtime.engine.isolation.barriers import BARRIERS, BarrierError, report_missing
from device_runtime.engine.isolation.cgroup import CgroupError, WorkerGroups, own_group
from device_runtime.engine.isolation.kernel import KernelRefusalError
from device_runtime.engine.isolation.landlock import version
from device_runtime.engine.isolation.proof import ENTRY, prove, prove_all, try_out
from device_runtime.engine.workers import WorkerFactory
from device_runtime.program.sessions import Sessions
from tests.program.running import Board, Recorder, program, surroundings


@contextlib.asynccontextmanager
async def workers(*barriers: str, required: tuple[str, ...] = ()) -> AsyncIterator[WorkerFactory]:
    factory = WorkerFactory(ENTRY, barriers=barriers or tuple(BARRIERS), required=required)
    try:
        await factory.start()
        yield factory
    finally:
        await factory.close()


@pytest.mark.parametrize("barrier", [name for name in BARRIERS if name != "cgroup"])
async def test_a_barrier_holds_without_the_others(barrier: str) -> None:
    async with workers() as factory:
        missing = factory.missing
    if barrier in missing:
        pytest.skip(f"this kernel lacks it: {missing[barrier]}")
    try:
        landlock = version()
    except KernelRefusalError:
        landlock = 0
    trials = await prove(barrier, missing, landlock)
    assert trials
    assert [trial for trial in trials if not trial.stopped] == []


async def test_without_a_barrier_around_it_a_worker_could_do_what_is_tried() -> None:
    """Else the proofs would prove nothing."""
    attempts = (
        "open a file",
        "list the root directory",
        "connect by TCP",
        "call an abstract socket",
        "start a process",
        "have a second descriptor",
        "signal the host",
        "execute a program",
    )
    assert [trial for trial in await try_out((), attempts) if trial.stopped] == []


async def test_all_barriers_together_stop_everything() -> None:
    assert [trial for trial in await prove_all() if not trial.stopped] == []


def own(namespace: str) -> Path:
    return Path(f"/proc/self/ns/{namespace}").readlink()


@pytest.mark.parametrize("open_in_the_host", [0, 100])
async def test_a_worker_is_left_with_its_socket_and_nothing_else(
    open_in_the_host: int, request: pytest.FixtureRequest
) -> None:
    """However many files the host has open, and so however high the number that it hands to the zygote."""
    for descriptor in [os.dup(0) for _ in range(open_in_the_host)]:
        request.addfinalizer(partial(os.close, descriptor))
    recorder = Recorder()
    sessions = Sessions(surroundings(recorder))
    try:
        session = await sessions.launch(program({"pages/a/a": "Page({})"}))
        place = Path(f"/proc/{session.worker_pid}")
        opened = {item.name: str(item.readlink()).split(":")[0] for item in (place / "fd").iterdir()}
        assert opened == {"0": "socket"}
        status = dict(line.split(":\t", 1) for line in (place / "status").read_text().splitlines() if ":\t" in line)
        assert status["NoNewPrivs"] == "1"
        assert status["Threads"] == "1"
        missing = sessions.workers.missing
        if "seccomp" not in missing:
            assert status["Seccomp"] == "2"
        if "privileges" not in missing:
            assert {status[name].strip("0") for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} <= {""}
            assert "0" not in status["Uid"].split() + status["Gid"].split()
        if "namespaces" not in missing:
            for name in ("user", "net", "ipc", "uts"):
                assert (place / "ns" / name).readlink() != own(name), name
        if "empty-root" not in missing:
            assert list((place / "root").iterdir()) == []
        assert int((place / "oom_score_adj").read_text()) > 0
        limits = {line[:26].strip(): line[26:].split()[:2] for line in (place / "limits").read_text().splitlines()}
        for name in ("Max processes", "Max file size", "Max locked memory", "Max msgqueue size"):
            assert limits[name] == ["0", "0"], name
        assert limits["Max open files"] == ["1", "1"]
        assert limits["Max core file size"] == ["1", "1"]
        assert limits["Max address space"][1] != "unlimited"
    finally:
        await sessions.close()


async def test_a_worker_knows_nothing_of_the_hosts_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYGNET_PASSWORD", "a secret of the host")
    recorder = Recorder()
    sessions = Sessions(surroundings(recorder))
    try:
        session = await sessions.launch(program({"pages/a/a": "Page({})"}))
        for process in (sessions.workers.zygote_pid, session.worker_pid):
            environment = read_environment(process)
            assert b"PATH=" in environment
            assert b"secret" not in environment
    finally:
        await sessions.close()


def read_environment(process: int | None) -> bytes:
    return Path(f"/proc/{process}/environ").read_bytes()


async def test_a_required_barrier_that_is_missing_lets_no_worker_start() -> None:
    with pytest.raises(BarrierError, match="the board demands the barrier 'landlock', and it is missing here: "):
        async with workers("seccomp", required=("seccomp", "landlock")):
            pytest.fail("it started")


async def test_a_required_barrier_that_is_there_is_no_obstacle() -> None:
    async with workers("limits", required=("limits",)) as factory:
        assert factory.zygote_pid is not None


def test_the_log_says_what_is_missing_and_what_to_do(caplog: pytest.LogCaptureFixture) -> None:
    report_missing({"seccomp": "Invalid argument (EINVAL)"})
    assert "without the barrier seccomp" in caplog.text
    assert "Invalid argument (EINVAL)" in caplog.text
    assert "CONFIG_SECCOMP_FILTER" in caplog.text


async def test_programs_know_the_time_zone_of_the_board(monkeypatch: pytest.MonkeyPatch) -> None:
    """The C library would read it from the disk when it is first asked, and a worker has none."""
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    recorder = Recorder()
    sessions = Sessions(surroundings(recorder))
    try:
        board = Board(sessions, recorder)
        session = await board.run(program({"pages/a/a": "console.log('hour ' + new Date(0).getHours()); Page({})"}))
        assert await recorder.line(session, "hour") == "hour 8"
    finally:
        await sessions.close()


async def test_programs_do_not_draw_the_same_numbers_though_they_are_forks_of_one_process() -> None:
    recorder = Recorder()
    sessions = Sessions(surroundings(recorder))
    page = "console.log('drawn ' + [1, 2, 3].map(() => Math.random())); Page({})"
    try:
        drawn: set[float] = set()
        for _ in range(3):
            session = await sessions.launch(program({"pages/a/a": page}))
            line = await recorder.line(session, "drawn ")
            drawn |= {float(number) for number in line.removeprefix("drawn ").split(",")}
        assert len(drawn) == 9
        assert all(0 <= number < 1 for number in drawn)
    finally:
        await sessions.close()


# -- control groups: their files are ordinary ones here, since a test cannot count on a delegated group ---------------


def a_group(folder: Path, controllers: str) -> Path:
    group = folder / "device.service"
    group.mkdir()
    (group / "cgroup.controllers").write_text(controllers)
    for inner in ("cygnet-host", "cygnet-workers"):
        (group / inner).mkdir()
    return group


def test_the_own_group_is_found_where_the_unified_hierarchy_is_mounted() -> None:
    mounts = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
    place = own_group("0::/system.slice/cygnet-device.service\n", mounts)
    assert place == Path("/sys/fs/cgroup/system.slice/cygnet-device.service")
    inside = own_group("0::/machine/device\n", mounts.replace(" / /sys", " /machine /sys"))
    assert inside == Path("/sys/fs/cgroup/device")
    with pytest.raises(CgroupError, match="version 2"):
        own_group("4:memory:/\n", mounts)


def test_a_worker_gets_what_its_group_may_have(tmp_path: Path) -> None:
    group = a_group(tmp_path, "cpuset cpu memory pids")
    groups = WorkerGroups(group)
    assert (group / "cygnet-host" / "cgroup.procs").read_text() == str(os.getpid())
    assert (group / "cygnet-workers" / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    groups.add(4711, 1 << 20)
    assert (group / "cygnet-workers" / "4711" / "cgroup.procs").read_text() == "4711"


def test_a_group_without_controllers_is_not_divided(tmp_path: Path) -> None:
    with pytest.raises(CgroupError, match="no controllers"):
        WorkerGroups(a_group(tmp_path, ""))


async def test_a_group_that_cannot_be_had_is_missing_and_workers_run() -> None:
    async with workers() as factory:
        worker = await factory.start_worker()
        worker.kill()
        await asyncio.wait([worker.ended], timeout=10)
        assert set(factory.missing) <= {*BARRIERS}
