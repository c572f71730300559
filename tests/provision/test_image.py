"""Images for a first flash: what is in them, that MicroPython mounts them, and that firmware stays whole."""

import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from device_runtime.host.board import find_micro_board
from firmware_tools.flash.chips import CHIPS
from firmware_tools.flash.images import read_esp, read_uf2
from firmware_tools.provision.errors import ProvisionError
from firmware_tools.provision.held import parse_record
from firmware_tools.provision.identity import Identity
from firmware_tools.provision.image import (
    Place,
    esp_place,
    littlefs_image,
    read_littlefs,
    rp2_place,
    uf2_with,
)
from firmware_tools.provision.provisioning import board_files
from firmware_tools.provision.rom import runtime_image
from firmware_tools.provision.runtime import runtime_files, slot_files
from firmware_tools.provision.whole_image import write_image
from tests.boards.power import stock_firmware

_KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
_IDENTITY = Identity("shop", "shelf-1", "broker.example", 1883, False, _KEY, wifi=(("Shop", "radio-secret"),))
_FILES = {"/main.py": b"print(1)\n", "/cygnet/a/deep/er/x.mpy": bytes(range(256)) * 50, "/cygnet/empty": b""}


def test_micropython_mounts_a_littlefs_image_and_writes_to_it(micropython: str, tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(littlefs_image(_FILES, 64 * 4096))
    code = f"""
import os, vfs
class Flash:
    def __init__(self, data): self.data = data
    def readblocks(self, n, buf, off=0): buf[:] = self.data[n * 4096 + off : n * 4096 + off + len(buf)]
    def writeblocks(self, n, buf, off=0): self.data[n * 4096 + off : n * 4096 + off + len(buf)] = buf
    def ioctl(self, op, arg): return {{4: 64, 5: 4096, 6: 0}}.get(op)
data = bytearray(open({str(tmp_path / "image")!r}, "rb").read())
vfs.mount(vfs.VfsLfs2(Flash(data)), "/flash")
os.chdir("/flash")
print(sorted(os.listdir("/flash/cygnet")), os.stat("/flash/cygnet/a/deep/er/x.mpy")[6])
with open("new", "w") as file: file.write("x")
print(open("/flash/main.py").read(), open("new").read())
"""
    ran = subprocess.run([micropython, "-X", "heapsize=2m", "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout.split() == ["['a',", "'empty']", "12800", "print(1)", "x"], ran.stderr


def test_an_image_reads_back() -> None:
    assert read_littlefs(littlefs_image(_FILES, 64 * 4096)) == _FILES


def test_files_that_do_not_fit_are_counted() -> None:
    with pytest.raises(ProvisionError, match="500,000 bytes in 1 files do not fit into a file system of 256 KiB"):
        littlefs_image({"/x": bytes(500_000)}, 64 * 4096)


def test_a_uf2_file_brings_firmware_and_files_to_a_pico(tmp_path: Path) -> None:
    micro, firmware = find_micro_board("pico-w"), stock_firmware("rpi-pico-w")
    told = write_image(micro, _IDENTITY, firmware, tmp_path / "all.uf2")
    assert "UF2 file of" in told
    assert "cygnet board flash" in told
    assert (tmp_path / "all.uf2").stat().st_mode & 0o077 == 0
    data, spans = read_uf2(tmp_path / "all.uf2", CHIPS["rp2040"], micro.name)
    assert data.startswith(firmware.read_bytes()[:20])
    place = rp2_place(micro)
    assert spans[-1].end == 0x10000000 + 2048 * 1024
    image = b"".join(
        data[at + 32 : at + 288]
        for at in range(0, len(data), 512)
        if struct.unpack_from("<I", data, at + 12)[0] >= 0x10000000 + place.offset
    )
    held = read_littlefs(image)
    wanted = board_files(micro, _IDENTITY)
    assert {path: held[path] for path in wanted if "identity" not in path} == {
        path: data for path, data in wanted.items() if "identity" not in path
    }
    assert b"radio-secret" in held["/cygnet/identity.json"]
    record = parse_record(held["/cygnet/boot.json"])
    assert record is not None
    assert record[1]["good"] == "a"  # whatever the board has in a ROM


def test_one_image_brings_firmware_and_files_to_an_esp32(tmp_path: Path) -> None:
    micro, firmware = find_micro_board("esp32"), stock_firmware("esp32")
    write_image(micro, _IDENTITY, firmware, tmp_path / "all.bin")
    data = read_esp(tmp_path / "all.bin", CHIPS["esp32"], micro.name, micro.flash.offset)
    place = esp_place(firmware.read_bytes(), micro.flash.offset, micro)
    assert place == Place(0x200000, 0x200000)
    assert data.startswith(firmware.read_bytes())
    assert "/main.py" in read_littlefs(data[place.offset - micro.flash.offset :])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda data: data[:700], "no multiple of 512"),
        (lambda data: data[:4] + b"x" + data[5:], "lacks its marks"),
        (lambda _: b"", "empty file"),
    ],
)
def test_a_firmware_file_that_is_no_uf2_is_refused(change, expected: str) -> None:  # type: ignore[no-untyped-def]
    data = change(stock_firmware("rpi-pico-w").read_bytes()[: 512 * 4])
    with pytest.raises(ProvisionError, match=expected):
        uf2_with(data, b"", Place(0x12C000, 868352))


