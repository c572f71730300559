"""``cygnet program dev`` as a process: what it prints, how it ends, and how it fails."""

import contextlib
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator.shop import write_shop

SECONDS = 40.0


def environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("BROWSER",) if name in os.environ}
    own = {"HOME": str(home), "PATH": "/usr/bin:/bin", "XDG_STATE_HOME": str(home / "state"), "PYTHONUNBUFFERED": "1"}
    return {**own, **kept}


class Terminal:
    """The command, and what it prints as it comes."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "firmware_tools.cli", "program", "dev", *arguments],
            cwd=home,
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def until(self, pattern: str) -> "re.Match[str]":
        """Read lines until one fits."""
        seen: list[str] = []
        while not seen or seen[-1]:
            seen.append(self._lines.get(timeout=SECONDS))
            if match := re.search(pattern, seen[-1]):
                return match
        raise AssertionError(f"nothing fits {pattern!r} in {seen}")

    def end(self) -> int:
        """Wait for the end; returns the exit code. Nothing more may be printed."""
        code = self.process.wait(SECONDS)
        assert self._lines.get(timeout=SECONDS) == ""
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join()


@contextlib.contextmanager
def developing(home: Path, *arguments: str) -> Iterator[Terminal]:
    """The command; one that is left at the end is ended."""
    terminal = Terminal(home, *arguments)
    try:
        yield terminal
    finally:
        terminal.close()


def processes_of(session: int) -> list[str]:
    """Every process of a session that still runs."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdecimal() and os.getsid(int(entry.name)) == session:
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_shop(tmp_path / "shop")
    return tmp_path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_addresses_and_ends_cleanly(home: Path, number: signal.Signals) -> None:
    with developing(home, "shop", "--port", "0", "--no-open") as terminal:
        tools = terminal.until(r"Tools and screen: (\S+)")[1]
        screen = terminal.until(r"The screen alone: (\S+)")[1]
        terminal.until(r"Watching shop \(Ctrl-C ends it\)")
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/dev\?token=[\w-]{20,}", tools)
        for address in (tools, screen):
            with urllib.request.urlopen(address, timeout=SECONDS) as response:  # noqa: S310 (its own address)
                assert response.status == 200
        (home / "shop/app.wxss").write_text("page { color: red; }")
        terminal.until("styles exchanged")

        terminal.process.send_signal(number)
        assert terminal.end() == 0
    assert processes_of(terminal.process.pid) == []


def test_what_it_prints_can_be_opened_when_it_listens_everywhere(home: Path) -> None:
    with developing(home, "shop", "--port", "0", "--no-open", "--listen", "0.0.0.0") as terminal:  # noqa: S104 that is what is tested
        found = [terminal.until(r"Tools and screen: (\S+)")[1], terminal.until(r"The screen alone: (\S+)")[1]]
        network = terminal.until(r"In your network:  (\S+)|Watching shop")
        found += [network[1]] if network[1] else []  # a machine may be in no network
        for address in found:
            assert "//0.0.0.0" not in address
            with urllib.request.urlopen(address, timeout=SECONDS) as response:  # noqa: S310 (its own address)
                assert response.status == 200
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(address.partition("?")[0], timeout=SECONDS)  # noqa: S310 (its own address)


def test_it_opens_the_tools_in_the_browser_of_the_developer(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = home / "browser"
    browser.write_text('#!/bin/sh\necho "opened $1"\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    with developing(home, "shop", "--port", "0", "--open") as terminal:
        tools = terminal.until(r"Tools and screen: (\S+)")[1]
        assert terminal.until(r"opened (\S+)")[1] == tools


def test_the_console_of_the_program_and_what_went_wrong_are_in_the_terminal(home: Path) -> None:
    with developing(home, "shop", "--port", "0", "--no-open") as terminal:
        terminal.until("Watching shop")
        app = home / "shop/app.js"
        app.write_text("console.log('from the app');\n" + app.read_text())
        terminal.until(r"com\.example\.shop: from the app \(app\.js:1:9\)")
        terminal.until("Shop started again in")
        page = home / "shop/pages/index/index.wxml"
        page.write_text(page.read_text() + "<view")
        terminal.until(r"error: pages/index/index\.wxml:16:1: the tag <view> is not closed")


def test_a_port_that_is_in_use_is_one_sentence(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with developing(home, "shop", "--port", str(port)) as terminal:
            terminal.until(
                rf"^error: port {port} of 127\.0\.0\.1 cannot be used, .* or --port 0 for a free one$",
            )
            assert terminal.end() == 1


def test_two_of_the_same_program_would_share_their_storage_and_are_refused(home: Path) -> None:
    with developing(home, "shop", "--port", "0", "--no-open") as first:
        first.until("Watching shop")
        with developing(home, "shop", "--port", "0", "--no-open") as second:
            second.until(r"^error: a device runs in .* already; end the other `cygnet program run` or `dev` of this")
            assert second.end() == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "error: nowhere is not a folder; give the folder that holds the program's app.json"),
        (
            ["shop", "--board", "virtual-speker"],
            "error: there is no board 'virtual-speker'; did you mean 'virtual-speaker'?",
        ),
        (["shop", "--listen", "203.0.113.7"], "error: port 8380 of 203.0.113.7 cannot be used"),
    ],
)
def test_a_failure_is_one_sentence(home: Path, arguments: list[str], sentence: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "firmware_tools.cli", "program", "dev", "--no-open", *arguments],
        cwd=home, env=environment(home), capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    assert answer.returncode == 1
    assert sentence in answer.stderr
    assert "Traceback" not in answer.stderr
