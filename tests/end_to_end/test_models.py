"""A model's whole way: published, assigned, on a device in the hands of a program, replaced, refused, taken away."""

import asyncio
import hashlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.inference.package import seal_model
from device_runtime.inference.store import ModelStore
from firmware_tools.demo.processes import Service, Services
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import FleetHome
from tests.brokers import free_port, running_mosquitto
from tests.inference.model_packages import digits_entries, digits_folder

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240), pytest.mark.xdist_group("system")]
SECONDS = 90
PROGRAM = "test.counter"
BOARD = """
name = "quiet"
description = "A screen that does not listen"

[screen]
width = 480
height = 320
port = 0

[privacy]
organisation = "tests"

[update]
check_seconds = 0.2
trial_seconds = 0.5
"""
# Opens a session by the model's name again and again, shows it a one, and tells the fleet when the answer changes.
PAGE = """
Page({ onLoad() {
  let last = '';
  const tell = (answer) => { if (answer !== last) { last = answer; wx.reportEvent('answer', { answer }); } };
  const again = () => setTimeout(look, 500);
  const look = () => {
    const session = wx.createInferenceSession({ name: 'numbers' });
    session.onError((error) => { tell(error.errMsg); again(); });
    session.onLoad(async () => {
      const { name, shape } = session.inputs[0];
      const data = new Float32Array(64);
      for (let row = 0; row < 8; row++) data.fill(15, row * 8 + 3, row * 8 + 5);
      const answer = await session.run({ [name]: { shape, data: data.buffer, type: 'float32' } });
      const numbers = Array.from(new Float32Array(answer[session.outputs[0].name].data));
      tell(session.labels[numbers.indexOf(Math.max(...numbers))]);
      session.destroy();
      again();
    });
  };
  look();
} })
"""


class Household:
    """A fleet and one device, each its own process, and an operator at a terminal."""

    def __init__(self, directory: Path, broker: str) -> None:
        self.directory, self.broker, self.port = directory, broker, free_port()
        self.home, self.state = FleetHome(directory / "fleet"), directory / "state"
        environment = {"CYGNET_FLEET_HOME": str(self.home.directory), "COLUMNS": "200"}
        self._environment = {**os.environ, **environment}
        self.services = Services(directory / "logs", self._environment)
        self.device: Service | None = None

    async def cygnet(self, *arguments: str, code: int = 0) -> str:
        """Run a command to its end; what it printed (with ``code`` not 0: on standard error)."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "firmware_tools.cli", *arguments,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=self._environment,
        )  # fmt: skip
        out, err = await process.communicate()
        assert process.returncode == code, err.decode()
        assert "Traceback" not in err.decode()
        return (err if code else out).decode()

    async def start(self, *options: str) -> None:
        """The fleet, and the device `kitchen`."""
        await self.cygnet("fleet", "init", "north", "--broker", self.broker, "--listen", f"127.0.0.1:{self.port}")
        self.services.start("fleet", "fleet", "serve", *options)
        self.client = FleetClient(f"http://127.0.0.1:{self.port}", self.home.token())
        await self.until("the fleet", self._answers)
        provisioning = self.directory / "kitchen.toml"
        await self.cygnet("fleet", "enroll", "kitchen", "--out", str(provisioning))
        (self.directory / "quiet.toml").write_text(BOARD)
        self.device = self.services.start(
            "device", "device", "run", "--board", str(self.directory / "quiet.toml"),
            "--provisioning", str(provisioning), "--state", str(self.state),
        )  # fmt: skip

    async def _answers(self) -> bool:
        try:
            await self.client.call("GET", "/api/fleet")
        except FleetError:
            return False
        return True

    async def until(self, what: str, condition: Callable[[], Any]) -> Any:
        """Wait until a coroutine gives something."""
        deadline = time.monotonic() + SECONDS
        while not (found := await condition()):
            self.services.check()
            assert time.monotonic() < deadline, f"not within {SECONDS} s: {what}; {await self.models()}"
            await asyncio.sleep(0.1)
        return found

    async def models(self) -> dict[str, dict[str, Any]]:
        """What the fleet shows of the device's models."""
        device = await self.client.call("GET", "/api/devices/kitchen")
        return {model["name"]: model for model in device["models"]}

    async def model_is(self, step: str, code: int | None = None) -> dict[str, Any]:
        """Wait until the model `numbers` has come so far."""

        async def there() -> dict[str, Any] | None:
            model = (await self.models()).get("numbers")
            if model is None or model["step"] != step or (code is not None and model["has"]["version_code"] != code):
                return None
            return model

        found: dict[str, Any] = await self.until(f"numbers is {step}", there)
        return found

    async def answers(self, answer: str, since: float) -> None:
        """Wait until the program has told this answer."""

        async def told() -> bool:
            params = {"device": "kitchen", "name": "answer", "since": str(since)}
            records = (await self.client.call("GET", "/api/telemetry", params=params))["records"]
            return answer in [record["values"]["answer"] for record in records]

        await self.until(f"the answer {answer!r}", told)

    def versions(self) -> list[str]:
        """What lies on the device's disk."""
        folder = self.state / "models" / "versions"
        return [path.name for path in folder.iterdir()] if folder.exists() else []


@pytest.fixture
def mosquitto_url(tmp_path: Path) -> Iterator[str]:
    with running_mosquitto(tmp_path / "broker") as broker:
        yield broker.url


@asynccontextmanager
async def household(directory: Path, broker: str, *options: str) -> AsyncIterator[Household]:
    running = Household(directory, broker)
    try:
        await running.start(*options)
        yield running
    finally:
        await asyncio.to_thread(running.services.stop)