def test_firmware_for_a_larger_flash_is_not_written_over() -> None:
    with pytest.raises(ProvisionError, match="reaches into the file system at 0x001000"):
        uf2_with(stock_firmware("rpi-pico-w").read_bytes(), bytes(4096), Place(0x1000, 4096))


@pytest.mark.parametrize(
    ("board", "firmware", "expected"),
    [
        ("esp32", None, "name it with --firmware"),
        ("microbit", None, "has no littlefs; provision it over its cable"),
    ],
)
def test_a_board_that_takes_no_image_says_so(board: str, firmware: None, expected: str, tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match=expected):
        write_image(find_micro_board(board), _IDENTITY, firmware, tmp_path / "x")


def test_an_esp_image_without_a_partition_table_is_refused() -> None:
    with pytest.raises(ProvisionError, match="has no partition table"):
        esp_place(bytes(100_000), 0x1000, find_micro_board("esp32"))


def test_an_image_without_a_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match="knows no network"):
        write_image(find_micro_board("pico-w"), replace(_IDENTITY, wifi=()), None, tmp_path / "x")


_IMPORT = """
import sys, gc, vfs, asyncio, hashlib, json, os, socket, ssl, struct, time
at = sys.argv[1]
if at == '/rom':
    rom = open(sys.argv[2], 'rb').read()
    vfs.mount(vfs.VfsRom(rom), at)
    at += '/cygnet'
sys.path.insert(0, at)
modules = open(sys.argv[3]).read().split()
gc.collect()
before = gc.mem_alloc()
for name in modules:
    __import__(name)
gc.collect()
print(sys.modules['micro.runtime'].__file__, gc.mem_alloc() - before)
"""


def test_the_runtime_runs_from_a_rom_file_system_and_takes_less_memory_there(micropython: str, tmp_path: Path) -> None:
    (tmp_path / "rom").write_bytes(runtime_image())
    (tmp_path / "import.py").write_text(_IMPORT)
    for name, data in runtime_files().items():
        path = tmp_path / "a" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    names = [name.removesuffix(".mpy").replace("/", ".") for name in runtime_files() if name.endswith(".mpy")]
    (tmp_path / "modules").write_text(" ".join(name.removesuffix(".__init__") for name in names))
    taken = {}
    for at, expected in ((str(tmp_path / "a"), f"{tmp_path}/a/micro"), ("/rom", "/rom/cygnet/micro")):
        command = [
            micropython,
            "-X",
            "heapsize=2m",
            f"{tmp_path}/import.py",
            at,
            f"{tmp_path}/rom",
            f"{tmp_path}/modules",
        ]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        file, heap = ran.stdout.split()
        assert file == f"{expected}/runtime.mpy"
        taken[at] = int(heap)
    assert taken["/rom"] < 0.7 * taken[str(tmp_path / "a")], taken


def test_a_pico_w_has_room_for_two_runtimes_and_programs() -> None:
    """An update lies beside the runtime that runs, and littlefs gives each file whole blocks."""
    memory = find_micro_board("pico-w").memory
    assert memory.filesystem_kb
    files = {**slot_files("a"), **slot_files("b"), "/cygnet/programs/x/big": bytes(200 * 1024)}
    assert read_littlefs(littlefs_image(files, memory.filesystem_kb * 1024)).keys() >= files.keys()
