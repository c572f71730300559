"""``cygnet device privacy``: what an owner sees and changes by command, also while the device runs."""

import json
import sqlite3
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.errors import CygnetError
from device_runtime.host.command import device
from device_runtime.host.privacy import DevicePrivacy
from device_runtime.host.privacy_folder import desk_of, opened
from device_runtime.host.privacy_settings import PrivacySettings
from device_runtime.keys import key_ring
from device_runtime.privacy.file import FILE
from device_runtime.privacy.gate import RefusedError
from device_runtime.privacy.outflow import event_outflow
from device_runtime.program.store import ProgramStore
from firmware_tools.build.program import build_program, write_package
from tests.privacy.room import APP, Room, item, plan

KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
HEARD = plan(item("heard"))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state of a device with one program, which has run once."""
    folder = tmp_path / "program"
    (folder / "pages").mkdir(parents=True)
    (folder / "pages" / "index.js").write_text("Page({})")
    (folder / "pages" / "index.wxml").write_text("<view/>")
    (folder / "app.json").write_text(json.dumps({"pages": ["pages/index"]}))
    (folder / "cygnet.json").write_text(
        json.dumps(
            {"app_id": APP, "name": "Weather", "version": {"code": 1, "name": "1"}, "data_plan": [item("heard")]}
        )
    )
    package = tmp_path / "weather.ma"
    write_package(build_program(folder, KEY).data, package)
    made = tmp_path / "state"
    ProgramStore(made / "programs", key_ring([KEY.public_key()])).install(package)
    Room(made).close()
    return made


def run(state: Path, *arguments: str) -> Result:
    command, *rest = arguments or ("",)
    words = ["privacy", command, *rest, "--state", str(state)] if command else ["privacy", "--state", str(state)]
    return CliRunner().invoke(device, words)


def test_whose_device_it_is_is_known_to_the_command(state: Path) -> None:
    privacy = DevicePrivacy(state, PrivacySettings("Example AG"), lambda *_: None)
    privacy.close()
    assert "The profile in use is owner, which belongs to Example AG." in run(state).output
    assert "heard: yes" in run(state).output
    run(state, "refuse", APP, "heard")
    assert [entry.act for entry in Room(state).ledger.entries()] == ["begun", "revoke"]


def test_a_decision_that_another_version_wrote_is_asked_about_anew(state: Path) -> None:
    assert run(state, "allow", APP, "heard").exit_code == 0
    with sqlite3.connect(state / FILE) as database:
        database.execute("UPDATE decision SET document = json_set(document, '$.to_come', 1)")
    assert "heard: not asked yet" in run(state).output


def test_a_program_that_is_gone_is_asked_about_anew_when_it_comes_back(state: Path) -> None:
    run(state, "allow", APP, "heard")
    room = Room(state)
    room.consents.forget(APP)
    assert "heard: not asked yet" in run(state).output


def test_a_child_at_the_device_allows_nothing_and_refuses_what_it_likes(state: Path) -> None:
    with opened(state) as (file, ledger):
        desk, consents = desk_of(state, file, ledger)
        consents.switch("child")
        with pytest.raises(CygnetError, match="for whom its owner decides: `cygnet device privacy allow"):
            desk.decide(APP, ["heard"], granted=True)
        desk.decide(APP, ["heard"], granted=False)
    assert "heard: no" in run(state).output
    assert run(state, "allow", APP, "heard", "--profile", "child").output == "heard: yes\n"


def test_the_plan_is_shown_in_words_with_what_was_said_to_it(state: Path) -> None:
    shown = run(state).output
    assert f"Weather ({APP})" in shown
    assert "heard: not asked yet" in shown
    assert "to your fleet" in shown
    assert "The ledger is whole." in shown
    assert run(state, "allow", APP, "heard").output == "heard: yes\n"
    assert "heard: yes" in run(state).output
    document = json.loads(CliRunner().invoke(device, ["privacy", "--json", "--state", str(state)]).output)
    assert document["programs"][0]["items"][0]["standing"] == "granted"


def test_a_slip_is_told_with_what_there_is(state: Path, tmp_path: Path) -> None:
    assert str(run(state, "allow", "org.other").exception) == (
        f"there is no program 'org.other' on this device; there are {APP}"
    )
    assert str(run(state, "allow", APP, "herd").exception) == (
        f"the data plan of {APP} has no item 'herd'; it has heard"
    )
    assert "start the device once, or name its --state" in str(run(tmp_path / "nowhere").exception)


async def test_a_device_that_runs_follows_what_its_owner_commands(state: Path) -> None:
    room = Room(state)
    stopped: list[bool] = []
    run(state, "allow", APP)
    room.consents.look()
    room.gate.permit_now(APP, HEARD, event_outflow("heard", {"station": "one"}, 20))
    room.gate.collecting(APP, HEARD.items[0], lambda: stopped.append(True))
    room.ledger.flush()
    run(state, "refuse", APP, "heard")
    room.consents.look()
    assert stopped == [True]
    with pytest.raises(RefusedError, match="said no"):
        room.gate.permit_now(APP, HEARD, event_outflow("heard", {"station": "one"}, 20))
    assert room.acts() == [("grant", "heard"), ("send", "heard"), ("revoke", "heard"), ("refused", "heard")]
    assert list(room.ledger.faults()) == []
    room.close()


def test_who_uses_the_device_is_shown_and_changed(state: Path) -> None:
    run(state, "allow", APP)
    assert run(state, "profile").output == "owner\n"
    assert run(state, "profile", "child").output == "child\n"
    assert "heard: no" in run(state).output
    run(state, "profile", "owner")
    run(state, "allow", APP, "--profile", "child")
    run(state, "profile", "child")
    assert "heard: yes" in run(state).output


def test_the_ledger_is_shown_and_a_line_that_was_changed_shows(state: Path) -> None:
    run(state, "allow", APP)
    shown = run(state, "ledger")
    assert shown.exit_code == 0
    assert f"{APP}: heard allowed to your fleet by owner" in shown.output
    with sqlite3.connect(state / FILE) as database:
        database.execute("UPDATE entry SET who = 'somebody' WHERE number = 2")
    shown = run(state, "ledger")
    assert shown.exit_code == 1
    assert "the ledger is not whole: entry 2 is not as it was written" in shown.output
    with sqlite3.connect(state / FILE) as database:
        database.execute("DELETE FROM entry WHERE number = 2")
    assert "The ledger is not whole: the ledger ends with entry 1, and it had 2." in run(state).output


def test_what_is_told_in_counts_today_is_said_where_something_is(state: Path) -> None:
    assert "counts" not in run(state).output
    with sqlite3.connect(state / FILE) as database:
        database.execute("INSERT INTO answered VALUES (?, ?, 'city', 1.0)", (int(time.time() // 86_400), APP))
    assert "Told in counts today: 1 of 3 (epsilon)." in run(state).output
