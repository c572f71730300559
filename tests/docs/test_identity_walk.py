"""The way from nothing to a device with a certificate on docs/identity.md, gone for real, and out by revocation."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from firmware_tools.cli import cygnet
from tests.brokers import free_port
from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs/identity.md"
DEADLINE = 30.0
pytestmark = pytest.mark.broker


class Terminal:
    """Runs the page's commands; those that stay are ended at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        port, page = free_port(), free_port()
        self.words = {
            "mqtts://broker.example": f"mqtts://localhost:{port}",
            "broker.example": "localhost",
            "/etc/mosquitto/north": str(folder / "broker"),
            "/run/mosquitto/mosquitto.pid": str(folder / "pid"),
            "/var/lib/cygnet/identity": str(folder / "identity"),
            "north-claim": str(folder / "fleet" / "identity" / "claim"),
        }
        self._listen, self._page = f"127.0.0.1:{port}", f"127.0.0.1:{page}"
        self._environment = {
            **os.environ,
            "CYGNET_FLEET_HOME": str(folder / "fleet"),
            "XDG_STATE_HOME": str(folder / "state"),
            "COLUMNS": "160",
        }
        self._staying: list[subprocess.Popen[str]] = []

    def here(self, text: str) -> str:
        for word, place in self.words.items():
            text = text.replace(word, place)
        return text

    def run(self, command: str) -> str:
        words = shlex.split(self.here(command))
        if words[0] == "mosquitto":
            return self._broker(words[2])
        assert words[0] == "cygnet"
        if words[1:3] == ["fleet", "init"]:
            words += ["--listen", self._page]
        if words[2] == "broker-config":
            words += ["--listen", self._listen]
        if words[1:3] in (["fleet", "serve"], ["device", "run"]):
            return self._stay([sys.executable, "-m", "firmware_tools.cli", *words[1:]])
        done = CliRunner(env=self._environment).invoke(cygnet, words[1:])  # a process of its own takes a second or two
        assert done.exit_code == 0, f"{command}: {done.output} {done.exception}"
        return done.output

    def _broker(self, configuration: str) -> str:
        text = Path(configuration).read_text() + f"pid_file {self.folder / 'pid'}\n"
        run = self.folder / "run.conf"
        run.write_text(text + ("user root\n" if os.geteuid() == 0 else ""))
        process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(run)], text=True, stderr=subprocess.DEVNULL)
        self._staying.append(process)
        self.until(lambda: (self.folder / "pid").exists(), "the broker runs")
        return ""

    def _stay(self, command_line: list[str]) -> str:
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen(
                command_line, env=self._environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self._staying.append(process)
        assert process.stdout
        line = process.stdout.readline()
        assert line, (self.folder / "log").read_text()
        return line

    def until(self, condition: object, what: str) -> None:
        deadline = time.monotonic() + DEADLINE
        while not condition():  # type: ignore[operator]
            assert time.monotonic() < deadline, f"{what}: {(self.folder / 'log').read_text()}"
            time.sleep(0.05)

    def close(self) -> None:
        for process in reversed(self._staying):
            process.send_signal(signal.SIGINT if process.stdout else signal.SIGTERM)
            process.wait(20)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def test_the_page_s_commands_bring_a_device_in_with_a_certificate_and_out_again(terminal: Terminal) -> None:
    found = blocks(PAGE)
    (settings,) = [block for block in found if block.file == "fleet.toml"]
    init, serve, claim, revoke = [block.text.strip().splitlines() for block in found if block.language == "sh"][:4]
    board = ["--board", "virtual-speaker"]
    for command in init:
        terminal.run(command)
    toml = terminal.folder / "fleet" / "fleet.toml"
    listen = re.search(r'^listen = ".*"', toml.read_text(), re.MULTILINE)
    assert listen
    toml.write_text(f"{terminal.here(settings.text)}\n[http]\n{listen[0]}\n")
    printed = [terminal.run(command) for command in serve]
    code = re.match(r"[0-9A-Z*~$=-]+", printed[-1])
    assert code
    terminal._environment["CYGNET_CLAIM_CODE"] = code[0]
    assert "This device is kitchen of the fleet north" in terminal.run(claim[0])
    terminal.run(" ".join([claim[1], *board, "--quiet"]))
    terminal.until(lambda: re.search(r"kitchen +online", terminal.run("cygnet fleet devices")), "the device is online")
    assert "1 certificate of it revoked" in terminal.run(revoke[0])
    assert "devices that are not heard: 1" in terminal.run("cygnet fleet identity status")
