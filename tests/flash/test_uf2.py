"""UF2 drives: folders that play the boot loader, with stock firmware; that firmware comes back, in an emulator."""

import dataclasses
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware_tools.flash import drives
from firmware_tools.flash.backend import backend_for
from firmware_tools.flash.drives import read_drive, write_to_drive
from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.job import Silent, Waits
from tests.flash.conftest import PICO_W, QUICK, BootLoader, Said, Watching, document, job, one_sentence, usb_port

Run = Callable[..., Said]
BLOCK = 512


def test_what_was_written_starts_and_answers_as_the_board(
    run: Run, tmp_path: Path, pico: Callable[[Path], str], usb_ports: list[object]
) -> None:
    def start(data: bytes) -> None:
        taken = tmp_path / "taken.uf2"
        taken.write_bytes(data)
        usb_ports.append(usb_port(pico(taken), "2e8a:0005"))

    with BootLoader(tmp_path / "RPI-RP2", "RPI-RP2", start) as loader:
        said = run("flash", PICO_W, "--board", "pico-w", "--to", loader.folder, "--json")
    assert said.error is None
    (result,) = document(said)
    assert result["result"] == "ok"
    assert "MicroPython 1.27.0 answers on /dev/pts/" in result["detail"]
    assert result["identity"] == "ff" * 8  # what the emulator's `machine.unique_id()` is
    assert loader.takes == PICO_W.read_bytes()


def test_a_board_that_does_not_come_back_is_told(tmp_path: Path) -> None:
    waits = Waits(drive=5.0, back=0.2)
    with BootLoader(tmp_path / "drive", "RPI-RP2") as loader, pytest.raises(FlashError) as failure:
        backend_for("uf2").flash(job("pico-w", loader.folder, PICO_W, waits=waits), Silent())
    assert failure.value.kind == "verification"
    assert "MicroPython did not answer within 0.2 s" in one_sentence(failure.value)


def test_a_drive_is_named_by_what_it_says_of_itself(run: Run, tmp_path: Path) -> None:
    loader = BootLoader(tmp_path / "drive", "RP2350")
    (found,) = document(run("detect", "--drive", loader.folder, "--json"))
    assert (found["boards"], found["mode"], found["chip"]) == (["pico-2-w"], "bootloader", "rp2350")


def test_a_boot_loader_that_does_not_take_the_file_is_told(tmp_path: Path) -> None:
    loader = BootLoader(tmp_path / "drive", "RPI-RP2")  # never started: it only lies there
    with pytest.raises(FlashError, match="has not taken the file after 1 s; bring it into its boot loader") as failure:
        backend_for("uf2").flash(job("pico-w", loader.folder, PICO_W, waits=QUICK), Silent())
    assert failure.value.kind == "verification"


def test_the_drive_of_another_board_is_told(run: Run, tmp_path: Path) -> None:
    loader = BootLoader(tmp_path / "drive", "RP2350")
    said = run("flash", PICO_W, "--board", "pico-w", "--to", loader.folder)
    assert "is of RP2350 (pico-2-w), but pico-w shows RPI-RP2; name another drive" in one_sentence(said.error)
    assert not list(loader.folder.glob("*.UF2"))


def test_a_folder_that_is_no_drive_is_told_with_how_to_get_one(run: Run, tmp_path: Path) -> None:
    said = run("flash", PICO_W, "--board", "pico-w", "--to", tmp_path)
    assert "is no boot loader's drive" in one_sentence(said.error)
    assert "hold BOOTSEL while you plug in the cable" in one_sentence(said.error)


def test_no_drive_at_all_is_told_with_how_to_get_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drives, "_mounted", list)
    said = run("flash", PICO_W, "--board", "pico-w")
    assert "there is no drive of pico-w's boot loader; hold BOOTSEL" in one_sentence(said.error)


