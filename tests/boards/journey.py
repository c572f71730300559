"""A fleet with a real broker, and one emulated Pico W that lives through all of it.

A second of the emulated board takes about 25 of one core here, also one in which it only waits. Of joining its fleet,
0.85 s are the start of the radio chip, and 0.85 s the TLS handshake (with keys of RSA; 1.3 to 1.5 s with P-256).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from device_runtime.resources import resource_directory
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.home import init_home
from firmware_tools.fleet.server import RunningFleet, run_fleet
from tests.boards.power import GATEWAY, WIFI, PicoW
from tests.brokers import Mosquitto, running_mosquitto
from tests.build.python_programs import build, write_program
from tests.provision.command import Ran, board_command

BROKER = "broker.test"
DEVICE = "pico-1"
# The broker's time passes as the board's does, or it would miss the board's pings.
_PACE = 0.02
_PATIENCE_SECONDS = 1500.0

_BEEPER = """\
from cygnet import Page, call


class Index(Page):
    data = {{"count": 0}}

    def on_load(self, query):
        call("telemetry", name="started", values={{"code": {code}}})
        self.after(0.5, "beep")

    def beep(self):
        self.set_data({{"count": self.data["count"] + 1}})
        call("telemetry", name="beep", values={{"count": self.data["count"]}})
"""


def beeper(folder: Path, code: int) -> bytes:
    """A program for boards that reports its start, and once more from a timer."""
    own = f'{{"app_id": "org.example.beeper", "name": "Beeper", "version": {{"code": {code}, "name": "1.0.{code}"}}, '
    own += '"language": "python"}'
    files = {
        "cygnet.json": own,
        "pages/index/index.py": _BEEPER.format(code=code),
        "pages/index/index.wxml": "<view>{{count}}</view>",
    }
    return build(write_program(folder / f"beeper-{code}", files)).data


@dataclass
class Journey:
    """What a test has in hand; ``times`` are seconds from the start to each station that was reached."""

    folder: Path
    fleet: RunningFleet
    client: FleetClient
    broker: Mosquitto
    board: PicoW
    token_file: Path
    patience: float = _PATIENCE_SECONDS
    times: dict[str, float] = field(default_factory=dict)
    _begun: float = field(default_factory=time.monotonic)

    def station(self, name: str) -> None:
        """Remember when this was reached."""
        self.times[name] = round(time.monotonic() - self._begun, 1)
        print(f"{self.times[name]:7.1f} s  {name}", flush=True)

    def _last_words(self) -> str:
        words = self.board.said.read_text(errors="replace")
        return f"the board's last words:\n{words[-3000:]}"

    async def command(self, *arguments: str | Path) -> Ran:
        """``cygnet board …`` while the fleet goes on."""
        return await asyncio.to_thread(board_command, *arguments)

    async def provision(self, *more: str | Path, board: str | Path = "") -> Ran:
        """Make the board a device of this fleet, over its cable; where no other is named, a Pico W of an organisation,
        whose programs may report."""
        if not board:
            text = resource_directory("board_configs").joinpath("pico-w.toml").read_text()
            board = self.folder / "pico-w.toml"
            board.write_text(f'{text}\n[privacy]\norganisation = "Example AG"\n')
        return await self.command(
            *("provision", *(("--port", self.board.port) if self.board.port else ())),
            *("--board", board, "--fleet", self.fleet.url),
            *("--token-file", self.token_file, "--device", DEVICE, "--wifi", WIFI, "--wifi-open"),
            *("--ca", self.broker.authority.ca_file, *more),
        )

    async def publish(self, code: int) -> None:
        """A version of the program that beeps."""
        await self.fleet.operations.publish(beeper(self.folder, code), "beeper.ma")

    async def device(self) -> dict[str, Any]:
        """What the fleet knows of the board."""
        document: dict[str, Any] = await self.client.call("GET", f"/api/devices/{DEVICE}")
        return document

    async def until(self, what: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for the board to come to something, as the fleet sees it."""
        document: dict[str, Any] = {}
        try:
            async with asyncio.timeout(self.patience):
                while not condition(document := await self.device()):  # noqa: ASYNC110 (a board is asked over HTTP)
                    await asyncio.sleep(0.5)
        except TimeoutError as error:
            raise AssertionError(
                f"not within {self.patience:g} s: {what}; it is {document}; {self._last_words()}"
            ) from error
        self.station(what)
        return document

    async def records(self, name: str) -> list[dict[str, Any]]:
        """Telemetry of this name."""
        answer = await self.client.call("GET", "/api/telemetry", params={"name": name, "limit": "100"})
        records: list[dict[str, Any]] = answer["records"]
        return records

    async def until_record(self, name: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait for so many telemetry records of this name."""
        await self.until_async(f"telemetry {name!r}", lambda: self.records(name), count)
        return await self.records(name)

    async def until_async(self, what: str, ask: Callable[[], Any], count: int) -> None:
        """Wait for ``ask`` to give at least ``count`` things."""
        try:
            async with asyncio.timeout(self.patience):
                while len(await ask()) < count:  # noqa: ASYNC110 (likewise)
                    await asyncio.sleep(0.5)
        except TimeoutError as error:
            raise AssertionError(f"not within {self.patience:g} s: {what}; {self._last_words()}") from error
        self.station(what)


@asynccontextmanager
async def journey(
    folder: Path, *, firmware: Path | None = None, on: bool = True, ciphers: str = ""
) -> AsyncIterator[Journey]:
    """A fleet behind TLS, and a board that is switched on: a bare one with stock firmware, if ``firmware`` is none.

    ``ciphers``: what the broker takes; else what both like best, with a key exchange by ECDHE.
    """
    with running_mosquitto(folder, tls=True, names=[BROKER], of_rsa=True, pace=_PACE, ciphers=ciphers) as broker:
        home = init_home(folder / "fleet", "shop", broker=broker.url, listen="127.0.0.1:0")
        text = home.settings_file.read_text()
        wanted = f'ca = "{broker.authority.ca_file}"\ndevice_url = "mqtts://{BROKER}:8883"\n'
        home.settings_file.write_text(text.replace("[http]", wanted + "\n[http]"))
        board = PicoW(folder, reach={(GATEWAY, 8883): broker.port}, names={BROKER: GATEWAY}, firmware=firmware)
        async with run_fleet(home) as fleet:
            try:
                if on:
                    board.power_on()
                yield Journey(folder, fleet, FleetClient(fleet.url, home.token()), broker, board, home.token_file)
            finally:
                board.power_off()


def has(document: dict[str, Any], app_id: str = "org.example.beeper") -> tuple[str, int]:
    """Phase and version code of a program, as the board reported it."""
    for program in document["programs"]:
        if program["app_id"] == app_id and program["has"]:
            return program["has"]["phase"], program["has"]["version_code"]
    return "", 0
