"""The runtime in a board's ROM: provisioned there where there is one with room, started from there, written again, cut
off at each change of the ROM."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from device_runtime.micro.records import record_bytes
from firmware_tools.provision import rom
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.delivery import deliver, plan_delivery, read_files
from firmware_tools.provision.errors import BoardConnectionError, ProvisionError
from firmware_tools.provision.frames import content
from firmware_tools.provision.image import romfs_image
from firmware_tools.provision.provisioning import boot_record
from firmware_tools.provision.rom import image_of, plan_rom, runtime_image, write_rom
from firmware_tools.provision.runtime import _runtime_list, runtime_files, slot_files, start_files
from tests.provision.command import BOARD, Ran, board_command, write_board
from tests.provision.rom_part import RomPart
from tests.provision.unix_board import UnixBoard, unix_board

_KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
_IDENTITY = f'fleet = "shop"\ndevice = "shelf-1"\nbroker = "mqtt://broker.example"\nfleet_key = "{_KEY}"\n'
_BOOT = "/cygnet/boot.json"
# What a start does, at the root of the file system, before anything of the runtime runs.
_START = """
import os, sys
root = '/' if os.statvfs('/')[0] else '/flash/'
sys.path.insert(0, root + 'cygnet')
import loader
slot, safe = loader.choose(root)
if slot:
    from micro import runtime
    print('started', repr(slot), runtime.__file__)