def test_a_drive_that_is_mounted_is_found_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with BootLoader(tmp_path / "drive", "RPI-RP2") as loader:
        monkeypatch.setattr(drives, "_mounted", lambda: [tmp_path / "other", loader.folder])
        outcome = backend_for("uf2").flash(job("pico-w", "", PICO_W, waits=QUICK), Silent())
    assert outcome.written == PICO_W.stat().st_size


def test_two_such_drives_are_not_chosen_between(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (BootLoader(tmp_path / name, "RPI-RP2") for name in "ab")
    monkeypatch.setattr(drives, "_mounted", lambda: [one.folder, two.folder])
    said = run("flash", PICO_W, "--board", "pico-w")
    assert f"2 boards show such a drive ({one.folder}, {two.folder})" in one_sentence(said.error)


def test_all_drives_are_flashed_at_once(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with BootLoader(tmp_path / "a", "RPI-RP2") as one, BootLoader(tmp_path / "b", "RPI-RP2") as two:
        monkeypatch.setattr(drives, "_mounted", lambda: [one.folder, two.folder])
        said = run("flash", PICO_W, "--all", "--no-ask", "--json")
        assert said.error is None
        assert {row["place"] for row in document(said)} == {str(one.folder), str(two.folder)}
    assert one.takes == two.takes == PICO_W.read_bytes()


def test_a_board_enters_its_boot_loader_by_its_own_micropython(
    tmp_path: Path, pico: Callable[[Path], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The emulator has no boot loader's drive: that the code to enter it runs is what the test sees.
    port = pico(PICO_W)
    loader = BootLoader(tmp_path / "drive", "RPI-RP2")
    shown: list[Path] = []
    monkeypatch.setattr(drives, "_mounted", lambda: list(shown))
    told: list[str] = []
    from firmware_tools.flash import micropython

    tell = micropython.tell

    def telling(device: str, code: str, seconds: float = 2.0) -> None:
        told.append(code)
        tell(device, code, seconds)
        shown.append(loader.folder)

    monkeypatch.setattr(micropython, "tell", telling)
    with loader:
        backend_for("uf2").flash(job("pico-w", port, PICO_W, waits=Waits(drive=5.0, back=0.0)), Silent())
    assert told == ["import machine\nmachine.bootloader()"]
    assert loader.takes == PICO_W.read_bytes()


def test_another_board_on_the_port_is_not_sent_into_its_boot_loader(
    run: Run, pico: Callable[[Path], str], tmp_path: Path
) -> None:
    port = pico(PICO_W)
    uf2 = tmp_path / "pico2.uf2"
    uf2.write_bytes(for_family(0xE48BFF59, 2))
    said = run("flash", uf2, "--board", "pico-2-w", "--port", port)
    assert "is a Raspberry Pi Pico W with RP2040, but pico-2-w has rp2350" in one_sentence(said.error)
    (found,) = document(run("detect", "--port", port, "--json"))
    assert (found["mode"], found["boards"], found["firmware"]) == ("micropython", ["pico-w"], "1.27.0")


# ------------------------------------------------------------------ damaged files


def for_family(family: int, blocks: int, *, start: int = 0x10000000, flags: int = 0x2000) -> bytes:
    """A small UF2 file, written by hand."""
    made = b""
    for number in range(blocks):
        words = (0x0A324655, 0x9E5D5157, flags, start + 256 * number, 256, number, blocks, family)
        made += b"".join(word.to_bytes(4, "little") for word in words) + bytes(476) + (0x0AB16F30).to_bytes(4, "little")
    return made


RP2040 = 0xE48BFF56


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (b"", "firmware", "0 bytes are not whole blocks of 512"),
        (for_family(RP2040, 3)[:-1], "firmware", "1535 bytes are not whole blocks of 512"),
        (for_family(RP2040, 3)[:-BLOCK], "firmware", "it has 2 of 3 blocks"),
        (for_family(RP2040, 3)[BLOCK:], "firmware", "block 0 says that it is 1 of 3, not 0 of 3"),
        (for_family(RP2040, 3)[:BLOCK] * 3, "firmware", "block 1 says that it is 0 of 3, not 1 of 3"),
        (b"x" + for_family(RP2040, 1)[1:], "firmware", "block 0 lacks its marks"),
        (for_family(RP2040, 1)[:-1] + b"x", "firmware", "block 0 lacks its marks"),
        (for_family(0xE48BFF59, 2), "wrong-chip", "is for rp2350, but pico-w has rp2040"),
        (for_family(0xC47E5767, 2), "wrong-chip", "is for esp32s3, but pico-w has rp2040"),
        (for_family(0xDEADBEEF, 2), "wrong-chip", "is for family 0xdeadbeef, but pico-w has rp2040"),
        (for_family(RP2040, 2, flags=0), "wrong-chip", "is for a chip that it does not name"),
        (
            for_family(RP2040, 2, start=0x101FFF00),
            "too-small",
            "needs flash up to 0x10200100, but that of pico-w ends at",
        ),
        (for_family(RP2040, 2, start=0x20000000), "wrong-chip", "writes at 0x20000000, where pico-w has no flash"),
    ],
)
def test_a_file_that_is_damaged_or_for_another_board_is_refused(
    tmp_path: Path, data: bytes, kind: str, words: str
) -> None:
    path = tmp_path / "f.uf2"
    path.write_bytes(data)
    with pytest.raises(FlashError) as failure:
        backend_for("uf2").check(job("pico-w", "", path))
    assert failure.value.kind == kind
    assert words in one_sentence(failure.value)


def filler() -> bytes:
    """What picotool puts before firmware for the RP2350, against its erratum E10 (elf2uf2.cpp: gen_abs_block)."""
    words = (0x0A324655, 0x9E5D5157, 0xA000, 0x10FFFF00, 256, 0, 2, 0xE48BFF57)
    block = b"".join(word.to_bytes(4, "little") for word in words) + b"\xef" * 256 + (0x9957E304).to_bytes(4, "little")
    return block.ljust(508, b"\0") + (0x0AB16F30).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (filler() + for_family(0xE48BFF59, 3), ""),
        (for_family(0xE48BFF5A, 3), ""),
        (filler(), "it holds no firmware"),
        (for_family(0xE48BFF59, 3) + filler(), "is for family 0xe48bff57, but pico-2-w has rp2350"),
        (filler().replace(b"\xef\xef", b"\xef\xee") + for_family(0xE48BFF59, 3), "is for family 0xe48bff57"),
    ],
)
def test_the_block_that_comes_before_firmware_for_the_rp2350_is_passed_over(
    tmp_path: Path, data: bytes, words: str
) -> None:
    path = tmp_path / "f.uf2"
    path.write_bytes(data)
    if not words:
        backend_for("uf2").check(job("pico-2-w", "", path))
        return
    with pytest.raises(FlashError) as failure:
        backend_for("uf2").check(job("pico-2-w", "", path))
    assert words in one_sentence(failure.value)


