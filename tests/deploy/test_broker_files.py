"""What root's scripts in docs/operations.md bring to a broker, from a folder where the fleet's user may do anything."""

import getpass
import grp
import os
import re
import shlex
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, blocks

SCRIPTS = [block.text for block in blocks(DOCS / "operations.md") if block.file == "/etc/cygnet/broker-files"]
_needs_rsync = pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed")


class Brought:
    """The first script on this machine: who runs the test is every user of it."""

    def __init__(self, folder: Path) -> None:
        self.fleet, self.broker, self._programs = folder / "fleet", folder / "north", folder / "bin"
        for each in (self.fleet, self.broker, self._programs):
            each.mkdir()
        told = self._programs / "systemctl"
        told.write_text("#!/bin/sh\n")
        told.chmod(0o755)
        for name in ("ca.pem", "crl.pem", "rights"):
            (self.fleet / name).write_text("before")

    def bring(self) -> None:
        owner = f"{getpass.getuser()}:{grp.getgrgid(os.getgid()).gr_name}"
        script = SCRIPTS[0].replace("mosquitto:mosquitto", owner)
        for known, here in (("/var/lib/cygnet-fleet/broker", self.fleet), ("/etc/mosquitto/north", self.broker)):
            assert known in script
            script = script.replace(known, str(here))
        environment = {**os.environ, "PATH": f"{self._programs}:{os.environ['PATH']}"}
        subprocess.run(["sh", "-ec", script], env=environment, check=True, timeout=20)


@pytest.fixture
def brought(tmp_path: Path) -> Brought:
    return Brought(tmp_path)


def test_every_command_that_brings_files_says_whose_they_are_and_gives_nobody_else_a_right() -> None:
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    lines = [shlex.split(line) for line in re.findall(r"\brsync (-.*)", text)]
    assert len(SCRIPTS) == 2
    assert len(lines) == 3
    for words in lines:
        assert "--chmod=F600" in words
        assert any(word.startswith("--chown=") for word in words)


@_needs_rsync
@pytest.mark.parametrize("mode", [0o6755, 0o4711, 0o666])
def test_a_file_that_would_run_as_the_broker_or_be_anybodys_is_only_read_by_the_broker(
    brought: Brought, mode: int
) -> None:
    (brought.fleet / "rights").chmod(mode)
    brought.bring()
    assert stat.S_IMODE((brought.broker / "rights").stat().st_mode) == 0o600


@_needs_rsync
def test_a_link_is_not_followed_and_nothing_but_the_named_files_is_brought(brought: Brought, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret of root's")
    (brought.fleet / "rights").unlink()
    (brought.fleet / "rights").symlink_to(secret)
    (brought.fleet / "mosquitto.conf").write_text("plugin /tmp/mine.so")
    brought.bring()
    assert sorted(path.name for path in brought.broker.iterdir()) == ["ca.pem", "crl.pem"]


@_needs_rsync
def test_what_was_written_in_the_second_in_which_files_were_brought_is_brought_too(brought: Brought) -> None:
    brought.bring()
    there = (brought.broker / "rights").stat()
    (brought.fleet / "rights").write_text("after!")  # as long as before
    os.utime(brought.fleet / "rights", ns=(there.st_atime_ns, there.st_mtime_ns))
    brought.bring()
    assert (brought.broker / "rights").read_text() == "after!"
