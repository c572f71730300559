"""The whole system on one machine: broker, fleet, weather service and a virtual speaker, each its own process."""

import asyncio
import contextlib
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from device_runtime.host.board import find_board
from device_runtime.resources import resource_directory
from firmware_tools.demo.processes import DemoError, Service, Services
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import FleetHome

FLEET = "demo"
DEVICE = "speaker"
EXAMPLES = ("timer", "lights", "weather")
"""In this order they are assigned. The last one asks what it may send as soon as it runs, also where it is only tried
after its installation: while somebody is asked, nothing else is installed."""
LAUNCHED = ("timer", "lights")
"""The lights end up in front; the weather is opened by whoever wants it."""
_SCREEN_PORT, _FLEET_PORT = 8370, 8420
_POLL_SECONDS = 0.05


class DemoSystem:
    """The processes of one demo in ``directory``, which it owns.

    ``usual_ports`` asks for the ports that people know, where they are free; several systems on one machine take any.
    ``device`` is how `cygnet` is started for the speaker, with ``device_environment``, where that is not here;
    ``patience`` times as long as usual is waited for anything.
    """

    def __init__(
        self,
        directory: Path,
        *,
        usual_ports: bool = False,
        device: Sequence[str] = (sys.executable, "-m", "firmware_tools.cli"),
        device_environment: Mapping[str, str] | None = None,
        patience: float = 1,
    ) -> None:
        self.directory = directory
        self._device_command, self._device_environment = device, device_environment or {}
        self._patience = patience
        self._services = Services(directory / "logs", {"XDG_CONFIG_HOME": str(directory / "config")})
        self._home = directory / "fleet"
        self.broker_port = free_port(0)
        self._fleet_port = free_port(_FLEET_PORT if usual_ports else 0)
        self._screen_port = free_port(_SCREEN_PORT if usual_ports else 0)
        self._weather_port = free_port(0)
        self.screen_url = f"http://127.0.0.1:{self._screen_port}"
        self.app_ids = {example: f"cygnet.examples.{example}" for example in EXAMPLES}
        self.broker: Service | None = None
        self.fleet: Service | None = None
        self.device: Service | None = None

    @property
    def client(self) -> FleetClient:
        """The operator's way to the fleet."""
        home = FleetHome(self._home)
        return FleetClient(f"http://127.0.0.1:{self._fleet_port}", home.token())

    async def start_broker(self) -> str:
        """The MQTT broker."""
        self.broker = self._services.start("broker", "fleet", "broker", "--listen", f"127.0.0.1:{self.broker_port}")
        await self.until("the broker to listen", lambda: answers(self.broker_port), 20)
        return f"mqtt://127.0.0.1:{self.broker_port}"

    async def start_fleet(self) -> str:
        """A new fleet, and its service."""
        await self._cygnet(
            "fleet", "--home", str(self._home), "init", FLEET,
            "--broker", f"mqtt://127.0.0.1:{self.broker_port}", "--listen", f"127.0.0.1:{self._fleet_port}",
        )  # fmt: skip
        self.fleet = self._services.start("fleet", "fleet", "--home", str(self._home), "serve")
        await self.until("the fleet to answer", self.fleet_answers, 20)
        return f"http://127.0.0.1:{self._fleet_port}"

    async def start_device(self) -> str:
        """Enroll a speaker, and start it."""
        provisioning = self.directory / "speaker.toml"
        await self._cygnet("fleet", "--home", str(self._home), "enroll", DEVICE, "--out", str(provisioning))
        self._services.start_module("weather", "firmware_tools.demo.weather_service", "--port", str(self._weather_port))
        arguments = ["--board", self._board(), "--provisioning", provisioning, "--state", self.directory / "device"]
        self.device = self._services.start_command(
            "device", [*self._device_command, "device", "run", *map(str, arguments)], self._device_environment
        )
        await self.until("the speaker to be online", self.device_online, 60)
        return f"{DEVICE} at {self.screen_url}"

    def _board(self) -> Path:
        """The virtual speaker, on free ports and with a weather service that answers for the one in the manifest."""
        text = (resource_directory("board_configs") / "virtual-speaker.toml").read_text()
        path = self.directory / "board.toml"
        path.write_text(
            text.replace("[screen]\n", f"[screen]\nport = {self._screen_port}\n")
            + f'\n[request.hosts]\n"https://weather.example" = "http://127.0.0.1:{self._weather_port}"\n'
        )
        find_board(str(path))
        return path

    async def publish_examples(self) -> str:
        """Build, sign and publish the example programs."""
        for example in EXAMPLES:
            source = resource_directory("examples") / example
            await self._cygnet("fleet", "--home", str(self._home), "publish", str(source))
        releases = (await self.client.call("GET", "/api/releases"))["releases"]
        missing = set(self.app_ids.values()) - {release["app_id"] for release in releases}
        if missing:
            raise DemoError(f"the fleet does not list {', '.join(sorted(missing))}")
        return ", ".join(f"{release['app_id']} {release['version_name']}" for release in releases)

    async def assign_examples(self) -> str:
        """Assign them, and wait until the speaker has pulled, verified, installed and launched them; all but one are
        launched."""
        for example, app_id in self.app_ids.items():
            launch = ["--launch"] if example in LAUNCHED else []
            await self._cygnet("fleet", "--home", str(self._home), "assign", DEVICE, app_id, *launch)
        programs = await self.until("the programs to be on the speaker", self.all_there, 60)
        return ", ".join(f"{program['app_id'].rsplit('.')[-1]} {program['has']['phase']}" for program in programs)

    async def telemetry(self, name: str, since: float) -> list[dict[str, Any]]:
        """What the fleet has stored of one kind since a Unix time."""
        answer = await self.client.call("GET", "/api/telemetry", params={"name": name, "since": str(since)})
        return list(answer["records"])

    async def until(self, what: str, condition: Callable[[], Awaitable[Any]], seconds: float) -> Any:
        """Wait until a condition gives something true, and give that.

        Raises:
            DemoError: it took longer, or a process ended meanwhile.
        """
        seconds *= self._patience
        end = time.monotonic() + seconds
        while True:
            found = await condition()
            if found:
                return found
            self._services.check()
            if time.monotonic() > end:
                raise DemoError(f"waited {seconds:g} s for {what}; logs are in {self.directory / 'logs'}")
            await asyncio.sleep(_POLL_SECONDS)

    async def _cygnet(self, *arguments: str) -> None:
        """Run one command of the operator to its end."""
        service = self._services.start("operator", *arguments)
        code = await asyncio.to_thread(service.wait)
        self._services.forget(service)
        if code != 0:
            raise DemoError(f"`cygnet {' '.join(arguments)}` failed: {service.last_words()}")

    async def fleet_answers(self) -> bool:
        """If the fleet's API answers."""
        try:
            await self.client.call("GET", "/api/devices")
        except FleetError:
            return False
        return True

    async def _device(self) -> dict[str, Any]:
        return dict(await self.client.call("GET", f"/api/devices/{DEVICE}"))

    async def device_online(self) -> bool:
        """If the speaker is online, as the fleet sees it, and serves its screen."""
        return (await self._device())["status"] == "online" and await answers(self._screen_port)

    async def device_back(self, since: float) -> bool:
        """If the speaker is online and has reported what it has since a Unix time, so after a restart."""
        device = await self._device()
        return (
            device["status"] == "online" and (device["reported_at"] or 0) > since and await answers(self._screen_port)
        )

    async def all_there(self) -> list[dict[str, Any]] | None:
        """The speaker's programs once all of them are installed, and run that were launched.

        Raises:
            DemoError: one failed there.
        """
        programs = (await self._device())["programs"]
        for program in programs:
            if program["has"] is not None and program["has"]["phase"] in {"failed", "rolled-back"}:
                raise DemoError(f"{program['app_id']} failed on the speaker: {program['has']['error']}")
        there = [item for item in programs if item["has"] is not None and item["has"]["phase"] in self._phases(item)]
        return there if len(there) == len(EXAMPLES) else None

    def _phases(self, program: Mapping[str, Any]) -> tuple[str, ...]:
        """Those in which a program is as it was assigned."""
        launched = program["app_id"] in {self.app_ids[example] for example in LAUNCHED}
        return ("running",) if launched else ("installed", "running")

    def check(self) -> None:
        """Notice a process that ended by itself.

        Raises:
            DemoError: one did.
        """
        self._services.check()

    def stop(self) -> None:
        """End all processes."""
        self._services.stop()


def free_port(preferred: int) -> int:
    """``preferred`` if nothing listens there, else any free port of the loopback address."""
    for port in (preferred, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise DemoError("this machine has no free port left")


async def answers(port: int) -> bool:
    """If something listens at a port of the loopback address."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
