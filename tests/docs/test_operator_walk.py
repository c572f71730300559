"""The way from nothing to a device in step on docs/operator.md, gone for real: broker, fleet and device processes."""

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import free_port
from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs/operator.md"
DEADLINE = 25.0


class Terminal:
    """Runs the page's commands in one folder; those that stay are ended at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            "CYGNET_FLEET_HOME": str(folder / "fleet"),
            "XDG_STATE_HOME": str(folder / "state"),
            "COLUMNS": "160",
        }
        self._address = f"127.0.0.1:{free_port()}"
        self._broker = f"mqtt://127.0.0.1:{free_port()}"
        self._staying: list[subprocess.Popen[str]] = []

    def run(self, command: str, expected: list[str]) -> None:
        """Run one command line until it printed what the page says, in that order."""
        words = shlex.split(command)[1:]
        if words[:2] == ["fleet", "init"]:  # the page's own addresses may be taken here
            words += ["--broker", self._broker, "--listen", self._address]
        if words[-1] == "--with-broker" or words[:2] == ["device", "run"]:
            self._stay(words, expected)
            return
        deadline = time.monotonic() + DEADLINE
        while True:  # a device takes a moment to do what it was told
            process = self._begin(words, stderr=subprocess.PIPE)
            printed, complaint = process.communicate(timeout=DEADLINE)
            assert process.returncode == 0, f"{command}: {complaint}"
            if says(printed, expected):
                return
            assert time.monotonic() < deadline, f"{command} printed {printed!r}, not {expected}"
            time.sleep(0.2)

    def _stay(self, words: list[str], expected: list[str]) -> None:
        process = self._begin(words)
        self._staying.append(process)
        watch = threading.Timer(DEADLINE, process.kill)
        watch.start()
        assert process.stdout
        printed = ""
        while not says(printed, expected):
            line = process.stdout.readline()
            assert line, f"{words} ended, having printed {printed!r}, not {expected}"
            printed += line
        watch.cancel()

    def close(self) -> list[int]:
        """End what stays, last first, as Ctrl-C does; the exit codes."""
        for process in reversed(self._staying):
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=DEADLINE)
        return [process.returncode for process in self._staying]

    def _begin(self, words: list[str], stderr: int | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "firmware_tools.cli", *words],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )


def says(printed: str, expected: list[str]) -> bool:
    """Whether the lines came, in order; … stands for anything, and any white space is like any other."""
    lines = iter(" ".join(line.split()) for line in printed.splitlines())
    patterns = [".*".join(re.escape(" ".join(part.split())) for part in line.split("…")) for line in expected]
    return all(any(re.search(pattern, line) for line in lines) for pattern in patterns)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def test_the_page_s_commands_bring_a_device_in_step(terminal: Terminal, tmp_path: Path) -> None:
    ran = 0
    for block in blocks(PAGE):
        if block.language == "toml" and block.file == "quiet.toml":
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
        if block.language != "console":
            continue
        for session in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, *expected = session.strip().splitlines()
            terminal.run(command, expected)
            ran += 1
    assert ran == 8
    assert terminal.close() == [0, 0]
