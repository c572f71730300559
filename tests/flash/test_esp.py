"""ESP32: the real esptool against a ROM loader in software. It proves flashing, not that a chip starts."""

import csv
import dataclasses
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from device_runtime.host.board import find_micro_board
from firmware_tools.flash.backend import backend_for
from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.job import Silent
from tests.flash.conftest import (
    ESP32,
    ESP32_C3,
    ESP32_S3,
    PICO_W,
    Said,
    Watching,
    document,
    job,
    one_sentence,
    usb_port,
)
from tests.flash.fake_esp import FakeEsp32

Run = Callable[..., Said]
OFFSET = 0x1000


def test_firmware_is_written_where_the_board_file_says_and_verified(run: Run) -> None:
    with FakeEsp32() as chip:
        said = run("flash", ESP32, "--board", "esp32", "--port", chip.device)
        assert said.error is None
        assert "the MD5 of the flash is that of the file" in said.out
        data = ESP32.read_bytes()
        assert bytes(chip.flash[OFFSET : OFFSET + len(data)]) == data
        assert set(chip.flash[:OFFSET]) == {0xFF}


@pytest.mark.parametrize(
    ("board", "chip", "firmware", "flash_mb"),
    [("esp32-c3", "esp32c3", ESP32_C3, 4), ("esp32-s3-speaker", "esp32s3", ESP32_S3, 8)],
)
def test_each_chip_gets_its_firmware_where_it_looks_for_it(
    run: Run, board: str, chip: str, firmware: Path, flash_mb: int
) -> None:
    with FakeEsp32(chip=chip, flash_mb=flash_mb) as rom:
        said = run("flash", firmware, "--port", rom.device, "--json")
        assert said.error is None
        (result,) = document(said)
        assert (result["board"], result["identity"]) == (board, "a4:cf:33:44:55:66")
        data = firmware.read_bytes()
        assert bytes(rom.flash[: len(data)]) == data


def test_a_chip_that_is_too_old_for_an_image_is_told(run: Run) -> None:
    with FakeEsp32(chip="esp32c3", revision=0) as rom:
        said = run("flash", ESP32_C3, "--board", "esp32-c3", "--port", rom.device)
        assert isinstance(said.error, FlashError)
        assert said.error.kind == "wrong-chip"
        words = (
            "requires chip revision in range v0.3 - v1.99 (this chip is revision v0.0); take other firmware, or another"
        )
        assert words in one_sentence(said.error)
        assert set(rom.flash) == {0xFF}


def test_flashing_may_be_repeated(run: Run) -> None:
    with FakeEsp32() as chip:
        for _ in range(2):
            chip.restart()
            assert run("flash", ESP32, "--board", "esp32", "--port", chip.device).error is None


def test_erasing_comes_first(run: Run) -> None:
    with FakeEsp32() as chip:
        chip.flash[-1] = 7
        assert run("flash", ESP32, "--board", "esp32", "--port", chip.device, "--erase").error is None
        assert chip.flash[-1] == 0xFF


def test_a_chip_is_named_by_its_rom_loader(run: Run) -> None:
    with FakeEsp32() as chip:
        (found,) = document(run("detect", "--port", chip.device, "--json"))
    assert (found["mode"], found["chip"], found["boards"]) == ("bootloader", "esp32", ["esp32"])
    assert found["says"] == "MAC a4:cf:33:44:55:66"


def test_the_board_need_not_be_named_when_its_chip_says_which_it_is(run: Run) -> None:
    with FakeEsp32() as chip:
        said = run("flash", ESP32, "--port", chip.device, "--json")
        assert said.error is None
        (result,) = document(said)
        assert (result["board"], result["result"], result["identity"]) == ("esp32", "ok", "a4:cf:33:44:55:66")


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ({"flash_mb": 1}, "too-small", "but the board on {device} has 0x100000; use smaller firmware"),
        ({"forgetful": True}, "verification", "what is in the flash is not what was written"),
        ({"refuse_at": 3}, "vanished", "stopped in the middle (Failed to write compressed data to flash after seq 3"),
        ({"drop_at": 5}, "vanished", "{device} went away in the middle; look at cable and plug, and do it again"),
        ({"silent": True}, "wrong-mode", "no ROM loader answers on {device}; hold the board's BOOT button"),
        ({"magic": 0xFFF0C101}, "wrong-board", "has esp8266, but esp32 has esp32; name another port or another board"),
        ({"magic": 0x12345678}, "wrong-mode", "no chip that esptool knows answers on {device}"),
    ],
)
def test_each_failure_is_one_sentence_that_says_what_to_do(
    run: Run, fault: dict[str, int], kind: str, words: str
) -> None:
    with FakeEsp32(**fault) as chip:  # type: ignore[arg-type]
        said = run("flash", ESP32, "--board", "esp32", "--port", chip.device)
        assert isinstance(said.error, FlashError)
        assert said.error.kind == kind
        assert words.format(device=chip.device) in one_sentence(said.error)
        assert said.code == 1