def test_stock_firmware_is_right() -> None:
    backend_for("uf2").check(job("pico-w", "", PICO_W))


# ------------------------------------------------------------------ drives that fail


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts a real file system for a test, where the machine lets us."""
    folders: list[Path] = []

    def mount(*words: str | Path) -> Path:
        folder = tmp_path / f"mounted{len(folders)}"
        folder.mkdir()
        done = subprocess.run(["mount", *map(str, words), str(folder)], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("this machine lets us mount nothing")
        folders.append(folder)
        return folder

    yield mount
    for folder in reversed(folders):
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_drive_is_told(run: Run, mounted: Callable[..., Path]) -> None:
    loader = BootLoader(mounted("-t", "tmpfs", "-o", "size=256k", "none"), "RPI-RP2")
    said = run("flash", PICO_W, "--board", "pico-w", "--to", loader.folder)
    assert isinstance(said.error, FlashError)
    assert said.error.kind == "full"
    assert f"the drive {loader.folder} was full after " in one_sentence(said.error)
    assert f"of {PICO_W.stat().st_size:,} bytes; remove what else is on it" in one_sentence(said.error)


def test_a_drive_with_a_quota_is_told_as_a_full_one(tmp_path: Path) -> None:
    loader = BootLoader(tmp_path / "drive", "RPI-RP2")
    code = (
        "import resource, signal, sys\nfrom pathlib import Path\n"
        "from firmware_tools.flash.drives import read_drive, write_to_drive\nfrom firmware_tools.flash.job "
        "import Silent\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        f"drive = read_drive(Path({str(loader.folder)!r}))\n"
        "try:\n write_to_drive(drive, 'F.UF2', bytes(200_000), Silent())\nexcept Exception as error:\n "
        "print(error.kind, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("full the drive ")
    assert "was full after 100,000 of 200,000 bytes" in done.stdout


def test_a_drive_that_vanishes_in_the_middle_is_told(tmp_path: Path, mounted: Callable[..., Path]) -> None:
    medium = tmp_path / "medium"
    with medium.open("wb") as file:
        file.truncate(8 << 20)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", str(medium)], check=True)
    loader = BootLoader(mounted("-o", "loop", medium), "RPI-RP2")

    def pull() -> None:
        """The medium ends where it began: the rest is an I/O error, as with a cable that was pulled."""
        os.truncate(medium, 64 << 10)
        listed = subprocess.run(["losetup", "-j", str(medium)], capture_output=True, text=True, check=True).stdout
        subprocess.run(["losetup", "-c", listed.partition(":")[0]], check=True)

    with pytest.raises(FlashError) as failure:
        backend_for("uf2").flash(job("pico-w", loader.folder, PICO_W, waits=QUICK), Watching(500_000, pull))
    assert failure.value.kind == "vanished"
    assert re.search(r"went away after [1-9]\d\d,\d{3} of 1,752,064 bytes \(Input/output error\)", str(failure.value))
    assert "bring the board into its boot loader again" in one_sentence(failure.value)


def test_a_drive_that_is_gone_before_writing_is_told(tmp_path: Path) -> None:
    loader = BootLoader(tmp_path / "drive", "RPI-RP2")
    drive = read_drive(loader.folder)
    assert drive is not None
    gone = dataclasses.replace(drive, folder=tmp_path / "gone")
    with pytest.raises(FlashError, match="went away after 0 of 3 bytes") as failure:
        write_to_drive(gone, "F.UF2", b"abc", Silent())
    assert failure.value.kind == "vanished"


def test_a_short_write_is_noticed(tmp_path: Path) -> None:
    loader = BootLoader(tmp_path / "drive", "RPI-RP2")
    size = PICO_W.stat().st_size
    cut = Watching(size, lambda: os.truncate(loader.folder / "FIRMWARE.UF2", size - 512))
    with pytest.raises(FlashError) as failure:
        backend_for("uf2").flash(job("pico-w", loader.folder, PICO_W, waits=QUICK), cut)
    assert failure.value.kind == "short-write"
    assert f"took {size - 512:,} of {size:,} bytes" in one_sentence(failure.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_drive_that_one_may_not_write_is_told(tmp_path: Path) -> None:
    loader = BootLoader(tmp_path / "drive", "RPI-RP2")
    loader.folder.chmod(0o500)
    with pytest.raises(FlashError) as failure:
        backend_for("uf2").flash(job("pico-w", loader.folder, PICO_W, waits=QUICK), Silent())
    assert failure.value.kind == "permission"


def test_a_drive_that_is_read_only_is_told(tmp_path: Path, mounted: Callable[..., Path]) -> None:
    loader = BootLoader(mounted("-t", "tmpfs", "none"), "RPI-RP2")
    subprocess.run(["mount", "-o", "remount,ro", str(loader.folder)], check=True)
    with pytest.raises(FlashError) as failure:
        backend_for("uf2").flash(job("pico-w", loader.folder, PICO_W, waits=QUICK), Silent())
    assert failure.value.kind == "permission"
    assert "may not be written: Read-only file system; mount it for yourself" in one_sentence(failure.value)
