"""`cygnet fleet operator|audit|sign-in …` on a running fleet, as the owner at its home and as somebody elsewhere."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from device_runtime.errors import CygnetError
from device_runtime.keys import encode_public_key
from firmware_tools.cli import cygnet
from firmware_tools.fleet.audit.home import unix_user
from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.sign.keys import load_private_key
from tests.brokers import free_port
from tests.fleet.access.office import OTHER, PASSWORD, Clock, Office, open_office


class Terminal:
    """Somebody's: without ``home`` they only know the fleet's URL."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.config = folder / "config"
        self._options = ["fleet", *options]

    async def __call__(self, *arguments: str, code: int = 0, typed: str = "") -> str:
        environment = {"COLUMNS": "200", "XDG_CONFIG_HOME": str(self.config), "CYGNET_FLEET_TOKEN": None}

        def run() -> str:
            runner = CliRunner(env=environment)
            result = runner.invoke(cygnet, [*self._options, *arguments], input=typed)
            if isinstance(result.exception, CygnetError):  # what `main` prints and turns into exit code 1
                assert code == 1, result.exception
                return str(result.exception)
            assert result.exit_code == code, (result.output, result.exception)
            return result.stdout

        return await asyncio.to_thread(run)


@pytest.fixture
def home(tmp_path: Path) -> FleetHome:
    broker, listen = (f"127.0.0.1:{free_port()}" for _ in range(2))
    return init_home(tmp_path / "fleet", "north", broker=f"mqtt://{broker}", listen=listen)


@pytest.fixture
async def office(home: FleetHome) -> AsyncIterator[Office]:
    async with open_office(home, Clock()) as opened:
        yield opened


@pytest.fixture
def owner(home: FleetHome, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "owner", "--home", str(home.directory))


@pytest.fixture
def elsewhere(office: Office, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "elsewhere", "--home", str(tmp_path / "no-home"), "--fleet", office.url)


async def test_accounts_from_the_command_line(office: Office, owner: Terminal, tmp_path: Path) -> None:
    assert "There are no accounts" in await owner("operator", "list")
    typed = f"{PASSWORD}\n"
    assert await owner("operator", "add", "ada", "--role", "admin", "--password-file", "-", typed=typed) == (
        "ada is an admin now.\n"
    )
    file = tmp_path / "password"
    file.write_text(f"{OTHER}\n")
    made = await owner("operator", "add", "bob", "--role", "viewer", "--password-file", str(file), "--json")
    assert json.loads(made)["role"] == "viewer"
    assert "12 to 256 characters" in await owner(
        "operator", "add", "eve", "--role", "viewer", "--password-file", "-", typed="short\n", code=1
    )
    assert await owner("operator", "role", "bob", "operator") == "bob is an operator now.\n"
    assert await owner("operator", "disable", "bob") == "bob is disabled.\n"
    assert "bob                      operator  disabled  last seen never" in await owner("operator", "list")
    assert await owner("operator", "enable", "bob") == "bob is enabled.\n"
    assert "ada is the last admin" in await owner("operator", "remove", "ada", code=1)
    await owner("operator", "password", "bob", "--password-file", "-", typed=typed)
    await office.sign_in("bob")
    assert await owner("operator", "remove", "bob") == "bob is removed.\n"
    assert [a["name"] for a in json.loads(await owner("operator", "list", "--json"))["operators"]] == ["ada"]


async def test_somebody_elsewhere_signs_in_works_and_signs_out(
    office: Office, owner: Terminal, elsewhere: Terminal
) -> None:
    await office.hire("ada", "operator")
    assert "you are not signed in to" in await elsewhere("devices", code=1)
    wrong = await elsewhere("sign-in", "--name", "ada", "--password-file", "-", typed="wrong\n", code=1)
    assert wrong == "the name or the password is wrong, or the account is disabled"
    said = await elsewhere("sign-in", "--name", "ada", "--password-file", "-", "--days", "5", typed=f"{PASSWORD}\n")
    (file,) = elsewhere.config.rglob("*.token")
    assert said == f"ada is signed in to {office.url}; the token is in {file}.\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in file.read_text()
    assert await elsewhere("whoami") == "ada (operator)\n"
    await elsewhere("enroll", "kitchen")
    assert await elsewhere("operator", "list", code=1) == "this takes an admin, and ada is an operator"
    (token,) = json.loads(await elsewhere("operator", "token", "list", "ada", "--json"))["tokens"]
    assert (token["name"].startswith("sign-in on "), token["expires"] - token["created"]) == (True, 5 * 86_400)
    changing = f"{PASSWORD}\n{OTHER}\n"
    assert "ada has a new password" in await elsewhere(
        "operator", "password", "ada", "--password-file", "-", typed=changing
    )
    await office.sign_in("ada", OTHER)
    file.chmod(0o644)
    assert "is readable by others" in await elsewhere("devices", code=1)
    file.chmod(0o600)
    assert await elsewhere("sign-out") == f"You are signed out of {office.url}.\n"
    assert not file.exists()
    assert (await office.owner.get("/api/operators/ada/tokens"))["tokens"] == []
    assert "nobody is signed in to" in await elsewhere("sign-out", code=1)
    assert await owner("whoami", "--json") == '{\n  "name": "owner",\n  "role": "admin"\n}\n'