@pytest.mark.parametrize(("firmware", "chip"), [(ESP32_C3, "esp32c3"), (ESP32_S3, "esp32s3")])
def test_an_image_for_another_chip_is_refused_before_the_board_is_touched(run: Run, firmware: Path, chip: str) -> None:
    with FakeEsp32() as rom:
        said = run("flash", firmware, "--board", "esp32", "--port", rom.device)
        assert f"is for {chip}, but esp32 has esp32" in one_sentence(said.error)
        assert rom.commands == []


def test_a_board_with_another_chip_is_told_before_anything_is_written(run: Run) -> None:
    with FakeEsp32() as rom:
        said = run("flash", ESP32_C3, "--board", "esp32-c3", "--port", rom.device)
        assert f"the board on {rom.device} has esp32, but esp32-c3 has esp32c3" in one_sentence(said.error)
        assert not {0x02, 0x10, 0xD0} & set(rom.commands)


def test_a_board_of_another_kind_says_itself_which_it_is(run: Run, pico: Callable[[Path], str]) -> None:
    port = pico(PICO_W)
    said = run("flash", ESP32, "--board", "esp32", "--port", port)
    words = f"the board on {port} is a Raspberry Pi Pico W with RP2040, but esp32 has esp32; name another port"
    assert words in one_sentence(said.error)


def test_firmware_that_is_larger_than_the_board_files_flash_is_refused(tmp_path: Path) -> None:
    small = dataclasses.replace(find_micro_board("esp32"), name="small")
    small = dataclasses.replace(small, flash=dataclasses.replace(small.flash, flash_kb=1024))
    with pytest.raises(
        FlashError, match=r"needs flash up to 0x001ae8e0, but that of small ends at 0x00100000"
    ) as failure:
        backend_for("esp").check(dataclasses.replace(job("esp32", "", ESP32), board=small))
    assert failure.value.kind == "too-small"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[:100_000], "is damaged or not whole"),
        (lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:], "its own checksum does not fit"),
        (lambda data: data[:200_000] + bytes([data[200_000] ^ 1]) + data[200_001:], "its own checksum does not fit"),
        (lambda data: b"\0" + data[1:], "does not begin with 0xE9"),
        (lambda data: data[:0], "does not begin with 0xE9"),
    ],
)
def test_a_damaged_image_is_refused(tmp_path: Path, damage: Callable[[bytes], bytes], words: str) -> None:
    path = tmp_path / "damaged.bin"
    path.write_bytes(damage(ESP32.read_bytes()))
    with pytest.raises(FlashError, match=words) as failure:
        backend_for("esp").check(job("esp32", "", path))
    assert failure.value.kind == "firmware"


def test_a_dry_run_tells_the_plan_and_touches_nothing(run: Run) -> None:
    with FakeEsp32() as rom:
        said = run("flash", ESP32, "--board", "esp32", "--port", rom.device, "--dry-run")
        assert said.error is None
        assert f"write {ESP32} at 0x1000" in said.out
        assert "Nothing was done." in said.out
        assert rom.commands == []


def test_a_port_that_is_not_there_is_told_with_those_that_are(run: Run, usb_ports: list[object]) -> None:
    usb_ports.append(usb_port("/dev/ttyUSB7", "10c4:ea60"))
    said = run("flash", ESP32, "--board", "esp32", "--port", "/dev/ttyUSB9")
    assert "there is no port /dev/ttyUSB9 (there are: /dev/ttyUSB7)" in one_sentence(said.error)


def test_a_busy_port_is_told_with_who_has_it(run: Run) -> None:
    with FakeEsp32() as rom:
        code = (
            f"import fcntl,os,sys\nport=os.open({rom.device!r},os.O_RDWR)\nfcntl.flock(port,fcntl.LOCK_EX)\n"
            "print(1,flush=True)\nsys.stdin.read()"
        )
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            other.stdout.readline()
            said = run("flash", ESP32, "--board", "esp32", "--port", rom.device)
            (found,) = document(run("detect", "--port", rom.device, "--json"))
            assert other.stdin is not None
            other.stdin.close()
        assert isinstance(said.error, FlashError)
        assert said.error.kind == "busy"
        assert f"({other.pid}) has it open; end that and try again" in one_sentence(said.error)
        assert found["mode"] == "busy"