def write_program(folder: Path) -> Path:
    program = folder / "counter"
    files = {
        "cygnet.json": json.dumps(
            {"app_id": PROGRAM, "name": "Counter", "version": {"code": 1, "name": "1.0.0"}, "models": ["numbers"]}
        ),
        "app.json": json.dumps({"pages": ["pages/index/index"]}),
        "app.js": "App({})",
        "pages/index/index.js": PAGE,
        "pages/index/index.wxml": "<view>counter</view>",
    }
    for name, text in files.items():
        path = program / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return program


def broken_package(code: int) -> bytes:
    """A model whose card and seal are in order, and whose file is no model."""
    entries = digits_entries(code, "numbers")
    content = b"\x1c\x00\x00\x00TFL3" + bytes(range(256)) * 64
    right, wrong = (hashlib.sha256(data).hexdigest().encode() for data in (entries["digits.tflite"], content))
    card = entries["card.toml"].replace(right, wrong)
    return seal_model({"card.toml": card, "digits.tflite": content}, Ed25519PrivateKey.generate())


def seen() -> str:
    """What the model takes the program's drawing for, by the runtime alone."""
    drawing = np.zeros((1, 8, 8, 1), np.float32)
    drawing[0, :, 3:5, 0] = 15
    model = ModelStore().load(ModelStore().card("digits"))
    (stored,) = model.invoke(model.inputs[0].quantize(drawing))
    return str(stored.ravel().argmax())


async def test_a_model_comes_with_a_program_is_replaced_refused_caught_up_with_and_taken_away(
    tmp_path: Path, mosquitto_url: str
) -> None:
    digit = seen()

    def version(code: int) -> str:
        return str(digits_folder(tmp_path / f"v{code}", code, "numbers", said=f"version {code} says"))

    async with household(tmp_path, mosquitto_url) as home:
        begin = time.time() - 1
        told = await home.cygnet("model", "publish", version(1))
        assert told.startswith("Model numbers 1.0 (version 1) is published: ")
        await home.cygnet("fleet", "publish", str(write_program(tmp_path)))
        told = await home.cygnet("fleet", "assign", "kitchen", PROGRAM, "--launch")
        assert "with the model numbers 1.0" in told
        await home.model_is("in step", 1)
        await home.answers(f"version 1 says {digit}", begin)

        await home.cygnet("model", "publish", version(2))
        assert "1.0" in await home.cygnet("fleet", "devices")
        await home.cygnet("fleet", "model", "assign", "kitchen", "numbers")
        await home.model_is("in step", 2)
        await home.answers(f"version 2 says {digit}", begin)
        assert len(home.versions()) == 2, "one is kept to go back to"

        # Whoever publishes past the command line's check meets that of the device, in a confined process.
        await home.client.call("POST", "/api/models", data=broken_package(3))
        await home.cygnet("fleet", "model", "assign", "kitchen", "numbers")
        failed = await home.model_is("failed", 3)
        assert "numbers" in failed["has"]["error"]
        assert "\n" not in failed["has"]["error"]
        assert failed["has"]["error"] in " ".join((await home.cygnet("fleet", "devices")).split())

        assert home.device is not None
        home.device.kill()
        died = time.time()
        await home.cygnet("fleet", "model", "assign", "kitchen", "numbers", "--version", "2")
        home.device.start()
        await home.model_is("in step", 2)
        await home.answers(f"version 2 says {digit}", died)

        home.device.kill()
        away = time.time()
        await home.cygnet("model", "publish", version(4))
        await home.cygnet("fleet", "model", "assign", "kitchen", "numbers")
        assert (await home.models())["numbers"]["step"] == "waiting"
        home.device.start()
        await home.model_is("in step", 4)
        await home.answers(f"version 4 says {digit}", away)

        told = await home.cygnet("fleet", "model", "unassign", "kitchen", "numbers")
        assert told == f"kitchen keeps the model numbers for {PROGRAM}.\n"
        await home.cygnet("fleet", "unassign", "kitchen", PROGRAM)

        async def gone() -> bool:
            return not await home.models() and not home.versions()

        await home.until("the model to go", gone)


async def test_a_model_is_assigned_and_taken_away_by_itself_over_the_embedded_broker(tmp_path: Path) -> None:
    async with household(tmp_path, f"mqtt://127.0.0.1:{free_port()}", "--with-broker") as home:
        await home.cygnet("model", "publish", str(digits_folder(tmp_path, 1, "numbers")))
        await home.cygnet("fleet", "model", "assign", "kitchen", "numbers")
        await home.model_is("in step", 1)
        assert len(home.versions()) == 1
        told = await home.cygnet("fleet", "model", "unassign", "kitchen", "numbers")
        assert told == "kitchen should no longer have the model numbers.\n"

        async def gone() -> bool:
            return not await home.models() and not home.versions()

        await home.until("the model to go", gone)


async def test_content_that_the_fleets_disk_has_spoiled_is_not_taken(tmp_path: Path, mosquitto_url: str) -> None:
    async with household(tmp_path, mosquitto_url) as home:
        await home.cygnet("model", "publish", str(digits_folder(tmp_path / "1", 1, "numbers")))
        await home.cygnet("fleet", "model", "assign", "kitchen", "numbers")
        await home.model_is("in step", 1)
        told = await home.cygnet("model", "publish", str(digits_folder(tmp_path / "2", 2, "numbers")), "--json")
        content = home.home.content / json.loads(told)["sha256"]
        content.write_bytes(content.read_bytes().replace(b"TFL3", b"TFL4"))
        await home.cygnet("fleet", "model", "assign", "kitchen", "numbers")
        failed = await home.model_is("failed", 2)
        assert "is not the content" in failed["has"]["error"]
        await home.cygnet("fleet", "model", "assign", "kitchen", "numbers", "--version", "1")
        await home.model_is("in step", 1)