print('READY')
"""
_RUNS = _START + "import time\nwhile True: time.sleep(1)\n"
kinds = pytest.mark.parametrize("kind", ["memory", "once", "block"])


class Desk:
    """A board whose flash and ROM are files here. ``on`` switches it on with what ``rom`` has now."""

    def __init__(self, micropython: str, folder: Path) -> None:
        self._micropython, self.folder = micropython, folder
        self.rom, self.at = RomPart(folder / "rom"), "/"
        write_board(folder, wifi=False)
        (folder / "shelf.toml").write_text(_IDENTITY)

    @contextmanager
    def on(self, program: str = "") -> Iterator[UnixBoard]:
        with unix_board(
            self._micropython, self.folder / "flash", blocks=256, rom=self.rom, program=program, at=self.at
        ) as unix:
            yield unix

    def provision(self, unix: UnixBoard, *more: str) -> Ran:
        files = ("--board", self.folder / "desk.toml", "--identity", self.folder / "shelf.toml")
        return board_command("provision", "--port", unix.port, *files, *more)

    def start(self) -> str:
        """What the loader says and starts."""
        with self.on(_START) as unix:
            unix.wait_for(b"READY")
            return bytes(unix.said).partition(b"READY")[0].decode().replace("\r", "").strip()


@pytest.fixture
def desk(micropython: str, tmp_path: Path) -> Desk:
    return Desk(micropython, tmp_path)


def _put(unix: UnixBoard, files: dict[str, bytes]) -> None:
    with BoardConnection.open(unix.port) as board:
        deliver(board, plan_delivery(board, files))


def _read(unix: UnixBoard, *paths: str) -> dict[str, bytes]:
    with BoardConnection.open(unix.port) as board:
        return read_files(board, paths)


def _holds(desk: Desk, image: bytes) -> bool:
    return desk.rom.path.read_bytes().startswith(image)


@kinds
def test_the_runtime_goes_into_the_rom_and_is_started_there(desk: Desk, kind: str) -> None:
    desk.rom = RomPart(desk.rom.path, kind=kind)
    with desk.on() as unix:
        ran = desk.provision(unix)
        assert f"an image of {len(runtime_image()):,} bytes in its ROM, 5 files sent" in ran.out, ran.error
        assert _read(unix, *start_files(), *slot_files()) == start_files()
    assert _holds(desk, runtime_image())
    assert desk.start() == "started 'rom' /rom/cygnet/micro/runtime.mpy"


@pytest.mark.parametrize(("kb", "started"), [(256, "'rom' /rom"), (64, "'a' /flash")])
def test_a_board_that_has_its_files_as_a_pyboard_is_provisioned_there(desk: Desk, kb: int, started: str) -> None:
    desk.rom, desk.at = RomPart(desk.rom.path, kb=kb), "/flash"
    with desk.on() as unix:
        assert "desk is shelf-1 of shop" in desk.provision(unix).out
        assert "nothing to send" in desk.provision(unix).out
    assert desk.start().startswith(f"started {started}/cygnet")


def test_a_second_time_nothing_is_sent(desk: Desk) -> None:
    with desk.on() as unix:
        first = len(unix.heard)
        desk.provision(unix)
        sent = len(unix.heard) - first
        ran = desk.provision(unix)
        assert "nothing to send, 4 files are right" in ran.out
        assert len(unix.heard) - first - sent < sent // 10
        assert "leave the runtime in its 256 KiB of ROM as it is" in desk.provision(unix, "--dry-run").out
        installed = board_command("install", "--port", unix.port, "--board", desk.folder / "desk.toml")
        assert "nothing to send, 4 files are right" in installed.out


def test_a_dry_run_says_where_the_runtime_would_go_and_changes_nothing(desk: Desk) -> None:
    with desk.on() as unix:
        ran = desk.provision(unix, "--dry-run")
        assert f"write the runtime, {len(runtime_image()):,} bytes, as an image into its 256 KiB of ROM" in ran.out
        assert "Nothing was done." in ran.out
    assert desk.rom.path.read_bytes() == b"\xff" * 256 * 1024


WITHOUT = {
    "no room in it": ("memory", 64, b"", "its ROM of 64 KiB has no room for the runtime of "),
    "somebody's files in it": (
        "memory",
        256,
        romfs_image({"model.tflite": b"x", "lib/a.py": b""}),
        "its ROM holds something else (lib, model.tflite), which stays: the runtime goes into files; to give the ROM",
    ),
    "none": (
        "none",
        256,
        b"",
        "its firmware has no ROM partition: with MicroPython 1.25 or newer, which has one of 99",
    ),
}


@pytest.mark.parametrize("case", WITHOUT)
def test_without_a_rom_for_it_the_runtime_goes_into_files(desk: Desk, case: str) -> None:
    kind, kb, holds, sentence = WITHOUT[case]
    (desk.folder / "desk.toml").write_text(
        BOARD.format(wifi="false", signature="ed25519") + "\n[memory]\nromfs_kb = 99\n"
    )
    desk.rom = RomPart(desk.rom.path, kb=kb, kind=kind)
    desk.rom.path.write_bytes(holds.ljust(kb * 1024, b"\xff"))
    before = desk.rom.path.read_bytes()
    with desk.on() as unix:
        ran = desk.provision(unix)
        assert sentence in ran.out, ran.error
        assert _read(unix, *slot_files()) == slot_files()
        assert "nothing to send" in desk.provision(unix).out
    assert desk.rom.path.read_bytes() == before
    assert desk.start() == "started 'a' /cygnet/a/micro/runtime.mpy"


def test_an_empty_image_is_nobodys(desk: Desk) -> None:
    desk.rom.path.write_bytes(romfs_image({}).ljust(256 * 1024, b"\xff"))
    with desk.on() as unix:
        assert "bytes in its ROM" in desk.provision(unix).out
    assert _holds(desk, runtime_image())


def test_the_image_of_another_version_is_replaced_and_nothing_runs_from_it_meanwhile(desk: Desk) -> None:
    desk.rom.path.write_bytes(runtime_image("0.0.1").ljust(256 * 1024, b"\xff"))
    with desk.on() as unix:
        assert f"an image of {len(runtime_image()):,} bytes in its ROM" in desk.provision(unix).out
    desk.rom.path.write_bytes(runtime_image("0.0.1").ljust(256 * 1024, b"\xff"))
    with desk.on(_RUNS) as unix, BoardConnection.open(unix.port) as board:
        runs = "import sys\nprint(['micro' in sys.modules])"
        assert board.answers(runs, "asking") == [[True]]
        plan = plan_rom(board, runtime_image())
        assert plan.write
        write_rom(board, plan)
        assert board.answers(runs, "asking") == [[False]]
        assert not plan_rom(board, runtime_image()).write


class _Watched(RomPart):
    """With a watchdog that says what is done to it."""

    def boot(self) -> str:
        return super().boot() + _MACHINE


_MACHINE = """
class _Machine:
    log = []
    def WDT(self, timeout):
        self.log.append(timeout)
        return self
    def feed(self):
        self.log.append('fed')
    def Timer(self, id):
        return self
    def init(self, period, callback):
        callback(self)
