"""Firmware is a file that the user names or keeps, and its SHA-256 is compared with what somebody said it is."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.firmware import cache_directory, find_firmware, keep_firmware
from tests.flash.conftest import ESP32, Said, one_sentence
from tests.flash.fake_esp import FakeEsp32

Run = Callable[..., Said]
DATA = b"firmware"
HASH = hashlib.sha256(DATA).hexdigest()
OTHER = "0" * 64


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "f.bin"
    path.write_bytes(DATA)
    return path


def test_nobody_needs_to_say_what_the_hash_is(file: Path) -> None:
    assert (find_firmware(str(file)).sha256, find_firmware(str(file)).checked_by) == (HASH, "")


def test_the_hash_of_the_command_line_comes_first(file: Path) -> None:
    file.with_name("f.bin.sha256").write_text(f"{OTHER}  f.bin\n")
    assert find_firmware(str(file), HASH.upper()).checked_by == "--sha256"


def test_a_hash_beside_the_file_is_compared(file: Path) -> None:
    beside = file.with_name("f.bin.sha256")
    beside.write_text(f"{HASH}  f.bin\n")
    assert find_firmware(str(file)).checked_by == str(beside)
    file.write_bytes(DATA + b"!")
    with pytest.raises(FlashError, match=f"but {beside} says {HASH}; get the file again"):
        find_firmware(str(file))


@pytest.mark.parametrize("given", ["abc", OTHER + "0", "g" * 64])
def test_what_is_no_hash_is_told(file: Path, given: str) -> None:
    with pytest.raises(FlashError, match="--sha256 takes 64 hexadecimal digits"):
        find_firmware(str(file), given)


def test_a_file_of_hashes_that_holds_none_is_told(file: Path) -> None:
    file.with_name("f.bin.sha256").write_text("<html>")
    with pytest.raises(FlashError, match="does not begin with a SHA-256"):
        find_firmware(str(file))


def test_what_was_kept_is_found_by_its_name_and_compared_with_the_record(file: Path) -> None:
    kept = keep_firmware(find_firmware(str(file)))
    file.unlink()
    found = find_firmware("f.bin")
    assert (found.path, found.sha256) == (kept, HASH)
    assert found.checked_by.startswith("the record ")
    kept.write_bytes(b"rotten")
    with pytest.raises(FlashError, match=r"but the record .* says"):
        find_firmware("f.bin")


def test_an_entry_that_is_not_kept_is_told_with_those_that_are(file: Path) -> None:
    with pytest.raises(FlashError, match=r"neither as a file nor in .*the cache is empty"):
        find_firmware("g.bin")
    keep_firmware(find_firmware(str(file)))
    with pytest.raises(FlashError, match=r"\(kept are f\.bin\); name a file that you have"):
        find_firmware("g.bin")


def test_a_record_that_is_damaged_is_told(file: Path) -> None:
    keep_firmware(find_firmware(str(file)))
    (cache_directory() / "firmware.json").write_text("{")
    with pytest.raises(FlashError, match="remove it and keep firmware again"):
        find_firmware("f.bin")


def test_keeping_and_naming_go_through_the_command(run: Run) -> None:
    with FakeEsp32() as chip:
        assert run("flash", ESP32, "--board", "esp32", "--port", chip.device, "--keep").error is None
        chip.restart()
        assert run("flash", ESP32.name, "--board", "esp32", "--port", chip.device).error is None
        said = run("flash", ESP32, "--board", "esp32", "--port", chip.device, "--sha256", OTHER)
        assert "but --sha256 says" in one_sentence(said.error)


def test_the_wrong_kind_of_file_is_told(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "f.uf2"
    path.write_bytes(bytes(512))
    said = run("flash", path, "--board", "esp32", "--port", "/dev/null")
    assert "is not what esp32 takes by esp: .bin; use such a file" in one_sentence(said.error)