@pytest.mark.skipif(os.geteuid() != 0, reason="another user can only be played by root")
def test_a_port_that_one_may_not_open_is_told_with_the_way_to_a_rule() -> None:
    with FakeEsp32() as rom:
        code = (
            "import os\n"
            "from firmware_tools.flash.ports import check_port\n"
            "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            f"try:\n check_port({rom.device!r})\nexcept Exception as error:\n print(error.kind, error)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"permission {rom.device} may not be opened by you (it is c")
    assert "`cygnet board doctor` has the rule for udev" in done.stdout


def test_many_boards_are_flashed_at_once_and_each_has_a_line_in_the_record(run: Run, tmp_path: Path) -> None:
    record = tmp_path / "bench.csv"
    with FakeEsp32() as good, FakeEsp32(forgetful=True) as bad, FakeEsp32() as other:
        ports = [word for rom in (good, bad, other) for word in ("--port", rom.device)]
        said = run("flash", ESP32, "--board", "esp32", *ports, "--record", record)
        assert f"1 of 3 boards failed: {bad.device}" in one_sentence(said.error)
        assert said.out.count("the MD5 of the flash is that of the file") == 2
        run("flash", ESP32, "--board", "esp32", "--port", "/dev/not-there", "--record", record)
        with record.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert {row["place"]: row["result"] for row in rows} == {
            good.device: "ok", bad.device: "verification", other.device: "ok", "/dev/not-there": "no-board",
        }  # fmt: skip
        assert rows[0]["sha256"] == hashlib.sha256(ESP32.read_bytes()).hexdigest()
        assert {row["identity"] for row in rows if row["result"] != "no-board"} == {"a4:cf:33:44:55:66"}


def test_all_boards_of_a_kind_are_found_by_themselves(run: Run, usb_ports: list[object]) -> None:
    with FakeEsp32() as one, FakeEsp32() as two:
        usb_ports += [usb_port(one.device, "10c4:ea60"), usb_port(two.device, "1a86:7523")]
        alone = run("flash", ESP32, "--board", "esp32")
        assert f"2 boards fit ({', '.join(sorted((one.device, two.device)))})" in one_sentence(alone.error)
        said = run("flash", ESP32, "--board", "esp32", "--all", "--json")
        assert {row["place"]: row["result"] for row in document(said)} == {one.device: "ok", two.device: "ok"}


def test_another_file_is_not_taken_for_a_record(run: Run, tmp_path: Path) -> None:
    notes = tmp_path / "notes.csv"
    notes.write_text("a,b\n")
    with FakeEsp32() as rom:
        said = run("flash", ESP32, "--board", "esp32", "--port", rom.device, "--record", notes)
    assert "is no record of boards" in one_sentence(said.error)
    assert notes.read_text() == "a,b\n"


def test_the_flash_is_read_into_a_file(run: Run, tmp_path: Path) -> None:
    with FakeEsp32(flash_mb=1) as chip:
        chip.flash[:] = os.urandom(len(chip.flash))
        path = tmp_path / "kept.bin"
        assert run("backup", path, "--port", chip.device, "--board", "esp32").error is None
        assert path.read_bytes() == bytes(chip.flash)
        chip.restart()
        again = run("backup", path, "--port", chip.device, "--board", "esp32")
        assert "is there already, and a backup is not written over" in one_sentence(again.error)


def test_progress_is_told_to_the_end() -> None:
    with FakeEsp32() as chip:
        ended: list[bool] = []
        watching = Watching(ESP32.stat().st_size, lambda: ended.append(True))
        backend_for("esp").flash(job("esp32", chip.device, ESP32), watching)
        assert ended == [True]
        assert watching.steps[-1] == "resetting"


def test_a_board_without_a_wire_is_reset_by_hand(run: Run) -> None:
    with FakeEsp32() as chip:
        said = run("reset", "--port", chip.device)
        assert "has no wire for a reset; press the board's reset button" in one_sentence(said.error)


def test_speed_that_a_bridge_cannot_do_is_no_failure() -> None:
    with FakeEsp32() as chip:
        outcome = backend_for("esp").flash(job("esp32", chip.device, ESP32, baud=115200), Silent())
        assert outcome.written == ESP32.stat().st_size