sys.modules['machine'] = _Machine()
"""


@pytest.mark.parametrize(("watchdog", "expected"), [(8, [8000, "fed"]), (0, [])])
def test_a_watchdog_that_runs_is_fed_while_the_rom_is_written(
    desk: Desk, watchdog: int, expected: list[object]
) -> None:
    desk.rom = _Watched(desk.rom.path)
    desk.rom.path.write_bytes(runtime_image("0.0.1").ljust(256 * 1024, b"\xff"))
    with desk.on() as unix:
        board_file = json.dumps({"watchdog": watchdog}).encode()
        _put(unix, {"/cygnet/board.json": board_file, **start_files()})
    with desk.on(_RUNS) as unix, BoardConnection.open(unix.port) as board:
        write_rom(board, plan_rom(board, runtime_image()))
        assert board.answers("import machine\nprint(machine.log)", "asking") == [expected]


def test_from_files_into_the_rom_and_back(desk: Desk) -> None:
    small, large = RomPart(desk.rom.path, kb=64), RomPart(desk.rom.path.with_name("large"))
    desk.rom = small
    with desk.on() as unix:
        desk.provision(unix)
    assert desk.start().startswith("started 'a'")
    desk.rom = large
    with desk.on() as unix:
        moved = desk.provision(unix)
        assert "gives way" not in moved.out
        assert _read(unix, _BOOT, *slot_files()) == {}
    assert desk.start().startswith("started 'rom'")
    small.path.write_bytes(_runtime("1").ljust(64 * 1024, b"\xff"))
    desk.rom = small  # too small for this one, and has an older one in it
    with desk.on() as unix:
        back = desk.provision(unix)
        assert "has no room" in back.out
        assert "gives way" not in back.out
        assert "nothing to send" in desk.provision(unix).out
    assert desk.start().startswith("started 'a'")


@pytest.mark.parametrize("good", ["a", "b"])
def test_the_runtime_of_the_cable_wins_over_one_that_the_fleet_brought(desk: Desk, good: str) -> None:
    with desk.on() as unix:
        desk.provision(unix)
        slot = {f"/cygnet/{good}/{name}": data for name, data in runtime_files("9.9.9").items()}
        _put(unix, {_BOOT: boot_record(good), **slot})
    assert desk.start() == f"started '{good}' /cygnet/{good}/micro/runtime.mpy"
    with desk.on() as unix:
        assert "its runtime from the fleet gives way to the one of this computer" in desk.provision(unix).out
        assert _read(unix, _BOOT, *slot) == {}
    assert desk.start() == "started 'rom' /rom/cygnet/micro/runtime.mpy"


# Power cuts


def _runtime(version: str) -> bytes:
    """A small image that is as a runtime's, over several sectors."""
    noise = bytes(hash((version, number)) % 251 for number in range(9000))
    files = {"micro/__init__.py": b"", "micro/runtime.py": f"version = {version!r}\n".encode(), "micro/noise": noise}
    return image_of(_listed(files, version))


def _listed(files: dict[str, bytes], version: str) -> dict[str, bytes]:
    return {**files, "runtime.json": _runtime_list(files, version)}


@kinds
@pytest.mark.parametrize(
    "other", [pytest.param(False, id="nothing else", marks=pytest.mark.slow), pytest.param(True, id="one of the fleet")]
)
def test_a_power_cut_at_any_change_of_the_rom_leaves_a_board_that_comes_back(
    desk: Desk, kind: str, other: bool
) -> None:
    old, new = _runtime("1"), _runtime("2")
    desk.rom.path.write_bytes(old.ljust(64 * 1024, b"\xff"))
    with desk.on() as unix:
        files = {**start_files(), _BOOT: boot_record("rom")}
        if other:
            files |= {
                f"/cygnet/b/{name}": data
                for name, data in _listed({"micro/__init__.py": b"", "micro/runtime.py": b""}, "3").items()
            }
        _put(unix, files)
    before = desk.rom.path.read_bytes(), (desk.folder / "flash").read_bytes()
    cuts, ends = 0, set()
    while True:
        desk.rom.path.write_bytes(before[0])
        (desk.folder / "flash").write_bytes(before[1])
        desk.rom = RomPart(desk.rom.path, kb=64, kind=kind, left=cuts)
        with desk.on() as unix:
            try:
                with BoardConnection.open(unix.port) as board:
                    write_rom(board, plan_rom(board, new))
            except BoardConnectionError as error:
                assert "repeat" in str(error)  # noqa: PT017 - the last one writes all
            else:
                break
        cuts += 1
        desk.rom = RomPart(desk.rom.path, kb=64, kind=kind)
        said = desk.start()
        ends.add(said)
        assert _holds(desk, old) or _holds(desk, new) or "started 'rom'" not in said, f"cut {cuts}: {said}"
        with desk.on() as unix, BoardConnection.open(unix.port) as board:
            write_rom(board, plan_rom(board, new))
            deliver(board, plan_delivery(board, {}, gone=[_BOOT, _BOOT + ".new"]))
        assert _holds(desk, new)
        assert desk.start() == "started 'rom' /rom/cygnet/micro/runtime.py"
    assert cuts > 6
    lost = "error loader: slot rom is damaged"
    then = "; slot b is started instead\nstarted 'b' /cygnet/b/micro/runtime.py"
    nothing = ", and there is no other; run `cygnet board provision`"
    assert ends == {lost + (then if other else nothing), "started 'rom' /rom/cygnet/micro/runtime.py"}


