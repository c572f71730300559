"""The units of systemd in deploy/: systemd takes them, they are confined, and what they start runs."""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from firmware_tools.cli import cygnet
from tests.deploy.site import Site
from tests.docs.pages import ROOT

FLEET = "cygnet-fleet.service"
WORKERS = ("cygnet-fleet-worker@.service", "cygnet-content-worker@.service")
UNITS = (FLEET, *WORKERS)
BROKER_FILES = ("cygnet-broker-files.path", "cygnet-broker-files.service")
PROGRAM, HOME = "/opt/cygnet/bin/cygnet", "/var/lib/cygnet-fleet"
MOST_EXPOSURE = 2.0
"""Of systemd's own measure, from 0 to 10, "OK" up to 5; the device's unit, which runs programs, has 2.9."""
_needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


def settings(unit: str) -> dict[str, list[str]]:
    """What a unit sets, each as often as it stands there."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "deploy" / unit).read_text(encoding="utf-8").splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def words(unit: str, number: int, home: Path) -> list[str]:
    """The arguments of ``cygnet`` in ``ExecStart``."""
    (line,) = settings(unit)["ExecStart"]
    program, *arguments = shlex.split(line.replace("%i", str(number)).replace(HOME, str(home)))
    assert program == PROGRAM
    return arguments


def is_here(arguments: list[str]) -> bool:
    """Whether this cygnet has the command."""
    group = cygnet.get_command(click.Context(cygnet), "fleet")
    assert isinstance(group, click.Group)
    return arguments[3] in group.commands


@_needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_takes_the_unit_and_calls_it_confined(unit: str, tmp_path: Path) -> None:
    here = tmp_path / unit.replace("@", "@1")
    here.write_text((ROOT / "deploy" / unit).read_text(encoding="utf-8").replace(PROGRAM, "/bin/true"))
    verdict = subprocess.run(["systemd-analyze", "verify", str(here)], capture_output=True, text=True, check=False)
    assert (verdict.returncode, verdict.stderr) == (0, "")
    review = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(here)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", review)
    assert exposure, review
    assert float(exposure[1]) <= MOST_EXPOSURE, review


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_has_a_user_one_place_to_write_to_and_no_secret_of_its_own(unit: str) -> None:
    found = settings(unit)
    assert found["User"] == ["cygnet-fleet"]
    assert found["ProtectSystem"] == ["strict"]
    assert found["StateDirectory"] == ["cygnet-fleet"]
    assert found["StateDirectoryMode"] == ["0700"]
    assert found["NoNewPrivileges"] == ["yes"]
    assert found["CapabilityBoundingSet"] == [""]
    assert "ReadWritePaths" not in found
    # Found in /etc/credstore, and none of them has to be there: a name alone, no path.
    assert all("/" not in value and ":" not in value for value in found["LoadCredential"])
    assert not re.search("password *=|token", json.dumps(found).replace("operator.token", ""), re.IGNORECASE)


def test_who_gives_content_sees_neither_keys_nor_token() -> None:
    (hidden,) = settings("cygnet-content-worker@.service")["InaccessiblePaths"]
    assert hidden.split() == [f"-{HOME}/keys", f"-{HOME}/operator.token"]


@_needs_systemd
def test_systemd_takes_the_units_that_bring_a_broker_its_files(tmp_path: Path) -> None:
    for name in BROKER_FILES:
        text = (ROOT / "deploy" / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text)
    verdict = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / BROKER_FILES[0])], capture_output=True, text=True, check=False
    )
    assert (verdict.returncode, verdict.stderr) == (0, "")


def test_a_broker_gets_its_files_again_a_second_later_where_something_was_written_meanwhile(tmp_path: Path) -> None:
    (watched,) = settings(BROKER_FILES[0])["PathChanged"]
    slept = tmp_path / "bin" / "sleep"
    slept.parent.mkdir()
    slept.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/slept\n')
    slept.chmod(0o755)
    here, begun = tmp_path / "broker", tmp_path / "run"
    here.mkdir()
    begun.mkdir()
    (here / "rights").write_text("before")
    script = tmp_path / "broker-files"
    # The first time, the fleet writes while the files are brought.
    script.write_text(
        f"#!/bin/sh -e\ncat {here}/rights >> {tmp_path}/brought\n"
        f'[ "$(cat {here}/rights)" = after ] && exit\n'
        f"/bin/sleep 0.05; echo after > {here}/new; mv {here}/new {here}/rights\n"
    )
    script.chmod(0o755)
    (line,) = settings(BROKER_FILES[1])["ExecStart"]
    for known, place in (("$$", "$"), (watched, str(here)), ("/etc/cygnet/broker-files", str(script))):
        assert known in line
        line = line.replace(known, place)
    environment = {**os.environ, "RUNTIME_DIRECTORY": str(begun), "PATH": f"{slept.parent}:{os.environ['PATH']}"}
    subprocess.run(shlex.split(line), env=environment, check=True, timeout=20)
    assert (tmp_path / "brought").read_text() == "beforeafter\n"
    assert (tmp_path / "slept").read_text() == "1\n", "a clock that was set back has it brought no more often"
    script.write_text("#!/bin/sh -e\nfalse\n")
    failed = subprocess.run(shlex.split(line), env=environment, check=False, timeout=20)
    assert failed.returncode == 1, "systemd sees it, and tries again"


@pytest.mark.broker
def test_what_the_units_start_runs_together_and_ends_when_it_is_told_to(site: Site) -> None:
    site.run(words(FLEET, 0, site.home.directory))
    site.wait_until(site.is_well)
    content = words("cygnet-content-worker@.service", 1, site.home.directory)
    for number in (1, 2):
        site.run(words("cygnet-content-worker@.service", number, site.home.directory))
    site.wait_until(lambda: site.has_connected("cygnet-fleet-north-content-") == 2)
    assert is_here(content)
    assert site.stop() == [0, 0, 0]


@pytest.mark.broker
def test_a_fleet_s_workers_run_beside_it(site_on_postgres: Site) -> None:
    site = site_on_postgres
    arguments = words("cygnet-fleet-worker@.service", 1, site.home.directory)
    if not is_here(arguments):
        pytest.skip("this cygnet has no `cygnet fleet worker`")
    site.run(words(FLEET, 0, site.home.directory))
    site.wait_until(site.is_well)
    before = site.has_connected("cygnet-fleet-north")
    site.run(arguments)
    site.wait_until(lambda: site.has_connected("cygnet-fleet-north") > before)
    assert site.stop() == [0, 0]
