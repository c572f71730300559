"""Hex drives (micro:bit): folders that play DAPLink."""

import io
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import intelhex
import pytest

from firmware_tools.flash import drives
from firmware_tools.flash.backend import backend_for
from firmware_tools.flash.drives import read_drive
from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.images import read_hex
from firmware_tools.flash.job import Silent
from tests.flash.conftest import QUICK, Said, document, job, one_sentence, usb_port

Run = Callable[..., Said]
DETAILS = """\
# DAPLink Firmware - see https://mbed.com/daplink
Unique ID: {board}000051864e45003a7014000000390000000097969901
HIC ID: 97969901
Daplink Mode: {mode}
Interface Version: 0254
"""


def daplink(folder: Path, board: str = "9901", mode: str = "Interface") -> Path:
    folder.mkdir()
    (folder / "DETAILS.TXT").write_text(DETAILS.format(board=board, mode=mode))
    return folder


def plain_hex(start: int = 0, size: int = 1024) -> bytes:
    made = intelhex.IntelHex()
    made.puts(start, bytes(range(256)) * (size // 256))
    return written(made)


def written(made: intelhex.IntelHex) -> bytes:
    class Text(list[str]):
        def write(self, text: str) -> None:
            self.append(text)

    text = Text()
    made.write_hex_file(text)
    return "".join(text).encode()


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Callable[..., tuple[Path, list[bytes]]]]:
    """A DAPLink that goes when a file has come, and comes back, with FAIL.TXT if it was told to refuse."""
    ended = threading.Event()
    threads: list[threading.Thread] = []

    def start(
        refuse: str = "", returns: bool = True, on_taken: Callable[[bytes], None] = lambda _: None
    ) -> tuple[Path, list[bytes]]:
        folder, taken = daplink(tmp_path / "MICROBIT"), []  # type: tuple[Path, list[bytes]]

        def play() -> None:
            while not ended.wait(0.01):
                for path in folder.glob("*.HEX"):
                    data = path.read_bytes()
                    if not data.rstrip().endswith(b":00000001FF"):
                        continue
                    taken.append(data)
                    details = (folder / "DETAILS.TXT").read_text()
                    (folder / "DETAILS.TXT").unlink()
                    path.unlink()
                    if refuse:
                        (folder / "FAIL.TXT").write_text(refuse)
                    ended.wait(0.2)
                    on_taken(data)
                    if returns:
                        (folder / "DETAILS.TXT").write_text(details)
                    return

        threads.append(threading.Thread(target=play, daemon=True))
        threads[-1].start()
        return folder, taken

    yield start
    ended.set()
    for thread in threads:
        thread.join()


def test_a_hex_file_is_taken(tmp_path: Path, board: Callable[..., tuple[Path, list[bytes]]]) -> None:
    path = tmp_path / "f.hex"
    path.write_bytes(plain_hex())
    folder, taken = board()
    outcome = backend_for("hex").flash(job("microbit", folder, path, waits=QUICK), Silent())
    assert outcome.seen == "the boot loader took it"
    assert taken == [plain_hex()]


STOCK = Path("/usr/share/firmware-microbit-micropython/firmware.hex")


@pytest.fixture
def microbit(tmp_path: Path) -> Iterator[Callable[[bytes], str]]:
    """Starts a micro:bit in qemu with a hex file; gives the terminal that its MicroPython answers on."""
    qemu = shutil.which("qemu-system-arm")
    if qemu is None or not STOCK.exists():
        pytest.skip("qemu-system-arm or firmware-microbit-micropython is not installed")
    running: list[subprocess.Popen[str]] = []

    def start(data: bytes) -> str:
        path = tmp_path / "flash.hex"
        whole = intelhex.IntelHex(io.StringIO(data.decode()))
        path.write_bytes(written(whole[0:0x40000]))  # qemu has no configuration registers
        command = [qemu, "-M", "microbit", "-nographic", "-monitor", "none", "-serial", "pty"]
        process = subprocess.Popen(
            [*command, "-device", f"loader,file={path}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        running.append(process)
        assert process.stdout is not None
        found = re.search(r"/dev/pts/\d+", process.stdout.readline())
        assert found is not None
        return found[0]

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("port_stays", [False, True])
def test_stock_firmware_is_taken_starts_and_answers_as_the_board(
    port_stays: bool,
    run: Run,
    board: Callable[..., tuple[Path, list[bytes]]],
    microbit: Callable[[bytes], str],
    usb_ports: list[object],
) -> None:
    def start(data: bytes) -> None:
        usb_ports[:] = [usb_port(microbit(data), "0d28:0204")]

    if port_stays:
        start(STOCK.read_bytes())
    folder, _ = board(on_taken=(lambda _: None) if port_stays else start)
    said = run("flash", STOCK, "--board", "microbit", "--to", folder, "--json")
    assert said.error is None
    (result,) = document(said)
    assert "MicroPython 1.0.1 answers on /dev/pts/" in result["detail"]  # the micro:bit's own numbers
    assert "(micro:bit with nRF51822)" in result["detail"]


def test_what_the_board_refuses_is_told_in_its_words(
    tmp_path: Path, board: Callable[..., tuple[Path, list[bytes]]]
) -> None:
    path = tmp_path / "f.hex"
    path.write_bytes(plain_hex())
    folder, _ = board(refuse="error: The application file format is unknown\r\ntype: target\r\n")
    with pytest.raises(FlashError) as failure:
        backend_for("hex").flash(job("microbit", folder, path, waits=QUICK), Silent())
    assert failure.value.kind == "verification"
    assert "refused the file: error: The application file format is unknown" in one_sentence(failure.value)


def test_a_drive_that_does_not_come_back_is_told(
    tmp_path: Path, board: Callable[..., tuple[Path, list[bytes]]]
) -> None:
    path = tmp_path / "f.hex"
    path.write_bytes(plain_hex())
    folder, _ = board(returns=False)
    with pytest.raises(FlashError, match="has not come back after 1 s; unplug the board"):
        backend_for("hex").flash(job("microbit", folder, path, waits=QUICK), Silent())


def test_of_two_drives_that_of_the_port_is_taken(
    tmp_path: Path,
    board: Callable[..., tuple[Path, list[bytes]]],
    usb_ports: list[object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "f.hex"
    path.write_bytes(plain_hex())
    folder, taken = board()
    other = daplink(tmp_path / "MICROBIT1")
    (other / "DETAILS.TXT").write_text((other / "DETAILS.TXT").read_text().replace("9901000051", "9901000052"))
    monkeypatch.setattr(drives, "_mounted", lambda: [other, folder])
    number = read_drive(folder)
    assert number is not None
    usb_ports.append(usb_port("/dev/ttyACM7", "0d28:0204", number.unique_id))
    backend_for("hex").flash(job("microbit", "/dev/ttyACM7", path, waits=QUICK), Silent())
    assert taken == [plain_hex()]
    with pytest.raises(FlashError, match="2 boards show such a drive"):
        backend_for("hex").flash(job("microbit", "", path, waits=QUICK), Silent())


def test_a_micro_bit_is_named_by_its_drive(run: Run, tmp_path: Path) -> None:
    (found,) = document(run("detect", "--drive", daplink(tmp_path / "d"), "--json"))
    assert (found["boards"], found["says"]) == (["microbit"], "DAPLink 0254 9901")


@pytest.mark.parametrize(
    ("board_id", "mode", "words"),
    [
        ("9904", "Interface", "is of 9904 (no board that is known), but microbit shows 9900, 9901"),
        ("9901", "Bootloader", "takes firmware for the interface chip; unplug the board"),
    ],
)
def test_another_drive_is_not_written(tmp_path: Path, run: Run, board_id: str, mode: str, words: str) -> None:
    folder = daplink(tmp_path / "d", board_id, mode)
    path = tmp_path / "f.hex"
    path.write_bytes(plain_hex())
    assert words in one_sentence(run("flash", path, "--board", "microbit", "--to", folder).error)
    assert [item.name for item in folder.iterdir()] == ["DETAILS.TXT"]


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (plain_hex(0x3FF00), "too-small", "needs flash up to 0x00040300, but that of microbit ends at 0x00040000"),
        (plain_hex(0x08000000), "wrong-chip", "writes at 0x08000000, where microbit has no flash"),
        (b":00000001FF\n", "firmware", "holds no firmware"),
        (plain_hex()[:200], "firmware", "is damaged or not Intel HEX"),
        (plain_hex().replace(b":10", b":11", 1), "firmware", "is damaged or not Intel HEX"),
        (b"\xff\xfe", "firmware", "it has bytes that are no text"),
        (b":0400000A9903C0DEB8\n:00000001FF\n", "wrong-chip", "has no part for microbit (its ids are 9900, 9901)"),
    ],
)
def test_a_file_that_is_damaged_or_for_another_board_is_refused(
    tmp_path: Path, data: bytes, kind: str, words: str
) -> None:
    path = tmp_path / "f.hex"
    path.write_bytes(data)
    with pytest.raises(FlashError) as failure:
        backend_for("hex").check(job("microbit", "", path))
    assert failure.value.kind == kind
    assert words in one_sentence(failure.value)


def test_configuration_registers_may_be_written_with_the_flash(tmp_path: Path) -> None:
    made = intelhex.IntelHex()
    made.puts(0, bytes(64))
    made.puts(0x10001014, bytes(4))
    path = tmp_path / "f.hex"
    path.write_bytes(written(made))
    backend_for("hex").check(job("microbit", "", path))


def test_of_a_universal_file_the_boards_own_part_counts(tmp_path: Path) -> None:
    # Two parts, of version 1 and 2, as the micro:bit's specification of universal hex has them.
    def record(kind: int, address: int, data: bytes) -> str:
        body = bytes([len(data)]) + address.to_bytes(2, "big") + bytes([kind]) + data
        return f":{body.hex().upper()}{-sum(body) & 0xFF:02X}"

    lines = [
        record(4, 0, b"\0\0"),
        record(0x0A, 0, bytes.fromhex("9901C0DE")),
        record(0, 0x100, b"one!"),
        record(0x0C, 0, b"\xff" * 12),
        record(0x0B, 0, b""),
        record(4, 0, b"\0\7"),
        record(0x0A, 0, bytes.fromhex("9903C0DE")),
        record(0x0D, 0x200, b"two!"),
        record(0x0B, 0, b""),
        record(1, 0, b""),
    ]
    path = tmp_path / "universal.hex"
    path.write_text("\n".join(lines))
    assert [(span.start, span.end) for span in read_hex(path, ("9900", "9901"), "v1")[1]] == [(0x100, 0x104)]
    assert [(span.start, span.end) for span in read_hex(path, ("9903",), "v2")[1]] == [(0x70200, 0x70204)]
    path.write_text("\n".join(lines).replace(b"two!".hex().upper(), b"TWO!".hex().upper()))
    with pytest.raises(FlashError, match="is damaged or not Intel HEX: the sum of"):
        read_hex(path, ("9903",), "v2")