def test_a_provisioning_that_is_cut_while_the_rom_is_written_is_repeated(desk: Desk) -> None:
    with desk.on() as unix:
        desk.provision(unix)
    desk.rom.path.write_bytes(runtime_image("0.0.1").ljust(256 * 1024, b"\xff"))
    desk.rom = RomPart(desk.rom.path, left=45)
    with desk.on() as unix:
        assert "while writing its ROM" in desk.provision(unix).error
    desk.rom = RomPart(desk.rom.path)
    assert " is damaged, and there is no other; run `cygnet board provision`" in desk.start()
    with desk.on() as unix:
        assert "bytes in its ROM" in desk.provision(unix).out
    assert desk.start() == "started 'rom' /rom/cygnet/micro/runtime.mpy"


def test_what_arrives_damaged_is_no_image(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk.on() as unix, BoardConnection.open(unix.port) as board:
        plan = plan_rom(board, _runtime("1"))
        monkeypatch.setattr(rom, "content", lambda data, **more: content(data[:-1] + b"\0", **more))
        with pytest.raises(ProvisionError, match="does not hold what was written; repeat the command"):
            write_rom(board, plan)
        monkeypatch.undo()
        assert plan_rom(board, _runtime("1")).rom.entries == ()
        write_rom(board, plan_rom(board, _runtime("1")))
        assert not plan_rom(board, _runtime("1")).write


# The loader


_NEWER = {"good": "b", "trial": "a", "version": "2", "tries": 0, "starts": 0, "failed": None}
STARTS: dict[str, tuple[str, str, dict[str, object] | None, str]] = {
    # what lies in the ROM, which slots are whole, the record, what is started
    "a new board": ("whole", "", None, "rom"),
    "a new board without a ROM": ("none", "a", None, "a"),
    "files beside a ROM, no record": ("whole", "a", None, "rom"),
    "files beside a ROM, by the record": ("whole", "a", {"good": "a"}, "a"),
    "an update on trial": ("whole", "a", {"good": "rom", "trial": "a"}, "a"),
    "an update that failed its trial": ("whole", "a", {"good": "rom", "trial": "a", "tries": 3}, "rom"),
    "an update that was kept": ("whole", "a", {"good": "a"}, "a"),
    "the update after that": ("whole", "ab", {"good": "a", "trial": "b"}, "b"),
    "a ROM that is gone": ("none", "b", {"good": "rom"}, "b"),
    "a ROM that is gone, and half a slot": ("none", "", {"good": "rom"}, ""),
    "a ROM that is gone, and an update on trial": ("none", "a", {"good": "rom", "trial": "a"}, "a"),
    "a damaged ROM that starts": ("damaged", "b", {"good": "rom"}, "rom"),
    "a damaged ROM that does not start any more": ("damaged", "b", {"good": "rom", "starts": 6}, "b"),
    "a damaged ROM, and no other": ("damaged", "", {"good": "rom", "starts": 6}, "rom"),
    "a damaged slot that does not start any more": ("whole", "", {"good": "a", "starts": 6}, "rom"),
    "a whole ROM that does not start any more": ("whole", "a", {"good": "rom", "starts": 6}, "rom"),
}


@pytest.mark.parametrize("case", STARTS)
def test_the_loader_chooses(micropython: str, tmp_path: Path, case: str) -> None:
    in_rom, whole, record, expected = STARTS[case]
    files = _listed({"micro/__init__.py": b"", "micro/runtime.py": b"x = 1\n"}, "1")
    image = image_of(files)
    part = RomPart(tmp_path / "rom", kb=8)
    holds = {"whole": image, "damaged": image.replace(b"x = 1", b"x = 2"), "none": b""}[in_rom]
    part.path.write_bytes(holds.ljust(8192, b"\xff"))
    for slot in "ab":
        for name, data in files.items():
            path = tmp_path / "cygnet" / slot / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data if slot in whole or name == "runtime.json" else b"torn")
    if record is not None:
        fresh = {"good": "rom", "trial": "", "version": "", "tries": 0, "starts": 0, "failed": None}
        (tmp_path / "cygnet" / "boot.json").write_bytes(record_bytes({**fresh, **record}))
    shutil.copy(Path("device_runtime/micro/loader.py"), tmp_path)
    code = (
        f"{part.boot()}\nscope = {{'__name__': 'loader'}}\nexec(open({str(tmp_path / 'loader.py')!r}).read(), scope)\n"
        f"print('\\nslot', repr(scope['choose']({str(tmp_path) + '/'!r})[0]))\n"
    )
    ran = subprocess.run([micropython, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout.splitlines()[-1] == f"slot {expected!r}", ran.stdout + ran.stderr