async def test_a_token_for_a_script_is_shown_once_or_written_unseen(
    office: Office, owner: Terminal, tmp_path: Path
) -> None:
    await office.hire("ada", "viewer")
    token = (await owner("operator", "token", "create", "ada", "--name", "ci", "--days", "30")).strip()
    file = tmp_path / "ci.token"
    file.write_text(token)
    script = Terminal(tmp_path / "script", "--fleet", office.url, "--token-file", str(file))
    assert await script("whoami") == "ada (viewer)\n"
    assert await script("enroll", "kitchen", code=1) == "this takes an operator, and ada is a viewer"
    listed = json.loads(await owner("operator", "token", "list", "ada", "--json"))
    assert token not in json.dumps(listed)
    # One that is made with it is good no longer than it is.
    made = json.loads(await script("operator", "token", "create", "ada", "--name", "more", "--days", "90", "--json"))
    assert made["expires"] == listed["tokens"][0]["expires"]
    await owner("operator", "token", "revoke", "ada", listed["tokens"][0]["id"])
    assert "the token is unknown, expired or revoked" in await script("whoami", code=1)
    out = tmp_path / "written.token"
    assert await owner("operator", "token", "create", "ada", "--name", "b", "--out", str(out)) == ""
    assert (out.stat().st_mode & 0o777, out.read_text().startswith("cygnet_")) == (0o600, True)
    assert "days must be a whole number from 1 to 90" in await owner(
        "operator", "token", "create", "ada", "--name", "c", "--days", "91", code=1
    )


async def test_the_password_does_not_cross_a_network_in_clear_unasked(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    arguments = ["sign-in", "--url", "http://fleet.invalid", "--name", "ada", "--password-file", "-"]
    assert "is not encrypted" in await terminal(*arguments, typed="x\n", code=1)
    assert "no fleet answers at" in await terminal(*arguments, "--plain-http", typed="x\n", code=1)


async def test_the_audit_log_from_the_command_line(
    office: Office, owner: Terminal, home: FleetHome, tmp_path: Path
) -> None:
    await owner("enroll", "kitchen")
    await owner("operator", "renew-owner-token")
    listed = await owner("audit", "list")
    assert "owner (admin)            device.enroll kitchen" in listed
    assert f"{unix_user()} (home)" in listed
    assert "The audit log is whole: 2 entries, signed up to entry" in await owner("audit", "verify")
    out, later = tmp_path / "audit.jsonl", tmp_path / "later.jsonl"
    await owner("audit", "export", "--out", str(out))
    await owner("enroll", "hall")
    await owner("audit", "export", "--out", str(later))
    key = encode_public_key(load_private_key(home.key_file).public_key())
    stranger = Terminal(tmp_path / "auditor", "--home", str(tmp_path / "none"))
    arguments = ["audit", "verify", "--file", str(later), "--key", key, "--against", str(out)]
    assert "The audit log is whole: 3 entries, signed up to entry 3." in await stranger(*arguments)
    assert "--file needs --key" not in await stranger("audit", "verify", "--file", str(later), code=2)
    later.write_text(later.read_text().replace('"hall"', '"hell"'))
    assert await stranger(*arguments, code=1) == "the audit log is not whole: entry 3 was changed"
    found = json.loads(await owner("audit", "list", "--action", "device", "--limit", "1", "--json"))
    assert [entry["subject"] for entry in found["entries"]] == ["hall"]


async def test_a_fleet_that_nobody_serves_is_verified_and_an_older_database_accepted_at_its_home(
    home: FleetHome, owner: Terminal, tmp_path: Path
) -> None:
    async with open_office(home):
        await owner("enroll", "kitchen")
    backup = tmp_path / "backup.db"
    with closing(sqlite3.connect(home.database_file)) as source, closing(sqlite3.connect(backup)) as copy:
        source.backup(copy)
    async with open_office(home):
        await owner("enroll", "hall")
    assert "2 entries" in await owner("audit", "verify")
    assert "there is nothing to accept" in await owner("audit", "accept", "--reason", "x", code=1)
    shutil.copyfile(backup, home.database_file)
    for file in home.directory.glob("fleet.db-*"):
        file.unlink()
    assert "ends at entry 1, but the fleet signed entry 2" in await owner("audit", "verify", code=1)
    async with open_office(home) as office:
        assert not (await office.owner.get("/api/audit/verify"))["whole"]
    assert "Accepted:" in await owner("audit", "accept", "--reason", "the disk died")
    async with open_office(home) as office:
        assert (await office.owner.get("/api/audit/verify"))["whole"]
        entry = (await office.audit())[-1]
    assert (entry["actor"], entry["action"]) == (unix_user(), "audit.accept")
    assert (entry["detail"]["from"], entry["detail"]["reason"]) == (2, "the disk died")


async def test_ceremonies_of_trust_are_in_the_log_under_the_name_of_the_machine_s_user(
    home: FleetHome, owner: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CYGNET_KEY_PASSPHRASE", "a pass phrase of the test")
    await owner("trust", "init")
    await owner("trust", "rotate", "desired")
    async with open_office(home) as office:
        found = await office.audit("&action=trust")
    assert [(entry["actor"], entry["role"], entry["action"], entry["subject"]) for entry in found] == [
        (unix_user(), "home", "trust.init", ""),
        (unix_user(), "home", "trust.rotate", "desired"),
    ]
    assert "pass phrase" not in json.dumps(found)
